"""Plain text: aligned columns, exact integers with k, M or G beside them."""

from __future__ import annotations

from collections.abc import Iterator

from ..analyses.documents import Document
from .layout import Group, pad, page_of

GAP = "  "


def render(document: Document, blocks: bool = True) -> str:
    """Return titles, tables and notes as plain text, as wide as needed.

    blocks: whether there are block characters and lines, as there are in files.
    """
    page = page_of(document, blocks)
    parts = ["\n".join((page.title, *page.lead))]
    parts += ["\n".join(line.rstrip() for line in _lines(group)) for group in page.groups]
    parts += ["\n".join(page.notes)] if page.notes else []
    return "\n\n".join(parts)


def _lines(group: Group) -> Iterator[str]:
    """The lines of a group: the titles of its columns, then each section under its title."""
    spaces = list(zip(group.widths, group.right, strict=True))
    if group.titles:
        yield GAP.join(
            pad(title, exact + (rough + 1 if rough else 0), right)
            for title, ((exact, rough), right) in zip(group.titles, spaces, strict=True)
        )
    for section in group.sections:
        yield from [section.title] if section.title else []
        for row in section.rows:
            yield GAP.join(
                pad(cell, exact, right) + (" " + pad(beside, rough, True) if rough else "")
                for (cell, beside), ((exact, rough), right) in zip(row, spaces, strict=True)
            )
