"""What does each part of a space cost? A layered graph, in which every path is one design.

A design is a path from the image to the end: a node is a map between two slots, an edge an option chosen
there, priced by the engine behind that map. Params and work of a design are the sums of its edges', since the
rows of an option read no map but the border's; its peak of memory is the largest of its edges', since only
one map is held at a border.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...designs.budgets.metrics import METRICS, named, unknown_metric
from ...designs.build import Border
from ...designs.settings import Design
from ...designs.spaces import LEFT, Slot, Space, Variant
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...engine.graph import Graph
from ...errors import CallError
from ...records import NamedTuple
from ..report.metrics import Gauge

SUMS = ("params", "madds", "flops", "weight_bytes", "flash_bytes", "layers", "activation_elements.sum")
LARGEST = ("peak_bytes", "activation_elements.largest")
MOST_EDGES = 2_000_000


def additive(metric: str) -> bool:
    """Is a figure of a design the sum of its parts', and not the largest of them?

    Raises CallError for a metric that is neither, or that there is not.
    """
    name = named(metric)
    if name not in METRICS:
        raise unknown_metric(metric)
    group = name.partition(".")[0]
    if name in SUMS or (group in SUMS and name != "weight_bytes.file"):
        return True
    if name in LARGEST or group in LARGEST:
        return False
    raise CallError(
        f"'{name}' of a space is not the sum of its blocks' figures, nor the largest of them",
        hint="params, madds, flops, weight_bytes.TYPE, flash_bytes.TYPE, layers and peak_bytes.TYPE are",
    )


class Edge(NamedTuple):
    """An option of a slot behind one map: where it leads, and its figures."""

    option: int
    to: int
    figures: tuple[int, ...]


class Lattice(NamedTuple):
    """The designs of one variant of a space as paths.

    layers: for each slot, for each node before it, its edges in the order of the options; the first layer
    has one node, and the last leads to node 0 or further ones. metrics: of the figures of each edge. ends:
    the number of nodes behind the last slot.
    """

    variant: Variant
    metrics: tuple[str, ...]
    layers: tuple[tuple[tuple[Edge, ...], ...], ...]
    ends: int

    def completions(self) -> list[list[int]]:
        """The number of paths from each node to the end, layer by layer, the ends last."""
        counts = [[1] * self.ends]
        for layer in reversed(self.layers):
            behind = counts[-1]
            counts.append([sum(behind[edge.to] for edge in edges) for edges in layer])
        return counts[::-1]

    def extremes(self, metric: str, pick: Callable[[Iterable[int]], int]) -> list[list[int | None]]:
        """The least (or most, as `pick` chooses) of a metric from each node to the end; None where no path
        leads there. Of a metric that is no sum, the least (or most) of the largest.
        """
        m, join = self.metrics.index(metric), (int.__add__ if additive(metric) else max)
        found: list[list[int | None]] = [[0] * self.ends]
        for layer in reversed(self.layers):
            behind = found[-1]
            now: list[int | None] = []
            for edges in layer:
                ways = [
                    join(edge.figures[m], rest) for edge in edges if (rest := behind[edge.to]) is not None
                ]
                now.append(pick(ways) if ways else None)
            found.append(now)
        return found[::-1]

    def turned(self) -> Lattice:
        """The same paths from the end to the image: its first layer has one node for each end."""
        layers = [tuple(map(tuple, arriving(self, n))) for n in range(len(self.layers))]
        return Lattice(self.variant, self.metrics, tuple(layers[::-1]), 1)

    def path(self, number: int) -> list[Edge]:
        """The edges of the design of a number, counted in the order of the options, the first slowest."""
        counts, node, edges = self.completions(), 0, []
        for layer, behind in zip(self.layers, counts[1:], strict=True):
            for edge in layer[node]:
                if number < behind[edge.to]:
                    break
                number -= behind[edge.to]
            edges.append(edge)
            node = edge.to
        return edges

    def number(self, options: Sequence[int]) -> int:
        """The number of a design by the option that it takes of each slot; see `path`."""
        counts, node, number = self.completions(), 0, 0
        for layer, behind, option in zip(self.layers, counts[1:], options, strict=True):
            for edge in layer[node]:
                if edge.option == option:
                    break
                number += behind[edge.to]
            node = edge.to
        return number


def arriving(lattice: Lattice, n: int) -> list[list[Edge]]:
    """The edges of a layer by the node that they lead to, each with the one it comes from as its `to`."""
    nodes = len(lattice.layers[n + 1]) if n + 1 < len(lattice.layers) else lattice.ends
    found: list[list[Edge]] = [[] for _ in range(nodes)]
    for node, edges in enumerate(lattice.layers[n]):
        for edge in edges:
            found[edge.to].append(edge._replace(to=node))
    return found


FAST: Mapping[str, Callable[[Any, Convention], int]] = {
    "params": lambda costs, rules: rules.count_params(t for layer in costs.layers for t in layer.params),
    "madds": lambda costs, rules: rules.madds(t for layer in costs.layers for t in layer.work),
}
"""Metrics that need no gauge."""


def priced(
    space: Space, variant: Variant, metrics: Sequence[str], convention: Convention, slots: Sequence[Slot]
) -> Lattice:
    """Price every option of every slot behind every map that may stand before it.

    Raises SpecError where an option does not fit behind a map; CallError for too many options.
    """
    known: dict[tuple[Any, Border], list[tuple[tuple[int, ...], Border]]] = {}
    names = tuple(named(metric) for metric in metrics)
    nothing = (0,) * len(names)

    def options(slot: Slot, border: Border) -> list[tuple[tuple[int, ...], Border]]:
        key = (slot.kind, border)
        if key not in known:
            known[key] = [
                _price(space, variant, rows, border, names, convention) if rows else (nothing, border)
                for rows in slot.options
            ]
        return known[key]

    layers, before, many = [], {(space.start(variant), False): 0}, 0
    for slot in slots:
        many += len(slot.options) * len(before)
        if many > MOST_EDGES:
            raise CallError(
                f"this space has more than {MOST_EDGES:,} options behind the maps before them",
                hint='fewer widths, or one choice for all copies of a row: per = "row"',
            )
        after: dict[tuple[Border, bool], int] = {}
        layer = []
        for border, ended in before:
            edges = []
            if ended or slot.may_end:
                edges.append(Edge(LEFT, after.setdefault((border, not slot.last), len(after)), nothing))
            if not ended:
                for option, (figures, to) in enumerate(options(slot, border)):
                    edges.append(Edge(option, after.setdefault((to, False), len(after)), figures))
            layer.append(tuple(edges))
        layers.append(tuple(layer))
        before = after
    return Lattice(variant, names, tuple(layers), len(before))


def _price(
    space: Space,
    variant: Variant,
    rows: Sequence[Any],
    border: Border,
    metrics: Sequence[str],
    convention: Convention,
) -> tuple[tuple[int, ...], Border]:
    """The figures of some rows behind a map, and the map that they give."""
    graph, to = space.behind(variant, rows, border)
    if not metrics:
        return (), to
    costs = cost(graph)
    gauge = Gauge(costs, convention, _as_design(space, variant, graph))
    figures = [FAST[m](costs, convention) if m in FAST else gauge.figure(m) for m in metrics]
    return tuple(int(n) for n in figures), to


def _as_design(space: Space, variant: Variant, graph: Graph) -> Design:
    spec = space.spec
    return Design(
        spec.name,
        spec.title,
        spec.source,
        variant.alpha,
        1.0,
        variant.sides,
        space.classes,
        1,
        space.top,
        graph,
    )
