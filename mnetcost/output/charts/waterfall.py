"""Which steps lead from one figure to another? Each as a bar from where the one before it ended."""

from __future__ import annotations

from itertools import accumulate

from ...analyses.charts import Axis, Waterfall
from ...errors import plain
from .axes import along
from .canvas import EDGE, WIDTH, Canvas, broken, measure
from .scales import Scale, exact, shown

BAR, LINE, GAP = 22, 15, 10
NAMES, FIGURE = 330, 84  # pixels: for the names, and beside the longest bar
FAR = 0.4  # the axis begins at 0 where the steps span at least this part of the largest figure


def draw(chart: Waterfall) -> Canvas:
    """The first figure, the steps and the last figure from top to bottom; what is more is not green."""
    canvas = Canvas(chart.title, chart.about)
    names = [chart.start[0], *(name for name, _ in chart.steps), chart.end[0]]
    totals = list(accumulate((amount for _, amount in chart.steps), initial=chart.start[1]))
    low, high = min(totals), max(totals)
    cut = low > 0 and high - low < FAR * high and high > low
    top = canvas.heading("the axis does not begin at 0" if cut else "") + 8
    texts = [broken(name, NAMES - 16, 2) for name in names]
    left = EDGE + max(measure(line) for lines in texts for line in lines) + 20
    scale = _scale(chart.axis, low, high, cut, left)
    heights = [max(BAR, LINE * len(lines)) + GAP for lines in texts]
    bottom = top + sum(heights)
    along(canvas, scale, top - 4, bottom)
    starts = [None, *totals[:-1], None]
    y = top
    for name, lines, height, before, after in zip(
        names, texts, heights, starts, [*totals, chart.end[1]], strict=True
    ):
        _name(canvas, left - 12, y, name, lines)
        middle = y + (height - GAP - BAR) / 2
        if before is None:
            _total(canvas, scale, middle, name, after, cut)
        else:
            _step(canvas, scale, middle, name, before, after)
        x, below = scale.place(after), middle + BAR
        if y + height < bottom - 1:
            canvas.line(x, below, x, y + height, "dim")
        y += height
    canvas.height = bottom + 54
    return canvas


def _scale(axis: Axis, low: int, high: int, cut: bool, left: float) -> Scale:
    """From 0, or from below the least figure where the steps are small beside it; to the largest."""
    least, most = min(low, 0), max(high, 0)
    if cut:
        least = low - (high - low) // 4
    return Scale(axis, least, most if most > least else least + 1, left, WIDTH - EDGE - FIGURE)


def _name(canvas: Canvas, x: float, y: float, name: str, lines: list[str]) -> None:
    whole = " ".join(lines) == plain(name)
    for n, line in enumerate(lines):
        middle = y + max(BAR, LINE * len(lines)) / 2 + (n - len(lines) / 2) * LINE + 12
        canvas.text(x, middle, line, anchor="end", hover="" if whole else name)


def _total(canvas: Canvas, scale: Scale, y: float, name: str, value: int, cut: bool) -> None:
    """A figure as a bar from the start of the axis, with a gap where that is not 0."""
    start, end = (scale.start if cut else scale.place(0)), scale.place(value)
    hover = f"{name}: {exact(value, scale.axis)}"
    canvas.rect(min(start, end), y, max(abs(end - start), 1), BAR, "blue", hover)
    if cut:
        x = start + 7
        canvas.path(f"M{x} {y + BAR + 2}L{x + 5} {y - 2}", "paper", 3)
    canvas.text(max(start, end) + 6, y + BAR / 2 + 4, shown(value, scale.axis), bold=True)


def _step(canvas: Canvas, scale: Scale, y: float, name: str, before: int, after: int) -> None:
    """What a step adds, from where it starts to where it ends."""
    change = Axis(scale.axis.title, "change")
    amount = after - before
    start, end = scale.place(before), scale.place(after)
    hover = f"{name}: {amount:+,} {scale.axis.title}"
    tone = "vermillion" if amount > 0 else "green"
    canvas.rect(min(start, end), y, max(abs(end - start), 1), BAR, tone, hover)
    canvas.text(max(start, end) + 6, y + BAR / 2 + 4, shown(amount, change))
