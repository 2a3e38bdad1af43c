"""Which TFLite operators only move, keep or drop numbers, and along which axes? They cost no arithmetic.

Source: TensorFlow Lite's schema and the operators' reference kernels.
"""

from __future__ import annotations

from math import prod

from ...engine.ops.moves import Permute
from ..kit import moves
from ..kit.folding import fold
from ..kit.stored import Stored
from ..kit.tensors import MOST_AXES, NotKnown, Tensor, Value, dims_text, view
from .call import Call, Output, Rule

FOLLOWS = "read it at the size in the file, or convert the network again at this one"


def free(call: Call) -> Output:
    """Returns its input, at no cost."""
    return call.value()


def shape(call: Call) -> Output:
    """A value's axes as stored numbers."""
    dims = call.value().dims
    return Stored((len(dims),), None, 0, dims)


def reshape(call: Call) -> Output:
    """To axes that follow from shapes, or that stand in the file and are followed."""
    t, value = call.tensor(), call.input(1)
    target = call.numbers(1) if value is not None else call.integers("NewShape", (), -1)
    worked_out = isinstance(value, Stored) and value.key is None
    whole, known = prod(t.dims), prod(n for n in target if n != -1)
    fits = target.count(-1) <= 1 and known > 0 and (whole % known == 0 if -1 in target else whole == known)
    dims = tuple(whole // known if n == -1 else n for n in target) if fits else ()
    # numbers that stand in the file, perhaps beside a batch that is worked out
    if not (worked_out and dims) or -1 in target:
        dims = call.net.followed(call.name, t.dims, dims, dims if -1 in target[1:] else ())
    if not dims:
        raise call.fault(f"{dims_text(t.dims)} cannot be read as {dims_text(target[:12])}")
    call.net.reshaped[call.name] = t.dims, dims
    return call.reshape(t, dims)


def squeeze(call: Call) -> Output:
    """Drop axes of size 1: the given ones, or all."""
    t = call.tensor()
    axes = [call.axis(a, len(t.dims)) for a in call.integers("SqueezeDims", (), -MOST_AXES)] or [
        i for i, n in enumerate(t.dims) if n == 1
    ]
    if any(t.dims[a] != 1 for a in axes):
        raise call.fault(f"cannot drop axes {axes} of {dims_text(t.dims)}")
    return call.reshape(t, [n for i, n in enumerate(t.dims) if i not in axes])


def expand_dims(call: Call) -> Output:
    """Insert an axis of size 1."""
    t = call.tensor()
    at = call.axis(call.numbers(1)[0], len(t.dims) + 1)
    return call.reshape(t, (*t.dims[:at], 1, *t.dims[at:]))


def transpose(call: Call) -> Output:
    """The axes in another order."""
    return call.net.transpose(call.name, call.tensor(), call.numbers(1))


def concat(call: Call) -> Output:
    """Values one behind another along an axis, then the fused activation."""
    return call.fused(call.net.concat(call.name, call.values(), call.integer("Axis", 0, -MOST_AXES)))


def pack(call: Call) -> Output:
    """Put values side by side along a new axis."""
    values = call.values()
    at = call.axis_at("Axis", len(values[0].dims) + 1) if values else 0
    dims = (*values[0].dims[:at], 1, *values[0].dims[at:]) if values else ()
    if any(v.dims != values[0].dims for v in values):
        raise call.fault("it packs tensors of different axes")
    rows: list[Value] = []
    for k, v in enumerate(values):
        rows.append(v._replace(dims=dims) if isinstance(v, Stored) else call.reshape(v, dims, f"{k + 1}"))
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
    """Split along an axis into parts of size 1, and drop that axis."""
    t = call.tensor()
    at = call.axis_at("Axis", len(t.dims))
    if t.dims[at] > 1000:
        raise NotKnown
    if t.dims[at] != call.outputs:
        what = f"its {call.outputs:,} parts are fixed in the file and do not follow {dims_text(t.dims)}"
        raise call.net.fault(what, call.name, FOLLOWS)
    dims = (*t.dims[:at], 1, *t.dims[at + 1 :])
    return [call.net.without(call.net.part(f"{call.name}/{k + 1}", t, dims), [at]) for k in range(t.dims[at])]


def split(call: Call) -> Output:
    """Equal parts, or parts of given sizes."""
    given = call.type == "SPLIT_V"
    t = call.tensor(0 if given else 1)
    at = call.axis(call.numbers(2 if given else 0)[0], len(t.dims))
    count = call.integer("NumSplits", 0, 0) or call.outputs
    if given:
        sizes = call.numbers(1)
        if sizes.count(-1) == 1:
            sizes[sizes.index(-1)] = t.dims[at] - sum(sizes) - 1
    else:
        sizes = [t.dims[at] // count] * count if 0 < count <= 1000 else []
    if sum(sizes) != t.dims[at] or min(sizes, default=0) < 1 or len(sizes) > 1000:
        raise call.fault(f"parts of {sizes[:8]} do not make {t.dims[at]:,}")
    return [
        call.net.part(f"{call.name}/{k + 1}", t, (*t.dims[:at], n, *t.dims[at + 1 :]))
        for k, n in enumerate(sizes)
    ]


def gather(call: Call) -> Output:
    """Some of an axis by fixed numbers, or as many as asked for by computed ones."""
    t, index, batch = call.tensor(), call.value(1), call.integer("BatchDims", 0, -MOST_AXES)
    at = call.axis_at("Axis", len(t.dims))
    if not 0 <= batch <= min(at, len(index.dims)) or index.dims[:batch] != t.dims[:batch]:
        raise NotKnown
    return moves.gather(call, t, index, at, batch)


def to_batch(call: Call) -> Output:
    """Every second (third, ...) position of a map as a map of its own: how TensorFlow writes a dilated
    convolution.
    """
    t, block, pads = call.tensor(), call.numbers(1), call.numbers(2)
    count = len(block)
    if not 0 < count < len(t.dims) or len(pads) != 2 * count or min(block) < 1:
        raise call.fault(f"blocks of {dims_text(block[:8])} do not fit {dims_text(t.dims)}")
    rest = (0,) * (len(t.dims) - count - 1)
    x = (
        call.net.padded(f"{call.name}/pad", t, (0, *pads[::2], *rest), (0, *pads[1::2], *rest))
        if any(pads)
        else t
    )
    sides = list(zip(x.dims[1:], block, strict=False))
    if any(n % b for n, b in sides):
        raise call.net.fault(
            f"its padding is fixed in the file and does not follow {dims_text(t.dims)}", call.name, FOLLOWS
        )
    dims = (t.dims[0] * prod(block), *(n // b for n, b in sides), *x.dims[count + 1 :])
    c = len(dims) - 1
    return call.add(Permute(*view(dims, c)), x, dims=dims, c=c)


def from_batch(call: Call) -> Output:
    """The maps put together again, and cut."""
    t, block, crops = call.tensor(), call.numbers(1), call.numbers(2)
    count = len(block)
    if not 0 < count < len(t.dims) or len(crops) != 2 * count or min(block) < 1 or t.dims[0] % prod(block):
        raise call.fault(f"blocks of {dims_text(block[:8])} do not fit {dims_text(t.dims)}")
    sides = [n * b for n, b in zip(t.dims[1:], block, strict=False)]
    dims = (t.dims[0] // prod(block), *sides, *t.dims[count + 1 :])
    c = len(dims) - 1
    y = call.add(Permute(*view(dims, c)), call.net.seen(t, c, call.name), dims=dims, c=c)
    left = [n - a - b for n, a, b in zip(sides, crops[::2], crops[1::2], strict=True)]
    return call.net.part(f"{call.name}/crop", y, (dims[0], *left, *dims[count + 1 :])) if any(crops) else y


def slices(call: Call) -> Output:
    """A slice of each axis by its begin and size; a size of -1 goes to the end."""
    value, begin, size = call.value(), call.numbers(1), call.numbers(2)
    if not len(begin) == len(size) == len(value.dims):
        raise call.fault("its begin and size do not fit")
    return taken(
        call, value, [n - b if s == -1 else s for n, b, s in zip(value.dims, begin, size, strict=True)]
    )


def strided_slice(call: Call) -> Output:
    """Python's slicing, with steps; a bit for each axis of a mask leaves out its begin or end, or drops the
    axis.
    """
    value = call.value()
    begin, end, step = (call.numbers(i) for i in (1, 2, 3))
    rank = len(value.dims)
    if (
        call.mask("EllipsisMask")
        or call.mask("NewAxisMask")
        or not len(begin) == len(end) == len(step) <= rank
        or 0 in step
    ):
        raise NotKnown
    picks, dims, gone = [], list(value.dims), []
    for i, n in enumerate(value.dims):
        if i >= len(begin):
            picks.append(range(n))
            continue
        shrunk = call.mask("ShrinkAxisMask") >> i & 1
        start = None if call.mask("BeginMask") >> i & 1 else begin[i]
        stop = None if call.mask("EndMask") >> i & 1 else end[i]
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
        return Stored(
            () if gone else (len(values),),
            value.key and (*value.key, call.name),
            min(value.numbers, len(values)),
            values,
        )
    y = call.net.as_tensor(taken(call, value, dims), call.name)
    return call.net.without(y, gone) if gone else y


def pad(call: Call) -> Output:
    """Padding before and after each axis; only its size matters, not what it is filled with."""
    t, pads = call.tensor(), call.numbers(1)
    if len(pads) != 2 * len(t.dims):
        raise call.fault(f"pads of {pads[:16]} do not fit {dims_text(t.dims)}")
    if min(pads, default=0) < 0:
        raise NotKnown
    return call.net.padded(call.name, t, pads[::2], pads[1::2])


def filled(call: Call) -> Output:
    """One number, as many times as a shape says."""
    return Stored(call.net.checked(call.numbers(0), call.name))


def moved(call: Call) -> Output:
    """The same numbers in another order along an axis."""
    t = call.tensor()
    return call.same(Permute(*call.net.shape(t)), t)


def variable(call: Call) -> Output:
    """The handle of a state that is kept from one run to the next; it holds no numbers itself."""
    return Stored((1,))


def nothing(call: Call) -> Output:
    """Sets a state, which no layer reads in this run."""
    return []


MOVES: dict[str, Rule] = {
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
    "GATHER_ND": lambda call: moves.gather_nd(call, call.tensor(), call.value(1)),
    "SPACE_TO_BATCH_ND": to_batch,
    "BATCH_TO_SPACE_ND": from_batch,
    "TILE": lambda call: moves.tile(call, call.value(), call.numbers(1)),
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
    "SPACE_TO_DEPTH": lambda call: moves.to_depth(call, call.map(), call.integer("BlockSize", 1), False),
    "DEPTH_TO_SPACE": lambda call: moves.to_depth(call, call.map(), call.integer("BlockSize", 1), True),
    "BROADCAST_TO": lambda call: moves.expand(call, call.value(), call.numbers(1)),
}
"""What truly costs nothing, by its name in the schema."""
