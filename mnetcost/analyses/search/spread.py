"""How are the costs of a space's designs spread? Least, most and quantiles, and a histogram; all exact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from ...records import NamedTuple
from .lattice import Lattice, additive
from .limits import Limit, kept
from .tables import Middle, middle

COARSE = 2048  # cells of the coarse tables that quantiles are first looked up in
SURE = 1e-9  # of the number of designs: how far a sum of floats may be off


class Spread(NamedTuple):
    """The spread of one figure over the designs of a space: by the share of designs that have at most it."""

    metric: str
    designs: int
    least: int
    most: int
    quantiles: tuple[tuple[float, int], ...]
    bins: tuple[tuple[int, int, int], ...]  # from, to (both included), designs


def spread(
    lattices: Sequence[Lattice],
    metric: str,
    shares: Sequence[float],
    bins: int,
    told: Callable[[float], None],
) -> Spread | None:
    """Spread a figure over the designs of some lattices; None where there is none.

    shares: of the quantiles, such as 0.5 for the median: the least figure that so many designs have at most.
    bins: of the histogram. told: is called with the share that is done.
    """
    lattices = [lattice for lattice in lattices if lattice.completions()[0][0]]
    if not lattices:
        return None
    designs = sum(lattice.completions()[0][0] for lattice in lattices)
    least = min(int(lattice.extremes(metric, min)[0][0] or 0) for lattice in lattices)
    most = max(int(lattice.extremes(metric, max)[0][0] or 0) for lattice in lattices)
    law = (_Summed if additive(metric) else _Largest)(lattices, metric, least, most)
    quantiles = []
    for n, share in enumerate(shares):
        told(n / (len(shares) + bins))
        quantiles.append((share, law.quantile(-(-designs * round(share * 10**6) // 10**6))))
    edges = [least + (most - least + 1) * n // bins for n in range(bins + 1)]
    edges = sorted(dict.fromkeys(edges))
    below, found = 0, []
    for n, (low, high) in enumerate(pairwise(edges)):
        told((len(shares) + n) / (len(shares) + bins))
        now = law.at_most(high - 1)
        found.append((low, high - 1, now - below))
        below = now
    told(1.0)
    return Spread(metric, designs, least, most, tuple(quantiles), tuple(found))


class _Largest:
    """The law of a figure that is the largest of its parts': the designs without the edges above it."""

    def __init__(self, lattices: Sequence[Lattice], metric: str, least: int, most: int) -> None:
        self.lattices, self.metric = lattices, metric
        m = lattices[0].metrics.index(metric)
        figures = {e.figures[m] for x in lattices for layer in x.layers for edges in layer for e in edges}
        self.values = sorted(value for value in figures if least <= value <= most)

    def at_most(self, value: int) -> int:
        """The designs of at most this figure."""
        limit = [Limit(self.metric, None, value)]
        return sum(kept(lattice, limit).completions()[0][0] for lattice in self.lattices)

    def quantile(self, rank: int) -> int:
        """The least figure that so many designs have at most."""
        return next(value for value in self.values if self.at_most(value) >= rank)


class _Summed:
    """The law of a figure that is a sum, from the halves of each lattice."""

    def __init__(self, lattices: Sequence[Lattice], metric: str, least: int, most: int) -> None:
        self.middles = [middle(lattice, [metric]) for lattice in lattices]
        self.low, self.high = least, most
        self.known = {least - 1: 0, most: sum(lattice.completions()[0][0] for lattice in lattices)}
        self.coarse = _coarse(self.middles, least, most)

    def at_most(self, value: int) -> int:
        """The designs of at most this figure."""
        value = max(self.low - 1, min(self.high, value))
        if value not in self.known:
            self.known[value] = sum(middle.at_most(value) for middle in self.middles)
        return self.known[value]

    def next_above(self, value: int) -> int:
        """The least figure of a design above this one."""
        found = [above for middle in self.middles if (above := middle.next_above(value)) is not None]
        return min(found)

    def quantile(self, rank: int) -> int:
        """The least figure that so many designs have at most: between two known ones, the guess of a straight
        line, or the middle where that gains too little.
        """
        low, high = self.low - 1, self.high
        for value in self.bracket(rank):
            if self.at_most(value) < rank:
                low = max(low, value)
            else:
                high = min(high, value)
        straight = True
        while high - low > 1:
            least, most = self.at_most(low), self.at_most(high)
            gap = high - low
            guess = low + gap * (rank - least) // max(1, most - least) if straight else low + gap // 2
            guess = max(low + 1, min(high - 1, guess))
            if self.at_most(guess) >= rank:
                high = guess
            else:
                low = guess
                above = self.next_above(low)
                if self.at_most(above) >= rank:
                    return above
                low = above
            straight = not straight or (high - low) * 2 < gap
        return high

    def bracket(self, rank: int) -> tuple[int, int]:
        """Two figures, as near as coarse tables tell, of fewer designs and of at least as many."""
        step, shares = self.coarse
        share = rank / self.known[self.high]
        below = int(shares.searchsorted(share - SURE)) - 1
        above = int(shares.searchsorted(share + SURE))
        return self.low + max(0, below) * step, self.low + (above + 3) * step


def _coarse(middles: Sequence[Middle], least: int, most: int) -> tuple[int, Any]:
    """The width of a cell, and up to each cell the share of designs: sums of a cell in front and one behind.

    A design in cell n lies n to n + 3 cells above the least.
    """
    import numpy as np

    step = (most - least) // COARSE + 1
    total = np.zeros(2 * COARSE + 4)
    for one in middles:
        for front, back in zip(one.front[-1], one.back[-1], strict=True):
            if not len(front.values) or not len(back.values):
                continue
            # the least of each half from 0, their sum from the least of all
            base = int(front.values[0] + back.values[0] - least)
            first, second = (
                np.bincount(
                    (half.values - half.values[0]) // step,
                    weights=half.counts.astype(float),
                )
                for half in (front, back)
            )
            sums = np.convolve(np.concatenate((np.zeros(base // step), first)), second)
            total[: len(sums)] += sums[: len(total)]
    return step, (total / total.sum()).cumsum()
