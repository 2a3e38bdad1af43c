"""What makes a class an op?

The decorator that says what stands beside its fields, and checks that several ops share.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ...errors import ShapeError
from ..num import choose, everywhere
from ..shapes import Shape
from ..terms import Terms

Class = TypeVar("Class", bound=type)


def free(self: Any, *xs: Any) -> Terms:
    """No terms: the op moves numbers or names them, has no parameters or computes nothing."""
    return iter(())


def op(label: str, writes: bool = True) -> Callable[[Class], Class]:
    """Say what stands beside an op's fields, which a NamedTuple has no place for.

    label: the op's word in reports; writes: whether it makes a new map or works in place (or is fused into
    the op before it). Where the class gives no `params` or `work`, it has none.
    """

    def describe(cls: Class) -> Class:
        cls.label, cls.writes = label, writes  # type: ignore[attr-defined]
        for method in ("params", "work"):
            if not hasattr(cls, method):
                setattr(cls, method, free)
        return cls

    return describe


def channels_agree(what: str, xs: tuple[Shape, ...]) -> None:
    """Raise ShapeError unless all maps have one size."""
    first = xs[0]
    for other in xs[1:]:
        if first is not other and not everywhere(
            (first.h == other.h) & (first.w == other.w) & (first.c == other.c)
        ):
            raise ShapeError(f"{what} needs maps of one shape, but these are {' and '.join(map(str, xs))}")


def spread(what: str, xs: tuple[Shape, ...]) -> Shape:
    """Return the shape of maps combined element by element, where a side of 1 is repeated as often as the
    others need.
    """
    out = xs[0]
    for x in xs[1:]:
        if x is out:
            continue
        if not all(everywhere((a == b) | (a == 1) | (b == 1)) for a, b in zip(out, x, strict=True)):
            raise ShapeError(
                f"{what} needs maps of one shape, or of sides of 1, but these are"
                f" {' and '.join(map(str, xs))}"
            )
        out = Shape(*(choose(a == 1, b, a) for a, b in zip(out, x, strict=True)))
    return out
