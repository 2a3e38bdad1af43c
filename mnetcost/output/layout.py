"""Which cells, widths and sections does an answer have as text? What text files and terminals share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from ..analyses.documents import Column, Document, Table
from ..errors import plain
from ..records import NamedTuple
from .cells import KINDS, beside, in_ascii, written

INDENT = "  "


def cells(text: str) -> int:
    """Return the width of a text on a terminal, in cells.

    >>> cells("stem"), cells("\u7f51\u7edc")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int, right: bool) -> str:
    """The text with blanks before or after it, up to a width in cells."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


class Section(NamedTuple):
    """One table of a group: its title if there are several, and its cells as (exact, beside), totals last.

    largest: the value shown as a full bar.
    """

    title: str
    table: Table
    rows: list[list[tuple[str, str]]]
    largest: Any

    @property
    def totals(self) -> int:
        """The index of the first total row."""
        return len(self.rows) - len(self.table.footer)

    def part(self, r: int, n: int) -> float:
        """How much of a full bar a cell has; 0 for totals, which have no bars, and for the root of a tree."""
        value = self.table.rows[r][n] if r < self.totals else 0
        return value / self.largest if value and value <= self.largest else 0.0


class Group(NamedTuple):
    """Tables with the same columns, which are printed as one with sections.

    titles: of the columns. widths: of each column's exact values and of what is beside them. right: whether
    a column is right-aligned. Both are needed for every cell, so they are computed once.
    """

    columns: tuple[Column, ...]
    titles: list[str]
    sections: list[Section]
    widths: list[tuple[int, int]]
    right: list[bool]

    @property
    def is_tree(self) -> bool:
        """Whether its rows are those of a tree, which is drawn with its lines and bars."""
        return any(column.kind == "tree" for column in self.columns)


class Page(NamedTuple):
    """A document as text: tables of the same columns put together, and every string safe to print, as
    `plain` makes it.
    """

    title: str
    lead: list[str]
    groups: list[Group]
    notes: list[str]


def page_of(document: Document, blocks: bool = True) -> Page:
    """Write every cell, title and note of a document as text, once.

    blocks: whether there are block characters and lines; else what is drawn is drawn in ASCII.
    """
    several = len(document.tables) > 1
    alike = groupby(document.tables, lambda table: [(c.key, c.title) for c in table.columns])
    return Page(
        plain(document.title),
        [plain(line) for line in document.lead],
        [_group(list(tables), several, blocks) for _, tables in alike],
        [plain(note) for note in document.notes],
    )


def _group(tables: list[Table], several: bool, blocks: bool) -> Group:
    """Tables of the same columns as one group; with titles where the document has several tables."""
    columns = tables[0].columns
    titles = [plain(column.title) for column in columns]
    sections = [
        Section(plain(t.title) if several else "", t, _cells(t, several, blocks), _largest(t)) for t in tables
    ]
    right = [any(KINDS[t.columns[n].kind].right for t in tables) for n in range(len(columns))]
    widths = [_width(titles[n], sections, n, right[n]) for n in range(len(columns))]
    return Group(columns, titles, sections, widths, right)


def _width(title: str, sections: list[Section], n: int, right: bool) -> tuple[int, int]:
    """The width of the nth column's exact values, which its title may widen, and of what is beside them."""
    exact = [cells(row[n][0]) for s in sections for row in s.rows]
    both = max((cells(row[n][1]) for s in sections for row in s.rows), default=0)
    if n == 0 and len(sections) > 1:
        exact += [cells(s.title) for s in sections]
    return max([cells(title) - (both + 1 if both and right else 0), *exact]), both


def _largest(table: Table) -> Any:
    bars = [n for n, column in enumerate(table.columns) if column.bar]
    top = table.columns[:1] and table.columns[0].kind == "tree"  # the root is the sum of the others
    return max((row[n] or 0 for row in (table.rows[1:] if top else table.rows) for n in bars), default=0)


def _cells(table: Table, several: bool, blocks: bool) -> list[list[tuple[str, str]]]:
    indent = INDENT if several else ""
    rows = [_row(row, table.columns, indent) for row in (*table.rows, *table.footer)]
    if blocks:
        return rows
    kinds = [column.kind for column in table.columns]
    return [
        [(in_ascii(exact, kind), rough) for (exact, rough), kind in zip(row, kinds, strict=True)]
        for row in rows
    ]


def _row(row: Sequence[Any], columns: Sequence[Column], indent: str) -> list[tuple[str, str]]:
    out = [(written(v, c), beside(v, c)) for v, c in zip(row, columns, strict=True)]
    return [(indent + out[0][0], out[0][1]), *out[1:]]


def has_blocks(stream: Any) -> bool:
    """Whether block characters and lines can be written to a stream."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "utf16")
