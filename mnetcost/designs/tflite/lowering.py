"""Which operators does TensorFlow Lite's converter make of a design? Its program, as if built in Keras."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from ...engine.graph import Graph, Node, Ref
from ...engine.memory.program import Operation, Program, Tensor, Window
from ...engine.num import pair
from ...engine.ops import (
    Activation,
    Add,
    AvgPool,
    Concat,
    Conv,
    Dense,
    DepthToSpace,
    DepthwiseConv,
    Dropout,
    Flatten,
    Gate,
    GlobalPool,
    Input,
    L2Pool,
    MaxPool,
    Norm,
    Pad,
    PRelu,
    Rescale,
    Resize,
    SpaceToDepth,
    TransposedConv,
    Upsample,
)
from ...engine.ops.op import traits
from ...engine.shapes import Shape, sides
from ...errors import Fault, SpecError

FUSES = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MUL", "CONCATENATION", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D")  # fmt: skip # noqa: E501
"""Operators into which the converter fuses a ReLU."""
FOLDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""Operators into whose weights the converter folds a batch norm."""


def lowered(graph: Graph, bits: int = 8, batch: int = 1) -> Program:
    """The program that the converter writes for a design that Keras would build.

    Batch norm, ReLU and ReLU6 vanish into the convolution before them; zeros around a map vanish where "same"
    gives them too; dropout and the rescaling of the image vanish.
    Raises SpecError for an op of which the converter's operators are not known.
    """
    lowering = _Lowering(graph, bits, batch)
    for ref, node in enumerate(graph.nodes):
        lower = LOWER.get(node.op.__class__)
        if lower is None:
            raise SpecError(
                Fault(
                    f"it is not known how TensorFlow Lite writes '{traits(node.op).label}'",
                    place=f"layer {node.name!r}",
                    hint="read the converted .tflite file itself, or choose another planner",
                )
            )
        lowering.at[ref] = lower(lowering, ref, node)
    return lowering.program()


class _Lowering:
    """A program while it is written: its tensors and operators, and which tensor each node gives."""

    def __init__(self, graph: Graph, bits: int, batch: int) -> None:
        self.graph, self.bits, self.batch = graph, bits, batch
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self.at: dict[Ref, int] = {}
        self.maker: dict[int, int] = {}  # the operator that gives a tensor
        self.fused: set[int] = set()  # tensors whose operator has an activation
        self.readers = [0] * len(graph.nodes)
        for node in graph.nodes:
            for ref in node.inputs:
                self.readers[ref] += 1
        self.inputs: list[int] = []

    def program(self) -> Program:
        """The whole program; its outputs are what no operator reads."""
        read = {t for operation in self.operations for t in operation.inputs}
        ends = dict.fromkeys(self.at[ref] for ref, readers in enumerate(self.readers) if not readers)
        return Program(
            tuple(self.tensors),
            tuple(self.operations),
            tuple(self.inputs),
            tuple(t for t in ends if t not in read),
        )

    def tensor(self, name: str, dims: tuple[int, ...], held: bool = True, bits: int | None = None) -> int:
        """Add a tensor."""
        self.tensors.append(Tensor(name, dims, self.bits if bits is None else bits, held))
        return len(self.tensors) - 1

    def constant(self, *dims: int, bits: int = 32) -> int:
        """Add constant data."""
        return self.tensor("", dims, held=False, bits=bits)

    def map(self, shape: Any) -> tuple[int, ...]:
        """The axes of a map."""
        return (self.batch, *shape)

    def emit(
        self,
        type_: str,
        node: Node,
        inputs: tuple[int, ...],
        dims: tuple[int, ...] | None = None,
        part: str = "",
        window: Window | None = None,
    ) -> int:
        """Add an operator and the tensor it gives."""
        name = f"{node.name}/{part}" if part else node.name
        out = self.tensor(name, self.map(node.output) if dims is None else dims)
        self.maker[out] = len(self.operations)
        self.operations.append(Operation(type_, inputs, (out,), name, window, traits(node.op).in_place))
        return out

    def input(self, node: Node, n: int = 0) -> int:
        """The tensor of a node's input."""
        return self.at[node.inputs[n]]

    def made_by(self, tensor: int) -> str:
        """The type of the operator that gives a tensor; empty for an input."""
        return self.operations[self.maker[tensor]].type if tensor in self.maker else ""

    def only_reader(self, ref: Ref) -> bool:
        """Is a node read once?"""
        return self.readers[ref] == 1

    def shape(self, node: Node, n: int = 0) -> Shape:
        """The shape of a node's input."""
        return self.graph.nodes[node.inputs[n]].output


Lower = Callable[[_Lowering, Ref, Node], int]


def _input(s: _Lowering, ref: Ref, node: Node) -> int:
    tensor = s.tensor(node.name, s.map(node.output))
    s.inputs.append(tensor)
    return tensor


def _nothing(s: _Lowering, ref: Ref, node: Node) -> int:
    return s.input(node)


def _norm(s: _Lowering, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if s.made_by(x) in FOLDS and s.only_reader(node.inputs[0]) and x not in s.fused:
        return x
    scaled = s.emit("MUL", node, (x, s.constant(node.output.c)), part="scale")
    return s.emit("ADD", node, (scaled, s.constant(node.output.c)))


def _activation(s: _Lowering, ref: Ref, node: Node) -> int:
    function, x = node.op.function, s.input(node)  # type: ignore[attr-defined]
    alone = s.only_reader(node.inputs[0]) and x not in s.fused
    if function in ("relu", "relu6"):
        if s.made_by(x) in FUSES and alone:
            s.fused.add(x)
            return x
        return s.emit(function.upper(), node, (x,))
    if function == "hsigmoid":
        if not (s.made_by(x) in FOLDS and alone):
            x = s.emit("ADD", node, (x, s.constant(1)), part="add")
        return s.emit("MUL", node, (x, s.constant(1)))
    if function == "swish":
        return s.emit("MUL", node, (x, s.emit("LOGISTIC", node, (x,), part="sigmoid")))
    if function not in FUNCTIONS:
        raise SpecError(
            Fault(f"it is not known how TensorFlow Lite writes '{function}'", place=f"layer {node.name!r}")
        )
    return s.emit(FUNCTIONS[function], node, (x,))


FUNCTIONS = {
    "hswish": "HARD_SWISH",
    "sigmoid": "LOGISTIC",
    "softmax": "SOFTMAX",
    "tanh": "TANH",
    "gelu": "GELU",
    "elu": "ELU",
}


def zeros_of(side: tuple[int, ...], kernel: Any, stride: Any, dilation: Any) -> tuple[int, int, int, int]:
    """The zeros of "same" on a map of these sides (h, w): as many as the last window needs, one more at the
    end where they are odd.
    """
    found: list[int] = []
    for n, k, s, d in zip(side, pair(kernel), pair(stride), pair(dilation), strict=True):
        total = max((ceil(n / s) - 1) * s + (k - 1) * d + 1 - n, 0)
        found += [total // 2, total - total // 2]
    return found[0], found[1], found[2], found[3]


def _windowed(s: _Lowering, node: Node, type_: str, weights: tuple[int, ...]) -> int:
    """A convolution or pool; zeros that "same" does not give are an operator before it."""
    op: Any = node.op
    x, shape = s.input(node), s.shape(node)
    kernel, stride = pair(op.kernel), pair(op.stride)
    dilation = pair(getattr(op, "dilation", 1))
    zeros = zeros_of(shape[:2], kernel, stride, dilation)
    given = (
        zeros
        if op.padding == "same"
        else (0, 0, 0, 0)
        if op.padding == "valid"
        else sides(op.padding, kernel, dilation)
    )
    if any(given) and given != zeros:
        top, bottom, left, right = given
        dims = s.map((shape.h + top + bottom, shape.w + left + right, shape.c))
        x, given = s.emit("PAD", node, (x, s.constant(8)), dims, part="pad"), (0, 0, 0, 0)
    window = Window(kernel, stride, dilation, given, getattr(op, "multiplier", 1))
    return s.emit(type_, node, (x, *weights), window=window)


def _pad(s: _Lowering, ref: Ref, node: Node) -> int:
    x, shape = s.input(node), s.shape(node)
    (follower,) = readers if len(readers := [n for n in s.graph.nodes if ref in n.inputs]) == 1 else (None,)
    op: Any = follower.op if follower is not None else None
    if (
        isinstance(op, Conv | DepthwiseConv)
        and op.padding == "valid"
        and sides(node.op.padding, (1, 1), (1, 1)) == zeros_of(shape[:2], op.kernel, op.stride, op.dilation)  # type: ignore[attr-defined]
    ):
        return x
    return s.emit("PAD", node, (x, s.constant(8)))


def _conv(s: _Lowering, ref: Ref, node: Node) -> int:
    op: Any = node.op
    c = s.shape(node).c
    if op.groups == c == op.out and c > 1:
        return _depthwise(s, ref, node)
    weights = s.constant(op.out, *pair(op.kernel), c // op.groups, bits=s.bits)
    return _windowed(s, node, "CONV_2D", (weights, s.constant(op.out)))


def _depthwise(s: _Lowering, ref: Ref, node: Node) -> int:
    c, kernel = node.output.c, pair(node.op.kernel)  # type: ignore[attr-defined]
    return _windowed(s, node, "DEPTHWISE_CONV_2D", (s.constant(1, *kernel, c, bits=s.bits), s.constant(c)))


def _transposed(s: _Lowering, ref: Ref, node: Node) -> int:
    out = node.output.c
    return s.emit("TRANSPOSE_CONV", node, (s.constant(4), s.constant(out, bits=s.bits), s.input(node)))


def _dense(s: _Lowering, ref: Ref, node: Node) -> int:
    x = s.input(node)
    weights = s.constant(node.output.c, bits=s.bits), s.constant(node.output.c)
    return s.emit("FULLY_CONNECTED", node, (x, *weights), (s.batch, node.output.c))


def _global_pool(s: _Lowering, ref: Ref, node: Node) -> int:
    kind = "MEAN" if node.op.pool == "average" else "REDUCE_MAX"  # type: ignore[attr-defined]
    return s.emit(kind, node, (s.input(node), s.constant(2)), (s.batch, node.output.c))


def _pool(type_: str) -> Lower:
    return lambda s, ref, node: _windowed(s, node, type_, ())


def _flatten(s: _Lowering, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if len(s.tensors[x].dims) == 2:
        return x
    return s.emit("RESHAPE", node, (x, s.constant(2)), (s.batch, node.output.c))


def _joined(type_: str) -> Lower:
    return lambda s, ref, node: s.emit(type_, node, tuple(s.at[i] for i in node.inputs))


def _added(s: _Lowering, ref: Ref, node: Node) -> int:
    first, *rest = (s.at[i] for i in node.inputs)
    for n, other in enumerate(rest):
        first = s.emit("ADD", node, (first, other), part="" if n == len(rest) - 1 else f"{n + 1}")
    return first


def _resize(s: _Lowering, ref: Ref, node: Node) -> int:
    mode = getattr(node.op, "mode", "nearest")
    type_ = "RESIZE_BILINEAR" if mode == "bilinear" else "RESIZE_NEAREST_NEIGHBOR"
    return s.emit(type_, node, (s.input(node), s.constant(2)))


def _prelu(s: _Lowering, ref: Ref, node: Node) -> int:
    return s.emit("PRELU", node, (s.input(node), s.constant(node.output.c)))


LOWER: dict[Any, Lower] = {
    Input: _input,
    **dict.fromkeys((Dropout, Rescale), _nothing),
    Norm: _norm,
    Activation: _activation,
    PRelu: _prelu,
    Pad: _pad,
    Conv: _conv,
    DepthwiseConv: _depthwise,
    TransposedConv: _transposed,
    Dense: _dense,
    GlobalPool: _global_pool,
    MaxPool: _pool("MAX_POOL_2D"),
    AvgPool: _pool("AVERAGE_POOL_2D"),
    L2Pool: _pool("L2_POOL_2D"),
    Flatten: _flatten,
    Add: _added,
    Gate: _joined("MUL"),
    Concat: _joined("CONCATENATION"),
    **dict.fromkeys((Resize, Upsample), _resize),
    DepthToSpace: _joined("DEPTH_TO_SPACE"),
    SpaceToDepth: _joined("SPACE_TO_DEPTH"),
}
"""How the converter writes each op; others are refused by name."""
