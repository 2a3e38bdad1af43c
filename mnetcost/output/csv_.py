"""CSV: one header, raw values, exact integers. Text that a spreadsheet would take for a formula is quoted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from io import BytesIO, TextIOWrapper
from itertools import groupby
from typing import Any

from ..analyses.documents import Column, Document, Table
from ..errors import plain
from .cells import size

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def escape(text: str) -> str:
    """Put a quote before text that a spreadsheet would take for a formula.

    >>> escape("=HYPERLINK(1)"), escape("stem/conv")
    ("'=HYPERLINK(1)", 'stem/conv')
    """
    return "'" + text if text.lstrip(" \u00a0").startswith(FORMULA) else text


def _text(value: Any) -> str:
    return "" if value is None else escape(plain(value))


CELLS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "size": lambda value: "" if value is None else escape(size(value)),
}
"""How values other than numbers are written; numbers are written as they are, so that -3 stays a number."""


def render(document: Document) -> bytes:
    """Return the rows without totals.

    Tables of the same columns are one, the table's name in front; others follow after an empty line.
    """
    import csv

    tables = (document.flat,) if document.flat else document.tables
    if document.data.get("status") == "partial":  # CSV has no notes that could say it
        status = Column("status", "status")
        tables = tuple(
            t._replace(columns=(*t.columns, status), rows=tuple((*row, "partial") for row in t.rows))
            for t in tables
        )
    out = BytesIO()
    with TextIOWrapper(out, "utf-8", "backslashreplace", newline="", write_through=False) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        for n, (keys, alike) in enumerate(groupby(tables, _keys)):
            if n:
                writer.writerow([])
            writer.writerow([_text(key) for key in (("table", *keys) if len(tables) > 1 else keys)])
            for table in alike:
                writer.writerows(_rows(table, len(tables) > 1))
        stream.flush()
        return out.getvalue()


def _keys(table: Table) -> tuple[str, ...]:
    return tuple(c.key for c in table.columns)


def _rows(table: Table, titled: bool) -> Iterable[Any]:
    """Return rows for csv.writer: numbers as they are, text escaped."""
    words = [(n, CELLS[c.kind]) for n, c in enumerate(table.columns) if c.kind in CELLS]
    if not words and not titled:
        return table.rows
    return (_row(row, words, _text(table.title) if titled else None) for row in table.rows)


def _row(row: Iterable[Any], words: list[tuple[int, Callable[[Any], str]]], title: str | None) -> list[Any]:
    out = list(row)
    for n, write in words:
        out[n] = write(out[n])
    return out if title is None else [title, *out]
