"""LaTeX: tables for a paper, in the style of booktabs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..analyses.documents import Branch, Column, Document, Table
from ..errors import plain
from .cells import KINDS, levels, written

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "{-}",  # two of them would become a dash
    "[": "{[}",  # after the end of a row it would be read as a length
    "]": "{]}",
    "*": "{*}",
}


def escape(text: str) -> str:
    """The text with the characters escaped that LaTeX would read as commands.

    >>> escape("norm_1 & $x$")
    'norm\\\\_1 \\\\& \\\\$x\\\\$'
    """
    return "".join(SPECIAL.get(c, c) for c in text)


def rules(figures: Sequence[int]) -> str:
    """A sparkline of rules, since the fonts of LaTeX have no block characters.

    >>> print(rules((0, 5, 10)))
    \\rule{.3em}{.0em}\\,\\rule{.3em}{.4em}\\,\\rule{.3em}{.8em}
    """
    return "\\,".join(f"\\rule{{.3em}}{{.{n}em}}" for n in levels(figures))


def indented(value: Branch) -> str:
    """The name of a row of a tree, indented by its depth."""
    return "\\quad " * len(value.more) + escape(plain(value.name))


DRAWN: dict[str, Callable[[Any], str]] = {"spark": rules, "tree": indented}
"""Kinds that are drawn with LaTeX's own means."""


def _cell(value: Any, column: Column) -> str:
    if value is not None and column.kind in DRAWN:
        return DRAWN[column.kind](value)
    return escape(written(value, column))


def render(document: Document) -> str:
    """Return a table environment for each table; they need the packages booktabs and textcomp."""
    parts = ["% \\usepackage{booktabs,textcomp}"]
    title, several = document.caption or document.title, len(document.tables) > 1
    for n, table in enumerate(document.tables):
        label = f"{document.label}-{n + 1}" if several and document.label else document.label
        parts.append(_table(table, f"{title}: {table.title}" if several else title, label))
    parts += [
        "\\noindent " + "\\\\\n".join(escape(plain(line)) for line in (*document.lead, *document.notes))
    ]
    return "\n\n".join(parts)


def _table(table: Table, caption: str, label: str) -> str:
    def line(cells: list[str]) -> str:
        return "    " + " & ".join(cells) + r" \\"

    def rows(which: Sequence[tuple[object, ...]]) -> list[str]:
        return [line([_cell(v, c) for v, c in zip(row, table.columns, strict=True)]) for row in which]

    align = "".join("r" if KINDS[c.kind].right else "l" for c in table.columns)
    head = line([escape(plain(c.title)) for c in table.columns])
    foot = ["    \\midrule", *rows(table.footer)] if table.footer else []
    body = [
        f"  \\begin{{tabular}}{{{align}}}",
        "    \\toprule",
        head,
        "    \\midrule",
        *rows(table.rows),
        *foot,
        "    \\bottomrule",
    ]
    start = ["\\begin{table}", "  \\centering", f"  \\caption{{{escape(plain(caption))}}}"]
    start += [f"  \\label{{{label}}}"] if label else []
    return "\n".join([*start, *body, "  \\end{tabular}", "\\end{table}"])
