"""What is the plan of a design, and is there a smaller one? Its program, planned by one planner."""

from __future__ import annotations

from ...designs.programs import Typed, program
from ...designs.settings import Design
from ...engine.memory.planners import Plan, Planner, plan
from ...engine.memory.program import Program
from ...records import NamedTuple
from .replan import Replanned, replan


class Planned(NamedTuple):
    """The memory of a design: its program, the type of its maps, the plan, and a smaller one if there is."""

    program: Program
    dtype: str
    plan: Plan
    smaller: Replanned | None = None


def planned(design: Design, planner: Planner, dtype: str | None = None) -> Planned:
    """Plan the memory of a design, and look for a smaller arena where the planner wastes some.

    dtype: "int8", "int16", "float16" or "float32"; None for int8, or the type of a TFLite file.
    Raises CallError and SpecError as `program` does.
    """
    found: Typed = program(design, planner, dtype)
    made = plan(found.program, planner)
    wasted = planner.algorithm == "greedy" and made.arena_bytes > made.bound
    return Planned(*found, made, replan(found.program, planner.scratch) if wasted else None)
