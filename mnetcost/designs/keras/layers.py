"""What does each Keras layer compute, and on which shape? One function a class, in one table.

Source: Keras 3's and Keras 2's layers, whose defaults stand here where a config leaves an argument out.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ...engine.ops import (
    Add,
    AvgPool,
    Dense,
    Elementwise,
    Gate,
    MaxPool,
    Resize,
    Upsample,
)
from ...engine.ops.elements import Activation, L2Norm, LayerNorm, Norm, PRelu, Rescale, Scale
from ...engine.ops.moves import Concat, Crop, Dropout, Flatten, Pad, Permute, Reshape
from ..kit.layers import LARGEST_DIMENSION
from ..kit.tensors import refit
from .functions import function_of, relu_of
from .net import Call, Outputs, Tensor, layout_of, view
from .windows import (
    NotKnown,
    activated,
    axes_of,
    conv,
    depthwise,
    global_pool,
    map_layout,
    mapped,
    pool,
    separable,
    transposed,
    window,
)


def dense(call: Call) -> Outputs:
    """Over the last axis, at every position."""
    t = call.x
    units, bias = call.integer("units"), call.flag("use_bias", True)
    if len(t.dims) > 3 or not t.dims:
        rows = Tensor(t.ref, (prod(t.dims[:-1]), t.dims[-1]) if t.dims else (1,), "")
        x = call.as_layout(rows._replace(layout="?"), layout_of(len(rows.dims)))
    else:
        x = call.as_layout(t, layout_of(len(t.dims)))
    call.net.layers.dense(call.name, t.dims[-1])
    ref = call.add(Dense(units, bias), x.ref)
    return activated(call, [Tensor(ref, (*t.dims[:-1], units), layout_of(len(t.dims)))])


def channels_at(call: Call, axis: int) -> Tensor:
    """The input with its channels at an axis, counted with the batch where it is not negative."""
    t = call.x
    n = len(t.dims)
    at = axis - 1 if axis >= 0 else axis + n
    if not 0 <= at < n:
        raise call.fault(f"axis {axis} of a tensor with {n + 1} axes")
    if n > 3 or at not in (0, n - 1):
        raise NotKnown
    return call.as_layout(t, layout_of(n, at == 0 and n > 1))


def axis_of(call: Call, default: int = -1) -> int:
    said = call.said.get("axis", default)
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if said.__class__ is not int or abs(said) > 16:
        if isinstance(said, (list, tuple)) or said is None:
            raise NotKnown
        raise call.fault("'axis' must be a whole number")
    return int(said)


def batch_norm(call: Call) -> Outputs:
    if call.said.get("renorm"):
        raise NotKnown
    x = channels_at(call, axis_of(call))
    return [x._replace(ref=call.add(Norm(call.flag("scale", True), call.flag("center", True)), x.ref))]


def normalization(call: Call) -> Outputs:
    """By a mean and a variance that were measured on the training images; where the config gives them,
    they are no weights.
    """
    if call.said.get("mean") is not None:
        return rescaling(call)
    x = channels_at(call, axis_of(call))
    return [x._replace(ref=call.add(Norm(False, False, True, True), x.ref))]


def layer_norm(call: Call) -> Outputs:
    """Over the channels, or over groups of them: a scale and a shift a channel either way."""
    x = channels_at(call, axis_of(call))
    return [x._replace(ref=call.add(LayerNorm(call.flag("scale", True), call.flag("center", True)), x.ref))]


def rms_norm(call: Call) -> Outputs:
    x = channels_at(call, axis_of(call))
    return [x._replace(ref=call.add(LayerNorm(True, False), x.ref))]


def unit_norm(call: Call) -> Outputs:
    x = channels_at(call, axis_of(call))
    return [x._replace(ref=call.add(L2Norm(False), x.ref))]


def prelu(call: Call) -> Outputs:
    t = call.x
    shared = call.integers("shared_axes", []) if call.said.get("shared_axes") is not None else []
    if any(not 1 <= a <= len(t.dims) for a in shared):
        raise call.fault("'shared_axes' counts axes from 1")
    slopes = prod(1 if n + 1 in shared else d for n, d in enumerate(t.dims))
    return [t._replace(ref=call.add(PRelu(slopes), t.ref))]


def activation(call: Call) -> Outputs:
    function = function_of(call, call.said.get("activation"))
    if function is None:
        said = call.said.get("activation")
        return call.unknown(said if isinstance(said, str) else call.type)
    return elementwise(function)(call)


def elementwise(function: str) -> Callable[[Call], Outputs]:
    """One evaluation of a function a number; none is the same tensor."""

    def lay(call: Call) -> Outputs:
        t = call.x
        return [t._replace(ref=call.add(Activation(function), t.ref))] if function else [t]

    return lay


def relu(call: Call) -> Outputs:
    return elementwise(relu_of(call))(call)


def same(call: Call) -> Outputs:
    """The same numbers: what is active in training only, or names them."""
    return [call.tensors[0]]


def dropout(call: Call) -> Outputs:
    t = call.tensors[0]
    return [t._replace(ref=call.add(Dropout(), t.ref))]


def rescaling(call: Call, scale: bool = True, shift: bool = True) -> Outputs:
    return [call.x._replace(ref=call.add(Rescale(scale, shift), call.x.ref))]


def layer_scale(call: Call) -> Outputs:
    """ConvNeXt's: a learned factor a channel."""
    x = call.as_layout(call.x, layout_of(len(call.x.dims)))
    return [x._replace(ref=call.add(Scale(False, call.integer("projection_dim")), x.ref))]


def custom_scale(call: Call) -> Outputs:
    """Inception-ResNet's: the first tensor, plus the second times a fixed number."""
    scaled = call.add(Rescale(shift=False), call.tensors[-1].ref, part="scale")
    t = call.tensors[0]
    return [t._replace(ref=call.add(Add(), t.ref, scaled))]


def flatten(call: Call) -> Outputs:
    t = call.x
    shape = call.shape(t.ref)
    ref = t.ref if shape.h == shape.w == 1 and t.layout == "c" else call.add(Flatten(), t.ref)
    return call.result(ref, "c")


def as_dims(call: Call, dims: tuple[int, ...], op: Any = Reshape) -> Outputs:
    """The same numbers under other axes."""
    t = call.tensors[0]
    if prod(dims) != prod(t.dims):
        raise call.fault(f"{'x'.join(map(str, t.dims))} cannot be read as {'x'.join(map(str, dims[:16]))}")
    layout = call.plain_layout(len(dims))
    return [Tensor(call.add(op(*view(dims, layout)), t.ref), dims, layout)]


def target_dims(call: Call, said: Any) -> list[int]:
    """A target shape, in which one axis may be open: -1."""
    if not isinstance(said, (list, tuple)) or len(said) > 16:
        raise call.fault("a shape must be a list of whole numbers")
    dims = [-1 if n is None else n for n in said]
    for n in dims:
        if n.__class__ is not int or not (n == -1 or 1 <= n <= LARGEST_DIMENSION):
            raise call.fault(f"a shape must hold whole numbers, not {str(n)[:40]}")
    if dims.count(-1) > 1:
        raise call.fault("only one axis may be open")
    return dims


def filled(dims: list[int], whole: int) -> tuple[int, ...] | None:
    """The axes of so many numbers, the open one taking what is left; None where they do not fit."""
    known = prod(n for n in dims if n != -1)
    if whole % known or (-1 not in dims and whole != known):
        return None
    return tuple(whole // known if n == -1 else n for n in dims)


def reshaped(call: Call, said: Any) -> Outputs:
    """To axes that the file says.

    At another size than the file's own they follow the map, or the layer is named as one that does not.
    """
    x, layers, target = call.tensors[0].dims, call.net.layers, target_dims(call, said)
    call.net.times[call.name] += 1
    key = f"{call.name}/reshape {call.net.times[call.name]}"
    old, dims = layers.own_sizes.get(key), filled(target, prod(x))
    if -1 in target and dims:
        layers.rows(call.name, dims[target.index(-1)], call.shape(call.tensors[0].ref))
    if old is not None and old[0] != x:
        ways = {way for way in (dims, refitted(old[0], old[1], x)) if way}
        if len(ways) != 1:
            was = "x".join(map(str, old[1]))
            raise call.fault(
                f"its axes of {was} are fixed in the file and do not follow {'x'.join(map(str, x))}", FOLLOWS
            )
        (dims,) = ways
    if dims is None:
        raise call.fault(f"{'x'.join(map(str, x))} cannot be read as {'x'.join(map(str, target))}")
    layers.sizes[key] = x, dims
    return as_dims(call, dims)


FOLLOWS = "read it at its own size, or build the model anew at this one"


def refitted(old: tuple[int, ...], target: tuple[int, ...], new: tuple[int, ...]) -> tuple[int, ...] | None:
    """What a reshape of `old` to `target` becomes where it gets `new`; None where the axes do not say."""
    try:
        return refit(old, target, new)
    except (ValueError, ZeroDivisionError):
        return None


def reshape(call: Call) -> Outputs:
    return reshaped(call, call.said.get("target_shape"))


def permute(call: Call) -> Outputs:
    order = call.integers("dims", low=1)
    t = call.x
    if sorted(order) != list(range(1, len(t.dims) + 1)):
        raise call.fault(f"{order} is no order of {len(t.dims)} axes")
    return as_dims(call, tuple(t.dims[n - 1] for n in order), Permute)


def borders(call: Call, key: str, default: int = 1) -> tuple[int, int, int, int]:
    """Top, bottom, left and right, from a number, one a side, or two a side."""
    said = call.said.get(key, default)
    if axes_of(call) == 1:
        first = call.integers(key, default)
        said = [first * 2 if len(first) == 1 else first, [0, 0]]
    if said.__class__ is int:
        said = [said, said]
    if not isinstance(said, list) or len(said) != 2:
        raise call.fault(f"'{key}' must be a number, or two for the two sides")
    out: list[int] = []
    for side in said:
        two = [side, side] if side.__class__ is int else side
        if (
            not isinstance(two, list)
            or len(two) != 2
            or any(n.__class__ is not int or not 0 <= n <= LARGEST_DIMENSION for n in two)
        ):
            raise call.fault(f"'{key}' must hold whole numbers from 0")
        out += two
    return out[0], out[1], out[2], out[3]


def zero_padding(call: Call) -> Outputs:
    x = mapped(call)
    return call.result(call.add(Pad(borders(call, "padding")), x.ref), x.layout)


def cropping(call: Call) -> Outputs:
    x = mapped(call)
    top, bottom, left, right = borders(call, "cropping", 0)
    h, w, _ = view(x.dims, x.layout)
    if h - top - bottom < 1 or w - left - right < 1:
        raise call.fault(f"nothing of {h}x{w} is left")
    return call.result(call.add(Crop(h - top - bottom, w - left - right), x.ref), x.layout)


METHODS = ("nearest", "bilinear", "bicubic")


def upsampling(call: Call) -> Outputs:
    x = mapped(call)
    method = call.text("interpolation", "nearest")
    if method not in METHODS:
        raise NotKnown
    return call.result(call.add(Upsample(window(call, "size", 2), method), x.ref), x.layout)


def resizing(call: Call) -> Outputs:
    x = call.as_layout(call.x, map_layout(call))
    method = call.text("interpolation", "bilinear")
    if method not in METHODS:
        raise NotKnown
    return call.result(
        call.add(Resize(call.integer("height"), call.integer("width"), method), x.ref), x.layout
    )


def center_crop(call: Call) -> Outputs:
    x = call.as_layout(call.x, map_layout(call))
    h, w, _ = view(x.dims, x.layout)
    height, width = call.integer("height"), call.integer("width")
    if height > h or width > w:  # Keras enlarges what is too small
        raise NotKnown
    return call.result(call.add(Crop(height, width), x.ref), x.layout)


def combine(call: Call, tensors: list[Tensor], lay: Callable[[list[int]], int]) -> Outputs:
    """Put tensors together element by element; axes that a tensor lacks are of size 1 and stand in front."""
    most = max(tensors, key=lambda t: len(t.dims))
    n = len(most.dims)
    refs, sizes = [], []
    for k, t in enumerate(tensors):
        dims = (1,) * (n - len(t.dims)) + t.dims
        sizes.append(dims)
        shape = view(dims, most.layout)
        refs.append(
            t.ref if call.shape(t.ref) == shape else call.add(Reshape(*shape), t.ref, part=f"input {k + 1}")
        )
    dims = tuple(max(side) for side in zip(*sizes, strict=True))
    for side in zip(*sizes, strict=True):
        if len(set(side) - {1}) > 1:
            raise call.fault(
                "its inputs do not fit: "
                + ", ".join("x".join(map(str, d)) or "one number" for d in sizes[:8])
            )
    return [Tensor(lay(refs), dims, most.layout)]


def merge(how: str) -> Callable[[Call], Outputs]:
    """Add, Multiply and their kin, of two tensors or more."""

    def lay(call: Call) -> Outputs:
        tensors = call.tensors
        if len(tensors) < 2:
            if not (call.args[1:] or call.kwargs):
                return [tensors[0]]
            # with a number, which stands in the config
            return rescaling(call, how == "multiply", how != "multiply")

        def chained(refs: list[int]) -> int:
            if how == "multiply":
                ref = refs[0]
                for k, other in enumerate(refs[1:]):
                    ref = call.add(Gate(), ref, other, part=f"{k + 1}" if k else "")
                return ref
            alike = all(call.shape(r) == call.shape(refs[0]) for r in refs)
            word = "add" if how == "average" else how
            ref = call.add(Add() if word == "add" and alike else Elementwise(word), *refs)
            return call.add(Rescale(shift=False), ref, part="mean") if how == "average" else ref

        return combine(call, tensors, chained)

    return lay


def concatenate(call: Call, axis: int | None = None) -> Outputs:
    tensors = call.tensors
    if len(tensors) == 1:
        return [tensors[0]]
    n = len(tensors[0].dims)
    axis = axis_of(call) if axis is None else axis
    at = axis - 1 if axis >= 0 else axis + n
    if not 0 <= at < n:
        raise call.fault(f"axis {axis} of tensors with {n + 1} axes")
    if any(
        len(t.dims) != n
        or any(a != b for i, (a, b) in enumerate(zip(t.dims, tensors[0].dims, strict=True)) if i != at)
        for t in tensors
    ):
        raise call.fault(
            "its inputs do not fit: " + ", ".join("x".join(map(str, t.dims)) for t in tensors[:8])
        )
    if n > 3:
        raise NotKnown
    layout = tensors[0].layout
    refs = [call.as_layout(t, layout, f"input {k + 1}").ref for k, t in enumerate(tensors)]
    side = {"h": "height", "w": "width", "c": "channels"}[layout[at]]
    return call.result(call.add(Concat(side), *refs), layout)


TRAINING_ONLY = (
    *(
        "ActivityRegularization",
        "StochasticDepth",
        "Identity",
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
    ),
    *(
        "RandomContrast",
        "RandomBrightness",
        "RandomShear",
        "RandomErasing",
        "RandomColorJitter",
        "RandomGrayscale",
        "RandomHue",
    ),
    *(
        "RandomSaturation",
        "RandomSharpness",
        "RandomColorDegeneration",
        "RandomPosterization",
        "RandomInvert",
        "RandomGaussianBlur",
    ),
    *(
        "RandomElasticTransform",
        "RandomPerspective",
        "RandAugment",
        "AugMix",
        "CutMix",
        "MixUp",
        "AutoContrastRandom",
    ),
)
DROPOUTS = (
    "Dropout",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
)

LAYERS: dict[str, Callable[[Call], Outputs]] = {
    **dict.fromkeys(("Conv2D", "Conv1D", "Convolution2D", "Convolution1D"), conv),
    **dict.fromkeys(("DepthwiseConv2D", "DepthwiseConv1D", "DepthwiseConvolution2D"), depthwise),
    **dict.fromkeys(
        ("SeparableConv2D", "SeparableConv1D", "SeparableConvolution2D", "SeparableConvolution1D"), separable
    ),
    **dict.fromkeys(("Conv2DTranspose", "Convolution2DTranspose"), transposed),
    "Dense": dense,
    **dict.fromkeys(
        ("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"),
        batch_norm,
    ),
    "LayerNormalization": layer_norm,
    "GroupNormalization": layer_norm,
    "RMSNormalization": rms_norm,
    "UnitNormalization": unit_norm,
    "Normalization": normalization,
    "Rescaling": rescaling,
    "Activation": activation,
    "ReLU": relu,
    "LeakyReLU": elementwise("leaky_relu"),
    "ThresholdedReLU": elementwise("threshold"),
    "ELU": elementwise("elu"),
    "Softmax": elementwise("softmax"),
    "PReLU": prelu,
    "LayerScale": layer_scale,
    "CustomScaleLayer": custom_scale,
    **dict.fromkeys(("MaxPooling2D", "MaxPooling1D", "MaxPool2D", "MaxPool1D"), pool(MaxPool)),
    **dict.fromkeys(("AveragePooling2D", "AveragePooling1D", "AvgPool2D", "AvgPool1D"), pool(AvgPool)),
    **dict.fromkeys(
        ("GlobalAveragePooling2D", "GlobalAveragePooling1D", "GlobalAvgPool2D", "GlobalAvgPool1D"),
        global_pool("average"),
    ),
    **dict.fromkeys(
        ("GlobalMaxPooling2D", "GlobalMaxPooling1D", "GlobalMaxPool2D", "GlobalMaxPool1D"), global_pool("max")
    ),
    "Add": merge("add"),
    "Subtract": merge("subtract"),
    "Multiply": merge("multiply"),
    "Average": merge("average"),
    "Maximum": merge("maximum"),
    "Minimum": merge("minimum"),
    "Concatenate": concatenate,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    **dict.fromkeys(("ZeroPadding2D", "ZeroPadding1D"), zero_padding),
    **dict.fromkeys(("Cropping2D", "Cropping1D"), cropping),
    **dict.fromkeys(("UpSampling2D", "UpSampling1D"), upsampling),
    "Resizing": resizing,
    "CenterCrop": center_crop,
    **dict.fromkeys(DROPOUTS, dropout),
    **dict.fromkeys(TRAINING_ONLY, same),
}
"""Every layer that can be costed, and what lays it out."""
