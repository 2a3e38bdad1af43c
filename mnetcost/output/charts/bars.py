"""Where does the cost sit? Two figures of each row as bars, to the left and to the right of its name."""

from __future__ import annotations

from ...analyses.charts import Bars
from .canvas import MIDDLE, WIDTH, Canvas, measure
from .scales import exact, shown

ROW = 21
FIGURES = 112  # pixels beside the longest bar, for its value and its share
NAMES = (90, 230)  # pixels: the least and the most that names take
EDGE = 20


def draw(chart: Bars) -> Canvas:
    """The rows from top to bottom in their order, with the totals above both sides."""
    canvas = Canvas(chart.title, chart.about)
    top = canvas.heading() + 20
    names = max((measure(name) for name, *_ in chart.rows), default=0) + 24
    room = min(max(names, NAMES[0]), NAMES[1])
    inner = (WIDTH - room) / 2, (WIDTH + room) / 2
    longest = inner[0] - EDGE - FIGURES
    names_of = [name for name, *_ in chart.rows]
    sides = (
        (chart.left, "blue", [left for _, left, _ in chart.rows], inner[0], -1),
        (chart.right, "orange", [right for *_, right in chart.rows], inner[1], 1),
    )
    for axis, tone, values, x, way in sides:
        anchor = "start" if way > 0 else "end"
        whole, most = sum(values), max(values, default=0)
        canvas.text(x, top, f"{axis.title}: {shown(whole, axis)}", size=MIDDLE, anchor=anchor, bold=True)
        for n, (name, value) in enumerate(zip(names_of, values, strict=True)):
            y = top + 14 + n * ROW
            width = max(longest * value / most, 1) if value else 0
            share = f"{100 * value / whole:.1f} %" if whole else ""
            hover = f"{name}: {exact(value, axis)}, {share}"
            canvas.rect(min(x, x + way * width), y, width, ROW - 5, tone, hover)
            beside = f"{shown(value, axis)} · {share}" if value else "0"
            canvas.text(x + way * (width + 6), y + 12, beside, "dim", anchor=anchor)
    for n, name in enumerate(names_of):
        canvas.name(WIDTH / 2, top + 26 + n * ROW, name, room - 16, anchor="middle")
    for x in inner:
        canvas.line(x, top + 10, x, top + 14 + len(chart.rows) * ROW - 2)
    canvas.height = top + 14 + len(chart.rows) * ROW + 14
    return canvas
