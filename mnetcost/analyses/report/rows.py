"""Which rows of a table are shown, in which order, and with which sums?"""

from __future__ import annotations

from math import prod
from typing import Any

from ...errors import CallError
from ..documents import Table

UNSUMMED = ("held",)
"""Columns of which the first rows have no sum."""


def _order(value: Any) -> Any:
    """A key to sort by: numbers from the largest, maps by their elements, words from A; None last."""
    if isinstance(value, str):
        return (0, 0, value)
    if isinstance(value, tuple):
        return (0, -prod(value), "")
    return (1, 0, "") if value is None else (0, -value, "")


def without_zeros(table: Table, by: str) -> tuple[Table, list[str]]:
    """Hide rows without parameters and work, with a note of how many these are; by: what a row is."""
    at = [n for n, c in enumerate(table.columns) if c.key in ("params", "madds")]
    rows = tuple(row for row in table.rows if any(row[n] for n in at))
    if len(rows) == len(table.rows):
        return table, []
    note = (
        f"{len(table.rows) - len(rows)} of {len(table.rows)} {by}s have zero cost and are hidden (use --all)"
    )
    return table._replace(rows=rows), [note]


def sorted_rows(table: Table, key: str) -> Table:
    """Sort the rows of a table by the column with this key: numbers from the largest, words from A.

    Equal rows keep their order. Raises CallError, with the nearest key, for an unknown column.
    """
    keys = [c.key for c in table.columns]
    if key.lower() not in keys:
        from ...designs.synonyms import did_you_mean

        raise CallError(f"there is no column '{key[:60]}'", hint=did_you_mean(key, keys, "columns"))
    at = keys.index(key.lower())
    return table._replace(rows=tuple(sorted(table.rows, key=lambda row: _order(row[at]))))


def top_rows(table: Table, top: int) -> Table:
    """Keep the first `top` rows, and add a row with their sums to the footer if others are dropped."""
    rows = table.rows[:top]
    sums = [
        (
            f"first {len(rows)}"
            if n == 0
            else sum(row[n] or 0 for row in rows)
            if c.kind in ("count", "share", "integer") and c.key not in UNSUMMED
            else None
        )
        for n, c in enumerate(table.columns)
    ]
    return table._replace(
        rows=rows, footer=(tuple(sums), *table.footer) if len(rows) < len(table.rows) else table.footer
    )
