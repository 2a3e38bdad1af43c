"""What do keras.applications' MobileNets cost? Measured on the built models, layer by layer.

    python tests/truth/measure_keras.py > tests/truth/keras.json

Needs tensorflow (keras 3); the tests read the figures only. MACs are counted here from each layer's own
weights and output, not by
mnetcost: for a convolution or dense layer, weights x positions of the output.
"""

import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump, size_of

APPS = keras.applications
NETS = {
    "keras/v1": (APPS.MobileNet, {}, [0.25, 0.35, 0.5, 0.75, 1.0, 1.3]),
    "keras/v2": (APPS.MobileNetV2, {}, [0.25, 0.28, 0.35, 0.5, 0.6, 0.75, 1.0, 1.3, 1.4]),
    "keras/v3-large": (APPS.MobileNetV3Large, {}, [0.35, 0.5, 0.75, 1.0, 1.25, 1.5]),
    "keras/v3-large-minimalistic": (
        APPS.MobileNetV3Large,
        {"minimalistic": True},
        [0.35, 0.5, 0.75, 1.0, 1.25, 1.5],
    ),
    "keras/v3-small": (APPS.MobileNetV3Small, {}, [0.35, 0.5, 0.75, 1.0, 1.25, 1.5]),
    "keras/v3-small-minimalistic": (
        APPS.MobileNetV3Small,
        {"minimalistic": True},
        [0.35, 0.5, 0.75, 1.0, 1.25, 1.5],
    ),
}
SIZES = [224, 192, 160, 128, 96, 256, 225, 200, 65, 33]


def layer_row(layer):
    """One layer as [class, input, output, kernel, stride, groups, trainable parameters, MACs], or None
    where it has no weights.
    """
    kind = type(layer).__name__
    if kind not in ("Conv2D", "DepthwiseConv2D", "Dense", "BatchNormalization"):
        return None
    shapes = [list(t.shape[1:]) for t in (layer.input, layer.output)]
    x, y = [[1] * (3 - len(s)) + s for s in shapes]
    params = sum(size_of(w.shape) for w in layer.trainable_weights)
    if kind == "BatchNormalization":
        return ["norm", x, y, None, None, None, params, 0]
    macs = size_of(layer.kernel.shape) * y[0] * y[1]
    if kind == "Dense":
        return ["dense", x, y, None, None, None, params, macs]
    groups = x[2] if kind == "DepthwiseConv2D" else layer.groups
    return ["conv", x, y, list(layer.kernel_size), layer.strides[0], groups, params, macs]


def measure(build, options, alpha, size, classes):
    keras.backend.clear_session()
    top = {"include_top": False} if classes is None else {"classes": classes}
    model = build(input_shape=(size, size, 3), alpha=alpha, weights=None, **top, **options)
    rows = [row for row in map(layer_row, model.layers) if row]
    trainable = sum(size_of(w.shape) for w in model.trainable_weights)
    return trainable, model.count_params(), sum(row[-1] for row in rows), rows


def main():
    records, layers = [], {}
    for design, (build, options, alphas) in NETS.items():
        asked = [(alpha, 224, 1000) for alpha in alphas]
        asked += [(1.0, size, 1000) for size in SIZES[1:]] + [
            (alphas[0], 160, 1000),
            (0.5, 192, 1000),
            (0.5, 97, 1000),
        ]
        asked += [(1.0, 224, 10), (0.5, 224, 10), (1.0, 224, None), (0.5, 224, None)]
        for alpha, size, classes in asked:
            trainable, total, macs, rows = measure(build, options, alpha, size, classes)
            records.append([design, alpha, size, classes, trainable, total, macs])
            if (alpha, size, classes) == (1.0, 224, 1000):
                layers[design] = rows
            print(*records[-1], file=sys.stderr)
    import tensorflow

    source = f"keras {keras.__version__}, tensorflow {tensorflow.__version__}"
    dump(source, records, layers)


if __name__ == "__main__":
    main()
