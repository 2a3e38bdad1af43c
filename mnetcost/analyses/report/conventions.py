"""How does each tool count?

The list of conventions, one of them, and one design under all of them with the reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ...designs.conventions import convention_names, load_convention
from ...designs.settings import Design
from ...engine.conventions import Convention, Weight
from ...engine.costs import Costs
from ...records import NamedTuple
from ..documents import Column, Document, Table, convention_data, design_data, json_data, partial_notes
from .tally import PARAMS, SIDES, WORK, Entry, counts, difference, gaps, side, terms_of, units_of, value

if TYPE_CHECKING:
    from ..charts import Bars

SCHEMA = "mnetcost.conventions/1"


def listed() -> Document:
    """The list of all conventions, a row for each."""
    columns = (
        Column("name", "convention"),
        Column("unit", "unit"),
        Column("version", "version"),
        Column("title", "description"),
    )
    all_ = [load_convention(name) for name in convention_names()]
    rows = tuple((k.name, k.unit, k.version, k.title) for k in all_)
    data = json_data(
        SCHEMA,
        "complete",
        conventions=[{**convention_data(k), "rule": k.rule} for k in all_],
    )
    return Document(
        "Counting conventions",
        (Table("conventions", columns, rows),),
        ("`--convention NAME` counts by one of them",),
        data,
    )


def shown(convention: Convention) -> Document:
    """One convention: its weights as a table, its rule in words and its source."""
    columns = (Column("what", "kind"), Column("work", "work"), Column("params", "params"))
    keys = dict.fromkeys((*convention.work, *convention.params))
    rows = tuple(
        (key, _weight(convention.work.get(key)), _weight(convention.params.get(key))) for key in keys
    )
    of = f"{convention.title} ({convention.version})" if convention.version else convention.title
    notes = (
        convention.rule,
        f"source: {convention.source}",
        "A kind that is not listed counts 0; a more exact key overrides a shorter one.",
    )
    unsure = (
        (f"not known how the tool counts: {', '.join(convention.unknown)}",) if convention.unknown else ()
    )
    data = json_data(
        SCHEMA,
        "complete",
        convention={**convention_data(convention), "rule": convention.rule},
    )
    return Document(f"{convention.name}: {of}", (Table("weights", columns, rows),), (*notes, *unsure), data)


def _weight(weight: Weight | None) -> str:
    if weight is None or isinstance(weight, int):
        return "" if weight is None else str(weight)
    return ", ".join(f"{n} {unit.replace('_', ' ')}" for unit, n in weight.items())


def entries_data(entries: list[Entry]) -> list[dict[str, Any]]:
    """The entries of a ledger as JSON."""
    return [{"what": e.what, "number": e.number, "weight": e.weight, "amount": e.amount} for e in entries]


class _Counted(NamedTuple):
    """A design under one convention: its figures, and the entries that lead to them from the reference's."""

    convention: Convention
    figures: dict[str, int]  # by side, work or params
    reasons: dict[str, list[Entry]]
    missing: list[str]  # what the convention does not know, in words

    def row(self) -> tuple[Any, ...]:
        """The convention as a row of the table: work, its unit, parameters, and the difference to the
        reference of each.
        """
        more = {kind: sum(e.amount for e in self.reasons[kind]) for kind in SIDES}
        work = (self.figures[WORK], self.convention.unit, more[WORK])
        return self.convention.name, *work, self.figures[PARAMS], more[PARAMS], ", ".join(self.missing)

    def data(self) -> dict[str, Any]:
        """The convention as JSON: its figures, and the reasons why they differ from the reference."""
        return {
            "name": self.convention.name,
            "unit": self.convention.unit,
            **self.figures,
            **({"not_known": self.missing} if self.missing else {}),
            "reasons": {kind: entries_data(self.reasons[kind]) for kind in SIDES},
        }


def _counted(costs: Costs, reference: Convention, others: Sequence[Convention]) -> list[_Counted]:
    """The figures of a design under the reference and under other conventions."""
    every = [reference, *others]
    units = units_of(every)
    sums = {kind: counts(terms_of(costs, kind), units) for kind in SIDES}
    return [
        _Counted(
            k,
            {kind: value(sums[kind], side(k, kind)) for kind in SIDES},
            {kind: difference(sums[kind], side(reference, kind), side(k, kind), kind) for kind in SIDES},
            gaps(costs, k),
        )
        for k in every
    ]


def side_by_side(design: Design, costs: Costs, reference: Convention) -> Document:
    """One design under every convention, with the reasons for each difference from the reference.

    The amounts of the reasons add up to the difference.
    """
    others = [load_convention(name) for name in convention_names() if name != reference.name]
    found = _counted(costs, reference, others)
    reasons = tuple(
        (k.convention.name, kind, e.what, e.number, e.weight, e.amount)
        for k in found
        for kind in SIDES
        for e in k.reasons[kind]
    )
    data = json_data(
        SCHEMA,
        costs.graph,
        design=design_data(design),
        reference=reference.name,
        conventions=[k.data() for k in found],
    )
    note = (
        f"the amounts add up to each convention's difference from {reference.name}; `mnetcost conventions"
        " NAME` shows its rule"
    )
    tables = (_figures_table(found, reference), Table("reasons", REASONS, reasons))
    notes = (*partial_notes(costs.graph), note)
    title = f"{design.heading} under {len(found)} conventions"
    return Document(title, tables, notes, data, charts=partial(_charts, title, found))


def _charts(title: str, found: Sequence[_Counted]) -> tuple[Bars, ...]:
    """Work and parameters under each convention, with its unit where that is not multiply-adds."""
    from ..charts import Axis, Bars

    rows = tuple((_named(k), k.figures[WORK], k.figures[PARAMS]) for k in found)
    name, work, params = rows[0]
    about = f"{title}: {name} counts {work:,} and {params:,} params"
    ends = [f"{min(r[n] for r in rows):,} to {max(r[n] for r in rows):,}" for n in (1, 2)]
    about += f"; all of them {ends[0]}, each in its unit, and {ends[1]} params."
    return (Bars(title, about, Axis("work, each in its unit"), Axis("params"), rows, parts=False),)


def _named(k: _Counted) -> str:
    """The name of a convention, its unit, and whether it lacks something."""
    words = [
        *([k.convention.unit] if k.convention.unit != "MAdds" else []),
        *(["incomplete"] if k.missing else []),
    ]
    return k.convention.name + (f" ({', '.join(words)})" if words else "")


REASONS = (
    Column("convention", "convention"),
    Column("of", "of"),
    Column("what", "difference"),
    Column("number", "how many", "count"),
    Column("weight", "times", "integer"),
    Column("amount", "amount", "count"),
)


def _figures_table(found: Sequence[_Counted], reference: Convention) -> Table:
    """A row a convention; what some of them do not know is a column only where there is any."""
    columns = (
        Column("convention", "convention"),
        Column("madds", "work", "count"),
        Column("unit", "unit"),
        Column("madds_more", f"work vs {reference.name}", "change"),
        Column("params", "params", "count"),
        Column("params_more", f"params vs {reference.name}", "change"),
        Column("not_known", "not known"),
    )
    width = len(columns) if any(k.missing for k in found) else len(columns) - 1
    return Table("conventions", columns[:width], tuple(k.row()[:width] for k in found))
