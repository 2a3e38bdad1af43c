"""How does a reader add layers to a graph?

With unique names, within bounds, and each error with its place in the file.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...engine.graph import LARGEST_MAP, MOST_LAYERS, Builder, Graph, Origin, Ref
from ...engine.ops import (
    AvgPool,
    Conv,
    Dense,
    DepthwiseConv,
    Input,
    MatMul,
    MaxPool,
    Op,
    Tail,
    TransposedConv,
    Unknown,
)
from ...engine.ops.recurrent import Gru, Lstm, Rnn
from ...engine.ops.volumes import AvgPool3d, Conv3d, DepthwiseConv3d, MaxPool3d, TransposedConv3d
from ...engine.shapes import Shape, Volume
from ...errors import Fault, MnetcostError, ShapeError, SpecError, UnknownOpError
from ..settings import Settings
from .norms import NORMS, written_out
from .stored import Counted, Part
from .verify import verify

LONGEST_NAME = 180
LARGEST_DIMENSION = 2**31 - 1  # what the formats themselves hold in one dimension
UNKNOWN_HINT = "--allow-unknown skips it and marks the result partial"

PRODUCTS = re.compile(
    "conv(?!ert)|corr|gemm|matmul|(?<!to)(?<!to_)dense|(?<!bi)(?<!tri)linear|fully_?connected|inner_?product|"
    "einsum|attention|lstm|gru|rnn|svdf|"
    "embed|capsule|engine|ep_?context|edge_?tpu|ethos|delegate|partitioned_?call|subgraph",
    re.IGNORECASE,
)
"""Names of ops that have weights or products of their own, or that hold a whole network compiled for some
device: never a tail.
"""
LARGEST_OPTIONS = 4096  # bytes of an op's options; longer ones may hold a network of their own
DETECTION = re.compile(
    "nms|non_?max|detect|decod|anchor|prior|proposal|yolo|box|(?<!trans)pose", re.IGNORECASE
)
"""Names of ops that choose boxes or decode poses: what they read that is stored is a table."""
MOST_NAMED = 6  # types of the tail's ops that a note lists
CONVOLUTIONS = (Conv, DepthwiseConv, TransposedConv, Conv3d, DepthwiseConv3d, TransposedConv3d)
HEAVY = (*CONVOLUTIONS, Dense, MatMul, Lstm, Gru, Rnn)
NO_REF: Ref = -1  # what stands behind a tail, where only axes are followed


def sizes_in_file(build: Callable[[Settings], Layers], settings: Settings) -> dict[str, Any]:
    """`Layers.sizes` at the size in the file, where another is asked for and the file gives one."""
    if not (settings.resolution or settings.rho):
        return {}
    try:
        return build(settings._replace(resolution=None, rho=None)).sizes
    except MnetcostError:  # the size is open, or the error is given for the size that was asked for
        return {}


NOTES = {
    "table": (
        "table: {numbers:,} of the params are stored tables, in {layers}, first at {first!r}; take them off"
        " if nothing trains them, as prior boxes or masks"
    ),
    "behind": (
        "guess: the counts of {layers} behind what was left out, first at {first!r}, rest on the shape taken"
        " for it"
    ),
    "clip": (
        "guess: the bounds of {layers} of type Clip, first at {first!r}, are not in the file; taken for ReLU6"
        " where the name says so"
    ),
    "window": (
        "followed: in {layers}, first at {first!r}, a pool's window is the whole map at the file's size, and"
        " so it is at this one"
    ),
    "grown": (
        "grown: the weights of {layers} behind a flattened map, first at {first!r}, are as many as in a net"
        " built at this size"
    ),
    "filler": (
        "filler: {numbers:,} of the params are only ones or zeros, in {layers}, first at {first!r}: of norms"
        " that were never trained, or written for a scale or a shift that the norms lack"
    ),
    "unseen": (
        "unseen: the values of {numbers:,} of the params are in another file, in {layers}, first at"
        " {first!r}: ones and zeros for a scale or a shift that norms lack, or learned"
    ),
    "hidden": (
        "not counted: {numbers:,} numbers that norms read in {layers}, first at {first!r}; their values are"
        " in another file, and their names those of the ones and zeros that the exporter writes for a scale"
        " or a shift that the norms lack"
    ),
    **{
        norm: f"{norm}: written as several layers, which begin in {{layers}}, first at {{first!r}}"
        for norm in NORMS
    },
    "boxes": (
        "not counted: {numbers:,} stored numbers, such as prior boxes, that the tail reads in {layers}, first"
        " at {first!r}"
    ),
    "places": (
        "not counted: {numbers:,} numbers of tables that stored weights multiply, in {layers}, first at"
        " {first!r}; two a row, they are taken for places, a height and a width each"
    ),
    "fixed": (
        "not counted: {numbers:,} numbers of Constant nodes, in {layers}, first at {first!r}; the weights are"
        " initializers, so these are not trained"
    ),
}
"""The notes of an answer about a file: each is given once, with how often it applies and where first."""


def plain_size(*sides: Any) -> Any:
    """A size as ops and specs write it: 3 for 3 x 3, or 3 x 3 x 3; otherwise a number a side."""
    return sides[0] if len(set(sides)) == 1 else sides


def convolution(
    c: int, out: int, kernel: Any, stride: Any, dilation: Any, groups: int, padding: Any, bias: bool
) -> Conv | DepthwiseConv:
    """The op of a convolution of `c` channels to `out`: depthwise where each channel is a group."""
    if groups == c and groups > 1 and out % c == 0:
        return DepthwiseConv(kernel, stride, dilation, out // c, padding, bias)
    return Conv(out, kernel, stride, dilation, groups, padding, bias)


def convolution3d(
    c: int, out: int, kernel: Any, stride: Any, dilation: Any, groups: int, padding: Any, bias: bool
) -> Conv3d | DepthwiseConv3d:
    """As `convolution`, over a volume."""
    if groups == c and groups > 1 and out % c == 0:
        return DepthwiseConv3d(kernel, stride, dilation, out // c, padding, bias)
    return Conv3d(out, kernel, stride, dilation, groups, padding, bias)


POOLS3D: dict[Any, Callable[..., Op]] = {MaxPool: MaxPool3d, AvgPool: AvgPool3d}
"""The pool of volumes for each pool of maps."""


class Layers:
    """Builds the graph of one file.

    An unknown op takes the shape the file gives it, or its first input's. Where that makes a later layer
    fail, the unknown op is what the user hears of.

    adds: layers are added; False where only axes are followed, see AxesOnly.
    """

    adds = True

    def __init__(self, file: str, allow_unknown: bool = False) -> None:
        self.file = file
        self.allow_unknown = allow_unknown
        self.builder = Builder()
        self.module = ""  # that the next layers are in, see Node
        self.origins: tuple[Origin, ...] = ()  # nodes of the file that the next layers are from, see Node
        self.unknown_ops: dict[str, list[str]] = {}
        self.ways_out: dict[str, str] = {}  # what else a user may do about an unknown op, by its type
        # pools whose window is the whole map, and how much each dense layer reads
        self.sizes: dict[str, Any] = {}
        self.file_sizes: dict[str, Any] = {}  # the same at the size in the file, where this is another
        # ops that cannot be costed and that nothing with weights follows, and all behind them
        self.tail_ops: dict[Ref, str] = {}
        self.weighted: set[Ref] = set()  # layers with weights or products, and all behind them
        self.doubtful: set[Ref] = set()  # ops that cannot be costed and were left out, and all behind them
        self.marked: dict[str, list[tuple[str, int]]] = {}
        self.once: set[Any] = set()  # what was marked with a key
        self.counted = Counted()
        self.times: dict[str, int] = {}

    def fault(self, message: str, place: str = "", hint: str = "", line: int = 0) -> SpecError:
        """Return a SpecError to raise.

        If an unsupported op was met earlier, raises UnknownOpError now, since it is the likelier cause.
        """
        self.refuse_unknown()
        return SpecError(Fault(message, self.file, line, place, hint))

    def name(self, given: Any) -> str:
        """A unique name of bounded length for a layer that the file gives this name."""
        name = str(given)[:LONGEST_NAME].strip() or "layer"
        if name not in self.builder.names:
            return name
        for n in range(self.times.get(name, 1) + 1, MOST_LAYERS + 2):
            if f"{name} ({n})" not in self.builder.names:
                self.times[name] = n
                return f"{name} ({n})"
        raise self.fault(f"more than {MOST_LAYERS:,} layers are called '{name}'")

    def add(
        self,
        name: Any,
        op: Op,
        *inputs: Ref,
        place: str = "",
        shared: bool = False,
        line: int = 0,
        written: str = "",
    ) -> Ref:
        """Add a layer; its name is made unique.

        `shared`: its weights are an earlier layer's and were counted there. `written`: see Node.

        Raises SpecError with the line where shapes do not fit or bounds are passed; UnknownOpError where an
        unknown op may be why.
        """
        name = self.name(name)
        if len(self.builder.nodes) >= MOST_LAYERS:
            raise self.fault(f"more than {MOST_LAYERS:,} layers", f"layer {name!r}", line=line)
        try:
            how: Any = {"place": place, "shared": shared, "written": written}
            how |= {"module": self.module, "origins": self.origins}
            ref = self.builder.add(name, op, *inputs, **how)
        except ShapeError as e:
            self.refuse_unknown()
            raise SpecError(*(Fault(f.message, self.file, line, f.place, f.hint) for f in e.faults)) from None
        if not self.doubtful.isdisjoint(inputs):
            self.doubtful.add(ref)
            if op.__class__ in HEAVY:
                self.mark("behind", name)
        if op.__class__ in HEAVY or not self.weighted.isdisjoint(inputs):
            self.weighted.add(ref)
        y = self.builder.nodes[ref].output
        if y.elements > LARGEST_MAP or min(y) < 1:
            sides = "x".join(str(n) if n <= LARGEST_MAP else "huge" for n in y)
            why = "has no numbers in it" if min(y) < 1 else f"has more than {LARGEST_MAP:,} numbers"
            raise self.fault(f"its map of {sides} {why}", f"layer {name!r}", line=line)
        return ref

    def input(self, name: Any, h: int, w: int, c: int, line: int = 0, d: int | None = None) -> Ref:
        """Add an input of h x w x c, or a volume of d x h x w x c."""
        return self.add(name, Input(h, w, c, d), line=line)

    def unknown(self, type_: Any, name: Any, *inputs: Ref, shape: Shape | None = None, line: int = 0) -> Ref:
        """Add an op that cannot be costed, of the shape the file gives or of its first input's."""
        if shape is None:
            shape = self.shape(inputs[0]) if inputs else Shape(1, 1, 1)
        type_ = str(type_)[:LONGEST_NAME]
        ref = self.add(name, Unknown(type_, *shape), *inputs, line=line)
        self.unknown_ops.setdefault(type_, []).append(self.builder.nodes[ref].name)
        self.doubtful.add(ref)
        return ref

    def shape(self, ref: Ref) -> Shape:
        """The shape a layer gives."""
        return self.builder.shape(ref)

    def op(self, ref: Ref) -> Op:
        """The op of a layer."""
        return self.builder.nodes[ref].op

    def depends(self, ref: Ref, on: set[Ref]) -> bool:
        """Does a layer follow from one of these, directly or by others?"""
        todo, seen = [ref], set[Ref]()
        while todo:
            here = todo.pop()
            if here in on:
                return True
            if here not in seen:
                seen.add(here)
                todo += self.builder.nodes[here].inputs if self.adds else ()
        return False

    def mark(self, note: str, name: str, numbers: int = 0, key: Any = None) -> None:
        """Have every answer give a note, with how many numbers or layers it is about and which is first.

        note: a key of NOTES. key: what it is about, where that may be met again and counts once.
        """
        if key is not None:
            if key in self.once:
                return
            self.once.add(key)
        self.marked.setdefault(note, []).append((name, numbers))

    def notes(self) -> tuple[str, ...]:
        """The notes of every answer about this file, in the order of NOTES."""
        marked = [
            template.format(
                numbers=sum(n for _, n in at), layers=f"{len(at)} layer{'s' * (len(at) > 1)}", first=at[0][0]
            )
            for note, template in NOTES.items()
            if (at := self.marked.get(note))
        ]
        if not self.tail_ops:
            return tuple(marked)
        ops, first = len(self.tail_ops), self.builder.nodes[min(self.tail_ops)].name
        types = sorted(
            dict.fromkeys(filter(None, self.tail_ops.values())), key=lambda type_: not DETECTION.search(type_)
        )
        named = ", ".join(types[:MOST_NAMED]) + ", ..." * (len(types) > MOST_NAMED)
        where = f"{ops} op{'s' * (ops > 1)}, first {first!r}"
        return (
            f"tail: {named} ({where}) counts 0: nothing with weights or products stands there or behind",
            *marked,
        )

    def window(self, name: str, kernel: Any, x: Shape | Volume, padded: bool) -> Any:
        """The window of a pool: the whole map, where it is the whole map at the size in the file."""
        whole = plain_size(*x[:-1])
        if kernel == whole and not padded:
            self.sizes[name] = whole
        if name in self.file_sizes and kernel != whole:
            self.mark("window", name)
            return whole
        return kernel

    def dense(self, name: str, inner: int) -> None:
        """Record how many numbers a dense layer reads whose weights are not in the file."""
        self.sizes[name] = inner
        if self.file_sizes.get(name, inner) != inner:
            self.mark("grown", name)

    def rows(self, name: str, count: int, x: Shape | Volume, line: int = 0) -> None:
        """Refuse a reshape whose fixed axes hold all positions of the map at the size in the file, where
        this one would make rows of it.
        """
        key = f"{name}/rows"
        if count == 1 and x.elements > x.c:
            self.sizes[key] = count
        elif key in self.file_sizes:
            what = (
                f"its fixed axes hold the whole map at the file's size, and at this one {count:,} times as"
                " many numbers reach it"
            )
            raise self.fault(what, f"layer {name[:120]!r}", "read it at the size in the file", line)

    def may_end(self, type_: str, *inputs: Ref) -> bool:
        """May an op that cannot be costed be part of the file's tail?

        It must stand behind something with weights and have none itself.
        """
        return (
            not self.allow_unknown and not PRODUCTS.search(type_) and any(i in self.weighted for i in inputs)
        )

    def tail(
        self, type_: Any, name: Any, *inputs: Ref, shape: Shape | None = None, numbers: int = 0, line: int = 0
    ) -> Ref:
        """Add an op that cannot be costed and counts 0, because nothing with weights follows; whatever
        reads it is part of the tail too.

        numbers: how many stored numbers it reads, a table.
        """
        h, w, c = shape or (1, 1, 1)
        ref = self.add(name, Tail(h, w, c, numbers), *inputs, line=line)
        if numbers:
            self.mark("table", self.builder.nodes[ref].name, numbers)
        self.tail_ops[ref] = str(type_)[:LONGEST_NAME]
        return ref

    def behind_tail(self, *inputs: Ref) -> bool:
        """Does any of these stand behind an op of the tail?"""
        return any(i in self.tail_ops or i == NO_REF for i in inputs)

    def refuse_behind(self, *inputs: Ref) -> None:
        """Something with weights reads what the tail gives: the ops in which the tail begins cannot be
        costed after all.
        """
        todo, seen = list(inputs), set()
        while todo:
            ref = todo.pop()
            if ref not in self.tail_ops or ref in seen:
                continue
            seen.add(ref)
            before = [i for i in self.builder.nodes[ref].inputs if i in self.tail_ops]
            todo += before
            if not before:
                self.unknown_ops.setdefault(self.tail_ops[ref], []).append(self.builder.nodes[ref].name)
        self.refuse_unknown()

    def left_out(self) -> tuple[str, ...]:
        """Every unknown op: its type, how often it occurs, and where first."""
        return tuple(
            f"{kind} ({len(names)}x, first at {names[0]!r})" for kind, names in self.unknown_ops.items()
        )

    def refuse_unknown(self) -> None:
        """Raise UnknownOpError where there are unknown ops and the user did not ask to go on."""
        if self.unknown_ops and not self.allow_unknown:
            hints = ("; ".join(filter(None, (self.ways_out.get(t), UNKNOWN_HINT))) for t in self.unknown_ops)
            raise UnknownOpError(
                *(
                    Fault(f"cannot cost {op}", self.file, hint=hint)
                    for op, hint in zip(self.left_out(), hints, strict=True)
                )
            )

    def graph(self, weight_bytes: int | None = None) -> Graph:
        """The finished graph, verified.

        Raises UnknownOpError where unknown ops may not be left out, SpecError for a file without a layer or
        with one that cannot be costed, see `verify`.
        """
        self.refuse_unknown()
        if all(node.op.__class__ is Input for node in self.builder.nodes):
            raise self.fault("has no layers")
        for norm, name in written_out(self.builder.nodes):
            self.mark(norm, name)
        graph = self.builder.graph(weight_bytes, self.left_out(), self.notes())
        for name, wrong in verify(graph):
            raise self.fault(wrong, f"layer {name!r}")
        return graph


class AxesOnly(Layers):
    """Adds no layers, counts nothing and names no op that cannot be costed: operations are followed by their
    axes alone, at the sizes and the batch in the file, so that the axes at another size can be compared.

    like: the layers so far, where it is a part of a file that is followed by its axes.
    """

    adds = False

    def __init__(self, file: str, allow_unknown: bool, like: Layers | None = None) -> None:
        super().__init__(file, True)
        self.looks_for_tail = not allow_unknown
        self.counted = NothingCounted()
        if like is not None:
            self.allow_unknown, self.unknown_ops = like.allow_unknown, like.unknown_ops
            self.sizes, self.file_sizes = like.sizes, like.file_sizes

    def add(self, name: Any, op: Op, *inputs: Ref, **how: Any) -> Ref:
        """Adds nothing."""
        return 0

    def unknown(self, type_: Any, name: Any, *inputs: Ref, shape: Shape | None = None, line: int = 0) -> Ref:
        """Adds nothing, and notes no unknown op."""
        return 0

    def tail(self, type_: Any, name: Any, *inputs: Ref, **how: Any) -> Ref:
        """Adds nothing, and refers to no layer."""
        return NO_REF

    def may_end(self, type_: str, *inputs: Ref) -> bool:
        """True where the layers are searched for an end of the network that cannot be costed."""
        return self.looks_for_tail

    def op(self, ref: Ref) -> Op:
        """Every reference is read as an input, since no layer is kept."""
        return Input(1, 1, 1)

    def mark(self, note: str, name: str, numbers: int = 0, key: Any = None) -> None:
        """Keeps no note."""


class NothingCounted(Counted):
    """Counts no stored number."""

    def add(self, part: Part) -> int:
        """Returns 0: no number is new."""
        return 0
