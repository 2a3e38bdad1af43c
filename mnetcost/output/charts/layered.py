"""Where does each box of a graph go? In ranks from top to bottom, with few crossings and straight chains.

The steps are those of Sugiyama, Tagawa and Toda (1981): ranks, an order in each rank, places. The places are
the mean of four alignments, as Brandes and Koepf (2001), "Fast and simple horizontal coordinate assignment",
make it.
An edge over several ranks is a line through an item of its own in each of them, which all far edges of a box
share. Lines beside a longer way between the same boxes, as of a residual block, leave that way straight.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise

from ...records import NamedTuple

MOST_ACROSS = 6
"""Boxes in one rank; further ones go to the next."""
MOST_LINES = 12
"""Lines that pass a rank; the longest of more are left out, and the boxes that read by them are named."""
SWEEPS = 12
FEW = 8  # ends of a line that are looked at to find whether there is a longer way beside it
NEAR = 48  # items of a rank in which neighbours are exchanged; in larger ones sweeps must do


class Item(NamedTuple):
    """A box in its rank, or the part of a line in a rank that it passes; `of`: the box, or the line's."""

    of: int
    rank: int
    line: bool = False
    aside: bool = False  # of a line with a longer way beside it


class Layout(NamedTuple):
    """Where everything is.

    items: the boxes in their order, then the lines' parts. x: of the middle of each item, from 0. steps:
    (from, to), places in `items`, all from one rank to the next. left_out: edges that are not drawn.
    crossings: of steps. width: of all boxes together.
    """

    items: list[Item]
    x: list[float]
    ranks: list[list[int]]
    steps: list[tuple[int, int]]
    left_out: list[tuple[int, int]]
    crossings: int
    width: float


def layout(count: int, edges: Sequence[tuple[int, int]], box: float, line: float, gap: float) -> Layout:
    """Place `count` boxes, all `box` wide, lines `line` wide, at least `gap` between two boxes.

    edges: (from, to), each from a box to a later one, each once.
    """
    rank = _ranks(count, edges)
    kept, left_out = _thinned(rank, edges)
    items, steps = _items(count, rank, kept)
    ranks = _first_order(items, steps)
    crossings = _ordered(items, steps, ranks)
    x = _places(items, steps, ranks, box, line, gap)
    _draw_in(items, ranks, x, box, line, gap)
    low = min((x[i] - _half(items[i], box, line) for i in range(len(items))), default=0)
    x = [value - low for value in x]
    width = max((x[i] + _half(items[i], box, line) for i in range(len(items))), default=0)
    return Layout(items, x, ranks, steps, left_out, crossings, width)


def _half(item: Item, box: float, line: float) -> float:
    return (line if item.line else box) / 2


# ranks


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The rank of each box: the length of the longest way to it, or later where a rank is full; a box that
    reads nothing stands just above its first reader.
    """
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for a, b in edges:
        before[b].append(a)
        after[a].append(b)
    rank, across = [0] * count, dict[int, int]()
    for n in range(count):
        if not before[n] and after[n]:
            continue
        at = max((rank[a] for a in before[n]), default=-1) + 1
        while across.get(at, 0) >= MOST_ACROSS:
            at += 1
        rank[n], across[at] = at, across.get(at, 0) + 1
    for n in range(count):
        if not before[n] and after[n]:
            at = min(rank[b] for b in after[n]) - 1
            rank[n], across[at] = at, across.get(at, 0) + 1
    low = min(rank, default=0)
    return [r - low for r in rank]


def _thinned(
    rank: list[int], edges: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The edges that are drawn, and the longest of those that pass a rank with too many lines."""
    last: dict[int, int] = {}
    for a, b in edges:
        last[a] = max(last.get(a, 0), rank[b])
    far = sorted((a for a in last if last[a] > rank[a] + 1), key=lambda a: (last[a] - rank[a], a))
    passing: dict[int, int] = {}
    cut: set[int] = set()
    for a in far:
        passed = range(rank[a] + 1, last[a])
        if any(passing.get(r, 0) >= MOST_LINES for r in passed):
            cut.add(a)
            continue
        for r in passed:
            passing[r] = passing.get(r, 0) + 1
    kept, left_out = list[tuple[int, int]](), list[tuple[int, int]]()
    for a, b in edges:
        (left_out if a in cut and rank[b] > rank[a] + 1 else kept).append((a, b))
    return kept, left_out


def _items(
    count: int, rank: list[int], edges: Sequence[tuple[int, int]]
) -> tuple[list[Item], list[tuple[int, int]]]:
    """The boxes and the parts of lines, and the steps between them."""
    items = [Item(n, rank[n]) for n in range(count)]
    steps: list[tuple[int, int]] = []
    targets: dict[int, list[int]] = {}
    for a, b in edges:
        targets.setdefault(a, []).append(b)
    for a, of in sorted(targets.items()):
        far = [b for b in of if rank[b] > rank[a] + 1]
        aside = bool(far) and all(_bypassed(a, b, targets, rank) for b in far[:FEW])
        trunk = {rank[a]: a}
        for r in range(rank[a] + 1, max((rank[b] for b in far), default=0)):
            trunk[r] = len(items)
            steps.append((trunk[r - 1], len(items)))
            items.append(Item(a, r, True, aside))
        steps += [(trunk[rank[b] - 1], b) for b in of]
    return items, steps


def _bypassed(a: int, b: int, targets: dict[int, list[int]], rank: list[int]) -> bool:
    """Is there another way from one box to another, beside the edge between them?"""
    todo = [n for n in targets[a] if n != b]
    seen = set(todo)
    while todo:
        for n in targets.get(todo.pop(), ()):
            if n == b:
                return True
            if n not in seen and rank[n] < rank[b]:
                seen.add(n)
                todo.append(n)
    return False


# order


def _neighbours(count: int, steps: list[tuple[int, int]]) -> tuple[list[list[int]], list[list[int]]]:
    """What is above each item, and what is below."""
    up: list[list[int]] = [[] for _ in range(count)]
    down: list[list[int]] = [[] for _ in range(count)]
    for a, b in steps:
        up[b].append(a)
        down[a].append(b)
    return up, down


def _first_order(items: list[Item], steps: list[tuple[int, int]]) -> list[list[int]]:
    """The items of each rank in the order of a walk that goes down first, lines last.

    Graphs of branches within branches have no crossings in this order.
    """
    _, down = _neighbours(len(items), steps)
    for below in down:
        below.sort(key=lambda i: (items[i].line, i))
    ranks: list[list[int]] = [[] for _ in range(max((i.rank for i in items), default=-1) + 1)]
    seen = [False] * len(items)
    for start in range(len(items)):
        todo = [] if seen[start] else [start]
        while todo:
            at = todo.pop()
            if not seen[at]:
                seen[at] = True
                ranks[items[at].rank].append(at)
                todo += [i for i in reversed(down[at]) if not seen[i]]
    return ranks


def _ordered(items: list[Item], steps: list[tuple[int, int]], ranks: list[list[int]]) -> int:
    """Sort each rank so that few steps cross; returns how many do.

    Between two ranks of one item each nothing can cross, so that each part between such is sorted alone.
    """
    up, down = _neighbours(len(items), steps)
    total, begin = 0, 0
    for r in range(1, len(ranks) + 1):
        if r == len(ranks) or len(ranks[r]) == 1:
            total += _swept(up, down, ranks, begin, min(r, len(ranks) - 1))
            begin = r
    return total


def _swept(up: list[list[int]], down: list[list[int]], ranks: list[list[int]], first: int, last: int) -> int:
    """Sort the ranks from one to another by sweeps down and up; the best order of all is kept."""
    span = range(first, last + 1)

    def count() -> int:
        return sum(crossings(ranks[r], ranks[r + 1], down) for r in range(first, last))

    best, kept = count(), [list(ranks[r]) for r in span]
    for n in range(SWEEPS):
        if not best:
            break
        way, of = (list(span)[1:], up) if n % 2 == 0 else (list(span)[-2::-1], down)
        for r in way:
            _sort(ranks, r, of, -1 if of is up else 1)
        for r in span:
            _exchange(ranks, r, up, down)
        if (now := count()) < best:
            best, kept = now, [list(ranks[r]) for r in span]
    for r, order in zip(span, kept, strict=True):
        ranks[r] = order
    return best


def _sort(ranks: list[list[int]], r: int, of: list[list[int]], way: int) -> None:
    """Sort a rank by the mean place of what its items are connected to in the rank beside it."""
    place = {i: n for n, i in enumerate(ranks[r + way])}
    key = {}
    for n, i in enumerate(ranks[r]):
        beside = [place[j] for j in of[i]]
        key[i] = sum(beside) / len(beside) if beside else float(n)
    ranks[r].sort(key=lambda i: key[i])


def _exchange(ranks: list[list[int]], r: int, up: list[list[int]], down: list[list[int]]) -> None:
    """Exchange neighbours in a rank where fewer steps cross then."""
    if len(ranks[r]) > NEAR:
        return
    above = {i: n for n, i in enumerate(ranks[r - 1])} if r else {}
    below = {i: n for n, i in enumerate(ranks[r + 1])} if r + 1 < len(ranks) else {}
    better = True
    while better:
        better = False
        for n in range(len(ranks[r]) - 1):
            a, b = ranks[r][n : n + 2]
            gain = 0
            for of, place in ((up, above), (down, below)):
                one, other = ([place[j] for j in of[i] if j in place] for i in (a, b))
                gain += sum((p > q) - (p < q) for p in one for q in other)
            if gain > 0:
                ranks[r][n : n + 2] = b, a
                better = True


def crossings(upper: list[int], lower: list[int], down: list[list[int]]) -> int:
    """How many pairs of steps from one rank to the next cross each other."""
    place = {i: n for n, i in enumerate(lower)}
    seen: list[int] = []
    found = 0
    for i in upper:
        here = [place[j] for j in down[i]]
        found += sum(len(seen) - bisect_right(seen, p) for p in here)
        for p in here:
            insort(seen, p)
    return found


# places


def _places(
    items: list[Item],
    steps: list[tuple[int, int]],
    ranks: list[list[int]],
    box: float,
    line: float,
    gap: float,
) -> list[float]:
    """The middle of each item: the mean of the two middle ones of four ways to align them."""
    up, down = (_straight(items, of) for of in _neighbours(len(items), steps))
    widths = [line if item.line else box for item in items]
    ways = []
    for beside, vertical in ((up, ranks), (down, ranks[::-1])):
        for mirrored in (False, True):
            order = [rank[::-1] if mirrored else rank for rank in vertical]
            x = _packed(order, _aligned(order, beside), widths, items, gap)
            ways.append([-value for value in x] if mirrored else x)
    spans = [
        (
            min(x[i] - widths[i] / 2 for i in range(len(items))),
            max(x[i] + widths[i] / 2 for i in range(len(items))),
        )
        for x in ways
    ]
    low, high = min(spans, key=lambda span: span[1] - span[0])
    moved = []
    for n, (x, span) in enumerate(zip(ways, spans, strict=True)):
        by = low - span[0] if n % 2 == 0 else high - span[1]
        moved.append([value + by for value in x])
    return [sum(sorted(four)[1:3]) / 2 for four in zip(*moved, strict=True)]


def _draw_in(
    items: list[Item], ranks: list[list[int]], x: list[float], box: float, line: float, gap: float
) -> None:
    """Move lines beside a longer way as near to it as what lies between them allows."""
    place = {i: n for rank in ranks for n, i in enumerate(rank)}
    lines: dict[int, list[int]] = {}
    for i, item in enumerate(items):
        if item.aside:
            lines.setdefault(item.of, []).append(i)
    for of, parts in sorted(lines.items(), key=lambda one: abs(x[one[1][0]] - x[one[0]])):
        way = 1 if x[parts[0]] > x[of] else -1
        ends = []
        for i in parts:
            rank, n = ranks[items[i].rank], place[i] - way
            if 0 <= n < len(rank):
                ends.append(way * x[rank[n]] + _half(items[rank[n]], box, line))
        near = max(ends, default=way * x[of]) + (gap + line) / 2
        if near < min(way * x[i] for i in parts):
            for i in parts:
                x[i] = way * near


def _straight(items: list[Item], of: list[list[int]]) -> list[list[int]]:
    """What each item may be aligned with: no line beside a longer way leads to or from the boxes at its ends,
    where these have others to be aligned with.
    """
    found = []
    for n, beside in enumerate(of):
        if items[n].aside:
            found.append([i for i in beside if items[i].line])
        else:
            plain = [i for i in beside if not items[i].aside]
            found.append(plain or ([] if items[n].line else beside))
    return found


def _aligned(order: list[list[int]], beside: list[list[int]]) -> list[int]:
    """The first item of the column that each item is part of.

    Going down the ranks in this order, an item joins the column of the middle one of what is beside it, if no
    column that was joined in this rank lies in the way.
    """
    root = list(range(len(beside)))
    for r in range(1, len(order)):
        place = {i: n for n, i in enumerate(order[r - 1])}
        last = -1
        for i in order[r]:
            near = sorted((place[j], j) for j in beside[i] if j in place)
            for p, j in near[(len(near) - 1) // 2 : len(near) // 2 + 1]:
                if p > last:
                    root[i], last = root[j], p
                    break
    return root


def _packed(
    order: list[list[int]], root: list[int], widths: list[float], items: list[Item], gap: float
) -> list[float]:
    """Places with all columns as far to the left as they go, then to the right as far as nothing moves."""
    after: dict[int, dict[int, float]] = {}
    degree: dict[int, int] = dict.fromkeys(root, 0)
    for rank in order:
        for a, b in pairwise(rank):
            apart = (widths[a] + widths[b]) / 2 + (gap / 2 if items[a].line or items[b].line else gap)
            ahead = after.setdefault(root[a], {})
            if root[b] not in ahead:
                degree[root[b]] += 1
            ahead[root[b]] = max(ahead.get(root[b], 0), apart)
    todo = [column for column, count in degree.items() if not count]
    x = dict.fromkeys(degree, 0.0)
    walked = []
    while todo:
        column = todo.pop()
        walked.append(column)
        for other, apart in after.get(column, {}).items():
            x[other] = max(x[other], x[column] + apart)
            degree[other] -= 1
            if not degree[other]:
                todo.append(other)
    for column in reversed(walked):
        room = min((x[other] - apart for other, apart in after.get(column, {}).items()), default=x[column])
        x[column] = max(x[column], room)
    return [x[column] for column in root]
