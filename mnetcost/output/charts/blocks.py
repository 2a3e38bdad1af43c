"""What is in a block? Its layers as papers draw them: from map to map, wide as their channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...analyses.charts import Axis, Block, Blocks, Step
from ...records import NamedTuple
from ..cells import size as spelled
from .canvas import BOLD, EDGE, MIDDLE, WIDTH, Canvas, measure, number
from .lanes import Edge, Lanes, arranged
from .scales import exact, shown

LANES = 156.0, 215.0
"""Pixels from the middle of a lane to that of the next: the least, where there are few, and the most."""
PART = 0.86
"""How much of a lane the widest map of a block takes."""
FRONT = 16
"""Pixels that a map is thick."""
DEEP = 0.8
"""Pixels of the root of a side, by which a map is drawn deep."""
BEND = 22.0
"""Pixels to the left of a lane for a path that goes by other layers."""
NEAR, FAR = 12, 28
"""Pixels from a map to the layer beneath it; the second where paths part or meet."""
LINE = 15
"""Pixels from one line of text to the next."""
ROUND = 11
"""Pixels from the middle of a join to its edge."""
BETWEEN = 26.0
"""Pixels between blocks."""
SIGNS = {"add": "+", "gate": "x", "concat": "concat"}
TINTS = 4
"""The steps of colour, from little to much of a block's work."""


class Panel(NamedTuple):
    """A block and where its steps are; pixels from lane to lane, and from its left edge to the first."""

    block: Block
    lanes: Lanes
    lane: float
    bend: float

    @property
    def width(self) -> float:
        """Pixels that it is wide."""
        return self.bend + self.lanes.many * self.lane


class Rows(NamedTuple):
    """From where to where each row is: the top of its layers, and the bottom of its maps."""

    top: tuple[float, ...]
    bottom: tuple[float, ...]


def draw(chart: Blocks) -> Canvas:
    """The blocks from left to right, in as many rows as they need, and beneath them how to read them."""
    canvas = Canvas(chart.title, chart.about)
    rows = _shelves(chart)
    y = 12.0
    for row in rows:
        x, bottom = float(EDGE), y
        for panel in row:
            bottom = max(bottom, _panel(canvas, panel, chart, x, y))
            x += panel.width + BETWEEN
        y = bottom + 20
    canvas.height = _legend(canvas, chart, y)
    return canvas


def _shelves(chart: Blocks) -> list[list[Panel]]:
    """The blocks in rows that are not too wide, with lanes as wide as there is room."""
    room = WIDTH - 2 * EDGE
    rows: list[list[Panel]] = [[]]
    for block in chart.blocks:
        lanes = arranged(block.steps)
        panel = Panel(block, lanes, LANES[0], BEND * (1 + len(lanes.bent)) / 2 if lanes.bent else 0)
        if rows[-1] and sum(p.width + BETWEEN for p in rows[-1]) + panel.width > room:
            rows.append([])
        rows[-1].append(panel)
    return [_stretched(row, room) for row in rows if row]


def _stretched(row: Sequence[Panel], room: float) -> list[Panel]:
    """Panels with lanes as wide as there is room for, but not wider than they need."""
    free = room - sum(panel.bend for panel in row) - BETWEEN * (len(row) - 1)
    lane = min(free / sum(panel.lanes.many for panel in row), LANES[1])
    return [panel._replace(lane=lane) for panel in row]


def _panel(canvas: Canvas, panel: Panel, chart: Blocks, x: float, y: float) -> float:
    """One block, from its top left corner on; returns where it ends."""
    block, lanes = panel.block, panel.lanes
    width = panel.width
    scale = PART * min(panel.lane, LANES[1]) / math.sqrt(max(step.size[-1] for step in block.steps))
    canvas.name(x, y + 18, block.name, width, size=MIDDLE, bold=True)
    canvas.name(
        x, y + 35, f"{block.title}{f', {block.many} such blocks' if block.many > 1 else ''}", width, "dim"
    )
    share = f", {100 * block.work / block.whole:.1f} % of all" if block.whole else ""
    work = (
        f"{shown(block.params, Axis('params'))} params · {shown(block.work, chart.work)} {chart.work.title}"
    )
    both = f"{block.heading}, {block.name}: {block.params:,} params, {exact(block.work, chart.work)}{share}"
    canvas.text(x, y + 51, work, "dim", hover=both)
    rows = _rows(panel, y + 62)
    middles = [x + panel.bend + (lane + 0.5) * panel.lane for lane in lanes.lane]
    for n, step in enumerate(block.steps):
        for m, i in enumerate(step.inputs):
            _edge(canvas, panel, rows, middles, (i, n), scale, m)
    for n in range(len(block.steps)):
        _step(canvas, panel, chart, rows, middles[n], n, scale)
    return rows.bottom[-1]


def _lines(step: Step, unit: Axis, room: float) -> list[str]:
    """What is written in a layer, its word first, with its part if there is room for both."""
    both = f"{step.word} ({step.part})"
    found = [both if step.part and measure(both) * BOLD <= room else step.word]
    found += [step.with_] if step.with_ else []
    found += [f"{step.params:,} params"] if step.params else []
    return found + ([exact(step.work, unit)] if step.work else [])


def _tall(step: Step) -> float:
    """Pixels of what is above the map of a step."""
    if step.kind == "input":
        return 0
    if step.kind != "layer":
        return 2 * ROUND
    return LINE * (1 + bool(step.with_) + bool(step.params) + bool(step.work)) + 8


def deep(size: Sequence[int]) -> float:
    """Pixels by which a map goes back, and to the right; 0 for a vector."""
    side = max(size[-3:-1])
    return DEEP * math.sqrt(side) if side > 1 else 0


def _rows(panel: Panel, y: float) -> Rows:
    """Where the rows of a block are, from y on."""
    steps, lanes = panel.block.steps, panel.lanes
    top, bottom = [], []
    for n in range(max(lanes.row) + 1):
        here = [m for m, row in enumerate(lanes.row) if row == n]
        parting = any(lanes.lane[i] != lanes.lane[m] for m in here for i in steps[m].inputs)
        y += (FAR if parting else NEAR) if n else 4
        top.append(y)
        y += max((_tall(steps[m]) + deep(steps[m].size) + FRONT + 2 for m in here), default=0)
        bottom.append(y)
    return Rows(tuple(top), tuple(bottom))


def _edge(
    canvas: Canvas, panel: Panel, rows: Rows, middles: Sequence[float], edge: Edge, scale: float, nth: int
) -> None:
    """The path from the map of a step to a step that reads it."""
    lanes, steps = panel.lanes, panel.block.steps
    first, last = edge
    x1, x2 = middles[first], middles[last]
    y1, y2 = rows.bottom[lanes.row[first]], rows.top[lanes.row[last]]
    joins = steps[last].kind not in ("layer", "input")
    width = math.sqrt(steps[first].size[-1]) * scale
    if edge in lanes.bent:
        left = min(middles) - panel.lane / 2 - BEND / 2 * lanes.bent.index(edge)
        start, end = y1 - FRONT / 2, y2 + (ROUND if joins else -NEAR / 2)
        stop = x2 - _half(steps[last])
        path = (
            f"M{number(x1 - width / 2)} {number(start)} H{number(left + 8)} Q{number(left)} {number(start)}"
            f" {number(left)} {number(start + 8)} V{number(end - 8)} Q{number(left)} {number(end)}"
            f" {number(left + 8)} {number(end)} H{number(stop if joins else x2)}"
        )
        canvas.path(path, "vermillion", 1.75, hover=f"{steps[first].name} to {steps[last].name}")
    elif lanes.lane[first] == lanes.lane[last]:
        canvas.line(x1, y1, x1, y2, "dim", 1.5)
    elif joins:
        y, way = y2 + ROUND, 1 if x1 > x2 else -1
        path = (
            f"M{number(x1)} {number(y1)} V{number(y - 8)} Q{number(x1)} {number(y)} {number(x1 - 8 * way)}"
            f" {number(y)} H{number(x2 + way * _half(steps[last]))}"
        )
        canvas.path(path, "dim", 1.5)
    else:
        start = y2 - FAR
        path = (
            f"M{number(x1)} {number(y1)} V{number(start)} C{number(x1)} {number(y2 - FAR / 4)} {number(x2)}"
            f" {number(start + FAR / 4)} {number(x2)} {number(y2)}"
        )
        canvas.path(path, "dim", 1.5)


def _half(step: Step) -> float:
    """Half of the width of a join."""
    return ROUND if SIGNS.get(step.kind, "") in ("+", "x") else measure(SIGNS["concat"]) / 2 + 7


def _step(canvas: Canvas, panel: Panel, chart: Blocks, rows: Rows, x: float, n: int, scale: float) -> None:
    """A layer or a join, and beneath it the map that it gives."""
    step, row = panel.block.steps[n], panel.lanes.row[n]
    top, bottom = rows.top[row], rows.bottom[row]
    back = deep(step.size)
    hover = _hover(step, panel.block, chart)
    width = math.sqrt(step.size[-1]) * scale
    plate = bottom - FRONT - back
    if step.kind == "layer":
        before = max((panel.block.steps[i].size[-1] for i in step.inputs), default=step.size[-1])
        _layer(
            canvas, panel, chart, step, (x, top, math.sqrt(before) * scale, plate + back / 2, width), hover
        )
    elif step.kind != "input":
        beside = any(panel.lanes.lane[i] > panel.lanes.lane[n] for i in step.inputs)
        _join(canvas, step, x, top + ROUND, hover, -5 if beside else 4)
        canvas.line(x, top + 2 * ROUND, x, plate + back, "dim", 1.5)
    _plate(canvas, step, x, (plate, bottom), width, hover)


def _layer(
    canvas: Canvas,
    panel: Panel,
    chart: Blocks,
    step: Step,
    at: tuple[float, float, float, float, float],
    hover: str,
) -> None:
    """A layer as a trapezoid, as wide as what it reads above and as what it gives beneath; at: its middle,
    its top and the width there, its bottom and the width there.
    """
    x, top, above, bottom, beneath = at
    part = step.work / panel.block.work if panel.block.work else 0
    tone = f"heat{1 + min(int(part * TINTS), TINTS - 1)}"
    corners = (
        (x - above / 2, top),
        (x + above / 2, top),
        (x + beneath / 2, bottom),
        (x - beneath / 2, bottom),
    )
    canvas.area("M" + " L".join(f"{number(a)} {number(b)}" for a, b in corners) + " Z", tone, hover)
    room = panel.lane - 4
    for k, line in enumerate(_lines(step, chart.work, room)):
        y, wide = top + LINE * (k + 1), room if k else room / BOLD
        canvas.name(x, y, line, wide, anchor="middle", bold=k == 0)


def _join(canvas: Canvas, step: Step, x: float, y: float, hover: str, down: float) -> None:
    """A join as a circle with a sign, or as a box with a word, and what follows it, so far down beside it."""
    sign, half = SIGNS[step.kind], _half(step)
    if half == ROUND:
        canvas.circle(x, y, ROUND, "ink", hover)
        for turn in (0, 1) if sign == "+" else (0.5, 1.5):
            a, b = 6 * math.cos(turn * math.pi / 2), 6 * math.sin(turn * math.pi / 2)
            canvas.line(x - a, y - b, x + a, y + b, "paper", 2)
    else:
        canvas.rect(x - half, y - ROUND + 1, 2 * half, 2 * ROUND - 2, "ink", hover)
        canvas.text(x, y + 4, sign, "paper", anchor="middle")
    word = ", ".join(
        filter(None, (step.word if step.word not in (step.kind, "gate", "elementwise") else "", step.with_))
    )
    if word:
        canvas.name(x + half + 6, y + down, word, 80)


def _plate(canvas: Canvas, step: Step, x: float, span: tuple[float, float], width: float, hover: str) -> None:
    """A map as a plate: as wide as its channels, as deep as its sides; span: its back and its bottom."""
    top, bottom = span
    back, front, left = deep(step.size), bottom - FRONT, x - width / 2
    if back:
        above = (
            f"M{number(left)} {number(front)} L{number(left + back)} {number(top)} h{number(width)}"
            f" L{number(left + width)} {number(front)} Z"
        )
        right = (
            f"M{number(left + width)} {number(front)} l{number(back)} {number(-back)} v{FRONT}"
            f" L{number(left + width)} {number(bottom)} Z"
        )
        for face, tone in ((above, "paper"), (right, "grid")):
            canvas.area(face, tone, hover)
            canvas.path(face, "dim", 1)
    canvas.rect(left, front, width, FRONT, "panel", hover, edge="dim")
    text = spelled(step.size)
    if measure(text) + 2 <= width:
        canvas.text(x, bottom - 4, text, anchor="middle")
    elif x + width / 2 + back + 8 + measure(text) <= WIDTH:
        canvas.text(x + width / 2 + back + 5, bottom - 4, text)
    else:
        canvas.text(left - 5, bottom - 4, text, anchor="end")


def _hover(step: Step, block: Block, chart: Blocks) -> str:
    """All that is known of a step."""
    if step.kind == "input":
        return f"{step.name}: {spelled(step.size)}, which the block reads"
    part = f" ({100 * step.work / block.work:.1f} % of the block)" if block.work else ""
    word = ", ".join(filter(None, (step.word, step.with_)))
    costs = f"{step.params:,} params, {exact(step.work, chart.work)}{part}"
    return f"{step.name}: {word}; {spelled(step.size)}; {costs}"


def _legend(canvas: Canvas, chart: Blocks, y: float) -> float:
    """How to read the blocks; returns where it ends."""
    canvas.line(EDGE, y, WIDTH - EDGE, y)
    y += 24
    canvas.text(EDGE, y, f"share of the block's {chart.work.title}", "dim")
    for n in range(TINTS):
        canvas.rect(EDGE + 48 * n, y + 8, 48, 12, f"heat{n + 1}", edge="heat6")
        canvas.text(EDGE + 48 * n, y + 34, f"{100 * n // TINTS}", "dim", anchor="middle" if n else "start")
    canvas.text(EDGE + 48 * TINTS, y + 34, "100 %", "dim", anchor="middle")
    x = 300.0
    canvas.text(x, y, "width of a map: root of its channels, each block on its own scale", "dim")
    canvas.text(x, y + 18, "depth of a map: root of its longer side", "dim")
    if any(arranged(block.steps).bent for block in chart.blocks):
        canvas.line(x + 300, y + 14, x + 324, y + 14, "vermillion", 1.75)
        canvas.text(x + 332, y + 18, "goes by the layers between", "dim")
    return y + 48
