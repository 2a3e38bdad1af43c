"""Which part of the image does each row of a report see? Columns beside the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...engine.costs import Costs
from ...engine.receptive import receptive_fields
from ...errors import CallError
from ..documents import Column, Table
from ..fit.receptive import layer_data

SEEN = (
    "sees: lines of the image that one position depends on; step: how far further the next one's are; before:"
    " how many of them lie before the image; gates left out (mnetcost receptive)"
)
COLUMNS = (
    Column("rf", "sees", "size"),
    Column("rf_stride", "step", "size", rank=1),
    Column("rf_padding", "before", "size", rank=2),
    Column("rf_aligned", "aligned", rank=3),
)
KEYS = ("rf", "stride", "padding", "aligned")


def fields(costs: Costs) -> dict[str, dict[str, Any]]:
    """What each layer sees, by name: `rf`, `stride`, `padding` and `aligned`, all None for the whole image.

    Raises ShapeError where it is not known: volumes, and paths of different strides that join.
    """
    found = zip(costs.graph.nodes, receptive_fields(costs.graph), strict=True)
    return {
        node.name: {key: layer_data(node.name, field, field)[key] for key in KEYS} for node, field in found
    }


def with_fields(table: Table, by_row: Mapping[str, Mapping[str, Any]], by: str) -> Table:
    """Add what each row sees, by its name, before the first count.

    Raises CallError for rows that have no place in the network.
    """
    if by not in ("layer", "block"):
        raise CallError(
            f"what is seen is known of layers and blocks, not by {by}", hint="--by layer, or --by block"
        )
    at = next(n for n, c in enumerate(table.columns) if c.key in ("params", "madds"))

    def widened(row: tuple[Any, ...]) -> tuple[Any, ...]:
        one: Mapping[str, Any] = by_row.get(row[0]) or dict.fromkeys(KEYS)
        sides = [one[key] and tuple(one[key]) for key in KEYS[:3]]
        aligned = {True: "yes", False: "no", None: None}[one["aligned"]]
        return *row[:at], *sides, aligned, *row[at:]

    blank = (None,) * len(COLUMNS)
    return table._replace(
        columns=(*table.columns[:at], *COLUMNS, *table.columns[at:]),
        rows=tuple(map(widened, table.rows)),
        footer=tuple((*row[:at], *blank, *row[at:]) for row in table.footer),
    )
