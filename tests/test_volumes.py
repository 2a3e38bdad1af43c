"""Do networks over volumes cost what one works out by hand, at every size?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mnetcost.analyses.changes.diff import diff
from mnetcost.analyses.changes.identify import candidates
from mnetcost.designs import Settings, find_spec, load, load_spec
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.engine.graph import Builder
from mnetcost.engine.ops import OPS, Concat, Conv, Elementwise, Gate, Input, Reshape
from mnetcost.engine.ops.op import traits
from mnetcost.engine.shapes import Shape, Volume
from mnetcost.errors import MnetcostError, ShapeError

SPEC = """
source = "worked out by hand"
resolution = [8, 32, 32]
classes = 5
layers = [
  { op = "conv3d", name = "stem", out = 8, kernel = 3, stride = [1, 2, 2] },
  { op = "norm" },
  { op = "activation" },
  { op = "conv3d", name = "spatial", out = 12, kernel = [1, 3, 3] },
  { op = "conv3d", name = "temporal", out = 8, kernel = [3, 1, 1] },
  { op = "add", from = ["temporal", "activation 1"] },
  { op = "max_pool3d", kernel = [1, 2, 2], stride = [1, 2, 2] },
]
top = [{ op = "global_pool" }, { op = "dense", out = "classes" }]
"""


def paper(design: Any) -> tuple[int, int]:
    """Parameters and multiply-adds of a design, as the papers count."""
    costs, convention = cost(design.graph), load_convention()
    return (
        convention.count_params(t for x in costs.layers for t in x.params),
        convention.madds(t for x in costs.layers for t in x.work),
    )


@pytest.fixture
def video(tmp_path: Path) -> str:
    """A small network over video, with a block of a spatial and a temporal convolution."""
    path = tmp_path / "video.toml"
    path.write_text(SPEC)
    return str(path)


@pytest.mark.parametrize(("d", "h", "w"), [(8, 32, 32), (16, 64, 48), (4, 33, 32)])
def test_a_spec_of_volumes_follows_the_resolution(video: str, d: int, h: int, w: int) -> None:
    """Every multiply-add stands at a depth, a height and a width."""
    positions = d * -(-h // 2) * (w // 2)
    weights = 27 * 3 * 8 + 9 * 8 * 12 + 3 * 12 * 8
    assert paper(load(video, Settings(resolution=(d, h, w)))) == (
        weights + 16 + 45,
        weights * positions + 40,
    )


def test_rho_scales_height_and_width_not_the_depth(video: str) -> None:
    assert load(video, Settings(rho=0.5)).resolution == (8, 16, 16)


def test_alpha_scales_the_widths_of_volumes(video: str) -> None:
    half = load_spec(find_spec(video), Settings(alpha=2.0)).graph
    assert [n.output.c for n in half.nodes if n.op.__class__ is OPS["conv3d"]] == [16, 24, 16]


@pytest.mark.parametrize("resolution", [(32, 32), (8,) * 3])
def test_a_resolution_of_another_number_of_sides_is_refused(video: str, resolution: tuple[int, ...]) -> None:
    """A map has two sides, a volume three."""
    design = video if len(resolution) == 2 else "v2"
    with pytest.raises(MnetcostError, match="and the resolution is"):
        load(design, Settings(resolution=resolution))


def test_an_op_of_maps_refuses_a_volume_and_names_the_one_that_takes_it() -> None:
    b = Builder()
    x = b.add("clip", Input(8, 8, 3, 4))
    assert b.shape(x) == Volume(4, 8, 8, 3)
    with pytest.raises(ShapeError, match="conv takes maps of height and width, not a volume") as e:
        b.add("stem", Conv(8), x)
    assert e.value.faults[0].hint == "'conv3d' takes volumes"


@pytest.mark.parametrize("word", [word for word, cls in OPS.items() if not cls.volumes])
def test_every_other_op_refuses_a_volume(word: str) -> None:
    """Nothing is counted that an op does not know."""
    cls, b = OPS[word], Builder()
    x = b.add("clip", Input(8, 8, 3, 4))
    with pytest.raises(ShapeError, match="not a volume"):
        b.add("op", cls(*[1] * sum(f not in cls._field_defaults for f in cls._fields)), x, x, x)


def test_identify_finds_a_network_of_volumes(tmp_path: Path) -> None:
    """As a file of its own, at another width, and with another number of classes."""
    path = tmp_path / "clips.toml"
    path.write_text('extends = "r2plus1d-18"\nresolution = [8, 64, 64]\nclasses = 11\n')
    first = candidates(load(str(path)))[0]
    assert (first.asked, first.equal) == ("r2plus1d-18:alpha=1", True)


def test_a_map_is_near_no_volume(video: str) -> None:
    """A network of volumes is only compared with networks of volumes."""
    assert {c.design.name for c in candidates(load(video))} == {"r3d-18", "mc3-18", "r2plus1d-18"}
    assert diff(load("v2"), load(video), load_convention())


def test_volumes_are_gated_joined_and_combined() -> None:
    """By a vector, by another volume of one depth, and one behind another."""
    clip, vector, slice_ = Volume(4, 8, 8, 6), Shape(1, 1, 6), Volume(1, 8, 8, 1)
    assert Gate().shape(clip, vector) == Gate().shape(clip, slice_) == clip
    assert Elementwise("maximum").shape(Shape(8, 8, 1), clip) == clip
    assert [t.count for t in traits(Gate()).work(clip, clip, vector)] == [4 * 8 * 8 * 6]
    assert Concat("depth").shape(clip, clip) == Volume(8, 8, 8, 6)
    with pytest.raises(ShapeError, match="maps of one shape"):
        Gate().shape(clip, Volume(2, 1, 1, 6))
    with pytest.raises(ShapeError, match="along the depth needs volumes"):
        Concat("depth").shape(vector, vector)


def test_a_map_is_read_as_a_volume_of_as_many_numbers() -> None:
    assert Reshape(8, 8, 3, 4).shape(Shape(32, 8, 3)) == Volume(4, 8, 8, 3)
    assert Reshape(32, 8, 3).shape(Volume(4, 8, 8, 3)) == Shape(32, 8, 3)
    with pytest.raises(ShapeError, match="cannot be read as 4x8x8x4"):
        Reshape(8, 8, 4, 4).shape(Shape(32, 8, 3))


def test_a_design_larger_than_any_other_is_refused(tmp_path: Path) -> None:
    """2^48 numbers in one channel are allowed, and no shipped network has one channel."""
    path = tmp_path / "huge.toml"
    path.write_text(
        'resolution = [65536, 65536, 65536]\nchannels = 1\nlayers = [{ op = "conv3d", out = 1 }]\n'
    )
    with pytest.raises(MnetcostError, match="no shipped design can be built at its size"):
        candidates(load(str(path)))


def test_slopes_of_a_volume_follow_its_channels(tmp_path: Path) -> None:
    """One a channel at any alpha, or one for each position along the depth."""
    path = tmp_path / "video.toml"
    rows = 'layers = [{ op = "conv3d", out = 8, kernel = 3 }, { op = "prelu", slopes = %d }]'
    for slopes, counts in ((8, 16), (4, 4), (1, 1)):
        path.write_text(f'source = "by hand"\nresolution = [4, 8, 6]\n{rows % slopes}\n')
        graph = load(str(path), Settings(alpha=2.0)).graph
        assert [t.count for t in cost(graph).layers[-1].params] == [counts]
    path.write_text(f'source = "by hand"\nresolution = [4, 8, 6]\n{rows % 7}\n')
    with pytest.raises(MnetcostError, match="fit no axes of a map of 4x8x6x8"):
        load(str(path))
