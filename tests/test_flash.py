"""Bytes of weights where they are stored: as vendors print them, refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import load
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.flash import BITS, flash
from mnetcost.errors import SpecError

CUBE_10, CUBE_8, CUBE_7 = "STM32Cube.AI 10.0.0", "STM32Cube.AI 8.1.0", "STM32Cube.AI 7.3.0"
LINUX = "X-LINUX-AI 5.0.0"
PUBLISHED = [  # design, KiB of weights in flash as printed, by
    ("keras/v1:alpha=0.25,resolution=224,classes=5", "214.69", CUBE_10),
    ("keras/v1:alpha=0.5,resolution=224,classes=5", "812.61", CUBE_10),
    ("keras/v1:alpha=0.25,resolution=96,classes=5", "214.69", CUBE_10),
    ("keras/v1:alpha=0.25,resolution=96,classes=5,channels=1", "214.55", CUBE_10),
    ("keras/v1:alpha=0.25,resolution=224,classes=1000", "467.33", CUBE_10),
    ("keras/v1:alpha=0.5,resolution=224,classes=1000", "1314.0", CUBE_10),
    ("keras/v1:alpha=1,resolution=224,classes=1000", "4157.09", CUBE_10),
    ("keras/v2:alpha=0.35,resolution=128,classes=5", "406.86", CUBE_10),
    ("keras/v2:alpha=0.35,resolution=224,classes=5", "406.86", CUBE_10),
    ("keras/v2:alpha=0.35,resolution=128,classes=1000", "1654.5", CUBE_10),
    ("keras/v2:alpha=0.35,resolution=224,classes=1000", "1654.5", CUBE_10),
    ("keras/v2:alpha=1,resolution=224,classes=1000", "3458.97", CUBE_10),
    ("keras/v2:alpha=1.4,resolution=224,classes=1000", "6015.34", CUBE_10),
    ("fd-mobilenet:alpha=0.25,resolution=128,classes=5", "128.32", CUBE_10),
    ("squeezenet-1.1-same:resolution=128,classes=5", "716.71", CUBE_10),
    ("keras/v1:alpha=0.25,resolution=224,classes=5", "214.69", CUBE_7),
    ("keras/v1:alpha=0.5,resolution=224,classes=5", "812.61", CUBE_7),
    ("keras/v1:alpha=0.25,resolution=96,classes=5,channels=1", "214.55", CUBE_7),
    ("keras/v1:alpha=0.25,resolution=224,classes=5", "214.69", LINUX),
    ("keras/v1:alpha=0.5,resolution=224,classes=5", "812.61", LINUX),
    ("keras/v2:alpha=0.35,resolution=224,classes=5", "406.86", CUBE_7),
    ("keras/v2:alpha=0.35,resolution=128,classes=5", "406.86", LINUX),
    ("keras/v2:alpha=0.35,resolution=224,classes=5", "406.86", LINUX),
    ("mlperf-tiny-ic:resolution=32,classes=10", "76.9", LINUX),
    ("squeezenet-1.1-same:resolution=128,classes=5", "716.7", CUBE_7),
    ("fd-mobilenet:alpha=0.25,resolution=224,classes=5", "128.32", CUBE_8),
    ("fd-mobilenet:alpha=0.25,resolution=128,classes=5", "128.32", CUBE_8),
    ("keras/v1:alpha=0.25,resolution=224,classes=5", "214.69", CUBE_8),
    ("keras/v1:alpha=0.25,resolution=96,classes=5", "214.69", CUBE_8),
    ("keras/v1:alpha=0.25,resolution=96,classes=5,channels=1", "214.55", CUBE_8),
    ("keras/v2:alpha=0.35,resolution=128,classes=5", "406.86", CUBE_8),
    ("mlperf-tiny-ic:resolution=32,classes=10", "76.9", CUBE_8),
    ("resnet32-cifar100:resolution=32,classes=100", "464.38", CUBE_8),
    ("fd-mobilenet:alpha=0.25,resolution=224,classes=5", "128.32", CUBE_10),
    ("keras/v2:alpha=0.35,resolution=128,classes=5", "406.86", CUBE_7),
    ("mlperf-tiny-ic:resolution=32,classes=10", "76.9", CUBE_7),
    ("resnet32-cifar100:resolution=32,classes=100", "464.38", CUBE_7),
    ("squeezenet-1.1-same:resolution=224,classes=5", "716.71", CUBE_7),
]
"""STMicroelectronics, stm32ai-modelzoo, image_classification: the READMEs of 2023, 2024 and 2025."""

ROUNDED = [  # printed to the whole KiB above: not our figure to two decimals
    ("fd-mobilenet:alpha=0.25,resolution=224,classes=5", "129.0", CUBE_7),
    ("fd-mobilenet:alpha=0.25,resolution=128,classes=5", "129.0", "STM32Cube.AI 7.3.0, STM32F769"),
    ("fd-mobilenet:alpha=0.25,resolution=128,classes=5", "129.0", LINUX),
]
THOUSANDS = [  # printed as KiB, and is our figure in thousands of bytes; at 224 pixels they print 214.69
    ("keras/v1:alpha=0.25,resolution=96,classes=5", "219.84", CUBE_7),
]
NPU = [  # of the STM32N6's NPU, whose compiler pads weights by no rule that is known: design, KiB, ours
    ("keras/v1:alpha=0.25,resolution=224,classes=101", "321.66", "239.07"),
    ("keras/v1:alpha=1,resolution=224,classes=101", "3649.97", "3254.58"),
    ("keras/v1:alpha=0.25,resolution=224,classes=1000", "549.88", "467.33"),
    ("keras/v1:alpha=0.5,resolution=224,classes=1000", "1478.58", "1314.00"),
    ("keras/v1:alpha=1,resolution=224,classes=1000", "4552.42", "4157.09"),
    ("keras/v2:alpha=0.35,resolution=128,classes=2", "589.45", "403.10"),
    ("keras/v2:alpha=1,resolution=224,classes=1000", "4235.31", "3458.97"),
    ("keras/v2:alpha=1.4,resolution=224,classes=1000", "7315.69", "6015.34"),
]
"""The same, STEdgeAI Core 2.0.0."""

FIELD = Path(__file__).parent / "field"
CONVERTED = json.loads((Path(__file__).parent / "truth" / "flash.json").read_text())["rows"]


def costs(design: str) -> Costs:
    return cost(load(design).graph)


def as_printed(size: int, printed: str) -> str:
    """KiB to as many decimals as the table prints."""
    return f"{size / 1024:.{len(printed.partition('.')[2])}f}"


@pytest.mark.parametrize(("design", "printed", "by"), PUBLISHED)
def test_int8_flash_is_what_the_vendor_prints(design: str, printed: str, by: str) -> None:
    """One byte a weight and four a bias, batch norm folded."""
    assert as_printed(flash(costs(design)).total, printed) == printed, by


@pytest.mark.parametrize(("design", "printed", "by"), ROUNDED)
def test_the_old_tables_round_up_to_a_whole_kib(design: str, printed: str, by: str) -> None:
    """128.32 became 129.0."""
    size = flash(costs(design)).total
    assert as_printed(size, printed) != printed, by
    assert f"{-(-size // 1024)}.0" == printed


@pytest.mark.parametrize(("design", "printed", "by"), THOUSANDS)
def test_one_row_is_in_thousands_of_bytes(design: str, printed: str, by: str) -> None:
    """219,844 bytes are 214.69 KiB."""
    size = flash(costs(design)).total
    assert f"{size / 1000:.2f}" == printed, by
    assert as_printed(size, "214.69") == "214.69"


@pytest.mark.parametrize(("design", "printed", "ours"), NPU)
def test_an_npu_needs_more_than_the_weights(design: str, printed: str, ours: str) -> None:
    """By 10 to 46 per cent."""
    size = flash(costs(design)).total
    assert as_printed(size, ours) == ours
    assert 1.09 < float(printed) * 1024 / size < 1.47


@pytest.mark.parametrize("row", CONVERTED, ids=lambda row: f"{row['design']}-{row['dtype']}")
def test_weights_are_what_a_converter_writes(row: dict[str, Any]) -> None:
    """Weights and biases to the byte; a scale and a zero point for each channel of both, and for each map."""
    found = flash(costs(row["design"]), row["dtype"])
    assert (found.weights, found.biases) == (row["weights_bytes"], row["biases_bytes"])
    assert row["others_bytes"] < 100  # shapes and axes, and numbers that rescale the image
    if row["dtype"] == "int8":
        assert row["scales"]["weights"] == row["scales"]["biases"] == found.channels
        assert row["zero_points"] == row["scales"]
        assert found.scales == 4 * row["scales"]["weights"]
        assert found.zero_points == 8 * row["zero_points"]["weights"]


@pytest.mark.parametrize("design", ["v1", "v2", "v3-small", "resnet50", "squeezenet-1.1", "densenet121"])
def test_floats_count_every_number_once(design: str) -> None:
    """Kept as they are trained, they take four or two bytes a parameter; folded, no more than that."""
    found = costs(design)
    stored = sum(found.params_by_kind().values())
    assert flash(found, "float32", folded=False).total == 4 * stored
    assert flash(found, "float16", folded=False).total == 2 * stored
    assert flash(found, "float32").total <= 4 * stored


def test_kept_norms_stand_beside_integer_weights() -> None:
    """V1: 4 numbers a channel, as float32, and only the classifier has biases."""
    found = flash(costs("v1"), "int8", folded=False)
    assert (found.weights, found.biases, found.kept) == (4_209_088, 4 * 1000, 4 * 43_776)
    folded = flash(costs("v1"))
    assert (folded.weights, folded.biases, folded.kept) == (4_209_088, 4 * (10_944 + 1000), 0)
    assert (folded.channels, folded.scales, folded.zero_points) == (11_944, 4 * 11_944, 8 * 11_944)


def test_int4_rounds_each_layer_up() -> None:
    """Half a byte a weight; 27 weights take 14 bytes."""
    found = costs("v2:alpha=0.35")
    whole = [
        t.count
        for x in found.layers
        for t in x.params
        if t.kind in ("conv", "depthwise", "pointwise", "dense")
    ]
    assert flash(found, "int4").weights == sum(-(-n // 2) for n in whole)
    assert set(BITS) == {"int4", "int8", "float16", "float32"}


@pytest.mark.parametrize(
    ("design", "layer"),
    [
        ("convnext-tiny", "stem norm"),
        ("deit-tiny", "tokens/class"),
        (str(FIELD / "thread-prelu.toml"), "slopes"),
        (str(FIELD / "thread-lstm.json"), "l0"),
        ("densenet121", "block 1/1/norm"),
    ],
)
def test_integers_are_refused_by_the_layers_name(design: str, layer: str) -> None:
    """Floats are not."""
    with pytest.raises(SpecError, match=f"layer '{layer}'"):
        flash(costs(design), "int8")
    assert flash(costs(design), "float16").total > 0
