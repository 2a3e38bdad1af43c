"""What do the numbers come to that a Keras model works out from shapes?

These are `tf.shape` and arithmetic on it, with a batch of 1. Python's integers serve here and not the kit's
folding: they do not overflow, `//` rounds down, and a quotient that is not whole is not known.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

from ..kit.layers import LARGEST_DIMENSION
from ..kit.stored import Stored
from .net import Call

MOST_NUMBERS = 64


def _quotient(a: int, b: int) -> int:
    if a % b:
        raise ValueError
    return a // b


ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    **dict.fromkeys(("add", "addv2"), operator.add),
    **dict.fromkeys(("subtract", "sub"), operator.sub),
    **dict.fromkeys(("multiply", "mul"), operator.mul),
    **dict.fromkeys(("floordiv", "floordivide"), operator.floordiv),
    **dict.fromkeys(("truediv", "truedivide", "divide", "div", "realdiv"), _quotient),
    **dict.fromkeys(("mod", "floormod"), operator.mod),
    "maximum": max,
    "minimum": min,
}
JOINS = ("stack", "pack", "concat", "concatenate")


def listed(value: Any) -> list[int] | None:
    """Whole numbers of the file or worked out from shapes, as one flat list; None for anything else."""
    if isinstance(value, Stored):
        return list(value.values or ())
    if value.__class__ is int:
        return [value]
    if value is None:  # an open axis
        return [-1]
    if not isinstance(value, list) or len(value) > MOST_NUMBERS:  # a tensor is a tuple
        return None
    out: list[int] = []
    for v in value:
        part = listed(v)
        if part is None:
            return None
        out += part
    return out


def single(value: Any) -> int | None:
    """One whole number, or None."""
    numbers = None if value is None or isinstance(value, list) else listed(value)
    return numbers[0] if numbers and len(numbers) == 1 else None


def picked(index: Any, size: int) -> range | None:
    """What an index or a slice, as Keras 3 or 2 writes it, takes of an axis; None if it is neither."""
    at = single(index)
    if at is not None:
        return range(at % size, at % size + 1) if -size <= at < size else range(0)
    if isinstance(index, dict) and index.get("class_name") == "__slice__":
        index = index.get("config")
    if not isinstance(index, dict) or not {"start", "stop"} <= index.keys():
        return None
    edges = [index.get(key) for key in ("start", "stop", "step")]
    numbers = [None if edge is None else single(edge) for edge in edges]
    if any(n is None and edge is not None for n, edge in zip(numbers, edges, strict=True)) or numbers[2] == 0:
        return None
    return range(size)[slice(*numbers)]


def numbers(values: list[int], one: bool = False) -> Stored | None:
    """Whole numbers as a value: a list, or a scalar with `one`; None if a number is too large for an axis."""
    if any(abs(v) > LARGEST_DIMENSION for v in values):
        return None
    return Stored(() if one else (len(values),), values=tuple(values))


def worked_out(call: Call, name: str) -> Stored | None:
    """The result of an operation that reads no tensor, only such numbers; None if it is not known."""
    first = call.args[0] if call.args else call.kwargs.get("x")
    second = call.kwargs.get("y", call.args[1] if len(call.args) > 1 else None)
    if name == "getitem":
        return _taken(first, call.kwargs.get("slice_spec", second))
    a, b = listed(call.args if name in JOINS else first), listed(second)
    if a is None or first is None:
        return None
    if name in JOINS:
        return numbers(a)
    if name in ("cast", "identity"):
        return numbers(a, _one(first))
    if name in ("reduceprod", "prod"):
        return numbers([prod(a)], True)
    if name not in ARITHMETIC or second is None or not a or not b or len({len(a), len(b)} - {1}) > 1:
        return None
    size = max(len(a), len(b))
    try:
        pairs = zip(a * (size // len(a)), b * (size // len(b)), strict=True)
        return numbers([ARITHMETIC[name](*pair) for pair in pairs], _one(first) and _one(second))
    except (ValueError, ZeroDivisionError):
        return None


def _taken(value: Any, index: Any) -> Stored | None:
    """An index or a slice of a list of numbers."""
    index = index[0] if isinstance(index, list) and len(index) == 1 else index
    if not isinstance(value, Stored) or not value.dims:
        return None
    given = listed(value) or []
    taken = picked(index, len(given))
    return numbers([given[n] for n in taken], single(index) is not None) if taken else None


def _one(value: Any) -> bool:
    return not value.dims if isinstance(value, Stored) else value.__class__ is int
