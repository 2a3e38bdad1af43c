"""How do designs stand side by side?

Params, work, layers, bytes and activations, each with its ratio to the first design's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...engine.terms import MAC_KINDS, Term
from ...errors import CallError
from ..documents import (
    Column,
    Document,
    Table,
    convention_data,
    design_data,
    json_data,
    partial_notes,
    status_data,
    totals_data,
)
from .metrics import METRICS, Gauge

SCHEMA = "mnetcost.compare/1"


MAPS = {"sum": "all maps", "largest": "largest single map"}
"""What is counted of maps, in words."""


def labels(designs: Sequence[Design]) -> tuple[list[str], str]:
    """A short name for each design, all different, and the settings that all share."""
    heads = [d.heading.rpartition(":") for d in designs]
    settings = [tail.split(",") for _, _, tail in heads]
    shared = [s for s in settings[0] if all(s in other for other in settings)]
    names: list[str] = []
    for (name, _, _), own in zip(heads, settings, strict=True):
        said = ",".join(s for s in own if s not in shared)
        label = plain_label = f"{name}:{said}" if said else name
        n = 1
        while label in names:
            n += 1
            label = f"{plain_label} ({n})"
        names.append(label)
    return names, ", ".join(s.replace("=", " ") for s in shared)


def weighed(terms: Iterable[Term], convention: Convention, work: bool) -> dict[str, int]:
    """Counts a kind under a convention, those that are 0 left out."""
    kinds: dict[str, list[Term]] = {}
    for t in terms:
        kinds.setdefault(t.kind, []).append(t)
    count = convention.madds if work else convention.count_params
    order = dict.fromkeys((*(k for k in MAC_KINDS if k in kinds), *kinds))
    return {kind: n for kind in order if (n := count(kinds[kind]))}


def facts(design: Design, costs: Costs, convention: Convention) -> dict[str, Any]:
    """What is compared of one design."""
    totals = totals_data(costs, convention)
    by_map: dict[tuple[int, int], int] = {}
    for layer in costs.layers:
        size = (layer.output.h, layer.output.w)
        by_map[size] = by_map.get(size, 0) + convention.madds(layer.work)
    sorts = Counter(layer.word for layer in costs.layers)
    weighted = sum(any(t.kind in MAC_KINDS for t in layer.work) for layer in costs.layers)
    return {
        "design": design_data(design),
        **status_data(costs.graph),
        "totals": totals,
        "layers": {"all": len(costs.layers), "with_madds": weighted, "by_op": dict(sorts)},
        "madds_by_resolution": [{"resolution": list(size), "madds": n} for size, n in by_map.items() if n],
    }


def _sections(
    found: Sequence[Mapping[str, Any]], all_costs: Sequence[Costs], convention: Convention
) -> list[tuple[str, str, bool, Any]]:
    """Every section: its title, its kind of value, whether bars help, and each design's rows by name."""
    totals = [f["totals"] for f in found]
    unit = convention.unit
    params = [weighed((t for x in c.layers for t in x.params), convention, False) for c in all_costs]
    work = [weighed((t for x in c.layers for t in x.work), convention, True) for c in all_costs]
    maps = [{tuple(m["resolution"]): m["madds"] for m in f["madds_by_resolution"]} for f in found]
    # only a model file has weights "file"
    types = list(dict.fromkeys(key for t in totals for key in t["weight_bytes"]))
    sizes = sorted({size for m in maps for size in m}, key=lambda s: (-s[0] * s[1], s))
    return [
        ("total", "count", False, [{"params": t["params"], unit: t["madds"]} for t in totals]),
        (f"{unit} by kind", "count", True, work),
        (
            f"{unit} by output map",
            "count",
            True,
            [{f"{h}x{w}": m.get((h, w), 0) for h, w in sizes} for m in maps],
        ),
        ("params by kind", "count", True, params),
        (
            "weights in bytes",
            "bytes",
            False,
            [{key: t["weight_bytes"].get(key) for key in types} for t in totals],
        ),
        (
            "map elements, not RAM",
            "count",
            False,
            [{MAPS[k]: n for k, n in t["activation_elements"].items()} for t in totals],
        ),
        (
            "layers",
            "integer",
            False,
            [{f"with {unit}": f["layers"]["with_madds"], **f["layers"]["by_op"]} for f in found],
        ),
    ]


def _tables(names: Sequence[str], sections: Iterable[tuple[str, str, bool, Any]]) -> Iterable[Table]:
    for title, kind, bars, columns in sections:
        head = [Column("name", "")]
        for n, name in enumerate(names):
            head += [
                Column(name, name, kind, bars),
                *([Column(f"{name} ratio", "ratio", "ratio")] if n else []),
            ]
        rows = []
        for row in dict.fromkeys(key for column in columns for key in column):
            first = columns[0].get(row, 0)
            cells = [row, first]
            for column in columns[1:]:
                value = column.get(row, 0)
                cells += [value, value / first if first and value is not None else None]
            rows.append(tuple(cells))
        yield Table(title, tuple(head), tuple(rows))


def _times(value: int, first: int) -> str:
    return "exactly" if value == first else f"{value / first:.3g} times" if first else "more than"


def headline(names: Sequence[str], totals: Sequence[Mapping[str, Any]], convention: Convention) -> list[str]:
    """A sentence for each design after the first."""
    a, first = totals[0], names[0]
    return [
        f"{name} has {_times(b['params'], a['params'])} the params of {first}, and"
        f" {_times(b['madds'], a['madds'])} its {convention.unit}."
        for name, b in zip(names[1:], totals[1:], strict=True)
    ]


TOTAL = ("resolution", "params", "madds")
"""The columns of `--only total`."""
ABOUT: dict[str, tuple[str, str, Callable[[Design], Any]]] = {
    "resolution": ("input", "size", lambda d: d.resolution),
    "channels": ("channels", "integer", lambda d: d.in_channels),
    "alpha": ("alpha", "number", lambda d: d.alpha if d.spec else None),
    "classes": ("classes", "integer", lambda d: d.classes),
    "batch": ("batch", "integer", lambda d: d.batch),
    "title": ("title", "text", lambda d: d.title),
    "source": ("source", "text", lambda d: d.source),
}
"""Columns of a row a design that say what it is: title, kind and value.

The others are metrics, and their ratios to the first's.
"""
RATIO = "_ratio"


def columns_known() -> list[str]:
    """Every column that a row a design may have."""
    return [*ABOUT, *METRICS, *(f"{m}{RATIO}" for m in METRICS)]


def one_row_each(
    names: Sequence[str],
    designs: Sequence[tuple[Design, Costs]],
    convention: Convention,
    columns: Sequence[str],
    unit: str,
) -> Table:
    """A table with a row a design and these columns; counts in `unit`, if it is given.

    Raises CallError for a column that is not known, with the nearest.
    """
    known, heads = columns_known(), [Column("name", "design")]
    for key in columns:
        if key not in known:
            from ...designs.synonyms import meant

            like = meant(key, known, "columns") or meant(key, known, "metrics")
            hint = (
                f"did you mean '{like}'?"
                if like
                else f"columns: {', '.join(ABOUT)}, every metric of budgets, and METRIC{RATIO}"
            )
            raise CallError(f"there is no column '{key[:60]}'", hint=hint)
        if key in ABOUT:
            heads.append(Column(key, *ABOUT[key][:2]))
            continue
        metric = METRICS[key.removesuffix(RATIO)]
        title = convention.unit if key.startswith("madds") else key.removesuffix(RATIO)
        if key.endswith(RATIO):
            heads.append(Column(key, f"{title} ratio", "ratio"))
            continue
        kind = "bytes" if metric.unit == "bytes" else "integer" if metric.unit == "layers" else "count"
        step = unit if kind != "integer" else ""
        heads.append(
            Column(key, f"{title} ({step}{'B' * (kind == 'bytes')})" if step else title, kind, unit=step)
        )
    gauges = [Gauge(costs, convention) for _, costs in designs]
    rows = []
    for name, (design, costs), gauge in zip(names, designs, gauges, strict=True):

        def value(key: str, design: Design = design, costs: Costs = costs, gauge: Gauge = gauge) -> Any:
            if key in ABOUT:
                return ABOUT[key][2](design)
            metric = METRICS[key.removesuffix(RATIO)]
            mine = metric.of(gauge.totals, costs)
            if not key.endswith(RATIO):
                return mine
            first = metric.of(gauges[0].totals, designs[0][1])
            return mine / first if first and mine is not None else None

        rows.append((name, *map(value, columns)))
    return Table("total", tuple(heads), tuple(rows))


def compare(
    designs: Sequence[tuple[Design, Costs]],
    convention: Convention,
    columns: Sequence[str] = (),
    unit: str = "",
) -> Document:
    """Answer with designs side by side; with `columns` (see `columns_known`), in a table of one row a
    design, its counts in `unit`.

    Raises CallError for fewer than two, or a column that is not known.
    """
    if len(designs) < 2:
        raise CallError("compare needs two designs or more", hint="mnetcost compare v1 v2")
    names, shared = labels([d for d, _ in designs])
    found = [facts(d, c, convention) for d, c in designs]
    totals = [f["totals"] for f in found]
    first = totals[0]
    for f in found:
        t = f["totals"]
        f["ratios"] = {k: t[k] / first[k] if first[k] else None for k in ("params", "madds")} | {
            f"activation_{k}": (
                t["activation_elements"][k] / n if (n := first["activation_elements"][k]) else None
            )
            for k in ("sum", "largest")
        }
    status = "partial" if any(c.status != "complete" for _, c in designs) else "complete"
    data = json_data(
        SCHEMA,
        status,
        convention=convention_data(convention),
        designs=found,
    )
    if columns:
        table = one_row_each(names, designs, convention, columns, unit)
        keys = [c.key for c in table.columns]
        data |= {"rows": [dict(zip(keys, row, strict=True)) for row in table.rows]}
        tables: Iterable[Table] = (table,)
    else:
        tables = _tables(names, _sections(found, [c for _, c in designs], convention))
    title = " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])} and {names[-1]}"
    notes = [
        f"{name}: {note}"
        for name, (_, c) in zip(names, designs, strict=True)
        for note in partial_notes(c.graph)
    ]
    ratios = f"ratios are to {names[0]}; " if not columns or any(c.endswith(RATIO) for c in columns) else ""
    notes.append(f"{ratios}counted as '{convention.name}': {convention.title}")
    lead = [] if columns else headline(names, totals, convention)
    return Document(
        f"{title}" + (f" at {shared}" if shared else ""), tuple(tables), tuple(notes), data, tuple(lead)
    )
