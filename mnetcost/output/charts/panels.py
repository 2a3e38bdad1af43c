"""What becomes of a shape in several ways? Curves in planes, small and beside each other."""

from __future__ import annotations

from ...analyses.charts import Panel, Panels
from .canvas import EDGE, MIDDLE, WIDTH, Canvas, number

GAP = 21
ACROSS = 3
"""Panels beside each other."""
SIDE = (WIDTH - 2 * EDGE - (ACROSS - 1) * GAP) / ACROSS
"""The width of a panel."""
HEAD, TALL = 42, 230
"""The heights of a panel's names and of its field."""
MARGIN = 14
"""Pixels around a curve."""
TONES = tuple(f"heat{n}" for n in range(3, 10))
"""A curve's tones from its first point to its last."""


def draw(chart: Panels) -> Canvas:
    """The panels in rows, from the left."""
    canvas = Canvas(chart.title, chart.about)
    top = canvas.heading(chart.under)
    if not chart.panels:
        canvas.text(EDGE, top + 20, "nothing to draw", "dim")
        canvas.height = top + 44
        return canvas
    for n, panel in enumerate(chart.panels):
        row, column = divmod(n, ACROSS)
        _panel(canvas, panel, EDGE + column * (SIDE + GAP), top + row * (HEAD + TALL + GAP))
    rows = -(-len(chart.panels) // ACROSS)
    canvas.height = top + rows * (HEAD + TALL + GAP)
    return canvas


def _panel(canvas: Canvas, panel: Panel, left: float, top: float) -> None:
    """One curve in its field, the origin in the middle, under its name."""
    canvas.name(left, top + 14, panel.name, SIDE, size=MIDDLE, bold=True)
    canvas.name(left, top + 32, panel.under, SIDE, "dim")
    top += HEAD
    middle, centre = left + SIDE / 2, top + TALL / 2
    canvas.rect(left, top, SIDE, TALL, "panel")
    canvas.line(left, centre, left + SIDE, centre)
    canvas.line(middle, top, middle, top + TALL)
    across = max((abs(x) for x, _ in panel.points), default=0)
    upward = max((abs(y) for _, y in panel.points), default=0)
    fits = [(side / 2 - MARGIN) / most for side, most in ((SIDE, across), (TALL, upward)) if most]
    if not fits:
        canvas.circle(middle, centre, 3, TONES[-1], panel.name)
        return
    places = [(middle + min(fits) * x, centre - min(fits) * y) for x, y in panel.points]
    for n, tone in enumerate(TONES):
        first, last = (k * (len(places) - 1) // len(TONES) for k in (n, n + 1))
        steps = "L".join(f"{number(x)} {number(y)}" for x, y in places[first : last + 1])
        canvas.path(f"M{steps}", tone, 2.4, hover=f"{panel.name}: {panel.under}")
