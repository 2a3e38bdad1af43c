"""What does a design hold where its bottlenecks run in parts, or its leading part in patches?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...designs.planners import PIECES, load_planner
from ...designs.programs import BITS
from ...designs.settings import Design
from ...engine.costs import Costs, cost
from ...engine.graph import Graph, Ref
from ...engine.memory.buffers import Buffer, Peak, peak
from ...engine.memory.graphs import program_of
from ...engine.memory.patches import Patched, ends, patched, programs
from ...engine.memory.planners import Planner, lives
from ...engine.memory.program import Program
from ...engine.memory.splitting import Bottleneck, bottlenecks, split_program
from ...errors import CallError, nearest
from ...records import NamedTuple
from ..documents import Column, Document, Table, about, design_data, json_data, partial_notes
from .ceiling import Ceiling
from .memory import SCHEMA
from .named import kib, planner_data, planner_note

if TYPE_CHECKING:
    from ..charts import Bars

MOST_SHOWN = 10


def in_pieces(
    design: Design,
    planner: str | None,
    parts: int | None,
    grid: tuple[int, int] | None,
    over: str | None,
    clip: bool,
    dtype: str | None,
    ceiling: Ceiling | None,
) -> Document | None:
    """The answer of `split`, or of `patches`, as asked; None where a design is to run whole."""
    if parts is None and grid is None:
        return None
    rules, dtype = load_planner(planner or PIECES), dtype or "int8"
    if parts is not None:
        return split(design, rules, parts, dtype, ceiling)
    assert grid is not None
    return patches(design, rules, grid, over, clip, dtype, ceiling)


def split(
    design: Design, planner: Planner, parts: int, dtype: str = "int8", ceiling: Ceiling | None = None
) -> Document:
    """Every bottleneck with what it holds layer by layer and in `parts` parts; the peak of the design.

    Both inner maps are held in parts, or one where the planner works in place. ceiling: the bytes that there
    are. Raises CallError for a design without bottlenecks.
    """
    _liveness(planner, "--split")
    graph, bits = design.graph, BITS[dtype]
    blocks, gated = bottlenecks(graph)
    if not blocks:
        why = "behind each depthwise layer a gate needs every channel" if gated else "there are none"
        raise CallError(f"{design.name} has no bottleneck that can be computed in parts: {why}")
    by_layers = program_of(graph, bits, design.batch)
    whole = peak(lives(by_layers, planner.in_place))
    program = split_program(by_layers, graph, blocks, parts, not planner.in_place)
    assert program is not None
    steps = ("input", *(o.name for o in program.operations))
    held = lives(program, planner.in_place)
    top = peak(held)
    size = bits * design.batch // 8
    rows = [_block_row(block, parts, size) for block in blocks]
    columns = (
        Column("block", "block"),
        Column("inner", "inner channels", "integer"),
        Column("input", "input", "bytes", rank=2),
        Column("output", "output", "bytes", rank=2),
        Column("by_layers", "layer by layer", "bytes"),
        Column("one_inner", f"in {parts}, one inner map", "bytes"),
        Column("two_inner", f"in {parts}, both", "bytes"),
    )
    table = Table("bottlenecks", columns, rows)
    data = json_data(
        SCHEMA,
        "complete",
        design=design_data(design),
        planner=planner_data(planner),
        dtype=dtype,
        peak_bytes=top.bytes,
        arena_bytes=top.bytes,
        peak=peak_data(steps[top.step], top),
        buffers=[b._asdict() for b in held],
        whole_peak_bytes=whole.bytes,
        **({"limit": ceiling.data(top.bytes)} if ceiling else {}),
        split={"parts": parts, "blocks": table.records(), "not_split": gated},
    )

    def charts() -> tuple[Bars, ...]:
        from .inpieces import blocks_in_parts

        return (blocks_in_parts(design.heading, table, parts, whole.bytes, top.bytes, not planner.in_place),)

    notes = (
        "input + output + a share of the inner map, or of both inner maps unless the depthwise layer works in"
        " place. Multiply-adds do not change; the paper finds 2 to 5 parts worth it",
        *(
            [f"not split, because a gate needs the mean of every channel: {', '.join(gated)}"]
            if gated
            else []
        ),
        planner_note(planner),
    )
    return Document(
        design.heading,
        (table,),
        (*notes, *partial_notes(graph)),
        data,
        (
            about(design.title, design.source),
            f"peak: {top.bytes:,} bytes ({kib(top.bytes)}) at {steps[top.step]!r}, {dtype}, in {parts} parts",
            f"whole: {whole.bytes:,} bytes ({kib(whole.bytes)})",
            *([ceiling.note(top.bytes)] if ceiling else []),
        ),
        flat=table,
        charts=charts,
    )


def _block_row(block: Bottleneck, parts: int, size: int) -> tuple[Any, ...]:
    numbers = block.input, block.output, block.by_layers, block.held(parts), block.held(parts, True)
    return (block.name, block.inner, *(size * n for n in numbers))


def peak_data(layer: str, top: Peak) -> dict[str, Any]:
    """The `peak` object of the JSON."""
    return {"layer": layer, "alive": [{"name": b.name, "bytes": b.bytes} for b in top.alive]}


class Side(NamedTuple):
    """What runs for the largest patch, or behind all patches: its buffers, and its steps by name."""

    buffers: list[Buffer]
    steps: tuple[str, ...]

    @property
    def top(self) -> Peak:
        """The peak of it."""
        return peak(self.buffers)


class Way(NamedTuple):
    """A leading part run in patches: a patch beside the map that it writes into, and what runs behind;
    shortcuts are held.
    """

    ref: Ref
    found: Patched
    stage: Side
    behind: Side

    @property
    def peak(self) -> int:
        """Bytes at the peak."""
        return self.larger.top.bytes

    @property
    def larger(self) -> Side:
        """The side that holds more."""
        return max(self.stage, self.behind, key=lambda side: side.top.bytes)


def patches(
    design: Design,
    planner: Planner,
    grid: tuple[int, int],
    over: str | None = None,
    clip: bool = True,
    dtype: str = "int8",
    ceiling: Ceiling | None = None,
) -> Document:
    """The leading part of a design up to a layer or block, run in a grid of patches: the peak, and the work
    that is done twice; without `over` the leading part of the lowest peak, and those next to it. ceiling: the
    bytes that there are.

    Raises CallError for a layer that no leading part ends at, with the nearest name.
    """
    _liveness(planner, "--patches")
    graph, costs = design.graph, cost(design.graph)
    refs = ends(graph)
    chosen = [ref for ref in refs if _fits(graph, ref, grid)] if over is None else [_named(graph, over)]
    if not chosen:
        why = "no map has so many lines" if refs else "each layer sees the whole image"
        raise CallError(f"no part of {design.name} can run in {grid[0]}x{grid[1]} patches: {why}")
    by_layers = program_of(graph, BITS[dtype])
    ways = [_way(costs, by_layers, ref, grid, clip, planner.in_place) for ref in chosen]
    ways.sort(key=lambda way: (way.peak, way.found.repeated))
    best, size = ways[0], BITS[dtype] // 8
    whole = peak(lives(by_layers, planner.in_place))
    table = Table("leading parts", COLUMNS, [_way_row(way) for way in ways[:MOST_SHOWN]])
    found = best.found
    data = json_data(
        SCHEMA,
        "complete",
        design=design_data(design),
        planner=planner_data(planner),
        dtype=dtype,
        peak_bytes=best.peak,
        arena_bytes=best.peak,
        peak=peak_data(best.larger.steps[best.larger.top.step], best.larger.top),
        buffers=[b._asdict() for b in best.larger.buffers],
        whole_peak_bytes=whole.bytes,
        **({"limit": ceiling.data(best.peak)} if ceiling else {}),
        patches=[_way_data(way, size) for way in ways],
    )

    def charts() -> tuple[Bars, ...]:
        from .inpieces import parts_in_patches

        rows = [(way.found.over, way.peak, way.found.repeated) for way in ways[:MOST_SHOWN]]
        return (parts_in_patches(design.heading, rows, grid, whole.bytes),)

    more = len(ways) - MOST_SHOWN
    return Document(
        design.heading,
        (table,),
        (
            "a patch: the largest, beside the map that patches write into; behind: the layers after it. The"
            " image is read piece by piece, and is not held",
            "repeated: multiply-adds that overlapping patches do again, of that part and of the network"
            + ("" if clip else "; lines outside of a map are computed too"),
            *([f"{more} more leading parts have a higher peak"] if more > 0 else []),
            planner_note(planner),
            *partial_notes(graph),
        ),
        data,
        (
            about(design.title, design.source),
            f"peak: {best.peak:,} bytes ({kib(best.peak)}) in {grid[0]}x{grid[1]} patches"
            f" up to {found.over!r}, {dtype}",
            f"layer by layer: {whole.bytes:,} bytes ({kib(whole.bytes)})",
            *([ceiling.note(best.peak)] if ceiling else []),
        ),
        flat=table,
        charts=charts,
    )


COLUMNS = (
    Column("over", "up to"),
    Column("layers", "layers", "integer", rank=2),
    Column("input_patch", "a patch reads", "size"),
    Column("peak_bytes", "peak", "bytes"),
    Column("stage_bytes", "a patch and the map", "bytes", rank=1),
    Column("rest_bytes", "behind", "bytes", rank=1),
    Column("stage_overhead", "repeated", "share"),
    Column("overall_overhead", "of all", "share"),
)


def _liveness(planner: Planner, option: str) -> None:
    if planner.algorithm != "liveness" or not planner.fused:
        raise CallError(
            f"the planner '{planner.name}' runs no network in pieces",
            hint=f"{option} with --planner liveness or in-place",
        )


def _named(graph: Graph, over: str) -> Ref:
    """The last layer of a name, or of a block."""
    found = [
        ref
        for ref, n in enumerate(graph.nodes)
        if n.name == over or n.name.startswith(f"{over}/") or n.place == over
    ]
    if not found:
        known = dict.fromkeys(graph.nodes[ref].place for ref in ends(graph))
        like = nearest(over, known)
        hint = f"did you mean '{like}'?" if like else "such as " + ", ".join(f"'{n}'" for n in [*known][:5])
        raise CallError(f"there is no layer or block '{over[:60]}'", hint=hint)
    return found[-1]


def _fits(graph: Graph, ref: Ref, grid: tuple[int, int]) -> bool:
    return all(parts <= lines for parts, lines in zip(grid, graph.nodes[ref].output[:2], strict=True))


def _way(
    costs: Costs, by_layers: Program, ref: Ref, grid: tuple[int, int], clip: bool, in_place: bool
) -> Way:
    found = patched(costs, ref, grid, clip)
    pair = programs(by_layers, costs.graph, found, ref)
    assert pair is not None
    of_patch, behind = (Side(lives(p, in_place), ("input", *(o.name for o in p.operations))) for p in pair)
    size = found.output * by_layers.tensors[0].bits // 8
    written = Buffer(f"{found.over} (all patches)", size, 0, len(of_patch.steps) - 1)
    return Way(ref, found, of_patch._replace(buffers=[written, *of_patch.buffers]), behind)


def _way_row(way: Way) -> tuple[Any, ...]:
    f = way.found
    shares = f.repeated / (f.madds or 1), f.repeated / (f.total or 1)
    return f.over, f.layers, f.input_patch, way.peak, way.stage.top.bytes, way.behind.top.bytes, *shares


def _way_data(way: Way, size: int) -> dict[str, Any]:
    """A leading part in the JSON; shares in per cent, as the paper prints them."""
    f = way.found
    return {
        "over": f.over,
        "layers": f.layers,
        "grid": list(f.grid),
        "clipped_at_the_border": f.clipped,
        "input_patch": list(f.input_patch),
        "stage_madds": f.madds,
        "stage_madds_done": f.done,
        "stage_overhead_percent": 100 * f.repeated / (f.madds or 1),
        "overall_overhead_percent": 100 * f.repeated / (f.total or 1),
        "peak_bytes": way.peak,
        "stage_bytes": {
            "output_buffer": size * f.output,
            "patch_in_place_depthwise": size * f.patch.in_place,
            "patch_two_tensors": size * f.patch.held,
        },
        "rest_peak_bytes": size * f.rest.held,
        "rest_peak_bytes_in_place_depthwise": size * f.rest.in_place,
    }
