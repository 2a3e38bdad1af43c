"""Which blocks follow the papers' dialects, and which layers does each stand for?

One class a block: its fields, then its layers in order. Blocks that are fixed patterns are data, in
specs/blocks/.

A block's fields are its TOML keys. It writes its layers with a `Site`, which knows the design's rules,
alpha, and the row it stands in.
"""

from typing import TYPE_CHECKING, cast

from ..records import NamedTuple
from .attention import Attention, PatchEmbed
from .experts import ExpertConv
from .fields import (
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
    Width,
)
from .graph import Ref
from .num import Num, anywhere, everywhere, pair
from .ops import Conv
from .ops.op import op
from .shapes import Shape
from .site import ADD, Site

if TYPE_CHECKING:
    from .ops.op import OpClass


@op(
    "conv",
    follows={"groups": "groups"},
    together={"width": ("out", "expand")},
    either=("out", "expand"),
    family="filter",
)
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
        s.add(s.branch or "conv", layer, why=why, printed=printed)
        s.norm_and_activation(s.branch, self.norm, self.activation)


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
            s.branch or "depthwise",
            self.kernel,
            self.stride,
            self.dilation,
            self.padding,
            self.bias,
            why,
            self.multiplier,
        )
        s.norm_and_activation(s.branch, self.norm, self.activation)


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
        all_sizes = everywhere(same_size)
        agree = before.c == after.c
        if not all_sizes:
            agree = agree & same_size
        if self.project and all_sizes:
            if not everywhere(agree):
                start = self.projected(s, start, before.c != after.c)
            agree = True
        if everywhere(agree):
            s.add("add", ADD, s.x, start, why=WHY_SHORTCUT)
        elif anywhere(agree):
            s.add("add", ADD, s.x, start, when=agree, why=WHY_SHORTCUT)

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


@op("se")
class SqueezeExciteBlock(NamedTuple):
    """Squeeze-and-excite: global pool, a layer that reduces to `share` of the channels, a layer back to all
    of them, and a gate.

    Source: Hu et al. 2017, arXiv 1709.01507.
    """

    share: Part = 0.25

    def build(self, s: Site) -> None:
        s.squeeze_excite(self.share, s.shape.c, "")


_BLOCKS = {
    "conv_norm": ConvNorm,
    "depthwise_norm": DepthwiseNorm,
    "separable": Separable,
    "bneck": InvertedResidual,
    "se": SqueezeExciteBlock,
    "expert_conv": ExpertConv,
    "patch_embed": PatchEmbed,
    "attention": Attention,
}
BLOCKS = cast("dict[str, OpClass]", _BLOCKS)
"""Every block a spec may name, by its `op` word."""
FLAT = (ConvNorm, DepthwiseNorm)
"""Blocks of one layer with its norm and activation: as a row of a block that is data they are called as
the row, and not `row/conv`.
"""
