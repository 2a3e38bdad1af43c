"""How is a value shown to people? Values ask here; whoever can draw them has put the ways here.

Packages import only from those below them, so `Costs` in `engine/` cannot ask `output/` for a table.
`api.py`, above all packages, puts the functions of `display.py` into `WAYS`. A program that never imports it
sees of each value what the value knows by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .errors import plain

WAYS: dict[str, Callable[[Any], str]] = {}
"""What shows a value: "line" as `repr`, "text" as `str`, "html" within a notebook."""
LONGEST = 100
"""Letters of a name in a line."""


def shown(value: Any, way: str) -> str | None:
    """A value shown in a way of `WAYS`; None if nothing has been put there."""
    return WAYS[way](value) if way in WAYS else None


def line(kind: str, name: str, *facts: str) -> str:
    """What a prompt shows of a value: what it is, its name, and the most telling of it.

    >>> line("Grid", "v2", many(1, "alpha"), many(5, "resolution"))
    '<Grid v2: 1 alpha, 5 resolutions>'
    """
    name = plain(name)
    name = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return f"<{kind} {name}: {', '.join(facts)}>" if name else f"<{kind}: {', '.join(facts)}>"


def many(count: int, word: str) -> str:
    """A number of things, in the plural unless there is one.

    >>> many(1, "table"), many(1200, "layer")
    ('1 table', '1,200 layers')
    """
    return f"{count:,} {word}{'' if count == 1 else 's'}"
