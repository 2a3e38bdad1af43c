"""Which designs of a space within limits are drawn by chance? Each with the same chance, none thrown away."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, product
from random import Random
from typing import Any

from ...engine.num import ARRAY_LIMIT
from ...errors import CallError
from .lattice import Edge, Lattice, additive, arriving
from .limits import Limit, below_corners, kept
from .tables import Middle, Sums, TooMany, dot, middle

BLOCK = 4096  # entries whose weights are added up together


class Sampler:
    """Draws designs of one lattice, each within the limits with the same chance.

    total: how many there are. Raises CallError for limits on more than two sums, and on two of which there
    are too many different pairs.
    """

    def __init__(self, lattice: Lattice, limits: Sequence[Limit]) -> None:
        sums = [limit for limit in limits if additive(limit.metric)]
        if len(sums) > 2:
            names = ", ".join(limit.metric for limit in sums)
            raise CallError(f"designs are drawn within limits on two sums at most, not on {names}")
        self.lattice = kept(lattice, [limit for limit in limits if not additive(limit.metric)])
        self.halves = _Halves(self.lattice, sums) if sums else None
        self.total = self.halves.total if self.halves else self.lattice.completions()[0][0]

    def draw(self, random: Random) -> list[int]:
        """The option of each slot of one design; `total` is not 0."""
        if self.halves:
            return self.halves.draw(random)
        return [edge.option for edge in self.lattice.path(random.randrange(self.total))]


class _Halves:
    """The halves of a lattice, and for each entry behind the middle the designs that it is part of."""

    def __init__(self, lattice: Lattice, limits: Sequence[Limit]) -> None:
        self.lattice, self.turned, self.limits = lattice, lattice.turned(), limits
        try:
            self.middle = middle(
                lattice, [limit.metric for limit in limits], [limit.most for limit in limits]
            )
        except TooMany as e:
            fault = e.faults[0]
            raise TooMany(
                fault._replace(hint="a limit on one sum, and any on peaks, can be drawn within")
            ) from None
        # of each entry behind the middle, the paths before it that keep the limits with it
        self.paths = [self.keeping(node) for node in range(len(self.middle.back[-1]))]
        self.blocks = list(self._weights())  # node, first entry, designs
        self.ends = list(accumulate(weight for _, _, weight in self.blocks))
        self.total = self.ends[-1] if self.ends else 0

    def box(self, node: int, entries: Any) -> list[tuple[Any, Any]]:
        """For some entries behind a node, the least and most of each figure before it within the limits."""
        keys = self.middle.back[-1][node].values[entries]
        found = []
        for n, limit in enumerate(self.limits):
            figure = self.middle.keys.part(keys, n)
            low = 0 * figure if limit.least is None else limit.least - figure
            high = 0 * figure + ARRAY_LIMIT if limit.most is None else limit.most - figure
            found.append((low, high))
        return found

    def keeping(self, node: int) -> Any:
        """For each entry behind a node, the number of paths to it that keep the limits with it."""
        import numpy as np

        front = self.middle.front[-1][node]
        parts = [self.middle.keys.part(front.values, n) for n in range(len(self.limits))]
        box = self.box(node, slice(None))
        if len(parts) == 1:
            ((low, high),) = box
            prefix = self.middle.prefixes[node]
            first, last = front.values.searchsorted(low, "left"), front.values.searchsorted(high, "right")
            return prefix[np.maximum(first, last)] - prefix[first]
        total: Any = 0
        for corner in product((0, 1), repeat=2):  # those of at most both ends, less those below the least
            ends = [high if not below else low - 1 for below, (low, high) in zip(corner, box, strict=True)]
            found = below_corners((parts[0], parts[1]), front.counts, (ends[0], ends[1]))
            total = total + (-found if sum(corner) % 2 else found)
        return total

    def _weights(self) -> Iterator[tuple[int, int, int]]:
        for node, back in enumerate(self.middle.back[-1]):
            for start in range(0, len(back.values), BLOCK):
                weight = dot(back.counts[start : start + BLOCK], self.paths[node][start : start + BLOCK])
                if weight:
                    yield node, start, weight

    def draw(self, random: Random) -> list[int]:
        """Draw an entry behind the middle by the designs that have it, one before it, and their paths."""
        at = random.randrange(self.total)
        n = bisect_right(self.ends, at)
        node, start, weight = self.blocks[n]
        at -= self.ends[n] - weight
        back = self.middle.back[-1][node]
        pairs = zip(back.counts[start : start + BLOCK], self.paths[node][start:], strict=False)
        ends = list(accumulate(int(n) * int(m) for n, m in pairs))
        entry = start + bisect_right(ends, at)
        at -= ends[entry - start - 1] if entry > start else 0
        first = self.before(node, entry, at // int(back.counts[entry]))
        leading = walked(self.lattice, self.middle, self.middle.front, node, first, random)
        trailing = walked(self.turned, self.middle, self.middle.back, node, entry, random)
        return [*reversed(leading), *trailing]

    def before(self, node: int, entry: int, rank: int) -> int:
        """The entry of one of the paths to a node that keep the limits with one behind it, by its rank."""
        import numpy as np

        front = self.middle.front[-1][node]
        good = np.ones(len(front.values), bool)
        for n, (low, high) in enumerate(self.box(node, [entry])):
            figure = self.middle.keys.part(front.values, n)
            good &= (figure >= low) & (figure <= high)
        entries = np.flatnonzero(good)
        return int(entries[int(front.counts[entries].cumsum().searchsorted(rank, "right"))])


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
            if (count := _count(tables[border - 1][edge.to], rest := sum_ - middle.keys.key(edge.figures)))
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
