"""How does a figure change along another? Lines, steps or dots, with their limits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from ...analyses.charts import Lines, Series
from ...records import NamedTuple
from .axes import along, names_along, room_beside, upright
from .canvas import BOLD, EDGE, SMALL, WIDTH, Canvas, fitted, measure, number
from .legend import Mark, legend
from .scales import Scale, around, exact, shown

TALL, LOW = 360, 190
"""The height of the field on which lines are drawn, and of one of many."""
TONES = ("blue", "orange", "green", "purple", "sky", "yellow")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "", "7 3")
"""The tone and the dashes of a first, second ... line; a grey print shows the dashes."""
RADII = 3.0, 12.0
"""The smallest and the largest dot."""
LETTERS = 440
"""Pixels of a name in the legend."""
MARK, MARKS = 18, 3
"""The height of a line of names of marks, and how many such lines there are at most."""
GAP = "\N{MULTIPLICATION SIGN}"


class Field(NamedTuple):
    """The part of the picture on which lines are drawn, with the scale from left to right and the one from
    bottom to top.
    """

    along: Scale
    up: Scale

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is."""
        return self.along.place(x), self.up.place(y)

    def has(self, y: float | None) -> bool:
        """Whether a value has a place: there is one, and on an axis of equal ratios it is above 0."""
        return y is not None and (y > 0 or not self.up.axis.log)


def draw(chart: Lines) -> Canvas:
    """The field with its axes, the marks and limits behind, then each series in its tone."""
    canvas = Canvas(chart.title, chart.about)
    marks = [_mark(series, n) for n, series in enumerate(chart.series)] if len(chart.series) > 1 else []
    top = legend(canvas, marks, canvas.heading(chart.under), LETTERS)
    field = _field(chart, top + 26)
    if field is None:
        canvas.text(EDGE, top + 20, "nothing to draw", "dim")
        canvas.height = top + 44
        return canvas
    heads = _heads(chart, field)
    lower = MARK * (1 + max((row for row in heads if row is not None), default=-1))
    field = Field(field.along, field.up._replace(start=field.up.start + lower, end=field.up.end + lower))
    base, left, right = field.up.start, field.along.start, field.along.end
    upright(canvas, field.up, left, right, top + 14)
    if chart.places:
        canvas.height = names_along(canvas, chart.places, field.along, base) + 8
    else:
        canvas.height = along(canvas, field.along, field.up.end, base) + 8
    zero = field.up.place(0) if not chart.up.log and field.up.low < 0 < field.up.high else base
    canvas.line(left, zero, right, zero, "dim")
    _marks(canvas, chart, field, heads)
    for n, series in enumerate(chart.series):
        _line(canvas, chart, series, field, n)
    _limits(canvas, chart, field)
    return canvas


def _mark(series: Series, n: int) -> Mark:
    tone = TONES[n % len(TONES)]
    return Mark(series.name, tone, *(["dot"] if series.look == "dots" else ["line", DASHES[n % len(DASHES)]]))


def _field(chart: Lines, top: float) -> Field | None:
    """The scales of a chart; None if no point has a value."""
    points = [p for series in chart.series for p in series.points]
    ups = [p[1] for p in points if p[1] is not None and (p[1] > 0 or not chart.up.log)]
    if not ups:
        return None
    values = [*ups, *(limit.value for limit in chart.limits if limit.value > 0 or not chart.up.log)]
    base = top + (LOW if chart.low else TALL)
    up = around(chart.up, values, base, top, chart.from_zero)
    left, right = max(room_beside(up) + 34, 60), WIDTH - EDGE
    if chart.places:
        x = Scale(chart.along, -0.5, len(chart.places) - 0.5, left, right)
    else:
        low, high = min(p[0] for p in points), max(p[0] for p in points)
        x = Scale(chart.along, low, high, left, right)
        if low == high or any(series.look == "dots" for series in chart.series):
            x = around(chart.along, [low, high], left, right)
    return Field(x, up)


def _heads(chart: Lines, field: Field) -> list[int | None]:
    """The line above the field on which each mark's name has room, from the lowest; None if there is none."""
    until = [0.0] * MARKS
    found: list[int | None] = []
    for mark in chart.marks:
        x, width = field.along.place(mark.place), measure(mark.name) + 10
        row = next((n for n, end in enumerate(until) if end <= x and x + width <= WIDTH), None)
        found.append(row)
        if row is not None:
            until[row] = x + width
    return found


def _marks(canvas: Canvas, chart: Lines, field: Field, heads: list[int | None]) -> None:
    """The upright lines, each with its name beside its head."""
    for mark, row in zip(chart.marks, heads, strict=True):
        x, top = field.along.place(mark.place), field.up.end - MARK * (row or 0)
        canvas.line(x, top - 14 * (row is not None), x, field.up.start, "dim", 1, "2 4")
        if row is not None:
            canvas.text(x + 5, top - 5, mark.name, "dim")


def _line(canvas: Canvas, chart: Lines, series: Series, field: Field, n: int) -> None:
    tone = TONES[n % len(TONES)]
    for run in _runs(series, field) if series.look != "dots" else ():
        (x, y), *rest = run
        path = f"M{number(x)} {number(y)}" + "".join(f"L{number(a)} {number(b)}" for a, b in rest)
        canvas.path(path, tone, 2.2, DASHES[n % len(DASHES)])
    step = (field.along.end - field.along.start) / max(len(series.points), 1)
    radius = 5.0 if series.look == "dots" else min(3.5, max(step / 3, 1.2))
    named = f"{series.name}, " if len(chart.series) > 1 else ""
    for k, (place, value, name) in enumerate(series.points):
        if value is None or not field.has(value):
            _gap(canvas, field, place, name)
        elif name or series.look == "dots":
            size = RADII[0] + (RADII[1] - RADII[0]) * series.sizes[k] ** 0.5 if series.sizes else radius
            canvas.circle(*field.at(place, value), size, tone, f"{named}{name}: {exact(value, chart.up)}")


def _gap(canvas: Canvas, field: Field, x: float, why: str) -> None:
    """Where a value is lacking: a cross on the axis, with the reason."""
    canvas.text(field.along.place(x), field.up.start - 4, GAP, "dim", 15, "middle", hover=why or "no value")


def _runs(series: Series, field: Field) -> Iterator[list[tuple[float, float]]]:
    """The places that are joined, without a gap between them."""
    run: list[tuple[float, float]] = []
    for x, y, _ in series.points:
        if y is None or not field.has(y):
            if run:
                yield run
            run = []
            continue
        place = field.at(x, y)
        if run and series.look == "steps":
            run.append((place[0], run[-1][1]))
        run.append(place)
    if run:
        yield run


def _limits(canvas: Canvas, chart: Lines, field: Field) -> None:
    """A broken line across for each limit, its name at the end where least is drawn over it."""
    drawn = list(_places(chart, field))
    left, right = field.along.start, field.along.end
    for limit in chart.limits:
        if not field.has(limit.value):
            continue
        y = field.up.place(limit.value)
        canvas.line(left, y, right, y, "vermillion", 1.8, "6 4")
        text = fitted(f"{limit.name}: {shown(limit.value, chart.up)}", (right - left) / 2)
        width = BOLD * measure(text)
        corners = [(x, b) for b in (y - 6, y + 16) for x in (left + 6, right - 6 - width)]
        x, low = min(
            (_covered(drawn, corner, width), n, corner)
            for n, corner in enumerate(corners)
            if corner[1] < field.up.start
        )[2]
        end = x > left + 6
        hover = f"{limit.name}: {exact(limit.value, chart.up)}"
        canvas.text(
            right - 6 if end else x, low, text, anchor="end" if end else "start", bold=True, hover=hover
        )
        drawn += [(x + n, low - 4) for n in range(0, int(width), 8)]


def _covered(drawn: list[tuple[float, float]], corner: tuple[float, float], width: float) -> int:
    """How much is drawn where a text would stand whose base line begins at this corner."""
    x, low = corner
    return sum(x - 4 < a < x + width + 4 and low - SMALL < b < low + 4 for a, b in drawn)


def _places(chart: Lines, field: Field) -> Iterator[tuple[float, float]]:
    """Where lines and dots are, some pixels apart."""
    for mark in chart.marks:
        x = field.along.place(mark.place)
        yield from ((x, y) for y in range(int(field.up.end), int(field.up.start), 8))
    for series in chart.series:
        for run in _runs(series, field):
            yield from run
            if series.look == "dots":
                continue
            for (x1, y1), (x2, y2) in pairwise(run):
                parts = int(max(abs(x2 - x1), abs(y2 - y1)) / 8) + 1
                yield from ((x1 + (x2 - x1) * k / parts, y1 + (y2 - y1) * k / parts) for k in range(parts))
