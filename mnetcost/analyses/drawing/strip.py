"""How wide and how high are the maps from block to block? A network as a row of columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...designs.settings import Design
from ...engine.ops import Input
from ..charts import Arc, Axis, Slab, Strip, Strips
from ..documents import Column, Table
from .columns import arcs_of, columns_of, widest
from .draw import Asked, Drawn, Sketch


def sketch(drawn: Sequence[Drawn], asked: Asked) -> Sketch:
    """Each design as a strip: a column for each block, with the paths that go by."""
    strips = [strip_of(one, asked) for one in drawn]

    def charts() -> tuple[Strips, ...]:
        return (_chart(drawn, strips),)

    unit = drawn[0].convention.unit
    several = len(drawn) > 1
    tables = tuple(
        _table(one.design.heading if several else "columns", strip, unit)
        for one, strip in zip(drawn, strips, strict=True)
    )
    return Sketch(tables, tuple(map(_data, strips)), charts)


def strip_of(drawn: Drawn, asked: Asked) -> Strip:
    """One design as a strip."""
    graph, by = drawn.costs.graph, asked.by or "block"
    columns = columns_of(drawn, by, asked.depth)
    slabs = tuple(
        Slab(
            column.name,
            tuple(column.output),
            tuple(widest(graph, column) or ()) if by == "block" else (),
            column.work,
            column.params,
            sum(graph.nodes[ref].op.__class__ is not Input for ref in column.refs),
        )
        for column in columns
    )
    design = drawn.design
    work, params = sum(slab.work for slab in slabs), sum(slab.params for slab in slabs)
    return Strip(title_of(design), design.heading, slabs, tuple(arcs_of(graph, columns)), work, params)


def title_of(design: Design) -> str:
    """What a picture calls a design: the title of its spec, or the name of its file."""
    return design.title if design.spec and design.title else design.name


def _chart(drawn: Sequence[Drawn], strips: Sequence[Strip]) -> Strips:
    unit = drawn[0].convention.unit
    title = ", ".join(strip.title for strip in strips)
    about = " ".join(_sentence(strip, unit) for strip in strips)
    return Strips(f"{title}: maps and {unit} by block", about, Axis(unit), tuple(strips))


def _sentence(strip: Strip, unit: str) -> str:
    text = f"{strip.heading}: {strip.params:,} params and {strip.work:,} {unit} in {len(strip.slabs)} columns"
    if not strip.work:
        return f"{text}."
    most = max(strip.slabs, key=lambda slab: slab.work)
    return f"{text}, most in {most.name}, {most.work:,}."


def _share(slab: Slab, strip: Strip) -> float | None:
    return slab.work / strip.work if strip.work else None


def _table(title: str, strip: Strip, unit: str) -> Table:
    """The columns of a strip as rows."""
    by = _paths(strip.arcs)
    columns = (
        Column("name", "block"),
        Column("layers", "layers", "integer", rank=3),
        Column("output", "output", "size"),
        Column("widest", "widest inside", "size", rank=2),
        Column("reads", "reads also", rank=4),
        Column("params", "params", "count", rank=1),
        Column("madds", unit, "count"),
        Column("madds_share", f"{unit} share", "share", bar=True),
    )
    rows = tuple(
        (
            slab.name,
            slab.layers,
            slab.size,
            slab.widest or None,
            ", ".join(f"{strip.slabs[arc.first].name} ({arc.kind})" for arc in by.get(n, ())) or None,
            slab.params,
            slab.work,
            _share(slab, strip),
        )
        for n, slab in enumerate(strip.slabs)
    )
    total = ("total", None, None, None, None, strip.params, strip.work, 1.0 if strip.work else None)
    return Table(title, columns, rows, (total,))


def _paths(arcs: Sequence[Arc]) -> dict[int, list[Arc]]:
    """The arcs by the column in which they end."""
    found: dict[int, list[Arc]] = {}
    for arc in arcs:
        found.setdefault(arc.last, []).append(arc)
    return found


def _data(strip: Strip) -> dict[str, Any]:
    """A strip as JSON."""
    return {
        "columns": [
            {
                "name": slab.name,
                "layers": slab.layers,
                "output": list(slab.size),
                "widest": list(slab.widest) or None,
                "params": slab.params,
                "madds": slab.work,
                "madds_share": _share(slab, strip),
            }
            for slab in strip.slabs
        ],
        "paths": [
            {
                "from": strip.slabs[arc.first].name,
                "to": strip.slabs[arc.last].name,
                "kind": arc.kind,
                "direct": arc.direct,
            }
            for arc in strip.arcs
        ],
    }
