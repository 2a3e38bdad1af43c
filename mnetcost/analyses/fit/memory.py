"""How much memory does a design need while it runs, which layer needs it, and what would lower it?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...designs.programs import TFLITE
from ...designs.settings import Design
from ...engine.memory.buffers import Buffer
from ...engine.memory.planners import Plan
from ...errors import CallError
from ..documents import Column, Document, Table, about, design_data, json_data
from .ceiling import Ceiling
from .levers import Change, changes
from .measuring import measured, measured_data, measured_line, measured_note, measured_table
from .named import kib, planner_data, planner_note
from .plans import Planned
from .replan import Replanned, plan_data, replan

if TYPE_CHECKING:
    from ..charts import Timeline

SCHEMA = "mnetcost.memory/1"
TAIL = (
    "beside the planned part, an interpreter keeps persistent data (the tail of its arena), which depends on"
    " the build: 1 to 430 KB measured on a 64-bit machine; leave that margin"
)
LOWERED = (
    "planned as Keras' build of the design, converted to TensorFlow Lite; zeros around a map that 'same' does"
    " not give, as PyTorch's, stay an operator (PAD)"
)
ORDER = (
    "its branches run in the order of the design here; the converter may write them in another, and the arena"
    " changes with it: plan the converted file for the exact one"
)
CHANGES = (
    "what would lower it: each change is made alone, and what it gives is planned again; MAdds: those of one"
    " image that it adds. In place, as one operator and in patches need kernels that run so"
)


def memory(
    design: Design,
    found: Planned,
    timeline: bool = False,
    measure: bool = False,
    ceiling: Ceiling | None = None,
) -> Document:
    """The peak, the layer and the buffers that make it; every buffer; with `timeline` each step's bytes.

    ceiling: the bytes that there are, beside which the arena is set, or the peak where nothing is placed.
    measure: beside the arena what TensorFlow Lite Micro's interpreter reports; raises as `measured` does.
    """
    arena = measured(design, found) if measure else None
    made, planner = found.plan, found.plan.planner
    layer = made.steps[made.peak.step]
    lowered = planner.algorithm == "greedy" and not design.source.startswith(TFLITE)
    lower = changes(design, found)
    data = json_data(
        SCHEMA,
        "complete",
        design=design_data(design),
        planner=planner_data(planner),
        dtype=found.dtype,
        peak_bytes=made.peak.bytes,
        arena_bytes=made.arena_bytes,
        peak={"layer": layer, "alive": [{"name": b.name, "bytes": b.bytes} for b in made.peak.alive]},
        buffers=[b._asdict() for b in made.buffers],
        changes=[row._asdict() for row in lower],
        **({"one_order": found.program.one_order()} if lowered else {}),
        **({"smaller": smaller_data(found.smaller)} if found.smaller else {}),
        **({"limit": ceiling.data(made.arena_bytes)} if ceiling else {}),
        **({"measured": measured_data(found, arena)} if arena else {}),
        **({"timeline": timeline_data(made)} if timeline else {}),
    )
    lead = [f"peak: {made.peak.bytes:,} bytes ({kib(made.peak.bytes)}) at {layer!r}, {found.dtype}"]
    if made.placed:
        lead.append(
            f"arena: {made.arena_bytes:,} bytes ({kib(made.arena_bytes)}){_waste(made, found.smaller)}"
        )
    if ceiling:
        lead.append(ceiling.note(made.arena_bytes))
    if arena:
        lead.append(measured_line(found, arena))
    tables = [
        _alive(made),
        *([measured_table(arena)] if arena else []),
        *([_changes(made, lower)] if lower else []),
        *([_timeline(made)] if timeline else []),
        _buffers(made),
    ]

    def charts() -> tuple[Timeline, ...]:
        from .held import memory_over_time

        return (memory_over_time(design.heading, found, ceiling),)

    return Document(
        design.heading,
        tuple(tables),
        (
            CHANGES if lower else "no single change that was tried lowers it",
            planner_note(planner),
            *([LOWERED] if lowered else []),
            *([ORDER] if lowered and not found.program.one_order() else []),
            *([measured_note(arena)] if arena else [TAIL] if planner.algorithm == "greedy" else []),
        ),
        data,
        (about(design.title, design.source), *lead),
        flat=_buffers(made),
        charts=charts,
    )


def plan_text(found: Planned) -> str:
    """The smallest arena that was found, as JSON for a converter; raises CallError for other planners than
    TensorFlow Lite Micro's.
    """
    planner = found.plan.planner
    if planner.algorithm != "greedy":
        raise CallError(f"the planner '{planner.name}' places nothing", hint="--planner tflm")
    smallest = found.smaller or replan(found.program, planner.scratch)
    return json.dumps(plan_data(found.program, smallest), indent=1) + "\n"


def _waste(made: Plan, smaller: Replanned | None) -> str:
    """What an arena could do without."""
    if smaller is None:
        return ""
    ways = {"with its tensors in another order": smaller.ordered, "with an offline plan": smaller.planned}
    less = [f"{size:,} {way}" for way, size in ways.items() if size < made.arena_bytes]
    return f"; {', '.join(less)} (--write-plan)" if less else ""


def smaller_data(found: Replanned) -> dict[str, int]:
    """The `smaller` object of the JSON: arenas in another order of tensors, and with an offline plan."""
    return {"in_another_order": found.ordered, "with_an_offline_plan": found.planned, "bound": found.bound}


def timeline_data(found: Plan) -> list[dict[str, Any]]:
    """The bytes held at each step."""
    return [
        {"step": n, "layer": name, "bytes": sum(b.bytes for b in _held(found.buffers, n))}
        for n, name in enumerate(found.steps)
    ]


def _held(buffers: Sequence[Buffer], step: int) -> list[Buffer]:
    return [b for b in buffers if b.first <= step <= b.last]


def _alive(found: Plan) -> Table:
    columns = Column("name", "held at the peak"), Column("bytes", "bytes", "bytes", bar=True)
    rows = [(b.name, b.bytes) for b in found.peak.alive]
    return Table("peak", columns, tuple(rows), (("total", found.peak.bytes),))


def _changes(found: Plan, lower: Sequence[Change]) -> Table:
    columns = [
        Column("what", "what would lower it"),
        Column("peak_bytes", "peak", "bytes", rank=2 if found.placed else 0),
        Column("saves", "saves", "share", rank=1),
        Column("madds_change", "MAdds", "change"),
    ]
    if found.placed:
        columns.insert(2, Column("arena_bytes", "arena", "bytes"))
    rows = [
        tuple(
            row.saves / found.arena_bytes if c.key == "saves" else getattr(row, c.key) or None
            for c in columns
        )
        for row in lower
    ]
    return Table("changes", tuple(columns), tuple(rows))


def _buffers(found: Plan) -> Table:
    columns = [
        Column("name", "buffer"),
        Column("bytes", "bytes", "bytes"),
        Column("first", "first step", "integer"),
        Column("last", "last step", "integer"),
    ]
    if found.placed:
        columns.append(Column("offset", "offset", "integer"))
    rows = [tuple(b)[: len(columns)] for b in found.buffers]
    return Table("buffers", tuple(columns), tuple(rows))


def _timeline(found: Plan) -> Table:
    columns = (
        Column("step", "step", "integer"),
        Column("layer", "layer"),
        Column("bytes", "bytes held", "bytes", bar=True),
        Column("share", "of the peak", "share"),
    )
    rows = [
        (one["step"], one["layer"], one["bytes"], one["bytes"] / (found.peak.bytes or 1))
        for one in timeline_data(found)
    ]
    return Table("timeline", columns, tuple(rows))
