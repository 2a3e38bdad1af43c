"""Which layers does a convolution stand for whose kernel is a mix of several?"""

from ..errors import ShapeError
from ..records import NamedTuple
from .fields import Choice, Count, MaybeFlag, MaybeFunction, Padding, Share, Size, Width
from .num import anywhere, at_least, pair, truncate
from .ops import Constant, Dense, DynamicConv, GlobalPool, MatMul
from .ops.op import op
from .site import Site


@op("conv", family="filter")
class ExpertConv(NamedTuple):
    """Convolution whose kernel is a mix of `experts` learned kernels, in shares that the input decides:
    dynamic convolution, CondConv.

    The shares are from a global pool and one dense layer to `experts` numbers (CondConv: `routing =
    "sigmoid"`); with `reduce`, from a layer to this share of the channels, ReLU, and the dense layer (dynamic
    convolution). The mix costs experts x k_h x k_w x (c_in / groups) x c_out multiply-adds.
    Source: Yang et al. 2019, arXiv 1904.04971; Chen et al. 2019, arXiv 1912.03458, section 3.
    """

    out: Width
    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    groups: Count = 1
    padding: Padding = ""
    experts: Count = 4
    reduce: Share = 0
    routing: Choice = "softmax"
    norm: MaybeFlag = None
    activation: MaybeFunction = ""

    def build(self, s: Site) -> None:
        start, c, style = s.x, s.shape.c, s.rules.style
        out, groups = s.width(self.out), s.groups(self.groups)
        if anywhere(c % groups):
            raise ShapeError(f"{groups} groups do not divide {c} input channels")
        s.add("pool", GlobalPool(), why="one number per channel, so that the shares see the whole map")
        if self.reduce:
            middle = at_least(truncate(c * self.reduce), 1)
            s.add(
                "squeeze", Dense(middle, bias=False), why="to a few channels, so that the shares stay cheap"
            )
            s.activation("squeeze_relu", "relu")
        s.add("route", Dense(self.experts), why="a score for each kernel", printed=self.experts)
        s.activation(self.routing, self.routing, why="each kernel's share")
        k_h, k_w = pair(self.kernel)
        numbers = k_h * k_w * (c // groups) * out
        shares = s.x
        why = "the learned kernels, one below the other"
        stored = s.add("kernels", Constant(self.experts, 1, numbers, learned=True), why=why, printed=numbers)
        why = "mixes the kernels by their shares"
        s.add("mix", MatMul(self.experts, 1, 1, numbers), shares, stored, why=why, printed=numbers)
        padding = style.padding if self.padding == "" else self.padding
        layer = DynamicConv(out, self.kernel, self.stride, self.dilation, groups, padding)
        s.add("conv", layer, start, s.x, why="convolves with the mixed kernel", printed=self.out)
        s.norm_and_activation("", self.norm, self.activation)
