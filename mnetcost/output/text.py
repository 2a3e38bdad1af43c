"""Plain text: aligned columns, exact integers with k, M or G beside them."""

from __future__ import annotations

from collections.abc import Iterator

from ..analyses.documents import Document
from .cells import bar
from .layout import Group, Section, pad, page_of

GAP = "  "


def render(document: Document, blocks: bool = True) -> str:
    """Return titles, tables and notes as plain text, as wide as needed.

    blocks: whether there are block characters and lines, as there are in files.
    """
    page = page_of(document, blocks)
    parts = ["\n".join((page.title, *page.lead))]
    parts += ["\n".join(lines_of(group, blocks)) for group in page.groups]
    parts += ["\n".join(page.notes)] if page.notes else []
    return "\n\n".join(parts)


def lines_of(group: Group, blocks: bool = True) -> Iterator[str]:
    """The lines of a group: the titles of its columns, then each section under its title.

    A tree has its bars, as on a terminal; other tables are figures only.
    """
    spaces = list(zip(group.widths, group.right, strict=True))
    if group.titles:
        yield GAP.join(
            pad(title, exact + (rough + 1 if rough else 0), right)
            for title, ((exact, rough), right) in zip(group.titles, spaces, strict=True)
        ).rstrip()
    for section in group.sections:
        yield from [section.title] if section.title else []
        for r, row in enumerate(section.rows):
            yield GAP.join(
                pad(cell, exact, right)
                + (" " + pad(beside, rough, True) if rough else "")
                + (_bar(section, r, n, blocks) if group.is_tree else "")
                for n, ((cell, beside), ((exact, rough), right)) in enumerate(zip(row, spaces, strict=True))
            ).rstrip()


def _bar(section: Section, r: int, n: int, blocks: bool) -> str:
    """The bar of a cell, with the blank before it; "" in a column without bars."""
    return " " + bar(section.part(r, n), blocks) if section.table.columns[n].bar else ""
