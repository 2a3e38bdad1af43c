"""How do ONNX ops that only move numbers change the axes of what they move?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from ..kit.stored import Cut, Dims, Stored, contiguous
from ..kit.tensors import MOST_AXES, NotKnown, dims_text

if TYPE_CHECKING:
    from .net import Call


def reread(place: Cut, dims: Dims) -> Cut | None:
    """A reshape of numbers that stand at a place, where they stay in steps."""
    apart = [s for s, n in zip(place.strides, place.dims, strict=True) if n != 1]
    if [n for n in place.dims if n != 1] == [n for n in dims if n != 1]:
        return Cut(place.offset, dims, tuple(apart.pop(0) if n != 1 else 0 for n in dims))
    return contiguous(dims, place.offset) if place == contiguous(place.dims, place.offset) else None


def _reshaped(call: Call, dims: Dims) -> Dims | None:
    try:
        target = call.indices("shape", 1)
    except NotKnown:
        return None
    return None if target is None else resolved(call, dims, target)


def resolved(call: Call, dims: Dims, target: Sequence[int]) -> Dims:
    """A reshape's axes with its 0 (as before) and its -1 (what is left) worked out."""
    if len(target) > MOST_AXES or target.count(-1) > 1:
        raise call.fault(f"cannot be read along axes {list(target)[:MOST_AXES]}")
    out = [
        dims[i] if n == 0 and not call.flag("allowzero", False) and i < len(dims) else n
        for i, n in enumerate(target)
    ]
    if -1 in out:
        known = -prod(out)
        if known <= 0 or prod(dims) % known:
            raise call.fault(f"{dims_text(dims)} cannot be read as {dims_text(out)}")
        out[out.index(-1)] = prod(dims) // known
    return tuple(out)


def _transposed(call: Call, dims: Dims) -> Dims | None:
    perm = call.indices("perm") or list(range(len(dims)))[::-1]
    return tuple(dims[i] for i in perm) if sorted(perm) == list(range(len(dims))) else None


def squeezed(call: Call, dims: Dims) -> Dims:
    """Squeeze's axes: those of size 1 dropped, or only the given ones."""
    axes = call.indices("axes", 1)
    at = {a % len(dims) for a in axes} if axes and dims else {i for i, n in enumerate(dims) if n == 1}
    if any(dims[i] != 1 for i in at):
        raise call.fault(f"cannot drop axes {axes} of {dims_text(dims)}")
    return tuple(n for i, n in enumerate(dims) if i not in at)


def unsqueezed(call: Call, dims: Dims) -> Dims:
    """Unsqueeze's axes: ones inserted at the given places of the output."""
    axes = call.indices("axes", 1) or []
    rank = len(dims) + len(axes)
    if rank > MOST_AXES or len({a % rank for a in axes}) != len(axes):
        raise call.fault(f"cannot insert axes {axes[:MOST_AXES]} into {dims_text(dims)}")
    out, left = [], list(dims)
    for i in range(rank):
        out.append(1 if i in {a % rank for a in axes} else left.pop(0))
    return tuple(out)


def flattened(call: Call, dims: Dims) -> Dims:
    """Flatten's two axes: the product of those before `axis`, and of the rest."""
    axis = call.signed("axis", 1)
    axis = axis + len(dims) if axis < 0 else axis
    return prod(dims[:axis]), prod(dims[axis:])


def sliced(call: Call, dims: Dims) -> list[list[range]]:
    """What a slice takes of each axis."""
    starts, ends, steps = call.indices("starts", 1), call.indices("ends", 2), call.indices("steps", 4)
    if starts is None or ends is None:
        raise NotKnown
    along = call.indices("axes", 3) or list(range(len(starts)))
    steps = steps or [1] * len(starts)
    if (
        not len(starts) == len(ends) == len(along) == len(steps)
        or any(not -len(dims) <= a < len(dims) for a in along)
        or 0 in steps
    ):
        raise call.fault("its starts, ends, axes and steps do not fit")
    taken = [range(n) for n in dims]
    for start, end, axis, step in zip(starts, ends, along, steps, strict=True):
        taken[axis] = range(
            *slice(start, None if step < 0 and end < -dims[axis] else end, step).indices(dims[axis])
        )
    return [taken]


def split(call: Call, dims: Dims) -> list[list[range]]:
    """What each output of a split takes of each axis."""
    axis = call.axis_at("axis", len(dims))
    parts = call.indices("split", 1)
    if parts is None:
        count = call.signed("num_outputs", len(call.node.output))
        whole = -(-dims[axis] // count) if 0 < count <= dims[axis] else 0
        parts = [whole] * (count - 1) + [dims[axis] - whole * (count - 1)] if whole else []
    if sum(parts) != dims[axis] or len(parts) > 1000 or min(parts) < 0:
        raise call.fault(f"parts of {parts[:8]} do not make {dims[axis]:,}")
    starts = [sum(parts[:k]) for k in range(len(parts))]
    rest = [range(n) for n in dims]
    return [
        [*rest[:axis], range(start, start + n), *rest[axis + 1 :]]
        for start, n in zip(starts, parts, strict=True)
    ]


def gathered(call: Call, dims: Dims) -> list[list[range]] | None:
    """What indices take of an axis, where they are few and evenly apart."""
    index, axis = call.input(1), call.signed("axis", 0)
    if not isinstance(index, Stored) or not index.values or len(index.dims) > 1:
        return None
    n, at = dims[axis], [int(i) for i in index.values]
    at = [i + n if i < 0 else i for i in at]
    step = at[1] - at[0] if len(at) > 1 else 1
    if min(at) < 0 or max(at) >= n or not step or any(b - a != step for a, b in pairwise(at)):
        return None
    taken = [range(n) for n in dims]
    taken[axis] = range(at[0], at[-1] + (1 if step > 0 else -1), step)
    return [taken]


TAKING: dict[str, Callable[[Call, Dims], list[list[range]] | None]] = {
    "Slice": sliced,
    "Split": split,
    "Gather": gathered,
}
"""What takes some of stored numbers, and which of each axis for each output."""


JOINING = ("Concat", "QLinearConcat", "Where", "ScatterND", "ScatterElements")
"""Ops all of whose inputs are numbers to work on."""


KEEPING: dict[str, Callable[[Call, Dims], Dims | None]] = {
    **dict.fromkeys(
        ("Identity", "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear", "Dropout"),
        lambda call, dims: dims,
    ),
    "Reshape": _reshaped,
    "Transpose": _transposed,
    "Squeeze": squeezed,
    "Unsqueeze": unsqueezed,
    "Flatten": flattened,
}
"""What leaves stored numbers what they are, and the axes it gives them."""


COMBINING = (
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Pow",
    "Sqrt",
    "Neg",
    "Reciprocal",
    "Exp",
    "Sigmoid",
    "Tanh",
    "Abs",
    "Max",
    "Min",
    "Equal",
    "Not",
    "Where",
    "Less",
    "Greater",
    "LessOrEqual",
    "GreaterOrEqual",
    "And",
    "Or",
)
