"""Which ops slide a window over a volume, or change its depth (or frames), height and width?"""

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Choice, Count, Flag, Padding3, Size3, Whole3, Width, Zeros3
from ..num import Num, anywhere
from ..shapes import Shape, Volume, sides3d, triple, windowed3d
from ..terms import Term, Terms
from .convolutions import conv_terms
from .op import op
from .pools import adaptive_work, pool_work, read


def window(kernel: Size3) -> tuple[tuple[str, Num], ...]:
    """The named sides of a window."""
    return tuple(zip(("k_d", "k_h", "k_w"), triple(kernel), strict=True))


def volume(x: Shape | Volume) -> Volume:
    """The input, which must be a volume; raises ShapeError for a map."""
    if not isinstance(x, Volume):
        raise ShapeError(f"it needs a volume of depth, height and width, and gets a map of {x}")
    return x


def divided(c: Num, out: Num, groups: Num) -> None:
    """Raise ShapeError where the groups do not divide the channels."""
    if anywhere(c % groups) or anywhere(out % groups):
        raise ShapeError(f"{groups} groups do not divide {c} input and {out} output channels")


def shared(side: str, channels: Num, groups: Num) -> tuple[str, Num]:
    """The named channels that each group has."""
    one = groups.__class__ is int and groups == 1
    return (side, channels) if one else (f"{side}/groups", channels // groups)


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
        divided(x.c, self.out, self.groups)
        return Volume(*sides, self.out)

    def _factors(self, x: Volume) -> tuple[tuple[str, Num], ...]:
        return (*window(self.kernel), shared("c_in", x.c, self.groups), ("c_out", self.out))

    def params(self, x: Volume) -> Terms:
        yield from conv_terms(self, x, self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Volume, x: Volume) -> Terms:
        yield from conv_terms(self, x, (*self._factors(x), *y.places))
        if self.bias:
            yield Term("bias", (("c_out", self.out), *y.places), "conv")


@op("depthwise3d", in_place=True, volumes=True, styled=True)
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


@op("transposed_conv3d", volumes=True, styled=True, follows={"out": "width", "groups": "groups"})
class TransposedConv3d(NamedTuple):
    """Transposed convolution over a volume: every input position adds a window of values to the output.

    Multiply-adds = k_d x k_h x k_w x c_in x (c_out / groups) x d_in x h_in x w_in.
    Source: Cicek et al. 2016, arXiv 1606.06650.
    """

    out: Width
    kernel: Size3 = 2
    stride: Size3 = 2
    dilation: Size3 = 1
    groups: Count = 1
    padding: Padding3 = "same"
    output_padding: Whole3 = 0
    bias: Flag = False

    def shape(self, x: Volume) -> Volume:
        kernels, strides, dilations = triple(self.kernel), triple(self.stride), triple(self.dilation)
        divided(volume(x).c, self.out, self.groups)
        if self.padding == "same":
            d, h, w = (n * s for n, s in zip(x[:3], strides, strict=True))
            return Volume(d, h, w, self.out)
        both, extra = sides3d(self.padding, kernels, dilations), triple(self.output_padding)
        d, h, w = (
            (n - 1) * s - both[2 * i] - both[2 * i + 1] + d * (k - 1) + e + 1
            for i, (n, k, s, d, e) in enumerate(zip(x[:3], kernels, strides, dilations, extra, strict=True))
        )
        if anywhere(d < 1) or anywhere(h < 1) or anywhere(w < 1):
            raise ShapeError("the volume vanishes: its padding takes more than the window paints")
        return Volume(d, h, w, self.out)

    def _factors(self, x: Volume) -> tuple[tuple[str, Num], ...]:
        return (*window(self.kernel), ("c_in", x.c), shared("c_out", self.out, self.groups))

    def params(self, x: Volume) -> Terms:
        yield from conv_terms(self, x, self._factors(x), "transposed")
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Volume, x: Volume) -> Terms:
        yield from conv_terms(self, x, (*self._factors(x), *read(x)), "transposed")
        products = (*window(self.kernel), shared("c_in", x.c, self.groups), ("c_out", self.out))
        yield Term("transposed_output", (*products, *y.places))
        if self.bias:
            yield Term("bias", (("c_out", self.out), *y.places), "conv")


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


@op("upsample3d", volumes=True)
class Upsample3d(NamedTuple):
    """Enlarge a volume by integer factors; each number is repeated, or with `trilinear` computed from its
    neighbours.
    """

    scale: Size3 = 2
    trilinear: Flag = False

    def shape(self, x: Volume) -> Volume:
        d, h, w = (n * s for n, s in zip(volume(x)[:3], triple(self.scale), strict=True))
        return Volume(d, h, w, x.c)

    def work(self, y: Volume, x: Volume) -> Terms:
        yield Term("upsample", (("c", y.c), *y.places), "trilinear" if self.trilinear else "nearest")


@op("pad3d", volumes=True, writes=False, light=True)
class Pad3d(NamedTuple):
    """Zeros around a volume."""

    padding: Zeros3 = 1

    def shape(self, x: Volume) -> Volume:
        both = sides3d(self.padding)
        d, h, w = (n + both[2 * i] + both[2 * i + 1] for i, n in enumerate(volume(x)[:3]))
        if anywhere(d < 1) or anywhere(h < 1) or anywhere(w < 1):
            raise ShapeError(f"padding takes all of a volume of {x}")
        return Volume(d, h, w, x.c)


@op("crop3d", volumes=True, writes=False, light=True)
class Crop3d(NamedTuple):
    """Take a part of a volume: `d` x `h` x `w` positions of it."""

    d: Count
    h: Count
    w: Count

    def shape(self, x: Volume) -> Volume:
        y = Volume(self.d, self.h, self.w, volume(x).c)
        if any(anywhere(a > b) for a, b in zip(y, x, strict=True)):
            raise ShapeError(f"{self.d}x{self.h}x{self.w} cannot be cut out of a volume of {x}")
        return y
