"""How does a [[change]] alter the rows of the spec that is extended?"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from ...engine.graph import MOST_LAYERS
from ...errors import nearest
from ...records import NamedTuple
from ..reading import Spot, Table, shown
from ..shipped import block_path, shipped_blocks
from ..sorts import read_flag
from .language import CHANGE_KEYS, class_keys
from .lists import row_tables
from .words import row_keys

# rows that the changes of a design look at, all together: a thousand changes of a thousand rows
MOST_LOOKS = 1_000_000


class Change(NamedTuple):
    """One [[change]], read: which rows it is for, and what becomes of each of them."""

    match: dict[str, Any]
    new: dict[str, Any]
    spots: dict[str, Spot]  # where each new value stands
    unset: list[str]
    remove: bool
    before: list[Table]
    after: list[Table]
    known: bool  # are there such keys as `match` has?

    def matches(self, row: Table) -> bool:
        """Whether a row has every value that `match` asks for."""
        return all(key in row.values and row.values[key] == value for key, value in self.match.items())

    def made_to(self, row: Table) -> list[Table]:
        """The rows that stand in a matching row's place."""
        return [*self.before, *([] if self.remove else [self._edited(row)]), *self.after]

    def _edited(self, row: Table) -> Table:
        if not self.new and not self.unset:
            return row
        values = {key: v for key, v in {**row.values, **self.new}.items() if key not in self.unset}
        return Table(row.reading, row.spot, values, {**row.moved, **self.spots})


def read_change(table: Table, own: Iterable[str]) -> Change | None:
    """Read one [[change]]; None, and a fault, where it does not say which rows it is for or what to set."""
    for key in table.values:
        if key not in CHANGE_KEYS:
            table.unknown(key, "a change has no key", sorted(CHANGE_KEYS))
    match, new, unset = (
        table.values.get(key, empty) for key, empty in (("match", {}), ("set", {}), ("unset", []))
    )
    if not isinstance(match, dict) or not match:
        table.fault('a change must say which rows it is for: match = { name = "stem" }', key="match")
        return None
    if not isinstance(new, dict) or not isinstance(unset, list) or not all(isinstance(k, str) for k in unset):
        table.fault("'set' must be a table of keys and values, and 'unset' a list of keys")
        return None
    also = ("when",) if "block" in table.values else ()
    known: Collection[str] = (*class_keys(), *own, *also)
    if not {*match, *new, *unset} <= {*known}:
        known = row_keys((*own, *also))
    for spot, key in (
        *((table.at("match").at(key), key) for key in match),
        *((table.at("set").at(key), key) for key in new),
        *((table.at("unset").at(n), key) for n, key in enumerate(unset)),
    ):
        if key not in known:
            table.reading.unknown(spot, f"no row has a key '{key}'", sorted(known), key)
    new = {key: value for key, value in new.items() if key in known}
    before, after = (row_tables(table, key) if key in table.values else [] for key in ("before", "after"))
    return Change(
        match,
        new,
        {key: table.at("set").at(key) for key in new},
        unset,
        table.read("remove", read_flag, False),
        before,
        after,
        {*match} <= {*known},
    )


def _meant(name: object, rows: Iterable[Table]) -> str:
    """A hint: the row whose name was probably meant."""
    names = [given for row in rows if isinstance(given := row.values.get("name"), str)]
    like = nearest(name, names) if isinstance(name, str) and name not in names else None
    return f"did you mean '{like}'?" if like else ""


class Changes:
    """The changes of a design to its rows, and a bound on how many rows they look at together."""

    def __init__(self, rows: dict[str, list[Table]], blocks: dict[str, tuple[Table, list[Table]]]) -> None:
        self.rows = rows
        self.blocks = blocks
        self.looks = 0

    def make(self, table: Table, complete: bool) -> None:
        """Make one change to the rows it matches.

        complete: False where rows are missing because what is extended could not be read; then a change
        that matches none is no fault.
        """
        change = read_change(table, self._own())
        lists = self._lists(table)
        if change is None or lists is None:
            return
        self.looks += sum(map(len, lists.values()))
        if self.looks > MOST_LOOKS:
            table.reading.refuse(
                table.spot, f"the changes of this design look at more than {MOST_LOOKS:,} rows, one by one"
            )
        found = False
        for rows in lists.values():
            matched = [change.matches(row) for row in rows]
            if len(rows) + sum(matched) * len((*change.before, *change.after)) > MOST_LAYERS:
                table.reading.refuse(
                    table.spot,
                    f"gives the design more than {MOST_LAYERS:,} rows, more than it may have layers",
                )
            rows[:] = [
                new
                for row, is_match in zip(rows, matched, strict=True)
                for new in (change.made_to(row) if is_match else [row])
            ]
            found = found or any(matched)
        if not found and complete and change.known:
            hint = _meant(change.match.get("name"), [row for rows in lists.values() for row in rows])
            table.fault("no row matches this change", hint, key="match")

    def _own(self) -> Iterator[str]:
        """The names of the fields of the spec's own blocks."""
        for table, _ in self.blocks.values():
            fields = table.values.get("fields")
            yield from fields if isinstance(fields, dict) else ()

    def _lists(self, table: Table) -> dict[str, list[Table]] | None:
        """The lists of rows that a change is for: those of the spec, or with `block` those of a block.

        A shipped block that is changed becomes the spec's own; the shipped one stays as it is.
        """
        if "block" not in table.values:
            return self.rows
        name = table.values["block"]
        if name not in self.blocks if isinstance(name, str) else True:
            if not isinstance(name, str) or block_path(name) is None:
                known = [*self.blocks, *shipped_blocks()]
                table.reading.unknown(table.at("block"), f"there is no block {shown(name)}", known, str(name))
                return None
            from .blocks import shipped_table

            block = shipped_table(name, table.reading)
            self.blocks[name] = block, row_tables(block, "layers")
        return {"layers": self.blocks[name][1]}
