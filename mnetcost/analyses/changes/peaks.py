"""Which maps make the peak of memory before a change, and which after it?"""

from __future__ import annotations

from typing import Any

from ...designs.planners import load_planner
from ...designs.programs import BITS
from ...designs.settings import Design
from ...engine.memory.graphs import program_of
from ...engine.memory.planners import Plan, plan
from ...records import NamedTuple
from ..documents import Column, Table

PLANNER = "liveness"
DTYPE = "int8"


class Peaks(NamedTuple):
    """The memory plans of two designs, as int8, by the largest sum of maps that are held at once."""

    old: Plan
    new: Plan


def peaks_of(old: Design, new: Design) -> Peaks | None:
    """The plans of two designs; None where their peaks are as large."""
    rules = load_planner(PLANNER)
    programs = (program_of(design.graph, BITS[DTYPE], design.batch) for design in (old, new))
    found = Peaks(*(plan(program, rules) for program in programs))
    return None if found.old.peak.bytes == found.new.peak.bytes else found


def peaks_table(found: Peaks) -> Table:
    """The maps that are held at the peak, before and after."""
    rows: dict[str, list[int | None]] = {}
    for side, made in enumerate(found):
        for buffer in made.peak.alive:
            rows.setdefault(buffer.name, [None, None])[side] = buffer.bytes
    columns = Column("map", "held at the peak"), Column("old", "old", "bytes"), Column("new", "new", "bytes")
    at = tuple(f"{made.peak.bytes:,} at {made.steps[made.peak.step]!r}" for made in found)
    return Table(
        f"peak: {at[0]} -> {at[1]}",
        columns,
        [(name, *sizes) for name, sizes in rows.items()],
        (("together", found.old.peak.bytes, found.new.peak.bytes),),
    )


def peaks_note(found: Peaks) -> str:
    """What the peak is of."""
    planner = found.old.planner
    return f"peak: {planner.title}, as {DTYPE} (planner {planner.name})"


def peaks_data(found: Peaks) -> dict[str, Any]:
    """The `peak` object of the JSON document."""
    return {
        "planner": PLANNER,
        "dtype": DTYPE,
        "difference": found.new.peak.bytes - found.old.peak.bytes,
        **{
            side: {
                "bytes": made.peak.bytes,
                "layer": made.steps[made.peak.step],
                "alive": [{"name": b.name, "bytes": b.bytes} for b in made.peak.alive],
            }
            for side, made in found._asdict().items()
        },
    }
