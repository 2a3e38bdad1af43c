"""How much of each limit is used? A bar a limit, with a line at 100 %, in the colour of its state."""

from __future__ import annotations

from ...analyses.charts import Axis, Limits, Used
from .axes import along
from .canvas import EDGE, WIDTH, Canvas, measure
from .scales import Scale, shown

ROW, BAR = 27, 15
STATE, FIGURES = 104, 222  # pixels: for words of a state, beside a bar
WHAT, WORDS = 180, 336  # pixels: the longest figure, and with the name before it
FARTHEST = 2.0
"""A bar ends at so many times its limit, with an arrow where more is used."""
TONES = {True: "green", None: "orange", False: "vermillion"}
"""The tone of a limit that passes, that is open, and that fails."""
SHARES = Axis("used of the limit", "share")


def draw(chart: Limits) -> Canvas:
    """The limits from top to bottom in their order."""
    canvas = Canvas(chart.title, chart.about)
    top = canvas.heading(chart.note) + 6
    what = _room([row.what for row in chart.rows], WHAT)
    names = _room([row.name for row in chart.rows], WORDS - what)
    left = EDGE + names + what
    farthest = max((row.used or 0 for row in chart.rows), default=0)
    scale = Scale(SHARES, 0, min(max(farthest, 1.04), FARTHEST), left, WIDTH - EDGE - STATE - FIGURES)
    bottom = top + len(chart.rows) * ROW
    along(canvas, scale, top, bottom)
    before = ""
    for n, row in enumerate(chart.rows):
        y = top + n * ROW + (ROW - BAR) / 2
        if row.name != before or not n:
            canvas.name(EDGE, y + 12, row.name, names - 14)
        before = row.name
        canvas.name(left - 10, y + 12, row.what, what - 16, "dim", anchor="end")
        canvas.rect(WIDTH - EDGE - STATE, y + 1, 12, 12, TONES[row.passes])
        canvas.name(WIDTH - EDGE - STATE + 18, y + 12, row.state, STATE - 18)
        _bar(canvas, scale, y, row)
    x = scale.place(1)
    if any(row.used is not None for row in chart.rows):
        canvas.line(x, top - 4, x, bottom + 4, "ink", 2)
    canvas.height = bottom + 54
    return canvas


def _room(texts: list[str], most: float) -> float:
    return min(max(map(measure, texts), default=0) + 20, most)


def _bar(canvas: Canvas, scale: Scale, y: float, row: Used) -> None:
    """What is used, with its figures; an arrow where it is more than there is room for."""
    if row.value is None:
        room = WIDTH - EDGE - STATE - scale.start - 20
        canvas.name(scale.start + 6, y + 12, row.why or "not known", room, "dim")
        return
    of = [shown(row.value, row.axis), *([shown(row.bound, row.axis)] if row.bound is not None else [])]
    figures, end = " of ".join(of), scale.start
    if row.used is not None:
        end = scale.place(min(max(row.used, 0), scale.high))
        all_of = [f"{n:,.12g}" if isinstance(n, float) else f"{n:,}" for n in (row.value, row.bound or 0)]
        hover = f"{row.name}, {row.what}: {' of '.join(all_of)} {row.axis.title}, {100 * row.used:.2f} %"
        canvas.rect(scale.start, y, max(end - scale.start, 1), BAR, TONES[row.passes], hover)
        if row.used > scale.high:
            canvas.area(f"M{end} {y}L{end + 8} {y + BAR / 2}L{end} {y + BAR}Z", TONES[row.passes], hover)
            end += 10
        figures = f"{shown(row.used, scale.axis)} · {figures}"
    canvas.text(max(end, scale.place(1)) + 8, y + 12, figures, "dim")
