"""Which designs of a space within limits are drawn by chance? Each with the same chance, none thrown away."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import Any

from ...errors import CallError
from .lattice import Edge, Lattice, additive, arriving
from .limits import Limit, kept
from .tables import Middle, Sums, dot, middle

BLOCK = 4096  # entries whose weights are added up together


class Sampler:
    """Draws designs of one lattice, each within the limits with the same chance.

    total: how many there are. Raises CallError for limits on more than one sum.
    """

    def __init__(self, lattice: Lattice, limits: Sequence[Limit]) -> None:
        sums = [limit for limit in limits if additive(limit.metric)]
        if len(sums) > 1:
            names = " and ".join(limit.metric for limit in sums)
            raise CallError(
                f"designs are drawn within a limit on one sum, not on {names} together",
                hint="leave one of them out; limits on peak_bytes may stay",
            )
        self.lattice = kept(lattice, [limit for limit in limits if not additive(limit.metric)])
        self.halves = _Halves(self.lattice, sums[0]) if sums else None
        self.total = self.halves.total if self.halves else self.lattice.completions()[0][0]

    def draw(self, random: Random) -> list[int]:
        """The option of each slot of one design; `total` is not 0."""
        if self.halves:
            return self.halves.draw(random)
        return [edge.option for edge in self.lattice.path(random.randrange(self.total))]


class _Halves:
    """The halves of a lattice, and for each sum behind the middle the designs that it is part of."""

    def __init__(self, lattice: Lattice, limit: Limit) -> None:
        self.lattice, self.turned, self.limit = lattice, lattice.turned(), limit
        self.middle = middle(lattice, limit.metric)
        self.blocks = list(self._weights())  # node, first entry, designs
        self.ends = list(accumulate(weight for _, _, weight in self.blocks))
        self.total = self.ends[-1] if self.ends else 0

    def ranges(self, node: int, start: int, stop: int) -> tuple[Any, Any]:
        """For some sums behind a node, the first and last entry of its front that keep the limit."""
        front, values = self.middle.front[-1][node].values, self.middle.back[-1][node].values[start:stop]
        least, most = self.limit.least, self.limit.most
        low = 0 * values if least is None else front.searchsorted(least - values, "left")
        high = 0 * values + len(front) if most is None else front.searchsorted(most - values, "right")
        return low, high.clip(min=low)

    def designs(self, node: int, start: int, stop: int) -> Any:
        """For some sums behind a node, the number of paths to it that keep the limit with each."""
        prefix = self.middle.prefixes[node]
        low, high = self.ranges(node, start, stop)
        return prefix[high] - prefix[low]

    def _weights(self) -> Iterator[tuple[int, int, int]]:
        for node, back in enumerate(self.middle.back[-1]):
            for start in range(0, len(back.values), BLOCK):
                weight = dot(back.counts[start : start + BLOCK], self.designs(node, start, start + BLOCK))
                if weight:
                    yield node, start, weight

    def draw(self, random: Random) -> list[int]:
        """Draw a sum behind the middle by the designs that have it, then one before it, then their paths."""
        at = random.randrange(self.total)
        n = bisect_right(self.ends, at)
        node, start, weight = self.blocks[n]
        at -= self.ends[n] - weight
        back = self.middle.back[-1][node]
        before = self.designs(node, start, start + BLOCK)
        weights = accumulate(int(n) * int(m) for n, m in zip(back.counts[start:], before, strict=False))
        ends = list(weights)
        entry = start + bisect_right(ends, at)
        at -= ends[entry - start - 1] if entry > start else 0
        low, _ = self.ranges(node, entry, entry + 1)
        prefix = self.middle.prefixes[node]
        rank = int(prefix[low[0]]) + at // int(back.counts[entry])
        first = int(prefix.searchsorted(rank, "right")) - 1
        leading = walked(self.lattice, self.middle, self.middle.front, node, first, random)
        trailing = walked(self.turned, self.middle, self.middle.back, node, entry, random)
        return [*reversed(leading), *trailing]


def walked(
    way: Lattice, middle: Middle, tables: Sequence[Sequence[Sums]], node: int, entry: int, random: Random
) -> list[int]:
    """The options of one of the paths that come to an entry of the last table of a node, from there back."""
    sum_ = int(tables[-1][node].values[entry])
    options = []
    for border in range(len(tables) - 1, 0, -1):
        ways = [
            (edge, rest, count)
            for edge in arriving(way, border - 1)[node]
            if (count := _count(tables[border - 1][edge.to], rest := sum_ - edge.figures[middle.metric]))
        ]
        edge, sum_ = _chosen(ways, random)
        options.append(edge.option)
        node = edge.to
    return options


def _count(sums: Sums, value: int) -> int:
    """How many paths come to a sum."""
    at = int(sums.values.searchsorted(value))
    return int(sums.counts[at]) if at < len(sums.values) and sums.values[at] == value else 0


def _chosen(ways: Sequence[tuple[Edge, int, int]], random: Random) -> tuple[Edge, int]:
    """One of some edges, by the paths that come to each."""
    at = random.randrange(sum(count for _, _, count in ways))
    for edge, rest, count in ways:
        if at < count:
            return edge, rest
        at -= count
    raise AssertionError("a path that no edge leads to")
