"""Which size do Keras' layers give a map, and what do the layers around them cost? Build models, and count.

    python tests/truth/measure_keras_sizes.py tests/truth/sizes_keras.json

needs TensorFlow and Keras. Each layer stands between a strided convolution of 3 channels to 8 and one to 4,
or a dense layer. Rows are the layer, the input's height and width, parameters, multiply-adds as in
`keras_graphs.py`, and the shape of the output. A model of the first size is kept as Keras writes it.
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

SIZES = ((97, 161), (64, 64), (50, 75), (33, 128))
LAYERS = {
    "UpSampling2D": k.UpSampling2D(),
    "UpSampling2D, 2 x 3": k.UpSampling2D((2, 3), interpolation="bilinear"),
    "Resizing": k.Resizing(30, 41),
    "Resizing, nearest, smaller": k.Resizing(5, 4, interpolation="nearest"),
    "AdaptiveAveragePooling2D": k.AdaptiveAveragePooling2D(7),
    "AdaptiveMaxPooling2D": k.AdaptiveMaxPooling2D((3, 5)),
    "PReLU, a slope a number": k.PReLU(),
    "PReLU, a slope a channel": k.PReLU(shared_axes=[1, 2]),
    "PReLU, one slope": k.PReLU(shared_axes=[1, 2, 3]),
    "Flatten": k.Flatten(),
    "GlobalMaxPooling2D": k.GlobalMaxPooling2D(),
}
BY_SIZE = ("PReLU, a slope a number", "Flatten")
"""Their parameters are as many as the size has positions, so a file is of one size."""


def main():
    rows, models = [], {}
    for name, layer in LAYERS.items():
        for h, w in SIZES:
            x = keras.Input((h, w, 3))
            y = layer.__class__.from_config(layer.get_config())(k.Conv2D(8, 3, 2, "same", use_bias=False)(x))
            y = k.Conv2D(4, 3, padding="same")(y) if len(y.shape) == 4 else k.Dense(10)(y)
            net = keras.Model(x, y)
            rows.append([name, h, w, net.count_params(), products(net, h, w, 3), list(y.shape[1:])])
            if (h, w) == SIZES[0] or name in BY_SIZE:
                models[f"{name} {h}x{w}" if name in BY_SIZE else name] = plain(json.loads(net.to_json()))
    versions = {"keras": keras.__version__, "tensorflow": tf.__version__}
    lines = ",\n".join(json.dumps(r) for r in rows)
    configs = ",\n".join(f"{json.dumps(name)}: {json.dumps(config)}" for name, config in models.items())
    columns = json.dumps(["layer", "h", "w", "params", "madds", "shape"])
    Path(sys.argv[1]).write_text(
        f'{{"versions": {json.dumps(versions)}, "columns": {columns},\n"records": [\n{lines}\n],\n'
        f'"models": {{\n{configs}\n}}}}\n'
    )


main()
