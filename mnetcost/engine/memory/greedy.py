"""Where does TensorFlow Lite Micro's planner place buffers? The largest first, each in the first gap."""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence

from .buffers import Buffer


def place(buffers: Sequence[Buffer]) -> list[Buffer]:
    """Give every buffer its offset, in the order given; those that have one keep it, unchecked.

    The others are placed by size, the largest first, and of equal ones that added last first. Each takes the
    first gap between the buffers held beside it that is large enough, or else the end of those.
    Source: TensorFlow Lite Micro, greedy_memory_planner.cc.

    >>> [b.offset for b in place([Buffer("a", 16, 0, 1), Buffer("b", 32, 1, 2), Buffer("c", 16, 2, 3)])]
    [32, 0, 32]
    """
    offsets = [b.offset for b in buffers]
    placed = sorted((b.offset, i) for i, b in enumerate(buffers) if b.offset is not None)
    rest = [i for i, b in enumerate(buffers) if b.offset is None]
    for i in sorted(rest, key=lambda i: (-buffers[i].bytes, -i)):
        buffer, end = buffers[i], 0
        for offset, j in placed:
            if buffer.beside(buffers[j]):
                if offset - end >= buffer.bytes:
                    break
                end = max(end, offset + buffers[j].bytes)
        offsets[i] = end
        insort(placed, (end, i))
    return [b._replace(offset=offset) for b, offset in zip(buffers, offsets, strict=True)]
