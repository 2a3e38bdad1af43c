"""How large is a design in memory and on disk? Its bytes layer by layer, its file part by part."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.ondisk import on_disk
from mnetcost.designs.programs import BITS
from mnetcost.engine.costs import cost
from mnetcost.engine.flash import flash
from mnetcost.engine.traffic import traffic
from mnetcost.errors import CallError, SpecError

from .onnx_files import elsewhere, model, node
from .tflite_files import T, conv, floats, write

FIELD = Path(__file__).parent / "field"

LAYERS = [  # of v1 at alpha 0.25, 96 pixels: what is read, weights, what is written, held; worked out by hand
    ("stem/conv", 96 * 96 * 3, 27 * 8 + 4 * 8, 48 * 48 * 8, 96 * 96 * 3 + 48 * 48 * 8),
    ("separable 1/depthwise", 48 * 48 * 8, 9 * 8 + 4 * 8, 48 * 48 * 8, 2 * 48 * 48 * 8),
    ("separable 1/pointwise", 48 * 48 * 8, 8 * 16 + 4 * 16, 48 * 48 * 16, 48 * 48 * 24),
    ("pool", 3 * 3 * 256, 0, 256, 3 * 3 * 256 + 256),
    ("classifier", 256, 256 * 1000 + 4 * 1000, 1000, 1256),
]


@pytest.mark.parametrize(("name", "reads", "weights", "writes", "held"), LAYERS)
def test_bytes_that_a_layer_moves(name: str, reads: int, weights: int, writes: int, held: int) -> None:
    """As int8; as int16 the maps and the biases are twice as large, and the weights are not."""
    costs = cost(load("v1:alpha=0.25,resolution=96").graph)
    found = {m.layers[0].name: m for m in traffic(costs, 8, "int8")}[name]
    assert (found.reads, found.weights, found.writes, found.held) == (reads, weights, writes, held)
    assert found.bytes == reads + weights + writes
    wide = {m.layers[0].name: m for m in traffic(costs, 16, "int8")}[name]
    biases = 4 * found.layers[0].output.c if weights else 0
    assert (wide.reads, wide.weights, wide.writes) == (2 * reads, weights + biases, 2 * writes)


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize(
    "design", ["v1", "v2:alpha=0.35", "v3-small", "keras/v3-large", "resnet50", "squeezenet-1.1"]
)
def test_layers_add_up_to_the_design(design: str, dtype: str) -> None:
    """Their weights are the design's, their MAdds too, and the most that is held is the peak."""
    document = mnetcost.report(design, memory=True, dtype=dtype)
    total = dict(zip([c.key for c in document.tables[0].columns], document.tables[0].footer[-1], strict=True))
    stored = flash(cost(load(design).graph), {"int16": "int8"}.get(dtype, dtype))
    assert total["weights"] == stored.total + (stored.biases if dtype == "int16" else 0)
    assert total["madds"] == document.data["totals"]["madds"]
    peaks = {p["planner"]["name"]: p["peak_bytes"] for p in document.data["memory"]["planners"]}
    assert (
        total["held"]
        == peaks["liveness"]
        == mnetcost.memory(design, planner="liveness", dtype=dtype).data["peak_bytes"]
    )
    assert sum(row["writes"] for row in document.tables[0].records()) == total["writes"]


def test_a_shared_layer_reads_its_weights_again(tmp_path: Path) -> None:
    """They are stored once."""
    path = tmp_path / "net.toml"
    path.write_text(
        'resolution = 8\nlayers = [{ op = "conv", name = "a", kernel = 3, out = 3, bias = true },'
        ' { op = "conv", name = "b", kernel = 3, out = 3, bias = true, weights = "a" }]\n'
    )
    costs = cost(load(str(path)).graph)
    assert [m.weights for m in traffic(costs, 8, "int8")] == [81 + 12, 81 + 12]
    assert flash(costs).total == 81 + 12


def test_what_is_not_known_is_named_and_left_empty() -> None:
    """A layer norm as int8, and what TensorFlow Lite makes of it; as float32 all is known."""
    text = (
        CliRunner().invoke(cli, ["report", "convnext-tiny", "--memory", "--by", "block", "--top", "2"]).output
    )
    assert "the bytes as int8 are not known: layer 'stem norm' (layer_norm) has parameters of its own" in text
    data = mnetcost.report("convnext-tiny", memory=True).data
    assert data["memory"]["weights"][1] == {
        "dtype": "int8", "folded": None, "kept": None, "scales": None, "zero_points": None
    }  # fmt: skip
    layers = {x["name"]: x["memory"] for x in data["layers"]}
    assert (layers["stem norm"], layers["stem"]["weights"], layers["stem"]["intensity"]) == (None, None, None)
    whole = mnetcost.report("convnext-tiny", memory=True, dtype="float32")
    assert whole.tables[0].footer[-1][-3] is not None


def test_the_line_of_a_report() -> None:
    """Memory by a named planner, weights by type, and the file's own size."""
    line = (
        "memory: 1,505,280 bytes at the peak as int8 (liveness); on disk, in bytes: 14,019,488 as float32,"
        " 14,155,936 with running statistics, 3,541,984 as int8 (batch norm folded)"
    )
    assert line in mnetcost.report("v2").notes
    file = FIELD / "file-detection.tflite"
    assert (
        f"the file: {file.stat().st_size:,} bytes, its weights 5,268" in mnetcost.report(str(file)).notes[-4]
    )
    assert any("memory: not known" in note for note in mnetcost.report(str(file), batch=4).notes)


SEEN = [("d/conv", (43, 19), 4, "no"), ("sum", (19, 19), 4, "no"), ("side/conv", (11, 11), 4, "yes")]


@pytest.mark.parametrize(("name", "size", "step", "aligned"), SEEN)
def test_what_a_layer_sees_is_a_column(
    name: str, size: tuple[int, int], step: int, aligned: str, tmp_path: Path
) -> None:
    """The longest way counts."""
    path = tmp_path / "net.toml"
    path.write_text(
        """resolution = 96
layers = [
  { op = "conv_norm", name = "a", out = 8, kernel = 3, stride = 2 },
  { op = "depthwise_norm", name = "b", dilation = 2 },
  { op = "conv_norm", name = "c", out = 8, kernel = 5, stride = 2 },
  { op = "conv_norm", name = "side", from = "b", out = 8, kernel = 1, stride = 2 },
  { op = "add", name = "sum", from = ["c", "side"] },
  { op = "conv_norm", name = "d", out = 8, kernel = [3, 1], dilation = 3 },
]
"""
    )
    document = mnetcost.report(str(path), receptive=True, everything=True)
    row = next(r for r in document.tables[0].records() if r["name"] == name)
    assert (row["rf"], row["rf_stride"], row["rf_aligned"]) == (size, (step, step), aligned)
    one = next(x for x in document.data["layers"] if x["name"] == name)["receptive"]
    assert (one["rf"], one["stride"]) == (list(size), [step, step])
    both = mnetcost.report(str(path), receptive=True, memory=True, by="block")
    assert {"rf", "held"} <= {c.key for c in both.tables[0].columns}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"by": "kind", "memory": True}, "of layers, not of kinds"),
        ({"by": "resolution", "receptive": True}, "of layers and blocks, not by resolution"),
        ({"dtype": "int8"}, "a type of maps is for the view of memory"),
        ({"memory": True, "dtype": "int4"}, "dtype must be one of"),
        ({"memory": True, "sort": "params"}, "there is no column 'params'"),
    ],
)
def test_what_a_view_does_not_know_is_refused(asked: dict[str, object], words: str) -> None:
    with pytest.raises(CallError, match=words):
        mnetcost.report("v2", **asked)  # type: ignore[arg-type]


def test_narrow_terminals_keep_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """80 columns: no row is wider, and what is held stays, rounded beside its bar: 94,080 bytes."""
    monkeypatch.setenv("COLUMNS", "80")
    text = (
        CliRunner()
        .invoke(cli, ["report", "v2", "--memory", "--by", "block", "--color", "always"], color=False)
        .output
    )
    rows = [line for line in text.splitlines() if "bottleneck 7" in line]
    assert len(rows) == 1
    assert len(re.sub(r"\x1b\[[0-9;]*m", "", rows[0])) <= 80
    assert "91.9 KiB" in rows[0]


# Files: their parts add up to their size.


@pytest.mark.parametrize(
    "file", sorted(FIELD.glob("*.onnx")) + sorted(FIELD.glob("*.tflite")), ids=lambda f: f.name
)
def test_parts_add_up_to_the_file(file: Path) -> None:
    """And what is read as weights is not more than these."""
    found = on_disk(str(file))
    assert found.bytes == file.stat().st_size
    assert all(n >= 0 for _, n in found.parts)


def test_parts_of_a_tflite_file(tmp_path: Path) -> None:
    """Weights and biases by what reads them; two tensors of one buffer count once."""
    file = write(
        tmp_path,
        {"x": T((1, 8, 8, 3)), "w": floats(4, 3, 3, 3), "b": floats(4), "y": T((1, 8, 8, 4))},
        [conv("x", "w", "y", bias="b")],
    )
    parts = dict(on_disk(file).parts)
    assert (parts["weights"], parts["biases"]) == (4 * 108, 16)
    assert sum(parts.values()) == Path(file).stat().st_size


def test_parts_of_an_onnx_file_and_what_is_beside_it(tmp_path: Path) -> None:
    """External data is looked for beside the file, never above it, and never opened."""
    made = model([node("Conv", ["x", "w", "b"], ["y"])], [elsewhere("w", 4, 3, 3, 3), elsewhere("b", 4)])
    for t in made.graph.initializer:
        t.external_data.add(key="length", value=str(4 * (108 if t.name == "w" else 4)))
    made.graph.doc_string = "d" * 1000
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    missing = on_disk(str(file))
    assert missing.elsewhere == (("net.onnx.data", None),)
    assert missing.bytes == file.stat().st_size
    assert dict(missing.parts)["descriptions"] > 1000
    assert "weights" not in dict(missing.parts)
    (tmp_path / "net.onnx.data").write_bytes(bytes(500))
    found = on_disk(str(file))
    assert found.bytes == file.stat().st_size + 500
    assert dict(found.parts)["weights"] == 448
    for t in made.graph.initializer:
        del t.external_data[1:]
    file.write_bytes(made.SerializeToString())
    assert dict(on_disk(str(file)).parts)["weights"] == 500  # without a length, to the end of the file
    for t in made.graph.initializer:
        t.external_data[0].value = "../net.onnx.data"
    (tmp_path / "inner").mkdir()
    inner = tmp_path / "inner" / "net.onnx"
    inner.write_bytes(made.SerializeToString())
    assert on_disk(str(inner)).elsewhere == (("../net.onnx.data", None),)


def test_parts_of_a_keras_archive(tmp_path: Path) -> None:
    """Its weights number by number, the optimizer's state apart; a packed file of weights as a whole."""
    import h5py

    inner = tmp_path / "model.weights.h5"
    with h5py.File(inner, "w") as f:
        f.create_dataset("layers/conv/vars/0", data=[[1.0] * 30] * 10, dtype="f4")
        f.create_dataset("optimizer/vars/0", data=[1.0] * 7, dtype="f4")
    config = json.dumps({"class_name": "Sequential", "config": {"layers": []}})
    for kind, name in ((zipfile.ZIP_STORED, "plain"), (zipfile.ZIP_DEFLATED, "packed")):
        file = tmp_path / f"{name}.keras"
        with zipfile.ZipFile(file, "w", kind) as z:
            z.writestr("metadata.json", "{}")
            z.writestr("config.json", config)
            z.write(inner, "model.weights.h5")
        parts = dict(on_disk(str(file)).parts)
        assert sum(parts.values()) == file.stat().st_size
        assert "config" in parts
        if name == "plain":
            assert (parts["weights"], parts["optimizer"]) == (1200, 28)
        else:
            assert parts["weights, compressed"] < inner.stat().st_size
    assert dict(on_disk(str(inner)).parts)["weights"] == 1200


@pytest.mark.parametrize("name", ["net.tflite", "net.onnx", "net.keras", "net.h5"])
def test_files_cut_off_are_one_clear_error(name: str, tmp_path: Path) -> None:
    heads = {
        "net.tflite": b"\x1c\0\0\0TFL3" + bytes(40),
        "net.onnx": b"\x08\x08\x3a\xff\xff\x01",
        "net.keras": b"PK\3\4",
    }
    file = tmp_path / name
    file.write_bytes(heads.get(name, b"\x89HDF\r\n\x1a\n" + bytes(30)))
    with pytest.raises(SpecError, match=name):
        on_disk(str(file))
