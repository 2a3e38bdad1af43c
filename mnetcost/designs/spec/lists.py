"""Which rows does a list hold? A table of keys for each, at its place in the file."""

from __future__ import annotations

from ..reading import Table, shown


def row_tables(table: Table, key: str) -> list[Table]:
    """The tables of a list of rows: `layers`, `top`, or what a change puts before or after a row."""
    rows, found = table.values[key], []
    if not isinstance(rows, list):
        table.fault(
            f"'{key}' must be a list of rows, each {{ op = ..., ... }}, not {shown(rows)}",
            key=key,
        )
        return []
    for n, row in enumerate(rows):
        spot = table.at(key).at(n)
        if isinstance(row, dict):
            found.append(Table(table.reading, spot, row))
        else:
            message = f'a row must be a table such as {{ op = "conv", out = 8 }}, not {shown(row)}'
            table.reading.fault(spot, message)
    return found
