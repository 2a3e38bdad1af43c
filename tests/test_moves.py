"""Ops that only move numbers: the map that each gives, and what it refuses, worked out by hand.

They cost nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from mnetcost.engine.ops import (
    OPS,
    Concat,
    Constant,
    Crop,
    DepthToSpace,
    Dropout,
    Flatten,
    Gather,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Scatter,
    Shuffle,
    Slice,
    SpaceToDepth,
)
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import by_kind
from mnetcost.errors import ShapeError

MAP = Shape(4, 6, 3)

CASES: list[tuple[Any, tuple[Shape, ...], Shape]] = [
    (Concat(), (MAP, Shape(4, 6, 5)), Shape(4, 6, 8)),
    (Concat("height"), (MAP, Shape(1, 6, 3), MAP), Shape(9, 6, 3)),
    (Concat("width"), (MAP, Shape(4, 2, 3)), Shape(4, 8, 3)),
    (Pad(), (MAP,), Shape(6, 8, 3)),
    (Pad((1, 2)), (MAP,), Shape(6, 10, 3)),
    (Pad((1, 2, 3, 4)), (MAP,), Shape(7, 13, 3)),
    (Pad((-3, 0, 0, -5)), (MAP,), Shape(1, 1, 3)),  # a crop, down to one position
    (Flatten(), (MAP,), Shape(1, 1, 72)),
    (DepthToSpace(2), (Shape(2, 3, 8),), Shape(4, 6, 2)),
    (SpaceToDepth(2), (Shape(4, 6, 2),), Shape(2, 3, 8)),
    (Reshape(2, 9, 4), (MAP,), Shape(2, 9, 4)),
    (Reshape(), (Shape(1, 1, 1),), Shape(1, 1, 1)),
    (Permute(3, 4, 6), (MAP,), Shape(3, 4, 6)),
    (Permute(), (Shape(1, 1, 1),), Shape(1, 1, 1)),
    (Repeat(8, 6, 9), (MAP,), Shape(8, 6, 9)),
    (Repeat(), (Shape(1, 1, 1),), Shape(1, 1, 1)),
    (Gather(5, 7, 2), (MAP,), Shape(5, 7, 2)),
    (Gather(), (MAP,), Shape(1, 1, 1)),
    (Scatter(), (MAP, Shape(1, 2, 3)), MAP),
    (Crop(4, 1), (MAP,), Shape(4, 1, 3)),
    (Crop(1, 6), (MAP,), Shape(1, 6, 3)),
    (Constant(2, 3, 4), (), Shape(2, 3, 4)),
    (Constant(), (), Shape(1, 1, 1)),
    (Dropout(), (MAP,), MAP),
    (Slice(2, 1), (MAP,), Shape(4, 6, 2)),
    (Slice(3), (MAP,), MAP),
    (Shuffle(3), (MAP,), MAP),
    (Shuffle(), (Shape(2, 2, 8),), Shape(2, 2, 8)),
]

REFUSED: list[tuple[Any, tuple[Shape, ...]]] = [
    (Concat("height"), (MAP, Shape(4, 5, 3))),
    (Concat("height"), (MAP, Shape(4, 6, 4))),
    (Concat("width"), (MAP, Shape(5, 6, 3))),
    (Pad((-4, 0, 0, 0)), (MAP,)),
    (Pad((0, 0, -3, -3)), (MAP,)),
    (Reshape(4, 6, 4), (MAP,)),
    (Permute(4, 6, 2), (MAP,)),
    (Repeat(6, 6, 3), (MAP,)),
    (Repeat(4, 9, 3), (MAP,)),
    (Repeat(4, 6, 4), (MAP,)),
    (Crop(5, 6), (MAP,)),
    (Crop(4, 7), (MAP,)),
    (Slice(3, 1), (MAP,)),
    (Shuffle(), (MAP,)),
]


@pytest.mark.parametrize(
    ("op", "xs", "y"), CASES, ids=[f"{type(c[0]).__name__}-{n}" for n, c in enumerate(CASES)]
)
def test_a_move_gives_its_map_and_costs_nothing(op: Any, xs: tuple[Shape, ...], y: Shape) -> None:
    """The shape by hand; no parameters, no work."""
    assert op.shape(*xs) == y
    assert list(op.params(*xs)) == []
    assert list(op.work(y, *xs)) == []


@pytest.mark.parametrize(
    ("op", "xs"), REFUSED, ids=[f"{type(c[0]).__name__}-{n}" for n, c in enumerate(REFUSED)]
)
def test_a_move_that_does_not_fit_is_refused(op: Any, xs: tuple[Shape, ...]) -> None:
    """One side is wrong, the others fit."""
    with pytest.raises(ShapeError):
        op.shape(*xs)


def test_learned_numbers_are_parameters() -> None:
    """A table of 2 x 3 x 4."""
    assert by_kind(Constant(2, 3, 4, learned=True).params()) == {"table": 24}


def test_what_makes_a_new_map_says_so() -> None:
    """Views of the same numbers, and what is gone at inference, write none."""
    views = {"pad", "flatten", "reshape", "crop", "constant", "dropout", "slice"}
    moves = {word: cls for word, cls in OPS.items() if cls.__module__.endswith("ops.moves")}
    assert {word for word, cls in moves.items() if not cls.writes} == views


def test_every_move_has_its_case() -> None:
    """A new one is asked for here."""
    moves = {cls for cls in OPS.values() if cls.__module__.endswith("ops.moves")}
    assert moves - {type(c[0]) for c in CASES} == set()
