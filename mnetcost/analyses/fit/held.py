"""How is the memory of a design drawn? Each buffer from its first to its last step, where the plan has it."""

from __future__ import annotations

from ...engine.memory.program import Program
from ..charts import Level, Life, Timeline
from .ceiling import Ceiling
from .plans import Planned

INPUT, MAP, LATER, OUTPUT, SCRATCH = "input", "map", "map that is read again later", "output", "scratch"
KINDS = INPUT, MAP, LATER, SCRATCH, OUTPUT


def memory_over_time(heading: str, found: Planned, ceiling: Ceiling | None) -> Timeline:
    """The arena of a design, or what is held where its planner places nothing, step by step."""
    made, planner = found.plan, found.plan.planner
    step, size = made.peak.step, made.peak.bytes
    needs = f"; arena: {made.arena_bytes:,} bytes" if made.placed else ""
    room = f"; {ceiling.note(made.arena_bytes)}" if ceiling else ""
    return Timeline(
        f"{heading}: memory over time",
        f"{heading} by the planner {planner.name}, {found.dtype}. Peak: {size:,} bytes at {made.steps[step]}"
        f"{needs}{room}.",
        made.steps,
        _lives(found),
        KINDS,
        (step, size),
        Level("arena", made.arena_bytes) if made.placed else None,
        ceiling.limit if ceiling else None,
        under=f"planner: {planner.name}, {found.dtype}"
        + (f"; {ceiling.short(made.arena_bytes)}" if ceiling else ""),
    )


def _lives(found: Planned) -> tuple[Life, ...]:
    """The buffers that are held at some step. A planner that takes the largest map alone has no maps beside
    each other: there each is drawn at the step that writes it.
    """
    kinds, alone = _kinds(found.program), found.plan.planner.algorithm == "largest"
    lives = []
    for name, size, first, last, offset in found.plan.buffers:
        kind = kinds.get(name, SCRATCH)
        if kind == MAP and last > first + 1 and found.plan.planner.algorithm != "sum":
            kind = LATER
        if first >= 0:
            lives.append(Life(name, size, first, first if alone else last, kind, 0 if alone else offset))
    return tuple(lives)


def _kinds(program: Program) -> dict[str, str]:
    """What each tensor is, by name."""
    names = [tensor.name for tensor in program.tensors]
    return {
        **dict.fromkeys(names, MAP),
        **{names[n]: OUTPUT for n in program.outputs},
        **{names[n]: INPUT for n in program.inputs},
    }
