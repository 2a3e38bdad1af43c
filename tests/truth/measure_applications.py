"""Measure every network of keras.applications on Keras itself: parameters, and multiply-adds from the
built layers' own kernels.

    python tests/truth/measure_applications.py tests/truth/applications.json [FOLDER]

needs TensorFlow and Keras 3, and minutes; with a FOLDER it also writes each network's `to_json()` there,
for the reader to be run on. Multiply-adds are those of one image: a convolution's kernel numbers times its
output's positions (for a separable one, of each half), a dense layer's kernel numbers times its output's
positions.
"""

import json
import sys
from math import prod
from pathlib import Path

import keras
import tensorflow

SMALL = {"NASNetLarge": 331, "InceptionV3": 299, "InceptionResNetV2": 299, "Xception": 299}
SKIPPED = ("preprocess_input",)


def macs(layer, output):
    """The multiply-adds of a layer, from its kernels and what it gives."""
    name = type(layer).__name__
    positions = prod(output[1:-1]) if len(output) > 2 else 1
    if name == "SeparableConv2D":
        return positions * (prod(layer.depthwise_kernel.shape) + prod(layer.pointwise_kernel.shape))
    if name in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return positions * prod(layer.kernel.shape)
    assert not any(word in name for word in ("Conv", "Attention", "LSTM")), name
    return 0


def leaves(model):
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from leaves(layer)
        else:
            yield layer


def measure(name, call, folder):
    size = SMALL.get(name, 224)
    model = call(weights=None, input_shape=(size, size, 3))
    if folder:
        (Path(folder) / f"{name}.json").write_text(model.to_json())
    return {
        "input": [size, size, 3],
        "params": model.count_params(),
        "trainable": sum(prod(w.shape) for w in model.trainable_weights),
        "macs": sum(macs(layer, tuple(layer.output.shape)) for layer in leaves(model)),
        "layers": len(model.layers),
    }


def main():
    target, folder = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    calls = {n: c for n, c in vars(keras.applications).items() if n[0].isupper() and callable(c)}
    networks = {}
    for name in sorted(calls):
        networks[name] = measure(name, calls[name], folder)
        print(name, networks[name], file=sys.stderr)
        keras.backend.clear_session()
    versions = {"keras": keras.__version__, "tensorflow": tensorflow.__version__}
    rows = ",\n".join(f"    {json.dumps(n)}: {json.dumps(v)}" for n, v in networks.items())
    Path(target).write_text(
        f'{{\n  "versions": {json.dumps(versions)},\n  "networks": {{\n{rows}\n  }}\n}}\n'
    )


if __name__ == "__main__":
    main()
