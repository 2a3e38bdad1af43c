"""Which parameters, products and outputs have Keras' layers over volumes? Build models at two sizes; count.

    python tests/truth/measure_keras_volumes.py > tests/truth/keras_volumes.json

Parameters are those of `count_params`. Products are counted in TensorFlow's graph of the model, one volume at
a time: a Conv3D has one for each number of its filter at each position of its output, its transpose at each
position of its input, and a MatMul of m x k by k x n has m x k x n.
"""

import json
import os
from math import prod

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import tensorflow as tf
from keras import layers as k

SIZES = ((6, 16, 16), (4, 24, 16))
FIXED = ("Reshape",)  # to axes that hold at one size


def one(*inner):  # type: ignore[no-untyped-def]
    """Layers one after another."""

    def build(x):  # type: ignore[no-untyped-def]
        for layer in inner:
            x = layer(x)
        return x

    return build


def gated(x):  # type: ignore[no-untyped-def]
    """Squeeze-and-excite, then a sum and a concatenation along the depth."""
    x = k.Conv3D(8, 3, padding="same", use_bias=False)(x)
    y = k.GlobalAveragePooling3D(keepdims=True)(x)
    y = k.Conv3D(8, 1, activation="sigmoid")(k.Dense(4, activation="relu")(y))
    y = k.Add()([k.Multiply()([x, y]), x])
    return k.Conv3D(2, (2, 1, 1))(k.Concatenate(axis=1)([x, y]))


def unet(x):  # type: ignore[no-untyped-def]
    """A 3-D U-Net two levels deep."""
    kept = []
    for width in (8, 16):
        x = k.ReLU()(k.BatchNormalization()(k.Conv3D(width, 3, padding="same", use_bias=False)(x)))
        kept.append(x)
        x = k.MaxPooling3D(2 if len(kept) == 1 else (1, 2, 2))(x)
    x = k.Conv3D(32, 3, padding="same", activation="relu")(x)
    x = k.Concatenate()([kept[1], k.Conv3DTranspose(16, 2, (1, 2, 2), padding="same")(x)])
    x = k.Concatenate()([kept[0], k.UpSampling3D(2)(k.Conv3D(8, 1)(x))])
    return k.Conv3D(3, 1, activation="softmax")(k.SpatialDropout3D(0.2)(x))


last = k.Conv3D  # shows that what is before it gives a volume of the right size
MODELS = {
    "Conv3D": one(k.Conv3D(8, 3, (1, 2, 2), padding="same")),
    "Conv3D, valid": one(k.Conv3D(8, (1, 3, 5), 2, use_bias=False)),
    "Conv3D, dilation": one(k.Conv3D(8, 3, dilation_rate=(1, 2, 2), activation="relu")),
    "Conv3D, groups": one(k.Conv3D(8, 1), k.Conv3D(16, 3, groups=4, padding="same")),
    "Conv3D, depthwise": one(k.Conv3D(8, 1), k.Conv3D(16, 3, groups=8, padding="same", use_bias=False)),
    "Conv3DTranspose": one(k.Conv3DTranspose(4, 2, 2)),
    "Conv3DTranspose, same": one(k.Conv3DTranspose(4, 3, (1, 2, 2), padding="same", use_bias=False)),
    "Conv3DTranspose, gaps": one(k.Conv3DTranspose(4, (1, 2, 2), (2, 3, 2))),
    "Conv3DTranspose, output padding": one(
        k.Conv3DTranspose(4, 3, 2, padding="same", output_padding=(1, 0, 1)), last(2, 1)
    ),
    "Conv3DTranspose, output padding, valid": one(
        k.Conv3DTranspose(4, (2, 3, 4), 2, output_padding=1), last(2, 1)
    ),
    "UpSampling3D": one(k.UpSampling3D((1, 2, 3)), last(2, 1)),
    "UpSampling3D, one number": one(k.UpSampling3D(), last(2, 1)),
    "ZeroPadding3D": one(k.ZeroPadding3D(2), last(2, 1)),
    "ZeroPadding3D, sides": one(k.ZeroPadding3D((0, 1, 2)), last(2, 1)),
    "ZeroPadding3D, before and after": one(k.ZeroPadding3D(((0, 1), (2, 0), (1, 3))), last(2, 1)),
    "Cropping3D": one(k.Cropping3D(1), last(2, 1)),
    "Cropping3D, sides": one(k.Cropping3D((0, 1, 2)), last(2, 1)),
    "Cropping3D, before and after": one(k.Cropping3D(((0, 1), (2, 0), (1, 3))), last(2, 1)),
    "MaxPooling3D": one(k.MaxPooling3D(), last(2, 1)),
    "MaxPooling3D, strides": one(k.MaxPooling3D((1, 3, 3), (1, 2, 2), padding="same"), last(2, 1)),
    "AveragePooling3D": one(k.AveragePooling3D((2, 1, 3), 1), last(2, 1)),
    "AveragePooling3D, same": one(k.AveragePooling3D(3, 2, padding="same"), last(2, 1)),
    "GlobalAveragePooling3D": one(k.GlobalAveragePooling3D(), k.Dense(5)),
    "GlobalMaxPooling3D": one(k.GlobalMaxPooling3D(keepdims=True), last(5, 1)),
    "AdaptiveAveragePooling3D": one(k.AdaptiveAveragePooling3D((2, 5, 3)), last(2, 1)),
    "AdaptiveMaxPooling3D": one(k.AdaptiveMaxPooling3D(3), k.Flatten(), k.Dense(2)),
    "SpatialDropout3D": one(k.SpatialDropout3D(0.5), last(2, 1)),
    "norms": one(k.BatchNormalization(), k.LayerNormalization(), k.GroupNormalization(3), last(2, 1)),
    "slopes": one(k.PReLU(shared_axes=[1, 2, 3]), k.LeakyReLU(), last(2, 1)),
    "Dense": one(k.Dense(4), last(2, 3)),
    "Flatten": one(last(2, 1), k.Flatten(), k.Dense(5)),
    "Reshape": one(last(3, 1), k.Reshape((6, 256, 3)), k.Conv2D(4, 3), k.Flatten(), k.Dense(2)),
    "Permute": one(k.Permute((3, 2, 1, 4)), last(2, (1, 2, 3))),
    "gated": gated,
    "unet": unet,
}


def operations(graph):  # type: ignore[no-untyped-def]
    """The operations of a graph, and of the functions that it calls: grouped convolutions are in one."""
    for op in graph.get_operations():
        if op.type == "StatefulPartitionedCall":
            yield from operations(graph._get_function(op.get_attr("f").name).graph)
        else:
            yield op


def products(model, size):  # type: ignore[no-untyped-def]
    """The multiply-adds of a model's convolutions and matrix products on one volume."""
    graph = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec((1, *size, 3), tf.float32)
    )
    total = 0
    for op in operations(graph.graph):
        shapes = [tuple(t.shape) for t in op.inputs]
        if op.type == "Conv3D":
            assert op.get_attr("data_format") == b"NDHWC"
            total += prod(shapes[1]) * prod(op.outputs[0].shape[:4])  # dilated: of several parts
        elif op.type == "Conv3DBackpropInputV2":  # its input's shape, the filter, what is transposed
            total += prod(shapes[1]) * prod(shapes[2][1:4])
        elif op.type == "Conv2D":
            total += prod(shapes[1]) * prod(op.outputs[0].shape[1:3])
        elif op.type == "MatMul":
            total += prod(shapes[0]) * shapes[1][1]
        else:
            assert not any(word in op.type for word in ("Conv", "MatMul", "Einsum")), op.type
    return total


def at_size(config, size):  # type: ignore[no-untyped-def]
    """The model that a config describes, built anew for a volume of another size."""
    config["layers"][0]["config"]["batch_shape"] = (None, *size, 3)
    return keras.Model.from_config(config)


rows = {}
for name, build in MODELS.items():
    x = keras.Input((*SIZES[0], 3))
    plain = keras.Model(x, build(x))
    sizes = {}
    for size in SIZES[: 1 if name in FIXED else 2]:
        model = at_size(plain.get_config(), size)
        figures = [model.count_params(), products(model, size), list(model.output_shape[1:])]
        sizes["x".join(map(str, size))] = figures
    rows[name] = {"config": json.loads(plain.to_json()), "sizes": sizes}
text = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
head = json.dumps({"source": f"keras {keras.__version__}, tensorflow {tf.__version__}"})
print(f'{head[:-1]}, "columns": ["params", "madds", "dims"], "models": {{\n{text}\n}}}}')
