"""How do networks narrow and widen? Each as a row of columns: high as its maps, wide as their channels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from ...analyses.charts import Axis, Slab, Strip, Strips
from ...errors import plain
from ...records import NamedTuple
from .canvas import BOLD, MIDDLE, WIDTH, Canvas, fitted, measure, number
from .scales import exact, shown
from .theme import HEATS, heat

LEFT, RIGHT = 50, 20
ROOM = WIDTH - LEFT - RIGHT
HIGH = (190, 180, 164, 140, 116)
"""Pixels of the highest map of one, two, or more designs."""
NEAR, FAR = (2.0, 6.0), 18.0
"""Pixels between columns: the least of many and of few columns, and the most."""
CHANNEL = 5.0
"""Most pixels of the root of a channel."""
SLIM, LABEL = 3.0, 14.0
"""Least pixels of a column, and of one that has a name beneath it."""
LINE = 16
"""Pixels from one line of text to the next."""
NAMES = 84
"""Most pixels of a name that is written upright."""
SHEET = 1.6
"""Pixels to the right, and upwards, of the root of a volume's depth."""
TONE = {"add": "vermillion", "concat": "green"}
WORDS = {"add": "added", "concat": "concatenated"}
MEANING = {
    ("add", True): "shortcut: added as it is",
    ("add", False): "shortcut through fewer layers",
    ("concat", True): "concatenated as it is",
}
STEPS = (0.005, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1)
"""Shares that one step of the colours may stand for."""


class Scales(NamedTuple):
    """One scale for all strips: pixels of the root of a side, of the root of a channel, and the share at
    which colours end.
    """

    side: float
    channel: float
    share: float
    high: float


class Place(NamedTuple):
    """Where a column is: from where to where it reaches, how far the next one is, how wide it is without the
    map within, and what it shows.
    """

    left: float
    right: float
    gap: float
    width: float
    slab: Slab

    @property
    def x(self) -> float:
        """Its middle."""
        return (self.left + self.right) / 2

    @property
    def room(self) -> float:
        """Pixels from it to the next one, which a text beneath it may take."""
        return self.right - self.left + self.gap


def draw(chart: Strips) -> Canvas:
    """The designs from top to bottom, and beneath them how to read them."""
    canvas = Canvas(chart.title, chart.about)
    scales = _scales(chart)
    y = 8.0
    for strip in chart.strips:
        y = _strip(canvas, strip, chart, scales, y)
    canvas.height = _legend(canvas, chart, scales, y + 4)
    return canvas


def side(slab: Slab) -> int:
    """The longer side of a map, its height or its width."""
    return max(slab.size[-3:-1])


def channels(slab: Slab) -> int:
    """The most channels of a column, those of the widest map in it too."""
    return max((slab.size[-1], *slab.widest[-1:]))


def depth(slab: Slab) -> float:
    """Pixels to the right and upwards by which a volume is drawn deep; 0 for a map."""
    return SHEET * math.sqrt(slab.size[0]) if len(slab.size) == 4 else 0.0


def _scales(chart: Strips) -> Scales:
    """The scales on which every strip has room."""
    high = HIGH[min(len(chart.strips), len(HIGH)) - 1]
    tallest = max((side(slab) for strip in chart.strips for slab in strip.slabs), default=1)
    shares = [slab.work / strip.work for strip in chart.strips if strip.work for slab in strip.slabs]
    low, much = 0.0, CHANNEL
    for _ in range(40):
        middle = (low + much) / 2
        room = max((sum(_widths(s, middle)) + _near(s) * len(s.slabs) for s in chart.strips), default=0)
        low, much = (middle, much) if room <= ROOM else (low, middle)
    most = max(shares, default=0)
    step = next((s for s in STEPS if s * HEATS >= most), STEPS[-1])
    return Scales(high / math.sqrt(tallest), low, step * HEATS, high)


def _near(strip: Strip) -> float:
    """The least pixels between the columns of a design."""
    return min(max(132 / max(len(strip.slabs), 1), NEAR[0]), NEAR[1])


def _widths(strip: Strip, channel: float) -> list[float]:
    """Pixels that each column takes: as it is wide, and as its name needs if all names have room."""
    least = LABEL if (LABEL + _near(strip)) * len(strip.slabs) <= ROOM else SLIM
    return [max(math.sqrt(channels(slab)) * channel + depth(slab), least) for slab in strip.slabs]


def _places(strip: Strip, scales: Scales) -> list[Place]:
    """The columns from left to right, as far apart as there is room."""
    widths = _widths(strip, scales.channel)
    gap = min((ROOM - sum(widths)) / max(len(widths), 1), FAR)
    found, x = [], LEFT + 4.0
    for slab, width in zip(strip.slabs, widths, strict=True):
        own = max(math.sqrt(slab.size[-1]) * scales.channel, SLIM)
        found.append(Place(x, x + width, gap, own, slab))
        x += width + gap
    if found:  # nothing stands beside the last
        found[-1] = found[-1]._replace(gap=max(gap, RIGHT / 2))
    return found


def _strip(canvas: Canvas, strip: Strip, chart: Strips, scales: Scales, y: float) -> float:
    """One design from y on; returns where the next one begins."""
    places = _places(strip, scales)
    _title(canvas, strip, chart, y + 22)
    above = max((_arch(strip, places, scales, n) for n in range(len(strip.arcs))), default=0)
    above = max(above, *(high(place.slab, scales) + depth(place.slab) for place in places), 0)
    base = y + 44 + above
    _levels(canvas, places, scales, base)
    for place in places:
        _column(canvas, place, strip, chart, scales, base)
    for n in range(len(strip.arcs)):
        _arc(canvas, strip, places, scales, n, base)
    return _beneath(canvas, places, base)


def _title(canvas: Canvas, strip: Strip, chart: Strips, y: float) -> None:
    """What the design is called, and what it costs."""
    params = Axis("params")
    figures = f"{shown(strip.params, params)} params · {shown(strip.work, chart.work)} {chart.work.title}"
    room = WIDTH - 40 - measure(figures, MIDDLE) - 20
    own = min(measure(strip.title, MIDDLE + 2) * BOLD, room * 0.6)
    canvas.name(20, y, strip.title, own, size=MIDDLE + 2, bold=True)
    canvas.name(20 + own + 12, y, strip.heading, room - own - 12, "dim")
    both = f"{exact(strip.params, params)}, {exact(strip.work, chart.work)}"
    canvas.text(WIDTH - RIGHT, y, figures, size=MIDDLE, anchor="end", hover=both)


def high(slab: Slab, scales: Scales) -> float:
    """How far a column reaches above the base line, with the widest map in it."""
    return math.sqrt(max(side(slab), *slab.widest[-3:-1], 0)) * scales.side


def _levels(canvas: Canvas, places: Sequence[Place], scales: Scales, base: float) -> None:
    """A line at the height of each size of map, with the size, and the line on which all stand."""
    end = places[-1].right if places else ROOM
    last = math.inf
    for pixels in sorted({side(place.slab) for place in places}, reverse=True):
        y = base - math.sqrt(pixels) * scales.side
        canvas.line(LEFT, y, end, y, "grid", 0.75, "2 4")
        if abs(y - last) >= 10.5 and pixels > 1:
            canvas.text(LEFT - 6, y + 4, f"{pixels:,}", "dim", anchor="end")
            last = y
    canvas.line(LEFT, base, end, base, "dim")


def _column(canvas: Canvas, place: Place, strip: Strip, chart: Strips, scales: Scales, base: float) -> None:
    """One column: the widest map in it behind what leaves it, in the colour of its share."""
    slab = place.slab
    share = slab.work / strip.work if strip.work else 0
    hover = _hover(slab, share, chart)
    back = depth(slab)
    x = place.x - back / 2
    if slab.widest:
        wide = math.sqrt(slab.widest[-1]) * scales.channel
        tall = high(slab, scales)
        canvas.rect(x - wide / 2, base - tall, wide, tall, "panel", hover, edge="heat3")
    tall = math.sqrt(side(slab)) * scales.side
    step = heat(share / scales.share)
    left = x - place.width / 2
    if back:
        _deep(canvas, (left, base - tall, place.width, tall), back, hover)
    canvas.rect(left, base - tall, place.width, tall, f"heat{step}", hover, edge="heat6")
    text = f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"
    if share and place.width >= measure(text) and tall >= 16:
        canvas.text(x, base - tall / 2 + 4, text, f"on{step}", anchor="middle")
    elif share and place.width >= 15 and tall >= measure(text) + 12:
        canvas.text(x + 4, base - 5, text, f"on{step}", turn=-90)


def _deep(canvas: Canvas, front: tuple[float, float, float, float], back: float, hover: str) -> None:
    """The top and the right side of a box whose front is a rectangle; back: how far it goes."""
    x, y, width, tall = front
    there, up, down = f"l{number(back)} {number(-back)}", number(y), number(y + tall)
    above = f"M{number(x)} {up} {there} h{number(width)} l{number(-back)} {number(back)} Z"
    right = f"M{number(x + width)} {up} {there} v{number(tall)} L{number(x + width)} {down} Z"
    for face in (above, right):
        canvas.area(face, "panel", hover)
        canvas.path(face, "dim", 0.75)


def _hover(slab: Slab, share: float, chart: Strips) -> str:
    """All that is known of a column."""
    size = "x".join(map(str, slab.size))
    inside = f", {'x'.join(map(str, slab.widest))} inside" if slab.widest else ""
    figures = f"{exact(slab.work, chart.work)} ({100 * share:.2f} %), {slab.params:,} params"
    return f"{slab.name}: {size}{inside}; {figures}"


def _arch(strip: Strip, places: Sequence[Place], scales: Scales, n: int) -> float:
    """How far an arc reaches above the base line."""
    first, last, *_ = strip.arcs[n]
    tallest = max(math.sqrt(side(place.slab)) for place in places[first : last + 1]) * scales.side
    return tallest + 7 + 1.2 * math.sqrt(places[last].x - places[first].x)


def _arc(canvas: Canvas, strip: Strip, places: Sequence[Place], scales: Scales, n: int, base: float) -> None:
    """A path that goes by, from the top of one column to that of another."""
    arc = strip.arcs[n]
    one, other = places[arc.first], places[arc.last]
    start, end = (base - math.sqrt(side(place.slab)) * scales.side for place in (one, other))
    # a curve whose middle is three quarters of the way to the points that pull it
    peak = base - _arch(strip, places, scales, n)
    pull = (peak - (start + end) / 8) / 0.75
    words = f"{one.slab.name} is {WORDS[arc.kind]} in {other.slab.name}"
    words += "" if arc.direct else ", through fewer layers"
    ends = ((one.x, start), (one.x, pull), (other.x, pull), (other.x, end))
    a, b, c, d = (f"{number(x)} {number(y)}" for x, y in ends)
    steps = f"M{a} C{b} {c} {d}"
    canvas.path(steps, TONE[arc.kind], 1.5, "" if arc.direct else "4 3", words)
    canvas.circle(other.x, end, 2.6, TONE[arc.kind])


def _beneath(canvas: Canvas, places: Sequence[Place], base: float) -> float:
    """Channels, sizes and names beneath the columns; returns where they end."""
    y = base + 16
    free = 0.0
    for run in _runs(places, lambda slab: slab.size[-1]):
        text, x = f"{run[0].slab.size[-1]}", (run[0].left + run[-1].right) / 2
        half = measure(text) / 2
        if x - half >= free:
            canvas.text(x, y, text, anchor="middle")
            free = x + half + 4
    y += 8
    for run in _runs(places, lambda slab: slab.size[:-1]):
        left, right = run[0].left + 1, run[-1].right - 1
        canvas.path(f"M{number(left)} {number(y)} v4 H{number(right)} v-4", "dim", 1)
        _within(canvas, run, y + 18, sizes(run[0].slab.size[:-1]), "dim")
    return _names(canvas, places, y + 26)


def sizes(size: Sequence[int]) -> list[str]:
    """Ways to write the size of a map, from the longest to the shortest.

    >>> sizes((112, 112)), sizes((16, 56, 56)), sizes((49, 10))
    (['112x112', '112²', '112'], ['16x56x56', '16x56²'], ['49x10'])
    """
    *before, h, w = size
    front = "".join(f"{n}x" for n in before)
    ways = [f"{front}{h}x{w}"]
    if h == w and h > 1:
        ways += [f"{front}{h}²"] if before else [f"{h}²", f"{h}"]
    return ways


def _runs(places: Sequence[Place], key: Callable[[Slab], object]) -> Iterator[list[Place]]:
    """Neighbours of which something is the same."""
    return (list(run) for _, run in groupby(places, key=lambda place: key(place.slab)))


def _within(canvas: Canvas, run: Sequence[Place], y: float, ways: Sequence[str], tone: str) -> None:
    """The longest way of writing something that has room beneath a run of columns; none where none has."""
    left, right = run[0].left, run[-1].right
    for text in ways:
        if measure(text) <= right - left + run[-1].gap - 4:
            canvas.text((left + right) / 2, y, text, tone, anchor="middle")
            return


NUMBER = 14
"""Most letters of what is taken for the number of a block."""
NUMBERED = re.compile(r"(.*?)[ ._/]?(\d[\w/.]*)")


def _names(canvas: Canvas, places: Sequence[Place], y: float) -> float:
    """The names: numbers beneath the columns, and once beneath these what is before them; returns where they
    end.
    """
    parts = _parts(places)
    upright = any(
        before and not _fits(last, place) for place, (before, last) in zip(places, parts, strict=True)
    )
    lowest = numbers = y + LINE
    free = 0.0
    for place, (before, last) in zip(places, parts, strict=True):
        if not (before and upright) and _fits(last, place):
            hover = place.slab.name if before else ""
            canvas.text(place.x, y + 12, last, anchor="middle", hover=hover)
        elif place.x - 6 >= free:
            free = place.x + 6
            short = fitted(last, NAMES)
            canvas.text(place.x + 4, y + 2, short, anchor="end", hover=place.slab.name, turn=-90)
            lowest = max(lowest, y + 4 + measure(short))
            numbers = max(numbers, y + 4 + measure(short)) if before else numbers
    for before, group in _groups(places, parts):
        if before:
            left, right = group[0].left, group[-1].right
            canvas.path(f"M{number(left + 1)} {number(numbers)} v4 H{number(right - 1)} v-4", "dim", 1)
            canvas.text((left + right) / 2, numbers + 18, before, anchor="middle")
            lowest = max(lowest, numbers + 24)
    return lowest + 8


def _fits(text: str, place: Place) -> bool:
    """Whether a text has room beneath a column, with a little on both sides; a number with a slash needs
    hardly any.
    """
    return measure(text) + (1 if text[:1].isdigit() else 4) <= place.room


def _groups(places: Sequence[Place], parts: Sequence[tuple[str, str]]) -> list[tuple[str, list[Place]]]:
    """Neighbours whose names begin alike, with that beginning."""
    pairs = zip(parts, places, strict=True)
    return [(key, [place for _, place in run]) for key, run in groupby(pairs, key=lambda pair: pair[0][0])]


def _parts(places: Sequence[Place]) -> list[tuple[str, str]]:
    """Each name as its beginning and its number; a beginning without room beneath its columns stays whole."""
    parts = [_split(place.slab.name) for place in places]
    found = []
    for before, group in _groups(places, parts):
        room = group[-1].right - group[0].left + group[-1].gap
        whole = not before or measure(before) + 3 > room
        found += [("", plain(p.slab.name)) if whole else _split(p.slab.name) for p in group]
    return found


def _split(name: str) -> tuple[str, str]:
    """What is before the number of a name, and the number: "" and the name where there is none.

    >>> _split("bottleneck 2/1"), _split("features.0.1"), _split("stem")
    (('bottleneck', '2/1'), ('features', '0.1'), ('', 'stem'))
    """
    found = NUMBERED.fullmatch(plain(name))
    return (found[1], found[2]) if found and found[1] and len(found[2]) <= NUMBER else ("", plain(name))


def _legend(canvas: Canvas, chart: Strips, scales: Scales, y: float) -> float:
    """How to read the columns; returns where it ends."""
    canvas.line(20, y, WIDTH - 20, y)
    y += 24
    slabs = [slab for strip in chart.strips for slab in strip.slabs]
    canvas.text(20, y, f"share of the design's {chart.work.title}", "dim")
    for n in range(HEATS):
        low, up = (100 * scales.share * k / HEATS for k in (n, n + 1))
        canvas.rect(20 + 24 * n, y + 8, 24, 12, f"heat{n}", f"{low:g} to {up:g} %", edge="heat6")
    for n in range(0, HEATS + 1, 2):
        text = f"{100 * scales.share * n / HEATS:g}" + (" %" if n == HEATS else "")
        canvas.text(20 + 24 * n, y + 34, text, "dim", anchor="middle" if n else "start")
    x = 330.0
    canvas.text(x, y, "width: root of the channels", "dim")
    at = x
    for count in (16, 64, 256, 1024):
        width = math.sqrt(count) * scales.channel
        if count <= max(map(channels, slabs), default=0):
            room = max(width, measure(f"{count}"))
            canvas.rect(at + (room - width) / 2, y + 8, width, 12, "panel", edge="dim")
            canvas.text(at + room / 2, y + 34, f"{count}", "dim", anchor="middle")
            at += room + 12
    x = 560.0
    canvas.text(x, y, "height: root of the map's longer side", "dim")
    rows: list[tuple[str, bool] | None] = []
    if any(slab.widest for slab in slabs):
        rows.append(None)
    arcs = {(arc.kind, arc.direct) for strip in chart.strips for arc in strip.arcs}
    rows += sorted(arcs, reverse=True)
    down = y + 20
    for row in rows:
        if row is None:
            canvas.rect(x, down - 10, 24, 12, "panel", edge="heat3")
            canvas.text(x + 32, down, "widest map within the block", "dim")
        else:
            kind, direct = row
            canvas.path(f"M{number(x)} {number(down)} q12 -18 24 0", TONE[kind], 1.5, "" if direct else "4 3")
            canvas.text(x + 32, down, MEANING[row], "dim")
        down += LINE + 2
    return max(y + 34, down - 8) + 14
