"""Which values may a key of a space take? Choices, ranges and shares, read and checked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...records import NamedTuple
from ..sorts import LARGEST_COUNT, SORTS, Wrong, number

MOST_VALUES = 1000
KEYS = (("choice",), ("range",), ("share", "of"))
"""The keys of a choice, a range and shares."""
NO_CHOICE = ("Row", "Name", "Names", "Text", "Texts")
"""Sorts whose values are names or texts, and no choices."""
SHARED = ("Width", "Count", "MaybeCount")
"""Sorts whose values may be shares of a printed width."""
WAYS = "{ choice = [...] } or { range = [low, high] }"


class Choice(NamedTuple):
    """The values that a key may take, in the order of the file."""

    values: tuple[Any, ...]


class Shares(NamedTuple):
    """Parts of a printed width, each rounded to whole channels as [widths] says."""

    parts: tuple[float, ...]
    of: int


Choosing = Choice | Shares
"""What stands where a key of a row is a choice."""


def read_choice(read: Callable[[Any, str], Any], sort: str) -> Callable[[Any, str], Choosing]:
    """A reader of a choice between values of one sort; read: of one value."""

    def reader(value: Any, key: str) -> Choosing:
        if sort in NO_CHOICE:
            return read(value, key)  # type: ignore[no-any-return]  # which says what it must be
        shares = sort in SHARED
        if set(value) == {"choice"}:
            return Choice(_several([_each(read, one, key) for one in _listed(value["choice"])]))
        if set(value) == {"range"}:
            return Choice(_several([_each(read, one, key) for one in _ranged(value["range"])]))
        if shares and set(value) == {"share", "of"}:
            return _shares(value["share"], value["of"])
        ways = f"{WAYS} or {{ share = [...], of = N }}" if shares else WAYS
        raise Wrong(f"a value, or a choice such as {ways}", _meant(value))

    return reader


def _each(read: Callable[[Any, str], Any], value: Any, key: str) -> Any:
    """Read one of several values."""
    try:
        return read(value, key)
    except Wrong as e:
        raise Wrong(f"a choice of values, each {e}", e.hint) from None


def _meant(value: dict[str, Any]) -> str:
    from ..synonyms import did_you_mean

    known = [key for keys in KEYS for key in keys]
    strange = next((key for key in value if key not in known), "")
    return did_you_mean(strange, known, "keys") if strange else ""


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, list) or not 0 < len(values) <= MOST_VALUES:
        raise Wrong(f"a choice of 1 to {MOST_VALUES:,} values, such as {{ choice = [3, 5, 7] }}")
    return values


def _several(values: list[Any]) -> tuple[Any, ...]:
    """The values of a choice; each may stand there once."""
    seen: list[Any] = []
    for value in values:
        if value in seen:
            raise Wrong(f"a choice of different values: {value} stands there twice")
        seen.append(value)
    return tuple(values)


def _ranged(ends: Any) -> list[Any]:
    """The numbers of a range, both ends included; a step of 1 where none is given. Decimals stay exact."""
    from fractions import Fraction

    good = isinstance(ends, list) and len(ends) in (2, 3) and all(n.__class__ in (int, float) for n in ends)
    low, high, step = (Fraction(str(n)) for n in (*ends, 1)[:3]) if good and _finite(ends) else (1, 0, 1)
    if not low <= high or step <= 0 or (high - low) // step >= MOST_VALUES:
        raise Wrong(
            "a range such as { range = [low, high] } or { range = [low, high, step] }, with at most"
            f" {MOST_VALUES:,} values"
        )
    values = [low + n * step for n in range(int((high - low) // step) + 1)]
    whole = all(n.__class__ is int for n in ends)
    return [int(n) if whole else float(n) for n in values]


def _finite(numbers: list[Any]) -> bool:
    return all(abs(n) < 10**15 for n in numbers)


def _shares(parts: Any, of: Any) -> Shares:
    one = number(0, 100, above=True)
    if of.__class__ is not int or not 1 <= of <= LARGEST_COUNT:
        raise Wrong("shares of a printed width, such as { share = [0.5, 1], of = 512 }")
    try:
        read = [one(part, "share") for part in _listed(parts)]
    except Wrong:
        raise Wrong("shares above 0 up to 100, such as { share = [0.5, 1], of = 512 }") from None
    return Shares(_several(read), of)


def choice_schema(sort: str, one: dict[str, Any]) -> dict[str, Any]:
    """Describe the choices between values of one sort, as JSON Schema; one: of a value."""

    def table(properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    several = {"type": "array", "minItems": 1, "maxItems": MOST_VALUES, "uniqueItems": True}
    ends = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 3}
    ways = [table({"choice": {**several, "items": one}}), table({"range": ends})]
    if sort in SHARED:
        part = {"type": "number", "exclusiveMinimum": 0, "maximum": 100}
        whole = {"type": "integer", "minimum": 1, "maximum": LARGEST_COUNT}
        ways.append(table({"share": {**several, "items": part}, "of": whole}))
    return {"anyOf": ways}


def only_choice(sort: str) -> Callable[[Any, str], Choice]:
    """A reader of a key that only a space has: a choice between values of one sort."""
    inner = read_choice(SORTS[sort].read, sort)

    def reader(value: Any, key: str) -> Choice:
        if value.__class__ is not dict:
            raise Wrong(f"a choice such as {WAYS}")
        found = inner(value, key)
        assert isinstance(found, Choice)
        return found

    return reader
