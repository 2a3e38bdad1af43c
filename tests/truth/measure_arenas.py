"""How large is the arena of TensorFlow Lite Micro's interpreter? Small nets and Keras' MobileNets, run.

    python tests/truth/measure_arenas.py tests/truth

writes tests/truth/arenas.json and the small files of tests/truth/arenas/. Needs tensorflow and tflite_micro,
whose interpreter reports the planned part of its arena (head) and the persistent part (tail). Files of the
MobileNets are not kept: their rows name the design. The offline plans are of `mnetcost memory FILE
--write-plan`: the script writes them into copies of the files and measures those.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import flatbuffers
import keras
import numpy as np
import tensorflow as tf
import tflite_micro
from keras import layers
from tensorflow.lite.python import schema_py_generated as schema

keras.utils.set_random_seed(0)


@contextmanager
def captured():
    """What is printed by the interpreter, which writes to file descriptor 2."""
    with tempfile.TemporaryFile() as out:
        kept = {fd: os.dup(fd) for fd in (1, 2)}
        for fd in kept:
            os.dup2(out.fileno(), fd)
        text = []
        try:
            yield text
        finally:
            for fd, old in kept.items():
                os.dup2(old, fd)
                os.close(old)
            out.seek(0)
            text.append(out.read().decode())


def measure(data, room=None):
    """Bytes of the planned and the persistent part of the arena, and the operators of the file; `room` is how
    large an arena may be.
    """
    interpreter = tflite_micro.runtime.Interpreter.from_bytes(data, arena_size=room)
    with captured() as text:
        interpreter.print_allocations()
    head, tail = (
        int(re.search(rf"allocation {part} (\d+) bytes", text[0]).group(1)) for part in ("head", "tail")
    )
    return {"head": head, "tail": tail, "operators": operators_of(data)}


def operators_of(data):
    """How many operators of each type a file has."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    codes = [names[max(c.builtinCode, c.deprecatedBuiltinCode)] for c in model.operatorCodes]
    operators = Counter(codes[o.opcodeIndex] for o in model.subgraphs[0].operators)
    return dict(sorted(operators.items()))


def converted(net, dtype="int8"):
    """A Keras model as a TFLite file whose maps are of a type."""
    converter = tf.lite.TFLiteConverter.from_keras_model(net)
    shapes = [tuple(x.shape[1:]) for x in net.inputs]
    if dtype != "float32":
        rng = np.random.default_rng(0)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: (
            [rng.uniform(-1, 1, (1, *shape)).astype("float32") for shape in shapes] for _ in range(4)
        )
        sets = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            sets.TFLITE_BUILTINS_INT8
            if dtype == "int8"
            else sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
        converter.inference_input_type = converter.inference_output_type = getattr(tf, dtype)
    with captured():
        return converter.convert()


def image(*shape):
    return keras.Input(shape, batch_size=1)


def chain():
    x = y = image(20, 20, 3)
    for out, stride in ((8, 2), (12, 1), (16, 2)):
        y = layers.Conv2D(out, 3, stride, "same", activation="relu")(y)
        y = layers.DepthwiseConv2D(3, padding="same", activation="relu6")(y)
    return keras.Model(x, layers.Dense(4, activation="softmax")(layers.GlobalAveragePooling2D()(y)))


def dense_block():
    x = y = image(16, 16, 8)
    for _ in range(4):
        y = layers.Concatenate()([y, layers.Conv2D(8, 3, padding="same", activation="relu")(y)])
    return keras.Model(x, layers.MaxPooling2D()(y))


def gated():
    x = y = image(18, 18, 6)
    y = layers.Conv2D(12, 3, padding="same", activation="relu")(y)
    s = layers.GlobalAveragePooling2D(keepdims=True)(y)
    s = layers.Conv2D(12, 1, activation="sigmoid")(layers.Conv2D(3, 1, activation="relu")(s))
    return keras.Model(x, layers.Conv2D(4, 1)(layers.Multiply()([y, s])))


def shortcut():
    x = image(15, 17, 6)
    y = layers.Conv2D(24, 1, activation="relu6")(x)
    y = layers.DepthwiseConv2D(5, padding="same", activation="relu6")(y)
    y = layers.Add()([layers.Conv2D(6, 1)(y), x])
    y = layers.ZeroPadding2D(2)(y)
    return keras.Model(x, layers.Conv2D(5, 5, 2)(y))


def unet():
    x = image(16, 16, 3)
    a = layers.Conv2D(6, 3, padding="same", activation="relu")(x)
    b = layers.Conv2D(12, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    y = layers.Conv2DTranspose(6, 2, 2, padding="same")(b)
    return keras.Model(x, layers.Conv2D(2, 1)(layers.Concatenate()([a, y])))


def two_inputs():
    a, b = image(12, 12, 4), image(12, 12, 4)
    y = layers.Add()([layers.Conv2D(8, 3, padding="same")(a), layers.Conv2D(8, 1)(b)])
    return keras.Model([a, b], [layers.AveragePooling2D(2)(y), layers.Conv2D(2, 1)(y)])


def narrowing():
    """MobileNetV1's pattern, in which the planner wastes a quarter."""
    x = y = image(24, 24, 3)
    for n, (out, stride) in enumerate(((8, 2), (16, 1), (32, 2), (32, 1))):
        if n:
            y = layers.DepthwiseConv2D(3, stride, "same", activation="relu6")(y)
        y = layers.Conv2D(out, 1 if n else 3, 1 if n else stride, "same", activation="relu6")(y)
    return keras.Model(x, layers.GlobalAveragePooling2D()(y))


SMALL = {
    "chain": (chain, "int8"),
    "chain_float": (chain, "float32"),
    "chain_int16": (chain, "int16"),
    "dense": (dense_block, "int8"),
    "gated": (gated, "int8"),
    "shortcut": (shortcut, "int8"),
    "unet": (unet, "int8"),
    "unet_int16": (unet, "int16"),
    "two_inputs": (two_inputs, "int8"),
    "narrowing": (narrowing, "int8"),
}


def mobile(name, size, **more):
    """One of Keras' MobileNets, without its layer that rescales the image."""
    if "V3" in name:
        more["include_preprocessing"] = False
    make = getattr(keras.applications, name)
    return lambda: make(input_tensor=image(size, size, 3), weights=None, **more)


DESIGNS = {
    "keras/v1:alpha=0.25,resolution=96,classes=10": (mobile("MobileNet", 96, alpha=0.25, classes=10), "int8"),
    "keras/v1:alpha=0.5,resolution=97,classes=4": (mobile("MobileNet", 97, alpha=0.5, classes=4), "int8"),
    "keras/v1:alpha=0.25,resolution=64,classes=2": (
        mobile("MobileNet", 64, alpha=0.25, classes=2),
        "float32",
    ),
    "keras/v2:alpha=0.35,resolution=96,classes=10": (
        mobile("MobileNetV2", 96, alpha=0.35, classes=10),
        "int8",
    ),
    "keras/v2:alpha=0.5,resolution=100,classes=10": (
        mobile("MobileNetV2", 100, alpha=0.5, classes=10),
        "int8",
    ),
    "keras/v2:alpha=0.35,resolution=128,top=no": (
        mobile("MobileNetV2", 128, alpha=0.35, include_top=False),
        "int8",
    ),
    "keras/v3-small:alpha=1,resolution=96,classes=10": (mobile("MobileNetV3Small", 96, classes=10), "int8"),
    "keras/v3-large:alpha=0.75,resolution=113,classes=4": (
        mobile("MobileNetV3Large", 113, alpha=0.75, classes=4),
        "int8",
    ),
    "keras/v3-small-minimalistic:resolution=128,classes=10": (
        mobile("MobileNetV3Small", 128, classes=10, minimalistic=True),
        "int8",
    ),
}


def packed(model):
    """A file of a model."""
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def with_scores(data):
    """The file with a scale that the interpreter's softmax takes: an untrained net's scores are too small."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    graph, softmax = model.subgraphs[0], schema.BuiltinOperator.SOFTMAX
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if max(code.builtinCode, code.deprecatedBuiltinCode) == softmax:
            quantized = graph.tensors[operator.inputs[0]].quantization
            if quantized is not None and quantized.scale is not None:
                quantized.scale = np.array([0.1], "<f4")
    return packed(model)


def with_plan(data, offsets):
    """The file with an offline plan: metadata of int32 numbers."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(data, 0))
    buffer, metadata = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(np.array([1, 0, len(offsets), *offsets], "<i4").tobytes(), np.uint8)
    model.buffers.append(buffer)
    metadata.name, metadata.buffer = "OfflineMemoryAllocation", len(model.buffers) - 1
    model.metadata = [*(model.metadata or []), metadata]
    return packed(model)


def main(folder):
    found = {
        "tensorflow": tf.__version__,
        "tflite_micro": tflite_micro.__version__,
        "files": {},
        "designs": {},
    }
    for name, (make, dtype) in SMALL.items():
        data = bytes(converted(make(), dtype))
        (folder / "arenas" / f"{name}.tflite").write_bytes(data)
        found["files"][name] = {"dtype": dtype, **measure(data)}
        print(name, found["files"][name], flush=True)
    for name in ("narrowing", "shortcut"):
        file = folder / "arenas" / f"{name}.tflite"
        with tempfile.TemporaryDirectory() as made:
            plan = Path(made) / "plan.json"
            call = [os.environ.get("MNETCOST", "mnetcost"), "memory", str(file), "--write-plan", str(plan)]
            subprocess.run(call, check=True, capture_output=True)
            data = with_plan(file.read_bytes(), json.loads(plan.read_text())["offsets"])
        (folder / "arenas" / f"{name}_planned.tflite").write_bytes(data)
        found["files"][f"{name}_planned"] = {"dtype": "int8", **measure(data)}
    for design, (make, dtype) in DESIGNS.items():
        found["designs"][design] = {"dtype": dtype, **measure(with_scores(bytes(converted(make(), dtype))))}
        print(design, found["designs"][design], flush=True)
    (folder / "arenas.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
