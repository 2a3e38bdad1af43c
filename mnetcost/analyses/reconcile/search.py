"""Which figures might somebody have come to?

Every change, number of classes, convention and factor, with points and odds.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...records import NamedTuple
from ..report.tally import PARAMS, WORK, Counts, counts, difference, side, terms_of, value
from .asked import Asked, Reading
from .variants import EVERYDAY, IMAGENET, MANY_CLASSES, MOST_CLASSES, WORK_ONLY, Edit, classes_edit
from .walk import MOST_POINTS, Chain, Tick, Walk

LIMITS = (1 / 6, 1 / 6, 1 / 6, 1 / 10, 1 / 20, 1 / 40, 1 / 80)
"""The largest chance at which a fit is an explanation, by its points: less for long chains of changes."""
AROUND = 0.2  # the neighbourhood: a fifth up and down
# there are few ways to count parameters, and every program prints one of them
CONVENTION_POINTS = {WORK: 2, PARAMS: 1}
TWICE_POINTS = 2
FLOAT_POINTS = 1
NEAREST = 5  # figures that are shown where nothing fits
CLASSES_APART = 6  # written numbers between two numbers of classes, for these to be solved for: as in LIMITS
FLOAT = "summed in float32"
FACTORS = (
    (1, 1, ""),
    (2, 1, "a multiply-add counted as two operations"),
    (1, 2, "two operations counted as one multiply-add"),
)


class Form(NamedTuple):
    """A figure as a function of the number of classes, `start + slope x classes`, under one convention and
    after one chain of edits.
    """

    start: int
    slope: int
    edits: tuple[Edit, ...]
    convention: Convention
    light: int  # points of the edits
    also: tuple[str, ...] = ()  # conventions that give the same figures


class Candidate(NamedTuple):
    """A figure that somebody might have published: the edits, convention and factor that give it."""

    points: int
    value: int
    edits: tuple[Edit, ...]
    convention: Convention
    form: Form
    times: int = 1
    over: int = 1
    words: str = ""  # of the factor

    @property
    def classes(self) -> Edit | None:
        """The edit that sets the number of classes."""
        return next((e for e in self.edits if e.classes), None)


class Fit(NamedTuple):
    """A candidate whose figure would be written as the number."""

    points: int
    chance: float
    candidate: Candidate
    reading: Reading
    classes: tuple[int, int] | None = None  # every number of classes from the first to the second would fit

    @property
    def explains(self) -> bool:
        """Is this our figure, or unlikely enough to be a coincidence?"""
        return not self.points or self.chance <= limit(self.points)


class Line(NamedTuple):
    """One line of the ledger: what is added, how much, and the step it belongs to."""

    what: str
    amount: int
    step: str = ""


def limit(points: int) -> float:
    """The largest chance at which a fit of so many points is an explanation."""
    return LIMITS[min(points, len(LIMITS) - 1)]


def _value(c: Candidate) -> int:
    return c.value


def _simplest(hit: tuple[int, bool, Candidate, Reading]) -> tuple[int, ...]:
    """A key to sort fits by: points; no changes, other classes, other changes; the closest figure."""
    points, other, c, r = hit
    return points, len(c.edits) > 0, other, r.points, r.digits - r.written(c.value) if r.slack else 0, c.value


def operations(convention: Convention) -> int:
    """How many operations a convention counts for one multiply-add of a convolution."""
    weight = convention.work.get("conv", 0)
    return weight if isinstance(weight, int) else weight.get("each", 0)


def everything(convention: Convention) -> bool:
    """Does a convention count all parameters that are stored?"""
    return "norm_statistics" in convention.params and set(convention.params.values()) == {1}


def trained(convention: Convention) -> bool:
    """Does a convention count all parameters that are trained?"""
    return {"norm", "bias"} <= set(convention.params) and "norm_statistics" not in convention.params


def solve(form: Form, times: int, over: int, low: int, high: int) -> tuple[int, int] | None:
    """The first and the last number of classes that give a figure in [low, high); None if none does."""
    first = max(-(-(-(-low * over // times) - form.start) // form.slope), 1)
    last = min((-(-high * over // times) - 1 - form.start) // form.slope, MOST_CLASSES)
    return (first, last) if first <= last else None


def tells_classes(form: Form, times: int, over: int, r: Reading) -> bool:
    """Has the number enough digits to tell one number of classes from another?

    If not, some number of classes would explain any number.
    """
    low, high = r.edges
    return form.slope * times >= CLASSES_APART * (high - low) * over


class Search:
    """All candidates of one design and one kind of figure, made once for any number of numbers."""

    def __init__(
        self,
        design: Design,
        costs: Costs,
        reference: Convention,
        kind: str,
        tick: Tick | None = None,
        walk: Walk | None = None,
        base_only: bool = False,
    ) -> None:
        self.design, self.costs, self.reference, self.kind = design, costs, reference, kind
        self.walk = walk or Walk(design, costs, reference)
        self.units, self.build = self.walk.parts.units, self.walk.build
        self.candidates: list[Candidate] = []
        # with each factor, and the points of all but the classes
        self.forms: list[tuple[Form, int, int, str, int]] = []
        self.layers = len(costs.layers)
        self.everyday = (
            [classes_edit(design, n) for n in EVERYDAY if n != design.classes] if self.walk.by_classes else []
        )
        chains = [self.walk.base, *([] if base_only else self.walk.rest(tick))]
        for chain in chains:
            if chain and (kind == WORK or not any(e.key in WORK_ONLY for e in chain.edits)):
                self._add(chain)
        if tick and not base_only:
            tick(len(chains), len(chains))
        self.candidates.sort(key=attrgetter("value", "points"))
        self.spans: dict[tuple[Any, ...], list[tuple[int, int, int]]] = {}
        self.odds: dict[tuple[Any, ...], float] = {}
        self.counted: dict[tuple[Edit, ...], Counts] = {}

    def _add(self, chain: Chain) -> None:
        """Make the candidates of one chain of edits: by convention, number of classes and factor."""
        forms = self._forms(chain)
        figures = {figure for figure, _ in forms}
        for (figure, _), form in forms.items():
            points = chain.points + self.convention_points(form.convention)
            lossy = chain.lossy.get(form.convention.name)
            if lossy is not None and self.kind == WORK:
                self.candidates.append(
                    Candidate(points + FLOAT_POINTS, lossy, chain.edits, form.convention, form, words=FLOAT)
                )
            usual = [(figure, chain.edits, 0), *self._usual_classes(chain, form)]
            for times, over, words in FACTORS if self.kind == WORK else FACTORS[:1]:
                factored = points + (TWICE_POINTS if times != over else 0)
                if form.slope:
                    self.forms.append((form, times, over, words, factored))
                for counted, edits, more in usual:
                    n, rest = divmod(counted * times, over)
                    if rest == 0 and (times == over or n not in figures):
                        self.candidates.append(
                            Candidate(factored + more, n, edits, form.convention, form, times, over, words)
                        )

    def _forms(self, chain: Chain) -> dict[tuple[int, int], Form]:
        """The forms of a chain by figure and slope; conventions that give the same are one form."""
        conventions, now = self.walk.conventions, self.design.classes or 0
        figures = chain.figures[self.kind]
        slopes = chain.more[self.kind] if chain.more else (0,) * len(figures)
        alike: dict[tuple[int, int], list[Convention]] = {}
        for convention, figure in zip(conventions, zip(figures, slopes, strict=True), strict=True):
            alike.setdefault(figure, []).append(convention)
        return {
            (figure, slope): Form(
                figure - slope * now, slope, chain.edits, first, chain.points, tuple(k.name for k in others)
            )
            for (figure, slope), (first, *others) in alike.items()
        }

    def _usual_classes(self, chain: Chain, form: Form) -> Iterator[tuple[int, tuple[Edit, ...], int]]:
        """The figures of a form at other numbers of classes that are in every day's use, with their edits
        and points.
        """
        if not form.slope:
            return
        # work tells little of classes, and another network fine-tuned is rarer than either
        beside = self.kind == WORK or chain.points > 0
        for edit in self.everyday:
            more = edit.points + (0 if edit.classes in IMAGENET else beside)
            if chain.points + more <= MOST_POINTS:
                yield form.start + form.slope * edit.classes, (edit, *chain.edits), more

    def convention_points(self, convention: Convention) -> int:
        """The points of counting by another convention than the reference."""
        return (
            0
            if convention is self.reference
            else CONVENTION_POINTS[self.kind] + 2 * (convention.rare and self.kind == WORK)
        )

    def evidence(
        self, points: int, convention: Convention, times: int, over: int, asked: Asked
    ) -> int | None:
        """The points of a figure after the unit and digits of a number are weighed; None if the unit rules it
        out.
        """
        if asked.unit == "MACs":
            return points if operations(convention) * times == over else None
        if asked.unit == "FLOPs" and operations(convention) * times == 2 * over:
            doubled = all(weight == 2 for weight in convention.work.values())
            return points - (TWICE_POINTS if times == 2 else CONVENTION_POINTS[WORK] if doubled else 1)
        if asked.unit == "bytes":  # a file holds all that is stored, or what is trained
            return (
                points - CONVENTION_POINTS[PARAMS]
                if everything(convention)
                else points + (not trained(convention))
            )
        # programs print every digit
        return points + (self.kind == PARAMS and convention is not self.reference and not asked.exact)

    def readings(self, asked: Asked) -> list[Reading]:
        """The ways to read a number, with room for names and headers of so many layers in a file."""
        return [r._replace(slack=r.slack * self.layers) for r in asked.readings]

    def fits(self, asked: Asked) -> list[Fit]:
        """All candidates that would be written as the number, each figure once: explanations first, and
        the simplest first.
        """
        hit = []
        for r in self.readings(asked):
            for c in self.between(*r.edges):
                points = self.evidence(c.points, c.convention, c.times, c.over, asked)
                if points is not None:
                    hit.append((points + r.points, not c.classes, c, r))
            hit += [(c.points + r.points, False, c, r) for c in self.solved(asked, r)]
        found: dict[int, Fit] = {}
        seen = set()  # of all the numbers of classes that would fit, one
        for points, _, c, r in sorted(hit, key=_simplest):
            way = (id(c.form), c.times, c.over, c.words, r) if c.form.slope else (c.value,)
            if c.value not in found and way not in seen:
                seen.add(way)
                found[c.value] = Fit(points, self.chance(asked, points, c, r), c, r, self.around(c, r))
        return sorted(found.values(), key=lambda f: (not f.explains, f.points))

    def between(self, low: int, high: int) -> list[Candidate]:
        """The candidates whose figures lie in [low, high)."""
        return self.candidates[
            bisect_left(self.candidates, low, key=_value) : bisect_left(self.candidates, high, key=_value)
        ]

    def solved(self, asked: Asked, r: Reading, most: int = 1) -> Iterator[Candidate]:
        """Candidates at any number of classes except the usual ones, after edits of at most `most` points."""
        usual = (*EVERYDAY, self.design.classes or 0)
        for form, times, over, words, points in self.forms:
            span = (
                solve(form, times, over, *r.edges)
                if form.light <= most and tells_classes(form, times, over, r)
                else None
            )
            if span is None or any(span[0] <= n <= span[1] for n in usual):
                continue
            even = (
                n for n in range(span[0], span[1] + 1) if not (form.start + form.slope * n) * times % over
            )
            n = next(even, 0)
            few = self.evidence(points, form.convention, times, over, asked)
            if n and few is not None and (not form.light or n <= MANY_CLASSES):
                edit = classes_edit(self.design, n)
                figure = (form.start + form.slope * n) * times // over
                yield Candidate(
                    few + edit.points, figure, (edit, *form.edits), form.convention, form, times, over, words
                )

    def around(self, c: Candidate, r: Reading) -> tuple[int, int] | None:
        """The first and last number of classes that would fit the reading as well as this candidate."""
        return solve(c.form, c.times, c.over, *r.edges) if c.classes and c.form.slope else None

    def chance(
        self, asked: Asked, points: int, c: Candidate | None = None, r: Reading | None = None
    ) -> float:
        """The share of numbers with as many digits, at most a fifth larger or smaller, that could be
        explained with as few points.

        If the number of classes was solved for, the share is also taken among the numbers that some number
        of classes would give, and the larger share is returned: what nearly every number of classes could
        explain is not explained by one of them.
        """
        found = self._share(asked, points, int(asked.digits * (1 - AROUND)), int(asked.digits * (1 + AROUND)))
        if found <= limit(points) and c and r and c.classes and c.classes.points > 1:
            most = MANY_CLASSES if c.classes.points == 2 else MOST_CLASSES
            low, high = (r.written((c.form.start + c.form.slope * n) * c.times // c.over) for n in (1, most))
            found = max(found, self._share(asked, points, low, high))
        return found

    def _share(self, asked: Asked, points: int, low: int, high: int) -> float:
        """The share of the numbers from low to high that could be explained with as few points."""
        key = (asked.readings, asked.unit, points, low, high)
        if key not in self.odds:
            covered, end = self._by_class(asked, points, low, high), low - 1
            for a, b in self._fixed(asked, points, low, high):
                if b > end:
                    covered, end = covered + min(b, high) - max(a, end + 1) + 1, min(b, high)
            self.odds[key] = min(covered / (high - low + 1), 1.0)
        return self.odds[key]

    def _fixed(self, asked: Asked, points: int, low: int, high: int) -> list[tuple[int, int]]:
        """The spans (first, last) of numbers from low to high that some candidate would be written as."""
        form = tuple(r._replace(digits=0) for r in self.readings(asked))
        key = asked.unit, form, low, high
        if key not in self.spans:
            fewest: dict[tuple[int, int], int] = {}
            for r in form:
                edges = r._replace(digits=low).edges[0], r._replace(digits=high).edges[1]
                for c in self.between(*edges):
                    few = self.evidence(c.points, c.convention, c.times, c.over, asked)
                    if few is not None:
                        at = r.written(c.value), r.written(c.value + r.slack)
                        fewest[at] = min(fewest.get(at, 1000), few + r.points)
            self.spans[key] = sorted((*at, few) for at, few in fewest.items())
        return [(a, b) for a, b, few in self.spans[key] if few <= points]

    def _by_class(self, asked: Asked, points: int, low: int, high: int) -> int:
        """At most how many of the numbers from low to high other numbers of classes would give; several may
        give the same.
        """
        found = 0
        for r in self.readings(asked):
            edges = r._replace(digits=low).edges[0], r._replace(digits=high).edges[1]
            each = r.written(r.slack) + 1
            for form, times, over, _, base in self.forms:
                few = (
                    self.evidence(base, form.convention, times, over, asked)
                    if form.light <= 1 and base + r.points <= points + 2
                    else None
                )
                if few is None or few + r.points + 2 > points or not tells_classes(form, times, over, r):
                    continue
                span = solve(form, times, over, *edges)
                for first, last, more in ((1, MANY_CLASSES, 2), (MANY_CLASSES + 1, MOST_CLASSES, 4))[
                    : 1 if form.light else 2
                ]:
                    if span and few + r.points + more <= points:
                        found += max(min(last, span[1]) - max(first, span[0]) + 1, 0) * each
        return found

    def nearest(self, asked: Asked) -> list[Candidate]:
        """The simplest candidates whose figures come nearest to the number."""
        at = bisect_left(self.candidates, asked.target, key=_value)
        above = groupby(islice(self.candidates, at, None), key=_value)  # of one value the simplest is first
        below = groupby(reversed(self.candidates[:at]), key=_value)
        found = [next(alike) for _, alike in islice(above, NEAREST)]
        found += [list(alike)[-1] for _, alike in islice(below, NEAREST)]
        return sorted(found, key=lambda c: (abs(c.value - asked.target), c.points, c.value))[:NEAREST]

    def ours(self) -> int:
        """Our figure, under the reference."""
        return value(self._counts(()), side(self.reference, self.kind))

    def _counts(self, edits: tuple[Edit, ...]) -> Counts:
        """Unweighted counts of the design after some edits, which have been built."""
        if edits not in self.counted:
            costs = self.build(edits)
            assert costs is not None
            self.counted[edits] = counts(terms_of(costs, self.kind), self.units)
        return self.counted[edits]

    def words(
        self, c: Candidate, reading: Reading | None = None, classes: tuple[int, int] | None = None
    ) -> str:
        """How one gets to a candidate, in words; `classes`: the first and last number of classes that fit."""
        edits = [e.words for e in c.edits]
        if classes and classes[0] < classes[1]:
            edits[0] += f" (any of {classes[0]:,} to {classes[1]:,} fits)"
        convention = [f"convention {c.convention.name}"] if c.convention is not self.reference else []
        parts = [*edits, *convention, *([c.words] if c.words else [])] or ["our own figure"]
        return "; ".join([*parts, *([reading.words] if reading and reading.words else [])])

    def ledger(self, c: Candidate) -> list[Line]:
        """The steps from our figure to that of a candidate; their amounts add up exactly."""
        lines, table = [], side(self.reference, self.kind)
        before = self.costs
        for n, edit in enumerate(c.edits):
            after = self.build(c.edits[: n + 1])
            assert after is not None
            lines += [Line(what, amount, edit.words) for what, amount in self._between(before, after)]
            before = after
        sums = self._counts(c.edits)
        parts = difference(sums, table, side(c.convention, self.kind), self.kind)
        words = f"convention {c.convention.name}"
        lines += [Line(f"{e.weight:+d} x {e.number:,} {e.what}", e.amount, words) for e in parts]
        counted = value(sums, side(c.convention, self.kind))
        if c.value != counted:
            what = (
                "rounding of each sum"
                if c.words == FLOAT
                else f"times {c.times}"
                if c.over == 1
                else f"divided by {c.over}"
            )
            lines.append(Line(what, c.value - counted, c.words))
        return lines

    def _between(self, before: Costs, after: Costs) -> list[tuple[str, int]]:
        """What an edit changes under our convention: by layer, by block if these are many, or in all."""
        weigh = self.reference.madds if self.kind == WORK else self.reference.count_params

        def by(label: Callable[[Any], str]) -> dict[str, int]:
            sums: dict[str, int] = {}
            for costs, sign in ((before, -1), (after, 1)):
                for x in costs.layers:
                    amount = sign * weigh(x.work if self.kind == WORK else x.params)
                    sums[label(x)] = sums.get(label(x), 0) + amount
            return {k: v for k, v in sums.items() if v}

        layers = by(lambda x: x.name)
        if len(layers) > 6:
            layers = by(lambda x: x.node.place.partition("/")[0])
        if len(layers) > 12:
            layers = by(lambda x: "all layers")
        return list(layers.items()) or [("not counted by our convention", 0)]
