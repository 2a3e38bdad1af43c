"""How is a value of a model file read with a check, so that a wrong one is an error with its place?

>>> def fault(message, hint=""):
...     return ValueError(f"layer 'stem': {message}")
>>> stem = Fields({"out": 32, "kernel": [3, 3], "stride": "x"}, fault)
>>> stem.integer("out"), stem.sides("kernel"), stem.sides("dilation", 1)
(32, (3, 3), (1, 1))
>>> stem.integer("stride")
Traceback (most recent call last):
ValueError: layer 'stem': 'stride' must be a whole number from 1 to 2,147,483,647, not "x"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, Self

from ...errors import nearest
from ..reading import shown
from ..sorts import Wrong, whole

LARGEST = 2**31 - 1  # what the formats themselves hold in one dimension
LONGEST_LIST = 1000
MISSING: Any = object()


class MakeFault(Protocol):
    """Makes the error for a mistake at one place of a file; raise what it returns."""

    def __call__(self, message: str, hint: str = "") -> Exception: ...


class Fields:
    """The values of one layer, message or config of a file, each checked as it is read.

    given: the values by key, as the file has them. fault: makes an error with the file and the place.

    A method with a `default` returns it where the key is not there; without one, a missing key is an error.
    Every method raises what `fault` makes where the value is not what the method reads. A format overrides
    `raw` and `several`, how a value is fetched, and `truth`, what is taken for true and false.
    """

    longest = LONGEST_LIST

    def __init__(self, given: Mapping[str, Any], fault: MakeFault) -> None:
        self.given, self.fault = given, fault

    def __contains__(self, key: str) -> bool:
        return key in self.given

    def keys(self) -> Iterable[str]:
        """The keys that the file gives."""
        return self.given

    def raw(self, key: str) -> Any:
        """The value as the file has it; None where it gives none."""
        return self.given.get(key)

    def several(self, key: str) -> list[Any] | None:
        """The values of a key that may have several; None where the file gives none."""
        value = self.raw(key)
        return list(value) if isinstance(value, (list, tuple)) else None if value is None else [value]

    def truth(self, value: Any) -> bool | None:
        """What a value means as true or false; None where it means neither."""
        return bool(value) if isinstance(value, (bool, int)) and value in (0, 1) else None

    def at(self, key: str) -> str:
        """How a message names a key."""
        return f"'{key[:60]}'"

    def wrong(self, key: str, must_be: str, value: Any, hint: str = "") -> Exception:
        """The error for a value that is not what it must be; raise what this returns."""
        return self.fault(f"{self.at(key)} must be {must_be}, not {shown(value)}", hint)

    def found(self, key: str, default: Any) -> Any:
        """The value as the file has it, or the default."""
        value = self.raw(key)
        if value is None and default is MISSING:
            raise self.fault(f"{self.at(key)} is missing")
        return default if value is None else value

    def whole(self, key: str, value: Any, low: int = 1, high: int = LARGEST) -> int:
        """A value as a whole number from `low` to `high`; 3.0 is 3."""
        number = int(value) if isinstance(value, float) and value.is_integer() else value
        try:
            return whole(low, high)(number, key)
        except Wrong as e:
            raise self.wrong(key, str(e), value, e.hint) from None

    def integer(self, key: str, default: Any = MISSING, low: int = 1, high: int = LARGEST) -> int:
        """A whole number from `low` to `high`."""
        return self.whole(key, self.found(key, default), low, high)

    def integers(
        self,
        key: str,
        default: Sequence[int] = MISSING,
        low: int = 1,
        high: int = LARGEST,
        counts: Sequence[int] = (),
    ) -> list[int]:
        """Whole numbers from `low` to `high`; one alone is a list of one.

        counts: how many there may be; any number of them up to `longest` where it is left out.
        """
        values = self.several(key)
        if values is None:
            return list(self.found(key, default))
        if len(values) not in counts if counts else len(values) > self.longest:
            many = " or ".join(map(str, counts)) if counts else f"at most {self.longest:,}"
            raise self.fault(f"{self.at(key)} takes {many} numbers, not {len(values)}")
        return [self.whole(key, n, low, high) for n in values]

    def sides(self, key: str, default: Any = MISSING, low: int = 1, sides: int = 2) -> tuple[int, ...]:
        """A whole number for each side of a map: one for all sides, or one each."""
        numbers = self.integers(key, default if default is MISSING else [default], low, counts=(1, sides))
        return tuple(numbers * sides if len(numbers) == 1 else numbers)

    def number(self, key: str, default: Any = MISSING) -> float:
        """A number, neither infinite nor NaN."""
        value = self.found(key, default)
        if value.__class__ not in (int, float) or not abs(value) < 1e300:
            raise self.wrong(key, "a number", value)
        return float(value)

    def flag(self, key: str, default: Any = MISSING) -> bool:
        """True or false."""
        value = self.found(key, default)
        truth = self.truth(value)
        if truth is None:
            raise self.wrong(key, "true or false", value)
        return truth

    def text(self, key: str, default: Any = MISSING) -> str:
        """A text."""
        value = self.found(key, default)
        if not isinstance(value, str):
            raise self.wrong(key, "a text", value)
        return str(value)

    def texts(self, key: str, default: Sequence[str] = MISSING) -> list[str]:
        """Texts; one alone is a list of one."""
        values = self.several(key)
        for value in values or ():
            if not isinstance(value, str):
                raise self.wrong(key, "a text", value)
        return list(self.found(key, default)) if values is None else [str(v) for v in values]

    def choice(self, key: str, words: Mapping[Any, str] | Sequence[str], default: Any = MISSING) -> str:
        """One of some words, or the word that a number of the file stands for.

        words: a list of words, or a mapping of what the file may hold to the word that it means.
        """
        value = self.found(key, default)
        known: Mapping[Any, str] = words if isinstance(words, Mapping) else {word: word for word in words}
        if isinstance(value, bool) or not isinstance(value, (str, int)) or value not in known:
            like = nearest(value, known) if isinstance(value, str) else None
            hint = f"did you mean '{like}'?" if like else ""
            raise self.wrong(key, f"one of {', '.join(map(str, known))}", value, hint)
        return known[value]

    def known(self, *keys: str) -> Self:
        """Refuse a key that is none of these: what is not understood might change a shape."""
        for key in self.keys():
            if key not in keys:
                like = nearest(key, keys)
                raise self.fault(
                    f"no field '{key[:60]}' is known here", f"did you mean '{like}'?" if like else ""
                )
        return self

    def fields(self, key: str) -> Fields:
        """A mapping within this one, each message of which names the key; empty where there is none."""
        value = self.raw(key)
        if value is not None and not isinstance(value, Mapping):
            raise self.wrong(key, "a mapping of names to values", value)
        return Fields(value or {}, within(self.fault, key))


def within(fault: MakeFault, key: str) -> MakeFault:
    """The same maker of errors for what stands within a key."""
    return lambda message, hint="": fault(f"{key[:60]}: {message}", hint)
