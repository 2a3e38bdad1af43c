"""Which figures of a design can be limited? One table of metrics, and what may stand behind a number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ...engine.costs import Costs
from ...engine.ops import OPS
from ...engine.ops.op import traits
from ...errors import CallError

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

    of: from the totals (`totals` in a report's JSON) and the costs to a whole number; None where this design
    has no such figure.
    """

    title: str
    of: Callable[[dict[str, Any], Costs], int | None]
    unit: str = ""
    scoped: bool = True  # can be asked of some layers only

    @property
    def units(self) -> Mapping[str, int]:
        """The units that a limit on this metric may be given in: of bytes, or of counts."""
        return BYTES if self.unit == "bytes" else UNITS


def _op_count(label: str) -> Callable[[dict[str, Any], Costs], int]:
    return lambda _, costs: sum(traits(layer.node.op).label == label for layer in costs.layers)


NO_MEMORY = "no memory figure"  # inputs, outputs and what is read later are in memory together

LABELS = sorted({op.label for op in OPS.values()})
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
    from ..synonyms import means

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
    from ..synonyms import meant

    inside = [m for m in METRICS if m.startswith(f"{name}.")]
    like = meant(name, METRICS, "metrics")
    known = ", ".join(m for m in METRICS if not m.startswith("layers."))
    hint = "one of " + ", ".join(inside[:6]) if inside else metric_hint(name.rpartition(".")[2], value)
    hint = hint or (
        f"did you mean '{like}'?" if like else f"there are: {known}, and layers.OP such as layers.depthwise"
    )
    return CallError(f"there is no metric '{name[:60]}'", hint=hint)
