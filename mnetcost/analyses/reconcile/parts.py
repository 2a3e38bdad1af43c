"""What do all conventions make of an edited design? Its parts, each of them built and counted once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from struct import Struct
from typing import Any

from ...designs import Settings
from ...designs.build import Border, behind, row_labels
from ...designs.cuts import cuts
from ...designs.settings import sized
from ...designs.spec import Block, Row, Spec, vocabulary
from ...designs.spec.language import Vocabulary
from ...engine.conventions import UNITS, Convention, Weight
from ...engine.costs import layer_cost
from ...engine.graph import Graph, Node
from ...engine.ops import GlobalPool, Input
from ...engine.terms import Term
from ...records import NamedTuple
from ..report.tally import PARAMS, SIDES, WORK, Key, side, units_of, weights

Figures = tuple[int, ...]  # one for each convention
FLOAT32 = Struct("f")


def float32(figure: float) -> float:
    """The number nearest to a figure that float32 can hold."""
    return FLOAT32.unpack(FLOAT32.pack(figure))[0]  # type: ignore[no-any-return]


def float32_sum(figures: Iterable[float]) -> float:
    """Add up numbers one after another in float32, as tools do that keep figures in a tensor.

    >>> float32_sum([2**24, 1, 1])
    16777216.0
    """
    total, pack, unpack = 0.0, FLOAT32.pack, FLOAT32.unpack
    for figure in figures:
        (total,) = unpack(pack(total + figure))
    return total


class Part(NamedTuple):
    """What some layers add: by kind of figure what each convention counts; and for each whose tool adds up in
    float32, the work of each layer that has some, rounded to float32.
    """

    figures: Mapping[str, Figures]
    lossy: tuple[tuple[float, ...], ...]


class Sums(NamedTuple):
    """What each convention counts in a whole network: by kind of figure, and for those whose tool adds up in
    float32, by name, the work that it comes to.
    """

    figures: Mapping[str, Figures]
    lossy: Mapping[str, int]


class Parts:
    """The parts of a design and of all that edits make of it: what two networks share is counted once.

    A part is some rows between two cuts (`designs.cuts`), behind the map that they read.
    """

    def __init__(self, conventions: Sequence[Convention]) -> None:
        self.conventions = conventions
        self.units = units_of(conventions)
        # conventions with equal weights are counted once: the tables of weights, and the number of each one's
        self.tables = {kind: _distinct([side(k, kind) for k in conventions]) for kind in SIDES}
        self.at = {kind: [self.tables[kind].index(side(k, kind)) for k in conventions] for kind in SIDES}
        self.float32 = {k.name: self.at[WORK][n] for n, k in enumerate(conventions) if k.float32}
        self.weights: dict[str, dict[Key, list[tuple[str, Figures]]]] = {kind: {} for kind in SIDES}
        self.layers: dict[tuple[Any, ...], tuple[Figures, Figures]] = {}
        self.graphs: dict[tuple[Hashable, Hashable], tuple[Graph, Border]] = {}
        self.parts: dict[tuple[Hashable, ...], Part] = {}
        self.languages: dict[tuple[Hashable, ...], tuple[int, Spec]] = {}  # rules and blocks

    def of_graph(self, graph: Graph, batch: int, without: str = "") -> Sums:
        """Count a network whose rows are not known; without: a place that is left out."""
        return self._total([self._part(graph.nodes, batch, without)])

    def of_spec(self, spec: Spec, settings: Settings, without: str = "") -> Sums:
        """Count a network from its spec; without: a place in its first part that is left out.

        Raises MnetcostError where it cannot be built.
        """
        return self._total(list(self._parts(spec, settings, without)))

    def _parts(self, spec: Spec, settings: Settings, without: str) -> Iterator[Part]:
        (*depth, height, width), _ = sized(spec.resolution, settings)
        alpha, batch = float(settings.alpha or 1), settings.batch or 1
        classes = settings.classes or spec.classes
        border = Border.of_image(height, width, spec.channels, *depth)
        languages, words = self._languages(spec), vocabulary(spec.blocks)
        named, first = row_labels(spec, settings.top is not False), 0
        for cut in cuts(spec, [row for row, _ in named], [label for _, label in named]):
            some = [row for row, _ in named[first:cut]]
            if len(some) > 1:  # one reads another by its name
                some = [row._replace(name=label) for row, label in named[first:cut]]
            key = (alpha, border, *map(_content, some), classes if _asks(some, words) else 0)
            built = next((found for mark in languages if (found := self.graphs.get((mark, key)))), None)
            if built is None:
                built = behind(spec, some, border, alpha, classes)
                self.graphs[languages[_pools(built[0])], key] = built
            graph, border = built
            counted = (id(graph), batch, without)
            if counted not in self.parts:
                self.parts[counted] = self._part(graph.nodes, batch, without)
            yield self.parts[counted]
            first, without = cut, ""

    def _languages(self, spec: Spec) -> tuple[tuple[int, bool], ...]:
        """Marks of all that the rows of a spec are built by beside themselves: its rules and its blocks.

        The first is of rows without global pools, which do not ask how those are written; the second of rows
        that have some.
        """
        plain = spec.rules._replace(written=spec.rules.written._replace(global_pool="", se_pool=""))
        return tuple(
            (self.languages.setdefault((rules, id(spec.blocks)), (len(self.languages), spec))[0], pools)
            for rules, pools in ((plain, False), (spec.rules, True))
        )

    def _part(self, nodes: Sequence[Node], batch: int, without: str) -> Part:
        """Count some layers; equal ones are costed once."""
        layers = []
        for node in nodes:
            if node.op.__class__ is Input or (node.place == without and without):
                continue
            xs = tuple([nodes[i].output for i in node.inputs])
            key = (node.op.__class__, node.op, xs, node.when, node.shared, node.written, batch)
            if key not in self.layers:
                layer = layer_cost(node, xs, batch)
                self.layers[key] = self._weighed(layer.work, WORK), self._weighed(layer.params, PARAMS)
            layers.append(self.layers[key])
        work = [found for found, _ in layers if found]
        params = [found for _, found in layers if found]
        lossy = tuple(tuple([float32(found[n]) for found in work if found[n]]) for n in self.float32.values())
        return Part({WORK: self._sum(work, WORK), PARAMS: self._sum(params, PARAMS)}, lossy)

    def _weighed(self, terms: Iterable[Term], kind: str) -> Figures:
        """What each table counts of some terms; empty where none counts anything."""
        found = [
            tuple([number * weight for weight in each])
            for t in terms
            for unit, each in self._weights(t, kind)
            for number in (t.over(UNITS[unit]),)
        ]
        return self._sum(found, kind) if len(found) > 1 else tuple(*found)

    def _weights(self, t: Term, kind: str) -> list[tuple[str, Figures]]:
        """The units in which some table counts terms like this one, with the weight of each table."""
        key, known = (t.kind, t.variant, t.written), self.weights[kind]
        if key not in known:
            counts = [(key, unit) for unit in ("each", *self.units.get(t.kind, ()))]
            each = [weights(counts, table) for table in self.tables[kind]]
            columns = [(unit, tuple([found.get((key, unit), 0) for found in each])) for _, unit in counts]
            known[key] = [(unit, column) for unit, column in columns if any(column)]
        return known[key]

    def _sum(self, figures: Sequence[Figures], kind: str) -> Figures:
        return tuple(map(sum, zip(*figures, strict=True))) or (0,) * len(self.tables[kind])

    def _total(self, parts: Sequence[Part]) -> Sums:
        figures = {}
        for kind, at in self.at.items():
            sums = self._sum([part.figures[kind] for part in parts], kind)
            figures[kind] = tuple([sums[n] for n in at])
        lossy = {
            name: int(float32_sum(chain.from_iterable(part.lossy[n] for part in parts)))
            for n, name in enumerate(self.float32)
        }
        return Sums(figures, lossy)


def _distinct(tables: Iterable[Mapping[str, Weight]]) -> list[Mapping[str, Weight]]:
    """The tables without those that are equal to an earlier one."""
    found: list[Mapping[str, Weight]] = []
    for table in tables:
        if table not in found:
            found.append(table)
    return found


def _content(row: Row) -> tuple[Hashable, ...]:
    """All of a row that its layers come from."""
    fields = tuple(row.fields.items())
    return row.op, fields, row.name, row.inputs, row.repeat, row.role, row.shared, row.weights


def _pools(graph: Graph) -> bool:
    """Has a part a pool over the whole map, alone or in a squeeze-and-excite?"""
    return any(node.op.__class__ is GlobalPool for node in graph.nodes)


def _asks(rows: Iterable[Row], words: Vocabulary) -> bool:
    """May some rows follow the number of classes? One that names it, and any of a block that is data."""
    return any(
        words[row.op].__class__ is Block
        or any(v.__class__ is str and "classes" in v for v in row.fields.values())
        for row in rows
    )
