"""What do the numbers come to that a Keras model works out from shapes?

`tf.shape` and arithmetic on it, the batch taken as one image.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

from ..kit.layers import LARGEST_DIMENSION
from .net import Call, Numbers

MOST_NUMBERS = 64

ARITHMETIC: dict[str, Callable[[int, int], int]] = {
    **dict.fromkeys(("add", "addv2"), operator.add),
    **dict.fromkeys(("subtract", "sub"), operator.sub),
    **dict.fromkeys(("multiply", "mul"), operator.mul),
    **dict.fromkeys(("floordiv", "floordivide"), operator.floordiv),
    **dict.fromkeys(
        ("truediv", "truedivide", "divide", "div", "realdiv"), lambda a, b: a // b if a % b == 0 else _unfit()
    ),
    **dict.fromkeys(("mod", "floormod"), operator.mod),
    "maximum": max,
    "minimum": min,
}


def _unfit() -> int:
    raise ValueError


def listed(value: Any) -> list[int] | None:
    """Whole numbers written in the file or worked out from shapes, as one list; None for anything else."""
    if isinstance(value, Numbers):
        return list(value.values)
    if value.__class__ is int:
        return [value]
    if value is None:  # an open axis
        return [-1]
    if not isinstance(value, (list, tuple)) or len(value) > MOST_NUMBERS:
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


def picked(said: Any, size: int) -> range | None:
    """What an index or a slice, as either dialect writes it, takes of an axis; None for what is neither."""
    at = single(said)
    if at is not None:
        return range(at % size, at % size + 1) if -size <= at < size else range(0)
    if isinstance(said, dict) and said.get("class_name") == "__slice__":
        said = said.get("config")
    if not isinstance(said, dict) or not {"start", "stop"} <= said.keys():
        return None
    edges = [said.get(key) for key in ("start", "stop", "step")]
    numbers = [None if edge is None else single(edge) for edge in edges]
    if any(n is None and edge is not None for n, edge in zip(numbers, edges, strict=True)) or numbers[2] == 0:
        return None
    return range(size)[slice(*numbers)]


def worked_out(call: Call, name: str) -> Numbers | None:
    """What an operation on nothing but such numbers gives, or None where that is not known."""
    first = call.args[0] if call.args else call.kwargs.get("x")
    second = call.kwargs.get("y", call.args[1] if len(call.args) > 1 else None)
    if name == "getitem":
        said = call.kwargs.get("slice_spec", second)
        said = said[0] if isinstance(said, list) and len(said) == 1 else said
        if not isinstance(first, Numbers) or first.one:
            return None
        taken = picked(said, len(first.values))
        return Numbers(tuple(first.values[n] for n in taken), single(said) is not None) if taken else None
    whole = listed(call.args if name in ("stack", "pack", "concat", "concatenate") else first)
    if whole is None or first is None:
        return None
    if name in ("cast", "identity", "stack", "pack", "concat", "concatenate"):
        return Numbers(tuple(whole), name in ("cast", "identity") and _one(first))
    if name in ("reduceprod", "prod"):
        return _checked([prod(whole)], True)
    other = listed(second)
    if (
        name not in ARITHMETIC
        or second is None
        or other is None
        or (len(whole) != len(other) and 1 not in (len(whole), len(other)))
    ):
        return None
    size = max(len(whole), len(other))
    try:
        pairs = zip(whole * (size // len(whole)), other * (size // len(other)), strict=True)
        return _checked([ARITHMETIC[name](a, b) for a, b in pairs], _one(first) and _one(second))
    except (ValueError, ZeroDivisionError):
        return None


def _one(value: Any) -> bool:
    return value.one if isinstance(value, Numbers) else value.__class__ is int


def _checked(values: list[int], one: bool) -> Numbers | None:
    return Numbers(tuple(values), one) if all(abs(v) <= LARGEST_DIMENSION for v in values) else None
