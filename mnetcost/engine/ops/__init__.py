"""Which ops are there? The table of them all, and what follows from it.

Every op answers three questions, for Python ints and for int64 arrays alike:

- `shape(*xs)`: the output's Shape from the inputs' Shapes; raises ShapeError where they do not fit;
- `params(*xs)`: the parameters as Terms;
- `work(y, *xs)`: the work for one image as Terms, given the output's Shape `y`.

A field is a TOML key of the same name. Work that papers do not count is emitted under a separate kind, never
left out. What else is known of an op stands in its `@op(...)`: see `op.op`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from .convolutions import Conv, Dense, DepthwiseConv, DynamicConv, MatMul, TransposedConv
from .elements import (
    Activation,
    Bias,
    GroupNorm,
    InstanceNorm,
    L2Norm,
    LayerNorm,
    LocalResponseNorm,
    Norm,
    PRelu,
    Rescale,
    RmsNorm,
    Scale,
)
from .ends import Detection, Input, Tail, Unknown
from .joins import Add, Axpy, Concat, Elementwise, Gate
from .moves import (
    Constant,
    Crop,
    DepthToSpace,
    Dropout,
    Flatten,
    Gather,
    Pad,
    Permute,
    Repeat,
    Reshape,
    Scatter,
    Shuffle,
    Slice,
    SpaceToDepth,
)
from .pools import AdaptivePool, AvgPool, GlobalPool, L2Pool, MaxPool, Reduce, Resize, Upsample
from .recurrent import Gru, Lstm, Rnn
from .tokens import ClassToken, MapToTokens, Positions, RelativePositions, TokensToMap
from .volumes import (
    AdaptivePool3d,
    AvgPool3d,
    Conv3d,
    Crop3d,
    DepthwiseConv3d,
    MaxPool3d,
    Pad3d,
    TransposedConv3d,
    Upsample3d,
)

if TYPE_CHECKING:
    from .op import Op, OpClass
else:
    Op = Any  # an instance of one of the classes below

_OPS = {
    "conv": Conv,
    "depthwise": DepthwiseConv,
    "transposed_conv": TransposedConv,
    "dynamic_conv": DynamicConv,
    "conv3d": Conv3d,
    "depthwise3d": DepthwiseConv3d,
    "transposed_conv3d": TransposedConv3d,
    "dense": Dense,
    "matmul": MatMul,
    "lstm": Lstm,
    "gru": Gru,
    "rnn": Rnn,
    "norm": Norm,
    "scale": Scale,
    "bias": Bias,
    "lrn": LocalResponseNorm,
    "layer_norm": LayerNorm,
    "rms_norm": RmsNorm,
    "group_norm": GroupNorm,
    "instance_norm": InstanceNorm,
    "l2_norm": L2Norm,
    "activation": Activation,
    "prelu": PRelu,
    "rescale": Rescale,
    "max_pool": MaxPool,
    "avg_pool": AvgPool,
    "l2_pool": L2Pool,
    "max_pool3d": MaxPool3d,
    "avg_pool3d": AvgPool3d,
    "global_pool": GlobalPool,
    "adaptive_pool": AdaptivePool,
    "adaptive_pool3d": AdaptivePool3d,
    "add": Add,
    "elementwise": Elementwise,
    "gate": Gate,
    "axpy": Axpy,
    "concat": Concat,
    "pad": Pad,
    "pad3d": Pad3d,
    "flatten": Flatten,
    "reshape": Reshape,
    "permute": Permute,
    "repeat": Repeat,
    "crop": Crop,
    "crop3d": Crop3d,
    "gather": Gather,
    "scatter": Scatter,
    "constant": Constant,
    "detection": Detection,
    "tail": Tail,
    "dropout": Dropout,
    "reduce": Reduce,
    "upsample": Upsample,
    "upsample3d": Upsample3d,
    "resize": Resize,
    "slice": Slice,
    "shuffle": Shuffle,
    "depth_to_space": DepthToSpace,
    "space_to_depth": SpaceToDepth,
    "map_to_tokens": MapToTokens,
    "tokens_to_map": TokensToMap,
    "class_token": ClassToken,
    "positions": Positions,
    "relative_positions": RelativePositions,
}
OPS = cast("dict[str, OpClass]", _OPS)  # `@op` gives the classes their traits
"""Every op a spec may name, by its `op` word."""

CLASSES = cast("dict[str, OpClass]", {**OPS, "input": Input, "unknown": Unknown})
"""Every op that a graph may hold, by its word."""

WORDS: dict[Any, str] = {cls: word for word, cls in CLASSES.items()}
"""The word of every op of a graph, by its class."""

SEVERAL_INPUTS = {word: cls.reads for word, cls in OPS.items() if cls.reads != 1}
"""Ops that read more than one row, and how many; 0 is two or more."""
