"""What does each colour of a chart stand for? Its marks with their names, in lines above the chart."""

from __future__ import annotations

from collections.abc import Iterable

from ...records import NamedTuple
from .canvas import EDGE, SMALL, WIDTH, Canvas, fitted, measure

LINE = 20
"""Pixels from one line of names to the next."""
BETWEEN = 18
"""Pixels between a name and the next mark."""
WIDTHS = {"square": 12, "frame": 12, "dot": 10, "line": 24}
"""The kinds of marks, and how wide they are."""


class Mark(NamedTuple):
    """A name, and what it is the name of: a "square", an empty "frame", a "dot", or a "line" with dashes."""

    name: str
    tone: str
    look: str = "square"
    dashes: str = ""


def legend(canvas: Canvas, marks: Iterable[Mark], top: float, room: float = 200) -> float:
    """Write marks with their names from the left, in as many lines as they need; names are cut to a room.

    Returns where the space beneath begins: at `top` where there are none.
    """
    x, y = float(EDGE), top
    for mark in marks:
        before = WIDTHS[mark.look] + 6
        width = before + measure(fitted(mark.name, room))
        if x > EDGE and x + width > WIDTH - EDGE:
            x, y = EDGE, y + LINE
        _mark(canvas, mark, x, y)
        canvas.name(x + before, y + 10, mark.name, room)
        x += width + BETWEEN
    return y + LINE if x > EDGE else top


def _mark(canvas: Canvas, mark: Mark, x: float, y: float) -> None:
    if mark.look == "line":
        canvas.line(x, y + 6, x + WIDTHS["line"], y + 6, mark.tone, 2.5, mark.dashes)
    elif mark.look == "dot":
        canvas.circle(x + 5, y + 6, 5, mark.tone)
    elif mark.look == "frame":
        canvas.rect(x, y, SMALL, SMALL, "paper", edge=mark.tone)
    else:
        canvas.rect(x, y, SMALL, SMALL, mark.tone)
