"""What does each TFLite operator compute, and on which axes? One function an operator, in one table.

Source: TensorFlow Lite's schema and the operators' reference kernels.
"""

from __future__ import annotations

from math import prod
from typing import Any

from ...engine.ops import AvgPool, DepthwiseConv, MaxPool, Resize, TransposedConv
from ...engine.ops.elements import Activation, L2Norm, LocalResponseNorm, PRelu, Rescale
from ...engine.ops.moves import Constant
from ..kit.folding import fold
from ..kit.layers import convolution, plain_size
from ..kit.stored import Dims, Stored
from ..kit.tensors import NotKnown, Tensor, Value, dims_text, view
from .call import Call, Output, Rule
from .moves import MOVES
from .recurrent import RECURRENT

STEP = (
    "it is a step of an unrolled recurrent layer in whole numbers, whose biases are stored again for each"
    " scale that they are added at"
)


def slid(call: Call, op: Any, x: Tensor) -> tuple[Any, Dims]:
    """A window over a map, or over each of several; and the axes of what it gives."""
    y = call.net.window(call.name, op, x)
    several = x.dims[0] != 1
    return op._replace(tiles=x.dims[0]) if several else op, (x.dims[0], y.h, y.w, y.c)


def conv(call: Call) -> Output:
    """A convolution; it is grouped where its weights are for fewer channels than the map has."""
    x, w, bias = call.map(), call.weights(1), call.weights(2)
    if w is None or len(w.dims) != 4:
        raise NotKnown
    out, k_h, k_w, per_group = call.net.checked(w.dims, call.name)
    channels = x.dims[3]
    if channels % per_group:
        raise call.fault(f"its weights are for groups of {per_group:,} channels, and it gets {channels:,}")
    stride, dilation = call.window("StrideH", "StrideW"), call.window("DilationHFactor", "DilationWFactor")
    op = convolution(
        channels, out, plain_size(k_h, k_w), stride, dilation, channels // per_group, call.padding, False
    )
    op, dims = slid(call, op, x)
    return call.fused(call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 3))


def depthwise(call: Call) -> Output:
    """A depthwise convolution; its filters per channel follow from the shape of its weights."""
    x, w, bias = call.map(), call.weights(1), call.weights(2)
    if w is None or len(w.dims) != 4 or w.dims[0] != 1:
        raise NotKnown
    _, k_h, k_w, out = call.net.checked(w.dims, call.name)
    if out % x.dims[3]:
        raise call.fault(f"its weights are for {out:,} channels, and it gets {x.dims[3]:,}")
    stride, dilation = call.window("StrideH", "StrideW"), call.window("DilationHFactor", "DilationWFactor")
    op = convolution(x.dims[3], out, plain_size(k_h, k_w), stride, dilation, x.dims[3], call.padding, False)
    op, dims = slid(call, op, x)
    return call.fused(call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 3))


def transpose_conv(call: Call) -> Output:
    """The first input is the output's size, which follows the size of the map in any case."""
    w, x, bias = call.weights(1), call.map(2), call.weights(3)
    if w is None or len(w.dims) != 4:
        raise NotKnown
    out, k_h, k_w, channels = call.net.checked(w.dims, call.name)
    if channels != x.dims[3]:
        raise call.fault(f"its weights are for {channels:,} channels, and it gets {x.dims[3]:,}")
    stride = call.window("StrideH", "StrideW")
    op = TransposedConv(out, plain_size(k_h, k_w), stride, 1, 1, call.padding, 0, False)
    op, dims = slid(call, op, x)
    target = call.input(0)
    if (
        isinstance(target, Stored)
        and target.values
        and not call.net.before
        and tuple(target.values[1:]) != dims[1:]
    ):
        raise NotKnown
    return call.fused(call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 3))


def svdf(call: Call) -> Output:
    """A dense layer a frame, and a filter over the last frames of each of its outputs, which are kept as
    a state.

    Every unit is the sum of `rank` such filters. Source: TensorFlow Lite, svdf.cc; Nakkiran et al. 2015.
    """
    net, name = call.net, call.name
    x, feature, time, bias = call.tensor(), call.weights(1), call.weights(2), call.weights(3)
    if feature is None or time is None or len(x.dims) != 2 or len(feature.dims) != 2 or len(time.dims) != 2:
        raise NotKnown
    (filters, inner), memory, batch = feature.dims, time.dims[1], x.dims[0]
    rank = call.integer("Rank", 0, 0) or (filters // bias.dims[-1] if bias and bias.dims[-1] else 1)
    if time.dims[0] != filters or filters % rank or not memory:
        raise call.fault(
            f"its filters of {dims_text(feature.dims)} and {dims_text(time.dims)} do not fit rank {rank}"
        )
    y = net.reshape(
        f"{name}/frame", net.dense(f"{name}/feature", x, -1, feature, inner, filters), (batch, 1, filters)
    )
    if memory > 1:
        state = Tensor(
            net.node(f"{name}/state", Constant(memory - 1, 1, filters)), (batch, memory - 1, filters), 2
        )
        y = net.concat(f"{name}/frames", [state, y], 1)
    window = DepthwiseConv((memory, 1), 1, 1, 1, "valid")
    y = net.weighted(f"{name}/time", lambda b: window._replace(bias=b), y, time, None, (batch, 1, filters), 2)
    if rank > 1:
        parts = call.reshape(y, (batch, filters // rank, rank), "units")
        y = net.reduce(f"{name}/sum", parts, [2], False, "sum")
    y = call.reshape(y, (batch, filters // rank), "vector")
    return call.fused(y if bias is None else call.combine("add", y, bias, part="bias"))


def fully_connected(call: Call) -> Output:
    """A dense layer over rows as long as its weights take, whatever the axes of its input; weights that are
    computed make it a matrix product.
    """
    x, w, bias = call.tensor(), call.value(1), call.weights(2)
    if len(w.dims) != 2:
        raise NotKnown
    out, inner = w.dims
    whole = prod(x.dims)
    if not inner or whole % inner:
        raise call.fault(f"its weights are for {inner:,} numbers, and it gets {dims_text(x.dims)}")
    rows, old = whole // inner, call.net.before.get(f"{call.name}/rows")
    # more rows of an image than at the size in the file
    if old and x.dims[-1] != inner and old[1][0] * x.dims[0] != rows * old[0][0]:
        raise call.fault(f"its weights are for {inner:,} numbers, and it gets {dims_text(x.dims)}")
    call.net.reshaped[f"{call.name}/rows"] = x.dims, (rows, inner)
    if x.dims[-1] != inner or (len(x.dims) != 2 and not call.flag("KeepNumDims", False)):
        x = call.reshape(x, (rows, inner), "rows")
    if isinstance(w, Tensor):
        y = call.net.matmul(call.name, x, call.net.transpose(f"{call.name}/transposed", w, (1, 0)))
        return call.fused(y if bias is None else call.combine("add", y, bias, part="bias"))
    if call.quantised and call.net.is_step(x, w):
        raise call.fault(STEP, "convert it without whole-number activations: float or dynamic range")
    return call.fused(call.net.dense(call.name, x, -1, w, inner, out, bias))


def batch_matmul(call: Call) -> Output:
    """A matrix product of two tensors, either transposed where a flag asks for it."""
    a, b = call.value(0), call.value(1)

    def turned(value: Value, key: str, part: str) -> Value:
        rank = len(value.dims)
        if not call.flag(key, False) or rank < 2:
            return value
        order = (*range(rank - 2), rank - 1, rank - 2)
        if isinstance(value, Stored):
            return value._replace(dims=tuple(value.dims[i] for i in order), values=None)
        return call.net.transpose(f"{call.name}/{part}", value, order)

    return call.net.matmul(call.name, turned(a, "AdjX", "a"), turned(b, "AdjY", "b"))


def pool(kind: Any) -> Rule:
    """Max or average pooling, then the fused activation."""

    def rule(call: Call) -> Output:
        x = call.map()
        window, shape = call.window("FilterHeight", "FilterWidth"), view((1, *x.dims[1:]), 3)
        kernel = call.net.layers.window(call.name, window, shape, call.padding != "valid")
        op = kind(kernel, call.window("StrideH", "StrideW"), call.padding)
        op, dims = slid(call, op, x)
        return call.fused(call.add(op, x, dims=dims, c=3))

    return rule


def activation(function: str) -> Rule:
    """A function of each number."""
    return lambda call: call.same(Activation(function), call.tensor())


def prelu(call: Call) -> Output:
    """PReLU, with as many slopes as are stored."""
    slope = call.weights(1)
    if slope is None:
        raise NotKnown
    return call.same(PRelu(prod(slope.dims)), call.tensor(), shared=not call.net.first(slope))


def combine(by: str) -> Rule:
    """Two inputs, element by element, then the fused activation."""
    return lambda call: call.fused(call.combine(by, call.value(0), call.value(1)))


def squared_difference(call: Call) -> Output:
    """A subtraction, then a square."""
    y = call.combine("subtract", call.value(0), call.value(1))
    return call.same(Activation("power"), y, "square")


def add_n(call: Call) -> Output:
    """Any number of inputs added up."""
    return call.combine("add", *call.values())


def rescale(call: Call) -> Output:
    """A multiply and an add with fixed numbers, such as quantisation."""
    return call.same(Rescale(), call.tensor())


def l2_normalization(call: Call) -> Output:
    """Each position divided by the length of its vector of channels; nothing is learned."""
    return call.fused(call.same(L2Norm(False), call.tensor()))


def lrn(call: Call) -> Output:
    """Local response normalisation over the channels within `Radius` on either side."""
    return call.same(LocalResponseNorm(2 * call.integer("Radius", 0, 0) + 1), call.map())


def reduce(by: str) -> Rule:
    """A reduction over the axes of its second input."""
    return lambda call: call.net.reduce(
        call.name, call.tensor(), call.numbers(1), call.flag("KeepDims", False), by
    )


def arg(call: Call) -> Output:
    """The place of the largest or smallest number along an axis."""
    return call.net.reduce(call.name, call.tensor(), call.numbers(1), False, "argmax")


def resize(method: str) -> Rule:
    """To sizes that follow from shapes, or that stand in the file and are followed."""

    def rule(call: Call) -> Output:
        x, value = call.map(), call.value(1)
        size = tuple(call.numbers(1))
        if len(size) != 2:
            raise NotKnown
        dims: Dims = (x.dims[0], *size, x.dims[3])
        if isinstance(value, Stored) and value.key is not None:
            dims = call.net.followed_resize(call.name, x.dims, dims)
        call.net.checked(dims, call.name)
        call.net.reshaped[call.name] = x.dims, dims
        return call.add(Resize(dims[1], dims[2], method), x, dims=dims, c=3)

    return rule


def select(call: Call) -> Output:
    """Of each two numbers one, by a third."""
    return call.combine("select", call.value(0), call.value(1), call.value(2))


FUNCTIONS = {
    "RELU": "relu",
    "RELU6": "relu6",
    "RELU_N1_TO_1": "hard_tanh",
    "RELU_0_TO_1": "relu1",
    "LEAKY_RELU": "leaky_relu",
    "ELU": "elu",
    "GELU": "gelu",
    "LOGISTIC": "sigmoid",
    "TANH": "tanh",
    "HARD_SWISH": "hswish",
    "SOFTMAX": "softmax",
    "LOG_SOFTMAX": "log_softmax",
    "EXP": "exp",
    "LOG": "log",
    "SQRT": "sqrt",
    "RSQRT": "power",
    "SQUARE": "power",
    "ABS": "abs",
    "SIN": "sin",
    "COS": "cos",
}

OPS: dict[str, Rule] = {
    **{name: activation(function) for name, function in FUNCTIONS.items()},
    **MOVES,
    **RECURRENT,
    # multiply-adds
    "CONV_2D": conv,
    "DEPTHWISE_CONV_2D": depthwise,
    "TRANSPOSE_CONV": transpose_conv,
    "FULLY_CONNECTED": fully_connected,
    "BATCH_MATMUL": batch_matmul,
    "SVDF": svdf,
    # pools and norms
    "AVERAGE_POOL_2D": pool(AvgPool),
    "MAX_POOL_2D": pool(MaxPool),
    "MEAN": reduce("mean"),
    "SUM": reduce("sum"),
    "REDUCE_MAX": reduce("max"),
    "REDUCE_MIN": reduce("min"),
    "ARG_MAX": arg,
    "ARG_MIN": arg,
    "L2_NORMALIZATION": l2_normalization,
    "LOCAL_RESPONSE_NORMALIZATION": lrn,
    # element by element
    "PRELU": prelu,
    "ADD": combine("add"),
    "SUB": combine("subtract"),
    "MUL": combine("multiply"),
    "DIV": combine("divide"),
    "MAXIMUM": combine("maximum"),
    "MINIMUM": combine("minimum"),
    "POW": combine("power"),
    **dict.fromkeys(("FLOOR_DIV", "FLOOR_MOD"), combine("divide")),
    **dict.fromkeys(
        ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"), combine("compare")
    ),
    **dict.fromkeys(("LOGICAL_AND", "LOGICAL_OR"), combine("compare")),
    **dict.fromkeys(("SELECT", "SELECT_V2"), select),
    "SQUARED_DIFFERENCE": squared_difference,
    "ADD_N": add_n,
    **dict.fromkeys(("QUANTIZE", "DEQUANTIZE", "FAKE_QUANT", "NEG", "FLOOR", "CEIL", "ROUND"), rescale),
    "RESIZE_BILINEAR": resize("bilinear"),
    "RESIZE_NEAREST_NEIGHBOR": resize("nearest"),
}
"""Every operator that can be costed, by its name in the schema."""

KEEPING = ("DEQUANTIZE", "QUANTIZE", "CAST", "RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE")
FOLDED = {
    "ADD": "Add",
    "SUB": "Sub",
    "MUL": "Mul",
    "DIV": "Div",
    "FLOOR_DIV": "Div",
    "MAXIMUM": "Max",
    "MINIMUM": "Min",
    "GATHER": "Gather",
    "CONCATENATION": "Concat",
    "SELECT_V2": "Where",
    "EQUAL": "Equal",
    "LESS": "Less",
    "REDUCE_PROD": "ReduceProd",
    "SUM": "ReduceSum",
    "REDUCE_MAX": "ReduceMax",
    "REDUCE_MIN": "ReduceMin",
}
"""What may be worked out on stored numbers, by its name in ONNX."""


def stored(call: Call) -> Stored | None:
    """What an operator on stored numbers gives, where that is stored numbers again."""
    there = [v for v in call.inputs if isinstance(v, Stored)]
    if not there or len(there) != len(call.inputs):
        return None
    if call.type in KEEPING[:3]:
        return there[0]
    if (
        call.type in ("RESHAPE", "TRANSPOSE", "EXPAND_DIMS")
        and len(there) > 1
        and there[1].values is not None
    ):
        given = call.numbers(1)
        dims = list(there[0].dims)
        if call.type == "TRANSPOSE" and sorted(given) == list(range(len(dims))):
            return there[0]._replace(dims=tuple(dims[i] for i in given), values=None)
        if call.type == "EXPAND_DIMS":
            dims.insert(call.axis(given[0], len(dims) + 1), 1)
            return there[0]._replace(dims=tuple(dims))
        if call.type == "RESHAPE" and prod(given) == prod(dims):
            return there[0]._replace(dims=tuple(given))
    if call.type in FOLDED:
        done = fold(
            FOLDED[call.type],
            there,
            {"axis": call.integer("Axis", 0, -99), "keepdims": call.flag("KeepDims", False)},
        )
        if done is not None:
            sources = [v for v in there if v.numbers]
            key, numbers = sources[0].key if sources else None, sum(v.numbers for v in sources)
            return Stored(done[0], key, min(numbers, prod(done[0])), done[1])
    return None


def convert(call: Call) -> list[Value]:
    """Add the layers of one operator and return the values that it gives.

    Raises NotKnown where it cannot be costed.
    """
    done: Any = stored(call)
    if done is None:
        if call.type not in OPS:
            raise NotKnown
        done = OPS[call.type](call)
    if done is None:
        raise NotKnown
    return list(done) if done.__class__ is list else [done]
