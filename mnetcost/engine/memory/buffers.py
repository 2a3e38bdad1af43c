"""What is a piece of memory? A buffer with a name, a size in bytes, and the steps during which it is held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...records import NamedTuple
from ..num import Num, larger


class Buffer(NamedTuple):
    """Bytes that are held from one step to another, both included.

    Step 0 is before the first operation, which is step 1. A buffer of the steps -1 to -1 is held at no step
    (a tensor that nothing reads or writes), but has its place all the same.
    """

    name: str
    bytes: int
    first: int
    last: int
    offset: int | None = None  # in the arena; None where it has not been placed

    def beside(self, other: Buffer) -> bool:
        """Are both held at some step?"""
        return self.first <= other.last and other.first <= self.last


class Peak(NamedTuple):
    """The step at which most bytes are held, the first of several, and the buffers that are held there."""

    step: int
    bytes: int
    alive: tuple[Buffer, ...]


def peak(buffers: Sequence[Buffer]) -> Peak:
    """The peak of some buffers: each step's sum of the bytes held there, the largest of them.

    >>> peak([Buffer("a", 10, 0, 1), Buffer("b", 30, 1, 2), Buffer("c", 5, 2, 3)])[:2]
    (1, 40)
    """
    changes: dict[int, int] = {}
    for b in buffers:
        changes[b.first] = changes.get(b.first, 0) + b.bytes
        changes[b.last + 1] = changes.get(b.last + 1, 0) - b.bytes
    most, held, at = 0, 0, 0
    for step in sorted(changes):
        held += changes[step]
        if held > most:
            most, at = held, step
    return Peak(at, most, tuple(b for b in buffers if b.first <= at <= b.last))


def most_held(spans: Iterable[tuple[Num, int, int]]) -> Num:
    """The largest sum of (bytes, first step, last step) that are held at one step, cell by cell of a grid.

    >>> most_held([(10, 0, 1), (30, 1, 2), (5, 2, 3)])
    40
    """
    spans = list(spans)
    most: Num = 0
    for step in sorted({first for _, first, _ in spans}):
        most = larger(most, sum(size for size, first, last in spans if first <= step <= last))
    return most


def arena(buffers: Iterable[Buffer]) -> int:
    """The bytes of an arena that holds placed buffers: the largest end of one."""
    return max((b.offset + b.bytes for b in buffers if b.offset is not None), default=0)
