"""Which rows does a grid have? One for each cell, made as they are read, or by column for CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import Any

PIECE = 4000
"""Rows that are made at once, at most; a piece is in memory as numbers and as text."""
NARROW = 64
"""Fewer resolutions are made at several alphas at once; else a piece has one alpha, which is written once."""
Row = tuple[Any, ...]


class Cells(Sequence[Row]):
    """The cells of a grid as rows: alpha, resolution, then a value of each array."""

    def __init__(self, alpha: Any, labels: Sequence[int | str], *values: Any) -> None:
        """alpha: of shape (alphas,); labels: resolutions; values: arrays of shape (alphas, resolutions)."""
        self.alpha, self.labels, self.values = alpha, list(labels), values

    def __len__(self) -> int:
        return len(self.alpha) * len(self.labels)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        i, j = divmod(range(len(self))[at], len(self.labels))
        return float(self.alpha[i]), self.labels[j], *(int(values[i, j]) for values in self.values)

    def __iter__(self) -> Iterator[Row]:
        return rows(self.pieces())

    def pieces(self) -> Iterator[list[Any]]:
        """The same by column, as `Table.rows` says."""
        import numpy as np

        wide = len(self.labels)
        many = PIECE // wide if wide < NARROW else 1
        starts = range(0, wide, PIECE)
        labels = {j: self.labels[j : j + PIECE] * many for j in starts}
        for i in range(0, len(self.alpha), many):
            alpha = self.alpha[i : i + many]
            for j in starts:
                parts = [values[i : i + many, j : j + PIECE] for values in self.values]
                size = len(alpha) * min(PIECE, wide - j)
                names = labels[j] if len(labels[j]) == size else labels[j][:size]
                yield [column(np.repeat(alpha, size // len(alpha))), names, *map(column, parts)]


class BlockCells(Sequence[Row]):
    """The cells of all blocks as rows: the block, then as in `Cells`."""

    def __init__(self, cells: Sequence[tuple[str, Cells]]) -> None:
        """cells: those of each block, by its name; of all blocks as many."""
        self.cells = list(cells)

    def __len__(self) -> int:
        return sum(len(cells) for _, cells in self.cells)

    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        n = range(len(self))[at]
        name, cells = self.cells[n // len(self.cells[0][1])]
        return (name, *cells[n % len(cells)])

    def __iter__(self) -> Iterator[Row]:
        return rows(self.pieces())

    def pieces(self) -> Iterator[list[Any]]:
        """The same by column, as `Table.rows` says."""
        for name, cells in self.cells:
            for piece in cells.pieces():
                yield [name, *piece]


def column(values: Any) -> Any:
    """Some values of an array as a list, or as one value where all are equal."""
    first = values.flat[0]
    return first.item() if (values == first).all() else values.ravel().tolist()


def rows(pieces: Iterator[list[Any]]) -> Iterator[Row]:
    """The rows of pieces; at least one column of each piece is a list."""
    for piece in pieces:
        yield from zip(*(c if c.__class__ is list else repeat(c) for c in piece), strict=False)
