"""How is the result of a check written as a comment on a pull request?

Markdown with a hidden first line, by which a later run finds the comment to update.

Names may come from anybody: they are escaped as in other Markdown, and stand in <code>, where GitHub does not
look for mentions, numbers of pull requests or commits.
"""

from __future__ import annotations

from typing import Any

from ..analyses.documents import Document, state_word
from ..errors import plain
from .ci import limit
from .markdown import escape

MARKER = "<!-- mnetcost check -->"
LARGEST = 65_536  # characters allowed in a comment; bytes are counted here, which are never fewer
MOST_DETAILS = 10
LONGEST, LONGEST_MESSAGE = 120, 500
HEAD = ("| | design | limit | value | base | allowed | left |", "|---|---|---|--:|--:|--:|--:|")
SIGNS = {"kept": "✅", "new": "🆕", "waived": "⚠️"}
FAILED = "❌"
ORDER = ("waived", "new", "kept")  # failing limits come before these


def code(text: object, longest: int = LONGEST) -> str:
    """Any text as code in Markdown, without links, mentions or markup.

    >>> code("![x](y)|<b>")
    '<code>!\\\\[x\\\\](y)\\\\|\\\\<b\\\\></code>'
    """
    line = plain(text)
    return f"<code>{escape(line if len(line) <= longest else line[: longest - 3] + '...')}</code>"


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _row(result: dict[str, Any]) -> str:
    cells = (
        SIGNS.get(result["state"], FAILED),
        code(result["design"]),
        code(limit(result)),
        *(_number(result[k]) for k in ("value", "base", "bound", "headroom")),
    )
    return f"| {' | '.join(cells)} |"


def _details(result: dict[str, Any]) -> list[str]:
    out = [
        f"<details><summary>{code(result['design'])}: {code(result['limit'])} {result['state']}</summary>",
        "",
        code(result["message"], LONGEST_MESSAGE),
        "",
    ]
    for title, key, sign in (("what changed", "causes", "+"), ("most expensive layers", "layers", "")):
        if result[key]:
            rows = (f"| {code(one['name'])} | {one['value']:{sign},} |" for one in result[key])
            out += [f"| {title} | {result['unit']} |", "|---|--:|", *rows, ""]
    return [*out, "</details>", ""]


class _Page:
    """The lines of a comment, as many as there is room for."""

    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self.room = room

    def put(self, lines: list[str], spare: int = 0) -> bool:
        """Add all lines, or none if fewer than `spare` bytes would be left; return whether they fit."""
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in lines)
        if size > self.room - spare:
            return False
        self.lines += lines
        self.room -= size
        return True

    def table(self, results: list[dict[str, Any]], what: str, spare: int) -> None:
        """A row for each limit, as long as there is room, and the number of those that do not fit."""
        self.put(list(HEAD))
        fit = next(
            (n for n, result in enumerate(results) if not self.put([_row(result)], spare)), len(results)
        )
        self.put([""])
        if fit < len(results):
            self.put([f"and {len(results) - fit:,} more that {what}, left out for length", ""])

    def details(self, results: list[dict[str, Any]]) -> None:
        """The causes and layers of the first few limits, and how many more there are."""
        few = results[:MOST_DETAILS]
        fit = next((n for n, r in enumerate(few) if not self.put(_details(r), LARGEST // 8)), len(few))
        if fit < len(results):
            left = f"{len(results) - fit:,} more"
            self.put([f"Causes and layers are left out for {left}; `mnetcost check --why` names them.", ""])


def render(document: Document) -> str:
    """Return the comment: a headline, the limits that are not kept with their causes, and the others folded.

    It is shortened to what a comment may contain, and says what was left out.
    """
    data = document.data
    rank = {state: n for n, state in enumerate(ORDER, 1)}
    results = sorted(data["results"], key=lambda r: rank.get(r["state"], 0))
    kept = [r for r in results if r["state"] == "kept"]
    others = results[: len(results) - len(kept)]
    counts = ", ".join(f"{n:,} {state_word(state)}" for state, n in data["counts"].items() if n)
    headline = "all designs are within budget" if data["status"] == "kept" else _trouble(others)
    page = _Page(LARGEST)
    page.put([MARKER, f"### Network cost: {headline}", "", counts, ""])
    bases = [f"Relative limits are compared with {code(title)}." for title in data["held_against"]]
    page.put([*bases[:MOST_DETAILS], ""] if bases else [])
    if others:
        page.table(others, "are not ok", LARGEST // 2)
    page.details([r for r in others if r["message"] and r["state"] != "new"])
    if kept:
        count = f"{len(kept):,} limit{'s are' if len(kept) != 1 else ' is'} ok"
        page.put([f"<details><summary>{count}</summary>", ""])
        page.table(kept, "are ok", 200)
        page.put(["</details>", ""])
    return "\n".join(page.lines)


def _trouble(results: list[dict[str, Any]]) -> str:
    """The headline of a check that fails."""
    states = {r["state"] for r in results}
    unread = "not everything could be checked" if states & {"error", "incomparable"} else ""
    broken = "a budget is broken" if states & {"broken", "partial"} else ""
    return ", and ".join(filter(None, (broken, unread)))
