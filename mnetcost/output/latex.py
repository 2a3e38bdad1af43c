"""LaTeX: tables for a paper, in the style of booktabs."""

from __future__ import annotations

from collections.abc import Sequence

from ..analyses.documents import Document, Table
from ..errors import plain
from .cells import KINDS, written

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
        return [
            line([escape(written(v, c)) for v, c in zip(row, table.columns, strict=True)]) for row in which
        ]

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
