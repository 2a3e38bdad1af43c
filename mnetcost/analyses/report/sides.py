"""How are designs drawn side by side? Bars of their totals, and what these consist of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..charts import Axis, Bars, Stacks

MOST_ROWS, MOST_PARTS = 40, 7
"""Rows and parts of a picture; further rows are left out, and further parts are one."""

Parts = Sequence[Mapping[str, int]]
"""For each design a figure of each part, by its name."""


def bars(title: str, unit: str, rows: Sequence[tuple[str, int, int]]) -> Bars:
    """Multiply-adds and params of some rows, as multiples of those of the first."""
    shown = tuple(rows[:MOST_ROWS])
    listed = "; ".join(f"{name}: {madds:,} {unit}, {params:,} params" for name, madds, params in shown[:5])
    more = f"; and {len(rows) - 5:,} more" if len(rows) > 5 else ""
    return Bars(title, f"{listed}{more}.", Axis(unit), Axis("params"), shown, shown[0][1:])


def stacks(names: Sequence[str], parts: Sequence[tuple[str, str, Parts]]) -> Iterator[Stacks]:
    """A chart of each (title, unit, parts) of which any design has something."""
    for title, unit, found in parts:
        sums: dict[str, int] = {}
        for one in found:
            for part, value in one.items():
                sums[part] = sums.get(part, 0) + value
        largest = sorted((part for part in sums if sums[part]), key=lambda part: -sums[part])
        if not largest:
            continue
        kept = [part for part in sums if part in largest[: MOST_PARTS - (len(largest) > MOST_PARTS)]]
        rest = [part for part in largest if part not in kept]
        rows = tuple(
            (
                name,
                (
                    *(one.get(part, 0) for part in kept),
                    *([sum(one.get(part, 0) for part in rest)] if rest else []),
                ),
            )
            for name, one in zip(names[:MOST_ROWS], found, strict=False)
        )
        most = largest[0]
        about = f"{title} of {len(found)} designs. Most is in {most}: " + "; ".join(
            f"{name} {one.get(most, 0):,}" for name, one in zip(names[:5], found, strict=False)
        )
        named = (*kept, *([f"{len(rest)} others"] if rest else []))
        yield Stacks(title, f"{about}.", Axis(unit), named, rows)
