"""Text for people: aligned columns."""

from __future__ import annotations

from ..analyses.records import Document
from ..errors import plain


def render(document: Document) -> str:
    """Return titles, tables and notes as plain text."""
    from tabulate import tabulate

    parts = [plain(document.title)]
    for table in document.tables:
        rows = [[plain(cell) for cell in row] for row in (*table.rows, *table.footer)]
        parts.append(tabulate(rows, [c.title for c in table.columns], tablefmt="plain", disable_numparse=True))
    parts += [plain(note) for note in document.notes]
    return "\n\n".join(parts)
