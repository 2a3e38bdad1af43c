"""What do the real counting tools print? Runs them and writes tests/truth/tools.json; not part of the test run.

    python tests/truth/measure_tools.py torch     needs torch, torchvision, timm, onnx and the tools that measure_torch imports
    python tests/truth/measure_tools.py keras     needs tensorflow

Each half replaces its own rows and keeps the other's. A row is a design of ours, the call that builds it in the framework, and what
each tool says of it: [work, parameters], null where a tool has no word on one of them.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import json
import sys
import tempfile
from pathlib import Path
from unittest.mock import MagicMock

for name in (
    "transformers",
    "accelerate",
    "accelerate.commands",
    "accelerate.commands.utils",
    "accelerate.utils",
    "huggingface_hub",
    "huggingface_hub.utils",
):
    sys.modules.setdefault(name, MagicMock())  # calflops imports these for language models, which are not measured here

DATA = Path(__file__).with_name("tools.json")

TORCH = [  # our design, module, function, arguments, resolution
    ("torchvision/v2", "torchvision", "mobilenet_v2", {}, 224),
    ("torchvision/v2:alpha=0.5,resolution=160", "torchvision", "mobilenet_v2", {"width_mult": 0.5}, 160),
    ("torchvision/v2:alpha=1.4,resolution=192", "torchvision", "mobilenet_v2", {"width_mult": 1.4}, 192),
    ("torchvision/v2:alpha=0.35,resolution=97,classes=10", "torchvision", "mobilenet_v2", {"width_mult": 0.35, "num_classes": 10}, 97),
    ("torchvision/v3-large", "torchvision", "mobilenet_v3_large", {}, 224),
    ("torchvision/v3-large:alpha=0.75,resolution=160", "torchvision", "mobilenet_v3_large", {"width_mult": 0.75}, 160),
    ("torchvision/v3-large-reduced-tail", "torchvision", "mobilenet_v3_large", {"reduced_tail": True}, 224),
    ("torchvision/v3-small", "torchvision", "mobilenet_v3_small", {}, 224),
    ("torchvision/v3-small:alpha=0.5,resolution=128", "torchvision", "mobilenet_v3_small", {"width_mult": 0.5}, 128),
    ("timm/v1", "timm", "mobilenetv1_100", {}, 224),
    ("timm/v2", "timm", "mobilenetv2_100", {}, 224),
    ("timm/v2:alpha=0.5,resolution=160", "timm", "mobilenetv2_050", {}, 160),
    ("timm/v3-large", "timm", "mobilenetv3_large_100", {}, 224),
    ("timm/v3-small:alpha=0.5", "timm", "mobilenetv3_small_050", {}, 224),
    ("resnet50", "torchvision", "resnet50", {}, 224),
    ("resnet152", "torchvision", "resnet152", {}, 224),
    ("vgg16", "torchvision", "vgg16", {}, 224),
    ("efficientnet-b0", "torchvision", "efficientnet_b0", {}, 224),
    ("mnasnet-b1", "torchvision", "mnasnet1_0", {}, 224),
    ("mnasnet-a1", "timm", "semnasnet_100", {}, 224),
    ("squeezenet-1.1", "torchvision", "squeezenet1_1", {}, 224),
    ("googlenet", "torchvision", "googlenet", {"aux_logits": False, "init_weights": False}, 224),
    ("shufflenet-v2-1.0", "torchvision", "shufflenet_v2_x1_0", {}, 224),
    ("se-resnet50", "timm", "seresnet50", {}, 224),
    ("xception", "timm", "legacy_xception", {}, 299),
    ("mobilenetv4-conv-small", "timm", "mobilenetv4_conv_small", {}, 224),
]

KERAS = [  # our design, function of keras.applications, arguments, resolution
    ("keras/v1", "MobileNet", {}, 224),
    ("keras/v1:alpha=0.5,resolution=160", "MobileNet", {"alpha": 0.5}, 160),
    ("keras/v2", "MobileNetV2", {}, 224),
    ("keras/v2:alpha=0.5,resolution=128", "MobileNetV2", {"alpha": 0.5}, 128),
    ("keras/v3-large", "MobileNetV3Large", {}, 224),
    ("keras/v3-large:alpha=0.75,resolution=192,classes=10", "MobileNetV3Large", {"alpha": 0.75, "classes": 10}, 192),
    ("keras/v3-large-minimalistic", "MobileNetV3Large", {"minimalistic": True}, 224),
    ("keras/v3-small", "MobileNetV3Small", {}, 224),
    ("keras/v3-small-minimalistic:resolution=160", "MobileNetV3Small", {"minimalistic": True}, 160),
]


def quietly(f):  # type: ignore[no-untyped-def]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return f()


def measure_torch(module: str, function: str, arguments: dict, size: int) -> dict:
    import torch
    from calflops import calculate_flops
    from fvcore.nn import FlopCountAnalysis, parameter_count
    from ptflops import get_model_complexity_info
    from thop import profile
    from torch.utils.flop_counter import FlopCounterMode
    from torchinfo import summary

    def model():  # type: ignore[no-untyped-def]
        if module == "timm":
            import timm

            return timm.create_model(function, **arguments).eval()
        import torchvision

        return getattr(torchvision.models, function)(**arguments).eval()

    x = torch.zeros(1, 3, size, size)
    out = {}
    counted = FlopCountAnalysis(model(), x).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    out["fvcore"] = [int(counted.total()), parameter_count(model())[""]]
    for backend in ("pytorch", "aten"):
        macs, params = quietly(
            lambda backend=backend: get_model_complexity_info(
                model(), (3, size, size), as_strings=False, print_per_layer_stat=False, backend=backend
            )
        )
        out[f"ptflops-{backend}"] = [int(macs), int(params)]
    macs, params = profile(model(), inputs=(x,), verbose=False)
    out["thop"] = [int(macs), int(params)]
    said = summary(model(), input_data=x, verbose=0)
    out["torchinfo"] = [said.total_mult_adds, said.total_params]
    flops, macs, params = calculate_flops(
        model(), input_shape=(1, 3, size, size), output_as_string=False, print_results=False, print_detailed=False
    )
    out["calflops-macs"], out["calflops-flops"] = [int(macs), int(params)], [int(flops), int(params)]
    counter = FlopCounterMode(display=False)
    net = model()
    with counter, torch.no_grad():
        net(x)
    out["torch-flop-counter"] = [int(counter.get_total_flops()), sum(p.numel() for p in net.parameters())]
    for name, keep in (("onnx-tool", False), ("onnx-tool-with-norm", True)):
        out[name] = measure_onnx(model(), x, keep)
    return out


def measure_onnx(net, x, keep_norm: bool) -> list:  # type: ignore[no-untyped-def]
    import onnx_tool
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        keep = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if keep_norm else {}
        quietly(lambda: torch.onnx.export(net, x, path, dynamo=False, **keep))
        graph = quietly(lambda: profiled(onnx_tool, path))
        return [int(graph.macs[0] if isinstance(graph.macs, list | tuple) else graph.macs), int(graph.params)]


def profiled(onnx_tool, path: str):  # type: ignore[no-untyped-def]
    graph = onnx_tool.Model(path, {"constant_folding": True}).graph
    graph.shape_infer()
    graph.profile()
    return graph


def measure_keras(function: str, arguments: dict, size: int) -> dict:
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = getattr(tf.keras.applications, function)(input_shape=(size, size, 3), weights=None, **arguments)
    spec = tf.TensorSpec((1, size, size, 3), tf.float32)
    frozen = convert_variables_to_constants_v2(tf.function(lambda x: model(x, training=False)).get_concrete_function(spec))
    options = tf.compat.v1.profiler.ProfileOptionBuilder(tf.compat.v1.profiler.ProfileOptionBuilder.float_operation())
    options = options.with_empty_output().build()
    work = tf.compat.v1.profiler.profile(frozen.graph, options=options).total_float_ops
    trained = sum(int(tf.size(w)) for w in model.trainable_weights)
    return {"tf-profiler": [work, trained], "keras": [None, model.count_params()]}


def versions(*names: str) -> dict[str, str]:
    return {name: importlib.metadata.version(name).split("+")[0] for name in names}


def main(half: str) -> None:
    data = json.loads(DATA.read_text()) if DATA.exists() else {}
    rows = {}
    table = TORCH if half == "torch" else KERAS
    for design, *call in table:
        print(design, flush=True)
        try:
            said = measure_torch(*call) if half == "torch" else measure_keras(*call)
        except Exception as e:  # one net that a tool cannot read must not lose the others
            print("  failed:", repr(e)[:300], flush=True)
            continue
        where = ".".join(call[:2]) if half == "torch" else f"keras.applications.{call[0]}"
        rows[design] = {"call": f"{where}({', '.join(f'{k}={v!r}' for k, v in call[-2].items())})", "resolution": call[-1], "tools": said}
    named = ("torch", "torchvision", "timm", "fvcore", "ptflops", "thop", "torchinfo", "calflops", "onnx", "onnx-tool")
    data[half] = {"versions": versions(*(named if half == "torch" else ("tensorflow", "keras"))), "designs": rows}
    DATA.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
