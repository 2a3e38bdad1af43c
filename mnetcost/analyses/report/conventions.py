"""How does each tool count?

The list of conventions, one of them, and one design under all of them with the reasons.
"""

from __future__ import annotations

from typing import Any

from ...designs.conventions import convention_names, load_convention
from ...designs.settings import Design
from ...engine.conventions import Convention, Weight
from ...engine.costs import Costs
from ..documents import Column, Document, Table, convention_data, design_data, json_data, partial_notes
from .tally import PARAMS, SIDES, WORK, Entry, counts, difference, gaps, side, terms_of, units_of, value

SCHEMA = "mnetcost.conventions/1"


def listed() -> Document:
    """Every convention in a line."""
    columns = (
        Column("name", "convention"),
        Column("unit", "unit"),
        Column("version", "version"),
        Column("title", "what it is"),
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
    """One convention: its rule in words, its source, and every weight."""
    columns = (Column("what", "kind"), Column("work", "work"), Column("params", "params"))
    keys = dict.fromkeys((*convention.work, *convention.params))
    rows = tuple(
        (key, _weight(convention.work.get(key)), _weight(convention.params.get(key))) for key in keys
    )
    of = f"{convention.title} ({convention.version})" if convention.version else convention.title
    notes = (
        convention.rule,
        f"source: {convention.source}",
        "A kind that is not listed counts 0; a more exact key beats a shorter one.",
    )
    unsure = (
        (f"does not know how the tool counts: {', '.join(convention.unknown)}",) if convention.unknown else ()
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
    """A ledger as data."""
    return [{"what": e.what, "number": e.number, "weight": e.weight, "amount": e.amount} for e in entries]


def side_by_side(design: Design, costs: Costs, reference: Convention) -> Document:
    """One design under every convention, each with what it counts otherwise than the reference does."""
    all_ = [reference, *(load_convention(name) for name in convention_names() if name != reference.name)]
    units = units_of(all_)
    sums = {kind: counts(terms_of(costs, kind), units) for kind in SIDES}
    rows, reasons, found = [], [], []
    for k in all_:
        figures = {kind: value(sums[kind], side(k, kind)) for kind in SIDES}
        parts = {kind: difference(sums[kind], side(reference, kind), side(k, kind), kind) for kind in SIDES}
        beside = [sum(e.amount for e in parts[kind]) for kind in SIDES]
        missing = gaps(costs, k)
        rows.append(
            (k.name, figures[WORK], k.unit, beside[0], figures[PARAMS], beside[1], ", ".join(missing))
        )
        reasons += [
            (k.name, kind, e.what, e.number, e.weight, e.amount)
            for kind in SIDES
            for e in parts[kind]
            if k is not reference
        ]
        unsure = {"not_known": missing} if missing else {}
        found.append(
            {
                "name": k.name,
                "unit": k.unit,
                **figures,
                **unsure,
                "reasons": {kind: entries_data(parts[kind]) for kind in SIDES},
            }
        )
    columns = (
        Column("convention", "convention"),
        Column("madds", "work", "count"),
        Column("unit", "unit"),
        Column("madds_more", f"work more than {reference.name}", "change"),
        Column("params", "params", "count"),
        Column("params_more", f"params more than {reference.name}", "change"),
        Column("not_known", "does not know"),
    )
    because = (
        Column("convention", "convention"),
        Column("of", "of"),
        Column("what", "counts otherwise"),
        Column("number", "how many", "count"),
        Column("weight", "times", "integer"),
        Column("amount", "makes", "count"),
    )
    table = Table("conventions", columns, tuple(rows))
    if not any(row[-1] for row in rows):
        table = Table("conventions", columns[:-1], tuple(row[:-1] for row in rows))
    tables = (table, Table("reasons", because, tuple(reasons)))
    data = json_data(
        SCHEMA,
        costs.graph,
        design=design_data(design),
        reference=reference.name,
        conventions=found,
    )
    note = (
        f"amounts add up to each convention's difference from {reference.name}; `mnetcost conventions NAME`"
        " shows one's rule"
    )
    return Document(
        f"{design.heading} under {len(all_)} conventions", tables, (*partial_notes(costs.graph), note), data
    )
