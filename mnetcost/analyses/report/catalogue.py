"""Which designs are shipped, and what does each cost as it stands?"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from ...designs import Settings, load_spec, split_design
from ...designs.aliases import aliases, sharing
from ...designs.find import like, shipped_spec
from ...designs.shipped import shipped
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...errors import CallError
from ...version import VERSION
from ..budgets.budgets import Rule
from ..budgets.metrics import Gauge
from ..documents import Column, Document, Table
from .report import convention_data, sorted_rows

SCHEMA = "mnetcost.list/1"


def chosen(patterns: Sequence[str]) -> list[str]:
    """The shipped designs of some names, folders such as `keras`, or patterns with * and ?; all of them
    for none.

    Raises CallError, with the nearest, for one that picks nothing.
    """
    found: set[str] = set()
    for pattern in patterns:
        wanted = pattern.rstrip("/")
        names = [n for n in shipped() if n == wanted or n.startswith(f"{wanted}/") or fnmatchcase(n, wanted)]
        names = names or list(sharing(wanted)) or [split_design(wanted)[0]]
        if names[0] not in shipped():
            near = like(wanted)
            raise CallError(
                f"no design is called '{wanted[:60]}'",
                hint=f"did you mean '{near}'?" if near else "mnetcost list",
            )
        found.update(names)
    return [n for n in shipped() if n in found or not patterns]


def catalogue(
    convention: Convention,
    patterns: Sequence[str] = (),
    rules: Sequence[Rule] = (),
    names: bool = False,
    sort: str | None = None,
) -> Document:
    """Answer with a row a design: its name, source, params and work at alpha 1 and its own size.

    patterns: as `chosen` takes them. rules: only designs that keep these limits. names: what else each is
    called, too. sort: by a column, as in a report. Raises CallError where a pattern picks nothing, or a
    limit is relative.
    """
    if any(rule.limit.relative for rule in rules):
        raise CallError(
            "a list has nothing that a relative limit could be compared with",
            hint="an amount: --max madds=300M",
        )
    wanted = chosen(patterns)
    rows, found = [], []
    for name in wanted:
        spec = shipped_spec(name)
        gauge = Gauge(cost(load_spec(spec, Settings()).graph), convention)
        if not all(
            rule.limit.keeps(gauge.within(rule.scope).figure(rule.metric))
            for rule in rules
            if _has(gauge, rule)
        ):
            continue
        params, madds = gauge.figure("params"), gauge.figure("madds")
        h, w = spec.resolution
        called = aliases().written.get(name, ())
        rows.append(
            (
                name,
                (h, w),
                spec.classes,
                params,
                madds,
                *([", ".join(called)] if names else []),
                spec.title,
                spec.source,
            )
        )
        found.append(
            {
                "name": name,
                "title": spec.title,
                "source": spec.source,
                "differs": list(spec.differs),
                "aliases": list(called),
                "resolution": [h, w],
                "classes": spec.classes,
                "alphas": list(spec.alphas),
                "resolutions": list(spec.resolutions),
                "params": params,
                "madds": madds,
            }
        )
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
    table = Table("designs", columns, tuple(rows))
    if sort:
        table = sorted_rows(table, sort)
        order = [row[0] for row in table.rows]
        found.sort(key=lambda d: order.index(str(d["name"])))
    data = {
        "schema": SCHEMA,
        "mnetcost": VERSION,
        "status": "complete",
        "convention": convention_data(convention),
        "designs": found,
    }
    kept = " and ".join(
        f"{rule.name} {'<=' if rule.limit.side == 'max' else '>='} {rule.limit.text}" for rule in rules
    )
    notes = (
        (
            f"counted as '{convention.name}', at alpha 1; `mnetcost show DESIGN` prints one, `mnetcost report"
            " DESIGN` costs it"
        ),
    )
    title = f"{len(rows)} shipped design{'s' * (len(rows) != 1)}" + (
        f" of {len(wanted)} with {kept}" if rules else ""
    )
    return Document(title, (table,), notes, data)


def _has(gauge: Gauge, rule: Rule) -> bool:
    """Is a scope's layer there at all? A limit on layers that a design does not have is kept."""
    return not rule.scope or bool(gauge.within(rule.scope).costs.layers)
