"""Where does TensorFlow Lite Micro's planner place buffers? The largest first, each in the first gap."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ...errors import ShapeError
from .buffers import Buffer

MOST_HELD = 30_000_000
"""Buffers times steps during which they are held, that are placed: a million layers of a chain hold three."""


def place(buffers: Sequence[Buffer]) -> list[Buffer]:
    """Give every buffer its offset, in the order given; those that have one keep it, unchecked.

    The others are placed by size, the largest first, and of equal ones that added last first. Each takes the
    first gap between the buffers held beside it that is large enough, or else the end of those. Raises
    ShapeError where more than `MOST_HELD` would have to be looked at.
    Source: TensorFlow Lite Micro, greedy_memory_planner.cc.

    >>> [b.offset for b in place([Buffer("a", 16, 0, 1), Buffer("b", 32, 1, 2), Buffer("c", 16, 2, 3)])]
    [32, 0, 32]
    """
    rest = [i for i, b in enumerate(buffers) if b.offset is None]
    return first_fit(buffers, sorted(rest, key=lambda i: (-buffers[i].bytes, -i)))


def first_fit(buffers: Sequence[Buffer], order: Iterable[int]) -> list[Buffer]:
    """Place the buffers of these numbers one after another, each in the first gap between those held beside
    it; all others lie where they are. Raises ShapeError as `place` does.
    """
    if sum(b.last - b.first + 1 for b in buffers) > MOST_HELD:
        raise ShapeError("too many buffers are held for too long to be placed")
    shelf, found = _Shelf(), list(buffers)
    for buffer in buffers:
        if buffer.offset is not None:
            shelf.add(buffer)
    for i in order:
        size, end = found[i].bytes, 0
        for offset, after in sorted(shelf.beside(found[i])):
            if offset - end >= size:
                break
            end = max(end, after)
        found[i] = found[i]._replace(offset=end)
        shelf.add(found[i])
    return found


class _Shelf:
    """Placed buffers, found by the steps during which they are held."""

    def __init__(self) -> None:
        self.held: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        self.born: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)

    def add(self, buffer: Buffer) -> None:
        """Add a placed buffer."""
        assert buffer.offset is not None
        place = buffer.offset, buffer.offset + buffer.bytes
        self.born[buffer.first].append(place)
        for step in range(buffer.first, buffer.last + 1):
            self.held[step].append(place)

    def beside(self, buffer: Buffer) -> list[tuple[int, int]]:
        """The beginnings and ends of all that is held at some step with a buffer."""
        found = list(self.held.get(buffer.first, ()))
        for step in range(buffer.first + 1, buffer.last + 1):
            found += self.born.get(step, ())
        return found
