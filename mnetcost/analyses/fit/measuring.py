"""Is the arena that is predicted the one that the interpreter reports? Both, side by side."""

from __future__ import annotations

from typing import Any

from ...designs.programs import TFLITE
from ...designs.settings import Design
from ...designs.tflite.interpreter import PACKAGE, Arena, measure
from ...errors import CallError
from ..documents import Column, Table
from .plans import Planned

TAIL = (
    "the tail is that of this machine and of the package's kernels; it differs with the size of pointers and"
    " the kernels of a build"
)
UNNAMED = "not named"


def measured(design: Design, found: Planned) -> Arena:
    """Load the file of a design into the interpreter of TensorFlow Lite Micro, if that is installed.

    Raises CallError for what is no TFLite file, and for a planner of other rules than the interpreter's;
    SpecError where the interpreter is not installed, refuses the file or crashes.
    """
    planner = found.plan.planner
    if not design.source.startswith(TFLITE):
        raise CallError(
            f"the interpreter runs TFLite files, and {design.name} is none",
            hint="convert it, and measure the .tflite file",
        )
    if planner.algorithm != "greedy" or planner.scratch != "reference" or planner.in_place:
        raise CallError(f"the interpreter does not plan as '{planner.name}'", hint="--planner tflm")
    return measure(design.file, found.plan.arena_bytes)


def equal(found: Planned, arena: Arena) -> bool:
    """Is the planned part as large as predicted?"""
    return found.plan.arena_bytes == arena.head


def measured_line(found: Planned, arena: Arena) -> str:
    """The line under the arena that is predicted."""
    off = arena.head - found.plan.arena_bytes
    verdict = "as predicted" if not off else f"{off:+,} against the prediction"
    return (
        f"measured: {arena.head:,} bytes, {verdict}; with persistent data of {arena.tail:,} bytes (the tail)"
        f" {arena.total:,} bytes"
    )


def measured_note(arena: Arena) -> str:
    """Which interpreter it was, and what its tail is worth."""
    return f"measured with {PACKAGE} {arena.version}; {TAIL}"


def measured_data(found: Planned, arena: Arena) -> dict[str, Any]:
    """The `measured` object of the JSON."""
    return {
        "interpreter": PACKAGE,
        "version": arena.version,
        "head_bytes": arena.head,
        "tail_bytes": arena.tail,
        "total_bytes": arena.total,
        "predicted_head_bytes": found.plan.arena_bytes,
        "equal": equal(found, arena),
        "tail_parts": dict(arena.parts),
    }


def measured_table(arena: Arena) -> Table:
    """What the tail holds, as the interpreter names it."""
    parts = dict(arena.parts)
    if unnamed := arena.tail - sum(parts.values()):
        parts[UNNAMED] = unnamed
    columns = Column("part", "persistent data, measured"), Column("bytes", "bytes", "bytes", bar=True)
    return Table("tail", columns, tuple(parts.items()), (("total", arena.tail),))
