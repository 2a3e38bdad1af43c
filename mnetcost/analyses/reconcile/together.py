"""Which one explanation fits several numbers of one printout?

The numbers are of one network, so they share its edits and number of classes, and often a convention.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...records import NamedTuple
from ..documents import Column, Document, Table, design_data, json_data, partial_notes
from ..report.tally import PARAMS, WORK
from .asked import Asked, Reading
from .reconcile import (
    SCHEMA,
    SHOWN,
    evidence_notes,
    judge,
    kinds_of,
    ledger_data,
    ledger_drawn,
    ledger_table,
    number_data,
    odds_words,
)
from .search import AROUND, Candidate, Form, Search, limit, solve
from .variants import EVERYDAY, WORK_ONLY, Edit, class_points, classes_edit
from .walk import Tick, Walk

if TYPE_CHECKING:
    from ..charts import Waterfall

MOST_STATES = 5000  # of what fits some of the numbers, the simplest are followed
MOST_TRIED = 50  # numbers of classes in a span, where a figure must be even


class Hit(NamedTuple):
    """One way in which a figure of the edited design is written as the number, and the numbers of classes
    at which it is.
    """

    form: Form
    reading: Reading
    classes: tuple[int, int] | None  # None without a classifier
    points: int  # of all but the edits and the classes
    times: int = 1
    over: int = 1
    words: str = ""
    value: int | None = None  # where the figure does not follow the number of classes

    @property
    def names(self) -> frozenset[str]:
        """The conventions that give this figure."""
        return frozenset((self.form.convention.name, *self.form.also))


class Joint(NamedTuple):
    """One explanation of all numbers: common edits and classes, and a hit for each number."""

    edits: tuple[Edit, ...]
    classes: tuple[int, int] | None
    hits: tuple[Hit, ...]
    points: int = 0
    chance: float = 1.0
    edit: Edit | None = None  # that sets the number of classes

    @property
    def explains(self) -> bool:
        """Are these our figures, or unlikely enough to be a coincidence?"""
        return not self.points or self.chance <= limit(self.points)


def counted(edits: Sequence[Edit]) -> tuple[str, ...]:
    """The edits that change parameters: work and parameters of one network have these in common."""
    return tuple(e.words for e in edits if e.key not in WORK_ONLY)


def hits_of(search: Search, asked: Asked) -> Iterator[Hit]:
    """All ways in which a figure of this search is written as the number."""
    now = search.design.classes or 0
    for r in search.readings(asked):
        low, high = r.edges
        for form, times, over, words, points in search.forms:
            span = solve(form, times, over, low, high)
            few = search.evidence(points - form.light, form.convention, times, over, asked) if span else None
            if few is not None:
                yield Hit(form, r, span, few + r.points, times, over, words)
        for c in search.between(low, high):
            few = search.evidence(c.points - c.form.light, c.convention, c.times, c.over, asked)
            if (
                few is not None
                and not c.classes
                and (not c.form.slope or c.value * c.over != (c.form.start + c.form.slope * now) * c.times)
            ):
                span = None if any(e.key == "top" for e in c.edits) or not now else (now, now)
                yield Hit(c.form, r, span, few + r.points, c.times, c.over, c.words, c.value)


class Printout:
    """Several numbers against one design, each as work or as parameters."""

    def __init__(self, searches: Sequence[Search], numbers: Sequence[Asked]) -> None:
        self.searches, self.numbers, self.design = searches, numbers, searches[0].design
        self.reference = searches[0].reference
        self.hits: list[dict[tuple[str, ...], list[Hit]]] = []
        for search, asked in zip(searches, numbers, strict=True):
            by: dict[tuple[str, ...], list[Hit]] = {}
            for hit in hits_of(search, asked):
                by.setdefault(counted(hit.form.edits), []).append(hit)
            self.hits.append(by)

    def joints(self) -> list[Joint]:
        """What fits all numbers at once: explanations first, and the simplest first."""
        found = [Joint(h.form.edits, h.classes, (h,)) for hits in self.hits[0].values() for h in hits]
        for n in range(1, len(self.numbers)):
            found = [j for before in found for j in self._with(before, n)]
            if len(found) > MOST_STATES:
                found = sorted(found, key=self._points)[:MOST_STATES]
        judged = [done for j in sorted(found, key=self._points)[: 20 * SHOWN] if (done := self._judged(j))]
        best: dict[tuple[int, ...], Joint] = {}
        for j in sorted(judged, key=lambda j: (not j.explains, j.points, not j.edit, j.chance)):
            best.setdefault(tuple(figure(h, j.edit, self.design) for h in j.hits), j)
        return list(best.values())

    def _with(self, before: Joint, n: int) -> Iterator[Joint]:
        work = any(s.kind == WORK for s in self.searches[:n])
        for h in self.hits[n].get(counted(before.edits), ()):
            if work and self.searches[n].kind == WORK and h.form.edits != before.edits:
                continue
            edits = h.form.edits if self.searches[n].kind == WORK else before.edits
            if (before.classes is None) != (h.classes is None):
                continue
            span = before.classes
            if span and h.classes:
                span = max(span[0], h.classes[0]), min(span[1], h.classes[1])
                if span[0] > span[1]:
                    continue
            yield Joint(edits, span, (*before.hits, h))

    def _class(self, j: Joint) -> int | None:
        """The most usual number of classes at which all figures are whole; 0 for that of the design, None
        if there is none.
        """
        now = self.design.classes or 0
        if j.classes is None or j.classes[0] <= now <= j.classes[1]:
            return 0
        low, high = j.classes
        tried = [n for n in EVERYDAY if low <= n <= high] + list(range(low, min(high, low + MOST_TRIED) + 1))
        return next(
            (
                n
                for n in tried
                if all((h.form.start + h.form.slope * n) * h.times % h.over == 0 for h in j.hits)
            ),
            None,
        )

    def _points(self, j: Joint) -> int:
        n = self._class(j)
        classes = 1000 if n is None else class_points(n) if n else 0
        return sum(e.points for e in j.edits) + classes + self._beside(j)

    def _beside(self, j: Joint) -> int:
        """The points of conventions, factors and readings; a convention that all numbers share is one
        step.
        """
        alone = [
            0 if self.reference.name in h.names else min(s.convention_points(h.form.convention), h.points)
            for h, s in zip(j.hits, self.searches, strict=True)
        ]
        common = frozenset.intersection(*(h.names for h in j.hits))
        shared = 0 if self.reference.name in common else max(alone) if common else sum(alone)
        return sum(h.points - n for h, n in zip(j.hits, alone, strict=True)) + shared

    def _judged(self, j: Joint) -> Joint | None:
        """The joint with its points and chance; None if no number of classes fits."""
        n = self._class(j)
        if n is None:
            return None
        edit = classes_edit(self.design, n) if n else None
        j = j._replace(points=self._points(j), edit=edit)
        first = next((k for k, s in enumerate(self.searches) if s.kind == PARAMS), 0)
        odds = [self._first(j, k) if k == first else self._given(j, k) for k in range(len(j.hits))]
        return j._replace(chance=prod(odds))

    def _first(self, j: Joint, k: int) -> float:
        """The share of numbers like the kth that could be explained as simply, by themselves."""
        s, h = self.searches[k], j.hits[k]
        points = sum(e.points for e in h.form.edits) + (j.edit.points if j.edit else 0) + h.points
        return s.chance(self.numbers[k], points, candidate(h, j.edit, self.design), h.reading)

    def _given(self, j: Joint, k: int) -> float:
        """The share of numbers like the kth that could be explained as simply, once another number has
        settled the network.
        """
        s, h, asked = self.searches[k], j.hits[k], self.numbers[k]
        free = h.points + sum(e.points for e in h.form.edits if e.key in WORK_ONLY)
        low, high = int(asked.digits * (1 - AROUND)), int(asked.digits * (1 + AROUND))
        network = counted(h.form.edits)
        written: set[int] = set()
        for c in s.candidates:
            if c.classes or counted(c.edits) != network:
                continue
            settled = sum(e.points for e in c.edits if e.key not in WORK_ONLY)
            few = s.evidence(c.points - settled, c.convention, c.times, c.over, asked)
            for r in s.readings(asked):
                if few is not None and few + r.points <= free:
                    written.update(
                        range(max(r.written(c.value), low), min(r.written(c.value + r.slack), high) + 1)
                    )
        return min(max(len(written), 1) / (high - low + 1), 1.0)

    def words(self, j: Joint) -> str:
        """What explains all numbers, and what each needs besides, in words."""
        parts = [j.edit.words] if j.edit else []
        parts += [e.words for e in j.edits]
        common = frozenset.intersection(*(h.names for h in j.hits))
        if common and self.reference.name not in common:
            parts.append(
                f"convention {next(k.name for k in self.searches[0].walk.conventions if k.name in common)}"
            )
        for h, asked in zip(j.hits, self.numbers, strict=True):
            known = common or self.reference.name in h.names
            needs = [] if known else [f"convention {h.form.convention.name}"]
            needs += [text for text in (h.words, h.reading.words) if text]
            parts += [f"{asked.text}: {', '.join(needs)}"] if needs else []
        return "; ".join(parts) or "our own figures"

    def convention(self, j: Joint, k: int) -> Convention:
        """The convention of the kth number: the one that all share, if there is one."""
        common = frozenset.intersection(*(h.names for h in j.hits))
        if self.reference.name in common or (not common and self.reference.name in j.hits[k].names):
            return self.reference
        return next(c for c in self.searches[k].walk.conventions if c.name in (common or j.hits[k].names))


def figure(h: Hit, edit: Edit | None, design: Design) -> int:
    """The figure of a hit at the number of classes that an edit sets, or else at that of the design."""
    if h.value is not None:
        return h.value
    return (h.form.start + h.form.slope * (edit.classes if edit else design.classes or 0)) * h.times // h.over


def candidate(h: Hit, edit: Edit | None, design: Design) -> Candidate:
    """The candidate of a hit, with the edit that sets the number of classes."""
    points = h.form.light + h.points - h.reading.points + (edit.points if edit else 0)
    edits = (edit, *h.form.edits) if edit else h.form.edits
    return Candidate(
        points, figure(h, edit, design), edits, h.form.convention, h.form, h.times, h.over, h.words
    )


def reconcile_together(
    design: Design,
    costs: Costs,
    reference: Convention,
    numbers: Sequence[Asked],
    kind: str | None = None,
    tick: Tick | None = None,
) -> Document:
    """Explain several numbers of one printout together, with a ledger for each.

    kind: "madds" or "params" for all; without it, each is what its unit says or what fits best.
    tick: see `reconcile`. Raises CallError if the unit of a number contradicts the kind.
    """
    walk = Walk(design, costs, reference)
    ways = list(product(*(kinds_of(asked, kind) for asked in numbers)))
    for base_only in (True, False):  # our figures need no search
        searches = {
            k: Search(design, costs, reference, k, tick, walk, base_only)
            for k in dict.fromkeys(k for way in ways for k in way)
        }
        found = [
            (j, p)
            for way in ways
            for p in [Printout([searches[k] for k in way], numbers)]
            for j in p.joints()[:SHOWN]
        ]
        found.sort(key=lambda f: (not f[0].explains, f[0].points, f[0].chance))
        if found and not found[0][0].points:
            break
    return _document(design, reference, numbers, found, searches)


def _document(
    design: Design,
    reference: Convention,
    numbers: Sequence[Asked],
    found: list[tuple[Joint, Printout]],
    searches: dict[str, Search],
) -> Document:
    """The ledger of each number under the best explanation, a row for each other one, and the verdict; if
    nothing explains all numbers, what explains each by itself.
    """
    explained = bool(found) and found[0][0].explains
    search = next(iter(searches.values()))
    ours = {k: s.ours() for k, s in searches.items()}
    alone = [] if explained else [_alone(searches, asked) for asked in numbers]
    tables = [*_fit_tables(numbers, found, explained), *([_alone_table(alone)] if alone else [])]
    data = json_data(
        SCHEMA,
        search.costs.graph,
        design=design_data(design),
        convention=reference.name,
        numbers=[number_data(asked) for asked in numbers],
        ours=ours,
        verdict="explained" if explained else "not explained",
        explanations=[_joint_data(j, p) for j, p in found[:SHOWN] if j.explains],
        would_fit=[_joint_data(j, p) for j, p in found[:SHOWN] if not j.explains],
        **({"one_by_one": alone} if alone else {}),
    )
    units = {WORK: reference.unit, PARAMS: "parameters"}
    figures = (f"{n:,} {units[k]}" for k, n in sorted(ours.items()))
    title = f"{', '.join(asked.text for asked in numbers)} against {design.heading}: {', '.join(figures)}"
    notes = (*partial_notes(search.costs.graph), *evidence_notes(numbers), _verdict(found, explained))
    return Document(title, tuple(tables), notes, data, charts=lambda: tuple(_drawn(numbers, found)))


def _drawn(numbers: Sequence[Asked], found: list[tuple[Joint, Printout]]) -> Iterator[Waterfall]:
    """The ledger of each number under the best explanation."""
    for j, p in found[:1]:
        for k, (h, asked) in enumerate(zip(j.hits, numbers, strict=True)):
            c = candidate(h, j.edit, p.design)._replace(convention=p.convention(j, k))
            yield from ledger_drawn(p.searches[k], c, asked, h.reading)


def _fit_tables(
    numbers: Sequence[Asked], found: list[tuple[Joint, Printout]], explained: bool
) -> Iterator[Table]:
    """A ledger a number under the best explanation, and a row for each explanation that is shown."""
    if not found:
        return
    j, p = found[0]
    for k, (h, asked) in enumerate(zip(j.hits, numbers, strict=True)):
        c = candidate(h, j.edit, p.design)._replace(convention=p.convention(j, k))
        table = ledger_table(p.searches[k], c, asked, h.reading)
        yield table._replace(title=f"ledger of {asked.text}")
    columns = (
        Column("how", "explanation" if explained else "candidate"),
        *(Column(f"figure_{k}", asked.text, "count") for k, asked in enumerate(numbers)),
        Column("points", "points", "integer"),
        Column("chance", "coincidence"),
    )
    shown = [f for f in found if f[0].explains or not explained][:SHOWN]
    rows = (
        (p.words(j), *(figure(h, j.edit, p.design) for h in j.hits), j.points, odds_words(j.chance))
        for j, p in shown
    )
    yield Table("simplest first", columns, tuple(rows))


def _alone_table(alone: list[dict[str, str]]) -> Table:
    columns = (Column("number", "number"), Column("how", "by itself"), Column("verdict", "verdict"))
    return Table("one by one", columns, tuple(tuple(one[c.key] for c in columns) for one in alone))


def _alone(searches: dict[str, Search], asked: Asked) -> dict[str, str]:
    """What explains one number by itself, as an item of `one_by_one` in the JSON document."""
    answers = [judge(s, asked) for k, s in searches.items() if not asked.kind or k == asked.kind]
    best = min(answers, key=lambda a: (not a.explained, not a.fits, a.fits[0].points if a.fits else 0))
    how = (
        best.search.words(best.fits[0].candidate, best.fits[0].reading, best.fits[0].classes)
        if best.fits
        else "nothing fits"
    )
    return {"number": asked.text, "how": how, "verdict": "explained" if best.explained else "not explained"}


def _verdict(found: list[tuple[Joint, Printout]], explained: bool) -> str:
    if not found:
        return "not explained: no variant that was tried gives all of these numbers."
    j, p = found[0]
    odds = f"chance of a coincidence: {odds_words(j.chance)}"
    if explained:
        return f"explained together: {p.words(j)}; {odds}."
    return f"not explained: the candidates may fit by coincidence; {odds}; more digits would help."


def _joint_data(j: Joint, p: Printout) -> dict[str, Any]:
    """One explanation of the JSON document."""
    return {
        "how": p.words(j),
        "points": j.points,
        "chance": round(j.chance, 9),
        "edits": [e.words for e in ((j.edit,) if j.edit else ()) + j.edits],
        **({"classes": j.edit.classes, "classes_that_fit": list(j.classes or ())} if j.edit else {}),
        "numbers": [
            {
                "text": asked.text,
                "kind": s.kind,
                "value": figure(h, j.edit, p.design),
                "convention": p.convention(j, k).name,
                "factor": [h.times, h.over],
                "reading": h.reading.words or "rounded",
                "start": s.ours(),
                "ledger": ledger_data(
                    s, candidate(h, j.edit, p.design)._replace(convention=p.convention(j, k))
                ),
            }
            for k, (h, s, asked) in enumerate(zip(j.hits, p.searches, p.numbers, strict=True))
        ],
    }
