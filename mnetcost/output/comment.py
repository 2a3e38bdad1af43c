"""A pull request's comment: Markdown with a hidden first line, by which a later run finds the comment to update.

Names are a stranger's: they are escaped as in every Markdown of ours, and stand in <code>, where GitHub looks for no mentions, numbers
of pull requests or commits.
"""

from __future__ import annotations

from typing import Any

from ..analyses.records import Document
from ..errors import plain
from .markdown import escape

MARKER = "<!-- mnetcost check -->"
MOST_ROWS = 100  # a comment holds 65,536 characters
MOST_DETAILS = 10
LONGEST = 120
HEAD = ("| | design | limit | value | base | allowed | headroom |", "|---|---|---|--:|--:|--:|--:|")
SIGNS = {"kept": "✅", "new": "🆕", "waived": "⚠️", "broken": "❌", "partial": "❌"}


def code(text: object) -> str:
    """A stranger's text as code that says no more than itself.

    >>> code("![x](y)|<b>")
    '<code>!\\\\[x\\\\](y)\\\\|\\\\<b\\\\></code>'
    """
    said = plain(text)
    return f"<code>{escape(said if len(said) <= LONGEST else said[: LONGEST - 3] + '...')}</code>"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _row(result: dict[str, Any]) -> str:
    limit = f"{result['limit']} {'<=' if result['side'] == 'max' else '>='} {result['allowed']}"
    cells = (
        SIGNS[result["state"]],
        code(result["design"]),
        code(limit),
        *(_number(result[k]) for k in ("value", "base", "bound", "headroom")),
    )
    return f"| {' | '.join(cells)} |"


def _details(result: dict[str, Any]) -> list[str]:
    out = [
        f"<details><summary>{code(result['design'])}: {code(result['limit'])} {result['state']}</summary>",
        "",
        code(result["message"]),
        "",
    ]
    for title, key, sign in (("what changed", "causes", "+"), ("what costs most", "layers", "")):
        if result[key]:
            rows = (f"| {code(one['name'])} | {one['value']:{sign},} |" for one in result[key])
            out += [f"| {title} | {result['unit']} |", "|---|--:|", *rows, ""]
    return [*out, "</details>", ""]


def render(document: Document) -> str:
    """Return the comment: a headline, one row a limit, the broken ones first, and what they are about."""
    data = document.data
    order = {"broken": 0, "partial": 0, "waived": 1, "new": 2, "kept": 3}
    results = sorted(data["results"], key=lambda r: order[r["state"]])
    told = [r for r in results if r["message"] and r["state"] != "new"]
    counts = ", ".join(f"{n} {state}" for state, n in data["counts"].items() if n)
    lines = [MARKER, f"### Network cost: {'every budget is kept' if data['status'] == 'kept' else 'a budget is broken'}", "", counts, ""]
    lines += [f"Relative limits are held against {code(title)}." for title in data["held_against"]]
    lines += [
        "",
        "| | design | limit | value | base | allowed | headroom |",
        "|---|---|---|--:|--:|--:|--:|",
        *map(_row, results[:MOST_ROWS]),
        "",
    ]
    if len(results) > MOST_ROWS:
        lines += [f"and {len(results) - MOST_ROWS:,} more limits", ""]
    for result in told[:MOST_DETAILS]:
        lines += _details(result)
    return "\n".join(lines)
