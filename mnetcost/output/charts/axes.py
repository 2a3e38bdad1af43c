"""How are the axes of a chart drawn? Round values with thin lines across, or names."""

from __future__ import annotations

from collections.abc import Sequence

from .canvas import EDGE, SMALL, Canvas, fitted, measure
from .scales import Scale, short

LONGEST = 170
"""Pixels of a name that is turned beneath an axis."""
SLOPE = 0.7071
"""Sine and cosine of 45 degrees, by which such a name is turned."""


def room_beside(up: Scale) -> float:
    """How many pixels the values beside an upright axis take."""
    return max((measure(short(v, up.axis)) for v in up.ticks()), default=0)


def levels(canvas: Canvas, up: Scale, left: float, right: float, steps: int = 5) -> None:
    """The values of an axis from bottom to top, each with a line across."""
    for value in up.ticks(steps):
        y = up.place(value)
        canvas.line(left, y, right, y)
        canvas.text(left - 8, y + 4, short(value, up.axis), "dim", anchor="end")


def upright(canvas: Canvas, up: Scale, left: float, right: float, head: float) -> None:
    """An axis from bottom to top, with its title at `head`, above it."""
    levels(canvas, up, left, right)
    # a title that is longer than the values goes on to the right of them
    width = measure(up.axis.title)
    canvas.text(max(EDGE, min(left - 8, EDGE + width) - width), head, up.axis.title, "dim")


def turned(canvas: Canvas, up: Scale, left: float, right: float, title: str) -> None:
    """An axis from bottom to top, with a title that is turned, beside it."""
    levels(canvas, up, left, right, 6)
    canvas.text(EDGE + 4, (up.start + up.end) / 2, title, "dim", anchor="middle", turn=-90)


def along(canvas: Canvas, scale: Scale, top: float, base: float, title: str = "") -> float:
    """An axis from left to right, with its title beneath; returns where that ends."""
    steps = max(int((scale.end - scale.start) / 90), 2)
    until = 0.0
    for value in scale.ticks(steps):
        x, text = scale.place(value), short(value, scale.axis)
        canvas.line(x, top, x, base)
        if x - measure(text) / 2 > until:
            canvas.text(x, base + 18, text, "dim", anchor="middle")
            until = x + measure(text) / 2 + 6
    middle = (scale.start + scale.end) / 2
    canvas.text(middle, base + 40, title or scale.axis.title, "dim", anchor="middle")
    return base + 48


def names_along(canvas: Canvas, names: Sequence[str], scale: Scale, base: float) -> float:
    """The names of 0, 1, 2 ... along an axis: beside each other where they have room, or else turned, every
    second, third ... where they are many. The title of the axis is beneath; returns where that ends.
    """
    step = abs(scale.place(1) - scale.place(0))
    if max(map(measure, names), default=0) <= step - 10:
        for n, name in enumerate(names):
            canvas.text(scale.place(n), base + 18, name, "dim", anchor="middle")
        under = base + 18
    else:
        each = max(-int(-(SMALL + 4) // step), 1)
        under = base
        for n in range(0, len(names), each):
            x = scale.place(n)
            text = fitted(names[n], min(LONGEST, (x - 8) / SLOPE))
            canvas.line(x, base, x, base + 4, "dim")
            hover = names[n] if text != names[n] else ""
            canvas.text(x + 4, base + 14, text, "dim", anchor="end", hover=hover, turn=-45)
            under = max(under, base + 16 + SLOPE * measure(text))
    title = scale.axis.title
    if title:
        canvas.text((scale.start + scale.end) / 2, under + 22, title, "dim", anchor="middle")
        return under + 30
    return under + 10
