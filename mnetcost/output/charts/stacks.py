"""What is a figure of each row made of? Its parts, one behind the other as one bar."""

from __future__ import annotations

from ...analyses.charts import Stacks
from .axes import along
from .canvas import EDGE, WIDTH, Canvas, measure
from .legend import Mark, legend
from .scales import Scale, exact, shown
from .theme import SERIES

ROW, BAR = 36, 24
FIGURE = 70  # pixels: to the right of the longest bar
NAMES = (60, 230)
MOST = len(SERIES)
"""So many parts have a colour of their own; the others are one grey part."""


def draw(chart: Stacks) -> Canvas:
    """Bars from the same start and in the same scale, with what each colour is above them."""
    canvas = Canvas(chart.title, chart.about)
    marks = [Mark(part, _tone(k)) for k, part in enumerate(chart.parts)]
    top = legend(canvas, marks, canvas.heading()) + 12
    names = max((measure(name) for name, _ in chart.rows), default=0) + 12
    left = EDGE + min(max(names, NAMES[0]), NAMES[1])
    longest = max((sum(values) for _, values in chart.rows), default=0) or 1
    scale = Scale(chart.axis, 0, longest, left, WIDTH - EDGE - FIGURE)
    bottom = top + len(chart.rows) * ROW
    along(canvas, scale, top - 4, bottom)
    for n, (name, values) in enumerate(chart.rows):
        y, total, x = top + n * ROW, sum(values), left
        canvas.name(left - 8, y + BAR / 2 + 4, name, left - EDGE - 8, anchor="end")
        for k, (part, value) in enumerate(zip(chart.parts, values, strict=True)):
            width = scale.place(value) - left
            share = f"{100 * value / total:.1f} %" if total else ""
            if value:
                hover = f"{name}, {part}: {exact(value, chart.axis)}, {share}"
                gap = 1 if width > 4 else 0
                canvas.rect(x, y, max(width - gap, 0.5), BAR, _tone(k), hover)
            x += width
        canvas.text(x + 6, y + BAR / 2 + 4, shown(total, chart.axis), "dim")
    canvas.height = bottom + 54
    return canvas


def _tone(part: int) -> str:
    return SERIES[part] if part < MOST else "dim"
