"""What does each layer of one design cost? The report, by layer, block, resolution or kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.ops import DepthwiseConv, DepthwiseConv3d
from ...engine.shapes import Shape, Volume
from ...engine.terms import MAC_KINDS, Term
from ...engine.traffic import Moved
from ...errors import CallError
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
    totals_data,
)
from ..fit.footprint import Footprint, footprint, footprint_data, own_type, size_note, weight_sizes
from ..fit.footprint import notes as notes_of
from ..fit.footprint import tables as tables_of
from .groups import block_of, groups_of, map_size
from .moved import MOVED, moved_data, moved_rows, moved_table
from .rows import sorted_rows, top_rows, without_zeros
from .tally import elsewhere, gap_notes

if TYPE_CHECKING:
    from ...designs.budgets.values import Budget
    from ..charts import Bars, Network
    from ..documents import More
    from ..sliders import Sliders

SCHEMA = "mnetcost.report/1"
Row = tuple[Any, ...]
# first columns; first cells, params, work
Rows = tuple[tuple[Column, ...], list[tuple[Row, Iterable[Term], Iterable[Term]]]]


def layer_data(layer: LayerCost, convention: Convention) -> dict[str, Any]:
    """One layer of the JSON document."""
    op, x = layer.node.op, layer.inputs[0] if layer.inputs else layer.output
    return {
        "name": layer.name,
        "place": layer.node.place,
        "op": layer.word,
        "input": list(x),
        "output": list(layer.output),
        "kernel": _sides(getattr(op, "kernel", None), x),
        "stride": _sides(getattr(op, "stride", None), x),
        "groups": x.c if isinstance(op, DepthwiseConv | DepthwiseConv3d) else getattr(op, "groups", None),
        "params": convention.count_params(layer.params),
        "madds": convention.madds(layer.work),
        "params_by_kind": layer.params_by_kind(),
        "work_by_kind": layer.work_by_kind(),
    }


def _sides(size: Any, x: Shape | Volume) -> list[int] | None:
    """The size of a window or of its steps: a number for each side of what it slides over."""
    return None if size is None else list(size) if isinstance(size, tuple) else [size] * len(x.places)


def report_data(design: Design, costs: Costs, convention: Convention) -> dict[str, Any]:
    """The report as JSON: totals, bytes of weights, and the figures of every layer."""
    return json_data(
        SCHEMA,
        costs.graph,
        design=design_data(design),
        convention=convention_data(convention),
        totals=totals_data(costs, convention),
        bytes=weight_sizes(costs),
        layers=[layer_data(layer, convention) for layer in costs.layers],
    )


def weights_only(terms: Iterable[Term], convention: Convention) -> int:
    """Count the weights of convolutions and dense layers, without biases and norms."""
    return int(convention.count_params(t for t in terms if t.kind in MAC_KINDS))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _by_layer(costs: Costs, depth: int | None) -> Rows:
    columns = (
        Column("name", "layer"),
        Column("op", "op", rank=6),
        Column("input", "input", "size", rank=2),
        Column("output", "output", "size", rank=1),
        Column("kernel", "kernel", "size", rank=3),
        Column("stride", "stride", "size", rank=4),
    )

    def describe(layer: LayerCost) -> Row:
        op, x = layer.node.op, layer.inputs[0] if layer.inputs else layer.output
        kernel, stride = (_sides(getattr(op, field, None), x) for field in ("kernel", "stride"))
        return (
            layer.name,
            layer.word,
            tuple(x),
            tuple(layer.output),
            kernel,
            stride[0] if stride and len(set(stride)) == 1 else stride,
        )

    return columns, [(describe(layer), layer.params, layer.work) for layer in costs.layers]


def _by_block(costs: Costs, depth: int | None) -> Rows:
    columns = (
        Column("name", "block"),
        Column("layers", "layers", "integer", rank=3),
        Column("input", "input", "size", rank=2),
        Column("output", "output", "size", rank=1),
    )
    rows: list[tuple[Row, Iterable[Term], Iterable[Term]]] = []
    for block, layers in groups_of(costs, block_of(depth)).items():
        x = layers[0].inputs[0] if layers[0].inputs else layers[0].output
        rows.append(((block, len(layers), tuple(x), tuple(layers[-1].output)), *_terms(layers)))
    return columns, rows


def _by_resolution(costs: Costs, depth: int | None) -> Rows:
    columns = (Column("name", "output map"), Column("layers", "layers", "integer", rank=1))
    return columns, [
        ((size, len(layers)), *_terms(layers)) for size, layers in groups_of(costs, map_size).items()
    ]


def _by_kind(costs: Costs, depth: int | None) -> Rows:
    params, work = _terms(costs.layers)
    kinds = dict.fromkeys(t.kind for t in (*work, *params))
    kinds = dict.fromkeys((*(k for k in MAC_KINDS if k in kinds), *kinds))
    return (Column("name", "kind"),), [
        ((k,), [t for t in params if t.kind == k], [t for t in work if t.kind == k]) for k in kinds
    ]


def _terms(layers: Iterable[LayerCost]) -> tuple[list[Term], list[Term]]:
    layers = list(layers)
    return [t for layer in layers for t in layer.params], [t for layer in layers for t in layer.work]


BY: dict[str, Callable[[Costs, int | None], Rows]] = {
    "layer": _by_layer,
    "block": _by_block,
    "resolution": _by_resolution,
    "kind": _by_kind,
}
"""What a row of a report stands for, and the function that makes such rows."""


def table_of(
    costs: Costs,
    convention: Convention,
    by: str = "layer",
    everything: bool = False,
    depth: int | None = None,
) -> Table:
    """Make the table of a report: a row for each layer, block, resolution or kind, in execution order.

    by: a key of `BY`. everything: for kinds, show counts before they are weighed, too. depth: of the path,
    for blocks.
    Counts are whole numbers, shares fractions of 1 (None where the total is 0); the footer holds the totals.
    """
    columns, rows = BY[by](costs, depth)
    all_params, all_work = _terms(costs.layers)
    params, madds = convention.count_params(all_params), convention.madds(all_work)
    weights = weights_only(all_params, convention)
    columns = (
        *columns,
        Column("params", "params", "count"),
        Column("params_share", "params share", "share", rank=5),
    )
    if by == "kind":
        columns = (*columns, Column("weights_share", "weights share", "share", rank=4))
    columns = (
        *columns,
        Column("madds", convention.unit, "count"),
        Column("madds_share", f"{convention.unit} share", "share", bar=True),
    )
    if by == "kind" and everything:
        columns = (
            *columns,
            Column("params_raw", "params, unweighed", "count"),
            Column("work_raw", "work, unweighed", "count"),
        )

    def figures(p: Iterable[Term], w: Iterable[Term]) -> Row:
        n, m = convention.count_params(p), convention.madds(w)
        of_weights = (_share(weights_only(p, convention), weights),) if by == "kind" else ()
        raw = (sum(t.count for t in p), sum(t.count for t in w)) if by == "kind" and everything else ()
        return n, _share(n, params), *of_weights, m, _share(m, madds), *raw

    done = tuple((*head, *figures(p, w)) for head, p, w in rows)
    label = "total" if costs.status == "complete" else f"total ({costs.status})"
    blank = (None,) * (len(columns) - 1 - len(figures(all_params, all_work)))
    return Table(f"by {by}", columns, done, ((label, *blank, *figures(all_params, all_work)),))


def summary(design: Design, totals: Mapping[str, Any], convention: Convention) -> str:
    """The params and work of a design in one line."""
    params, madds = totals["params"], totals["madds"]
    return f"{design.heading}: {params:,} params, {madds:,} {convention.unit}"


def notes_under(
    design: Design, costs: Costs, convention: Convention, totals: Mapping[str, Any], notes: Iterable[str]
) -> list[str]:
    """The notes under a report; notes: those of its own, which follow what was left out of the design."""
    return [
        *partial_notes(costs.graph),
        *notes,
        *gap_notes(costs, convention),
        size_note(design, costs),
        summary(design, totals, convention),
        convention_note(convention),
        elsewhere(costs, costs.layers, convention),
    ]


class Moves(NamedTuple):
    """The bytes that layers move, and the sizes of the whole design."""

    layers: list[Moved]
    sizes: Footprint


class View(NamedTuple):
    """What a report shows beside params and work.

    memory: the bytes that each row moves and holds, in place of its params, and the sizes of the design.
    receptive: the part of the image that each row sees. dtype: of the maps; see `mnetcost.memory`.
    budgets: reads budgets; those of the design are shown on its sliders.
    """

    memory: bool = False
    receptive: bool = False
    dtype: str | None = None
    budgets: Callable[[], Iterable[Budget]] = tuple


def report(
    design: Design,
    costs: Costs,
    convention: Convention,
    by: str = "layer",
    sort: str | None = None,
    top: int | None = None,
    everything: bool = False,
    depth: int | None = None,
    view: View | None = None,
) -> Document:
    """What each layer, block, resolution or kind of one design costs, as a table with totals.

    by: what a row stands for, a key of `BY`.
    sort: the key of a column. top: keep this many rows; sorted by `madds` without `sort`, and by `held` in a
    view of memory.
    everything: include rows with no parameters and no work. depth: see `Node.block`; blocks only.
    Raises CallError for an unknown column and for rows that a view does not know; ShapeError where it is not
    known which part of the image is seen.
    """
    view = view or View()
    data = report_data(design, costs, convention)
    found = _moves(design, costs, view)
    seen, notes = _seen(costs, view)
    if found is not None:
        notes = [MOVED, *notes_of(found.sizes), *notes]
    _add_views(data, convention, found, seen)
    table = _table(costs, convention, by, depth, everything, found, seen)
    if found is None and not everything:
        table, hidden = without_zeros(table, by)
        notes = [*hidden, *notes]
    if sort or top:
        table = sorted_rows(table, sort or ("madds" if found is None else "held"))
    if top:
        table = top_rows(table, top)
    if by == "layer":
        ordered = not (sort or top)
        table = table._replace(more=partial(_inside, table, ordered, costs, convention, found, seen))
    if by != "layer" or sort or top:
        data |= {"by": by, **({} if depth is None else {"depth": depth}), "rows": table.records()}
    tables = (table, *(() if found is None else tables_of(found.sizes)))
    return Document(
        design.heading,
        tables,
        tuple(notes_under(design, costs, convention, data["totals"], notes)),
        data,
        (about(design.title, design.source),),
        table if len(tables) > 1 else None,
        charts=partial(_charts, design, costs, convention, depth),
        sliders=partial(_sliders, design, convention, depth, view),
        networks=partial(_networks, design, costs, convention, by, depth),
    )


def _add_views(
    data: dict[str, Any], convention: Convention, found: Moves | None, seen: Mapping[str, Any] | None
) -> None:
    """Add to the JSON what views show of each layer and of the design."""
    if seen is not None:
        for one in data["layers"]:
            one["receptive"] = seen[one["name"]]
    if found is not None:
        data["memory"] = footprint_data(found.sizes)
        moved = {m.layers[0].name: moved_data([m], convention) for m in found.layers}
        for one in data["layers"]:
            one["memory"] = moved.get(one["name"])


def _inside(
    layers: Table,
    ordered: bool,
    costs: Costs,
    convention: Convention,
    found: Moves | None,
    seen: Mapping[str, Any] | None,
) -> More:
    """What is inside a report by layer; ordered: its rows stand as they run, so that they make blocks."""
    from .inside import inside

    blocks = _table(costs, convention, "block", None, True, found, seen) if ordered else None
    return inside(layers, blocks, costs, convention)


def _charts(design: Design, costs: Costs, convention: Convention, depth: int | None) -> tuple[Bars, ...]:
    from .drawn import cost_by_block

    return (cost_by_block(design, costs, convention, depth),)


def _sliders(design: Design, convention: Convention, depth: int | None, view: View) -> Sliders | None:
    from .stops import sliders

    return sliders(design, convention, depth, view.budgets())


def _networks(
    design: Design, costs: Costs, convention: Convention, by: str, depth: int | None
) -> Iterable[Network]:
    from .network import networks

    return networks(design, costs, convention, by, depth) if by in ("layer", "block") else ()


def _table(
    costs: Costs,
    convention: Convention,
    by: str,
    depth: int | None,
    everything: bool,
    found: Moves | None,
    seen: Mapping[str, Any] | None,
) -> Table:
    """The figures of each row: found: in a view of memory; seen: with what it sees of the image."""
    if found is None:
        table = table_of(costs, convention, by, everything, depth)
    else:
        table = moved_table(found.layers, convention, by, _key(by, depth))
    if seen is None:
        return table
    from .seen import with_fields

    return with_fields(table, _last(costs, by, depth, seen), by)


def _seen(costs: Costs, view: View) -> tuple[dict[str, Any] | None, list[str]]:
    """What each layer sees of the image, and the notes of it; None for a view without it."""
    if not view.receptive:
        return None, []
    from .seen import SEEN, fields

    return fields(costs), [SEEN]


def _moves(design: Design, costs: Costs, view: View) -> Moves | None:
    """What a view of memory shows; None for another view. Raises CallError for a type without that view."""
    if view.memory:
        sizes = footprint(design, costs, view.dtype)
        return Moves(moved_rows(costs, own_type(design, view.dtype)), sizes)
    if view.dtype:
        raise CallError("a type of maps is for the view of memory", hint="--memory")
    return None


def _key(by: str, depth: int | None) -> Callable[[LayerCost], str]:
    """Which row a layer belongs to."""
    return {"block": block_of(depth), "resolution": map_size}.get(by, lambda layer: layer.name)


def _last(costs: Costs, by: str, depth: int | None, seen: Mapping[str, Any]) -> dict[str, Any]:
    """What the last layer of each row sees."""
    return {name: seen[layers[-1].name] for name, layers in groups_of(costs, _key(by, depth)).items()}
