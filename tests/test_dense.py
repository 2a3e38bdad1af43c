"""Networks of segmentation and detection: their maps as the papers draw them, every head in the totals, and a
grid as the loop. Their counts are held to builds in test_truth.py.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import mnetcost
from mnetcost.designs import Settings, load
from mnetcost.designs.loading import find_spec
from mnetcost.designs.resolved import resolved
from mnetcost.errors import SpecError

TWO_HEADS = """source = "by hand"
resolution = 8
layers = [{ op = "conv", name = "body", out = 4, kernel = 3 }]
top = [
  { op = "conv", name = "scores", from = "body", out = "classes", bias = true },
  { op = "conv", name = "boxes", from = "body", out = 4, bias = true },
]
"""
SAME_SIZE = [
    "unet-padded",
    "lraspp-v3-large",
    "lraspp-v3-small",
    "deeplabv3-v2",
    "deeplabv3-v3-large",
    "deeplabv3plus-v2",
    "deeplabv3plus-v3-large",
]


def shapes(design: str) -> dict[str, tuple[int, int, int]]:
    """The map that each layer gives."""
    return {node.name: tuple(node.output) for node in load(design).graph.nodes}


def test_every_head_is_in_the_totals(tmp_path: Path) -> None:
    """Outputs that nothing reads: 108 + 50 + 20 parameters, 64 positions of 108 + 40 + 16 multiply-adds."""
    path = tmp_path / "two.toml"
    path.write_text(TWO_HEADS)
    totals = mnetcost.totals(f"{path}:classes=10")
    assert (totals["params"], totals["madds"]) == (108 + 50 + 20, 64 * (108 + 40 + 16))


def test_unet_has_the_maps_of_its_figure() -> None:
    """Figure 1 of arXiv 1505.04597: 572 becomes 28 at the bottom and 388 at the end, the four skips are
    cropped.
    """
    found = shapes("unet")
    assert found["classifier"] == (388, 388, 2)
    assert found["bottom/2/conv"] == (28, 28, 1024)
    assert [found[f"up {n}/crop"] for n in (4, 3, 2, 1)] == [
        (56, 56, 512),
        (104, 104, 256),
        (200, 200, 128),
        (392, 392, 64),
    ]


@pytest.mark.parametrize("design", SAME_SIZE)
@pytest.mark.parametrize("size", [(256, 320), (96, 96)])
def test_a_segmentation_is_as_large_as_its_image(design: str, size: tuple[int, int]) -> None:
    """At any size, with a score for each class."""
    last = load(design, Settings(resolution=size, classes=7)).graph.nodes[-1]
    assert tuple(last.output) == (*size, 7)


def test_a_padded_unet_crops_what_it_cannot_halve() -> None:
    """250 is 15 x 16 + 10: 240 at the end, and no smaller than the map it is merged with."""
    assert shapes("unet-padded:resolution=250")["classifier"] == (240, 240, 2)


def test_an_image_that_is_too_small_for_unet_is_refused() -> None:
    """Its convolutions take 184 positions of each side."""
    assert shapes("unet:resolution=188")["classifier"] == (4, 4, 2)
    with pytest.raises(SpecError, match="the map vanishes"):
        load("unet:resolution=172")


def test_ssdlite_has_the_maps_and_heads_of_its_paper() -> None:
    """Six maps from 20 x 20 to 1 x 1, for each default box its four numbers and a score of each class."""
    found = shapes("ssdlite-v2")
    sides = [20, 10, 5, 3, 2, 1]
    for n, side in enumerate(sides, 1):
        boxes = 3 if n == 1 else 6
        assert found[f"head {n}/scores"] == (side, side, boxes * 81)
        assert found[f"head {n}/offsets"] == (side, side, boxes * 4)


@pytest.mark.parametrize("design", ["lraspp-v3-large", "deeplabv3plus-v2", "ssdlite-v3-large"])
def test_a_grid_of_sizes_is_the_loop(design: str) -> None:
    """Maps that take the size of others follow every cell."""
    grid = mnetcost.scale(design, alpha=[0.5, 1.0], resolution=[225, 320])
    for i, alpha in enumerate((0.5, 1.0)):
        for j, size in enumerate((225, 320)):
            one = mnetcost.totals(f"{design}:alpha={alpha},resolution={size}")
            assert (int(grid.params[i, j]), int(grid.madds[i, j])) == (one["params"], one["madds"])


HEADS = """source = "by hand"
resolution = 8
classes = 20
layers = [{ op = "conv", name = "body", out = 8, kernel = 3 }]
top = [
  { op = "conv", name = "ssd", from = "body", out = "classes * 6" },
  { op = "conv", name = "yolo", from = "body", out = "(classes + 5) * 3" },
  { op = "conv", name = "boxes", from = "body", out = 24, role = "output" },
]
"""


def test_outputs_follow_the_classes_and_no_alpha(tmp_path: Path) -> None:
    """20 x 6, (20 + 5) x 3 and 24 channels, at half the width too, in a grid, and in a spec made of it."""
    path, copy = tmp_path / "heads.toml", tmp_path / "copy.toml"
    path.write_text(HEADS)
    copy.write_text(resolved(find_spec(str(path))))
    for design in (path, copy):
        found = shapes(f"{design}:alpha=0.5")
        assert [found[name][2] for name in ("body", "ssd", "yolo", "boxes")] == [8, 120, 75, 24]
        assert shapes(f"{design}:classes=3")["yolo"] == (8, 8, 24)
    grid = mnetcost.scale(str(path), alpha=[0.25, 2.0], resolution=[8])
    assert [int(n) for n in grid.params[:, 0]] == [27 * c + c * 219 for c in (8, 16)]


@pytest.mark.parametrize(
    "out", ["classes * 0", "classes*6", "classes * 1000", "(classes + 5)", "classes + 5", "2"]
)
def test_what_is_no_number_of_classes_is_refused(out: str, tmp_path: Path) -> None:
    """Nothing is evaluated."""
    path = tmp_path / "heads.toml"
    path.write_text(HEADS.replace("classes * 6", out))
    with pytest.raises(SpecError, match="'out' must be a whole number from 1 to 1,000,000, or \"classes\""):
        load(str(path))


def test_an_output_has_no_more_channels_than_a_width_may_have(tmp_path: Path) -> None:
    """With its line."""
    path = tmp_path / "heads.toml"
    path.write_text(HEADS)
    with pytest.raises(SpecError, match=r"heads.toml:6: .*more than 1,000,000 channels"):
        load(f"{path}:classes=1000000")
