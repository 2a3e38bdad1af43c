"""Measure the modules of docs/examples.md on PyTorch: parameters, and the multiply-adds that it dispatches.

    python tests/truth/measure_examples.py tests/truth/examples.json

needs PyTorch and torchvision. Every module is written here by hand from its paper, or is PyTorch's own, not
from the spec. Multiply-adds are half of what `torch.utils.flop_counter` counts: convolutions and matrix
products, wherever they are called. A module is measured at two sizes, and at several width multipliers; its
inputs and outputs keep their channels. Positions that are learned are as many as the size has tokens.
"""

import json
import sys
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as functions
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.swin_transformer import ShiftedWindowAttention

torch.backends.mha.set_fastpath_enabled(False)  # its one fused op is counted as nothing


def divisible(wanted):
    """A multiple of 8, and never a tenth less, as TF-slim's MobileNet rounds widths."""
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 * (rounded < 0.9 * wanted)


def widths(alpha):
    """What becomes of a printed width."""
    return lambda printed: printed if alpha == 1 else divisible(printed * alpha)


def conv(c, out, k=1, stride=1, act=nn.ReLU, dilation=1, groups=1):
    """A convolution with batch norm and activation."""
    layers = [
        nn.Conv2d(c, out, k, stride, dilation * (k - 1) // 2, dilation, groups, bias=False),
        nn.BatchNorm2d(out),
    ]
    return nn.Sequential(*layers, *([act()] if act else []))


class Mobile(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(32)
        self.stem = conv(16, c, 3, 2, lambda: nn.PReLU(c))
        prelu = lambda: nn.PReLU(2 * c)  # noqa: E731
        self.block = nn.Sequential(
            conv(c, 2 * c, act=prelu),
            conv(2 * c, 2 * c, 3, act=prelu, groups=2 * c),
            conv(2 * c, c, act=None),
        )
        self.last = nn.Sequential(nn.Conv2d(c, w(8), 1, bias=False), nn.PReLU())

    def forward(self, x):
        x = self.stem(x)
        return self.last(x + self.block(x))


class ConvNeXt(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(24)
        self.stem = nn.Conv2d(3, c, 4, 4)
        self.filter = nn.Conv2d(c, c, 7, padding=3, groups=c)
        self.norm, self.up, self.down = nn.LayerNorm(c), nn.Linear(c, w(96)), nn.Linear(w(96), c)
        self.gamma = nn.Parameter(torch.ones(c))

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.filter(x).permute(0, 2, 3, 1))
        return x + (self.gamma * self.down(functions.gelu(self.up(y)))).permute(0, 3, 1, 2)


class Shared(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(16)
        self.p3, self.p4, self.tower = conv(3, c, 3, 2), conv(c, c, 3, 2), conv(c, c, 3)
        self.box = nn.Conv2d(c, 36, 3, padding=1)

    def forward(self, x):
        p3 = self.p3(x)
        return [self.box(self.tower(p)) for p in (p3, self.p4(p3))]


class SwiGlu(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.up, self.open, self.down = (
            nn.Linear(a, b, bias=False) for a, b in ((32, w(88)), (32, w(88)), (w(88), w(32)))
        )

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        return self.down(self.up(x) * functions.silu(self.open(x)))


class Dynamic(nn.Module):
    def __init__(self, w, c=16, experts=4):
        super().__init__()
        out = w(32)
        self.squeeze, self.route = nn.Linear(c, c // 4, bias=False), nn.Linear(c // 4, experts)
        self.kernels = nn.Parameter(torch.randn(experts, out * c * 9))
        self.shape, self.norm = (out, c, 3, 3), nn.BatchNorm2d(out)

    def forward(self, x):
        shares = self.route(functions.relu(self.squeeze(x.mean((2, 3))))).softmax(1)
        return functions.relu(
            self.norm(functions.conv2d(x, (shares @ self.kernels).view(self.shape), padding=1))
        )


class Eca(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)

    def forward(self, x):
        y = self.conv(x.mean((2, 3))[:, None])
        return x * y.sigmoid().transpose(1, 2)[..., None]


class Cbam(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(32)
        self.stem = nn.Conv2d(3, c, 3, padding=1, bias=False)
        self.mlp = nn.Sequential(nn.Linear(c, w(8), bias=False), nn.ReLU(), nn.Linear(w(8), c, bias=False))
        self.spatial = conv(2, 1, 7, act=nn.Sigmoid)

    def forward(self, x):
        x = self.stem(x)
        x = x * (self.mlp(x.mean((2, 3))) + self.mlp(x.amax((2, 3)))).sigmoid()[..., None, None]
        return x * self.spatial(torch.cat([x.mean(1, True), x.amax(1, True)], 1))


class Aspp(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(16)
        self.branches = nn.ModuleList([conv(32, c), *(conv(32, c, 3, dilation=d) for d in (6, 12, 18))])
        self.pooled, self.last = conv(32, c), conv(5 * c, c)

    def forward(self, x):
        pooled = functions.interpolate(self.pooled(x.mean((2, 3), True)), x.shape[2:], mode="bilinear")
        return self.last(torch.cat([*(b(x) for b in self.branches), pooled], 1))


class Fpn(nn.Module):
    def __init__(self, w):
        super().__init__()
        a, b, c, out = w(16), w(32), w(64), w(24)
        self.c = nn.ModuleList([conv(3, a, 3, 8), conv(a, b, 3, 2), conv(b, c, 3, 2)])
        self.lateral = nn.ModuleList([nn.Conv2d(n, out, 1) for n in (a, b, c)])
        self.out = nn.ModuleList([nn.Conv2d(out, out, 3, padding=1) for _ in range(3)])

    def forward(self, x):
        c = []
        for level in self.c:
            c.append(x := level(x))
        maps = [lateral(y) for lateral, y in zip(self.lateral, c, strict=True)]
        for n in (1, 0):
            maps[n] = maps[n] + functions.interpolate(maps[n + 1], maps[n].shape[2:])
        return [out(m) for out, m in zip(self.out, maps, strict=True)]


class Ssd(nn.Module):
    def __init__(self, w):
        super().__init__()
        self.a, self.b = conv(3, w(16), 3, 4), conv(w(16), w(32), 3, 2)
        self.heads = nn.ModuleList([nn.Conv2d(w(c), 6 * n, 3, padding=1) for c in (16, 32) for n in (4, 21)])

    def forward(self, x):
        a = self.a(x)
        b = self.b(a)
        return [head(m).flatten(1) for head, m in zip(self.heads, (a, a, b, b), strict=True)]


class Yolo(nn.Module):
    def __init__(self, w):
        super().__init__()
        leaky = lambda: nn.LeakyReLU(0.1)  # noqa: E731
        a, b = w(16), w(32)
        self.fine, self.coarse = conv(3, a, 3, 8), conv(a, b, 3, 2, leaky)
        self.narrow, self.joined = conv(b, a, act=leaky), conv(2 * a, b, 3, act=leaky)
        self.out1, self.out2 = nn.Conv2d(b, 255, 1), nn.Conv2d(b, 255, 1)

    def forward(self, x):
        fine = self.fine(x)
        coarse = self.coarse(fine)
        up = functions.interpolate(self.narrow(coarse), fine.shape[2:])
        return self.out1(coarse), self.out2(self.joined(torch.cat([up, fine], 1)))


class Vit(nn.Module):
    def __init__(self, w, side):
        super().__init__()
        c = w(64)
        self.patch, self.token = nn.Conv2d(3, c, 16, 16), nn.Parameter(torch.zeros(1, 1, c))
        self.positions = nn.Parameter(torch.zeros(1, (side // 16) ** 2 + 1, c))
        self.norm1, self.norm2 = nn.LayerNorm(c), nn.LayerNorm(c)
        self.qkv, self.project = nn.Linear(c, 3 * c), nn.Linear(c, c)
        self.mlp = nn.Sequential(nn.Linear(c, w(256)), nn.GELU(), nn.Linear(w(256), c))

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.positions
        b, n, c = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(b, n, 3, 4, c // 4).permute(2, 0, 3, 1, 4)
        heads = (q @ k.transpose(-2, -1) * (c // 4) ** -0.5).softmax(-1) @ v
        x = x + self.project(heads.transpose(1, 2).reshape(b, n, c))
        return x + self.mlp(self.norm2(x))


def swin(w, side):
    c = w(32)
    attention = ShiftedWindowAttention(c, [7, 7], [0, 0], 4)
    return nn.Sequential(nn.Conv2d(3, c, 4, 4), Channels(nn.Sequential(nn.LayerNorm(c), attention)))


class Channels(nn.Module):
    """A layer over channels that are the last axis, and a shortcut."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return x + self.layer(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Grouped(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(64)
        self.patch, self.norm = nn.Conv2d(3, c, 8, 8), nn.RMSNorm(c)
        self.q, self.k, self.v = (nn.Linear(c, n, bias=False) for n in (c, c // 4, c // 4))
        self.project = nn.Linear(c, c, bias=False)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        y, (b, n, c) = self.norm(x), x.shape
        q, k, v = (
            layer(y).view(b, n, heads, c // 8).transpose(1, 2)
            for layer, heads in ((self.q, 8), (self.k, 2), (self.v, 2))
        )
        with sdpa_kernel(SDPBackend.MATH):
            heads = functions.scaled_dot_product_attention(q, k, v, enable_gqa=True)
        return x + self.project(heads.transpose(1, 2).reshape(b, n, c))


class Reduced(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(32)
        self.stem, self.reduce, self.norm = nn.Conv2d(3, c, 4, 4), nn.Conv2d(c, c, 4, 4), nn.LayerNorm(c)
        self.attention = nn.MultiheadAttention(c, 2, batch_first=True)

    def forward(self, x):
        x = self.stem(x)
        small = self.norm(self.reduce(x).flatten(2).transpose(1, 2))
        return self.attention(x.flatten(2).transpose(1, 2), small, small)[0]


class Covariance(nn.Module):
    def __init__(self, w):
        super().__init__()
        c = w(32)
        self.stem, self.temperature = nn.Conv2d(3, c, 4, 4), nn.Parameter(torch.ones(4, 1, 1))
        self.qkv, self.project = nn.Linear(c, 3 * c), nn.Linear(c, c)

    def forward(self, x):
        x = self.stem(x).flatten(2).transpose(1, 2)
        b, n, c = x.shape
        q, k, v = self.qkv(x).view(b, n, 3, 4, c // 4).permute(2, 0, 3, 4, 1)
        q, k = functions.normalize(q, dim=-1), functions.normalize(k, dim=-1)
        shares = (q @ k.transpose(-2, -1) * self.temperature).softmax(-1)
        return self.project((shares @ v).permute(0, 3, 1, 2).reshape(b, n, c))


class Basic(nn.Module):
    def __init__(self, c, out, stride=1):
        super().__init__()
        self.a, self.b = conv(c, out, 3, stride), conv(out, out, 3, act=None)
        self.shortcut = nn.Identity() if (c, stride) == (out, 1) else conv(c, out, 1, stride, act=None)

    def forward(self, x):
        return functions.relu(self.b(self.a(x)) + self.shortcut(x))


class Dark(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.a, self.b = conv(c, c // 2), conv(c // 2, c, 3)

    def forward(self, x):
        return x + self.b(self.a(x))


class Csp(nn.Module):
    def __init__(self, c=64, n=3):
        super().__init__()
        self.by, self.through = conv(c, c // 2), conv(c, c // 2)
        self.dark, self.last = nn.Sequential(*(Dark(c // 2) for _ in range(n))), conv(c, c)

    def forward(self, x):
        return self.last(torch.cat([self.dark(self.through(x)), self.by(x)], 1))


class Again(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv = conv(c, c, 3)

    def forward(self, x):
        y = self.conv(x)
        for _ in range(2):
            y = self.conv(x + y)
        return y


def mlp(c, hidden):
    return nn.Sequential(nn.Linear(c, hidden), nn.GELU(), nn.Linear(hidden, c))


class Mix(nn.Module):
    def __init__(self, tokens, c, over_tokens, over_channels):
        super().__init__()
        self.first, self.second = nn.LayerNorm(c), nn.LayerNorm(c)
        self.tokens, self.channels = mlp(tokens, over_tokens), mlp(c, over_channels)

    def forward(self, x):
        x = x + self.tokens(self.first(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(self.second(x))


class Mixer(nn.Module):
    def __init__(self, w, side):
        super().__init__()
        c, tokens = w(64), (side // 8) ** 2
        self.patches = nn.Conv2d(3, c, 8, 8)
        self.mix = nn.Sequential(*[Mix(tokens, c, w(32), w(256)) for _ in range(4)])
        self.last = nn.LayerNorm(c)

    def forward(self, x):
        return self.last(self.mix(self.patches(x).flatten(2).transpose(1, 2)))


class Video(nn.Module):
    def __init__(self, w):
        super().__init__()
        a, b, few = w(16), w(32), divisible(w(32) / 4)
        plane = nn.Conv3d(3, a, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False)
        frames = nn.Conv3d(a, b, (3, 1, 1), 1, (1, 0, 0), bias=False)
        self.stem = nn.Sequential(plane, nn.GroupNorm(4, a), nn.ReLU(), frames, nn.BatchNorm3d(b), nn.ReLU())
        self.filter = nn.Conv3d(b, b, 3, padding=1, groups=b, bias=False)
        self.norm = nn.InstanceNorm3d(b, affine=True)
        self.squeeze, self.excite = nn.Conv3d(b, few, 1), nn.Conv3d(few, b, 1)
        self.mix, self.last = nn.Linear(b, b), nn.LayerNorm(b)
        self.pool, self.scores = nn.AdaptiveAvgPool3d((1, 2, 2)), nn.Linear(4 * b, 5)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.filter(x))
        y = y * self.excite(self.squeeze(y.mean((2, 3, 4), keepdim=True)).relu()).sigmoid()
        y = self.last(self.mix(y.movedim(1, 4))).movedim(4, 1)
        return self.scores(self.pool(x + y).flatten(1))


def group_norm(w, side):
    c = w(32)
    return nn.Sequential(nn.Conv2d(3, c, 3, padding=1, bias=False), nn.GroupNorm(8, c), nn.ReLU())


def instance_norm(w, side):
    return nn.Sequential(nn.Conv2d(3, w(32), 3, padding=1), nn.InstanceNorm2d(w(32)), nn.ReLU())


def l2_pool(w, side):
    return nn.Sequential(conv(3, w(16), 3), nn.LPPool2d(2, 2), nn.Conv2d(w(16), w(8), 1, bias=False))


def pixel_shuffle(w, side):
    convs = nn.Conv2d(1, w(12), 5, padding=2), nn.Conv2d(w(12), 9, 3, padding=1)
    return nn.Sequential(convs[0], nn.Tanh(), convs[1], nn.PixelShuffle(3))


def basics(w, side):
    a, b = w(16), w(32)
    return nn.Sequential(Basic(16, a), Basic(a, a), Basic(a, b, 2), Basic(b, b))


def again(w, side):
    return nn.Sequential(conv(3, w(16)), Again(w(16)), Again(w(16)))


def sized(module):
    return lambda w, side: module(w)


MODULES = {
    "PReLU": (16, 56, 72, sized(Mobile)),
    "GroupNorm": (3, 32, 40, group_norm),
    "InstanceNorm": (3, 32, 40, instance_norm),
    "LayerNorm": (3, 112, 150, sized(ConvNeXt)),
    "Weight sharing": (3, 32, 50, sized(Shared)),
    "L2 pooling": (3, 32, 46, l2_pool),
    "SwiGLU": (32, 14, 20, sized(SwiGlu)),
    "Dynamic convolution": (16, 28, 35, sized(Dynamic)),
    "ECA": (32, 28, 35, sized(Eca)),
    "CBAM": (3, 28, 35, sized(Cbam)),
    "ASPP": (32, 33, 48, sized(Aspp)),
    "FPN": (3, 100, 132, sized(Fpn)),
    "SSD head": (3, 40, 52, sized(Ssd)),
    "YOLO head": (3, 64, 104, sized(Yolo)),
    "ViT: patches and a block of attention": (3, 64, 96, Vit),
    "Attention in windows": (3, 56, 72, swin),
    "Heads that share keys and values, RMSNorm": (3, 64, 88, sized(Grouped)),
    "Attention to a smaller map": (3, 64, 84, sized(Reduced)),
    "Attention of channels": (3, 64, 84, sized(Covariance)),
    "Pixel shuffle": (1, 24, 31, pixel_shuffle),
    "A block of your own": (16, 56, 73, basics),
    "A block that uses blocks": (64, 52, 67, lambda w, side: Csp()),
    "A block that shares weights": (3, 48, 61, again),
    "MLP-Mixer: blocks over tokens and channels": (3, 64, 96, Mixer),
    "Video: volumes": (3, (16, 56, 56), (9, 31, 44), sized(Video)),
}
"""For each heading of docs/examples.md: the input's channels, two sizes, and the module at widths and a size.
A size is the side of a square, or depth, height and width.
"""
ALPHAS = (0.35, 0.75, 1.4)


def measure(channels, side, alpha, make):
    net = make(widths(alpha), side).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        net(torch.zeros(1, channels, *(side if isinstance(side, tuple) else (side, side))))
    params = sum(p.numel() for p in net.parameters())
    return {"side": side, "alpha": alpha, "params": params, "madds": counter.get_total_flops() // 2}


def main():
    found = {
        name: [measure(c, side, 1, make) for side in (a, b)] + [measure(c, b, n, make) for n in ALPHAS]
        for name, (c, a, b, make) in MODULES.items()
    }
    rows = ",\n".join(
        f"{json.dumps(name)}: [\n" + ",\n".join(map(json.dumps, at)) + "\n]" for name, at in found.items()
    )
    Path(sys.argv[1]).write_text(f'{{"torch": {json.dumps(torch.__version__)}, "modules": {{\n{rows}\n}}}}\n')


main()
