"""Which operations that only move numbers do the formats share, and which axes do they give?

They cost no arithmetic. A format reads the arguments, whatever they are called there, and asks one of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...engine.ops.moves import Permute
from .calls import Call
from .stored import Stored
from .tensors import NotKnown, Tensor, Value, broadcast, view


def expand(call: Call, value: Value, target: Sequence[int]) -> Value:
    """Repeat along axes of 1, so that the axes are as `target` asks for."""
    try:
        dims = call.net.checked(broadcast([value.dims, tuple(target)]), call.name)
    except ValueError as e:
        raise call.fault(str(e)) from None
    return value if dims == value.dims else call.net.repeated(call.name, value, dims)


def tile(call: Call, value: Value, times: Sequence[int]) -> Value:
    """Repeat along each axis as often as `times` says for it; raises NotKnown for another count of axes."""
    if len(times) != len(value.dims):
        raise NotKnown
    dims = call.net.checked([n * k for n, k in zip(value.dims, times, strict=True)], call.name)
    return value if dims == value.dims else call.net.repeated(call.name, value, dims)


def gather(call: Call, t: Tensor, index: Value, axis: int, batch: int = 0) -> Value:
    """Some of an axis by fixed numbers, or as many as the computed ones in `index`.

    batch: how many axes in front `index` shares with the tensor.
    """
    count = prod(index.dims)
    dims = (*t.dims[:axis], *index.dims[batch:], *t.dims[axis + 1 :])
    if 0 in dims:
        return Stored(dims, None, 0, ())
    if isinstance(index, Tensor) or batch or count > t.dims[axis]:
        return call.net.picked(call.name, t, dims)
    y = call.net.part(call.name, t, (*t.dims[:axis], count, *t.dims[axis + 1 :]))
    if not index.dims:
        return call.net.without(y, [axis])
    return y if len(index.dims) == 1 else call.reshape(y, dims, "axes")


def gather_nd(call: Call, t: Tensor, index: Value, batch: int = 0) -> Value:
    """Numbers, or slices of numbers, at the places in the rows of `index`."""
    shared = 0 <= batch <= len(t.dims) and t.dims[:batch] == index.dims[:batch]
    if not index.dims or not shared or batch + index.dims[-1] > len(t.dims):
        raise NotKnown
    return call.net.picked(call.name, t, (*index.dims[:-1], *t.dims[batch + index.dims[-1] :]))


def to_depth(call: Call, x: Tensor, block: int, back: bool) -> Value:
    """Blocks of positions of one map to channels; `back`: channels to blocks of positions.

    Raises NotKnown where they do not divide evenly.
    """
    factors = [1 if not i else block**2 if i == x.c else block for i in range(len(x.dims))]
    grows = [(i == x.c) != back for i in range(len(x.dims))]
    sides = list(zip(x.dims, factors, grows, strict=True))
    if any(not grow and n % factor for n, factor, grow in sides):
        raise NotKnown
    dims = tuple(n * factor if grow else n // factor for n, factor, grow in sides)
    return call.add(Permute(*view(dims, x.c)), x, dims=dims, c=x.c)
