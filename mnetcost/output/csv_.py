"""CSV: one header, raw values, exact integers; what a spreadsheet would run as a formula is quoted."""

from __future__ import annotations

from io import StringIO
from itertools import groupby
from typing import Any

from ..analyses.records import Column, Document, Table
from .cells import raw

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def escape(text: str) -> str:
    """A name that a spreadsheet would take for a formula gets a quote before it.

    >>> escape("=HYPERLINK(1)"), escape("stem/conv")
    ("'=HYPERLINK(1)", 'stem/conv')
    """
    return "'" + text if text.lstrip(" \u00a0").startswith(FORMULA) else text


def cell(value: Any, column: Column) -> str:
    """One value; numbers are never quoted, so that -3 stays a number."""
    return escape(raw(value, column)) if column.kind == "text" or isinstance(value, str) else raw(value, column)


def render(document: Document) -> str:
    """Return the rows without totals. Tables of the same columns are one, the table's name in front; others follow after an empty line."""
    import csv

    tables = (document.flat,) if document.flat else document.tables
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    for n, (keys, alike) in enumerate(groupby(tables, _keys)):
        parts = list(alike)
        if n:
            writer.writerow([])
        several = len(tables) > 1
        writer.writerow([*(["table"] if several else []), *map(escape, keys)])
        for table in parts:
            for row in table.rows:
                front = [escape(table.title)] if several else []
                writer.writerow([*front, *(cell(v, c) for v, c in zip(row, table.columns, strict=True))])
    return out.getvalue()


def _keys(table: Table) -> tuple[str, ...]:
    return tuple(c.key for c in table.columns)
