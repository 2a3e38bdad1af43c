"""Which arithmetic reads the same for an int and for an array of a million ints?

A `Num` is a Python int (exact at any size) or a numpy int64 array; this module never imports numpy. A
choice between two counts is a 0/1 factor, because an array has no single truth.
"""

from __future__ import annotations

from typing import Any

Num = Any
"""A Python int, or a numpy int64 array that broadcasts with the other dimensions.

To a type checker it is Any: a comparison of ints is a bool and one of arrays an array of 0 and 1, which a
union or a Protocol could only state with a cast in every formula.
"""

ARRAY_LIMIT = 2**62  # what int64 holds, with a bit to spare


def ceil_div(a: Num, b: Num) -> Num:
    """Divide and round up.

    >>> ceil_div(225, 2)
    113
    """
    return -(-a // b)


def truncate(x: Any) -> Num:
    """Drop the fraction, as C and Python's int() do.

    >>> truncate(22.4)
    22
    """
    return x.astype("int64") if hasattr(x, "astype") else int(x)


def choose(condition: Any, yes: Num, no: Num) -> Num:
    """Return `yes` where the condition holds and `no` elsewhere, for an int or an array."""
    if condition is True:
        return yes
    if condition is False:
        return no
    return no + (yes - no) * condition


def at_least(x: Num, low: int) -> Num:
    """Return the larger of the two; max() would ask an array for one truth."""
    return choose(x < low, low, x)


def at_most(x: Num, high: Num) -> Num:
    """Return the smaller of the two, cell by cell for arrays."""
    return choose(x > high, high, x)


def larger(a: Num, b: Num) -> Num:
    """Return the larger of two, cell by cell for arrays."""
    return choose(a < b, b, a)


def gcd(a: Num, b: Num) -> Num:
    """Return the greatest common divisor of two positive counts, cell by cell for arrays.

    >>> gcd(12, 18)
    6
    """
    while anywhere(b > 0):
        a, b = choose(b > 0, b, a), choose(b > 0, a % at_least(b, 1), b)
    return a


def anywhere(condition: Any) -> bool:
    """Does the condition hold in any cell?"""
    return bool(condition.any()) if hasattr(condition, "any") else bool(condition)


def everywhere(condition: Any) -> bool:
    """Does the condition hold in every cell?"""
    return bool(condition.all()) if hasattr(condition, "all") else bool(condition)


def is_array(x: Any) -> bool:
    """Is this a column of numbers and not one number?"""
    return hasattr(x, "astype")


def pair(x: Any) -> tuple[Any, Any]:
    """Read a size that may be rectangular: 3 is (3, 3), and (3, 1) stays.

    >>> pair(3), pair((3, 1))
    ((3, 3), (3, 1))
    """
    return x if x.__class__ is tuple else (x, x)
