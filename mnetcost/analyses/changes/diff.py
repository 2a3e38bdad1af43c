"""Why does one design cost more than another?

The changes between them, and what each adds, to the last count.

The changes are made one after another, and the design is costed again after each: a change's share is the
difference it makes at its turn. So the shares add up to the whole difference, whatever the changes are and
however they act on one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs, cost
from ...engine.graph import Graph
from ...errors import ShapeError, SpecError
from ...records import NamedTuple
from ..documents import Column, Document, Table, convention_data, design_data, json_data, partial_notes
from .edits import Change, script
from .peaks import Peaks, peaks_data, peaks_note, peaks_of, peaks_table
from .units import State, same_blocks, state_of, substance, tied
from .words import Names, text_of

if TYPE_CHECKING:
    from ..charts import Waterfall

SCHEMA = "mnetcost.diff/1"


class Cause(NamedTuple):
    """One change, in words, with the places it has on either side and what it adds to the totals.

    `layers` are those whose count it changes: (name, params, madds), the largest first. `row` is the key of
    the spec's row where it is to be found, on the new side if it is there and on the old one if not; empty
    where the designs are not specs.
    """

    text: str
    kind: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    params: int
    madds: int
    layers: tuple[tuple[str, int, int], ...] = ()
    row: str = ""


class Totals(NamedTuple):
    """Parameters and work of a design under the convention."""

    params: int
    madds: int


class Diff(NamedTuple):
    """All that tells two designs apart: causes with a cost, changes without one, and rules that differ
    but do nothing here.
    """

    old: Design
    new: Design
    convention: Convention
    before: Totals
    after: Totals
    causes: tuple[Cause, ...]
    free: tuple[Cause, ...]
    idle: tuple[Cause, ...]
    status: str = "complete"  # or "partial": something in either design could not be costed

    @property
    def params(self) -> int:
        return self.after.params - self.before.params

    @property
    def madds(self) -> int:
        """Multiply-adds of the second design less those of the first."""
        return self.after.madds - self.before.madds

    @property
    def identical(self) -> bool:
        """Do both compute the same, at the same size?"""
        return not self.causes and not self.free


class _Stage(NamedTuple):
    """The design between two changes."""

    state: State
    graph: Graph
    costs: Costs
    totals: Totals


def diff(old: Design, new: Design, convention: Convention) -> Diff:
    """Tell two designs apart, by cause; under one convention.

    Specs are compared row by row, which knows alpha and the rules of width; where either is a model file,
    or a row names another row by a key besides `from`, layer by layer. The causes' params and madds add up
    exactly to the differences of the totals.

    Raises UnknownOpError where a layer cannot be costed, unless the design was loaded to go on without it.
    """
    by_row = all(design.spec is not None and not tied(design.spec) for design in (old, new))
    if by_row and old.spec and new.spec:
        by_row = same_blocks(old.spec, new.spec)
    start = state_of(old, by_row)
    edits = script(start, state_of(new, by_row))
    names = Names(edits.old_names, edits.new_names, start, edits.end)
    first = _stage(edits.start, convention)
    steps, last = _walk(first, edits.changes, convention)
    before, after = (
        _totals(cost(d.graph, d.batch, allow_unknown=bool(d.graph.left_out)), convention) for d in (old, new)
    )
    assert first.totals == before, "the old design, taken to pieces, costs something else"
    assert last.totals == after, "the changes do not lead to the new design"
    causes, free, idle = [], [], []
    for changes, a, b in steps:
        cause = _cause(changes, a, b, names, convention)
        if cause.params or cause.madds:
            causes.append(cause)
        elif all(c.kind == "wiring" and c.what for c in changes):
            continue
        elif substance(a.graph) != substance(b.graph) or a.state.world.batch != b.state.world.batch:
            free.append(cause)
        elif cause.kind not in ("wiring", "written"):
            idle.append(cause)
    causes.sort(key=lambda c: (-abs(c.madds), -abs(c.params)))
    assert sum(c.params for c in causes) == after.params - before.params
    assert sum(c.madds for c in causes) == after.madds - before.madds
    partial = old.graph.left_out or new.graph.left_out
    return Diff(
        old,
        new,
        convention,
        before,
        after,
        tuple(causes),
        tuple(free),
        tuple(idle),
        "partial" if partial else "complete",
    )


def _totals(costs: Costs, convention: Convention) -> Totals:
    params = convention.count_params(t for layer in costs.layers for t in layer.params)
    return Totals(params, convention.madds(t for layer in costs.layers for t in layer.work))


def _stage(state: State, convention: Convention) -> _Stage:
    graph = state.graph()
    costs = cost(graph, state.world.batch, allow_unknown=True)
    return _Stage(state, graph, costs, _totals(costs, convention))


Steps = list[tuple[tuple[Change, ...], _Stage, _Stage]]


def _walk(stage: _Stage, changes: Iterable[Change], convention: Convention) -> tuple[Steps, _Stage]:
    """Make the changes in turn; one that does not fit yet waits, and those that only fit together are one
    step.
    """
    steps: Steps = []
    waiting = list(changes)
    while waiting:
        for together in dict.fromkeys((1, 2, 3, len(waiting))):
            found = _first_that_fits(stage, waiting, together, convention)
            if found is not None:
                at, then = found
                steps.append((tuple(waiting[at : at + together]), stage, then))
                del waiting[at : at + together]
                stage = then
                break
        else:
            raise AssertionError("the changes do not lead to the new design")
    return steps, stage


def _first_that_fits(
    stage: _Stage, waiting: list[Change], together: int, convention: Convention
) -> tuple[int, _Stage] | None:
    for at in range(len(waiting) - together + 1):
        try:
            state = stage.state
            for change in waiting[at : at + together]:
                state = change.apply(state)
            return at, _stage(state, convention)
        except (ShapeError, SpecError):
            continue
    return None


def _cause(changes: tuple[Change, ...], a: _Stage, b: _Stage, names: Names, convention: Convention) -> Cause:
    """Put one step into words and figures."""
    texts = [text_of(change, a.graph, b.graph, names) for change in changes]
    lead = changes[0]
    counts: dict[str, list[int]] = {}
    for stage, sign in ((b, 1), (a, -1)):
        for layer in stage.costs.layers:
            sums = counts.setdefault(layer.name, [0, 0])
            sums[0] += sign * convention.count_params(layer.params)
            sums[1] += sign * convention.madds(layer.work)
    layers = sorted(
        ((names.layer(n), p, m) for n, (p, m) in counts.items() if p or m),
        key=lambda x: (-abs(x[2]), -abs(x[1])),
    )
    ids = [i for c in changes for i in (*c.ids, *c.others)]
    return Cause(
        "; together with ".join(texts),
        lead.kind,
        tuple(names.old[i] for i in ids if i in names.old),
        tuple(names.new[i] for i in ids if i in names.new),
        b.totals.params - a.totals.params,
        b.totals.madds - a.totals.madds,
        tuple(layers),
        names.row(ids),
    )


def peaks(found: Diff) -> Peaks | None:
    """The peaks of memory of both designs; None where they are the same, or something was left out."""
    partial = found.old.graph.left_out or found.new.graph.left_out
    return None if found.identical or partial else peaks_of(found.old, found.new)


def figures(cause: Cause | Diff, unit: str) -> str:
    """A change of the totals in words: "+12,845,056 MAdds, +1,088 params"."""
    parts = [(cause.madds, unit), (cause.params, "params")]
    return ", ".join(f"{n:+,} {what}" for n, what in parts if n) or f"+0 {unit}"


def data(found: Diff, moved: Peaks | None) -> dict[str, Any]:
    """The `mnetcost.diff/1` document."""

    def cause_data(c: Cause) -> dict[str, Any]:
        return {
            "text": c.text,
            "kind": c.kind,
            "old": list(c.old),
            "new": list(c.new),
            "row": c.row,
            "params": c.params,
            "madds": c.madds,
            "layers": [{"name": n, "params": p, "madds": m} for n, p, m in c.layers],
        }

    return json_data(
        SCHEMA,
        found.status,
        identical=found.identical,
        old={"design": design_data(found.old), **found.before._asdict()},
        new={"design": design_data(found.new), **found.after._asdict()},
        convention=convention_data(found.convention),
        difference={"params": found.params, "madds": found.madds},
        causes=[cause_data(c) for c in found.causes],
        free=[cause_data(c) for c in found.free],
        idle=[cause_data(c) for c in found.idle],
        **({"peak": peaks_data(moved)} if moved else {}),
    )


def document(found: Diff, sentences: bool = False) -> Document:
    """Answer with the totals of both and the causes, the most expensive first: as a table of figures, or as
    sentences.
    """
    groups = {
        "cause": found.causes,
        "at no cost": found.free,
        "without effect at these settings": found.idle,
    }
    totals = _totals_table(found)
    tables = (_causes_table(found), totals) if found.causes and not sentences else (totals,)
    moved = peaks(found)
    if moved:
        tables = (*tables, peaks_table(moved))
    notes = [f"{part}: " + "; ".join(c.text for c in group) for part, group in [*groups.items()][1:] if group]
    notes += dict.fromkeys((*partial_notes(found.old.graph), *partial_notes(found.new.graph)))
    if moved:
        notes.append(peaks_note(moved))
    notes.append(f"convention: {found.convention.name}")

    def charts() -> tuple[Waterfall, ...]:
        from .drawn import waterfalls

        return waterfalls(found)

    return Document(
        f"{found.old.heading} -> {found.new.heading}",
        () if found.identical else tables,
        tuple(notes),
        data(found, moved),
        _lead(found, sentences),
        _flat_table(found, groups),
        charts=charts,
    )


def _totals_table(found: Diff) -> Table:
    """The params and multiply-adds of both designs, and by how much they differ."""
    sides = (
        (found.convention.unit, found.before.madds, found.after.madds),
        ("params", found.before.params, found.after.params),
    )
    return Table(
        "totals",
        (
            Column("count", "total"),
            Column("old", "old", "count"),
            Column("new", "new", "count"),
            Column("difference", "difference", "change"),
            Column("growth", "growth", "growth", rank=1),
        ),
        tuple((name, was, now, now - was, (now - was) / was if was else None) for name, was, now in sides),
    )


def _figure_columns(found: Diff) -> tuple[Column, Column]:
    return Column("madds", found.convention.unit, "change"), Column("params", "params", "change")


def _causes_table(found: Diff) -> Table:
    """A row a cause, for a reader."""
    return Table(
        "causes",
        (Column("cause", "what changed"), *_figure_columns(found)),
        tuple((c.text, c.madds or None, c.params or None) for c in found.causes),
        (("together", found.madds, found.params),),
    )


def _flat_table(found: Diff, groups: Mapping[str, Sequence[Cause]]) -> Table:
    """A row a change of every group, for a program."""
    return Table(
        "causes",
        (
            Column("cause", "cause"),
            Column("is", "is"),
            Column("old", "old"),
            Column("new", "new"),
            *_figure_columns(found),
        ),
        tuple(
            (c.text, part, "; ".join(c.old), "; ".join(c.new), c.madds, c.params)
            for part, group in groups.items()
            for c in group
        ),
    )


def _lead(found: Diff, sentences: bool) -> tuple[str, ...]:
    """The sentences above the tables: that the two are the same, or the causes one by one."""
    if found.identical:
        return ("identical: both compute the same",)
    if not found.causes:
        return ("they cost the same",)
    return tuple(f"{c.text}: {figures(c, found.convention.unit)}" for c in found.causes) if sentences else ()
