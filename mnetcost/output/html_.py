"""HTML: one self-contained page, without scripts or links."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as escape_html
from typing import Any

from ..analyses.documents import Column, Document, Table
from ..errors import plain
from .cells import KINDS, beside, written

STYLE = (
    "body{font:15px/1.5"
    " system-ui,sans-serif;margin:2em;color:#1c2128}table{border-collapse:collapse;margin:1em"
    " 0}caption{text-align:left;font-weight:600;padding:.4em 0}th,td{padding:.2em"
    " .6em;text-align:left;border-bottom:1px solid"
    " #e3e7eb}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}tfoot"
    " td{font-weight:600}.t{white-space:pre;font-family:ui-monospace,monospace}"
    "small{color:#6a737d;margin-left:.6em}meter{width:4em;margin-left:.6em}"
)


def escape(text: str) -> str:
    """The text with the characters escaped that HTML would read as tags, entities or quotes.

    >>> escape("<b>&")
    '&lt;b&gt;&amp;'
    """
    return escape_html(text, quote=True)


def _cell(value: Any, column: Column, largest: Any = 0) -> str:
    text = escape(written(value, column))
    if rough := beside(value, column):
        text += f"<small>{escape(rough)}</small>"
    if column.bar and value is not None and largest:
        text += f'<meter value="{value / largest:.4f}"></meter>'
    return f"<td{_class(column)}>{text}</td>"


def _class(column: Column) -> str:
    if column.kind == "tree":
        return ' class="t"'
    return ' class="n"' if KINDS[column.kind].right else ""


def _table(table: Table) -> str:
    bars = [m for m, c in enumerate(table.columns) if c.bar]
    # bars are relative to the largest value of the table, as on a terminal
    largest = max((row[m] or 0 for row in table.rows for m in bars), default=0)

    def rows(which: Sequence[tuple[Any, ...]], of: Any = 0) -> str:
        return "\n".join(
            "<tr>" + "".join(_cell(v, c, of) for v, c in zip(row, table.columns, strict=True)) + "</tr>"
            for row in which
        )

    head = "".join(f"<th{_class(c)}>{escape(plain(c.title))}</th>" for c in table.columns)
    foot = f"\n<tfoot>\n{rows(table.footer)}\n</tfoot>" if table.footer else ""
    caption = escape(plain(table.title))
    body = rows(table.rows, largest)
    top = f"<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>"
    return f"<table>\n{top}\n<tbody>\n{body}\n</tbody>{foot}\n</table>"


def render(document: Document) -> str:
    """Return the document as one page."""
    title = escape(plain(document.title))
    lead, notes = (
        "\n".join(f"<p>{escape(plain(line))}</p>" for line in lines)
        for lines in (document.lead, document.notes)
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>",
    ]
    parts += [f"<body>\n<h1>{title}</h1>", lead, *map(_table, document.tables), notes, "</body>\n</html>"]
    return "\n".join(part for part in parts if part)
