"""Which tables has a page? Those of the same columns as one, its rows under heads that can be folded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from ...analyses.documents import Column, Document, Table
from ...records import NamedTuple
from ..cells import beside
from .cells import Look, align, cell, name, shown
from .markup import Html, join, lines, tag, text

SUMMED = ("count", "bytes", "memory", "integer", "share")
"""Kinds of columns of which the shown rows have a sum, where the table has a total."""
NAMED = 4
"""Titles that stand above a table made of several."""

Row = tuple[Any, ...]


class Part(NamedTuple):
    """Rows of a table under one head: those of a block, with its sums, or one of several tables.

    sums: a value for each column; None where the head has a title alone. rows: each with its number.
    totals: beneath them. looks: of the cells of the rows; of the head and the totals.
    """

    title: str
    sums: Row | None
    rows: Sequence[tuple[int, Row]]
    totals: Sequence[Row]
    looks: list[Look]
    heads: list[Look]


def tables_of(document: Document) -> Html:
    """Every table of a document."""
    alike = groupby(document.tables, lambda table: [(c.key, c.title) for c in table.columns])
    return join(*(_grid(n, list(group)) for n, (_, group) in enumerate(alike, 1)))


def _grid(number: int, tables: list[Table]) -> Html:
    """Tables of the same columns as one element, in a box that scrolls; beside it what its rows open."""
    columns, several = tables[0].columns, len(tables) > 1
    details = {} if several else dict(enumerate(tables[0].more().details))
    titles = [table.title for table in tables]
    title = ", ".join(titles[:NAMED]) + (f" and {len(titles) - NAMED} more" if len(titles) > NAMED else "")
    room = [_room(n, tables) for n in range(len(columns))]
    parts = [part for table in tables for part in _parts(table, several, room)]
    grid = f"table-{number}"
    foot = [] if several else [_total(row, parts[0].heads) for row in tables[0].footer]
    inside = lines(
        tag("thead", tag("tr", *(_head(n, column, tables) for n, column in enumerate(columns)))),
        *(_body(part, grid, details) for part in parts),
        tag("tfoot", lines(*foot)) if foot else Html(""),
    )
    seen = title and not several
    heading = tag("h3", text(title or columns[0].title), id=grid, class_="" if seen else "unseen")
    # the rows of a tree make sense in their order only
    kind = "tree" if any(column.kind == "tree" for column in columns) else ""
    table = tag("table", inside, aria_labelledby=grid, class_=kind)
    box = tag("div", table, class_="scroll", role="group", aria_labelledby=grid, tabindex=0)
    opened = (_detail(f"{grid}-{n}", detail) for n, detail in details.items())
    return tag("div", lines(heading, box, *opened), class_="grid")


def _room(n: int, tables: list[Table]) -> Look:
    """For what there is room in the nth column of tables of the same columns."""
    rows = [(table.columns[n], row[n]) for table in tables for row in (*table.rows, *table.footer)]
    double = any(beside(value, column) for column, value in rows)
    return Look(tables[0].columns[n], double, any(table.columns[n].bar for table in tables))


def _parts(table: Table, several: bool, room: list[Look]) -> Iterable[Part]:
    """The parts of one table: its blocks, or the whole of it."""
    blocks, rows = () if several else table.more().blocks, list(enumerate(table.rows))
    looks, bare = _looks(table, table.rows, room), _looks(table, (), room)
    if not blocks:
        yield Part(table.title if several else "", None, rows, table.footer if several else (), looks, bare)
    heads = _looks(table, [block.sums for block in blocks], room)
    for block in blocks:
        yield Part(block.title, block.sums, [rows[n] for n in block.rows], (), looks, heads)


def _looks(table: Table, rows: Sequence[Row], room: list[Look]) -> list[Look]:
    """How cells of these rows look: their bars are relative to the largest value, as on a terminal."""
    bars = [n for n, column in enumerate(table.columns) if column.bar]
    largest = max((row[n] or 0 for row in rows for n in bars), default=0)
    return [
        look._replace(column=column, largest=largest if column.bar else 0)
        for look, column in zip(room, table.columns, strict=True)
    ]


def _head(n: int, column: Column, tables: list[Table]) -> Html:
    """The head of a column; one without a title is named for those who hear it."""
    title = text(column.title) if column.title else tag("span", text(column.key), class_="unseen")
    last = tables[0].footer[-1] if len(tables) == 1 and tables[0].footer else None
    summed = last is not None and column.kind in SUMMED and last[n] is not None
    return tag("th", title, scope="col", class_=align(column), data_sum=column.kind if summed else "")


def _body(part: Part, grid: str, details: dict[int, Table]) -> Html:
    rows = []
    if part.sums is not None:
        cells = [tag("th", text(part.title), scope="rowgroup"), *_cells(part.sums, part.heads)]
        rows.append(tag("tr", *cells, class_="head"))
    elif part.title:
        head = tag("th", text(part.title), scope="rowgroup", colspan=len(part.looks))
        rows.append(tag("tr", head, class_="head"))
    rows += [_row(row, part.looks, f"{grid}-{n}" if n in details else "") for n, row in part.rows]
    rows += [_total(row, part.heads) for row in part.totals]
    return tag("tbody", lines(*rows))


def _cells(row: Row, looks: list[Look]) -> list[Html]:
    """The cells of a row after the first."""
    return [cell(value, look) for value, look in zip(row[1:], looks[1:], strict=True)]


def _row(row: Row, looks: list[Look], opens: str) -> Html:
    """A row; opens: the element that its name shows."""
    first = cell(row[0], looks[0], head="row")
    if opens:
        button = tag("button", name(row[0]), type="button", class_="why", popovertarget=opens)
        first = tag("th", button, scope="row")
    return tag("tr", first, *_cells(row, looks), class_="row")


def _total(row: Row, looks: list[Look]) -> Html:
    looks = [look._replace(largest=0) for look in looks]
    return tag("tr", cell(row[0], looks[0], head="row"), *_cells(row, looks), class_="total")


def _detail(name: str, detail: Table) -> Html:
    """What a row opens: a sentence for each row of the table without a count, and its products."""
    count = detail.columns[1]
    sentences = [tag("p", text(str(row[2]))) for row in detail.rows if row[1] is None]
    products = [
        Html(tag("dt", text(str(row[0]))) + tag("dd", text(f"{row[2]} = "), tag("b", shown(row[1], count))))
        for row in detail.rows
        if row[1] is not None
    ]
    inside = [tag("h4", text(detail.title)), *sentences, tag("dl", *products) if products else Html("")]
    return tag("div", *inside, id=name, popover="auto", role="note", class_="opened")
