"""How is a network connected? A box for each layer or block, from top to bottom, and arrows between them.

A norm, an activation or another layer that changes no shape is a line in the box of the layer before it. A
long network goes on in the next column, as a text does.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...analyses.charts import OP_KINDS, Box, Network
from ...records import NamedTuple
from ..cells import rough
from .canvas import EDGE, WIDTH, Canvas, fitted, measure, number
from .layered import Layout, layout
from .legend import Mark, legend

MOST_BOXES = 300
"""Boxes in a picture; the last ones of more are one."""
WIDTHS, NARROW = (250, 216, 178), (164, 152, 138, 126, 114)
"""Of boxes, in pixels: that with which a picture is lowest, or the first that is narrow enough."""
LINE, GAP = 10, 20  # pixels that a line takes in a rank that it passes, and between two boxes
GUTTER = 26  # pixels between columns
INNER = WIDTH - 2 * EDGE
TURN, ROUND = 16, 14  # pixels above a column, and above a row of columns, for the line from the one before
HEAD, ROW = 20, 16  # pixels of a box's first row, and of each other
DOWN = 28  # pixels between ranks, for arrows
LOW = 500  # pixels: what is not higher is one column
NEW_ROW = 60  # pixels that a new row of columns must save
INF = float("inf")
TONES = {
    "convolution": "blue",
    "depthwise": "sky",
    "dense": "vermillion",
    "pool": "green",
    "join": "orange",
    "other": "dim",
    "block": "blue",
}
WORDS = {"other": "other", "block": "block of layers"}


class Card(NamedTuple):
    """A box, and the layers that are lines in it; far: what it reads by lines that are not drawn."""

    box: Box
    lines: tuple[Box, ...] = ()
    far: tuple[str, ...] = ()

    @property
    def last(self) -> Box:
        """The layer that others read."""
        return self.lines[-1] if self.lines else self.box


class Cards(NamedTuple):
    """Cards, and the edges between them."""

    boxes: list[Card]
    edges: list[tuple[int, int]]


def merged(chart: Network) -> Cards:
    """The boxes of a network with attached layers in them, at most `MOST_BOXES`."""
    into: dict[int, int] = {}
    cards: list[Card] = []
    sources = {b: a for a, b in chart.edges if chart.boxes[b].attached}
    for n, box in enumerate(chart.boxes):
        if n in sources:
            into[n] = into[sources[n]]
            cards[into[n]] = cards[into[n]]._replace(lines=(*cards[into[n]].lines, box))
        else:
            into[n] = len(cards)
            cards.append(Card(box))
    if len(cards) > MOST_BOXES:
        rest = cards[MOST_BOXES - 1 :]
        cards = [*cards[: MOST_BOXES - 1], _rest(rest)]
        into = {n: min(at, MOST_BOXES - 1) for n, at in into.items()}
    edges = dict.fromkeys((into[a], into[b]) for a, b in chart.edges if into[a] != into[b])
    return Cards(cards, list(edges))


def _rest(cards: Sequence[Card]) -> Card:
    boxes = [box for card in cards for box in (card.box, *card.lines)]
    params, madds = sum(b.params for b in boxes), sum(b.madds for b in boxes)
    layers = sum(b.layers for b in boxes)
    return Card(
        Box(f"{layers:,} more layers", "", "block", (), boxes[-1].gives, params, madds, layers=layers)
    )


def draw(chart: Network) -> Canvas:
    """The network from top to bottom, in as many columns as fit."""
    canvas = Canvas(chart.title, chart.about)
    params, madds = sum(b.params for b in chart.boxes), sum(b.madds for b in chart.boxes)
    layers = sum(b.layers for b in chart.boxes)
    parts = [f"{layers:,} layers", *([f"{len(chart.boxes):,} blocks"] if chart.folded else [])]
    parts += [f"{params:,} params", f"{madds:,} {chart.unit}", *([chart.note] if chart.note else [])]
    top = canvas.heading(" · ".join(parts))
    cards = merged(chart)
    _legend(canvas, cards.boxes, chart.unit, top + 4)
    plan = _plan(cards, top + 36, chart.unit)
    most = max((box.madds for box in chart.boxes), default=0)
    _arrows(canvas, plan)
    for n, card in enumerate(plan.cards):
        _card(canvas, card, chart.unit, most, plan, n)
    canvas.height = plan.bottom + EDGE
    return canvas


def _legend(canvas: Canvas, cards: list[Card], unit: str, y: float) -> None:
    """Which colour is which kind of layer, as far as there are some."""
    kinds = {card.box.kind for card in cards}
    legend(canvas, [Mark(WORDS.get(k, k), TONES[k]) for k in OP_KINDS if k in kinds], y)
    canvas.text(canvas.width - EDGE, y + 10, f"bar: {unit}, beside the largest", "dim", anchor="end")


# places


class Plan(NamedTuple):
    """Where everything is on the paper.

    width: of a box. x: of the middle of each item of the layout; y, bottoms: the top and the bottom of each
    rank. tops: of each column, by its first rank; rows: of these, those that begin a new row of columns.
    shifts: how far to the right the column of each rank is.
    """

    cards: list[Card]
    layout: Layout
    width: float
    x: list[float]
    y: list[float]
    bottoms: list[float]
    heights: list[float]
    tops: dict[int, float]
    rows: set[int]
    shifts: list[float]
    bottom: float


class Piece(NamedTuple):
    """Ranks, from one to before another, behind which all goes through one box: how high they are, and from
    where to where they reach.
    """

    first: int
    end: int
    high: float
    left: float
    right: float


def _plan(cards: Cards, top: float, unit: str) -> Plan:
    """The lowest of the plans with boxes as wide as one of `WIDTHS`."""
    plans: list[Plan] = []
    for width in (*WIDTHS, *NARROW):
        if width in NARROW and plans:
            break
        found = layout(len(cards.boxes), cards.edges, width, LINE, GAP)
        if found.width <= INNER or width == NARROW[-1]:
            plans.append(_on_paper(_named(cards, found), found, width, top, unit))
    return min(plans, key=lambda plan: plan.bottom)


def _named(cards: Cards, found: Layout) -> Cards:
    """The cards, with the names of what they read by lines that are not drawn."""
    far: dict[int, list[str]] = {}
    for a, b in found.left_out:
        far.setdefault(b, []).append(cards.boxes[a].last.name)
    boxes = [card._replace(far=tuple(far.get(n, ()))) for n, card in enumerate(cards.boxes)]
    return Cards(boxes, cards.edges)


def _on_paper(cards: Cards, found: Layout, width: float, top: float, unit: str) -> Plan:
    """Put a layout on the paper, in columns; what is too wide is made narrower."""
    squeeze = min(1, INNER / found.width) if found.width else 1
    width = width * squeeze
    found = found._replace(x=[x * squeeze for x in found.x], width=found.width * squeeze)
    heights = [_height(card, width, unit) for card in cards.boxes]
    tall = [max((heights[i] for i in rank if not found.items[i].line), default=0) for rank in found.ranks]
    tops, shifts, y = dict[int, float](), list[float](), list[float]()
    rows, down = set[int](), top
    for pieces in _rows_of_columns(_pieces(found, tall, width)):
        columns = _columns(pieces, min(_across(pieces), len(pieces)))
        left, span = min(p.left for p in pieces), _span(pieces)
        side = (WIDTH - len(columns) * span - (len(columns) - 1) * GUTTER) / 2 - left
        begin = down + (TURN if y or len(columns) > 1 else 0) + (ROUND if y else 0)
        rows.add(pieces[0].first)
        for k, (first, end) in enumerate(columns):
            tops[first] = at = begin
            for high in tall[first:end]:
                shifts.append(side + k * (span + GUTTER))
                y.append(at)
                at += high + DOWN
            down = max(down, at)
    x = [shifts[item.rank] + found.x[i] for i, item in enumerate(found.items)]
    bottoms = [a + b for a, b in zip(y, tall, strict=True)]
    return Plan(
        cards.boxes, found, width, x, y, bottoms, heights, tops, rows, shifts, max(bottoms, default=top)
    )


def _pieces(found: Layout, tall: list[float], width: float) -> list[Piece]:
    """The ranks between those of one box and no line."""
    pieces: list[Piece] = []
    first, high, left, right = 0, 0.0, INF, -INF
    for r, rank in enumerate(found.ranks):
        high += tall[r] + DOWN
        for i in rank:
            half = LINE / 2 if found.items[i].line else width / 2
            left, right = min(left, found.x[i] - half), max(right, found.x[i] + half)
        if r + 1 == len(found.ranks) or (len(rank) == 1 and not found.items[rank[0]].line):
            pieces.append(Piece(first, r + 1, high, left, right))
            first, high, left, right = r + 1, 0.0, INF, -INF
    return pieces


def _span(pieces: Sequence[Piece]) -> float:
    return max(p.right for p in pieces) - min(p.left for p in pieces)


def _across(pieces: Sequence[Piece]) -> int:
    """How many columns of these pieces fit beside each other."""
    return max(1, int((INNER + GUTTER) // (_span(pieces) + GUTTER)))


def _rows_of_columns(pieces: list[Piece]) -> list[list[Piece]]:
    """The pieces in rows of columns, so that wide ones do not take the room beside narrow ones: the way to
    divide them that makes the picture lowest.
    """
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(pieces) + 1):
        ways = []
        high, left, right = 0.0, INF, -INF
        for first in range(end - 1, -1, -1):
            piece = pieces[first]
            high, left, right = high + piece.high, min(left, piece.left), max(right, piece.right)
            across = min(max(1, int((INNER + GUTTER) // (right - left + GUTTER))), end - first)
            across = across if high > LOW else 1
            ways.append((best[first][0] + high / across + NEW_ROW, first))
        best.append(min(ways))
    found, end = [], len(pieces)
    while end:
        found.append(pieces[best[end][1] : end])
        end = best[end][1]
    return found[::-1]


def _columns(pieces: Sequence[Piece], most: int) -> list[tuple[int, int]]:
    """Ranks, from one to before another, as columns that are about as high: of at most `most` the lowest."""
    whole = sum(p.high for p in pieces)
    best, lowest = [(pieces[0].first, pieces[-1].end)], whole
    for count in range(2, most + 1 if whole > LOW else 0):
        goal, columns, high, begin = whole / count, [], [0.0], pieces[0].first
        for n, piece in enumerate(pieces):
            high[-1] += piece.high
            left = len(pieces) - n - 1
            if left and len(high) < count and sum(high) >= goal * len(high) - piece.high / 3:
                columns.append((begin, piece.end))
                high.append(0.0)
                begin = piece.end
        columns.append((begin, pieces[-1].end))
        if max(high) < lowest * 0.95:
            best, lowest = columns, max(high)
    return best


# boxes


def _rows(card: Card, width: float, unit: str) -> list[str]:
    """What is written in a box, beneath its name."""
    box = card.box
    what = f"{box.layers:,} layers" if box.layers > 1 else f"{box.op} {box.function}".strip()
    came, went = _shapes(box.reads), _shapes(box.gives)
    both = f"{came} → {went}" if came and came != went else went
    fits = measure(both) <= width - 30
    counts = [f"{_short(n)} {of}" for n, of in ((box.params, "params"), (box.madds, unit)) if n]
    return [
        *_joined(
            [" ".join(filter(None, (what, _window(box)))), *([both] if fits else [came, f"→ {went}"])], width
        ),
        *_joined(counts, width),
        *_far(card),
    ]


def _far(card: Card) -> list[str]:
    """What it reads by lines that are not drawn."""
    more = f" and {len(card.far) - 1} more" if len(card.far) > 1 else ""
    return [f"also reads {card.far[0]}{more}"] if card.far else []


def _joined(texts: Sequence[str], width: float) -> list[str]:
    """Texts in as few rows of a box as they fit in."""
    rows: list[str] = []
    for text in filter(None, texts):
        if rows and measure(f"{rows[-1]} · {text}") <= width - 30:
            rows[-1] += f" · {text}"
        else:
            rows.append(text)
    return rows


def _attached(card: Card, width: float) -> list[str]:
    """The rows of the layers that stand in a box of another."""
    return _joined([line.function or line.op for line in card.lines], width)


def _height(card: Card, width: float, unit: str) -> float:
    below = _attached(card, width)
    return HEAD + ROW * (len(_rows(card, width, unit)) + len(below)) + (14 if below else 9)


def _window(box: Box) -> str:
    """The kernel and the stride."""
    parts = []
    if box.kernel and set(box.kernel) != {1}:
        parts.append("x".join(map(str, box.kernel)))
    if box.stride and set(box.stride) != {1}:
        same = len(set(box.stride)) == 1
        parts.append(f"/{box.stride[0]}" if same else "/" + "x".join(map(str, box.stride)))
    return " ".join(parts)


def _shapes(shapes: Sequence[tuple[int, ...]]) -> str:
    """Shapes in a few letters: one of them, how many equal ones, or only how many."""
    if not shapes:
        return ""
    one = _shape(shapes[0])
    if len(shapes) == 1:
        return one
    return f"{len(shapes)} of {one}" if len(set(shapes)) == 1 else f"{len(shapes)} maps"


def _shape(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape))


def _short(value: int) -> str:
    return rough(value) if value >= 10_000 else f"{value:,}"


def _all(box: Box, unit: str, far: Sequence[str] = ()) -> str:
    """Everything about a box, for those who point at it."""
    what = " ".join(filter(None, (box.op, box.function, _window(box))))
    parts = [f"{box.name}: {what}" if what else box.name]
    if box.reads:
        parts.append("reads " + ", ".join(_shape(s) for s in box.reads[:20]))
    parts.append("gives " + ", ".join(_shape(s) for s in box.gives[:20]))
    parts += [f"also reads {', '.join(far)}"] if far else []
    parts += [f"{box.params:,} params", f"{box.madds:,} {unit}"]
    return "; ".join(parts)


def _card(canvas: Canvas, card: Card, unit: str, most: int, plan: Plan, n: int) -> None:
    """Draw one box, its rows and the layers in it."""
    box, width, height = card.box, plan.width, plan.heights[n]
    x, y = plan.x[n] - width / 2, plan.y[plan.layout.items[n].rank]
    hover = " | ".join((_all(box, unit, card.far), *(_all(line, unit) for line in card.lines)))
    canvas.rect(x, y, width, height, "panel", hover, "grid")
    canvas.rect(x, y, 5, height, TONES[box.kind])
    down = y + 15
    canvas.name(x + 12, down, box.name, width - 18, bold=True)
    for row in _rows(card, width, unit):
        down += ROW
        canvas.text(x + 12, down, fitted(row, width - 30), "dim")
    if most and box.madds:
        canvas.rect(x + 5, down + 6, max((width - 5) * box.madds / most, 1), 3, TONES[box.kind])
    below = _attached(card, width)
    if below and not (most and box.madds):
        canvas.line(x + 5, down + 7, x + width, down + 7)
    down += 5
    for row in below:
        down += ROW
        canvas.text(x + 12, down, fitted(row, width - 30), "dim")


# arrows


def _arrows(canvas: Canvas, plan: Plan) -> None:
    """Draw all edges: each leaves a box at its bottom, and has a head where it enters one."""
    items, entries = plan.layout.items, _entries(plan)
    heads: list[str] = []
    lines: dict[int, list[str]] = {}
    for a, b in plan.layout.steps:
        to = plan.x[b] if items[b].line else entries[a, b]
        lines.setdefault(items[a].of, []).append(_step(plan, a, b, to))
        if not items[b].line:
            heads.append(f"M{number(to - 4)} {number(plan.y[items[b].rank] - 7)}h8l-4 7z")
    for parts in lines.values():
        canvas.path("".join(parts), "dim", 1.3)
    for first in plan.tops:
        if first:
            _turn(canvas, plan, first)
    if heads:
        canvas.area("".join(heads), "dim")


def _step(plan: Plan, a: int, b: int, to: float) -> str:
    """The line from an item to one of the next rank, which it enters at `to`."""
    items = plan.layout.items
    above, below = items[a].rank, items[b].rank
    x = plan.x[a] + plan.shifts[below] - plan.shifts[above]
    end = plan.y[below] - (0 if items[b].line else 6)
    if below in plan.tops and below:
        turn = plan.y[below] - TURN
        begin = f"M{number(x)} {number(turn)}"
    else:
        turn = plan.bottoms[above]
        start = plan.y[above] + (0 if items[a].line else plan.heights[a])
        begin = f"M{number(x)} {number(start)}V{number(turn)}"
    if abs(x - to) < 0.5:
        return f"{begin}V{number(end)}"
    middle = number((turn + end) / 2)
    return f"{begin}C{number(x)} {middle} {number(to)} {middle} {number(to)} {number(end)}"


def _turn(canvas: Canvas, plan: Plan, first: int) -> None:
    """Draw the line from the last box of a column to the top of the next one, beside it or beneath."""
    a = plan.layout.ranks[first - 1][0]
    x, to = plan.x[a], plan.x[a] + plan.shifts[first] - plan.shifts[first - 1]
    top, low = plan.y[first] - TURN, plan.y[first - 1] + plan.heights[a]
    if first in plan.rows:
        turn = 6 if to > x else -6
        steps = f"M{number(x)} {number(low)}"
        if abs(x - to) > 12:
            steps += f"V{number(top - ROUND)}q0 6 {turn} 6H{number(to - turn)}q{turn} 0 {turn} 6"
        steps += (
            f"V{number(top)}" if abs(x - to) > 12 else f"V{number(top - ROUND)}L{number(to)} {number(top)}"
        )
    else:
        between = _right(plan, first) + GUTTER / 2
        steps = (
            f"M{number(x)} {number(low)}v6q0 6 6 6H{number(between - 6)}q6 0 6 -6V{number(top + 6)}"
            f"q0 -6 6 -6H{number(to)}"
        )
    canvas.path(steps, "dim", 1.3)


def _right(plan: Plan, first: int) -> float:
    """Where the column before the one with this first rank ends."""
    begin = max(r for r in plan.rows if r <= first)
    end = min((r for r in plan.rows if r > first), default=len(plan.layout.ranks))
    items = [i for rank in plan.layout.ranks[begin:end] for i in rank]
    half = [LINE / 2 if plan.layout.items[i].line else plan.width / 2 for i in items]
    widest = max(plan.layout.x[i] + h for i, h in zip(items, half, strict=True))
    return widest + plan.shifts[first - 1]


def _entries(plan: Plan) -> dict[tuple[int, int], float]:
    """Where each arrow enters its box: apart from each other, one straight from above in the middle."""
    into: dict[int, list[int]] = {}
    for a, b in plan.layout.steps:
        if not plan.layout.items[b].line:
            into.setdefault(b, []).append(a)
    found = {}
    for b, above in into.items():
        above.sort(key=lambda a: plan.x[a])
        apart = min(14.0, (plan.width - 24) / max(len(above), 1))
        middle = (len(above) - 1) / 2
        straight = min(range(len(above)), key=lambda k: abs(plan.x[above[k]] - plan.x[b]))
        if abs(plan.x[above[straight]] - plan.x[b]) < 1:
            middle = straight
        for k, a in enumerate(above):
            found[a, b] = plan.x[b] + (k - middle) * apart
    return found
