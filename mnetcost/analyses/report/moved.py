"""Which bytes does each layer, block or map size move, how much is computed for each, and what is held?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...designs.programs import BITS
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.traffic import Moved, traffic
from ...errors import CallError
from ..documents import Column, Table

WEIGHTS = {"int16": "int8"}
"""The type of the weights beside maps of a type, where it is another one."""
MOVED = (
    "reads, writes: maps, each moved once, nothing kept in a cache; weights: batch norm folded; held: all"
    " maps in memory while it runs; norms and activations are part of the layer before them"
)


def moved_rows(costs: Costs, dtype: str) -> list[Moved]:
    """The bytes that each layer moves, its maps of a type of `BITS`."""
    return traffic(costs, BITS[dtype], WEIGHTS.get(dtype, dtype))


def moved_table(
    found: Sequence[Moved], convention: Convention, by: str, key: Callable[[LayerCost], str]
) -> Table:
    """A row for each layer, or each group of layers, in execution order.

    key: which row a layer belongs to. Raises CallError by kind, of which no bytes are known.
    """
    if by == "kind":
        raise CallError("the bytes that move are known of layers, not of kinds", hint="--by layer or block")
    rows: dict[str, list[Moved]] = {}
    for one in found:
        rows.setdefault(key(one.layers[0]), []).append(one)
    columns = (
        Column("name", {"layer": "layer", "block": "block"}.get(by, "output map")),
        *([Column("op", "op", rank=5), Column("output", "output", "size", rank=4)] if by == "layer" else []),
        Column("madds", convention.unit, "count", rank=3),
        Column("reads", "reads", "integer", rank=1),
        Column("weights", "weights", "integer", rank=1),
        Column("writes", "writes", "integer", rank=1),
        Column("intensity", f"{convention.unit} a byte", "ratio"),
        Column("held", "held", "memory", bar=True),
    )
    done = [_row(name, some, by, convention) for name, some in rows.items()]
    total = _row("total", found, "", convention)
    blank = (None, None) if by == "layer" else ()
    footer = (total[0], *blank, *total[1:-1], max((m.held for m in found), default=0))
    return Table(f"by {by}", columns, tuple(done), (footer,))


def _row(name: str, some: Sequence[Moved], by: str, convention: Convention) -> tuple[Any, ...]:
    first = some[0].layers[0] if some else None
    head = (first.word, tuple(first.output)) if by == "layer" and first else ()
    return name, *head, *moved_data(some, convention).values()


def moved_data(some: Sequence[Moved], convention: Convention) -> dict[str, Any]:
    """The figures of some layers: sums, and the largest of what is held; weights None where not known."""
    known = [m.weights for m in some if m.weights is not None]
    weights = sum(known) if len(known) == len(some) else None
    madds = convention.madds(t for m in some for layer in m.layers for t in layer.work)
    reads, writes = sum(m.reads for m in some), sum(m.writes for m in some)
    moved = None if weights is None else reads + writes + weights
    return {
        "madds": madds,
        "reads": reads,
        "weights": weights,
        "writes": writes,
        "intensity": madds / moved if moved else None,
        "held": max((m.held for m in some), default=0),
    }
