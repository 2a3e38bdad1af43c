"""How long is a sequence, and what does a model cost at another length?

Inputs of a length and channels, in each kind of file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost import cost, totals
from mnetcost.designs import load
from mnetcost.errors import CallError, SpecError

from . import onnx_files, tflite_files
from .onnx_files import helper, weights
from .tflite_files import O, T, floats, ints

LENGTH, CHANNELS = 60, 12
MADDS = 3 * 12 * 16 * LENGTH  # a convolution of 3 positions from 12 channels to 16


def keras(tmp_path: Path, shape: Any = (None, LENGTH, CHANNELS), first: bool = False, *more: Any) -> str:
    config = {
        "filters": 16,
        "kernel_size": [3],
        "strides": [1],
        "padding": "same",
        "use_bias": False,
        "name": "conv",
    }
    config |= {"data_format": "channels_first"} if first else {}
    layers = [
        {"class_name": "InputLayer", "config": {"name": "x", "batch_shape": list(shape)}},
        {"class_name": "Conv1D", "config": config},
        *more,
    ]
    (tmp_path / "net.json").write_text(
        json.dumps({"class_name": "Sequential", "config": {"name": "net", "layers": layers}})
    )
    return str(tmp_path / "net.json")


def onnx(tmp_path: Path, dims: Any, *nodes: Any) -> str:
    conv = helper.make_node("Conv", ["t", "w"], ["c"], pads=[1, 1])
    model = onnx_files.model([*nodes, conv], [weights("w", 16, CHANNELS, 3)], image=dims)
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    return str(tmp_path / "net.onnx")


def tflite(tmp_path: Path) -> str:
    """As TensorFlow writes a Conv1D: a convolution of a map one high."""
    tensors = {
        "x": T((1, LENGTH, CHANNELS)),
        "to": ints(1, 1, LENGTH, CHANNELS),
        "map": T((1, 1, LENGTH, CHANNELS)),
        "w": floats(16, 1, 3, CHANNELS),
        "c": T((1, 1, LENGTH, 16)),
        "back": ints(1, LENGTH, 16),
        "y": T((1, LENGTH, 16)),
    }
    operators = [
        O("RESHAPE", ("x", "to"), ("map",)),
        tflite_files.conv("map", "w", "c"),
        O("RESHAPE", ("c", "back"), ("y",)),
    ]
    return tflite_files.write(tmp_path, tensors, operators)


TURNED = helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1])
NAMED = helper.make_node("Relu", ["x"], ["t"])
FILES = {
    "Keras": keras,
    "Keras, channels first": lambda path: keras(path, (None, CHANNELS, LENGTH), True),
    "ONNX, channels first": lambda path: onnx(path, (1, CHANNELS, LENGTH), NAMED),
    "ONNX, turned": lambda path: onnx(path, (1, LENGTH, CHANNELS), TURNED),
    "ONNX, a batch of 4": lambda path: onnx(path, (4, CHANNELS, LENGTH), NAMED),
    "TFLite": tflite,
}


@pytest.mark.parametrize("kind", FILES)
def test_a_sequence_says_its_length_and_follows_another(kind: str, tmp_path: Path) -> None:
    """The work of a convolution is in proportion to it; the parameters stay."""
    file = FILES[kind](tmp_path)
    design = load(file)
    assert design.resolution == (LENGTH, 1)
    assert design.heading.endswith(f":resolution={LENGTH}x1")
    assert (totals(file)["madds"], totals(file)["params"]) == (MADDS, 3 * 12 * 16)
    for asked in ({"resolution": "30x1"}, {"resolution": 30}, {"rho": 0.5}):
        assert totals(file, **asked)["madds"] == MADDS // 2  # type: ignore[arg-type]
    assert load(f"{file}:resolution=30").heading.endswith(":resolution=30x1")
    with pytest.raises(CallError, match="a length and no width"):
        load(f"{file}:resolution=30x2")


def test_an_open_length_must_be_given(tmp_path: Path) -> None:
    """In a Keras config, and in an ONNX file whose only open axis it is."""
    (tmp_path / "open").mkdir()
    for file in (keras(tmp_path, (None, None, CHANNELS)), onnx(tmp_path / "open", (1, CHANNELS, "L"), NAMED)):
        with pytest.raises(CallError, match="leaves its length open"):
            load(file)
        assert totals(file, resolution=60)["madds"] == MADDS


def test_an_image_beside_a_sequence_is_what_the_resolution_means(tmp_path: Path) -> None:
    """Whichever is named first."""
    layers = [
        {
            "class_name": "InputLayer",
            "name": "s",
            "config": {"name": "s", "batch_shape": [None, 10, 4]},
            "inbound_nodes": [],
        },
        {
            "class_name": "InputLayer",
            "name": "i",
            "config": {"name": "i", "batch_shape": [None, 8, 8, 3]},
            "inbound_nodes": [],
        },
    ]
    relu = {"class_name": "ReLU", "name": "r", "config": {"name": "r"}, "inbound_nodes": [[["i", 0, 0, {}]]]}
    layers.append(relu)
    config = {
        "name": "two",
        "layers": layers,
        "input_layers": [["s", 0, 0], ["i", 0, 0]],
        "output_layers": [["s", 0, 0], ["r", 0, 0]],
    }
    (tmp_path / "net.json").write_text(json.dumps({"class_name": "Functional", "config": config}))
    assert load(f"{tmp_path}/net.json").resolution == (8, 8)
    assert [n.output for n in cost(f"{tmp_path}/net.json", resolution=16).graph.nodes] == [
        (10, 1, 4),
        (16, 16, 3),
        (16, 16, 3),
    ]


def test_what_is_no_sequence_has_no_length(tmp_path: Path) -> None:
    """Three axes of which nothing says what they are: an activation tells no axis from another."""
    model = onnx_files.model([helper.make_node("Relu", ["x"], ["y"])], image=(1, CHANNELS, LENGTH))
    (tmp_path / "net.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(SpecError, match="no input is an image, a volume or a sequence"):
        load(f"{tmp_path}/net.onnx:resolution=30")
