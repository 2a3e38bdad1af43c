"""Which figures can be asked of a whole design, or of some of its layers?

One table of metrics, one of scopes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any, NamedTuple

from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.ops import OPS
from ...errors import CallError
from ..documents import totals_data

UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
BYTES = {
    **UNITS,
    "B": 1,
    **{f"{prefix}B": 10 ** (3 * n) for n, prefix in enumerate("kMGT", 1)},
    **{f"{prefix}iB": 2 ** (10 * n) for n, prefix in enumerate("KMGT", 1)},
}
"""What may stand behind a number: decimal for counts; for bytes also kB and MB, decimal, and KiB and MiB,
binary.
"""
LARGEST = 10**30  # no network's figure is larger, and a mistake may be


class Metric(NamedTuple):
    """One figure: what it is called, how it is found among a report's totals, and what may stand behind
    its numbers.

    of: from the totals (see `documents.totals_data`) and the costs to a whole number; None where this design
    has no such figure.
    """

    title: str
    of: Callable[[dict[str, Any], Costs], int | None]
    unit: str = ""
    scoped: bool = True  # can be asked of some layers only

    @property
    def units(self) -> Mapping[str, int]:
        return BYTES if self.unit == "bytes" else UNITS


def _op_count(label: str) -> Callable[[dict[str, Any], Costs], int]:
    return lambda _, costs: sum(layer.node.op.label == label for layer in costs.layers)


NO_MEMORY = "no memory figure"  # inputs, outputs and what is read later are in memory together

LABELS = sorted({op.label for op in OPS.values()})  # type: ignore[attr-defined]
METRICS: dict[str, Metric] = {
    "params": Metric("parameters", lambda t, _: t["params"], "parameters"),
    "madds": Metric("multiply-adds, or what the convention counts as work", lambda t, _: t["madds"], "MAdds"),
    "weight_bytes.float32": Metric("weights as float32", lambda t, _: t["weight_bytes"]["float32"], "bytes"),
    "weight_bytes.float16": Metric("weights as float16", lambda t, _: t["weight_bytes"]["float16"], "bytes"),
    "weight_bytes.int8": Metric("weights as int8", lambda t, _: t["weight_bytes"]["int8"], "bytes"),
    "weight_bytes.file": Metric(
        "weights as a model file stores them", lambda _, c: c.graph.weight_bytes, "bytes", False
    ),
    "activation_elements.sum": Metric(
        f"elements of all maps written; {NO_MEMORY}", lambda t, _: t["activation_elements"]["sum"], "elements"
    ),
    "activation_elements.largest": Metric(
        f"elements of the largest single map; {NO_MEMORY}",
        lambda t, _: t["activation_elements"]["largest"],
        "elements",
    ),
    "layers": Metric("layers", lambda _, c: len(c.layers), "layers"),
    **{f"layers.{label}": Metric(f"{label} layers", _op_count(label), "layers") for label in LABELS},
}
"""Every metric, by the name a budget gives it. A row here is all that a further one takes."""

GROUPS = sorted({name.split(".")[0] for name in METRICS if "." in name})


def metric_hint(name: str, value: Any = "N") -> str:
    """The metric that another word for it means, or why there is none; "" where it is no such word.

    value: the limit it was given.
    """
    from ...designs.synonyms import means

    if name in METRICS:
        return ""
    if found := means(name, "metrics"):
        return f"did you mean '{found}'?" if found in METRICS else f"one of {found}"
    why = means(name, "missing metrics") or ""
    return why.replace(
        "{value}",
        (
            value[:40]
            if isinstance(value, str)
            else f"{value:.15g}"
            if value.__class__ in (float, int) and abs(value) < LARGEST
            else "N"
        ),
    )


def unknown_metric(name: str, value: Any = "N") -> CallError:
    """What to say where there is no such metric."""
    from ...designs.synonyms import meant

    inside = [m for m in METRICS if m.startswith(f"{name}.")]
    like = meant(name, METRICS, "metrics")
    known = ", ".join(m for m in METRICS if not m.startswith("layers."))
    hint = "one of " + ", ".join(inside[:6]) if inside else metric_hint(name.rpartition(".")[2], value)
    hint = hint or (
        f"did you mean '{like}'?" if like else f"there are: {known}, and layers.OP such as layers.depthwise"
    )
    return CallError(f"there is no metric '{name[:60]}'", hint=hint)


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
        layer if fnmatchcase(layer.node.op.label, glob) or fnmatchcase(layer.word, glob) else None
    ),
    "kind": _of_kind,
    "stage": _where(lambda layer: f"{layer.output.h}x{layer.output.w}"),
}
"""How a scope's glob picks layers, by the word before its colon; without one it is "layer"."""


def within(costs: Costs, scope: str) -> Costs:
    """The costs of the layers a scope picks; a kind also picks among a layer's terms.

    An empty scope is the whole design.

    "bottleneck 4", "*/project", "op:depthwise", "kind:norm", "stage:14x14" (by the size of the output).
    """
    if not scope:
        return costs
    word, colon, glob = scope.partition(":")
    pick = SCOPES.get(word) if colon else None
    pick, glob = (pick, glob) if pick else (_named, scope)
    return costs._replace(layers=tuple(kept for layer in costs.layers if (kept := pick(glob, layer))))


class Gauge:
    """The figures of some layers under a convention; what they share is counted once."""

    def __init__(self, costs: Costs, convention: Convention) -> None:
        self.costs, self.convention = costs, convention
        self._parts: dict[str, Gauge] = {"": self}

    @cached_property
    def totals(self) -> dict[str, Any]:
        """As a report has them."""
        return totals_data(self.costs, self.convention)

    def figure(self, metric: str) -> int:
        """One metric; raises CallError where this design has no such figure."""
        value = METRICS[metric].of(self.totals, self.costs)
        if value is None:
            raise CallError(f"this design has no '{metric}'", hint="only a model file stores weights")
        return value

    def within(self, scope: str) -> Gauge:
        """The figures of the layers that a scope picks."""
        if scope not in self._parts:
            self._parts[scope] = Gauge(within(self.costs, scope), self.convention)
        return self._parts[scope]

    def by_layer(self, metric: str) -> list[tuple[LayerCost, int]]:
        """Each layer's own share in a metric, the largest first; layers that add nothing are left out."""
        shares = [
            (layer, Gauge(self.costs._replace(layers=(layer,)), self.convention).figure(metric))
            for layer in self.costs.layers
        ]
        return sorted((pair for pair in shares if pair[1]), key=lambda pair: -pair[1])
