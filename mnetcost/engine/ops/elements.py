"""Which ops treat every number by itself, or divide it by its neighbours, and what do they cost?

Norms, scales and activations.
"""

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Count, Flag, Function, Whole
from ..num import Num, anywhere
from ..shapes import Shape
from ..terms import Term, Terms
from .op import op


@op("norm", volumes=True, in_place=True, writes=False, light=True, noun="batch norm")
class Norm(NamedTuple):
    """Batch normalisation: a scale and a shift per channel, and the running mean and variance for
    inference.

    `scale` and `center` drop gamma or beta. The running statistics are a separate kind, because papers leave
    them out.
    Source: Ioffe and Szegedy 2015, arXiv 1502.03167.
    """

    scale: Flag = True
    center: Flag = True
    statistics: Flag = True
    counter: Flag = False  # Caffe's third blob, one number: by what the running sums are to be divided

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        if self.scale:
            yield Term("norm", (("gamma", x.c),), "scale")
        if self.center:
            yield Term("norm", (("beta", x.c),), "shift")
        if self.statistics:
            yield Term("norm_statistics", (("mean and variance", 2), ("c", x.c)))
        if self.counter:
            yield Term("norm_statistics", (("counter", 1),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("norm", (("c", y.c), *y.places), BATCH_NORM[self.scale, self.center])


BATCH_NORM = {
    (True, True): "batch",
    (True, False): "batch_scale",
    (False, True): "batch_shift",
    (False, False): "batch_bare",
}


def learned(numbers: Num, x: Shape) -> Num:
    """How many numbers are learned: one per channel if `numbers` is 0."""
    return x.c if numbers.__class__ is int and numbers == 0 else numbers


@op("scale", volumes=True, in_place=True, writes=False, light=True, follows={"numbers": "numbers"})
class Scale(NamedTuple):
    """Multiply each channel by a learned number and, with `bias`, add another: the second half of Caffe's
    batch norm.

    `numbers` is how many are learned, if not one per channel: 1 for the whole map, or one per element.
    """

    bias: Flag = True
    numbers: Whole = 0

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        yield Term("norm", (("gamma", learned(self.numbers, x)),), "scale")
        if self.bias:
            yield Term("norm", (("beta", learned(self.numbers, x)),), "shift")

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("norm", (("c", y.c), *y.places), "scale")


@op("bias", volumes=True, in_place=True, writes=False, light=True, follows={"numbers": "numbers"})
class Bias(NamedTuple):
    """Add a learned number to each channel; `numbers` is how many, if not one per channel."""

    numbers: Whole = 0

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        yield Term("bias", (("c", learned(self.numbers, x)),))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("bias", (("c", y.c), *y.places), "alone")


@op("lrn")
class LocalResponseNorm(NamedTuple):
    """Local response normalisation: each element is divided by a power of the sum of `size` squares around
    it.

    Its window runs over `size` channels, or over `size` x `size` positions with `within`.
    Source: Krizhevsky et al. 2012, ImageNet classification with deep convolutional neural networks, section
    3.3.
    """

    size: Count = 5
    within: Flag = False

    def shape(self, x: Shape) -> Shape:
        return x

    def work(self, y: Shape, x: Shape) -> Terms:
        window = (("k_h", self.size), ("k_w", self.size)) if self.within else (("k", self.size),)
        yield Term("lrn", (*window, ("c", y.c), ("h", y.h), ("w", y.w)))


@op("layer_norm", volumes=True, writes=False)
class LayerNorm(NamedTuple):
    """Layer normalisation: zero mean and unit variance at each position, then a scale and a shift per
    channel.

    Source: Ba et al. 2016, arXiv 1607.06450.
    """

    scale: Flag = True
    center: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        if self.scale:
            yield Term("norm", (("gamma", x.c),), "scale")
        if self.center:
            yield Term("norm", (("beta", x.c),), "shift")

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("norm", (("c", y.c), *y.places), LAYER_NORM[self.scale, self.center])


LAYER_NORM = {
    (True, True): "layer",
    (True, False): "layer_scale",
    (False, True): "layer",
    (False, False): "layer_bare",
}


@op("rms_norm", volumes=True, writes=False)
class RmsNorm(NamedTuple):
    """Root mean square normalisation: the numbers at each position are divided by the root of the mean of
    their squares, then multiplied by a learned number per channel.

    Unlike layer normalisation, it subtracts no mean and adds no shift. `scale` drops the learned numbers.
    Source: Zhang and Sennrich 2019, arXiv 1910.07467.
    """

    scale: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        return LayerNorm(self.scale, False).params(x)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("norm", (("c", y.c), *y.places), "rms")


@op("group_norm", volumes=True, writes=False, follows={"groups": "groups"})
class GroupNorm(NamedTuple):
    """Group normalisation: zero mean and unit variance in each of `groups` groups of channels, then a scale
    and a shift per channel.

    Source: Wu and He 2018, arXiv 1803.08494.
    """

    groups: Count = 32
    scale: Flag = True
    center: Flag = True

    def shape(self, x: Shape) -> Shape:
        if anywhere(x.c % self.groups):
            raise ShapeError(f"{self.groups} groups do not divide {x.c} channels")
        return x

    def params(self, x: Shape) -> Terms:
        return LayerNorm(self.scale, self.center).params(x)

    def work(self, y: Shape, x: Shape) -> Terms:
        variant = "group" if self.scale or self.center else "group_bare"
        yield Term("norm", (("c", y.c), *y.places), variant)


@op("instance_norm", volumes=True, writes=False)
class InstanceNorm(NamedTuple):
    """Instance normalisation: zero mean and unit variance in each channel of each image, then a scale and a
    shift per channel.

    PyTorch's has scale and shift only with `affine=True`: `scale` and `center` drop them.
    Source: Ulyanov et al. 2016, arXiv 1607.08022.
    """

    scale: Flag = True
    center: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        return LayerNorm(self.scale, self.center).params(x)

    def work(self, y: Shape, x: Shape) -> Terms:
        variant = "instance" if self.scale or self.center else "instance_bare"
        yield Term("norm", (("c", y.c), *y.places), variant)


@op("l2_norm", volumes=True, writes=False, follows={"numbers": "numbers"})
class L2Norm(NamedTuple):
    """Divide the vector at each position by its L2 norm; with `scale`, then multiply each channel by a
    learned number.

    `numbers` is how many are learned, if not one per channel.
    """

    scale: Flag = True
    numbers: Whole = 0

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        if self.scale:
            yield Term("norm", (("gamma", learned(self.numbers, x)),), "scale")

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("norm", (("c", y.c), *y.places), "l2")


@op("prelu", volumes=True, in_place=True, writes=False, light=True, follows={"slopes": "numbers"})
class PRelu(NamedTuple):
    """ReLU with a learned slope below zero: `slopes` of them, usually one per channel.

    As an `activation` or `function` of a row, "prelu" has one slope per channel, and "prelu_shared" one for
    all of them.

    Source: He et al. 2015, arXiv 1502.01852.
    """

    slopes: Count = 1

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        yield Term("activation", (("slopes", self.slopes),), "prelu")

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("activation", (("c", y.c), *y.places), "prelu")


@op("activation", volumes=True, in_place=True, writes=False, light=True)
class Activation(NamedTuple):
    """Activation function, evaluated once per element."""

    function: Function = "relu"

    def shape(self, x: Shape) -> Shape:
        return x

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("activation", (("c", y.c), *y.places), self.function)


@op(
    "rescale",
    volumes=True,
    writes=False,
    light=True,
    why="brings pixels to the range the network was trained on",
)
class Rescale(NamedTuple):
    """Multiply by a fixed number, add another, or only one of both: pixels are scaled to -1 .. 1 this way."""

    scale: Flag = True
    shift: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("rescale", (("c", y.c), *y.places), "" if self.scale and self.shift else "half")
