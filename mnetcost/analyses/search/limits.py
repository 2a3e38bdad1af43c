"""How many designs of a space stay within limits? Exactly, or an interval where memory does not suffice.

Limits of largest figures (a peak) leave out edges. For limits of sums the halves of the lattice are grown as
for one sum, with all limited figures of a path in one key. A path that every design behind it keeps within a
limit forgets that figure, and one that every design behind it breaks is dropped; so only what is undecided is
kept apart. Where even that is too much, sums are rounded down once and up once, which bounds the number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from math import ceil
from typing import TYPE_CHECKING, Any

from ...errors import CallError
from ...records import NamedTuple
from .lattice import Edge, Lattice, additive, arriving
from .tables import MOST_ENTRIES, Keys, Sums, check_sums, counts_pass, distinct, dot, merged, size

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, Any]
    Pair = tuple[Array, Array]

EFFORT = 5e8
"""Entries of a half, all in all, that are worth an exact number: some minutes."""
ROUNDED = 8
"""How many times fewer entries a half has whose sums are rounded: an interval is to come soon."""


class Limit(NamedTuple):
    """What a figure of a design may be, both ends included; None where that end is open."""

    metric: str
    least: int | None
    most: int | None


class Count(NamedTuple):
    """A number of designs: exact where both ends are equal, else proven to be between them."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        """Is it one number?"""
        return self.least == self.most

    def __add__(self, other: object) -> Count:
        assert isinstance(other, Count)
        return Count(self.least + other.least, self.most + other.most)

    def minus(self, other: Count) -> Count:
        """The difference of two numbers."""
        return Count(self.least - other.most, self.most - other.least)


def within(
    lattice: Lattice,
    limits: Sequence[Limit],
    most: int = MOST_ENTRIES,
    effort: float = EFFORT,
    told: Callable[[float], None] = lambda share: None,
) -> Count:
    """Count the designs of a lattice that keep every limit.

    most: entries of one half that memory is used for. effort: entries that are worth an exact number; with
    more, it is an interval. told: is called with the share that is done.

    Raises CallError for more than two limits of sums that bind together, and for figures that pass 64 bits.
    """
    lattice = kept(lattice, [limit for limit in limits if not additive(limit.metric)])
    sums = [limit for limit in limits if additive(limit.metric)]
    total = Count(0, 0)
    for ends in product(*(_ends(limit) for limit in sums)):
        sign = sum(1 for _, lower in ends if lower) % 2
        found = _at_most(
            lattice,
            [(limit.metric, end) for limit, (end, _) in zip(sums, ends, strict=True)],
            most,
            effort,
            told,
        )
        total = total.minus(found) if sign else total + found
    return Count(max(0, total.least), total.most)


def _ends(limit: Limit) -> list[tuple[int | None, bool]]:
    """At most its largest figure, less those of at most the figure before its least."""
    upper: list[tuple[int | None, bool]] = [(limit.most, False)]
    return upper if limit.least is None else [*upper, (limit.least - 1, True)]


def kept(lattice: Lattice, limits: Sequence[Limit]) -> Lattice:
    """The paths of a lattice that keep limits of largest figures.

    Edges above a limit are left out. Where there is a least figure, nodes remember whether it was reached.
    """
    at = [(lattice.metrics.index(limit.metric), limit) for limit in limits]
    floors = [(m, limit.least) for m, limit in at if limit.least is not None]
    layers = []
    nodes: dict[tuple[int, tuple[bool, ...]], int] = {(0, (False,) * len(floors)): 0}
    for layer in lattice.layers:
        after: dict[tuple[int, tuple[bool, ...]], int] = {}
        found = []
        for node, reached in nodes:
            edges = []
            for edge in layer[node]:
                if any(limit.most is not None and edge.figures[m] > limit.most for m, limit in at):
                    continue
                now = tuple(
                    was or edge.figures[m] >= floor for was, (m, floor) in zip(reached, floors, strict=True)
                )
                edges.append(edge._replace(to=after.setdefault((edge.to, now), len(after))))
            found.append(tuple(edges))
        layers.append(tuple(found))
        nodes = after
    good = {n: i for i, n in enumerate(n for (_, reached), n in nodes.items() if all(reached))}
    if layers:
        layers[-1] = tuple(
            tuple(edge._replace(to=good[edge.to]) for edge in edges if edge.to in good)
            for edges in layers[-1]
        )
    return Lattice(lattice.variant, lattice.metrics, tuple(layers), len(good))


class Half(NamedTuple):
    """The paths from one end, for each node at a border: how many keep every limit for sure, and by the mask
    of undecided figures the keys of the others.
    """

    sure: list[int]
    live: list[dict[int, Sums]]

    @property
    def size(self) -> int:
        """The entries of all tables."""
        return sum(size(list(tables.values())) for tables in self.live)

    def part(self, n: int, parts: int) -> Half:
        """One of so many parts of its paths; those that keep every limit for sure are in the first."""
        live = []
        for tables in self.live:
            cut = {
                mask: (len(sums.values) * n // parts, len(sums.values) * (n + 1) // parts)
                for mask, sums in tables.items()
            }
            live.append(
                {
                    mask: Sums(sums.values[slice(*cut[mask])], sums.counts[slice(*cut[mask])])
                    for mask, sums in tables.items()
                }
            )
        return Half([0 if n else sure for sure in self.sure], live)


def _at_most(
    lattice: Lattice,
    limits: Sequence[tuple[str, int | None]],
    most: int,
    effort: float,
    told: Callable[[float], None],
) -> Count:
    """Count the designs whose sums are at most these."""
    binding = []
    for metric, end in limits:
        least, largest = lattice.extremes(metric, min)[0][0], check_sums(lattice, metric)
        if least is None or (end is not None and least > end):
            return Count(0, 0)
        if end is not None and largest > end:
            binding.append((metric, end))
    if not binding:
        every = lattice.completions()[0][0]
        return Count(every, every)
    metrics, ends = zip(*binding, strict=True)
    search = Search(lattice, Keys.of(lattice, metrics, ends), most, 0)
    search.meet()
    if search.work <= effort:
        exact = search.count(told)
        return Count(exact, exact)
    bounds = []
    for rounding in (1, -1):
        # a figure that was rounded up, and then grew, is below twice the largest one
        search = Search(lattice, Keys.of(lattice, metrics, ends, 1), most // ROUNDED, rounding)
        search.meet()
        bounds.append(search.count(told))
    return Count(*bounds)


class Search:
    """The halves of a lattice that grow towards each other, with limits on sums.

    most: entries of one half. rounding: 0, exact; 1, sums rounded up where a half would have more entries,
    for a lower bound of the number of designs; -1, rounded down, for an upper bound.
    """

    def __init__(self, lattice: Lattice, keys: Keys, most: int, rounding: int) -> None:
        self.lattice, self.keys, self.most, self.rounding = lattice, keys, most, rounding
        self.ways = (lattice, lattice.turned())
        self.rest = [
            [way.extremes(way.metrics[m], pick) for m in keys.at for pick in (min, max)] for way in self.ways
        ]
        self.wide = [counts_pass(way) for way in self.ways[::-1]]
        every = (1 << len(keys.at)) - 1
        self.halves = [
            Half([0] * len(way.layers[0]), [{every: Sums.single(self.wide[side][0])} for _ in way.layers[0]])
            for side, way in enumerate(self.ways)
        ]
        self.done, self.dropped, self.growth = [0, 0], [0, 0], [1.0, 1.0]

    @property
    def left(self) -> int:
        """The slots between the halves."""
        return len(self.lattice.layers) - sum(self.done)

    def grown(self, side: int, half: Half, here: int) -> Half:
        """A half with the slot more that stands behind its border `here`."""
        rest = self.rest[side]
        ends = [(rest[n][here + 1], rest[n + 1][here + 1]) for n in range(0, len(rest), 2)]
        return _grown(half, arriving(self.ways[side], here), self.keys, ends, self.wide[side][here + 1])

    def meet(self) -> None:
        """Grow the smaller half first, until they meet or both would have too many entries."""
        stuck = [False, False]
        while self.left and not all(stuck):
            size = [half.size for half in self.halves]
            side = int(stuck[0] or (size[0] > size[1] and not stuck[1]))
            if not self.rounding and size[side] * self.growth[side] > self.most:
                stuck[side] = True
                continue
            half = self.grown(side, self.halves[side], self.done[side])
            self.growth[side] = max(1.0, half.size / max(1, size[side]))
            self.done[side] += 1
            if self.rounding and half.size > self.most:
                self.dropped[side], half = _coarser(
                    half, self.keys, self.most, self.rounding, self.dropped[side]
                )
            self.halves[side] = half

    @property
    def work(self) -> float:
        """About how many entries one half comes to, once it has grown to the other."""
        return self.halves[self.side].size * self.growth[self.side] ** self.left

    @property
    def side(self) -> int:
        """The half that grows to the other in parts: the one that comes to fewer entries."""
        return int(self.halves[0].size > self.halves[1].size)

    def count(self, told: Callable[[float], None]) -> int:
        """The designs within the limits, with one half grown to the other part by part.

        told: is called with the share that is done.
        """
        side = self.side
        parts = max(1, ceil(self.work * 2 / self.most)) if self.left else 1
        total = 0
        for n in range(parts):
            part = self.halves[side] if parts == 1 else self.halves[side].part(n, parts)
            for here in range(self.done[side], self.done[side] + self.left):
                part = self.grown(side, part, here)
            total += self.pairs(part, self.halves[1 - side], side, n == 0)
            told((n + 1) / parts)
        return total

    def pairs(self, grown: Half, other: Half, side: int, first: bool) -> int:
        """The designs within the limits, of the paths of two halves that have met.

        first: whether this is the first part of what was grown. Paths in front that keep every limit for sure
        do so with all that follows, and are counted with it alone where the parts are those behind.
        """
        front, back = (grown, other) if side == 0 else (other, grown)
        counted = side == 0 or first
        at = self.done[0] + (self.left if side == 0 else 0)
        behind = self.lattice.completions()[at]
        return sum(
            _pairs(
                self.keys,
                behind[node],
                (front.sure[node] if counted else 0, front.live[node]),
                (back.sure[node], back.live[node]),
            )
            for node in range(len(front.sure))
        )


def _grown(
    half: Half,
    edges: Sequence[Sequence[Edge]],
    keys: Keys,
    ends: Sequence[tuple[Sequence[int | None], Sequence[int | None]]],
    wide: bool,
) -> Half:
    """One half with a slot more."""
    sure, live = [], []
    for node, several in enumerate(edges):
        parts: dict[int, list[tuple[Sums, int]]] = {}
        for edge in several:
            for mask, sums in half.live[edge.to].items():
                parts.setdefault(mask, []).append((sums.wide(wide), keys.key(edge.figures, mask)))
        low = [least[node] for least, _ in ends]
        high = [largest[node] for _, largest in ends]
        decided = sum(half.sure[edge.to] for edge in several)
        tables: dict[int, Sums] = {}
        if None not in low:
            more, tables = _decided({mask: merged(these) for mask, these in parts.items()}, keys, low, high)
            decided += more
        sure.append(decided)
        live.append(tables)
    return Half(sure, live)


def _decided(
    tables: Mapping[int, Sums], keys: Keys, low: Sequence[int | None], high: Sequence[int | None]
) -> tuple[int, dict[int, Sums]]:
    """Drop the paths that break a limit whatever follows, and forget the figures that keep theirs.

    low, high: the least and most that each figure grows by behind this node.
    """
    import numpy as np

    sure = 0
    parts: dict[int, list[Sums]] = {}
    for mask, sums in tables.items():
        live = np.ones(len(sums.values), bool)
        left = np.zeros(len(sums.values), np.int64)
        key = np.zeros(len(sums.values), np.int64)
        for j in (j for j in range(len(keys.at)) if mask >> j & 1):
            figure, least, largest = keys.part(sums.values, j), low[j], high[j]
            assert least is not None
            assert largest is not None
            live &= figure <= keys.most[j] - least
            open_ = figure > keys.most[j] - largest
            left |= open_.astype(np.int64) << j
            key |= np.where(open_, figure << keys.shifts[j], 0)
        for other in range(mask + 1):
            if other & ~mask:
                continue
            chosen = live & (left == other)
            if other:
                if chosen.any():
                    parts.setdefault(other, []).append(Sums(key[chosen], sums.counts[chosen]))
            else:
                sure += int(sums.counts[chosen].sum())
    if list(parts) == list(tables) and len(parts) == 1:
        return sure, {mask: these[0] for mask, these in parts.items()}
    return sure, {
        mask: distinct(*(np.concatenate(column) for column in zip(*these, strict=True)))
        for mask, these in parts.items()
    }


def _coarser(half: Half, keys: Keys, most: int, rounding: int, bits: int) -> tuple[int, Half]:
    """The same with sums rounded to multiples of a power of two, of at least so many bits, until it fits;
    and those bits. One entry for each node and mask is as few as there can be.
    """
    while half.size > most and bits < max(keys.bits):
        bits += 1
        live = [
            {mask: _rounded(sums, keys, mask, bits, rounding) for mask, sums in tables.items()}
            for tables in half.live
        ]
        half = Half(half.sure, live)
    return bits, half


def _rounded(sums: Sums, keys: Keys, mask: int, bits: int, rounding: int) -> Sums:
    """A table whose figures are rounded down (-1) or up (1); of a figure of fewer bits, fewer are rounded.

    What is rounded up above its limit is dropped: it breaks the limit, and would reach another figure's bits.
    """
    import numpy as np

    widest = max(keys.bits)
    key, good = 0 * sums.values, np.ones(len(sums.values), bool)
    for j in (j for j in range(len(keys.at)) if mask >> j & 1):
        drop = max(0, bits - (widest - keys.bits[j]))
        figure = keys.part(sums.values, j)
        if rounding > 0:
            figure = figure + (1 << drop) - 1
        figure = figure >> drop << drop
        good &= figure <= keys.most[j]
        key += figure << keys.shifts[j]
    return distinct(key[good], sums.counts[good])


def _pairs(
    keys: Keys, behind: int, front: tuple[int, dict[int, Sums]], back: tuple[int, dict[int, Sums]]
) -> int:
    """The designs through one node that keep every limit: of paths to it, and paths from it."""
    (sure, before), (free, after) = front, back
    total = sure * behind
    for mask, sums in before.items():
        total += int(sums.counts.sum()) * free
        for other, ends in after.items():
            total += _met_pairs(keys, mask & other, sums, ends)
    return total


def _met_pairs(keys: Keys, live: int, front: Sums, back: Sums) -> int:
    """The pairs whose figures in a mask are together within the limits; of at most two figures."""
    both = [j for j in range(len(keys.at)) if live >> j & 1]
    if not both:
        return int(front.counts.sum()) * int(back.counts.sum())
    if len(both) > 2:
        raise CallError(
            "more than two limits of sums bind together, which is not counted",
            hint="leave one of them out, or count the designs of each value of a choice",
        )
    xs = [keys.part(front.values, j) for j in both]
    ys = [keys.most[j] - keys.part(back.values, j) for j in both]
    if len(both) == 1:
        return _below(xs[0], front.counts, ys[0], back.counts)
    if len(xs[0]) >= len(ys[0]):
        return dominated((xs[0], xs[1]), front.counts, (ys[0], ys[1]), back.counts)
    return dominated((-ys[0], -ys[1]), back.counts, (-xs[0], -xs[1]), front.counts)


def _below(
    xs: np.ndarray[Any, Any],
    weights: np.ndarray[Any, Any],
    ys: np.ndarray[Any, Any],
    counts: np.ndarray[Any, Any],
) -> int:
    """The pairs of x <= y."""
    import numpy as np

    order = np.argsort(xs, kind="stable")
    prefix = np.concatenate((np.zeros(1, weights.dtype), weights[order].cumsum()))
    return dot(counts, prefix[xs[order].searchsorted(ys, "right")])


def dominated(points: Pair, weights: Array, corners: Pair, counts: Array) -> int:
    """The pairs of a point and a corner with x <= X and y <= Y, each of its weight times its count."""
    return dot(counts, below_corners(points, weights, corners))


def below_corners(points: Pair, weights: Array, corners: Pair) -> Array:
    """For each corner the weight of the points with x <= X and y <= Y.

    The points are sorted by x, and split bit by bit by the rank of their y, as in a wavelet matrix: all
    corners are asked at once, a pass a bit.
    """
    import numpy as np

    order = np.argsort(points[0], kind="stable")
    xs, weights = points[0][order], weights[order]
    ys, rank = np.unique(points[1][order], return_inverse=True)
    stop = xs.searchsorted(corners[0], "right")
    below = ys.searchsorted(corners[1], "right")
    every = np.zeros(len(stop), weights.dtype)
    asked = np.flatnonzero((stop > 0) & (below > 0))
    stop, below = stop[asked], below[asked]
    start, found = np.zeros(len(stop), np.int64), np.zeros(len(stop), weights.dtype)
    for bit in reversed(range(len(ys).bit_length())):
        ones = rank >> bit & 1 == 1
        zeros = np.concatenate(([0], (~ones).cumsum()))
        light = np.concatenate((np.zeros(1, weights.dtype), np.where(ones, 0, weights).cumsum()))
        up = below >> bit & 1 == 1
        first, last = zeros[start], zeros[stop]
        found[up] += light[stop[up]] - light[start[up]]
        start = np.where(up, zeros[-1] + start - first, first)
        stop = np.where(up, zeros[-1] + stop - last, last)
        rank = np.concatenate((rank[~ones], rank[ones]))
        weights = np.concatenate((weights[~ones], weights[ones]))
    every[asked] = found
    return every
