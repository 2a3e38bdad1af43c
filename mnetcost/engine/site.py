"""What does a block know when it is built? Its input, its widths at this alpha, and how to add layers."""

from collections.abc import Sequence
from functools import reduce
from itertools import combinations
from math import prod
from operator import or_
from typing import Any

from ..errors import Fault, ShapeError
from ..records import NamedTuple
from .fields import LEARNED, PRELU
from .graph import Builder, Ref
from .num import Num, anywhere, everywhere, is_array, pair
from .ops import Activation, Add, Conv, Dense, DepthwiseConv, Gate, GlobalPool, Norm, Op, Pad, PRelu
from .ops.op import op, traits
from .rules import Rules
from .shapes import Shape
from .terms import BIASED, Terms

ALWAYS: Num = 1


class Pair(NamedTuple):
    """A number of channels in a block that is data: as printed, and as alpha leaves it."""

    printed: Num
    actual: Num


@op("add")
class MaybeAdd(NamedTuple):
    """The shortcut of a grid in which only some cells have one; its first input gives the shape."""

    def shape(self, x: Shape, *xs: Shape) -> Shape:
        return x

    def work(self, y: Shape, *xs: Shape) -> Terms:
        return Add().work(y, *xs)


class Site:
    """Where a block is being built: it adds layers behind `x`, in one place, by the design's rules."""

    def __init__(self, builder: Builder, rules: Rules, alpha: Any) -> None:
        self.builder = builder
        self.rules = rules
        self.alpha = alpha * rules.compound.alpha
        self.x: Ref = 0
        self.place = ""
        self.row = ""
        self.role = ""
        self.why = ""
        self.shared = False
        # inside a block that is data: what stands before the names of layers, the row's own name, the
        # cells (0/1) where the row is there, and how many rows of blocks there were
        self.prefix = self.branch = ""
        self.when: Num = ALWAYS
        self.rows = 0
        self.written = {
            label: word for label, word in rules.written._asdict().items() if word not in ("", "module")
        }
        # places where an alpha below 1 leaves more channels than printed: both numbers
        self.widened: dict[str, tuple[int, int]] = {}
        self.printed: dict[Ref, Num] = {}  # the width each node has in the paper's table, before alpha

    @property
    def shape(self) -> Shape:
        """The shape of what was added last."""
        return self.builder.nodes[self.x].output

    def again(self, first: Ref, x: Ref, before: str) -> bool:
        """Add all layers from `first` on once more, which read x and stand in the place `before`; False
        where a block behind this site's layer may come out differently than behind x.
        """
        printed, nodes = self.printed, self.builder.nodes
        if not same(nodes[x].output, nodes[self.x].output) or not same((printed[x],), (printed[self.x],)):
            return False
        by = len(nodes) - first
        self.builder.again(first, x, self.x, self.place)
        for ref in range(first, first + by):
            if ref in printed:
                printed[ref + by] = printed[ref]
        if before in self.widened:
            self.widened[self.place] = self.widened[before]
        self.x += by if self.x >= first else 0  # a block may end in its own input
        return True

    def width(self, printed: Num) -> Num:
        """Scale a printed width by the rule of this row's role, and record where rounding makes it wider
        than printed although alpha is below 1.
        """
        if printed.__class__ is Pair:
            return printed.actual
        width = self.rules.width(self.role).width(printed, self.alpha)
        if self.alpha.__class__ is float and self.alpha < 1 and not is_array(width) and width > printed:
            self.widened.setdefault(self.place, (printed, width))
        return width

    def add(
        self,
        part: str,
        op: Op,
        *inputs: Ref,
        when: Num = ALWAYS,
        why: str = "",
        printed: Num = None,
        written: str | None = None,
    ) -> Ref:
        """Add one layer behind `x` (or behind `inputs`); an empty part names the layer as the place
        itself.
        """
        x = inputs or (self.x,)
        part = self.prefix + part
        if self.when is not ALWAYS:
            when = when * self.when
        if op is ADD and is_array(when):
            op = MaybeAdd()
        if printed.__class__ is Pair:
            printed = printed.printed
        name = f"{self.place}/{part}" if part else self.place
        if written is None:
            written = self.written.get(traits(op).label, "") if self.written else ""
        self.x = self.builder.append(
            name, op, x, self.place, when, self.shared, why, self.row, part, written, "", ()
        )
        self.printed[self.x] = self.printed.get(x[0]) if printed is None else printed
        return self.x

    def norm_and_activation(self, part: str, norm: bool | None, function: str, when: Num = ALWAYS) -> None:
        """Add what follows a convolution: batch norm, then the activation; the style's where the row is
        silent.
        """
        style = self.rules.style
        if style.norm if norm is None else norm:
            # folded into a convolution that has a bias, a norm leaves no other one
            written = BIASED if getattr(self.builder.nodes[self.x].op, "bias", False) else None
            why = "keeps each channel at zero mean and unit variance"
            self.add(f"{part}_norm" if part else "norm", NORM, when=when, why=why, written=written)
        function = function or style.activation
        self.activation(f"{part}_{function}" if part else function, function, when)

    def activation(self, part: str, function: str, when: Num = ALWAYS, why: str = "") -> None:
        """Add an activation, or nothing for "none"; "prelu" learns a slope a channel, however many alpha
        leaves, and "prelu_shared" one slope.
        """
        if function in LEARNED:
            layer: Op = PRelu(self.shape.c if function == PRELU else 1)
        else:
            layer = ACTIVATION.get(function) or Activation(function)
        if function != "none":
            self.add(part, layer, when=when, why=why or WHY_FUNCTION.get(function, "the non-linearity"))

    def numbers(self, printed: int, what: str, x: Ref) -> Num:
        """How many numbers a layer behind `x` learns, of which the paper's table has so many: one a
        channel, for the whole map, ...

        As many as there are printed channels are as many as there are channels. Raises ShapeError where
        they fit no axes of the map.
        """
        shape, channels = self.builder.nodes[x].output, self.printed[x]
        *sides, c = shape
        some = [prod(along) for n in range(1, len(sides) + 1) for along in combinations(sides, n)]
        many, rest = divmod(printed, channels)
        if not anywhere(rest) and everywhere(reduce(or_, (many == n for n in some), many == 1)):
            return many * c
        if printed <= 1 or everywhere(reduce(or_, (printed == n for n in some))):
            return printed
        h, w = prod(sides[:-1]), sides[-1]
        as_printed = everywhere(c == channels)
        # a part of one axis with two whole others is what further axes of a file come to
        if (
            as_printed
            and not anywhere(h * w * c % printed)
            and any(not anywhere(printed % two) for two in (h * w, h * c, w * c))
        ):
            return printed
        the_map = f"a map of {shape}" + (
            "" if as_printed else f", whose channels are {channels} in the table"
        )
        raise ShapeError(
            Fault(
                f"{printed:,} {what} fit no axes of {the_map}",
                hint="one a channel is the number of channels of the table",
            )
        )

    def groups(self, printed: Num) -> Num:
        """The groups of a convolution: as many as there are printed channels are one a channel, as in a
        depthwise convolution.
        """
        if printed.__class__ is Pair:
            return printed.actual
        return self.shape.c if printed != 1 and printed == self.printed[self.x] else printed

    def bias(self, given: bool | None) -> bool:
        """Has a layer a bias? As the row gives it, or else as [style] does."""
        return self.rules.style.bias if given is None else given

    def depthwise(
        self,
        part: str,
        kernel: Any,
        stride: Any,
        dilation: Any,
        padding: Any,
        bias: Any,
        why: str,
        multiplier: Any = 1,
    ) -> None:
        """Add a depthwise convolution, behind a layer of zero padding where the style asks for one."""
        style = self.rules.style
        if padding == "":
            padding = style.padding
            if style.depthwise_pad != "none" and stride != 1:
                self.add(
                    f"{part}_pad", Pad(self._zeros(kernel)), why="the zeros that the strided window needs"
                )
                padding = "valid"
        self.add(part, DepthwiseConv(kernel, stride, dilation, multiplier, padding, self.bias(bias)), why=why)

    def conv(self, part: str, out: Num, kernel: Any, x: Ref | None = None, printed: Num = None) -> Ref:
        """Add a convolution of a block's branch with its norm and activation, as the style says."""
        self.x = self.x if x is None else x
        why = (
            "mixes channels, one position at a time"
            if kernel == 1
            else "looks at a window in all channels at once"
        )
        self.add(
            part,
            Conv(out, kernel, 1, 1, 1, self.rules.style.padding, self.bias(None)),
            why=why,
            printed=printed,
        )
        self.norm_and_activation(part, None, "")
        return self.x

    def _zeros(self, kernel: Any) -> tuple[Num, Num, Num, Num]:
        if self.rules.style.depthwise_pad == "end":
            return 0, 1, 0, 1
        (k_h, k_w), x = pair(kernel), self.shape
        return k_h // 2 - (1 - x.h % 2), k_h // 2, k_w // 2 - (1 - x.w % 2), k_w // 2

    def squeeze_excite(self, share: float, base: Num, part: str = "se/") -> None:
        """Add pool, squeeze, excite and gate."""
        se, x, c = self.rules.se, self.x, self.shape.c
        middle = se.width.round(base * share)
        squeeze: Any = Dense if se.layers == "dense" else Conv
        why = "one number per channel, so that the gate sees the whole map"
        self.add(f"{part}pool", SE_POOL, why=why, written=self.written.get("se_pool", ""))
        self.add(
            f"{part}squeeze",
            squeeze(middle, bias=se.bias),
            why="to a few channels, so that the gate stays cheap",
        )
        self.activation(f"{part}{se.activation}", se.activation)
        self.add(f"{part}excite", squeeze(c, bias=se.bias), why="back to one number per channel")
        self.activation(f"{part}{se.gate}", se.gate, why="each channel's gate, from 0 to 1")
        self.add(f"{part}gate", GATE, x, self.x, why="lets the channels through that matter for this image")


def same(xs: Sequence[Num], ys: Sequence[Num]) -> bool:
    """Are these the same numbers, each in every cell?"""
    return len(xs) == len(ys) and all(
        x is y or (x.__class__ is y.__class__ and everywhere(x == y)) for x, y in zip(xs, ys, strict=True)
    )


NORM = Norm()


SE_POOL = GlobalPool()


GATE = Gate()


ADD = Add()


ACTIVATION = {
    name: Activation(name) for name in ("relu", "relu6", "hswish", "swish", "hsigmoid", "sigmoid", "softmax")
}


WHY_FUNCTION = {
    "relu6": "the non-linearity, clipped at 6 so that few bits are enough",
    "hswish": "a swish made of cheap pieces, used where maps are small",
    "softmax": "turns the scores into probabilities",
    PRELU: "the non-linearity, with a learned slope a channel below zero",
}
