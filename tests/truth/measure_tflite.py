"""Does the TFLite reader count what Keras's layers cost, however a net is converted?

Converts, measures, compares.

    PYTHONPATH=. python tests/truth/measure_tflite.py FOLDER > tests/truth/tflite.json

Needs tensorflow, and tflite for the reader; the files stay in FOLDER. Multiply-adds are counted from each
Keras layer's weights and output; parameters and bytes are of the file's constant tensors, by TensorFlow's
interpreter: those that operators read as weights.
"""

import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import tensorflow as tf

from mnetcost.designs import load
from mnetcost.engine.costs import cost
from mnetcost.engine.terms import MAC_KINDS

NETS = {
    name: (name, size)
    for name, size in {
        "MobileNet": 224,
        "MobileNetV2": 224,
        "MobileNetV3Small": 224,
        "MobileNetV3Large": 224,
        "EfficientNetB0": 224,
        "EfficientNetV2B0": 224,
        "ResNet50": 224,
        "ResNet50V2": 224,
        "DenseNet121": 224,
        "NASNetMobile": 224,
        "InceptionV3": 299,
        "Xception": 299,
        "VGG16": 224,
        "ConvNeXtTiny": 224,
    }.items()
}
QUANTISED = ("MobileNet", "MobileNetV2", "MobileNetV3Small", "ResNet50V2")


def macs_of(model):
    """Multiply-adds of every layer with a kernel, from its weights and output."""
    total = 0
    for layer in model._flatten_layers(include_self=False):
        kernels = [w for w in layer.weights if "kernel" in w.name]
        if not kernels or isinstance(layer, tf.keras.Model):
            continue
        shape = layer.output.shape
        if isinstance(layer, tf.keras.layers.SeparableConv2D):
            total += sum(int(np.prod(w.shape)) for w in kernels) * shape[1] * shape[2]
        elif isinstance(layer, tf.keras.layers.Dense):
            total += int(np.prod(kernels[0].shape)) * int(np.prod(list(shape[1:-1])))
        else:
            total += int(np.prod(kernels[0].shape)) * shape[1] * shape[2]
    return total


def converted(model, how, size):
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if how != "float":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if how == "int8":
        converter.representative_dataset = lambda: (
            [np.random.rand(1, size, size, 3).astype("float32")] for _ in range(2)
        )
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    return converter.convert()


def constants(path):
    """Numbers in the weights and biases of convolutions and dense layers, and bytes of all constant
    tensors.
    """
    interpreter = tf.lite.Interpreter(str(path), experimental_preserve_all_tensors=True)
    made = {i for op in interpreter._get_ops_details() for i in op["outputs"]} | {
        d["index"] for d in interpreter.get_input_details()
    }
    tensors = {d["index"]: d for d in interpreter.get_tensor_details()}
    stored = {i: d for i, d in tensors.items() if i not in made and d["name"]}
    read = {}
    for op in interpreter._get_ops_details():
        if op["op_name"] in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"):
            read |= {i: int(np.prod(stored[i]["shape"])) for i in op["inputs"] if i in stored}
    return sum(read.values())


def main(folder, only):
    rows = []
    for net, (name, size) in NETS.items():
        if only and only not in net:
            continue
        model = getattr(tf.keras.applications, name)(weights=None, input_shape=(size, size, 3))
        for w in model.weights:  # else equal numbers would be stored once
            w.assign(np.random.uniform(0.01, 0.02, w.shape))
        macs = macs_of(model)
        for how in ("float", "dynamic", "int8") if name in QUANTISED else ("float",):
            path = Path(folder) / f"{net}.{how}.tflite"
            if not path.exists():
                path.write_bytes(converted(model, how, size))
            held = constants(path)
            try:
                design = load(str(path))
                costs = cost(design.graph)
                params, work = costs.params_by_kind(), costs.work_by_kind()
                inside = sum(params.get(k, 0) for k in (*MAC_KINDS,))
                for layer in costs.layers:
                    if layer.node.op.label in ("conv", "depthwise", "dense"):
                        inside += layer.params_by_kind().get("bias", 0)
                found = inside, sum(work.get(k, 0) for k in MAC_KINDS)
                rows.append([net, how, size, held, macs, *found, design.graph.weight_bytes])
            except Exception as e:
                found = (0, 0)
                print(net, how, type(e).__name__, str(e)[:400], file=sys.stderr)
            if found != (held, macs):
                print(
                    f"{net} {how}: held {held:,} counted {found[0]:,}; macs {macs:,} counted {found[1]:,}",
                    file=sys.stderr,
                )
            sys.stderr.flush()
    columns = ["net", "as", "size", "params", "macs", "counted params", "counted macs", "bytes"]
    head = json.dumps({"source": f"tensorflow {tf.__version__}", "columns": columns})
    return head[:-1] + ', "records": [\n' + ",\n".join(json.dumps(r) for r in rows) + "]}"


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # the framework prints as it works
        done = main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "")
    print(done)
