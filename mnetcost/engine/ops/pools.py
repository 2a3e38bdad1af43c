"""Which ops change a map's height and width? Pools, reductions and resizing."""

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Choice, Count, Flag, MaybeCount, Padding, Ratios, Row, Size
from ..num import Num, anywhere, gcd, pair, truncate
from ..shapes import Shape, Volume, windowed
from ..terms import Term, Terms
from .op import op


def read(x: Shape | Volume) -> tuple[tuple[str, Num], ...]:
    """The named sides that count an input's positions."""
    return tuple([(f"{side}_in", n) for side, n in x.places])


def read_and_written(y: Shape | Volume, x: Shape | Volume, pool: str) -> Terms:
    """What a pool reads and writes, which some tools count instead of its windows."""
    yield Term("pool_input", (("c", x.c), *read(x)), pool)
    yield Term("pool_output", (("c", y.c), *y.places), pool)


def pooled(pool: "MaxPool | AvgPool | L2Pool", x: Shape) -> Shape:
    """The map left by a pool with windows."""
    h, w = windowed(x, pool.kernel, pool.stride, pool.dilation, pool.padding, pool.ceil, pool.tiles)
    return Shape(h, w, x.c)


def window(kernel: Size) -> tuple[tuple[str, Num], ...]:
    """The named sides of a window."""
    return tuple(zip(("k_h", "k_w"), pair(kernel), strict=True))


def pool_work(
    window: tuple[tuple[str, Num], ...], y: Shape | Volume, x: Shape | Volume, variant: str
) -> Terms:
    """The numbers under a pool's windows, and what it reads and writes."""
    yield Term("pool", (*window, ("c", y.c), *y.places), variant)
    yield from read_and_written(y, x, variant)


@op("max_pool", sees="window", family="pool", why="keeps the strongest response of each window")
class MaxPool(NamedTuple):
    """Max pooling: the largest value under each window."""

    kernel: Size = 2
    stride: Size = 2
    padding: Padding = "valid"
    dilation: Size = 1
    ceil: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return pooled(self, x)

    def work(self, y: Shape, x: Shape) -> Terms:
        return pool_work(window(self.kernel), y, x, "max")


@op("avg_pool", sees="window", family="pool", why="keeps the mean of each window")
class AvgPool(NamedTuple):
    """Average pooling: the mean under each window."""

    kernel: Size = 2
    stride: Size = 2
    padding: Padding = "valid"
    dilation: Size = 1
    ceil: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return pooled(self, x)

    def work(self, y: Shape, x: Shape) -> Terms:
        return pool_work(window(self.kernel), y, x, "average")


@op("l2_pool", sees="window", family="pool", why="keeps the length of each window")
class L2Pool(NamedTuple):
    """L2 pooling: the root of the sum of the squares under each window."""

    kernel: Size = 2
    stride: Size = 2
    padding: Padding = "valid"
    dilation: Size = 1
    ceil: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return pooled(self, x)

    def work(self, y: Shape, x: Shape) -> Terms:
        return pool_work(window(self.kernel), y, x, "l2")


@op(
    "global_pool",
    volumes=True,
    sees="everything",
    family="pool",
    why="one number per channel, so that the classifier sees the whole map",
)
class GlobalPool(NamedTuple):
    """Global pooling: one number per channel, the mean (or maximum) over the whole map.

    `pool` is "average" or "max".
    """

    pool: Choice = "average"

    def shape(self, x: Shape) -> Shape:
        return Shape(1, 1, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("pool", (("c", x.c), *read(x)), "global_" + self.pool)
        yield from read_and_written(y, x, "global_" + self.pool)


@op("adaptive_pool", sees="everything", family="pool")
class AdaptivePool(NamedTuple):
    """Adaptive pooling: the output has `size` at any input size; each value is the mean (or maximum) of one
    part of the input.

    As in PyTorch, the part of output i begins at floor(i x n / size) and ends before ceil((i + 1) x n /
    size): where `size` does not divide n, parts overlap, and n + size - gcd(n, size) positions are read.
    """

    size: Size = 7
    pool: Choice = "average"

    def shape(self, x: Shape) -> Shape:
        h, w = pair(self.size)
        return Shape(h, w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        return adaptive_work(y, x, "adaptive_" + self.pool)


def adaptive_work(y: Shape | Volume, x: Shape | Volume, variant: str) -> Terms:
    """The numbers under an adaptive pool's parts, which may overlap, and what it reads and writes."""
    sides = zip(x.places, y.places, strict=True)
    reads = tuple([(f"{side}_read", n + out - gcd(n, out)) for (side, n), (_, out) in sides])
    yield Term("pool", (("c", x.c), *reads), variant)
    yield from read_and_written(y, x, variant)


@op("reduce", sees="everything", volumes=True, follows={"c": "channels"}, either=("", "h w c", "over"))
class Reduce(NamedTuple):
    """Reduce a map to `h` x `w` x `c`: each output is the sum, mean, maximum or minimum of its part.

    With `over`, to a side of 1 along the height, the width, the depth of a volume, all of these ("positions")
    or the channels, at any size.
    """

    h: Count = 1
    w: Count = 1
    c: Count = 1
    by: Choice = "sum"
    over: Choice = ""

    def shape(self, x: Shape) -> Shape:
        if self.over:
            if self.over == "depth" and not isinstance(x, Volume):
                raise ShapeError(f"a map of {x} has no depth")
            sides = [side for side in OVER[self.over] if side in x._fields]
            return x._replace(**dict.fromkeys(sides, 1))
        y = Shape(self.h, self.w, self.c)
        if anywhere(x.elements < y.elements):
            raise ShapeError(f"a map of {x} cannot be brought down to {y}")
        return y

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("reduce", (("c_in", x.c), *read(x)), self.by)


OVER = {"depth": "d", "height": "h", "width": "w", "positions": "dhw", "channels": "c"}


@op("upsample", sees="spread")
class Upsample(NamedTuple):
    """Enlarge a map by integer factors; `method` is "nearest" or "bilinear"."""

    scale: Size = 2
    method: Choice = "nearest"

    def shape(self, x: Shape) -> Shape:
        s_h, s_w = pair(self.scale)
        return Shape(x.h * s_h, x.w * s_w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("upsample", (("c", y.c), ("h", y.h), ("w", y.w)), self.method)


@op("resize", sees="spread", either=("h w", "like", "ratio"))
class Resize(NamedTuple):
    """Enlarge or shrink a map to `h` x `w`, to the size of another row (`like`), or by a `ratio`.

    With a ratio each side is floor(side x ratio), as in PyTorch and ONNX. `method` is how values between
    positions are computed.
    """

    h: MaybeCount = None
    w: MaybeCount = None
    method: Choice = "bilinear"
    ratio: Ratios = None
    like: Row = None

    def shape(self, x: Shape) -> Shape:
        if self.ratio is None:
            return Shape(self.h, self.w, x.c)
        by_h, by_w = pair(self.ratio)
        h, w = truncate(x.h * by_h), truncate(x.w * by_w)
        if anywhere(h < 1) or anywhere(w < 1):
            raise ShapeError(f"the map vanishes: {by_h:g} x {by_w:g} of a map of {x}")
        return Shape(h, w, x.c)

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("upsample", (("c", y.c), ("h", y.h), ("w", y.w)), self.method)
