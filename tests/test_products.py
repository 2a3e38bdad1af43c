"""Are sums of products the same when equal columns and rows are multiplied once?"""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.designs import find_spec
from mnetcost.designs.build import build
from mnetcost.engine.products import sum_of_products, weigh_grid
from mnetcost.engine.terms import term
from mnetcost.errors import SpecError

FEW = st.lists(st.integers(-3, 2**20), min_size=1, max_size=3)


def column(values: list[int], many: int) -> np.ndarray:
    """So many values down, again and again."""
    return np.array([*islice(cycle(values), many)])[:, None]


@given(
    products=st.lists(
        st.tuples(FEW | st.integers(-3, 2**20), FEW | st.none()),
        max_size=4,
    ),
    shape=st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_equal_columns_and_rows_are_multiplied_once(
    products: list[tuple[list[int] | int, list[int] | None]], shape: tuple[int, int]
) -> None:
    """Whatever repeats, the sums are those of every product by itself; and an int or None is one for all."""
    given_ = [
        (
            down if isinstance(down, int) else column(down, shape[0]),
            None if along is None else column(along, shape[1]).T,
        )
        for down, along in products
    ]
    expected = np.zeros(shape, np.int64)
    for down, along in given_:
        expected += down * (1 if along is None else along)
    found = sum_of_products(given_, shape)
    assert (found.tolist(), found.dtype, found.flags.c_contiguous) == (expected.tolist(), np.int64, True)
    assert found.flags.writeable


def test_a_factor_of_both_is_multiplied_cell_by_cell() -> None:
    """2 x (1, 2) down x (10, 20, 30) along x a table that is no product, beside a term that is one."""
    both = np.array([[1, 0, 1], [0, 1, 1]])
    down, along = np.array([[1], [2]]), np.array([[10, 20, 30]])
    terms = [term("conv", c=2, k=down, h=along, present=both), term("add", c=down, h=along)]
    found = weigh_grid(terms, {"conv": 1, "add": 3}, (2, 3))
    assert found.tolist() == [[20 + 30, 60, 60 + 90], [60, 80 + 120, 120 + 180]]


def test_a_kind_without_a_weight_counts_nothing() -> None:
    """Where nothing counts, every cell is 0."""
    assert weigh_grid([term("conv", c=np.array([[1], [2]]))], {}, (2, 2)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize(
    ("sides", "fits"),
    [([(65_536, 2), (2, 65_536)], True), ([(65_536, 2), (65_536, 65_536)], False)],
)
def test_a_map_of_a_grid_is_too_large_only_where_a_cell_is(sides: list[tuple[int, int]], fits: bool) -> None:
    """65,536 x 65,536 x 102,400 is past 2**48 numbers; the largest height and width of different cells make
    no such map.
    """
    h, w = (np.array([side]) for side in zip(*sides, strict=True))

    def built() -> object:
        return build(find_spec("v1"), np.array([[0.1], [100.0]]), h * 32, w * 32, 1000, False)

    if fits:
        assert built()
    else:
        with pytest.raises(SpecError, match=r"runs away: a map of more than 281,474,976,710,656 numbers"):
            built()
