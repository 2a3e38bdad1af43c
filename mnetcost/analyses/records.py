"""What does an analysis answer with? Documents of tables, of raw values, that any format can print."""

from __future__ import annotations

from typing import Any, NamedTuple


class Column(NamedTuple):
    """A column of a table: its key (for csv and --sort), its title, and what its values are.

    kind: "text"; "count", an exact integer; "share", a fraction of 1 shown as per cent; "ratio", a plain quotient;
    "size", a map as h x w x c; "number", any other number.
    """

    key: str
    title: str
    kind: str = "text"


class Table(NamedTuple):
    """Rows of raw values under columns; `footer` rows are totals."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Any, ...], ...]
    footer: tuple[tuple[Any, ...], ...] = ()


class Document(NamedTuple):
    """One answer: a heading, tables, a summary line or more, and the same as data for JSON."""

    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    data: dict[str, Any]
