"""What does each type of Caffe layer compute, and on which shape? One function a type, in one table.

Shapes follow each layer's Reshape in BVLC Caffe; what is a fork's says whose.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ...engine.ops import (
    Add,
    Axpy,
    Detection,
    Elementwise,
    Gate,
    Reduce,
    Resize,
    Upsample,
)
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
from ..kit.layers import LARGEST_DIMENSION, plain_size
from .net import MOST_AXES, Blob, Layer, Net, spelled
from .shapes import (
    alias,
    axis_of,
    concat,
    crop,
    data,
    dropout,
    dummy_data,
    flatten,
    grown,
    input_,
    map_of,
    memory_data,
    permute,
    prior_box,
    reorg,
    reshape,
    shuffle,
    slice_,
    tile,
    unknown,
)
from .windows import DEPTHWISE_TYPES, conv, inner_product, pooling


def batch_norm(net: Net, layer: Layer) -> None:
    """Normalise by stored mean and variance; a third blob of one number says by what they are to be divided.

    NVIDIA's fork may add a scale and a shift a channel. Source: batch_norm_layer.cpp, LayerSetUp.
    """
    p = layer.message_of("batch_norm_param").known(
        "use_global_stats", "moving_average_fraction", "eps", "scale_bias", "engine"
    )
    (blob,) = layer.inputs(1)
    if len(blob.dims) == 3:
        return unknown(net, layer)
    learned = p.flag("scale_bias")
    return net.give(layer, net.parametric(layer, Norm(learned, learned, True, True), blob.ref), blob.dims)


SEGNET = ("scale_filler", "shift_filler", "var_eps", "bn_mode")


def bn(net: Net, layer: Layer) -> None:
    """The whole of a batch norm: a slope and a bias a channel are learned, in PSPNet's fork the mean and
    variance are stored too.

    SegNet's fork has those two numbers only, and works the mean and variance into them when the net is
    deployed. Where no field tells the forks apart, as many `param` as the layer has blobs do.
    """
    known = (
        "slope_filler",
        "bias_filler",
        "momentum",
        "eps",
        "frozen",
        "engine",
        "moving_average_fraction",
        "use_global_stats",
        "icbn",
    )
    p = layer.message_of("bn_param").known(*SEGNET, *known)
    (blob,) = layer.inputs(1)
    if len(blob.dims) == 3:
        return unknown(net, layer)
    segnet = any(key in p.message.fields for key in SEGNET) or (
        not p.message.fields and len(layer.message.all("param")) == 2
    )
    return net.give(layer, net.parametric(layer, Norm(statistics=not segnet), blob.ref), blob.dims)


def mvn(net: Net, layer: Layer) -> None:
    """To zero mean and unit variance by the image's own numbers; nothing is learned."""
    layer.message_of("mvn_param").known("normalize_variance", "across_channels", "eps")
    (blob,) = layer.inputs(1)
    net.give(layer, net.add(layer, LayerNorm(False, False), blob.ref), blob.dims)


def _learned(net: Net, layer: Layer, blob: Blob, axis: int, axes: int) -> int:
    """How many numbers a Scale or Bias layer learns; 0 where it is one a channel."""
    start = axis_of(layer, axis, len(blob.dims))
    if axes >= 0 and start + axes > len(blob.dims):
        raise layer.fault(f"{axes} axes from axis {axis} of {spelled(blob.dims)}")
    numbers = prod(blob.dims[start:] if axes < 0 else blob.dims[start : start + axes])
    return 0 if numbers == net.layers.shape(blob.ref).c else numbers


def _along(net: Net, layer: Layer, blob: Blob, by: Blob, axis: int) -> int:
    """The second bottom of a Scale or Bias layer as a map that spreads over the first."""
    start = 0 if not by.dims else axis_of(layer, axis, len(blob.dims))
    covered = blob.dims[start : start + len(by.dims)]
    # forks spread sides of 1
    if len(covered) != len(by.dims) or any(b not in (1, a) for a, b in zip(covered, by.dims, strict=True)):
        raise layer.fault(f"{spelled(by.dims)} does not fit {spelled(blob.dims)} from axis {start}")
    before = (net.images or 1, *(1,) * (start - 1)) if start else ()
    shape = net.view((*before, *by.dims, *(1,) * (len(blob.dims) - start - len(by.dims))))
    return net.as_map(layer, by, shape, "by")


def scale(net: Net, layer: Layer) -> None:
    """With one bottom, learned numbers; with two, a gate."""
    p = layer.message_of("scale_param").known("axis", "num_axes", "bias_term")
    blobs = layer.inputs(1, 2)
    axis, axes, bias = p.integer("axis", 1, -MOST_AXES), p.integer("num_axes", 1, -1), p.flag("bias_term")
    if len(blobs) == 1:
        numbers = _learned(net, layer, blobs[0], axis, axes)
        return net.give(layer, net.parametric(layer, Scale(bias, numbers), blobs[0].ref), blobs[0].dims)
    ref = net.add(layer, Gate(), blobs[0].ref, _along(net, layer, blobs[0], blobs[1], axis))
    if bias:
        numbers = _learned(net, layer, blobs[0], axis, len(blobs[1].dims))
        ref = net.add(layer, Bias(numbers), ref, part="bias", shared=net_shares(net, layer))
    return net.give(layer, ref, blobs[0].dims)


def net_shares(net: Net, layer: Layer) -> bool:
    """Is a layer's one blob another layer's by name?"""
    names = [n for n in layer.shared_names() if n]
    known = any(n in net.shared for n in names)
    net.shared.update(names)
    return known


def bias(net: Net, layer: Layer) -> None:
    p = layer.message_of("bias_param").known("axis", "num_axes")
    blobs = layer.inputs(1, 2)
    axis = p.integer("axis", 1, -MOST_AXES)
    if len(blobs) == 2:
        ref = net.add(layer, Elementwise("add"), blobs[0].ref, _along(net, layer, blobs[0], blobs[1], axis))
    else:
        ref = net.parametric(
            layer, Bias(_learned(net, layer, blobs[0], axis, p.integer("num_axes", 1, -1))), blobs[0].ref
        )
    net.give(layer, ref, blobs[0].dims)


def prelu(net: Net, layer: Layer) -> None:
    p = layer.message_of("prelu_param").known("channel_shared")
    (blob,) = layer.inputs(1)
    slopes = 1 if p.flag("channel_shared") else blob.dims[1] if len(blob.dims) > 1 else 1
    net.give(layer, net.parametric(layer, PRelu(slopes), blob.ref), blob.dims)


def lrn(net: Net, layer: Layer) -> None:
    p = layer.message_of("lrn_param").known("local_size", "alpha", "beta", "norm_region", "k", "engine")
    (blob,) = layer.inputs(1)
    map_of(layer, blob)
    within = (
        p.choice("norm_region", {"ACROSS_CHANNELS": 0, "WITHIN_CHANNEL": 1}, "ACROSS_CHANNELS")
        == "WITHIN_CHANNEL"
    )
    net.give(
        layer, net.add(layer, LocalResponseNorm(p.integer("local_size", 5, 1), within), blob.ref), blob.dims
    )


def normalize(net: Net, layer: Layer) -> None:
    """SSD's fork: each position divided by its length, then a learned scale."""
    p = layer.message_of("norm_param").known("across_spatial", "channel_shared", "eps")
    (blob,) = layer.inputs(1)
    net.give(
        layer,
        net.parametric(layer, L2Norm(True, 1 if p.flag("channel_shared", True) else 0), blob.ref),
        blob.dims,
    )


def activation(function: str) -> Callable[[Net, Layer], None]:
    """One evaluation of a function a number."""

    def lay(net: Net, layer: Layer) -> None:
        (blob,) = layer.inputs(1)
        name = function
        if name == "relu" and layer.message_of("relu_param").number("negative_slope", 0):
            name = "leaky_relu"
        net.give(layer, net.add(layer, Activation(name), blob.ref), blob.dims)

    return lay


def softmax_with_loss(net: Net, layer: Layer) -> None:
    """At test time: the softmax, and a number that compares it with the labels, which is no part of the
    net.
    """
    blob = layer.inputs(1, 3)[0]
    ref = net.add(layer, Activation("softmax"), blob.ref)
    for n, top in enumerate(layer.tops):
        net.top(layer, top, Blob(ref, blob.dims) if n else Blob(ref, (net.images or 1,)))


def measure(net: Net, layer: Layer) -> None:
    """Compares the output with labels; no part of what is deployed, and nothing reads it."""
    for bottom in layer.bottoms:
        net.find(layer, bottom)


def power(net: Net, layer: Layer) -> None:
    """(shift + scale x) ^ power: as a rule a multiply and an add."""
    p = layer.message_of("power_param").known("power", "scale", "shift")
    (blob,) = layer.inputs(1)
    plain = p.number("power", 1) == 1
    net.give(layer, net.add(layer, Rescale() if plain else Activation("power"), blob.ref), blob.dims)


def eltwise(net: Net, layer: Layer) -> None:
    p = layer.message_of("eltwise_param").known("operation", "coeff", "stable_prod_grad")
    blobs = layer.inputs(1, 10_000)
    operation = p.choice("operation", {"PROD": 0, "SUM": 1, "MAX": 2}, "SUM")
    if any(b.dims != blobs[0].dims for b in blobs):
        raise layer.fault(
            "it needs bottoms of one shape, but these are " + ", ".join(spelled(b.dims) for b in blobs[:8])
        )
    refs = [b.ref for b in blobs]
    coefficients = p.message.all("coeff")
    if coefficients and len(coefficients) != len(blobs):
        raise p.fault(f"{len(blobs)} bottoms need as many 'coeff', not {len(coefficients)}")
    if operation == "SUM":
        for n, factor in enumerate(coefficients):
            if factor not in (1, -1):
                refs[n] = net.add(layer, Rescale(shift=False), refs[n], part=f"coeff {n + 1}")
    if len(refs) == 1:
        return net.give(layer, refs[0], blobs[0].dims)
    if operation == "PROD":
        ref = refs[0]
        for n, other in enumerate(refs[1:]):
            ref = net.add(layer, Gate(), ref, other, part=f"{n + 1}" if n else "")
    else:
        ref = net.add(layer, Add() if operation == "SUM" else Elementwise("maximum"), *refs)
    return net.give(layer, ref, blobs[0].dims)


def axpy(net: Net, layer: Layer) -> None:
    """SENet's fork: a vector times a map, plus a map."""
    by, x, plus = layer.inputs(3)
    if x.dims != plus.dims or by.dims[:2] != x.dims[:2]:
        raise layer.fault(f"{spelled(by.dims)}, {spelled(x.dims)} and {spelled(plus.dims)} do not fit")
    net.give(layer, net.add(layer, Axpy(), by.ref, x.ref, plus.ref), x.dims)


def reduction(net: Net, layer: Layer) -> None:
    p = layer.message_of("reduction_param").known("operation", "axis", "coeff")
    (blob,) = layer.inputs(1)
    axis = axis_of(layer, p.integer("axis", 0, -MOST_AXES), len(blob.dims))
    by = p.choice("operation", {"SUM": 1, "ASUM": 2, "SUMSQ": 3, "MEAN": 4}, "SUM")
    dims = blob.dims[:axis] or (1,)
    ref = net.add(layer, Reduce(*net.view(dims), "mean" if by == "MEAN" else "sum"), blob.ref)
    net.give(layer, ref, dims)


def argmax(net: Net, layer: Layer) -> None:
    p = layer.message_of("argmax_param").known("out_max_val", "top_k", "axis")
    (blob,) = layer.inputs(1)
    k = p.integer("top_k", 1, 1)
    if "axis" in p.message.fields:
        axis = axis_of(layer, p.integer("axis", 1, -MOST_AXES), len(blob.dims))
        dims = (*blob.dims[:axis], k, *blob.dims[axis + 1 :])
    else:
        dims = (blob.dims[0], 2 if p.flag("out_max_val") else 1, k)
    net.give(layer, net.add(layer, Reduce(*net.view(dims), "argmax"), blob.ref), dims)


def upsample(net: Net, layer: Layer) -> None:
    """The YOLO and SegNet forks'."""
    p = layer.message_of("upsample_param").known(
        "scale", "scale_h", "scale_w", "upsample_h", "upsample_w", "stride"
    )
    blob = layer.inputs(1, 2)[0]
    x = map_of(layer, blob)
    if "upsample_h" in p.message.fields:
        op: Any = Resize(p.integer("upsample_h", low=1), p.integer("upsample_w", low=1), "nearest")
    else:
        key = "stride" if "stride" in p.message.fields else "scale"
        op = Upsample(plain_size(*p.sides(key, 2, 1)))
    net.give(layer, net.add(layer, op, blob.ref), grown(blob.dims, op.shape(x)))


def interp(net: Net, layer: Layer) -> None:
    """DeepLab's fork: bilinear, to a given size or by factors, of the map with its padding.

    Source: interp_layer.cpp.
    """
    p = layer.message_of("interp_param").known(
        "height",
        "width",
        "zoom_factor",
        "shrink_factor",
        "pad_beg",
        "pad_end",
        "use_blob_size",
        "spatial_shape",
        "method",
    )
    blobs = layer.inputs(1, 2)
    x = map_of(layer, blobs[0])
    extra = p.integer("pad_beg", 0, -LARGEST_DIMENSION) + p.integer("pad_end", 0, -LARGEST_DIMENSION)
    if len(blobs) == 2:
        size = map_of(layer, blobs[1])[:2]
    elif "height" in p.message.fields:
        size = p.integer("height", low=1), p.integer("width", low=1)
    else:
        shrink, zoom = p.integer("shrink_factor", 1, 1), p.integer("zoom_factor", 1, 1)
        small = [(n + extra - 1) // shrink + 1 for n in (x.h, x.w)]
        size = small[0] + (small[0] - 1) * (zoom - 1), small[1] + (small[1] - 1) * (zoom - 1)
    if min(size) < 1:
        raise layer.fault("nothing is left of the map")
    net.give(layer, net.add(layer, Resize(*size), blobs[0].ref), (*blobs[0].dims[:2], *size))


def detection_output(net: Net, layer: Layer) -> None:
    """SSD's fork: decodes boxes, drops those that overlap.

    How many are left depends on the image; at most `keep_top_k`.
    """
    p = layer.message_of("detection_output_param")
    loc, conf, prior = layer.inputs(3, 5)[:3]
    keep = p.integer("keep_top_k", -1, -1)
    keep = keep if keep > 0 else max(1, prior.dims[-1] // 4)
    net.give(layer, net.add(layer, Detection(keep), loc.ref, conf.ref, prior.ref), (1, 1, keep, 7))


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
MEASURES = (
    *(
        "Accuracy",
        "SegAccuracy",
        "Silence",
        "ContrastiveLoss",
        "EuclideanLoss",
        "HingeLoss",
        "InfogainLoss",
        "MultinomialLogisticLoss",
    ),
    *("SigmoidCrossEntropyLoss", "SmoothL1Loss", "HDF5Output"),
)
DATABASES = ("Data", "ImageData", "HDF5Data", "WindowData", "AnnotatedData")
FREE = (
    "Input",
    "Data",
    "Split",
    "Reshape",
    "Flatten",
    "Dropout",
    "Concat",
    "Slice",
    "Crop",
    "Permute",
    "ShuffleChannel",
    "PriorBox",
    "Tile",
)
"""Types that do no arithmetic on the image's numbers under any convention: they name, move, keep or drop
them.
"""

LAYERS: dict[str, Callable[[Net, Layer], None]] = {
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
    **{type_: activation(function) for type_, function in FUNCTIONS.items()},
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
"""Every type of layer that can be costed, and what lays it out."""
