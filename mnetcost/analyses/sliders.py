"""What does a design cost at other alphas and sizes? Figures as products, which a page adds up by itself.

Every figure is a sum of products of two numbers: one that follows alpha and one that follows the size of the
input. So a page holds a few short lists in place of every cell of a grid, and no formulas of layers: it only
multiplies and adds, and its numbers are the exact ones.
"""

from __future__ import annotations

from typing import Any

from ..designs.settings import spelled_size
from ..records import NamedTuple

SAFE = 2**53
"""Whole numbers below this are exact in JavaScript."""

Parts = tuple[tuple[int, int], ...]
"""A figure, as pairs of a row and a column by their numbers; see `Sliders`."""


class Figure(NamedTuple):
    """A figure of the whole design: its key (a metric of budgets), its title, and the kind of its values as
    of a column (`Column.kind`): "count", "bytes" or "memory".
    """

    key: str
    title: str
    kind: str
    parts: Parts


class BlockParts(NamedTuple):
    """The parameters and multiply-adds of a block, by the name it has in the report by block."""

    name: str
    params: Parts
    madds: Parts


class Bound(NamedTuple):
    """A budget of a figure of this design: `label` as the budget names the design, the key of the figure, and
    the most and the least that it may be; None where there is no such limit.
    """

    label: str
    key: str
    most: int | None = None
    least: int | None = None


class Sliders(NamedTuple):
    """The figures of a design at every stop of two sliders, alpha and the size of the input, exact.

    A figure at alpha number i and size number j is the sum, over its pairs (row, column), of
    rows[row][i] * columns[column][j].

    alphas: ascending. sizes: (height, width), of volumes (depth, height, width), ascending. here: the numbers
    of the design's own alpha and size.
    rows: of one number an alpha. columns: of one number a size, such as the positions of a stage's maps; the
    first is all ones. What does not factor has a column for each size that is 1 there and 0 elsewhere.
    blocks: in execution order; their params and madds add up to the figures "params" and "madds".
    unit: what the work is called ("MAdds"). bounds: budgets of the nearest mnetcost.toml for this design.
    """

    alphas: tuple[float, ...]
    sizes: tuple[tuple[int, ...], ...]
    here: tuple[int, int]
    rows: tuple[tuple[int, ...], ...]
    columns: tuple[tuple[int, ...], ...]
    figures: tuple[Figure, ...]
    blocks: tuple[BlockParts, ...]
    unit: str
    bounds: tuple[Bound, ...] = ()

    def value(self, parts: Parts, i: int, j: int) -> int:
        """A figure at alpha number i and size number j.

        >>> rows, columns = ((5,), (3,)), ((1, 1), (1, 4))
        >>> made = Sliders((1.0,), ((8, 8), (16, 16)), (0, 0), rows, columns, (), (), "MAdds")
        >>> [made.value(((0, 0), (1, 1)), 0, j) for j in (0, 1)]
        [8, 17]
        """
        return sum(self.rows[row][i] * self.columns[column][j] for row, column in parts)

    def figure(self, key: str) -> Figure | None:
        """The figure of a key; None where the design has no such figure."""
        return next((one for one in self.figures if one.key == key), None)

    @property
    def big(self) -> bool:
        """Whether a sum may reach 2**53, so that JavaScript must add in BigInt."""
        every = [f.parts for f in self.figures] + [p for b in self.blocks for p in (b.params, b.madds)]
        rows, columns = (
            [max(map(abs, one), default=0) for one in many] for many in (self.rows, self.columns)
        )
        return any(sum(rows[r] * columns[c] for r, c in parts) >= SAFE for parts in every)


def sliders_data(sliders: Sliders) -> dict[str, Any]:
    """The sliders for JSON: lists, texts and ints, sizes as people write them ("224", "192x160").

    Where `big` is true, the numbers of rows, columns and bounds are texts: JavaScript would round them.
    """
    number = str if (big := sliders.big) else int
    bounds = [
        {
            "label": one.label,
            "key": one.key,
            **{
                side: number(amount)
                for side, amount in (("most", one.most), ("least", one.least))
                if amount is not None
            },
        }
        for one in sliders.bounds
    ]
    return {
        "big": big,
        "alphas": list(sliders.alphas),
        "sizes": [spelled_size(size) for size in sliders.sizes],
        "here": list(sliders.here),
        "rows": [[number(n) for n in row] for row in sliders.rows],
        "columns": [[number(n) for n in column] for column in sliders.columns],
        "figures": [{**one._asdict(), "parts": pairs(one.parts)} for one in sliders.figures],
        "blocks": [
            {"name": one.name, "params": pairs(one.params), "madds": pairs(one.madds)}
            for one in sliders.blocks
        ],
        "unit": sliders.unit,
        "bounds": bounds,
    }


def pairs(parts: Parts) -> list[list[int]]:
    """A figure's pairs as lists."""
    return [list(pair) for pair in parts]
