"""Where does the cost sit? Two figures of each row as bars, to the left and to the right of its name."""

from __future__ import annotations

from ...analyses.charts import Axis, Bars
from .canvas import EDGE, MIDDLE, WIDTH, Canvas, measure
from .scales import exact, shown

ROW = 21
FIGURES = 112  # pixels beside the longest bar, for its value and its share
NAMES = (90, 230)  # pixels: the least and the most that names take


def draw(chart: Bars) -> Canvas:
    """The rows from top to bottom in their order, with the totals above both sides; a change against the
    others is hollow.
    """
    canvas = Canvas(chart.title, chart.about)
    top = canvas.heading() + 20
    names = max((measure(name) for name, *_ in chart.rows), default=0) + 24
    room = min(max(names, NAMES[0]), NAMES[1])
    inner = (WIDTH - room) / 2, (WIDTH + room) / 2
    longest = inner[0] - EDGE - FIGURES
    both = max((n for row in chart.rows for n in row[1:]), default=0)
    names_of = [name for name, *_ in chart.rows]
    sides = (
        (chart.left, "blue", [left for _, left, _ in chart.rows], inner[0], -1),
        (chart.right, "orange", [right for *_, right in chart.rows], inner[1], 1),
    )
    for k, (axis, tone, values, x, way) in enumerate(sides):
        anchor = "start" if way > 0 else "end"
        whole, most = sum(values), both if chart.alike else max(map(abs, values), default=0)
        summed = chart.against is None and chart.parts
        head = f"{axis.title}: {shown(whole, axis)}" if summed else axis.title
        against = whole if chart.against is None else chart.against[k]
        canvas.text(x, top, head, size=MIDDLE, anchor=anchor, bold=True)
        for n, (name, value) in enumerate(zip(names_of, values, strict=True)):
            y = top + 14 + n * ROW
            width = max(longest * abs(value) / most, 1) if value else 0
            part = _part(value, against, axis, chart.against is None) if chart.parts else ""
            hover = ", ".join(filter(None, (f"{name}: {_exact(value, axis)}", part)))
            look = ("paper", hover, tone) if value * whole < 0 else (tone, hover)
            canvas.rect(min(x, x + way * width), y, width, ROW - 5, *look)
            beside = " · ".join(filter(None, (shown(value, axis), part))) if value else "0"
            canvas.text(x + way * (width + 6), y + 12, beside, "dim", anchor=anchor)
    for n, name in enumerate(names_of):
        canvas.name(WIDTH / 2, top + 26 + n * ROW, name, room - 16, anchor="middle")
    for x in inner:
        canvas.line(x, top + 10, x, top + 14 + len(chart.rows) * ROW - 2)
    canvas.height = top + 14 + len(chart.rows) * ROW + 14
    return canvas


def _part(value: int, whole: int, axis: Axis, share: bool) -> str:
    """A figure beside what it is compared with: a share of it, a growth, or how many times as much."""
    if not whole:
        return ""
    if axis.kind == "change":
        return f"{100 * value / whole:+.1f} %"
    return f"{100 * value / whole:.1f} %" if share else f"{value / whole:.3g}x"


def _exact(value: int, axis: Axis) -> str:
    return f"{exact(value, axis)} {axis.title}" if axis.kind == "change" else exact(value, axis)
