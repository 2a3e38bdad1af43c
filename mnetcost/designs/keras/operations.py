"""What does each operation compute that stands in a Keras model beside layers? Those of `keras.ops`, and TensorFlow's in Keras 2 models."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from ...engine.moves import Pad, Permute, Reshape, Slice
from ...engine.ops import GlobalPool, Reduce
from ...engine.shapes import Shape
from ..layers import LARGEST_DIMENSION
from .functions import FUNCTIONS, plain_name
from .layers import (
    LAYERS,
    NotKnown,
    Outputs,
    as_dims,
    concatenate,
    elementwise,
    merge,
    open_dims,
    rescaling,
    same,
)
from .net import Call, Tensor, view


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
    shape = argument(call, "newshape", 1, argument(call, "shape", 1))
    if not isinstance(shape, list) or not shape:
        raise NotKnown
    return as_dims(call, open_dims(call, shape[1:]))


def op_transpose(call: Call) -> Outputs:
    axes, t = argument(call, "axes", 1, argument(call, "perm", 1)), call.tensors[0]
    if not isinstance(axes, list) or sorted(map(str, axes)) != sorted(map(str, range(len(t.dims) + 1))) or axes[0] != 0:
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
    at = [a - 1 if a.__class__ is int and a > 0 else a + len(t.dims) if a.__class__ is int else -1 for a in axes]
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
    good = isinstance(said, list) and len(said) == 4 and all(isinstance(p, list) and len(p) == 2 for p in said)
    if not good or len(t.dims) != 3 or any(n.__class__ is not int or not 0 <= n <= LARGEST_DIMENSION for p in said for n in p):
        raise NotKnown
    sides = dict(zip(t.layout, said[1:], strict=True))
    if any(said[0]) or any(sides["c"]):
        raise NotKnown
    return call.result(call.add(Pad((*sides["h"], *sides["w"])), t.ref), t.layout)


def op_split(call: Call) -> Outputs:
    """Equal or given parts along the channels."""
    said, axis, t = argument(call, "indices_or_sections", 1), argument(call, "axis", 2, 0), call.tensors[0]
    n = len(t.dims)
    at = axis - 1 if axis.__class__ is int and axis >= 0 else axis + n if axis.__class__ is int else -1
    if not 0 <= at < n or t.layout[at : at + 1] != "c":
        raise NotKnown
    whole = t.dims[at]
    if said.__class__ is int and 1 <= said <= 1000 and whole % said == 0:
        edges = [whole // said * k for k in range(said + 1)]
    elif isinstance(said, list) and len(said) < 1000 and all(k.__class__ is int for k in said):
        edges = [0, *said, whole]
    else:
        raise NotKnown
    if any(b <= a for a, b in pairwise(edges)):
        raise NotKnown
    out = []
    for k, (start, end) in enumerate(pairwise(edges)):
        out += call.result(call.add(Slice(end - start, start), t.ref, part=str(k + 1)), t.layout)
    return out


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
    "split": op_split,
}
"""Every operation that can be costed, by its name in lower case without underscores."""


def lay(call: Call, module: str) -> Outputs:
    """Lay out one call, or keep it as an op that cannot be costed."""
    found = LAYERS.get(call.type, Call.unknown)
    if ".ops" in module:
        found = OPERATIONS.get(plain_name(call.type), Call.unknown)
    elif call.type in ("TFOpLambda", "SlicingOpLambda", "ClassMethod"):
        call.type = call.text("function", call.type)[:80]  # "math.multiply", "__operators__.add"
        found = OPERATIONS.get(plain_name(call.type), Call.unknown)
    elif call.type == "TensorFlowOpLayer":
        call.type, call.args = _node_def(call), [*call.args, *_constants(call)]
        found = OPERATIONS.get(plain_name(call.type), Call.unknown)
    try:
        return found(call)
    except NotKnown:
        return call.unknown()


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
