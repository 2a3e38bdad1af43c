"""What do the networks of keyword spotting and of MLPerf Tiny cost? Measured on Keras layers, put together
here as their authors' programs do.

    python tests/truth/measure_tiny.py > tests/truth/tiny.json

Needs keras 3; the tests read the figures only. Multiply-adds are counted from each layer's weights and
output.
"""

import os
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
from keras import layers as kl

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump, size_of


def norm_relu(x, scale=True):
    return kl.ReLU()(kl.BatchNormalization(scale=scale)(x))


def conv(x, out, kernel=1, stride=1, bias=True, scale=True):
    """A convolution, its batch norm, and ReLU."""
    return norm_relu(kl.Conv2D(out, kernel, stride, "same", use_bias=bias)(x), scale)


def separable(x, out, stride=1, scale=True):
    x = norm_relu(kl.DepthwiseConv2D(3, stride, "same")(x), scale)
    return conv(x, out, scale=scale)


def classified(x, classes):
    return kl.Dense(classes, activation="softmax")(kl.GlobalAveragePooling2D()(x))


def ds_cnn(x, classes, width, count, first=(2, 1), second=2, scale=False):
    """arXiv 1711.07128, by github ARM-software/ML-KWS-for-MCU, models.py and train_commands.txt: biases
    before batch norms, which have no gamma.
    """
    x = conv(x, width, (10, 4), first, scale=scale)
    for n in range(count):
        x = separable(x, width, second if n == 0 else 1, scale)
    return classified(x, classes)


def tc_resnet(x, classes, widths, alpha):
    """arXiv 1904.03814, by github hyperconnect/TC-ResNet, audio_nets/tc_resnet.py, without its second
    output.
    """
    c = int(16 * alpha)
    x = conv(x, c, (3, 1), bias=False)
    for width in widths:
        out = int(width * alpha)
        stride = 1 if out == c else 2
        shortcut = x if out == c else conv(x, out, 1, stride, bias=False)
        x = conv(x, out, (9, 1), stride, bias=False)
        x = kl.BatchNormalization()(kl.Conv2D(out, (9, 1), padding="same", use_bias=False)(x))
        x, c = kl.ReLU()(kl.Add()([x, shortcut])), out
    return classified(x, classes)


def resnet8(x, classes):
    """github mlcommons/tiny, benchmark/training/image_classification/keras_model.py: biases, and no batch
    norm on a shortcut.
    """
    x = conv(x, 16, 3)
    for out, stride in ((16, 1), (32, 2), (64, 2)):
        y = conv(x, out, 3, stride)
        y = kl.BatchNormalization()(kl.Conv2D(out, 3, padding="same")(y))
        x = x if stride == 1 else kl.Conv2D(out, 1, stride, "same")(x)
        x = kl.ReLU()(kl.Add()([x, y]))
    return classified(x, classes)


def vww(x, classes):
    """github mlcommons/tiny, benchmark/training/visual_wake_words/vww_model.py: V1 at a quarter, with
    biases.
    """
    x = conv(x, 8, 3, 2)
    for out, stride in [
        (16, 1),
        (32, 2),
        (32, 1),
        (64, 2),
        (64, 1),
        (128, 2),
        *[(128, 1)] * 5,
        (256, 2),
        (256, 1),
    ]:
        x = separable(x, out, stride)
    return classified(x, classes)


def autoencoder(x, classes):
    """github mlcommons/tiny, benchmark/training/anomaly_detection/keras_model.py."""
    inputs = x.shape[-1]
    for out in (*[128] * 4, 8, *[128] * 4):
        x = norm_relu(kl.Dense(out)(x))
    return kl.Dense(inputs)(x)


NETS = {
    "ds-cnn-s": (partial(ds_cnn, width=64, count=4, first=2, second=1), (49, 10, 1), (30, 9, 1), 12),
    "ds-cnn-m": (partial(ds_cnn, width=172, count=4), (49, 10, 1), (30, 9, 1), 12),
    "ds-cnn-l": (partial(ds_cnn, width=276, count=5), (49, 10, 1), (30, 9, 1), 12),
    "mlperf-tiny-kws": (
        partial(ds_cnn, width=64, count=4, first=2, second=1, scale=True),
        (49, 10, 1),
        (30, 9, 1),
        12,
    ),
    "mlperf-tiny-ic": (resnet8, (32, 32, 3), (28, 30, 3), 10),
    "mlperf-tiny-vww": (vww, (96, 96, 3), (64, 81, 3), 2),
    "mlperf-tiny-ad": (autoencoder, (1, 1, 640), None, None),
}
TC_WIDTHS = {"tc-resnet8": (24, 32, 48), "tc-resnet14": (24, 24, 32, 32, 48, 48)}


def asked():
    """Yield (design, alpha, input, classes, builder)."""
    for design, (build, shape, other, classes) in NETS.items():
        for size in (shape, other):
            if size:
                yield design, 1.0, size, classes, build
    for design, widths in TC_WIDTHS.items():
        for alpha in (1.0, 1.5):
            for size in ((98, 1, 40), (49, 1, 40)):
                yield design, alpha, size, 12, partial(tc_resnet, widths=widths, alpha=alpha)


def macs(layer):
    """Multiply-adds of one layer, from its weights and where they are applied."""
    if isinstance(layer, kl.Dense):
        return size_of(layer.kernel.shape)
    if isinstance(layer, (kl.Conv2D, kl.DepthwiseConv2D)):
        return size_of(layer.kernel.shape) * size_of(layer.output.shape[1:3])
    return 0


def main():
    records = []
    for design, alpha, shape, classes, build in asked():
        x = keras.Input(shape)
        model = keras.Model(x, build(x, classes))
        trainable = sum(size_of(w.shape) for w in model.trainable_weights)
        counted = sum(map(macs, model.layers))
        size = list(shape[:2]) if shape[0] != shape[1] else shape[0]
        records.append([design, alpha, size, classes or 1000, trainable, model.count_params(), counted])
        print(*records[-1], file=sys.stderr)
    dump(f"keras {keras.__version__}", records, {})


if __name__ == "__main__":
    main()
