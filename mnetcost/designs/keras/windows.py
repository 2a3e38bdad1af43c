"""Which Keras layers slide a window over a map? Convolutions and pools, with their padding and layout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.ops import (
    DepthwiseConv,
    GlobalPool,
    TransposedConv,
)
from ...engine.ops.elements import Activation
from ..kit.layers import convolution, plain_size
from .functions import function_of
from .net import Call, Outputs, Tensor, layout_of, view


def activated(call: Call, out: Outputs, key: str = "activation") -> Outputs:
    """The activation that is an argument of another layer."""
    said = call.said.get(key)
    function = function_of(call, said)
    if function is None:
        name = (
            said
            if isinstance(said, str)
            else said.get("class_name", "function")
            if isinstance(said, dict)
            else "function"
        )
        ref = call.net.layers.unknown(str(name), f"{call.name}/{key}", out[0].ref)
    elif function:
        ref = call.add(Activation(function), out[0].ref, part=function)
    else:
        return out
    return [out[0]._replace(ref=ref)]


def map_layout(call: Call, sides: int = 2) -> str:
    """The sides of the axes by the layer's `data_format`."""
    said = call.said.get("data_format")
    if said not in (None, "channels_last", "channels_first", "default"):
        raise call.fault('\'data_format\' must be "channels_last" or "channels_first"')
    first = said == "channels_first" or (said in (None, "default") and call.net.channels_first)
    return layout_of(sides + 1, first)


def axes_of(call: Call) -> int:
    """How many sides the window of a layer has, by its name's end."""
    return int(call.type[-2]) if call.type[-2:] in ("1D", "2D", "3D") else 2


def window(call: Call, key: str, default: Any = None, low: int = 1) -> Any:
    """A size for each side; along a row of positions there is only the height."""
    sides = axes_of(call)
    numbers = call.sides(key, default, low, sides)
    return plain_size(*numbers) if sides == 2 else (numbers[0], 1)


def padding_of(call: Call) -> str:
    said = call.text("padding", "valid").lower()
    if said not in ("valid", "same"):
        raise call.fault(f"padding '{said[:20]}' is not known")
    return said


def mapped(call: Call) -> Tensor:
    """The input as a map, or as a row of positions."""
    if axes_of(call) == 3:
        raise NotKnown
    return call.as_layout(call.x, map_layout(call, axes_of(call)))


class NotKnown(Exception):
    """The layer cannot be costed."""


def conv(call: Call) -> Outputs:
    x = mapped(call)
    shape = view(x.dims, x.layout)
    kernel = window(call, "kernel_size")
    stride = window(call, "strides", 1)
    dilation = window(call, "dilation_rate", 1)
    padding: Any = call.text("padding", "valid").lower()
    if padding == "causal" and axes_of(call) == 1:
        before = (kernel[0] - 1) * dilation[0]
        padding = (before, 0, 0, 0)
    else:
        padding = padding_of(call)
    op = convolution(
        shape.c,
        call.integer("filters"),
        kernel,
        stride,
        dilation,
        call.integer("groups", 1),
        padding,
        call.flag("use_bias", True),
    )
    return activated(call, call.result(call.add(op, x.ref), x.layout))


def depthwise(call: Call) -> Outputs:
    x = mapped(call)
    op = DepthwiseConv(
        *(window(call, "kernel_size"), window(call, "strides", 1), window(call, "dilation_rate", 1)),
        *(call.integer("depth_multiplier", 1), padding_of(call), call.flag("use_bias", True)),
    )
    return activated(call, call.result(call.add(op, x.ref), x.layout))


def separable(call: Call) -> Outputs:
    """A depthwise convolution without bias, then a pointwise one."""
    x = mapped(call)
    op = DepthwiseConv(
        *(window(call, "kernel_size"), window(call, "strides", 1), window(call, "dilation_rate", 1)),
        *(call.integer("depth_multiplier", 1), padding_of(call), False),
    )
    ref = call.add(op, x.ref, part="depthwise")
    wide = call.shape(ref).c
    pointwise = convolution(wide, call.integer("filters"), 1, 1, 1, 1, "valid", call.flag("use_bias", True))
    return activated(call, call.result(call.add(pointwise, ref, part="pointwise"), x.layout))


def transposed(call: Call) -> Outputs:
    """Source: Keras, compute_conv_transpose_output_length."""
    x = mapped(call)
    sides = axes_of(call)
    if sides != 2:
        raise NotKnown
    kernel = call.sides("kernel_size")
    stride = call.sides("strides", 1)
    dilation = call.sides("dilation_rate", 1)
    wide = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding: Any = padding_of(call)
    if call.said.get("output_padding") is not None:
        extra = call.sides("output_padding", 0, 0)
        padding = (wide[0] // 2, wide[1] // 2) if padding == "same" else "valid"
    elif padding == "valid":
        extra = tuple(max(s - k, 0) for s, k in zip(stride, wide, strict=True))
    else:
        extra = (0, 0)
    bias = call.flag("use_bias", True)
    op = TransposedConv(
        *(
            call.integer("filters"),
            plain_size(*kernel),
            plain_size(*stride),
            plain_size(*dilation),
            call.integer("groups", 1),
        ),
        *(padding, plain_size(*extra), bias),
    )
    return activated(call, call.result(call.add(op, x.ref), x.layout))


def pool(cls: Any) -> Callable[[Call], Outputs]:
    def lay(call: Call) -> Outputs:
        x = mapped(call)
        kernel = window(call, "pool_size", 2)
        stride = kernel if call.said.get("strides") is None else window(call, "strides")
        kernel = call.net.layers.window(
            call.name, kernel, view(x.dims, x.layout), padding_of(call) != "valid"
        )
        return call.result(call.add(cls(kernel, stride, padding_of(call)), x.ref), x.layout)

    return lay


def global_pool(how: str) -> Callable[[Call], Outputs]:
    def lay(call: Call) -> Outputs:
        x = mapped(call)
        ref = call.add(GlobalPool(how), x.ref)
        if call.flag("keepdims", False):
            return call.result(ref, x.layout)
        return call.result(ref, "c")

    return lay
