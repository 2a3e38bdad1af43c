"""Which norm does a file hold, and with how many parameters? As PyTorch and Keras build and export each.

    python tests/truth/measure_norms.py torch tests/truth/norms tests/truth/norms_torch.json
    python tests/truth/measure_norms.py keras tests/truth/norms tests/truth/norms_keras.json

needs torch, onnx and onnxscript, or TensorFlow and Keras. Each norm stands behind a convolution of 3 channels
to 16. The files stay in the folder, without metadata. `params` are those of the convolution and the norm, as
the framework counts them, and `norm` those of the norm alone.
"""

import json
import logging
import os
import sys
import warnings
from pathlib import Path

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def torch_norms():
    """Each norm of PyTorch, by what it is; a sequence is the map's positions, one behind the other."""
    from torch import nn

    class Last(nn.Module):
        """A norm over the channels of each position."""

        def __init__(self, norm):
            super().__init__()
            self.norm = norm

        def forward(self, x):
            return self.norm(x.flatten(2).transpose(1, 2))

    return {
        "group norm": nn.GroupNorm(4, 16),
        "group norm, bare": nn.GroupNorm(4, 16, affine=False),
        "group norm, one group": nn.GroupNorm(1, 16),
        "instance norm": nn.InstanceNorm2d(16),
        "instance norm, affine": nn.InstanceNorm2d(16, affine=True),
        "instance norm, sequence": nn.Sequential(nn.Flatten(2), nn.InstanceNorm1d(16, affine=True)),
        "layer norm": Last(nn.LayerNorm(16)),
        "layer norm, no bias": Last(nn.LayerNorm(16, bias=False)),
        "layer norm, whole map": nn.LayerNorm([16, 6, 7]),
        "rms norm": Last(nn.RMSNorm(16)),
        "rms norm, bare": Last(nn.RMSNorm(16, elementwise_affine=False)),
    }


def export_torch(folder):
    import onnx
    import torch

    rows = []
    for what, norm in torch_norms().items():
        net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 1), norm).eval()
        for p in net.parameters():  # ones and zeros are taken for what an exporter fills in
            torch.nn.init.uniform_(p, 0.1, 0.9)
        for how, dynamo, opset in (
            ("script", False, 12),
            ("script", False, 17),
            ("dynamo", True, 18),
            ("dynamo", True, 23),
        ):
            name = f"{what.replace(', ', '-').replace(' ', '-')}-{how}-{opset}.onnx"
            try:
                torch.onnx.export(
                    net,
                    torch.zeros(1, 3, 6, 7),
                    folder / name,
                    dynamo=dynamo,
                    opset_version=opset,
                    verbose=False,
                    external_data=False,
                )
            except Exception as e:
                if "aten::rms_norm" not in str(e):  # the TorchScript exporter does not know it
                    raise
                continue
            model = onnx.load(folder / name)
            for part in (*model.graph.node, *model.graph.input, *model.graph.output, model.graph, model):
                del part.metadata_props[:]
                part.doc_string = ""
            del model.graph.value_info[:]
            onnx.save(model, folder / name)
            rows.append(row(name, what, net, norm))
    return {"torch": torch.__version__, "onnx": onnx.__version__}, rows


def row(name, what, net, norm):
    """A file, which norm it holds, and the parameters of the net and of the norm."""
    counts = [sum(p.numel() for p in part.parameters()) for part in (net, norm)]
    return [name, what.partition(",")[0], *counts]


def export_keras(folder):
    import keras
    import numpy as np
    import tensorflow as tf

    layers, numbers = keras.layers, np.random.default_rng(0)
    norms = {
        "group norm": layers.GroupNormalization(4),
        "group norm, bare": layers.GroupNormalization(4, scale=False, center=False),
        "instance norm": layers.GroupNormalization(-1),
        "instance norm, no scale": layers.GroupNormalization(16, scale=False),
        "layer norm": layers.LayerNormalization(),
        "layer norm, no shift": layers.LayerNormalization(center=False),
        "layer norm, whole map": layers.LayerNormalization(axis=[1, 2, 3]),
        "rms norm": layers.RMSNormalization(),
        "rms norm, of LayerNormalization": layers.LayerNormalization(rms_scaling=True),
        "l2 norm": layers.UnitNormalization(),
    }
    # whose variance is that of a layer norm: around the mean, which is not subtracted from what it divides
    odd = ("rms norm, of LayerNormalization", "tflite")
    rows = []
    for what, norm in norms.items():
        x = keras.Input((6, 7, 3))
        net = keras.Model(x, norm(layers.Conv2D(16, 1)(x)))
        for weight in net.weights:  # equal numbers would be stored once
            weight.assign(numbers.uniform(0.1, 0.9, weight.shape))
        name = what.replace(", ", "-").replace(" ", "-")
        (folder / f"{name}.json").write_text(net.to_json())
        (folder / f"{name}.tflite").write_bytes(tf.lite.TFLiteConverter.from_keras_model(net).convert())
        counts = [net.count_params(), norm.count_params()]
        for suffix in ("json", "tflite"):
            held = "layer norm" if (what, suffix) == odd else what.partition(",")[0]
            rows.append([f"{name}.{suffix}", held, *counts])
    return {"keras": keras.__version__, "tensorflow": tf.__version__}, rows


if __name__ == "__main__":
    _, framework, folder, answer = sys.argv
    Path(folder).mkdir(exist_ok=True)
    versions, found = (export_torch if framework == "torch" else export_keras)(Path(folder))
    lines = ",\n".join(json.dumps(r) for r in found)
    head = f'{{"versions": {json.dumps(versions)}, "columns": ["file", "norm", "params", "norm params"],'
    Path(answer).write_text(f'{head}\n"records": [\n{lines}\n]}}\n')
