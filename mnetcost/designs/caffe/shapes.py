"""Where do a Caffe net's numbers come from, and how are they moved?

Inputs, and layers that only name, cut, join or reorder blobs. Shapes follow each layer's Reshape in BVLC
Caffe; where a layer is a fork's, its comment names the fork.
"""

from __future__ import annotations

from itertools import pairwise
from math import prod

from ...engine.ops import (
    Concat,
    Constant,
    Crop,
    Dropout,
    Flatten,
    Op,
    Permute,
    Repeat,
    Shuffle,
    Slice,
)
from ..kit.stored import Dims
from ..kit.tensors import NotKnown, Tensor, dims_text
from .net import MOST_AXES, Fields, Layer

SIDES = {4: ("", "channels", "height", "width"), 3: ("", "height", "channels"), 2: ("", "channels")}
"""Which side of the map each axis of a blob is, by its number of axes."""

SIZES = ("num", "channels", "height", "width")
"""The four sizes of an input, as Caffe wrote them before blobs had any number of axes."""


def side_of(x: Tensor, axis: int) -> str:
    """The side of the map that an axis is; raises NotKnown where it is none."""
    side = SIDES.get(len(x.dims), ())[axis : axis + 1]
    if not side or not side[0]:
        raise NotKnown
    return side[0]


def with_size(dims: Dims, axis: int, size: int) -> Dims:
    """These axes, one of them with another size."""
    return (*dims[:axis], size, *dims[axis + 1 :])


def alias(layer: Layer) -> Tensor:
    """The same numbers under another name, or several."""
    return layer.tensors(1)[0]


def dropout(layer: Layer) -> Tensor:
    """Dropout, which does nothing at test time."""
    return layer.add(Dropout(), *layer.tensors(1))


def concat(layer: Layer) -> Tensor:
    """Blobs one behind another along an axis. Source: concat_layer.cpp."""
    p = layer.param("concat", "axis", "concat_dim")
    blobs = layer.tensors(1, 10_000)
    dims = blobs[0].dims
    axis = layer.axis(p.integer("axis", p.integer("concat_dim", 1, 0), -MOST_AXES), len(blobs[0].dims))
    if any(len(b.dims) != len(dims) or with_size(b.dims, axis, dims[axis]) != dims for b in blobs[1:]):
        raise layer.fault(
            "it needs bottoms that agree in all axes but one, and these are "
            + ", ".join(dims_text(b.dims) for b in blobs[:8])
        )
    if len(blobs) == 1:
        return blobs[0]
    side = side_of(blobs[0], axis)
    return layer.add(Concat(side), *blobs, dims=with_size(dims, axis, sum(b.dims[axis] for b in blobs)))


def slice_(layer: Layer) -> list[Tensor]:
    """Parts of a blob along an axis, one for each top. Source: slice_layer.cpp."""
    p = layer.param("slice", "axis", "slice_dim", "slice_point")
    (x,) = layer.tensors(1)
    old = "slice_dim" in p
    axis = layer.axis(p.integer("slice_dim", 1, 0) if old else p.integer("axis", 1, -MOST_AXES), len(x.dims))
    edges = _edges(layer, x.dims[axis], p.integers("slice_point", (), 0))
    side = side_of(x, axis)
    out = []
    for top, (start, end) in zip(layer.tops, pairwise(edges), strict=True):
        dims = with_size(x.dims, axis, end - start)
        shape = layer.net.view(dims)
        op: Op = Slice(end - start, start) if side == "channels" else Crop(shape.h, shape.w)
        out.append(layer.add(op, x, dims=dims, part=top[:80]))
    return out


def _edges(layer: Layer, size: int, points: list[int]) -> list[int]:
    """Where the parts of a Slice layer begin and end: at the points in the file, or of equal size."""
    tops = len(layer.tops)
    if not points:
        if not tops or size % tops:
            raise layer.fault(f"{size} cannot be cut into {tops} equal parts")
        return [size // tops * n for n in range(tops + 1)]
    edges = [0, *points, size]
    if len(points) != tops - 1 or any(a >= b for a, b in pairwise(edges)):
        given = ", ".join(map(str, points[:20]))
        raise layer.fault(f"{tops} tops need {tops - 1} rising points below {size}, not {given}")
    return edges


def crop(layer: Layer) -> Tensor:
    """Cut the first bottom to the size of the second, from an axis on. Source: crop_layer.cpp."""
    p = layer.param("crop", "axis", "offset")
    x, like = layer.tensors(2)
    if len(x.dims) != 4 or len(like.dims) != 4:
        raise NotKnown
    axis = layer.axis(p.integer("axis", 2, -MOST_AXES), len(x.dims))
    offsets = p.integers("offset", [0], 0)
    if len(offsets) not in (1, 4 - axis):
        raise p.fault(f"{4 - axis} axes take one 'offset' or {4 - axis}, not {len(offsets)}")
    dims = (*x.dims[:axis], *like.dims[axis:])
    starts = offsets * (4 - axis) if len(offsets) == 1 else offsets
    for n, start in zip(range(axis, 4), starts, strict=True):
        if start + dims[n] > x.dims[n]:
            raise layer.fault(f"{dims_text(dims)} at {start} cannot be cut out of {dims_text(x.dims)}")
    shape = layer.net.view(dims)
    if shape.c != x.dims[1]:
        x = layer.add(Slice(shape.c, starts[1 - axis]), x, part="channels")
    return layer.add(Crop(shape.h, shape.w), x, dims=dims)


def flatten(layer: Layer) -> Tensor:
    """Several axes become one."""
    p = layer.param("flatten", "axis", "end_axis")
    (x,) = layer.tensors(1)
    first = layer.axis(p.integer("axis", 1, -MOST_AXES), len(x.dims))
    last = layer.axis(p.integer("end_axis", -1, -MOST_AXES), len(x.dims))
    if first > last:
        raise layer.fault(f"axes {first} to {last} are none")
    dims = (*x.dims[:first], prod(x.dims[first : last + 1]), *x.dims[last + 1 :])
    if len(dims) == 2 and first == 1:
        return layer.add(Flatten(), x, dims=dims)
    return layer.reshape(x, dims)


def reshape(layer: Layer) -> Tensor:
    """Other axes: 0 keeps one, -1 takes what is left. Source: reshape_layer.cpp."""
    p = layer.param("reshape", "shape", "axis", "num_axes")
    (x,) = layer.tensors(1)
    dims = _reshaped(layer, p, x)
    if dims.count(-1) > 1:
        raise layer.fault("only one dim may be -1")
    if -1 in dims:
        dims = _without_open(layer, x, dims)
    if not dims or len(dims) > MOST_AXES:
        raise layer.fault(f"a shape must have 1 to {MOST_AXES} axes")
    return layer.reshape(x, dims)


def _reshaped(layer: Layer, p: Fields, x: Tensor) -> Dims:
    """The axes after a Reshape layer, -1 for the one that is left open."""
    given = p.fields("shape").known("dim").integers("dim", (), -1)
    n = len(x.dims)
    axis = p.integer("axis", 0, -MOST_AXES, MOST_AXES)
    start = axis if axis >= 0 else n + axis + 1
    count = p.integer("num_axes", -1, -1, MOST_AXES)
    end = n if count < 0 else start + count
    if not 0 <= start <= end <= n or len(given) > MOST_AXES:
        raise layer.fault(f"axes {start} to {end} of a blob with {n}")
    for i, d in enumerate(given):
        if d == 0 and start + i >= n:
            raise layer.fault(f"dim {i} is to be kept, but the blob has {n} axes")
    return (*x.dims[:start], *(d or x.dims[start + i] for i, d in enumerate(given)), *x.dims[end:])


def _without_open(layer: Layer, x: Tensor, dims: Dims) -> Dims:
    """Axes in which -1 has become what is left of the blob's numbers."""
    known = -prod(dims)
    if not known or prod(x.dims) % known:
        raise layer.fault(f"{dims_text(x.dims)} cannot be read as {dims_text(dims)}")
    size = prod(x.dims) // known
    rows = size // (layer.net.images or 1) if dims[0] == -1 else size
    layer.net.layers.rows(layer.name, rows, layer.net.view(x.dims), layer.line)
    return tuple(size if d == -1 else d for d in dims)


def permute(layer: Layer) -> Tensor:
    """SSD's fork: axes in another order; those not named follow."""
    p = layer.param("permute", "order")
    (x,) = layer.tensors(1)
    order = p.integers("order", (), 0)
    n = len(x.dims)
    if len(set(order)) != len(order) or any(o >= n for o in order):
        raise layer.fault(f"{order[:MOST_AXES]} is no order of {n} axes")
    order += [i for i in range(n) if i not in order]
    return layer.reshape(x, [x.dims[o] for o in order], op=Permute)


def shuffle(layer: Layer) -> Tensor:
    """ShuffleNet's fork: the channels of all groups in turn."""
    p = layer.param("shuffle_channel", "group")
    (x,) = layer.tensors(1)
    layer.map(x)
    return layer.add(Shuffle(p.integer("group", 1, 1)), x)


def reorg(layer: Layer) -> Tensor:
    """YOLO's fork: squares of positions become channels."""
    p = layer.param("reorg", "stride", "reverse")
    (x,) = layer.tensors(1)
    h, w, c = layer.map(x)
    s = p.integer("stride", 2, 1)
    if p.flag("reverse", False) or h % s or w % s:
        raise NotKnown
    return layer.reshape(x, (x.dims[0], c * s * s, h // s, w // s), op=Permute)


def tile(layer: Layer) -> Tensor:
    """The same numbers several times along an axis. Source: tile_layer.cpp."""
    p = layer.param("tile", "axis", "tiles")
    (x,) = layer.tensors(1)
    axis, tiles = layer.axis(p.integer("axis", 1, -MOST_AXES), len(x.dims)), p.integer("tiles", low=1)
    if len(x.dims) > 4 or not axis:
        raise NotKnown
    dims = with_size(x.dims, axis, x.dims[axis] * tiles)
    rows = layer.read_as(x, layer.net.view(x.dims), "layout")
    return layer.add(Repeat(*layer.net.view(dims)), rows, dims=dims)


PRIOR_BOX_FIELDS = (
    *("min_size", "max_size", "aspect_ratio", "flip", "clip", "variance", "img_size", "img_h", "img_w"),
    *("step", "step_h", "step_w", "offset"),
)


def prior_box(layer: Layer) -> Tensor:
    """SSD's fork: default boxes, which depend on sizes alone. Source: prior_box_layer.cpp."""
    p = layer.param("prior_box", *PRIOR_BOX_FIELDS)
    x = layer.tensors(2)[0]
    h, w, _ = layer.map(x)
    numbers = h * w * _boxes(p) * 4
    return layer.add(Constant(2, 1, numbers), x, dims=(1, 2, numbers))


def _boxes(p: Fields) -> int:
    """How many default boxes a PriorBox layer has at each position."""
    ratios = [1.0]
    for ratio in p.listed("aspect_ratio"):
        if ratio.__class__ not in (int, float) or not 0 < ratio < 1e6:
            raise p.fault("'aspect_ratio' must be a number above 0")
        if all(abs(ratio - known) >= 1e-6 for known in ratios):
            ratios += [ratio, 1 / ratio] if p.flag("flip", True) else [ratio]
    sizes, larger = p.listed("min_size"), p.listed("max_size")
    if not sizes or (larger and len(larger) != len(sizes)):
        raise p.fault(
            f"'min_size' must be given, and 'max_size' as often, not {len(larger)} times for {len(sizes)}"
        )
    return len(ratios) * len(sizes) + len(larger)


def shapes_of(fields: list[Fields]) -> list[list[int]]:
    """The axes of each `shape` message."""
    return [shape.known("dim").integers("dim", ()) for shape in fields]


def _one_each(layer: Layer, shapes: list[list[int]], at: Fields) -> None:
    """Add an input for each top: each of its shape, or all of the one shape that is given."""
    if len(shapes) not in (1, len(layer.tops)):
        raise at.fault(f"{len(layer.tops)} tops have {len(shapes)} shapes")
    for n, top in enumerate(layer.tops):
        layer.net.input(top, tuple(shapes[n if len(shapes) > 1 else 0]), layer.message)


def _first_whole(layer: Layer, dims: Dims) -> None:
    """Add the inputs of a database: images of these axes, and beside them labels, one an image."""
    for n, top in enumerate(layer.tops):
        layer.net.input(top, dims if n == 0 else dims[:1], layer.message)


def input_(layer: Layer) -> None:
    """Inputs, each with its shape."""
    _one_each(layer, shapes_of(layer.param("input", "shape").messages("shape")), layer)


def dummy_data(layer: Layer) -> None:
    """Inputs of constant or random numbers, each with its shape or its four sizes."""
    p = layer.param("dummy_data", "shape", *SIZES)
    shapes = shapes_of(p.messages("shape"))
    if not shapes:
        columns = [p.integers(key, ()) for key in SIZES]
        if any(len(c) not in (1, len(layer.tops)) for c in columns):
            raise p.fault(
                f"{len(layer.tops)} tops need as many of 'num', 'channels', 'height' and 'width', or one of"
                " each"
            )
        shapes = [[c[n if len(c) > 1 else 0] for c in columns] for n in range(len(layer.tops))]
    _one_each(layer, shapes, p)


def memory_data(layer: Layer) -> None:
    """Images from memory, and labels beside them."""
    keys = ("batch_size", *SIZES[1:])
    p = layer.param("memory_data", *keys)
    _first_whole(layer, tuple(p.integer(key, low=1) for key in keys))


def data(layer: Layer) -> None:
    """Images from a database: their size is the crop's, or the one asked for; labels beside them."""
    transform = layer.fields("transform_param")
    params = [p for key in layer.given if key.endswith("data_param") for p in layer.messages(key)]

    def first(key: str, low: int, default: int) -> int:
        return next((p.integer(key, low=low) for p in params if key in p), default)

    side = transform.integer("crop_size", 0, 0) or first("crop_size", 0, 0)
    h, w = (side, side) if side else layer.net.settings.resolution or (0, 0)
    if not h:
        raise layer.fault(
            "the file does not say how large its images are", "give --resolution, such as --resolution 224"
        )
    channels = 1 if transform.flag("force_gray", False) else 3
    _first_whole(layer, (first("batch_size", 1, 1), channels, h, w))
