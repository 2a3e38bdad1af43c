"""Which arithmetic loses nothing, for ints and for arrays of ints? Sums, products, fractions, roundings.

A fraction is a `Quotient` until it is rounded, so that 7 / 2 is never 3.5 and 0.1 is one tenth.
"""

from __future__ import annotations

from math import gcd
from typing import Any

from ..errors import ShapeError
from ..records import NamedTuple
from .num import ARRAY_LIMIT, Num, anywhere, choose, everywhere, is_array


class Quotient(NamedTuple):
    """A fraction: `over` by `under`, which is above 0."""

    over: Num
    under: Num

    def __str__(self) -> str:
        return f"{self.over}/{self.under}"


Exact = Any
"""A Num or a Quotient."""


def exact(x: Any) -> Exact:
    """A number of a spec as it is written: 0.35 is 35/100.

    >>> exact(0.35), exact(4.0), exact(3)
    (Quotient(over=7, under=20), 4, 3)
    """
    if x.__class__ is not float:
        return x
    digits, _, power = repr(x).partition("e")
    whole, _, part = digits.partition(".")
    tens = int(power or 0) - len(part)
    number = int(whole + part)
    return quotient(number * 10 ** max(tens, 0), 10 ** max(-tens, 0))


def quotient(over: Num, under: Num) -> Exact:
    """One number by another: a Num where the division leaves no rest, or else a Quotient.

    Raises ShapeError for a division by 0.
    """
    if anywhere(under == 0):
        raise ShapeError("a division by 0")
    if not is_array(over) and not is_array(under):
        common = gcd(over, under) * (1 if under > 0 else -1)
        over, under = over // common, under // common
        return over if under == 1 else Quotient(over, under)
    sign = choose(under < 0, -1, 1)
    over, under = over * sign, under * sign
    return Quotient(over, under) if anywhere(over % under) else over // under


def parts(x: Exact) -> Quotient:
    """Any number as a fraction."""
    return x if x.__class__ is Quotient else Quotient(x, 1)


def times(a: Exact, b: Exact) -> Exact:
    """The product; raises ShapeError where an array cannot hold it."""
    if a.__class__ is int is b.__class__:
        return a * b
    if a.__class__ is Quotient or b.__class__ is Quotient:
        (a, under), (b, other) = parts(a), parts(b)
        return quotient(times(a, b), times(under, other))
    if is_array(a) or is_array(b):
        largest = 1
        for x in (a, b):
            largest *= int(abs(x).max()) if is_array(x) else abs(int(x))
        if largest > ARRAY_LIMIT:
            raise ShapeError("numbers too large for an exact product in a grid")
    return a * b


def divided(a: Exact, b: Exact) -> Exact:
    """The exact fraction of two numbers."""
    (a, under), (b, other) = parts(a), parts(b)
    return quotient(times(a, other), times(under, b))


def plus(a: Exact, b: Exact) -> Exact:
    """The sum."""
    if a.__class__ is Quotient or b.__class__ is Quotient:
        (a, under), (b, other) = parts(a), parts(b)
        return quotient(times(a, other) + times(b, under), times(under, other))
    return a + b


def minus(a: Exact, b: Exact) -> Exact:
    """The difference."""
    return plus(a, times(b, -1))


def floor(x: Exact) -> Num:
    """Round down.

    >>> floor(divided(7, 2)), floor(-3)
    (3, -3)
    """
    over, under = parts(x)
    return over // under


def ceil(x: Exact) -> Num:
    """Round up."""
    return -floor(times(x, -1))


def nearest(x: Exact) -> Num:
    """Round to the nearest whole number; halves up, to the larger.

    >>> [nearest(divided(n, 2)) for n in (3, 4, 5)]
    [2, 2, 3]
    """
    over, under = parts(x)
    return (2 * over + under) // (2 * under)


def below(a: Exact, b: Exact) -> Num:
    """Is a below b? 1 or 0, cell by cell for arrays."""
    if a.__class__ is Quotient or b.__class__ is Quotient:
        (a, under), (b, other) = parts(a), parts(b)
        a, b = times(a, other), times(b, under)
    return (a < b) * 1


def whole(x: Exact) -> bool:
    """Is it a whole number in every cell?"""
    over, under = parts(x)
    return everywhere(over % under == 0)
