"""In which order should two designs be compared, when each lists its branches its own way?

The new one's pieces, in the old one's order.

Two files of one network may list it in two orders: each head right behind the map that it reads, or all
heads at the end. Pieces are paired by what they read and by what reads them, and the new design's are then
listed as the old one lists theirs, as far as every piece still stands behind its inputs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from ...designs.build import INPUT
from .matching import WIDTHS, Pairs, aspects
from .units import State, Unit

Inputs = Mapping[str, tuple[str, ...]]
View = Callable[[Unit], Hashable]


def arranged(old: State, new: State) -> tuple[State, Pairs]:
    """Return the new design with its pieces in the old one's order, and which piece is which, by place in
    both.

    It is the same state where the pieces are in that order already.
    """
    mine, theirs = inputs_of(old), inputs_of(new)
    partner = _Pairing(old, mine, new, theirs).partner
    places = {i: n for n, i in enumerate(old.units)}
    order = _sorted(list(new.units), theirs, places, partner)
    pairs = _rising([(places[partner[id_]], n) for n, id_ in enumerate(order) if id_ in partner])
    if order == list(new.units):
        return new, pairs
    units = {}
    before = "" if new.spec is None else INPUT
    for id_ in order:
        chained = theirs[id_] in ((before,), ())
        units[id_] = new.units[id_]._replace(inputs=() if chained else theirs[id_])
        before = id_
    return new._replace(units=units, order=tuple(order)), pairs


def _rising(pairs: list[tuple[int, int]]) -> Pairs:
    """The most pairs whose places rise on both sides; those that are left over cross others."""
    ends: list[int] = []  # of the shortest rising rows of each length, the number of the last pair
    before: list[int] = []
    for n, (place, _) in enumerate(pairs):
        at = bisect_left(ends, place, key=lambda e: pairs[e][0])
        before.append(ends[at - 1] if at else -1)
        ends[at : at + 1] = [n]
    out = []
    n = ends[-1] if ends else -1
    while n >= 0:
        out.append(pairs[n])
        n = before[n]
    return tuple(reversed(out))


def inputs_of(state: State) -> dict[str, tuple[str, ...]]:
    """What every piece reads, also where that goes without saying: the piece before it, or the image."""
    found = {}
    before: tuple[str, ...] = () if state.spec is None else (INPUT,)
    for id_, unit in state.units.items():
        found[id_] = unit.inputs or (() if unit.op == "input" else before)
        before = (id_,)
    return found


def _exact(unit: Unit) -> Hashable:
    """All that it computes."""
    return unit.op, tuple((k, v) for k, v in aspects(unit).items() if k != "written"), unit.shape


def _form(unit: Unit) -> Hashable:
    """The same without its widths and how its edge is padded."""
    return unit.op, tuple(
        (k, v) for k, v in aspects(unit).items() if k not in (*WIDTHS, "padding", "written")
    )


def _op(unit: Unit) -> Hashable:
    return unit.op


def _heavy(unit: Unit) -> Hashable:
    """The form of a piece; None for a layer attached to another one, so that norms may come and go."""
    return _form(unit) if unit.heavy or len(unit.inputs) > 1 else None


class _Pairing:
    """The old piece of each new one that has one, found in passes: of equal history and future first,
    then of like ones.
    """

    def __init__(self, old: State, mine: Inputs, new: State, theirs: Inputs) -> None:
        self.old, self.new, self.mine, self.theirs = old, new, mine, theirs
        self.found: dict[str, str] = {}  # old -> new
        self.partner: dict[str, str] = {}  # new -> old
        numbers: dict[Hashable, int] = {}
        around = [_around(s, ins, numbers) for s, ins in ((old, mine), (new, theirs))]
        near: list[list[Mapping[str, Any]]] = [
            [*rings, *({i: view(u) for i, u in s.units.items()} for view in (_form, _op))]
            for s, rings in zip((old, new), around, strict=True)
        ]
        for view in (_exact, _form, _heavy):
            a, b = (_labels(s, ins, view, numbers) for s, ins in ((old, mine), (new, theirs)))
            self.wired([a], [b])
            for of, rings in (
                (slice(2), False),
                (slice(1, 2), True),
                (slice(1), True),
                (slice(1, 2), False),
                (slice(1), False),
            ):
                ends = (
                    {
                        i: (label[of], ring[0][i] if rings else 0)
                        for i, label in labels.items()
                        if label[0] is not None
                    }
                    for labels, ring in zip((a, b), around, strict=True)
                )
                self.alike(*ends)
                self.wired(*near)
            self.alike(
                *(
                    _single(ring[0], done)
                    for ring, done in zip(around, (self.found, self.partner), strict=True)
                )
            )
            self.wired(*near)

    def alike(self, a: Mapping[str, Hashable], b: Mapping[str, Hashable]) -> None:
        """Pair pieces of equal labels, in order."""
        pool = self._pool(b, lambda _: ())
        for id_, label in a.items():
            if id_ not in self.found and (same := pool.get((label, ()))):
                self._pair(id_, same.pop())

    def wired(self, a: Sequence[Mapping[str, Any]], b: Sequence[Mapping[str, Any]]) -> None:
        """Pair pieces that read paired ones and have equal labels: by the first table of labels, or the
        second, ...
        """
        pools = [
            self._pool(labels, lambda id_: self._read(self.theirs[id_], self.new.units[id_])) for labels in b
        ]
        for id_, unit in self.old.units.items():
            if id_ in self.found:
                continue
            read = self._read(tuple(self.found.get(i, i if i == INPUT else "") for i in self.mine[id_]), unit)
            for labels, pool in zip(a, pools, strict=True):
                same = [i for i in pool.get((labels[id_], read), ()) if i not in self.partner]
                if same:
                    self._pair(id_, same[-1])
                    break

    def _read(self, ids: tuple[str, ...], unit: Unit) -> tuple[str, ...]:
        return tuple(sorted(ids)) if unit.cls.commutes else ids

    def _pool(
        self, labels: Mapping[str, Hashable], read: Callable[[str], tuple[str, ...]]
    ) -> Mapping[Hashable, list[str]]:
        pool: dict[Hashable, list[str]] = defaultdict(list)
        for id_ in reversed(list(labels)):
            if id_ not in self.partner:
                pool[labels[id_], read(id_)].append(id_)
        return pool

    def _pair(self, old: str, new: str) -> None:
        self.found[old], self.partner[new] = new, old


def _single(labels: Mapping[str, Hashable], done: Mapping[str, str]) -> dict[str, Hashable]:
    """The labels that one open piece alone has."""
    of: dict[Hashable, list[str]] = defaultdict(list)
    for id_, label in labels.items():
        if id_ not in done:
            of[label].append(id_)
    return {ids[0]: label for label, ids in of.items() if len(ids) == 1}


RINGS = 5  # a convolution, its norm and its activation on either side, and what those touch


def _around(state: State, inputs: Inputs, numbers: dict[Hashable, int]) -> list[dict[str, int]]:
    """Number each piece with its neighbours up to so many steps away, the widest ring first, itself alone
    last.
    """

    def number(*of: Hashable) -> int:
        return numbers.setdefault(of, len(numbers))

    rings = [{id_: number(0, _exact(unit)) for id_, unit in state.units.items()}]
    for n in range(1, RINGS + 1):
        last = rings[0]
        readers: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for id_, unit in state.units.items():
            for at, i in enumerate(inputs[id_]):
                readers[i].append((0 if unit.cls.commutes else at, last[id_]))
        ring = {}
        for id_, unit in state.units.items():
            read = [last.get(i, -1) for i in inputs[id_]]
            ring[id_] = number(
                n,
                last[id_],
                tuple(sorted(read) if unit.cls.commutes else read),
                tuple(sorted(readers[id_])),
            )
        rings.insert(0, ring)
    return [rings[0], rings[-1]]


def _labels(
    state: State, inputs: Inputs, view: View, numbers: dict[Hashable, int]
) -> dict[str, tuple[Any, Any]]:
    """Number what leads to each piece, and what follows from it: equal numbers in both designs where a
    view sees no difference.
    """

    def number(*of: Hashable) -> int:
        return numbers.setdefault(of, len(numbers))

    def up_of(seen: Hashable, unit: Unit, ups: Sequence[Hashable]) -> int:
        return number("up", seen, tuple(sorted(ups, key=str) if unit.cls.commutes else ups))

    seen = {id_: view(unit) for id_, unit in state.units.items()}
    up: dict[str, Any] = {INPUT: number(INPUT)}
    for id_, unit in state.units.items():
        ups = [up.get(i) for i in inputs[id_]]
        up[id_] = up_of(seen[id_], unit, ups) if seen[id_] is not None else ups[0] if ups else None
    down: dict[str, Any] = {}
    readers: dict[str, list[int]] = defaultdict(list)
    for id_, unit in reversed(state.units.items()):
        ends = tuple(sorted(readers[id_]))
        down[id_] = number("down", seen[id_], ends)
        for n, i in enumerate(inputs[id_]):
            through = number("edge", 0 if unit.cls.commutes else n, down[id_])
            readers[i] += [through] if seen[id_] is not None else readers[id_]
    return {id_: (up[id_] if seen[id_] is not None else None, down[id_]) for id_ in state.units}


def _sorted(
    ids: list[str], inputs: Inputs, places: Mapping[str, int], partner: Mapping[str, str]
) -> list[str]:
    """Every piece behind its inputs, and otherwise by the place of its partner; one without a partner
    right behind what it reads.
    """
    rank: dict[str, tuple[float, int]] = {}
    for n, id_ in enumerate(ids):
        behind = max((rank[i][0] for i in inputs[id_] if i in rank), default=-1.0)
        rank[id_] = (float(places[partner[id_]]) if id_ in partner else behind, n)
    waits = {id_: sum(i in rank for i in dict.fromkeys(inputs[id_])) for id_ in ids}
    readers = defaultdict(list)
    for id_ in ids:
        for i in dict.fromkeys(inputs[id_]):
            readers[i].append(id_)
    return list(_kahn(rank, waits, readers))


def _kahn(
    rank: Mapping[str, tuple[float, int]], waits: dict[str, int], readers: Mapping[str, list[str]]
) -> Iterator[str]:
    """Kahn's topological sort: of all that may come next, the lowest rank."""
    ready = [(r, id_) for id_, r in rank.items() if not waits[id_]]
    heapify(ready)
    while ready:
        _, id_ = heappop(ready)
        yield id_
        for reader in readers.get(id_, ()):
            waits[reader] -= 1
            if not waits[reader]:
                heappush(ready, (rank[reader], reader))
