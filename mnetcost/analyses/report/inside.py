"""What is inside a report by layer? The blocks that its rows make, with sums, and the terms of each layer."""

from __future__ import annotations

from ...engine.conventions import Convention
from ...engine.costs import Costs
from ..documents import More, RowBlock, Table
from .explain import section
from .groups import block_of


def inside(table: Table, by_block: Table | None, costs: Costs, convention: Convention) -> More:
    """What a page shows of a report by layer beside its figures.

    table: of the layers, by name. by_block: the same figures by block, of which the sums are taken by the
    keys of their columns; None where the layers do not stand in their order.
    """
    layers = {layer.name: layer for layer in costs.layers}
    shown = [layers[row[0]] for row in table.rows]
    return More(
        () if by_block is None else _blocks(table, by_block, costs),
        tuple(section(layer, convention) for layer in shown),
    )


def _blocks(table: Table, by_block: Table, costs: Costs) -> tuple[RowBlock, ...]:
    """The rows of each block; none where every block is one row, or all rows are one block."""
    block, layers = block_of(None), {layer.name: layer for layer in costs.layers}
    rows: dict[str, list[int]] = {}
    for n, row in enumerate(table.rows):
        rows.setdefault(block(layers[row[0]]), []).append(n)
    if len(rows) in (1, len(table.rows)):
        return ()
    sums = {one["name"]: one for one in by_block.records()}
    keys = [column.key for column in table.columns]
    return tuple(
        RowBlock(title, tuple(numbers), tuple(sums[title].get(key) for key in keys))
        for title, numbers in rows.items()
    )
