"""Which figures would be written as this number? "320.3M" stands for an interval, and there are several ways to read it."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import CallError

UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "b": 3, "t": 4}
COUNTED = "macs?|madds?|mult-adds|multiply-adds|flops?|params?|parameters"
NUMBER = re.compile(rf"(\d[\d,_' ]*)(?:\.(\d+))?\s*([kmgbt]?)(?:illion)?\s*(?:{COUNTED})?", re.IGNORECASE | re.ASCII)
LONGEST = 36


class Reading(NamedTuple):
    """One way to read a number: the figures from `low` up to but not with `high` are written so."""

    words: str
    points: int
    scale: int  # a figure of `scale` is written as `per`: 100,000 as 1 in 320.3M, 1024 x 1024 as 10 in M of 1024 x 1024
    per: int
    rounded: bool
    digits: int  # the number's digits as one whole number

    def written(self, figure: int) -> int:
        """The digits that a figure is written with in this reading."""
        return (2 * figure * self.per + self.scale * self.rounded) // (2 * self.scale)

    @property
    def edges(self) -> tuple[int, int]:
        """The figures written so: from the first up to but not with the second."""
        low, high = (-(-(2 * n - self.rounded) * self.scale // (2 * self.per)) for n in (self.digits, self.digits + 1))
        return low, high

    def holds(self, figure: int) -> bool:
        """Would this figure be written as the number?"""
        return self.written(figure) == self.digits


class Asked(NamedTuple):
    """A number as a user wrote it."""

    text: str
    digits: int  # 3203 for 320.3M
    significant: int
    value: int
    readings: tuple[Reading, ...]

    @property
    def exact(self) -> bool:
        """Is every digit given?"""
        return len(self.readings) == 1


def read_number(text: str) -> Asked:
    """Read a count such as 320.3M, 3.4 M, 603,134,720 or 0.6G.

    A number without a unit means itself; the zeros at the end of a round one are not taken for digits.
    >>> [r.holds(320_300_008) for r in read_number("320.3M").readings]
    [True, True, False, False]

    Raises CallError where it is no such number.
    """
    found = NUMBER.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if not found:
        raise CallError(f"NUMBER must be a count such as 320.3M, 3.4M or 603134720, not '{text[:60]}'")
    whole, fraction, unit = re.sub(r"[,_' ]", "", found[1]), found[2] or "", found[3].lower()
    digits = int(whole + fraction)
    places = 3 * UNITS[unit] - len(fraction)
    zeros = len(whole) - len(whole.rstrip("0"))
    if not unit and zeros >= 4 and not fraction:  # 569000000 is 569 M
        digits, places = int(whole[:-zeros]), zeros
    if not digits or places < 0:
        raise CallError(f"NUMBER must be a whole count above 0, not '{text[:60]}'")
    readings = [Reading("", 0, 10**places, 1, True, digits)]
    if places:
        readings.append(Reading("digits cut off, not rounded", 1, 10**places, 1, False, digits))
    if UNITS[unit] > 1:
        scale, per = 1024 ** UNITS[unit], 10 ** len(fraction)
        words = f"{unit.upper()} of {' x '.join(['1024'] * UNITS[unit])}"
        readings.append(Reading(words, 2, scale, per, True, digits))
        readings.append(Reading(f"{words}, digits cut off", 3, scale, per, False, digits))
    return Asked(text.strip(), digits, len(str(digits)), digits * 10**places, tuple(readings))
