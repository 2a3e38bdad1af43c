"""Which ops are there, and what does each cost? One class an op: its fields, shape rule, parameters and work.

Every op answers three questions, for Python ints and for int64 arrays alike:

- `shape(*xs)`: the output's Shape from the inputs' Shapes; raises ShapeError where they do not fit;
- `params(*xs)`: the parameters as Terms;
- `work(y, *xs)`: the work for one image as Terms, given the output's Shape `y`.

A field is a TOML key of the same name. Work that papers do not count is emitted under its own kind, never
left out.
"""

from typing import Any, NamedTuple

from ...errors import ShapeError
from ..fields import Choice, Count, Flag, Padding, Size, Whole, Width
from ..num import Num, anywhere, everywhere, pair
from ..shapes import Shape, sides, tiled, windowed
from ..terms import Term, Terms, term
from .elements import Activation, Bias, L2Norm, LayerNorm, LocalResponseNorm, Norm, PRelu, Rescale, Scale
from .moves import (
    Concat,
    Constant,
    Crop,
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
)
from .op import channels_agree, op, spread


@op("input", writes=False)
class Input(NamedTuple):
    """The image, or another tensor given to the network."""

    h: Num
    w: Num
    c: Num

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)


def conv_kind(op: Any, x: Shape) -> str:
    """Name the kind of a convolution: depthwise, grouped, pointwise or conv."""
    if op.groups.__class__ is int and op.groups == 1:
        return "pointwise" if op.kernel == 1 or op.kernel == (1, 1) else "conv"
    return "depthwise" if everywhere(op.groups == x.c) else "grouped"


@op("conv")
class Conv(NamedTuple):
    """Convolution: every output channel looks at every input channel of its group.

    With kernel 1 it is pointwise and mixes channels only; with as many groups as channels it is depthwise.
    `tiles` maps stand one below the other and are convolved each by itself.
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
        yield Term(conv_kind(self, x), self._factors(x))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term(conv_kind(self, x), (*self._factors(x), ("h", y.h), ("w", y.w)))
        if self.bias:
            yield Term("bias", (("c_out", self.out), ("h", y.h), ("w", y.w)), "conv")


@op("depthwise")
class DepthwiseConv(NamedTuple):
    """Depthwise convolution: one filter (or `multiplier` filters) a channel, so channels never mix.

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


@op("dynamic_conv")
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


@op("transposed_conv")
class TransposedConv(NamedTuple):
    """Transposed convolution: every input position paints a window of the output.

    Multiply-adds = k_h x k_w x c_in x (c_out / groups) x h_in x w_in: the window is applied once an input
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
        yield Term(conv_kind(self, x), self._factors(x), "transposed")
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term(conv_kind(self, x), (*self._factors(x), ("h_in", x.h), ("w_in", x.w)), "transposed")
        k_h, k_w = pair(self.kernel)
        c_in = (("c_in", x.c),) if self.groups == 1 else (("c_in/groups", x.c // self.groups),)
        yield Term(
            "transposed_output",
            (("k_h", k_h), ("k_w", k_w), *c_in, ("c_out", self.out), ("h", y.h), ("w", y.w)),
        )
        if self.bias:
            yield Term("bias", (("c_out", self.out), ("h", y.h), ("w", y.w)), "conv")


@op("dense")
class Dense(NamedTuple):
    """Dense (fully connected) layer over the channels: a weight for every pair of input and output.

    Multiply-adds = c_in x c_out, at every position of the map (one position, after pooling or `flatten`).
    """

    out: Width
    bias: Flag = True

    def shape(self, x: Shape) -> Shape:
        return Shape(x.h, x.w, self.out)

    def params(self, x: Shape) -> Terms:
        yield Term("dense", (("c_in", x.c), ("c_out", self.out)))
        if self.bias:
            yield Term("bias", (("c_out", self.out),))

    def work(self, y: Shape, x: Shape) -> Terms:
        places = (
            ()
            if y.h.__class__ is int and y.h == 1 and y.w.__class__ is int and y.w == 1
            else (("h", y.h), ("w", y.w))
        )
        yield Term("dense", (("c_in", x.c), ("c_out", self.out), *places))
        if self.bias:
            yield Term("bias", (("c_out", self.out), *places), "dense")


@op("matmul")
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


def read_and_written(y: Shape, x: Shape, pool: str) -> Terms:
    """What a pool reads and writes, which some tools count instead of its windows."""
    yield Term("pool_input", (("c", x.c), ("h_in", x.h), ("w_in", x.w)), pool)
    yield Term("pool_output", (("c", y.c), ("h", y.h), ("w", y.w)), pool)


def pooled(pool: "MaxPool | AvgPool", x: Shape) -> Shape:
    """The map left by a pool with windows."""
    h, w = windowed(x, pool.kernel, pool.stride, pool.dilation, pool.padding, pool.ceil, pool.tiles)
    return Shape(h, w, x.c)


def pool_work(pool: "MaxPool | AvgPool", y: Shape, x: Shape, variant: str) -> Terms:
    """The numbers under a pool's windows, and what it reads and writes."""
    k_h, k_w = pair(pool.kernel)
    yield Term("pool", (("k_h", k_h), ("k_w", k_w), ("c", y.c), ("h", y.h), ("w", y.w)), variant)
    yield from read_and_written(y, x, variant)


@op("max_pool")
class MaxPool(NamedTuple):
    """Max pooling: the largest value under each window."""

    kernel: Size = 2
    stride: Size = 2
    padding: Padding = "valid"
    dilation: Size = 1
    ceil: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return pooled(self, x)

    def work(self, y: Shape, x: Shape) -> Terms:
        return pool_work(self, y, x, "max")


@op("avg_pool")
class AvgPool(NamedTuple):
    """Average pooling: the mean under each window."""

    kernel: Size = 2
    stride: Size = 2
    padding: Padding = "valid"
    dilation: Size = 1
    ceil: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return pooled(self, x)

    def work(self, y: Shape, x: Shape) -> Terms:
        return pool_work(self, y, x, "average")


@op("global_pool")
class GlobalPool(NamedTuple):
    """Global pooling: one number a channel, the mean (or maximum) of its whole map.

    `pool` is "average" or "max".
    """

    pool: Choice = "average"

    def shape(self, x: Shape) -> Shape:
        return Shape(1, 1, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("pool", (("c", x.c), ("h_in", x.h), ("w_in", x.w)), "global_" + self.pool)
        yield from read_and_written(y, x, "global_" + self.pool)


@op("adaptive_pool")
class AdaptivePool(NamedTuple):
    """Adaptive average pooling: whatever the input's size, the output is `size`, each value the mean of
    its share.
    """

    size: Size = 7

    def shape(self, x: Shape) -> Shape:
        h, w = pair(self.size)
        return Shape(h, w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("pool", (("c", x.c), ("h_in", x.h), ("w_in", x.w)), "adaptive_average")
        yield from read_and_written(y, x, "adaptive_average")


@op("add")
class Add(NamedTuple):
    """Element-wise sum of maps of one shape: the shortcut of a residual block."""

    def shape(self, *xs: Shape) -> Shape:
        channels_agree("add", xs)
        return xs[0]

    def work(self, y: Shape, *xs: Shape) -> Terms:
        times = (("inputs - 1", len(xs) - 1),) if len(xs) != 2 else ()
        yield Term("add", (*times, ("c", y.c), ("h", y.h), ("w", y.w)))


@op("elementwise")
class Elementwise(NamedTuple):
    """Combine maps element by element, a side of 1 repeated as often as needed: add, subtract, divide,
    maximum, minimum, power.
    """

    combine: Choice = "add"

    def shape(self, *xs: Shape) -> Shape:
        return spread(self.combine, xs)

    def work(self, y: Shape, *xs: Shape) -> Terms:
        times = (("inputs - 1", len(xs) - 1),) if len(xs) != 2 else ()
        kind, variant = ("add", "") if self.combine == "add" else ("elementwise", self.combine)
        yield Term(kind, (*times, ("c", y.c), ("h", y.h), ("w", y.w)), variant)


@op("gate")
class Gate(NamedTuple):
    """Multiply a map by a vector of one number a channel (squeeze-and-excite), by a map of its own shape,
    or of one channel.
    """

    def shape(self, x: Shape, by: Shape) -> Shape:
        vector = (by.h == 1) & (by.w == 1)
        if everywhere((x.c == by.c) & (vector | ((by.h == x.h) & (by.w == x.w)))):
            return x
        return spread("gate", (x, by))

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("gate", (("c", y.c), ("h", y.h), ("w", y.w)))


@op("axpy")
class Axpy(NamedTuple):
    """Scale a map by a vector and add another map, in one go: the end of a squeeze-and-excite residual
    block in SENet's Caffe files.

    Reads the vector, the map, and the map to add. Source: Hu et al. 2017, arXiv 1709.01507, and its
    authors' Caffe.
    """

    def shape(self, by: Shape, x: Shape, plus: Shape) -> Shape:
        channels_agree("axpy", (x, plus))
        return Gate().shape(x, by)

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("gate", (("c", y.c), ("h", y.h), ("w", y.w)))
        yield Term("add", (("c", y.c), ("h", y.h), ("w", y.w)))


@op("detection")
class Detection(NamedTuple):
    """Choose boxes by their scores and drop those that overlap: `keep` of them at most, 7 numbers each.

    What it does depends on the image; counted is one look at every score. Its inputs: offsets, scores,
    default boxes.
    """

    keep: Count = 100

    def shape(self, *xs: Shape) -> Shape:
        return Shape(1, self.keep, 7)

    def work(self, y: Shape, offsets: Shape, scores: Shape, *xs: Shape) -> Terms:
        yield Term("detection", (("scores", scores.elements),))


@op("tail")
class Tail(NamedTuple):
    """An op that cannot be costed, behind the last layer with weights: the choice of boxes or the
    decoding of poses that ends a model file.

    It has no weights and no products, so that the papers count 0; of its own kind is counted that it is
    there. `numbers` is how many stored numbers it reads, which are a table.
    """

    h: Count = 1
    w: Count = 1
    c: Count = 1
    numbers: Whole = 0

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)

    def params(self, *xs: Shape) -> Terms:
        if self.numbers:
            yield Term("table", (("numbers", self.numbers),))

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("tail", (("ops", 1),))


@op("reduce")
class Reduce(NamedTuple):
    """Bring a map down to `h` x `w` x `c` by the sum, mean, largest or smallest of what falls together."""

    h: Count = 1
    w: Count = 1
    c: Count = 1
    by: Choice = "sum"

    def shape(self, x: Shape) -> Shape:
        y = Shape(self.h, self.w, self.c)
        if anywhere(x.elements < y.elements):
            raise ShapeError(f"a map of {x} cannot be brought down to {y}")
        return y

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("reduce", (("c_in", x.c), ("h_in", x.h), ("w_in", x.w)), self.by)


@op("upsample")
class Upsample(NamedTuple):
    """Enlarge a map by whole factors; `method` is "nearest" or "bilinear"."""

    scale: Size = 2
    method: Choice = "nearest"

    def shape(self, x: Shape) -> Shape:
        s_h, s_w = pair(self.scale)
        return Shape(x.h * s_h, x.w * s_w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("upsample", (("c", y.c), ("h", y.h), ("w", y.w)), self.method)


@op("resize")
class Resize(NamedTuple):
    """Enlarge or shrink a map to `h` x `w`; `method` is "nearest" or "bilinear"."""

    h: Count
    w: Count
    method: Choice = "bilinear"

    def shape(self, x: Shape) -> Shape:
        return Shape(self.h, self.w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("upsample", (("c", y.c), ("h", y.h), ("w", y.w)), self.method)


@op("unknown")
class Unknown(NamedTuple):
    """An op that cannot be costed: its name is kept, its output shape is what the file says."""

    type: str
    h: Num
    w: Num
    c: Num

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)


Op = Any  # an instance of one of the classes of OPS, Input or Unknown

OPS: dict[str, type] = {
    "conv": Conv,
    "depthwise": DepthwiseConv,
    "transposed_conv": TransposedConv,
    "dynamic_conv": DynamicConv,
    "dense": Dense,
    "matmul": MatMul,
    "norm": Norm,
    "scale": Scale,
    "bias": Bias,
    "lrn": LocalResponseNorm,
    "layer_norm": LayerNorm,
    "l2_norm": L2Norm,
    "activation": Activation,
    "prelu": PRelu,
    "rescale": Rescale,
    "max_pool": MaxPool,
    "avg_pool": AvgPool,
    "global_pool": GlobalPool,
    "adaptive_pool": AdaptivePool,
    "add": Add,
    "elementwise": Elementwise,
    "gate": Gate,
    "axpy": Axpy,
    "concat": Concat,
    "pad": Pad,
    "flatten": Flatten,
    "reshape": Reshape,
    "permute": Permute,
    "repeat": Repeat,
    "crop": Crop,
    "gather": Gather,
    "scatter": Scatter,
    "constant": Constant,
    "detection": Detection,
    "tail": Tail,
    "dropout": Dropout,
    "reduce": Reduce,
    "upsample": Upsample,
    "resize": Resize,
    "slice": Slice,
    "shuffle": Shuffle,
}
"""Every op a spec may name, by its `op` word."""

_TWO_OR_MORE = dict.fromkeys(("add", "elementwise", "concat"), 0)
SEVERAL_INPUTS = {
    **_TWO_OR_MORE,
    "gate": 2,
    "matmul": 2,
    "dynamic_conv": 2,
    "scatter": 2,
    "axpy": 3,
    "detection": 3,
}
"""Ops that read more than one row, and how many; 0 is two or more."""
