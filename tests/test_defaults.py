"""What a row of a spec leaves unsaid: the value of every field that has one, op by op and block by block."""

from __future__ import annotations

from typing import Any

import pytest

from mnetcost.engine.blocks import BLOCKS
from mnetcost.engine.ops import OPS

UNSAID: dict[str, dict[str, Any]] = {
    "conv": {"kernel": 1, "stride": 1, "dilation": 1, "groups": 1, "padding": "same", "bias": False, "tiles": 1},
    "depthwise": {"kernel": 3, "stride": 1, "dilation": 1, "multiplier": 1, "padding": "same", "bias": False, "tiles": 1},
    "transposed_conv": {
        "kernel": 2,
        "stride": 2,
        "dilation": 1,
        "groups": 1,
        "padding": "same",
        "output_padding": 0,
        "bias": False,
        "tiles": 1,
    },
    "dynamic_conv": {"kernel": 1, "stride": 1, "dilation": 1, "groups": 1, "padding": "same"},
    "dense": {"bias": True},
    "matmul": {"h": 1, "w": 1, "c": 1},
    "norm": {"scale": True, "center": True, "statistics": True, "counter": False},
    "scale": {"bias": True, "numbers": 0},
    "bias": {"numbers": 0},
    "lrn": {"size": 5, "within": False},
    "layer_norm": {"scale": True, "center": True},
    "l2_norm": {"scale": True, "numbers": 0},
    "activation": {"function": "relu"},
    "prelu": {"slopes": 1},
    "rescale": {"scale": True, "shift": True},
    "max_pool": {"kernel": 2, "stride": 2, "padding": "valid", "dilation": 1, "ceil": False, "tiles": 1},
    "avg_pool": {"kernel": 2, "stride": 2, "padding": "valid", "dilation": 1, "ceil": False, "tiles": 1},
    "global_pool": {"pool": "average"},
    "adaptive_pool": {"size": 7},
    "add": {},
    "elementwise": {"combine": "add"},
    "gate": {},
    "axpy": {},
    "concat": {"along": "channels"},
    "pad": {"padding": 1},
    "flatten": {},
    "reshape": {"h": 1, "w": 1, "c": 1},
    "permute": {"h": 1, "w": 1, "c": 1},
    "repeat": {"h": 1, "w": 1, "c": 1},
    "crop": {},
    "gather": {"h": 1, "w": 1, "c": 1},
    "scatter": {},
    "constant": {"h": 1, "w": 1, "c": 1, "learned": False},
    "detection": {"keep": 100},
    "tail": {"h": 1, "w": 1, "c": 1, "numbers": 0},
    "dropout": {},
    "reduce": {"h": 1, "w": 1, "c": 1, "by": "sum"},
    "upsample": {"scale": 2, "method": "nearest"},
    "resize": {"method": "bilinear"},
    "slice": {"start": 0},
    "shuffle": {"groups": 2},
    "conv_norm": {
        "out": None,
        "kernel": 1,
        "stride": 1,
        "dilation": 1,
        "groups": 1,
        "padding": "",
        "bias": None,
        "norm": None,
        "activation": "",
        "expand": None,
    },
    "depthwise_norm": {
        "kernel": 3,
        "stride": 1,
        "dilation": 1,
        "multiplier": 1,
        "padding": "",
        "bias": None,
        "norm": None,
        "activation": "",
    },
    "separable": {"kernel": 3, "stride": 1, "dilation": 1, "padding": "", "bias": None, "norm": None, "activation": ""},
    "bneck": {
        "expand": None,
        "exp": None,
        "kernel": 3,
        "stride": 1,
        "dilation": 1,
        "se": 0,
        "activation": "",
        "shortcut": True,
        "project": False,
        "fused": False,
        "padding": "",
        "bias": None,
        "norm": None,
    },
    "residual": {
        "kernel": 3,
        "stride": 1,
        "dilation": 1,
        "groups": 1,
        "se": 0,
        "activation": "",
        "stride_on": "spatial",
        "shortcut": "project",
        "bias": None,
        "norm": None,
    },
    "se": {"share": 0.25},
    "spatial_separable": {"kernel": 3, "stride": 1, "padding": "", "bias": None, "norm": None, "activation": ""},
    "uib": {"expand": 4, "start": 0, "kernel": 3, "stride": 1, "activation": ""},
    "fire": {},
    "inception": {"large": 5},
    "shuffle_unit": {"kernel": 3, "stride": 1},
    "xception": {"first": None, "convs": 2, "stride": 1, "activate_first": True},
}

NEEDED = {
    "conv": ("out",),
    "transposed_conv": ("out",),
    "dynamic_conv": ("out",),
    "dense": ("out",),
    "matmul": ("inner",),
    "crop": ("h", "w"),
    "resize": ("h", "w"),
    "slice": ("channels",),
    "separable": ("out",),
    "bneck": ("out",),
    "residual": ("mid", "out"),
    "spatial_separable": ("out",),
    "uib": ("out",),
    "fire": ("squeeze", "out"),
    "inception": ("one", "reduce3", "three", "reduce5", "five", "pool"),
    "shuffle_unit": ("out",),
    "xception": ("out",),
}


@pytest.mark.parametrize("word", [*OPS, *BLOCKS])
def test_a_silent_row_means_what_the_pages_say(word: str) -> None:
    """A changed default changes every spec that leaves it unsaid; what has none must be given."""
    cls: Any = OPS.get(word) or BLOCKS[word]
    assert cls._field_defaults == UNSAID[word]
    assert [type(v) for v in cls._field_defaults.values()] == [type(v) for v in UNSAID[word].values()]
    assert tuple(f for f in cls._fields if f not in UNSAID[word]) == NEEDED.get(word, ())
