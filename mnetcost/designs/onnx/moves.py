"""Which ONNX ops only move, keep or drop numbers, and along which axes? They cost no arithmetic.

Source: the ONNX operators' schemas (onnx.ai/onnx/operators).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

from ...engine.ops.moves import Scatter
from ..kit import moves
from ..kit.stored import Dims, Stored
from ..kit.tensors import NotKnown, Tensor, Value, dims_text
from .axes import flattened, resolved, sliced, squeezed, unsqueezed
from .axes import split as splits
from .net import Call
from .weights import UNLEARNED

Output = Value | Sequence[Value | None] | None
Rule = Callable[[Call], Output]


def free(call: Call) -> Output:
    """It gives what it gets, at no cost."""
    return call.input(0)


def constant(call: Call) -> Output:
    """A constant stored in the node, in whichever attribute it is written."""
    for key, a in call.attributes.items():
        if key == "value":
            return call.net.stored(a.t, ("constant", call.name), call.name)
        if key in ("value_int", "value_float"):
            return Stored((), ("constant", call.name), 1, (a.i if key == "value_int" else a.f,))
        if key in ("value_ints", "value_floats"):
            values = tuple(a.ints or a.floats)
            return Stored(
                (len(values),),
                ("constant", call.name),
                len(values),
                values,
                trained=call.net.trained_constants,
            )
        if key == "sparse_value":
            raise NotKnown
    return Stored((), None, 0, None)


def constant_of_shape(call: Call) -> Output:
    """One number as often as a shape asks for: weights, where a file that was made without them reads them as
    such.
    """
    dims = tuple(call.indices("shape", 0) or ())
    if 0 not in dims:
        call.net.checked(dims, call.name)
    value = call.attributes.get("value")
    count = 0 if value is not None and value.t.data_type in UNLEARNED else prod(dims)
    key = ("fill", call.name)
    if call.net.trained_fills:
        call.net.held[key] = count
    return Stored(dims, key, count, None, trained=call.net.trained_fills)


def shape(call: Call) -> Output:
    """A value's axes as stored numbers, from `start` to `end`."""
    value = call.input(0)
    if value is None:
        raise NotKnown
    dims = value.dims[
        call.signed("start", 0) : call.signed("end", len(value.dims)) if "end" in call else None
    ]
    return Stored((len(dims),), None, 0, dims)


def size(call: Call) -> Output:
    """How many numbers a value has, as one stored number."""
    value = call.input(0)
    return None if value is None else Stored((), None, 0, (prod(value.dims),))


def reshape(call: Call) -> Output:
    """Axes that follow from shapes are at this size; those in the file are at the size in the file, and
    followed.
    """
    t = call.tensor()
    target = call.indices("shape", 1)
    value = call.input(1)
    if target is None:
        raise NotKnown
    fixed = not isinstance(value, Stored) or value.key is not None
    dims = call.net.followed(call.name, t.dims, ()) if fixed else ()
    if not dims:
        dims = resolved(call, t.dims, target)
    call.net.reshaped[call.name] = t.dims, dims
    return call.reshape(t, dims)


def axes(change: Callable[[Call, Dims], Dims]) -> Rule:
    """Other axes for the same numbers."""

    def rule(call: Call) -> Output:
        t = call.tensor()
        return call.reshape(t, change(call, t.dims))

    return rule


def transpose(call: Call) -> Output:
    """The axes in another order, reversed by default."""
    t = call.tensor()
    return call.net.transpose(call.name, t, call.indices("perm") or list(range(len(t.dims)))[::-1])


def concat(call: Call) -> Output:
    """Values one behind another along an axis; those with no numbers drop out."""
    values = [v for v in call.inputs if v is not None and 0 not in v.dims]
    return call.net.concat(call.name, values, call.signed("axis", 0))


def q_concat(call: Call) -> Output:
    """Concatenation of quantised values: from the third input on, every third is a value."""
    return call.net.concat(call.name, [v for v in call.inputs[2::3] if v is not None], call.signed("axis", 0))


def slices(call: Call) -> Output:
    """A slice of a value."""
    t = call.tensor()
    return part(call, call.name, t, tuple(map(len, sliced(call, t.dims)[0])))


def split(call: Call) -> Output:
    """A value split along an axis."""
    t = call.tensor()
    return [
        part(call, f"{call.name}/{k + 1}", t, tuple(map(len, taken)))
        for k, taken in enumerate(splits(call, t.dims))
    ]


def part(call: Call, name: str, t: Tensor, dims: Dims) -> Value:
    """Some of each axis; none of one is no layer."""
    return Stored(dims, None, 0, ()) if 0 in dims else call.net.part(name, t, dims)


def gather(call: Call) -> Output:
    """Some of an axis by fixed numbers, or rows of a table by computed ones: both only move numbers."""
    t, index, axis = call.tensor(0), call.input(1), call.signed("axis", 0)
    if index is None or not -len(t.dims) <= axis < len(t.dims):
        raise NotKnown
    return moves.gather(call, t, index, axis % len(t.dims))


def gather_nd(call: Call) -> Output:
    """Numbers or rows of a value, picked by an index for several axes at once."""
    index = call.input(1)
    if index is None:
        raise NotKnown
    return moves.gather_nd(call, call.tensor(0), index, call.signed("batch_dims", 0))


def gather_elements(call: Call) -> Output:
    """One number of a value for each number of an index of the same rank."""
    t, index = call.tensor(0), call.input(1)
    if index is None or len(index.dims) != len(t.dims):
        raise NotKnown
    return call.net.picked(call.name, t, index.dims)


def scatter(call: Call) -> Output:
    """Some numbers of a map replaced by others; by the places in the rows of the second input, or along
    an axis. Where there are no others, nothing is done.
    """
    if 0 in call.value(2).dims:
        return call.input(0)
    t, index, by = call.tensor(0), call.input(1), call.tensor(2)
    if index is None or call.text("reduction", "none") not in ("", "none"):
        raise NotKnown
    fits = by.dims == index.dims and len(by.dims) == len(t.dims)
    if call.type == "ScatterND" and index.dims:
        fits = by.dims == (*index.dims[:-1], *t.dims[index.dims[-1] :])
    if not fits:
        raise call.fault(
            f"updates of {dims_text(by.dims)} at places of {dims_text(index.dims)} do not fit"
            f" {dims_text(t.dims)}"
        )
    return call.add(Scatter(), t, by, dims=t.dims, c=t.c)


def eye_like(call: Call) -> Output:
    """An identity matrix of the shape of its input, worked out without the image."""
    value = call.input(0)
    return None if value is None else Stored(value.dims)


def ranged(call: Call) -> Output:
    """Numbers at equal steps, too many to write out."""
    start, stop, step = (call.numbers_or_zeros(i)[0] for i in range(3))
    return Stored(call.net.checked((max(0, -int((start - stop) // step)),), call.name))


def repeat(key: str, move: Callable[[Call, Value, list[int]], Value]) -> Rule:
    """A value repeated by the numbers of its second input, or of an attribute."""

    def rule(call: Call) -> Output:
        value, numbers = call.input(0), call.indices(key, 1)
        if value is None or numbers is None:
            raise NotKnown
        return move(call, value, numbers)

    return rule


def pad(call: Call) -> Output:
    """Zeros around a map; fewer than none cut it."""
    t = call.tensor()
    pads = call.indices("pads", 1) or call.indices("paddings")
    if pads is None:
        raise NotKnown
    along = call.indices("axes", 3) or list(range(len(t.dims)))
    if len(pads) != 2 * len(along) or any(not -len(t.dims) <= a < len(t.dims) for a in along):
        raise call.fault(f"pads of {pads[:16]} do not fit {dims_text(t.dims)}")
    before, after = [0] * len(t.dims), [0] * len(t.dims)
    for k, a in enumerate(along):
        before[a], after[a] = pads[k], pads[k + len(along)]
    return call.net.padded(call.name, t, before, after)


MOVES: dict[str, Rule] = {
    **dict.fromkeys(("Identity", "Cast", "CastLike", "Dropout", "Detach"), free),
    "Constant": constant,
    "ConstantOfShape": constant_of_shape,
    "Shape": shape,
    "Size": size,
    "Reshape": reshape,
    "Flatten": axes(flattened),
    "Squeeze": axes(squeezed),
    "Unsqueeze": axes(unsqueezed),
    "Transpose": transpose,
    "Concat": concat,
    "QLinearConcat": q_concat,
    "Slice": slices,
    "Split": split,
    "Gather": gather,
    "GatherND": gather_nd,
    "GatherElements": gather_elements,
    "ScatterND": scatter,
    "ScatterElements": scatter,
    "EyeLike": eye_like,
    "Range": ranged,
    "Trilu": free,
    "Expand": repeat("shape", moves.expand),
    "Tile": repeat("repeats", moves.tile),
    "Pad": pad,
}
"""What truly costs nothing."""
