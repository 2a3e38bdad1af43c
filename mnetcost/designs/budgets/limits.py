"""What may a budget demand of one figure?

Human numbers with an exact meaning, and limits absolute or relative.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from ...errors import CallError, nearest
from ...records import NamedTuple
from .metrics import LARGEST, UNITS

NUMBER = re.compile(
    r"(\d{1,3}(?:,\d{3}){1,10}|\d[\d_]{0,30})(?:\.(\d{1,30}))?(?:[eE]\+?(\d{1,2}))? ?([A-Za-z]{0,8})",
    re.ASCII,
)
COUNTED = re.compile("([kKMGT]?)(mac|macs|madd|madds|flop|flops|param|params)", re.IGNORECASE)
"""What is counted, written behind a number as if it were a unit."""
PER_CENT = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))? ?%", re.ASCII)
EXACT_FLOAT = 2**53
LARGEST_EXPONENT = 20


class Limit(NamedTuple):
    """One demand: at most ("max") or at least ("min") an amount, or the base's figure and an amount.

    amount: a whole number, or a share of the base's figure (0.01 for "+1%") where `share` is set.
    """

    side: str
    amount: Fraction
    relative: bool = False
    share: bool = False
    text: str = ""  # as written

    def bound(self, base: int | None = None) -> int:
        """The last whole number that keeps the limit; a relative limit is compared with the figure `base`.

        >>> read_limit("+1%", "max").bound(350)      # 353.5
        353
        """
        exact = self.amount
        if self.relative:
            assert base is not None
            exact = base + (self.amount * base if self.share else self.amount)
        return exact.__floor__() if self.side == "max" else exact.__ceil__()

    def keeps(self, value: int, base: int | None = None) -> bool:
        """Does a figure keep this limit?"""
        bound = self.bound(base)
        return value <= bound if self.side == "max" else value >= bound

    def __str__(self) -> str:
        return f"{'at most' if self.side == 'max' else 'at least'} {self.text}"


def read_amount(value: Any, units: Mapping[str, int] = UNITS) -> int:
    """Read a whole number as people write it.

    >>> from mnetcost.designs.budgets.metrics import BYTES
    >>> read_amount("1.5M"), read_amount("4 KiB", BYTES), read_amount("3.5e6"), read_amount("3,504,872")
    (1500000, 4096, 3500000, 3504872)

    Raises CallError for anything else, with the unit that may have been meant.
    """
    if value.__class__ is int and value > LARGEST:
        raise CallError("this is more than any network has")
    if value.__class__ in (int, float) and 0 <= value < EXACT_FLOAT and value == int(value):
        return int(value) * units[""]
    if value.__class__ is int and value >= 0:
        return int(value) * units[""]
    if value.__class__ is float and units[""] != 1 and value > 0:
        value = repr(value)  # milliseconds, which need not be whole
    found = NUMBER.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise CallError(
            f"{_shown(value)} is not a number such as 1500000, 1_500_000 or"
            f" 1.5{'MB' if len(units) > len(UNITS) else 'M'}"
        )
    exact = _exact(value, found, units)
    if exact > LARGEST:
        raise CallError(f"{_shown(value)} is more than any network has")
    if exact.denominator != 1:
        raise CallError(f"{_shown(value)} is not a whole number: {float(exact):,}")
    return exact.numerator


def _exact(value: str, found: re.Match[str], units: Mapping[str, int]) -> Fraction:
    """The number that a text means, found by NUMBER, with its power of ten or its unit."""
    whole, fraction = re.sub("[_,]", "", found[1]), found[2] or ""
    exponent, unit = int(found[3] or 0), found[4]
    if found[3] and unit:
        raise CallError(f"{_shown(value)} has a power of ten and a unit", hint="one of them: 3.5e6, or 3.5M")
    if unit not in units:
        raise _unknown_unit(value.strip(), unit, units)
    if exponent > LARGEST_EXPONENT:
        raise CallError(f"{_shown(value)} is more than any network has")
    return Fraction(int(whole + fraction), 10 ** len(fraction)) * Fraction(10) ** exponent * units[unit]


def _unknown_unit(value: str, unit: str, units: Mapping[str, int]) -> CallError:
    """The error for a number with an unknown unit, with what may have been meant."""
    message = f"{_shown(value)} has no known unit"
    if counted := COUNTED.fullmatch(unit):
        amount = value[: -len(unit)].strip() + counted[1].replace("K", "k")
        flops = (
            "; FLOPs are counted by the convention 'flops', whose figure is madds too"
            if "flop" in unit.lower()
            else ""
        )
        return CallError(message, hint=f"did you mean '{amount}'{flops}")
    like = [u for u in units if u.lower() == unit.lower()]
    like = like or [u for u in units if u and u.lower() == unit.lower().removesuffix("ib") + "b"]
    if unit == "KB":
        like = ["kB (1,000 bytes)", "KiB (1,024 bytes)"]
    known = ", ".join(u for u in units if u)
    return CallError(message, hint=f"did you mean {' or '.join(like)}?" if like else f"there are: {known}")


def read_limit(value: Any, side: str, units: Mapping[str, int] = UNITS) -> Limit:
    """Read one limit: "60M"; relative to a base, "+0%", "-5%", "+500k".

    Raises CallError where it is neither.
    """
    text = value.strip() if isinstance(value, str) else _shown(value)
    if not isinstance(value, str) or text[:1] not in ("+", "-"):
        try:
            return Limit(side, Fraction(read_amount(value, units)), text=text)
        except CallError as e:
            if isinstance(value, str) and PER_CENT.fullmatch(text):
                raise CallError(
                    f"{_shown(value)} must say which way it goes", hint=f'"+{text}" of the base, or "-{text}"'
                ) from None
            raise e from None
    sign, rest = (-1 if text[0] == "-" else 1), text[1:].strip()
    share = PER_CENT.fullmatch(rest)
    if share:
        fraction = share[2] or ""
        return Limit(
            side, sign * Fraction(int(share[1] + fraction), 10 ** len(fraction) * 100), True, True, text
        )
    return Limit(side, Fraction(sign * read_amount(rest, units)), True, False, text)


def read_limits(value: Any, units: Mapping[str, int] = UNITS, side: str = "max") -> tuple[Limit, ...]:
    """Read all the limits on one figure: one, a list of them, or a table of `max` and `min`.

    >>> [str(limit) for limit in read_limits({"max": ["60M", "+1%"], "min": 0})]
    ['at most 60M', 'at most +1%', 'at least 0']

    Raises CallError where one makes no sense, or no figure could keep them all.
    """
    if isinstance(value, dict):
        found = _both_sides(value, units)
    else:
        found = tuple(read_limit(v, side, units) for v in _each(value))
    if not found:
        raise CallError(
            "there is no limit here", hint='such as "60M", "+1%", or { max = "60M", min = "10M" }'
        )
    return found


def _each(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _both_sides(table: Mapping[str, Any], units: Mapping[str, int]) -> tuple[Limit, ...]:
    """The limits of a table of `max` and `min`, which some figure must be able to keep."""
    for key in table:
        if key not in ("max", "min"):
            like = nearest(key, ("max", "min"))
            raise CallError(
                f"a limit has no key {_shown(key)}", hint=f"did you mean '{like}'?" if like else "max, min"
            )
    found = tuple(read_limit(v, side, units) for side, given in table.items() for v in _each(given))
    absolute = [x for x in found if not x.relative]
    highest = min((x.amount for x in absolute if x.side == "max"), default=None)
    lowest = max((x.amount for x in absolute if x.side == "min"), default=None)
    if highest is not None and lowest is not None and lowest > highest:
        raise CallError(f"nothing is at least {int(lowest):,} and at most {int(highest):,}")
    return found


def _shown(value: Any) -> str:
    """A value as an error shows it, cut to 60 characters."""
    if value.__class__ is int and abs(value) > LARGEST:
        return "a number of so many digits"
    text = (
        f"'{value}'"
        if isinstance(value, str)
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
    return text if len(text) <= 60 else text[:57] + "..."
