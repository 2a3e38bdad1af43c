"""How many channels does alpha leave? The rounding rules of the published models.

alpha scales a width and a rule turns the fraction into channels; the published implementations differ in
nothing more often. A rule is a row of `ROUNDING`; the spec says which part of a network uses
which rule (`[widths]`).
"""

from __future__ import annotations

from typing import Any

from ..records import NamedTuple
from .num import Num, at_least, at_most, choose, is_array, truncate


def divisible(value: Num, divisor: int = 8, minimum: int = 0) -> Num:
    """Round to a multiple of divisor, never losing more than a tenth.

    >>> divisible(24 * 0.75)      # 18 would fall to 16, more than a tenth below
    24
    >>> divisible(32 * 0.75)
    24

    Source: TF-slim, mobilenet.py, make_divisible.
    """
    rounded = at_least(truncate(value + divisor / 2) // divisor * divisor, minimum or divisor)
    return rounded + divisor * (rounded < 0.9 * value)


def truncated(value: Num, divisor: int = 8, minimum: int = 0) -> Num:
    """Drop the fraction: int(32 * 0.35) is 11."""
    return at_least(truncate(value), minimum or 1)


def nearest_int(value: Num, divisor: int = 8, minimum: int = 0) -> Num:
    """Round to the nearest whole channel, halves to even as Python's round() does."""
    whole = value.round() if is_array(value) else round(value)
    return at_least(truncate(whole), minimum or 1)


def truncated_divisible(value: Num, divisor: int = 8, minimum: int = 0) -> Num:
    """Drop the fraction first, then round to a multiple: keras.applications' MobileNetV2 does both."""
    return divisible(truncate(value), divisor, minimum)


ROUNDING = {
    "divisible": divisible,
    "truncate": truncated,
    "round": nearest_int,
    "truncate-divisible": truncated_divisible,
}


class WidthRule(NamedTuple):
    """How one part of a network follows alpha."""

    scale: str = (
        "scaled"  # "scaled", "fixed", or "scaled from A": printed below alpha A, scaled from there on
    )
    rounding: str = "divisible"
    divisor: int = 8
    minimum: int = 0  # 0: the divisor itself where widths round to it, 1 where they don't

    @property
    def smallest(self) -> int:
        """The smallest width that rounding gives."""
        return self.minimum or (self.divisor if self.rounding.endswith("divisible") else 1)

    def round(self, value: Any) -> Num:
        """Round a width by this rule."""
        return ROUNDING[self.rounding](value, self.divisor, self.minimum)

    def width(self, printed: Num, alpha: Any) -> Num:
        """Return the channels left of a printed width at this alpha; at 1 it is as printed, multiple of 8
        or not.

        A width printed below the smallest one is an output (a mask of 2 channels), which an alpha below 1
        never makes larger. Above that, the published rule holds even where it widens: it makes 24 channels
        of 20 at alpha 0.9.

        >>> WidthRule().width(64, 0.35), WidthRule().width(2, 0.5)
        (24, 2)
        >>> WidthRule(scale="scaled from 1").width(1280, 0.35)
        1280
        """
        if self.scale == "fixed":
            return printed
        if not is_array(alpha) and alpha == 1:
            return printed
        rounded = self.round(printed * alpha)
        kept = choose((alpha < 1) & (printed < self.smallest), at_most(rounded, printed), rounded)
        scaled = choose(alpha == 1, printed, kept)
        if self.scale == "scaled":
            return scaled
        return choose(alpha >= float(self.scale.removeprefix("scaled from ")), scaled, printed)
