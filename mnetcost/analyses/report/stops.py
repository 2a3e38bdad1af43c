"""What does a design cost at each stop of its sliders? Grids of the engine, split into products exactly."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from math import log2
from typing import Any

from ...designs.budgets.metrics import METRICS
from ...designs.budgets.values import Budget
from ...designs.conventions import load_convention
from ...designs.loading import find_spec
from ...designs.settings import Design, sized
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.num import is_array
from ...engine.products import weigh_grid, weighed
from ...engine.terms import product
from ...errors import MnetcostError
from ...records import NamedTuple
from ..sliders import BlockParts, Bound, Figure, Parts, Sliders
from .grids import Asked, CostsAt, spread
from .groups import block_of, groups_of
from .scale import costs_over

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
    """The stops of two sliders, the costs of every layer at all of them, as arrays, and what finds the costs
    at some.
    """

    alphas: tuple[float, ...]
    sizes: tuple[tuple[int, ...], ...]
    costs: Costs
    costs_at: CostsAt

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
    stops = stops_of(design, design.spec, convention)
    if stops is None:
        return None
    pool, blocks = Pool(stops.shape), []
    totals: tuple[Sums, Sums] = {}, {}
    for name, layers in groups_of(stops.costs, block_of(depth)).items():
        sums = _counted(pool, layers, convention)
        blocks.append(BlockParts(name, *map(pool.parts, sums)))
        for total, more in zip(totals, sums, strict=True):
            for column, values in more.items():
                total[column] = total.get(column, 0) + values
    for total, grid in zip(totals, _grids(stops.costs.layers, convention, stops.shape), strict=True):
        assert (pool.grid(total) == grid).all(), "products add up to what the engine counts at every stop"
    bounds = tuple(_bounds(design, design.spec, convention, budgets))
    asked = Asked(design.spec, design.settings, convention, stops.alphas, stops.sizes)
    figures = list(_figures(stops, pool, totals, asked, [one.key for one in bounds]))
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
    column = grid[i] // (np.gcd.reduce(grid[i]) * np.sign(grid[i, j]))
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
    stops: Stops, pool: Pool, totals: tuple[Sums, Sums], asked: Asked, more: Iterable[str]
) -> Iterator[Figure]:
    """The figures of `KEYS` and more, where the design has them and they need not be found cell by cell."""
    costs_at = _once(stops.costs_at)
    for key in dict.fromkeys((*KEYS, *more)):
        sums: Sums = {}
        if key in COUNTED:
            sums = totals[COUNTED.index(key)]
        elif key in WEIGHTS:
            sums = {column: WEIGHTS[key] * values for column, values in totals[0].items()}
        elif (grid := _figure(key, stops, asked, costs_at)) is not None:
            pool.add(sums, grid)
        else:
            continue
        unit = METRICS[key].unit
        kind = "count" if unit != "bytes" else "bytes" if key in WEIGHTS else "memory"
        yield Figure(key, METRICS[key].title, kind, pool.parts(sums))


def _figure(key: str, stops: Stops, asked: Asked, costs_at: CostsAt) -> Any:
    """Another metric at every stop; None where it is not known, or is found one design at a time only."""
    group, _, kind = key.partition(".")
    try:
        if group == "activation_elements":
            return stops.costs.activation_elements()[kind]
        if group == "flops":
            return list(_grids(stops.costs.layers, load_convention(key), stops.shape))[1]
        return asked.in_passes(key, costs_at)
    except MnetcostError:
        return None


def _once(costs_at: CostsAt) -> CostsAt:
    """The same, each alpha and each size costed once: several metrics take the same passes."""
    found: dict[Any, Costs] = {}

    def costs(alpha: Any, size: int | None = None) -> Costs:
        key = size, None if is_array(alpha) else alpha
        if key not in found:
            found[key] = costs_at(alpha, size)
        return found[key]

    return costs


def stops_of(design: Design, spec: Spec, convention: Convention) -> Stops | None:
    """The alphas and sizes of a design's sliders, at all of which it can be built; None where that is its own
    only. A slider that changes neither params nor work has no other stop.
    """
    alpha, size = design.alpha, design.resolution
    alphas, sizes = _alphas(spec, alpha), _sizes(spec, size)
    found = _built(design, spec, alphas, sizes)
    if found is None:
        alphas = tuple(a for a in alphas if a == alpha or _built(design, spec, (a,), (size,)))
        sizes = tuple(s for s in sizes if s == size or _built(design, spec, (alpha,), (s,)))
        found = _built(design, spec, alphas, sizes)
    if found is None:
        sizes = tuple(s for s in sizes if s == size or _built(design, spec, alphas, (s,)))
        found = _built(design, spec, alphas, sizes) or _built(design, spec, (alpha,), sizes)
    if found is None:
        return None
    grids = list(_grids(found.costs.layers, convention, found.shape))
    alphas = found.alphas if any((grid != grid[:1]).any() for grid in grids) else (alpha,)
    sizes = found.sizes if any((grid != grid[:, :1]).any() for grid in grids) else (size,)
    if len(alphas) == len(sizes) == 1:
        return None
    return found if found.shape == (len(alphas), len(sizes)) else _built(design, spec, alphas, sizes)


def _built(
    design: Design, spec: Spec, alphas: tuple[float, ...], sizes: tuple[tuple[int, ...], ...]
) -> Stops | None:
    """The costs at some alphas and sizes; None where the design cannot be built or counted at one of them."""
    import numpy as np

    try:
        costs_at, _ = costs_over(spec, alphas, sizes, design.settings)
        return Stops(alphas, sizes, costs_at(np.array(alphas)[:, None]), costs_at)
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
    try:
        named = find_spec(budget.file)
    except MnetcostError:
        return False
    # a shipped spec is at specs/NAME.toml, from wherever it is asked for
    if os.path.realpath(named.file) != os.path.realpath(spec.file):
        return False
    asked, printed = budget.settings, spec.channels if design.channels is None else None
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
        asked.channels or printed,
        1.0 if asked.depth is None else asked.depth,
    )
    own = (
        design.alpha,
        design.resolution,
        design.classes,
        design.top,
        design.batch,
        spec.channels,
        design.depth,
    )
    return given == own
