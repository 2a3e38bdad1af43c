"""Is each op's shape, parameters and work what one works out by hand?"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mnetcost.engine.ops import (
    OPS,
    Activation,
    AdaptivePool,
    Add,
    AvgPool,
    Axpy,
    Bias,
    Concat,
    Constant,
    Conv,
    Crop,
    Dense,
    DepthwiseConv,
    Detection,
    Dropout,
    Elementwise,
    Flatten,
    Gate,
    GlobalPool,
    L2Norm,
    LayerNorm,
    LocalResponseNorm,
    MatMul,
    MaxPool,
    Norm,
    Pad,
    Permute,
    PRelu,
    Reduce,
    Rescale,
    Reshape,
    Resize,
    Scale,
    Shuffle,
    Slice,
    TransposedConv,
    Upsample,
)
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import by_kind
from mnetcost.errors import ShapeError

IMAGE = Shape(224, 224, 3)
MAP = Shape(112, 112, 32)


def pool(windows: int, read: int, written: int) -> dict[str, int]:
    """A pool's work: numbers under its windows, and what it reads and writes."""
    return {"pool": windows, "pool_input": read, "pool_output": written}


CASES: list[tuple[Any, tuple[Shape, ...], Shape, dict[str, int], dict[str, int]]] = [
    # V1's stem: 3 x 3 x 3 x 32 weights, at 112 x 112 places
    (Conv(32, 3, 2), (IMAGE,), MAP, {"conv": 864}, {"conv": 864 * 112 * 112}),
    # the worked example: 3 x 3 x 64 x 128 at 112 x 112
    (Conv(128, 3), (Shape(112, 112, 64),), Shape(112, 112, 128), {"conv": 73_728}, {"conv": 924_844_032}),
    # 5x5 without padding on 12x12x3: 8x8, 256 filters of 5 x 5 x 3
    (
        Conv(256, 5, padding="valid"),
        (Shape(12, 12, 3),),
        Shape(8, 8, 256),
        {"conv": 19_200},
        {"conv": 19_200 * 64},
    ),
    (
        DepthwiseConv(5, padding="valid"),
        (Shape(12, 12, 3),),
        Shape(8, 8, 3),
        {"depthwise": 75},
        {"depthwise": 75 * 64},
    ),
    (Conv(256), (Shape(8, 8, 3),), Shape(8, 8, 256), {"pointwise": 768}, {"pointwise": 768 * 64}),
    # two groups: each of 8 outputs sees 2 of 4 inputs
    (Conv(8, 3, groups=2), (Shape(10, 10, 4),), Shape(10, 10, 8), {"grouped": 144}, {"grouped": 14_400}),
    # as many groups as channels is depthwise, whatever it is called
    (Conv(4, 3, groups=4), (Shape(10, 10, 4),), Shape(10, 10, 4), {"depthwise": 36}, {"depthwise": 3_600}),
    (
        Conv(8, bias=True),
        (Shape(2, 2, 4),),
        Shape(2, 2, 8),
        {"pointwise": 32, "bias": 8},
        {"pointwise": 128, "bias": 32},
    ),
    # rectangular: 3x1 with stride (2, 1), explicit padding of one row above and below
    (
        Conv(4, (3, 1), (2, 1), padding=(1, 1, 0, 0)),
        (Shape(9, 7, 2),),
        Shape(5, 7, 4),
        {"conv": 24},
        {"conv": 24 * 35},
    ),
    # dilation 2 makes a 3x3 window 5 wide: 9 - 5 + 1
    (Conv(1, 3, dilation=2, padding="valid"), (Shape(9, 9, 1),), Shape(5, 5, 1), {"conv": 9}, {"conv": 225}),
    (
        Conv(1, 3, dilation=2, padding="symmetric"),
        (Shape(9, 9, 1),),
        Shape(9, 9, 1),
        {"conv": 9},
        {"conv": 729},
    ),
    # V1's first depthwise layer
    (DepthwiseConv(), (MAP,), MAP, {"depthwise": 288}, {"depthwise": 3_612_672}),
    (
        DepthwiseConv(3, 2, multiplier=2, bias=True),
        (Shape(7, 7, 5),),
        Shape(4, 4, 10),
        {"depthwise": 90, "bias": 10},
        {"depthwise": 1440, "bias": 160},
    ),
    # every one of 4 x 4 inputs paints a 2x2 window
    (
        TransposedConv(6, bias=True),
        (Shape(4, 4, 3),),
        Shape(8, 8, 6),
        {"conv": 72, "bias": 6},
        {"conv": 72 * 16, "transposed_output": 72 * 64, "bias": 384},
    ),
    # (4 - 1) x 2 - 2 x 1 + 4 = 8
    (
        TransposedConv(1, 4, 2, padding=1),
        (Shape(4, 4, 1),),
        Shape(8, 8, 1),
        {"conv": 16},
        {"conv": 256, "transposed_output": 1024},
    ),
    (
        Dense(1000),
        (Shape(1, 1, 1024),),
        Shape(1, 1, 1000),
        {"dense": 1_024_000, "bias": 1000},
        {"dense": 1_024_000, "bias": 1000},
    ),
    # three heads of 197 x 64 by 64 x 197
    (
        MatMul(64, 3, 197, 197),
        (Shape(3, 197, 64), Shape(3, 64, 197)),
        Shape(3, 197, 197),
        {},
        {"matmul": 64 * 3 * 197 * 197},
    ),
    (Dense(5, bias=False), (Shape(2, 3, 4),), Shape(2, 3, 5), {"dense": 20}, {"dense": 120}),
    (Norm(), (MAP,), MAP, {"norm": 64, "norm_statistics": 64}, {"norm": 401_408}),
    (Norm(scale=False), (MAP,), MAP, {"norm": 32, "norm_statistics": 64}, {"norm": 401_408}),
    (Activation("relu6"), (MAP,), MAP, {}, {"activation": 401_408}),
    (Rescale(), (IMAGE,), IMAGE, {}, {"rescale": 150_528}),
    (
        MaxPool(3, 2, 1),
        (Shape(112, 112, 64),),
        Shape(56, 56, 64),
        {},
        pool(9 * 64 * 56 * 56, 64 * 112 * 112, 64 * 56 * 56),
    ),
    # 112 under 3/2 without padding: 55.5 + 1, cut or rounded up
    (MaxPool(3, 2), (Shape(112, 112, 1),), Shape(55, 55, 1), {}, pool(9 * 55 * 55, 112 * 112, 55 * 55)),
    (
        MaxPool(3, 2, ceil=True),
        (Shape(112, 112, 1),),
        Shape(56, 56, 1),
        {},
        pool(9 * 56 * 56, 112 * 112, 56 * 56),
    ),
    # a window that would start in the padding behind the map is not counted: 2x2 stride 2 padding 1 on 3
    # gives 2 and not 3
    (MaxPool(2, 2, 1, ceil=True), (Shape(3, 3, 1),), Shape(2, 2, 1), {}, pool(16, 9, 4)),
    (AvgPool(7, 1), (Shape(7, 7, 8),), Shape(1, 1, 8), {}, pool(392, 392, 8)),
    (GlobalPool(), (Shape(7, 7, 1024),), Shape(1, 1, 1024), {}, pool(50_176, 50_176, 1024)),
    (AdaptivePool(7), (Shape(14, 14, 2),), Shape(7, 7, 2), {}, pool(392, 392, 98)),
    (Add(), (MAP, MAP), MAP, {}, {"add": 401_408}),
    (Add(), (MAP, MAP, MAP), MAP, {}, {"add": 802_816}),
    (Gate(), (MAP, Shape(1, 1, 32)), MAP, {}, {"gate": 401_408}),
    (Concat(), (MAP, Shape(112, 112, 4)), Shape(112, 112, 36), {}, {}),
    (Pad((0, 1, 0, 1)), (MAP,), Shape(113, 113, 32), {}, {}),
    (Flatten(), (Shape(7, 7, 512),), Shape(1, 1, 25_088), {}, {}),
    (Reshape(4, 4, 3), (Shape(1, 1, 48),), Shape(4, 4, 3), {}, {}),
    (Dropout(), (MAP,), MAP, {}, {}),
    (Upsample(2), (Shape(4, 5, 6),), Shape(8, 10, 6), {}, {"upsample": 480}),
    (Slice(8, 4), (MAP,), Shape(112, 112, 8), {}, {}),
    (Shuffle(4), (MAP,), MAP, {}, {}),
    # Caffe's second half of a batch norm, and its statistics with the number they are divided by
    (Scale(), (MAP,), MAP, {"norm": 64}, {"norm": 401_408}),
    (Scale(bias=False, numbers=1), (MAP,), MAP, {"norm": 1}, {"norm": 401_408}),
    (Norm(False, False, True, True), (MAP,), MAP, {"norm_statistics": 65}, {"norm": 401_408}),
    (Bias(), (MAP,), MAP, {"bias": 32}, {"bias": 401_408}),
    (LayerNorm(), (MAP,), MAP, {"norm": 64}, {"norm": 401_408}),
    (L2Norm(), (MAP,), MAP, {"norm": 32}, {"norm": 401_408}),
    (LocalResponseNorm(5), (MAP,), MAP, {}, {"lrn": 5 * 401_408}),
    (LocalResponseNorm(3, within=True), (MAP,), MAP, {}, {"lrn": 9 * 401_408}),
    (PRelu(32), (MAP,), MAP, {"activation": 32}, {"activation": 401_408}),
    (Elementwise("add"), (MAP, Shape(1, 1, 32)), MAP, {}, {"add": 401_408}),
    (Elementwise("maximum"), (Shape(1, 112, 32), Shape(112, 1, 32), MAP), MAP, {}, {"elementwise": 802_816}),
    # a map of attention: one number a position, for all channels
    (Gate(), (MAP, Shape(112, 112, 1)), MAP, {}, {"gate": 401_408}),
    (Axpy(), (Shape(1, 1, 32), MAP, MAP), MAP, {}, {"gate": 401_408, "add": 401_408}),
    (Concat("height"), (MAP, Shape(4, 112, 32)), Shape(116, 112, 32), {}, {}),
    (Permute(32, 112, 112), (MAP,), Shape(32, 112, 112), {}, {}),
    (Crop(100, 90), (MAP,), Shape(100, 90, 32), {}, {}),
    (Constant(2, 1, 30), (), Shape(2, 1, 30), {}, {}),
    (Constant(7, 1, 30, learned=True), (), Shape(7, 1, 30), {"table": 210}, {}),
    (Reduce(1, 1, 32, "max"), (MAP,), Shape(1, 1, 32), {}, {"reduce": 401_408}),
    (Resize(50, 60), (MAP,), Shape(50, 60, 32), {}, {"upsample": 96_000}),
    # 21 scores for each of 100 boxes
    (
        Detection(10),
        (Shape(1, 1, 400), Shape(1, 1, 2100), Shape(2, 1, 400)),
        Shape(1, 10, 7),
        {},
        {"detection": 2100},
    ),
]


@pytest.mark.parametrize(
    ("op", "xs", "y", "params", "work"),
    CASES,
    ids=[f"{type(c[0]).__name__}-{n}" for n, c in enumerate(CASES)],
)
def test_an_op_costs_what_is_worked_out_by_hand(
    op: Any, xs: tuple[Shape, ...], y: Shape, params: dict[str, int], work: dict[str, int]
) -> None:
    """Shape, parameters and work of one case, kind by kind."""
    assert op.shape(*xs) == y
    assert by_kind(op.params(*xs)) == params
    assert by_kind(op.work(y, *xs)) == work


@pytest.mark.parametrize(
    ("op", "xs", "y", "params", "work"),
    CASES,
    ids=[f"{type(c[0]).__name__}-{n}" for n, c in enumerate(CASES)],
)
def test_an_array_of_sizes_costs_what_each_size_costs(
    op: Any, xs: tuple[Shape, ...], y: Shape, params: dict[str, int], work: dict[str, int]
) -> None:
    """The same code, given a column of two equal heights, gives the same twice."""
    columns = tuple(Shape(np.array([x.h, x.h]), x.w, x.c) for x in xs)
    out = op.shape(*columns)
    assert [tuple(np.broadcast_to(side, 2)[n] for side in out) for n in (0, 1)] == [y, y]
    for counted, expected in (
        (by_kind(op.params(*columns)), params),
        (by_kind(op.work(out, *columns)), work),
    ):
        assert {kind: np.broadcast_to(n, 2).tolist() for kind, n in counted.items()} == {
            kind: [n, n] for kind, n in expected.items()
        }


BAD = [
    (Conv(8, 5, padding="valid"), (Shape(4, 4, 3),), "the map vanishes: a window of 5 does not fit into 4"),
    (Conv(8, 3, groups=3), (Shape(4, 4, 4),), "3 groups do not divide 4 input and 8 output channels"),
    (MaxPool(3, 2), (Shape(2, 9, 1),), "the map vanishes: a window of 3 does not fit into 2"),
    (Add(), (Shape(4, 4, 8), Shape(4, 4, 9)), "add needs maps of one shape, but these are 4x4x8 and 4x4x9"),
    (
        Gate(),
        (Shape(4, 4, 8), Shape(1, 1, 9)),
        "gate needs maps of one shape, or of sides of 1, but these are 4x4x8 and 1x1x9",
    ),
    (
        Concat(),
        (Shape(4, 4, 8), Shape(4, 5, 8)),
        "concat needs maps of one size, but these are 4x4x8 and 4x5x8",
    ),
    (Reshape(2, 2, 2), (Shape(1, 1, 9),), "a map of 1x1x9 cannot be read as 2x2x2"),
    (Slice(8, 1), (Shape(1, 1, 8),), "8 channels from number 1 on cannot be taken out of a map of 1x1x8"),
    (Shuffle(3), (Shape(1, 1, 8),), "3 groups do not divide 8 channels"),
    (
        TransposedConv(1, 2, 1, padding=2),
        (Shape(1, 1, 1),),
        "the map vanishes: its padding takes more than the window paints",
    ),
]


@pytest.mark.parametrize(
    ("op", "xs", "message"), BAD, ids=[type(b[0]).__name__ + str(n) for n, b in enumerate(BAD)]
)
def test_shapes_that_do_not_fit_are_refused(op: Any, xs: tuple[Shape, ...], message: str) -> None:
    """The error says what does not fit, in sizes."""
    with pytest.raises(ShapeError) as caught:
        op.shape(*xs)
    assert caught.value.faults[0].message == message


def test_every_op_of_a_spec_tells_its_story() -> None:
    """The docstring is what `explain` and the docs show."""
    assert [word for word, cls in OPS.items() if not (cls.__doc__ or "").strip()] == []
