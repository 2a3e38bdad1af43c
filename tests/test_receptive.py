"""Is each layer's receptive field the published one, or the one worked out by hand?"""

from __future__ import annotations

from pathlib import Path

import pytest

import mnetcost
from mnetcost.designs import Settings, load_spec
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import read_spec
from mnetcost.engine.receptive import receptive_fields
from mnetcost.errors import ShapeError

# size, stride and padding of the end points of Conv2d_0 and of each Conv2d_N_pointwise, by the image's side
# Source: google-research/receptive_field, RECEPTIVE_FIELD_TABLE.md, mobilenet_v1
V1 = {
    224: [
        (3, 2, 0),
        (7, 2, 2),
        (11, 4, 2),
        (19, 4, 6),
        (27, 8, 6),
        (43, 8, 14),
        (59, 16, 14),
        (91, 16, 30),
        (123, 16, 46),
        (155, 16, 62),
        (187, 16, 78),
        (219, 16, 94),
        (251, 32, 94),
        (315, 32, 126),
    ],
    321: [
        (3, 2, 1),
        (7, 2, 3),
        (11, 4, 5),
        (19, 4, 9),
        (27, 8, 13),
        (43, 8, 21),
        (59, 16, 29),
        (91, 16, 45),
        (123, 16, 61),
        (155, 16, 77),
        (187, 16, 93),
        (219, 16, 109),
        (251, 32, 125),
        (315, 32, 157),
    ],
}
# the same table, vgg_16 at 224
VGG16 = {
    "conv1_1": (3, 1, 1),
    "pool1": (6, 2, 2),
    "conv2_1": (10, 2, 4),
    "pool2": (16, 4, 6),
    "conv3_1": (24, 4, 10),
    "conv3_2": (32, 4, 14),
    "pool3": (44, 8, 18),
    "conv4_1": (60, 8, 26),
    "conv4_2": (76, 8, 34),
    "pool4": (100, 16, 42),
    "conv5_1": (132, 16, 58),
    "conv5_2": (164, 16, 74),
    "pool5": (212, 32, 90),
}


def fields(design: str) -> dict[str, tuple[object, ...]]:
    """Size, stride and padding along the height, by layer; layers that see the whole image are left out."""
    layers = mnetcost.receptive(design).data["layers"]
    return {
        one["name"]: tuple(one[key][0] for key in ("rf", "stride", "padding")) for one in layers if one["rf"]
    }


@pytest.mark.parametrize("side", V1)
def test_v1_sees_what_is_published(side: int) -> None:
    """Of each pointwise layer, at a side that 32 divides and at one that it does not."""
    found = fields(f"v1:resolution={side}")
    ends = [f for name, f in found.items() if name == "stem/conv" or name.endswith("/pointwise")]
    assert ends == V1[side]


def test_vgg_sees_what_is_published() -> None:
    """Convolutions and pools; the spec calls convM_N block M/N."""
    found = set(fields("vgg16").values())
    assert set(VGG16.values()) <= found


# the last layer before the pool: size, stride, padding, aligned; by gradient in Keras 3.15.1: 315 and 491
WHOLE = {
    "v1": ("separable 8/pointwise_relu6", 315, 32, 126, True),
    "keras/v1": ("separable 8/pointwise_relu6", 315, 32, 126, True),
    "v2:resolution=160": ("head/relu6", 491, 32, 214, True),
    "v3-small": ("last/hswish", 639, 32, 288, True),
    "torchvision/v3-small": ("last/hswish", 639, 32, 319, True),
    "torchvision/v3-small-dilated": ("last/hswish", 703, 16, 351, True),
    "resnet152": ("stage 5/3/relu", 1451, 32, 725, True),
    "googlenet": ("inception 5b/concat", 379, 32, 167, True),
    "xception": ("conv4/relu", 1083, 32, 534, False),
}


@pytest.mark.parametrize("design", WHOLE)
def test_a_network_sees_this_much(design: str) -> None:
    """Through branches, shortcuts and dilation; the gates of squeeze-and-excite are left out, and said."""
    name, *expected, aligned = WHOLE[design]
    (one,) = [layer for layer in mnetcost.receptive(design).data["layers"] if layer["name"] == name]
    assert [one["rf"], one["stride"], one["padding"]] == [[n, n] for n in expected]
    assert one["aligned"] is aligned
    assert one["whole_image"] is ("v3" in design)


def last(rows: str) -> tuple[object, ...] | None:
    """The last layer's field along both axes, of a spec on a 32 x 32 map."""
    text = f"resolution = 32\nlayers = [\n{rows}\n]\n"
    graph = load_spec(read_spec(text, "net.toml", "net", Path("net.toml"), parent_of), Settings()).graph
    field = receptive_fields(graph)[-1]
    return None if field is None else tuple(tuple(map(float, axis)) for axis in field[:2])


BY_HAND = {  # first and last line of the image, and the step, along the height and the width
    '{ op = "conv", out = 8, kernel = [3, 5], stride = [1, 2], padding = "valid" }': ((0, 2, 1), (0, 4, 2)),
    '{ op = "conv", out = 8, kernel = 3, dilation = 2, padding = 2 }': ((-2, 2, 1), (-2, 2, 1)),
    '{ op = "pad", padding = [1, 0, 2, 0] }, { op = "max_pool" }': ((-1, 0, 2), (-2, -1, 2)),
    '{ op = "space_to_depth" }, { op = "conv", out = 8, kernel = 3 }': ((-2, 3, 2), (-2, 3, 2)),
    '{ op = "max_pool" }, { op = "upsample" }': ((0, 1, 1), (0, 1, 1)),
    '{ op = "max_pool" }, { op = "transposed_conv", out = 8, kernel = 4, stride = 2, padding = 1 }': (
        (0, 3, 1),
        (0, 3, 1),
    ),
    '{ op = "conv", name = "a", out = 8, kernel = 3 }, { op = "conv", out = 8, kernel = 5, from = "input" },'
    ' { op = "concat", from = ["a", "conv 1"] }': ((-2, 2, 1), (-2, 2, 1)),
    '{ op = "conv", out = 8 }, { op = "se" }': ((0, 0, 1), (0, 0, 1)),
    '{ op = "conv", out = 8 }, { op = "global_pool" }': None,
    '{ op = "conv", out = 8 }, { op = "flatten" }, { op = "dense", out = 3 }': None,
    '{ op = "attention", heads = 1, width = 8 }': None,
}


@pytest.mark.parametrize("rows", BY_HAND)
def test_a_field_by_hand(rows: str) -> None:
    """Windows, zeros, pieces, larger maps, joins, and what sees everything."""
    assert last(rows) == BY_HAND[rows]


def test_paths_of_different_strides_are_refused() -> None:
    """They have no common step; so have volumes no map."""
    rows = '{ op = "max_pool", name = "a" }, { op = "crop", name = "b", like = "a", from = "input" },'
    with pytest.raises(ShapeError, match="strides 2, 1 join"):
        last(rows + '{ op = "concat", from = ["a", "b"] }')
    with pytest.raises(ShapeError, match="those of maps"):
        mnetcost.receptive("r3d-18")
