"""What do the real counting tools print?

Runs them and writes tests/truth/tools.json; not part of the test run.

    python tests/truth/measure_tools.py torch     needs torch, torchvision, timm, onnx, measure_torch's tools
    python tests/truth/measure_tools.py keras     needs tensorflow
    python tests/truth/measure_tools.py ops       as torch: layer by layer, behind a 1x1 convolution, no bias

Each part replaces its own rows and keeps the others'. A row is a design of ours, the call that builds it in
the framework, and what each tool says of it: [work, parameters], null where a tool has no word on one of
them or fails.
"""

from __future__ import annotations

import contextlib
import copy
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
    # calflops imports these for language models, which are not measured here
    sys.modules.setdefault(name, MagicMock())

DATA = Path(__file__).with_name("tools.json")

TORCH = [  # our design, module, function, arguments, resolution
    ("torchvision/v2", "torchvision", "mobilenet_v2", {}, 224),
    ("torchvision/v2:alpha=0.5,resolution=160", "torchvision", "mobilenet_v2", {"width_mult": 0.5}, 160),
    ("torchvision/v2:alpha=1.4,resolution=192", "torchvision", "mobilenet_v2", {"width_mult": 1.4}, 192),
    (
        "torchvision/v2:alpha=0.35,resolution=97,classes=10",
        "torchvision",
        "mobilenet_v2",
        {"width_mult": 0.35, "num_classes": 10},
        97,
    ),
    ("torchvision/v3-large", "torchvision", "mobilenet_v3_large", {}, 224),
    (
        "torchvision/v3-large:alpha=0.75,resolution=160",
        "torchvision",
        "mobilenet_v3_large",
        {"width_mult": 0.75},
        160,
    ),
    ("torchvision/v3-large-reduced-tail", "torchvision", "mobilenet_v3_large", {"reduced_tail": True}, 224),
    ("torchvision/v3-small", "torchvision", "mobilenet_v3_small", {}, 224),
    (
        "torchvision/v3-small:alpha=0.5,resolution=128",
        "torchvision",
        "mobilenet_v3_small",
        {"width_mult": 0.5},
        128,
    ),
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

ASKED = (
    "fvcore",
    "ptflops-pytorch",
    "ptflops-aten",
    "thop",
    "torchinfo",
    "calflops-macs",
    "calflops-flops",
    "torch-flop-counter",
    "onnx-tool",
    "onnx-tool-with-norm",
)

KERAS = [  # our design, function of keras.applications, arguments, resolution
    ("keras/v1", "MobileNet", {}, 224),
    ("keras/v1:alpha=0.5,resolution=160", "MobileNet", {"alpha": 0.5}, 160),
    ("keras/v2", "MobileNetV2", {}, 224),
    ("keras/v2:alpha=0.5,resolution=128", "MobileNetV2", {"alpha": 0.5}, 128),
    ("keras/v3-large", "MobileNetV3Large", {}, 224),
    (
        "keras/v3-large:alpha=0.75,resolution=192,classes=10",
        "MobileNetV3Large",
        {"alpha": 0.75, "classes": 10},
        192,
    ),
    ("keras/v3-large-minimalistic", "MobileNetV3Large", {"minimalistic": True}, 224),
    ("keras/v3-small", "MobileNetV3Small", {}, 224),
    ("keras/v3-small-minimalistic:resolution=160", "MobileNetV3Small", {"minimalistic": True}, 160),
]


OPS = [  # a row of a spec, the same in torch.nn, channels, resolution
    (
        '{ op = "transposed_conv", out = 8, padding = "valid", bias = true }',
        "nn.ConvTranspose2d(6, 8, 2, 2)",
        6,
        5,
    ),
    (
        '{ op = "transposed_conv", out = 18, kernel = 4, stride = 4, padding = "valid", bias = true }',
        "nn.ConvTranspose2d(12, 18, 4, 4)",
        12,
        7,
    ),
    (
        '{ op = "transposed_conv", out = 8, kernel = 3, padding = 1, output_padding = 1 }',
        "nn.ConvTranspose2d(6, 8, 3, 2, 1, 1, bias=False)",
        6,
        5,
    ),
    (
        '{ op = "transposed_conv", out = 8, kernel = 3, groups = 2, padding = "valid", bias = true }',
        "nn.ConvTranspose2d(6, 8, 3, 2, groups=2)",
        6,
        5,
    ),
    (
        '{ op = "transposed_conv", out = 6, kernel = 3, groups = 6, padding = "valid", bias = true }',
        "nn.ConvTranspose2d(6, 6, 3, 2, groups=6)",
        6,
        5,
    ),
    (
        '{ op = "transposed_conv", out = 8, kernel = 3, dilation = 2, padding = "valid", bias = true }',
        "nn.ConvTranspose2d(6, 8, 3, 2, dilation=2)",
        6,
        5,
    ),
    (
        '{ op = "transposed_conv", out = 8, kernel = 1, stride = 1, bias = true }',
        "nn.ConvTranspose2d(6, 8, 1)",
        6,
        5,
    ),
    ('{ op = "conv", out = 8, kernel = 3, stride = 2, bias = true }', "nn.Conv2d(6, 8, 3, 2, 1)", 6, 8),
    (
        '{ op = "conv", out = 8, kernel = 3, groups = 2, dilation = 2, bias = true }',
        "nn.Conv2d(6, 8, 3, 1, 2, 2, 2)",
        6,
        8,
    ),
    ('{ op = "depthwise", multiplier = 2, bias = true }', "nn.Conv2d(6, 12, 3, 1, 1, groups=6)", 6, 8),
    ('{ op = "dense", out = 10 }', "Tokens(nn.Linear(6, 10))", 6, 4),
    ('{ op = "dense", out = 10, bias = false }', "Tokens(nn.Linear(6, 10, bias=False))", 6, 4),
    ('{ op = "norm" }', "nn.BatchNorm2d(6)", 6, 4),
    ('{ op = "layer_norm" }', "Tokens(nn.LayerNorm(6))", 6, 4),
    (
        '{ op = "layer_norm", scale = false, center = false }',
        "Tokens(nn.LayerNorm(6, elementwise_affine=False))",
        6,
        4,
    ),
    *(
        (f'{{ op = "activation", function = "{name}" }}', f"nn.{layer}()", 6, 4)
        for name, layer in {
            "relu": "ReLU",
            "relu6": "ReLU6",
            "hswish": "Hardswish",
            "hsigmoid": "Hardsigmoid",
            "sigmoid": "Sigmoid",
            "swish": "SiLU",
            "gelu": "GELU",
            "elu": "ELU",
            "leaky_relu": "LeakyReLU",
            "tanh": "Tanh",
        }.items()
    ),
    ('{ op = "prelu", slopes = 6 }', "nn.PReLU(6)", 6, 4),
    ('{ op = "max_pool" }', "nn.MaxPool2d(2)", 6, 4),
    ('{ op = "avg_pool" }', "nn.AvgPool2d(2)", 6, 4),
    ('{ op = "adaptive_pool", size = 3 }', "nn.AdaptiveAvgPool2d(3)", 6, 6),
    ('{ op = "global_pool" }', "nn.AdaptiveAvgPool2d(1)", 6, 4),
    ('{ op = "upsample", method = "nearest" }', 'nn.Upsample(scale_factor=2, mode="nearest")', 6, 4),
    ('{ op = "upsample", method = "bilinear" }', 'nn.Upsample(scale_factor=2, mode="bilinear")', 6, 4),
    ('{ op = "matmul", inner = 6, h = 1, w = 16, c = 16, from = ["first", "first"] }', "Products()", 6, 4),
    (
        '{ op = "matmul", inner = 6, h = 1, w = 16, c = 16, from = ["first", "first"] } # a function',
        "Products(lambda a, b: torch.matmul(a, b))",
        6,
        4,
    ),
]


def quietly(f):  # type: ignore[no-untyped-def]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return f()


def measure_torch(module: str, function: str, arguments: dict, size: int) -> dict:
    import torch

    def model():  # type: ignore[no-untyped-def]
        if module == "timm":
            import timm

            return timm.create_model(function, **arguments).eval()
        import torchvision

        return getattr(torchvision.models, function)(**arguments).eval()

    return {tool: ask() for tool, ask in questions(model, torch.zeros(1, 3, size, size)).items()}


def questions(model, x):  # type: ignore[no-untyped-def]
    """How to ask each tool of a model on an input; every answer is [work, parameters]."""
    import torch
    from calflops import calculate_flops
    from fvcore.nn import FlopCountAnalysis, parameter_count
    from ptflops import get_model_complexity_info
    from thop import profile
    from torch.utils.flop_counter import FlopCounterMode
    from torchinfo import summary

    shape = tuple(x.shape)

    def fvcore():  # type: ignore[no-untyped-def]
        counted = (
            FlopCountAnalysis(model(), x).unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        )
        return [int(counted.total()), parameter_count(model())[""]]

    def ptflops(backend: str):  # type: ignore[no-untyped-def]
        said = get_model_complexity_info(
            model(), shape[1:], as_strings=False, print_per_layer_stat=False, backend=backend
        )
        return [int(n) for n in said]

    def torchinfo():  # type: ignore[no-untyped-def]
        said = summary(model(), input_data=x, verbose=0)
        return [said.total_mult_adds, said.total_params]

    def calflops(macs: bool):  # type: ignore[no-untyped-def]
        said = calculate_flops(
            model(), input_shape=shape, output_as_string=False, print_results=False, print_detailed=False
        )
        return [int(said[1 if macs else 0]), int(said[2])]

    def counter():  # type: ignore[no-untyped-def]
        net = model()
        with FlopCounterMode(display=False) as counted, torch.no_grad():
            net(x)
        return [int(counted.get_total_flops()), sum(p.numel() for p in net.parameters())]

    asked = {
        "fvcore": fvcore,
        "ptflops-pytorch": lambda: ptflops("pytorch"),
        "ptflops-aten": lambda: ptflops("aten"),
        "thop": lambda: [int(n) for n in profile(model(), inputs=(x,), verbose=False)],
        "torchinfo": torchinfo,
        "calflops-macs": lambda: calflops(True),
        "calflops-flops": lambda: calflops(False),
        "torch-flop-counter": counter,
        "onnx-tool": lambda: measure_onnx(model(), x, False),
        "onnx-tool-with-norm": lambda: measure_onnx(model(), x, True),
    }
    return {tool: lambda ask=ask: quietly(ask) for tool, ask in asked.items()}


def measure_op(layer: str, channels: int, size: int) -> dict:
    """Ask every tool of one layer, each in a process of its own: a tool that fails leaves its hooks
    behind.
    """
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    out = {}
    for tool in ASKED:
        with ProcessPoolExecutor(1, get_context("fork")) as pool:
            out[tool] = pool.submit(ask_op, layer, channels, size, tool).result(120)
    return out


def ask_op(layer: str, channels: int, size: int, tool: str) -> list:
    import torch
    from torch import nn

    class Tokens(nn.Module):
        """A layer over the positions of a map, as a transformer has them."""

        def __init__(self, layer) -> None:  # type: ignore[no-untyped-def]
            super().__init__()
            self.layer = layer

        def forward(self, x):  # type: ignore[no-untyped-def]
            return self.layer(x.flatten(2).transpose(1, 2))

    class Products(nn.Module):
        """Every position by every other, as the operator @ or by a function."""

        def __init__(self, by=lambda a, b: a @ b) -> None:  # type: ignore[no-untyped-def]
            super().__init__()
            self.by = by

        def forward(self, x):  # type: ignore[no-untyped-def]
            x = x.flatten(2)
            return self.by(x.transpose(1, 2), x)

    # of the table above alone
    made = eval(layer, {"nn": nn, "torch": torch, "Tokens": Tokens, "Products": Products})
    net = nn.Sequential(nn.Conv2d(channels, channels, 1, bias=False), made)
    try:
        return questions(lambda: copy.deepcopy(net).eval(), torch.zeros(1, channels, size, size))[tool]()
    except Exception as e:  # what a tool cannot say is part of the answer
        print(f"  {tool}: {e!r}"[:200], file=sys.stderr)
        return [None, None]


def measure_onnx(net, x, keep_norm: bool) -> list:  # type: ignore[no-untyped-def]
    import onnx_tool
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model.onnx"
        keep = (
            {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False} if keep_norm else {}
        )
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
    frozen = convert_variables_to_constants_v2(
        tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    )
    options = tf.compat.v1.profiler.ProfileOptionBuilder(
        tf.compat.v1.profiler.ProfileOptionBuilder.float_operation()
    )
    options = options.with_empty_output().build()
    work = tf.compat.v1.profiler.profile(frozen.graph, options=options).total_float_ops
    trained = sum(int(tf.size(w)) for w in model.trainable_weights)
    return {"tf-profiler": [work, trained], "keras": [None, model.count_params()]}


def versions(*names: str) -> dict[str, str]:
    return {name: importlib.metadata.version(name).split("+")[0] for name in names}


def measure_ops() -> dict:
    """One row a layer, by the row of our spec."""
    rows = {}
    for row, layer, channels, size in OPS:
        print(row, flush=True)
        rows[row] = {
            "call": layer,
            "channels": channels,
            "resolution": size,
            "tools": measure_op(layer, channels, size),
        }
    return rows


def main(half: str) -> None:
    data = json.loads(DATA.read_text()) if DATA.exists() else {}
    rows = measure_ops() if half == "ops" else measure_designs(half)
    named = (
        "torch",
        "torchvision",
        "timm",
        "fvcore",
        "ptflops",
        "thop",
        "torchinfo",
        "calflops",
        "onnx",
        "onnx-tool",
    )
    data[half] = {
        "versions": versions(*(("tensorflow", "keras") if half == "keras" else named)),
        "designs": rows,
    }
    DATA.write_text(json.dumps(data, indent=1) + "\n")


def measure_designs(half: str) -> dict:
    """One row a design."""
    rows = {}
    for design, *call in TORCH if half == "torch" else KERAS:
        print(design, flush=True)
        try:
            said = measure_torch(*call) if half == "torch" else measure_keras(*call)
        except Exception as e:  # one net that a tool cannot read must not lose the others
            print("  failed:", repr(e)[:300], flush=True)
            continue
        where = ".".join(call[:2]) if half == "torch" else f"keras.applications.{call[0]}"
        rows[design] = {
            "call": f"{where}({', '.join(f'{k}={v!r}' for k, v in call[-2].items())})",
            "resolution": call[-1],
            "tools": said,
        }
    return rows


if __name__ == "__main__":
    main(sys.argv[1])
