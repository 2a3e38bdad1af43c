"""What does each TFLite operator compute, and on which axes? One function an operator, in one table.

Source: TensorFlow Lite's schema and the operators' reference kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

from ...engine.elements import Activation, L2Norm, LocalResponseNorm, PRelu, Rescale
from ...engine.moves import Constant, Permute
from ...engine.ops import AvgPool, DepthwiseConv, MaxPool, Resize, TransposedConv
from ..folding import fold
from ..layers import DETECTION, LARGEST_DIMENSION, LARGEST_OPTIONS, PRODUCTS, convolution, plain_size
from ..stored import Dims, Stored
from ..tensors import Maps, NotKnown, Tensor, Value, broadcast, said, view
from .file import CUSTOM, FUSED, Operator

FUSED_FUNCTIONS = {0: "", 1: "relu", 2: "hard_tanh", 3: "relu6", 4: "tanh"}


class Call:
    """One operator: its inputs, options and name."""

    def __init__(self, net: Maps, operator: Operator, inputs: list[Value | None], name: str) -> None:
        self.net, self.type, self.options, self.inputs, self.name = net, operator.type, operator.options, inputs, name
        self.outputs = len(operator.outputs)

    def fault(self, message: str) -> Exception:
        return self.net.fault(message, self.name)

    def weighs(self) -> bool:
        """Has it weights or products of its own, or another graph, whatever reads it? Then it is no part of a tail that counts 0."""
        if self.type in ("PRELU", "SVDF", "READ_VARIABLE", "WHILE", "IF", "CALL", "CALL_ONCE") or PRODUCTS.search(self.type):
            return True
        stored = any(isinstance(v, Stored) and v.numbers > 1 for v in self.inputs) and not DETECTION.search(self.type)
        return self.type not in OPS and (stored or self.option(CUSTOM) > LARGEST_OPTIONS)

    def option(self, key: str, default: Any = 0) -> Any:
        return self.options.get(key, default)

    def side(self, key: str, default: int = 1) -> int:
        n = self.option(key, default)
        if not 1 <= n <= LARGEST_DIMENSION:
            raise self.fault(f"{key} must be a whole number from 1, not {n}")
        return int(n)

    def window(self, *keys: str) -> Any:
        return plain_size(*(self.side(key) for key in keys))

    @property
    def padding(self) -> Any:
        if "Pads" in self.options:  # of a dilated convolution, see dilated.py
            top, bottom, left, right = self.options["Pads"]
            return plain_size(top, left) if (top, left) == (bottom, right) else (top, bottom, left, right)
        if self.option("Padding") not in (0, 1):
            raise self.fault(f"padding {self.option('Padding')} is not known")
        return ("same", "valid")[self.option("Padding")]

    def input(self, at: int) -> Value | None:
        return self.inputs[at] if at < len(self.inputs) else None

    def value(self, at: int = 0) -> Value:
        value = self.input(at)
        if value is None:
            raise self.fault(f"{self.type[:40]} needs its input {at + 1}")
        return value

    def tensor(self, at: int = 0) -> Tensor:
        return self.net.as_tensor(self.value(at), self.name)

    def weights(self, at: int) -> Stored | None:
        """Stored numbers that a layer reads as its weights, of whatever type."""
        value = self.input(at)
        if isinstance(value, Tensor):
            raise NotKnown
        return value._replace(numbers=prod(value.dims)) if value is not None and value.key and not value.numbers else value

    def integers(self, at: int) -> list[int]:
        """The numbers of an input; raises NotKnown where they are computed from the image."""
        value = self.value(at)
        if not isinstance(value, Stored) or value.values is None or any(n != n or abs(n) > 2**63 for n in value.values):
            raise NotKnown
        return [int(n) for n in value.values]

    def map(self, at: int = 0) -> Tensor:
        """An input as a map, or several of them one below the other, channels last."""
        t = self.tensor(at)
        if len(t.dims) != 4:
            raise NotKnown
        return self.net.seen(t, 3, self.name)

    def axis(self, said_: int, rank: int) -> int:
        if not -rank <= said_ < rank:
            raise self.fault(f"axis {said_} does not fit {rank} axes")
        return said_ % rank

    def fused(self, t: Tensor) -> Tensor:
        """The activation that is fused into an operator."""
        code = self.option(FUSED)
        if code not in FUSED_FUNCTIONS:
            raise self.fault(f"its fused activation {code} cannot be costed")
        function = FUSED_FUNCTIONS[code]
        return self.net.same(f"{self.name}/{function}", Activation(function), t) if function else t


Output = Value | Sequence[Value] | None
Lay = Callable[[Call], Output]


def slid(call: Call, op: Any, x: Tensor) -> tuple[Any, Dims]:
    """A window over a map, or over each of several; and the axes of what it gives."""
    y = call.net.window(call.name, op, x)
    several = x.dims[0] != 1 and not call.net.dry
    return op._replace(tiles=x.dims[0]) if several else op, (x.dims[0], y.h, y.w, y.c)


def conv(call: Call) -> Output:
    x, w, bias = call.map(), call.weights(1), call.weights(2)
    if w is None or len(w.dims) != 4:
        raise NotKnown
    out, k_h, k_w, per_group = call.net.checked(w.dims, call.name)
    channels = x.dims[3]
    if channels % per_group:
        raise call.fault(f"its weights are for groups of {per_group:,} channels, and it gets {channels:,}")
    stride, dilation = call.window("StrideH", "StrideW"), call.window("DilationHFactor", "DilationWFactor")
    op = convolution(channels, out, plain_size(k_h, k_w), stride, dilation, channels // per_group, call.padding, False)
    op, dims = slid(call, op, x)
    return call.fused(call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 3))


def depthwise(call: Call) -> Output:
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
    """Its first input says how large the output is, which follows the map's size in any case."""
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
    if isinstance(target, Stored) and target.values and not call.net.before and tuple(target.values[1:]) != dims[1:]:
        raise NotKnown
    return call.fused(call.net.weighted(call.name, lambda b: op._replace(bias=b), x, w, bias, dims, 3))


def svdf(call: Call) -> Output:
    """A dense layer a frame, and a filter over the last frames of each of its outputs, which are kept as a state.

    Every unit is the sum of `rank` such filters. Source: TensorFlow Lite, svdf.cc; Nakkiran et al. 2015.
    """
    net, name = call.net, call.name
    x, feature, time, bias = call.tensor(), call.weights(1), call.weights(2), call.weights(3)
    if feature is None or time is None or len(x.dims) != 2 or len(feature.dims) != 2 or len(time.dims) != 2:
        raise NotKnown
    (filters, inner), memory, batch = feature.dims, time.dims[1], x.dims[0]
    rank = call.option("Rank") or (filters // bias.dims[-1] if bias and bias.dims[-1] else 1)
    if time.dims[0] != filters or filters % rank or not memory:
        raise call.fault(f"its filters of {said(feature.dims)} and {said(time.dims)} do not fit rank {rank}")
    y = net.reshape(f"{name}/frame", net.dense(f"{name}/feature", x, -1, feature, inner, filters), (batch, 1, filters))
    if memory > 1:
        state = Tensor(net.node(f"{name}/state", Constant(memory - 1, 1, filters)), (batch, memory - 1, filters), 2)
        y = net.concat(f"{name}/frames", [state, y], 1)
    window = DepthwiseConv((memory, 1), 1, 1, 1, "valid")
    y = net.weighted(f"{name}/time", lambda b: window._replace(bias=b), y, time, None, (batch, 1, filters), 2)
    if rank > 1:
        parts = net.reshape(f"{name}/units", y, (batch, filters // rank, rank))
        y = net.reduce(f"{name}/sum", parts, [2], False, "sum")
    y = net.reshape(f"{name}/vector", y, (batch, filters // rank))
    return call.fused(y if bias is None else net.combine(f"{name}/bias", "add", [y, bias]))


def fully_connected(call: Call) -> Output:
    x, w, bias = call.tensor(), call.value(1), call.weights(2)
    if len(w.dims) != 2:
        raise NotKnown
    out, inner = w.dims
    whole = prod(x.dims)
    if not inner or whole % inner:
        raise call.fault(f"its weights are for {inner:,} numbers, and it gets {said(x.dims)}")
    if x.dims[-1] != inner or (len(x.dims) != 2 and not call.option("KeepNumDims")):
        x = call.net.reshape(f"{call.name}/rows", x, (whole // inner, inner))
    if isinstance(w, Tensor):
        y = call.net.matmul(call.name, x, call.net.transpose(f"{call.name}/transposed", w, (1, 0)))
        return call.fused(y if bias is None else call.net.combine(f"{call.name}/bias", "add", [y, bias]))
    return call.fused(call.net.dense(call.name, x, -1, w, inner, out, bias))


def batch_matmul(call: Call) -> Output:
    a, b = call.value(0), call.value(1)

    def turned(value: Value, key: str, part: str) -> Value:
        rank = len(value.dims)
        if not call.option(key) or rank < 2:
            return value
        order = (*range(rank - 2), rank - 1, rank - 2)
        if isinstance(value, Stored):
            return value._replace(dims=tuple(value.dims[i] for i in order), values=None)
        return call.net.transpose(f"{call.name}/{part}", value, order)

    return call.net.matmul(call.name, turned(a, "AdjX", "a"), turned(b, "AdjY", "b"))


def pool(kind: Any) -> Lay:
    def lay(call: Call) -> Output:
        x = call.map()
        op = kind(call.window("FilterHeight", "FilterWidth"), call.window("StrideH", "StrideW"), call.padding)
        op, dims = slid(call, op, x)
        return call.fused(call.net.add(call.name, op, x, dims=dims, c=3))

    return lay


def activation(function: str) -> Lay:
    return lambda call: call.net.same(call.name, Activation(function), call.tensor())


def prelu(call: Call) -> Output:
    slope = call.weights(1)
    if slope is None:
        raise NotKnown
    return call.net.same(call.name, PRelu(prod(slope.dims)), call.tensor(), shared=not call.net.first(slope))


def combine(by: str) -> Lay:
    return lambda call: call.fused(call.net.combine(call.name, by, [call.value(0), call.value(1)]))


def squared_difference(call: Call) -> Output:
    y = call.net.combine(call.name, "subtract", [call.value(0), call.value(1)])
    return call.net.same(f"{call.name}/square", Activation("power"), y)


def add_n(call: Call) -> Output:
    return call.net.combine(call.name, "add", [v for v in call.inputs if v is not None])


def free(call: Call) -> Output:
    return call.value()


def rescale(call: Call) -> Output:
    """A multiply and an add with fixed numbers, such as quantisation."""
    return call.net.same(call.name, Rescale(), call.tensor())


def l2_normalization(call: Call) -> Output:
    return call.fused(call.net.same(call.name, L2Norm(False), call.tensor()))


def lrn(call: Call) -> Output:
    return call.net.same(call.name, LocalResponseNorm(2 * call.option("Radius") + 1), call.map())


def shape(call: Call) -> Output:
    dims = call.value().dims
    return Stored((len(dims),), None, 0, dims)


def reshape(call: Call) -> Output:
    """To axes that follow from shapes, or that stand in the file and are followed."""
    t, value = call.tensor(), call.input(1)
    target = call.integers(1) if value is not None else list(call.option("NewShape", ()))
    fixed = not isinstance(value, Stored) or value.key is not None
    dims = call.net.followed(call.name, t.dims, ()) if fixed else ()
    if not dims:
        known = prod(n for n in target if n != -1)
        if target.count(-1) > 1 or (-1 in target and (known <= 0 or prod(t.dims) % known)):
            raise call.fault(f"{said(t.dims)} cannot be read as {said(target[:12])}")
        dims = tuple(prod(t.dims) // known if n == -1 else n for n in target)
    call.net.reshaped[call.name] = t.dims, dims
    return call.net.reshape(call.name, t, dims)


def squeeze(call: Call) -> Output:
    t = call.tensor()
    axes = [call.axis(a, len(t.dims)) for a in call.option("SqueezeDims", ())] or [i for i, n in enumerate(t.dims) if n == 1]
    if any(t.dims[a] != 1 for a in axes):
        raise call.fault(f"cannot drop axes {axes} of {said(t.dims)}")
    return call.net.reshape(call.name, t, [n for i, n in enumerate(t.dims) if i not in axes])


def expand_dims(call: Call) -> Output:
    t = call.tensor()
    at = call.axis(call.integers(1)[0], len(t.dims) + 1)
    return call.net.reshape(call.name, t, (*t.dims[:at], 1, *t.dims[at:]))


def transpose(call: Call) -> Output:
    return call.net.transpose(call.name, call.tensor(), call.integers(1))


def concat(call: Call) -> Output:
    return call.fused(call.net.concat(call.name, [v for v in call.inputs if v is not None], call.option("Axis")))


def pack(call: Call) -> Output:
    """Put values side by side along a new axis."""
    values = [v for v in call.inputs if v is not None]
    at = call.axis(call.option("Axis"), len(values[0].dims) + 1) if values else 0
    dims = (*values[0].dims[:at], 1, *values[0].dims[at:]) if values else ()
    if any(v.dims != values[0].dims for v in values):
        raise call.fault("it packs tensors of different axes")
    rows: list[Value] = []
    for k, v in enumerate(values):
        rows.append(v._replace(dims=dims) if isinstance(v, Stored) else call.net.reshape(f"{call.name}/{k + 1}", v, dims))
    stored = [v for v in rows if isinstance(v, Stored)]
    if len(stored) == len(rows):
        done = fold("Concat", stored, {"axis": at})
        if done is None:
            raise NotKnown
        return Stored(done[0], None, 0, done[1])
    return call.net.concat(call.name, rows, at)


def taken(call: Call, t: Value, dims: list[int], part: str = "") -> Value:
    """Some of each axis of a value."""
    name = f"{call.name}/{part}" if part else call.name
    return call.net.part(name, t if isinstance(t, Tensor) else call.net.as_tensor(t, name), tuple(dims))


def unpack(call: Call) -> Output:
    t = call.tensor()
    at = call.axis(call.option("Axis"), len(t.dims))
    if t.dims[at] > 1000:
        raise NotKnown
    dims = (*t.dims[:at], 1, *t.dims[at + 1 :])
    return [call.net.without(call.net.part(f"{call.name}/{k + 1}", t, dims), [at]) for k in range(t.dims[at])]


def split(call: Call) -> Output:
    """Equal parts, or parts of given sizes."""
    given = call.type == "SPLIT_V"
    t = call.tensor(0 if given else 1)
    at = call.axis(call.integers(2 if given else 0)[0], len(t.dims))
    count = call.option("NumSplits") or call.outputs
    if given:
        sizes = call.integers(1)
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = t.dims[at] - sum(sizes) - 1
    else:
        sizes = [t.dims[at] // count] * count if 0 < count <= 1000 else []
    if sum(sizes) != t.dims[at] or min(sizes, default=0) < 1 or len(sizes) > 1000:
        raise call.fault(f"parts of {sizes[:8]} do not make {t.dims[at]:,}")
    return [call.net.part(f"{call.name}/{k + 1}", t, (*t.dims[:at], n, *t.dims[at + 1 :])) for k, n in enumerate(sizes)]


def gather(call: Call) -> Output:
    """Some of an axis by fixed numbers, or as many as asked for by computed ones."""
    t, index, batch = call.tensor(), call.value(1), call.option("BatchDims")
    at = call.axis(call.option("Axis"), len(t.dims))
    count = prod(index.dims)
    if not 0 <= batch <= min(at, len(index.dims)) or index.dims[:batch] != t.dims[:batch]:
        raise NotKnown
    dims = (*t.dims[:at], *index.dims[batch:], *t.dims[at + 1 :])
    if isinstance(index, Tensor) or batch or count > t.dims[at]:
        return call.net.picked(call.name, t, dims)
    y = call.net.part(call.name, t, (*t.dims[:at], count, *t.dims[at + 1 :]))
    if not index.dims:
        return call.net.without(y, [at])
    return y if len(index.dims) == 1 else call.net.reshape(f"{call.name}/axes", y, dims)


def gather_nd(call: Call) -> Output:
    """Numbers, or slices of numbers, by the places that the rows of the second input say."""
    t, index = call.tensor(), call.value(1)
    if not index.dims or index.dims[-1] > len(t.dims):
        raise NotKnown
    return call.net.picked(call.name, t, (*index.dims[:-1], *t.dims[index.dims[-1] :]))


def to_batch(call: Call) -> Output:
    """Every second (third, ...) position of a map as a map of its own: how TensorFlow writes a dilated convolution."""
    t, block, pads = call.tensor(), call.integers(1), call.integers(2)
    count = len(block)
    if not 0 < count < len(t.dims) or len(pads) != 2 * count or min(block) < 1:
        raise call.fault(f"blocks of {said(block[:8])} do not fit {said(t.dims)}")
    rest = (0,) * (len(t.dims) - count - 1)
    x = call.net.padded(f"{call.name}/pad", t, (0, *pads[::2], *rest), (0, *pads[1::2], *rest)) if any(pads) else t
    sides = list(zip(x.dims[1:], block, strict=False))
    if any(n % b for n, b in sides):
        raise call.net.fault(f"its padding is fixed in the file and does not follow {said(t.dims)}", call.name, FOLLOWS)
    dims = (t.dims[0] * prod(block), *(n // b for n, b in sides), *x.dims[count + 1 :])
    c = len(dims) - 1
    return call.net.add(call.name, Permute(*view(dims, c)), x, dims=dims, c=c)


def from_batch(call: Call) -> Output:
    """The maps put together again, and cut."""
    t, block, crops = call.tensor(), call.integers(1), call.integers(2)
    count = len(block)
    if not 0 < count < len(t.dims) or len(crops) != 2 * count or min(block) < 1 or t.dims[0] % prod(block):
        raise call.fault(f"blocks of {said(block[:8])} do not fit {said(t.dims)}")
    sides = [n * b for n, b in zip(t.dims[1:], block, strict=False)]
    dims = (t.dims[0] // prod(block), *sides, *t.dims[count + 1 :])
    c = len(dims) - 1
    y = call.net.add(call.name, Permute(*view(dims, c)), call.net.seen(t, c, call.name), dims=dims, c=c)
    left = [n - a - b for n, a, b in zip(sides, crops[::2], crops[1::2], strict=True)]
    return call.net.part(f"{call.name}/crop", y, (dims[0], *left, *dims[count + 1 :])) if any(crops) else y


FOLLOWS = "read it at its own size, or convert the network anew at this one"


def slices(call: Call) -> Output:
    value, begin, size = call.value(), call.integers(1), call.integers(2)
    if not len(begin) == len(size) == len(value.dims):
        raise call.fault("its begin and size do not fit")
    return taken(call, value, [n - b if s == -1 else s for n, b, s in zip(value.dims, begin, size, strict=True)])


def strided_slice(call: Call) -> Output:
    value = call.value()
    begin, end, step = (call.integers(i) for i in (1, 2, 3))
    rank = len(value.dims)
    if call.option("EllipsisMask") or call.option("NewAxisMask") or not len(begin) == len(end) == len(step) <= rank or 0 in step:
        raise NotKnown
    picks, dims, gone = [], list(value.dims), []
    for i, n in enumerate(value.dims):
        if i >= len(begin):
            picks.append(range(n))
            continue
        shrunk = call.option("ShrinkAxisMask") >> i & 1
        start = None if call.option("BeginMask") >> i & 1 else begin[i]
        stop = None if call.option("EndMask") >> i & 1 else end[i]
        if shrunk:
            at = begin[i] + n if begin[i] < 0 else begin[i]
            picks.append(range(at, at + 1) if 0 <= at < n else range(0))
            gone.append(i)
        else:
            picks.append(range(*slice(start, stop, step[i]).indices(n)))
        dims[i] = len(picks[i])
    if not all(dims):
        raise call.fault("it takes nothing")
    if isinstance(value, Stored) and value.values is not None and rank == 1:
        values = tuple(value.values[i] for i in picks[0])
        return Stored(() if gone else (len(values),), value.key and (*value.key, call.name), min(value.numbers, len(values)), values)
    y = call.net.as_tensor(taken(call, value, dims), call.name)
    return call.net.without(y, gone) if gone else y


def pad(call: Call) -> Output:
    t, pads = call.tensor(), call.integers(1)
    if len(pads) != 2 * len(t.dims):
        raise call.fault(f"pads of {pads[:16]} do not fit {said(t.dims)}")
    if min(pads, default=0) < 0:
        raise NotKnown
    return call.net.padded(call.name, t, pads[::2], pads[1::2])


def reduce(by: str) -> Lay:
    return lambda call: call.net.reduce(call.name, call.tensor(), call.integers(1), bool(call.option("KeepDims")), by)


def arg(call: Call) -> Output:
    return call.net.reduce(call.name, call.tensor(), call.integers(1), False, "argmax")


def resize(method: str) -> Lay:
    """To sizes that follow from shapes, or that stand in the file and are followed."""

    def lay(call: Call) -> Output:
        x, value = call.map(), call.value(1)
        size = tuple(call.integers(1))
        if len(size) != 2:
            raise NotKnown
        dims: Dims = (x.dims[0], *size, x.dims[3])
        if isinstance(value, Stored) and value.key is not None:
            dims = call.net.followed_resize(call.name, x.dims, dims)
        call.net.checked(dims, call.name)
        call.net.reshaped[call.name] = x.dims, dims
        return call.net.add(call.name, Resize(dims[1], dims[2], method), x, dims=dims, c=3)

    return lay


def to_depth(call: Call) -> Output:
    x, b = call.map(), call.side("BlockSize")
    n, h, w, c = x.dims
    up = call.type == "DEPTH_TO_SPACE"
    if c % (b * b) if up else h % b or w % b:
        raise NotKnown
    dims = (n, h * b, w * b, c // (b * b)) if up else (n, h // b, w // b, c * b * b)
    return call.net.add(call.name, Permute(*view(dims, 3)), x, dims=dims, c=3)


def broadcast_to(call: Call) -> Output:
    value, target = call.value(), call.integers(1)
    try:
        dims = call.net.checked(broadcast([value.dims, tuple(target)]), call.name)
    except ValueError as e:
        raise call.fault(str(e)) from None
    return value if dims == value.dims else call.net.repeated(call.name, value, dims)


def tile(call: Call) -> Output:
    value, times = call.value(), call.integers(1)
    if len(times) != len(value.dims):
        raise NotKnown
    dims = call.net.checked([n * k for n, k in zip(value.dims, times, strict=True)], call.name)
    return value if dims == value.dims else call.net.repeated(call.name, value, dims)


def select(call: Call) -> Output:
    """Of each two numbers one, by a third."""
    return call.net.combine(call.name, "select", [call.value(0), call.value(1), call.value(2)])


def filled(call: Call) -> Output:
    """One number, as many times as a shape says."""
    return Stored(call.net.checked(call.integers(0), call.name))


def moved(call: Call) -> Output:
    """The same numbers in another order along an axis."""
    t = call.tensor()
    return call.net.same(call.name, Permute(*call.net.shape(t)), t)


def variable(call: Call) -> Output:
    """The handle of a state that is kept from one run to the next; it holds no numbers itself."""
    return Stored((1,))


def nothing(call: Call) -> Output:
    """Sets a state, which no layer reads in this run."""
    return []


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

OPS: dict[str, Lay] = {
    **{name: activation(function) for name, function in FUNCTIONS.items()},
    # what truly costs nothing
    "CAST": free,
    "SHAPE": shape,
    "RESHAPE": reshape,
    "SQUEEZE": squeeze,
    "EXPAND_DIMS": expand_dims,
    "TRANSPOSE": transpose,
    "CONCATENATION": concat,
    "PACK": pack,
    "UNPACK": unpack,
    "SPLIT": split,
    "SPLIT_V": split,
    "GATHER": gather,
    "GATHER_ND": gather_nd,
    "SPACE_TO_BATCH_ND": to_batch,
    "BATCH_TO_SPACE_ND": from_batch,
    "TILE": tile,
    "FILL": filled,
    "ZEROS_LIKE": lambda call: Stored(call.value().dims),
    "REVERSE_V2": moved,
    "VAR_HANDLE": variable,
    "ASSIGN_VARIABLE": nothing,
    "CALL_ONCE": nothing,
    "SLICE": slices,
    "STRIDED_SLICE": strided_slice,
    "PAD": pad,
    "PADV2": pad,
    "MIRROR_PAD": pad,
    "SPACE_TO_DEPTH": to_depth,
    "DEPTH_TO_SPACE": to_depth,
    "BROADCAST_TO": broadcast_to,
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
    **dict.fromkeys(("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL"), combine("compare")),
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
    if call.type in ("RESHAPE", "TRANSPOSE", "EXPAND_DIMS") and len(there) > 1 and there[1].values is not None:
        said_ = call.integers(1)
        dims = list(there[0].dims)
        if call.type == "TRANSPOSE" and sorted(said_) == list(range(len(dims))):
            return there[0]._replace(dims=tuple(dims[i] for i in said_), values=None)
        if call.type == "EXPAND_DIMS":
            dims.insert(call.axis(said_[0], len(dims) + 1), 1)
            return there[0]._replace(dims=tuple(dims))
        if call.type == "RESHAPE" and prod(said_) == prod(dims):
            return there[0]._replace(dims=tuple(said_))
    if call.type in FOLDED:
        done = fold(FOLDED[call.type], there, {"axis": call.option("Axis"), "keepdims": call.option("KeepDims")})
        if done is not None:
            own = [v for v in there if v.numbers]
            return Stored(done[0], own[0].key if own else None, min(sum(v.numbers for v in own), prod(done[0])), done[1])
    return None


def lay(call: Call) -> list[Value]:
    """Lay out one call; what it cannot be costed as raises NotKnown."""
    done: Any = stored(call)
    if done is None:
        if call.type not in OPS:
            raise NotKnown
        done = OPS[call.type](call)
    if done is None:
        raise NotKnown
    return list(done) if done.__class__ is list else [done]
