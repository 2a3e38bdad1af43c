"""Which ops only move, keep or drop numbers? They cost no arithmetic, and here is the whole table of them."""

from typing import TypeVar

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Choice, Count, Flag, MaybeCount, Row, Size, Whole, Width, Zeros
from ..num import Num, anywhere, everywhere, pair
from ..shapes import Shape, Volume, sides
from ..terms import Term, Terms
from .op import op


@op("pad", sees="shifted", writes=False, light=True)
class Pad(NamedTuple):
    """Zeros around a map."""

    padding: Zeros = 1

    def shape(self, x: Shape) -> Shape:
        top, bottom, left, right = sides(self.padding, (1, 1), (1, 1))
        h, w = x.h + top + bottom, x.w + left + right
        if anywhere(h < 1) or anywhere(w < 1):
            raise ShapeError(f"padding takes all of a map of {x}")
        return Shape(h, w, x.c)


@op(
    "flatten",
    sees="everything",
    volumes=True,
    writes=False,
    light=True,
    family="vector",
    why="reads the map as one vector",
)
class Flatten(NamedTuple):
    """Read a map as one vector of h x w x c numbers."""

    def shape(self, x: Shape) -> Shape:
        return Shape(1, 1, x.elements)


Sides = TypeVar("Sides", Shape, Volume)


def reread(x: Shape | Volume, y: Sides) -> Sides:
    """The other shape of the same numbers; raises ShapeError where they are not as many."""
    if not everywhere(y.elements == x.elements):
        raise ShapeError(f"a map of {x} cannot be read as {y}")
    return y


@op(
    "reshape",
    volumes=True,
    sees="everything",
    writes=False,
    light=True,
    family="vector",
    follows={"c": "channels"},
    together={"shape": ("h", "w", "c", "d")},
)
class Reshape(NamedTuple):
    """Read the same numbers as a map of another shape; with a depth `d`, as a volume."""

    h: Count = 1
    w: Count = 1
    c: Count = 1
    d: MaybeCount = None

    def shape(self, x: Shape | Volume) -> Shape | Volume:
        if self.d is not None:
            return reread(x, Volume(self.d, self.h, self.w, self.c))
        return reread(x, Shape(self.h, self.w, self.c))


@op("permute", sees="everything", light=True, follows={"c": "channels"}, either=("", "h w c", "axes"))
class Permute(NamedTuple):
    """The same numbers in another order, as a map of another shape.

    With `axes` the sides change places, at any size: "chw" makes the channels the height, the height the
    width, and the width the channels.
    """

    h: Count = 1
    w: Count = 1
    c: Count = 1
    axes: Choice = ""

    def shape(self, x: Shape) -> Shape:
        if self.axes:
            return Shape(*(getattr(x, side) for side in self.axes))
        return reread(x, Shape(self.h, self.w, self.c))


@op("repeat", follows={"c": "channels"})
class Repeat(NamedTuple):
    """Repeat a map to `h` x `w` x `c`; each side is a multiple of the input's."""

    h: Count = 1
    w: Count = 1
    c: Count = 1

    def shape(self, x: Shape) -> Shape:
        y = Shape(self.h, self.w, self.c)
        if any(anywhere(a % b) for a, b in zip(y, x, strict=True)):
            raise ShapeError(f"a map of {x} cannot be repeated to {y}")
        return y


@op("gather", sees="everything")
class Gather(NamedTuple):
    """Numbers of a map picked by their places, each as often as asked for, as a map of `h` x `w` x `c`."""

    h: Count = 1
    w: Count = 1
    c: Count = 1

    def shape(self, x: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)


@op("scatter", reads=2)
class Scatter(NamedTuple):
    """A map in which some numbers are replaced by those of another."""

    def shape(self, x: Shape, by: Shape) -> Shape:
        return x


@op("crop", sees="shifted", writes=False, light=True, either=("h w", "like"))
class Crop(NamedTuple):
    """Take a part of a map: `h` x `w` positions of it, or as many as another row has (`like`)."""

    h: MaybeCount = None
    w: MaybeCount = None
    like: Row = None

    def shape(self, x: Shape) -> Shape:
        if anywhere(self.h > x.h) or anywhere(self.w > x.w):
            raise ShapeError(f"{self.h}x{self.w} cannot be cut out of a map of {x}")
        return Shape(self.h, self.w, x.c)


@op("constant", writes=False, light=True)
class Constant(NamedTuple):
    """Numbers that do not depend on the image: a table in the file, default boxes; `learned` ones are
    parameters.
    """

    h: Count = 1
    w: Count = 1
    c: Count = 1
    learned: Flag = False

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)

    def params(self, *xs: Shape) -> Terms:
        if self.learned:
            yield Term("table", (("h", self.h), ("w", self.w), ("c", self.c)))


@op("dropout", volumes=True, writes=False, light=True, why="active in training only")
class Dropout(NamedTuple):
    """Dropout: active in training only, free at inference."""

    def shape(self, x: Shape) -> Shape:
        return x


@op("slice", volumes=True, writes=False, light=True, follows={"channels": "share", "start": "share"})
class Slice(NamedTuple):
    """Take some of the channels: `channels` of them, starting at `start`."""

    channels: Width
    start: Whole = 0

    def shape(self, x: Shape) -> Shape:
        if anywhere(self.start + self.channels > x.c):
            raise ShapeError(
                f"{self.channels} channels from number {self.start} on cannot be taken out of a map of {x}"
            )
        return x._replace(c=self.channels)


@op("depth_to_space", sees="spread")
class DepthToSpace(NamedTuple):
    """Depth to space (pixel shuffle): `size` x `size` channels become as many positions of one channel.

    Source: Shi et al. 2016, arXiv 1609.05158.
    """

    size: Size = 2

    def shape(self, x: Shape) -> Shape:
        s_h, s_w = pair(self.size)
        if anywhere(x.c % (s_h * s_w)):
            raise ShapeError(f"{x.c} channels are not a multiple of {s_h} x {s_w}")
        return Shape(x.h * s_h, x.w * s_w, x.c // (s_h * s_w))

    def printed(self, *xs: Num) -> Num:
        """The printed width of its input, divided as the channels are."""
        s_h, s_w = pair(self.size)
        return xs[0] // (s_h * s_w) or None


@op("space_to_depth", sees="tile")
class SpaceToDepth(NamedTuple):
    """Space to depth (pixel unshuffle, YOLO's focus and reorg): `size` x `size` positions become one, with
    as many times the channels.
    """

    size: Size = 2

    def shape(self, x: Shape) -> Shape:
        s_h, s_w = pair(self.size)
        if anywhere(x.h % s_h) or anywhere(x.w % s_w):
            raise ShapeError(f"a map of {x} is not made of pieces of {s_h}x{s_w}")
        return Shape(x.h // s_h, x.w // s_w, x.c * s_h * s_w)

    def printed(self, *xs: Num) -> Num:
        """The printed width of its input, as many times as the channels."""
        s_h, s_w = pair(self.size)
        return xs[0] * s_h * s_w


@op("shuffle", volumes=True)
class Shuffle(NamedTuple):
    """Deal the channels of `groups` groups out in turn, so that the next grouped layer mixes them.

    Source: Zhang et al. 2017, arXiv 1707.01083.
    """

    groups: Count = 2

    def shape(self, x: Shape) -> Shape:
        if anywhere(x.c % self.groups):
            raise ShapeError(f"{self.groups} groups do not divide {x.c} channels")
        return x
