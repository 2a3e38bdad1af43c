"""Which ops stand at a network's ends? Its inputs, the choice of boxes, and what cannot be costed."""

from ...records import NamedTuple
from ..fields import Count, Whole
from ..num import Num
from ..shapes import Shape, Volume
from ..terms import Term, Terms
from .op import op


@op("input", writes=False, volumes=True, together={"resolution": ("h", "w", "d"), "channels": ("c",)})
class Input(NamedTuple):
    """The image, or another tensor given to the network; a volume where it has a depth `d`."""

    h: Num
    w: Num
    c: Num
    d: Num = None

    def shape(self, *xs: Shape) -> Shape | Volume:
        if self.d is not None:
            return Volume(self.d, self.h, self.w, self.c)
        return Shape(self.h, self.w, self.c)


@op("detection", reads=3)
class Detection(NamedTuple):
    """Select boxes by their scores and drop those that overlap: at most `keep` of them, 7 numbers each.

    Its work depends on the image; one look at every score is counted. Its inputs are offsets, scores and
    default boxes.
    """

    keep: Count = 100

    def shape(self, *xs: Shape) -> Shape:
        return Shape(1, self.keep, 7)

    def work(self, y: Shape, offsets: Shape, scores: Shape, *xs: Shape) -> Terms:
        yield Term("detection", (("scores", scores.elements),))


@op("tail", volumes=True)
class Tail(NamedTuple):
    """An op after the last layer with weights that cannot be costed, such as the selection of boxes or the
    decoding of poses at the end of a model file.

    It has no weights and no products, so the papers count 0. Each has one unit of work of the kind `tail`.
    `numbers` is how many stored numbers it reads; they are of the kind `table`.
    """

    h: Count = 1
    w: Count = 1
    c: Count = 1
    numbers: Whole = 0

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)

    def params(self, *xs: Shape) -> Terms:
        if self.numbers:
            yield Term("table", (("numbers", self.numbers),))

    def work(self, y: Shape, *xs: Shape) -> Terms:
        yield Term("tail", (("ops", 1),))


@op("unknown", volumes=True, together={"shape": ("h", "w", "c")})
class Unknown(NamedTuple):
    """An op that cannot be costed: its name is kept, its output shape is what the file says."""

    type: str
    h: Num
    w: Num
    c: Num

    def shape(self, *xs: Shape) -> Shape:
        return Shape(self.h, self.w, self.c)
