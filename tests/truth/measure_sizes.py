"""Which size do PyTorch and ONNX Runtime give a map that is resized, pooled or shuffled? What do nets cost?

    python tests/truth/measure_sizes.py tests/truth/sizes_torch.json

needs torch, onnx and onnxruntime. `ratios`: the side that `interpolate` gives for sides 1 to 200, by its
scale factor; `onnx`: that of ONNX Runtime's Resize, whose scales are of 32 bits; 0 where either refuses.
`adaptive`: how many positions an adaptive pool reads along a side of 1 to 64, by its output: the numbers of
its Jacobian that are not 0. `shuffle` and `unshuffle`: factor, channels, height, width, and the shape, or
null where PyTorch refuses. `nets`: by alpha and size, the parameters, and half of what torch's
FlopCounterMode counts. Widths follow alpha by the rule of TF-slim's MobileNet: multiples of 8, and never a
tenth less.
"""

import json
import sys
from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as functions
from torch.utils.flop_counter import FlopCounterMode

RATIOS = (0.05, 0.1, 0.2, 0.25, 0.29, 0.3, 1 / 3, 0.4, 0.5, 0.57, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.9, 1.0)
RATIOS += (1.1, 1.15, 1.25, 1.3, 4 / 3, 1.4, 1.5, 1.7, 2.0, 2.2, 2.5, 3.0, 3.3)
SIDES = range(1, 201)
ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
SIZES = ((97, 161), (64, 64), (50, 75), (128, 33))


def interpolated(ratio, n):
    try:
        return functions.interpolate(torch.zeros(1, 1, n), scale_factor=ratio, mode="nearest").shape[-1]
    except RuntimeError:
        return 0


def resized(ratio):
    """The sides that ONNX Runtime's Resize gives."""
    make = onnx.helper
    value = make.make_tensor_value_info
    scales = make.make_tensor("s", onnx.TensorProto.FLOAT, [3], [1, 1, ratio])
    node = make.make_node("Resize", ["x", "", "s"], ["y"], mode="nearest")
    x, y = value("x", 1, [1, 1, "n"]), value("y", 1, [1, 1, "m"])
    model = make.make_model(
        make.make_graph([node], "g", [x], [y], [scales]), opset_imports=[make.make_opsetid("", 18)]
    )
    model.ir_version = 9
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def side(n):
        try:
            return session.run(None, {"x": torch.zeros(1, 1, n).numpy()})[0].shape[-1]
        except Exception:
            return 0

    return [side(n) for n in SIDES]


def read(n, out):
    """How many positions an adaptive pool reads along one side, each as often as it is read."""
    x = torch.zeros(1, 1, n)
    jacobian = torch.autograd.functional.jacobian(lambda t: functions.adaptive_avg_pool1d(t, out), x)
    return int((jacobian != 0).sum())


def shuffled(module, c, h, w):
    try:
        return list(module(torch.zeros(1, c, h, w)).shape[1:])
    except RuntimeError:
        return None


def width(channels, alpha):
    wanted = channels * alpha
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded


def conv(c, out, k=3, stride=1):
    return nn.Sequential(nn.Conv2d(c, out, k, stride, k // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU())


class Resized(nn.Module):
    """To the size of another map, by ratios, to a fixed size, then flat."""

    def __init__(self, alpha, h, w):
        super().__init__()
        a, b, c = (width(n, alpha) for n in (16, 24, 32))
        self.a, self.b, self.c = conv(3, a, 3, 2), conv(a, b, 3, 2), conv(b, c, 3, 2)
        self.mix, self.wide, self.small = conv(b + c, b, 1), conv(b, b), conv(b, b)
        self.scores = nn.Linear(b * 3 * 5, 10)

    def forward(self, x):
        b = self.b(self.a(x))
        up = functions.interpolate(self.c(b), b.shape[2:])
        x = self.mix(torch.cat([up, b], 1))
        x = self.wide(functions.interpolate(x, scale_factor=(1.5, 2.5), mode="bilinear"))
        x = self.small(functions.interpolate(x, scale_factor=0.3, recompute_scale_factor=False))
        return self.scores(functions.adaptive_avg_pool2d(x, (3, 5)).flatten(1))


class Shuffled(nn.Module):
    """Channels to positions and back."""

    def __init__(self, alpha, h, w):
        super().__init__()
        a, b = width(16, alpha), width(32, alpha)
        self.a, self.up, self.down = conv(3, a, 3, 2), conv(a, b), conv(b // 4, b)
        self.shuffle, self.back, self.last = nn.PixelShuffle(2), nn.PixelUnshuffle(2), conv(4 * b, a, 1)

    def forward(self, x):
        return self.last(self.back(self.down(self.shuffle(self.up(self.a(x))))))


class Tokens(nn.Module):
    """Patches, a class token, positions, attention, and a map again, enlarged twice."""

    def __init__(self, alpha, h, w):
        super().__init__()
        c = width(32, alpha)
        self.patch, self.token = nn.Conv2d(3, c, 16, 16), nn.Parameter(torch.zeros(1, 1, c))
        self.size = h // 16, w // 16
        self.positions = nn.Parameter(torch.zeros(1, self.size[0] * self.size[1] + 1, c))
        self.norm, self.last = nn.LayerNorm(c), conv(c, c)
        self.qkv, self.project = nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = self.norm(torch.cat([self.token, x], 1) + self.positions)
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, 2, c // 2).permute(2, 0, 3, 1, 4)
        y = (q @ k.transpose(-2, -1)).softmax(-1) @ v
        x = x + self.project(y.transpose(1, 2).reshape(b, n, c))
        x = x[:, 1:].transpose(1, 2).reshape(b, c, *self.size)
        return self.last(functions.interpolate(x, scale_factor=2))


def costs(make, alpha, h, w):
    net = make(alpha, h, w).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, 3, h, w))
    return [sum(p.numel() for p in net.parameters()), counter.get_total_flops() // 2]


SHAPES = ((12, 5, 7), (12, 6, 9), (7, 4, 6), (18, 9, 12), (8, 97, 161))
FOUND = {
    "ratios": {str(r): [interpolated(r, n) for n in SIDES] for r in RATIOS},
    "onnx": {str(r): resized(r) for r in RATIOS},
    "adaptive": {str(out): [read(n, out) for n in range(1, 65)] for out in (1, 2, 3, 5, 7, 13)},
    "shuffle": [[r, *s, shuffled(nn.PixelShuffle(r), *s)] for r in (2, 3) for s in SHAPES],
    "unshuffle": [[r, *s, shuffled(nn.PixelUnshuffle(r), *s)] for r in (2, 3) for s in SHAPES],
    "nets": [
        [make.__name__, alpha, h, w, *costs(make, alpha, h, w)]
        for make in (Resized, Shuffled, Tokens)
        for alpha in ALPHAS
        for h, w in SIZES
    ],
}
versions = {"torch": torch.__version__, "onnxruntime": onnxruntime.__version__}
parts = [f'"versions": {json.dumps(versions)}']
for key, value in FOUND.items():
    if isinstance(value, dict):
        rows = ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in value.items())
        parts.append(f'"{key}": {{\n{rows}\n}}')
    else:
        rows = ",\n".join(map(json.dumps, value))
        parts.append(f'"{key}": [\n{rows}\n]')
Path(sys.argv[1]).write_text("{" + ",\n".join(parts) + "}\n")
