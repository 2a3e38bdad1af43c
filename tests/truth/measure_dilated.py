"""Convert nets with dilated convolutions, stacked maps and states to TFLite as TensorFlow writes them,
and count from Keras's layers.

    python tests/truth/measure_dilated.py > tests/truth/dilated.json

needs TensorFlow. Each row: the file in base64, its input, the multiply-adds by the layers' kernels and
outputs, and the numbers of the kernels. `stacked` and `state` are not of Keras: their figures are worked
out in the lines that make them.
"""

import base64
import json
import sys
from contextlib import redirect_stdout

import numpy as np
import tensorflow as tf

L = tf.keras.layers
NETS = {
    "rate 2 on an odd map": (
        (33, 33, 3),
        lambda: [L.Conv2D(8, 3, dilation_rate=2, padding="same", use_bias=False)],
    ),
    "rates 4 and 3": (
        (33, 33, 3),
        lambda: [L.DepthwiseConv2D(3, dilation_rate=4, padding="same"), L.Conv2D(4, 3, dilation_rate=3)],
    ),
    "two rates": (
        (20, 31, 3),
        lambda: [L.Conv2D(8, (3, 5), dilation_rate=(3, 2), padding="same"), L.ReLU(6.0)],
    ),
    "separable": ((32, 32, 3), lambda: [L.SeparableConv2D(8, 3, dilation_rate=2, padding="same")]),
    "a row": ((61, 3), lambda: [L.Conv1D(8, 3, dilation_rate=4, padding="same", use_bias=False)]),
    "a causal row": ((64, 3), lambda: [L.Conv1D(8, 3, dilation_rate=4, padding="causal", use_bias=False)]),
    "atrous pyramid": (
        (33, 33, 4),
        lambda: [L.Conv2D(4, 3, dilation_rate=r, padding="same", use_bias=False) for r in (6, 12, 18)],
    ),
}


def product(numbers):
    out = 1
    for n in numbers:
        out *= int(n)
    return out


def kernel(layer):
    """How many numbers a layer's kernels have."""
    return sum(product(w.shape) for w in layer.weights if "kernel" in w.name)


def macs(layer):
    """Every number of a kernel, at every position of the output."""
    return kernel(layer) * product(layer.output.shape[1:-1])


def row(data, given, macs, kernels):
    return {
        "file": base64.b64encode(data).decode(),
        "input": list(given),
        "macs": int(macs),
        "kernels": int(kernels),
    }


class Stacked(tf.Module):
    """A convolution and a pool on maps that are stacked by hand."""

    @tf.function(input_signature=[tf.TensorSpec((1, 32, 32, 8), tf.float32)])
    def __call__(self, x):
        y = tf.space_to_batch(x, [2, 2], [[2, 2], [2, 2]])
        y = tf.nn.conv2d(y, tf.constant(np.random.rand(3, 3, 8, 8).astype("f4")), 1, "VALID")
        return tf.batch_to_space(tf.nn.avg_pool2d(y, 3, 1, "SAME"), [2, 2], [[0, 0], [0, 0]])


class State(tf.Module):
    """A convolution over the last five frames, four of which are kept from one call to the next."""

    def __init__(self):
        self.frames = tf.Variable(tf.zeros((1, 4, 8)), trainable=False)
        self.kernel = tf.constant(np.random.rand(3, 8, 16).astype("f4"))

    @tf.function(input_signature=[tf.TensorSpec((1, 1, 8), tf.float32)])
    def __call__(self, x):
        x = tf.concat([self.frames, x], 1)
        self.frames.assign(x[:, 1:])
        return tf.nn.conv1d(x, self.kernel, 1, "VALID")


def converted(module):
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.__call__.get_concrete_function()], module
    )
    converter.experimental_enable_resource_variables = True
    return converter.convert()


rows = {}
with redirect_stdout(sys.stderr):  # the framework prints as it works
    for name, (size, layers) in NETS.items():
        for shape in {size, (size[0] + 7, *size[1:-1], size[-1])}:
            model = tf.keras.Sequential([tf.keras.Input(shape), *layers()])
            for w in model.weights:  # else zeros would be stored once, or left out
                w.assign(tf.random.uniform(w.shape, 0.01, 0.02))
            data = tf.lite.TFLiteConverter.from_keras_model(model).convert()
            at = "" if shape == size else f", {shape[0]} high"
            rows[name + at] = row(data, shape, sum(map(macs, model.layers)), sum(map(kernel, model.layers)))
    rows["stacked"] = row(converted(Stacked()), (32, 32, 8), 72 * 8 * 32 * 32, 576)
    rows["state"] = row(converted(State()), (1, 8), 3 * 8 * 16 * 3, 384)
print("{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(rows[name])}" for name in sorted(rows)) + "}")
