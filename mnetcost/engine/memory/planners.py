"""How much memory does a planner say that a program needs? One algorithm a function, its rules as data."""

from __future__ import annotations

from collections.abc import Callable

from ...records import NamedTuple
from .buffers import Buffer, Peak, peak
from .program import Program


class Planner(NamedTuple):
    """A planner: its algorithm, the rules it goes by, and where they are from."""

    name: str
    title: str
    source: str
    version: str
    rule: str
    algorithm: str = "liveness"
    fused: bool = True  # norms and activations hold no map of their own
    in_place: bool = False  # depthwise and element-wise layers write over their input
    scratch: str = ""  # whose kernels ask for memory of their own
    run: bool = True  # whether its figures were held to a run; False: read in sources only


class Plan(NamedTuple):
    """What a planner answers: every buffer with its life, the peak, and the arena, which is the peak where
    the planner places nothing.
    """

    planner: Planner
    buffers: tuple[Buffer, ...]
    peak: Peak
    arena_bytes: int
    bound: int  # the peak in sizes as they are placed, below which no arena goes
    steps: tuple[str, ...]  # what happens at each step: "input", then the operations by name

    @property
    def placed(self) -> bool:
        """Have the buffers offsets?"""
        return any(b.offset is not None for b in self.buffers)


def plan(program: Program, planner: Planner) -> Plan:
    """Plan the memory of a program."""
    buffers, top, arena = ALGORITHMS[planner.algorithm](program, planner)
    steps = ("input", *(o.name or f"{k} {o.type}" for k, o in enumerate(program.operations)))
    bound = top.bytes
    if planner.algorithm == "greedy":
        from .tflm import aligned

        bound = peak([b._replace(bytes=aligned(b.bytes)) for b in buffers]).bytes
    return Plan(planner, tuple(buffers), top, arena, bound, steps)


Answer = tuple[list[Buffer], Peak, int]


def _liveness(program: Program, planner: Planner) -> Answer:
    """Each tensor is held from where it is written to where it is read last, inputs beside outputs."""
    buffers = lives(program, planner.in_place)
    top = peak(buffers)
    return buffers, top, top.bytes


def lives(program: Program, in_place: bool) -> list[Buffer]:
    """The tensors with their lives; in place, an output over its input is held a step later."""
    spans = program.lives()
    for out in program.over() if in_place else ():
        first, last = spans[out]
        spans[out] = (min(first + 1, last), last)
    return [
        Buffer(tensor.name, tensor.bytes, *spans[i])
        for i, tensor in enumerate(program.tensors)
        if i in spans and tensor.held and tensor.bytes
    ]


def _sum(program: Program, planner: Planner) -> Answer:
    """Every tensor is held from the first step to the last."""
    end = len(program.operations)
    buffers = [b._replace(first=0, last=end) for b in lives(program, False)]
    top = peak(buffers)
    return buffers, top, top.bytes


def _largest(program: Program, planner: Planner) -> Answer:
    """The largest tensor alone."""
    buffers = lives(program, False)
    most = max(buffers, key=lambda b: b.bytes)
    return buffers, Peak(most.first, most.bytes, (most,)), most.bytes


def _greedy(program: Program, planner: Planner) -> Answer:
    """TensorFlow Lite Micro's plan, with the scratch memory of some kernels."""
    from . import tflm

    buffers = tflm.plan(program, planner.scratch, planner.in_place)
    return buffers, peak(buffers), tflm.head(buffers)


ALGORITHMS: dict[str, Callable[[Program, Planner], Answer]] = {
    "liveness": _liveness,
    "sum": _sum,
    "largest": _largest,
    "greedy": _greedy,
}
