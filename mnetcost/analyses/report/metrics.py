"""What are a design's figures, and those of some of its layers? Gauges, and scopes that pick layers."""

from __future__ import annotations

from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from ...designs.budgets.metrics import METRICS
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.ops.op import traits
from ...errors import CallError
from ..documents import totals_data


def _of_kind(glob: str, layer: LayerCost) -> LayerCost | None:
    params = tuple(t for t in layer.params if fnmatchcase(t.kind, glob))
    work = tuple(t for t in layer.work if fnmatchcase(t.kind, glob))
    return layer._replace(params=params, work=work) if params or work else None


def _where(name: Callable[[LayerCost], str]) -> Callable[[str, LayerCost], LayerCost | None]:
    return lambda glob, layer: layer if fnmatchcase(name(layer), glob) else None


def _named(glob: str, layer: LayerCost) -> LayerCost | None:
    """By the layer's name, or any leading part of it: "bottleneck 4" is all of it, and so is "bottleneck
    4/*".
    """
    name = layer.name
    exact = name == glob or name.startswith(f"{glob}/")
    return layer if exact or fnmatchcase(name, glob) or fnmatchcase(name, f"{glob}/*") else None


SCOPES: dict[str, Callable[[str, LayerCost], LayerCost | None]] = {
    "layer": _named,
    "op": lambda glob, layer: (
        layer if fnmatchcase(traits(layer.node.op).label, glob) or fnmatchcase(layer.word, glob) else None
    ),
    "kind": _of_kind,
    "stage": _where(lambda layer: "x".join(str(n) for _, n in layer.output.places)),
}
"""How the pattern of a scope picks layers, by the word before its colon; without a word it is "layer"."""


def within(costs: Costs, scope: str) -> Costs:
    """The costs of the layers that a scope picks; of a `kind`, only the terms of that kind.

    scope: "bottleneck 4", "*/project", "op:depthwise", "kind:norm", "stage:14x14" (the size of the output);
    "" is the whole design.
    """
    if not scope:
        return costs
    word, colon, glob = scope.partition(":")
    pick = SCOPES.get(word) if colon else None
    pick, glob = (pick, glob) if pick else (_named, scope)
    return costs._replace(layers=tuple(kept for layer in costs.layers if (kept := pick(glob, layer))))


class Gauge:
    """The figures of some layers under a convention, each computed when it is first asked for."""

    def __init__(self, costs: Costs, convention: Convention) -> None:
        self.costs, self.convention = costs, convention
        self._parts: dict[str, Gauge] = {"": self}

    @cached_property
    def totals(self) -> dict[str, Any]:
        """The totals of these layers; see `documents.totals_data`."""
        return totals_data(self.costs, self.convention)

    def figure(self, metric: str) -> int:
        """The value of a metric, a whole number; raises CallError if this design has no such figure."""
        value = METRICS[metric].of(self.totals, self.costs)
        if value is None:
            raise CallError(f"this design has no '{metric}'", hint="only a model file stores weights")
        return value

    def within(self, scope: str) -> Gauge:
        """The figures of the layers that a scope picks; see `within`."""
        if scope not in self._parts:
            self._parts[scope] = Gauge(within(self.costs, scope), self.convention)
        return self._parts[scope]

    def by_layer(self, metric: str) -> list[tuple[LayerCost, int]]:
        """What each layer adds to a metric, the largest first; layers that add nothing are left out."""
        shares = [
            (layer, Gauge(self.costs._replace(layers=(layer,)), self.convention).figure(metric))
            for layer in self.costs.layers
        ]
        return sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])
