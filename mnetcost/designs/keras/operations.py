"""What does each operation compute that stands in a Keras model beside layers?

Those of `keras.ops`, and TensorFlow's in Keras 2 models.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import prod
from typing import Any

from ...engine.ops import GlobalPool, MatMul, Reduce, Resize
from ...engine.ops.moves import Concat, Constant, Crop, Pad, Permute, Repeat, Reshape, Slice
from ...engine.shapes import Shape
from ..kit.layers import LARGEST_DIMENSION
from .functions import FUNCTIONS, plain_name
from .layers import (
    LAYERS,
    METHODS,
    as_dims,
    concatenate,
    elementwise,
    merge,
    rescaling,
    reshaped,
    same,
)
from .net import MOST_AXES, Call, Numbers, Outputs, Tensor, Value, view
from .numbers import listed, picked, single, worked_out
from .windows import NotKnown


def argument(call: Call, name: str, at: int, default: Any = None) -> Any:
    """An argument of an operation: from its config, its keywords, or its place."""
    for where in (call.said, call.kwargs):
        if where.get(name) is not None:
            return where[name]
    return call.args[at] if len(call.args) > at and call.args[at] is not None else default


def reduce(by: str) -> Callable[[Call], Outputs]:
    """Mean, sum and the like over some axes; over a map's height and width it is global pooling."""

    def lay(call: Call) -> Outputs:
        t = call.tensors[0]
        axes, keep = argument(call, "axis", 1), argument(call, "keepdims", 2, False) is True
        axes = [axes] if axes.__class__ is int else list(range(1, len(t.dims) + 1)) if axes is None else axes
        if not isinstance(axes, list) or not all(a.__class__ is int for a in axes):
            raise NotKnown
        at = sorted(a - 1 if a >= 0 else a + len(t.dims) for a in axes)
        if len(t.dims) > 3 or any(not 0 <= a < len(t.dims) for a in at):
            raise NotKnown
        gone = "".join(t.layout[a] for a in at)
        sides = {side: 1 if side in gone else d for side, d in zip(t.layout, t.dims, strict=True)}
        shape = Shape(sides.get("h", 1), sides.get("w", 1), sides.get("c", 1))
        pooled = sorted(gone) == ["h", "w"] and by in ("mean", "max")
        op: Any = GlobalPool("average" if by == "mean" else "max") if pooled else Reduce(*shape, by)
        ref = call.add(op, t.ref)
        if keep:
            return [Tensor(ref, tuple(sides[s] for s in t.layout), t.layout)]
        left = tuple(sides[s] for s in t.layout if s not in gone)
        layout = call.plain_layout(len(left))
        shape = view(left, layout)
        ref = ref if call.shape(ref) == shape else call.add(Reshape(*shape), ref, part="axes")
        return [Tensor(ref, left, layout)]

    return lay


def op_reshape(call: Call) -> Outputs:
    shape = listed(argument(call, "newshape", 1, argument(call, "shape", 1)))
    if not shape:
        raise NotKnown
    return reshaped(call, shape[1:])


def op_transpose(call: Call) -> Outputs:
    axes, t = argument(call, "axes", 1, argument(call, "perm", 1)), call.tensors[0]
    if (
        not isinstance(axes, list)
        or sorted(map(str, axes)) != sorted(map(str, range(len(t.dims) + 1)))
        or axes[0] != 0
    ):
        raise NotKnown
    return as_dims(call, tuple(t.dims[a - 1] for a in axes[1:]), Permute)


def op_concatenate(call: Call) -> Outputs:
    axis = argument(call, "axis", 1, 0 if call.type == "Concatenate" else -1)
    if axis.__class__ is not int:
        raise NotKnown
    return concatenate(call, axis)


def op_squeeze(call: Call) -> Outputs:
    axes, t = argument(call, "axis", 1), call.tensors[0]
    axes = [axes] if axes.__class__ is int else axes
    if axes is None:
        return as_dims(call, tuple(d for d in t.dims if d != 1))
    at = [
        a - 1 if a.__class__ is int and a > 0 else a + len(t.dims) if a.__class__ is int else -1 for a in axes
    ]
    if any(not 0 <= a < len(t.dims) or t.dims[a] != 1 for a in at):
        raise NotKnown
    return as_dims(call, tuple(d for n, d in enumerate(t.dims) if n not in at))


def op_expand_dims(call: Call) -> Outputs:
    axis, t = argument(call, "axis", 1), call.tensors[0]
    if axis.__class__ is not int or axis == 0 or abs(axis) > len(t.dims) + 1:
        raise NotKnown
    at = axis - 1 if axis > 0 else axis + len(t.dims) + 1
    return as_dims(call, (*t.dims[:at], 1, *t.dims[at:]))


def op_pad(call: Call) -> Outputs:
    said, t = argument(call, "pad_width", 1, argument(call, "paddings", 1)), call.tensors[0]
    good = (
        isinstance(said, list) and len(said) == 4 and all(isinstance(p, list) and len(p) == 2 for p in said)
    )
    if (
        not good
        or len(t.dims) != 3
        or any(n.__class__ is not int or not 0 <= n <= LARGEST_DIMENSION for p in said for n in p)
    ):
        raise NotKnown
    sides = dict(zip(t.layout, said[1:], strict=True))
    if any(said[0]) or any(sides["c"]):
        raise NotKnown
    return call.result(call.add(Pad((*sides["h"], *sides["w"])), t.ref), t.layout)


def axis_at(call: Call, t: Tensor, said: Any, more: int = 0) -> int:
    """Which axis beside the batch a number means; `more`: of a tensor with so many more."""
    n = len(t.dims) + more
    at = (
        said - 1
        if said.__class__ is int and said > 0
        else said + n
        if said.__class__ is int and said < 0
        else -1
    )
    if not 0 <= at < n:
        raise NotKnown
    return int(at)


def cut(call: Call, t: Tensor, sizes: tuple[int, ...], start: int = 0, part: str = "") -> Tensor:
    """Some of each axis of a tensor; `start` is that of the channels."""
    if sizes == t.dims:
        return t
    if len(t.dims) > 3 or min(sizes, default=0) < 1:
        raise NotKnown
    y = view(sizes, t.layout)
    ref, x = t.ref, call.shape(t.ref)
    if y.c != x.c:
        ref = call.add(Slice(y.c, start), ref, part=part)
    if (y.h, y.w) != (x.h, x.w):
        ref = call.add(Crop(y.h, y.w), ref, part=f"{part}/crop".lstrip("/") if y.c != x.c else part)
    return Tensor(ref, sizes, t.layout)


def along(call: Call, t: Tensor, at: int, sizes: list[int]) -> Outputs:
    """One part of an axis behind another."""
    if any(n < 1 for n in sizes) or sum(sizes) != t.dims[at] or len(sizes) > 1000:
        raise NotKnown
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    channels = t.layout[at : at + 1] == "c"
    parts = zip(sizes, starts, strict=True)
    return [
        cut(call, t, (*t.dims[:at], n, *t.dims[at + 1 :]), start if channels else 0, str(k + 1))
        for k, (n, start) in enumerate(parts)
    ]


def with_dims(call: Call, t: Tensor, dims: tuple[int, ...], part: str = "axes") -> Tensor:
    """The same numbers along axes of which some of 1 are new or gone."""
    layout = call.plain_layout(len(dims))
    shape = view(dims, layout)
    return Tensor(
        t.ref if call.shape(t.ref) == shape else call.add(Reshape(*shape), t.ref, part=part), dims, layout
    )


def op_split(call: Call) -> Outputs:
    """Equal parts, parts that end at these places (Keras), or parts of these sizes (TensorFlow)."""
    sizes, (t, *_) = call.kwargs.get("num_or_size_splits"), call.tensors
    said = argument(call, "indices_or_sections", 1, sizes)
    at = axis_at(call, t, argument(call, "axis", 2, 0))
    count = single(said)
    if count is not None:
        if not 1 <= count <= 1000 or t.dims[at] % count:
            raise NotKnown
        return along(call, t, at, [t.dims[at] // count] * count)
    numbers = listed(said)
    if numbers is None:
        raise NotKnown
    if sizes is None:
        edges = [0, *numbers, t.dims[at]]
        numbers = [b - a for a, b in pairwise(edges)]
    return along(call, t, at, [t.dims[at] - sum(numbers) - 1 if n == -1 else n for n in numbers])


def op_unstack(call: Call) -> Outputs:
    t = call.tensors[0]
    at = axis_at(call, t, argument(call, "axis", 2, 0))
    gone = (*t.dims[:at], *t.dims[at + 1 :])
    return [
        with_dims(call, one, gone, f"{k + 1}/axes")
        for k, one in enumerate(along(call, t, at, [1] * min(t.dims[at], 1001)))
    ]


def op_stack(call: Call) -> Outputs:
    """Side by side along a new axis."""
    t = call.tensors[0]
    at = axis_at(call, t, argument(call, "axis", 1, 0), 1)
    if any(x.dims != t.dims for x in call.tensors):
        raise NotKnown
    rows = Shape(prod(t.dims[:at]), 1, prod(t.dims[at:]))
    refs = [call.add(Reshape(*rows), x.ref, part=f"input {k + 1}") for k, x in enumerate(call.tensors)]
    dims = (*t.dims[:at], len(refs), *t.dims[at:])
    return [with_dims(call, Tensor(call.add(Concat("width"), *refs), (), ""), dims)]


def op_getitem(call: Call) -> Outputs:
    """Python's square brackets: slices, indices, new axes and an ellipsis."""
    said, t = argument(call, "slice_spec", 1), call.tensors[0]
    entries = list(said) if isinstance(said, list) else [said]
    dots = [n for n, e in enumerate(entries) if isinstance(e, dict) and e.get("class_name") == "__ellipsis__"]
    taken = sum(e is not None for e in entries) - len(dots)
    if len(dots) > 1 or taken > len(t.dims) + 1 or len(entries) > MOST_AXES:
        raise NotKnown
    everything = [{"start": None, "stop": None}] * (len(t.dims) + 1 - taken)
    at = dots[0] if dots else len(entries)
    entries[at : at + 1] = everything
    first, *rest = entries
    if first is None or picked(first, 1) != range(1) or single(first) is not None:
        raise NotKnown  # of the batch
    sizes: list[int] = []
    dims: list[int] = []
    start, left = 0, list(t.dims)
    for entry in rest:
        if entry is None:
            dims.append(1)
            continue
        found = picked(entry, left[0])
        if not found:
            raise NotKnown
        if t.layout[len(sizes) : len(sizes) + 1] == "c" and found.step == 1:
            start = found.start
        sizes.append(len(found))
        left.pop(0)
        if single(entry) is None:
            dims.append(len(found))
    y = cut(call, t, tuple(sizes), start)
    return [y if tuple(dims) == y.dims else with_dims(call, y, tuple(dims))]


def op_take(call: Call) -> Outputs:
    """Some places of an axis, which stand in the file."""
    t, index = call.tensors[0], argument(call, "indices", 1)
    numbers, at = listed(index), axis_at(call, t, argument(call, "axis", 2, 0))
    if numbers is None or len(call.tensors) > 1 or not 0 < len(numbers) <= t.dims[at]:
        raise NotKnown
    y = cut(call, t, (*t.dims[:at], len(numbers), *t.dims[at + 1 :]))
    return [y if single(index) is None else with_dims(call, y, (*t.dims[:at], *t.dims[at + 1 :]))]


def written(call: Call, said: Any) -> Tensor:
    """Numbers that the file writes out as lists in lists, of one image: a table that nothing trains."""
    axes: list[int] = []
    while isinstance(said, list) and said and len(axes) < MOST_AXES:
        axes.append(len(said))
        said = said[0]
    if not axes or axes[0] != 1:
        raise NotKnown
    dims = tuple(axes[1:])
    layout = call.plain_layout(len(dims))
    return Tensor(call.add(Constant(*view(dims, layout)), part="table"), dims, layout)


def repeated(call: Call, times: list[int]) -> Outputs:
    """A tensor, or numbers of the file, as often along each axis, the batch first."""
    if call.tensors:
        t = call.tensors[0]
    else:
        t = written(call, argument(call, "input", 0))
    if len(times) != len(t.dims) + 1 or times[0] != 1 or min(times) < 1:
        raise NotKnown
    dims = tuple(a * b for a, b in zip(t.dims, times[1:], strict=True))
    return [t if dims == t.dims else Tensor(call.add(Repeat(*view(dims, t.layout)), t.ref), dims, t.layout)]


def op_tile(call: Call) -> Outputs:
    times = listed(argument(call, "multiples", 1, argument(call, "repeats", 1)))
    if times is None:
        raise NotKnown
    return repeated(call, times)


def op_repeat(call: Call) -> Outputs:
    times, t = single(argument(call, "repeats", 1)), call.tensors[0]
    at = axis_at(call, t, argument(call, "axis", 2))
    if times is None:
        raise NotKnown
    return repeated(call, [1, *(times if n == at else 1 for n in range(len(t.dims)))])


def op_broadcast(call: Call) -> Outputs:
    shape, t = listed(argument(call, "shape", 1)), call.tensors[0]
    if (
        shape is None
        or len(shape) != len(t.dims) + 1
        or any(n != d and d != 1 for n, d in zip(shape[1:], t.dims, strict=True))
    ):
        raise NotKnown
    return repeated(call, [1, *(n // d for n, d in zip(shape[1:], t.dims, strict=True))])


def op_filled(call: Call) -> Outputs:
    """Zeros or ones, as many as another tensor has."""
    t = call.tensors[0]
    return [t._replace(ref=call.add(Constant(*view(t.dims, t.layout)), t.ref))]


def op_moved(call: Call) -> Outputs:
    """Turned round along some axes."""
    t = call.tensors[0]
    return [t._replace(ref=call.add(Permute(*view(t.dims, t.layout)), t.ref))]


def op_swap(call: Call) -> Outputs:
    t = call.tensors[0]
    a, b = (axis_at(call, t, argument(call, f"axis{n}", n)) for n in (1, 2))
    dims = list(t.dims)
    dims[a], dims[b] = dims[b], dims[a]
    return as_dims(call, tuple(dims), Permute)


def op_depth(call: Call) -> Outputs:
    """Squares of positions become channels, or back."""
    t, size = call.tensors[0], single(argument(call, "block_size", 1))
    if len(t.dims) != 3 or size is None or size < 1:
        raise NotKnown
    x = view(t.dims, t.layout)
    up = plain_name(call.type) == "depthtospace"
    if x.c % (size * size) if up else x.h % size or x.w % size:
        raise NotKnown
    y = (
        Shape(x.h * size, x.w * size, x.c // (size * size))
        if up
        else Shape(x.h // size, x.w // size, x.c * size * size)
    )
    return call.result(call.add(Permute(*y), t.ref), t.layout)


def op_resize(call: Call) -> Outputs:
    size, t = listed(argument(call, "size", 1)), call.tensors[0]
    method = argument(call, "interpolation", 2, argument(call, "method", 2, "bilinear"))
    if len(t.dims) != 3 or size is None or len(size) != 2 or min(size) < 1 or method not in METHODS:
        raise NotKnown
    return call.result(call.add(Resize(size[0], size[1], method), t.ref), t.layout)


def op_matmul(call: Call) -> Outputs:
    """A product of two computed tensors, of matrices in their last two axes."""
    if len(call.tensors) != 2 or any(call.kwargs.get(key) for key in ("adjoint_a", "adjoint_b")):
        raise NotKnown
    a, b = (t.dims for t in call.tensors)
    a = (*a[:-2], *a[:-3:-1]) if call.kwargs.get("transpose_a") else a
    b = (*b[:-2], *b[:-3:-1]) if call.kwargs.get("transpose_b") else b
    if len(a) != len(b) or len(a) < 2 or a[:-2] != b[:-2] or a[-1] != b[-2]:
        raise NotKnown
    dims = (*a[:-1], b[-1])
    layout = call.plain_layout(len(dims))
    return [
        Tensor(call.add(MatMul(a[-1], *view(dims, layout)), *(t.ref for t in call.tensors)), dims, layout)
    ]


OPERATIONS: dict[str, Callable[[Call], Outputs]] = {
    **dict.fromkeys(("add", "addv2", "addn", "biasadd"), merge("add")),
    **dict.fromkeys(("subtract", "sub"), merge("subtract")),
    **dict.fromkeys(("multiply", "mul"), merge("multiply")),
    **dict.fromkeys(("divide", "truedivide", "truediv", "realdiv", "div"), merge("divide")),
    **dict.fromkeys(("maximum",), merge("maximum")),
    **dict.fromkeys(("minimum",), merge("minimum")),
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


def lay(call: Call, module: str) -> list[Value]:
    """Lay out one call, or keep it as an op that cannot be costed."""
    operation = True
    if call.type in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
        call.type = call.text("function", call.type)[:80]  # "math.multiply", "__operators__.add"
    elif call.type == "TensorFlowOpLayer":
        call.type, call.args = _node_def(call), [*call.args, *_constants(call)]
    else:
        operation = ".ops" in module
    found = OPERATIONS.get(plain_name(call.type)) if operation else LAYERS.get(call.type)
    call.known = operation or found is not None
    refs = [t.ref for t in call.tensors]
    if call.net.layers.behind_tail(*refs):
        if call.weighs(call.known):
            call.net.layers.refuse_behind(*refs)
        return list(call.tail("" if found else call.type))
    name = plain_name(call.type)
    if name == "shape" and len(call.tensors) == 1 and found is None:
        return [Numbers((1, *call.x.dims))]
    if not call.tensors and name not in ("tile", "fill", "zeros", "ones"):
        numbers = worked_out(call, name)
        return list(call.unknown()) if numbers is None else [numbers]
    try:
        return list(found(call) if found else call.unknown())
    except NotKnown:
        return list(call.unknown())


def _node_def(call: Call) -> str:
    """The op's type in the node of a TensorFlow graph, which TensorFlow 2.2 wrote as text within the JSON."""
    import json

    said = call.said.get("node_def")
    try:
        said = json.loads(said) if isinstance(said, str) else said
    except (ValueError, RecursionError):
        said = None
    op = said.get("op") if isinstance(said, dict) else None
    return op[:80] if isinstance(op, str) else call.type


def _constants(call: Call) -> list[Any]:
    said = call.said.get("constants")
    return list(said.values()) if isinstance(said, dict) else []
