"""How is memory drawn that a design needs in pieces? What is held, layer by layer and in parts or patches."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts import Axis, Bars
from ..documents import Table


def blocks_in_parts(heading: str, table: Table, parts: int, whole: int, peak: int, both: bool) -> Bars:
    """What each bottleneck holds layer by layer, and in parts; table: of bottlenecks. both: inner maps."""
    key = "two_inner" if both else "one_inner"
    rows = tuple((row["block"], row["by_layers"], row[key]) for row in table.records())
    return Bars(
        f"{heading}: each bottleneck in {parts} parts",
        f"{heading}: the peak is {whole:,} bytes layer by layer, and {peak:,} in {parts} parts.",
        Axis("held layer by layer", "memory"),
        Axis(f"held in {parts} parts", "memory"),
        rows,
        parts=False,
        alike=True,
    )


def parts_in_patches(
    heading: str, rows: Sequence[tuple[str, int, int]], grid: tuple[int, int], whole: int
) -> Bars:
    """The peak of each leading part in patches, and the multiply-adds that it repeats.

    rows: (up to, peak, repeated), the lowest peak first.
    """
    (over, peak, repeated), by = rows[0], f"{grid[0]}x{grid[1]}"
    return Bars(
        f"{heading}: {by} patches up to a layer",
        f"{heading}: the peak is {whole:,} bytes layer by layer, and {peak:,} in {by} patches up to {over},"
        f" which repeat {repeated:,} multiply-adds.",
        Axis("peak", "memory"),
        Axis("repeated MAdds"),
        tuple(rows),
        parts=False,
    )
