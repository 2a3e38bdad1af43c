"""Are the pictures for teaching true to their formulas?"""

from __future__ import annotations

import doctest
import math

import pytest

from mnetcost.analyses.charts import Lines, Panels

from . import teaching


def test_h_swish_is_near_swish() -> None:
    """At 3 it is 3, and swish is 3 / (1 + e^-3) = 2.8577; nowhere do they differ more."""
    assert teaching.h_swish(3) == 3
    assert teaching.h_swish(-3) == 0
    assert teaching.h_swish(1) == pytest.approx(4 / 6)
    where, gap = teaching.greatest_gap(teaching.swish, teaching.h_swish)
    assert abs(where) == 3
    assert gap == pytest.approx(3 - 3 / (1 + math.exp(-3)))
    page = (teaching.FOLDER.parent / "charts.md").read_text("utf-8")
    gate = teaching.greatest_gap(teaching.sigmoid, teaching.hard_sigmoid)[1]
    assert f"differ by {gap:.3f} at most" in page
    assert f"within {gate:.3f} of the sigmoid" in page


def test_the_lines_are_the_functions() -> None:
    """Each point of the chart is on its function, to four decimals."""
    chart = teaching.activations()[0]
    assert isinstance(chart, Lines)
    at = {x: y for x, y, _ in chart.series[0].points}
    assert (at[-3], at[0], at[1.5], at[7]) == (0, 0, 1.125, 7)


@pytest.mark.parametrize("dimensions", teaching.DIMENSIONS)
def test_the_way_back_is_the_pseudo_inverse(dimensions: int) -> None:
    """Where every number is positive ReLU does nothing: T⁺ T x is x, for a T of positive numbers."""
    matrix = tuple((abs(p), abs(q)) for p, q in teaching.embedding(dimensions))
    assert teaching.through_relu(matrix, (0.25, 0.5)) == pytest.approx((0.25, 0.5))
    assert teaching.through_relu(matrix, (-0.25, -0.5)) == (0, 0)


def test_what_is_lost_of_maps_that_can_be_checked_by_hand() -> None:
    """Two axes: three of four quadrants have a number that is not positive. Both directions of both axes: two
    of four numbers are positive anywhere. Rows 120 degrees apart: two are positive in three of six sectors.
    """
    assert teaching.lost(((1, 0), (0, 1))) == pytest.approx(3 / 4)
    assert teaching.lost(((1, 0), (0, 1), (-1, 0), (0, -1))) == 0
    third = math.sqrt(3) / 2
    assert teaching.lost(((1, 0), (-0.5, third), (-0.5, -third))) == pytest.approx(1 / 2)


@pytest.mark.parametrize("dimensions", teaching.DIMENSIONS)
def test_the_estimate_agrees_with_the_exact_share(dimensions: int) -> None:
    """Within four standard errors of (n + 1) / 2^n: 3/4 for a plane in a plane, 6/32 in five dimensions."""
    share, _ = teaching.estimated(dimensions)
    exact = teaching.lost_of_all(dimensions)
    assert abs(share - exact) <= 4 * math.sqrt(exact * (1 - exact) / teaching.TRIALS)


def test_lost_points_share_their_numbers() -> None:
    """A point with one positive number of five, and another one beside it, are the same after ReLU."""
    matrix = teaching.embedding(5)
    turns = [2 * math.pi * n / 3600 for n in range(3600)]
    many = [sum(p * math.cos(t) + q * math.sin(t) > 0 for p, q in matrix) for t in turns]
    assert sum(n < 2 for n in many) / 3600 == pytest.approx(teaching.lost(matrix), abs=0.01)
    t = turns[many.index(1)]
    point = math.cos(t), math.sin(t)
    p, q = next(row for row in matrix if row[0] * point[0] + row[1] * point[1] > 0)
    beside = point[0] - 1e-6 * q, point[1] + 1e-6 * p
    assert teaching.through_relu(matrix, beside) == pytest.approx(
        teaching.through_relu(matrix, point), abs=1e-12
    )


def test_the_picture_has_the_figures_of_the_table() -> None:
    """The share that is lost stands in each panel."""
    (chart,) = teaching.relu_and_a_plane()
    assert isinstance(chart, Panels)
    assert [panel.under for panel in chart.panels] == [
        "a spiral in a plane",
        "77 % of the plane is lost",
        "50 % of the plane is lost",
        "21 % of the plane is lost",
        "nothing of the plane is lost",
        "nothing of the plane is lost",
    ]


def test_examples_in_docstrings_run() -> None:
    """What stands behind >>> gives what is printed beneath it."""
    assert doctest.testmod(teaching)[:2] == (0, 1)
