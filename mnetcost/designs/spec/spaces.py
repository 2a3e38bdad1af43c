"""How are the rows of a space read that no other spec has? Rows to choose from, and rows to leave out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..places import spelled
from ..reading import Table
from ..sorts import SORTS
from .choices import Choice, read_choice
from .language import ROW_KEYS, SPACE_KEYS, Vocabulary
from .lists import row_tables
from .values import Row

OUTER = ("any", "name", "repeat", "why", *SPACE_KEYS)
"""Keys of a row with `any` itself; all others are of each row to choose from."""
NOT_INNER = ("any", "name", "from", "repeat", *SPACE_KEYS)
"""Keys that a row to choose from does not have: they are of the row that chooses."""


def read_any(row: Table, words: Vocabulary, read: Callable[[Table, Vocabulary], Row | None]) -> Row | None:
    """Check a row that chooses between rows: `any` lists them, and its other keys are of each of them.

    read: of one row. None where no row to choose from is right; what is wrong is kept as faults.
    """
    rows = row_tables(row, "any")
    if not rows and isinstance(row.values["any"], list):
        row.fault("'any' must have at least one row", key="any")
    given = {key: value for key, value in row.values.items() if key not in OUTER}
    if "op" in given:
        row.fault("a row with 'any' has no 'op'", "each of its rows has one", key="op")
        del given["op"]
    found = []
    for inner in rows:
        for key in NOT_INNER:
            if key in inner.values:
                inner.fault(f"a row in 'any' has no '{key}'", "it stands in the row with 'any'", key=key)
        own = {key: value for key, value in inner.values.items() if key not in NOT_INNER}
        both = {key: value for key, value in given.items() if key not in own}
        moved = {key: row.at(key) for key in both}
        found.append(read(Table(inner.reading, inner.spot, {**own, **both}, moved), words))
    common = {key: _read_outer(row, key) for key in OUTER[1:] if key in row.values}
    repeat = common.get("repeat") or 0
    optional, per = common.get("optional") is True, common.get("per") or ""
    check_copies(row, optional, per, repeat)
    kept = tuple(one for one in found if one is not None)
    return (
        Row(
            "",
            {},
            common.get("name") or "",
            kept[0].inputs if kept else (),
            repeat,
            why=common.get("why") or "",
            file=row.spot.file,
            key=spelled(row.spot.path),
            optional=optional,
            per=per,
            any=kept,
        )
        if kept
        else None
    )


def _read_outer(row: Table, key: str) -> Any:
    sort = ROW_KEYS.get(key) or SPACE_KEYS[key]
    read = SORTS[sort].read
    choice = key == "repeat" and row.values[key].__class__ is dict
    return row.read(key, read_choice(read, sort) if choice else read)


def check_copies(row: Table, optional: bool, per: str, repeat: Any) -> None:
    """Check that what a row says of its copies goes together."""
    if per and not repeat:
        row.fault("'per' is for a row that repeats", "such as repeat = { choice = [2, 3] }", key="per")
    if optional and not per and repeat.__class__ is Choice:
        row.fault(
            "a row whose copies are a choice is not optional too",
            "with per = \"row\", all its copies may be left out; else let 'repeat' choose fewer",
            key="optional",
        )
