"""Which layers are there, and what does each read? A network as a graph, layer by layer or block by block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..charts import Box, Network
from ..documents import Column, Table
from ..report.network import drawable
from .draw import Asked, Drawn, Sketch


def sketch(drawn: Sequence[Drawn], asked: Asked) -> Sketch:
    """Each design as a graph: a box for each layer, or for each block, and the edges between them."""
    found = tuple(drawable(*one, asked.by, asked.depth) for one in drawn)
    tables = tuple(
        _table(one.design.heading if len(drawn) > 1 else "graph", net)
        for one, net in zip(drawn, found, strict=True)
    )
    notes = tuple(f"{net.title}: blocks are drawn, {net.note}" for net in found if net.note)
    return Sketch(tables, tuple(map(_data, found)), lambda: found, notes)


def _table(title: str, net: Network) -> Table:
    """The boxes of a graph as rows."""
    columns = (
        Column("name", "block" if net.folded else "layer"),
        Column("op", "op", rank=3) if not net.folded else Column("layers", "layers", "integer", rank=3),
        Column("reads", "reads", rank=1),
        Column("output", "output", "size"),
        Column("params", "params", "count", rank=2),
        Column("madds", net.unit, "count"),
    )
    reads = _reads(net)
    rows = tuple(
        (
            box.name,
            box.layers if net.folded else box.op,
            ", ".join(names) or None,
            box.gives[-1] if box.gives else None,
            box.params,
            box.madds,
        )
        for box, names in zip(net.boxes, reads, strict=True)
    )
    params, madds = sum(b.params for b in net.boxes), sum(b.madds for b in net.boxes)
    return Table(title, columns, rows, (("total", None, None, None, params, madds),))


def _reads(net: Network) -> list[list[str]]:
    """The names of what each box reads."""
    found: list[list[str]] = [[] for _ in net.boxes]
    for a, b in net.edges:
        found[b].append(net.boxes[a].name)
    return found


def _data(net: Network) -> dict[str, Any]:
    """A graph as JSON."""
    return {
        "nodes": [{**_node(box), "reads": names} for box, names in zip(net.boxes, _reads(net), strict=True)],
    }


def _node(box: Box) -> dict[str, Any]:
    return {
        "name": box.name,
        "op": box.op if box.layers == 1 else None,
        "layers": box.layers,
        "inputs": [list(shape) for shape in box.reads],
        "outputs": [list(shape) for shape in box.gives],
        "params": box.params,
        "madds": box.madds,
    }
