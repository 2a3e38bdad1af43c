"""Where does a name go, so that it covers neither a dot nor another name? Beside its dot, or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...records import NamedTuple

STEP = 48  # pixels: boxes are looked up by the squares of this size that they touch
ASCENT, DESCENT = 10, 3  # of a line of text, above and below its base line
DOT = 4
NEAR = (
    (7, 4, "start"),
    (-7, 4, "end"),
    (6, -6, "start"),
    (-6, 14, "end"),
    (0, -8, "middle"),
    (0, 17, "middle"),
    (6, 14, "start"),
    (-6, -6, "end"),
)
"""From a dot to the base line of its name: right, down, and which end of the name is there."""
DISTANCES = 22, 40, 64, 92, 124
FAR = tuple(
    (sign_x * distance, sign_y * distance * steep + 4, "start" if sign_x > 0 else "end")
    for distance in DISTANCES
    for steep in (0.75, 0.3, 1.4)
    for sign_x, sign_y in ((1, -1), (-1, 1), (1, 1), (-1, -1))
)
"""The same for names that a line leads to, the nearest first."""
LEAD, ON_LINE, ON_DOT = 8, 40, 5
"""What a place is worse by, in pixels: if a line leads to it, a name on a line, and such a line on a dot."""


class Box(NamedTuple):
    """A part of the picture that something takes."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Do both take a part of the same place?"""
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


class Place(NamedTuple):
    """Where a name is written, and whether a thin line has to lead to it."""

    x: float
    y: float
    anchor: str
    led: bool


class Room:
    """What is taken within the borders of a picture."""

    def __init__(self, borders: Box) -> None:
        self.borders = borders
        self.taken: dict[tuple[int, int], list[Box]] = {}

    def take(self, box: Box) -> None:
        """Nothing else is put where this is."""
        for square in _squares(box):
            self.taken.setdefault(square, []).append(box)

    def free(self, box: Box) -> bool:
        """Is there nothing yet, and all of it within the borders?"""
        b = self.borders
        if box.left < b.left or box.right > b.right or box.top < b.top or box.bottom > b.bottom:
            return False
        return not any(box.meets(one) for square in _squares(box) for one in self.taken.get(square, ()))


class Names:
    """Names beside dots: what dots, lines and names there are already."""

    def __init__(self, borders: Box, dots: Sequence[tuple[float, float]]) -> None:
        self.dots, self.lines, self.names = Room(borders), Room(borders), Room(borders)
        for x, y in dots:
            self.dots.take(Box(x - DOT, y - DOT, x + DOT, y + DOT))

    def avoid(self, a: tuple[float, float], b: tuple[float, float]) -> None:
        """Put no name on a line, upright or level, where there is another place."""
        (x1, y1), (x2, y2) = a, b
        self.lines.take(Box(min(x1, x2) - 1, min(y1, y2) - 1, max(x1, x2) + 1, max(y1, y2) + 1))

    def place(self, x: float, y: float, width: float, far: float) -> Place | None:
        """Find the best place for the name of a dot and take it; None where there is no room.

        far: how far away it may be, in pixels, with a line that leads to it; 0 for beside the dot.
        """
        best: tuple[float, Place, list[Box]] | None = None
        for n, (dx, dy, anchor) in enumerate((*NEAR, *FAR)):
            led = n >= len(NEAR)
            if led and abs(dx) > far:
                break
            cost = LEAD + max(abs(dx), abs(dy)) if led else n
            if best and cost >= best[0]:
                continue
            boxes = [box_of(x + dx, y + dy, width, anchor)]
            if not all(room.free(boxes[0]) for room in (self.names, self.dots)):
                continue
            boxes += _along(x, y, x + dx, y + dy - 4) if led else []
            if not all(map(self.names.free, boxes)):
                continue
            cost += ON_LINE * (not self.lines.free(boxes[0]))
            cost += sum(ON_DOT * (not self.dots.free(one)) for one in boxes[1:])
            if best is None or cost < best[0]:
                best = cost, Place(x + dx, y + dy, anchor, led), boxes
        if best is None:
            return None
        for box in best[2]:
            self.names.take(box)
        return best[1]


def _along(x1: float, y1: float, x2: float, y2: float) -> Iterator[Box]:
    """Small boxes along a line, beginning a little away from its start."""
    steps = int(max(abs(x2 - x1), abs(y2 - y1)) // 4)
    for n in range(2, steps):
        x, y = x1 + (x2 - x1) * n / steps, y1 + (y2 - y1) * n / steps
        yield Box(x - 1, y - 1, x + 1, y + 1)


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    for i in range(int(box.left // STEP), int(box.right // STEP) + 1):
        for j in range(int(box.top // STEP), int(box.bottom // STEP) + 1):
            yield i, j


def box_of(x: float, y: float, width: float, anchor: str) -> Box:
    """What a line of small text takes whose base line is at y."""
    left = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * width
    return Box(left - 1, y - ASCENT, left + width + 1, y + DESCENT)


def apart(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Places near the wanted ones, in the same order, so that things of these sizes do not overlap.

    >>> apart([10, 12, 50], [10, 10, 10], 0, 100)
    [10, 20.0, 50]
    """
    order = sorted(range(len(wanted)), key=lambda n: wanted[n])
    found = list(wanted)
    for before, n in zip([None, *order], order, strict=False):
        least = low + sizes[n] / 2 if before is None else found[before] + (sizes[before] + sizes[n]) / 2
        found[n] = max(found[n], least)
    for after, n in zip([None, *order[::-1]], order[::-1], strict=False):
        most = high - sizes[n] / 2 if after is None else found[after] - (sizes[after] + sizes[n]) / 2
        found[n] = min(found[n], most)
    return found
