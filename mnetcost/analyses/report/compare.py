"""How do designs stand side by side?

Params, work, layers, bytes and activations, each with its ratio to the first design's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from math import prod
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ...engine.terms import MAC_KINDS, Term
from ...errors import CallError
from ...records import NamedTuple
from ..documents import (
    Column,
    Document,
    Table,
    convention_data,
    convention_note,
    design_data,
    json_data,
    partial_notes,
    status_data,
    totals_data,
)
from .metrics import Gauge
from .metrics import about as meaning

if TYPE_CHECKING:
    from ..charts import Chart

SCHEMA = "mnetcost.compare/1"


MEMORY = ("peak_bytes.int8", "flash_bytes.int8")
"""The metrics of the rows about memory; a cell is empty where a figure is not known."""
MOST_BARS = 24
"""Blocks in a sparkline; where there are more, each bar is of several."""
MAPS = {"sum": "all maps", "largest": "largest single map"}
"""The titles of the rows about maps, by the keys of `activation_elements`."""


def labels(designs: Sequence[Design]) -> tuple[list[str], str]:
    """A short name for each design, no two the same, and the settings that all designs share, in words."""
    heads = [d.heading.rpartition(":") for d in designs]
    settings = [tail.split(",") for _, _, tail in heads]
    shared = [s for s in settings[0] if all(s in other for other in settings)]
    names: list[str] = []
    for (name, _, _), given in zip(heads, settings, strict=True):
        different = ",".join(s for s in given if s not in shared)
        label = plain_label = f"{name}:{different}" if different else name
        n = 1
        while label in names:
            n += 1
            label = f"{plain_label} ({n})"
        names.append(label)
    return names, ", ".join(s.replace("=", " ") for s in shared)


def weighed(terms: Iterable[Term], convention: Convention, work: bool) -> dict[str, int]:
    """Weigh terms by a convention and add them up by kind; kinds that come to 0 are left out.

    work: whether these are terms of work, and not of parameters.
    """
    kinds: dict[str, list[Term]] = {}
    for t in terms:
        kinds.setdefault(t.kind, []).append(t)
    count = convention.madds if work else convention.count_params
    order = dict.fromkeys((*(k for k in MAC_KINDS if k in kinds), *kinds))
    return {kind: n for kind in order if (n := count(kinds[kind]))}


def facts(design: Design, costs: Costs, convention: Convention) -> dict[str, Any]:
    """The figures of one design that are compared, as an item of `designs` in the JSON document."""
    totals = totals_data(costs, convention)
    by_map: dict[tuple[int, ...], int] = {}
    held: dict[tuple[int, ...], int] = {}
    for layer, n in costs.once():
        size = tuple(side for _, side in layer.output.places)
        if layer.work:
            by_map[size] = by_map.get(size, 0) + convention.madds(layer.work) * n
        if layer.params:
            held[size] = held.get(size, 0) + convention.count_params(layer.params) * n
    sorts = Counter(layer.word for layer in costs.layers)
    weighted = sum(n for layer, n in costs.once() if any(t.kind in MAC_KINDS for t in layer.work))
    return {
        "design": design_data(design),
        **status_data(costs.graph),
        "totals": totals,
        "layers": {"all": len(costs.layers), "with_madds": weighted, "by_op": dict(sorts)},
        "madds_by_resolution": [{"resolution": list(size), "madds": n} for size, n in by_map.items() if n],
        "params_by_resolution": [{"resolution": list(size), "params": n} for size, n in held.items() if n],
    }


def blocks_data(costs: Costs, convention: Convention, depth: int | None) -> list[dict[str, Any]]:
    """The figures of every block, at a depth or as the spec builds them, as in the JSON document."""
    from .groups import block_of, groups_of

    return [
        {
            "name": name,
            "layers": len(layers),
            "params": convention.count_params(t for layer in layers for t in layer.params),
            "madds": convention.madds(t for layer in layers for t in layer.work),
        }
        for name, layers in groups_of(costs, block_of(depth)).items()
    ]


class _Section(NamedTuple):
    """A table of designs side by side: for each design, its values by the name of their row."""

    title: str
    kind: str  # see `Column.kind`
    bars: bool
    values: list[dict[str, Any]]


def _sections(
    found: Sequence[Mapping[str, Any]], all_costs: Sequence[Costs], convention: Convention
) -> list[_Section]:
    """Every section of a comparison, from totals to layers."""
    totals, unit = [f["totals"] for f in found], convention.unit
    params = [weighed(c.merged_params(), convention, False) for c in all_costs]
    merged = [
        c.merged_work() if convention.by_count else [t for x in c.layers for t in x.work] for c in all_costs
    ]
    work = [weighed(terms, convention, True) for terms in merged]
    return [
        _Section("total", "count", False, [{"params": t["params"], unit: t["madds"]} for t in totals]),
        _profile("output map", unit, [_stages(f) for f in found]),
        _Section(f"{unit} by kind", "count", True, work),
        _Section(f"{unit} by output map", "count", True, _by_map(found)),
        _Section("params by kind", "count", True, params),
        _Section("weights in bytes", "bytes", False, _weight_bytes(totals)),
        _Section("memory in bytes", "bytes", False, [f["memory"] for f in found]),
        _Section(
            "map elements, not RAM",
            "count",
            False,
            [{MAPS[k]: n for k, n in t["activation_elements"].items()} for t in totals],
        ),
        _Section(
            "layers",
            "integer",
            False,
            [{f"with {unit}": f["layers"]["with_madds"], **f["layers"]["by_op"]} for f in found],
        ),
    ]


def _block_sections(found: Sequence[Mapping[str, Any]], unit: str) -> list[_Section]:
    """The totals, and the work and the params of every block; blocks that come to 0 are left out."""
    totals = [{"params": f["totals"]["params"], unit: f["totals"]["madds"]} for f in found]

    def section(key: str, title: str) -> _Section:
        values = [{b["name"]: b[key] for b in f["blocks"] if b[key]} for f in found]
        return _Section(f"{title} by block", "count", True, values)

    profile = _profile("block", unit, [_blocks(f) for f in found])
    return [
        _Section("total", "count", False, totals),
        profile,
        section("madds", unit),
        section("params", "params"),
    ]


_Figures = tuple[Sequence[int], Sequence[int]]
"""The work and the params of each stage of a design, in their order."""


def _stages(facts_: Mapping[str, Any]) -> _Figures:
    """The figures of a design by output map, the largest map first."""
    madds, params = (
        {tuple(m["resolution"]): m[key] for m in facts_[f"{key}_by_resolution"]}
        for key in ("madds", "params")
    )
    maps = sorted({*madds, *params}, key=lambda size: (-prod(size), size))
    return [madds.get(size, 0) for size in maps], [params.get(size, 0) for size in maps]


def _blocks(facts_: Mapping[str, Any]) -> _Figures:
    """The figures of a design by block, without blocks that cost nothing; neighbours are added up until
    there are no more than `MOST_BARS`.
    """
    rows = [(b["madds"], b["params"]) for b in facts_["blocks"] if b["madds"] or b["params"]]
    step = -(-len(rows) // MOST_BARS) or 1
    some = [rows[n : n + step] for n in range(0, len(rows), step)]
    return [sum(madds for madds, _ in part) for part in some], [sum(n for _, n in part) for part in some]


def _profile(by: str, unit: str, figures: Sequence[_Figures]) -> _Section:
    """A sparkline of each design's work and one of its params."""
    values = [{unit: tuple(madds), "params": tuple(params)} for madds, params in figures]
    return _Section(f"profile by {by}", "spark", False, values)


def _by_map(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each design's work by output map, the largest map of any design first."""
    maps = [{tuple(m["resolution"]): m["madds"] for m in f["madds_by_resolution"]} for f in found]
    sizes = sorted({size for m in maps for size in m}, key=lambda s: (-s[0] * s[1], s))
    return [{"x".join(map(str, size)): m.get(size, 0) for size in sizes} for m in maps]


def _weight_bytes(totals: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each design's bytes of weights by type; only a model file has the type "file"."""
    types = dict.fromkeys(key for t in totals for key in t["weight_bytes"])
    return [{key: t["weight_bytes"].get(key) for key in types} for t in totals]


def _tables(names: Sequence[str], sections: Iterable[_Section]) -> Iterator[Table]:
    alone = int(len(names) == 2)  # the only ratio is in the first sentence, too
    for title, kind, bars, designs in sections:
        head = [Column("name", ""), Column(names[0], names[0], kind, bars)]
        for name in names[1:]:
            head += [Column(name, name, kind, bars), Column(f"{name} ratio", "ratio", "ratio", rank=alone)]
        rows = []
        for row in dict.fromkeys(key for values in designs for key in values):
            first, *others = (values.get(row, 0) for values in designs)
            cells = [row, first]
            for value in others:
                cells += [value, None if kind == "spark" else _ratio(value, first)]
            rows.append(tuple(cells))
        yield Table(title, tuple(head), tuple(rows))


def _ratio(value: int | None, first: int | None) -> float | None:
    """A figure over the first design's; None where either is missing or the first is 0."""
    return value / first if first and value is not None else None


def _times(value: int, first: int) -> str:
    return "exactly" if value == first else f"{value / first:.3g} times" if first else "more than"


def headline(names: Sequence[str], totals: Sequence[Mapping[str, Any]], convention: Convention) -> list[str]:
    """For each design after the first, a sentence with its params and work as multiples of the first's."""
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
"""Columns that describe a design: title, kind of value, and the value.

The other columns of such a row are metrics, and the ratios of metrics to those of the first design.
"""
RATIO = "_ratio"


def columns_known() -> list[str]:
    """The keys of all columns that `compare` takes."""
    from ...designs.budgets.metrics import METRICS

    return [*ABOUT, *METRICS, *(f"{m}{RATIO}" for m in METRICS)]


def one_row_each(
    names: Sequence[str],
    designs: Sequence[tuple[Design, Costs]],
    convention: Convention,
    columns: Sequence[str],
    unit: str,
) -> Table:
    """A table with a row for each design. Counts are shown in `unit` ("k", "M" or "G"), if it is given.

    Raises CallError, with the nearest key, for an unknown column.
    """
    heads = [Column("name", "design"), *(_head(key, convention, unit) for key in columns)]
    gauges = [Gauge(costs, convention, design) for design, costs in designs]

    def value(key: str, n: int) -> Any:
        """The value of a column for the nth design."""
        if key in ABOUT:
            return ABOUT[key][2](designs[n][0])
        figure = gauges[n].known(key.removesuffix(RATIO))
        return _ratio(figure, value(key.removesuffix(RATIO), 0)) if key.endswith(RATIO) else figure

    rows = ((name, *(value(key, n) for key in columns)) for n, name in enumerate(names))
    return Table("total", tuple(heads), tuple(rows))


def _head(key: str, convention: Convention, unit: str) -> Column:
    """The column with this key; raises CallError, with the nearest key, if there is none."""
    from ...designs.budgets.metrics import METRICS

    if key in ABOUT:
        return Column(key, *ABOUT[key][:2])
    if key not in columns_known():
        raise _unknown_column(key)
    name = key.removesuffix(RATIO)
    title = convention.unit if name == "madds" else name
    if key.endswith(RATIO):
        return Column(key, f"{title} ratio", "ratio")
    measured_in = METRICS[name].unit
    if measured_in == "layers":
        return Column(key, title, "integer")
    kind = "bytes" if measured_in == "bytes" else "count"
    return Column(key, f"{title} ({unit}{'B' * (kind == 'bytes')})" if unit else title, kind, unit=unit)


def _unknown_column(key: str) -> CallError:
    from ...designs.synonyms import meant

    known = columns_known()
    like = meant(key, known, "columns") or meant(key, known, "metrics")
    hint = (
        f"did you mean '{like}'?"
        if like
        else f"columns: {', '.join(ABOUT)}, every metric of budgets, and METRIC{RATIO}"
    )
    return CallError(f"there is no column '{key[:60]}'", hint=hint)


def compare(
    designs: Sequence[tuple[Design, Costs]],
    convention: Convention,
    columns: Sequence[str] = (),
    unit: str = "",
    by: str | None = None,
    depth: int | None = None,
) -> Document:
    """Designs side by side, each figure with its ratio to that of the first design.

    columns: keys from `columns_known`; the answer is then one table with a row for each design.
    unit: "k", "M" or "G", in which people read the counts of such rows.
    by: "block" for the figures of each block, at a depth (see `Node.block`) or, for None, as specs build
    them.
    Raises CallError for fewer than two designs, or for an unknown column.
    """
    if len(designs) < 2:
        raise CallError("compare needs two designs or more", hint="mnetcost compare v1 v2")
    all_costs = [costs for _, costs in designs]
    names, shared = labels([d for d, _ in designs])
    found = [facts(d, c, convention) for d, c in designs]
    totals = [f["totals"] for f in found]
    for f in found:
        f["ratios"] = _ratios(f["totals"], totals[0])
    for f, (design, costs) in zip(found, designs, strict=True):
        gauge = Gauge(costs, convention, design)
        f["memory"] = {metric: gauge.known(metric) for metric in MEMORY}
    if by:
        for f, costs in zip(found, all_costs, strict=True):
            f["blocks"] = blocks_data(costs, convention, depth)
    status = "complete" if all(costs.status == "complete" for costs in all_costs) else "partial"
    data = json_data(SCHEMA, status, convention=convention_data(convention), designs=found)
    if columns:
        table = one_row_each(names, designs, convention, columns, unit)
        data |= {"rows": table.records()}
        tables: Iterable[Table] = (table,)
    elif by:
        data |= {"by": by, **({} if depth is None else {"depth": depth})}
        tables = _tables(names, _block_sections(found, convention.unit))
    else:
        tables = _tables(names, _sections(found, all_costs, convention))
    title = f"{', '.join(names[:-1])} and {names[-1]}" + (f" at {shared}" if shared else "")
    lead = [] if columns else headline(names, totals, convention)
    notes = _notes(names, all_costs, columns, convention)
    charts = partial(_drawn, title, names, found, all_costs, convention)
    return Document(title, tuple(tables), tuple(notes), data, tuple(lead), charts=charts)


def _drawn(
    title: str,
    names: Sequence[str],
    found: Sequence[Mapping[str, Any]],
    all_costs: Sequence[Costs],
    convention: Convention,
) -> tuple[Chart, ...]:
    """The totals of the designs, and what these consist of."""
    from .sides import bars, stacks

    rows = [(n, f["totals"]["madds"], f["totals"]["params"]) for n, f in zip(names, found, strict=True)]
    wanted = (f"{convention.unit} by kind", f"{convention.unit} by output map", "params by kind")
    parts = [
        (section.title, section.title.partition(" ")[0], section.values)
        for section in _sections(found, all_costs, convention)
        if section.title in wanted
    ]
    return bars(title, convention.unit, rows), *stacks(names, parts)


def _notes(
    names: Sequence[str], all_costs: Sequence[Costs], columns: Sequence[str], convention: Convention
) -> list[str]:
    partial = [
        f"{name}: {note}"
        for name, costs in zip(names, all_costs, strict=True)
        for note in partial_notes(costs.graph)
    ]
    memory = () if columns else map(meaning, MEMORY)
    ratios = f"ratios are to {names[0]}; " if not columns or any(c.endswith(RATIO) for c in columns) else ""
    return [*partial, *filter(None, memory), f"{ratios}{convention_note(convention)}"]


def _ratios(totals: Mapping[str, Any], first: Mapping[str, Any]) -> dict[str, float | None]:
    """The totals of a design over those of the first."""
    maps, of = totals["activation_elements"], first["activation_elements"]
    return {k: _ratio(totals[k], first[k]) for k in ("params", "madds")} | {
        f"activation_{k}": _ratio(maps[k], of[k]) for k in ("sum", "largest")
    }
