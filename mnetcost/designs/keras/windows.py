"""Which Keras layers slide a window over a map or a volume? Convolutions and pools, with their padding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.ops import (
    AdaptivePool,
    AdaptivePool3d,
    AvgPool,
    DepthwiseConv,
    GlobalPool,
    MaxPool,
    TransposedConv,
    TransposedConv3d,
)
from ...engine.ops.elements import Activation
from ..kit.fields import MISSING
from ..kit.layers import POOLS3D, convolution, convolution3d, plain_size
from ..kit.tensors import Tensor
from .functions import function_of
from .net import Call


def activated(call: Call, t: Tensor, key: str = "activation") -> Tensor:
    """A layer's output after the activation that is one of its arguments."""
    given = call.given.get(key)
    function = function_of(call, given)
    if function is None:
        name = given.get("class_name", "function") if isinstance(given, dict) else given
        return t._replace(ref=call.net.layers.unknown(str(name), f"{call.name}/{key}", t.ref))
    return call.same(Activation(function), t, part=function) if function else t


def first_of(call: Call) -> bool:
    """Whether the layer has the channels before the sides of its map."""
    place = call.choice("data_format", ("channels_last", "channels_first", "default"), "default")
    return place == "channels_first" or (place == "default" and call.net.channels_first)


def map_of(call: Call, sides: int = 2) -> Tensor:
    """The input as a map (2 sides), a sequence (1 side) or a volume (3 sides), with the channels where
    `data_format` has them.
    """
    t = call.x
    if len(t.dims) != sides + 2:
        raise call.fault(f"{call.type} needs {sides + 1} axes beside the batch, not {len(t.dims) - 1}")
    at = 1 if first_of(call) else sides + 1
    return call.net.volume(t, at, call.name) if sides == 3 else call.seen(t, at)


def sides_of(call: Call) -> int:
    """How many sides the layer's window has: 1 for Conv1D, 2 for Conv2D, 3 for Conv3DTranspose."""
    name = call.type.removesuffix("Transpose")
    return int(name[-2]) if name[-2:] in ("1D", "2D", "3D") else 2


def windowed(call: Call) -> Tensor:
    """The input as the map, the sequence or the volume that the layer's window slides over."""
    return map_of(call, sides_of(call))


def window(call: Call, key: str, default: Any = MISSING) -> Any:
    """A size for each side of a window; a sequence is a map of width 1."""
    sides = sides_of(call)
    numbers = call.sides(key, default, 1, sides)
    return plain_size(*numbers) if sides > 1 else (numbers[0], 1)


def padding_of(call: Call) -> str:
    """The config's padding, 'valid' by default; raises SpecError for any other than 'valid' and 'same'."""
    padding = call.text("padding", "valid").lower()
    if padding not in ("valid", "same"):
        raise call.fault(f"padding '{padding[:20]}' is not known")
    return padding


def conv(call: Call) -> Tensor:
    """A convolution over one, two or three axes; "causal" padding, over one, puts all zeros in front."""
    x = windowed(call)
    kernel, stride = window(call, "kernel_size"), window(call, "strides", 1)
    dilation = window(call, "dilation_rate", 1)
    if call.text("padding", "valid").lower() == "causal" and sides_of(call) == 1:
        padding: Any = ((kernel[0] - 1) * dilation[0], 0, 0, 0)
    else:
        padding = padding_of(call)
    filters, groups = call.integer("filters"), call.integer("groups", 1)
    bias = call.flag("use_bias", True)
    of_sides = convolution3d if sides_of(call) == 3 else convolution
    op = of_sides(x.dims[x.c], filters, kernel, stride, dilation, groups, padding, bias)
    return activated(call, call.mapped(op, x))


def _depthwise(call: Call, bias: bool) -> DepthwiseConv:
    kernel, stride = window(call, "kernel_size"), window(call, "strides", 1)
    dilation, multiplier = window(call, "dilation_rate", 1), call.integer("depth_multiplier", 1)
    return DepthwiseConv(kernel, stride, dilation, multiplier, padding_of(call), bias)


def depthwise(call: Call) -> Tensor:
    """A depthwise convolution, with `depth_multiplier` filters per channel."""
    x = windowed(call)
    return activated(call, call.mapped(_depthwise(call, call.flag("use_bias", True)), x))


def separable(call: Call) -> Tensor:
    """A depthwise convolution without bias, then a pointwise one."""
    x = windowed(call)
    y = call.mapped(_depthwise(call, False), x, part="depthwise")
    filters, bias = call.integer("filters"), call.flag("use_bias", True)
    pointwise = convolution(y.dims[y.c], filters, 1, 1, 1, 1, "valid", bias)
    return activated(call, call.mapped(pointwise, y, part="pointwise"))


def transposed(call: Call) -> Tensor:
    """A transposed convolution over one, two or three axes.

    Source: Keras, compute_conv_transpose_output_length.
    """
    x, sides = windowed(call), sides_of(call)
    kernel, stride = call.sides("kernel_size", sides=sides), call.sides("strides", 1, sides=sides)
    dilation = call.sides("dilation_rate", 1, sides=sides)
    wide = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding: Any = padding_of(call)
    extra = (0,) * sides
    if call.raw("output_padding") is not None:
        extra = call.sides("output_padding", 0, 0, sides)
        padding = of_map(tuple(n // 2 for n in wide), 0) if padding == "same" else "valid"
    elif padding == "valid":
        extra = tuple(max(s - k, 0) for s, k in zip(stride, wide, strict=True))
    filters, groups = call.integer("filters"), call.integer("groups", 1)
    size, step, rate = (plain_size(*of_map(numbers)) for numbers in (kernel, stride, dilation))
    more, bias = plain_size(*of_map(extra, 0)), call.flag("use_bias", True)
    of_sides = TransposedConv3d if sides == 3 else TransposedConv
    return activated(call, call.mapped(of_sides(filters, size, step, rate, groups, padding, more, bias), x))


def of_map(numbers: tuple[int, ...], across: int = 1) -> tuple[int, ...]:
    """A number a side, of a sequence those of a map of width 1."""
    return numbers if len(numbers) > 1 else (*numbers, across)


def pool(cls: type[MaxPool] | type[AvgPool]) -> Callable[[Call], Tensor]:
    """Max or average pooling; the stride is the window unless the config gives one."""

    def build(call: Call) -> Tensor:
        x = windowed(call)
        kernel = window(call, "pool_size", 2)
        stride = kernel if call.raw("strides") is None else window(call, "strides")
        padding = padding_of(call)
        kernel = call.net.layers.window(call.name, kernel, call.net.shape(x), padding != "valid")
        of_sides = POOLS3D[cls] if sides_of(call) == 3 else cls
        return call.mapped(of_sides(kernel, stride, padding), x)

    return build


def global_pool(how: str) -> Callable[[Call], Tensor]:
    """Pooling over all positions; the axes of positions go unless `keepdims` is set."""

    def build(call: Call) -> Tensor:
        return call.mapped(GlobalPool(how), windowed(call), flat=not call.flag("keepdims", False))

    return build


def adaptive_pool(how: str) -> Callable[[Call], Tensor]:
    """Pooling to a fixed size, whatever that of the map."""

    def build(call: Call) -> Tensor:
        x, of_sides = windowed(call), AdaptivePool3d if sides_of(call) == 3 else AdaptivePool
        return call.mapped(of_sides(window(call, "output_size"), how), x)

    return build
