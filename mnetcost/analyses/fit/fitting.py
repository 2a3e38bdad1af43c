"""How does the answer read that says which designs fit? One design figure by figure, several a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.devices import Device
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from .fits import FLASH, LATENCY, MADDS, RAM, Fit, Latency, Room, Rules, group
from .latency import Bound
from .memory import TAIL
from .named import kib, planner_data, planner_note
from .verdicts import CODE, FILE, UNLIMITED, Figure, Span, in_ms, size

if TYPE_CHECKING:
    from ..charts import Chart, Lines

SCHEMA = "mnetcost.fit/1"
MOST_SHOWN = 24  # rows that a text shows; --all and the other formats hold all
KEYS = {RAM: "ram", FLASH: "flash", MADDS: "madds", LATENCY: "ms"}
STORED = "flash: weights and biases as stored, batch norm folded"
STORED_NOTES = {
    CODE: f"{STORED}; code is not predicted (58 to 191 KiB measured under STM32Cube.AI 10)",
    FILE: f"{STORED}; code is not predicted, nor what a file holds beside them (46 to 399 KB more in nine"
    " int8 files of TensorFlow Lite's converter); of a TFLite file, the file",
}


def answer(found: Sequence[Fit], room: Room, rules: Rules, everything: bool = False) -> Document:
    """What fits, the most multiply-adds first; a single design is shown figure by figure.

    everything: show designs that do not fit, too, and every row.
    """
    data = json_data(
        SCHEMA,
        "partial" if any(one.partial for one in found) else "complete",
        limits={key: getattr(room, key) for key in KEYS.values()},
        blocks=dict(room.blocks),
        device=device_data(rules.device) if rules.device else None,
        planner=planner_data(rules.planner),
        convention=convention_data(rules.convention),
        fit=sum(one.accepted for one in found),
        designs=[fit_data(one, rules.planner.name) for one in found],
    )
    flat = _rows(found, flat=True)
    shown = found if everything else [one for one in found if one.accepted][:MOST_SHOWN]
    counted = _count(found, len(shown))

    def charts() -> tuple[Chart, ...]:
        from .drawn import limits

        if len(found) == 1:
            (one,) = found
            return *limits(f"{one.design}: {one.verdict}", found), *_roofline(one, rules.device)
        return limits(counted, shown or found)

    notes = _notes(found, room, rules)
    if len(found) == 1:
        one = found[0]
        return Document(one.design, (_figures(one),), notes, data, (_verdict(one),), flat, charts=charts)
    tables = (_rows(shown),) if shown else ()
    return Document(counted, tables, notes, data, (), flat, charts=charts)


def _roofline(one: Fit, device: Device | None) -> tuple[Lines, ...]:
    """The bound of each layer, where the device has a peak and a bandwidth."""
    from .roofline import roofline

    if device is None or one.costs is None or one.costs.graph.left_out:
        return ()
    chart = roofline(one.design, one.costs, device, one.dtype)
    return (chart,) if chart else ()


def fit_data(one: Fit, planner: str) -> dict[str, Any]:
    """A design of the JSON: its figures, and what is left up to each limit."""
    return {
        "design": one.design,
        "fits": one.fits,
        "verdict": one.verdict,
        "dtype": one.dtype,
        "ram_planner": planner,
        "by": KEYS.get(one.by.name),
        "why": [f.why for f in one.figures if f.why],
        "ram": one.figure(RAM).value,
        "flash": one.figure(FLASH).value,
        "madds": one.madds,
        "latency": latency_data(one.latency) if one.latency else None,
        "margins": {KEYS[f.name]: f.margin for f in one.figures if f.limit is not None},
    }


def latency_data(latency: Latency) -> dict[str, Any]:
    """The time of a design in the JSON: errors in per cent, leaving one row out."""
    span, bound = latency.span, latency.bound
    error = span and {"mean": _per_cent(span.mean), "worst": _per_cent(span.worst), "rows": span.rows}
    return {
        "estimate_ms": span and span.ms,
        "error": error,
        "profile": span and span.profile,
        **({"refused": latency.refused} if span is None else {}),
        **(_bound_data(bound) if bound else {}),
    }


def _per_cent(share: float) -> float:
    return round(100 * share, 6)


def device_data(device: Device) -> dict[str, Any]:
    """The device of the JSON: a chip with its runtime and version."""
    keys = ("name", "title", "chip", "runtime", "version", "mhz", "source")
    return {key: getattr(device, key) for key in keys}


def _bound_data(found: Bound) -> dict[str, Any]:
    """A bound in the JSON, or the time at the best rate that was published."""
    if found.proven:
        return {"bound_ms": found.ms, "bound_by": found.how}
    return {"best_rate_ms": found.ms, "best_rate": found.how}


def _count(found: Sequence[Fit], shown: int) -> str:
    """How many designs fit, and what is not shown."""
    fit = sum(one.accepted for one in found)
    open_ = sum(group(one) == 2 for one in found)
    more = [f"{open_:,} undecided"] if open_ else []
    if shown < fit:
        more.append(f"the {shown} largest are shown")
    if shown < len(found):
        more.append("--all shows the others")
    if all(one.verdict == UNLIMITED for one in found):
        return f"{len(found):,} designs, and no limit" + (f"; {', '.join(more)}" if more else "")
    return f"{fit:,} of {len(found):,} fit" + (f"; {', '.join(more)}" if more else "")


def _verdict(one: Fit) -> str:
    """What can be said of one design, in a sentence."""
    if one.verdict == "fits":
        return "fits"
    if one.verdict != "fits if":
        return f"{one.verdict}: {one.by.why}"
    conditions = [
        f"{size(int(f.margin or 0))} of {f.name} is enough for {f.beside}"
        for f in one.figures
        if f.state == "fits if"
    ]
    return f"fits if {', and if '.join(conditions)}"


def _figures(one: Fit) -> Table:
    """The figures of one design, each beside its limit."""
    columns = (
        Column("figure", "figure"),
        Column("needs", "needs"),
        Column("limit", "limit"),
        Column("verdict", "verdict"),
        Column("why", "why", rank=1),
    )
    span = one.latency.span if one.latency else None
    return Table("figures", columns, tuple(_figure(f, span) for f in one.figures))


def _figure(figure: Figure, span: Span | None) -> tuple[str, ...]:
    why = figure.why.removeprefix(f"{figure.name}: ")
    error = ""
    if span and figure.name == LATENCY and figure.value is not None:
        error = f", {_per_cent(span.mean):g} % off in the mean, {_per_cent(span.worst):g} % at worst"
    return (
        figure.name,
        _amount(figure.name, figure.value) + error,
        _amount(figure.name, figure.limit),
        figure.state or "",
        why,
    )


def _amount(name: str, value: int | float | None) -> str:
    """A figure or a limit as people read it, exact if it is a count."""
    if value is None:
        return ""
    if name == LATENCY:
        return f"{in_ms(value)} ms"
    return f"{value:,}" if name == MADDS else f"{value:,} ({kib(int(value))})"


def _rows(found: Sequence[Fit], flat: bool = False) -> Table:
    """Designs, one a row; flat: with the margin of every limit."""
    timed = any(one.latency for one in found)
    wanted = [*ROW, *(TIMES if timed else ()), *(MARGINS if flat else ())]
    rows = tuple(tuple(cell(one) for _, cell in wanted) for one in found)
    return Table("designs", tuple(column for column, _ in wanted), rows)


def _by(one: Fit) -> str:
    """The figure that decides, in words."""
    return one.by.why.replace(f" for {one.by.beside}", "") if one.by.beside else one.by.why


def _of_span(cell: Callable[[Span], float]) -> Callable[[Fit], float | None]:
    """The cell of a design's estimate, which is empty where there is none."""
    return lambda one: cell(one.latency.span) if one.latency and one.latency.span else None


def _margin(name: str) -> Callable[[Fit], int | float | None]:
    return lambda one: one.figure(name).margin


ROW: tuple[tuple[Column, Callable[[Fit], Any]], ...] = (
    (Column("design", "design"), lambda one: one.design),
    (Column("verdict", "verdict"), lambda one: one.verdict),
    (Column("by", "by", rank=1), _by),
    (Column("madds", MADDS, "count"), lambda one: one.madds),
    (Column("ram", RAM, "memory"), lambda one: one.figure(RAM).value),
    (Column("flash", FLASH, "memory"), lambda one: one.figure(FLASH).value),
)
TIMES = (
    (Column("ms", "ms", "number"), _of_span(lambda span: float(f"{span.ms:.4g}"))),
    (Column("error_worst", "worst error, %", "number", rank=1), _of_span(lambda s: _per_cent(s.worst))),
    (Column("error_mean", "mean", "number", rank=1), _of_span(lambda s: _per_cent(s.mean))),
)
MARGINS = tuple(
    (Column(f"{key}_margin", f"{name} left", "number"), _margin(name)) for name, key in KEYS.items()
)


def _notes(found: Sequence[Fit], room: Room, rules: Rules) -> tuple[str, ...]:
    """The limits, and how each figure is found."""
    limits = [
        f"{name} {_amount(name, getattr(room, key))}"
        + (f" of {room.blocks[key]}" if key in room.blocks else "")
        for name, key in KEYS.items()
        if getattr(room, key) is not None
    ]
    dtypes = {one.dtype for one in found if one.dtype}
    return (
        f"limits: {', '.join(limits) or 'none'}",
        *((f"maps as {', '.join(sorted(dtypes))}",) if dtypes else ()),
        *(_device_notes(found, rules.device) if rules.device else ()),
        planner_note(rules.planner),
        *((TAIL,) if rules.planner.algorithm == "greedy" else ()),
        STORED_NOTES[rules.stored],
        convention_note(rules.convention),
    )


def _device_notes(found: Sequence[Fit], device: Device) -> Iterator[str]:
    """What the device is, and what its figures are worth."""
    yield f"device: {device.name} ({about(device.title, device.source)})"
    spans = [one.latency.span for one in found if one.latency and one.latency.span]
    if spans:
        span = spans[0]
        yield (
            f"latency: estimated from {span.rows} measured rows; with each left out in turn, the estimate was"
            f" off by {_per_cent(span.mean):g} % on average and {_per_cent(span.worst):g} % at worst"
        )
    if device.runtime:
        yield f"RAM: as the planner below says, not {device.runtime}'s own, which may need more or less"
