"""What does each operation of `keras.ops` or TensorFlow compute that a Keras model calls?"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

from ...engine.ops import (
    Concat,
    Constant,
    Crop,
    GlobalPool,
    MatMul,
    Pad,
    Permute,
    Reduce,
    Repeat,
    Reshape,
    Resize,
    Slice,
)
from ...engine.shapes import Shape
from ..kit.layers import LARGEST_DIMENSION
from ..kit.stored import Dims
from ..kit.tensors import NotKnown, Tensor, Value, view
from .functions import FUNCTIONS, plain_name
from .layers import LAYERS, METHODS, as_dims, concatenate, elementwise, merge, rescaling, reshaped, same
from .net import MOST_AXES, Call, Outputs, axis_in
from .numbers import listed, numbers, picked, single, worked_out

MOST_PARTS = 1000


def argument(call: Call, name: str, at: int, default: Any = None) -> Any:
    """An argument of an operation: from its config, its keywords, or its place."""
    for where in (call.given, call.kwargs):
        if where.get(name) is not None:
            return where[name]
    return call.args[at] if len(call.args) > at and call.args[at] is not None else default


def axis_at(rank: int, axis: Any) -> int:
    """Which axis of a tensor a number means; raises NotKnown for the batch or none."""
    at = axis_in(rank, axis)
    if not at:
        raise NotKnown
    return at


def axes_at(rank: int, axes: Any) -> list[int]:
    """The axes of a tensor that a number or a list of numbers means, sorted; raises NotKnown as `axis_at`."""
    axes = [axes] if axes.__class__ is int else axes
    if not isinstance(axes, list):
        raise NotKnown
    return sorted(axis_at(rank, a) for a in axes)


def reduce(by: str) -> Callable[[Call], Tensor]:
    """Mean, sum and the like over some axes; over a map's height and width it is global pooling."""

    def build(call: Call) -> Tensor:
        t = call.tensors[0]
        rank = len(t.dims)
        axes = argument(call, "axis", 1)
        at = list(range(1, rank)) if axes is None else axes_at(rank, axes)
        if rank > 4:
            raise NotKnown
        dims = tuple(1 if i in at else n for i, n in enumerate(t.dims))
        pooled = rank == 4 and at == [i for i in (1, 2, 3) if i != t.c] and by in ("mean", "max")
        op: Any = GlobalPool("average" if by == "mean" else "max") if pooled else Reduce(*view(dims, t.c), by)
        y = call.add(op, t, dims=dims, c=t.c)
        if argument(call, "keepdims", 2, False) is True:
            return y
        return call.along(y, tuple(n for i, n in enumerate(dims) if i not in at))

    return build


def op_reshape(call: Call) -> Tensor:
    """A reshape to a shape whose first number is the batch."""
    shape = listed(argument(call, "newshape", 1, argument(call, "shape", 1)))
    if not shape:
        raise NotKnown
    return reshaped(call, shape[1:])


def op_transpose(call: Call) -> Tensor:
    """The axes in a given order; the batch must stay first."""
    axes, t = argument(call, "axes", 1, argument(call, "perm", 1)), call.tensors[0]
    if (
        not isinstance(axes, list)
        or axes[:1] != [0]
        or axes_at(len(t.dims), axes[1:]) != list(range(1, len(t.dims)))
    ):
        raise NotKnown
    return as_dims(call, tuple(t.dims[a] for a in axes), Permute)


def op_concatenate(call: Call) -> Tensor:
    """Concatenation along an axis: by default the first for the operation `Concatenate`, else the last."""
    axis = argument(call, "axis", 1, 0 if call.type == "Concatenate" else -1)
    if axis.__class__ is not int:
        raise NotKnown
    return concatenate(call, axis)


def op_squeeze(call: Call) -> Tensor:
    """Drop axes of size 1: the given ones, or all but the batch."""
    axes, t = argument(call, "axis", 1), call.tensors[0]
    ones = [i for i, n in enumerate(t.dims) if i and n == 1]
    at = ones if axes is None else axes_at(len(t.dims), axes)
    if not set(at) <= set(ones):
        raise NotKnown
    return as_dims(call, tuple(n for i, n in enumerate(t.dims) if i not in at))


def op_expand_dims(call: Call) -> Tensor:
    """Insert an axis of size 1."""
    t = call.tensors[0]
    at = axis_at(len(t.dims) + 1, argument(call, "axis", 1))
    return as_dims(call, (*t.dims[:at], 1, *t.dims[at:]))


def op_pad(call: Call) -> Tensor:
    """Zeros around the height and width of a map; padding of the batch or the channels is not known."""
    pairs, t = argument(call, "pad_width", 1, argument(call, "paddings", 1)), call.tensors[0]
    if not isinstance(pairs, list) or len(pairs) != 4 or len(t.dims) != 4:
        raise NotKnown
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2:
            raise NotKnown
        if any(n.__class__ is not int or not 0 <= n <= LARGEST_DIMENSION for n in pair):
            raise NotKnown
    if any(pairs[0]) or any(pairs[t.c]):
        raise NotKnown
    h, w = (pairs[i] for i in (1, 2, 3) if i != t.c)
    return call.mapped(Pad((*h, *w)), t)


def cut(call: Call, t: Tensor, sizes: Dims, start: int = 0, part: str = "") -> Tensor:
    """A slice of a tensor, `sizes` of each axis; `start` is the first channel."""
    if sizes == t.dims:
        return t
    if len(t.dims) > 4 or min(sizes) < 1:
        raise NotKnown
    x, y = call.net.shape(t), view(sizes, t.c)
    if y.c != x.c:
        t = call.add(Slice(y.c, start), t, dims=sizes, c=t.c, part=part)
        part = f"{part}/crop".lstrip("/")
    if (y.h, y.w) != (x.h, x.w):
        t = call.add(Crop(y.h, y.w), t, dims=sizes, c=t.c, part=part)
    return t._replace(dims=sizes)


def parts_of(call: Call, t: Tensor, at: int, sizes: list[int]) -> list[Tensor]:
    """The tensor split along an axis into parts of these sizes."""
    if any(n < 1 for n in sizes) or sum(sizes) != t.dims[at] or len(sizes) > MOST_PARTS:
        raise NotKnown
    starts = [sum(sizes[:k]) * (at == t.c) for k in range(len(sizes))]
    return [
        cut(call, t, (*t.dims[:at], n, *t.dims[at + 1 :]), start, str(k))
        for k, (n, start) in enumerate(zip(sizes, starts, strict=True), 1)
    ]


def op_split(call: Call) -> list[Tensor]:
    """Equal parts, parts that end at these indices (Keras), or parts of these sizes (TensorFlow)."""
    sizes, t = call.kwargs.get("num_or_size_splits"), call.tensors[0]
    given = argument(call, "indices_or_sections", 1, sizes)
    at = axis_at(len(t.dims), argument(call, "axis", 2, 0))
    whole, count = t.dims[at], single(given)
    if count is not None:
        if not 1 <= count <= MOST_PARTS or whole % count:
            raise NotKnown
        return parts_of(call, t, at, [whole // count] * count)
    parts = listed(given)
    if parts is None:
        raise NotKnown
    if sizes is None:
        parts = [b - a for a, b in pairwise([0, *parts, whole])]
    return parts_of(call, t, at, [whole - sum(parts) - 1 if n == -1 else n for n in parts])


def op_unstack(call: Call) -> list[Tensor]:
    """Split along an axis into parts of size 1, and drop that axis."""
    t = call.tensors[0]
    at = axis_at(len(t.dims), argument(call, "axis", 2, 0))
    parts = parts_of(call, t, at, [1] * min(t.dims[at], MOST_PARTS + 1))
    left = (*t.dims[:at], *t.dims[at + 1 :])
    return [call.along(part, left, f"{k}/axes") for k, part in enumerate(parts, 1)]


def op_stack(call: Call) -> Tensor:
    """Tensors of one shape, stacked along a new axis."""
    t = call.tensors[0]
    at = axis_at(len(t.dims) + 1, argument(call, "axis", 1, 0))
    if any(x.dims != t.dims for x in call.tensors):
        raise NotKnown
    rows = Shape(prod(t.dims[:at]), 1, prod(t.dims[at:]))
    inputs = [call.same(Reshape(*rows), x, part=f"input {k}") for k, x in enumerate(call.tensors, 1)]
    y = call.add(Concat("width"), *inputs, dims=(), c=0)
    return call.along(y, (*t.dims[:at], len(inputs), *t.dims[at:]))


def op_getitem(call: Call) -> Tensor:
    """Python's square brackets: slices, indices, new axes and an ellipsis."""
    given, t = argument(call, "slice_spec", 1), call.tensors[0]
    first, *rest = _entries(given if isinstance(given, list) else [given], len(t.dims))
    if first is None or picked(first, 1) != range(1) or single(first) is not None:
        raise NotKnown  # of the batch
    sizes, dims, start = [1], [1], 0
    for entry in rest:
        if entry is None:
            dims.append(1)
            continue
        found = picked(entry, t.dims[len(sizes)])
        if not found:
            raise NotKnown
        if len(sizes) == t.c and found.step == 1:
            start = found.start
        sizes.append(len(found))
        if single(entry) is None:
            dims.append(len(found))
    y = cut(call, t, tuple(sizes), start)
    return y if tuple(dims) == y.dims else call.along(y, tuple(dims))


def _entries(given: list[Any], rank: int) -> list[Any]:
    """The entries of square brackets, one for each axis and each new axis, the ellipsis written out."""
    dots = [n for n, e in enumerate(given) if isinstance(e, dict) and e.get("class_name") == "__ellipsis__"]
    taken = sum(e is not None for e in given) - len(dots)
    if len(dots) > 1 or taken > rank or len(given) > MOST_AXES:
        raise NotKnown
    at = dots[0] if dots else len(given)
    return [*given[:at], *[{"start": None, "stop": None}] * (rank - taken), *given[at + 1 :]]


def op_take(call: Call) -> Tensor:
    """Some indices of an axis, which the file gives."""
    t, index = call.tensors[0], argument(call, "indices", 1)
    places, at = listed(index), axis_at(len(t.dims), argument(call, "axis", 2, 0))
    if places is None or len(call.tensors) > 1 or not 0 < len(places) <= t.dims[at]:
        raise NotKnown
    y = cut(call, t, (*t.dims[:at], len(places), *t.dims[at + 1 :]))
    return y if single(index) is None else call.along(y, (*t.dims[:at], *t.dims[at + 1 :]))


def table(call: Call, lists: Any) -> Tensor:
    """Numbers that the file writes as nested lists, for one image: a table that is not trained."""
    axes: list[int] = []
    while isinstance(lists, list) and lists and len(axes) < MOST_AXES:
        axes.append(len(lists))
        lists = lists[0]
    if axes[:1] != [1]:
        raise NotKnown
    dims, c = tuple(axes), call.net.channels_of(len(axes))
    return call.add(Constant(*view(dims, c)), dims=dims, c=c, part="table")


def repeated(call: Call, times: list[int] | None) -> Tensor:
    """A tensor, or a table of the file, repeated so many times along each axis, the batch first."""
    if times is None:
        raise NotKnown
    t = call.tensors[0] if call.tensors else table(call, argument(call, "input", 0))
    if len(times) != len(t.dims) or times[0] != 1 or min(times) < 1:
        raise NotKnown
    dims = tuple(a * b for a, b in zip(t.dims, times, strict=True))
    return t if dims == t.dims else call.add(Repeat(*view(dims, t.c)), t, dims=dims, c=t.c)


def op_tile(call: Call) -> Tensor:
    """Repeat a tensor so many times along each axis."""
    return repeated(call, listed(argument(call, "multiples", 1, argument(call, "repeats", 1))))


def op_repeat(call: Call) -> Tensor:
    """Repeat each number so many times along one axis."""
    times, rank = single(argument(call, "repeats", 1)), len(call.tensors[0].dims)
    at = axis_at(rank, argument(call, "axis", 2))
    if times is None:
        raise NotKnown
    return repeated(call, [times if n == at else 1 for n in range(rank)])


def op_broadcast(call: Call) -> Tensor:
    """Broadcast to a shape of the same rank, which repeats the axes of size 1."""
    shape, dims = listed(argument(call, "shape", 1)), call.tensors[0].dims
    if shape is None or len(shape) != len(dims):
        raise NotKnown
    pairs = list(zip(shape, dims, strict=True))[1:]
    if any(d not in (1, n) for n, d in pairs):
        raise NotKnown
    return repeated(call, [1, *(n // d for n, d in pairs)])


def op_filled(call: Call) -> Tensor:
    """Zeros or ones, as many as another tensor has."""
    t = call.tensors[0]
    return call.same(Constant(*view(t.dims, t.c)), t)


def op_moved(call: Call) -> Tensor:
    """A tensor whose numbers are in another order along some axes."""
    t = call.tensors[0]
    return call.same(Permute(*view(t.dims, t.c)), t)


def op_swap(call: Call) -> Tensor:
    """Swap two axes."""
    dims = list(call.tensors[0].dims)
    a, b = (axis_at(len(dims), argument(call, f"axis{n}", n)) for n in (1, 2))
    dims[a], dims[b] = dims[b], dims[a]
    return as_dims(call, tuple(dims), Permute)


def op_depth(call: Call) -> Tensor:
    """Squares of positions become channels (space to depth), or the reverse."""
    t, size = call.tensors[0], single(argument(call, "block_size", 1))
    if len(t.dims) != 4 or size is None or size < 1:
        raise NotKnown
    h, w, c = view(t.dims, t.c)
    if plain_name(call.type) == "depthtospace":
        fits, y = not c % (size * size), Shape(h * size, w * size, c // (size * size))
    else:
        fits, y = not (h % size or w % size), Shape(h // size, w // size, c * size * size)
    if not fits:
        raise NotKnown
    return call.mapped(Permute(*y), t)


def op_resize(call: Call) -> Tensor:
    """Resize a map to a fixed height and width, bilinearly by default."""
    size, t = listed(argument(call, "size", 1)), call.tensors[0]
    method = argument(call, "interpolation", 2, argument(call, "method", 2, "bilinear"))
    if len(t.dims) != 4 or size is None or len(size) != 2 or min(size) < 1 or method not in METHODS:
        raise NotKnown
    return call.mapped(Resize(size[0], size[1], method), t)


def op_matmul(call: Call) -> Tensor:
    """A product of two computed tensors, whose last two axes are matrices."""
    if len(call.tensors) != 2 or any(call.kwargs.get(key) for key in ("adjoint_a", "adjoint_b")):
        raise NotKnown
    a, b = (t.dims for t in call.tensors)
    a = (*a[:-2], *a[:-3:-1]) if call.kwargs.get("transpose_a") else a
    b = (*b[:-2], *b[:-3:-1]) if call.kwargs.get("transpose_b") else b
    if len(a) != len(b) or len(a) < 3 or a[:-2] != b[:-2] or a[-1] != b[-2]:
        raise NotKnown
    dims, c = (*a[:-1], b[-1]), call.net.channels_of(len(a))
    return call.add(MatMul(a[-1], *view(dims, c)), *call.tensors, dims=dims, c=c)


OPERATIONS: dict[str, Callable[[Call], Outputs]] = {
    **dict.fromkeys(("add", "addv2", "addn", "biasadd"), merge("add")),
    **dict.fromkeys(("subtract", "sub"), merge("subtract")),
    **dict.fromkeys(("multiply", "mul"), merge("multiply")),
    **dict.fromkeys(("divide", "truedivide", "truediv", "realdiv", "div"), merge("divide")),
    "maximum": merge("maximum"),
    "minimum": merge("minimum"),
    **dict.fromkeys(("power", "pow"), elementwise("power")),
    **dict.fromkeys(("mean", "reducemean"), reduce("mean")),
    **dict.fromkeys(("sum", "reducesum"), reduce("sum")),
    **dict.fromkeys(("max", "reducemax"), reduce("max")),
    **dict.fromkeys(("min", "reducemin"), reduce("min")),
    **{name: elementwise(function) for name, function in FUNCTIONS.items() if function},
    **dict.fromkeys(("identity", "cast", "stopgradient", "cachevalue", "copy"), same),
    "negative": rescaling,
    "neg": rescaling,
    "reshape": op_reshape,
    "transpose": op_transpose,
    **dict.fromkeys(("concatenate", "concat", "concatv2"), op_concatenate),
    "squeeze": op_squeeze,
    "expanddims": op_expand_dims,
    "pad": op_pad,
    **dict.fromkeys(("split", "splitv"), op_split),
    **dict.fromkeys(("unstack", "unpack"), op_unstack),
    **dict.fromkeys(("stack", "pack"), op_stack),
    "getitem": op_getitem,
    **dict.fromkeys(("take", "gather", "gatherv2"), op_take),
    "tile": op_tile,
    "repeat": op_repeat,
    "broadcastto": op_broadcast,
    **dict.fromkeys(("zeroslike", "oneslike"), op_filled),
    **dict.fromkeys(("flip", "reverse", "reversev2", "roll"), op_moved),
    "swapaxes": op_swap,
    **dict.fromkeys(("depthtospace", "spacetodepth"), op_depth),
    "resize": op_resize,
    **dict.fromkeys(("matmul", "batchmatmulv2"), op_matmul),
}
"""Every operation that can be costed, by its name in lower case without underscores."""


def convert(call: Call, module: str) -> list[Value]:
    """Add the layers of one call, or an op that cannot be costed.

    Raises SpecError for arguments that do not fit, UnknownOpError where the file's tail is read by what has
    weights.
    """
    operation = True
    if call.type in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
        call.type = call.text("function", call.type)[:80]  # "math.multiply", "__operators__.add"
    elif call.type == "TensorFlowOpLayer":
        call.type, call.args = _node_def(call), [*call.args, *_constants(call)]
    else:
        operation = ".ops" in module
    name = plain_name(call.type)
    found = OPERATIONS.get(name) if operation else LAYERS.get(call.type)
    call.recognised = operation or found is not None
    if call.net.behind_tail(call.tensors):
        if call.weighs():
            call.net.layers.refuse_behind(*[t.ref for t in call.tensors])
        return [call.tail("" if found else call.type)]
    if name == "shape" and len(call.tensors) == 1 and found is None:
        shape = numbers(list(call.x.dims))
        return [call.unknown() if shape is None else shape]
    if not call.tensors and name not in ("tile", "fill", "zeros", "ones"):
        return [worked_out(call, name) or call.unknown()]
    try:
        given = found(call) if found else call.unknown()
    except NotKnown:
        given = call.unknown()
    return [*given] if isinstance(given, list) else [given]


def _node_def(call: Call) -> str:
    """The op's type in the node of a TensorFlow graph, which TensorFlow 2.2 wrote as text within the JSON."""
    import json

    node = call.given.get("node_def")
    try:
        node = json.loads(node) if isinstance(node, str) else node
    except (ValueError, RecursionError):
        node = None
    op = node.get("op") if isinstance(node, dict) else None
    return op[:80] if isinstance(op, str) else call.type


def _constants(call: Call) -> list[Any]:
    constants = call.given.get("constants")
    return list(constants.values()) if isinstance(constants, dict) else []
