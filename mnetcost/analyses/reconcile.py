"""Why is somebody's number not ours? Searches conventions, small changes of the design and ways to write a number for what fits.

A fit proves little where a wrong number would fit as well: of all numbers with as many digits in the neighbourhood, the share that
could be explained as simply is the explanation's `chance`. Only where that is small is a number called explained.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from struct import pack, unpack
from typing import Any, NamedTuple

from .. import __version__
from ..designs import Design, Settings, load_spec
from ..designs.conventions import convention_names, load_convention
from ..engine.conventions import Convention
from ..engine.costs import Costs, cost
from ..errors import MnetcostError
from .asked import Asked, Reading
from .records import Column, Document, Table
from .report import design_data, graph_notes, status_data
from .tally import SIDES, WORK, Counts, Key, counts, difference, side, terms_of, units_of, value, weights
from .variants import WORK_ONLY, Edit, edits_of

SCHEMA = "mnetcost.reconcile/1"
LIMITS = (1 / 6, 1 / 6, 1 / 6, 1 / 10, 1 / 20, 1 / 40, 1 / 80)
"""Of the numbers around, what share may be explained as simply for a fit to count as an explanation: by points, less for long chains."""
AROUND = 0.2  # the neighbourhood: a fifth up and down
MOST_POINTS = 3  # of the edits of one candidate together
CONVENTION_POINTS = 2
TWICE_POINTS = 2
FLOAT_POINTS = 1
FLOAT = "added up in float32"
SHOWN = 5
FACTORS = ((1, 1, ""), (2, 1, "a multiply-add counted as two operations"), (1, 2, "two operations counted as one multiply-add"))
Tick = Callable[[int, int], None]  # told how many of how many chains are done


class Candidate(NamedTuple):
    """One figure that somebody might have come to."""

    points: int
    value: int
    edits: tuple[Edit, ...]
    convention: Convention
    times: int = 1
    over: int = 1
    words: str = ""  # of the factor


class Fit(NamedTuple):
    """A candidate that is written as the number."""

    points: int
    chance: float
    candidate: Candidate
    reading: Reading
    also: tuple[str, ...] = ()  # conventions that give the same figure


class Line(NamedTuple):
    """One line of the ledger."""

    what: str
    amount: int
    step: str = ""


def float32_sum(figures: Iterable[int]) -> int:
    """Add up layer after layer in float32, as tools do that keep a layer's figure in a tensor.

    >>> float32_sum([2**24, 1, 1])
    16777216
    """
    total = 0.0
    for figure in figures:
        total = unpack("f", pack("f", total + unpack("f", pack("f", figure))[0]))[0]
    return int(total)


def _value(c: Candidate) -> int:
    return c.value


class Search:
    """Every candidate of one design, built once and asked for any number of numbers."""

    def __init__(
        self, design: Design, costs: Costs, reference: Convention, kind: str, tick: Callable[[int, int], None] | None = None
    ) -> None:
        self.design, self.costs, self.reference, self.kind = design, costs, reference, kind
        self.conventions = [reference, *(load_convention(n) for n in convention_names() if n != reference.name)]
        self.units = units_of(self.conventions)
        self.known: list[dict[tuple[Key, str], int]] = [{} for _ in self.conventions]
        self.candidates: list[Candidate] = []
        self.also: dict[tuple[tuple[str, ...], int], list[str]] = {}
        chains = list(self._chains())
        for n, edits in enumerate(chains):
            if tick:
                tick(n, len(chains))
            self._add(edits)
        if tick:
            tick(len(chains), len(chains))
        self.candidates.sort(key=lambda c: (c.value, c.points))
        self.forms: dict[tuple[Reading, ...], list[tuple[int, int]]] = {}

    def _chains(self) -> Iterator[tuple[Edit, ...]]:
        edits = [e for e in edits_of(self.design) if self.kind == WORK or e.key not in WORK_ONLY]
        yield ()
        for e in edits:
            yield (e,)
        for a, b in combinations([e for e in edits if not e.alone], 2):
            if a.key != b.key and a.points + b.points <= MOST_POINTS:
                yield a, b

    def build(self, edits: tuple[Edit, ...]) -> Costs | None:
        """The edited design's costs; None where it cannot be built."""
        d = self.design
        if not edits:
            return self.costs
        assert d.spec is not None
        spec, settings = d.spec, Settings(d.alpha, None, d.resolution, d.classes, d.top, d.batch)
        try:
            for edit in edits:
                spec, settings = edit.apply(spec, settings)
            built = load_spec(spec, settings)
            costs = cost(built.graph, built.batch)
        except MnetcostError:  # a map that vanishes, say: nobody built that
            return None
        without = {edit.without for edit in edits} - {""}
        return costs._replace(layers=tuple(x for x in costs.layers if x.node.place not in without)) if without else costs

    def _values(self, sums: Counts) -> Iterator[int]:
        for convention, known in zip(self.conventions, self.known, strict=True):
            missing = [k for k in sums if k not in known]
            if missing:
                found = weights(missing, side(convention, self.kind))
                known.update({k: found.get(k, 0) for k in missing})
            yield sum(n * known[k] for k, n in sums.items() if known[k])

    def _add(self, edits: tuple[Edit, ...]) -> None:
        costs = self.build(edits)
        if costs is None:
            return
        sums = counts(terms_of(costs, self.kind), self.units)
        points, words = sum(e.points for e in edits), tuple(e.words for e in edits)
        first: dict[int, Candidate] = {}
        for convention, figure in zip(self.conventions, self._values(sums), strict=True):
            if figure in first:
                self.also.setdefault((words, figure), []).append(convention.name)
                continue
            more = 0 if convention is self.reference else CONVENTION_POINTS
            first[figure] = Candidate(points + more, figure, edits, convention)
        for c in first.values():
            if c.convention.float32 and self.kind == WORK:
                lossy = float32_sum(c.convention.madds(x.work) for x in costs.layers)
                self.candidates.append(c._replace(points=c.points + FLOAT_POINTS, value=lossy, words=FLOAT))
            for times, over, said in FACTORS if self.kind == WORK else FACTORS[:1]:
                figure, rest = divmod(c.value * times, over)
                if rest == 0 and (times == over or figure not in first):
                    more = TWICE_POINTS if times != over else 0
                    self.candidates.append(c._replace(points=c.points + more, value=figure, times=times, over=over, words=said))

    def fits(self, asked: Asked) -> list[Fit]:
        """Every candidate that is written as the number, the simplest first, each figure once."""
        hit = []
        for r in asked.readings:
            low, high = (bisect_left(self.candidates, edge, key=_value) for edge in r.edges)
            hit += [(c.points + r.points, r.points, n, c, r) for n, c in enumerate(self.candidates[low:high], low)]
        found: dict[int, Fit] = {}
        for points, _, _, c, r in sorted(hit, key=lambda h: h[:3]):
            if c.value not in found:
                also = tuple(self.also.get((tuple(e.words for e in c.edits), c.value), ())) if c.times == c.over else ()
                found[c.value] = Fit(points, self.chance(asked, points), c, r, also)
        return list(found.values())

    def chance(self, asked: Asked, points: int) -> float:
        """The share of numbers with as many digits, within a fifth of this one, that could be explained with as few points."""
        form = tuple(r._replace(digits=0) for r in asked.readings)
        if form not in self.forms:
            fewest: dict[int, int] = {}
            for c in self.candidates:
                for r in form:
                    n = r.written(c.value)
                    fewest[n] = min(fewest.get(n, 1000), c.points + r.points)
            self.forms[form] = sorted(fewest.items())
        low, high = int(asked.digits * (1 - AROUND)), int(asked.digits * (1 + AROUND))
        written = self.forms[form]
        near = written[bisect_left(written, (low, 0)) : bisect_left(written, (high + 1, 0))]
        return sum(few <= points for _, few in near) / (high - low + 1)

    def nearest(self, asked: Asked) -> list[Candidate]:
        """The simplest candidates whose figures come nearest to the number."""
        seen: dict[int, Candidate] = {}
        for c in self.candidates:  # of one value the simplest stands first
            seen.setdefault(c.value, c)
        return sorted(seen.values(), key=lambda c: (abs(c.value - asked.value), c.points))[:SHOWN]

    def ours(self) -> int:
        """Our own figure, by the reference."""
        sums = counts(terms_of(self.costs, self.kind), self.units)
        return value(sums, side(self.reference, self.kind))

    def words(self, c: Candidate, reading: Reading | None = None) -> str:
        """Say how one comes to a candidate."""
        convention = [f"convention {c.convention.name}"] if c.convention is not self.reference else []
        parts = [*(e.words for e in c.edits), *convention, *([c.words] if c.words else [])] or ["our own figure"]
        return "; ".join([*parts, *([reading.words] if reading and reading.words else [])])

    def ledger(self, c: Candidate) -> list[Line]:
        """What leads from our figure to a candidate's: the amounts add up exactly."""
        lines, table = [], side(self.reference, self.kind)
        before = self.costs
        for n, edit in enumerate(c.edits):
            after = self.build(c.edits[: n + 1])
            assert after is not None
            lines += [Line(what, amount, edit.words) for what, amount in self._between(before, after)]
            before = after
        sums = counts(terms_of(before, self.kind), self.units)
        parts = difference(sums, table, side(c.convention, self.kind), self.kind)
        words = f"convention {c.convention.name}"
        lines += [Line(f"{e.weight:+d} x {e.number:,} {e.what}", e.amount, words) for e in parts]
        counted = value(sums, side(c.convention, self.kind))
        if c.value != counted:
            what = "what rounding each sum adds" if c.words == FLOAT else f"times {c.times}" if c.over == 1 else f"divided by {c.over}"
            lines.append(Line(what, c.value - counted, c.words))
        return lines

    def _between(self, before: Costs, after: Costs) -> list[tuple[str, int]]:
        """What an edit changes under our convention: by layer where they are few, else by block and then in one line."""
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
        return list(layers.items()) or [("nothing that our convention counts", 0)]


class Answer(NamedTuple):
    """What was found for one number and one kind of figure: `fits`, the simplest first, and whether that explains it."""

    kind: str
    search: Search
    fits: list[Fit]
    explained: bool


def limit(points: int) -> float:
    """The largest chance at which a fit of so many points is an explanation."""
    return LIMITS[min(points, len(LIMITS) - 1)]


def judge(search: Search, asked: Asked) -> Answer:
    """Explained, if the simplest fit is our own figure, or better than chance."""
    fits = search.fits(asked)
    return Answer(search.kind, search, fits, bool(fits) and (not fits[0].points or fits[0].chance <= limit(fits[0].points)))


def reconcile(
    design: Design,
    costs: Costs,
    reference: Convention,
    asked: Asked,
    kind: str | None = None,
    tick: Tick | None = None,
) -> Document:
    """Answer for one number; without a kind, for work or parameters, whichever it fits better."""
    kinds = (kind,) if kind else SIDES
    answers = []
    for done, k in enumerate(kinds):

        def step(n: int, of: int, done: int = done) -> None:
            if tick:
                tick(done * of + n, len(kinds) * of)

        answers.append(judge(Search(design, costs, reference, k, step), asked))

    def rank(a: Answer) -> tuple[bool, bool, float]:
        by = a.fits[0].chance if a.fits else abs(a.search.nearest(asked)[0].value - asked.value)
        return not a.explained, not a.fits, by

    return document(design, asked, min(answers, key=rank))


def document(design: Design, asked: Asked, a: Answer) -> Document:
    """Print the best fit's ledger, the others in a line each, and the verdict."""
    s = a.search
    ours = s.ours()
    nearest = s.nearest(asked)
    if a.fits:
        columns = (
            Column("how", "explanation" if a.explained else "would fit"),
            Column("figure", "figure", "count"),
            Column("points", "points", "integer"),
            Column("chance", "by chance"),
        )
        rows = tuple((s.words(f.candidate, f.reading), f.candidate.value, f.points, _odds(f.chance)) for f in a.fits[:SHOWN])
        tables = (_ledger_table(s, a.fits[0].candidate, asked, a.fits[0].reading), Table("fits, the simplest first", columns, rows))
    else:
        near = (Column("how", "nearest"), Column("figure", "figure", "count"), Column("off", "off by", "count"))
        found = tuple((s.words(c), c.value, asked.value - c.value) for c in nearest)
        tables = (_ledger_table(s, nearest[0], asked, None), Table("nearest", near, found))
    fits = [_fit_data(s, f) for f in a.fits[:SHOWN]]
    data = {
        "schema": SCHEMA,
        "mnetcost": __version__,
        **status_data(s.costs.graph),
        "design": design_data(design),
        "convention": s.reference.name,
        "number": {"text": asked.text, "value": asked.value, "digits": asked.significant},
        "kind": a.kind,
        "ours": ours,
        "verdict": "explained" if a.explained else "not explained",
        "explanations": fits if a.explained else [],
        "would_fit": [] if a.explained else fits,
        "nearest": [{"how": s.words(c), "value": c.value, "off_by": asked.value - c.value} for c in nearest],
    }
    unit = s.reference.unit if a.kind == WORK else "parameters"
    return Document(
        f"{asked.text} against {design.heading}: {ours:,} {unit}", tables, (*graph_notes(s.costs.graph), _verdict(a, asked, nearest)), data
    )


def _ledger_table(s: Search, c: Candidate, asked: Asked, reading: Reading | None) -> Table:
    columns = (Column("step", "step"), Column("what", "what"), Column("amount", "amount", "count"))
    rows: list[tuple[Any, ...]] = [(f"ours, by {s.reference.name}", "", s.ours())]
    rows += [(x.step, x.what, x.amount) for x in s.ledger(c)]
    footer: tuple[tuple[Any, ...], ...] = (("makes", "", c.value),)
    if reading is None:
        footer = (*footer, ("not explained", "", asked.value - c.value), ("the number", asked.text, asked.value))
    elif not asked.exact:
        left = reading.digits * reading.scale // reading.per - c.value
        footer = (*footer, (f"written as {asked.text}", reading.words or "rounded", left))
    return Table("ledger", columns, tuple(rows), footer)


def _odds(chance: float) -> str:
    return f"1 in {1 / chance:,.0f}" if chance > 1e-6 else "1 in a million or fewer"


def _verdict(a: Answer, asked: Asked, nearest: list[Candidate]) -> str:
    if a.fits:
        f = a.fits[0]
        odds = f"of wrong numbers with as many digits nearby, {_odds(f.chance)} would fit as simply"
        if a.explained:
            return f"explained: {a.search.words(f.candidate, f.reading)}; {odds}."
        return f"not explained: what fits proves nothing, for {odds}; more digits would tell."
    off = abs(nearest[0].value - asked.value)
    step = 2 ** max(asked.value.bit_length() - 24, 0)
    near = f" It is off by {off:,}: a tool that adds up in float32 counts such a figure in steps of {step:,}." if off <= step > 1 else ""
    return f"not explained: nothing that was tried is written as this number; the nearest is above.{near}"


def _fit_data(s: Search, f: Fit) -> dict[str, Any]:
    c = f.candidate
    return {
        "how": s.words(c, f.reading),
        "value": c.value,
        "points": f.points,
        "chance": round(f.chance, 6),
        "edits": [e.words for e in c.edits],
        "convention": c.convention.name,
        "same_figure": list(f.also),
        "factor": [c.times, c.over],
        "reading": f.reading.words or "rounded",
        "start": s.ours(),
        "ledger": [{"step": x.step, "what": x.what, "amount": x.amount} for x in s.ledger(c)],
    }
