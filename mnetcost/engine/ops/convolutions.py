"""Which ops multiply by weights or by each other? Convolutions, dense layers and matrix products."""

from typing import Any

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Count, Flag, Padding, Size, Whole, Width
from ..num import Num, anywhere, everywhere, is_array, pair
from ..shapes import Shape, Volume, sides, tiled, windowed
from ..terms import Term, Terms, term
from .op import op


def conv_kind(op: Any, x: Shape | Volume) -> str:
    """Name the kind of a convolution: depthwise, grouped, pointwise or conv."""
    if op.groups.__class__ is int and op.groups == 1:
        sides = op.kernel if op.kernel.__class__ is tuple else (op.kernel,)
        return "pointwise" if all(everywhere(side == 1) for side in sides) else "conv"
    return "depthwise" if everywhere(op.groups == x.c) else "grouped"


def conv_terms(op: Any, x: Shape | Volume, factors: tuple[tuple[str, Num], ...], variant: str = "") -> Terms:
    """The products of a convolution, of its kind; in a grid of groups or of channels that are grouped, of the
    kind that each cell has.
    """
    groups = op.groups
    if (groups.__class__ is int and groups == 1) or not is_array(each := groups == x.c):
        yield Term(conv_kind(op, x), factors, variant)
        return
    one = (each | True) & (groups == 1)
    kinds = (
        (conv_kind(op._replace(groups=1), x), one),
        ("depthwise", each & ~one),
        ("grouped", ~(one | each)),
    )
    for kind, here in kinds:
        if everywhere(here):
            yield Term(kind, factors, variant)
        elif anywhere(here):
            yield Term(kind, (*factors, ("here", here * 1)), variant)


@op("conv", styled=True, sees="window", follows={"out": "width", "groups": "groups"}, family="product")
class Conv(NamedTuple):
    """Convolution: every output channel reads every input channel of its group.

    With kernel 1 it is pointwise and only mixes channels; with as many groups as channels it is depthwise.
    The input is `tiles` maps, one below the other, and each is convolved separately.
    Multiply-adds = k_h x k_w x (c_in / groups) x c_out x h_out x w_out.
    Source: Howard et al. 2017, arXiv 1704.04861, section 3.1, equation 2.
    """

    out: Width
    kernel: Size = 1
    stride: Size = 1
    dilation: Size = 1
    groups: Count = 1
    padding: Padding = "same"
    bias: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        many = self.groups.__class__ is not int or self.groups != 1
        if many and (anywhere(x.c % self.groups) or anywhere(self.out % self.groups)):
            raise ShapeError(f"{self.groups} groups do not divide {x.c} input and {self.out} output channels")
        h, w = windowed(x, self.kernel, self.stride, self.dilation, self.padding, False, self.tiles)
        return Shape(h, w, self.out)

    def _factors(self, x: Shape) -> tuple[tuple[str, Num], ...]:
        k = self.kernel
        k_h, k_w = k if k.__class__ is tuple else (k, k)
        if self.groups.__class__ is int and self.groups == 1:
            return (("k_h", k_h), ("k_w", k_w), ("c_in", x.c), ("c_out", self.out))
        return (("k_h", k_h), ("k_w", k_w), ("c_in/groups", x.c // self.groups), ("c_out", self.out))

    def params(self, x: Shape) -> Terms:
        yield from conv_terms(self, x, self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield from conv_terms(self, x, (*self._factors(x), ("h", y.h), ("w", y.w)))
        if self.bias:
            yield Term("bias", (("c_out", self.out), ("h", y.h), ("w", y.w)), "conv")


@op("depthwise", styled=True, sees="window", in_place=True)
class DepthwiseConv(NamedTuple):
    """Depthwise convolution: one filter (or `multiplier` filters) per channel, so channels never mix.

    Multiply-adds = k_h x k_w x c x multiplier x h_out x w_out.
    Source: Howard et al. 2017, arXiv 1704.04861, section 3.1, equation 4.
    """

    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    multiplier: Count = 1
    padding: Padding = "same"
    bias: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        h, w = windowed(x, self.kernel, self.stride, self.dilation, self.padding, False, self.tiles)
        return Shape(h, w, x.c * self.multiplier)

    def printed(self, *xs: Num) -> Num:
        """The printed width of its input, times the multiplier."""
        return xs[0] * self.multiplier

    def _factors(self, x: Shape) -> tuple[tuple[str, Num], ...]:
        k = self.kernel
        k_h, k_w = k if k.__class__ is tuple else (k, k)
        if self.multiplier.__class__ is int and self.multiplier == 1:
            return (("k_h", k_h), ("k_w", k_w), ("c", x.c))
        return (("k_h", k_h), ("k_w", k_w), ("c", x.c), ("multiplier", self.multiplier))

    def params(self, x: Shape) -> Terms:
        yield Term("depthwise", self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", x.c * self.multiplier),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("depthwise", (*self._factors(x), ("h", y.h), ("w", y.w)))
        if self.bias:
            yield Term("bias", (("c_out", y.c), ("h", y.h), ("w", y.w)), "conv")


@op("dynamic_conv", reads=2, sees="window", follows={"groups": "groups"})
class DynamicConv(NamedTuple):
    """Convolution whose weights another layer gives, such as a mix of stored kernels: it reads the map,
    then the weights.

    Multiply-adds = k_h x k_w x (c_in / groups) x c_out x h_out x w_out; it has no parameters.
    Source: Yang et al. 2019, arXiv 1904.04971.
    """

    out: Width
    kernel: Size = 1
    stride: Size = 1
    dilation: Size = 1
    groups: Count = 1
    padding: Padding = "same"

    def shape(self, x: Shape, by: Shape) -> Shape:
        conv = Conv(*self)
        y = conv.shape(x)
        needs = term("conv", **dict(conv._factors(x))).count
        if not everywhere(by.elements == needs):
            raise ShapeError(f"its weights are {needs} numbers, and it gets {by.elements}")
        return y

    def work(self, y: Shape, x: Shape, by: Shape) -> Terms:
        return Conv(*self).work(y, x)


@op("transposed_conv", styled=True, sees="spread", follows={"out": "width", "groups": "groups"})
class TransposedConv(NamedTuple):
    """Transposed convolution: every input position adds a window of values to the output.

    Multiply-adds = k_h x k_w x c_in x (c_out / groups) x h_in x w_in: the window is applied once per input
    position.
    """

    out: Width
    kernel: Size = 2
    stride: Size = 2
    dilation: Size = 1
    groups: Count = 1
    padding: Padding = "same"
    output_padding: Whole = 0
    bias: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        if self.tiles != 1:
            y = self._replace(tiles=1).shape(tiled(x, self.tiles))
            return y._replace(h=y.h * self.tiles)
        kernel, stride, dilation = pair(self.kernel), pair(self.stride), pair(self.dilation)
        extra = pair(self.output_padding)
        if self.groups != 1 and (anywhere(x.c % self.groups) or anywhere(self.out % self.groups)):
            raise ShapeError(f"{self.groups} groups do not divide {x.c} input and {self.out} output channels")
        if self.padding == "same":
            return Shape(x.h * stride[0], x.w * stride[1], self.out)
        top, bottom, left, right = (
            (0, 0, 0, 0) if self.padding == "valid" else sides(self.padding, kernel, dilation)
        )
        h = (x.h - 1) * stride[0] - top - bottom + dilation[0] * (kernel[0] - 1) + extra[0] + 1
        w = (x.w - 1) * stride[1] - left - right + dilation[1] * (kernel[1] - 1) + extra[1] + 1
        if anywhere(h < 1) or anywhere(w < 1):
            raise ShapeError("the map vanishes: its padding takes more than the window paints")
        return Shape(h, w, self.out)

    def _factors(self, x: Shape) -> tuple[tuple[str, Num], ...]:
        k_h, k_w = pair(self.kernel)
        c_out = (("c_out", self.out),) if self.groups == 1 else (("c_out/groups", self.out // self.groups),)
        return (("k_h", k_h), ("k_w", k_w), ("c_in", x.c), *c_out)

    def params(self, x: Shape) -> Terms:
        yield from conv_terms(self, x, self._factors(x), "transposed")
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield from conv_terms(self, x, (*self._factors(x), ("h_in", x.h), ("w_in", x.w)), "transposed")
        k_h, k_w = pair(self.kernel)
        c_in = (("c_in", x.c),) if self.groups == 1 else (("c_in/groups", x.c // self.groups),)
        yield Term(
            "transposed_output",
            (("k_h", k_h), ("k_w", k_w), *c_in, ("c_out", self.out), ("h", y.h), ("w", y.w)),
        )
        if self.bias:
            yield Term("bias", (("c_out", self.out), ("h", y.h), ("w", y.w)), "conv")


@op(
    "dense",
    volumes=True,
    follows={"out": "width"},
    family="product",
    why="scores from the channels, each weight used once",
)
class Dense(NamedTuple):
    """Dense (fully connected) layer over the channels: a weight for every pair of input and output.

    Multiply-adds = c_in x c_out, at every position of the map (one position, after pooling or `flatten`).
    """

    out: Width
    bias: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x._replace(c=self.out)

    def params(self, x: Shape) -> Terms:
        yield Term("dense", (("c_in", x.c), ("c_out", self.out)))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        places = () if all(n.__class__ is int and n == 1 for _, n in y.places) else y.places
        yield Term("dense", (("c_in", x.c), ("c_out", self.out), *places))
        if self.bias:
            yield Term("bias", (("c_out", self.out), *places), "dense")


@op("matmul", reads=2, sees="everything")
class MatMul(NamedTuple):
    """Product of two matrices that are both computed, as in attention: a map of `h` x `w` x `c`, each
    number a sum of `inner` products.

    Multiply-adds = inner x c x h x w. Where one side is stored in the file it is a dense layer.
    Source: Vaswani et al. 2017, arXiv 1706.03762, section 3.2.1.
    """

    inner: Count
    h: Count = 1
    w: Count = 1
    c: Count = 1

    def shape(self, x: Shape, by: Shape) -> Shape:
        if anywhere(x.elements % self.inner) or anywhere(by.elements % self.inner):
            raise ShapeError(f"maps of {x} and {by} have no common side of {self.inner}")
        y = Shape(self.h, self.w, self.c)
        # of b products of m x inner by inner x n: (b m inner) (b inner n) is b inner^2 (b m n); a factor
        # that all share has a smaller b
        if anywhere(x.elements * by.elements % (y.elements * self.inner**2)):
            raise ShapeError(f"no product of {x} and {by} with sums of {self.inner} is a map of {y}")
        return y

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("matmul", (("inner", self.inner), ("c", y.c), ("h", y.h), ("w", y.w)))
