"""Which pictures explain why the networks are built as they are? Drawn from formulas of the papers.

`python -m tests.refresh` draws them anew, and writes their figures into docs/charts.md.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from mnetcost.analyses.charts import Axis, Chart, Lines, Panel, Panels, Series
from mnetcost.output.charts import picture

from .pictures import FOLDER

SEED = 3
"""Its maps lose about as much as maps do in the mean."""
DIMENSIONS = (2, 3, 5, 15, 30)
"""Of the spaces that a plane is embedded in, as in figure 1 of the V2 paper."""
TRIALS = 100_000
Matrix = tuple[tuple[float, float], ...]
"""Rows of two numbers: a map from a plane into as many dimensions as there are rows."""


def sigmoid(x: float) -> float:
    """1 / (1 + e^-x)."""
    return 1 / (1 + math.exp(-x))


def relu6(x: float) -> float:
    """min(max(x, 0), 6)."""
    return min(max(x, 0.0), 6.0)


def hard_sigmoid(x: float) -> float:
    """ReLU6(x + 3) / 6, the gate of squeeze-and-excite in V3."""
    return relu6(x + 3) / 6


def swish(x: float) -> float:
    """x sigmoid(x)."""
    return x * sigmoid(x)


def h_swish(x: float) -> float:
    """x ReLU6(x + 3) / 6. Source: Howard et al. 2019, arXiv 1905.02244, section 5.2."""
    return x * hard_sigmoid(x)


def greatest_gap(one: Callable[[float], float], other: Callable[[float], float]) -> tuple[float, float]:
    """Where between -8 and 8 two functions differ most, to a hundredth, and by how much."""
    x = max((n / 100 for n in range(-800, 801)), key=lambda x: abs(one(x) - other(x)))
    return x, abs(one(x) - other(x))


def functions(title: str, about: str, named: dict[str, Callable[[float], float]], low: bool = False) -> Lines:
    """Functions of one number from -5 to 7, as lines."""
    along = [n / 20 for n in range(-100, 141)]
    lines = [Series(name, tuple((x, round(f(x), 4), "") for x in along)) for name, f in named.items()]
    return Lines(title, about, Axis("input", "number"), Axis("output", "number"), tuple(lines), low=low)


def activations() -> tuple[Chart, ...]:
    """The activation of V3 and its gate, beside the smooth functions that they stand for."""
    _, gate = greatest_gap(sigmoid, hard_sigmoid)
    x, gap = greatest_gap(swish, h_swish)
    return (
        functions(
            "h-swish, swish and ReLU6",
            "The activation of V3, the one that it stands for, and that of V2. h-swish and swish differ by"
            f" {gap:.3f} at most, at {-abs(x):g} and {abs(x):g}.",
            {"h-swish: x · ReLU6(x + 3) / 6": h_swish, "swish: x · sigmoid(x)": swish, "ReLU6": relu6},
        ),
        functions(
            "Hard sigmoid and sigmoid",
            "The gate of squeeze-and-excite in V3, and the one that it stands for. They differ by"
            f" {gate:.3f} at most.",
            {"hard sigmoid: ReLU6(x + 3) / 6": hard_sigmoid, "sigmoid": sigmoid},
            low=True,
        ),
    )


def embedding(dimensions: int) -> Matrix:
    """A random map T of a plane into some dimensions: independent normal numbers, to three decimals so that
    they are the same on any machine.
    """
    import numpy as np

    drawn = np.random.default_rng([SEED, dimensions]).standard_normal((dimensions, 2)).round(3)
    return tuple((a, b) for a, b in drawn.tolist())


def through_relu(matrix: Matrix, point: tuple[float, float]) -> tuple[float, float]:
    """T⁺ ReLU(T x): a point of the plane there and back.

    T⁺ is the pseudo-inverse (TᵀT)⁻¹Tᵀ, of sums and products in one order only: a library of linear algebra
    may give other last digits on another machine.
    """
    x, y = point
    a, b, d = (sum(row[i] * row[j] for row in matrix) for i, j in ((0, 0), (0, 1), (1, 1)))
    kept = [max(p * x + q * y, 0.0) for p, q in matrix]
    u, v = (sum(row[i] * value for row, value in zip(matrix, kept, strict=True)) for i in (0, 1))
    over = a * d - b * b
    return (d * u - b * v) / over, (a * v - b * u) / over


def lost(matrix: Matrix) -> float:
    """The share of a plane whose points ReLU makes one with others, once T has embedded it.

    A point is known again if two rows of T or more are positive for it: two equations give its two numbers.
    With one or none, points beside it have the same outputs. Which rows are positive depends on the direction
    only, and changes at right angles to the rows.
    """
    turn = 2 * math.pi
    edges = sorted((math.atan2(q, p) + way * math.pi / 2) % turn for p, q in matrix for way in (1, -1))
    share = 0.0
    for start, end in zip(edges, (*edges[1:], edges[0] + turn), strict=True):
        x, y = math.cos((start + end) / 2), math.sin((start + end) / 2)
        if sum(p * x + q * y > 0 for p, q in matrix) < 2:
            share += (end - start) / turn
    return share


def lost_of_all(dimensions: int) -> float:
    """The same share for a random T: (n + 1) / 2^n. Each row is positive for a point with a chance of a half,
    and of the 2^n cases one has no positive row and n have one.
    """
    return (dimensions + 1) / 2**dimensions


def estimated(dimensions: int, trials: int = TRIALS) -> tuple[float, float]:
    """The same share, counted for one point each of many random T, and the standard error of that."""
    import numpy as np

    rows = np.random.default_rng([SEED, dimensions, 1]).standard_normal((trials, dimensions, 2))
    share = float(((rows[:, :, 0] > 0).sum(axis=1) < 2).mean())  # the point (1, 0): all directions are alike
    return share, math.sqrt(share * (1 - share) / trials)


def spiral() -> list[tuple[float, float]]:
    """Two turns and a half of an Archimedean spiral, outwards to 1."""
    steps = [n / 350 for n in range(351)]
    return [(round(t * math.cos(5 * math.pi * t), 4), round(t * math.sin(5 * math.pi * t), 4)) for t in steps]


def percent(share: float, digits: int = 2) -> str:
    """A share to so many digits that count.

    >>> percent(0.1875), percent(0.1875, 4), percent(0)
    ('19 %', '18.75 %', '0 %')
    """
    return f"{float(f'{100 * share:.{digits}g}'):.12f}".rstrip("0").rstrip(".") + " %"


def relu_and_a_plane() -> tuple[Chart, ...]:
    """A spiral after ReLU in more and more dimensions.

    Source: Sandler et al. 2018, arXiv 1801.04381, figure 1.
    """
    curve = spiral()
    panels = [Panel("input", "a spiral in a plane", tuple(curve))]
    for n in DIMENSIONS:
        matrix = embedding(n)
        points = tuple(through_relu(matrix, point) for point in curve)
        under = f"{percent(lost(matrix)) if lost(matrix) else 'nothing'} of the plane is lost"
        panels.append(Panel(f"{n} dimensions", under, points))
    return (
        Panels(
            "What ReLU leaves of a plane",
            "A spiral, and the same after a random map into n dimensions, ReLU and back. "
            + " ".join(f"{panel.name}: {panel.under}." for panel in panels[1:]),
            tuple(panels),
            "a random map into n dimensions, ReLU there, and back by the map's pseudo-inverse",
        ),
    )


def lost_table() -> str:
    """What ReLU loses of a plane, in the docs."""
    rows = [
        "| dimensions | in the picture | random maps | exact: (n + 1) / 2ⁿ |",
        "| --- | --- | --- | --- |",
    ]
    for n in DIMENSIONS:
        share, error = estimated(n)
        count = f"{100 * share:.2f} ± {100 * error:.2f} %" if share else f"none of {TRIALS:,}"
        exact = f"{n + 1} / {2**n:,} = {percent(lost_of_all(n), 4)}"
        rows.append(f"| {n} | {percent(lost(embedding(n)))} | {count} | {exact} |")
    return "\n".join(rows)


TEACHING: dict[str, Callable[[], tuple[Chart, ...]]] = {
    "activations.svg": activations,
    "relu.svg": relu_and_a_plane,
}
"""A file of docs/pictures/, and what is drawn in it."""


def taught() -> dict[Path, str]:
    """Every picture of these, as it is drawn now."""
    return {FOLDER / name: picture(charts()) for name, charts in TEACHING.items()}
