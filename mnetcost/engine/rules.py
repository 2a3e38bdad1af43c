"""Where implementations of one network disagree, which way does this design go?

The explicit choices of a spec, with defaults.
"""

from typing import NamedTuple

from .fields import Choice, Flag, Function, MaybeFunction, Padding
from .terms import WRITTEN
from .widths import WidthRule


class Expansion(NamedTuple):
    """How an inverted residual finds its expanded width, and when it expands at all.

    `of`: "input", the ratio of the scaled input; or "printed", the printed width scaled by itself
    (torchvision's V3). `when`: "ratio", unless the ratio is 1; "always"; "different", where it changes the
    width; "wider", where it grows it.
    """

    of: Choice = "input"
    when: Choice = "ratio"
    width: WidthRule = WidthRule()


class SqueezeExcite(NamedTuple):
    """How a squeeze-and-excite unit is written.

    `layers`: its two layers are "pointwise" convolutions or "dense"; `of`: its share is of the "expanded"
    or the "input" width.
    """

    layers: Choice = "pointwise"
    of: Choice = "expanded"
    activation: Function = "relu"
    gate: Function = "hsigmoid"
    bias: Flag = True
    width: WidthRule = WidthRule()


class Style(NamedTuple):
    """What every convolution of the design has unless its row says otherwise.

    `depthwise_pad`: "none"; "end", a row and a column of zeros at the end before a strided depthwise
    convolution without padding (keras.applications' V1); "correct", as many zeros as make it ceil(n /
    stride) (keras.applications' V2 and V3).
    """

    norm: Flag = True
    activation: MaybeFunction = "relu"
    bias: Flag = False
    padding: Padding = "same"
    depthwise_pad: Choice = "none"


class Written(NamedTuple):
    """How the implementation writes its layers, which changes no cost but what some tools see of it; ""
    is the plain way.

    A pool is a "module", a "function", or a "mean" over the map's sides.
    """

    global_pool: Choice = ""
    se_pool: Choice = ""
    activation: Choice = ""
    norm: Choice = ""
    dense: Choice = ""


class Rules(NamedTuple):
    """All the choices of one design."""

    widths: WidthRule = WidthRule()
    roles: tuple[tuple[str, WidthRule], ...] = ()  # rules of the rows that say `role`: stem, head
    expansion: Expansion = Expansion()
    se: SqueezeExcite = SqueezeExcite()
    style: Style = Style()
    written: Written = Written()

    def width(self, role: str) -> WidthRule:
        """The width rule of a row's role; a row as wide as there are classes follows no alpha."""
        if not role:
            return self.widths
        return FIXED if role == CLASSES else dict(self.roles).get(role, self.widths)


RULE_TABLES = {"expansion": Expansion, "se": SqueezeExcite, "style": Style, "written": Written}
"""Every table of rules a spec may have beside `[widths]`; a field `width` stands for the keys of how a
width rounds.
"""
RULE_CHOICES = {
    "expansion.of": ("input", "printed"),
    "expansion.when": ("ratio", "always", "different", "wider"),
    "se.layers": ("pointwise", "dense"),
    "se.of": ("expanded", "input"),
    "style.depthwise_pad": ("none", "end", "correct"),
}
RULE_CHOICES |= {f"written.{key}": words for key, words in WRITTEN.items()}
FIXED = WidthRule(scale="fixed")
CLASSES = "classes"
ROLES = ("stem", "head")
"""Roles a row may have, each with a width rule of its own in `[widths.ROLE]`."""
