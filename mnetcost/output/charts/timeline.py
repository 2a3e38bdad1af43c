"""What is in memory when, and where in it? Each buffer as a rectangle, with the limit that there is."""

from __future__ import annotations

from collections.abc import Sequence

from ...analyses.charts import Axis, Level, Life, Timeline
from ...records import NamedTuple
from ..cells import binary
from .axes import names_along, room_beside, upright
from .canvas import BOLD, EDGE, SMALL, WIDTH, Canvas, fitted, measure, number
from .legend import Mark, legend
from .scales import Scale

TALL = 400
TONES = ("green", "sky", "orange", "purple", "yellow")
"""The tone of a first, second ... kind; the text on each is dark."""
BYTES = Axis("", "memory")
FAR = 2.5
"""A limit that is so many times as high as what is needed is named, and not drawn."""


class Part(NamedTuple):
    """A buffer at one place, from one step to another."""

    first: int
    last: int
    bottom: int


def draw(chart: Timeline) -> Canvas:
    """The field with its axes, each buffer in the tone of its kind, and the peak and the limit over them."""
    canvas = Canvas(chart.title, chart.about)
    high = max(chart.top.value if chart.top else 0, chart.peak[1], 1)
    limit = chart.limit if chart.limit and chart.limit.value <= FAR * high else None
    far = [f"{_amount(chart.limit)}, above the picture"] if chart.limit and not limit else []
    top = legend(canvas, _marks(chart), canvas.heading("; ".join([chart.under, *far]))) + 36
    most = max(high, limit.value if limit else 0)
    up = Scale(BYTES, 0, 1.04 * most, top + TALL, top)
    left, right = max(room_beside(up) + 34, 60), WIDTH - EDGE
    along = Scale(Axis("step"), -0.5, len(chart.steps) - 0.5, left, right)
    upright(canvas, up, left, right, top - 32)
    _peak(canvas, chart, along, up)
    for life, parts in zip(chart.lives, _placed(chart.lives), strict=True):
        _life(canvas, chart, life, parts, along, up)
    canvas.line(left, up.start, right, up.start, "dim")
    if chart.top and chart.top.value > chart.peak[1]:
        _level(canvas, chart.top, along, up, "ink", "")
    if limit:
        near = chart.top and 0 <= limit.value - chart.top.value < 18 * most / TALL
        _level(canvas, limit, along, up, "vermillion", "6 4", 16 if near else -6)
    canvas.height = names_along(canvas, chart.steps, along, up.start) + 8
    return canvas


def _marks(chart: Timeline) -> list[Mark]:
    """The kinds that there are, and how what is held at the peak looks."""
    kinds = [Mark(k, _tone(chart, k)) for k in chart.kinds if any(life.kind == k for life in chart.lives)]
    held = any(_at_peak(chart, life) for life in chart.lives)
    return [*kinds, *([Mark("held at the peak", "ink", "frame")] if held else [])]


def _tone(chart: Timeline, kind: str) -> str:
    return TONES[chart.kinds.index(kind) % len(TONES)]


def _at_peak(chart: Timeline, life: Life) -> bool:
    return life.first <= chart.peak[0] <= life.last


def _placed(lives: Sequence[Life]) -> list[list[Part]]:
    """Where each buffer is, step by step: at its offset, or on those that came before it and are held."""
    found: list[list[Part]] = [[] for _ in lives]
    for n, life in enumerate(lives):
        if life.offset is not None:
            found[n] = [Part(life.first, life.last, life.offset)]
    loose = sorted((n for n, life in enumerate(lives) if life.offset is None), key=lambda n: lives[n].first)
    for step in range(max((lives[n].last for n in loose), default=-1) + 1):
        height = 0
        for n in loose:
            if not lives[n].first <= step <= lives[n].last:
                continue
            if found[n] and found[n][-1].bottom == height:
                found[n][-1] = found[n][-1]._replace(last=step)
            else:
                found[n].append(Part(step, step, height))
            height += lives[n].bytes
    return found


def _life(canvas: Canvas, chart: Timeline, life: Life, parts: list[Part], along: Scale, up: Scale) -> None:
    """One buffer: a rectangle, or where others beneath it are freed, several beside each other."""
    tone = _tone(chart, life.kind)
    steps = f"steps {life.first} to {life.last}" if life.first != life.last else f"step {life.first}"
    at = f", at {life.offset:,}" if life.offset is not None else ""
    hover = f"{life.name}: {life.bytes:,} bytes, {steps}{at}"
    edge = "ink" if _at_peak(chart, life) else "paper"
    boxes = [
        (
            along.place(p.first - 0.5),
            up.place(p.bottom + life.bytes),
            along.place(p.last + 0.5),
            up.place(p.bottom),
        )
        for p in parts
    ]
    if len(boxes) == 1:
        x, y, end, base = boxes[0]
        canvas.rect(x, y, max(end - x, 1), max(base - y, 0.5), tone, hover, edge if end - x > 3 else "")
    elif boxes:
        over = "".join(f"L{number(x)} {number(y)}L{number(end)} {number(y)}" for x, y, end, _ in boxes)
        under = "".join(
            f"L{number(end)} {number(b)}L{number(x)} {number(b)}" for x, _, end, b in reversed(boxes)
        )
        steps_of = f"M{over[1:]}{under}Z"
        canvas.area(steps_of, tone, hover)
        if boxes[0][2] - boxes[0][0] > 3:
            canvas.path(steps_of, edge, 1)
    if boxes:
        _named(canvas, life.name, max(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])))


def _named(canvas: Canvas, name: str, box: tuple[float, float, float, float]) -> None:
    """A name within a rectangle, along its longer side; nothing where it has no room."""
    x, y, end, base = box
    wide, high = end - x - 6, base - y - 6
    if min(wide, high) < SMALL - 6:
        return
    middle = (x + end) / 2, (y + base) / 2
    flat, turned = _ending(name, wide), _ending(name, high)
    if flat and len(flat) >= len(turned):
        canvas.text(middle[0], middle[1] + 4, flat, "dark", anchor="middle")
    elif turned:
        canvas.text(middle[0] + 4, middle[1], turned, "dark", anchor="middle", turn=-90)


def _ending(name: str, room: float) -> str:
    """A name, or as much of its end as has room: layers of a block differ there; "" where too little has.

    >>> _ending("separable 1/depthwise", 90), _ending("separable 1/depthwise", 30)
    ('…1/depthwise', '')
    """
    name = fitted(name, WIDTH)
    ends = [n + 1 for n, letter in enumerate(name[:-1]) if letter in " /"]
    endings = (name, *(f"…{name[n:]}" for n in ends))
    return next((text for text in endings if 1.05 * measure(text) <= room), "")


def _level(
    canvas: Canvas, limit: Level, along: Scale, up: Scale, tone: str, dashes: str, beside: float = -6
) -> None:
    """A line across at a number of bytes, with its name at the end, above it or below."""
    y = up.place(limit.value)
    canvas.line(along.start, y, along.end, y, tone, 1.5, dashes)
    text = fitted(_amount(limit), 0.7 * (along.end - along.start))
    wide = BOLD * measure(text)
    canvas.rect(along.end - 8 - wide, y + beside - 12, wide + 8, 16 if beside > 0 else 15, "paper")
    canvas.text(along.end - 4, y + beside, text, anchor="end", bold=True)


def _amount(limit: Level) -> str:
    """A number of bytes with its name."""
    return f"{limit.name}: {limit.value:,.0f} bytes{_beside(limit.value)}"


def _beside(size: float) -> str:
    """Bytes as chips count them, in brackets."""
    text = binary(int(size))
    return f" ({text})" if text else ""


def _peak(canvas: Canvas, chart: Timeline, along: Scale, up: Scale) -> None:
    """A line at the step of the peak, with its name and bytes above the field."""
    step, size = chart.peak
    if not 0 <= step < len(chart.steps):
        return
    x = along.place(step)
    canvas.line(x, up.end - 22, x, up.start, "ink", 1, "2 4")
    before, behind = x - along.start, along.end - x
    text = f"peak: {size:,} bytes{_beside(size)} at {chart.steps[step]}"
    text = fitted(text, max(before, behind) - 10)
    if measure(text) + 10 <= behind or behind >= before:
        canvas.text(x + 6, up.end - 14, text, bold=True)
    else:
        canvas.text(x - 6, up.end - 14, text, anchor="end", bold=True)
