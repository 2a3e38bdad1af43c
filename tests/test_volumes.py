"""Do networks over volumes cost what one works out by hand, at every size, in specs, Keras and ONNX files?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost import report
from mnetcost.analyses.changes.diff import diff
from mnetcost.analyses.changes.identify import candidates
from mnetcost.designs import Settings, find_spec, load, load_spec
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.engine.graph import Builder
from mnetcost.engine.ops import OPS, Concat, Conv, Elementwise, Gate, Input, Reshape
from mnetcost.engine.ops.op import traits
from mnetcost.engine.shapes import Shape, Volume
from mnetcost.errors import MnetcostError, ShapeError, UnknownOpError
from mnetcost.output import render

from .onnx_files import node, numbers, weights, write

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


def keras(*layers: dict[str, Any], shape: tuple[Any, ...] = (8, 32, 32, 3)) -> str:
    """The JSON of a Sequential model."""
    first = {"class_name": "InputLayer", "config": {"name": "clip", "batch_shape": [None, *shape]}}
    return json.dumps({"class_name": "Sequential", "config": {"name": "video", "layers": [first, *layers]}})


def layer(kind: str, **config: Any) -> dict[str, Any]:
    """One layer of it."""
    return {"class_name": kind, "config": {"name": kind.lower(), **config}}


STEM = layer("Conv3D", filters=8, kernel_size=[3, 3, 3], strides=[1, 2, 2], padding="same", use_bias=False)


@pytest.mark.parametrize(
    ("size", "madds"), [(None, 1_327_144), ((16, 64, 64), 10_616_872), ((4, 16, 24), 648 * 4 * 96 + 40)]
)
def test_a_keras_model_of_volumes(tmp_path: Path, size: tuple[int, ...] | None, madds: int) -> None:
    """648 weights at each position, two numbers a channel of the norm, and 45 of the classifier."""
    path = tmp_path / "video.json"
    tail = [layer("BatchNormalization"), layer("GlobalAveragePooling3D"), layer("Dense", units=5)]
    path.write_text(keras(STEM, *tail))
    assert paper(load(str(path), Settings(resolution=size))) == (709, madds)


def test_pools_groups_and_flatten_of_a_keras_model_of_volumes(tmp_path: Path) -> None:
    """8 x 32 x 32 becomes 8 x 16 x 16, then 4 x 8 x 8 twice, and 2 x 4 x 4."""
    path = tmp_path / "video.json"
    grouped = layer("Conv3D", name="grouped", filters=8, kernel_size=3, groups=8, padding="same")
    rest = [layer("MaxPooling3D"), grouped, layer("AveragePooling3D"), layer("Flatten")]
    path.write_text(keras(STEM, *rest, layer("Dense", units=5, use_bias=False)))
    flat = 2 * 4 * 4 * 8
    assert paper(load(str(path))) == (648 + 27 * 8 + 8 + 5 * flat, 648 * 2048 + 216 * 256 + 5 * flat)


def test_a_keras_model_with_an_open_depth_needs_a_resolution(tmp_path: Path) -> None:
    path = tmp_path / "video.json"
    path.write_text(keras(STEM, shape=(None, None, None, 3)))
    with pytest.raises(MnetcostError, match="leaves its depth, height and width open"):
        load(str(path))
    assert paper(load(str(path), Settings(resolution=(8, 32, 32)))) == (648, 648 * 2048)


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


TRUTH = Path(__file__).parent / "truth"
EXPORTED = [
    (row["file"], row["params"], tuple(map(int, size.split("x"))), madds)
    for row in json.loads((TRUTH / "volumes.json").read_text())["files"]
    for size, madds in row["madds"].items()
]


@pytest.mark.parametrize(("file", "params", "size", "madds"), EXPORTED)
def test_an_exported_network_costs_what_pytorch_says(
    file: str, params: int, size: tuple[int, ...], madds: int
) -> None:
    """By both exporters, with norms kept and folded, at the size in the file and at another."""
    design = load(f"{TRUTH}/volumes/{file}", Settings(resolution=size))
    assert (design.resolution, paper(design)) == (size, (params, madds))


CONV = node("Conv", ["x", "w"], ["y"], kernel_shape=[3, 3, 3], pads=[1] * 6, strides=[1, 2, 2], name="stem")


def test_an_onnx_file_with_channels_last_is_a_volume_behind_its_transpose(tmp_path: Path) -> None:
    """As tf2onnx writes it: 27 x 3 x 8 weights at 8 x 16 x 16 positions, 4 x 8 x 12 at the other size."""
    turned = node("Transpose", ["x"], ["t"], perm=[0, 4, 1, 2, 3])
    conv = node("Conv", ["t", "w"], ["y"], auto_pad="SAME_UPPER", strides=[1, 2, 2])
    file = write(tmp_path, [turned, conv], [weights("w", 8, 3, 3, 3, 3)], (4, 8, 32, 32, 3))
    design = load(file)
    assert (design.resolution, design.in_channels, paper(design)) == ((8, 32, 32), 3, (648, 648 * 2048))
    assert paper(load(file, Settings(resolution=(4, 16, 24)))) == (648, 648 * 4 * 8 * 12)


def test_an_onnx_file_with_an_open_depth_needs_a_resolution(tmp_path: Path) -> None:
    file = write(tmp_path, [CONV], [weights("w", 8, 3, 3, 3, 3)], ("n", 3, "d", "h", "w"))
    with pytest.raises(MnetcostError, match="leaves its depth, height and width open"):
        load(file)
    assert paper(load(file, Settings(resolution=(8, 32, 32)))) == (648, 648 * 2048)
    with pytest.raises(MnetcostError, match="the input is a volume of depth, height and width"):
        load(file, Settings(resolution=(32, 32)))


def test_a_batch_of_volumes_made_of_one_is_refused_by_name(tmp_path: Path) -> None:
    """Only the batch in front of the file's input is read as one."""
    halves = node("Reshape", ["x", "halves"], ["t"])
    conv = node("Conv", ["t", "w"], ["y"], name="each", auto_pad="SAME_UPPER")
    stored = [weights("w", 8, 3, 3, 3, 3), numbers("halves", 2, 3, 4, 32, 32)]
    with pytest.raises(UnknownOpError, match="Conv"):
        load(write(tmp_path, [halves, conv], stored, (1, 3, 8, 32, 32)))


def test_wrong_weights_and_windows_of_an_onnx_volume_are_named(tmp_path: Path) -> None:
    with pytest.raises(MnetcostError, match="for 4 channels in 1 groups, and it gets 3"):
        load(write(tmp_path, [CONV], [weights("w", 8, 4, 3, 3, 3)], (1, 3, 8, 32, 32)))
    large = node("MaxPool", ["x"], ["y"], name="pool", kernel_shape=[9, 1, 1])
    with pytest.raises(MnetcostError, match="a window of 9 does not fit into 8"):
        load(write(tmp_path, [large], [], (1, 3, 8, 32, 32)))


def test_what_a_volume_is_not_read_by_sees_a_map_of_it(tmp_path: Path) -> None:
    """LRN takes maps: the depth becomes part of the height, and the next convolution gets a volume again."""
    first, last = (node("Conv", [x, "w"], [y], auto_pad="SAME_UPPER") for x, y in ("xs", "ty"))
    lrn = node("LRN", ["s"], ["t"], size=3)
    design = load(write(tmp_path, [first, lrn, last], [weights("w", 3, 3, 1, 1, 1)], (1, 3, 8, 32, 32)))
    shapes = [str(n.output) for n in design.graph.nodes]
    assert shapes == [*["8x32x32x3"] * 2, *["256x32x3"] * 2, *["8x32x32x3"] * 2]
    assert paper(design) == (9, 2 * 9 * 8192)


def test_a_report_shows_all_three_sides_of_a_window(tmp_path: Path) -> None:
    file = write(tmp_path, [CONV], [weights("w", 8, 3, 3, 3, 3)], (1, 3, 8, 32, 32))
    found = json.loads(render(report(file), "json"))["layers"][-1]
    assert (found["kernel"], found["stride"], found["groups"]) == ([3, 3, 3], [1, 2, 2], 1)
    assert "3x3x3   1x2x2" in render(report(file))


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


def test_a_keras_volume_between_dense_layers_and_gates(tmp_path: Path) -> None:
    """A Dense at each of 8 x 16 x 16 positions, then a convolution over the volume that it leaves."""
    path = tmp_path / "video.json"
    path.write_text(
        keras(
            STEM,
            layer("Dense", units=4, use_bias=False),
            layer("Conv3D", name="last", filters=2, kernel_size=1),
        )
    )
    assert paper(load(str(path))) == (648 + 32 + 8 + 2, (648 + 32 + 8) * 2048)


def test_a_keras_pool_of_a_volume_may_keep_its_axes(tmp_path: Path) -> None:
    path = tmp_path / "video.json"
    pool = layer("GlobalAveragePooling3D", keepdims=True)
    path.write_text(keras(STEM, pool, layer("Conv3D", name="squeeze", filters=2, kernel_size=1)))
    assert paper(load(str(path))) == (648 + 16 + 2, 648 * 2048 + 16)


def test_a_design_larger_than_any_other_is_refused(tmp_path: Path) -> None:
    """2^48 numbers in one channel are allowed, and no shipped network has one channel."""
    path = tmp_path / "huge.toml"
    path.write_text(
        'resolution = [65536, 65536, 65536]\nchannels = 1\nlayers = [{ op = "conv3d", out = 1 }]\n'
    )
    with pytest.raises(MnetcostError, match="no shipped design can be built at its size"):
        candidates(load(str(path)))
