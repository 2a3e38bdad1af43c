"""What do the networks cost that mobile networks are compared with? Measured on timm's builds, and on nets
that are built here from their papers' tables.

    python tests/truth/measure_mobile.py > tests/truth/mobile.json

Needs torch and timm; the tests read the figures only. The multiply-adds are those that torch's own counter
sees in convolutions, dense layers and matrix products; attention runs unfused, so that its products are seen.
"""

import itertools
import os
import sys
from functools import partial
from math import ceil
from pathlib import Path

os.environ["TIMM_FUSED_ATTN"] = "0"
import timm
import torch
from timm.models import mobilenetv3
from timm.utils import reparameterize_model
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parent))
from rows import dump


def conv(c, out, kernel=1, stride=1, groups=1, act=nn.ReLU):
    """A convolution without bias, its batch norm, and an activation if there is one."""
    layers = [
        nn.Conv2d(c, out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return [*layers, act()] if act else layers


class Sum(nn.Module):
    """The sum of what a block and its shortcut give."""

    def __init__(self, block, shortcut=()):
        super().__init__()
        self.block, self.shortcut = nn.Sequential(*block), nn.Sequential(*shortcut)

    def forward(self, x):
        return self.block(x) + self.shortcut(x)


def classifier(c, classes):
    return [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, classes)]


def cifar_v1():
    """github kuangliu/pytorch-cifar, models/mobilenet.py: V1 whose first layer does not stride."""
    layers, c = conv(3, 32, 3), 32
    for out, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5]:
        layers, c = [*layers, *conv(c, c, 3, stride, c), *conv(c, out)], out
    for stride in (2, 1):
        layers, c = [*layers, *conv(c, c, 3, stride, c), *conv(c, 1024)], 1024
    return nn.Sequential(*layers, *classifier(c, 10))


def cifar_v2():
    """github kuangliu/pytorch-cifar, models/mobilenetv2.py: stem and second stage do not stride, every
    block expands, and a block of stride 1 that changes the width has a 1x1 convolution on its shortcut.
    """
    layers, c = conv(3, 32, 3), 32
    for t, out, n, s in [
        (1, 16, 1, 1),
        (6, 24, 2, 1),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    ]:
        for stride in [s] + [1] * (n - 1):
            mid = t * c
            block = [*conv(c, mid), *conv(mid, mid, 3, stride, mid), *conv(mid, out, act=None)]
            if stride == 1:
                block = [Sum(block, conv(c, out, act=None) if c != out else ())]
            layers, c = [*layers, *block], out
    return nn.Sequential(*layers, *conv(c, 1280), *classifier(1280, 10))


def mobilefacenet():
    """arXiv 1804.07573, table 1; PReLU after every convolution but the linear ones."""

    def prelu(c, out, kernel=1, stride=1, groups=1):
        return [*conv(c, out, kernel, stride, groups, act=None), nn.PReLU(out)]

    layers, c = [*prelu(3, 64, 3, 2), *prelu(64, 64, 3, 1, 64)], 64
    for t, out, n, s in [(2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)]:
        for stride in [s] + [1] * (n - 1):
            mid = t * c
            block = [*prelu(c, mid), *prelu(mid, mid, 3, stride, mid), *conv(mid, out, act=None)]
            layers, c = [*layers, *([Sum(block)] if stride == 1 and c == out else block)], out
    layers += prelu(c, 512)
    layers += [nn.Conv2d(512, 512, 7, groups=512, bias=False), nn.BatchNorm2d(512)]
    return nn.Sequential(*layers, *conv(512, 128, act=None), nn.Flatten())


def divisible(value, divisor):
    """The papers' rounding: to a multiple, never losing more than a tenth."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded


def sandglass(c, out, stride, t, filters):
    """MobileNeXt's block: filters at its wide ends, and a narrow middle.

    filters: whether there is a depthwise filter before, and one after.
    """
    mid = c // t
    if mid < out / 6:
        mid = divisible(ceil(out / 6), 16)
    first = conv(c, c, 3, 1, c, act=nn.ReLU6) if filters[0] else []
    last = conv(out, out, 3, stride, out, act=None) if filters[1] else []
    return [*first, *conv(c, mid, act=None), *conv(mid, out, act=nn.ReLU6), *last]


def mobilenext(alpha=1.0):
    """arXiv 2007.02269, table 2, with the filters that github zhoudaquan/rethinking_bottleneck_design,
    mnext.py leaves out where a block changes the width, and its rounding of widths.
    """
    c = divisible(32 * alpha, 8)
    layers = conv(3, c, 3, 2, act=nn.ReLU6)
    for t, out, n, s in [
        (2, 96, 1, 2),
        (6, 144, 1, 1),
        (6, 192, 3, 2),
        (6, 288, 3, 2),
        (6, 384, 4, 1),
        (6, 576, 4, 2),
        (6, 960, 3, 1),
        (6, 1280, 1, 1),
    ]:
        both = t == 2 or (n, s) == (1, 1)
        out = 1280 if out == 1280 and alpha < 1 else divisible(out * alpha, 8)
        layers += sandglass(c, out, s, t, (True, True) if both else (False, s == 2))
        layers += [Sum(sandglass(out, out, 1, t, (True, True))) for _ in range(n - 1)]
        c = out
    return nn.Sequential(*layers, *classifier(c, 1000))


def deployed(name):
    """MobileOne with the branches of each block folded into one convolution."""
    return reparameterize_model(timm.create_model(name).eval())


MOBILENETV4 = {
    "conv-small": (224, 256),
    "conv-medium": (224, 256),
    "conv-large": (256, 384),
    "hybrid-medium": (224, 256),
    "hybrid-large": (256, 384),
}
OF_TIMM = {
    **{f"mobilenetv4-{k}": (f"mobilenetv4_{k.replace('-', '_')}", v) for k, v in MOBILENETV4.items()},
    "ghostnet": ("ghostnet_100", (224, 192)),
    "ghostnet-v2": ("ghostnetv2_100", (224, 192)),
    **{f"mobilevit-{k}": (f"mobilevit_{k}", (256, 192, 224)) for k in ("xxs", "xs", "s")},
    **{
        f"edgenext-{k}": (f"edgenext_{k.replace('-', '_')}", (256, 224))
        for k in ("xx-small", "x-small", "small")
    },
    **{f"deit-{k}": (f"deit_{k}_patch16_224", (224, 192)) for k in ("tiny", "small")},
    "convnext-tiny": ("convnext_tiny", (224, 192)),
}
AT_ALPHAS = [
    ("mobilenetv4-hybrid-medium", 0.75, 224, "mobilenetv4_hybrid_medium_075"),
    ("mobilenetv4-hybrid-large", 0.75, 256, "mobilenetv4_hybrid_large_075"),
    ("ghostnet", 0.5, 224, "ghostnet_050"),
    ("ghostnet", 1.3, 224, "ghostnet_130"),
    ("ghostnet-v2", 1.3, 224, "ghostnetv2_130"),
    ("ghostnet-v2", 1.6, 224, "ghostnetv2_160"),
]
OURS = {
    "v1-cifar10": (cifar_v1, (32, 28), 10),
    "v2-cifar10": (cifar_v2, (32, 30), 10),
    "mobilefacenet": (mobilefacenet, (112,), None),
    "mobilenext": (mobilenext, (224, 192), 1000),
}


def asked():
    """Yield (design, alpha, size, classes, builder)."""
    for design, (name, sizes) in OF_TIMM.items():
        for size in sizes:
            options = {"img_size": size} if design.startswith("deit") else {}
            yield design, 1.0, size, 1000, partial(timm.create_model, name, **options)
    for design, alpha, size, name in AT_ALPHAS:
        yield design, alpha, size, 1000, partial(timm.create_model, name)
    for n in range(5):
        for size in (224, 192):
            yield f"mobileone-s{n}", 1.0, size, 1000, partial(deployed, f"mobileone_s{n}")
    for alpha in (0.35, 0.5, 0.75, 1.4):
        yield "mobilenext", alpha, 224, 1000, partial(mobilenext, alpha)
    for name, alpha in itertools.product(("conv_small", "conv_medium", "conv_large"), (0.35, 0.5, 1.25)):
        build = partial(mobilenetv3._gen_mobilenet_v4, f"mobilenetv4_{name}", alpha)
        yield f"mobilenetv4-{name.replace('_', '-')}", alpha, 224, 1000, build
    for design, (build, sizes, classes) in OURS.items():
        for size in sizes:
            yield design, 1.0, size, classes, build


def main():
    records = []
    for design, alpha, size, classes, build in asked():
        model = build().eval()
        trainable = sum(p.numel() for p in model.parameters())
        statistics = sum(b.numel() for name, b in model.named_buffers() if "running" in name)
        with torch.no_grad(), FlopCounterMode(display=False) as counted:
            model(torch.zeros(1, 3, size, size))
        macs = counted.get_total_flops() // 2
        records.append([design, alpha, size, classes, trainable, trainable + statistics, macs])
        print(*records[-1], file=sys.stderr)
    dump(f"timm {timm.__version__}, torch {torch.__version__}", records, {})


if __name__ == "__main__":
    main()
