"""How many designs of a space come to each sum? Sorted sums with their counts, grown from both ends.

The sums of the leading slots and those of the others are kept apart, and met in the middle: the designs of
at most L are, over the sums b behind the middle, count(b) times the number before it of at most L - b. Both
are exact; products of counts are added in pieces of 20 bits, so that no 64-bit integer overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd
from typing import TYPE_CHECKING, Any

from ...engine.num import ARRAY_LIMIT
from ...errors import CallError
from ...records import NamedTuple
from .lattice import Lattice, arriving

if TYPE_CHECKING:
    import numpy as np

PIECE = 20  # bits
BATCH = 1 << 22  # entries that are merged, or multiplied, at a time
SPARSE = 8
KEY_BITS = 62
MOST_ENTRIES = 24_000_000  # of one half, 16 bytes each: about 1 GB while it grows


class Sums(NamedTuple):
    """Different sums in ascending order, and how many paths come to each."""

    values: np.ndarray[Any, Any]
    counts: np.ndarray[Any, Any]

    @classmethod
    def single(cls, wide: bool = False) -> Sums:
        """One path, of sum 0; wide: see `wide`."""
        import numpy as np

        return cls(np.zeros(1, np.int64), np.ones(1, object if wide else np.int64))

    def wide(self, wide: bool) -> Sums:
        """The same table with counts of any size, where they may pass 64 bits."""
        return Sums(self.values, self.counts.astype(object)) if wide else self


def merged(parts: Sequence[tuple[Sums, int]]) -> Sums:
    """Several tables in one, each with a number added to its sums, which are in order and differ."""
    import numpy as np

    parts = [(sums, plus) for sums, plus in parts if len(sums.values)]
    if len(parts) > 1 and (dense := _dense(parts)) is not None:
        return dense
    whole: Sums | None = None
    waiting: list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = []
    many = 0
    for n, (sums, plus) in enumerate(parts):
        waiting.append((sums.values + plus, sums.counts))
        many += len(sums.values)
        if many >= BATCH or n == len(parts) - 1:
            if whole is not None:
                waiting.append((whole.values, whole.counts))
            whole = distinct(
                np.concatenate([values for values, _ in waiting]),
                np.concatenate([counts for _, counts in waiting]),
            )
            waiting, many = [], 0
    return whole if whole is not None else Sums(np.empty(0, np.int64), np.empty(0, np.int64))


def _dense(parts: Sequence[tuple[Sums, int]]) -> Sums | None:
    """Several tables in one, by an array with a place for every sum that there may be: without sorting.

    None where that array would have more than `SPARSE` times as many places as there are entries, or a count
    may pass 64 bits.
    """
    import numpy as np

    if any(sums.counts.dtype == object for sums, _ in parts):
        return None
    low = min(int(sums.values[0]) + plus for sums, plus in parts)
    high = max(int(sums.values[-1]) + plus for sums, plus in parts)
    steps = {int(np.gcd.reduce(sums.values - sums.values[0])) for sums, _ in parts}
    step = gcd(*steps, *(int(sums.values[0]) + plus - low for sums, plus in parts)) or 1
    places = (high - low) // step + 1
    if places > SPARSE * sum(len(sums.values) for sums, _ in parts):
        return None
    counts = np.zeros(places, np.int64)
    for sums, plus in parts:
        counts[(sums.values + (plus - low)) // step] += sums.counts  # sums of one table differ
    there = np.flatnonzero(counts)
    return Sums(there * step + low, counts[there])


def distinct(values: np.ndarray[Any, Any], counts: np.ndarray[Any, Any]) -> Sums:
    """A table of sums in any order, in which the counts of equal ones are added."""
    import numpy as np

    if not len(values):
        return Sums(values, counts)
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    first = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    return Sums(values[first], np.add.reduceat(counts, first))


def dot(xs: np.ndarray[Any, Any], ys: np.ndarray[Any, Any]) -> int:
    """The exact sum of the products of two arrays of integers from 0, below 2**62 each.

    >>> import numpy as np
    >>> dot(np.array([2**61, 3]), np.array([2**61, 5])) == 2**122 + 15
    True
    """
    if xs.dtype == object or ys.dtype == object:
        return int(sum(int(x) * int(y) for x, y in zip(xs, ys, strict=True)))
    total = 0
    for start in range(0, len(xs), BATCH):
        x, y = xs[start : start + BATCH], ys[start : start + BATCH]
        total += sum(
            int((a * b).sum()) << shift_a + shift_b for shift_a, a in _pieces(x) for shift_b, b in _pieces(y)
        )
    return total


def _pieces(xs: np.ndarray[Any, Any]) -> list[tuple[int, np.ndarray[Any, Any]]]:
    """The 20-bit pieces of an array, lowest first, each with its shift; those that are all 0 are left out."""
    most, mask = int(xs.max(initial=0)), (1 << PIECE) - 1
    return [(shift, xs >> shift & mask) for shift in range(0, most.bit_length(), PIECE)]


class Keys(NamedTuple):
    """How some figures of a path stand in one key: each from its own bit on.

    at: the figures, by their numbers in the lattice. most: what each may be in all.
    """

    at: tuple[int, ...]
    most: tuple[int, ...]
    shifts: tuple[int, ...]
    bits: tuple[int, ...]

    @classmethod
    def of(
        cls, lattice: Lattice, metrics: Sequence[str], most: Sequence[int | None] = (), spare: int = 0
    ) -> Keys:
        """Keys of sums; most: None where a sum may be anything; spare: bits beside those of the largest sum.

        Raises CallError where 64 bits do not hold them.
        """
        bits = tuple(check_sums(lattice, metric).bit_length() + spare for metric in metrics)
        if sum(bits) > KEY_BITS:
            raise CallError(f"{' and '.join(metrics)} together pass what 64-bit integers hold exactly")
        return cls(
            tuple(lattice.metrics.index(metric) for metric in metrics),
            tuple(ARRAY_LIMIT if end is None else end for end in most or [None] * len(bits)),
            tuple(sum(bits[j + 1 :]) for j in range(len(bits))),
            bits,
        )

    def key(self, figures: Sequence[int], mask: int = -1) -> int:
        """The key of the figures of an edge, or of those in a mask."""
        places = enumerate(zip(self.at, self.shifts, strict=True))
        return sum(figures[m] << shift for j, (m, shift) in places if mask >> j & 1)

    def part(self, keys: np.ndarray[Any, Any], j: int) -> np.ndarray[Any, Any]:
        """One figure of many keys."""
        found: np.ndarray[Any, Any] = keys >> self.shifts[j] & (1 << self.bits[j]) - 1
        return found


class Middle(NamedTuple):
    """Both halves of a lattice for the sums of one figure or two, which meet at a border.

    front: for each border from the image to it, a table for each node there. back: the same from the end.
    prefixes: of the counts of the last tables in front, from 0.
    """

    keys: Keys
    front: list[list[Sums]]
    back: list[list[Sums]]
    prefixes: list[np.ndarray[Any, Any]]

    def next_above(self, limit: int) -> int | None:
        """The least sum of a design above a limit, of one figure; None where there is none."""
        found = None
        for front, back in zip(self.front[-1], self.back[-1], strict=True):
            at = front.values.searchsorted(limit - back.values, "right")
            there = at < len(front.values)
            if there.any():
                least = int((front.values[at[there]] + back.values[there]).min())
                found = least if found is None else min(found, least)
        return found

    def at_most(self, limit: int) -> int:
        """The designs whose sum of one figure is at most a limit."""
        return sum(
            dot(back.counts, prefix[front.values.searchsorted(limit - back.values, "right")])
            for front, back, prefix in zip(self.front[-1], self.back[-1], self.prefixes, strict=True)
        )


def middle(
    lattice: Lattice, metrics: Sequence[str], ends: Sequence[int | None] = (), most: int = MOST_ENTRIES
) -> Middle:
    """Grow both halves, the smaller one first, until they meet.

    ends: paths that no design with at most these figures has may be left out. Raises CallError where a half
    would have more than `most` entries, and for sums that pass 64 bits.
    """
    import numpy as np

    keys = Keys.of(lattice, metrics, ends)
    found = Middle(keys, [], [], [])
    ways = (lattice, lattice.turned())
    rests = [[way.extremes(metric, min) for metric in metrics] for way in ways]
    wide = [counts_pass(way) for way in ways[::-1]]
    halves = (found.front, found.back)
    for side, way in enumerate(ways):
        halves[side].append([Sums.single(wide[side][0]) for _ in way.layers[0]])
    for _ in lattice.layers:
        side = int(size(halves[0][-1]) > size(halves[1][-1]))
        half, here = halves[side], len(halves[side]) - 1
        grown = [
            merged(
                [(half[-1][edge.to].wide(wide[side][here + 1]), keys.key(edge.figures)) for edge in several]
            )
            for several in arriving(ways[side], here)
        ]
        for n in (n for n, end in enumerate(ends) if end is not None):
            rest = rests[side][n][here + 1]
            grown = [_possible(keys, sums, n, rest[node]) for node, sums in enumerate(grown)]
        half.append(grown)
        if size(grown) > most:
            raise TooMany(
                f"more than {most:,} different sums of {' and '.join(metrics)} in half of the space"
            )
    found.prefixes.extend(
        np.concatenate((np.zeros(1, sums.counts.dtype), sums.counts.cumsum())) for sums in found.front[-1]
    )
    return found


def _possible(keys: Keys, sums: Sums, n: int, rest: int | None) -> Sums:
    """The entries of a table that a design within the limit of a figure may have; rest: the least behind."""
    if rest is None:
        return Sums(sums.values[:0], sums.counts[:0])
    good = keys.part(sums.values, n) <= keys.most[n] - rest
    return Sums(sums.values[good], sums.counts[good])


class TooMany(CallError):
    """There are more different sums than memory is to be used for."""


def size(tables: Sequence[Sums]) -> int:
    """The entries of some tables."""
    return sum(len(sums.values) for sums in tables)


def check_sums(lattice: Lattice, metric: str) -> int:
    """Return the largest sum of a design; raise CallError where it passes what 64 bits hold exactly."""
    largest = lattice.extremes(metric, max)[0][0]
    if largest is not None and largest > ARRAY_LIMIT:
        raise CallError(f"the largest {metric} passes what 64-bit integers hold exactly")
    return largest or 0


def counts_pass(turned: Lattice) -> list[bool]:
    """For each border of the turned lattice's other side: may a count there pass 64 bits?"""
    return [max(counts, default=0) > ARRAY_LIMIT for counts in turned.completions()][::-1]
