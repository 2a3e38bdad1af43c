"""Which values are written beside an axis, and where? Round ones, with a thin line through the picture."""

from __future__ import annotations

from .canvas import Canvas
from .scales import Scale, short


def along(canvas: Canvas, scale: Scale, top: float, bottom: float, title: str = "") -> None:
    """An axis from left to right: its round values under the picture, and beneath them what it is."""
    for value in scale.ticks(6):
        x = scale.place(value)
        canvas.line(x, top, x, bottom)
        canvas.text(x, bottom + 17, short(value, scale.axis), "dim", anchor="middle")
    canvas.text((scale.start + scale.end) / 2, bottom + 37, title or scale.axis.title, anchor="middle")


def up(canvas: Canvas, scale: Scale, left: float, right: float, title: str = "") -> None:
    """An axis from the bottom up: its round values to the left of the picture, and beside them what it is."""
    for value in scale.ticks(6):
        y = scale.place(value)
        canvas.line(left, y, right, y)
        canvas.text(left - 8, y + 4, short(value, scale.axis), "dim", anchor="end")
    y = (scale.start + scale.end) / 2
    canvas.text(24, y, title or scale.axis.title, anchor="middle", turn=-90)
