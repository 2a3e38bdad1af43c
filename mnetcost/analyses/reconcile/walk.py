"""What does each small change make of a design?

The figures of every edited network under every convention, from parts that networks share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from operator import sub

from ...designs import Design, Settings, load_spec
from ...designs.conventions import convention_names, load_convention
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...engine.costs import Costs, cost
from ...errors import MnetcostError
from ...records import NamedTuple
from ..report.tally import SIDES
from .parts import Parts, Sums
from .variants import EVERYDAY, Edit, classes_edit, edits_of

MOST_POINTS = 3  # of the edits of one candidate together
Tick = Callable[[int, int], None]  # called with how many of how many chains are done


class Chain(NamedTuple):
    """The figures of a design after some edits by kind, each as the conventions count it, and how many one
    more class adds to them.
    """

    edits: tuple[Edit, ...]
    points: int
    figures: Mapping[str, tuple[int, ...]]
    more: Mapping[str, tuple[int, ...]] | None
    lossy: Mapping[str, int]  # work as conventions that add up in float32 come to it


class Walk:
    """The counts of a design after every small change that is tried, for work and parameters."""

    def __init__(self, design: Design, costs: Costs, reference: Convention) -> None:
        self.design, self.costs, self.reference = design, costs, reference
        self.conventions = [
            reference,
            *(load_convention(n) for n in convention_names() if n != reference.name),
        ]
        self.parts = Parts(self.conventions)
        self.built: dict[tuple[Edit, ...], Costs | None] = {(): costs}
        self.edits = edits_of(design)
        self.by_classes = design.spec is not None and design.top and self._linear()
        if design.spec is not None and design.top and not self.by_classes:
            self.edits += [classes_edit(design, n) for n in EVERYDAY if n != design.classes]
        self.base = self._chain(())
        self._rest: list[Chain] | None = None

    def _linear(self) -> bool:
        """Does each further class add the same to every figure?"""
        n = self.design.classes or 0
        at = [self._sums((classes_edit(self.design, k),) if k != n else ()) for k in (n, n + 1, n + 3)]
        first, second, last = (sums and sums.figures for sums in at)
        return bool(
            first
            and second
            and last
            and all(
                3 * (b - a) == c - a
                for kind in SIDES
                for a, b, c in zip(first[kind], second[kind], last[kind], strict=True)
            )
        )

    def _sums(self, edits: tuple[Edit, ...]) -> Sums | None:
        """The figures of the edited design; None if it cannot be built."""
        d = self.design
        if d.spec is None:
            return self.parts.of_graph(d.graph, self.costs.batch)
        without = next((edit.without for edit in edits if edit.without), "")
        try:
            return self.parts.of_spec(*self._edited(d.spec, edits), without)
        except MnetcostError:  # a map that vanishes, say: nobody built that
            return None

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
        sums = self._sums(edits)
        if sums is None:
            return None
        points, more = sum(e.points for e in edits), None
        if self.by_classes and points < MOST_POINTS and not any(e.alone or e.key == "top" for e in edits):
            above = self._sums((*edits, classes_edit(self.design, (self.design.classes or 0) + 1)))
            if above is not None:
                more = {kind: tuple(map(sub, above.figures[kind], sums.figures[kind])) for kind in SIDES}
        return Chain(edits, points, sums.figures, more, sums.lossy)

    def _edited(self, spec: Spec, edits: tuple[Edit, ...]) -> tuple[Spec, Settings]:
        """The spec and the settings of the design after some edits."""
        settings = self.design.settings
        for edit in edits:
            spec, settings = edit.apply(spec, settings)
        return spec, settings

    def build(self, edits: tuple[Edit, ...]) -> Costs | None:
        """The edited design's costs; None where it cannot be built."""
        if edits not in self.built:
            self.built[edits] = self._cost(edits)
        return self.built[edits]

    def _cost(self, edits: tuple[Edit, ...]) -> Costs | None:
        assert self.design.spec is not None
        try:
            built = load_spec(*self._edited(self.design.spec, edits))
        except MnetcostError:
            return None
        costs, without = cost(built.graph, built.batch), {edit.without for edit in edits} - {""}
        return (
            costs._replace(layers=tuple(x for x in costs.layers if x.node.place not in without))
            if without
            else costs
        )
