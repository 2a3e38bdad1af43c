"""What holds for every reader of model files: its row, its settings, its start and its speed."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from mnetcost.designs import Settings, contents, load
from mnetcost.designs.contents import Content, content, content_of
from mnetcost.designs.readers import READERS, REFUSED, reader_of
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError, SpecError

from . import keras_models, prototxts

FILES = {"net.prototxt": prototxts.mobilenet(), "net.json": keras_models.mobilenet()}


@pytest.mark.parametrize("suffix", READERS)
def test_every_suffix_has_a_reader(suffix: str) -> None:
    """A row of the table names a module with `read`, whatever the letters' case in the file's name."""
    assert callable(import_module(f"mnetcost.designs.{READERS[suffix]}").read)
    assert reader_of(f"a/b{suffix.upper()}") == READERS[suffix]


@pytest.mark.parametrize("suffix", READERS)
def test_what_is_no_file_is_one_error(suffix: str, tmp_path: Path) -> None:
    """Missing, a folder, empty, and bytes of nothing."""
    path = tmp_path / f"net{suffix}"
    with pytest.raises(SpecError, match="no such file"):
        load(str(path))
    path.mkdir()
    with pytest.raises(SpecError, match="is a folder"):
        load(str(path))
    path.rmdir()
    for data in (b"", b"\x00" * 100, b"\xff\xfe\x00\x01" * 50, b"PK\x03\x04", b"TFL3" * 9):
        path.write_bytes(data)
        with pytest.raises(SpecError):
            load(str(path))


def varint_field(tag: int, data: bytes) -> bytes:
    """A protobuf field of fewer than 128 bytes."""
    return bytes([tag, len(data)]) + data


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


PROTOTXT = prototxts.mobilenet().encode()
NODE = varint_field(0x0A, varint_field(0x0A, b"input") + varint_field(0x12, b"Placeholder"))
CONTENTS: dict[str, tuple[bytes, Content]] = {
    "a prototxt": (PROTOTXT, contents.PROTOTXT),
    "a prototxt behind comments": (b"# from a paper\n\n" * 99 + PROTOTXT, contents.PROTOTXT),
    "a prototxt that begins with its layer": (b'layer { name: "a" type: "Input" }', contents.PROTOTXT),
    "an old prototxt": (b'name: "a"\ninput: "data"\nlayers {\n name: "x" type: RELU }', contents.PROTOTXT),
    "a solver": (b'net: "train.prototxt"\nbase_lr: 0.1', contents.PROTOTXT),
    "JSON": (b'\n {"class_name": "Sequential"}', contents.JSON),
    "JSON behind a byte order mark": (b'\xef\xbb\xbf{"a": 1}', contents.JSON),
    "a spec": (b'# mine\nsource = "none"\nlayers = []', contents.SPEC),
    "ONNX": (b"\x08\x07" + varint_field(0x12, b"pytorch") + b"\x3a\x00", contents.ONNX),
    "ONNX without a producer": (b"\x08\x08\x3a\x10", contents.ONNX),
    "TFLite": (b"\x1c\0\0\0TFL3" + b"\0" * 9, contents.TFLITE),
    "HDF5": (b"\x89HDF\r\n\x1a\n" + b"\0" * 9, contents.HDF5),
    "a .keras archive": (zipped("metadata.json", "config.json", "model.weights.h5"), contents.KERAS_ARCHIVE),
    "PyTorch's zip": (zipped("net/data.pkl", "net/data/0"), contents.TORCH_ZIP),
    "TorchScript": (
        zipped("net/code/__torch__.py", "net/data.pkl", "net/constants.pkl", "net/config.json"),
        contents.TORCH_ZIP,
    ),
    "NumPy arrays": (zipped("a.npy", "b.npy"), contents.NPZ),
    "a pickle": (b"\x80\x02}q\0.", contents.PICKLE),
    "safetensors": ((40).to_bytes(8, "little") + b'{"a":{"dtype":"F32","shape":[1]}}', contents.SAFETENSORS),
    "GGUF": (b"GGUF\3\0\0\0", contents.GGUF),
    "a SavedModel": (b"\x08\x01\x12\x80\x02\x0a", contents.SAVED_MODEL),
    "a frozen graph": (NODE, contents.GRAPH_DEF),
    "a graph as text": (b'node {\n  name: "a"\n  op: "Placeholder"', contents.GRAPH_DEF),
    "a caffemodel": (varint_field(0x0A, b"net") + b"\xa2\x06\x10", contents.CAFFEMODEL),
    "Core ML": (b"\x08\x04" + varint_field(0x12, varint_field(0x0A, b"\x0a\x05image")), contents.CORE_ML),
    "OpenVINO": (b'<?xml version="1.0"?>\n<net name="a" version="11">', contents.OPENVINO),
    "ncnn": (b"7767517\n3 3\nInput data 0 1 data", contents.NCNN),
    "Darknet": (b"[net]\nbatch=1\n[convolutional]", contents.DARKNET),
    "a page": (b"\n<!DOCTYPE html>\n<html>", contents.PAGE),
    "an LFS pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0", contents.LFS),
    "a packed file": (b"\x1f\x8b\x08", contents.PACKED),
}


@pytest.mark.parametrize("case", CONTENTS)
def test_a_file_is_told_by_what_is_in_it(case: str, tmp_path: Path) -> None:
    """By its first bytes, and a zip by the names at its end."""
    data, found = CONTENTS[case]
    (tmp_path / "net.bin").write_bytes(data)
    assert content_of(tmp_path / "net.bin") == content(data, data) == found


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 99,
        b"hello",
        b"a = 1",
        b"PK\3\4",
        b"\x08\x07\x12\xff",
        b"\x0a\xff\xff\xff\xff\xff\xff",
        b"\xff" * 9,
    ],
)
def test_bytes_that_could_be_anything_are_taken_for_nothing(data: bytes) -> None:
    """The name's ending then says what it is."""
    assert content(data, data) is None


@pytest.mark.parametrize("name", ["test.pt", "net.txt", "deploy", "net.json", "net.onnx", "net.prototxt"])
def test_a_prototxt_is_read_under_any_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """py-faster-rcnn calls them test.pt; with or without a folder in front."""
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(PROTOTXT)
    want = cost(load(str(tmp_path / name)).graph)
    # thirteen pointwise layers and the classifier
    assert want.params_by_kind()["pointwise"] == 3_139_584 + 1_024_000
    assert cost(load(name).graph).work_by_kind() == want.work_by_kind()


def test_a_spec_is_read_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name without .toml, where the file begins as a spec does; a mistake in it keeps its line."""
    monkeypatch.chdir(tmp_path)
    text = 'source = "none"\nresolution = 8\nlayers = [{ op = "conv", out = 4 }]\n'
    Path("net.txt").write_text(text)
    assert load("net.txt").graph.nodes[-1].output == (8, 8, 4)
    Path("net.txt").write_text(text.replace("conv", "cnov"))
    with pytest.raises(SpecError, match=r"net\.txt:3: .*cnov"):
        load("net.txt")


@pytest.mark.parametrize(
    "case", [case for case, (_, found) in CONTENTS.items() if not found.reader and found is not contents.SPEC]
)
@pytest.mark.parametrize("name", ["net", "net.pt", "net.onnx"])
def test_what_is_no_design_is_called_what_it_is(case: str, name: str, tmp_path: Path) -> None:
    """With the way to a file that is read, and the list of what is; a name that is known says more than a
    weak likeness.
    """
    data, found = CONTENTS[case]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SpecError) as caught:
        load(str(tmp_path / name))
    if found.sure or name != "net.onnx":
        assert f"is {found.with_article}" in str(caught.value)
        assert found.hint in str(caught.value)
        assert all(suffix in str(caught.value) for suffix in READERS)


@pytest.mark.parametrize("ending", contents.NAMED)
def test_a_file_that_only_its_name_tells_is_called_so(ending: str, tmp_path: Path) -> None:
    """That it is a guess, what it is, the way to a file that is read, and what is read; no ending that a
    reader takes is among them.
    """
    file = tmp_path / f"net{ending.upper()}"
    file.write_text("not a model")
    with pytest.raises(SpecError) as caught:
        load(str(file))
    like = contents.NAMED[ending]
    assert f"is, judging by its name, {like.with_article}" in str(caught.value)
    assert like.hint
    assert all(suffix in str(caught.value) for suffix in (like.hint, ".toml", *READERS))
    assert ending not in READERS
    with pytest.raises(SpecError, match="no such file"):
        load(str(tmp_path / f"other{ending}"))


def test_a_folder_is_called_what_it_is(tmp_path: Path) -> None:
    """A SavedModel by the file in it."""
    with pytest.raises(SpecError, match="is a folder"):
        load(str(tmp_path))
    (tmp_path / "saved_model.pb").touch()
    with pytest.raises(SpecError, match="is a TensorFlow SavedModel"):
        load(str(tmp_path))


def test_a_file_that_nothing_tells_lists_what_is_read(tmp_path: Path) -> None:
    """Not a mistake of TOML in line 1."""
    (tmp_path / "net.xyz").write_text("hello, world")
    with pytest.raises(SpecError, match=r"is not a design.*\n.*\.toml.*\.prototxt"):
        load(str(tmp_path / "net.xyz"))


def test_a_shipped_name_is_a_shipped_design_whatever_lies_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file called v2 is asked for as ./v2."""
    monkeypatch.chdir(tmp_path)
    Path("v2").write_bytes(PROTOTXT)
    assert load("v2").spec
    assert not load("./v2").spec


def test_a_pipe_is_never_opened(tmp_path: Path) -> None:
    """Looking at the first bytes of what has none yet would wait for ever."""
    os.mkfifo(tmp_path / "net.pt")
    with pytest.raises(SpecError, match="there is no design"):
        load(str(tmp_path / "net.pt"))


@pytest.mark.parametrize("setting", REFUSED)
def test_a_file_says_why_it_cannot_follow_a_setting(setting: str, tmp_path: Path) -> None:
    """Its widths, layers, classes, channels and top are the file's."""
    (tmp_path / "net.json").write_text(FILES["net.json"])
    with pytest.raises(CallError) as caught:
        load(
            str(tmp_path / "net.json"),
            Settings(
                **{setting: {"alpha": 0.5, "classes": 10, "channels": 1, "top": False, "depth": 2.0}[setting]}
            ),
        )
    assert REFUSED[setting] in str(caught.value)


def test_a_design_may_be_a_file_with_settings(tmp_path: Path) -> None:
    """Behind a colon, as for every design."""
    (tmp_path / "net.json").write_text(FILES["net.json"])
    design = load(f"{tmp_path}/net.json:resolution=160,batch=2")
    assert (design.heading, design.rho, design.alpha) == ("net.json:resolution=160,batch=2", 160 / 224, 1.0)


def test_a_command_that_needs_widths_to_change_says_so(tmp_path: Path) -> None:
    """And names what to give it."""
    from mnetcost.designs import find_spec

    with pytest.raises(CallError, match="needs a design whose widths can change"):
        find_spec("mobilenet_v2.prototxt")


@pytest.mark.parametrize("name", FILES)
def test_reading_imports_no_library(name: str, tmp_path: Path) -> None:
    """Neither a framework nor a reader's library nor numpy."""
    (tmp_path / name).write_text(FILES[name])
    heavy = ("numpy", "google", "h5py", "rich", "tabulate", "tensorflow", "onnx")
    code = (
        f"import sys; from mnetcost.designs import load; load({str(tmp_path / name)!r}); print([m for m in"
        f" {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", FILES)
def test_an_ordinary_mobilenet_is_read_in_less_than_half_a_second(name: str, tmp_path: Path) -> None:
    """Read and costed, the best of three; it takes some 20 ms."""
    (tmp_path / name).write_text(FILES[name])
    taken = []
    for _ in range(3):
        start = time.perf_counter()
        cost(load(str(tmp_path / name)).graph)
        taken.append(time.perf_counter() - start)
    assert min(taken) < 0.5
