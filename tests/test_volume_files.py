"""Do model files over volumes cost what Keras and PyTorch say, at every size?"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import pytest

from mnetcost import report
from mnetcost.designs import Settings, load, load_spec
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.convert import spec_text
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import cost
from mnetcost.errors import MnetcostError, UnknownOpError
from mnetcost.output import render

from .onnx_files import node, numbers, weights, write
from .test_volumes import paper


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


MODELS = json.loads((TRUTH / "keras_volumes.json").read_text())["models"]
KERAS = [
    (name, tuple(map(int, size.split("x"))), *figures)
    for name, row in MODELS.items()
    for size, figures in row["sizes"].items()
]


@pytest.mark.parametrize(("name", "size", "params", "madds", "dims"), KERAS)
def test_a_keras_model_over_volumes_costs_what_keras_computes(
    name: str, size: tuple[int, ...], params: int, madds: int, dims: list[int], tmp_path: Path
) -> None:
    """Its parameters, the products in TensorFlow's graph, and the numbers that it gives, at two sizes."""
    path = tmp_path / "net.json"
    path.write_text(
        json.dumps(json.loads((TRUTH / "keras_volumes.json").read_text())["models"][name]["config"])
    )
    design = load(str(path), Settings(resolution=size))
    costs = cost(design.graph)
    assert load_convention("keras").count_params(t for x in costs.layers for t in x.params) == params
    assert (paper(design)[1], costs.layers[-1].output.elements) == (madds, prod(dims))


@pytest.mark.parametrize(
    ("kind", "config", "message"),
    [
        ("ZeroPadding3D", {"padding": [1, 2]}, "a number, or three for the three sides"),
        ("Cropping3D", {"cropping": [[4, 4], [0, 0], [0, 0]]}, "nothing of 8x16x16 is left"),
        ("Conv3DTranspose", {"filters": 2, "kernel_size": [2, 2]}, "kernel_size"),
        ("UpSampling3D", {"size": 0}, "size"),
        ("DepthwiseConv3D", {}, "cannot cost DepthwiseConv3D"),
    ],
)
def test_a_wrong_keras_layer_over_volumes_is_named(
    kind: str, config: dict[str, Any], message: str, tmp_path: Path
) -> None:
    path = tmp_path / "video.json"
    path.write_text(
        keras(STEM, layer(kind, **config), layer("Conv3D", name="last", filters=1, kernel_size=1))
    )
    with pytest.raises(MnetcostError, match=message):
        load(str(path))


@pytest.mark.parametrize("file", [row[0] for row in EXPORTED])
def test_an_exported_network_is_converted_to_a_spec_of_the_same_cost(file: str) -> None:
    design = load(f"{TRUTH}/volumes/{file}")
    text = spec_text(design)
    again = load_spec(read_spec(text, "net.toml", "net", None, parent_of), Settings())
    assert (again.resolution, paper(again)) == (design.resolution, paper(design))


def test_an_onnx_volume_enlarged_by_a_fraction_is_refused_or_skipped(tmp_path: Path) -> None:
    """The count is known of whole factors; the convolution behind what is skipped takes a volume."""
    conv = node("Conv", ["x", "w"], ["t"], auto_pad="SAME_UPPER")
    resize = node("Resize", ["t", "", "", "sizes"], ["s"], mode="linear")
    stored = [weights("w", 3, 3, 1, 1, 1), numbers("sizes", 1, 3, 12, 32, 32)]
    last = node("Conv", ["s", "w"], ["y"], auto_pad="SAME_UPPER")
    file = write(tmp_path, [conv, resize, last], stored, (1, 3, 8, 32, 32))
    with pytest.raises(UnknownOpError, match="Resize"):
        load(file)
    assert paper(load(file, Settings(allow_unknown=True))) == (9, 2 * 9 * 8192)


def test_a_keras_model_over_volumes_with_channels_first(tmp_path: Path) -> None:
    """648 and 256 weights at 8 x 16 x 16 positions, or at 4 x 8 x 12; the channels stay on the first axis."""
    path = tmp_path / "first.json"

    def first(kind: str, **config: Any) -> dict[str, Any]:
        return layer(kind, data_format="channels_first", **config)

    stem = dict(STEM["config"], data_format="channels_first")
    rest = [
        layer("BatchNormalization", axis=1),
        first("ZeroPadding3D", padding=1),
        first("Cropping3D", cropping=1),
        first("UpSampling3D", size=[1, 2, 1]),
        first("MaxPooling3D", pool_size=[1, 2, 1]),
        first("Conv3DTranspose", filters=4, kernel_size=2, strides=2),
        first("GlobalAveragePooling3D"),
        layer("Dense", units=5),
    ]
    path.write_text(keras({"class_name": "Conv3D", "config": stem}, *rest, shape=(3, 8, 32, 32)))
    design = load(str(path))
    assert (design.in_channels, paper(design)) == (3, (648 + 16 + 256 + 4 + 25, (648 + 256) * 2048 + 20))
    assert paper(load(str(path), Settings(resolution=(4, 16, 24))))[1] == (648 + 256) * 384 + 20
    shapes = [str(n.output) for n in design.graph.nodes]
    assert shapes[3:8] == ["10x18x18x8", "8x16x16x8", "8x32x16x8", "8x16x16x8", "16x32x32x4"]
