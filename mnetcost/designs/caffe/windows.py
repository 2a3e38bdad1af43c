"""Which Caffe layers slide a window over a blob? Convolutions and pools, with their padding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ...engine.num import ceil_div, pair
from ...engine.ops import AvgPool, Dense, GlobalPool, MaxPool, Op, TransposedConv
from ...engine.ops.moves import Flatten
from ...engine.shapes import Shape
from ...errors import ShapeError
from ..kit.layers import convolution, plain_size
from ..kit.tensors import NotKnown, Tensor
from .net import MOST_AXES, Fields, Layer

DEPTHWISE_TYPES = ("DepthwiseConvolution", "ConvolutionDepthwise", "DepthwiseConv", "ConvolutionDepthWise")
PAD_SIDES = (
    ("pad_t", "pad_top", "pad_up"),
    ("pad_b", "pad_bottom", "pad_down"),
    ("pad_l", "pad_left"),
    ("pad_r", "pad_right"),
)
"""How forks that convert TensorFlow's nets call the padding of one side: top, bottom, left, right."""

PAD_TYPES = {"SAME": "same", "SAME_UPPER": "same", "SAME_LOWER": "same", "VALID": "valid"}

WINDOW_FIELDS = (
    *("pad", "pad_h", "pad_w", "pad_type", *(name for names in PAD_SIDES for name in names)),
    *("kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w", "engine"),
)
CONV_FIELDS = (
    *("num_output", "bias_term", "group", "axis", "force_nd_im2col"),
    *("dilation", "hole", "hole_h", "hole_w", *WINDOW_FIELDS),
)

Padding = tuple[int, int, int, int]


def padding_of(p: Fields) -> Padding | str:
    """The padding of a window: top, bottom, left and right, or TensorFlow's "same" or "valid"."""
    plain = p.size("pad", 0, 0)
    given = [[name for name in names if name in p] for names in PAD_SIDES]
    type_ = p.raw("pad_type")
    if (any(given) or type_ is not None) and any(plain):
        raise p.fault("give 'pad', the padding of each side or 'pad_type', not several")
    if type_ is not None:
        if str(type_).upper() not in PAD_TYPES or any(given):
            raise p.fault(
                f"'pad_type' must be one of {', '.join(PAD_TYPES)}, and no side's padding beside it"
            )
        return PAD_TYPES[str(type_).upper()]
    if any(len(names) > 1 for names in given):
        raise p.fault("the padding of a side is given twice")
    if any(given):
        top, bottom, left, right = (p.integer(names[0], 0, 0) if names else 0 for names in given)
        return top, bottom, left, right
    return plain[0], plain[0], plain[1], plain[1]


def shortest(padding: Any) -> Any:
    """A padding as ops and specs write it: one number, one a side, or all four."""
    if isinstance(padding, str) or padding[0] != padding[1] or padding[2] != padding[3]:
        return padding
    return plain_size(padding[0], padding[2])


def conv(layer: Layer) -> list[Tensor]:
    """Convolution; the depthwise types of the MobileNet forks; transposed convolution.

    Several bottoms share the weights.
    """
    p = layer.param("convolution", *CONV_FIELDS)
    op_for = _convolution(layer, p)
    if p.integer("axis", 1, -4) not in (1, -3):
        raise p.fault("convolution over another axis than 1 is not read")
    if not layer.bottoms or len(layer.bottoms) != len(layer.tops):
        raise layer.fault(f"{len(layer.bottoms)} bottoms give {len(layer.tops)} tops")
    out: list[Tensor] = []
    for x, top in zip(layer.tensors(1, len(layer.bottoms)), layer.tops, strict=True):
        op = op_for(layer.map(x).c)
        y = layer.add(op, x, part=top, shared=True) if out else layer.weighted(op, x)
        out.append(layer.measured(y))
    return out


def _convolution(layer: Layer, p: Fields) -> Callable[[int], Op]:
    """The op of a convolution, by the number of channels that it reads."""
    out = p.integer("num_output", low=1)
    kernel = p.size("kernel", plain="kernel_size")
    stride = p.size("stride", 1, 1)
    padding = shortest(padding_of(p))
    hole = any(key.startswith("hole") for key in p.given)
    dilation = p.size("hole" if hole else "dilation", 1, 1)
    sizes = (plain_size(*kernel), plain_size(*stride), plain_size(*dilation))
    bias = p.flag("bias_term", True)

    def op(channels: int) -> Op:
        groups = p.integer("group", 1, 1)
        if layer.type in DEPTHWISE_TYPES:  # these forks take it from the input, and many files leave it out
            groups = channels
        if layer.type == "Deconvolution":
            return TransposedConv(out, *sizes, groups, padding, 0, bias)
        return convolution(channels, out, *sizes, groups, padding, bias)

    return op


def inner_product(layer: Layer) -> Tensor:
    """A dense layer over all axes from `axis` on."""
    p = layer.param("inner_product", "num_output", "bias_term", "axis", "transpose", "engine")
    (x,) = layer.tensors(1)
    axis = layer.axis(p.integer("axis", 1, -MOST_AXES, MOST_AXES), len(x.dims))
    first, size = x.dims[:axis], prod(x.dims[axis:])
    if axis != 1:
        x = layer.read_as(x, layer.net.view((*first, size)), "rows")
    elif layer.net.shape(x)[:2] != (1, 1):
        x = layer.add(Flatten(), x, part="flatten")
    out = p.integer("num_output", low=1)
    layer.net.layers.dense(layer.name, size)
    return layer.weighted(Dense(out, p.flag("bias_term", True)), x, (*first, out))


def pooled(n: int, kernel: int, stride: int, before: int, after: int, padded: bool, ceil: bool) -> int:
    """Positions of a pooling window along a side, by Caffe's rule.

    It rounds up, and drops the last window where that starts past the map and its padding, but only if any
    side is padded at all.
    Source: pooling_layer.cpp, Reshape.
    """
    free = n + before + after - kernel
    out = (ceil_div(free, stride) if ceil else int(free / stride)) + 1
    return out - ((out - 1) * stride >= n + before) if padded else out


def pooling(layer: Layer) -> Tensor:
    """Maximum or average of a window, or of the whole map."""
    p = layer.param("pooling", "pool", *WINDOW_FIELDS, "global_pooling", "round_mode", "ceil_mode")
    (x,) = layer.tensors(1)
    map_ = layer.map(x)
    pool = p.enum("pool", {"MAX": 0, "AVE": 1, "STOCHASTIC": 2}, "MAX")
    if pool == "STOCHASTIC":
        raise NotKnown
    if p.flag("global_pooling", False):
        kind = "max" if pool == "MAX" else "average"
        return layer.add(GlobalPool(kind), x, dims=(*x.dims[:2], 1, 1))
    kernel = p.size("kernel", plain="kernel_size")
    stride = p.size("stride", 1, 1)
    padding = padding_of(p)
    padded = padding not in ("valid", (0, 0, 0, 0))
    kernel = pair(layer.net.layers.window(layer.name, plain_size(*kernel), map_, padded))
    op = (MaxPool if pool == "MAX" else AvgPool)(plain_size(*kernel), plain_size(*stride))
    if isinstance(padding, str):
        return layer.measured(layer.add(op._replace(padding=padding), x))
    if max(padding[:2]) >= kernel[0] or max(padding[2:]) >= kernel[1]:
        raise p.fault("the padding must be smaller than the window")
    # `ceil_mode: false` is SENet's fork's
    ceil = p.flag("ceil_mode", True) and p.enum("round_mode", {"CEIL": 0, "FLOOR": 1}, "CEIL") == "CEIL"
    sides = zip((map_.h, map_.w), kernel, stride, padding[::2], padding[1::2], strict=True)
    out = tuple(pooled(*side, any(padding), ceil) for side in sides)
    if min(out) < 1:
        raise layer.fault(f"a window of {kernel[0]}x{kernel[1]} does not fit into {map_.h}x{map_.w}")
    exact = op._replace(padding=shortest(padding), ceil=ceil)
    if layer.net.shape(x) != map_ or not _gives(exact, map_, out):
        exact = op._replace(padding=_padding_for(out, map_, kernel, stride, padding))
    return layer.add(exact, x, dims=(*x.dims[:2], *out))


def _padding_for(
    out: tuple[int, ...], x: Shape, kernel: Sequence[int], stride: Sequence[int], padding: Padding
) -> Padding:
    """The padding at the end of each side with which a window that rounds down takes `out` steps."""
    top, _, left, _ = padding
    down, right = (
        max(0, (o - 1) * s + k - n - before)
        for o, s, k, n, before in zip(out, stride, kernel, (x.h, x.w), (top, left), strict=True)
    )
    return top, down, left, right


def _gives(op: Op, x: Shape, out: tuple[int, ...]) -> bool:
    """Does an op give a map of this height and width?"""
    try:
        y = op.shape(x)
    except ShapeError:
        return False
    return bool((y.h, y.w) == out)
