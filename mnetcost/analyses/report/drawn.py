"""How is a report drawn? The multiply-adds and parameters of each block as bars."""

from __future__ import annotations

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs
from ..charts import Axis, Bars
from .groups import block_of, groups_of

MOST_ROWS = 48
"""More blocks than these are drawn by the first part of their path, and the last of those together."""


def cost_by_block(design: Design, costs: Costs, convention: Convention, depth: int | None = None) -> Bars:
    """What each block costs: multiply-adds to the left, parameters to the right.

    Blocks without either are left out. depth: of their paths; None for the rows of the spec, or for the first
    parts of the paths where rows are many.
    """
    rows = _rows(costs, convention, depth)
    if depth is None and len(rows) > MOST_ROWS:
        rows = _rows(costs, convention, 1)
    if len(rows) > MOST_ROWS:
        rest = rows[MOST_ROWS - 1 :]
        rows = [
            *rows[: MOST_ROWS - 1],
            (f"{len(rest):,} more", sum(r[1] for r in rest), sum(r[2] for r in rest)),
        ]
    madds, params = sum(row[1] for row in rows), sum(row[2] for row in rows)
    about = f"{design.heading}: {madds:,} {convention.unit} and {params:,} params by block."
    if rows:
        (most, work, _), (largest, _, held) = max(rows, key=lambda r: r[1]), max(rows, key=lambda r: r[2])
        about += f" Most {convention.unit}: {most}, {work:,}. Most params: {largest}, {held:,}."
    if costs.graph.left_out:
        about += f" Left out: {', '.join(costs.graph.left_out)}."
    left, right = Axis(convention.unit), Axis("params")
    return Bars(f"{design.heading}: cost by block", about, left, right, tuple(rows))


def _rows(costs: Costs, convention: Convention, depth: int | None) -> list[tuple[str, int, int]]:
    found = [
        (
            block,
            convention.madds([t for layer in layers for t in layer.work]),
            convention.count_params(t for layer in layers for t in layer.params),
        )
        for block, layers in groups_of(costs, block_of(depth)).items()
    ]
    return [row for row in found if row[1] or row[2]]
