"""GitHub's workflow commands: an annotation at the line of the layer or budget, at most ten of each kind.

Names from specs and files stand only inside commands, where they are escaped: the runner also obeys commands
in ordinary lines of the log.
Source: GitHub Docs, "Workflow commands for GitHub Actions"; actions/toolkit, packages/core/src/command.ts,
for what is escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import islice

from ..analyses.documents import Document, state_word
from ..errors import Fault, plain
from .ci import details, fails, from_top

MOST = 10  # annotations of each kind; GitHub shows no more per step
KINDS = {"waived": "warning", "new": "notice"}
"""The kind of annotation by the state of a limit; one that fails the check is an error, and a kept one has
none.
"""


def data(text: str) -> str:
    """Escape a command's message; `\\n` stays a newline."""
    return (
        "\n".join(map(plain, text.split("\n"))).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    )


def prop(text: str) -> str:
    """Escape a property of a command."""
    return data(text).replace(":", "%3A").replace(",", "%2C")


def command(kind: str, message: str, file: str = "", line: int = 0, title: str = "") -> str:
    """Return one annotation."""
    given = {"file": from_top(file), "line": str(line) if line else "", "title": title}
    properties = ",".join(f"{key}={prop(value)}" for key, value in given.items() if value)
    return f"::{kind}{' ' if properties else ''}{properties}::{data(message)}"


def render_faults(faults: Iterable[Fault]) -> str:
    """Return an annotation per mistake in a budget or a design, at most ten."""
    lines = []
    for found in islice(faults, MOST):
        message = f"{found.place}: {found.message}" if found.place else found.message
        message += f"\nhint: {found.hint}" if found.hint else ""
        lines.append(command("error", message, found.file, found.line, "mnetcost") + "\n")
    return "".join(lines)


def render(document: Document) -> str:
    """Return an annotation per limit that is not ok, then the number of limits by state."""
    seen: Counter[str] = Counter()
    lines = []
    for result in document.data["results"]:
        kind = "error" if fails(result) else KINDS.get(result["state"])
        if kind is None:
            continue
        seen[kind] += 1
        if seen[kind] <= MOST:
            title = f"{result['design']}: {result['limit']} {result['state']}"
            lines.append(command(kind, "\n".join(details(result)), result["file"], result["line"], title))
    lines += [f"and {n - MOST} more of kind '{kind}', not annotated" for kind, n in seen.items() if n > MOST]
    counts = (f"{n} {state_word(state)}" for state, n in document.data["counts"].items() if n)
    lines.append("limits: " + ", ".join(counts))
    return "\n".join(lines)
