"""Is each op's shape, parameters and work what one works out by hand?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

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
    ClassToken,
    Concat,
    Constant,
    Conv,
    Crop,
    Dense,
    DepthToSpace,
    DepthwiseConv,
    Detection,
    Dropout,
    DynamicConv,
    Elementwise,
    Flatten,
    Gate,
    Gather,
    GlobalPool,
    GroupNorm,
    InstanceNorm,
    L2Norm,
    L2Pool,
    LayerNorm,
    LocalResponseNorm,
    MapToTokens,
    MatMul,
    MaxPool,
    Norm,
    Pad,
    Permute,
    Positions,
    PRelu,
    Reduce,
    RelativePositions,
    Repeat,
    Rescale,
    Reshape,
    Resize,
    RmsNorm,
    Scale,
    Scatter,
    Shuffle,
    Slice,
    SpaceToDepth,
    Tail,
    TokensToMap,
    TransposedConv,
    Upsample,
)
from mnetcost.engine.ops.recurrent import Gru, Lstm, Rnn
from mnetcost.engine.ops.volumes import (
    AdaptivePool3d,
    AvgPool3d,
    Conv3d,
    Crop3d,
    DepthwiseConv3d,
    MaxPool3d,
    Pad3d,
    TransposedConv3d,
    Upsample3d,
)
from mnetcost.engine.shapes import Shape, Volume
from mnetcost.engine.terms import by_kind
from mnetcost.errors import ShapeError

IMAGE = Shape(224, 224, 3)
MAP = Shape(112, 112, 32)


def pool(windows: int, read: int, written: int) -> dict[str, int]:
    """A pool's work: numbers under its windows, and what it reads and writes."""
    return {"pool": windows, "pool_input": read, "pool_output": written}


class Case(NamedTuple):
    """An op on maps of these shapes: the shape it gives, and its parameters and work, kind by kind."""

    op: Any
    inputs: tuple[Shape, ...]
    output: Shape
    params: dict[str, int]
    work: dict[str, int]


CASES = [
    # V1's stem: 3 x 3 x 3 x 32 weights, at 112 x 112 places
    Case(Conv(32, 3, 2), (IMAGE,), MAP, {"conv": 864}, {"conv": 864 * 112 * 112}),
    # the worked example: 3 x 3 x 64 x 128 at 112 x 112
    Case(Conv(128, 3), (Shape(112, 112, 64),), Shape(112, 112, 128), {"conv": 73_728}, {"conv": 924_844_032}),
    # 5x5 without padding on 12x12x3: 8x8, 256 filters of 5 x 5 x 3
    Case(
        Conv(256, 5, padding="valid"),
        (Shape(12, 12, 3),),
        Shape(8, 8, 256),
        {"conv": 19_200},
        {"conv": 19_200 * 64},
    ),
    Case(
        DepthwiseConv(5, padding="valid"),
        (Shape(12, 12, 3),),
        Shape(8, 8, 3),
        {"depthwise": 75},
        {"depthwise": 75 * 64},
    ),
    Case(
        Conv3d(64, (3, 7, 7), (1, 2, 2), padding=(1, 3, 3)),
        (Volume(16, 112, 112, 3),),
        Volume(16, 56, 56, 64),
        {"conv": 28_224},
        {"conv": 28_224 * 16 * 56 * 56},
    ),
    Case(
        Conv3d(8, 3, (1, 2, 2), bias=True),
        (Volume(8, 32, 32, 3),),
        Volume(8, 16, 16, 8),
        {"conv": 648, "bias": 8},
        {"conv": 648 * 2048, "bias": 8 * 2048},
    ),
    Case(
        Conv3d(8, 3, 2, groups=2, padding=(1, 0, 1, 0, 1, 0)),
        (Volume(8, 8, 8, 4),),
        Volume(4, 4, 4, 8),
        {"grouped": 432},
        {"grouped": 432 * 64},
    ),
    Case(
        Conv3d(6, dilation=2),
        (Volume(2, 3, 4, 5),),
        Volume(2, 3, 4, 6),
        {"pointwise": 30},
        {"pointwise": 720},
    ),
    Case(
        DepthwiseConv3d((3, 1, 1), (2, 1, 1), padding="symmetric"),
        (Volume(8, 4, 4, 6),),
        Volume(4, 4, 4, 6),
        {"depthwise": 18},
        {"depthwise": 18 * 64},
    ),
    Case(
        MaxPool3d(3, 2, 1),
        (Volume(8, 56, 56, 4),),
        Volume(4, 28, 28, 4),
        {},
        {"pool": 27 * 12_544, "pool_input": 100_352, "pool_output": 12_544},
    ),
    Case(
        AvgPool3d((2, 1, 1), (2, 1, 1)),
        (Volume(5, 3, 3, 2),),
        Volume(2, 3, 3, 2),
        {},
        {"pool": 72, "pool_input": 90, "pool_output": 36},
    ),
    # each of 4 x 3 x 3 positions adds 2 x 2 x 2 numbers a filter; read from the output it is 8 x 6 x 6
    Case(
        TransposedConv3d(6, bias=True),
        (Volume(4, 3, 3, 2),),
        Volume(8, 6, 6, 6),
        {"conv": 96, "bias": 6},
        {"conv": 96 * 36, "transposed_output": 96 * 288, "bias": 6 * 288},
    ),
    # PyTorch's ConvTranspose3d(4, 8, (1, 3, 3), (1, 2, 2), (0, 1, 1), (0, 1, 1), groups=2)
    Case(
        TransposedConv3d(8, (1, 3, 3), (1, 2, 2), 1, 2, (0, 1, 1), (0, 1, 1)),
        (Volume(5, 4, 4, 4),),
        Volume(5, 8, 8, 8),
        {"grouped": 9 * 4 * 4},
        {"grouped": 144 * 80, "transposed_output": 144 * 320},
    ),
    Case(
        TransposedConv3d(1, 3, 2, 2, padding=(1, 0, 2, 1, 0, 0)),
        (Volume(3, 3, 3, 1),),
        Volume(8, 6, 9, 1),
        {"conv": 27},
        {"conv": 27 * 27, "transposed_output": 27 * 432},
    ),
    Case(Upsample3d((1, 2, 3)), (Volume(2, 3, 4, 5),), Volume(2, 6, 12, 5), {}, {"upsample": 720}),
    Case(Pad3d((0, 1, 2)), (Volume(2, 3, 4, 5),), Volume(2, 5, 8, 5), {}, {}),
    Case(Pad3d((1, 0, 2, 1, 0, 3)), (Volume(2, 3, 4, 5),), Volume(3, 6, 7, 5), {}, {}),
    Case(Crop3d(1, 3, 2), (Volume(2, 3, 4, 5),), Volume(1, 3, 2, 5), {}, {}),
    Case(Flatten(), (Volume(2, 3, 4, 5),), Shape(1, 1, 120), {}, {}),
    Case(Add(), (Volume(2, 3, 4, 5), Volume(2, 3, 4, 5)), Volume(2, 3, 4, 5), {}, {"add": 120}),
    Case(Concat(), (Volume(2, 3, 4, 5), Volume(2, 3, 4, 1)), Volume(2, 3, 4, 6), {}, {}),
    Case(Activation("relu"), (Volume(2, 3, 4, 5),), Volume(2, 3, 4, 5), {}, {"activation": 120}),
    Case(Conv(256), (Shape(8, 8, 3),), Shape(8, 8, 256), {"pointwise": 768}, {"pointwise": 768 * 64}),
    # two groups: each of 8 outputs sees 2 of 4 inputs
    Case(Conv(8, 3, groups=2), (Shape(10, 10, 4),), Shape(10, 10, 8), {"grouped": 144}, {"grouped": 14_400}),
    # as many groups as channels is depthwise, whatever it is called
    Case(
        Conv(4, 3, groups=4), (Shape(10, 10, 4),), Shape(10, 10, 4), {"depthwise": 36}, {"depthwise": 3_600}
    ),
    Case(
        Conv(8, bias=True),
        (Shape(2, 2, 4),),
        Shape(2, 2, 8),
        {"pointwise": 32, "bias": 8},
        {"pointwise": 128, "bias": 32},
    ),
    # rectangular: 3x1 with stride (2, 1), explicit padding of one row above and below
    Case(
        Conv(4, (3, 1), (2, 1), padding=(1, 1, 0, 0)),
        (Shape(9, 7, 2),),
        Shape(5, 7, 4),
        {"conv": 24},
        {"conv": 24 * 35},
    ),
    # dilation 2 makes a 3x3 window 5 wide: 9 - 5 + 1
    Case(
        Conv(1, 3, dilation=2, padding="valid"), (Shape(9, 9, 1),), Shape(5, 5, 1), {"conv": 9}, {"conv": 225}
    ),
    Case(
        Conv(1, 3, dilation=2, padding="symmetric"),
        (Shape(9, 9, 1),),
        Shape(9, 9, 1),
        {"conv": 9},
        {"conv": 729},
    ),
    # V1's first depthwise layer
    Case(DepthwiseConv(), (MAP,), MAP, {"depthwise": 288}, {"depthwise": 3_612_672}),
    Case(
        DepthwiseConv(3, 2, multiplier=2, bias=True),
        (Shape(7, 7, 5),),
        Shape(4, 4, 10),
        {"depthwise": 90, "bias": 10},
        {"depthwise": 1440, "bias": 160},
    ),
    # every one of 4 x 4 inputs paints a 2x2 window
    Case(
        TransposedConv(6, bias=True),
        (Shape(4, 4, 3),),
        Shape(8, 8, 6),
        {"conv": 72, "bias": 6},
        {"conv": 72 * 16, "transposed_output": 72 * 64, "bias": 384},
    ),
    # (4 - 1) x 2 - 2 x 1 + 4 = 8
    Case(
        TransposedConv(1, 4, 2, padding=1),
        (Shape(4, 4, 1),),
        Shape(8, 8, 1),
        {"conv": 16},
        {"conv": 256, "transposed_output": 1024},
    ),
    Case(
        Dense(1000),
        (Shape(1, 1, 1024),),
        Shape(1, 1, 1000),
        {"dense": 1_024_000, "bias": 1000},
        {"dense": 1_024_000, "bias": 1000},
    ),
    # three heads of 197 x 64 by 64 x 197
    Case(
        MatMul(64, 3, 197, 197),
        (Shape(3, 197, 64), Shape(3, 64, 197)),
        Shape(3, 197, 197),
        {},
        {"matmul": 64 * 3 * 197 * 197},
    ),
    # 10 steps of 20 numbers, 32 units: four gates of (20 + 32) x 32 weights and 32 biases
    Case(
        Lstm(32),
        (Shape(10, 1, 20),),
        Shape(10, 1, 32),
        {"recurrent": 4 * 52 * 32, "bias": 128},
        {"recurrent": 66_560, "bias": 1280, "recurrent_state": (3 + 1 + 5) * 320},
    ),
    # both directions, with PyTorch's two biases; the states of 32 are brought down to 8, which the gates read
    Case(
        Lstm(32, bidirectional=True, last=True, biases=2, project=8),
        (Shape(10, 1, 20),),
        Shape(1, 1, 16),
        {"recurrent": 2 * (4 * 28 * 32 + 32 * 8), "bias": 512},
        {"recurrent": 76_800, "bias": 5120, "recurrent_state": 5760},
    ),
    # three gates with weights and two peepholes a unit; the projection has a bias
    Case(
        Lstm(4, biases=1, project=2, project_bias=True, peepholes=True, coupled=True),
        (Shape(3, 1, 5),),
        Shape(3, 1, 2),
        {"recurrent": 3 * 7 * 4 + 8 + 8, "bias": 12 + 2},
        {"recurrent": 300, "bias": 42, "recurrent_state": (3 + 2 + 4) * 12},
    ),
    # each of four gates is normalised over its units, with a scale for each
    Case(
        Lstm(4, norms=True),
        (Shape(3, 1, 5),),
        Shape(3, 1, 4),
        {"recurrent": 4 * 9 * 4, "bias": 16, "norm": 16},
        {"recurrent": 432, "bias": 48, "norm": 48, "recurrent_state": (3 + 1 + 5) * 12},
    ),
    # a projection as wide as the units is one nevertheless
    Case(
        Lstm(4, biases=0, project=4),
        (Shape(1, 1, 4),),
        Shape(1, 1, 4),
        {"recurrent": 4 * 8 * 4 + 16},
        {"recurrent": 144, "recurrent_state": 36},
    ),
    # three gates, two biases each; the last step of two sequences, one below the other
    Case(
        Gru(32, last=True, tiles=2),
        (Shape(10, 1, 20),),
        Shape(2, 1, 32),
        {"recurrent": 3 * 52 * 32, "bias": 192},
        {"recurrent": 49_920, "bias": 1920, "recurrent_state": (3 + 2 + 3) * 320},
    ),
    # one gate; the two directions are added
    Case(
        Rnn(32, bidirectional=True, merge="sum"),
        (Shape(10, 1, 20),),
        Shape(10, 1, 32),
        {"recurrent": 2 * 52 * 32, "bias": 64},
        {"recurrent": 33_280, "bias": 640, "recurrent_state": 640, "add": 320},
    ),
    Case(Dense(5, bias=False), (Shape(2, 3, 4),), Shape(2, 3, 5), {"dense": 20}, {"dense": 120}),
    Case(Norm(), (MAP,), MAP, {"norm": 64, "norm_statistics": 64}, {"norm": 401_408}),
    Case(Norm(scale=False), (MAP,), MAP, {"norm": 32, "norm_statistics": 64}, {"norm": 401_408}),
    Case(Activation("relu6"), (MAP,), MAP, {}, {"activation": 401_408}),
    Case(Rescale(), (IMAGE,), IMAGE, {}, {"rescale": 150_528}),
    Case(
        MaxPool(3, 2, 1),
        (Shape(112, 112, 64),),
        Shape(56, 56, 64),
        {},
        pool(9 * 64 * 56 * 56, 64 * 112 * 112, 64 * 56 * 56),
    ),
    # 112 under 3/2 without padding: 55.5 + 1, cut or rounded up
    Case(MaxPool(3, 2), (Shape(112, 112, 1),), Shape(55, 55, 1), {}, pool(9 * 55 * 55, 112 * 112, 55 * 55)),
    Case(
        MaxPool(3, 2, ceil=True),
        (Shape(112, 112, 1),),
        Shape(56, 56, 1),
        {},
        pool(9 * 56 * 56, 112 * 112, 56 * 56),
    ),
    # a window that would start in the padding behind the map is not counted: 2x2 stride 2 padding 1 on 3
    # gives 2 and not 3
    Case(MaxPool(2, 2, 1, ceil=True), (Shape(3, 3, 1),), Shape(2, 2, 1), {}, pool(16, 9, 4)),
    Case(AvgPool(7, 1), (Shape(7, 7, 8),), Shape(1, 1, 8), {}, pool(392, 392, 8)),
    Case(GlobalPool(), (Shape(7, 7, 1024),), Shape(1, 1, 1024), {}, pool(50_176, 50_176, 1024)),
    Case(AdaptivePool(7), (Shape(14, 14, 2),), Shape(7, 7, 2), {}, pool(392, 392, 98)),
    # rows 0-3, 3-6, 6-9 of 10, the last of them 6 to 9: [0,4), [3,7), [6,10); of 5 columns [0,3), [2,5)
    Case(AdaptivePool((3, 2), "max"), (Shape(10, 5, 2),), Shape(3, 2, 2), {}, pool(2 * 12 * 6, 100, 12)),
    # the same parts of the height and width, and 4 frames in 2 parts of 2
    Case(
        AdaptivePool3d((2, 3, 2), "max"),
        (Volume(4, 10, 5, 2),),
        Volume(2, 3, 2, 2),
        {},
        pool(2 * 4 * 12 * 6, 400, 24),
    ),
    # more positions than the map has: [0,1), [0,2), [1,2)
    Case(AdaptivePool((3, 1)), (Shape(2, 1, 1),), Shape(3, 1, 1), {}, pool(4, 2, 3)),
    Case(
        L2Pool(3, 2, 1),
        (Shape(112, 112, 64),),
        Shape(56, 56, 64),
        {},
        pool(9 * 200_704, 802_816, 200_704),
    ),
    Case(Add(), (MAP, MAP), MAP, {}, {"add": 401_408}),
    Case(Add(), (MAP, MAP, MAP), MAP, {}, {"add": 802_816}),
    Case(Gate(), (MAP, Shape(1, 1, 32)), MAP, {}, {"gate": 401_408}),
    Case(Concat(), (MAP, Shape(112, 112, 4)), Shape(112, 112, 36), {}, {}),
    Case(Pad((0, 1, 0, 1)), (MAP,), Shape(113, 113, 32), {}, {}),
    Case(Flatten(), (Shape(7, 7, 512),), Shape(1, 1, 25_088), {}, {}),
    Case(Reshape(4, 4, 3), (Shape(1, 1, 48),), Shape(4, 4, 3), {}, {}),
    Case(Dropout(), (MAP,), MAP, {}, {}),
    Case(Upsample(2), (Shape(4, 5, 6),), Shape(8, 10, 6), {}, {"upsample": 480}),
    Case(Slice(8, 4), (MAP,), Shape(112, 112, 8), {}, {}),
    Case(Shuffle(4), (MAP,), MAP, {}, {}),
    # Caffe's second half of a batch norm, and its statistics with the number they are divided by
    Case(Scale(), (MAP,), MAP, {"norm": 64}, {"norm": 401_408}),
    Case(Scale(bias=False, numbers=1), (MAP,), MAP, {"norm": 1}, {"norm": 401_408}),
    Case(Norm(False, False, True, True), (MAP,), MAP, {"norm_statistics": 65}, {"norm": 401_408}),
    Case(Bias(), (MAP,), MAP, {"bias": 32}, {"bias": 401_408}),
    Case(LayerNorm(), (MAP,), MAP, {"norm": 64}, {"norm": 401_408}),
    Case(RmsNorm(), (MAP,), MAP, {"norm": 32}, {"norm": 401_408}),
    Case(GroupNorm(8), (MAP,), MAP, {"norm": 64}, {"norm": 401_408}),
    Case(InstanceNorm(False, False), (MAP,), MAP, {}, {"norm": 401_408}),
    Case(L2Norm(), (MAP,), MAP, {"norm": 32}, {"norm": 401_408}),
    Case(LocalResponseNorm(5), (MAP,), MAP, {}, {"lrn": 5 * 401_408}),
    Case(LocalResponseNorm(3, within=True), (MAP,), MAP, {}, {"lrn": 9 * 401_408}),
    Case(PRelu(32), (MAP,), MAP, {"activation": 32}, {"activation": 401_408}),
    Case(Elementwise("add"), (MAP, Shape(1, 1, 32)), MAP, {}, {"add": 401_408}),
    Case(
        Elementwise("maximum"), (Shape(1, 112, 32), Shape(112, 1, 32), MAP), MAP, {}, {"elementwise": 802_816}
    ),
    # a map of attention: one number a position, for all channels
    Case(Gate(), (MAP, Shape(112, 112, 1)), MAP, {}, {"gate": 401_408}),
    Case(Axpy(), (Shape(1, 1, 32), MAP, MAP), MAP, {}, {"gate": 401_408, "add": 401_408}),
    Case(Concat("height"), (MAP, Shape(4, 112, 32)), Shape(116, 112, 32), {}, {}),
    Case(Permute(32, 112, 112), (MAP,), Shape(32, 112, 112), {}, {}),
    Case(Crop(100, 90), (MAP,), Shape(100, 90, 32), {}, {}),
    Case(Constant(2, 1, 30), (), Shape(2, 1, 30), {}, {}),
    Case(Constant(7, 1, 30, learned=True), (), Shape(7, 1, 30), {"table": 210}, {}),
    Case(Reduce(1, 1, 32, "max"), (MAP,), Shape(1, 1, 32), {}, {"reduce": 401_408}),
    Case(Resize(50, 60), (MAP,), Shape(50, 60, 32), {}, {"upsample": 96_000}),
    # floor(7 x 1.5) x floor(5 x 0.5)
    Case(Resize(ratio=(1.5, 0.5)), (Shape(7, 5, 3),), Shape(10, 2, 3), {}, {"upsample": 60}),
    # of each 4 channels one of twice the height and width, and the same back
    Case(Reduce(by="max", over="channels"), (MAP,), Shape(112, 112, 1), {}, {"reduce": 401_408}),
    Case(Reduce(by="mean", over="positions"), (MAP,), Shape(1, 1, 32), {}, {"reduce": 401_408}),
    Case(Permute(axes="cwh"), (Shape(1, 1, 32),), Shape(32, 1, 1), {}, {}),
    Case(MapToTokens(), (Shape(14, 12, 8),), Shape(168, 1, 8), {}, {}),
    Case(TokensToMap(14, 12, drop=1), (Shape(169, 1, 8),), Shape(14, 12, 8), {}, {}),
    Case(ClassToken(2), (Shape(14, 12, 8),), Shape(170, 1, 8), {"table": 16}, {}),
    Case(Positions(), (Shape(170, 1, 8),), Shape(170, 1, 8), {"table": 1360}, {"add": 1360}),
    Case(Positions(learned=False), (Shape(170, 1, 8),), Shape(170, 1, 8), {}, {"add": 1360}),
    # scores of 5 windows of 3 x 4 tokens and 2 heads: 5 x 7 offsets a head
    Case(RelativePositions(2, 3, 4), (Shape(10, 12, 12),), Shape(10, 12, 12), {"bias": 70}, {"bias": 1440}),
    Case(DepthToSpace(), (Shape(5, 6, 12),), Shape(10, 12, 3), {}, {}),
    Case(SpaceToDepth((2, 3)), (Shape(10, 12, 3),), Shape(5, 4, 18), {}, {}),
    # 21 scores for each of 100 boxes
    Case(
        Detection(10),
        (Shape(1, 1, 400), Shape(1, 1, 2100), Shape(2, 1, 400)),
        Shape(1, 10, 7),
        {},
        {"detection": 2100},
    ),
    # a kernel of 3 x 3 x 4 x 8 = 288 numbers that another layer gives, applied at 10 x 10 places
    Case(
        DynamicConv(8, 3),
        (Shape(10, 10, 4), Shape(1, 1, 288)),
        Shape(10, 10, 8),
        {},
        {"conv": 28_800},
    ),
    # every row twice, every column three times
    Case(Repeat(8, 12, 32), (Shape(4, 4, 32),), Shape(8, 12, 32), {}, {}),
    # 5 of the map's numbers, wherever they are
    Case(Gather(1, 1, 5), (MAP,), Shape(1, 1, 5), {}, {}),
    # 2 x 2 x 32 of the map's numbers are replaced
    Case(Scatter(), (MAP, Shape(2, 2, 32)), MAP, {}, {}),
    # a table of 12 stored numbers, and one op that is there
    Case(Tail(1, 10, 4, numbers=12), (Shape(1, 1, 400),), Shape(1, 10, 4), {"table": 12}, {"tail": 1}),
]


@pytest.mark.parametrize("case", CASES, ids=[f"{type(c.op).__name__}-{n}" for n, c in enumerate(CASES)])
def test_an_op_costs_what_is_worked_out_by_hand(case: Case) -> None:
    """Shape, parameters and work of one case, kind by kind."""
    assert case.op.shape(*case.inputs) == case.output
    assert by_kind(case.op.params(*case.inputs)) == case.params
    assert by_kind(case.op.work(case.output, *case.inputs)) == case.work


def without_case(ops: Mapping[str, Any], cases: Iterable[Case]) -> list[str]:
    """The words of ops that no case is about."""
    worked = {type(case.op) for case in cases}
    return [word for word, cls in ops.items() if cls not in worked]


def test_every_op_has_a_case_worked_by_hand() -> None:
    """A new op is asked for here."""
    assert without_case(OPS, CASES) == []


def test_an_op_without_a_case_is_found() -> None:
    """The test above can fail: without the cases of depthwise convolutions it would name them."""
    assert without_case(OPS, [c for c in CASES if not isinstance(c.op, DepthwiseConv)]) == ["depthwise"]


@pytest.mark.parametrize("case", CASES, ids=[f"{type(c.op).__name__}-{n}" for n, c in enumerate(CASES)])
def test_an_array_of_sizes_costs_what_each_size_costs(case: Case) -> None:
    """The same code, given a column of two equal heights, gives the same twice."""
    op, y = case.op, case.output
    columns = tuple(x._replace(h=np.array([x.h, x.h])) for x in case.inputs)
    out = op.shape(*columns)
    assert [tuple(np.broadcast_to(side, 2)[n] for side in out) for n in (0, 1)] == [y, y]
    for counted, expected in (
        (by_kind(op.params(*columns)), case.params),
        (by_kind(op.work(out, *columns)), case.work),
    ):
        assert {kind: np.broadcast_to(n, 2).tolist() for kind, n in counted.items()} == {
            kind: [n, n] for kind, n in expected.items()
        }


BAD = [
    (Conv(8, 5, padding="valid"), (Shape(4, 4, 3),), "the map vanishes: a window of 5 does not fit into 4"),
    (Conv(8, 3, groups=3), (Shape(4, 4, 4),), "3 groups do not divide 4 input and 8 output channels"),
    (
        Conv3d(8, 3, padding="valid"),
        (Volume(2, 9, 9, 1),),
        "the volume vanishes: a window of 3 does not fit into 2",
    ),
    (Conv3d(8), (Shape(4, 4, 3),), "it needs a volume of depth, height and width, and gets a map of 4x4x3"),
    (Conv3d(8, groups=3), (Volume(4, 4, 4, 4),), "3 groups do not divide 4 input and 8 output channels"),
    (
        TransposedConv3d(8, groups=3),
        (Volume(4, 4, 4, 4),),
        "3 groups do not divide 4 input and 8 output channels",
    ),
    (
        TransposedConv3d(8, 3, padding=(0, 0, 3)),
        (Volume(4, 4, 2, 4),),
        "the volume vanishes: its padding takes more than the window paints",
    ),
    (
        Upsample3d(),
        (Shape(4, 4, 3),),
        "it needs a volume of depth, height and width, and gets a map of 4x4x3",
    ),
    (Pad3d((0, 0, -2)), (Volume(2, 4, 4, 3),), "padding takes all of a volume of 2x4x4x3"),
    (Crop3d(3, 1, 1), (Volume(2, 4, 4, 3),), "3x1x1 cannot be cut out of a volume of 2x4x4x3"),
    (
        Add(),
        (Volume(2, 4, 4, 8), Shape(4, 4, 8)),
        "add needs maps of one shape, but these are 2x4x4x8 and 4x4x8",
    ),
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
    (TokensToMap(3, 4, drop=1), (Shape(12, 1, 8),), "12 tokens without 1 are no map of 3x4"),
    (GroupNorm(3), (Shape(4, 4, 8),), "3 groups do not divide 8 channels"),
    (
        RelativePositions(3, 3, 4),
        (Shape(10, 12, 12),),
        "10x12x12 are no scores of 3 heads, of 3x4 tokens each",
    ),
    (RelativePositions(2, 3, 4), (Shape(10, 12, 9),), "10x12x9 are no scores of 2 heads, of 3x4 tokens each"),
    (DepthToSpace(), (Shape(4, 4, 6),), "6 channels are not a multiple of 2 x 2"),
    (SpaceToDepth(), (Shape(4, 5, 6),), "a map of 4x5x6 is not made of pieces of 2x2"),
    (Resize(ratio=0.25), (Shape(4, 3, 6),), "the map vanishes: 0.25 x 0.25 of a map of 4x3x6"),
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
