"""What do the small numbers in a model file come to?

Arithmetic on shapes, axes and bounds, done as the network would do it.

Only what is few is worked out; numpy is loaded by the first file that needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

MOST_NUMBERS = 512
FOLDED_KINDS = {
    1: "f4",
    6: "i4",
    7: "i8",
    9: "?",
    10: "f4",
    11: "f8",
    16: "f4",
    12: "u4",
    13: "u8",
    2: "u1",
    3: "i1",
}

Arrays = Sequence[Any]
Args = dict[str, Any]


def _ints(x: Any) -> list[int]:
    return [int(n) for n in x.ravel()]


def _axes(args: Args, x: Arrays, at: int = 1) -> tuple[int, ...]:
    if (given := args.get("axes")) is not None:
        return tuple(given)
    return tuple(_ints(x[at])) if len(x) > at and x[at] is not None else ()


def _slice(np: Any, x: Arrays, args: Args) -> Any:
    data = x[0]
    if "starts" in args:
        starts, ends, axes, steps = args["starts"], args["ends"], args.get("axes"), None
    else:
        starts, ends = _ints(x[1]), _ints(x[2])
        axes = _ints(x[3]) if len(x) > 3 and x[3] is not None else None
        steps = _ints(x[4]) if len(x) > 4 and x[4] is not None else None
    index = [slice(None)] * data.ndim
    for k, (start, end) in enumerate(zip(starts, ends, strict=True)):
        step = steps[k] if steps else 1
        if step < 0 and end < -data.shape[axes[k] if axes else k]:
            end = None
        index[axes[k] if axes else k] = slice(start, end, step)
    return data[tuple(index)]


def _reshape(np: Any, x: Arrays, args: Args) -> Any:
    target = [x[0].shape[i] if n == 0 and not args.get("allowzero") else n for i, n in enumerate(_ints(x[1]))]
    return x[0].reshape(target)


def _flatten(np: Any, x: Arrays, args: Args) -> Any:
    axis = args.get("axis", 1)
    dims = x[0].shape
    if not -len(dims) <= axis <= len(dims):
        return None
    rows = 1
    for n in dims[: axis + len(dims) if axis < 0 else axis]:
        rows *= n
    return x[0].reshape(rows, x[0].size // rows if rows else 0)


def _unsqueeze(np: Any, x: Arrays, args: Args) -> Any:
    return np.expand_dims(x[0], _axes(args, x))


def _range(np: Any, x: Arrays, args: Args) -> Any:
    start, stop, step = (n.item() for n in x)
    if not step or (stop - start) / step > MOST_NUMBERS:
        return None
    return np.arange(start, stop, step)


def _filled(np: Any, x: Arrays, args: Args) -> Any:
    value = args.get("value")
    fill = value.values[0] if value is not None and value.values else 0.0
    return _small(np, _ints(x[0]), lambda dims: np.full(dims, fill))


def _small(np: Any, dims: list[int], make: Callable[[list[int]], Any]) -> Any:
    size = 1
    for n in dims:
        size *= n
    return make(dims) if 0 <= size <= MOST_NUMBERS and min(dims, default=0) >= 0 else None


def _expand(np: Any, x: Arrays, args: Args) -> Any:
    return _small(
        np,
        list(np.broadcast_shapes(x[0].shape, tuple(_ints(x[1])))),
        lambda dims: np.broadcast_to(x[0], dims),
    )


def _divide(np: Any, x: Arrays, args: Args) -> Any:
    if x[0].dtype.kind == "f" or x[1].dtype.kind == "f":
        return x[0] / x[1]
    return None if (x[1] == 0).any() else np.trunc(x[0] / x[1]).astype("i8")


def _clip(np: Any, x: Arrays, args: Args) -> Any:
    low, high = (x[i] if len(x) > i else None for i in (1, 2))
    return x[0] if low is None and high is None else np.clip(x[0], low, high)


def _cast(np: Any, x: Arrays, args: Args) -> Any:
    kind = FOLDED_KINDS.get(args.get("to", 0))
    return x[0].astype(kind) if kind else None


def _reduce(name: str) -> Callable[..., Any]:
    def fold(np: Any, x: Arrays, args: Args) -> Any:
        return getattr(np, name)(x[0], axis=_axes(args, x) or None, keepdims=bool(args.get("keepdims", 1)))

    return fold


def _two(name: str) -> Callable[..., Any]:
    return lambda np, x, args: getattr(np, name)(*x)


FOLDS: dict[str, Callable[[Any, Arrays, Args], Any]] = {
    **{
        onnx: _two(numpy)
        for onnx, numpy in {
            "Add": "add",
            "Sub": "subtract",
            "Mul": "multiply",
            "Min": "minimum",
            "Max": "maximum",
            "Pow": "power",
            "Equal": "equal",
            "Greater": "greater",
            "GreaterOrEqual": "greater_equal",
            "Less": "less",
            "LessOrEqual": "less_equal",
            "And": "logical_and",
            "Or": "logical_or",
            "Not": "logical_not",
            "Where": "where",
            "Floor": "floor",
            "Ceil": "ceil",
            "Round": "rint",
            "Sqrt": "sqrt",
            "Neg": "negative",
            "Abs": "abs",
            "Reciprocal": "reciprocal",
        }.items()
    },
    "Div": _divide,
    "Mod": lambda np, x, args: (
        np.fmod(*x) if args.get("fmod") else None if (x[1] == 0).any() else x[0] % x[1]
    ),
    "Cast": _cast,
    "Clip": _clip,
    "Relu": lambda np, x, args: np.maximum(x[0], 0),
    "Identity": lambda np, x, args: x[0],
    "Concat": lambda np, x, args: np.concatenate(x, args.get("axis", 0)),
    "Gather": lambda np, x, args: np.take(x[0], x[1].astype("i8"), args.get("axis", 0)),
    "Squeeze": lambda np, x, args: np.squeeze(x[0], _axes(args, x) or None),
    "Unsqueeze": _unsqueeze,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "Transpose": lambda np, x, args: np.transpose(x[0], args.get("perm")),
    "Slice": _slice,
    "Range": _range,
    "ConstantOfShape": _filled,
    "Expand": _expand,
    "ReduceProd": _reduce("prod"),
    "ReduceSum": _reduce("sum"),
    "ReduceMax": _reduce("max"),
    "ReduceMin": _reduce("min"),
}
"""Operations on few numbers, by their names in ONNX."""


def _array(np: Any, v: Any) -> Any:
    """Few numbers as an array; fractions in 32 bits, as networks hold them, so that what is rounded off
    is what they round off.
    """
    out = np.array(v.values).reshape(v.dims)
    return out.astype("f4") if out.dtype.kind == "f" else out


def fold(type_: str, values: Sequence[Any], args: Args) -> tuple[tuple[int, ...], tuple[Any, ...]] | None:
    """The axes and numbers an operation gives on stored numbers, or None where they are too many or it is
    not known.

    values: Stored, or None for an input that is left out.
    """
    if type_ not in FOLDS or not values or any(v is not None and v.values is None for v in values):
        return None
    import numpy as np

    try:
        with np.errstate(all="ignore"):
            out = FOLDS[type_](np, [None if v is None else _array(np, v) for v in values], args)
    except (ValueError, TypeError, IndexError, OverflowError, MemoryError, AttributeError, ZeroDivisionError):
        return None
    if out is None or out.size > MOST_NUMBERS or out.dtype.kind not in "biuf":
        return None
    return tuple(out.shape), tuple(out.ravel().tolist())
