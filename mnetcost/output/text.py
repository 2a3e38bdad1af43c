"""How does an answer look as text for people?

Aligned columns, exact integers with k, M or G beside them; on a terminal the same with colours and bars.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from ..analyses.documents import Column, Document, Table
from ..errors import plain
from .cells import KINDS, beside, written

GAP = "  "


def cells(text: str) -> int:
    """How many columns of a terminal a text takes.

    >>> cells("stem"), cells("\u7f51\u7edc")
    (4, 4)
    """
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, width: int, right: bool) -> str:
    """A text with blanks up to a width, before it or after."""
    blanks = " " * (width - cells(text))
    return blanks + text if right else text + blanks


class Section(NamedTuple):
    """One table of a group: its title where there are several, and its cells as (exact, beside), the
    totals last.

    largest: the value that a full bar stands for.
    """

    title: str
    table: Table
    rows: list[list[tuple[str, str]]]
    largest: Any

    @property
    def totals(self) -> int:
        """The number of the first row that is a total."""
        return len(self.rows) - len(self.table.footer)


class Group(NamedTuple):
    """Tables with the same columns, which are printed as one with sections.

    widths: of each column's exact values and of what stands beside them; right: whether a column stands to
    the right. Every cell asks for them, so they are found once.
    """

    columns: tuple[Column, ...]
    sections: list[Section]
    widths: list[tuple[int, int]]
    right: list[bool]


def _group(columns: tuple[Column, ...], sections: list[Section]) -> Group:
    right = [any(KINDS[s.table.columns[n].kind].right for s in sections) for n in range(len(columns))]
    return Group(
        columns, sections, [_width(columns, sections, n, right[n]) for n in range(len(columns))], right
    )


def _width(columns: tuple[Column, ...], sections: list[Section], n: int, right: bool) -> tuple[int, int]:
    exact = [cells(row[n][0]) for s in sections for row in s.rows]
    both = max((cells(row[n][1]) for s in sections for row in s.rows), default=0)
    if n == 0 and len(sections) > 1:
        exact += [cells(s.title) for s in sections]
    return max([cells(plain(columns[n].title)) - (both + 1 if both and right else 0), *exact]), both


def groups(document: Document) -> Iterable[Group]:
    """Put tables of the same columns together."""
    for _, alike in groupby(document.tables, lambda table: [(c.key, c.title) for c in table.columns]):
        tables = list(alike)
        titled = len(document.tables) > 1
        sections = [
            Section(plain(t.title) if titled else "", t, _cells(t, titled), _largest(t)) for t in tables
        ]
        yield _group(tables[0].columns, sections)


def _largest(table: Table) -> Any:
    bars = [n for n, column in enumerate(table.columns) if column.bar]
    return max((row[n] or 0 for row in table.rows for n in bars), default=0)


def _cells(table: Table, titled: bool) -> list[list[tuple[str, str]]]:
    return [_row(row, table.columns, GAP if titled else "") for row in (*table.rows, *table.footer)]


def _row(row: Sequence[Any], columns: Sequence[Column], indent: str) -> list[tuple[str, str]]:
    out = [(written(v, c), beside(v, c)) for v, c in zip(row, columns, strict=True)]
    return [(indent + out[0][0], out[0][1]), *out[1:]]


def render(document: Document) -> str:
    """Return titles, tables and notes as plain text of whatever width they need."""
    parts = ["\n".join(map(plain, (document.title, *document.lead)))]
    for group in groups(document):
        heads = []
        for n, ((exact, rough), column) in enumerate(zip(group.widths, group.columns, strict=True)):
            heads.append(pad(plain(column.title), exact + (rough + 1 if rough else 0), group.right[n]))
        lines = [GAP.join(heads)] if heads else []
        for section in group.sections:
            lines += [section.title] if section.title else []
            for row in section.rows:
                parts_ = []
                for n, ((exact, rough), cell) in enumerate(zip(group.widths, row, strict=True)):
                    parts_.append(
                        pad(cell[0], exact, group.right[n])
                        + (" " + pad(cell[1], rough, True) if rough else "")
                    )
                lines.append(GAP.join(parts_))
        parts.append("\n".join(line.rstrip() for line in lines))
    parts += ["\n".join(map(plain, document.notes))] if document.notes else []
    return "\n\n".join(parts)
