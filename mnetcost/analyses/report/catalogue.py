"""Which designs are shipped, and what does each cost at its default settings?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from ...designs import Settings, load_spec, split_design
from ...designs.aliases import aliases, sharing
from ...designs.conventions import load_convention
from ...designs.find import like, shipped_spec
from ...designs.shipped import family_of, shipped
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...errors import CallError
from ..documents import Column, Document, Table, convention_data, convention_note, json_data, no_charts
from .metrics import Gauge
from .rows import sorted_rows
from .stored import stored

if TYPE_CHECKING:
    from ...designs.budgets.values import Rule
    from ..charts import Scatter

SCHEMA = "mnetcost.list/1"
STORED = "paper"
"""The convention whose figures are stored."""


def chosen(patterns: Sequence[str]) -> list[str]:
    """The names of the shipped designs that any of the patterns matches; all of them without patterns.

    A pattern is a name, a folder such as `keras` or `resnet`, another name of a design, or contains * or ?.
    Raises CallError, with the nearest name, for a pattern that matches none.
    """
    found: set[str] = set()
    for pattern in patterns:
        wanted = pattern.rstrip("/")
        names = [
            n
            for n in shipped()
            if wanted in (n, family_of(n)) or n.startswith(f"{wanted}/") or fnmatchcase(n, wanted)
        ]
        names = names or list(sharing(wanted)) or [split_design(wanted)[0]]
        if names[0] not in shipped():
            near = like(wanted)
            raise CallError(
                f"there is no design '{wanted[:60]}'",
                hint=f"did you mean '{near}'?" if near else "mnetcost list",
            )
        found.update(names)
    return [n for n in shipped() if n in found or not patterns]


def entries() -> list[dict[str, Any]]:
    """Every shipped design as it is listed under the convention "paper", counted anew."""
    convention = load_convention(STORED)
    return [_entry(name, _gauge(name, convention)) for name in shipped()]


def _is_stored(convention: Convention, rules: Sequence[Rule]) -> bool:
    """Are all figures of a list among those that may be stored?"""
    plain = all(rule.metric in ("params", "madds") and not rule.scope for rule in rules)
    return plain and convention == load_convention(STORED)


def _gauge(name: str, convention: Convention) -> Gauge:
    design = load_spec(shipped_spec(name), Settings())
    return Gauge(cost(design.graph), convention, design)


def _entry(name: str, gauge: Gauge) -> dict[str, Any]:
    """One design of the JSON document: its names, its source, its settings and its figures."""
    spec = gauge.whole.spec
    assert spec is not None
    return {
        "name": name,
        "title": spec.title,
        "source": spec.source,
        "differs": list(spec.differs),
        "aliases": list(aliases().written.get(name, ())),
        "resolution": list(spec.resolution),
        "classes": spec.classes,
        "alphas": list(spec.alphas),
        "resolutions": list(spec.resolutions),
        "params": gauge.figure("params"),
        "madds": gauge.figure("madds"),
    }


def _table(found: Sequence[dict[str, Any]], convention: Convention, names: bool) -> Table:
    columns = (
        Column("name", "design"),
        Column("resolution", "input", "size", rank=3),
        Column("classes", "classes", "integer", rank=4),
        Column("params", "params", "count"),
        Column("madds", convention.unit, "count"),
        *([Column("aliases", "also called")] if names else []),
        Column("title", "title", rank=1),
        Column("source", "source", rank=2),
    )
    cells = (
        {**one, "resolution": tuple(one["resolution"]), "aliases": ", ".join(one["aliases"])} for one in found
    )
    return Table("designs", columns, tuple(tuple(row[c.key] for c in columns) for row in cells))


def catalogue(
    convention: Convention,
    patterns: Sequence[str] = (),
    rules: Sequence[Rule] = (),
    names: bool = False,
    sort: str | None = None,
) -> Document:
    """The shipped designs, a row for each: name, source, params and work at alpha 1 and the printed size.

    patterns: see `chosen`. rules: list only designs within these limits. names: add a column of other names.
    sort: the key of a column, as in a report.
    Raises CallError if a pattern matches no design, or if a limit is relative.
    """
    if any(rule.limit.relative for rule in rules):
        raise CallError(
            "a list has nothing that a relative limit could be compared with",
            hint="an amount: --max madds=300M",
        )
    wanted = chosen(patterns)
    known = stored() if _is_stored(convention, rules) else {}
    found = []
    for name in wanted:
        if name in known:
            entry = known[name]
            if all(rule.limit.keeps(entry[rule.metric]) for rule in rules):
                found.append(entry)
            continue
        gauge = _gauge(name, convention)
        if all(_keeps(gauge, rule) for rule in rules):
            found.append(_entry(name, gauge))
    table = _table(found, convention, names)
    if sort:
        table = sorted_rows(table, sort)
        order = [row[0] for row in table.rows]
        found.sort(key=lambda d: order.index(str(d["name"])))
    data = json_data(SCHEMA, "complete", convention=convention_data(convention), designs=found)
    notes = (
        "at alpha 1; `mnetcost show DESIGN` prints a spec, `mnetcost report DESIGN` its layers",
        convention_note(convention),
    )
    limits = [f"{r.name} {'<=' if r.limit.side == 'max' else '>='} {r.limit.text}" for r in rules]
    with_limits = f" of {len(wanted)} with {' and '.join(limits)}" if rules else ""
    title = f"{len(found)} shipped design{'s' * (len(found) != 1)}{with_limits}"
    charts = (lambda: (_drawn(title, found, convention),)) if found else no_charts
    return Document(title, (table,), notes, data, charts=charts)


def _drawn(title: str, found: Sequence[Mapping[str, Any]], convention: Convention) -> Scatter:
    """The designs by multiply-adds and params, in the colours of their families."""
    from ..pareto import pareto_front
    from ..scatters import Compared, scatter

    values = [one["madds"] for one in found], [one["params"] for one in found]
    compared = Compared(
        (convention.unit, "params"),
        ("count", "count"),
        values,
        lambda n: str(found[n]["name"]),
        pareto_front(values).tolist(),
        group=lambda n: _family(found[n]["name"]),
    )
    about = f"{title}, by {convention.unit} and params at alpha 1 and the usual size."
    return scatter(compared, title, about, f"{convention.unit} and params at alpha 1", all_named=True)


def _family(name: str) -> str:
    """The family of a design; implementations of the MobileNets are one of their own."""
    return family_of(name) or ("mobilenet, as implemented" if "/" in name else "mobilenet")


def _keeps(gauge: Gauge, rule: Rule) -> bool:
    """Is a design within a limit? It is if it has no layers that the limit is about."""
    inside = gauge.within(rule.scope)
    return bool(rule.scope and not inside.costs.layers) or rule.limit.keeps(inside.figure(rule.metric))
