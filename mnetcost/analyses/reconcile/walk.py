"""What does each small change make of a design?

Raw counts of every edited network, built once for all conventions and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from struct import pack, unpack
from typing import Any

from ...designs import Design, Settings, load_spec
from ...designs.conventions import convention_names, load_convention
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost, cost, layer_cost
from ...engine.graph import Graph
from ...engine.ops import Input
from ...errors import MnetcostError
from ...records import NamedTuple
from ..report.tally import PARAMS, SIDES, WORK, Key, counts, units_of
from .variants import EVERYDAY, Edit, classes_edit, edits_of

MOST_POINTS = 3  # of the edits of one candidate together
Tick = Callable[[int, int], None]  # called with how many of how many chains are done


def float32_sum(figures: Iterable[int]) -> int:
    """Add up figures one after another in float32, as tools do that keep them in a tensor.

    >>> float32_sum([2**24, 1, 1])
    16777216
    """
    total = 0.0
    for figure in figures:
        total = unpack("f", pack("f", total + unpack("f", pack("f", figure))[0]))[0]
    return int(total)


CountKey = tuple[Key, str]  # kind, variant and writing; the unit


class Part(NamedTuple):
    """What one layer adds: unweighted counts by kind of figure, and its work under each convention whose
    tool adds up in float32.
    """

    counts: tuple[tuple[str, tuple[tuple[CountKey, int], ...]], ...]
    lossy: tuple[int, ...]


class Chain(NamedTuple):
    """The counts of a design after some edits, and how many one more class adds to them."""

    edits: tuple[Edit, ...]
    points: int
    sums: dict[str, dict[CountKey, int]]  # by kind of figure
    more: dict[str, dict[CountKey, int]] | None
    lossy: dict[str, int]  # work as conventions that add up in float32 come to it


class Walk:
    """The counts of a design after every small change that is tried, for work and parameters."""

    def __init__(self, design: Design, costs: Costs, reference: Convention) -> None:
        self.design, self.costs, self.reference = design, costs, reference
        self.conventions = [
            reference,
            *(load_convention(n) for n in convention_names() if n != reference.name),
        ]
        self.units = units_of(self.conventions)
        self.lossy = [k for k in self.conventions if k.float32]
        self.edits = edits_of(design)
        self.parts: dict[tuple[Any, ...], Part] = {}
        self.by_classes = design.spec is not None and design.top and self._linear()
        if design.spec is not None and design.top and not self.by_classes:
            self.edits += [classes_edit(design, n) for n in EVERYDAY if n != design.classes]
        self.base = self._chain(())
        self._rest: list[Chain] | None = None

    def _linear(self) -> bool:
        """Does each further class add the same to every count?"""
        n = self.design.classes or 0
        at = [self._sums((classes_edit(self.design, k),) if k != n else ()) for k in (n, n + 1, n + 3)]
        first, second, last = (sums and sums[0] for sums in at)
        return bool(
            first
            and second
            and last
            and all(
                3 * (second[kind].get(k, 0) - v) == last[kind].get(k, 0) - v
                for kind in SIDES
                for k, v in first[kind].items()
            )
        )

    def _sums(self, edits: tuple[Edit, ...]) -> tuple[dict[str, dict[CountKey, int]], dict[str, int]] | None:
        """Unweighted counts of the edited design, by kind of figure, and its float32 sums; None if it cannot
        be built. Equal layers are counted once.
        """
        built = self._built(edits)
        if built is None:
            return None
        graph, batch = built
        nodes, without = graph.nodes, {edit.without for edit in edits}
        sums: dict[str, dict[CountKey, int]] = {kind: {} for kind in SIDES}
        layers: list[Part] = []
        for node in nodes:
            if node.op.__class__ is Input or (node.place in without and node.place):
                continue
            xs = tuple([nodes[i].output for i in node.inputs])
            key = (node.op.__class__, node.op, xs, node.output, node.when, node.shared, node.written, batch)
            if key not in self.parts:
                self.parts[key] = self._part(layer_cost(node, xs, batch))
            layers.append(self.parts[key])
        for part in layers:
            for kind, found in part.counts:
                total = sums[kind]
                for k, n in found:
                    total[k] = total.get(k, 0) + n
        return sums, {k.name: float32_sum(part.lossy[n] for part in layers) for n, k in enumerate(self.lossy)}

    def _part(self, layer: LayerCost) -> Part:
        sides = (
            (kind, tuple(counts(terms, self.units).items()))
            for kind, terms in ((WORK, layer.work), (PARAMS, layer.params))
        )
        return Part(
            tuple((kind, found) for kind, found in sides if found),
            tuple(k.madds(layer.work) for k in self.lossy),
        )

    def rest(self, tick: Tick | None = None) -> list[Chain]:
        """The chains of all edits that are tried; built at the first call."""
        if self._rest is None:
            chains, found = list(self._edits()), []
            for n, edits in enumerate(chains):
                if tick:
                    tick(n, len(chains))
                if chain := self._chain(edits):
                    found.append(chain)
            self._rest = found
        return self._rest

    def _edits(self) -> Iterator[tuple[Edit, ...]]:
        for e in self.edits:
            yield (e,)
        for a, b in combinations([e for e in self.edits if not e.alone], 2):
            if a.key != b.key and a.points + b.points <= MOST_POINTS:
                yield a, b

    def _chain(self, edits: tuple[Edit, ...]) -> Chain | None:
        found = self._sums(edits)
        if found is None:
            return None
        points, (sums, lossy), more = sum(e.points for e in edits), found, None
        if self.by_classes and points < MOST_POINTS and not any(e.alone or e.key == "top" for e in edits):
            above = self._sums((*edits, classes_edit(self.design, (self.design.classes or 0) + 1)))
            if above is not None:
                after = above[0]
                more = {
                    kind: {
                        k: n - sums[kind].get(k, 0)
                        for k, n in after[kind].items()
                        if n != sums[kind].get(k, 0)
                    }
                    for kind in SIDES
                }
        return Chain(edits, points, sums, more, lossy)

    def _built(self, edits: tuple[Edit, ...]) -> tuple[Graph, int] | None:
        d = self.design
        if not edits:
            return d.graph, self.costs.batch
        assert d.spec is not None
        spec, settings = d.spec, Settings(d.alpha, None, d.resolution, d.classes, d.top, d.batch)
        try:
            for edit in edits:
                spec, settings = edit.apply(spec, settings)
            built = load_spec(spec, settings)
        except MnetcostError:  # a map that vanishes, say: nobody built that
            return None
        return built.graph, built.batch

    def build(self, edits: tuple[Edit, ...]) -> Costs | None:
        """The edited design's costs; None where it cannot be built."""
        built = self._built(edits) if edits else None
        if built is None:
            return None if edits else self.costs
        costs, without = cost(*built), {edit.without for edit in edits} - {""}
        return (
            costs._replace(layers=tuple(x for x in costs.layers if x.node.place not in without))
            if without
            else costs
        )
