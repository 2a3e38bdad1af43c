"""Which things does no other one beat? All of them by two figures, the best joined by a line and named."""

from __future__ import annotations

from collections.abc import Sequence, Set
from itertools import pairwise

from ...analyses.charts import Axis, Dot, Scatter
from .axes import along, turned
from .canvas import WIDTH, Canvas, fitted, measure
from .labels import Box, Names
from .legend import Mark, legend
from .scales import Scale, around, exact
from .theme import SERIES

LEFT, RIGHT, HIGH = 84, 24, 480
NAME = 215  # pixels: the longest name
FARTHEST, BESIDE = 124, 40  # pixels: how far names are from corners of the front, and from other dots
GROUPS = tuple(tone for tone in SERIES if tone != "yellow")
"""The tones of groups, the largest first; the dots of further groups are grey."""

Place = tuple[float, float]


def draw(chart: Scatter) -> Canvas:
    """Dots on two axes; names where they cover nothing, those of the front first."""
    canvas = Canvas(chart.title, chart.about)
    tones = _tones(chart.dots)
    marks = [Mark(group, tone, "dot") for group, tone in tones.items()]
    if tones and any(dot.group not in tones for dot in chart.dots):
        marks.append(Mark("others", "dim", "dot"))
    top = legend(canvas, marks, canvas.heading(chart.note)) + 4
    bottom = top + HIGH
    x = around(chart.x, [dot.x for dot in chart.dots], LEFT, WIDTH - RIGHT)
    y = around(chart.y, [dot.y for dot in chart.dots], bottom, top)
    canvas.rect(LEFT, top, WIDTH - RIGHT - LEFT, HIGH, "panel")
    along(canvas, x, top, bottom, _titled(chart.x, chart.larger[0]))
    turned(canvas, y, LEFT, WIDTH - RIGHT, _titled(chart.y, chart.larger[1]))
    line = _line(chart, x, y)
    if line:
        canvas.path("M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in line), "dim", 1.5)
    corners = set(chart.front)
    for dot in sorted(chart.dots, key=lambda d: d.front):
        tone = tones.get(dot.group, "dim")
        radius = 5.0 if dot.front else 3.5 if tones else 2.5
        hover = f"{dot.name}: {_stated(dot.x, chart.x)}, {_stated(dot.y, chart.y)}"
        hover += f" ({dot.group})" if dot.group else ""
        at = x.place(dot.x), y.place(dot.y)
        canvas.circle(*at, radius, tone if tones or not dot.front else "blue", hover)
    placed = [(dot, (x.place(dot.x), y.place(dot.y))) for dot in chart.dots]
    placed.sort(key=lambda one: ((one[0].x, one[0].y) not in corners, not one[0].front))
    named = [one for one in placed if one[0].front or chart.all_named]
    borders = Box(LEFT + 2, top + 2, WIDTH - RIGHT - 2, bottom - 2)
    _names(canvas, named, corners, [at for _, at in placed], line, borders)
    canvas.height = bottom + 54
    return canvas


def _titled(axis: Axis, larger: bool) -> str:
    return f"{axis.title}: {'more' if larger else 'less'} is better"


def _stated(value: float, axis: Axis) -> str:
    text = exact(value, axis)
    return text if text.endswith(axis.title) else f"{text} {axis.title}"


def _tones(dots: Sequence[Dot]) -> dict[str, str]:
    """The tone of each group that has one: of those with most dots; none where there are no groups."""
    counts: dict[str, int] = {}
    for dot in dots:
        if dot.group:
            counts[dot.group] = counts.get(dot.group, 0) + 1
    largest = sorted(counts, key=lambda group: -counts[group])
    return dict(zip(largest, GROUPS, strict=False))


def _line(chart: Scatter, x: Scale, y: Scale) -> list[Place]:
    """The border of what is no better than something, from corner to corner, and on to both edges."""
    corners = [(x.place(a), y.place(b)) for a, b in chart.front]
    if not corners:
        return []
    worst = x.start if chart.larger[0] else x.end, y.start if chart.larger[1] else y.end
    steps: list[Place] = [(corners[0][0], worst[1]), corners[0]]
    for (_, before), after in pairwise(corners):
        steps += [(after[0], before), after]
    return [*steps, (worst[0], corners[-1][1])]


def _names(
    canvas: Canvas,
    named: Sequence[tuple[Dot, Place]],
    corners: Set[tuple[float, float]],
    dots: Sequence[Place],
    line: Sequence[Place],
    borders: Box,
) -> None:
    """Write the names for which there is room; the others are shown when one points at the dot."""
    names = Names(borders, dots)
    for a, b in pairwise(line):
        names.avoid(a, b)
    for dot, (x, y) in named:
        text = fitted(dot.name, NAME)
        place = names.place(x, y, measure(text), far=FARTHEST if (dot.x, dot.y) in corners else BESIDE)
        if place is None:
            continue
        if place.led:
            canvas.line(x, y, place.x, place.y - 4, "dim", 0.75)
        canvas.name(
            place.x + (2 if place.led and place.x > x else 0), place.y, dot.name, NAME, anchor=place.anchor
        )
