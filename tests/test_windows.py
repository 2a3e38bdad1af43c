"""Do shapes and counts agree with a window that is slid over the map position by position?"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.engine.ops import AvgPool, Conv, DepthwiseConv, MaxPool, TransposedConv
from mnetcost.engine.shapes import Shape, windowed
from mnetcost.engine.terms import by_kind
from mnetcost.errors import ShapeError

SIDE, SMALL, PADS = st.integers(1, 12), st.integers(1, 4), st.tuples(*[st.integers(0, 3)] * 4)
PAIR = st.tuples(SMALL, SMALL)


def positions(
    n: int, kernel: int, stride: int, dilation: int, before: int, after: int, ceil: bool = False
) -> int:
    """How many starts a window has: those at which it fits; rounded up, also a last one of less than a
    window that starts in the map.
    """
    reach, all_ = dilation * (kernel - 1) + 1, before + n + after
    starts = range(0, all_, stride)
    if ceil:
        return len([start for start in starts if start + reach < all_ + stride and start < before + n])
    return len([start for start in starts if start + reach <= all_])


@given(
    h=SIDE,
    w=SIDE,
    c=st.integers(1, 3),
    kernel=PAIR,
    stride=PAIR,
    dilation=PAIR,
    pads=PADS,
    ceil=st.booleans(),
)
def test_a_window_has_as_many_positions_as_it_has_starts(
    h: int, w: int, c: int, kernel: Any, stride: Any, dilation: Any, pads: Any, ceil: bool
) -> None:
    """Convolutions, depthwise convolutions and pools, rows and columns apart; none left is refused."""
    top, bottom, left, right = pads
    # pools pad half a window at most
    half = tuple(min(pad, kernel[n // 2] // 2) for n, pad in enumerate(pads))
    rows = [
        positions(h, kernel[0], stride[0], dilation[0], top, bottom),
        positions(h, kernel[0], stride[0], dilation[0], *half[:2], ceil),
    ]
    columns = [
        positions(w, kernel[1], stride[1], dilation[1], left, right),
        positions(w, kernel[1], stride[1], dilation[1], *half[2:], ceil),
    ]
    x, window = Shape(h, w, 2 * c), kernel[0] * kernel[1]
    conv = Conv(6, kernel, stride, dilation, 2, pads, True)
    depthwise = DepthwiseConv(kernel, stride, dilation, 3, pads, True)
    pools = [pool(kernel, stride, half, dilation, ceil) for pool in (MaxPool, AvgPool)]
    for there, ops in ((rows[0] and columns[0], (conv, depthwise)), (rows[1] and columns[1], pools)):
        for op in () if there else ops:
            with pytest.raises(ShapeError, match="the map vanishes"):
                op.shape(x)  # type: ignore[attr-defined]
    if not all((*rows, *columns)):
        return
    y = Shape(rows[0], columns[0], 6)
    kind = "depthwise" if c == 1 else "grouped"
    assert conv.shape(x) == y
    assert by_kind(conv.params(x)) == {kind: window * c * 6, "bias": 6}
    assert by_kind(conv.work(y, x)) == {kind: window * c * 6 * y.h * y.w, "bias": y.elements}
    y = y._replace(c=6 * c)
    assert depthwise.shape(x) == y
    assert by_kind(depthwise.params(x)) == {"depthwise": window * 6 * c, "bias": 6 * c}
    assert by_kind(depthwise.work(y, x)) == {"depthwise": window * y.elements, "bias": y.elements}
    for pool in pools:
        y = Shape(rows[1], columns[1], 2 * c)
        assert pool.shape(x) == y
        assert by_kind(pool.work(y, x)) == {
            "pool": window * y.elements,
            "pool_input": x.elements,
            "pool_output": y.elements,
        }


@given(
    h=SIDE,
    w=SIDE,
    kernel=PAIR,
    stride=PAIR,
    dilation=PAIR,
    pads=PADS,
    extra=st.integers(0, 2),
    groups=st.sampled_from([1, 2]),
)
def test_a_transposed_window_paints_what_its_positions_reach(
    h: int, w: int, kernel: Any, stride: Any, dilation: Any, pads: Any, extra: int, groups: int
) -> None:
    """From the first number painted to the last, less the padding, rows and columns apart; counted at the
    input's positions.
    """
    reach = [
        max(i * s + d * j for i in range(n) for j in range(k)) + 1
        for n, k, s, d in zip((h, w), kernel, stride, dilation, strict=True)
    ]
    y = Shape(reach[0] + extra - pads[0] - pads[1], reach[1] + extra - pads[2] - pads[3], 6)
    op, x = TransposedConv(6, kernel, stride, dilation, groups, pads, extra, True), Shape(h, w, 4)
    if min(y) < 1:
        with pytest.raises(ShapeError, match="the map vanishes"):
            op.shape(x)
        return
    assert op.shape(x) == y
    weights = kernel[0] * kernel[1] * 4 * 6 // groups
    kind = "grouped" if groups > 1 else "pointwise" if kernel == (1, 1) else "conv"
    assert by_kind(op.params(x)) == {kind: weights, "bias": 6}
    work = by_kind(op.work(y, x))
    assert {k: work[k] for k in (kind, "bias")} == {kind: weights * h * w, "bias": y.elements}


@given(h=SIDE, w=SIDE, stride=PAIR)
def test_a_transposed_window_that_is_the_same_gives_stride_times_the_map(h: int, w: int, stride: Any) -> None:
    """As TensorFlow's "same"; "valid" is no padding."""
    x = Shape(h, w, 3)
    assert TransposedConv(2, 3, stride).shape(x) == Shape(h * stride[0], w * stride[1], 2)
    assert TransposedConv(2, 3, stride, padding="valid").shape(x) == Shape(
        (h - 1) * stride[0] + 3, (w - 1) * stride[1] + 3, 2
    )


@pytest.mark.parametrize(("channels", "out"), [(3, 4), (4, 3)])
def test_groups_of_a_transposed_convolution_divide_both_sides(channels: int, out: int) -> None:
    """Two groups of three channels are none."""
    with pytest.raises(
        ShapeError, match=f"2 groups do not divide {channels} input and {out} output channels"
    ):
        TransposedConv(out, groups=2).shape(Shape(4, 4, channels))
    with pytest.raises(
        ShapeError, match=f"2 groups do not divide {channels} input and {out} output channels"
    ):
        Conv(out, groups=2).shape(Shape(4, 4, channels))


@given(n=st.integers(1, 60), kernel=st.integers(1, 7), stride=st.integers(1, 4))
def test_same_is_a_map_divided_by_the_stride_and_rounded_up(n: int, kernel: int, stride: int) -> None:
    """Whatever padding that takes."""
    assert Conv(1, kernel, stride).shape(Shape(n, 2 * n, 1)) == Shape(-(-n // stride), -(-2 * n // stride), 1)


@given(n=st.integers(1, 30), kernel=st.sampled_from([1, 3, 5]), dilation=SMALL)
def test_symmetric_keeps_a_map_at_stride_1(n: int, kernel: int, dilation: int) -> None:
    """Half of the window's reach on each side; [h, w] is the same number above and below, before and
    behind.
    """
    assert Conv(1, kernel, 1, dilation, padding="symmetric").shape(Shape(n, n + 1, 1)) == Shape(n, n + 1, 1)
    assert Conv(1, (kernel, 1), padding=(kernel // 2, 0)).shape(Shape(n, n + 1, 1)) == Shape(n, n + 1, 1)
    assert Conv(1, (1, kernel), padding=(0, kernel // 2)).shape(Shape(n, n + 1, 1)) == Shape(n, n + 1, 1)


@given(h=SIDE, w=SIDE, tiles=st.integers(2, 4), kernel=st.sampled_from([1, 2, 3]), stride=SMALL)
def test_a_window_slides_over_each_tile_alone(h: int, w: int, tiles: int, kernel: int, stride: int) -> None:
    """Tiles stand one below the other: as many rows as one tile gives, that many times; a height that is
    no multiple is refused.
    """
    one = windowed(Shape(h, w, 2), kernel, stride, 1, 1)
    assert windowed(Shape(h * tiles, w, 2), kernel, stride, 1, 1, tiles=tiles) == (one[0] * tiles, one[1])
    with pytest.raises(ShapeError, match=f"is not {tiles} tiles one below the other"):
        windowed(Shape(h * tiles + 1, w, 2), kernel, stride, 1, 1, tiles=tiles)
