"""Which figures of a design can be limited? One table of metrics, and what may stand behind a number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...engine.ops import OPS
from ...errors import CallError
from ...records import NamedTuple

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


MEMORY = {
    "": 1,
    "B": 1,
    **{
        f"{prefix}{rest}": 2 ** (10 * n)
        for n, prefixes in enumerate(("kK", "M", "G"), 1)
        for prefix in prefixes
        for rest in ("", "B", "iB")
    },
}
"""What may stand behind a size of RAM or flash: K, M and G are of 1,024, with or without B, as vendors of
chips write sizes.
"""
TIME = {"": 1000, "us": 1, "ms": 1000, "s": 10**6}
"""What may stand behind a time, which is counted in microseconds: a plain number is of milliseconds."""
PROFILES = (
    "pixel1-cpu1-f32",
    "pixel3-cpu4-f32",
    "pixel3-cpu4-int8",
    "stm32h747-cubeai10",
    "stm32mp157-xlinux5.0",
)
"""The shipped devices that have rates."""


class Metric(NamedTuple):
    """One figure: what it is called, its unit, and what may stand behind the numbers of its limits.

    `analyses/report/metrics.py` says how each is found.
    """

    title: str
    unit: str = ""
    scoped: bool = True  # can be asked of some layers only
    units: Mapping[str, int] = UNITS


NO_MEMORY = "no memory figure"  # inputs, outputs and what is read later are in memory together
PEAK = "most bytes of maps held at once as"
ARENA = "the planned part of the arena by"


def _sizes(name: str, title: str, kinds: Iterable[str]) -> dict[str, Metric]:
    """Sizes of memory of a whole design, one a type or a planner."""
    return {f"{name}.{kind}": Metric(f"{title} {kind}", "bytes", False, MEMORY) for kind in kinds}


LABELS = sorted({op.label for op in OPS.values()})
METRICS: dict[str, Metric] = {
    "params": Metric("parameters", "parameters"),
    "madds": Metric("multiply-adds, or what the convention counts as work", "MAdds"),
    "flops": Metric("FLOPs as the convention 'flops' counts them, two a multiply-add", "FLOPs"),
    "weight_bytes.float32": Metric("weights as float32", "bytes", units=BYTES),
    "weight_bytes.float16": Metric("weights as float16", "bytes", units=BYTES),
    "weight_bytes.int8": Metric("weights as int8", "bytes", units=BYTES),
    "weight_bytes.file": Metric("weights as a model file stores them", "bytes", False, BYTES),
    **_sizes(
        "flash_bytes", "weights and biases, batch norm folded, as", ("int8", "int4", "float16", "float32")
    ),
    **_sizes("peak_bytes", PEAK, ("int8", "int16", "float16", "float32")),
    **_sizes("arena_bytes", ARENA, ("tflm", "cmsis-nn")),
    **{
        f"ms.{name}": Metric(f"estimated time on {name}, with the error of its profile", "us", False, TIME)
        for name in PROFILES
    },
    "activation_elements.sum": Metric(f"elements of all maps written; {NO_MEMORY}", "elements"),
    "activation_elements.largest": Metric(f"elements of the largest single map; {NO_MEMORY}", "elements"),
    "layers": Metric("layers", "layers"),
    **{f"layers.{label}": Metric(f"{label} layers", "layers") for label in LABELS},
}
"""Every metric, by the name a budget gives it. A row here is all that a limit on a further one takes."""

ALIASES = {
    "macs": "madds",
    "ram": "peak_bytes.int8",
    "peak": "peak_bytes.int8",
    "arena": "arena_bytes.tflm",
    "flash": "flash_bytes.int8",
    "size": "flash_bytes.int8",
}
"""Words that people use for a metric, which a budget takes for it."""


def named(metric: str) -> str:
    """The metric that a name means: itself, or what it is another word for.

    >>> named("ram"), named("madds")
    ('peak_bytes.int8', 'madds')
    """
    return ALIASES.get(metric, metric)


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
    if name.startswith("ms."):
        inside = [f"ms.{device}" for device in PROFILES]
    like = meant(name, (*METRICS, *ALIASES), "metrics")
    known = ", ".join(m for m in METRICS if not m.startswith(("layers.", "ms.")))
    hint = "one of " + ", ".join(inside[:6]) if inside else metric_hint(name.rpartition(".")[2], value)
    hint = hint or (
        f"did you mean '{like}'?"
        if like
        else f"there are: {known}, ms.DEVICE, and layers.OP such as layers.depthwise"
    )
    return CallError(f"there is no metric '{name[:60]}'", hint=hint)
