"""Which of a model file's numbers is a value made of?

Tensors and cuts of them, so that each number is counted once however it is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...records import NamedTuple

Dims = tuple[int, ...]
MOST_MARKED = 1 << 26  # numbers of stored tensors that are marked one by one, those of all cuts together


class Cut(NamedTuple):
    """Where numbers of a stored tensor are: from `offset` on, `dims` of them along each axis, `strides`
    apart.
    """

    offset: int
    dims: Dims
    strides: Dims

    @property
    def size(self) -> int:
        """How many numbers; what is repeated counts once."""
        return prod(n for n, apart in zip(self.dims, self.strides, strict=True) if apart)

    def taken(self, ranges: Sequence[range]) -> Cut:
        """Some of each axis."""
        starts = (r.start * apart for r, apart in zip(ranges, self.strides, strict=True) if r)
        strides = tuple(r.step * apart for r, apart in zip(ranges, self.strides, strict=True))
        return Cut(self.offset + sum(starts), tuple(map(len, ranges)), strides)


def contiguous(dims: Dims, offset: int = 0) -> Cut:
    """Numbers in order, the last axis fastest."""
    return Cut(offset, dims, tuple(prod(dims[i + 1 :]) for i in range(len(dims))))


class Part(NamedTuple):
    """Which stored numbers a value is made of: those of one tensor, or a cut of them."""

    key: Any
    whole: int  # how many numbers the tensor has
    cut: Cut | None = None  # None: all of them

    @property
    def size(self) -> int:
        """How many numbers the part has."""
        return self.whole if self.cut is None else self.cut.size


class Stored(NamedTuple):
    """Numbers that are in the file, or follow from those and from shapes."""

    dims: Dims
    key: Any = None  # whose they are: however many layers read them, they are counted once
    numbers: int = 0  # how many the file holds of them; 0 where they follow from shapes
    values: tuple[Any, ...] | None = None  # in order, where they are few
    # what they were taken or worked out from, where that is not the whole of one tensor in order
    parts: tuple[Part, ...] = ()
    cut: Cut | None = None  # where they stand in their one tensor, where that is known and not in order
    trained: bool = (
        True  # False: written as fixed numbers; still weights where a convolution or a dense layer reads them
    )

    @property
    def sources(self) -> tuple[Part, ...]:
        """The stored numbers that they are made of."""
        return self.parts or (Part(self.key, self.numbers),)

    @property
    def place(self) -> Cut | None:
        """Where they stand in their one tensor, if that is known."""
        if self.cut is not None:
            return self.cut if self.cut.dims == self.dims else None
        return contiguous(self.dims) if not self.parts and self.numbers == prod(self.dims) else None

    @property
    def one(self) -> bool:
        """Is it a single number, which no layer learns?"""
        return prod(self.dims) == 1


def worked_out(dims: Dims, of: Sequence[Stored], key: Any, values: tuple[Any, ...] | None = None) -> Stored:
    """What is worked out of stored values: made of all the numbers that those are made of; of the trained
    ones, where there are any.
    """
    learned = [v for v in of if v.numbers > 1 and v.trained] or [v for v in of if v.numbers > 1]
    parts = tuple(dict.fromkeys(part for v in learned for part in v.sources))
    trained = not learned or learned[0].trained
    return Stored(
        dims,
        learned[0].key if len(learned) == 1 else key,
        sum(p.size for p in parts),
        values,
        parts,
        trained=trained,
    )


class Counted:
    """Which stored numbers have been counted: each once, in whatever cuts and however often they are read.

    Cuts of one tensor are distinguished by a mark on each number; past MOST_MARKED marks the rest of a tensor
    counts with its next cut.
    """

    def __init__(self) -> None:
        self.counts: dict[Any, int] = {}  # how many numbers of each tensor that has been read
        self.whole: set[Any] = set()  # tensors of which all have
        self.cuts: dict[Any, dict[Any, Cut]] = {}
        self.marks: dict[Any, Any] = {}
        self.marked = self.changes = 0

    def __contains__(self, key: Any) -> bool:
        return key in self.counts

    def add(self, part: Part) -> int:
        """Count a part, and return how many of its numbers are new."""
        key, whole, cut = part
        before = self.counts.setdefault(key, 0)
        if key in self.whole:
            return 0
        cuts = self.cuts.setdefault(key, {})
        if (
            cut is None
            or cut.size == whole
            or (cuts and self.marked + cut.size + whole * (key not in self.marks) > MOST_MARKED)
        ):
            self.whole.add(key)
            self.marks.pop(key, None)
            new = whole - before
            self.changes += new > 0 or not whole
        else:
            axes = (pair for pair in zip(cut.strides, cut.dims, strict=True) if pair[0] and pair[1] != 1)
            place = (cut.offset, *sorted(axes))
            new = 0 if place in cuts else self.mark(key, whole, cut) if cuts else cut.size
            cuts[place] = cut
            self.changes += new > 0
        self.counts[key] += new
        return new

    def mark(self, key: Any, whole: int, cut: Cut) -> int:
        """Mark the numbers of a further cut, and return how many had no mark."""
        import numpy as np

        def numbers(of: Cut) -> Any:
            return np.lib.stride_tricks.as_strided(self.marks[key][of.offset :], of.dims, of.strides)

        if key not in self.marks:
            self.marks[key] = np.zeros(whole, np.uint8)
            self.marked += whole
            for earlier in self.cuts[key].values():
                numbers(earlier)[...] = 1
        self.marked += cut.size
        new = cut.size - int(np.count_nonzero(numbers(cut)))
        numbers(cut)[...] = 1
        return new
