"""Which ops read several maps and give one? Sums, products and concatenation."""

from typing import Any

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Choice
from ..num import Num, choose, everywhere
from ..shapes import Shape, Volume
from ..terms import Term, Terms
from .op import op


def same(a: Shape, b: Shape) -> bool:
    """Are two maps, or two volumes, of one size?"""
    return len(a) == len(b) and all(everywhere(m == n) for m, n in zip(a, b, strict=True))


def channels_agree(what: str, xs: tuple[Shape, ...]) -> None:
    """Raise ShapeError unless all maps have one size."""
    first = xs[0]
    for other in xs[1:]:
        if first is not other and not same(first, other):
            raise ShapeError(f"{what} needs maps of one shape, but these are {' and '.join(map(str, xs))}")


def spread(what: str, xs: tuple[Any, ...]) -> Any:
    """Return the shape of maps combined element by element, where a side of 1 is repeated as often as the
    others need; a map beside a volume is repeated along its depth.
    """
    if any(isinstance(x, Volume) for x in xs):
        xs = tuple(x if isinstance(x, Volume) else Volume(1, *x) for x in xs)
    out = xs[0]
    for x in xs[1:]:
        if x is out:
            continue
        if not all(everywhere((a == b) | (a == 1) | (b == 1)) for a, b in zip(out, x, strict=True)):
            raise ShapeError(
                f"{what} needs maps of one shape, or of sides of 1, but these are"
                f" {' and '.join(map(str, xs))}"
            )
        out = out.__class__(*(choose(a == 1, b, a) for a, b in zip(out, x, strict=True)))
    return out


@op(
    "add",
    volumes=True,
    in_place=True,
    reads=0,
    light=True,
    commutes=True,
    noun="shortcut",
    why="sums the branches",
)
class Add(NamedTuple):
    """Element-wise sum of maps of one shape: the shortcut of a residual block."""

    def shape(self, *xs: Shape) -> Shape:
        channels_agree("add", xs)
        return xs[0]

    def work(self, y: Shape, *xs: Shape) -> Terms:
        times = (("inputs - 1", len(xs) - 1),) if len(xs) != 2 else ()
        yield Term("add", (*times, ("c", y.c), *y.places))


@op("elementwise", volumes=True, in_place=True, reads=0, light=True)
class Elementwise(NamedTuple):
    """Combine maps element by element, with sides of 1 broadcast: add, subtract, divide,
    maximum, minimum, power.
    """

    combine: Choice = "add"

    def shape(self, *xs: Shape) -> Shape:
        y: Shape = spread(self.combine, xs)
        return y

    def work(self, y: Shape, *xs: Shape) -> Terms:
        times = (("inputs - 1", len(xs) - 1),) if len(xs) != 2 else ()
        kind, variant = ("add", "") if self.combine == "add" else ("elementwise", self.combine)
        yield Term(kind, (*times, ("c", y.c), *y.places), variant)


@op("gate", volumes=True, in_place=True, reads=2, light=True, noun="product")
class Gate(NamedTuple):
    """Multiply a map by one number per channel (squeeze-and-excite), by a map of the same shape, or by a map
    of one channel.
    """

    def shape(self, x: Shape, by: Shape) -> Shape:
        if by.__class__ is Shape:
            vector = (by.h == 1) & (by.w == 1)
            if everywhere((x.c == by.c) & (vector | ((by.h == x.h) & (by.w == x.w)))):
                return x
        y: Shape = spread("gate", (x, by))
        return y

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("gate", (("c", y.c), *y.places))


@op("axpy", reads=3)
class Axpy(NamedTuple):
    """Multiply a map by a vector and add another map, in one layer: the end of a squeeze-and-excite residual
    block in SENet's Caffe files.

    Reads the vector, the map, and the map to add. Source: Hu et al. 2017, arXiv 1709.01507, and its
    authors' Caffe.
    """

    def shape(self, by: Shape, x: Shape, plus: Shape) -> Shape:
        channels_agree("axpy", (x, plus))
        return Gate().shape(x, by)

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("gate", (("c", y.c), ("h", y.h), ("w", y.w)))
        yield Term("add", (("c", y.c), ("h", y.h), ("w", y.w)))


@op("concat", volumes=True, reads=0, light=True, why="puts the branches one behind another")
class Concat(NamedTuple):
    """Concatenate maps along the channels, or along the height, the width, or the depth of volumes
    (`along`).
    """

    along: Choice = "channels"

    def shape(self, *xs: Shape) -> Shape:
        side = {"depth": "d", "height": "h", "width": "w", "channels": "c"}[self.along]
        if side not in xs[0]._fields:
            raise ShapeError(f"concat along the depth needs volumes, not a map of {xs[0]}")
        for x in xs[1:]:
            if not same(x._replace(**{side: 0}), xs[0]._replace(**{side: 0})):
                raise ShapeError(f"concat needs maps of one size, but these are {' and '.join(map(str, xs))}")
        return xs[0]._replace(**{side: sum(getattr(x, side) for x in xs)})

    def printed(self, *xs: Num) -> Num:
        """The sum of the printed widths, along the channels; along another side it has none."""
        return sum(xs) if self.along == "channels" else None
