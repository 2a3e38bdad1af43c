"""What do blocks learn whose activation is PReLU, with a slope for each channel or one for all?

    python tests/truth/measure_prelu.py tests/truth/prelu.json

needs PyTorch. Every block is written here by hand from its paper, behind a convolution of 3 channels to 16
with stride 2. Rows are the block, alpha, the input's height and width, and, for each kind of PReLU, the
slopes, all parameters, and half of what `torch.utils.flop_counter` counts. Widths follow alpha by TF-slim's
rule.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.4)
SIZES = ((32, 32), (61, 45))


def divisible(wanted):
    """A multiple of 8, and never a tenth less."""
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 * (rounded < 0.9 * wanted)


def conv(c, out, k=1, stride=1, act=None, groups=1, norm=True):
    """A convolution with batch norm, and an activation of its channels."""
    layers = [nn.Conv2d(c, out, k, stride, k // 2, groups=groups, bias=False)]
    return nn.Sequential(*layers, *([nn.BatchNorm2d(out)] if norm else []), *([act(out)] if act else []))


class Sum(nn.Module):
    """Branches added up, then an activation."""

    def __init__(self, *branches, last=None):
        super().__init__()
        self.branches, self.last = nn.ModuleList(branches), last or nn.Identity()

    def forward(self, x):
        return self.last(sum(branch(x) for branch in self.branches))


class Joined(nn.Module):
    """Branches behind one layer, concatenated."""

    def __init__(self, *branches, first=None):
        super().__init__()
        self.first, self.branches = first or nn.Identity(), nn.ModuleList(branches)

    def forward(self, x):
        x = self.first(x)
        return torch.cat([branch(x) for branch in self.branches], 1)


class Gate(nn.Module):
    """Squeeze-and-excite, whose squeeze is followed by PReLU."""

    def __init__(self, c, few, act):
        super().__init__()
        self.squeeze, self.act, self.excite = nn.Conv2d(c, few, 1), act(few), nn.Conv2d(few, c, 1)

    def forward(self, x):
        return x * self.excite(self.act(self.squeeze(x.mean((2, 3), keepdim=True)))).sigmoid()


def bneck(c, out, stride, act, expand=4, gate=None):
    mid = expand * c
    layers = [conv(c, mid, act=act), conv(mid, mid, 3, stride, act, mid), *([gate(mid)] if gate else [])]
    layers = nn.Sequential(*layers, conv(mid, out))
    return Sum(layers, nn.Identity()) if (c, stride) == (out, 1) else layers


def residual(c, mid, out, act, stride=1):
    deep = nn.Sequential(conv(c, mid, act=act), conv(mid, mid, 3, stride, act), conv(mid, out))
    same = (c, stride) == (out, 1)
    return Sum(deep, nn.Identity() if same else conv(c, out, 1, stride), last=act(out))


def basic(c, out, act, stride=1):
    deep = nn.Sequential(conv(c, out, 3, stride, act), conv(out, out, 3))
    same = (c, stride) == (out, 1)
    return Sum(deep, nn.Identity() if same else conv(c, out, 1, stride), last=act(out))


def uib(c, out, act, start, kernel, stride):
    mid = 4 * c
    first = [conv(c, c, start, 1 if kernel else stride, None, c)] if start else []
    middle = [conv(mid, mid, kernel, stride, act, mid)] if kernel else []
    layers = nn.Sequential(*first, conv(c, mid, act=act), *middle, conv(mid, out))
    return Sum(layers, nn.Identity()) if (c, stride) == (out, 1) else layers


def inception(c, w, act):
    branches = [nn.Sequential(conv(c, w(8), act=act), conv(w(8), w(16), k, act=act)) for k in (3, 5)]
    pooled = nn.Sequential(nn.MaxPool2d(3, 1, 1), conv(c, w(8), act=act))
    return Joined(conv(c, w(8), act=act), *branches, pooled)


def xception(c, out, act):
    separable = [
        nn.Sequential(conv(n, n, 3, groups=n, norm=False), conv(n, out, act=last))
        for n, last in ((c, act), (out, None))
    ]
    deep = nn.Sequential(act(c), *separable, nn.MaxPool2d(3, 2, 1))
    return Sum(deep, conv(c, out, 1, 2))


BLOCKS = {
    "conv_norm": lambda c, w, act: conv(c, w(32), 3, 2, act),
    "depthwise_norm": lambda c, w, act: conv(c, c, 3, 1, act, c),
    "separable": lambda c, w, act: nn.Sequential(conv(c, c, 3, 2, act, c), conv(c, w(32), act=act)),
    "bneck": lambda c, w, act: nn.Sequential(bneck(c, w(24), 2, act), bneck(w(24), w(24), 1, act)),
    "bneck with a gate": lambda c, w, act: bneck(
        c, w(24), 1, act, gate=lambda mid: Gate(mid, divisible(mid / 4), act)
    ),
    "fire": lambda c, w, act: Joined(
        conv(w(8), w(32) // 2, act=act), conv(w(8), w(32) // 2, 3, act=act), first=conv(c, w(8), act=act)
    ),
    "residual": lambda c, w, act: nn.Sequential(
        residual(c, w(16), w(64), act, 2), residual(w(64), w(16), w(64), act)
    ),
    "basic": lambda c, w, act: nn.Sequential(basic(c, w(32), act, 2), basic(w(32), w(32), act)),
    "uib": lambda c, w, act: nn.Sequential(
        uib(c, w(24), act, 3, 5, 2), uib(w(24), w(24), act, 0, 3, 1), uib(w(24), w(24), act, 3, 0, 1)
    ),
    "inception": inception,
    "xception": lambda c, w, act: xception(c, w(32), act),
    "a block of the spec": lambda c, w, act: nn.Sequential(
        *(
            Sum(nn.Sequential(conv(n, 2 * n, act=act), conv(2 * n, n, 3)), nn.Identity(), last=act(n))
            for n in (c, c)
        )
    ),
    "activation": lambda c, w, act: nn.Sequential(nn.Conv2d(c, w(32), 1), act(w(32))),
}


def measure(make, alpha, h, w):
    def width(printed):
        return printed if alpha == 1 else divisible(printed * alpha)

    found = []
    for act in (nn.PReLU, lambda c: nn.PReLU()):
        c = width(16)
        net = nn.Sequential(conv(3, c, 3, 2, act), make(c, width, act)).eval()
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            net(torch.zeros(1, 3, h, w))
        slopes = sum(m.weight.numel() for m in net.modules() if isinstance(m, nn.PReLU))
        found += [slopes, sum(p.numel() for p in net.parameters()), counter.get_total_flops() // 2]
    return found


rows = [
    [name, alpha, h, w, *measure(make, alpha, h, w)]
    for name, make in BLOCKS.items()
    for alpha in ALPHAS
    for h, w in SIZES
]
kinds = [f"{kind} {figure}" for kind in ("each", "shared") for figure in ("slopes", "params", "madds")]
columns = json.dumps(["block", "alpha", "h", "w", *kinds])
lines = ",\n".join(map(json.dumps, rows))
Path(sys.argv[1]).write_text(
    f'{{"torch": {json.dumps(torch.__version__)}, "columns": {columns},\n"records": [\n{lines}\n]}}\n'
)
