"""Pareto sets are those of a plain comparison of all pairs, whatever finds them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses import pareto
from mnetcost.analyses.pareto import WORTH_MOOCORE, beaten_by, first_beating, pareto_front

MOST, LEAST = 2**63 - 1, -(2**63)
NUMBERS = st.one_of(
    st.integers(0, 3),
    st.sampled_from([MOST, MOST - 1, LEAST, LEAST + 1, 2**53, 2**53 + 1]),
    st.integers(LEAST, MOST),
)


def beats(one: Sequence[Any], other: Sequence[Any]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def by_pairs(points: Sequence[Sequence[Any]]) -> list[int]:
    return [n for n, point in enumerate(points) if not any(beats(other, point) for other in points)]


def front(points: Any, **options: Any) -> list[int]:
    found: list[int] = pareto_front(list(zip(*points, strict=True)), **options).tolist()
    return found


@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[NUMBERS] * d), min_size=1, max_size=30)))
def test_the_front_is_what_comparing_all_pairs_leaves(points: list[tuple[int, ...]]) -> None:
    """With ties, duplicates, and whole numbers to the ends of int64."""
    assert front(points) == by_pairs(points)
    assert pareto_front(np.array(points, np.int64).T).tolist() == by_pairs(points)


@given(
    st.integers(1, 4).flatmap(
        lambda d: st.tuples(
            st.lists(st.tuples(*[NUMBERS] * d), min_size=1, max_size=20), st.tuples(*[st.booleans()] * d)
        )
    )
)
def test_more_may_be_better(case: tuple[list[tuple[int, ...]], tuple[bool, ...]]) -> None:
    """An objective of which more is better is one of whose negative less is."""
    points, larger = case
    turned = [tuple(-v if up else v for v, up in zip(point, larger, strict=True)) for point in points]
    assert pareto_front(np.array(points, np.int64).T, larger).tolist() == by_pairs(turned)


@pytest.mark.parametrize("objectives", [2, 3, 4])
@pytest.mark.parametrize("values", [4, 30, 10**6])
@pytest.mark.parametrize("sample", [50, 2048])
def test_thousands_of_points_in_samples_and_blocks(
    objectives: int, values: int, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many more than the first ones that strike others out, than a block, and than some samples."""
    monkeypatch.setattr(pareto, "SAMPLE", sample)
    points = np.random.default_rng(objectives * values).integers(0, values, (3000, objectives))
    # half of them on a plane, where none beats another
    points[::2, 0] = values * (objectives - 1) // 2 - points[::2, 1:].sum(axis=1)
    no_more = (points[None, :, :] <= points[:, None, :]).all(axis=2)
    less = (points[None, :, :] < points[:, None, :]).any(axis=2)
    plain = np.flatnonzero(~(no_more & less).any(axis=1)).tolist()
    assert pareto_front(points.T).tolist() == plain
    assert len(plain) > 600 or values < 10**6 or objectives == 2
    beaten = first_beating(points.T, plain)
    assert [n for n, by in enumerate(beaten) if by < 0] == plain
    for n, by in enumerate(beaten.tolist()):
        if by >= 0:
            assert by == next(m for m in plain if beats(points[m], points[n]))


@pytest.mark.parametrize("objectives", [3, 4])
@pytest.mark.parametrize("scale", [1, 10**9, 2**55])
def test_moocore_finds_the_same_points(objectives: int, scale: int) -> None:
    """Duplicates too, and where floats have no room for the last digits."""
    pytest.importorskip("moocore")
    random_numbers = np.random.default_rng(scale % 97 + objectives)
    points = random_numbers.integers(0, 40, (4000, objectives)) * scale
    points[:, 0] = 40 * objectives * scale - points[:, 1:].sum(axis=1)
    one_more = points[:50] + np.eye(1, objectives, dtype=int)
    points = np.concatenate([points, points[:500], one_more])
    assert pareto_front(points.T, moocore=True).tolist() == pareto_front(points.T, moocore=False).tolist()
    assert len(points) < WORTH_MOOCORE < len(np.concatenate([points, points]))
    both = np.concatenate([points, points])
    assert pareto_front(both.T).tolist() == pareto_front(both.T, moocore=False).tolist()


def test_no_digit_is_lost() -> None:
    """2**53 + 1 is more than 2**53, which floats call the same; so are ints beyond int64, and fractions."""
    large = 2**53
    assert front([(large + 1, 0, 0), (large, 0, 0)]) == [1]
    assert front([(large + 1, 0, 0), (large, 0, 0)], moocore=False) == [1]
    assert front([(2**63, 1), (2**63 + 1, 1), (-1, 2)]) == [0, 2]
    assert front([(10**30, 1), (10**30 + 1, 1)]) == [0]
    assert front([(Fraction(1, 3), 1), (Fraction(333, 1000), 1)]) == [1]
    assert beaten_by([(large + 1, 0), (large, 0)]) == [1, None]
    assert front([(1e308, 1, 0), (-1e308, 1, 0)]) == [1]


def test_one_point_and_none() -> None:
    """Nothing beats the only point; of no points none is left."""
    assert front([(5, 5)]) == [0]
    assert pareto_front([[], []]).tolist() == []
    assert first_beating([[1, 2], [1, 2]], []).tolist() == [-1, -1]
    assert beaten_by([]) == []


@pytest.mark.parametrize(
    ("objectives", "fault"),
    [
        ([], "no objective"),
        ([[1, 2], [1]], "one length"),
        ([[1.0, float("nan")], [1, 2]], "finite"),
        ([[1.0, float("inf")], [1, 2]], "finite"),
    ],
)
def test_what_cannot_be_compared_is_refused(objectives: Any, fault: str) -> None:
    """Rather than left out or put somewhere."""
    with pytest.raises(ValueError, match=fault):
        pareto_front(objectives)


def test_beaten_by_names_the_first_row_that_beats() -> None:
    """A row whose cost is not known beats nothing, and is beaten by nothing."""
    numbers = random.Random(0)
    rows = [tuple(numbers.choice([None, 0, 1, 2, 3]) for _ in range(3)) for _ in range(200)]
    for row, by in zip(rows, beaten_by(rows), strict=True):
        all_that_beat = [n for n, r in enumerate(rows) if None not in (*r, *row) and beats(r, row)]
        assert by == (all_that_beat[0] if all_that_beat else None)
