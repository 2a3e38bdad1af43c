"""How much memory does a design need while it runs, which layer needs it, and what would lower it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...designs.programs import Typed, program
from ...designs.settings import Design
from ...engine.memory.buffers import Buffer
from ...engine.memory.planners import Plan, Planner, plan
from ..documents import Column, Document, Table, about, design_data, json_data

SCHEMA = "mnetcost.memory/1"
TAIL = (
    "beside the planned part, an interpreter keeps persistent data (the tail of its arena), which depends on"
    " the build: 1 to 430 KB measured on a 64-bit machine; leave that margin"
)


def planned(design: Design, planner: Planner, dtype: str | None = None) -> tuple[Plan, str]:
    """The plan of a design's memory, and the type of its maps.

    dtype: "int8", "int16", "float16" or "float32"; None for int8, or the type of a TFLite file.
    Raises CallError and SpecError as `program` does.
    """
    found: Typed = program(design, planner, dtype)
    return plan(found.program, planner), found.dtype


def memory(design: Design, planner: Planner, dtype: str | None = None, timeline: bool = False) -> Document:
    """The peak, the layer and the buffers that make it; every buffer; with `timeline` the bytes of each step."""
    found, kind = planned(design, planner, dtype)
    layer = found.steps[found.peak.step]
    data = json_data(
        SCHEMA,
        "complete",
        design=design_data(design),
        planner=planner_data(planner),
        dtype=kind,
        peak_bytes=found.peak.bytes,
        arena_bytes=found.arena_bytes,
        peak={"layer": layer, "alive": [{"name": b.name, "bytes": b.bytes} for b in found.peak.alive]},
        buffers=[b._asdict() for b in found.buffers],
        **({"timeline": timeline_data(found)} if timeline else {}),
    )
    lead = [f"peak: {found.peak.bytes:,} bytes ({kib(found.peak.bytes)}) at {layer!r}, {kind}"]
    if found.placed:
        more = found.arena_bytes - found.peak.bytes
        gap = f", {more:,} more than the peak, which no placement goes below" if more > 0 else ""
        lead.append(f"arena: {found.arena_bytes:,} bytes ({kib(found.arena_bytes)}){gap}")
    tables = [_alive(found), *([_timeline(found)] if timeline else []), _buffers(found)]
    return Document(
        design.heading,
        tuple(tables),
        (planner_note(planner), *((TAIL,) if planner.algorithm == "greedy" else ())),
        data,
        (about(design.title, design.source), *lead),
        flat=_buffers(found),
    )


def kib(size: int) -> str:
    """Bytes in KiB to two decimals, as data sheets count memory."""
    return f"{size / 1024:,.2f} KiB"


def planner_data(planner: Planner) -> dict[str, Any]:
    """The `planner` object of a JSON document."""
    return {
        "name": planner.name,
        "title": planner.title,
        "version": planner.version,
        "source": planner.source,
        "run": planner.run,
    }


def planner_note(planner: Planner) -> str:
    """The note under every table that names the planner, its version and its source."""
    unrun = "" if planner.run else "; read in the sources and not run"
    version = f", {planner.version}" if planner.version else ""
    return f"planner: {planner.name} ({planner.title}{version}; {planner.source}{unrun})"


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
        Column("share", "of the peak", "gauge"),
    )
    rows = [
        (one["step"], one["layer"], one["bytes"], one["bytes"] / (found.peak.bytes or 1))
        for one in timeline_data(found)
    ]
    return Table("timeline", columns, tuple(rows))
