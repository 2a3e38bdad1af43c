"""CSV: one header, raw values, exact integers. Text that a spreadsheet would take for a formula is quoted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from itertools import groupby, repeat
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


WORDS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "size": lambda value: "" if value is None else escape(size(value)),
    "spark": lambda value: "" if value is None else " ".join(map(str, value)),
    "tree": lambda value: "" if value is None else _text(value.name),
}
"""How values other than numbers are written; numbers are written as they are, so that -3 stays a number."""


def quoted(text: str) -> str:
    """Quote the text of a cell where a reader would split it.

    >>> print(quoted("stem"), quoted("3,3"), quoted('a "b" c'))
    stem "3,3" "a ""b"" c"
    """
    if "," in text or '"' in text or "\n" in text or "\r" in text:
        return '"' + text.replace('"', '""') + '"'
    return text


def render(document: Document) -> bytes:
    """Return the rows without totals.

    Tables of the same columns are one, the table's name in front; others follow after an empty line.
    """
    tables = (document.flat,) if document.flat else document.tables
    if document.data.get("status") == "partial":  # CSV has no notes that could say it
        status = Column("status", "status")
        tables = tuple(
            t._replace(columns=(*t.columns, status), rows=tuple((*row, "partial") for row in t.rows))
            for t in tables
        )
    out = BytesIO()
    for n, (keys, alike) in enumerate(groupby(tables, _keys)):
        if n:
            out.write(b"\n")
        heads = ("table", *keys) if len(tables) > 1 else keys
        out.write(_lines([[quoted(_text(key))] for key in heads]))
        for table in alike:
            title = [repeat(quoted(_text(table.title)))] if len(tables) > 1 else []
            for columns in _written(table):
                out.write(_lines([*title, *columns]))
    return out.getvalue()


def _keys(table: Table) -> tuple[str, ...]:
    return tuple(c.key for c in table.columns)


def _written(table: Table) -> Iterator[list[Iterable[str]]]:
    """The cells of a table by column, some rows at a time."""
    pieces = getattr(table.rows, "pieces", lambda: _whole(table.rows))
    last: list[Any] = [[] for _ in table.columns]
    texts: list[Iterable[str]] = last
    for piece in pieces():
        # what is the very same column as in the piece before is written once
        texts = [
            old if values is before else _column(values, column.kind)
            for values, column, before, old in zip(piece, table.columns, last, texts, strict=True)
        ]
        last = piece
        yield texts


def _whole(rows: Sequence[tuple[Any, ...]]) -> Iterator[list[Any]]:
    """All rows as one piece."""
    if rows:
        yield [list(values) for values in zip(*rows, strict=True)]


def _column(values: Any, kind: str) -> Iterable[str]:
    """The cells of a column: of a list of values, or of one value of all rows."""
    if values.__class__ is not list:
        return repeat(*_column([values], kind))
    if kind in WORDS:
        return [quoted(text) for text in map(WORDS[kind], values)]
    if set(map(type, values)) <= {int, float}:
        return list(map(repr, values))
    return ["" if value is None else quoted(str(value)) for value in values]


def _lines(columns: Sequence[Iterable[str]]) -> bytes:
    """Rows of cells as lines; one that is a single empty cell is quoted, since an empty line is no row."""
    cells = map(",".join, zip(*columns, strict=False))
    lines = [*cells, ""] if len(columns) > 1 else [*(text or '""' for text in cells), ""]
    return "\n".join(lines).encode("utf-8", "backslashreplace")
