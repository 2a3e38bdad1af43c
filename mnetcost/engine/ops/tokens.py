"""Which ops make a map a sequence of tokens, and a sequence a map again?"""

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Count, Flag, MaybeCount, Row, Whole
from ..num import anywhere, everywhere
from ..shapes import Shape, Volume
from ..terms import Term, Terms
from .op import op


@op("map_to_tokens", volumes=True, writes=False, light=True, why="reads each position as a token")
class MapToTokens(NamedTuple):
    """Read a map as a sequence of h x w tokens, or a volume as one of d x h x w: a map one wide."""

    def shape(self, x: Shape | Volume) -> Shape:
        return Shape(x.positions, 1, x.c)


@op("tokens_to_map", writes=False, light=True, either=("h w", "like"))
class TokensToMap(NamedTuple):
    """Read a sequence of tokens as a map of `h` x `w`, or of the size of another row (`like`).

    `drop` is how many tokens at the front are left out: the class token, for one.
    """

    h: MaybeCount = None
    w: MaybeCount = None
    like: Row = None
    drop: Whole = 0

    def shape(self, x: Shape) -> Shape:
        y = Shape(self.h, self.w, x.c)
        if not everywhere(x.h * x.w - self.drop == y.h * y.w):
            without = f" without {self.drop}" if self.drop else ""
            raise ShapeError(f"{x.h * x.w} tokens{without} are no map of {y.h}x{y.w}")
        return y


@op("class_token", volumes=True)
class ClassToken(NamedTuple):
    """Put learned tokens in front of the others: one class token, or as many as `tokens` says.

    A map, or a volume, is read as a sequence first. `crop` with h = 1 and w = 1 takes the class token out
    again.
    Source: Dosovitskiy et al. 2020, arXiv 2010.11929, section 3.1.
    """

    tokens: Count = 1

    def shape(self, x: Shape | Volume) -> Shape:
        return Shape(x.positions + self.tokens, 1, x.c)

    def params(self, x: Shape) -> Terms:
        yield Term("table", (("tokens", self.tokens), ("c", x.c)))


@op("positions", volumes=True, light=True, why="tells the tokens where they are")
class Positions(NamedTuple):
    """Add a vector to each position: a learned one, or a fixed one with `learned = false`.

    The learned ones are as many as there are positions at this input size.
    Source: Dosovitskiy et al. 2020, arXiv 2010.11929, section 3.1.
    """

    learned: Flag = True

    def shape(self, x: Shape) -> Shape:
        return x

    def params(self, x: Shape) -> Terms:
        if self.learned:
            yield Term("table", (*x.places, ("c", x.c)))

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("add", (("c", y.c), *y.places))


@op("relative_positions", writes=False, light=True, why="a learned number for each offset between two tokens")
class RelativePositions(NamedTuple):
    """Add a learned number to each score of attention: one a head for each offset between two tokens
    of a part of the map, which is `h` x `w` and has (2 h - 1) x (2 w - 1) offsets.

    The scores it reads are a map of parts x heads, tokens that ask, tokens that are found.
    Source: Liu et al. 2021, arXiv 2103.14030, section 3.2.
    """

    heads: Count
    h: Count
    w: Count

    def shape(self, x: Shape) -> Shape:
        tokens = self.h * self.w
        if not everywhere((x.w == tokens) & (x.c == tokens)) or anywhere(x.h % self.heads):
            raise ShapeError(f"{x} are no scores of {self.heads} heads, of {self.h}x{self.w} tokens each")
        return x

    def params(self, x: Shape) -> Terms:
        yield Term(
            "bias", (("heads", self.heads), ("offsets_h", 2 * self.h - 1), ("offsets_w", 2 * self.w - 1))
        )

    def work(self, y: Shape, x: Shape) -> Terms:
        yield Term("bias", (("c", y.c), ("h", y.h), ("w", y.w)), "alone")
