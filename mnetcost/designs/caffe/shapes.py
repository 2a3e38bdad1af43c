"""Where do a Caffe net's numbers come from, and how are they moved?

Inputs, and layers that only name, cut, join or reorder blobs.

Shapes follow each layer's Reshape in BVLC Caffe; what is a fork's says whose.
"""

from __future__ import annotations

import re
from itertools import pairwise
from math import prod
from typing import Any

from ...engine.ops.moves import (
    Concat,
    Constant,
    Crop,
    Dropout,
    Flatten,
    Permute,
    Repeat,
    Reshape,
    Shuffle,
    Slice,
)
from ...engine.shapes import Shape
from ..kit.layers import DETECTION, PRODUCTS
from .net import MOST_AXES, Blob, Dims, Layer, Net, spelled
from .prototxt import Message

SIDES = {4: ("", "channels", "height", "width"), 3: ("", "height", "channels"), 2: ("", "channels")}
"""Which side of the map each axis of a blob is, by its number of axes."""


def axis_of(layer: Layer, axis: int, axes: int) -> int:
    """Count an axis from the front, as Caffe's CanonicalAxisIndex does."""
    if not -axes <= axis < axes:
        raise layer.fault(f"axis {axis} of a blob with {axes} axes")
    return axis % axes


def map_of(layer: Layer, blob: Blob) -> Shape:
    """The map a window slides over."""
    if len(blob.dims) != 4:
        raise layer.fault(f"{layer.type} needs a blob of 4 axes, not {spelled(blob.dims)}")
    return Shape(blob.dims[2], blob.dims[3], blob.dims[1])


def grown(dims: Dims, shape: Shape) -> Dims:
    return (dims[0], shape.c, shape.h, shape.w)


def unknown(net: Net, layer: Layer) -> None:
    """Keep what cannot be costed in its place; its tops take its first bottom's shape."""
    if not layer.bottoms and layer.tops:
        raise layer.fault(
            f"nothing is known of a {layer.type[:80]} layer, and it reads nothing that would give its shape"
        )
    blobs = [net.find(layer, b) for b in layer.bottoms]
    refs = [b.ref for b in blobs]
    if not weighs(layer) and net.layers.may_end(layer.type, *refs):
        ref = net.layers.tail(layer.type, layer.name or layer.type, *refs, line=layer.line)
    else:
        ref = net.layers.unknown(layer.type, layer.name or layer.type, *refs, line=layer.line)
    net.give(layer, ref, blobs[0].dims if blobs else (1,))


HIDDEN = re.compile(
    "norm|scale|bias|prelu|^bn$", re.IGNORECASE
)  # types whose weights need not show in the file


def weighs(layer: Layer) -> bool:
    """Has a layer weights or products of its own, as far as a prototxt shows?

    Then it is no part of a tail that counts 0.
    """
    if layer.type == "Python":
        p = layer.message_of("python_param")
        return not DETECTION.search(f"{p.text('module')} {p.text('layer')}")
    keys, todo = set(), [layer.message]
    while todo:
        for key, values in todo.pop().fields.items():
            keys.add(key)
            todo += [v for v in values if v.__class__ is Message]
    shown = {"num_output", "param", "kernel_size"} & keys or any(key.endswith("filler") for key in keys)
    return bool(shown) or bool(PRODUCTS.search(layer.type) or HIDDEN.search(layer.type))


def behind_tail(net: Net, layer: Layer) -> bool:
    """Is a layer part of the tail, because it reads what an op gives that cannot be costed?

    It is added as such.
    """
    refs = [net.blobs[b].ref for b in layer.bottoms if b in net.blobs]
    if not net.layers.behind_tail(*refs):
        return False
    if weighs(layer):
        net.layers.refuse_behind(*refs)
    net.give(layer, net.layers.tail("", layer.name or layer.type, *refs, line=layer.line), (1,))
    return True


def alias(net: Net, layer: Layer) -> None:
    """The same numbers under another name, or several."""
    (blob,) = layer.inputs(1)
    net.give(layer, blob.ref, blob.dims)


def dropout(net: Net, layer: Layer) -> None:
    (blob,) = layer.inputs(1)
    net.give(layer, net.add(layer, Dropout(), blob.ref), blob.dims)


def concat(net: Net, layer: Layer) -> None:
    p = layer.message_of("concat_param").known("axis", "concat_dim")
    blobs = layer.inputs(1, 10_000)
    dims = blobs[0].dims
    axis = axis_of(layer, p.integer("axis", p.integer("concat_dim", 1), -MOST_AXES), len(dims))
    for b in blobs[1:]:
        if len(b.dims) != len(dims) or any(
            m != n for i, (m, n) in enumerate(zip(b.dims, dims, strict=True)) if i != axis
        ):
            raise layer.fault(
                "it needs bottoms that agree but for one axis, and these are "
                + ", ".join(spelled(b.dims) for b in blobs[:8])
            )
    if len(blobs) == 1:
        return net.give(layer, blobs[0].ref, dims)
    side = SIDES.get(len(dims), ())[axis : axis + 1]
    if not side or not side[0]:
        return unknown(net, layer)
    whole = (*dims[:axis], sum(b.dims[axis] for b in blobs), *dims[axis + 1 :])
    return net.give(layer, net.add(layer, Concat(side[0]), *(b.ref for b in blobs)), whole)


def slice_(net: Net, layer: Layer) -> None:
    p = layer.message_of("slice_param").known("axis", "slice_dim", "slice_point")
    (blob,) = layer.inputs(1)
    axis = axis_of(
        layer,
        p.integer("slice_dim", 1) if "slice_dim" in p.message.fields else p.integer("axis", 1, -MOST_AXES),
        len(blob.dims),
    )
    size, points, tops = blob.dims[axis], p.integers("slice_point"), layer.tops
    if points:
        edges = [0, *points, size]
        if len(points) != len(tops) - 1 or any(a >= b for a, b in pairwise(edges)):
            raise layer.fault(
                f"{len(tops)} tops need {len(tops) - 1} rising points below {size}, not"
                f" {', '.join(map(str, points[:20]))}"
            )
    else:
        if not tops or size % len(tops):
            raise layer.fault(f"{size} cannot be cut into {len(tops)} equal parts")
        edges = [size // len(tops) * n for n in range(len(tops) + 1)]
    side = SIDES.get(len(blob.dims), ())[axis : axis + 1]
    if not side or not side[0]:
        return unknown(net, layer)
    for top, (start, end) in zip(tops, pairwise(edges), strict=True):
        dims = (*blob.dims[:axis], end - start, *blob.dims[axis + 1 :])
        shape = net.view(dims)
        op: Any = Slice(end - start, start) if side[0] == "channels" else Crop(shape.h, shape.w)
        net.top(layer, top, Blob(net.add(layer, op, blob.ref, part=top[:80]), dims))
    return None


def crop(net: Net, layer: Layer) -> None:
    """Cut the first bottom to the size of the second, from an axis on."""
    p = layer.message_of("crop_param").known("axis", "offset")
    blob, like = layer.inputs(2)
    if len(blob.dims) != 4 or len(like.dims) != 4:
        return unknown(net, layer)
    axis = axis_of(layer, p.integer("axis", 2, -MOST_AXES), 4)
    offsets = p.integers("offset") or [0]
    if len(offsets) not in (1, 4 - axis):
        raise p.fault(f"{4 - axis} axes take one 'offset' or {4 - axis}, not {len(offsets)}")
    dims = (*blob.dims[:axis], *like.dims[axis:])
    starts = offsets * (4 - axis) if len(offsets) == 1 else offsets
    for n, start in zip(range(axis, 4), starts, strict=True):
        if start + dims[n] > blob.dims[n]:
            raise layer.fault(f"{spelled(dims)} at {start} cannot be cut out of {spelled(blob.dims)}")
    ref, shape = blob.ref, net.view(dims)
    if shape.c != blob.dims[1]:
        ref = net.add(layer, Slice(shape.c, starts[1 - axis]), ref, part="channels")
    return net.give(layer, net.add(layer, Crop(shape.h, shape.w), ref), dims)


def flatten(net: Net, layer: Layer) -> None:
    p = layer.message_of("flatten_param").known("axis", "end_axis")
    (blob,) = layer.inputs(1)
    n = len(blob.dims)
    first = axis_of(layer, p.integer("axis", 1, -MOST_AXES), n)
    last = axis_of(layer, p.integer("end_axis", -1, -MOST_AXES), n)
    if first > last:
        raise layer.fault(f"axes {first} to {last} are none")
    dims = (*blob.dims[:first], prod(blob.dims[first : last + 1]), *blob.dims[last + 1 :])
    net.reshaped(layer, (lambda *_: Flatten()) if len(dims) == 2 and first == 1 else Reshape, blob, dims)


def reshape(net: Net, layer: Layer) -> None:
    """0 keeps an axis, -1 takes what is left. Source: reshape_layer.cpp."""
    p = layer.message_of("reshape_param").known("shape", "axis", "num_axes")
    (blob,) = layer.inputs(1)
    said = p.message_of("shape").known("dim").integers("dim", -1)
    n = len(blob.dims)
    axis = p.integer("axis", 0, -MOST_AXES, MOST_AXES)
    start = axis if axis >= 0 else n + axis + 1
    count = p.integer("num_axes", -1, -1, MOST_AXES)
    end = n if count < 0 else start + count
    if not 0 <= start <= end <= n or len(said) > MOST_AXES:
        raise layer.fault(f"axes {start} to {end} of a blob with {n}")
    middle = []
    for i, d in enumerate(said):
        if d == 0 and start + i >= n:
            raise layer.fault(f"dim {i} is to be kept, but the blob has {n} axes")
        middle.append(blob.dims[start + i] if d == 0 else d)
    dims = (*blob.dims[:start], *middle, *blob.dims[end:])
    if dims.count(-1) > 1:
        raise layer.fault("only one dim may be -1")
    if -1 in dims:
        known = -prod(dims)
        if not known or prod(blob.dims) % known:
            raise layer.fault(f"{spelled(blob.dims)} cannot be read as {spelled(dims)}")
        open_ = prod(blob.dims) // known
        net.layers.rows(
            layer.name,
            open_ // (net.images or 1) if dims[0] == -1 else open_,
            net.view(blob.dims),
            layer.line,
        )
        dims = tuple(open_ if d == -1 else d for d in dims)
    if not dims or len(dims) > MOST_AXES:
        raise layer.fault("a shape must have 1 to 32 axes")
    net.reshaped(layer, Reshape, blob, dims)


def permute(net: Net, layer: Layer) -> None:
    """SSD's fork: axes in another order; those not named follow."""
    p = layer.message_of("permute_param").known("order")
    (blob,) = layer.inputs(1)
    order = p.integers("order")
    n = len(blob.dims)
    if len(set(order)) != len(order) or any(o >= n for o in order):
        raise layer.fault(f"{order[:MOST_AXES]} is no order of {n} axes")
    order += [i for i in range(n) if i not in order]
    net.reshaped(layer, Permute, blob, tuple(blob.dims[o] for o in order))


def shuffle(net: Net, layer: Layer) -> None:
    """ShuffleNet's fork."""
    p = layer.message_of("shuffle_channel_param").known("group")
    (blob,) = layer.inputs(1)
    map_of(layer, blob)
    net.give(layer, net.add(layer, Shuffle(p.integer("group", 1, 1)), blob.ref), blob.dims)


def reorg(net: Net, layer: Layer) -> None:
    """YOLO's fork: squares of positions become channels."""
    p = layer.message_of("reorg_param").known("stride", "reverse")
    (blob,) = layer.inputs(1)
    x, s = map_of(layer, blob), p.integer("stride", 2, 1)
    if p.flag("reverse") or x.h % s or x.w % s:
        return unknown(net, layer)
    return net.reshaped(layer, Permute, blob, (blob.dims[0], x.c * s * s, x.h // s, x.w // s))


def tile(net: Net, layer: Layer) -> None:
    """The same numbers as often as asked for along an axis. Source: tile_layer.cpp."""
    p = layer.message_of("tile_param").known("axis", "tiles")
    (blob,) = layer.inputs(1)
    axis, tiles = axis_of(layer, p.integer("axis", 1, -MOST_AXES), len(blob.dims)), p.integer("tiles", low=1)
    dims = (*blob.dims[:axis], blob.dims[axis] * tiles, *blob.dims[axis + 1 :])
    if len(dims) > 4 or not axis:
        return unknown(net, layer)
    ref = net.as_map(layer, blob, net.view(blob.dims), "layout")
    return net.give(layer, net.add(layer, Repeat(*net.view(dims)), ref), dims)


def prior_box(net: Net, layer: Layer) -> None:
    """SSD's fork: default boxes, which depend on sizes alone. Source: prior_box_layer.cpp."""
    p = layer.message_of("prior_box_param").known(
        *(
            "min_size",
            "max_size",
            "aspect_ratio",
            "flip",
            "clip",
            "variance",
            "img_size",
            "img_h",
            "img_w",
            "step",
            "step_h",
            "step_w",
        ),
        "offset",
    )
    blob = layer.inputs(2)[0]
    x = map_of(layer, blob)
    ratios = [1.0]
    for ratio in p.message.all("aspect_ratio"):
        if ratio.__class__ not in (int, float) or not 0 < ratio < 1e6:
            raise p.fault("'aspect_ratio' must be a number above 0")
        if all(abs(ratio - known) >= 1e-6 for known in ratios):
            ratios += [ratio, 1 / ratio] if p.flag("flip", True) else [ratio]
    sizes, larger = p.message.all("min_size"), p.message.all("max_size")
    if not sizes or (larger and len(larger) != len(sizes)):
        raise p.fault(
            f"'min_size' must be given, and 'max_size' as often, not {len(larger)} times for {len(sizes)}"
        )
    boxes = len(ratios) * len(sizes) + len(larger)
    shape = Shape(2, 1, x.h * x.w * boxes * 4)
    net.give(layer, net.add(layer, Constant(*shape), blob.ref), (1, 2, shape.c))


def input_(net: Net, layer: Layer) -> None:
    shapes = [
        s.known("dim").integers("dim", 1)
        for s in layer.message_of("input_param").known("shape").messages("shape")
    ]
    if len(shapes) not in (1, len(layer.tops)):
        raise layer.fault(f"{len(layer.tops)} tops have {len(shapes)} shapes")
    for n, top in enumerate(layer.tops):
        net.input(top, tuple(shapes[n if len(shapes) > 1 else 0]), layer.message)


def dummy_data(net: Net, layer: Layer) -> None:
    p = layer.message_of("dummy_data_param").known("shape", "num", "channels", "height", "width")
    shapes = [s.known("dim").integers("dim", 1) for s in p.messages("shape")]
    if not shapes:
        columns = [p.integers(key, 1) for key in ("num", "channels", "height", "width")]
        if any(len(c) not in (1, len(layer.tops)) for c in columns):
            raise p.fault(
                f"{len(layer.tops)} tops need as many of 'num', 'channels', 'height' and 'width', or one of"
                " each"
            )
        shapes = [[c[n if len(c) > 1 else 0] for c in columns] for n in range(len(layer.tops))]
    if len(shapes) not in (1, len(layer.tops)):
        raise p.fault(f"{len(layer.tops)} tops have {len(shapes)} shapes")
    for n, top in enumerate(layer.tops):
        net.input(top, tuple(shapes[n if len(shapes) > 1 else 0]), layer.message)


def memory_data(net: Net, layer: Layer) -> None:
    p = layer.message_of("memory_data_param").known("batch_size", "channels", "height", "width")
    dims = tuple(p.integer(key, low=1) for key in ("batch_size", "channels", "height", "width"))
    for n, top in enumerate(layer.tops):
        net.input(top, dims if n == 0 else dims[:1], layer.message)


def data(net: Net, layer: Layer) -> None:
    """Images from a database: their size is the crop's, or the one asked for; labels beside them."""
    transform = layer.message_of("transform_param")
    params = [
        Fields for key in layer.message.fields if key.endswith("data_param") for Fields in layer.messages(key)
    ]
    old = next((p.integer("crop_size", low=0) for p in params if "crop_size" in p.message.fields), 0)
    side = transform.integer("crop_size", 0) or old
    images = next((p.integer("batch_size", low=1) for p in params if "batch_size" in p.message.fields), 1)
    h, w = (side, side) if side else net.settings.resolution or (0, 0)
    if not h:
        raise layer.fault(
            "the file does not say how large its images are", "give --resolution, such as --resolution 224"
        )
    channels = 1 if transform.flag("force_gray") else 3
    for n, top in enumerate(layer.tops):
        net.input(top, (images, channels, h, w) if n == 0 else (images,), layer.message)
