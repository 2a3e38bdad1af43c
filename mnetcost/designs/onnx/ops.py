"""What does each ONNX op compute, and on which axes? One function an op, in one table, from opset 7 on.

Source: the ONNX operators' schemas (onnx.ai/onnx/operators), and those of ONNX Runtime for quantised graphs.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from math import floor, prod
from typing import Any

from ...engine.ops import AvgPool, MaxPool, Op, Reduce, Resize, Upsample3d
from ...engine.ops.elements import (
    Activation,
    Bias,
    GroupNorm,
    InstanceNorm,
    LayerNorm,
    LocalResponseNorm,
    Norm,
    PRelu,
    Rescale,
    RmsNorm,
    Scale,
)
from ...engine.terms import KEPT
from ..kit import moves
from ..kit.layers import LARGEST_DIMENSION, plain_size
from ..kit.stored import Dims, Stored
from ..kit.tensors import NotKnown, Tensor, Value, broadcast, dims_text, view
from .moves import MOVES, Output, Rule
from .net import Call
from .recurrent import RECURRENT
from .windows import conv, conv_transpose, global_pool, mapped, pool


def gemm(call: Call, at: tuple[int, int, int] = (0, 1, 2)) -> Output:
    """A @ B + C with either transposed."""
    a, b, bias = (call.input(i) for i in at)
    if call.flag("transA", False):
        a = call.net.transpose(f"{call.name}/a", call.tensor(0), (1, 0))
    if isinstance(b, Stored) and len(b.dims) == 2:
        inner, out = reversed(b.dims) if call.flag("transB", False) else b.dims
        stored = bias if isinstance(bias, Stored) and bias.numbers and prod(bias.dims) == out else None
        t = a if isinstance(a, Tensor) else call.tensor(0)
        y = call.net.dense(call.name, call.net.seen(t, -1, call.name, 2), -1, b, inner, out, stored)
        return y if stored is bias else call.combine("add", y, bias, part="bias") if bias is not None else y
    if call.flag("transB", False):
        b = call.net.transpose(f"{call.name}/b", call.tensor(at[1]), (1, 0))
    if a is None or b is None:
        raise NotKnown
    y = call.net.matmul(call.name, a, b)
    return y if bias is None else call.combine("add", y, bias, part="bias")


def matmul(a: int = 0, b: int = 1) -> Rule:
    """A matrix product of the inputs `a` and `b`."""

    def rule(call: Call) -> Output:
        left, right = call.input(a), call.input(b)
        if left is None or right is None:
            raise NotKnown
        return call.net.matmul(call.name, left, right)

    return rule


def einsum(call: Call) -> Output:
    """A product of two tensors by their letters: each number of the output sums over the letters that it
    lacks.
    """
    equation = call.text("equation", "").replace(" ", "")
    given, arrow, letters = equation.partition("->")
    parts = given.split(",")
    if not arrow or len(parts) != 2 or len(call.inputs) != 2 or "." in equation:
        raise NotKnown
    tensors = call.tensor(0), call.tensor(1)
    sizes: dict[str, int] = {}
    for part, t in zip(parts, tensors, strict=True):
        if len(part) != len(t.dims) or any(
            sizes.setdefault(x, n) != n for x, n in zip(part, t.dims, strict=True)
        ):
            raise call.fault(f"'{equation[:40]}' does not fit {dims_text(t.dims)}")
    if not set(letters) <= set(sizes):
        raise NotKnown
    dims = tuple(sizes[x] for x in letters)
    return call.net.product(call.name, *tensors, prod(n for x, n in sizes.items() if x not in letters), dims)


def batch_norm(call: Call) -> Output:
    """Batch normalisation. A scale of ones or a shift of zeros that only fills in for a missing one is no
    parameter.
    """
    x = call.tensor()
    gamma, beta, mean, variance = (call.weights(i) for i in range(1, 5))
    if gamma is None or beta is None or mean is None or variance is None or len(x.dims) < 2:
        raise NotKnown
    if prod(gamma.dims) != x.dims[1]:
        raise call.fault(f"its numbers are for {prod(gamma.dims):,} channels, and it gets {x.dims[1]:,}")
    new = learned_affine(call)  # equal numbers may be stored once
    new += [call.net.first(n) for n in (mean, variance)]
    op = Norm(new[0], new[1], new[2] or new[3]) if any(new) else Norm()
    return call.same(op, call.net.seen(x, 1, call.name), shared=not any(new), written=KEPT)


def learned_affine(call: Call, filled: bool = False) -> list[bool]:
    """Are the scale and the shift of a norm parameters that are counted here?

    Ones and zeros written for what it lacks are not.
    """
    return [
        numbers is not None
        and not numbers.one
        and not call.fills(at, fill, filled)
        and call.net.trains(numbers, call.name)
        for at, fill, numbers in ((1, 1, call.weights(1)), (2, 0, call.weights(2)))
    ]


def last_axes_norm(op: Callable[[bool, bool], Op]) -> Rule:
    """A norm over all axes from `axis` on, which are read as the channels."""

    def rule(call: Call) -> Output:
        x, scale = call.tensor(), call.weights(1)
        rank, axis = len(x.dims), call.signed("axis", -1)
        at = axis % rank if -rank <= axis < rank else 0
        if not at or scale is None or (scale.trained and prod(scale.dims) != prod(x.dims[at:])):
            raise NotKnown
        new = op(*learned_affine(call))
        if at == rank - 1:
            return call.same(new, call.net.seen(x, -1, call.name))
        dims = (1, prod(x.dims[:at]), prod(x.dims[at:]))
        return call.reshape(call.same(new, call.reshape(x, dims, "rows")), x.dims, "axes")

    return rule


def of_groups(call: Call, x: Tensor) -> bool:
    """Is an instance norm a group norm, as PyTorch's exporters write it: of a map whose groups of channels
    were read as its channels?
    """
    before = call.net.read_from(x)
    return len(x.dims) == 3 and before is not None and before.c > x.dims[1]


def channel_norm(call: Call) -> Output:
    """Instance and group normalisation: a scale and a shift a channel, or a group before opset 21."""
    x, scale, bias = call.tensor(), call.weights(1), call.weights(2)
    if scale is None or bias is None or len(x.dims) < 2:
        raise NotKnown
    instance, count, numbers = call.type == "InstanceNormalization", x.dims[1], prod(scale.dims)
    groups = count if instance else call.integer("num_groups")
    if numbers not in (count, groups) or count % groups:
        raise NotKnown
    grouped = instance and of_groups(call, x)
    affine = learned_affine(call, grouped)
    x = call.net.seen(x, 1, call.name)
    if instance and not grouped:
        return call.same(InstanceNorm(*affine), x)
    if numbers == count:
        return call.same(GroupNorm(groups, *affine), x)
    y = call.same(GroupNorm(groups, False, False), x)
    if not any(affine):
        return y
    return call.same(Scale(affine[1], groups) if affine[0] else Bias(groups), y, "scale")


def activation(function: str) -> Rule:
    """A function of each number."""
    return lambda call: call.same(Activation(function), call.tensor())


def clip(call: Call) -> Output:
    """ReLU6 where it is one; its bounds are attributes, or inputs since opset 11."""

    def bound(key: str, at: int) -> float | None:
        if key in call:
            return call.number(key, 0)
        value = call.input(at)
        return float(value.values[0]) if isinstance(value, Stored) and value.values and value.one else None

    low, high = bound("min", 1), bound("max", 2)
    if low is None and high is None and isinstance(call.input(2), Stored):
        low, high = None, 6.0 if "relu6" in call.name.lower() else None  # the bounds are not in the file
        call.net.layers.mark("clip", call.name)
    named: dict[tuple[float, float], str] = {(0, 6): "relu6", (0, 1): "relu1", (-1, 1): "hard_tanh"}
    function = named.get((low or 0, high or 0), "clip")
    return call.same(Activation("relu" if low == 0 and high is None else function), call.tensor())


def prelu(call: Call) -> Output:
    """PReLU, with as many slopes as are stored."""
    slope = call.weights(1)
    if slope is None:
        raise NotKnown
    return call.same(PRelu(prod(slope.dims)), call.tensor(), shared=not call.net.trains(slope, call.name))


def combined(call: Call, by: str, values: list[Value]) -> Value:
    """Values element by element; with no numbers in one of them there are none."""
    empty = any(0 in v.dims for v in values)
    return (
        Stored(broadcast([v.dims for v in values]), None, 0, ())
        if empty
        else call.net.combine(call.name, by, values)
    )


def combine(by: str, a: int = 0, b: int = 1) -> Rule:
    """Two inputs, element by element."""

    def rule(call: Call) -> Output:
        values = [v for v in (call.input(a), call.input(b)) if v is not None]
        if len(values) != 2:
            raise NotKnown
        return combined(call, by, values)

    return rule


def combine_all(by: str) -> Rule:
    """Any number of inputs, element by element; a single one is kept as it is."""

    def rule(call: Call) -> Output:
        values = call.values()
        if len(values) == 1:
            return values[0]
        return combined(call, by, values) if len(values) < 100 else None

    return rule


def rescale(call: Call) -> Output:
    """A multiply and an add with fixed numbers, such as quantisation."""
    return call.same(Rescale(), call.tensor())


def quantize_dynamic(call: Call) -> Output:
    """Quantise by the smallest and largest number: the map, its scale and its zero."""
    y = call.same(Rescale(), call.tensor())
    return [y, Stored((), None, 0, None), Stored((), None, 0, None)]


def reduce(by: str) -> Rule:
    """A reduction over the given axes. Without any it is over all, unless `noop_with_empty_axes` is set."""

    def rule(call: Call) -> Output:
        t = call.tensor()
        axes_ = call.indices("axes", 1)
        if not axes_ and call.flag("noop_with_empty_axes", False):
            return t
        return call.net.reduce(
            call.name, t, axes_ or list(range(len(t.dims))), call.flag("keepdims", True), by
        )

    return rule


def running(call: Call) -> Output:
    """Each number and those before it added up: an addition a number."""
    t = call.tensor()
    return call.add(Reduce(*view(t.dims, t.c), "sum"), t, dims=t.dims, c=t.c)


def arg(call: Call) -> Output:
    """The place of the largest or smallest number along an axis."""
    return call.net.reduce(
        call.name, call.tensor(), [call.signed("axis", 0)], call.flag("keepdims", True), "argmax"
    )


def scaled_side(n: int, scale: float) -> int:
    """The side that a Resize gives, by its scale: floor(n x scale), the product a number of 32 bits.

    Source: ONNX Runtime's Resize, as measured in tests/truth/sizes_torch.json.
    """
    if not -LARGEST_DIMENSION < n * scale < LARGEST_DIMENSION:
        raise NotKnown
    rounded: float = struct.unpack("<f", struct.pack("<f", n * scale))[0]
    return floor(rounded)


def resize(call: Call) -> Output:
    """Enlarge or shrink a map by scales or to sizes."""
    x, count = mapped(call, call.tensor())
    at = 1 if call.type == "Upsample" or call.net.opset < 11 else 2
    floats = call.attributes.get("scales")
    scales = (
        tuple(floats.floats)
        if floats is not None
        else call.numbers_or_zeros(at)
        if len(call.inputs) > at
        else ()
    )
    sizes = call.numbers_or_zeros(3) if not scales and len(call.inputs) > 3 else ()
    axes = call.indices("axes") or range(len(x.dims))
    if len(axes) != len(sizes or scales) or call.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise NotKnown
    given = list(x.dims)
    for a, n in zip(axes, sizes or scales, strict=True):
        given[a] = int(n) if sizes else scaled_side(x.dims[a], n)
    if sizes and isinstance(v := call.input(3), Stored) and v.key is not None:
        given = list(call.net.followed_resize(call.name, x.dims, tuple(given)))
    if len(given) != len(x.dims) or tuple(given[:2]) != x.dims[:2]:
        raise NotKnown
    dims = call.net.checked(given, call.name)
    call.net.reshaped[call.name] = x.dims, dims
    method = {"nearest": "nearest", "linear": "bilinear", "bilinear": "bilinear", "cubic": "bicubic"}.get(
        call.text("mode", "nearest")
    )
    if method is None:
        raise NotKnown
    if count == 3:
        return upsample3d(call, x, dims, method)
    return call.add(Resize(*view(dims, 1)[:2], method), x, dims=dims, c=1)


def upsample3d(call: Call, x: Tensor, dims: Dims, method: str) -> Tensor:
    """Enlarge a volume; by other than whole factors, or by cubes, it is not known."""
    sides = list(zip(x.dims[2:], dims[2:], strict=True))
    if method == "bicubic" or any(n % was for was, n in sides):
        raise NotKnown
    scale = plain_size(*(n // was for was, n in sides))
    return call.add(Upsample3d(scale, method != "nearest"), x, dims=dims, c=1)


def to_depth(call: Call) -> Output:
    """Blocks of positions to channels, or back."""
    x, count = mapped(call, call.tensor())
    if count != 2:
        raise NotKnown
    return moves.to_depth(call, x, call.integer("blocksize", 1), call.type == "DepthToSpace")


def col2im(call: Call) -> Output:
    """Windows added up to a map again."""
    t, image, block = call.tensor(), call.indices("image_shape", 1), call.indices("block_shape", 2)
    if image is None or block is None or len(t.dims) != 3 or not prod(block) or t.dims[1] % prod(block):
        raise NotKnown
    dims = call.net.checked((t.dims[0], t.dims[1] // prod(block), *image), call.name)
    return call.add(Reduce(*view(dims, 1), "sum"), t, dims=dims, c=1)


def lrn(call: Call) -> Output:
    """Local response normalisation over `size` channels."""
    return call.same(LocalResponseNorm(call.integer("size", 1)), call.net.seen(call.tensor(), 1, call.name))


def conditional(call: Call) -> Output:
    """A branch that shapes choose is added; one that the image chooses cannot be costed."""
    value = call.input(0)
    if not isinstance(value, Stored) or not value.values:
        raise NotKnown
    branch = call.attributes.get("then_branch" if value.values[0] else "else_branch")
    if branch is None:
        raise NotKnown
    return call.net.within(branch.g, call.env, f"{call.name}/", call.depth)


def gelu_bias(call: Call) -> Output:
    """A bias added, then GELU: an op of ONNX Runtime."""
    y = (
        call.combine("add", call.tensor(), v, part="bias")
        if (v := call.input(1)) is not None
        else call.tensor()
    )
    return call.same(Activation("gelu"), y)


def heads_of(call: Call, t: Tensor, key: str) -> tuple[int, int, int]:
    """The heads, positions and width of a head of attention's input: axes of their own, or the last one
    divided by the heads that the node names.
    """
    if len(t.dims) == 4 and call.net.one_map(t):
        return t.dims[1], t.dims[2], t.dims[3]
    if len(t.dims) != 3 or not call.net.one_map(t):
        raise NotKnown
    heads = call.integer(key)
    if t.dims[2] % heads:
        raise call.fault(f"{heads} heads do not divide a width of {t.dims[2]:,}")
    return heads, t.dims[1], t.dims[2] // heads


def attention(call: Call) -> Output:
    """Scaled dot-product attention of opset 23: two matrix products, between them a mask and a softmax;
    several heads of the query may read one of the keys and values.
    """
    q, k, v = (call.tensor(i) for i in range(3))
    many, n, width = heads_of(call, q, "q_num_heads")
    (few, m, inner), (same, found, size) = (heads_of(call, t, "kv_num_heads") for t in (k, v))
    if len(call.node.output) > 1 or len(call.inputs) > 4 or call.number("softcap", 0):
        raise NotKnown
    if width != inner or m != found or few != same or many % few:
        given = ", ".join(dims_text(t.dims) for t in (q, k, v))
        raise call.fault(f"its query, key and value of {given} do not fit each other")
    net, name = call.net, call.name
    scores = net.product(f"{name}/scores", q, k, width, (q.dims[0], many, n, m))
    if (mask := call.input(3)) is not None:
        scores = call.combine("add", scores, mask, part="mask")
    shares = net.same(f"{name}/softmax", Activation("softmax"), scores)
    dims = (many, n, size) if len(q.dims) == 4 else (n, many * size)
    return net.product(name, shares, v, m, (q.dims[0], *dims))


FUNCTIONS = {
    "Relu": "relu",
    "LeakyRelu": "leaky_relu",
    "ThresholdedRelu": "threshold",
    "Elu": "elu",
    "Selu": "selu",
    "Celu": "celu",
    "Gelu": "gelu",
    "FastGelu": "gelu",
    "QuickGelu": "swish",
    "Mish": "mish",
    "Swish": "swish",
    "Sigmoid": "sigmoid",
    "HardSigmoid": "hsigmoid",
    "HardSwish": "hswish",
    "Tanh": "tanh",
    "Softmax": "softmax",
    "LogSoftmax": "log_softmax",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Erf": "erf",
    "Exp": "exp",
    "Log": "log",
    "Sqrt": "sqrt",
    "Sin": "sin",
    "Cos": "cos",
    "Abs": "abs",
    "Reciprocal": "power",
    "Shrink": "soft_shrink",
    "QLinearSigmoid": "sigmoid",
    "QLinearLeakyRelu": "leaky_relu",
    "QLinearSoftmax": "softmax",
}

OPS: dict[str, Rule] = {
    **{name: activation(function) for name, function in FUNCTIONS.items()},
    **MOVES,  # what truly costs nothing
    "DepthToSpace": to_depth,
    "SpaceToDepth": to_depth,
    "If": conditional,
    # multiply-adds
    "Conv": conv(),
    "FusedConv": conv(),
    "ConvInteger": conv(1, 99),
    "QLinearConv": conv(3, 8),
    "ConvTranspose": conv_transpose,
    "Gemm": gemm,
    "QGemm": lambda call: gemm(call, (0, 3, 6)),
    "MatMul": matmul(),
    "MatMulInteger": matmul(),
    "QLinearMatMul": matmul(0, 3),
    "Einsum": einsum,
    "Attention": attention,
    **RECURRENT,
    # pools and norms
    "MaxPool": pool(MaxPool),
    "AveragePool": pool(AvgPool),
    "QLinearAveragePool": pool(AvgPool),
    "GlobalAveragePool": global_pool("average"),
    "QLinearGlobalAveragePool": global_pool("average"),
    "GlobalMaxPool": global_pool("max"),
    "BatchNormalization": batch_norm,
    "LayerNormalization": last_axes_norm(LayerNorm),
    **dict.fromkeys(
        ("RMSNormalization", "SimplifiedLayerNormalization"), last_axes_norm(lambda scale, _: RmsNorm(scale))
    ),
    "InstanceNormalization": channel_norm,
    "GroupNormalization": channel_norm,
    "LRN": lrn,
    # element by element
    "Clip": clip,
    "PRelu": prelu,
    "BiasGelu": gelu_bias,
    "Add": combine("add"),
    "Sub": combine("subtract"),
    "Mul": combine("multiply"),
    "Div": combine("divide"),
    "Pow": combine("power"),
    "Sum": combine_all("add"),
    "Max": combine_all("maximum"),
    "Min": combine_all("minimum"),
    "QLinearAdd": combine("add", 0, 3),
    "QLinearMul": combine("multiply", 0, 3),
    **dict.fromkeys(("Neg", "QuantizeLinear", "DequantizeLinear", "Floor", "Ceil", "Round", "Sign"), rescale),
    "DynamicQuantizeLinear": quantize_dynamic,
    **{
        f"Reduce{name}": reduce(by)
        for name, by in {"Mean": "mean", "Sum": "sum", "Max": "max", "Min": "min", "L2": "l2"}.items()
    },
    "ReduceSumSquare": reduce("l2"),
    "CumSum": running,
    "ArgMax": arg,
    "ArgMin": arg,
    "Resize": resize,
    "Upsample": resize,
    "Col2Im": col2im,
    "Where": combine_all("select"),
    **dict.fromkeys(
        ("Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Mod"),
        combine("compare"),
    ),
}
"""Every op that can be costed, by its type."""

MULTIPLYING = ("Conv", "Gemm", "MatMul", "Einsum", "Attention")
STILL = {name for name in OPS if not any(word in name for word in MULTIPLYING)} - {"If"}
"""Ops without multiply-adds: on stored numbers alone they give stored numbers again."""
DOMAINS = ("", "com.microsoft", "ai.onnx.ml")


def convert(call: Call) -> Any:
    """Add the layers of one node and return what they give.

    Raises NotKnown for what cannot be costed.
    """
    if call.domain not in DOMAINS or call.type not in OPS or (call.domain and call.type == "Attention"):
        raise NotKnown
    return OPS[call.type](call)
