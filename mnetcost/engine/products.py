"""What do products of columns and rows add up to, in every cell of a grid? Equal ones are multiplied once.

In a grid, what depends on alpha is a column and what depends on the size of the input is a row. Rounding
leaves few widths, and strides few sizes of map, so that most cells are copies of some others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..records import NamedTuple
from .conventions import UNITS, Weight, weight_of
from .num import Num, is_array
from .terms import Term

Factors = Sequence[tuple[str, Num]]


class Product(NamedTuple):
    """A product in the cells of a grid: of a column, a row, and what is neither; ints and None where it has
    no such factor.
    """

    down: Num
    along: Any
    cells: Any


def weigh_grid(terms: Iterable[Term], weights: Mapping[str, Weight], shape: tuple[int, int], /) -> Any:
    """Add up count x weight for every cell of a grid: an int64 array of this shape, (alphas, sizes).

    Products with the same row are added up as columns first. The sums W (alphas, rows) and the rows S (rows,
    sizes) then give all cells as W @ S, of which only the distinct columns and rows are multiplied. A product
    with a factor that depends on both is multiplied cell by cell.
    """
    import numpy as np

    rows: dict[bytes, Any] = {}
    sums: dict[bytes, Num] = {}
    mixed = []
    for factors, weight in weighed(terms, weights):
        product = multiplied(factors, weight)
        if product.cells is not None:
            mixed.append(product)
            continue
        key = b"" if product.along is None else product.along.tobytes()
        rows[key] = product.along
        sums[key] = sums[key] + product.down if key in sums else product.down
    total = sum_of_products([(sums[key], rows[key]) for key in rows], shape)
    scratch = np.empty_like(total) if mixed else None
    for down, along, cells in mixed:
        np.multiply(down, 1 if along is None else along, out=scratch)
        scratch *= cells
        total += scratch
    return total


def weighed(terms: Iterable[Term], weights: Mapping[str, Weight]) -> Iterator[tuple[Factors, int]]:
    """The products that a convention counts, each as its factors and its weight."""
    for t in terms:
        weight = weight_of(t, weights)
        for unit, n in {"each": weight}.items() if isinstance(weight, int) else weight.items():
            names = UNITS[unit]
            if n:
                yield t.factors if names is None else [f for f in t.factors if f[0] in names], n


def multiplied(factors: Factors, weight: int) -> Product:
    """Multiply factors of a kind: those that depend on alpha, on the size, and on both."""
    down: Num = weight
    along = cells = None
    for _, factor in factors:
        if not is_array(factor):
            down = down * factor
            continue
        height, width = factor.shape
        if width == 1:
            down = down * factor
        elif height == 1:
            along = factor if along is None else along * factor
        else:
            cells = factor if cells is None else cells * factor
    return Product(down, along, cells)


def sum_of_products(products: Sequence[tuple[Num, Any]], shape: tuple[int, int]) -> Any:
    """Add up columns x rows: an int64 array of this shape.

    products: pairs of a column, of shape (alphas, 1), or an int, and a row, of shape (1, sizes), or None for
    ones.

    >>> import numpy as np
    >>> sum_of_products([(np.array([[2], [2], [3]]), np.array([[10, 20]])), (1, None)], (3, 2)).tolist()
    [[21, 41], [21, 41], [31, 61]]
    """
    import numpy as np

    columns = np.empty((shape[0], len(products)), np.int64)
    rows = np.empty((len(products), shape[1]), np.int64)
    for k, (down, along) in enumerate(products):
        columns[:, k : k + 1] = down
        rows[k : k + 1] = 1 if along is None else along
    (some, of_row), (others, of_column) = runs(columns), runs(rows.T)
    # W @ S in 64-bit integers, which einsum adds up in two thirds of the time
    total = np.einsum("ik,kj->ij", columns[some], rows.take(others, axis=1), order="C")
    for of, axis in ((of_column, 1), (of_row, 0)):
        total = total if len(of) == total.shape[axis] else total.take(of, axis)
    return total


def runs(rows: Any) -> tuple[Any, Any]:
    """Which rows of a 2-D array differ from the one before, and for every row, which of these it equals.

    >>> import numpy as np
    >>> [found.tolist() for found in runs(np.array([[1, 2], [1, 2], [3, 4], [1, 2]]))]
    [[0, 2, 3], [0, 0, 1, 2]]
    """
    import numpy as np

    new = np.ones(len(rows), bool)
    (rows[1:] != rows[:-1]).any(axis=1, out=new[1:])
    return np.flatnonzero(new), np.cumsum(new) - 1
