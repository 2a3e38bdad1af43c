"""Which ops slide a window over a volume, along depth (or frames), height and width?"""

from typing import NamedTuple

from ...errors import ShapeError
from ..fields import Choice, Count, Flag, Padding3, Size3, Width
from ..num import Num, anywhere
from ..shapes import Shape, Volume, triple, windowed3d
from ..terms import Term, Terms
from .convolutions import conv_terms
from .op import op
from .pools import adaptive_work, pool_work


def window(kernel: Size3) -> tuple[tuple[str, Num], ...]:
    """The named sides of a window."""
    return tuple(zip(("k_d", "k_h", "k_w"), triple(kernel), strict=True))


def volume(x: Shape | Volume) -> Volume:
    """The input, which must be a volume; raises ShapeError for a map."""
    if not isinstance(x, Volume):
        raise ShapeError(f"it needs a volume of depth, height and width, and gets a map of {x}")
    return x


@op("conv3d", volumes=True, styled=True, follows={"out": "width", "groups": "groups"})
class Conv3d(NamedTuple):
    """Convolution over a volume: its window also slides along the depth (or frames).

    Multiply-adds = k_d x k_h x k_w x (c_in / groups) x c_out x d_out x h_out x w_out.
    Source: Tran et al. 2015, arXiv 1412.0767.
    """

    out: Width
    kernel: Size3 = 1
    stride: Size3 = 1
    dilation: Size3 = 1
    groups: Count = 1
    padding: Padding3 = "same"
    bias: Flag = False

    def shape(self, x: Volume) -> Volume:
        sides = windowed3d(volume(x), self.kernel, self.stride, self.dilation, self.padding)
        if anywhere(x.c % self.groups) or anywhere(self.out % self.groups):
            raise ShapeError(f"{self.groups} groups do not divide {x.c} input and {self.out} output channels")
        return Volume(*sides, self.out)

    def _factors(self, x: Volume) -> tuple[tuple[str, Num], ...]:
        one = self.groups.__class__ is int and self.groups == 1
        c_in = ("c_in", x.c) if one else ("c_in/groups", x.c // self.groups)
        return (*window(self.kernel), c_in, ("c_out", self.out))

    def params(self, x: Volume) -> Terms:
        yield from conv_terms(self, x, self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Volume, x: Volume) -> Terms:
        yield from conv_terms(self, x, (*self._factors(x), *y.places))
        if self.bias:
            yield Term("bias", (("c_out", self.out), *y.places), "conv")


@op("depthwise3d", volumes=True, styled=True)
class DepthwiseConv3d(NamedTuple):
    """Depthwise convolution over a volume: one filter (or `multiplier` filters) per channel.

    Multiply-adds = k_d x k_h x k_w x c x multiplier x d_out x h_out x w_out.
    Source: Tran et al. 2019, arXiv 1904.02811.
    """

    kernel: Size3 = 3
    stride: Size3 = 1
    dilation: Size3 = 1
    multiplier: Count = 1
    padding: Padding3 = "same"
    bias: Flag = False

    def shape(self, x: Volume) -> Volume:
        sides = windowed3d(volume(x), self.kernel, self.stride, self.dilation, self.padding)
        return Volume(*sides, x.c * self.multiplier)

    def printed(self, *xs: Num) -> Num:
        """The printed width of its input, times the multiplier."""
        return xs[0] * self.multiplier

    def _factors(self, x: Volume) -> tuple[tuple[str, Num], ...]:
        return (*window(self.kernel), ("c", x.c), ("multiplier", self.multiplier))

    def params(self, x: Volume) -> Terms:
        yield Term("depthwise", self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", x.c * self.multiplier),))

    def work(self, y: Volume, x: Volume) -> Terms:
        yield Term("depthwise", (*self._factors(x), *y.places))
        if self.bias:
            yield Term("bias", (("c_out", y.c), *y.places), "conv")


def pooled(pool: "MaxPool3d | AvgPool3d", x: Volume) -> Volume:
    """The volume left by a pool with windows."""
    sides = windowed3d(volume(x), pool.kernel, pool.stride, pool.dilation, pool.padding, pool.ceil)
    return Volume(*sides, x.c)


@op("max_pool3d", volumes=True, family="pool3d", why="keeps the strongest response of each window")
class MaxPool3d(NamedTuple):
    """Max pooling over a volume: the largest value under each window."""

    kernel: Size3 = 2
    stride: Size3 = 2
    padding: Padding3 = "valid"
    dilation: Size3 = 1
    ceil: Flag = False

    def shape(self, x: Volume) -> Volume:
        return pooled(self, x)

    def work(self, y: Volume, x: Volume) -> Terms:
        return pool_work(window(self.kernel), y, x, "max")


@op("avg_pool3d", volumes=True, family="pool3d", why="keeps the mean of each window")
class AvgPool3d(NamedTuple):
    """Average pooling over a volume: the mean under each window."""

    kernel: Size3 = 2
    stride: Size3 = 2
    padding: Padding3 = "valid"
    dilation: Size3 = 1
    ceil: Flag = False

    def shape(self, x: Volume) -> Volume:
        return pooled(self, x)

    def work(self, y: Volume, x: Volume) -> Terms:
        return pool_work(window(self.kernel), y, x, "average")


@op("adaptive_pool3d", volumes=True, family="pool3d")
class AdaptivePool3d(NamedTuple):
    """Adaptive pooling over a volume: the output has `size` at any input size; each value is the mean (or
    maximum) of one part of the input, as in `adaptive_pool`.
    """

    size: Size3
    pool: Choice = "average"

    def shape(self, x: Volume) -> Volume:
        return Volume(*triple(self.size), volume(x).c)

    def work(self, y: Volume, x: Volume) -> Terms:
        return adaptive_work(y, x, "adaptive_" + self.pool)
