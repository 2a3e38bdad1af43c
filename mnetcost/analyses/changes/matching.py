"""Which piece of one design is which piece of another? Alignments, in order, by name, by shape or by form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...engine.ops import Conv
from ...records import NamedTuple
from .units import Unit

LARGEST_TABLE = 250_000  # cells of one alignment; larger designs are first cut at their longest common runs
LARGEST_RUNS = 4_000_000  # and what is larger still, between the common beginning and end, is not matched
ENOUGH = 2 / 3  # of the smaller design's pieces must match; if not, its middle is taken for another design

VIEWS = ("names", "shapes", "forms")
"""What to go by first: names, as two exports of one program agree; what a piece is and gives; or that
without its widths.
"""

WIDTHS = ("out", "mid", "width", "groups", "channels")

Pairs = tuple[tuple[int, int], ...]  # places of matched pieces in both designs, in order


def aspects(unit: Unit) -> dict[str, Any]:
    """What a piece's fields say, each thing under one name; fields that say one thing are one tuple."""
    joint = unit.cls.together
    taken = {f for fields in joint.values() for f in fields}
    together = {name: tuple(unit.fields.get(f) for f in fields) for name, fields in joint.items()}
    return {**{k: v for k, v in unit.fields.items() if k not in taken}, **together, "role": unit.role}


def interchangeable(a: Unit, b: Unit) -> bool:
    """Are their ops of one family, so that one may stand for the other?"""
    return a.cls.family != "" and a.cls.family == b.cls.family


class _Seen(NamedTuple):
    """A piece as one view sees it; `kind` is equal where all else is."""

    unit: Unit
    aspects: dict[str, Any]
    size: tuple[Any, ...]
    kind: int


def match(a: Sequence[Unit], b: Sequence[Unit], view: str) -> Pairs:
    """Pair pieces in order, so that as many as can be stand beside their like."""
    kinds: dict[Any, int] = {}

    def see(unit: Unit) -> _Seen:
        found = {k: v for k, v in aspects(unit).items() if view != "forms" or k not in WIDTHS}
        size = (
            ()
            if unit.shape is None
            else (unit.shape.h, unit.shape.w, None if view == "forms" else unit.shape.c)
        )
        name = unit.id if unit.named or view == "names" else ""
        return _Seen(
            unit, found, size, kinds.setdefault((unit.op, tuple(found.items()), size, name), len(kinds))
        )

    seen_a, seen_b = [see(u) for u in a], [see(u) for u in b]
    keys = [s.kind for s in seen_a], [s.kind for s in seen_b]
    head = next((n for n, (x, y) in enumerate(zip(*keys, strict=False)) if x != y), min(len(a), len(b)))
    ends = zip(*(reversed(k[head:]) for k in keys), strict=False)
    tail = next((n for n, (x, y) in enumerate(ends) if x != y), min(len(a), len(b)) - head)
    middle = _align(
        seen_a[head : len(a) - tail], seen_b[head : len(b) - tail], 12.0 if view == "names" else 1.0
    )
    pairs = [(n, n) for n in range(head)] + [(i + head, j + head) for i, j in middle]
    pairs += [(len(a) - tail + n, len(b) - tail + n) for n in range(tail)]
    if sum(a[i].heavy for i, _ in pairs) < ENOUGH * min(sum(u.heavy for u in units) for units in (a, b)):
        pairs = _ends(pairs, len(a), len(b))
    return tuple(pairs)


def likeness(x: _Seen, y: _Seen, by_name: float = 1.0) -> float:
    """How well two pieces match: equal ones far better than like ones, 0 for those that cannot be one
    another.
    """
    a, b = x.unit, y.unit
    named = (12.0 if a.named and b.named else by_name) * (a.id == b.id)
    if a.op != b.op:
        like = interchangeable(a, b) and (a.cls is Conv or a.fields.get("out") == b.fields.get("out"))
        alone = a.named and a.heavy and b.heavy and a.cls.reads == b.cls.reads == 1
        return (1.0 if like else 0.0) + (named if like or alone else 0.0)
    weight, placed = (4.0 if a.heavy else 1.0), 0.0
    if x.size and y.size:
        placed = 0.25 * (x.size[2] == y.size[2]) + 0.25 * (x.size == y.size)
        if not a.heavy:  # a norm or an activation is like any other: where it stands says which one it is
            weight = 0.2 + 2 * placed
    if x.aspects == y.aspects:
        return weight * (3 + placed) + named
    equal = sum(bool(x.aspects[k] == y.aspects[k]) for k in x.aspects if k in y.aspects)
    return weight * (0.25 + 0.5 * equal / len(x.aspects) + placed) + named


def _align(a: Sequence[_Seen], b: Sequence[_Seen], by_name: float) -> list[tuple[int, int]]:
    """The pairs whose likenesses add up to the most; of equal choices, the earliest."""
    n, m = len(a), len(b)
    if n * m > LARGEST_TABLE:
        return _by_runs(a, b, by_name) if n * m <= LARGEST_RUNS else []
    known: dict[tuple[int, int, bool], float] = {}
    best = [[0.0] * (m + 1) for _ in range(n + 1)]
    alike = [[0.0] * m for _ in range(n)]
    for i in reversed(range(n)):
        row, below = best[i], best[i + 1]
        for j in reversed(range(m)):
            key = a[i].kind, b[j].kind, a[i].unit.id == b[j].unit.id
            like = known.get(key)
            if like is None:
                like = known[key] = likeness(a[i], b[j], by_name)
            alike[i][j] = like
            row[j] = max(like + below[j + 1] if like else 0.0, below[j], row[j + 1])
    pairs, i, j = [], 0, 0
    while i < n and j < m:
        if alike[i][j] and alike[i][j] + best[i + 1][j + 1] == best[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] == best[i][j]:
            i += 1
        else:
            j += 1
    return pairs


def _by_runs(a: Sequence[_Seen], b: Sequence[_Seen], by_name: float) -> list[tuple[int, int]]:
    """Align long designs: the longest common runs first, then what lies between them where that is small
    enough.
    """
    from difflib import SequenceMatcher

    pairs: list[tuple[int, int]] = []
    i = j = 0
    keys, other = ([s.kind for s in side] for side in (a, b))
    for at, to, size in SequenceMatcher(None, keys, other, autojunk=False).get_matching_blocks():
        if (at - i) * (to - j) <= LARGEST_TABLE:
            pairs += [(i + x, j + y) for x, y in _align(a[i:at], b[j:to], by_name)]
        pairs += [(at + x, to + x) for x in range(size)]
        i, j = at + size, to + size
    return pairs


def _ends(pairs: list[tuple[int, int]], n: int, m: int) -> list[tuple[int, int]]:
    """Keep the pairs of the common beginning and end only."""
    head = [p for k, p in enumerate(pairs) if p == (k, k)]
    tail = [p for k, p in enumerate(reversed(pairs), 1) if p == (n - k, m - k)]
    return head + [p for p in reversed(tail) if p not in head]
