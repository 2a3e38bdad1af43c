"""What does TensorFlow Lite's converter make of a Keras net, and how large is its arena?

    python tests/truth/measure_lowering.py tests/truth

writes tests/truth/lowering.json, with each net's operators and the head of its arena, and
tests/truth/lowering_models.json.gz, their configs. Weights are drawn at random, those of batch norm too:
of an untrained net the converter drops shifts that are zero. Where the interpreter refuses a file, its head
is null. Needs tensorflow and tflite_micro.
"""

import gzip
import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers
from measure_arenas import converted, image, measure, operators_of, with_scores

ROOM = 1 << 26
SIZE = (17, 19, 6)


def trained(net):
    """The net with random weights."""
    rng = np.random.default_rng(1)
    for w in net.weights:
        name = w.path.split("/")[-1]
        if "seed" not in name and w.shape:
            positive = "variance" in name or "gamma" in name
            values = rng.uniform(0.5, 1.5, w.shape) if positive else rng.normal(0, 0.1, w.shape)
            w.assign(values.astype("float32"))
    return net


def conv(out=8, kernel=3, stride=1, padding="same", **more):
    return layers.Conv2D(out, kernel, stride, padding, **more)


def row(*made, size=SIZE):
    """Layers one after the other."""
    x = y = image(*size)
    for layer in made:
        y = layer(y)
    return keras.Model(x, y)


def gated():
    x = image(18, 18, 6)
    y = conv(12)(x)
    s = layers.GlobalAveragePooling2D()(y)
    s = layers.Dense(12, activation="sigmoid")(layers.Dense(3, activation="relu")(s))
    return keras.Model(x, conv(4, 1)(layers.Multiply()([y, layers.Reshape((1, 1, 12))(s)])))


def branched():
    """Its branches run in the order of their names, which a design does not know."""
    x = image(18, 20, 3)
    y = conv(8, 3, 2)(x)
    pooled = conv(4, 1)(layers.AveragePooling2D(3, 1, "same")(y))
    z = layers.Concatenate()([conv(8, 1)(y), layers.DepthwiseConv2D(5, padding="same")(y), pooled])
    z = layers.ReLU()(layers.BatchNormalization()(z))
    return keras.Model(x, layers.Add()([z, conv(20, 1, use_bias=False)(y), conv(20, 3)(y)]))


def preactivated():
    x = y = image(18, 20, 3)
    y = conv(8, 3, 2)(y)
    for _ in range(2):
        z = conv()(layers.ReLU()(layers.BatchNormalization()(y)))
        y = layers.Add()([y, conv()(layers.ReLU()(layers.BatchNormalization()(z)))])
    return keras.Model(x, layers.GlobalAveragePooling2D()(layers.ReLU()(layers.BatchNormalization()(y))))


def autoencoder():
    x = y = image(128)
    for units in (32, 32, 8, 32, 32):
        y = layers.ReLU()(layers.BatchNormalization()(layers.Dense(units)(y)))
    return keras.Model(x, layers.Dense(128)(y))


def ds_cnn():
    x = image(49, 10, 1)
    y = layers.ReLU()(layers.BatchNormalization()(conv(16, (10, 4), 2)(x)))
    for _ in range(3):
        y = layers.ReLU()(layers.BatchNormalization()(layers.DepthwiseConv2D(3, padding="same")(y)))
        y = layers.ReLU()(layers.BatchNormalization()(conv(16, 1)(y)))
    y = layers.Flatten()(layers.AveragePooling2D((25, 5))(layers.Dropout(0.4)(y)))
    return keras.Model(x, layers.Dense(12, activation="softmax")(y))


def shuffled():
    y = layers.Reshape((17, 19, 2, 4)), layers.Permute((1, 2, 4, 3)), layers.Reshape((17, 19, 8))
    return row(conv(groups=2), *y, conv(groups=2))


BN = layers.BatchNormalization
SMALL = {
    "average_pool_same": lambda: row(conv(), layers.AveragePooling2D(3, 2, "same"), conv()),
    "max_pool_valid": lambda: row(conv(), layers.MaxPooling2D(3, 2), conv()),
    "pad_and_pool": lambda: row(conv(), layers.ZeroPadding2D(1), layers.MaxPooling2D(3, 2), conv()),
    "pad_one_sided": lambda: row(layers.ZeroPadding2D(((0, 1), (0, 1))), conv(8, 3, 2, "valid")),
    "pad_and_stride": lambda: row(conv(), layers.ZeroPadding2D(3), conv(8, 3, 2, "valid")),
    "dilated_same": lambda: row(conv(), conv(dilation_rate=2, use_bias=False), BN(), layers.ReLU(), conv()),
    "dilated_depthwise": lambda: row(conv(), layers.DepthwiseConv2D(3, dilation_rate=2), conv()),
    "deconvolution": lambda: row(conv(), layers.Conv2DTranspose(4, 3, 2, "same", activation="relu"), conv()),
    "deconvolution_norm": lambda: row(
        conv(), layers.Conv2DTranspose(4, 3, 2, use_bias=False), BN(), layers.ReLU(), conv()
    ),
    "grouped": lambda: row(conv(), conv(groups=4, use_bias=False), BN(), layers.ReLU(), conv()),
    "multiplied": lambda: row(conv(), layers.DepthwiseConv2D(3, depth_multiplier=2, padding="same"), conv()),
    "separable": lambda: row(conv(), layers.SeparableConv2D(8, 3, padding="same", activation="relu"), conv()),
    **{
        f"activation_{function}": lambda function=function: row(conv(), layers.Activation(function), conv())
        for function in (
            "relu",
            "relu6",
            "sigmoid",
            "tanh",
            "swish",
            "hard_swish",
            "hard_sigmoid",
            "leaky_relu",
            "elu",
            "gelu",
            "softplus",
        )
    },
    "hard_sigmoid_last": lambda: row(conv(), layers.Activation("hard_sigmoid")),
    "prelu": lambda: row(conv(), layers.PReLU(shared_axes=[1, 2]), conv()),
    "relu_of_the_image": lambda: row(layers.ReLU(), conv()),
    "nearest": lambda: row(conv(), layers.UpSampling2D((3, 2)), conv()),
    "bilinear": lambda: row(conv(), layers.UpSampling2D(2, interpolation="bilinear"), conv()),
    "resized": lambda: row(conv(), layers.Resizing(30, 30, interpolation="nearest"), conv()),
    "permuted": lambda: row(conv(), layers.Permute((3, 1, 2)), layers.Conv2D(3, 3)),
    "shuffled": shuffled,
    "cropped": lambda: row(conv(), layers.Cropping2D(2), conv()),
    "norm_first": lambda: row(BN(), conv()),
    "norm_after_relu": lambda: row(conv(), layers.ReLU(), BN(), conv()),
    "norm_after_pool": lambda: row(conv(), layers.MaxPooling2D(), BN(), layers.ReLU(), conv(padding="valid")),
    "norm_before_dense": lambda: row(conv(), layers.GlobalAveragePooling2D(), BN(), layers.Dense(4)),
    "rescaled": lambda: row(layers.Rescaling(1 / 127.5, -1), conv()),
    "flattened": lambda: row(conv(), layers.Flatten(), layers.Dropout(0.3), layers.Dense(5)),
    "largest_of_all": lambda: row(conv(), layers.GlobalMaxPooling2D(), layers.Dense(5)),
    "dense_on_a_map": lambda: row(conv(), layers.Dense(5, activation="relu"), conv()),
    "vector_as_map": lambda: row(
        conv(),
        layers.GlobalAveragePooling2D(),
        layers.Reshape((1, 1, 8)),
        conv(5, 1),
        layers.Flatten(),
        layers.Softmax(),
    ),
    "gated_by_dense": gated,
    "branched": branched,
    "preactivated": preactivated,
    "autoencoder": autoencoder,
    "ds_cnn": ds_cnn,
}


def application(name, size, **more):
    return lambda: getattr(keras.applications, name)(
        input_tensor=image(size, size, 3), weights=None, **{"classes": 10, **more}
    )


LARGE = {
    "densenet121": application("DenseNet121", 64),
    "resnet50": application("ResNet50", 75),
    "resnet50v2": application("ResNet50V2", 64),
    "xception": application("Xception", 75),
    "inception_v3": application("InceptionV3", 79),
    "vgg16": application("VGG16", 48, include_top=False),
    "v3_large": application("MobileNetV3Large", 90, alpha=0.75, include_preprocessing=False),
    "v3_small_minimalistic": application(
        "MobileNetV3Small", 70, minimalistic=True, include_preprocessing=False
    ),
    "v3_small_with_rescaling": application("MobileNetV3Small", 64),
}


def measured(net, dtype):
    """The head, or null where the interpreter lacks an operator, and the operators."""
    data = with_scores(bytes(converted(net, dtype)))
    try:
        head = measure(data, ROOM)["head"]
    except RuntimeError:  # an operator that its build lacks
        head = None
    return {"head": head, "operators": operators_of(data)}


def main(folder):
    rows, models = {}, {}
    for name, make in {**SMALL, **LARGE}.items():
        net = trained(make())
        models[name] = json.loads(net.to_json())
        rows[name] = {dtype: measured(net, dtype) for dtype in ("int8", "float32")}
        print(name, rows[name]["int8"], flush=True)
    text = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items())
    version = json.dumps(keras.__version__)
    (folder / "lowering.json").write_text(f'{{"keras": {version}, "rows": {{\n{text}\n}}}}\n')
    packed = gzip.compress(json.dumps(models).encode(), mtime=0)
    (folder / "lowering_models.json.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
