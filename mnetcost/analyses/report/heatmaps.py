"""How is a grid of alphas and resolutions drawn? A map of each figure, with lines at round budgets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..charts import Axis, Heatmap
from .grids import column_kind, label, spread

if TYPE_CHECKING:
    from .scale import Grid

MOST = 32, 40
"""Rows and columns that are drawn; of more, so many evenly."""
FEWEST, MOST_BUDGETS = 3, 5
ROUND = ((1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 1.7, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 9))
"""Round numbers but for powers of ten, from few to many."""
RATIOS = 8
"""From so many times the least on, equal steps of colour are equal ratios."""


def heatmaps(grid: Grid) -> Iterator[Heatmap]:
    """A map of the multiply-adds, one of each further metric, and one of the params where they depend on the
    resolution, too.
    """
    yield heatmap(grid, Axis(grid.convention.unit), grid.madds)
    for name, values in grid.figures.items():
        yield heatmap(grid, Axis(name, column_kind(name)), values)
    if not bool((grid.params == grid.params[:, :1]).all()):
        yield heatmap(grid, Axis("params"), grid.params)


def heatmap(grid: Grid, axis: Axis, values: Any) -> Heatmap:
    """A map of one figure of the grid; values: an array of (alphas, resolutions)."""
    shown = tuple(spread(count, most) for count, most in zip(values.shape, MOST, strict=True))
    cells = tuple(tuple(int(values[i, j]) for j in shown[1]) for i in shown[0])
    flat = sorted(value for row in cells for value in row)
    note = ""
    if flat and len(flat) < values.size:
        note = (
            f"{len(shown[0])} of {values.shape[0]:,} alphas and {len(shown[1])} of {values.shape[1]:,}"
            " resolutions, evenly"
        )
    found = budgets(flat)
    within = ", ".join(f"{budget:,}: {sum(v <= budget for v in flat)}" for budget in found)
    name = grid.spec.name
    about = (
        f"{axis.title} of {name} at {len(shown[0])} alphas and {len(shown[1])} resolutions: from"
        f" {flat[0]:,} to {flat[-1]:,}." + (f" Cells within a budget of {within}." if within else "")
    )
    return Heatmap(
        f"{name}: {axis.title} by alpha and resolution",
        about,
        axis._replace(log=flat[0] > 0 and flat[-1] >= RATIOS * flat[0]),
        "alpha",
        "resolution",
        tuple(f"{float(grid.alpha[i]):g}" for i in shown[0]),
        tuple(f"{label(grid.sizes[j])}" for j in shown[1]),
        cells,
        found,
        note,
    )


def budgets(values: Sequence[int]) -> tuple[int, ...]:
    """Round numbers that part some figures, at most `MOST_BUDGETS` and no two in the same way.

    values: ascending.

    >>> budgets([14_000_000, 70_000_000, 150_000_000, 569_000_000])
    (20000000, 100000000, 200000000)
    """
    found: list[int] = []
    for digits in ROUND:
        parted: dict[int, int] = {}
        for budget in _between(digits, values[0], values[-1]):
            parted.setdefault(sum(value <= budget for value in values), budget)
        found = list(parted.values())
        if len(found) >= FEWEST:
            break
    if len(found) <= MOST_BUDGETS:
        return tuple(found)
    return tuple(found[n * (len(found) - 1) // (MOST_BUDGETS - 1)] for n in range(MOST_BUDGETS))


def _between(digits: Sequence[float], least: int, most: int) -> Iterator[int]:
    """The round numbers from the least on that are below the most."""
    for power in range(len(str(max(least, 1))) - 1, len(str(max(most, 1)))):
        for digit in digits:
            budget = round(digit * 10**power)
            if least <= budget < most:
                yield budget
