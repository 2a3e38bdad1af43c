"""Which ONNX ops slide a window over a map or a volume? Convolutions and pools, with their padding."""

from __future__ import annotations

from typing import Any

from ...engine.ops import Conv, DynamicConv, GlobalPool, TransposedConv, TransposedConv3d
from ..kit.layers import POOLS3D, convolution, convolution3d, plain_size
from ..kit.stored import Dims, Stored
from ..kit.tensors import NotKnown, Tensor, Value, solid, view
from .moves import Output, Rule
from .net import Call


def sides(call: Call, key: str, count: int, low: int = 1, default: int = 1) -> tuple[int, ...]:
    """A number a side of the window."""
    given = call.integers(key, (), low, counts=(0, count))
    return tuple(given or [default] * count)


def over_a_side(numbers: tuple[int, ...], missing: int = 1) -> Any:
    """A window's size as ops take it; along a row of positions there is only the height."""
    return plain_size(*numbers) if len(numbers) > 1 else (numbers[0], missing)


def padding(call: Call, count: int) -> Any:
    """Padding as ops take it."""
    auto = call.text("auto_pad", "NOTSET") or "NOTSET"
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        return "same"
    if auto == "VALID":
        return "valid"
    if auto != "NOTSET":
        raise call.fault(f"auto_pad '{auto[:20]}' is not known")
    pads = sides(call, "pads", 2 * count, 0, 0)
    if count == 1:
        pads = (pads[0], 0, pads[1], 0)
    half = len(pads) // 2
    both = tuple(n for side in zip(pads[:half], pads[half:], strict=True) for n in side)
    return plain_size(*both) if any(pads) else "valid"


def mapped(call: Call, t: Tensor) -> tuple[Tensor, int]:
    """A tensor with its channels on axis 1, and how many sides a window over it has: 1, 2, or 3 over a
    volume.
    """
    count = len(t.dims) - 2
    if count == 3:
        return call.net.volume(t, 1, call.name), count
    if count not in (1, 2):
        raise NotKnown
    return call.net.seen(t, 1, call.name), count


def slid(call: Call, op: Any, x: Tensor, count: int) -> Dims:
    """The axes of what a window gives, channels first."""
    *places, c = call.net.window(call.name, op, x)
    return (x.dims[0], c, *places[:count])


def batched(call: Call, op: Any, x: Tensor) -> Any:
    """The op for a batch of maps, such as windows: one below the other, each by itself; rows of positions
    become the rows of a map.
    """
    if x.dims[0] == 1 or len(x.dims) == 5:  # of a batch of volumes only the axes are followed
        return op
    if len(x.dims) == 4:
        return op._replace(tiles=x.dims[0])
    turned = {
        key: value[::-1]
        for key, value in op._asdict().items()
        if key in ("kernel", "stride", "dilation", "output_padding")
    }
    top, bottom, left, right = op.padding if isinstance(op.padding, tuple) else (0, 0, 0, 0)
    return op._replace(
        **turned, padding=(left, right, top, bottom) if isinstance(op.padding, tuple) else op.padding
    )


def conv(at: int = 1, bias_at: int = 2) -> Rule:
    """A convolution whose weights are input `at`."""

    def rule(call: Call) -> Output:
        x, count = mapped(call, call.tensor())
        w, bias = call.input(at), call.input(bias_at)
        if w is None or len(w.dims) != count + 2:
            raise NotKnown
        out, per_group, *kernel = w.dims
        groups = call.integer("group", 1)
        if per_group * groups != x.dims[1]:
            raise call.fault(
                f"its weights are for {per_group:,} channels in {groups:,} groups, and it gets {x.dims[1]:,}"
            )
        stride, dilation = (over_a_side(sides(call, key, count)) for key in ("strides", "dilations"))
        pads = padding(call, count)
        call.net.checked(w.dims, call.name)
        window = over_a_side(tuple(kernel))
        if isinstance(w, Tensor):
            if count == 3:
                raise NotKnown
            return dynamic_conv(
                call, DynamicConv(out, window, stride, dilation, groups, pads), x, w, bias, count
            )
        of_sides = convolution3d if count == 3 else convolution
        op = of_sides(x.dims[1], out, window, stride, dilation, groups, pads, False)
        if isinstance(bias, Tensor):
            raise NotKnown
        dims = slid(call, op, x, count)
        # each position by itself: one map will do
        op = op if window in (1, (1, 1)) and dims[2:] == x.dims[2:] else batched(call, op, x)
        return call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 1)

    return rule


def dynamic_conv(call: Call, op: DynamicConv, x: Tensor, w: Tensor, bias: Value | None, count: int) -> Output:
    """A convolution whose weights are worked out from the image, or from stored numbers by multiply-adds."""
    if not call.net.one_map(x):
        raise NotKnown
    dims = slid(call, Conv(*op), x, count)
    y = call.add(op, x, w, dims=dims, c=1)
    if bias is None:
        return y
    reread = (bias.dims[0], *(1,) * count)
    along = bias._replace(dims=reread) if isinstance(bias, Stored) else call.reshape(bias, reread, "bias")
    return call.combine("add", y, along, part="bias")


def conv_transpose(call: Call) -> Output:
    """A transposed convolution, whose weights are stored by input channel; an explicit `output_shape` is not
    known.
    """
    x, count = mapped(call, call.tensor())
    w, bias = call.weights(1), call.weights(2)
    if w is None or len(w.dims) != count + 2:
        raise NotKnown
    channels, per_group, *kernel = call.net.checked(w.dims, call.name)
    groups = call.integer("group", 1)
    if channels != x.dims[1]:
        raise call.fault(f"its weights are for {channels:,} channels, and it gets {x.dims[1]:,}")
    if call.indices("output_shape") is not None:
        raise NotKnown
    stride, dilation = (over_a_side(sides(call, key, count)) for key in ("strides", "dilations"))
    extra = over_a_side(sides(call, "output_padding", count, 0, 0), 0)
    of_sides = TransposedConv3d if count == 3 else TransposedConv
    op = of_sides(
        per_group * groups,
        over_a_side(tuple(kernel)),
        stride,
        dilation,
        groups,
        padding(call, count),
        extra,
        bias is not None,
    )
    dims, op = slid(call, op, x, count), batched(call, op, x)
    return call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 1)


def pool(kind: Any) -> Rule:
    """Max or average pooling."""

    def rule(call: Call) -> Output:
        x, count = mapped(call, call.tensor())
        kernel, stride, dilation = (
            over_a_side(sides(call, key, count)) for key in ("kernel_shape", "strides", "dilations")
        )
        pads = padding(call, count)
        if count > 1 and dilation == 1 and call.net.one_map(x):
            whole = (1, *x.dims[1:])
            kernel = call.net.layers.window(
                call.name, kernel, solid(whole, 1) or view(whole, 1), pads != "valid"
            )
        of_sides = POOLS3D[kind] if count == 3 else kind
        op = of_sides(kernel, stride, pads, dilation, call.flag("ceil_mode", False))
        return call.add(batched(call, op, x), x, dims=slid(call, op, x, count), c=1)

    return rule


def global_pool(kind: str) -> Rule:
    """Pooling over all positions; for a batch it is a reduction over these axes."""

    def rule(call: Call) -> Output:
        x = call.tensor()
        if len(x.dims) < 3:
            raise NotKnown
        if x.dims[0] != 1:
            return call.net.reduce(
                call.name, x, range(2, len(x.dims)), True, "mean" if kind == "average" else kind
            )
        x = call.net.seen(x, 1, call.name)
        return call.add(GlobalPool(kind), x, dims=(x.dims[0], x.dims[1], *(1,) * (len(x.dims) - 2)), c=1)

    return rule
