"""In which order should two designs be compared, when each lists its branches its own way? The new one's pieces, in the old one's order.

Two files of one network may list it in two orders: each head right behind the map that it reads, or all heads at the end. Pieces are
paired by what they read and by what reads them, and the new design's are then listed as the old one lists theirs, as far as every
piece still stands behind its inputs.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from ..designs.build import INPUT
from .matching import WIDTHS, aspects
from .units import COMMUTES, State, Unit

Inputs = Mapping[str, tuple[str, ...]]
View = Callable[[Unit], Hashable]


def arranged(old: State, new: State) -> State:
    """Return the new design with its pieces in the old one's order; the same state where they are in that order already."""
    mine, theirs = inputs_of(old), inputs_of(new)
    partner = _paired(old, mine, new, theirs)
    order = _sorted(list(new.units), theirs, {i: n for n, i in enumerate(old.units)}, partner)
    if order == list(new.units):
        return new
    units = {}
    before = "" if new.spec is None else INPUT
    for id_ in order:
        chained = theirs[id_] in ((before,), ())
        units[id_] = new.units[id_]._replace(inputs=() if chained else theirs[id_])
        before = id_
    return new._replace(units=units, order=tuple(order))


def inputs_of(state: State) -> dict[str, tuple[str, ...]]:
    """What every piece reads, also where that goes without saying: the piece before it, or the image."""
    found = {}
    before: tuple[str, ...] = () if state.spec is None else (INPUT,)
    for id_, unit in state.units.items():
        found[id_] = unit.inputs or (() if unit.op == "input" else before)
        before = (id_,)
    return found


def _exact(unit: Unit) -> Hashable:
    return unit.op, tuple(aspects(unit).items()), unit.shape


def _form(unit: Unit) -> Hashable:
    return unit.op, tuple((k, v) for k, v in aspects(unit).items() if k not in WIDTHS)


def _heavy(unit: Unit) -> Hashable:
    """Nothing of a layer that rides behind another one, so that norms and activations may come and go."""
    return _form(unit) if unit.heavy or len(unit.inputs) > 1 else None


def _paired(old: State, mine: Inputs, new: State, theirs: Inputs) -> dict[str, str]:
    """The old piece of each new one that has one: of equal history and future first, then of like ones."""
    partner: dict[str, str] = {}  # new -> old
    found: dict[str, str] = {}  # old -> new
    for view in (_exact, _form, _heavy):
        numbers: dict[Hashable, int] = {}
        a, b = (_labels(s, ins, view, numbers) for s, ins in ((old, mine), (new, theirs)))
        for of, wired in ((slice(2), True), (slice(2), False), (slice(1), False), (slice(1, 2), False)):
            pool: dict[Hashable, list[str]] = defaultdict(list)
            for id_ in reversed(list(new.units)):
                if id_ not in partner and b[id_][0] is not None:
                    pool[b[id_][of], theirs[id_] if wired else ()].append(id_)
            for id_ in old.units:
                if id_ in found or a[id_][0] is None:
                    continue
                read = tuple(found.get(i, i if i == INPUT else "") for i in mine[id_]) if wired else ()
                same = pool.get((a[id_][of], read))
                if same:
                    found[id_] = same.pop()
                    partner[found[id_]] = id_
    return partner


def _labels(state: State, inputs: Inputs, view: View, numbers: dict[Hashable, int]) -> dict[str, tuple[Any, Any]]:
    """Number what leads to each piece, and what follows from it: equal numbers in both designs where a view sees no difference."""

    def number(*of: Hashable) -> int:
        return numbers.setdefault(of, len(numbers))

    def up_of(seen: Hashable, unit: Unit, ups: Sequence[Hashable]) -> int:
        return number("up", seen, tuple(sorted(ups, key=str) if unit.op in COMMUTES else ups))

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
            through = number("edge", 0 if unit.op in COMMUTES else n, down[id_])
            readers[i] += [through] if seen[id_] is not None else readers[id_]
    return {id_: (up[id_] if seen[id_] is not None else None, down[id_]) for id_ in state.units}


def _sorted(ids: list[str], inputs: Inputs, places: Mapping[str, int], partner: Mapping[str, str]) -> list[str]:
    """Every piece behind its inputs, and otherwise by the place of its partner; one without a partner right behind what it reads."""
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


def _kahn(rank: Mapping[str, tuple[float, int]], waits: dict[str, int], readers: Mapping[str, list[str]]) -> Iterator[str]:
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
