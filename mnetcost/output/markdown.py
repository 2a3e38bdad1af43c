"""Markdown: pipe tables as on GitHub; names are escaped, so that nothing in them is formatted or linked."""

from __future__ import annotations

import re

from ..analyses.documents import Document
from ..errors import plain
from .cells import KINDS, written
from .layout import page_of
from .text import lines_of

RUNS = re.compile("`*")
SPECIAL = set("\\`*_{}[]<>#|~$&")
# otherwise a name could mention a person or become a link
BROKEN = {"@": "@<!-- -->", "://": ":<!-- -->//", "www.": "www<!-- -->."}


def escape(text: str) -> str:
    """The text with the characters escaped that Markdown would read as markup or links.

    >>> escape("a|b_c"), escape("- x"), escape("-12")
    ('a\\\\|b\\\\_c', '\\\\- x', '-12')
    """
    text = "".join("\\" + c if c in SPECIAL else c for c in text)
    if text[:1] in ("-", "+") and not text[1:2].isdigit():
        text = "\\" + text
    for plain_, broken in BROKEN.items():
        text = text.replace(plain_, broken)
    return text


def render(document: Document) -> str:
    """Return headings, pipe tables and notes."""
    from tabulate import tabulate

    if any(column.kind == "tree" for table in document.tables for column in table.columns):
        return _drawn(document)
    parts = ["## " + escape(plain(document.title)), *(escape(plain(line)) for line in document.lead)]
    for table in document.tables:
        if len(document.tables) > 1:
            parts.append("### " + escape(plain(table.title)))
        rows = [
            [escape(written(v, c)) for v, c in zip(row, table.columns, strict=True)] for row in table.rows
        ]
        rows += [
            [
                f"**{escape(written(v, c))}**" if v is not None else ""
                for v, c in zip(r, table.columns, strict=True)
            ]
            for r in table.footer
        ]
        align = ["right" if KINDS[c.kind].right else "left" for c in table.columns]
        titles = [escape(plain(c.title)) for c in table.columns]
        parts.append(
            tabulate(rows, titles, tablefmt="pipe", colalign=align if rows else None, disable_numparse=True)
        )
    parts += [escape(plain(note)) for note in document.notes]
    return "\n\n".join(parts)


def _drawn(document: Document) -> str:
    """A document with a tree: headings, the tree as code, in which its lines meet, and notes."""
    page = page_of(document)
    drawn = ["\n".join(lines_of(group)) for group in page.groups]
    # a longer fence than any in a name
    fence = "`" * max(3, 1 + max(len(run) for text in drawn for run in RUNS.findall(text)))
    return "\n\n".join(
        [
            "## " + escape(page.title),
            *map(escape, page.lead),
            *(f"{fence}text\n{text}\n{fence}" for text in drawn),
            *map(escape, page.notes),
        ]
    )
