"""The neighbours of the MobileNets: their counts against real builds, their blocks by hand, and what
their papers print.
"""

from __future__ import annotations

import pytest

from mnetcost.designs import Settings, load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost

BUILDS = [  # design, alpha, parameters, multiply-adds, from
    ("efficientnet-b0", 1.0, 5_288_548, 385_814_752, "torchvision 0.28.0 efficientnet_b0"),
    ("mnasnet-b1", 1.0, 4_383_312, 314_415_872, "torchvision 0.28.0 mnasnet1_0"),
    ("mnasnet-b1", 0.5, 2_218_512, 104_455_968, "torchvision 0.28.0 mnasnet0_5"),
    ("mnasnet-b1", 1.3, 6_282_256, 526_362_432, "torchvision 0.28.0 mnasnet1_3"),
    ("mnasnet-a1", 1.0, 3_887_038, 311_579_072, "timm 1.0.31 semnasnet_100"),
    ("squeezenet-1.1", 1.0, 1_235_496, 349_151_936, "torchvision 0.29.1 squeezenet1_1"),
    ("fd-mobilenet", 1.0, 2_901_288, 144_489_728, "pytorchcv 0.0.74 fdmobilenet_w1"),
    ("fd-mobilenet", 0.25, 383_160, 12_037_952, "pytorchcv 0.0.74 fdmobilenet_wd4"),
    ("shufflenet-v2-1.0", 1.0, 2_278_604, 144_907_992, "torchvision 0.28.0 shufflenet_v2_x1_0"),
    ("xception", 1.0, 22_855_952, 8_357_403_496, "timm 1.0.31 legacy_xception"),
    (
        "googlenet",
        1.0,
        6_624_904,
        1_498_376_192,
        "torchvision 0.28.0 googlenet without auxiliary classifiers",
    ),
    ("se-resnet50", 1.0, 28_088_024, 4_091_699_200, "timm 1.0.31 seresnet50"),
    ("mobilenetv4-conv-small", 1.0, 3_774_024, 186_005_568, "timm 1.0.29 mobilenetv4_conv_small"),
]

# design, parameters and multiply-adds as printed in M, and how far the last digit may be off; from
PUBLISHED = [
    ("efficientnet-b0", 5.3, 390, 5, "arXiv 1905.11946, table 2"),
    ("mnasnet-a1", 3.9, 312, 0.5, "arXiv 1807.11626, table 1"),
    ("mnasnet-b1", 4.4, 315, 0.6, "tensorflow/tpu, models/official/mnasnet"),
    ("squeezenet-1.1", 1.2, None, 0, "arXiv 1602.07360: 50 times fewer parameters than AlexNet's 60 M"),
    ("shufflenet-v2-1.0", 2.3, 146, 1.1, "arXiv 1807.11164, table 8"),
    ("xception", 22.9, None, 0, "arXiv 1610.02357, table 3: 22,855,952"),
    ("mobilenetv4-conv-small", 3.8, 200, 15, "arXiv 2404.10518, table 6"),
    ("se-resnet50", 28.1, None, 0, "arXiv 1709.01507, table 2"),
]


def figures(design: str, alpha: float = 1.0) -> tuple[int, int]:
    c, k = cost(load(design, Settings(alpha=alpha)).graph), load_convention()
    return k.count_params(t for x in c.layers for t in x.params), k.madds(t for x in c.layers for t in x.work)


@pytest.mark.parametrize(("design", "alpha", "params", "madds", "source"), BUILDS)
def test_neighbours_count_as_they_are_built(
    design: str, alpha: float, params: int, madds: int, source: str
) -> None:
    """To the last digit."""
    assert figures(design, alpha) == (params, madds), source


@pytest.mark.parametrize(("design", "params", "madds", "off", "source"), PUBLISHED)
def test_neighbours_count_as_their_papers_print(
    design: str, params: float, madds: float | None, off: float, source: str
) -> None:
    """Within the digits that are printed."""
    ours = figures(design)
    assert abs(ours[0] / 1e6 - params) <= 0.05, source
    assert madds is None or abs(ours[1] / 1e6 - madds) <= off, source


HEAD = 'source = "by hand"\ntitle = "t"\nresolution = 8\nchannels = 16\n'
STYLE = '\n[style]\nnorm = false\nbias = false\npadding = "symmetric"\n'

BY_HAND = [  # a row on an 8 x 8 x 16 map; its weights; its multiply-adds; the map it gives
    ('op = "fire", squeeze = 8, out = 32', 16 * 8 + 8 * 16 + 9 * 8 * 16, 64 * (128 + 128 + 1152), (8, 8, 32)),
    (
        'op = "inception", one = 8, reduce3 = 8, three = 16, reduce5 = 8, five = 8, pool = 8',
        16 * 8 + (16 * 8 + 9 * 8 * 16) + (16 * 8 + 25 * 8 * 8) + 16 * 8,
        64 * (128 + 1280 + 1728 + 128),
        (8, 8, 40),
    ),
    ('op = "shuffle_unit", out = 16', 8 * 8 + 9 * 8 + 8 * 8, 64 * 200, (8, 8, 16)),
    (
        'op = "shuffle_unit", out = 32, stride = 2',
        (9 * 16 + 16 * 16) + (16 * 16 + 9 * 16 + 16 * 16),
        64 * 256 + 16 * (400 + 400),
        (4, 4, 32),
    ),
    (
        'op = "uib", out = 16, start = 3, kernel = 5, expand = 2',
        9 * 16 + 16 * 32 + 25 * 32 + 32 * 16,
        64 * 1968,
        (8, 8, 16),
    ),
    (
        'op = "uib", out = 16, start = 5, kernel = 0, expand = 2, stride = 2',
        25 * 16 + 16 * 32 + 32 * 16,
        16 * 1424,
        (4, 4, 16),
    ),
    (
        'op = "xception", out = 32, stride = 2',
        (9 * 16 + 16 * 32) + (9 * 32 + 32 * 32) + 16 * 32,
        64 * (656 + 1312) + 16 * 512,
        (4, 4, 32),
    ),
    ('op = "xception", out = 16, convs = 3', 3 * (9 * 16 + 16 * 16), 64 * 1200, (8, 8, 16)),
    ('op = "xception", out = 16, convs = 5', 5 * (9 * 16 + 16 * 16), 64 * 2000, (8, 8, 16)),
]


@pytest.mark.parametrize(("row", "params", "madds", "shape"), BY_HAND)
def test_a_block_counts_as_worked_by_hand(
    row: str, params: int, madds: int, shape: tuple[int, int, int], tmp_path: object
) -> None:
    """On a map of 8 x 8 x 16, without norms and biases."""
    path = tmp_path / "t.toml"  # type: ignore[operator]
    path.write_text(f"{HEAD}layers = [{{ {row} }}]\n{STYLE}")
    assert figures(str(path)) == (params, madds)
    assert tuple(load(str(path)).graph.nodes[-1].output) == shape


def test_a_universal_bottleneck_has_a_shortcut_where_it_may() -> None:
    """Of MobileNetV4's twelve blocks the two that stride and none else go without one."""
    nodes = load("mobilenetv4-conv-small").graph.nodes
    blocks = {n.place for n in nodes if n.name.endswith("/project")}
    assert len(blocks) == 12
    assert len(blocks - {n.place for n in nodes if n.op.label == "add"}) == 2
