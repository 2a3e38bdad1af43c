"""How do params and work follow alpha and the resolution?

A whole grid in one walk, in exact 64-bit integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...designs import Settings, adjusted, load_spec
from ...designs.build import build
from ...designs.settings import sized
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost, cost, refuse_overflow
from ...engine.products import weigh_grid
from ...errors import CallError
from ...records import NamedTuple
from ...shown import line, many, shown
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from .gridrows import BlockCells, Cells
from .grids import Asked, CostsAt, Tick, column_kind, label, spread
from .groups import block_of, groups_of
from .metrics import about as meaning

if TYPE_CHECKING:
    from ..charts import Heatmap

SCHEMA = "mnetcost.scale/1"
MOST_CELLS = 4_000_000
MOST_SHOWN = (24, 8)  # alphas and resolutions that a text shows; the other formats hold all


class Grid(NamedTuple):
    """Params and work of one design at every alpha and resolution.

    params, madds: int64 arrays of shape (alphas, resolutions); alpha: float64; resolution: int64 of shape
    (resolutions,), or (resolutions, 2) as height and width where one is not square, or (resolutions, 3) as
    depth, height and width of volumes.
    figures: further metrics of budgets, each by its name an array as madds.
    by: "block" for a grid of every block, at a depth; blocks: their names; block_params, block_madds: int64
    arrays of shape (blocks, alphas, resolutions).
    """

    spec: Spec
    settings: Settings
    convention: Convention
    sizes: tuple[tuple[int, ...], ...]
    alpha: Any
    resolution: Any
    params: Any
    madds: Any
    figures: Mapping[str, Any] = {}
    by: str | None = None
    depth: int | None = None
    blocks: tuple[str, ...] = ()
    block_params: Any = None
    block_madds: Any = None

    def __repr__(self) -> str:
        sides = many(len(self.alpha), "alpha"), many(len(self.sizes), "resolution")
        blocks = (many(len(self.blocks), "block"),) if self.by else ()
        return line("Grid", self.spec.name, *sides, *blocks)

    def __str__(self) -> str:
        return shown(self, "text") or repr(self)

    def _repr_html_(self) -> str | None:
        return shown(self, "html")


def scale(
    spec: Spec,
    alphas: Sequence[float],
    sizes: Sequence[tuple[int, ...]],
    convention: Convention,
    settings: Settings,
    by: str | None = None,
    depth: int | None = None,
    metrics: Sequence[str] = (),
    tick: Tick = None,
) -> Grid:
    """Cost a design at every combination of alpha and input size.

    alphas: width multipliers. sizes: (height, width) in pixels, of volumes (depth, height, width). settings:
    classes, channels, top and batch.
    by: "block" for every block by itself, too, at a depth (see `Node.block`) or, for None, as the spec builds
    them. metrics: further metrics of budgets; tick: told how many cells are done, where they are costed one
    by one.
    Raises CallError for more than `MOST_CELLS` cells, counts past 2**62 or a size of the other number of
    sides, SpecError if a map has no elements left at some size.
    """
    if len(alphas) * len(sizes) > MOST_CELLS:
        raise CallError(f"{len(alphas):,} by {len(sizes):,} is more than {MOST_CELLS:,} cells; ask in pieces")
    costs_at, resolution = costs_over(spec, alphas, sizes, settings)
    import numpy as np

    alpha, shape = np.array(alphas, np.float64), (len(alphas), len(sizes))
    costs = costs_at(alpha[:, None])

    def weigh(layers: Iterable[LayerCost]) -> tuple[Any, Any]:
        """The params and the work of some layers."""
        layers = list(layers)
        return (
            weigh_grid((t for x in layers for t in x.params), convention.params, shape),
            weigh_grid((t for x in layers for t in x.work), convention.work, shape),
        )

    groups = groups_of(costs, block_of(depth)) if by else {}
    if len(alphas) * len(sizes) * len(groups) > MOST_CELLS:
        raise CallError(f"this grid has more than {MOST_CELLS:,} cells, by block; ask in pieces")
    grid = Grid(spec, settings, convention, tuple(sizes), alpha, resolution, *weigh(costs.layers))
    if metrics:
        asked = Asked(spec, settings, convention, alphas, sizes)
        grid = grid._replace(figures=asked.figures(costs_at, metrics, tick))
    if not by:
        return grid
    params, madds = zip(*(weigh(layers) for layers in groups.values()), strict=True)
    return grid._replace(
        by=by,
        depth=depth,
        blocks=tuple(groups),
        block_params=np.stack(params),
        block_madds=np.stack(madds),
    )


def costs_over(
    spec: Spec, alphas: Sequence[float], sizes: Sequence[tuple[int, ...]], settings: Settings
) -> tuple[CostsAt, Any]:
    """What costs a design over alphas and sizes, and the sizes as `Grid.resolution` has them.

    It is called with one of the alphas, or a column of them, and gives the costs at all sizes, or at the one
    of a number. Raises as `scale` does.
    """
    for size in {len(size): size for size in sizes}.values():
        sized(spec.resolution, Settings(resolution=size), spec.name)
    sides = list(zip(*sizes, strict=True))
    largest = tuple(max(side) for side in sides)
    corner = load_spec(spec, settings._replace(alpha=max(alphas), rho=None, resolution=largest))
    refuse_overflow(cost(corner.graph, corner.batch))
    import numpy as np

    axes = [np.array(side, np.int64)[None, :] for side in sides]
    square, within = sides[-2] == sides[-1], adjusted(spec, settings)

    def costs_at(alpha: Any, size: int | None = None) -> Costs:
        *depth, h, w = axes if size is None else sizes[size]
        graph = build(within, alpha, h, h if square else w, corner.classes, corner.top, *depth)
        return cost(graph, corner.batch)

    return costs_at, axes[0][0] if square and len(axes) == 2 else np.concatenate(axes).T


def _table(
    grid: Grid, title: str, values: Any, shown: tuple[list[int], list[int]], kind: str = "count"
) -> Table:
    rows, columns = shown
    heads = [
        Column("alpha", "alpha", "number"),
        *(Column(f"{label(grid.sizes[j])}", f"{label(grid.sizes[j])}", kind) for j in columns),
    ]
    return Table(
        title,
        tuple(heads),
        tuple((float(grid.alpha[i]), *(int(values[i, j]) for j in columns)) for i in rows),
    )


def _params_table(grid: Grid, shown: tuple[list[int], list[int]]) -> Table:
    """Params by alpha, and by resolution only where that changes them."""
    if not bool((grid.params == grid.params[:, :1]).all()):
        return _table(grid, "params by alpha and resolution", grid.params, shown)
    heads = (Column("alpha", "alpha", "number"), Column("params", "params", "count"))
    return Table("params", heads, tuple((float(grid.alpha[i]), int(grid.params[i, 0])) for i in shown[0]))


def _block_table(grid: Grid, title: str, values: Any, shown: tuple[list[int], list[int]]) -> Table:
    """A figure of every block that has any, by alpha and resolution; where the resolution changes it nowhere,
    by alpha only.
    """
    rows, columns = shown
    heads = [Column(f"{label(grid.sizes[j])}", f"{label(grid.sizes[j])}", "count") for j in columns]
    if bool((values == values[:, :, :1]).all()):
        heads, columns = [Column(title, title, "count")], [0]
    return Table(
        f"{title} by block",
        (Column("block", "block"), Column("alpha", "alpha", "number"), *heads),
        tuple(
            (name, float(grid.alpha[i]), *(int(figures[i, j]) for j in columns))
            for name, figures in zip(grid.blocks, values, strict=True)
            if figures.any()
            for i in rows
        ),
    )


def _flat(grid: Grid) -> Table:
    """The whole grid as one table, a row a cell, or a row a cell of each block."""
    kind = "integer" if grid.resolution.ndim == 1 else "text"
    columns = (
        Column("alpha", "alpha", "number"),
        Column("resolution", "resolution", kind),
        Column("params", "params", "count"),
        Column("madds", grid.convention.unit, "count"),
    )
    labels = [label(size) for size in grid.sizes]
    if grid.by:
        parts = zip(grid.blocks, grid.block_params, grid.block_madds, strict=True)
        cells = BlockCells([(name, Cells(grid.alpha, labels, *values)) for name, *values in parts])
        return Table("scale", (Column("block", "block"), *columns), cells)
    more = (Column(name, name, column_kind(name)) for name in grid.figures)
    values = grid.params, grid.madds, *grid.figures.values()
    return Table("scale", (*columns, *more), Cells(grid.alpha, labels, *values))


def _design_data(grid: Grid) -> dict[str, Any]:
    """The `design` object of the JSON document: as in other documents, without what the grid varies."""
    spec, settings = grid.spec, grid.settings
    return {
        "name": spec.name,
        "source": spec.source,
        "resolution": list(spec.resolution),
        "channels": adjusted(spec, settings).channels,
        "depth": 1.0 if settings.depth is None else settings.depth,
        "classes": spec.classes if settings.classes is None else settings.classes,
        "batch": settings.batch or 1,
        "top": settings.top is not False,
    }


def _heading(spec: Spec, design: Mapping[str, Any]) -> str:
    """The design with the settings that differ from its spec: `v1:classes=10,batch=2`."""
    different = {
        "classes": design["classes"] != spec.classes and design["top"],
        "top": not design["top"],
        "channels": design["channels"] != spec.channels,
        "depth": design["depth"] != 1,
        "batch": design["batch"] != 1,
    }
    values = {**design, "top": "no"}
    settings = ",".join(f"{key}={values[key]}" for key, differs in different.items() if differs)
    return f"{spec.name}:{settings}" if settings else spec.name


def answer(grid: Grid) -> Document:
    """The grid as a document: params and work by alpha and resolution.

    Params are a column beside alpha if they do not depend on the resolution. By block, the same of each block
    follows; blocks without any are in the other formats only.
    """
    spec, n, m = grid.spec, len(grid.alpha), len(grid.sizes)
    shown = spread(n, MOST_SHOWN[0]), spread(m, MOST_SHOWN[1])
    design = _design_data(grid)
    arrays = {"alpha": grid.alpha, "resolution": grid.resolution, "params": grid.params, "madds": grid.madds}
    arrays |= grid.figures
    blocks: dict[str, Any] = {}
    if grid.by:
        blocks = {"by": grid.by, **({} if grid.depth is None else {"depth": grid.depth})}
        arrays |= {"block_params": grid.block_params, "block_madds": grid.block_madds}
        blocks["blocks"] = list(grid.blocks)
    given = convention_data(grid.convention)
    data = json_data(SCHEMA, "complete", design=design, convention=given, **blocks, **arrays)
    notes = [*filter(None, map(meaning, grid.figures)), convention_note(grid.convention)]
    if len(shown[0]) < n or len(shown[1]) < m:
        notes.insert(
            0,
            f"{len(shown[0])} of {n:,} alphas and {len(shown[1])} of {m:,} resolutions; csv, json and npz"
            " hold all",
        )
    title = f"{_heading(spec, design)} at {n:,} alpha{'s' * (n > 1)} and {m:,} resolution{'s' * (m > 1)}"
    madds = _table(grid, f"{grid.convention.unit} by alpha and resolution", grid.madds, shown)
    tables: tuple[Table, ...] = (
        _params_table(grid, shown),
        madds,
        *(
            _table(grid, f"{name} by alpha and resolution", values, shown, column_kind(name))
            for name, values in grid.figures.items()
        ),
    )
    if grid.by:
        import numpy as np

        arrays["blocks"] = np.array(grid.blocks)
        params = _block_table(grid, "params", grid.block_params, shown)
        tables = (*tables, params, _block_table(grid, grid.convention.unit, grid.block_madds, shown))

    def charts() -> tuple[Heatmap, ...]:
        from .heatmaps import heatmaps

        return tuple(heatmaps(grid))

    lead = (about(spec.title, spec.source),)
    return Document(title, tables, tuple(notes), data, lead, _flat(grid), arrays, charts=charts)
