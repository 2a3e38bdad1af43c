"""How is a figure spread over many things? A bar for each range of it, as high as its share."""

from __future__ import annotations

from ...analyses.charts import Axis, Histogram
from .axes import along, turned
from .canvas import WIDTH, Canvas, measure
from .labels import apart
from .scales import Scale, exact, shown

LEFT, RIGHT, HIGH = 76, 24, 190
SHARES = Axis("share", "share")


def draw(chart: Histogram) -> Canvas:
    """The ranges from left to right, as wide as they are, with the marks above them."""
    canvas = Canvas(chart.title, chart.about)
    whole = sum(count for *_, count in chart.bins) or 1
    most = max(count / whole for *_, count in chart.bins)
    top = canvas.heading(f"{whole:,} {chart.of}") + (40 if chart.marks else 10)
    bottom = top + HIGH
    low, high = chart.bins[0][0], chart.bins[-1][1] + 1
    x = Scale(chart.axis, low, high, LEFT, WIDTH - RIGHT)
    y = Scale(SHARES, 0, most * 1.04, bottom, top)
    along(canvas, x, top, bottom)
    turned(canvas, y, LEFT, WIDTH - RIGHT, f"share of {chart.of}")
    for first, last, count in chart.bins:
        start, end = x.place(first), x.place(last + 1)
        gap = 1 if end - start > 4 else 0
        height = max(bottom - y.place(count / whole), 0.6) if count else 0
        if count:
            of = f"{count:,} {chart.of}, {100 * count / whole:.3g} %"
            hover = f"{exact(first, chart.axis)} to {exact(last, chart.axis)}: {of}"
            canvas.rect(start, bottom - height, max(end - start - gap, 0.5), height, "blue", hover)
    canvas.line(LEFT, bottom, WIDTH - RIGHT, bottom, "dim")
    _marks(canvas, chart, x, top, bottom)
    canvas.height = bottom + 54
    return canvas


def _marks(canvas: Canvas, chart: Histogram, x: Scale, top: float, bottom: float) -> None:
    """Dashed lines at the marks, each with its name above it; the figure is the line beneath the name."""
    texts = [(name, shown(value, chart.axis)) for name, value in chart.marks]
    widths = [max(map(measure, text)) + 12 for text in texts]
    wanted = [x.place(value) for _, value in chart.marks]
    for (name, value), text, at, to in zip(
        chart.marks, texts, wanted, apart(wanted, widths, LEFT - 40, WIDTH - 10), strict=True
    ):
        canvas.path(f"M{at:.1f} {bottom:.1f}V{top:.1f}L{to:.1f} {top - 8:.1f}", "vermillion", 1.5, "4 3")
        canvas.text(to, top - 24, name, anchor="middle", hover=f"{name}: {exact(value, chart.axis)}")
        canvas.text(to, top - 11, text[1], "dim", anchor="middle")
