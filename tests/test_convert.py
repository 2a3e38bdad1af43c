"""A model file written as a spec costs the same, layer by layer, and keeps its names whatever they hold."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from mnetcost.designs import Settings, load
from mnetcost.designs.convert import counts, quoted, spec_text
from mnetcost.errors import CallError

from . import keras_models, onnx_files, prototxts
from .test_caffe import SHAPES, layer, small
from .test_keras import ONE, one

FILES = {
    "alexnet.prototxt": prototxts.alexnet(),
    "googlenet.prototxt": prototxts.googlenet(),
    "se_resnet50.prototxt": prototxts.resnet50(prototxts.squeeze_excite),
    "shicai.prototxt": prototxts.mobilenet_v2(prototxts.SHICAI_ROWS),
    "mobilenet.json": keras_models.mobilenet(),
    "first.json": keras_models.mobilenet(2, True),
    "xception.json": keras_models.xception(),
    **{f"layer{n}.prototxt": small(text) for n, (text, _) in enumerate(SHAPES)},
    **{f"one{n}.json": one(*row[:2]) for n, row in enumerate(ONE) if row[0] != "RandomFlip"},
}


@pytest.mark.parametrize("name", FILES)
def test_a_converted_file_costs_the_same(name: str, tmp_path: Path) -> None:
    """Parameters and work of every kind, every layer's output, and the resolution."""
    (tmp_path / name).write_text(FILES[name])
    design = load(str(tmp_path / name))
    (tmp_path / "net.toml").write_text(spec_text(design))
    again = load(str(tmp_path / "net.toml"))
    assert counts(again.graph) == counts(design.graph)
    assert again.resolution == design.resolution
    assert [n.name for n in again.graph.nodes][1:] == [n.name for n in design.graph.nodes][1:]


def test_a_converted_design_keeps_the_weights_it_shares(tmp_path: Path) -> None:
    """A layer that is called twice is two rows, one of them `shared`."""
    m = keras_models.Config([8, 8, 4])
    m.conv(4, 3)
    m.again(m.x)
    (tmp_path / "net.json").write_text(m.json())
    text = spec_text(load(str(tmp_path / "net.json")))
    assert text.count("shared = true") == 1
    (tmp_path / "net.toml").write_text(text)
    assert sum(sum(p.values()) for _, p, _ in counts(load(str(tmp_path / "net.toml")).graph)) == 144


@pytest.mark.parametrize(
    "name", ['a "b"', "a\\", "[x]", "a\x1b[31mb", "'''", "\u202ename", "名前", "input", "a = 1 }, {"]
)
def test_a_strangers_name_is_data_in_a_spec(name: str, tmp_path: Path) -> None:
    """Quoted whatever it holds, and read back as it was; the image's own name is numbered."""
    assert tomllib.loads(f"x = {quoted(name)}")["x"] == name
    m = keras_models.Config([8, 8, 4])
    m.layers[0]["name"] = m.layers[0]["config"]["name"] = "image"
    m.calls["image"] = m.calls.pop("input")
    m.add("Conv2D", {"filters": 2, "kernel_size": 1}, "image", name=name)
    (tmp_path / "net.json").write_text(
        m.json().replace('"input_layers": [["input"', '"input_layers": [["image"')
    )
    (tmp_path / "net.toml").write_text(spec_text(load(str(tmp_path / "net.json"))), encoding="utf-8")
    assert load(str(tmp_path / "net.toml")).graph.nodes[1].name == ("input (2)" if name == "input" else name)


def test_half_a_character_does_not_reach_a_spec() -> None:
    """A lone surrogate, which JSON can write and UTF-8 cannot."""
    assert tomllib.loads(f"x = {quoted(chr(0xD800))}")["x"] == "\ufffd"


def test_another_input_beside_the_image_is_a_constant(tmp_path: Path) -> None:
    """A vector of 5 joined to the pooled map of 4 channels: 12 weights, then 9 x 2."""
    nodes = [
        onnx_files.node("Conv", ["x", "w"], ["c"]),
        onnx_files.node("GlobalAveragePool", ["c"], ["p"]),
        onnx_files.node("Flatten", ["p"], ["f"]),
        onnx_files.node("Concat", ["f", "other"], ["j"], axis=1),
        onnx_files.node("Gemm", ["j", "v"], ["y"]),
    ]
    stored = [onnx_files.weights("w", 4, 3, 1, 1), onnx_files.weights("v", 9, 2)]
    other = [onnx_files.tensor("other", (1, 5))]
    design = load(onnx_files.write(tmp_path, nodes, stored, inputs=other))
    text = spec_text(design)
    assert '{ op = "constant", name = "other", c = 5 },' in text
    (tmp_path / "net.toml").write_text(text)
    again = load(str(tmp_path / "net.toml"))
    assert counts(again.graph) == counts(design.graph)
    assert sum(sum(params.values()) for _, params, _ in counts(again.graph)) == 12 + 18


def test_what_cannot_be_costed_cannot_be_written(tmp_path: Path) -> None:
    """A spec has no row for it, and would not say that it is partial."""
    (tmp_path / "net.prototxt").write_text(small(layer("Roll") + layer("ReLU", "", "y", "z", "z")))
    design = load(str(tmp_path / "net.prototxt"), Settings(allow_unknown=True))
    with pytest.raises(CallError, match="'Roll' cannot be costed"):
        spec_text(design)
