"""What are a design's figures, and those of some of its layers? Gauges, and scopes that pick layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from math import ceil
from typing import Any

from ...designs.conventions import load_convention
from ...designs.planners import load_planner
from ...designs.programs import BITS, TFLITE, program
from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.flash import flash
from ...engine.memory.graphs import program_of
from ...engine.memory.planners import Plan, plan
from ...engine.ops.op import traits
from ...errors import CallError, SpecError
from ..documents import totals_data


def _fits(name: str, glob: str) -> bool:
    """Whether a name fits a pattern with * and ?."""
    from fnmatch import fnmatchcase

    return fnmatchcase(name, glob)


def _of_kind(glob: str, layer: LayerCost) -> LayerCost | None:
    params = tuple(t for t in layer.params if _fits(t.kind, glob))
    work = tuple(t for t in layer.work if _fits(t.kind, glob))
    return layer._replace(params=params, work=work) if params or work else None


def _where(name: Callable[[LayerCost], str]) -> Callable[[str, LayerCost], LayerCost | None]:
    return lambda glob, layer: layer if _fits(name(layer), glob) else None


def _named(glob: str, layer: LayerCost) -> LayerCost | None:
    """By the layer's name, or any leading part of it: "bottleneck 4" is all of it, and so is "bottleneck
    4/*".
    """
    name = layer.name
    exact = name == glob or name.startswith(f"{glob}/")
    return layer if exact or _fits(name, glob) or _fits(name, f"{glob}/*") else None


SCOPES: dict[str, Callable[[str, LayerCost], LayerCost | None]] = {
    "layer": _named,
    "op": lambda glob, layer: (
        layer if _fits(traits(layer.node.op).label, glob) or _fits(layer.word, glob) else None
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
    """The figures of some layers under a convention, each computed when it is first asked for.

    design: what the layers are of, for figures of whole designs.
    """

    def __init__(self, costs: Costs, convention: Convention, design: Design | None = None) -> None:
        self.costs, self.convention, self.design = costs, convention, design
        self._parts: dict[str, Gauge] = {"": self}

    @cached_property
    def totals(self) -> dict[str, Any]:
        """The totals of these layers; see `documents.totals_data`."""
        return totals_data(self.costs, self.convention)

    def figure(self, metric: str) -> int:
        """The value of a metric, a whole number; raises CallError if this design has no such figure, and
        SpecError, naming the layer, where it cannot be known.
        """
        return FIGURES[metric.partition(".")[0]](self, metric.partition(".")[2])

    def known(self, metric: str) -> int | None:
        """The value of a metric; None where this design has no such figure, or it cannot be known."""
        try:
            return self.figure(metric)
        except (CallError, SpecError):
            return None

    def within(self, scope: str) -> Gauge:
        """The figures of the layers that a scope picks; see `within`."""
        if scope not in self._parts:
            self._parts[scope] = Gauge(within(self.costs, scope), self.convention)
        return self._parts[scope]

    def by_layer(self, metric: str) -> list[tuple[LayerCost, int]]:
        """What each layer adds to a metric, the largest first; layers that add nothing are left out.

        Of a peak or an arena, the maps that are held at the peak; of a time, nothing.
        """
        group, _, kind = metric.partition(".")
        if group in ("ms", "flash_bytes"):
            return []
        if group in ("peak_bytes", "arena_bytes"):
            held = {b.name: b.bytes for b in self.plan(*PLANNED[group](kind)).peak.alive}
            shares = [(layer, held.get(layer.name, 0)) for layer in self.costs.layers]
        else:
            shares = [
                (layer, Gauge(self.costs._replace(layers=(layer,)), self.convention).figure(metric))
                for layer in self.costs.layers
            ]
        return sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])

    @property
    def whole(self) -> Design:
        """The design that the layers are of."""
        assert self.design is not None, "a figure of whole designs"
        return self.design

    def plan(self, planner: str, dtype: str) -> Plan:
        """The memory plan of the design by a planner: of its maps as `dtype`, or of a TFLite file as it is by
        a planner of that runtime. Raises SpecError where it cannot be planned.
        """
        rules, design = load_planner(planner), self.whole
        if rules.algorithm != "greedy":
            return plan(program_of(design.graph, BITS[dtype], design.batch), rules)
        own = None if design.source.startswith(TFLITE) else dtype
        return plan(program(design, rules, own).program, rules)


PLANNED: dict[str, Callable[[str], tuple[str, str]]] = {
    "peak_bytes": lambda dtype: ("liveness", dtype),
    "arena_bytes": lambda planner: (planner, "int8"),
}
"""The planner and the type of maps that a figure of memory is of."""


def _stored(gauge: Gauge, kind: str) -> int:
    if kind != "file":
        return int(gauge.totals["weight_bytes"][kind])
    if gauge.costs.graph.weight_bytes is None:
        raise CallError("this design has no 'weight_bytes.file'", hint="only a model file stores weights")
    return gauge.costs.graph.weight_bytes


def _layers(gauge: Gauge, label: str) -> int:
    return sum(not label or traits(layer.node.op).label == label for layer in gauge.costs.layers)


def _flops(gauge: Gauge, _: str) -> int:
    return int(load_convention("flops").madds(t for layer in gauge.costs.layers for t in layer.work))


def _time(gauge: Gauge, device: str) -> int:
    """The estimated time in microseconds, rounded up."""
    from ...designs.devices import load_device
    from ..fit.latency import Refused, estimate

    found = estimate(gauge.whole, gauge.costs, load_device(device))
    if isinstance(found, Refused):
        raise CallError(f"there is no estimate on {device}: {found.why}")
    return ceil(found.ms * 1000)


FIGURES: dict[str, Callable[[Gauge, str], int]] = {
    "params": lambda gauge, _: int(gauge.totals["params"]),
    "madds": lambda gauge, _: int(gauge.totals["madds"]),
    "flops": _flops,
    "weight_bytes": _stored,
    "flash_bytes": lambda gauge, dtype: int(flash(gauge.costs, dtype).total),
    "peak_bytes": lambda gauge, kind: gauge.plan(*PLANNED["peak_bytes"](kind)).peak.bytes,
    "arena_bytes": lambda gauge, kind: gauge.plan(*PLANNED["arena_bytes"](kind)).arena_bytes,
    "ms": _time,
    "activation_elements": lambda gauge, kind: int(gauge.totals["activation_elements"][kind]),
    "layers": _layers,
}
"""How the metrics of each group are found: from the layers, and what stands behind the group's name."""


def about(metric: str) -> str:
    """What a reader must know of a figure: of an estimate its error, of memory the planner; "" of others."""
    group, _, kind = metric.partition(".")
    if group == "ms":
        from ...designs.devices import load_device

        profile = load_device(kind).latency
        assert profile is not None
        error = f"{profile.mean:g} % in the mean, {profile.worst:g} % at worst"
        return f"{metric}: an estimate; its error is {error}, leaving out one of {len(profile.rows)} rows"
    if group in PLANNED:
        planner = load_planner(PLANNED[group](kind)[0])
        return f"{metric}: {planner.title} (planner {planner.name})"
    return ""
