"""Which Caffe layers slide a window over a blob? Convolutions and pools, with their padding."""

from __future__ import annotations

from math import prod
from typing import Any

from ...engine.num import ceil_div, pair
from ...engine.ops import (
    AvgPool,
    Dense,
    GlobalPool,
    MaxPool,
    TransposedConv,
)
from ...engine.shapes import Shape
from ...errors import ShapeError
from ..kit.layers import convolution, plain_size
from .net import MOST_AXES, Blob, Fields, Layer, Net
from .shapes import (
    axis_of,
    grown,
    map_of,
    unknown,
)

DEPTHWISE_TYPES = ("DepthwiseConvolution", "ConvolutionDepthwise", "DepthwiseConv", "ConvolutionDepthWise")
PAD_SIDES = (
    ("pad_t", "pad_top", "pad_up"),
    ("pad_b", "pad_bottom", "pad_down"),
    ("pad_l", "pad_left"),
    ("pad_r", "pad_right"),
)
"""How forks that convert TensorFlow's nets call the padding of one side: top, bottom, left, right."""


PAD_TYPES = {"SAME": "same", "SAME_UPPER": "same", "SAME_LOWER": "same", "VALID": "valid"}


PADS = ("pad", "pad_h", "pad_w", "pad_type", *(name for names in PAD_SIDES for name in names))


CONV_FIELDS = (
    *(
        "num_output",
        "bias_term",
        "group",
        "engine",
        "axis",
        "force_nd_im2col",
        "dilation",
        "hole",
        "hole_h",
        "hole_w",
        *PADS,
    ),
    *("kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w"),
)


def padding_of(p: Fields) -> Any:
    """The padding of a window: top, bottom, left and right, or TensorFlow's "same" or "valid"."""
    plain = p.sides("pad", 0, 0)
    given = [[name for name in names if name in p.message.fields] for names in PAD_SIDES]
    type_ = p.one("pad_type")
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
        top, bottom, left, right = (p.integer(names[0], 0) if names else 0 for names in given)
        return top, bottom, left, right
    return plain[0], plain[0], plain[1], plain[1]


def shortest(padding: Any) -> Any:
    """A padding as ops and specs write it: one number, one a side, or all four."""
    if isinstance(padding, str) or padding[0] != padding[1] or padding[2] != padding[3]:
        return padding
    return plain_size(padding[0], padding[2])


def conv(net: Net, layer: Layer) -> None:
    """Convolution; the depthwise types of the MobileNet forks; transposed convolution.

    Several bottoms share the weights.
    """
    p = layer.message_of("convolution_param").known(*CONV_FIELDS)
    out = p.integer("num_output", low=1)
    kernel = p.sides("kernel", None, 1, "kernel_size")
    stride = p.sides("stride", 1, 1)
    padding = shortest(padding_of(p))
    dilation = (
        p.sides("hole", 1, 1)
        if any(k.startswith("hole") for k in p.message.fields)
        else p.sides("dilation", 1, 1)
    )
    bias = p.flag("bias_term", True)
    if p.integer("axis", 1, -4) not in (1, -3):
        raise p.fault("convolution over another axis than 1 is not read")
    if not layer.bottoms or len(layer.bottoms) != len(layer.tops):
        raise layer.fault(f"{len(layer.bottoms)} bottoms give {len(layer.tops)} tops")
    for n, (blob, top) in enumerate(zip(layer.inputs(1, len(layer.bottoms)), layer.tops, strict=True)):
        x = map_of(layer, blob)
        groups = p.integer("group", 1, 1)
        if layer.type in DEPTHWISE_TYPES:  # these forks take it from the input, and many files leave it out
            groups = x.c
        sizes = (plain_size(*kernel), plain_size(*stride), plain_size(*dilation))
        op: Any
        if layer.type == "Deconvolution":
            op = TransposedConv(out, *sizes, groups, padding, 0, bias)
        else:
            op = convolution(x.c, out, *sizes, groups, padding, bias)
        ref = (
            net.parametric(layer, op, blob.ref)
            if n == 0
            else net.add(layer, op, blob.ref, part=top, shared=True)
        )
        net.top(layer, top, Blob(ref, grown(blob.dims, net.layers.shape(ref))))


def inner_product(net: Net, layer: Layer) -> None:
    p = layer.message_of("inner_product_param").known(
        "num_output", "bias_term", "axis", "transpose", "engine"
    )
    (blob,) = layer.inputs(1)
    axis = axis_of(layer, p.integer("axis", 1, -MOST_AXES, MOST_AXES), len(blob.dims))
    lead, size = blob.dims[:axis], prod(blob.dims[axis:])
    x = net.flat(layer, blob) if axis == 1 else net.as_map(layer, blob, net.view((*lead, size)), "rows")
    out = p.integer("num_output", low=1)
    net.layers.dense(layer.name, size)
    net.give(layer, net.parametric(layer, Dense(out, p.flag("bias_term", True)), x), (*lead, out))


def pooled(n: int, kernel: int, stride: int, before: int, after: int, padded: bool, ceil: bool) -> int:
    """Positions of a pooling window along a side, by Caffe's own rule.

    It rounds up, and drops the last window where that starts past the map and its padding, but only if any
    side is padded at all.
    Source: pooling_layer.cpp, Reshape.
    """
    free = n + before + after - kernel
    out = (ceil_div(free, stride) if ceil else int(free / stride)) + 1
    return out - ((out - 1) * stride >= n + before) if padded else out


def pooling(net: Net, layer: Layer) -> None:
    p = layer.message_of("pooling_param").known(
        *("pool", *PADS, "kernel_size", "kernel_h", "kernel_w", "stride", "stride_h", "stride_w", "engine"),
        *("global_pooling", "round_mode", "ceil_mode"),
    )
    (blob,) = layer.inputs(1)
    x = map_of(layer, blob)
    pool = p.choice("pool", {"MAX": 0, "AVE": 1, "STOCHASTIC": 2}, "MAX")
    if pool == "STOCHASTIC":
        return unknown(net, layer)
    if p.flag("global_pooling"):
        ref = net.add(layer, GlobalPool("max" if pool == "MAX" else "average"), blob.ref)
        return net.give(layer, ref, (*blob.dims[:2], 1, 1))
    kernel = p.sides("kernel", None, 1, "kernel_size")
    stride = p.sides("stride", 1, 1)
    padding = padding_of(p)
    cls = MaxPool if pool == "MAX" else AvgPool
    kernel = pair(
        net.layers.window(layer.name, plain_size(*kernel), x, padding not in ("valid", (0, 0, 0, 0)))
    )
    sizes = plain_size(*kernel), plain_size(*stride)
    if isinstance(padding, str):
        ref = net.add(layer, cls(*sizes, padding), blob.ref)
        return net.give(layer, ref, grown(blob.dims, net.layers.shape(ref)))
    if max(padding[:2]) >= kernel[0] or max(padding[2:]) >= kernel[1]:
        raise p.fault("the padding must be smaller than the window")
    # `ceil_mode: false` is SENet's fork's
    ceil = p.flag("ceil_mode", True) and p.choice("round_mode", {"CEIL": 0, "FLOOR": 1}, "CEIL") == "CEIL"
    before, after = padding[::2], padding[1::2]
    sides = zip((x.h, x.w), kernel, stride, before, after, strict=True)
    out = tuple(pooled(*side, any(padding), ceil) for side in sides)
    if min(out) < 1:
        raise layer.fault(f"a window of {kernel[0]}x{kernel[1]} does not fit into {x.h}x{x.w}")
    op = cls(*sizes, shortest(padding), 1, ceil)
    if tuple(net.layers.shape(blob.ref)) != tuple(x) or not _gives(op, x, out):
        # written as padding at the end, so that a window that rounds down takes as many steps
        ends = [
            (o - 1) * s + k - n - a
            for o, s, k, n, a in zip(out, stride, kernel, (x.h, x.w), before, strict=True)
        ]
        op = op._replace(padding=(before[0], max(0, ends[0]), before[1], max(0, ends[1])), ceil=False)
    return net.give(layer, net.add(layer, op, blob.ref), (*blob.dims[:2], *out))


def _gives(op: Any, x: Shape, out: tuple[int, ...]) -> bool:
    try:
        y = op.shape(x)
    except ShapeError:
        return False
    return (y.h, y.w) == out
