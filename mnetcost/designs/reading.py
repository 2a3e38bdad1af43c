"""How is a TOML file read so that one run shows every mistake in it?

Each value is read at its place, and what is wrong with it is kept until the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from ..errors import CallError, Fault, MnetcostError, SpecError
from ..records import NamedTuple
from .places import KeyPath, line_of, lines, spelled
from .sorts import Wrong

MOST_FAULTS = 200


class Spot(NamedTuple):
    """Where a value stands: its file, and the keys that lead to it."""

    file: str
    path: KeyPath = ()

    def at(self, *keys: str | int) -> Spot:
        """A place within this one."""
        return Spot(self.file, (*self.path, *keys))


class Reading:
    """The TOML files that are read for one answer, and every fault found in them so far.

    error: what `finish` raises.
    """

    def __init__(self, error: type[MnetcostError] = SpecError) -> None:
        self.error = error
        self.texts: dict[str, str] = {}
        self.faults: dict[tuple[Spot, str, str], None] = {}

    def fault(self, spot: Spot, message: str, hint: str = "") -> None:
        """Keep a fault; past `MOST_FAULTS` of them, raise them all."""
        self.faults[spot, message, hint] = None
        if len(self.faults) > MOST_FAULTS:
            self.finish()

    def refuse(self, spot: Spot, message: str) -> NoReturn:
        """Raise at once: the file asks for too much to look for further faults."""
        self.fault(spot, message)
        self.finish()
        raise AssertionError

    def unknown(self, spot: Spot, message: str, known: Iterable[str], word: object = "") -> None:
        """Keep a fault about an unknown word, by default the last key, with the known one that is meant."""
        from .synonyms import did_you_mean

        self.fault(spot, message, did_you_mean(word or str(spot.path[-1]), known, "keys"))

    def read(self, spot: Spot, read: Callable[[Any, str], Any], value: Any, default: Any = None) -> Any:
        """Return what `read` makes of a value and its key; the default, and a fault, where it refuses.

        read: raises `Wrong` with what the value must be, or CallError with a whole sentence.
        """
        key = str(spot.path[-1])
        try:
            return read(value, key)
        except Wrong as e:
            self.fault(spot, f"'{key}' must be {e}, not {shown(value)}", e.hint)
        except CallError as e:
            self.fault(spot, e.faults[0].message, e.faults[0].hint)
        return default

    def finish(self) -> None:
        """Raise every fault found, by file and line; nothing where there is none."""
        if not self.faults:
            return
        known = {file: lines(text) for file, text in self.texts.items()}
        faults = [
            Fault(message, file, line_of(known.get(file, {}), path), spelled(path), hint)
            for (file, path), message, hint in list(self.faults)[:MOST_FAULTS]
        ]
        faults.sort(key=lambda fault: (fault.file, fault.line))
        if len(self.faults) > MOST_FAULTS:
            faults.append(Fault(f"there are more than {MOST_FAULTS} mistakes"))
        raise self.error(*faults)


class Table:
    """A table of a TOML file: its values, each read at its place.

    moved: where single keys stand that were put into the table from elsewhere.
    """

    def __init__(
        self, reading: Reading, spot: Spot, values: dict[str, Any], moved: Mapping[str, Spot] | None = None
    ) -> None:
        self.reading, self.spot, self.values, self.moved = reading, spot, values, moved or {}

    def at(self, key: str) -> Spot:
        """Where a key stands, or would stand."""
        return self.moved.get(key) or self.spot.at(key)

    def fault(self, message: str, hint: str = "", key: str = "") -> None:
        """Keep a fault of the whole table, or of one key."""
        self.reading.fault(self.at(key) if key else self.spot, message, hint)

    def unknown(self, key: str, message: str, known: Iterable[str]) -> None:
        """Keep a fault about an unknown key, with the known one that is meant."""
        self.reading.unknown(self.at(key), f"{message} '{key}'", known)

    def only(self, known: Iterable[str], what: str) -> None:
        """Refuse every other key: "{what} has no key ..."."""
        known = list(known)
        for key in self.values:
            if key not in known:
                self.unknown(key, f"{what} has no key", known)

    def read(self, key: str, read: Callable[[Any, str], Any], default: Any = None) -> Any:
        """Read one key; the default where it is not there, or is refused."""
        return (
            self.reading.read(self.at(key), read, self.values[key], default)
            if key in self.values
            else default
        )

    def inner(self, key: str, message: str) -> Table:
        """The table under a key; an empty one, and this fault, where the value is no table."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.fault(message, key=key)
        return Table(self.reading, self.at(key), value if isinstance(value, dict) else {})

    def each(self, key: str) -> Iterator[Table]:
        """The tables of an array: [[key]], as often as it stands in the file."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            self.fault(f"'{key}' must be written as [[{key}]] tables", key=key)
            return
        for n, one in enumerate(value):
            spot = self.at(key).at(n)
            if not isinstance(one, dict):
                self.reading.fault(spot, f"a {key} must be a table")
            yield Table(self.reading, spot, one if isinstance(one, dict) else {})


def shown(value: Any) -> str:
    """A wrong value as a message shows it: as TOML writes it, at most 60 characters."""
    from .toml import value as written

    try:
        if isinstance(value, str):
            text = f'"{value}"'
        elif isinstance(value, dict):
            text = written(value)
        else:
            text = str(value).lower() if isinstance(value, bool) else repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits; tables in tables in tables
        return "that"
    return text if len(text) <= 60 else text[:57] + "..."
