"""Which sorts of value may an op's field hold? The names in annotations that the spec reader and the JSON Schema go by."""

from __future__ import annotations

from typing import Any

Width = Any  # channels as printed: a whole number from 1, or "classes"
Count = int  # a whole number from 1
Whole = int  # a whole number from 0
Size = Any  # a side in pixels, or [height, width]
Flag = bool
Ratio = Any  # a number above 0
Share = Any  # a number from 0 to 1; 0 is off
Part = Any  # a number above 0, up to 1
Padding = Any  # "same", "valid", "symmetric", n, [h, w] or [top, bottom, left, right]
Zeros = Any  # n, [h, w] or [top, bottom, left, right]
Function = str  # an activation's name
MaybeFunction = str  # an activation's name, or "none"
Choice = str  # one of a few words; see CHOICES
Text = str

ACTIVATIONS = (
    "relu",
    "relu6",
    "hswish",
    "hsigmoid",
    "sigmoid",
    "swish",
    "softmax",
    "tanh",
    "gelu",
    "elu",
    "selu",
    "leaky_relu",
    "softplus",
    "softsign",
    "mish",
    "exp",
    "log",
    "sqrt",
    "abs",
    "clip",
    "hard_tanh",
    "log_softmax",
    "threshold",
    "relu1",
    "erf",
    "power",
    "celu",
    "log_sigmoid",
    "hard_shrink",
    "soft_shrink",
    "tanh_shrink",
    "squareplus",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
)
"""Activation functions by the names used here; `none` in a spec stands for no activation."""

# a field of sort Choice takes one of these words
CHOICES = {
    "pool": ("average", "max"),
    "method": ("nearest", "bilinear", "bicubic"),
    "layers": ("pointwise", "dense"),
    "stride_on": ("spatial", "first"),
    "combine": ("add", "subtract", "divide", "maximum", "minimum", "power"),
    "by": ("sum", "mean", "max", "min", "argmax", "l2"),
    "along": ("height", "width", "channels"),
}
