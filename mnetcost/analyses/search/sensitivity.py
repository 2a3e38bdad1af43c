"""Where does a budget go? What one step of each row, of alpha or of resolution adds to a design's cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.convert import NAMED, spec_text
from ...designs.find import parent_of
from ...designs.loading import load_spec
from ...designs.settings import Design, Settings, spelled_size
from ...designs.spec import read_spec
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...errors import CallError, MnetcostError
from ...records import NamedTuple
from ..documents import (
    Column,
    Document,
    Table,
    about,
    convention_data,
    convention_note,
    design_data,
    json_data,
    partial_notes,
)
from ..report.metrics import Gauge
from ..report.metrics import about as meaning
from .steps import KINDS, Impossible, Step, outputs_of, steps_of_file, steps_of_spec

if TYPE_CHECKING:
    from ..charts import Bars

SCHEMA = "mnetcost.sensitivity/1"
FIGURES = {
    "madds": "madds",
    "params": "params",
    "peak": "peak_bytes.int8",
    "flash": "flash_bytes.int8",
}
"""What a step may be sorted by, each with its metric of budgets."""
ROWS = "the rows are those of the spec that `mnetcost convert` writes, a row a layer"
DIRECTIONS = ("up", "down")
MOST_DRAWN = 40
Tick = Callable[[int, int], None] | None
Amounts = Mapping[str, int | None]


class Cost(NamedTuple):
    """What a step adds to each figure, below 0 what it saves; None where a figure is not known."""

    step: Step
    adds: Amounts


class NotBuilt(NamedTuple):
    """A step whose design cannot be built or costed, and why."""

    step: Step
    why: str


class Sensitivity(NamedTuple):
    """The steps of a design, in their order: those with a cost, those that fail, those that there are not.

    rows: what the rows of a model file are, or why it has no steps of rows; "" of a spec.
    """

    design: Design
    convention: Convention
    up: bool
    now: Amounts
    costs: tuple[Cost, ...]
    not_built: tuple[NotBuilt, ...]
    impossible: tuple[Impossible, ...]
    rows: str = ""


def sensitivity(
    design: Design,
    convention: Convention,
    up: bool = True,
    kinds: Collection[str] = KINDS,
    tick: Tick = None,
) -> Sensitivity:
    """Make each step of a design alone, cost the whole design again, and subtract.

    up: whether a step makes the design larger. kinds: those of `KINDS` that are asked for. tick: told how
    many steps are done, and how many there are. A model file is converted to a spec for the steps of its
    rows.
    """
    now = figures(design, convention)
    found, rows = _found(design, now, convention, up, kinds)
    costs, failed = [], []
    for n, (without, step) in enumerate(found, 1):
        if isinstance(step, Step):
            try:
                after = figures(step.build(), convention)
                costs.append(Cost(step, {key: minus(after[key], without[key]) for key in FIGURES}))
            except MnetcostError as e:
                failed.append(NotBuilt(step, e.faults[0].message))
        if tick:
            tick(n, len(found))
    impossible = tuple(step for _, step in found if isinstance(step, Impossible))
    return Sensitivity(design, convention, up, now, tuple(costs), tuple(failed), impossible, rows)


def _found(
    design: Design, now: Amounts, convention: Convention, up: bool, kinds: Collection[str]
) -> tuple[list[tuple[Amounts, Step | Impossible]], str]:
    """The steps of a design, each with the figures of what it is a step from, and what a file's rows are."""
    if design.spec is not None:
        return [(now, step) for step in steps_of_spec(design, up, kinds)], ""
    of_file = [(now, step) for step in steps_of_file(design, up, kinds)]
    of_rows = [kind for kind in kinds if kind not in ("alpha", "resolution")]
    if not of_rows:
        return of_file, ""
    try:
        made = converted(design)
    except CallError as e:
        return of_file, f"no steps of rows: {e.faults[0].message}"
    base = figures(made, convention)
    other = ", ".join(f"{key} {base[key]}" for key in FIGURES if base[key] != now[key])
    rows = ROWS + (f"; they are compared with its {other}" if other else "")
    return [*((base, step) for step in steps_of_spec(made, up, of_rows, outputs_of(made))), *of_file], rows


def figures(design: Design, convention: Convention) -> dict[str, int | None]:
    """The figures of a design by the keys of `FIGURES`; peak and flash are None where they are not known."""
    gauge = Gauge(cost(design.graph, design.batch), convention, design)
    return {key: gauge.known(metric) for key, metric in FIGURES.items()}


def minus(a: int | None, b: int | None) -> int | None:
    """The difference of two figures; None where one is not known."""
    return None if a is None or b is None else a - b


def converted(design: Design) -> Design:
    """A model file as the spec that costs the same; raises CallError where no spec does."""
    spec = read_spec(spec_text(design), NAMED, design.name, None, parent_of)
    return load_spec(spec, Settings(batch=design.batch))


def in_order(costs: Collection[Cost], sort: str, up: bool) -> list[Cost]:
    """The steps by what they add to a figure, the largest first; by what they save if they are down.

    Equal ones by their multiply-adds, then in the order of the spec.
    """

    def key(one: Cost) -> list[tuple[bool, int]]:
        amounts = (one.adds[sort], one.adds["madds"])
        return [(n is None, 0 if n is None else -n if up else n) for n in amounts]

    return sorted(costs, key=key)


def answer(
    found: Sensitivity, sort: str = "madds", first: int | None = None, everything: bool = False
) -> Document:
    """The steps as a document, sorted by a figure.

    sort: one of `FIGURES`. first: how many are shown; everything: also those that change no figure.
    """
    design, convention, up = found.design, found.convention, found.up
    rows = in_order(found.costs, sort, up)
    shown = rows if everything else [one for one in rows if any(one.adds.values())]
    names = titles(convention)
    data = json_data(
        SCHEMA,
        design.graph,
        design=design_data(design),
        convention=convention_data(convention),
        by="up" if up else "down",
        sort=FIGURES[sort],
        now={FIGURES[key]: n for key, n in found.now.items()},
        steps=[cost_data(one) for one in rows],
        not_built=[{**step_data(one.step), "why": one.why} for one in found.not_built],
        left_out=[one._asdict() for one in found.impossible],
    )
    now = Table(
        "now",
        tuple(
            Column(FIGURES[k], title, "count" if k in ("madds", "params") else "bytes")
            for k, title in names.items()
        ),
        (tuple(found.now[key] for key in names),),
    )
    share = Column(f"{sort}_share", f"of {names[sort]}", "growth", rank=1)
    columns = (
        Column("row", "row"),
        Column("change", "step"),
        *(Column(FIGURES[key], title, "change") for key, title in names.items()),
        share,
    )
    whole = found.now[sort]
    steps = Table(
        f"one step {'up' if up else 'down'}",
        columns,
        tuple(
            (
                one.step.row or "the design",
                words(one.step),
                *(one.adds[key] for key in names),
                part(one.adds[sort], whole),
            )
            for one in shown[:first]
        ),
    )
    failed = Table(
        "cannot be built",
        (Column("row", "row"), Column("change", "step"), Column("why", "why")),
        tuple((one.step.row or "the design", words(one.step), one.why) for one in found.not_built),
    )
    return Document(
        f"{design.heading}: what one step {'up adds' if up else 'down saves'}",
        (now, steps, *((failed,) if failed.rows else ())),
        tuple(notes(found, len(rows) - len(shown), (len(shown[:first]), len(shown)))),
        data,
        (about(design.title, design.source),),
        flat(rows, names),
        charts=lambda: tuple(_drawn(found, shown[:first], sort)),
    )


def _drawn(found: Sensitivity, shown: Sequence[Cost], sort: str) -> Iterator[Bars]:
    """What each step adds to the multiply-adds, and to the params or the figure it is sorted by."""
    from ..charts import Axis, Bars

    right = sort if sort in ("peak", "flash") else "params"
    now, names = found.now, titles(found.convention)
    rows = []
    for one in shown:
        madds, other = one.adds["madds"], one.adds[right]
        if madds is not None and other is not None:
            rows.append((f"{one.step.row or 'the design'}: {words(one.step)}", madds, other))
    if not rows:
        return
    title = f"{found.design.heading}: what one step {'up adds' if found.up else 'down saves'}"
    name, madds, other = rows[0]
    about = f"{len(rows)} steps; the first is {name}: {madds:+,} {names['madds']}, {other:+,} {names[right]}."
    if len(rows) > MOST_DRAWN:
        title += f", the first {MOST_DRAWN} of {len(rows)}"
    axes = Axis(names["madds"], "change"), Axis(names[right], "change")
    against = now["madds"] or 0, now[right] or 0
    yield Bars(title, about, *axes, tuple(rows[:MOST_DRAWN]), against)


def titles(convention: Convention) -> dict[str, str]:
    """What the figures are called in tables."""
    return {"madds": convention.unit, "params": "params", "peak": "peak, int8", "flash": "flash, int8"}


def part(n: int | None, whole: int | None) -> float | None:
    """A change as a fraction of the whole figure."""
    return n / whole if n is not None and whole else None


def notes(found: Sensitivity, unchanged: int, shown: tuple[int, int]) -> Iterator[str]:
    """What a reader of the table must know: what is not in it, how the figures are counted."""
    if shown[0] < shown[1]:
        yield f"the first {shown[0]} of {shown[1]} steps"
    if unchanged:
        one = "1 step changes" if unchanged == 1 else f"{unchanged} steps change"
        yield f"{one} none of these figures, hidden (use --all)"
    if found.rows:
        yield found.rows
    counts = Counter((one.step, one.why, bool(one.key)) for one in found.impossible)
    for (step, why, of_row), n in counts.items():
        yield f"left out: {step}" + (f" of {n} row{'s' * (n > 1)}" if of_row else "") + f" ({why})"
    yield meaning(FIGURES["peak"])
    yield "flash, int8: weights as int8 and biases as int32, batch norm folded"
    yield convention_note(found.convention)
    yield from partial_notes(found.design.graph)


def spelled(value: Any, key: str = "") -> str:
    """A value of a step as people read it: 3, 0.5, 1x7; as padding, [0, 1, 0, 1]."""
    if isinstance(value, tuple):
        return f"{list(value)}" if key == "padding" else spelled_size(value)
    return f"{value:g}" if isinstance(value, float) else f"{value}"


def words(step: Step) -> str:
    """What a step changes: "kernel 3 -> 5, padding 1 -> 2"."""
    pairs = {step.field: (step.before, step.after), **step.also}
    text = ", ".join(f"{key} {spelled(a, key)} -> {spelled(b, key)}" for key, (a, b) in pairs.items())
    if step.channels:
        text += f" ({step.channels[0]} -> {step.channels[1]} channels)"
    if step.borrowers:
        text += f", also in {', '.join(step.borrowers)}"
    return text


def step_data(step: Step) -> dict[str, Any]:
    """A step in JSON."""
    return {
        "step": step.step,
        "row": step.row,
        "key": step.key,
        "field": step.field,
        "from": step.before,
        "to": step.after,
        **({"channels": list(step.channels)} if step.channels else {}),
        **({"also": {key: {"from": a, "to": b} for key, (a, b) in step.also.items()}} if step.also else {}),
        **({"with": list(step.borrowers)} if step.borrowers else {}),
    }


def cost_data(one: Cost) -> dict[str, Any]:
    """A step with its cost in JSON."""
    return {**step_data(one.step), "adds": {FIGURES[key]: n for key, n in one.adds.items()}}


def flat(rows: Collection[Cost], names: Collection[str]) -> Table:
    """Every step in one table, for programs."""
    columns = (
        Column("row", "row"),
        Column("key", "key"),
        Column("step", "step"),
        Column("field", "field"),
        Column("from", "from"),
        Column("to", "to"),
        *(Column(FIGURES[key], key, "change") for key in names),
    )
    return Table(
        "sensitivity",
        columns,
        tuple(
            (
                one.step.row,
                one.step.key,
                one.step.step,
                one.step.field,
                spelled(one.step.before),
                spelled(one.step.after),
                *(one.adds[key] for key in names),
            )
            for one in rows
        ),
    )
