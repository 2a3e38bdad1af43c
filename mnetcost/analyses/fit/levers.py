"""Which single changes lower the memory of a design most? Each is made, and what it gives planned again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ...designs.loading import load_spec
from ...designs.programs import DEFAULT, TFLITE, program
from ...designs.readers import load_file
from ...designs.settings import Design, Settings, spelled_size
from ...designs.spec import Row, Spec
from ...engine.costs import Costs, cost
from ...engine.graph import Node, Ref
from ...engine.memory.patches import ends, madds, patched, programs
from ...engine.memory.planners import Plan, Planner, plan
from ...engine.memory.program import Program
from ...engine.memory.splitting import bottlenecks, split_program
from ...engine.memory.tflm import aligned
from ...errors import MnetcostError
from ...records import NamedTuple
from .plans import Planned

PARTS = (2, 3, 4, 5)  # more are not worth it: Sandler et al. 2018, section 5.1
GRIDS = ((2, 2), (4, 4))
MOST_ENDS = 12  # leading parts tried, each a layer longer
MOST_LAYERS = 1000  # of a network that is built anew for its changes: a fifth of a second
STEP, FINE_STEP = 32, 8  # pixels, where a design names no smaller size; of sides up to SMALL
SMALL = 64
FACTORS = (4, 3, 2)  # smaller expansions tried
LARGEST_FACTOR = 16  # an expansion above it is a number of channels


class Change(NamedTuple):
    """One change and the memory with it: the peak, and the arena, which is the peak where nothing is placed.

    change: its kind; what: exactly what is changed. saves: bytes of the arena. madds_change: multiply-adds of
    one image that the change adds, below 0 where it saves some.
    """

    change: str
    what: str
    peak_bytes: int
    arena_bytes: int
    saves: int
    madds_change: int


class Found(NamedTuple):
    """What is changed: a design, its plan, and where the peak is."""

    design: Design
    now: Planned

    @property
    def planner(self) -> Planner:
        """The planner, whose rules each change is planned by."""
        return self.now.plan.planner

    @property
    def in_pieces(self) -> bool:
        """Do the planner's rules make sense of networks that run in pieces?"""
        return self.planner.algorithm == "greedy" or (
            self.planner.algorithm == "liveness" and self.planner.fused
        )

    def peak_nodes(self) -> dict[Ref, Node]:
        """The layers at the peak by number: the one that runs, then those whose maps are held."""
        made = self.now.plan
        names = dict.fromkeys([made.steps[made.peak.step], *(b.name for b in made.peak.alive)])
        by_name = {node.name: (ref, node) for ref, node in enumerate(self.design.graph.nodes)}
        return dict(by_name[name] for name in names if name in by_name)

    def planned(self, other: Program, planner: Planner | None = None) -> Plan:
        """A program, planned by the same rules."""
        return plan(other, planner or self.planner)

    def change(self, change: str, what: str, made: Plan, madds_change: int = 0) -> Change:
        """A row of the answer."""
        saves = self.now.plan.arena_bytes - made.arena_bytes
        return Change(change, what, made.peak.bytes, made.arena_bytes, saves, madds_change)

    def rebuilt(self, change: str, what: str, build: Callable[[], Design]) -> Iterator[Change]:
        """The design built anew in another way; nothing where it cannot be."""
        try:
            other = build()
            made = self.planned(program(other, self.planner, self.now.dtype).program)
        except MnetcostError:
            return
        yield self.change(change, what, made, work(other) - work(self.design))


def work(design: Design) -> int:
    """The multiply-adds of one image."""
    return sum(map(madds, cost(design.graph).layers))


def changes(design: Design, now: Planned) -> list[Change]:
    """The changes that lower the memory of a design, the largest saving first.

    Each is one change alone, planned by the rules of the same planner. Of a TFLite file the widths and sizes
    are fixed; of other model files the widths. A network of more than `MOST_LAYERS` layers is not built anew.
    """
    found = Found(design, now)
    levers = (*OF_PLAN, *(BUILT if len(design.graph.nodes) <= MOST_LAYERS else ()))
    rows = [row for lever in levers for row in lever(found) if row.saves > 0]
    return sorted(rows, key=lambda row: -row.saves)


def _order(found: Found) -> Iterator[Change]:
    """The tensors in another order, or at places of an offline plan; the peak stays as it is."""
    smaller, made = found.now.smaller, found.now.plan
    if smaller is not None:
        ways = {
            "order": ("its tensors in another order", smaller.ordered),
            "offline plan": ("offsets of an offline plan (--write-plan)", smaller.planned),
        }
        for change, (what, size) in ways.items():
            yield found.change(change, what, made._replace(arena_bytes=size))


def _in_place(found: Found) -> Iterator[Change]:
    if not found.planner.in_place:
        made = found.planned(found.now.program, found.planner._replace(in_place=True))
        yield found.change("in place", "depthwise and element-wise layers in place", made)


def _dtype(found: Found) -> Iterator[Change]:
    design, planner, dtype = found.design, found.planner, found.now.dtype
    if dtype != DEFAULT and not design.source.startswith(TFLITE):
        made = found.planned(program(design, planner, DEFAULT).program)
        yield found.change("dtype", f"maps of {dtype} -> {DEFAULT}", made)


def _alpha(found: Found) -> Iterator[Change]:
    """The next two smaller published widths; three quarters where there is none."""
    design, spec = found.design, found.design.spec
    if spec is None:
        return
    published = sorted((a for a in spec.alphas if a < design.alpha), reverse=True)
    for alpha in published[:2] or [design.alpha * 0.75]:
        asked = design.settings._replace(alpha=alpha)
        what = f"alpha {design.alpha:g} -> {alpha:g}"
        yield from found.rebuilt("alpha", what, partial(load_spec, spec, asked))


def _resolution(found: Found) -> Iterator[Change]:
    """The next two smaller published sizes, or in steps of 32 pixels."""
    design, spec = found.design, found.design.spec
    if design.source.startswith(TFLITE):
        return
    for size in _sizes(design):
        asked = design.settings._replace(resolution=size)

        what = f"resolution {spelled_size(design.resolution)} -> {spelled_size(size)}"
        if spec is not None:
            yield from found.rebuilt("resolution", what, partial(load_spec, spec, asked))
        else:
            of_file = Settings(resolution=size, batch=design.batch)
            yield from found.rebuilt("resolution", what, partial(load_file, design.file, of_file))


def _sizes(design: Design) -> list[tuple[int, ...]]:
    """The next smaller sizes, the larger first."""
    own = design.resolution
    published = sorted((s for s in (design.spec.sizes if design.spec else ()) if s < own), reverse=True)
    published = [
        s for s in published if len(s) == len(own) and all(a <= b for a, b in zip(s, own, strict=True))
    ]
    step = STEP if min(own[-2:]) > SMALL else FINE_STEP
    steps = [(*own[:-2], *(side - n * step for side in own[-2:])) for n in (1, 2)]
    return published[:2] or [s for s in steps if min(s[-2:]) > 0]


def _expansion(found: Found) -> Iterator[Change]:
    """The row at the peak with a smaller expansion, or where it has none with fewer channels."""
    design, spec = found.design, found.design.spec
    if spec is None:
        return
    rows = {row.key: row for row in (*spec.layers, *spec.top)}
    nodes = found.peak_nodes().values()
    keys = dict.fromkeys(node.row for node in nodes if node.row in rows)
    field = next((f for f in ("expand", "exp", "out") for k in keys if f in rows[k].fields), "")
    row = next((rows[k] for k in keys if field in rows[k].fields), None)
    if row is None or not isinstance(value := row.fields[field], int):
        return
    change, asked = "channels" if field == "out" else "expansion", design.settings
    for less in _less(value, field == "expand" and value <= LARGEST_FACTOR):
        other = _with(spec, row, field, less)
        what = f"{field} {value} -> {less} in {_label(design, row)} ({row.key})"
        yield from found.rebuilt(change, what, partial(load_spec, other, asked))


def _label(design: Design, row: Row) -> str:
    """What the copies of a row are called together."""
    places = dict.fromkeys(node.place for node in design.graph.nodes if node.row == row.key)
    first, *more = places
    return first.rpartition("/")[0] or first if more else first


def _less(value: int, factor: bool) -> list[int]:
    """Two smaller factors; or three quarters and a half of some channels, in whole eights."""
    if factor:
        return [f for f in FACTORS if f < value][:2]
    channels = value * 3 // 4 // 8 * 8, value // 2 // 8 * 8
    return [n for n in dict.fromkeys(channels) if n]


def _with(spec: Spec, row: Row, field: str, value: int) -> Spec:
    """A spec whose row has another value."""
    new = row._replace(fields={**row.fields, field: value})
    layers, top = (tuple(new if r is row else r for r in rows) for rows in (spec.layers, spec.top))
    return spec._replace(layers=layers, top=top)


def _split(found: Found) -> Iterator[Change]:
    """The bottleneck at the peak as one operator, in the number of parts that lowers the peak most."""
    graph, refs = found.design.graph, found.peak_nodes() if found.in_pieces else {}
    blocks = [b for b in bottlenecks(graph)[0] if not refs.keys().isdisjoint(b.layers)]
    ways = []
    for block in blocks:
        for parts in PARTS:
            other = split_program(found.now.program, graph, [block], parts, not found.planner.in_place)
            if other is not None:
                ways.append((found.planned(other), parts, block.name))
    if ways:
        made, parts, name = min(ways, key=lambda way: (way[0].arena_bytes, way[1]))
        yield found.change("split", f"{name} as one operator, in {parts} parts", made)


def _patches(found: Found) -> Iterator[Change]:
    """The leading part in patches, up to where that lowers the peak most, in each grid."""
    design, at = found.design, max(found.peak_nodes(), default=-1)
    if design.batch != 1 or at < 0 or not found.in_pieces:
        return
    parts = [ref for ref in ends(design.graph) if ref >= at][:MOST_ENDS]
    costs = cost(design.graph) if parts else None
    lowest = found.now.plan.arena_bytes
    for grid in GRIDS:
        ways = [way for ref in parts if costs and (way := _way(found, costs, ref, grid))]
        best = min(ways, key=lambda way: (way.arena_bytes, way.madds_change), default=None)
        if best is not None and best.arena_bytes < lowest:
            lowest = best.arena_bytes
            yield best


def _way(found: Found, costs: Costs, ref: Ref, grid: tuple[int, int]) -> Change | None:
    """A leading part in patches: the map that they write into beside a patch, or what runs behind."""
    if any(parts > lines for parts, lines in zip(grid, costs.graph.nodes[ref].output[:2], strict=True)):
        return None
    cut = patched(costs, ref, grid)
    pair = programs(found.now.program, costs.graph, cut, ref)
    if pair is None:
        return None
    of_patch, behind = map(found.planned, pair)
    written = cut.output * found.now.program.tensors[0].bits // 8
    placed = aligned(written) if found.planner.algorithm == "greedy" else written
    made = behind._replace(
        arena_bytes=max(placed + of_patch.arena_bytes, behind.arena_bytes),
        peak=max(
            of_patch.peak._replace(bytes=written + of_patch.peak.bytes), behind.peak, key=lambda p: p.bytes
        ),
    )
    what = f"{grid[0]}x{grid[1]} patches up to {cut.over}"
    return found.change("patches", what, made, cut.repeated)


Lever = Callable[[Found], Iterator[Change]]
OF_PLAN: tuple[Lever, ...] = _order, _in_place, _split
"""Changes of what runs, which are tried for every network."""
BUILT: tuple[Lever, ...] = _dtype, _alpha, _resolution, _expansion, _patches
"""Changes for which the network is built or counted anew."""
