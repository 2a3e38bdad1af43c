"""What do Keras' attention layers cost? Build models, and count.

    python tests/truth/measure_keras_attention.py tests/truth/attention_keras.json

needs TensorFlow and Keras. Each layer reads the positions of a map of `h` x `w` behind a pointwise
convolution of 3 channels to `width`; some also those of a smaller map. Multiply-adds are the products of
TensorFlow's graph: a MatMul of m x k by k x n is m x k x n, an Einsum the product of all its axes. The model
of width 32 at the first size is kept as Keras writes it.
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers as k
from keras_graphs import plain, products

HEADS = 4
WIDTHS = (16, 32, 48)  # alpha 0.5, 1 and 1.5 of 32


LAYERS = {
    "MultiHeadAttention": lambda c, x, other: k.MultiHeadAttention(HEADS, c // HEADS)(x, x),
    "MultiHeadAttention, widths": lambda c, x, other: k.MultiHeadAttention(
        HEADS, c // 8, value_dim=c // 2, output_shape=2 * c
    )(x, x),
    "MultiHeadAttention, no bias": lambda c, x, other: k.MultiHeadAttention(
        HEADS, c // HEADS, use_bias=False
    )(x, x),
    "MultiHeadAttention, cross": lambda c, x, other: k.MultiHeadAttention(HEADS, c // HEADS)(x, other),
    "GroupQueryAttention": lambda c, x, other: k.GroupQueryAttention(c // HEADS, HEADS, 2)(x, x),
    "GroupQueryAttention, one of keys": lambda c, x, other: k.GroupQueryAttention(
        c // HEADS, HEADS, 1, use_bias=False
    )(x, x),
    "Attention": lambda c, x, other: k.Attention()([x, x]),
    "Attention, scale": lambda c, x, other: k.Attention(use_scale=True)([x, x]),
    "AdditiveAttention": lambda c, x, other: k.AdditiveAttention()([x, x]),
}
"""Each layer by name: what it makes of a map's tokens and of a second sequence."""


def measure():
    """The rows, and the model of width 32 at the first size, as Keras writes it."""
    rows, models = [], {}
    for name, make in LAYERS.items():
        for c in WIDTHS:
            for h, w in ((6, 7), (8, 8), (5, 12)):
                image = keras.Input((h, w, 3))
                stem = keras.layers.Conv2D(c, 1, use_bias=False)(image)
                other = keras.layers.Conv2D(c // 2, 2, 2, use_bias=False)(image)
                pair = [keras.layers.Reshape((-1, t.shape[-1]))(t) for t in (stem, other)]
                net = keras.Model(image, make(c, *pair))
                rows.append([name, c, h, w, net.count_params(), products(net, h, w, 3)])
                if c == 32:
                    models.setdefault(name, plain(json.loads(net.to_json())))
    return rows, models


rows, models = measure()
versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
columns = json.dumps(["layer", "width", "h", "w", "params", "madds"])
lines = ",\n".join(json.dumps(r) for r in rows)
configs = ",\n".join(f"{json.dumps(name)}: {json.dumps(config)}" for name, config in models.items())
Path(sys.argv[1]).write_text(
    f'{{"versions": {json.dumps(versions)}, "columns": {columns},\n"records": [\n{lines}\n],\n'
    f'"models": {{\n{configs}\n}}}}\n'
)
