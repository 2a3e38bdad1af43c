"""How does a tensor of any number of axes look as a map, and which layer is an operation on it?

ONNX and TFLite speak of axes, the engine of maps of h x w x c. A tensor here knows its axes and which of
them is the channels; the others, the batch of 1 apart, are folded into height and width. Where a layer
needs other channels than the last layer gave, the same numbers are read anew, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod

from ...engine.graph import Ref
from ...engine.ops.joins import spread
from ...engine.shapes import Shape, Volume
from ...errors import CallError, Fault
from ...records import NamedTuple
from ..settings import Settings, sized
from .layers import LARGEST_DIMENSION
from .stored import Dims, Stored

MOST_AXES = 12


UNFIT = (IndexError, ZeroDivisionError, ValueError, OverflowError)
"""What arithmetic on axes raises where an operation is called with what it cannot take."""


class NotKnown(Exception):
    """The operation cannot be costed as it is called."""


class Tensor(NamedTuple):
    """What a layer gives: its node, its axes, the batch first, and which of them is the channels."""

    ref: Ref
    dims: Dims
    c: int


Value = Tensor | Stored


def view(dims: Dims, c: int, batch: bool | None = None) -> Shape:
    """The map of these axes: the channels, the last of the others as width, the rest as height.

    `batch`: the first axis is left out.
    """
    if not dims:
        return Shape(1, 1, 1)
    rest = [n for i, n in enumerate(dims) if i != c]
    if c and (dims[0] == 1 if batch is None else batch):
        rest = rest[1:]
    return Shape(prod(rest[:-1]), rest[-1], dims[c]) if len(rest) > 1 else Shape(prod(rest), 1, dims[c])


def solid(dims: Dims, c: int) -> Volume | None:
    """The volume of five axes, the batch of 1 first; None for any others."""
    if len(dims) != 5 or dims[0] != 1 or c < 1:
        return None
    d, h, w = (n for i, n in enumerate(dims) if i and i != c)
    return Volume(d, h, w, dims[c])


def broadcast(shapes: Sequence[Dims]) -> Dims:
    """The axes of what is combined element by element."""
    rank = max(map(len, shapes))
    out = [1] * rank
    for dims in shapes:
        for i, n in enumerate(dims, rank - len(dims)):
            if n != 1 and out[i] not in (1, n):
                raise ValueError(f"axes of {dims_text(out)} and {dims_text(dims)} do not fit")
            out[i] = n if n != 1 else out[i]
    return tuple(out)


def dims_text(dims: Sequence[int]) -> str:
    """Axes in words: 1x3x224x224."""
    return "x".join(str(n) if abs(n) <= LARGEST_DIMENSION else "huge" for n in dims) or "one number"


def groups(old: Dims, new: Dims) -> list[tuple[list[int], list[int]]]:
    """Which axes of a reshape become which: the smallest runs whose products agree."""
    out: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        a, b, ins, outs = old[i], new[j], [i], [j]
        i, j = i + 1, j + 1
        while a != b:
            if (a < b or b == 0) and i < len(old):
                a *= old[i]
                ins.append(i)
                i += 1
            elif j < len(new):
                b *= new[j]
                outs.append(j)
                j += 1
            else:
                raise ValueError
        out.append((ins, outs))
    tail = out[-1] if out else ([], [])
    tail[0].extend(range(i, len(old)))
    tail[1].extend(range(j, len(new)))
    return out


def refit(old: Dims, target: Dims, new: Dims) -> Dims:
    """What a reshape of `old` to `target` becomes where it gets `new` instead; raises ValueError where
    the file does not say.

    >>> refit((1, 1280, 7, 7), (1, 62720), (1, 1280, 5, 5))
    (1, 32000)
    """
    if len(old) != len(new):
        raise ValueError
    out = list(target)
    for ins, outs in groups(old, target):
        was, now = prod(old[i] for i in ins), prod(new[i] for i in ins)
        if was == now:
            continue
        real = [j for j in outs if target[j] != 1] or outs[:1]
        changed, kept = [i for i in ins if old[i] != new[i]], prod(old[i] for i in ins if old[i] == new[i])
        ways = (
            {real[0]} if len(real) == 1 else {j for j in real if target[j] == prod(old[i] for i in changed)}
        )
        if changed == ins[: len(changed)] and kept % prod(target[j] for j in real[1:]) == 0:
            ways.add(real[0])  # what stands behind the first axis is a part of what did not change
        if changed == ins[len(ins) - len(changed) :] and kept % prod(target[j] for j in real[:-1]) == 0:
            ways.add(real[-1])
        if len(ways) != 1:
            raise ValueError
        (j,) = ways
        out[j] = now // (was // target[j]) if now % (was // target[j]) == 0 else 0
    if prod(out) != prod(new):
        raise ValueError
    return tuple(out)


def side_by_side(shapes: Sequence[Dims], dims: Dims, c: int) -> tuple[list[Shape], Shape | None]:
    """As which maps tensors can be combined element by element, so that `dims` come out.

    The maps are those of their axes, or have up to three runs of axes as their sides, along each of which a
    map is whole or one; where more runs are needed, also the map to which each must be repeated.
    """
    padded = [(*(1,) * (len(dims) - len(d)), *d) for d in shapes]
    maps = [view(p, c, bool(dims) and dims[0] == 1) for p in padded]
    fit = all(len({getattr(m, side) for m in maps} - {1}) <= 1 for side in "hwc")
    if fit and view(dims, c) == spread("", tuple(maps)):
        return maps, None
    runs = [
        (which, list(axes))
        for which, axes in groupby(
            (i for i, n in enumerate(dims) if n != 1), lambda i: [p[i] != 1 for p in padded]
        )
    ]
    if len(runs) > 3:
        return maps, view(dims, c)
    lead = (1,) * (3 - len(runs))
    return [Shape(*lead, *(prod(p[i] for i in axes) for _, axes in runs)) for p in padded], None


def joined(shapes: Sequence[Dims], axis: int) -> Dims:
    """The axes of tensors joined along one axis; raises ValueError where another axis differs.

    >>> joined([(1, 8, 8, 3), (1, 8, 8, 5)], -1)
    (1, 8, 8, 8)
    """
    rank = len(shapes[0])
    fit = -rank <= axis < rank and all(len(d) == rank for d in shapes)
    at = axis % rank if fit else 0
    if not fit or len({(*d[:at], *d[at + 1 :]) for d in shapes}) != 1:
        given = " and ".join(dims_text(d) for d in shapes[:4])
        raise ValueError(f"it joins tensors of {given} along axis {axis}")
    return (*shapes[0][:at], sum(d[at] for d in shapes), *shapes[0][at + 1 :])


def side_of(dims: Dims, c: int, axis: int) -> str:
    """Which side of the map an axis is, with `c` the channels; empty for one that is folded into a side."""
    if axis == c:
        return "channels"
    rest = [i for i in range(len(dims)) if i != c and (i or dims[0] != 1 or not c)]
    return ("height", "width")[rest.index(axis)] if axis in rest and len(rest) < 3 else ""


def side_of_volume(c: int, axis: int) -> str:
    """Which side of a volume an axis is, with `c` the channels."""
    return "channels" if axis == c else ("depth", "height", "width")[axis - 1 - (axis > c)]


def around(dims: Dims, axis: int) -> Shape:
    """The map whose width is one axis, its height all axes before, its channels all behind."""
    return Shape(prod(dims[:axis]), dims[axis], prod(dims[axis + 1 :]))


def image_size(
    file: str, name: str, h: int, w: int, settings: Settings
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The size to read an image at, and the size in the file; 0 is a side that the file leaves open."""
    size, in_file = size_of(file, name, (h, w), settings)
    return (size[0], size[1]), (h, w) if in_file else None


def size_of(
    file: str, name: str, sides: tuple[int, ...], settings: Settings
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The size to read an image or a volume at, and the size in the file; 0 is a side that the file leaves
    open.

    Raises CallError where the file leaves it open and the settings do not say.
    """
    if all(sides):
        return sized(sides, settings)[0], sides
    if settings.resolution is not None:
        return sized((1,) * len(sides), settings)[0], None
    axes, like = ("height and width", "224") if len(sides) == 2 else ("depth, height and width", "16x112x112")
    what = f"input {name[:80]!r}: the file leaves its {axes} open"
    raise CallError(Fault(what, file, hint=f"give --resolution, such as --resolution {like}"))


def sequence_size(
    file: str, name: str, length: int, settings: Settings
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The size to read a sequence at, as a map one wide, and the size in the file; a length of 0 is one that
    the file leaves open.

    Raises CallError where the file leaves it open and the settings do not say, or they say a width.
    """
    if settings.resolution is not None:
        h, w = sized((1, 1), settings)[0]
        if w not in (1, h):
            what = f"input {name[:80]!r} is a sequence, which has a length and no width"
            raise CallError(Fault(what, file, hint=f"--resolution {h}, or {h}x1"))
        return (h, 1), (length, 1) if length else None
    if not length:
        what = f"input {name[:80]!r}: the file leaves its length open"
        raise CallError(Fault(what, file, hint="give --resolution, such as --resolution 128"))
    return (max(1, round(length * (settings.rho or 1))), 1), (length, 1)
