"""What does each Keras layer compute, and on which shape? One function a class, in one table.

Source: Keras 3's and Keras 2's layers, whose defaults stand here where a config leaves an argument out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any

from ...engine.ops import (
    Add,
    AvgPool,
    Concat,
    Constant,
    Crop,
    Crop3d,
    Dense,
    Dropout,
    Elementwise,
    Flatten,
    Gate,
    Gather,
    MaxPool,
    Pad,
    Pad3d,
    Permute,
    Repeat,
    Reshape,
    Resize,
    Upsample,
    Upsample3d,
)
from ...engine.ops.elements import Activation, Bias, PRelu, Rescale, Scale
from ..kit.layers import LARGEST_DIMENSION
from ..kit.stored import Dims
from ..kit.tensors import NotKnown, Tensor, broadcast, dims_text, refit, side_of_volume, view
from .attention import additive, attention, grouped, multi_head
from .functions import function_of, relu_of
from .net import Call, Outputs, axis_in, text_of
from .norms import NORMS, axis_of
from .recurrent import bidirectional, inner_of, recurrent
from .steps import CONV_LSTM, conv_lstm
from .windows import (
    activated,
    adaptive_pool,
    conv,
    depthwise,
    global_pool,
    map_of,
    pool,
    separable,
    sides_of,
    transposed,
    window,
    windowed,
)


def dense(call: Call) -> Tensor:
    """Over the last axis, at every position; more than two axes of positions are read as one."""
    t, last = call.x, len(call.x.dims) - 1
    units, bias = call.integer("units"), call.flag("use_bias", True)
    if not last:
        raise call.fault("Dense needs an axis beside the batch")
    plain = last < 4 or (t.c == last and call.net.any_volume([t]))
    rows = t if plain else t._replace(dims=(1, prod(t.dims[1:-1]), t.dims[-1]))
    x = call.seen(rows, len(rows.dims) - 1)
    call.net.layers.dense(call.name, t.dims[-1])
    return activated(call, call.add(Dense(units, bias), x, dims=(*t.dims[:-1], units), c=last))


def einsum_dense(call: Call) -> Tensor:
    """A dense layer whose axes are named by letters: the input's last axes become new last axes.

    A kernel with an axis that input and output share, or new axes in another place, is not known.
    """
    t, equation = call.x, call.text("equation").replace(" ", "").replace("...", "")
    found = re.fullmatch("([a-zA-Z]*),([a-zA-Z]+)->([a-zA-Z]*)", equation)
    if not found:
        raise NotKnown
    given, kernel, out = found.groups()
    inner, new = [x for x in kernel if x in given], [x for x in kernel if x not in given]
    whole = call.several("output_shape") or []
    kept = len(t.dims) - len(inner)
    if [*given[len(given) - len(inner) :]] != inner or [*out[len(out) - len(new) :]] != new or kept < 1:
        raise NotKnown
    if given[: len(given) - len(inner)] != out[: len(out) - len(new)] or not inner or not new:
        raise NotKnown
    if len(whole) < len(new):
        raise call.fault("'output_shape' has fewer axes than the equation")
    last = whole[len(whole) - len(new) :]
    sizes = {x: call.whole("output_shape", n) for x, n in zip(new, last, strict=True)}
    biased, width = call.given.get("bias_axes") or "", prod(sizes.values())
    if not isinstance(biased, str) or not set(biased) <= set(new):
        raise NotKnown
    rows = call.seen(t._replace(dims=(1, prod(t.dims[1:kept]), prod(t.dims[kept:]))), 2, "rows")
    full = set(biased) == set(new)
    y = call.add(Dense(width, full), rows, dims=(1, prod(t.dims[1:kept]), width), c=2)
    if biased and not full:
        y = call.same(Bias(prod(sizes[x] for x in biased)), y, part="bias")
    return activated(call, call.along(y, (*t.dims[:kept], *sizes.values())))


def embedding(call: Call) -> Tensor:
    """A row of a table for each number of the input; nothing is multiplied."""
    t, rows, c = call.x, call.integer("input_dim"), call.integer("output_dim")
    table = call.add(Constant(rows, 1, c, True), dims=(1, rows, c), c=2, part="table")
    dims = (*t.dims, c)
    return call.add(Gather(*view(dims, len(dims) - 1)), table, dims=dims, c=len(dims) - 1)


STEPWISE = ("Dense", "Activation", "ReLU", "Dropout")
"""Layers that work at every position alike, and so at every step."""


def time_distributed(call: Call) -> Outputs:
    """A layer of STEPWISE at every step, all steps at once; see wiring.py for the others."""
    name, call.given = inner_of(call, call.given.get("layer"))
    return LAYERS[name](call)


def prelu(call: Call) -> Tensor:
    """PReLU, with one learned slope per number of the image; along `shared_axes` the slopes are shared."""
    t = call.x
    shared = call.integers("shared_axes", [])
    if any(a >= len(t.dims) for a in shared):
        raise call.fault("'shared_axes' counts axes from 1")
    return call.same(PRelu(prod(1 if i in shared else n for i, n in enumerate(t.dims))), t)


def activation(call: Call) -> Tensor:
    """The activation function that the config names."""
    given = call.given.get("activation")
    function = function_of(call, given)
    if function is None:
        return call.unknown(given if isinstance(given, str) else call.type)
    return elementwise(function)(call)


def elementwise(function: str) -> Callable[[Call], Tensor]:
    """A function evaluated once per number; "" keeps the tensor."""
    return lambda call: call.same(Activation(function), call.x) if function else call.x


def relu(call: Call) -> Tensor:
    """ReLU, or the variant that its slope, threshold and largest value make of it."""
    return elementwise(relu_of(call))(call)


def same(call: Call) -> Tensor:
    """A layer that keeps its numbers: it is active in training only, or just gives them a name."""
    return call.tensors[0]


def dropout(call: Call) -> Tensor:
    """Dropout or noise: kept as a layer, although it costs nothing when the model runs."""
    return call.same(Dropout(), call.tensors[0])


def rescaling(call: Call, scale: bool = True, shift: bool = True) -> Tensor:
    """A multiplication and an addition with fixed numbers."""
    return call.same(Rescale(scale, shift), call.x)


def layer_scale(call: Call) -> Tensor:
    """ConvNeXt's LayerScale: a learned factor per channel."""
    x = call.seen(call.x, len(call.x.dims) - 1)
    return call.same(Scale(False, call.integer("projection_dim")), x)


def custom_scale(call: Call) -> Tensor:
    """Inception-ResNet's scaling: the first tensor, plus the second times a fixed number."""
    t, scaled = call.tensors[0], call.same(Rescale(shift=False), call.tensors[-1], part="scale")
    return call.add(Add(), t, scaled, dims=t.dims, c=t.c)


def flatten(call: Call) -> Tensor:
    """All axes of an image become one; a tensor that has only one is kept."""
    t = call.x
    return t if len(t.dims) == 2 else call.mapped(Flatten(), t, flat=True)


def as_dims(call: Call, dims: Dims, op: Any = Reshape) -> Tensor:
    """The same numbers with other axes; the channels are at the usual axis."""
    t, c = call.tensors[0], call.net.channels_of(len(dims))
    if prod(dims) != prod(t.dims):
        raise call.fault(f"{text_of(t.dims)} cannot be read as {text_of(dims)}")
    return call.add(op(*view(dims, c)), t, dims=dims, c=c)


def target_dims(call: Call, shape: Any) -> Dims:
    """A target shape, the batch in front of it; one axis may be open: -1."""
    if not isinstance(shape, list) or len(shape) > 16:
        raise call.fault("a shape must be a list of whole numbers")
    dims = [-1 if n is None else n for n in shape]
    for n in dims:
        if n.__class__ is not int or not (n == -1 or 1 <= n <= LARGEST_DIMENSION):
            raise call.fault(f"a shape must hold whole numbers, not {str(n)[:40]}")
    if dims.count(-1) > 1:
        raise call.fault("only one axis may be open")
    return (1, *dims)


def filled(dims: Dims, whole: int) -> Dims | None:
    """The axes of so many numbers, the open one taking what is left; None where they do not fit."""
    known = prod(n for n in dims if n != -1)
    if whole % known or (-1 not in dims and whole != known):
        return None
    return tuple(whole // known if n == -1 else n for n in dims)


def reshaped(call: Call, shape: Any) -> Tensor:
    """A reshape to the axes that the file gives.

    At another size than the file's, the axes follow the map; where they do not show how, that is an error.
    """
    x, layers, target = call.tensors[0].dims, call.net.layers, target_dims(call, shape)
    call.net.times[call.name] += 1
    key = f"{call.name}/reshape {call.net.times[call.name]}"
    old, dims = layers.file_sizes.get(key), filled(target, prod(x))
    if -1 in target and dims:
        layers.rows(call.name, dims[target.index(-1)], call.net.shape(call.tensors[0]))
    if old is not None and old[0] != x:
        ways = {way for way in (dims, refitted(old[0], old[1], x)) if way}
        if len(ways) != 1:
            what = f"its axes of {text_of(old[1])} are fixed in the file and do not follow {text_of(x)}"
            raise call.fault(what, "read it at its own size, or build the model anew at this one")
        (dims,) = ways
    if dims is None:
        raise call.fault(f"{text_of(x)} cannot be read as {text_of(target)}")
    layers.sizes[key] = x, dims
    return as_dims(call, dims)


def refitted(old: Dims, target: Dims, new: Dims) -> Dims | None:
    """What a reshape of `old` to `target` becomes for an input of `new`; None if the axes do not show it."""
    try:
        return refit(old, target, new)
    except (ValueError, ZeroDivisionError):
        return None


def reshape(call: Call) -> Tensor:
    """A reshape to the `target_shape` of the config."""
    return reshaped(call, call.given.get("target_shape"))


def repeat_vector(call: Call) -> Tensor:
    """A vector as a sequence: the same numbers at each of `n` steps."""
    t, n = call.x, call.integer("n")
    if len(t.dims) != 2:
        raise call.fault(f"RepeatVector needs one axis beside the batch, not {len(t.dims) - 1}")
    return call.add(Repeat(n, 1, t.dims[1]), call.seen(t, 1), dims=(1, n, t.dims[1]), c=2)


def permute(call: Call) -> Tensor:
    """The axes in the order of `dims`, which counts them from 1, without the batch."""
    order, t = call.integers("dims"), call.x
    if sorted(order) != list(range(1, len(t.dims))):
        raise call.fault(f"{order} is no order of {len(t.dims) - 1} axes")
    return as_dims(call, tuple(t.dims[n] for n in (0, *order)), Permute)


def borders(call: Call, key: str, default: int = 1) -> tuple[int, ...]:
    """Before and after each side of a map (of height and width) or of a volume, from one number, one for each
    axis, or two for each axis.
    """
    given, sides = call.given.get(key, default), max(sides_of(call), 2)
    if sides_of(call) == 1:
        first = call.integers(key, [default], 0)
        given = [first * 2 if len(first) == 1 else first, [0, 0]]
    if given.__class__ is int:
        given = [given] * sides
    if not isinstance(given, list) or len(given) != sides:
        count = ("two", "three")[sides - 2]
        raise call.fault(f"'{key}' must be a number, or {count} for the {count} sides")
    return tuple(
        call.whole(key, n, 0)
        for side in given
        for n in (side if isinstance(side, list) and len(side) == 2 else (side, side))
    )


def zero_padding(call: Call) -> Tensor:
    """Zeros around a map or a volume."""
    x, around = windowed(call), borders(call, "padding")
    return call.mapped(Pad3d(around) if sides_of(call) == 3 else Pad(around), x)


def cropping(call: Call) -> Tensor:
    """Cut the borders of a map or a volume off."""
    x, around = windowed(call), borders(call, "cropping", 0)
    *sides, _ = call.net.shape(x)
    left = [n - a - b for n, a, b in zip(sides, around[::2], around[1::2], strict=True)]
    if min(left) < 1:
        raise call.fault(f"nothing of {dims_text(sides)} is left")
    return call.mapped(Crop3d(*left) if sides_of(call) == 3 else Crop(*left), x)


METHODS = ("nearest", "bilinear", "bicubic")


def method_of(call: Call, default: str) -> str:
    """The interpolation that the config names."""
    method = call.text("interpolation", default)
    if method not in METHODS:
        raise NotKnown
    return method


def upsampling(call: Call) -> Tensor:
    """Enlarge a map or a volume by a whole factor per axis."""
    x, method = windowed(call), method_of(call, "nearest")
    if sides_of(call) == 3:
        return call.mapped(Upsample3d(window(call, "size", 2)), x)
    return call.mapped(Upsample(window(call, "size", 2), method), x)


def resizing(call: Call) -> Tensor:
    """Resize a map to a fixed height and width."""
    x, method = map_of(call), method_of(call, "bilinear")
    return call.mapped(Resize(call.integer("height"), call.integer("width"), method), x)


def center_crop(call: Call) -> Tensor:
    """The middle of a map, of a fixed height and width."""
    x, height, width = map_of(call), call.integer("height"), call.integer("width")
    h, w, _ = view(x.dims, x.c)
    if height > h or width > w:  # Keras enlarges what is too small
        raise NotKnown
    return call.mapped(Crop(height, width), x)


def fitted(call: Call) -> tuple[list[Tensor], Dims, int]:
    """The inputs of an element-wise layer, broadcast: as tensors of one rank, with their axes and channels.

    Axes that a tensor lacks are of size 1 and stand in front, as in numpy.
    """
    most = max(call.tensors, key=lambda t: len(t.dims))
    padded = [(1,) * (len(most.dims) - len(t.dims)) + t.dims for t in call.tensors]
    try:
        dims = broadcast(padded)
    except ValueError:
        raise misfit(call, padded) from None
    pairs = zip(call.tensors, padded, strict=True)
    tensors = [call.seen(t._replace(dims=p), most.c, f"input {k}") for k, (t, p) in enumerate(pairs, 1)]
    if call.net.any_volume(tensors):
        tensors = [call.net.beside_volume(t, dims, most.c, call.name) for t in tensors]
    return tensors, dims, most.c


def misfit(call: Call, shapes: list[Dims]) -> Exception:
    """Make the error for inputs whose shapes do not fit together."""
    return call.fault("its inputs do not fit: " + ", ".join(map(text_of, shapes[:8])))


def merge(how: str) -> Callable[[Call], Tensor]:
    """Add, Multiply and the like: of two or more tensors, or of one tensor and a number in the config."""

    def build(call: Call) -> Tensor:
        if len(call.tensors) < 2:
            if not (call.args[1:] or call.kwargs):
                return call.tensors[0]
            return rescaling(call, how == "multiply", how != "multiply")
        tensors, dims, c = fitted(call)
        if how == "multiply":
            y = tensors[0]
            for k, other in enumerate(tensors[1:]):
                y = call.add(Gate(), y, other, dims=dims, c=c, part=f"{k + 1}" if k else "")
            return y
        word = "add" if how == "average" else how
        alike = len({call.net.shape(t) for t in tensors}) == 1
        op = Add() if word == "add" and alike else Elementwise(word)
        y = call.add(op, *tensors, dims=dims, c=c)
        return call.same(Rescale(shift=False), y, part="mean") if how == "average" else y

    return build


def concatenate(call: Call, axis: int | None = None) -> Tensor:
    """Tensors one behind another along an axis, the config's unless one is given."""
    t, *others = call.tensors
    if not others:
        return t
    rank, axis = len(t.dims), axis_of(call) if axis is None else axis
    at = axis_in(rank, axis)
    if not at:
        raise call.fault(f"axis {axis} of tensors with {rank} axes")
    if any((x.dims[:at], x.dims[at + 1 :]) != (t.dims[:at], t.dims[at + 1 :]) for x in others):
        raise misfit(call, [x.dims for x in call.tensors])
    if call.net.any_volume(call.tensors):
        solids = [call.net.volume(x, t.c, call.name) for x in call.tensors]
        return call.mapped(Concat(side_of_volume(t.c, at)), *solids)
    if rank > 4:
        raise NotKnown
    tensors = [call.seen(x, t.c, f"input {k}") for k, x in enumerate(call.tensors, 1)]
    sides = [i for i in range(1, rank) if i != t.c]
    side = "channels" if at == t.c else ("height", "width")[sides.index(at)]
    return call.mapped(Concat(side), *tensors)


def of_sides(*names: str) -> list[str]:
    """Names of layers over one, two and three sides."""
    return [f"{name}{sides}D" for name in names for sides in (1, 2, 3)]


TRAINING_ONLY = (
    "Masking",
    "ActivityRegularization",
    "StochasticDepth",
    "Identity",
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
    "RandomShear",
    "RandomErasing",
    "RandomColorJitter",
    "RandomGrayscale",
    "RandomHue",
    "RandomSaturation",
    "RandomSharpness",
    "RandomColorDegeneration",
    "RandomPosterization",
    "RandomInvert",
    "RandomGaussianBlur",
    "RandomElasticTransform",
    "RandomPerspective",
    "RandAugment",
    "AugMix",
    "CutMix",
    "MixUp",
    "AutoContrastRandom",
)
DROPOUTS = (
    "Dropout",
    *of_sides("SpatialDropout"),
    "AlphaDropout",
    "GaussianDropout",
    "GaussianNoise",
)

LAYERS: dict[str, Callable[[Call], Outputs]] = {
    **dict.fromkeys(of_sides("Conv", "Convolution"), conv),
    **dict.fromkeys(("DepthwiseConv2D", "DepthwiseConv1D", "DepthwiseConvolution2D"), depthwise),
    **dict.fromkeys(
        ("SeparableConv2D", "SeparableConv1D", "SeparableConvolution2D", "SeparableConvolution1D"), separable
    ),
    **dict.fromkeys(
        (
            "Conv1DTranspose",
            "Conv2DTranspose",
            "Convolution2DTranspose",
            "Conv3DTranspose",
            "Convolution3DTranspose",
        ),
        transposed,
    ),
    "Dense": dense,
    **NORMS,
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
    **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "CuDNNLSTM", "CuDNNGRU"), recurrent),
    **dict.fromkeys(CONV_LSTM, conv_lstm),
    "Bidirectional": bidirectional,
    "TimeDistributed": time_distributed,
    "MultiHeadAttention": multi_head,
    **dict.fromkeys(("GroupQueryAttention", "GroupedQueryAttention"), grouped),
    "Attention": attention,
    "AdditiveAttention": additive,
    "EinsumDense": einsum_dense,
    "Embedding": embedding,
    **dict.fromkeys(of_sides("MaxPooling", "MaxPool"), pool(MaxPool)),
    **dict.fromkeys(of_sides("AveragePooling", "AvgPool"), pool(AvgPool)),
    **dict.fromkeys(of_sides("GlobalAveragePooling", "GlobalAvgPool"), global_pool("average")),
    **dict.fromkeys(of_sides("GlobalMaxPooling", "GlobalMaxPool"), global_pool("max")),
    **{
        f"Adaptive{name}Pooling{n}D": adaptive_pool(how)
        for name, how in (("Average", "average"), ("Max", "max"))
        for n in (1, 2, 3)
    },
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
    "RepeatVector": repeat_vector,
    **dict.fromkeys(of_sides("ZeroPadding"), zero_padding),
    **dict.fromkeys(of_sides("Cropping"), cropping),
    **dict.fromkeys(of_sides("UpSampling"), upsampling),
    "Resizing": resizing,
    "CenterCrop": center_crop,
    **dict.fromkeys(DROPOUTS, dropout),
    **dict.fromkeys(TRAINING_ONLY, same),
}
"""Every layer that can be costed, and the function that adds it."""
