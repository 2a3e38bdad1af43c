"""Why does a published number differ from ours?

Tries conventions, small changes of the design and ways to write a number, and keeps what gives the number.

A fit proves little if most wrong numbers could be explained as well. The `chance` of an explanation is the
share of all numbers nearby with as many digits that have one as simple. A number is called explained only if
that is small.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...errors import CallError
from ...records import NamedTuple
from ..documents import Column, Document, Table, design_data, json_data, partial_notes
from ..report.tally import SIDES, WORK
from .asked import Asked, Reading
from .search import Candidate, Fit, Search
from .walk import Tick, Walk

if TYPE_CHECKING:
    from ..charts import Waterfall

SCHEMA = "mnetcost.reconcile/1"
SHOWN = 5
UNIT_NOTES = {
    "MACs": "the number is in multiply-adds: conventions that count one as two operations are not tried",
    "FLOPs": "the number is in FLOPs: counting a multiply-add as two operations costs no points",
    "bytes": (
        "the number is in bytes: of float32, float16 or int8 weights; running statistics, names and headers"
        " cost no points"
    ),
}
"""A note for the unit that was given with a number: how the search uses it."""


class Answer(NamedTuple):
    """What was found for one number as one kind of figure: the fits, the simplest first, and whether the
    first explains it.
    """

    kind: str
    search: Search
    fits: list[Fit]
    explained: bool


def judge(search: Search, asked: Asked) -> Answer:
    """Look a number up among the figures of a search; it is explained if the best fit is."""
    fits = search.fits(asked)
    return Answer(search.kind, search, fits, bool(fits) and fits[0].explains)


def kinds_of(asked: Asked, kind: str | None) -> tuple[str, ...]:
    """The kinds of figure that a number may be: the given kind, else that of its unit, else both.

    Raises CallError if the kind and the unit contradict each other.
    """
    if kind and asked.kind and kind != asked.kind:
        raise CallError(f"'{asked.text}' is a number of {asked.kind}, but --kind is {kind}")
    return (kind or asked.kind,) if kind or asked.kind else SIDES


def reconcile(
    design: Design,
    costs: Costs,
    reference: Convention,
    asked: Asked,
    kind: str | None = None,
    tick: Tick | None = None,
) -> Document:
    """Explain one number by a design: the conventions and small changes that give it, with a ledger.

    reference: the convention of our figure. kind: "madds" or "params"; without it, whichever fits better.
    tick: called with the number of chains of changes that are done, and of all.
    Raises CallError if the unit of the number contradicts the kind.
    """
    kinds, walk = kinds_of(asked, kind), Walk(design, costs, reference)
    for k in kinds:  # our figure needs no search
        answer = judge(Search(design, costs, reference, k, walk=walk, base_only=True), asked)
        if answer.fits and not answer.fits[0].points:
            return document(design, asked, answer)
    answers = [judge(Search(design, costs, reference, k, tick, walk), asked) for k in kinds]

    def rank(a: Answer) -> tuple[bool, bool, float]:
        by = a.fits[0].chance if a.fits else abs(a.search.nearest(asked)[0].value - asked.target)
        return not a.explained, not a.fits, by

    return document(design, asked, min(answers, key=rank))


def document(design: Design, asked: Asked, a: Answer) -> Document:
    """The ledger of the best fit, a row for each other fit, and the verdict."""
    s = a.search
    ours = s.ours()
    nearest = s.nearest(asked)
    data = json_data(
        SCHEMA,
        s.costs.graph,
        design=design_data(design),
        convention=s.reference.name,
        number=number_data(asked),
        kind=a.kind,
        ours=ours,
        verdict="explained" if a.explained else "not explained",
        explanations=[fit_data(s, f) for f in a.fits[:SHOWN] if f.explains],
        would_fit=[fit_data(s, f) for f in a.fits[:SHOWN] if not f.explains],
        nearest=[{"how": s.words(c), "value": c.value, "off_by": asked.target - c.value} for c in nearest],
    )
    unit = s.reference.unit if a.kind == WORK else "parameters"
    title = f"{asked.text} against {design.heading}: {ours:,} {unit}"
    notes = (*partial_notes(s.costs.graph), *evidence_notes((asked,)), _verdict(a, asked, nearest))
    tables = _fit_tables(asked, a) if a.fits else _nearest_tables(s, asked, nearest)
    best = (a.fits[0].candidate, asked, a.fits[0].reading) if a.fits else (nearest[0], asked, None)
    return Document(title, tables, notes, data, charts=lambda: tuple(ledger_drawn(s, *best)))


def ledger_drawn(s: Search, c: Candidate, asked: Asked, reading: Reading | None) -> Iterable[Waterfall]:
    """The ledger of `ledger_table` as a picture; nothing where our figure is the number."""
    from .drawn import ledger

    return ledger(s, c, asked, reading)


def _fit_tables(asked: Asked, a: Answer) -> tuple[Table, ...]:
    """The ledger of the best fit, and a row for each fit that is shown."""
    s, best = a.search, a.fits[0]
    columns = (
        Column("how", "explanation" if a.explained else "candidate"),
        Column("figure", "figure", "count"),
        Column("points", "points", "integer"),
        Column("chance", "coincidence"),
    )
    shown = [f for f in a.fits if f.explains or not a.explained][:SHOWN]
    rows = tuple(
        (s.words(f.candidate, f.reading, f.classes), f.candidate.value, f.points, odds_words(f.chance))
        for f in shown
    )
    ledger = ledger_table(s, best.candidate, asked, best.reading)
    return ledger, Table("simplest first", columns, rows)


def _nearest_tables(s: Search, asked: Asked, nearest: list[Candidate]) -> tuple[Table, ...]:
    """Where nothing fits: the ledger of the nearest figure, and a row for each of the nearest."""
    columns = (
        Column("how", "nearest"),
        Column("figure", "figure", "count"),
        Column("off", "off by", "count"),
    )
    rows = tuple((s.words(c), c.value, asked.target - c.value) for c in nearest)
    return ledger_table(s, nearest[0], asked, None), Table("nearest", columns, rows)


def number_data(asked: Asked) -> dict[str, Any]:
    """The `number` object of the JSON document."""
    return {
        "text": asked.text,
        "value": asked.value,
        "digits": asked.significant,
        **({"unit": asked.unit} if asked.unit else {}),
    }


def evidence_notes(numbers: Iterable[Asked]) -> tuple[str, ...]:
    """Notes on how the units of some numbers are used."""
    return tuple(dict.fromkeys(UNIT_NOTES[asked.unit] for asked in numbers if asked.unit))


def ledger_table(s: Search, c: Candidate, asked: Asked, reading: Reading | None) -> Table:
    """The steps from our figure to a candidate's, and from there to the number as it is written.

    reading: the way in which the number is written; None where the candidate is only near.
    """
    columns = (Column("step", "step"), Column("what", "what"), Column("amount", "amount", "count"))
    rows: list[tuple[Any, ...]] = [(f"our figure ({s.reference.name})", "", s.ours())]
    rows += [(x.step, x.what, x.amount) for x in s.ledger(c)]
    footer: tuple[tuple[Any, ...], ...] = (("total", "", c.value),)
    if reading is None:
        footer = (
            *footer,
            ("not explained", "", asked.target - c.value),
            ("the number", asked.text, asked.target),
        )
    elif not asked.exact:
        left = reading.digits * reading.scale // reading.per - c.value
        footer = (*footer, (f"written as {asked.text}", reading.words or "rounded", left))
    return Table("ledger", columns, tuple(rows), footer)


def odds_words(chance: float) -> str:
    """A chance in words: "1 in 28"."""
    return f"1 in {1 / chance:,.0f}" if chance > 1e-6 else "1 in a million or fewer"


def _verdict(a: Answer, asked: Asked, nearest: list[Candidate]) -> str:
    if a.fits:
        f = a.fits[0]
        odds = f"chance of a coincidence: {odds_words(f.chance)}"
        if a.explained:
            return f"explained: {a.search.words(f.candidate, f.reading, f.classes)}; {odds}."
        return f"not explained: the candidates may fit by coincidence; {odds}; more digits would help."
    off = abs(nearest[0].value - asked.target)
    step = 2 ** max(asked.value.bit_length() - 24, 0)
    near = (
        f" It is off by {off:,}: a tool that sums in float32 gives such a figure in steps of {step:,}."
        if off <= step > 1
        else ""
    )
    return f"not explained: no variant that was tried gives this number; the nearest is above.{near}"


def fit_data(s: Search, f: Fit) -> dict[str, Any]:
    """One fit of the JSON document."""
    c = f.candidate
    return {
        "how": s.words(c, f.reading, f.classes),
        "value": c.value,
        "points": f.points,
        "chance": round(f.chance, 6),
        "edits": [e.words for e in c.edits],
        **({"classes": c.classes.classes, "classes_that_fit": list(f.classes or ())} if c.classes else {}),
        "convention": c.convention.name,
        "same_figure": list(c.form.also) if c.times == c.over else [],
        "factor": [c.times, c.over],
        "reading": f.reading.words or "rounded",
        "start": s.ours(),
        "ledger": ledger_data(s, c),
    }


def ledger_data(s: Search, c: Candidate) -> list[dict[str, Any]]:
    """A ledger as data."""
    return [{"step": x.step, "what": x.what, "amount": x.amount} for x in s.ledger(c)]
