"""What do attention layers cost, as PyTorch, torchvision and timm build them?

    python tests/truth/measure_attention.py tests/truth/attention_torch.json tests/truth/attention

needs torch, torchvision, timm, onnx and onnxscript. Each layer stands behind a pointwise convolution of 3
channels to `width`, on a map of `h` x `w`; it is measured at several sizes and widths. Multiply-adds are
counted twice: half of what torch's FlopCounterMode counts, and by a hook on every convolution and matrix
product that PyTorch dispatches, from the shapes of what it reads; both must agree. Some layers are also
exported to the folder, of the smallest width at the first size, as products (opset 18) and as ONNX's
Attention (opset 23).
"""

import json
import sys
import warnings
from functools import partial
from math import prod
from pathlib import Path

import onnx
import timm
import timm.models.edgenext
import timm.models.maxxvit
import timm.models.metaformer
import timm.models.pvt_v2
import timm.models.swin_transformer
import timm.models.vision_transformer
import timm.models.vision_transformer_relpos
import timm.models.xcit
import torch
import torchvision
from timm.layers import RelPosBias
from torch import nn
from torch.nn import functional as functions
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models.swin_transformer import ShiftedWindowAttention

warnings.filterwarnings("ignore")
torch.backends.mha.set_fastpath_enabled(False)  # its one fused op is counted as nothing
HEADS = 4
WINDOWS = ((14, 21), (16, 16), (23, 37))  # parts of 7 x 7 or 3 x 5 fit the first or none
EVEN = ((14, 28), (28, 28), (42, 14))
WIDTHS = (16, 32, 48)  # alpha 0.5, 1 and 1.5 of 32


class Behind(nn.Module):
    """A layer behind a pointwise convolution; `called` says how it reads the map."""

    def __init__(self, width, layer, called):
        super().__init__()
        self.stem, self.layer, self.called = nn.Conv2d(3, width, 1, bias=False), layer, called

    def forward(self, x):
        return self.called(self.layer, self.stem(x))


class Cross(nn.Module):
    """Tokens of a map that attend to those of a smaller and narrower one."""

    def __init__(self, c):
        super().__init__()
        self.stem, self.other = nn.Conv2d(3, c, 1, bias=False), nn.Conv2d(3, c // 2, 4, 4, bias=False)
        self.layer = nn.MultiheadAttention(c, HEADS, kdim=c // 2, vdim=c // 2, batch_first=True)

    def forward(self, x):
        other = tokens(self.other(x))
        return self.layer(tokens(self.stem(x)), other, other)


class Grouped(nn.Module):
    """Queries of `heads` heads, keys and values of `few`, by PyTorch's scaled_dot_product_attention."""

    def __init__(self, c, heads, few, width=None, values=None):
        super().__init__()
        width, values = width or c, values or c
        self.heads, self.few = heads, few
        self.q, self.k = nn.Linear(c, width), nn.Linear(c, width // heads * few)
        self.v, self.out = nn.Linear(c, values // heads * few), nn.Linear(values, c)

    def forward(self, x):
        q, k, v = (
            y.view(1, x.shape[1], n, -1).transpose(1, 2)
            for y, n in ((self.q(x), self.heads), (self.k(x), self.few), (self.v(x), self.few))
        )
        y = functions.scaled_dot_product_attention(q, k, v, enable_gqa=self.few != self.heads)
        return self.out(y.transpose(1, 2).flatten(2))


def tokens(x):
    return x.flatten(2).transpose(1, 2)


def last(x):
    return x.permute(0, 2, 3, 1)


def behind(make, called):
    return lambda c, h, w: Behind(c, make(c, h, w), called)


def itself(layer, x):
    return layer(tokens(x), tokens(x), tokens(x))


def of_tokens(layer, x):
    return layer(tokens(x))


def of_last(layer, x):
    return layer(last(x))


def whole(layer, x):
    return layer(x)


def with_size(layer, x):
    return layer(tokens(x), x.shape[2:])


def partition(kind, size):
    cfg = timm.models.maxxvit.MaxxVitTransformerCfg
    make = timm.models.maxxvit.PartitionAttentionCl
    return lambda c, h, w: make(
        c, kind, cfg(dim_head=c // HEADS, window_size=size, grid_size=(h // size, w // size))
    )


multi, swin = partial(nn.MultiheadAttention, batch_first=True), timm.models.swin_transformer
pvt, relative = timm.models.pvt_v2.Attention, timm.models.vision_transformer_relpos.RelPosAttention
plain = timm.models.vision_transformer.Attention
LAYERS = {
    "MultiheadAttention": (WINDOWS, behind(lambda c, h, w: multi(c, HEADS), itself)),
    "MultiheadAttention, one head, no bias": (
        WINDOWS,
        behind(lambda c, h, w: multi(c, 1, bias=False), itself),
    ),
    "MultiheadAttention, cross": (WINDOWS, lambda c, h, w: Cross(c)),
    "timm ViT, no bias of queries": (WINDOWS, behind(lambda c, h, w: plain(c, HEADS), of_tokens)),
    "scaled_dot_product_attention, grouped": (
        WINDOWS,
        behind(lambda c, h, w: Grouped(c, 4, 2), of_tokens),
    ),
    "scaled_dot_product_attention, one of keys": (
        WINDOWS,
        behind(lambda c, h, w: Grouped(c, 4, 1), of_tokens),
    ),
    "scaled_dot_product_attention, widths": (
        WINDOWS,
        behind(lambda c, h, w: Grouped(c, 4, 2, c // 2, 2 * c), of_tokens),
    ),
    "torchvision Swin, window of 7": (
        ((14, 21), (16, 16), (5, 37)),
        behind(lambda c, h, w: ShiftedWindowAttention(c, [7, 7], [0, 0], HEADS), of_last),
    ),
    "torchvision Swin, window of 3 x 5, shifted": (
        WINDOWS,
        behind(lambda c, h, w: ShiftedWindowAttention(c, [3, 5], [1, 2], HEADS), of_last),
    ),
    "timm Swin block": (
        WINDOWS,
        behind(lambda c, h, w: swin.SwinTransformerBlock(c, (h, w), HEADS, window_size=7), of_last),
    ),
    "timm MaxViT block": (EVEN, behind(partition("block", 7), of_last)),
    "timm MaxViT grid": (EVEN, behind(partition("grid", 2), of_last)),
    "timm relative position": (
        ((6, 7), (8, 8), (5, 12)),
        behind(
            lambda c, h, w: relative(c, HEADS, True, rel_pos_cls=partial(RelPosBias, window_size=(h, w))),
            of_tokens,
        ),
    ),
    "timm PVT v2, reduced by 2": (WINDOWS, behind(lambda c, h, w: pvt(c, HEADS, 2), with_size)),
    "timm PVT v2, reduced by 4": (WINDOWS, behind(lambda c, h, w: pvt(c, HEADS, 4), with_size)),
    "timm PVT v2, pooled": (
        WINDOWS,
        behind(lambda c, h, w: pvt(c, HEADS, 1, linear_attn=True), with_size),
    ),
    "timm XCiT": (WINDOWS, behind(lambda c, h, w: timm.models.xcit.XCA(c, HEADS), of_tokens)),
    "timm EdgeNeXt": (
        WINDOWS,
        behind(lambda c, h, w: timm.models.edgenext.CrossCovarianceAttn(c, HEADS, True), of_tokens),
    ),
    "timm PoolFormer block": (
        WINDOWS,
        behind(
            lambda c, h, w: timm.models.metaformer.MetaFormerBlock(
                c,
                timm.models.metaformer.Pooling,
                nn.GELU,
                True,
                timm.layers.GroupNorm1,
                layer_scale_init_value=1e-5,
            ),
            whole,
        ),
    ),
}
"""Each layer by name: its sizes, and the module at a width and a size."""


class Products(TorchDispatchMode):
    """Counts the multiply-adds of every product and convolution, by the shapes of what it reads."""

    total = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        y = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in ("mm", "bmm"):
            self.total += prod(args[0].shape) * args[1].shape[-1]
        elif name in ("addmm", "baddbmm"):
            self.total += prod(args[1].shape) * args[2].shape[-1]
        elif name in ("convolution", "_convolution"):
            self.total += prod(y.shape) * prod(args[1].shape[1:])
        return y


def measure():
    """The rows, each measured in both ways."""
    rows = []
    for name, (sizes, make) in LAYERS.items():
        for c in WIDTHS:
            for h, w in sizes:
                net = make(c, h, w).eval()
                x = torch.zeros(1, 3, h, w)
                with torch.no_grad(), sdpa_kernel(SDPBackend.MATH):
                    with FlopCounterMode(display=False) as flops:
                        net(x)
                    with Products() as products:
                        net(x)
                madds = flops.get_total_flops() // 2
                assert products.total == madds, (name, products.total, madds)
                rows.append([name, c, h, w, sum(p.numel() for p in net.parameters()), madds])
    return rows


EXPORTED = {
    "self": "MultiheadAttention",
    "cross": "MultiheadAttention, cross",
    "grouped": "scaled_dot_product_attention, grouped",
    "one-of-keys": "scaled_dot_product_attention, one of keys",
    "widths": "scaled_dot_product_attention, widths",
    "vit": "timm ViT, no bias of queries",
    "reduced": "timm PVT v2, reduced by 2",
    "channels": "timm XCiT",
}


def export(folder):
    """Write the files, of random weights: equal ones would be stored once."""
    for short, name in EXPORTED.items():
        sizes, make = LAYERS[name]
        net = make(WIDTHS[0], *sizes[0]).eval()
        for p in net.parameters():
            nn.init.uniform_(p, 0.1, 0.9)
        for opset in (18, 23):
            file = folder / f"{short}-{opset}.onnx"
            image, how = torch.zeros(1, 3, *sizes[0]), {"dynamo": True, "opset_version": opset}
            torch.onnx.export(net, image, file, verbose=False, external_data=False, **how)
            model = onnx.load(file)
            for part in (*model.graph.node, *model.graph.input, *model.graph.output, model.graph, model):
                del part.metadata_props[:]
                part.doc_string = ""
            del model.graph.value_info[:]
            onnx.save(model, file)


export(Path(sys.argv[2]))
versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "timm": timm.__version__}
columns = json.dumps(["layer", "width", "h", "w", "params", "madds"])
lines = ",\n".join(json.dumps(r) for r in measure())
Path(sys.argv[1]).write_text(
    f'{{"versions": {json.dumps(versions)}, "columns": {columns}, "exported": {json.dumps(EXPORTED)},\n'
    f'"records": [\n{lines}\n]}}\n'
)
