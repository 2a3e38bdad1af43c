"""What do a million designs of a space cost? Their figures as arrays, chunk by chunk.

The slots of a lattice are joined into a few stretches, each a table of the ways through it with their sums:
a design is one row of each table, and its figures are gathered and added.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import reduce
from itertools import accumulate, pairwise
from math import gcd
from typing import TYPE_CHECKING, Any

from ...engine.num import ARRAY_LIMIT
from ...errors import CallError
from ...records import NamedTuple
from .lattice import Lattice, additive
from .tables import check_sums

if TYPE_CHECKING:
    import numpy as np

CHUNK = 1 << 16  # designs whose figures are in memory together
MOST_WAYS = 1 << 15  # rows of one table
LIMB = 10**9  # numbers of designs, which may pass 64 bits, are held as digits of this base


class Stretch(NamedTuple):
    """Some slots as one table: for each node before them, a row for each way through, in order.

    first, many: the rows of each node. to: the node that each row leads to. figures: one array a metric.
    before: the designs in rows of the same node above each. totals: those in all rows of each node.
    even: whether all rows of a node stand for equally many.
    """

    first: np.ndarray[Any, Any]
    many: np.ndarray[Any, Any]
    to: np.ndarray[Any, Any]
    figures: tuple[np.ndarray[Any, Any], ...]
    before: tuple[int, ...]
    totals: tuple[int, ...]
    even: bool

    def limb(self, of: int) -> np.ndarray[Any, Any]:
        """One limb of `before`."""
        import numpy as np

        return np.array([n // of % LIMB for n in self.before], np.int64)


class Tables(NamedTuple):
    """A lattice as stretches."""

    lattice: Lattice
    stretches: tuple[Stretch, ...]
    total: int


def tables(lattice: Lattice) -> Tables:
    """Join the slots of a lattice into stretches; raises CallError for sums that pass 64 bits."""
    import numpy as np

    for metric in lattice.metrics:
        if additive(metric):
            check_sums(lattice, metric)
    joins = [np.add if additive(metric) else np.maximum for metric in lattice.metrics]
    counts = lattice.completions()
    stretches, at = [], 0
    while at < len(lattice.layers):
        nodes = len(lattice.layers[at])
        start = np.arange(nodes)  # of each row so far: the node before the stretch, and the one it leads to
        to, figures = start, [np.zeros(nodes, np.int64) for _ in joins]
        begun = at
        while at < len(lattice.layers):
            edges = [edge for several in lattice.layers[at] for edge in several]
            several = np.array([len(one) for one in lattice.layers[at]])
            offsets = several.cumsum() - several
            rows = several[to]
            if at > begun and int(rows.sum()) > MOST_WAYS:
                break
            which = np.repeat(np.arange(len(to)), rows)
            within = np.arange(len(which)) - np.repeat(rows.cumsum() - rows, rows)
            edge = offsets[to[which]] + within
            own = [np.array([e.figures[m] for e in edges], np.int64) for m in range(len(joins))]
            figures = [join(f[which], o[edge]) for join, f, o in zip(joins, figures, own, strict=True)]
            to = np.array([e.to for e in edges])[edge]
            start = start[which]
            at += 1
        stretches.append(_stretch(nodes, start, to, tuple(figures), counts[at]))
    return Tables(lattice, tuple(stretches), counts[0][0])


def _stretch(
    nodes: int,
    start: np.ndarray[Any, Any],
    to: np.ndarray[Any, Any],
    figures: tuple[np.ndarray[Any, Any], ...],
    behind: Sequence[int],
) -> Stretch:
    """The table of some ways, in which those of each node stand together."""
    import numpy as np

    many = np.bincount(start, minlength=nodes)
    first = many.cumsum() - many
    weights = [[behind[t] for t in to[f : f + n]] for f, n in zip(first, many, strict=True)]
    ends = [list(accumulate(each)) for each in weights]
    before = tuple(n for each in ends for n in [0, *each[:-1]][: len(each)])
    totals = tuple(each[-1] if each else 0 for each in ends)
    even = all(len(set(each)) <= 1 for each in weights)
    return Stretch(first, many, to, figures, before, totals, even)


class Sweep:
    """Figures of designs of several lattices, by their numbers or drawn by chance.

    total: how many designs there are.
    """

    def __init__(self, lattices: Sequence[Lattice]) -> None:
        import numpy as np

        self.tables = [tables(lattice) for lattice in lattices]
        self.offsets = [0, *accumulate(one.total for one in self.tables)]
        self.total = self.offsets[-1]
        self.metrics = lattices[0].metrics
        self.whole = self.total <= ARRAY_LIMIT  # 64 bits hold every number
        if self.total >= LIMB**4:
            raise CallError(f"a space of {self.total:,} designs is too large for a sweep")
        sizes = [1] if self.whole else [LIMB**n for n in range(4)]
        self.before = [
            [
                [np.array(s.before, np.int64)] if self.whole else [s.limb(of) for of in sizes]
                for s in one.stretches
            ]
            for one in self.tables
        ]

    def chunk(self, start: int, stop: int, seed: int | None = None) -> dict[str, np.ndarray[Any, Any]]:
        """The figures of some designs: `variant`, by its place; `design`, the number, or where 64 bits do not
        hold every number its digits as `design_high` and, the last 18, `design_low`; and a column a metric.

        start, stop: numbers of designs, the last not included; with a seed, places in a sequence of designs
        that are drawn by chance, each with the same chance, in which start is a multiple of `CHUNK`.
        """
        import numpy as np

        if seed is None:
            parts = [
                self._figures(which, _rows_of(one, np.arange(low, high, dtype=np.int64)))
                for which, one in enumerate(self.tables)
                if (low := max(start - self.offsets[which], 0))
                < (high := min(stop - self.offsets[which], one.total))
            ]
        else:
            random = np.random.Generator(np.random.PCG64([seed, start // CHUNK]))
            chosen = _weighted(random, [one.total for one in self.tables], stop - start)
            several = np.bincount(chosen, minlength=len(self.tables))
            parts = [
                self._figures(which, _drawn_rows(one, random, int(many)))
                for which, (one, many) in enumerate(zip(self.tables, several, strict=True))
                if many
            ]
        return (
            parts[0]
            if len(parts) == 1
            else {key: np.concatenate([x[key] for x in parts]) for key in parts[0]}
        )

    def _figures(self, which: int, rows: list[np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """The figures of designs by their rows, with the limbs of their numbers and their variant."""
        import numpy as np

        one = self.tables[which]
        found: dict[str, Any] = {}
        for m, metric in enumerate(self.metrics):
            parts = [stretch.figures[m][row] for stretch, row in zip(one.stretches, rows, strict=True)]
            found[metric] = reduce(np.add if additive(metric) else np.maximum, parts)
        numbers = self._numbers(which, rows)
        return {"variant": np.full(len(rows[0]), which, np.int32), **numbers, **found}

    def _numbers(self, which: int, rows: list[np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """The numbers of designs: in full where 64 bits hold them all, else their high and low 18 digits."""
        import numpy as np

        offset = self.offsets[which]
        limbs = [
            reduce(np.add, [table[n][row] for table, row in zip(self.before[which], rows, strict=True)])
            for n in range(1 if self.whole else 4)
        ]
        if self.whole:
            return {"design": limbs[0] + offset}
        limbs = [limb + offset // LIMB**n % LIMB for n, limb in enumerate(limbs)]
        for n in range(3):
            limbs[n + 1] = limbs[n + 1] + limbs[n] // LIMB
            limbs[n] = limbs[n] % LIMB
        return {"design_high": limbs[3] * LIMB + limbs[2], "design_low": limbs[1] * LIMB + limbs[0]}


def _rows_of(one: Tables, numbers: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """The rows of designs by their numbers."""
    import numpy as np

    rows = []
    node, rest = 0 * numbers, numbers
    for stretch in one.stretches:
        before = np.array(stretch.before, np.int64)
        base = np.array([0, *accumulate(stretch.totals)], np.int64)
        starts = before + np.repeat(base[:-1], stretch.many)
        row = starts.searchsorted(base[node] + rest, "right") - 1
        rows.append(row)
        node, rest = stretch.to[row], rest - before[row]
    return rows


def _drawn_rows(one: Tables, random: Any, size: int) -> list[np.ndarray[Any, Any]]:
    """The rows of designs drawn by chance."""
    import numpy as np

    rows, node = [], np.zeros(size, np.int64)
    for n, stretch in enumerate(one.stretches):
        alone = len(stretch.many) == 1
        if stretch.even:
            many = int(stretch.many[0]) if alone else stretch.many[node]
            row = random.integers(0, many, size) + (0 if alone else stretch.first[node])
        else:
            row = np.empty(size, np.int64)
            for here in range(len(stretch.many)):
                those = np.flatnonzero(node == here)
                first, last = stretch.first[here], stretch.first[here] + stretch.many[here]
                ends = [*stretch.before[first:last], stretch.totals[here]]
                row[those] = (
                    first + _weighted(random, [b - a for a, b in pairwise(ends)], len(those))
                    if len(those)
                    else 0
                )
        rows.append(row)
        if n + 1 < len(one.stretches):
            node = stretch.to[row]
    return rows


def _weighted(random: Any, weights: Sequence[int], size: int) -> np.ndarray[Any, Any]:
    """So many draws of a position, each by its weight: a whole number of any size."""
    import numpy as np

    if len(weights) == 1:
        return np.zeros(size, np.int64)
    common = gcd(*weights)
    ends = list(accumulate(weight // common for weight in weights))
    if ends[-1] <= ARRAY_LIMIT:
        found: np.ndarray[Any, Any] = np.array(ends).searchsorted(random.integers(0, ends[-1], size), "right")
        return found
    bits = ends[-1].bit_length()
    return np.array([bisect_right(ends, _below(random, ends[-1], bits)) for _ in range(size)], np.int64)


def _below(random: Any, end: int, bits: int) -> int:
    """A number from 0 up to an end that 64 bits do not hold, each with the same chance."""
    while True:
        drawn = int.from_bytes(random.bytes(-(-bits // 8)), "little") & (1 << bits) - 1
        if drawn < end:
            return drawn
