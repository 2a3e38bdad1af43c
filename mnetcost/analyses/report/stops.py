"""What does a design cost at each stop of its sliders? Grids of the engine, split into products exactly."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import cached_property
from math import log2
from typing import Any

from ...designs.budgets.metrics import METRICS
from ...designs.budgets.values import Budget
from ...designs.build import build
from ...designs.conventions import load_convention
from ...designs.loading import load_spec
from ...designs.settings import Design, Settings, sized
from ...designs.shipped import spec_path
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost, cost, refuse_overflow
from ...engine.num import is_array
from ...engine.products import weigh_grid, weighed
from ...engine.terms import product
from ...errors import MnetcostError
from ...records import NamedTuple
from ..sliders import BlockParts, Bound, Figure, Parts, Sliders
from .grids import IN_PASSES, in_one_pass
from .groups import block_of, groups_of
from .scale import spread

ALPHAS = tuple(n / 20 for n in range(5, 31))
"""Every 0.05 from 0.25 to 1.5, beside the published alphas."""
STEP, FIRST, LAST = 32, 3, 10
"""Sizes of a square: every 32 pixels from 96 to 320, beside the published ones; of one beyond these, as many
smaller or larger steps.
"""
EIGHTHS = range(4, 13)
"""Sizes of what is no square: these eighths of its sides."""
MOST_STOPS = 40
"""Alphas, and sizes, that a slider has at most."""
WEIGHTS = {"weight_bytes.float32": 4, "weight_bytes.float16": 2, "weight_bytes.int8": 1}
"""Bytes of a parameter in each figure of weights."""
COUNTED = ("params", "madds")
KEYS = (*COUNTED, "weight_bytes.float32", "weight_bytes.int8", "flash_bytes.int8", "peak_bytes.int8")
"""The figures of every design's sliders, where it has them; budgets may ask for more."""

Sums = dict[int, Any]
"""What is to be multiplied with each column, by its number: an int64 array, one number an alpha."""


class Stops(NamedTuple):
    """The stops of two sliders, and the costs of every layer at all of them, as arrays."""

    alphas: tuple[float, ...]
    sizes: tuple[tuple[int, ...], ...]
    costs: Costs

    @property
    def shape(self) -> tuple[int, int]:
        """How many alphas and sizes there are."""
        return len(self.alphas), len(self.sizes)


def sliders(
    design: Design, convention: Convention, depth: int | None = None, budgets: Iterable[Budget] = ()
) -> Sliders | None:
    """The figures of a design at every alpha and size of its sliders; None where it is not a spec, or can be
    built at its own alpha and size only.

    depth: of blocks, as `report` has it. budgets: among them those of this design.
    """
    if design.spec is None or design.graph.left_out:
        return None
    stops = stops_of(design, design.spec)
    if stops is None:
        return None
    pool = Pool(stops.shape)
    blocks = []
    totals: tuple[Sums, Sums] = {}, {}
    for name, layers in groups_of(stops.costs, block_of(depth)).items():
        sums = _counted(pool, layers, convention)
        blocks.append(BlockParts(name, *map(pool.parts, sums)))
        for total, more in zip(totals, sums, strict=True):
            for column, values in more.items():
                total[column] = total.get(column, 0) + values
    assert all(
        (pool.grid(total) == grid).all()
        for total, grid in zip(totals, _grids(stops.costs.layers, convention, stops.shape), strict=True)
    ), "the products add up to what the engine counts at every stop"
    bounds = tuple(_bounds(design, design.spec, convention, budgets))
    figures = [*_figures(design, stops, pool, totals, [one.key for one in bounds])]
    known = {figure.key for figure in figures}
    return Sliders(
        stops.alphas,
        stops.sizes,
        (stops.alphas.index(design.alpha), stops.sizes.index(design.resolution)),
        tuple(pool.rows),
        tuple(pool.columns),
        tuple(figures),
        tuple(blocks),
        convention.unit,
        tuple(one for one in bounds if one.key in known),
    )


class Pool:
    """The rows and columns of some figures, each kept once."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.rows: dict[tuple[int, ...], int] = {}
        self.columns: dict[tuple[int, ...], int] = {(1,) * shape[1]: 0}

    def add(self, sums: Sums, grid: Any) -> None:
        """Add a figure to some sums: an int, or an array that broadcasts to (alphas, sizes)."""
        for values, column in split(grid, self.shape):
            n = self.columns.setdefault(column, len(self.columns))
            sums[n] = sums.get(n, 0) + values

    def parts(self, sums: Sums) -> Parts:
        """Sums as pairs of a row and a column."""
        rows = {column: tuple(values.tolist()) for column, values in sorted(sums.items()) if values.any()}
        return tuple((self.rows.setdefault(row, len(self.rows)), column) for column, row in rows.items())

    def grid(self, sums: Sums) -> Any:
        """What sums come to in every cell."""
        import numpy as np

        columns, total = list(self.columns), np.zeros(self.shape, np.int64)
        for column, values in sums.items():
            total += values[:, None] * np.array(columns[column], np.int64)
        return total


def split(grid: Any, shape: tuple[int, int]) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """Split a figure into products, exactly: pairs of an array, one number an alpha, and of a column, one
    number a size without a common divisor.

    A figure whose sizes keep their ratio at every alpha is one product. Any other is one for each size, with
    a column that is 1 there and 0 elsewhere.

    >>> import numpy as np
    >>> [(values.tolist(), column) for values, column in split(np.array([[2, 8], [3, 12]]), (2, 2))]
    [([2, 3], (1, 4))]
    >>> [(values.tolist(), column) for values, column in split(np.array([[2, 8], [3, 13]]), (2, 2))]
    [([2, 3], (1, 0)), ([8, 13], (0, 1))]
    """
    import numpy as np

    if not is_array(grid) or grid.shape[-1] == 1:
        if np.any(grid):
            column = np.broadcast_to(np.asarray(grid, np.int64), (shape[0], 1))[:, 0]
            yield column.copy(), (1,) * shape[1]
        return
    grid = np.broadcast_to(grid, shape)
    i, j = np.unravel_index(np.abs(grid).argmax(), shape)
    if not grid[i, j]:
        return
    column = grid[i] // np.gcd.reduce(grid[i])
    values = grid[:, j] // column[j]
    if (values[:, None] * column == grid).all():
        yield values, tuple(column.tolist())
        return
    for n in range(shape[1]):
        yield grid[:, n].copy(), tuple(int(m == n) for m in range(shape[1]))


def _terms(layers: Iterable[LayerCost], convention: Convention) -> tuple[Any, Any]:
    """The parameters and the work of some layers, each with what a convention weighs it."""
    layers = list(layers)
    return (
        ([t for layer in layers for t in layer.params], convention.params),
        ([t for layer in layers for t in layer.work], convention.work),
    )


def _counted(pool: Pool, layers: Iterable[LayerCost], convention: Convention) -> tuple[Sums, Sums]:
    """The params and the work of some layers as sums of products."""
    found: tuple[Sums, Sums] = {}, {}
    for sums, (terms, weights) in zip(found, _terms(layers, convention), strict=True):
        for factors, weight in weighed(terms, weights):
            pool.add(sums, product([weight, *(factor for _, factor in factors)]))
    return found


def _grids(layers: Iterable[LayerCost], convention: Convention, shape: tuple[int, int]) -> Iterator[Any]:
    """The params and the work of some layers in every cell, as `scale` finds them."""
    return (weigh_grid(terms, weights, shape) for terms, weights in _terms(layers, convention))


def _figures(
    design: Design, stops: Stops, pool: Pool, totals: tuple[Sums, Sums], asked: Iterable[str]
) -> Iterator[Figure]:
    """The figures of `KEYS` and those asked for, where the design has them and they are found in passes."""
    params, passes = pool.grid(totals[0]), Passes(design, stops)
    for key in dict.fromkeys((*KEYS, *asked)):
        sums: Sums = {}
        if key in COUNTED:
            sums = totals[COUNTED.index(key)]
        elif key in WEIGHTS:
            pool.add(sums, params * WEIGHTS[key])
        elif (grid := passes.figure(key)) is not None:
            pool.add(sums, grid)
        else:
            continue
        unit = METRICS[key].unit
        kind = "count" if unit != "bytes" else "bytes" if key in WEIGHTS else "memory"
        yield Figure(key, METRICS[key].title, kind, pool.parts(sums))


class Passes:
    """A design at all of its stops at once or, where its layers differ between alphas, at one alpha after
    another.
    """

    def __init__(self, design: Design, stops: Stops) -> None:
        self.design, self.stops = design, stops

    @cached_property
    def by_alpha(self) -> list[Costs]:
        """The costs at each alpha, at all sizes."""
        assert self.design.spec is not None, "a design with stops is a spec"
        each = (built(self.design, self.design.spec, (a,), self.stops.sizes) for a in self.stops.alphas)
        return [found.costs for found in each if found]

    def figure(self, key: str) -> Any:
        """A metric at every stop; None where it is not known, or is found one design at a time."""
        group, _, kind = key.partition(".")
        try:
            if group == "activation_elements":
                return self.stops.costs.activation_elements()[kind]
            if group == "flops":
                return list(_grids(self.stops.costs.layers, load_convention(key), self.stops.shape))[1]
            return self.in_passes(key) if group in IN_PASSES else None
        except MnetcostError:
            return None

    def in_passes(self, key: str) -> Any:
        """A metric that arrays can be found of."""
        import numpy as np

        whole = in_one_pass(key, self.stops.costs)
        if whole is not None:
            return whole
        rows = [in_one_pass(key, costs) for costs in self.by_alpha]
        shape = self.stops.shape
        if len(rows) < shape[0] or any(row is None for row in rows):
            return None
        return np.concatenate([np.broadcast_to(np.asarray(row, np.int64), (1, shape[1])) for row in rows])


def stops_of(design: Design, spec: Spec) -> Stops | None:
    """The alphas and sizes of a design's sliders, at all of which it can be built; None where that is its own
    only.
    """
    alpha, size = design.alpha, design.resolution
    alphas, sizes = _alphas(spec, alpha), _sizes(spec, size)
    found = built(design, spec, alphas, sizes)
    if found is None:
        alphas = tuple(a for a in alphas if a == alpha or built(design, spec, (a,), (size,)))
        sizes = tuple(s for s in sizes if s == size or built(design, spec, (alpha,), (s,)))
        found = built(design, spec, alphas, sizes)
    if found is None:
        sizes = tuple(s for s in sizes if s == size or built(design, spec, alphas, (s,)))
        found = built(design, spec, alphas, sizes) or built(design, spec, (alpha,), sizes)
    return found if found and found.shape != (1, 1) else None


def built(
    design: Design, spec: Spec, alphas: tuple[float, ...], sizes: tuple[tuple[int, ...], ...]
) -> Stops | None:
    """The costs at some alphas and sizes; None where the design cannot be built or counted at one of them."""
    import numpy as np

    sides = list(zip(*sizes, strict=True))
    most = design.settings._replace(alpha=max(alphas), resolution=tuple(map(max, sides)))
    axes = [np.array(side, np.int64)[None, :] for side in sides]
    if sides[-2] == sides[-1]:
        axes[-1] = axes[-2]
    *depth, height, width = axes
    try:
        corner = load_spec(spec, most)
        refuse_overflow(cost(corner.graph, corner.batch))
        column = np.array(alphas, np.float64)[:, None]
        graph = build(spec, column, height, width, corner.classes, corner.top, *depth)
        return Stops(alphas, sizes, cost(graph, corner.batch))
    except MnetcostError:
        return None


def _alphas(spec: Spec, own: float) -> tuple[float, ...]:
    """The published alphas, a regular series and the design's own."""
    return _thinned({*ALPHAS, *spec.alphas, own}, {own})


def _sizes(spec: Spec, own: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    """The published sizes, a regular series and the design's own."""
    *depth, height, width = own
    if height != width:
        series = {(*depth, -(-height * n // 8), -(-width * n // 8)) for n in EIGHTHS}
    else:
        inside = FIRST * STEP <= height <= LAST * STEP
        step = STEP if inside else max(1, 2 ** round(log2(height / 7)))
        series = {(*depth, n * step, n * step) for n in range(FIRST, LAST + 1)}
    published = {size for size in spec.sizes if size[:-2] == own[:-2]}
    return _thinned({*series, *published, own}, {own})


def _thinned(stops: set[Any], kept: set[Any]) -> tuple[Any, ...]:
    """Stops in order, at most as many as a slider has."""
    ordered = sorted(stops)
    chosen = {ordered[n] for n in spread(len(ordered), MOST_STOPS - len(kept))}
    return tuple(sorted(chosen | kept))


def _bounds(design: Design, spec: Spec, convention: Convention, budgets: Iterable[Budget]) -> Iterator[Bound]:
    """The absolute limits on whole figures of this design, counted as it is."""
    for budget in budgets:
        if budget.convention != convention.name or not _same(design, spec, budget):
            continue
        sides: dict[str, dict[str, list[int]]] = {}
        for rule in budget.rules:
            if not rule.scope and not rule.limit.relative:
                sides.setdefault(rule.metric, {}).setdefault(rule.limit.side, []).append(rule.limit.bound())
        for key, of in sides.items():
            most, least = of.get("max"), of.get("min")
            yield Bound(budget.label, key, min(most) if most else None, max(least) if least else None)


def _same(design: Design, spec: Spec, budget: Budget) -> bool:
    """Is a budget of this design, at its settings?"""
    file = spec_path(budget.file) or budget.file
    if os.path.realpath(file) != os.path.realpath(spec.file):
        return False
    asked: Settings = budget.settings
    try:
        size = sized(spec.resolution, asked)[0]
    except MnetcostError:
        return False
    given = (
        1.0 if asked.alpha is None else asked.alpha,
        size,
        spec.classes if asked.classes is None else asked.classes,
        asked.top is not False,
        asked.batch or 1,
        asked.channels,
        1.0 if asked.depth is None else asked.depth,
    )
    own = (
        design.alpha,
        design.resolution,
        design.classes,
        design.top,
        design.batch,
        design.channels,
        design.depth,
    )
    return given == own
