"""How does a tensor of any number of axes look as a map, and which layer does an operation on it stand for?

ONNX and TFLite speak of axes, the engine of maps of h x w x c. A tensor here knows its axes and which of
them is the channels; the others, the batch of 1 apart, are folded into height and width. Where a layer
needs other channels than the last layer gave, the same numbers are read anew, which costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from ...engine.graph import Ref
from ...engine.shapes import Shape
from ...errors import CallError, Fault
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


def image_size(
    file: str, name: str, h: int, w: int, settings: Settings
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The size to read an image at, and the file's own; 0 is a side that the file leaves open.

    Raises CallError where the file leaves it open and the settings do not say.
    """
    if h and w:
        return sized((h, w), settings)[0], (h, w)
    if settings.resolution is not None:
        return settings.resolution, None
    said_ = f"input {name[:80]!r}: the file leaves its height and width open"
    raise CallError(Fault(said_, file, hint="give --resolution, such as --resolution 224"))


def sequence_size(
    file: str, name: str, length: int, settings: Settings
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """The size to read a sequence at, as a map one wide, and the file's own; a length of 0 is one that
    the file leaves open.

    Raises CallError where the file leaves it open and the settings do not say, or they say a width.
    """
    if settings.resolution is not None:
        h, w = settings.resolution
        if w not in (1, h):
            said_ = f"input {name[:80]!r} is a sequence, which has a length and no width"
            raise CallError(Fault(said_, file, hint=f"--resolution {h}, or {h}x1"))
        return (h, 1), (length, 1) if length else None
    if not length:
        said_ = f"input {name[:80]!r}: the file leaves its length open"
        raise CallError(Fault(said_, file, hint="give --resolution, such as --resolution 128"))
    return (max(1, round(length * (settings.rho or 1))), 1), (length, 1)
