"""What does each type of Caffe layer compute, and on which shape? One function a type, in one table.

A function gets the layer and returns the tensors that its tops hold: one for each top, one for all of them,
or none. It raises NotKnown where the layer cannot be costed. Shapes follow each layer's Reshape in BVLC
Caffe; where a layer is a fork's, its comment names the fork.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from math import prod

from ...engine.ops import Add, Axpy, Detection, Elementwise, Gate, Op, Reduce, Resize, Upsample
from ...engine.ops.elements import (
    Activation,
    Bias,
    L2Norm,
    LayerNorm,
    LocalResponseNorm,
    Norm,
    PRelu,
    Rescale,
    Scale,
)
from ..kit.fields import LARGEST
from ..kit.layers import DETECTION, PRODUCTS, plain_size
from ..kit.tensors import NotKnown, Tensor, dims_text
from .net import MOST_AXES, Layer
from .prototxt import Message
from .shapes import (
    alias,
    concat,
    crop,
    data,
    dropout,
    dummy_data,
    flatten,
    input_,
    memory_data,
    permute,
    prior_box,
    reorg,
    reshape,
    shuffle,
    slice_,
    tile,
    with_size,
)
from .windows import DEPTHWISE_TYPES, conv, inner_product, pooling

Output = Tensor | Sequence[Tensor] | None


BATCH_NORM_FIELDS = ("use_global_stats", "moving_average_fraction", "eps", "scale_bias", "engine")


def batch_norm(layer: Layer) -> Tensor:
    """Normalise by stored mean and variance; a third blob of one number says by what they are to be divided.

    NVIDIA's fork may add a scale and a shift a channel. Source: batch_norm_layer.cpp, LayerSetUp.
    """
    p = layer.param(
        "batch_norm", "use_global_stats", "moving_average_fraction", "eps", "scale_bias", "engine"
    )
    (x,) = layer.tensors(1)
    if len(x.dims) == 3:
        raise NotKnown
    learned = p.flag("scale_bias", False)
    return layer.weighted(Norm(learned, learned, True, True), x)


SEGNET = ("scale_filler", "shift_filler", "var_eps", "bn_mode")
BN_FIELDS = (
    *("slope_filler", "bias_filler", "momentum", "eps", "frozen", "engine"),
    *("moving_average_fraction", "use_global_stats", "icbn"),
)


def bn(layer: Layer) -> Tensor:
    """The whole of a batch norm: a slope and a bias a channel are learned, in PSPNet's fork the mean and
    variance are stored too.

    SegNet's fork has those two numbers only, and works the mean and variance into them when the net is
    deployed. Where no field tells the forks apart, as many `param` as the layer has blobs do.
    """
    p = layer.param("bn", *SEGNET, *BN_FIELDS)
    (x,) = layer.tensors(1)
    if len(x.dims) == 3:
        raise NotKnown
    segnet = any(key in p for key in SEGNET) or (not p.given and len(layer.listed("param")) == 2)
    return layer.weighted(Norm(statistics=not segnet), x)


def mvn(layer: Layer) -> Tensor:
    """Normalise to zero mean and unit variance by the numbers of the image; nothing is learned."""
    layer.param("mvn", "normalize_variance", "across_channels", "eps")
    return layer.add(LayerNorm(False, False), *layer.tensors(1))


def _learned(layer: Layer, x: Tensor, axis: int, axes: int) -> int:
    """How many numbers a Scale or Bias layer learns; 0 where it is one a channel."""
    start = layer.axis(axis, len(x.dims))
    if axes >= 0 and start + axes > len(x.dims):
        raise layer.fault(f"{axes} axes from axis {axis} of {dims_text(x.dims)}")
    numbers = prod(x.dims[start:] if axes < 0 else x.dims[start : start + axes])
    return 0 if numbers == layer.net.shape(x).c else numbers


def _along(layer: Layer, x: Tensor, by: Tensor, axis: int) -> Tensor:
    """The second bottom of a Scale or Bias layer as a map that spreads over the first."""
    start = 0 if not by.dims else layer.axis(axis, len(x.dims))
    covered = x.dims[start : start + len(by.dims)]
    # forks spread sides of 1
    if len(covered) != len(by.dims) or any(b not in (1, a) for a, b in zip(covered, by.dims, strict=True)):
        raise layer.fault(f"{dims_text(by.dims)} does not fit {dims_text(x.dims)} from axis {start}")
    before = (layer.net.images or 1, *(1,) * (start - 1)) if start else ()
    dims = (*before, *by.dims, *(1,) * (len(x.dims) - start - len(by.dims)))
    return layer.read_as(by, layer.net.view(dims), "by")


def scale(layer: Layer) -> Tensor:
    """With one bottom, learned numbers; with two, a gate."""
    p = layer.param("scale", "axis", "num_axes", "bias_term")
    x, *by = layer.tensors(1, 2)
    axis, axes = p.integer("axis", 1, -MOST_AXES), p.integer("num_axes", 1, -1)
    bias = p.flag("bias_term", False)
    if not by:
        return layer.weighted(Scale(bias, _learned(layer, x, axis, axes)), x)
    y = layer.add(Gate(), x, _along(layer, x, by[0], axis))
    if bias:
        numbers = _learned(layer, x, axis, len(by[0].dims))
        return layer.add(Bias(numbers), y, part="bias", shared=any(layer.shared_by_name()))
    return y


def bias(layer: Layer) -> Tensor:
    """With one bottom, learned numbers; with two, a sum."""
    p = layer.param("bias", "axis", "num_axes")
    x, *by = layer.tensors(1, 2)
    axis = p.integer("axis", 1, -MOST_AXES)
    if by:
        return layer.add(Elementwise("add"), x, _along(layer, x, by[0], axis))
    return layer.weighted(Bias(_learned(layer, x, axis, p.integer("num_axes", 1, -1))), x)


def prelu(layer: Layer) -> Tensor:
    """A learned slope below 0, one a channel or one for all."""
    p = layer.param("prelu", "channel_shared")
    (x,) = layer.tensors(1)
    one = p.flag("channel_shared", False) or len(x.dims) < 2
    return layer.weighted(PRelu(1 if one else x.dims[1]), x)


def lrn(layer: Layer) -> Tensor:
    """Local response normalisation, across channels or positions."""
    p = layer.param("lrn", "local_size", "alpha", "beta", "norm_region", "k", "engine")
    (x,) = layer.tensors(1)
    layer.map(x)
    region = p.enum("norm_region", {"ACROSS_CHANNELS": 0, "WITHIN_CHANNEL": 1}, "ACROSS_CHANNELS")
    return layer.add(LocalResponseNorm(p.integer("local_size", 5, 1), region == "WITHIN_CHANNEL"), x)


def normalize(layer: Layer) -> Tensor:
    """SSD's fork: each position divided by its length, then a learned scale."""
    p = layer.param("norm", "across_spatial", "channel_shared", "eps")
    (x,) = layer.tensors(1)
    return layer.weighted(L2Norm(True, 1 if p.flag("channel_shared", True) else 0), x)


FUNCTIONS = {
    "ReLU": "relu",
    "ReLU6": "relu6",
    "Sigmoid": "sigmoid",
    "TanH": "tanh",
    "ELU": "elu",
    "SeLu": "selu",
    "SELU": "selu",
    "AbsVal": "abs",
    "BNLL": "softplus",
    "Exp": "exp",
    "Log": "log",
    "Softmax": "softmax",
    "Swish": "swish",
    "Mish": "mish",
    "Clip": "clip",
    "Threshold": "threshold",
    "HSwish": "hswish",
    "Hswish": "hswish",
    "HardSwish": "hswish",
    "HSigmoid": "hsigmoid",
    "Hsigmoid": "hsigmoid",
    "HardSigmoid": "hsigmoid",
}
"""The activation that each type evaluates once for each number."""


def activation(layer: Layer) -> Tensor:
    """One evaluation of a function a number."""
    (x,) = layer.tensors(1)
    name = FUNCTIONS[layer.type]
    if name == "relu" and layer.fields("relu_param").number("negative_slope", 0):
        name = "leaky_relu"
    return layer.add(Activation(name), x)


def softmax_with_loss(layer: Layer) -> list[Tensor]:
    """At test time: the softmax, and a number that compares it with the labels, which is no part of the
    net.
    """
    y = layer.add(Activation("softmax"), layer.tensors(1, 3)[0])
    loss = layer.net.tensor(y.ref, (layer.net.images or 1,))
    return [y if n else loss for n in range(len(layer.tops))]


def measure(layer: Layer) -> None:
    """Compares the output with labels; no part of what is deployed, and nothing reads it."""
    layer.read()


def power(layer: Layer) -> Tensor:
    """(shift + scale x) ^ power: as a rule a multiply and an add."""
    p = layer.param("power", "power", "scale", "shift")
    (x,) = layer.tensors(1)
    return layer.add(Rescale() if p.number("power", 1) == 1 else Activation("power"), x)


def eltwise(layer: Layer) -> Tensor:
    """Sum, product or maximum of blobs, each number with the others in its place."""
    p = layer.param("eltwise", "operation", "coeff", "stable_prod_grad")
    blobs = layer.tensors(1, 10_000)
    operation = p.enum("operation", {"PROD": 0, "SUM": 1, "MAX": 2}, "SUM")
    if any(b.dims != blobs[0].dims for b in blobs):
        raise layer.fault(
            "it needs bottoms of one shape, but these are " + ", ".join(dims_text(b.dims) for b in blobs[:8])
        )
    coefficients = p.listed("coeff")
    if coefficients and len(coefficients) != len(blobs):
        raise p.fault(f"{len(blobs)} bottoms need as many 'coeff', not {len(coefficients)}")
    if operation == "SUM":
        for n, factor in enumerate(coefficients):
            if factor not in (1, -1):
                blobs[n] = layer.add(Rescale(shift=False), blobs[n], part=f"coeff {n + 1}")
    if len(blobs) == 1:
        return blobs[0]
    if operation != "PROD":
        return layer.add(Add() if operation == "SUM" else Elementwise("maximum"), *blobs)
    y = blobs[0]
    for n, other in enumerate(blobs[1:]):
        y = layer.add(Gate(), y, other, part=f"{n + 1}" if n else "")
    return y


def axpy(layer: Layer) -> Tensor:
    """SENet's fork: a vector times a map, plus a map."""
    by, x, plus = layer.tensors(3)
    if x.dims != plus.dims or by.dims[:2] != x.dims[:2]:
        raise layer.fault(f"{dims_text(by.dims)}, {dims_text(x.dims)} and {dims_text(plus.dims)} do not fit")
    return layer.add(Axpy(), by, x, plus, dims=x.dims)


def reduction(layer: Layer) -> Tensor:
    """One number for all axes from `axis` on."""
    p = layer.param("reduction", "operation", "axis", "coeff")
    (x,) = layer.tensors(1)
    axis = layer.axis(p.integer("axis", 0, -MOST_AXES), len(x.dims))
    by = p.enum("operation", {"SUM": 1, "ASUM": 2, "SUMSQ": 3, "MEAN": 4}, "SUM")
    dims = x.dims[:axis] or (1,)
    return layer.add(Reduce(*layer.net.view(dims), "mean" if by == "MEAN" else "sum"), x, dims=dims)


def argmax(layer: Layer) -> Tensor:
    """The places of the largest numbers, along an axis or in the whole image."""
    p = layer.param("argmax", "out_max_val", "top_k", "axis")
    (x,) = layer.tensors(1)
    k = p.integer("top_k", 1, 1)
    if "axis" in p:
        dims = with_size(x.dims, layer.axis(p.integer("axis", 1, -MOST_AXES), len(x.dims)), k)
    else:
        dims = (x.dims[0], 2 if p.flag("out_max_val", False) else 1, k)
    return layer.add(Reduce(*layer.net.view(dims), "argmax"), x, dims=dims)


def upsample(layer: Layer) -> Tensor:
    """The YOLO and SegNet forks': each number several times, or to a given size."""
    p = layer.param("upsample", "scale", "scale_h", "scale_w", "upsample_h", "upsample_w", "stride")
    x = layer.tensors(1, 2)[0]
    map_ = layer.map(x)
    op: Op
    if "upsample_h" in p:
        op = Resize(p.integer("upsample_h", low=1), p.integer("upsample_w", low=1), "nearest")
    else:
        key = "stride" if "stride" in p else "scale"
        op = Upsample(plain_size(*p.size(key, 2, 1)))
    y = op.shape(map_)
    return layer.add(op, x, dims=(x.dims[0], y.c, y.h, y.w))


INTERP_FIELDS = (
    *("height", "width", "zoom_factor", "shrink_factor", "pad_beg", "pad_end"),
    *("use_blob_size", "spatial_shape", "method"),
)


def interp(layer: Layer) -> Tensor:
    """DeepLab's fork: bilinear, to a given size or by factors, of the map with its padding.

    Source: interp_layer.cpp.
    """
    p = layer.param("interp", *INTERP_FIELDS)
    x, *like = layer.tensors(1, 2)
    h, w, _ = layer.map(x)
    extra = p.integer("pad_beg", 0, -LARGEST) + p.integer("pad_end", 0, -LARGEST)
    if like:
        size = layer.map(like[0])[:2]
    elif "height" in p:
        size = p.integer("height", low=1), p.integer("width", low=1)
    else:
        shrink, zoom = p.integer("shrink_factor", 1, 1), p.integer("zoom_factor", 1, 1)
        small = [(n + extra - 1) // shrink + 1 for n in (h, w)]
        size = small[0] + (small[0] - 1) * (zoom - 1), small[1] + (small[1] - 1) * (zoom - 1)
    if min(size) < 1:
        raise layer.fault("nothing is left of the map")
    return layer.add(Resize(*size), x, dims=(*x.dims[:2], *size))


def detection_output(layer: Layer) -> Tensor:
    """SSD's fork: decodes boxes, drops those that overlap.

    How many are left depends on the image; at most `keep_top_k`.
    """
    p = layer.fields("detection_output_param")
    loc, conf, prior = layer.tensors(3, 5)[:3]
    keep = p.integer("keep_top_k", -1, -1)
    keep = keep if keep > 0 else max(1, prior.dims[-1] // 4)
    return layer.add(Detection(keep), loc, conf, prior, dims=(1, 1, keep, 7))


MEASURES = (
    *("Accuracy", "SegAccuracy", "Silence", "ContrastiveLoss", "EuclideanLoss", "HingeLoss", "InfogainLoss"),
    *("MultinomialLogisticLoss", "SigmoidCrossEntropyLoss", "SmoothL1Loss", "HDF5Output"),
)
DATABASES = ("Data", "ImageData", "HDF5Data", "WindowData", "AnnotatedData")

LAYERS: dict[str, Callable[[Layer], Output]] = {
    "Convolution": conv,
    **dict.fromkeys(DEPTHWISE_TYPES, conv),
    "Deconvolution": conv,
    "InnerProduct": inner_product,
    "Pooling": pooling,
    "BatchNorm": batch_norm,
    "BN": bn,
    "MVN": mvn,
    "Scale": scale,
    "Bias": bias,
    "PReLU": prelu,
    "LRN": lrn,
    "Normalize": normalize,
    **dict.fromkeys(FUNCTIONS, activation),
    "SoftmaxWithLoss": softmax_with_loss,
    **dict.fromkeys(MEASURES, measure),
    "Power": power,
    "Dropout": dropout,
    "SeLuDropout": dropout,
    "Split": alias,
    "Eltwise": eltwise,
    "Axpy": axpy,
    "Concat": concat,
    "Slice": slice_,
    "Crop": crop,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "ShuffleChannel": shuffle,
    "Reorg": reorg,
    "Tile": tile,
    "Reduction": reduction,
    "ArgMax": argmax,
    "Upsample": upsample,
    "Interp": interp,
    "PriorBox": prior_box,
    "DetectionOutput": detection_output,
    "Input": input_,
    "DummyData": dummy_data,
    "MemoryData": memory_data,
    **dict.fromkeys(DATABASES, data),
}
"""Every type of layer that can be costed, and the function that adds it to the graph."""


def convert(layer: Layer) -> None:
    """Add one layer of the file to the net, and name its outputs by its tops."""
    net = layer.net
    read = [t for t in layer.inputs if t is not None]
    if net.behind_tail(read):
        if weighs(layer):
            net.layers.refuse_behind(*(t.ref for t in read))
        out: Output = net.tail("", layer.name, read, None)
    else:
        try:
            out = LAYERS.get(layer.type, unknown)(layer)
        except NotKnown:
            out = unknown(layer)
    if out is not None:
        net.give(layer, [out] * len(layer.tops) if isinstance(out, Tensor) else list(out))


def unknown(layer: Layer) -> Tensor:
    """Keep what cannot be costed in its place; its tops take its first bottom's shape."""
    net = layer.net
    if not layer.bottoms and layer.tops:
        raise layer.fault(
            f"nothing is known of a {layer.type[:80]} layer, and it reads nothing that would give its shape"
        )
    read = layer.read()
    dims = read[0].dims if read else (1,)
    if not weighs(layer) and net.may_end(layer.type, read):
        return net.tensor(net.tail(layer.type, layer.name, read, None).ref, dims)
    return net.tensor(
        net.layers.unknown(layer.type, layer.name, *(t.ref for t in read), line=layer.line), dims
    )


HIDDEN = re.compile("norm|scale|bias|prelu|^bn$", re.IGNORECASE)
"""Types whose weights need not show in the file."""


def weighs(layer: Layer) -> bool:
    """Has a layer weights or products of its own, as far as a prototxt shows?

    Then it is no part of a tail that counts 0.
    """
    if layer.type == "Python":
        p = layer.fields("python_param")
        return not DETECTION.search(" ".join(p.text(key, "") for key in ("module", "layer")))
    keys, todo = set(), [layer.message]
    while todo:
        for key, values in todo.pop().fields.items():
            keys.add(key)
            todo += [v for v in values if v.__class__ is Message]
    shown = {"num_output", "param", "kernel_size"} & keys or any(key.endswith("filler") for key in keys)
    return bool(shown) or bool(PRODUCTS.search(layer.type) or HIDDEN.search(layer.type))
