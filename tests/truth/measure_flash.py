"""How many bytes do weights take in a TFLite file? Keras networks, converted, every constant weighed.

    python tests/truth/measure_flash.py tests/truth

writes tests/truth/flash.json: a row for each network and type, with the bytes of the file, of its weights,
biases and other constants, of scales and zero points, and for how many tensors of which kind these are.
Needs tensorflow. All numbers are random: the converter keeps one of equal buffers, and no bias of a dense
layer that is all zeros, as those of networks are that nobody has trained.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

LEARNED = {
    "CONV_2D": (1, 2),
    "DEPTHWISE_CONV_2D": (1, 2),
    "FULLY_CONNECTED": (1, 2),
    "TRANSPOSE_CONV": (1, 3),
}
NETS = {
    "keras/v1:alpha=0.25,resolution=96,classes=2": lambda: keras.applications.MobileNet(
        (96, 96, 3), 0.25, weights=None, classes=2, dropout=0
    ),
    "keras/v2:alpha=0.35,resolution=96,classes=10": lambda: keras.applications.MobileNetV2(
        (96, 96, 3), 0.35, weights=None, classes=10
    ),
    "keras/v3-small-minimalistic:resolution=96": lambda: keras.applications.MobileNetV3Small(
        (96, 96, 3), minimalistic=True, weights=None
    ),
    "keras/v3-small:resolution=96,classes=10": lambda: keras.applications.MobileNetV3Small(
        (96, 96, 3), weights=None, classes=10
    ),
    "resnet50:resolution=64": lambda: keras.applications.ResNet50(weights=None, input_shape=(64, 64, 3)),
}


def filled(net):
    """A network with numbers of which no two tensors have the same."""
    rng = np.random.default_rng(0)
    for w in net.weights:
        values = rng.uniform(-1, 1, w.shape) / max(1, np.prod(w.shape[:-1])) ** 0.5
        w.assign(values + 2 if w.path.endswith(("variance", "gamma")) else values)
    return net


def converted(net, dtype):
    """A Keras model as a TFLite file with weights of a type."""
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    if dtype != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if dtype == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if dtype == "int8":
        rng = np.random.default_rng(0)
        shape = (1, *net.inputs[0].shape[1:])
        converter.representative_dataset = lambda: (
            [rng.uniform(-1, 1, shape).astype("float32")] for _ in range(2)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def weighed(data):
    """The bytes of constants and of their quantisation."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    codes = [names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes]
    graph = model.subgraphs[0]
    dequantised = {}
    for o in graph.operators:
        if codes[o.opcodeIndex] == "DEQUANTIZE":
            dequantised[o.outputs[0]] = o.inputs[0]
    roles = {}
    for o in graph.operators:
        for at, role in zip(LEARNED.get(codes[o.opcodeIndex], ()), ("weights", "biases"), strict=False):
            for n in o.inputs[at : at + 1]:
                roles[dequantised.get(n, n)] = role
    sizes, scales, points = Counter(), Counter(), Counter()
    for n, t in enumerate(graph.tensors):
        held = model.buffers[t.buffer].data
        role = roles.get(n, "others" if held is not None and len(held) else "maps")
        sizes[role] += len(held) if held is not None else 0
        q = t.quantization
        scales[role] += 0 if q is None or q.scale is None else len(q.scale)
        points[role] += 0 if q is None or q.zeroPoint is None else len(q.zeroPoint)
    return {
        "file": len(data),
        **{f"{role}_bytes": sizes[role] for role in ("weights", "biases", "others")},
        "scales": dict(scales),
        "zero_points": dict(points),
        "operators": dict(sorted(Counter(codes[o.opcodeIndex] for o in graph.operators).items())),
    }


if __name__ == "__main__":
    rows = []
    for design, make in NETS.items():
        for dtype in ("float32", "float16", "int8"):
            rows.append({"design": design, "dtype": dtype, **weighed(converted(filled(make()), dtype))})
            print(rows[-1], flush=True)
    tools = {"tensorflow": tf.__version__, "keras": keras.__version__}
    Path(sys.argv[1], "flash.json").write_text(json.dumps({"tools": tools, "rows": rows}, indent=1) + "\n")
