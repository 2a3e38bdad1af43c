"""Which operators does TensorFlow Lite's converter make of a design? Its program, as if built in Keras."""

from __future__ import annotations

from math import ceil
from typing import Any

from ...engine.graph import Graph, Node, Ref
from ...engine.memory.program import Program, Window
from ...engine.num import pair
from ...engine.ops import (
    Activation,
    AdaptivePool,
    Add,
    AvgPool,
    Concat,
    Conv,
    Dense,
    DepthwiseConv,
    Dropout,
    Elementwise,
    Gate,
    GlobalPool,
    Input,
    L2Pool,
    MaxPool,
    Norm,
    Pad,
    PRelu,
    Rescale,
    Scale,
    TransposedConv,
)
from ...engine.ops.op import traits
from ...engine.shapes import sides
from .lowered_moves import MOVES
from .writing import Lower, Writing, unknown

FUSES = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "ADD", "MUL", "CONCATENATION", "AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D", "TRANSPOSE_CONV", "SUB")  # fmt: skip # noqa: E501
"""Operators into which the converter fuses a ReLU."""
FOLDS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
"""Operators into whose weights the converter folds a batch norm."""


def lowered(graph: Graph, bits: int = 8, batch: int = 1, keras: bool = False) -> Program:
    """The program that the converter writes for a design that Keras would build.

    Batch norm, ReLU and ReLU6 vanish into the convolution before them; zeros around a map vanish where "same"
    gives them too; dropout vanishes, and the rescaling of the image unless the design is a Keras model
    (`keras`).
    Raises SpecError for an op of which the converter's operators are not known.
    """
    lowering = Writing(graph, bits, batch, keras)
    for ref, node in enumerate(graph.nodes):
        if ref in lowering.same:
            lowering.at[ref] = lowering.at[lowering.same[ref]]
            continue
        lower = LOWER.get(node.op.__class__)
        if lower is None:
            raise unknown(traits(node.op).label, node)
        lowering.at[ref] = lower(lowering, ref, node)
    return lowering.program()


def _input(s: Writing, ref: Ref, node: Node) -> int:
    if s.keras and node.output.w == 1 < node.output.h:
        raise unknown("a sequence", node)
    tensor = s.tensor(node.name, s.map(node.output))
    s.inputs.append(tensor)
    return tensor


def _nothing(s: Writing, ref: Ref, node: Node) -> int:
    return s.input(node)


def _rescale(s: Writing, ref: Ref, node: Node) -> int:
    x, op = s.input(node), node.op
    if not s.keras or (s.made_by(x) in FOLDS and s.only_reader(node.inputs[0]) and x not in s.fused):
        return x
    if op.scale and (op.shift or not s.only_read_by(ref, *WEIGHED)):  # type: ignore[attr-defined]
        x = s.emit("MUL", node, (x, s.constant(1)), part="scale" if op.shift else "")  # type: ignore[attr-defined]
    return s.emit("ADD", node, (x, s.constant(1))) if op.shift else x  # type: ignore[attr-defined]


def _norm(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if s.made_by(x) in FOLDS and s.only_reader(node.inputs[0]) and x not in s.fused:
        s.bare.discard(x)
        return x
    if s.only_read_by(ref, Dense) and node.output.h == node.output.w == 1:  # into the weights behind it
        return x
    if s.keras and not (node.op.scale or node.op.center):  # type: ignore[attr-defined]  # of pixels
        x = s.emit("SUB", node, (x, s.constant(node.output.c)), part="shift")
        return s.emit("MUL", node, (x, s.constant(node.output.c)))
    scaled = s.emit("MUL", node, (x, s.constant(node.output.c)), part="scale")
    return s.emit("ADD", node, (scaled, s.constant(node.output.c)))


def _activation(s: Writing, ref: Ref, node: Node) -> int:
    function, x = node.op.function, s.input(node)  # type: ignore[attr-defined]
    alone = s.only_reader(node.inputs[0])
    if alone and function in RELUS and s.fused.get(x) == function:
        return x
    free = alone and x not in s.fused and x not in s.bare
    if function in RELUS:
        if s.made_by(x) in FUSES and free:
            s.fused[x] = function
            return x
        return s.emit(function.upper(), node, (x,))
    if function == "hsigmoid":
        if not (s.made_by(x) in FOLDS and free):
            x = s.emit("ADD", node, (x, s.constant(1)), part="add")
        return x if s.only_read_by(ref, *WEIGHED) else s.emit("MUL", node, (x, s.constant(1)))
    if function == "swish":
        return s.emit("MUL", node, (x, s.emit("LOGISTIC", node, (x,), part="sigmoid")))
    if function == "softplus":
        x = s.emit("EXP", node, (x,), part="exp")
        return s.emit("LOG", node, (s.emit("ADD", node, (x, s.constant(1)), part="add"),))
    if function not in FUNCTIONS or (function == "elu" and s.bits not in (8, 32)):
        raise unknown(function, node)
    if function == "elu" and s.bits == 8:  # there is none of int8
        x = s.emit("DEQUANTIZE", node, (x,), part="dequantize", bits=32)
        return s.emit("QUANTIZE", node, (s.emit("ELU", node, (x,), part="elu", bits=32),))
    return s.emit(FUNCTIONS[function], node, (x,))


def _scale(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if s.made_by(x) in FOLDS and s.only_reader(node.inputs[0]) and x not in s.fused:
        return x
    raise unknown(traits(node.op).label, node)


def _adaptive(s: Writing, ref: Ref, node: Node) -> int:
    if tuple(node.output) != tuple(s.shape(node)):
        raise unknown(traits(node.op).label, node)
    return s.input(node)  # parts of one position


RELUS = ("relu", "relu6")
WEIGHED = (Conv, DepthwiseConv, Dense)
"""Ops into whose weights a factor before them goes."""
FUNCTIONS = {
    "hswish": "HARD_SWISH",
    "sigmoid": "LOGISTIC",
    "softmax": "SOFTMAX",
    "tanh": "TANH",
    "gelu": "GELU",
    "elu": "ELU",
    "exp": "EXP",
    "leaky_relu": "LEAKY_RELU",
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


def _windowed(s: Writing, node: Node, type_: str, weights: tuple[int, ...]) -> int:
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


def _pad(s: Writing, ref: Ref, node: Node) -> int:
    x, shape = s.input(node), s.shape(node)
    op: Any = s.graph.nodes[s.reader[s.same.get(ref, ref)]].op if s.only_reader(ref) else None
    if (
        isinstance(op, Conv | DepthwiseConv)
        and op.padding == "valid"
        and sides(node.op.padding, (1, 1), (1, 1)) == zeros_of(shape[:2], op.kernel, op.stride, op.dilation)  # type: ignore[attr-defined]
    ):
        return x
    return s.emit("PAD", node, (x, s.constant(8)))


def _conv(s: Writing, ref: Ref, node: Node) -> int:
    op: Any = node.op
    c = s.shape(node).c
    if op.groups == c == op.out and c > 1:
        return _depthwise(s, ref, node)
    weights = s.constant(op.out, *pair(op.kernel), c // op.groups, bits=s.bits)
    return _windowed(s, node, "CONV_2D", (weights, s.constant(op.out)))


def _depthwise(s: Writing, ref: Ref, node: Node) -> int:
    c, kernel = node.output.c, pair(node.op.kernel)  # type: ignore[attr-defined]
    return _windowed(s, node, "DEPTHWISE_CONV_2D", (s.constant(1, *kernel, c, bits=s.bits), s.constant(c)))


def _transposed(s: Writing, ref: Ref, node: Node) -> int:
    out = node.output.c
    y = s.emit("TRANSPOSE_CONV", node, (s.constant(4), s.constant(out, bits=s.bits), s.input(node)))
    if not node.op.bias:  # type: ignore[attr-defined]
        s.bare.add(y)
    return y


def _dense(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    weights = s.constant(node.output.c, bits=s.bits), s.constant(node.output.c)
    positions = s.map(node.output) if node.output.h * node.output.w > 1 else (s.batch, node.output.c)
    return s.emit("FULLY_CONNECTED", node, (x, *weights), positions)


def _global_pool(s: Writing, ref: Ref, node: Node) -> int:
    kind = "MEAN" if node.op.pool == "average" else "REDUCE_MAX"  # type: ignore[attr-defined]
    return s.emit(kind, node, (s.input(node), s.constant(2)), (s.batch, node.output.c))


def _pool(type_: str) -> Lower:
    return lambda s, ref, node: _windowed(s, node, type_, ())


def _joined(type_: str) -> Lower:
    return lambda s, ref, node: s.emit(type_, node, tuple(s.at[i] for i in node.inputs))


def _added(s: Writing, ref: Ref, node: Node) -> int:
    first, *rest = (s.at[i] for i in node.inputs)
    for n, other in enumerate(rest):
        first = s.emit("ADD", node, (first, other), part="" if n == len(rest) - 1 else f"{n + 1}")
    return first


def _elementwise(s: Writing, ref: Ref, node: Node) -> int:
    combine = node.op.combine  # type: ignore[attr-defined]
    if combine not in ("add", "subtract") or len(node.inputs) != 2:
        raise unknown(combine, node)
    return _joined("ADD" if combine == "add" else "SUB")(s, ref, node)


def _prelu(s: Writing, ref: Ref, node: Node) -> int:
    return s.emit("PRELU", node, (s.input(node), s.constant(node.output.c)))


LOWER: dict[Any, Lower] = {
    Input: _input,
    Dropout: _nothing,
    Rescale: _rescale,
    Scale: _scale,
    AdaptivePool: _adaptive,
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
    Add: _added,
    Gate: _joined("MUL"),
    Concat: _joined("CONCATENATION"),
    Elementwise: _elementwise,
    **MOVES,
}
"""How the converter writes each op; others are refused by name."""
