"""Which sorts of value may an op's field hold?

The names in annotations that the spec reader and the JSON Schema go by.

Modules with op and block classes do not postpone annotations: evaluated ones make a NamedTuple in half the
time.
"""

from __future__ import annotations

from typing import Annotated, Any

Width = Annotated[Any, "Width"]  # channels as printed: a whole number from 1, or "classes"
Count = Annotated[int, "Count"]  # a whole number from 1
Whole = Annotated[int, "Whole"]  # a whole number from 0
Size = Annotated[Any, "Size"]  # a side in pixels, or [height, width]
Size3 = Annotated[Any, "Size3"]  # a side, or [depth, height, width]
Whole3 = Annotated[Any, "Whole3"]  # a whole number from 0, or [d, h, w]
Padding3 = Annotated[Any, "Padding3"]  # as Padding; [d, h, w] or [front, back, top, bottom, left, right]
Zeros3 = Annotated[Any, "Zeros3"]  # n, [d, h, w] or [front, back, top, bottom, left, right]
Flag = Annotated[bool, "Flag"]
MaybeFlag = Annotated[bool | None, "Flag"]  # None: what [style] says
MaybeCount = Annotated[int | None, "Count"]
Ratio = Annotated[Any, "Ratio"]  # a number above 0
Ratios = Annotated[Any, "Ratios"]  # a number above 0, or one for the height and one for the width
Row = Annotated[Any, "Row"]  # the name of a row above; the op gets that row's size, or the block its output
Share = Annotated[Any, "Share"]  # a number from 0 to 1; 0 is off
Part = Annotated[Any, "Part"]  # a number above 0, up to 1
Padding = Annotated[Any, "Padding"]  # "same", "valid", "symmetric", n, [h, w] or [top, bottom, left, right]
Zeros = Annotated[Any, "Zeros"]  # n, [h, w] or [top, bottom, left, right]
Function = Annotated[str, "Function"]  # an activation's name
MaybeFunction = Annotated[str, "MaybeFunction"]  # an activation's name, "prelu" or "none"
Choice = Annotated[str, "Choice"]  # one of a few words; see CHOICES
Text = Annotated[str, "Text"]

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
    "sin",
    "cos",
)
"""Activation functions by the names used here; `none` in a spec stands for no activation."""

PRELU = "prelu"
SHARED_PRELU = "prelu_shared"
LEARNED = (PRELU, SHARED_PRELU)
"""Activations that learn: a slope a channel, and one slope for all of them."""

# a field of sort Choice takes one of these words
CHOICES = {
    "pool": ("average", "max"),
    "method": ("nearest", "bilinear", "bicubic"),
    "layers": ("pointwise", "dense"),
    "combine": ("add", "subtract", "divide", "maximum", "minimum", "power", "compare", "select"),
    "over": ("depth", "height", "width", "positions", "channels"),
    "axes": ("hcw", "whc", "wch", "chw", "cwh"),
    "attend": ("positions", "channels"),
    "routing": ("softmax", "sigmoid"),
    "by": ("sum", "mean", "max", "min", "argmax", "l2"),
    "merge": ("concat", "sum"),
    "along": ("depth", "height", "width", "channels"),
}
