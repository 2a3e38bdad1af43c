"""Which blocks are there, and which layers does each stand for?

One class a block: its fields, then its layers in order.

A block's fields are its TOML keys. It writes its layers with a `Site`, which knows the design's rules,
alpha, and the row it stands in.
"""

from typing import TYPE_CHECKING, NamedTuple, cast

from ..errors import ShapeError
from .attention import Attention, PatchEmbed
from .experts import ExpertConv
from .fields import (
    Choice,
    Count,
    Flag,
    MaybeCount,
    MaybeFlag,
    MaybeFunction,
    Padding,
    Part,
    Ratio,
    Share,
    Size,
    Whole,
    Width,
)
from .graph import Ref
from .num import Num, anywhere, everywhere, pair
from .ops import Add, Concat, Conv, MaxPool, Shuffle, Slice
from .ops.op import op
from .shapes import Shape
from .site import ADD, Site
from .terms import Terms

if TYPE_CHECKING:
    from .ops.op import OpClass


@op("conv", together={"width": ("out", "expand")}, either=("out", "expand"), family="filter")
class ConvNorm(NamedTuple):
    """Convolution, batch norm and activation: "conv2d" in the papers' tables.

    Instead of `out`, `expand` gives the width as a multiple of the input's.
    """

    out: Width = None
    kernel: Size = 1
    stride: Size = 1
    dilation: Size = 1
    groups: Count = 1
    padding: Padding = ""
    bias: MaybeFlag = None
    norm: MaybeFlag = None
    activation: MaybeFunction = ""
    expand: Ratio = None

    def build(self, s: Site) -> None:
        if self.expand is not None:
            rule = s.rules.expansion.width
            printed, out = rule.round(s.printed[s.x] * self.expand), rule.round(s.shape.c * self.expand)
        else:
            printed, out = self.out, s.width(self.out)
        padding = s.rules.style.padding if self.padding == "" else self.padding
        layer = Conv(
            out, self.kernel, self.stride, self.dilation, s.groups(self.groups), padding, s.bias(self.bias)
        )
        why = s.why or (
            "mixes channels, one position at a time"
            if pair(self.kernel) == (1, 1)
            else "looks at a window in all channels at once"
        )
        s.add("conv", layer, why=why, printed=printed)
        s.norm_and_activation("", self.norm, self.activation)


@op("depthwise")
class DepthwiseNorm(NamedTuple):
    """Depthwise convolution, batch norm and activation."""

    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    multiplier: Count = 1
    padding: Padding = ""
    bias: MaybeFlag = None
    norm: MaybeFlag = None
    activation: MaybeFunction = ""

    def build(self, s: Site) -> None:
        why = s.why or "looks at a window in each channel alone"
        s.depthwise(
            "depthwise",
            self.kernel,
            self.stride,
            self.dilation,
            self.padding,
            self.bias,
            why,
            self.multiplier,
        )
        s.norm_and_activation("", self.norm, self.activation)


@op("separable", family="filter")
class Separable(NamedTuple):
    """Depthwise separable convolution: a depthwise filter, then a pointwise one, each with batch norm and
    activation.

    Costs 1/N + 1/K^2 of the standard convolution with a K x K kernel and N output channels.
    Source: Howard et al. 2017, arXiv 1704.04861, section 3.1.
    """

    out: Width
    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    padding: Padding = ""
    bias: MaybeFlag = None
    norm: MaybeFlag = None
    activation: MaybeFunction = ""

    def build(self, s: Site) -> None:
        why = "filters each channel by itself, the first half of the factorised convolution"
        s.depthwise("depthwise", self.kernel, self.stride, self.dilation, self.padding, self.bias, why)
        s.norm_and_activation("depthwise", self.norm, self.activation)
        why = "combines the channels, the second half of the factorised convolution"
        s.add("pointwise", Conv(s.width(self.out), bias=s.bias(self.bias)), why=why, printed=self.out)
        s.norm_and_activation("pointwise", self.norm, self.activation)


@op("bottleneck", together={"expansion": ("expand", "exp")}, either=("", "expand", "exp"))
class InvertedResidual(NamedTuple):
    """Inverted residual with a linear bottleneck: pointwise expansion, depthwise convolution, pointwise
    projection, and a shortcut.

    The expanded width is `expand` times the input's, or `exp` as printed. `se` is the squeeze-and-excite
    share, 0 for none. `fused` replaces expansion and depthwise convolution by one full convolution
    (EdgeTPU). There is a shortcut if the stride is 1 and the shapes agree; with `project`, a 1x1 convolution
    changes its width if the widths differ.
    Source: Sandler et al. 2018, arXiv 1801.04381, section 3; Howard et al. 2019, arXiv 1905.02244, section
    4.
    """

    out: Width
    expand: Ratio = None
    exp: MaybeCount = None
    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    se: Share = 0
    activation: MaybeFunction = ""
    shortcut: Flag = True
    project: Flag = False
    fused: Flag = False
    padding: Padding = ""
    bias: MaybeFlag = None
    norm: MaybeFlag = None

    def expanded(self, s: Site) -> tuple[Num, Num]:
        """Return the width in the middle, and where (0/1) there is an expansion at all."""
        rule, c = s.rules.expansion, s.shape.c
        printed_in = s.printed[s.x]
        ratio = self.expand if self.exp is None else self.exp / printed_in
        if ratio is None:
            ratio = 1
        if rule.of == "printed":
            width = rule.width.width(round(printed_in * ratio) if self.exp is None else self.exp, s.alpha)
        else:
            width = rule.width.round(c * ratio)
        if rule.when == "ratio":
            return (width, 1) if ratio != 1 else (c, 0)
        if rule.when == "always":
            return width, 1
        present = width > c if rule.when == "wider" else width != c
        return width, present if anywhere(present) and not everywhere(present) else int(anywhere(present))

    def build(self, s: Site) -> None:
        start, before = s.x, s.shape
        self.expand_and_filter(s)
        if self.se:
            s.squeeze_excite(self.se, before.c if s.rules.se.of == "input" else s.shape.c)
        why = "projection to the narrow end, without an activation after it: the linear bottleneck"
        s.add("project", Conv(s.width(self.out), bias=s.bias(self.bias)), why=why, printed=self.out)
        s.norm_and_activation("project", self.norm, "none")
        if self.shortcut and pair(self.stride) == (1, 1):
            self.add_shortcut(s, start, before)

    def expand_and_filter(self, s: Site) -> None:
        """Add the expansion where there is one, and the filter: one layer for both if `fused`."""
        width, present = self.expanded(s)
        layer, why = Conv(width, bias=s.bias(self.bias)), WHY_EXPAND
        if self.fused:
            padding = s.rules.style.padding if self.padding == "" else self.padding
            layer = layer._replace(
                kernel=self.kernel, stride=self.stride, dilation=self.dilation, padding=padding
            )
            why = "expansion and filter in one full convolution, which some accelerators run faster"
        if anywhere(present):
            s.add("expand", layer, when=present, why=why)
            s.norm_and_activation("expand", self.norm, self.activation, present)
        if not self.fused:
            why = "filters each channel by itself, in the wide middle of the block"
            s.depthwise("depthwise", self.kernel, self.stride, self.dilation, self.padding, self.bias, why)
            s.norm_and_activation("depthwise", self.norm, self.activation)

    def add_shortcut(self, s: Site, start: Ref, before: Shape) -> None:
        """Add the block's input to its output where their shapes agree.

        start, before: the input and its shape.
        """
        after = s.shape
        # padding may change a map's size even at stride 1; channels agree or not cell by cell in a grid
        same_size = (before.h == after.h) & (before.w == after.w)
        agree = (before.c == after.c) & same_size
        if self.project and everywhere(same_size):
            if not everywhere(agree):
                start = self.projected(s, start, before.c != after.c)
            agree = True
        if everywhere(agree):
            s.add("add", ADD, s.x, start, why=WHY_SHORTCUT)
        elif anywhere(agree):
            s.add("add", MaybeAdd(), s.x, start, when=agree, why=WHY_SHORTCUT)

    def projected(self, s: Site, start: Ref, other: Num) -> Ref:
        """Return the block's input at the width of its output; the block itself ends where it did.

        other: where (0/1) the two widths differ.
        """
        end, c, s.x = s.x, s.shape.c, start
        why = "brings the shortcut to the block's width"
        s.add("shortcut", Conv(c, bias=s.bias(self.bias)), when=other, why=why, printed=self.out)
        s.norm_and_activation("shortcut", self.norm, "none", other)
        start, s.x = s.x, end
        return start


WHY_EXPAND = "expansion: raises the channels, so that the filter works where ReLU loses little"
WHY_SHORTCUT = "shortcut: lets the gradient pass by the block; there because stride is 1 and the shapes agree"


@op("add")
class MaybeAdd(NamedTuple):
    """The shortcut of a grid in which only some cells have one; its first input gives the shape."""

    def shape(self, x: Shape, *xs: Shape) -> Shape:
        return x

    def work(self, y: Shape, *xs: Shape) -> Terms:
        return Add().work(y, *xs)


@op("residual")
class Bottleneck(NamedTuple):
    """ResNet's bottleneck: 1x1 convolution to `mid` channels, full 3x3 convolution, 1x1 convolution to
    `out` channels, and a shortcut.

    The shortcut has a 1x1 convolution if stride or width change; with `shortcut = "every"` always, and with
    "none" there is no shortcut. `stride_on` puts the stride on the "spatial" convolution (torchvision) or
    on the "first" 1x1 (the paper).
    Source: He et al. 2015, arXiv 1512.03385, figure 5.
    """

    mid: Width
    out: Width
    kernel: Size = 3
    stride: Size = 1
    dilation: Size = 1
    groups: Count = 1
    se: Share = 0
    activation: MaybeFunction = ""
    stride_on: Choice = "spatial"
    shortcut: Choice = "project"
    bias: MaybeFlag = None
    norm: MaybeFlag = None

    def build(self, s: Site) -> None:
        start, printed_in, bias = s.x, s.printed[s.x], s.bias(self.bias)
        padding = s.rules.style.padding
        mid, out = s.width(self.mid), s.width(self.out)
        first, spatial = (self.stride, 1) if self.stride_on == "first" else (1, self.stride)
        s.add(
            "reduce",
            Conv(mid, 1, first, bias=bias),
            why="squeezes the channels, so that the 3x3 stays cheap",
            printed=self.mid,
        )
        s.norm_and_activation("reduce", self.norm, self.activation)
        layer = Conv(mid, self.kernel, spatial, self.dilation, s.groups(self.groups), padding, bias)
        s.add("conv", layer, why="filters in the narrow middle of the block")
        s.norm_and_activation("conv", self.norm, self.activation)
        s.add("widen", Conv(out, bias=bias), why="back to the wide end", printed=self.out)
        s.norm_and_activation("widen", self.norm, "none")
        if self.se:
            s.squeeze_excite(self.se, s.shape.c)
        end = s.x
        if self.shortcut == "every" or (
            self.shortcut == "project" and (pair(self.stride) != (1, 1) or printed_in != self.out)
        ):
            s.x = start
            s.add(
                "shortcut",
                Conv(out, 1, self.stride, bias=bias),
                why="brings the shortcut to the block's shape",
                printed=self.out,
            )
            s.norm_and_activation("shortcut", self.norm, "none")
            start = s.x
        if self.shortcut != "none":
            s.add(
                "add", ADD, end, start, why="shortcut: lets the gradient pass by the block", printed=self.out
            )
        function = self.activation or s.rules.style.activation
        s.activation(function, function)


@op("se")
class SqueezeExciteBlock(NamedTuple):
    """Squeeze-and-excite: global pool, a layer that reduces to `share` of the channels, a layer back to all
    of them, and a gate.

    Source: Hu et al. 2017, arXiv 1709.01507.
    """

    share: Part = 0.25

    def build(self, s: Site) -> None:
        s.squeeze_excite(self.share, s.shape.c, "")


@op("spatial_separable")
class SpatialSeparable(NamedTuple):
    """Spatially separable convolution: K x 1, then 1 x K, then batch norm and activation.

    Parameters = K x M x N + K x N x N instead of K^2 x M x N.
    """

    out: Width
    kernel: Count = 3
    stride: Count = 1
    padding: Padding = ""
    bias: MaybeFlag = None
    norm: MaybeFlag = None
    activation: MaybeFunction = ""

    def build(self, s: Site) -> None:
        out, k, bias = s.width(self.out), self.kernel, s.bias(self.bias)
        padding = s.rules.style.padding if self.padding == "" else self.padding
        s.add(
            "vertical",
            Conv(out, (k, 1), (self.stride, 1), 1, 1, padding, bias),
            why="a column of the kernel",
            printed=self.out,
        )
        s.add(
            "horizontal",
            Conv(out, (1, k), (1, self.stride), 1, 1, padding, bias),
            why="a row of the kernel",
            printed=self.out,
        )
        s.norm_and_activation("", self.norm, self.activation)


@op("uib")
class UniversalBottleneck(NamedTuple):
    """Universal inverted bottleneck: an inverted residual with a depthwise filter before the expansion,
    in the middle, both or none.

    `start` is the kernel of the first depthwise filter and `kernel` that of the middle one; 0 means no such
    filter. The middle filter has the stride if there is one. There is a shortcut if the stride is 1 and the
    widths agree.
    Source: Qin et al. 2024, arXiv 2404.10518, section 3.
    """

    out: Width
    expand: Ratio = 4
    start: Whole = 0
    kernel: Whole = 3
    stride: Size = 1
    activation: MaybeFunction = ""

    def build(self, s: Site) -> None:
        first, printed_in = s.x, s.printed[s.x]
        if self.start:
            stride = 1 if self.kernel else self.stride
            why = "filters each channel by itself, at the narrow end of the block"
            s.depthwise("start", self.start, stride, 1, "", None, why)
            s.norm_and_activation("start", None, "none")
        width = s.rules.expansion.width.round(s.shape.c * self.expand)
        why, printed = "expansion: raises the channels", printed_in * self.expand
        s.add("expand", Conv(width, bias=s.bias(None)), why=why, printed=printed)
        s.norm_and_activation("expand", None, self.activation)
        if self.kernel:
            why = "filters each channel by itself, in the wide middle of the block"
            s.depthwise("depthwise", self.kernel, self.stride, 1, "", None, why)
            s.norm_and_activation("depthwise", None, self.activation)
        why = "projection to the narrow end"
        s.add("project", Conv(s.width(self.out), bias=s.bias(None)), why=why, printed=self.out)
        s.norm_and_activation("project", None, "none")
        if pair(self.stride) == (1, 1) and printed_in == self.out:
            s.add("add", ADD, s.x, first, why=WHY_SHORTCUT)


def halved(s: Site, printed: int) -> Num:
    """Half of a scaled width, rounded down; raises ShapeError where the printed width is odd, since
    a channel of it would be lost.
    """
    if printed % 2:
        raise ShapeError(f"a width of {printed} has no two halves")
    return s.width(printed) // 2


@op("fire")
class Fire(NamedTuple):
    """SqueezeNet's module: 1x1 convolution to `squeeze` channels, then a 1x1 and a 3x3 branch, each with
    half of the `out` channels, concatenated.

    Source: Iandola et al. 2016, arXiv 1602.07360, section 3.2.
    """

    squeeze: Width
    out: Width

    def build(self, s: Site) -> None:
        half = halved(s, self.out)
        s.conv("squeeze", s.width(self.squeeze), 1, printed=self.squeeze)
        start = s.x
        branches = [s.conv(f"expand{k}x{k}", half, k, x=start, printed=self.out // 2) for k in (1, 3)]
        s.add("concat", Concat(), *branches, why="puts the branches one behind another", printed=self.out)


@op("inception")
class Inception(NamedTuple):
    """Inception module: four concatenated branches: 1x1; 1x1 then 3x3; 1x1 then 5x5; max pooling then 1x1.

    The keys are the columns of the paper's table; `large` is the third branch's kernel, which is 3 in some
    implementations.
    Source: Szegedy et al. 2014, arXiv 1409.4842, table 1.
    """

    one: Width
    reduce3: Width
    three: Width
    reduce5: Width
    five: Width
    pool: Width
    large: Count = 5

    def build(self, s: Site) -> None:
        start = s.x
        branches = [s.conv("1x1", s.width(self.one), 1, x=start, printed=self.one)]
        for n, reduced, out, kernel in (
            (3, self.reduce3, self.three, 3),
            (5, self.reduce5, self.five, self.large),
        ):
            s.conv(f"reduce{n}x{n}", s.width(reduced), 1, x=start, printed=reduced)
            branches.append(s.conv(f"{n}x{n}", s.width(out), kernel, printed=out))
        s.add("pool", MaxPool(3, 1, 1), start, why="keeps the strongest response of each window")
        branches.append(s.conv("pool_1x1", s.width(self.pool), 1, printed=self.pool))
        printed = self.one + self.three + self.five + self.pool
        s.add("concat", Concat(), *branches, why="puts the branches one behind another", printed=printed)


@op("shuffle_unit")
class ShuffleUnit(NamedTuple):
    """ShuffleNetV2's unit: half of the channels stay unchanged, half go through 1x1, depthwise 3x3 and 1x1
    convolutions; then the channels are shuffled.

    With stride 2, both branches read all channels and give half of `out`; the unchanged half becomes a
    depthwise and a 1x1 convolution.
    Source: Ma et al. 2018, arXiv 1807.11164, section 3.
    """

    out: Width
    kernel: Size = 3
    stride: Size = 1

    def build(self, s: Site) -> None:
        start, half, printed = s.x, halved(s, self.out), self.out // 2
        why = "filters each channel by itself"
        if pair(self.stride) == (1, 1):
            other = s.add(
                "pass", Slice(s.shape.c // 2), start, why="half of the channels pass by", printed=printed
            )
            s.add(
                "half", Slice(s.shape.c, s.shape.c), start, why="the other half is worked on", printed=printed
            )
        else:
            s.depthwise("other_depthwise", self.kernel, self.stride, 1, "", None, why)
            s.norm_and_activation("other_depthwise", None, "none")
            other = s.conv("other_pointwise", half, 1, printed=printed)
            s.x = start
        s.conv("reduce", half, 1, printed=printed)
        s.depthwise("depthwise", self.kernel, self.stride, 1, "", None, why)
        s.norm_and_activation("depthwise", None, "none")
        here = s.conv("pointwise", half, 1, printed=printed)
        s.add("concat", Concat(), other, here, why="puts the branches one behind another", printed=self.out)
        s.add("shuffle", Shuffle(2), why="lets the halves mix in the next unit")


@op("xception")
class XceptionBlock(NamedTuple):
    """Xception's block: `convs` separable convolutions, each after an activation, max pooling if it has a
    stride, and a shortcut.

    All but the last have `first` channels (default: `out`). A separable convolution has batch norm only
    after its 1x1 convolution. `activate_first = false` omits the first activation. The shortcut has a 1x1
    convolution if stride or width change.
    Source: Chollet 2016, arXiv 1610.02357, figure 5.
    """

    out: Width
    first: Width = None
    convs: Count = 2
    stride: Size = 1
    activate_first: Flag = True

    def build(self, s: Site) -> None:
        start, printed_in, function = s.x, s.printed[s.x], s.rules.style.activation
        for n in range(1, self.convs + 1):
            out = self.out if n == self.convs or self.first is None else self.first
            if n > 1 or self.activate_first:
                s.activation(f"{function}{n}", function)
            s.depthwise(f"depthwise{n}", 3, 1, 1, "", None, "filters each channel by itself")
            s.add(
                f"pointwise{n}",
                Conv(s.width(out), bias=s.bias(None)),
                why="combines the channels",
                printed=out,
            )
            s.norm_and_activation(f"pointwise{n}", None, "none")
        if pair(self.stride) != (1, 1):
            padding = "same" if s.rules.style.padding == "same" else 1
            s.add("pool", MaxPool(3, self.stride, padding), why="keeps the strongest response of each window")
        end = s.x
        if pair(self.stride) != (1, 1) or printed_in != self.out:
            s.x = start
            layer = Conv(s.width(self.out), 1, self.stride, bias=s.bias(None))
            s.add("shortcut", layer, why="brings the shortcut to the block's shape", printed=self.out)
            s.norm_and_activation("shortcut", None, "none")
            start = s.x
        s.add("add", ADD, end, start, why="shortcut: lets the gradient pass by the block", printed=self.out)


_BLOCKS = {
    "conv_norm": ConvNorm,
    "depthwise_norm": DepthwiseNorm,
    "separable": Separable,
    "bneck": InvertedResidual,
    "residual": Bottleneck,
    "se": SqueezeExciteBlock,
    "spatial_separable": SpatialSeparable,
    "uib": UniversalBottleneck,
    "fire": Fire,
    "inception": Inception,
    "shuffle_unit": ShuffleUnit,
    "xception": XceptionBlock,
    "expert_conv": ExpertConv,
    "patch_embed": PatchEmbed,
    "attention": Attention,
}
BLOCKS = cast("dict[str, OpClass]", _BLOCKS)
"""Every block a spec may name, by its `op` word."""
