"""Which part of the image does each position of a layer see? Its receptive field, stride and padding."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ..errors import Fault, ShapeError
from ..records import NamedTuple
from .graph import Graph, Node
from .num import pair
from .ops import Constant, Gate
from .ops.op import traits
from .shapes import Shape, Volume, sides


class Axis(NamedTuple):
    """Along one axis, what position 0 of a layer sees: the first and last line of the image, and how many
    lines further the next position's are. Lines before 0 are zeros around the image.
    """

    first: Fraction
    last: Fraction
    step: Fraction


class Field(NamedTuple):
    """The receptive field of a layer, along the height and the width.

    aligned: whether all paths that join in it have the same middle.
    """

    h: Axis
    w: Axis
    aligned: bool = True


EVERYTHING = None
"""The field of a layer each position of which sees the whole image."""

Seen = Field | None


def receptive_fields(graph: Graph, gates: bool = False) -> list[Seen]:
    """The field of each node; `EVERYTHING` where a position sees the whole image.

    gates: whether a gate's second input (squeeze-and-excite) counts, which sees everything.
    A window of kernel k, stride s, dilation d with p zeros before makes (first, last, step) to (first -
    step p, last + step (d (k - 1) - p), step s). Where paths join, the smallest first and the largest last
    hold. Raises ShapeError for volumes, and where paths of different strides join.
    Source: Araujo et al. 2019, Computing receptive fields of convolutional neural networks, distill.pub.
    """
    fields: list[Seen] = []
    for node in graph.nodes:
        shapes = graph.inputs(node)
        if any(isinstance(x, Volume) for x in (*shapes, node.output)):
            raise ShapeError(Fault("receptive fields are those of maps", place=f"layer {node.name!r}"))
        inputs = [fields[i] for i in node.inputs]
        kept = [
            (field, x)
            for n, (field, x) in enumerate(zip(inputs, shapes, strict=True))
            if not isinstance(graph.nodes[node.inputs[n]].op, Constant)
            and (gates or n == 0 or not _gated(node, shapes))
        ]
        fields.append(_of(node, [field for field, _ in kept], [x for _, x in kept]))
    return fields


def _gated(node: Node, shapes: Sequence[Shape]) -> bool:
    """Is the second input one number a channel, which multiplies the whole map?"""
    return isinstance(node.op, Gate) and shapes[1][:2] == (1, 1) and shapes[0][:2] != (1, 1)


def _of(node: Node, inputs: list[Seen], shapes: list[Shape]) -> Seen:
    if not node.inputs:
        own = Axis(Fraction(0), Fraction(0), Fraction(1))
        return Field(own, own)
    if not inputs or any(field is EVERYTHING for field in inputs):
        return EVERYTHING
    field = _joined(node, [f for f in inputs if f is not None])
    return SEES[traits(node.op).sees](node, field, shapes[0])


def _joined(node: Node, fields: list[Field]) -> Field:
    """The field of paths that join: the smallest first line and the largest last."""
    if len(fields) == 1:
        return fields[0]
    axes, aligned = [], all(f.aligned for f in fields)
    for parts in zip(*[f[:2] for f in fields], strict=True):
        if len({axis.step for axis in parts}) > 1:
            steps = ", ".join(str(axis.step) for axis in parts)
            raise ShapeError(Fault(f"paths of the strides {steps} join", place=f"layer {node.name!r}"))
        aligned = aligned and len({axis.first + axis.last for axis in parts}) == 1
        axes.append(Axis(min(a.first for a in parts), max(a.last for a in parts), parts[0].step))
    return Field(axes[0], axes[1], aligned)


def _through(axis: Axis, kernel: int, stride: int, dilation: int, before: int) -> Axis:
    """What a window sees on what its input sees."""
    first, last, step = axis
    return Axis(first - step * before, last + step * (dilation * (kernel - 1) - before), step * stride)


def _position(node: Node, field: Field, x: Shape) -> Seen:
    return field


def _window(node: Node, field: Field, x: Shape) -> Seen:
    op: Any = node.op
    kernel, stride, dilation = (pair(getattr(op, key, 1)) for key in ("kernel", "stride", "dilation"))
    if op.padding == "same":
        before = [same_zeros(n, *ksd)[0] for n, *ksd in zip(x[:2], kernel, stride, dilation, strict=True)]
    elif op.padding == "valid":
        before = [0, 0]
    else:
        before = list(sides(op.padding, kernel, dilation)[::2])
    axes = [
        _through(axis, *ksdp) for axis, *ksdp in zip(field[:2], kernel, stride, dilation, before, strict=True)
    ]
    return Field(axes[0], axes[1], field.aligned)


def same_zeros(n: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """The zeros of "same" before and behind a side of n: one more behind where they are odd.

    >>> same_zeros(224, 3, 2), same_zeros(225, 3, 2)
    ((0, 1), (1, 1))
    """
    total = max((-(-n // stride) - 1) * stride + (kernel - 1) * dilation + 1 - n, 0)
    return total // 2, total - total // 2


def _shifted(node: Node, field: Field, x: Shape) -> Seen:
    """Zeros around a map, of which the first are before it; or a part cut out of its middle."""
    padding = getattr(node.op, "padding", None)
    if padding is None:
        before = [-((n - cut) // 2) for n, cut in zip(x[:2], node.output[:2], strict=True)]
    else:
        before = list(sides(padding, (1, 1), (1, 1))[::2])
    axes = [
        axis._replace(first=axis.first - axis.step * p, last=axis.last - axis.step * p)
        for axis, p in zip(field[:2], before, strict=True)
    ]
    return Field(axes[0], axes[1], field.aligned)


def _spread(node: Node, field: Field, x: Shape) -> Seen:
    """A map made larger (or smaller): the next position is less (or more) of the image further.

    A transposed convolution sees at most ceil(kernel / stride) positions, a bilinear one 2.
    """
    op: Any = node.op
    axes = []
    for n, axis in enumerate(field[:2]):
        size, out = x[n], node.output[n]
        step = axis.step * Fraction(size, out)
        if hasattr(op, "kernel"):
            stride = pair(op.stride)[n]
            many = -(-(pair(op.dilation)[n] * (pair(op.kernel)[n] - 1) + 1) // stride)
            step = axis.step / stride
        else:
            many = 2 if getattr(op, "method", "nearest") != "nearest" and out != size else 1
        axes.append(Axis(axis.first, axis.last + axis.step * (many - 1), step))
    return Field(axes[0], axes[1], field.aligned)


def _tile(node: Node, field: Field, x: Shape) -> Seen:
    size = pair(node.op.size)  # type: ignore[attr-defined]
    axes = [_through(axis, k, k, 1, 0) for axis, k in zip(field[:2], size, strict=True)]
    return Field(axes[0], axes[1], field.aligned)


def _everything(node: Node, field: Field, x: Shape) -> Seen:
    """All positions, unless the map has one, or keeps its shape."""
    if x[:2] == (1, 1) or (x[:2] == node.output[:2] and not hasattr(node.op, "inner")):
        return field
    return EVERYTHING


SEES = {
    "position": _position,
    "window": _window,
    "shifted": _shifted,
    "spread": _spread,
    "tile": _tile,
    "everything": _everything,
}
"""What the field of a layer is, by the trait `sees` of its op."""
