"""Does a design fit into a device's memory, multiply-adds and time, by which figure, and with what margin?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...designs.cells import Cell
from ...designs.devices import Device
from ...designs.programs import TFLITE, load_planned, program
from ...designs.settings import Design, spelled_size
from ...designs.sizes import read_count, read_memory, read_ms
from ...engine.conventions import Convention
from ...engine.costs import Costs, cost
from ...engine.flash import flash
from ...engine.memory.planners import Planner, plan
from ...engine.memory.program import Program
from ...errors import CallError, MnetcostError, SpecError
from ...records import NamedTuple
from . import verdicts
from .ceiling import dtype_on
from .latency import Bound, Refused, bound, estimate
from .named import kib
from .replan import replan
from .verdicts import STATES, Figure, Rest, Span, in_ms


class Room(NamedTuple):
    """What designs are to fit into; None where there is no limit.

    ram, flash: in bytes, each of one block of memory. ms: of one inference. blocks: which block of the device
    is meant, by the name of the limit.
    """

    ram: int | None = None
    flash: int | None = None
    madds: int | None = None
    ms: float | None = None
    blocks: Mapping[str, str] = {}


READERS: dict[str, Callable[[Any, str], Any]] = {
    "ram": read_memory,
    "flash": read_memory,
    "madds": read_count,
    "ms": read_ms,
}
"""How each limit is read."""


def read_room(limits: Mapping[str, Any], device: Device | None = None, prefix: str = "") -> Room:
    """Read limits as a call gives them: `ram` and `flash` as "256K", `madds` as "30M", `ms` as "20".

    device: whose RAM and flash are the limits where none are given. prefix: what stands before a limit's name
    in errors: "--" of options. Raises CallError for what is no such size, count or time, for a time alone
    without a device, and where there is neither a limit nor a device.
    """
    given = {name: READERS[name](v, f"{prefix}{name}") for name, v in limits.items() if v is not None}
    blocks = {}
    for name in ("ram", "flash") if device else ():
        of, found = getattr(device, name), getattr(device, f"{name}_block")
        if found and name not in given:
            given[name] = found.bytes
            blocks[name] = found.name + (f", one of {len(of)} blocks" if len(of) > 1 else "")
    if device is None and [*given] == ["ms"]:
        raise CallError(f"{prefix}ms needs a device whose speed is known", hint=f"give {prefix}device")
    if not given and device is None:
        hint = f"give {prefix}ram and {prefix}flash, or {prefix}device"
        raise CallError("no limit is known to fit into", hint=hint)
    return Room(**given, blocks=blocks)


class Rules(NamedTuple):
    """How figures are found: by which planner, convention of counting, type of numbers, and rates of a
    device.
    """

    planner: Planner
    convention: Convention
    dtype: str | None = None
    device: Device | None = None

    def dtype_of(self, design: Design) -> str | None:
        """The type of a design's maps: as asked, or that of the device; None for that of a file."""
        return dtype_on(design, self.dtype, self.device)

    @property
    def beside(self) -> Rest:
        """What shares the RAM with the maps, and is not predicted."""
        if self.planner.algorithm != "greedy":
            return verdicts.BESIDE
        runtime = self.device.runtime if self.device else ""
        if runtime in ("", PLANNED):
            return verdicts.TAIL
        name = f"{verdicts.TAIL.name} and {runtime}'s own plan"
        return verdicts.TAIL._replace(name=name, most=None)

    @property
    def stored(self) -> Rest:
        """What shares the flash with weights and biases."""
        return verdicts.CODE if self.device and self.device.runtime == CUBE_AI else verdicts.FILE


PLANNED = "TensorFlow Lite Micro"
"""The runtime whose plan the planners of RAM follow."""
CUBE_AI = "STM32Cube.AI"
"""The runtime whose code beside the weights was measured."""


class Latency(NamedTuple):
    """What is known of a design's time on a device: an estimate, or why there is none, and a bound."""

    span: Span | None
    refused: str
    bound: Bound | None


class Fit(NamedTuple):
    """A design with its figures beside their limits.

    madds: None where it could not be built. dtype: of its maps. partial: was something left out?
    latency: None without a device. costs: of a design that was asked for alone.
    """

    design: str
    madds: int | None
    dtype: str | None
    figures: tuple[Figure, ...]
    partial: bool = False
    latency: Latency | None = None
    costs: Costs | None = None

    @property
    def by(self) -> Figure:
        """The figure that decides."""
        return verdicts.gravest(self.figures)

    @property
    def verdict(self) -> str:
        """What can be said of the design: a key of `STATES`."""
        return self.by.state or ""

    @property
    def accepted(self) -> bool:
        """Is the verdict one that a gate lets pass?"""
        return STATES[self.verdict] <= STATES["fits if"]

    @property
    def fits(self) -> bool | None:
        """Are all figures within their limits, as far as they are predicted? None where one is not known, or
        its limit lies within its error.
        """
        within = [f.within for f in self.figures if f.state is not None] or [None]
        return False if False in within else None if None in within else True

    def figure(self, name: str) -> Figure:
        """A figure by its name."""
        return next((f for f in self.figures if f.name == name), Figure(name, None))


RAM, FLASH, MADDS, LATENCY = "RAM", "flash", "MAdds", "latency"


def fits(
    asked: Sequence[Cell],
    room: Room,
    rules: Rules,
    grid: bool = False,
    tick: Callable[[int, int], None] | None = None,
) -> list[Fit]:
    """Judge designs, those that fit first, and of these the one with the most multiply-adds.

    grid: are they designs at several settings? One that cannot be built is then in the answer with its
    reason; else MnetcostError is raised. tick: called with the number of those done and of all.
    """
    found = []
    for n, cell in enumerate(asked):
        if tick:
            tick(n, len(asked))
        found.append(_judged(cell, room, rules, grid, alone=len(asked) == 1))
    if tick:
        tick(len(asked), len(asked))
    return sorted(found, key=lambda one: (group(one), -(one.madds or 0)))


def passes(found: Sequence[Fit], grid: bool) -> bool:
    """Does a gate let them pass? All must fit; of a grid, designs at several settings, one is enough."""
    return (any if grid else all)(one.accepted for one in found)


def group(one: Fit) -> int:
    """0 for a design that fits, perhaps with a condition; then undecided ones, then those that do not."""
    return 0 if one.accepted else STATES[one.verdict]


def _judged(cell: Cell, room: Room, rules: Rules, grid: bool, alone: bool) -> Fit:
    try:
        design = load_planned(cell.design, cell.settings)
        costs = cost(design.graph, design.batch)
    except MnetcostError as e:
        if not grid:
            raise
        limits = {RAM: room.ram, FLASH: room.flash, MADDS: room.madds, LATENCY: room.ms}
        why = f"not built: {e.faults[0].message}"
        unknown = tuple(verdicts.unknown(n, v, why) for n, v in limits.items())
        return Fit(_named(cell), None, rules.dtype, unknown)
    ram, dtype = ram_of(design, rules, room.ram, alone)
    madds = madds_of(costs, rules.convention, room.madds)
    figures = [ram, flash_of(design, costs, rules, room.flash), madds]
    latency = latency_of(design, costs, rules.device, dtype) if rules.device else None
    if latency:
        figures.append(time_of(latency, room.ms))
    elif room.ms is not None:
        figures.append(verdicts.unknown(LATENCY, room.ms, "no device whose speed is known (--device)"))
    left_out = bool(design.graph.left_out)
    kept = costs if alone else None
    return Fit(design.heading, int(madds.value or 0), dtype, tuple(figures), left_out, latency, kept)


def madds_of(costs: Costs, convention: Convention, limit: int | None) -> Figure:
    """The multiply-adds of a design beside the most there may be."""
    count = int(convention.madds(t for layer in costs.layers for t in layer.work))
    found = verdicts.of_count(MADDS, count, limit)
    if found.within and costs.graph.left_out:
        what = ", ".join(costs.graph.left_out)
        return verdicts.unknown(MADDS, limit, f"without {what}, which was left out")._replace(value=count)
    return found


def _named(cell: Cell) -> str:
    """A design that was not built, with its settings."""
    alpha, size = cell.settings.alpha, cell.settings.resolution
    parts = [
        *([] if alpha is None else [f"alpha={alpha:g}"]),
        *([] if size is None else [f"resolution={spelled_size(size)}"]),
    ]
    return ",".join([cell.design, *parts]) if "=" in cell.design else ":".join([cell.design, ",".join(parts)])


def ram_of(design: Design, rules: Rules, limit: int | None, alone: bool = False) -> tuple[Figure, str | None]:
    """The arena of a design, or what its planner says instead, beside the RAM there is; and the type of maps.

    alone: also look for a smaller arena where this one does not fit.
    """
    placed = rules.planner.algorithm == "greedy"
    try:
        typed = program(design, rules.planner, rules.dtype_of(design))
    except SpecError as e:
        fault = e.faults[0]
        where = f" ({fault.place})" if fault.place else ""
        hint = "; --planner liveness says what is held at once" if placed else ""
        why = f"not planned: {fault.message}{where}{hint}"
        return verdicts.unknown(RAM, limit, why), rules.dtype_of(design)
    made = plan(typed.program, rules.planner)
    found = verdicts.of_bytes(RAM, made.arena_bytes, limit, rules.beside)
    if alone and placed and limit is not None and made.bound <= limit < made.arena_bytes:
        found = found._replace(why=found.why + _smaller(typed.program, limit, rules.planner))
    return found, typed.dtype


def _smaller(program: Program, limit: int, planner: Planner) -> str:
    """What a smaller arena would change, where the planner's is too large."""
    less = replan(program, planner.scratch)
    size = min(less.ordered, less.planned)
    return f"; an arena of {kib(size)} is possible (mnetcost memory --write-plan)" if size <= limit else ""


def flash_of(design: Design, costs: Costs, rules: Rules, limit: int | None) -> Figure:
    """The weights of a design as they are stored, or a TFLite file as a whole, beside the flash there is."""
    if design.source.startswith(TFLITE):
        return verdicts.of_bytes(FLASH, Path(design.file).stat().st_size, limit, verdicts.ANY_CODE)
    dtype = rules.dtype_of(design) or "int8"
    try:
        stored = flash(costs, WEIGHTS.get(dtype, dtype))
    except SpecError as e:
        return verdicts.unknown(FLASH, limit, e.faults[0].message)
    wide = stored.biases if dtype == "int16" else 0  # an int64 each, where maps are int16
    return verdicts.of_bytes(FLASH, int(stored.total + wide), limit, rules.stored)


WEIGHTS = {"int16": "int8"}
"""The type of the weights beside maps of a type, where it is another one."""


def latency_of(design: Design, costs: Costs, device: Device, dtype: str | None) -> Latency:
    """What is known of a design's time on a device."""
    if costs.graph.left_out:
        return Latency(None, f"{', '.join(costs.graph.left_out)} was left out", None)
    found, least = estimate(design, costs, device, dtype), bound(costs, device, dtype)
    if isinstance(found, Refused):
        return Latency(None, found.why, least)
    ms, mean, worst, rows, profile = found
    return Latency(Span(ms, mean / 100, worst / 100, rows, profile), "", least)


def _at_least(found: Bound) -> str:
    """A bound in words; the best rate that was published is none for another network or runtime."""
    if found.proven:
        return f"at least {in_ms(found.ms)} ms by {found.how}"
    return f"{in_ms(found.ms)} ms at the best rate published, {found.how}"


def time_of(latency: Latency, limit: float | None) -> Figure:
    """The time of a design beside its limit: by a bound where that passes it, else by the estimate."""
    least = _at_least(latency.bound) if latency.bound else ""
    if latency.bound and latency.bound.proven and limit is not None and latency.bound.ms > limit:
        margin = limit - latency.bound.ms
        ms = latency.span.ms if latency.span else None
        return Figure(LATENCY, ms, limit, "does not fit", margin, False, f"{LATENCY}: {least}")
    if latency.span is None:
        return verdicts.unknown(LATENCY, limit, "; ".join(t for t in (latency.refused, least) if t))
    return verdicts.of_time(LATENCY, latency.span, limit)
