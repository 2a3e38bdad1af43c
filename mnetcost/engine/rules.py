"""Where implementations of one network differ, which way does this design choose?

The choices that a spec can make, with their defaults.
"""

from collections.abc import Callable
from math import ceil

from ..records import NamedTuple
from .fields import Choice, Flag, Function, MaybeFunction, Padding, Ratio
from .terms import WRITTEN
from .widths import WidthRule


class Expansion(NamedTuple):
    """How the expanded width of an inverted residual is computed, and when there is an expansion.

    `of`: "input", the ratio times the scaled input width; "printed", the printed expanded width, scaled
    directly (torchvision's V3). `when`: "ratio", if the ratio is not 1; "always"; "different", if it changes
    the width; "wider", if it increases the width.
    """

    of: Choice = "input"
    when: Choice = "ratio"
    width: WidthRule = WidthRule()


class SqueezeExcite(NamedTuple):
    """How squeeze-and-excite units are built.

    `layers`: whether its two layers are "pointwise" convolutions or "dense". `of`: whether its share is a
    share of the "expanded" or of the "input" width.
    """

    layers: Choice = "pointwise"
    of: Choice = "expanded"
    activation: Function = "relu"
    gate: Function = "hsigmoid"
    bias: Flag = True
    width: WidthRule = WidthRule()


class Style(NamedTuple):
    """Defaults for every convolution of the design; a row may override them.

    `depthwise_pad`: zeros added before a strided depthwise convolution that has no padding: "none"; "end",
    one row and one column at the end (keras.applications' V1); "correct", as many as make its output
    ceil(n / stride) (keras.applications' V2 and V3).
    """

    norm: Flag = True
    activation: MaybeFunction = "relu"
    bias: Flag = False
    padding: Padding = "same"
    depthwise_pad: Choice = "none"


class Written(NamedTuple):
    """How the implementation writes its layers. It changes only the figures of other tools, no cost.

    A pool is a "module", a "function", or a "mean" over the map's height and width. Default: "", a module.
    """

    global_pool: Choice = ""
    se_pool: Choice = ""
    activation: Choice = ""
    norm: Choice = ""
    dense: Choice = ""


class Compound(NamedTuple):
    """How the printed network is scaled as a whole, as EfficientNet-B3 is from B0.

    `alpha` multiplies its widths, and `depth` the `repeat` of its rows; the settings of these names multiply
    both once more. A row without `repeat` is no stage, and keeps its one copy. `rounding`: how a scaled
    number of copies is rounded; at least one is left.

    Source: Tan and Le 2019, arXiv 1905.11946, section 4; round_repeats in their efficientnet_model.py.
    """

    alpha: Ratio = 1.0
    depth: Ratio = 1.0
    rounding: Choice = "ceil"

    def copies(self, repeat: int) -> int:
        """Return how many copies of a row there are; `repeat` is 0 where the row does not say.

        >>> Compound(depth=1.4).copies(3), Compound(depth=1.4, rounding="truncate").copies(3)
        (5, 4)
        """
        if repeat == 0 or self.depth == 1:
            return max(repeat, 1)
        return max(1, REPEATS[self.rounding](repeat * self.depth))


REPEATS: dict[str, Callable[[float], int]] = {"ceil": ceil, "round": round, "truncate": int}
"""How a scaled number of copies becomes whole; "round" takes halves to even."""


class Rules(NamedTuple):
    """All the choices of one design."""

    widths: WidthRule = WidthRule()
    roles: tuple[tuple[str, WidthRule], ...] = ()  # rules for rows with a `role`: stem, head
    expansion: Expansion = Expansion()
    se: SqueezeExcite = SqueezeExcite()
    style: Style = Style()
    written: Written = Written()
    compound: Compound = Compound()

    def width(self, role: str) -> WidthRule:
        """The width rule of a row's role; an output follows no alpha."""
        if not role:
            return self.widths
        return FIXED if role == OUTPUT else dict(self.roles).get(role, self.widths)


RULE_TABLES = {
    "expansion": Expansion,
    "se": SqueezeExcite,
    "style": Style,
    "written": Written,
    "compound": Compound,
}
"""Every table of rules a spec may have beside `[widths]`; a field `width` stands for the keys of how a
width rounds.
"""
RULE_CHOICES = {
    "expansion.of": ("input", "printed"),
    "expansion.when": ("ratio", "always", "different", "wider"),
    "se.layers": ("pointwise", "dense"),
    "se.of": ("expanded", "input"),
    "compound.rounding": tuple(REPEATS),
    "style.depthwise_pad": ("none", "end", "correct"),
}
RULE_CHOICES |= {f"written.{key}": words for key, words in WRITTEN.items()}
FIXED = WidthRule(scale="fixed")
ROLES = ("stem", "head")
"""Roles a row may have, each with a width rule of its own in `[widths.ROLE]`."""
OUTPUT = "output"
"""The role of a row whose width is as printed at any alpha: scores, boxes, a mask."""
