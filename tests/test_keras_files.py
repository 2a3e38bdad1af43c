"""In which files may a Keras model stand, and which of them are refused?"""

from __future__ import annotations

import json
import resource
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mnetcost.designs import load
from mnetcost.engine.costs import cost
from mnetcost.errors import SpecError

from . import keras_models as models
from .test_keras import K3, Read, counts, one, reading, sequential


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return reading(tmp_path)


def wrapped(how: str, said: dict[str, Any]) -> Any:
    """A model's config as a file of that origin holds it."""
    beside = {"keras_version": "2.9.0", "backend": "tensorflow"}
    return {
        "bare": said,
        "a text within JSON": json.dumps(said),
        "the attributes of an .h5 file": {**beside, "model_config": json.dumps(said)},
        "TensorFlow.js, saved in the browser": {
            "modelTopology": {**said, "keras_version": "tfjs-layers 1.3.1"},
            "weightsManifest": [],
        },
        "TensorFlow.js, converted": {
            "format": "layers-model",
            "modelTopology": {**beside, "model_config": said},
            "weightsManifest": [],
        },
        "TensorFlow.js, as texts": {"modelTopology": json.dumps({"model_config": json.dumps(said)})},
    }[how]


WRAPPINGS = (
    "bare",
    "a text within JSON",
    "the attributes of an .h5 file",
    "TensorFlow.js, saved in the browser",
)


@pytest.mark.parametrize("how", [*WRAPPINGS, "TensorFlow.js, converted", "TensorFlow.js, as texts"])
@pytest.mark.parametrize("dialect", [3, 2])
def test_a_config_is_found_in_every_wrapping(how: str, dialect: int, read: Read) -> None:
    """`to_json()`, and the `model.json` of TensorFlow.js, whether its topology is the config or holds it."""
    assert counts(cost(read(json.dumps(wrapped(how, sequential(dialect)))).graph)) == (1024, 16, 16)


NO_MODELS: list[tuple[Any, str]] = [
    (
        {"format": "graph-model", "modelTopology": {"node": [], "library": {}}},
        "is a TensorFlow.js graph model",
    ),
    ({"modelTopology": {"node": []}, "weightsManifest": []}, "is a TensorFlow.js graph model"),
    ({"weightsManifest": []}, "has no 'modelTopology'"),
    ({"nodes": [], "arg_nodes": [], "heads": []}, "is an MXNet symbol"),
    ({"architectures": ["X"], "model_type": "x"}, "is a Hugging Face configuration"),
    ({"irVersion": "8", "graph": {}}, "is an ONNX model written as JSON"),
    ({"modelTopology": 3}, "is no Keras model"),
    ({"modelTopology": "{"}, "the text in it is no JSON"),
    ("{", "the text in it is no JSON"),
    ({"model_config": None}, "is no Keras model"),
]


@pytest.mark.parametrize(("said", "message"), NO_MODELS, ids=[m[1][:30] for m in NO_MODELS])
def test_a_json_that_is_no_keras_model_is_called_what_it_is(said: Any, message: str, read: Read) -> None:
    """And the hint says how to get one that is read."""
    with pytest.raises(SpecError) as caught:
        read(json.dumps(said))
    assert message in str(caught.value)
    assert "hint:" in str(caught.value)


@pytest.mark.parametrize("ending", [".json", ".keras", ".h5", ".txt", ""])
def test_a_container_is_told_by_its_bytes(ending: str, tmp_path: Path) -> None:
    """An .h5 file may be called .keras, an archive .h5; Keras itself has written both."""
    path = tmp_path / f"net{ending}"
    path.write_text(one("Conv2D", {"filters": 6, **K3}))
    assert counts(cost(load(str(path)).graph))[1] == 216
    archive(path, one("Conv2D", {"filters": 6, **K3}))
    assert counts(cost(load(str(path)).graph))[1] == 216
    path.unlink()
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = one("Conv2D", {"filters": 6, **K3})
    assert counts(cost(load(str(path)).graph))[1] == 216


def archive(path: Path, text: str, name: str = "config.json", kind: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", kind) as z:
        z.writestr(name, text)
        z.writestr("model.weights.h5", b"weights")
    return str(path)


def test_an_archive_is_read_in_memory(tmp_path: Path) -> None:
    """The config of a .keras file says what its JSON would."""
    file = archive(tmp_path / "net.keras", models.mobilenet())
    assert counts(cost(load(file).graph)) == (568_740_352, 4_253_864, 4_231_976)
    assert [p.name for p in tmp_path.iterdir()] == ["net.keras"]


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    """Names that point outside, a config that unpacks without end, other compressions, cut files."""
    good = models.mobilenet()
    for file, message in (
        (archive(tmp_path / "a.keras", good, "../config.json"), "points outside of it"),
        (archive(tmp_path / "b.keras", good, "/config.json"), "points outside of it"),
        (archive(tmp_path / "c.keras", good, "other.json"), "holds no config.json"),
        (archive(tmp_path / "d.keras", " " * (17 << 20)), "larger than 16,777,216 bytes"),
        (
            archive(tmp_path / "e.keras", good, kind=zipfile.ZIP_LZMA),
            "compressed in a way that Keras does not use",
        ),
    ):
        with pytest.raises(SpecError, match=message):
            load(file)
    whole = Path(archive(tmp_path / "f.keras", good)).read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "f.keras").write_bytes(whole[:cut])
        with pytest.raises(SpecError, match="no whole"):
            load(str(tmp_path / "f.keras"))


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The size is checked again while the config is read."""
    path = Path(archive(tmp_path / "lie.keras", " " * (17 << 20)))
    data = path.read_bytes().replace((17 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(SpecError, match="whole"):
        load(str(path))


def test_an_h5_file_is_read_for_its_config(tmp_path: Path) -> None:
    """With the extra `keras`; its weights are not read."""
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = one("Conv2D", {"filters": 6, **K3})
    assert counts(cost(load(str(path)).graph))[1] == 216
    with h5py.File(path, "w") as f:
        f.attrs["layer_names"] = ["a"]
    with pytest.raises(SpecError, match="weights only"):
        load(str(path))
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 50)
    with pytest.raises(SpecError, match="cannot be read as HDF5"):
        load(str(path))


LAYOUTS = {
    "as Keras writes it": {},
    "as the newest HDF5 writes it": {"libver": "latest"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["any length", "a fixed length", "among many"])
def test_an_h5_file_with_a_config_larger_than_any_is_refused_unread(
    tmp_path: Path, layout: str, kind: str
) -> None:
    """HDF5 makes room for as many bytes as a file of 3 kB says it has; what is said is looked at before."""
    path, text = tmp_path / "net.h5", one("Conv2D", {"filters": 6, **K3})
    with h5py.File(path, "w", **LAYOUTS[layout]) as f:
        for n in range(20 if kind == "among many" else 0):  # more than the object's head holds
            f.attrs[f"a{n}"] = n
        if kind == "a fixed length":
            f.attrs.create("model_config", np.bytes_(text.encode()))
        else:
            f.attrs["model_config"] = text
    assert counts(cost(load(str(path)).graph))[1] == 216
    said, lie = (len(text).to_bytes(4, "little"), (4_000_000_000).to_bytes(4, "little"))
    data = path.read_bytes()
    assert said in data
    path.write_bytes(data.replace(said, lie))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # of the newest layout
    with pytest.raises(SpecError, match=r"its model_config is larger than 16,777,216 bytes|checksum"):
        load(str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_an_h5_file_with_several_configs_holds_none(tmp_path: Path) -> None:
    """A list of texts could name one text many times over."""
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as f:
        f.attrs.create("model_config", ["{}"] * 3, dtype=h5py.string_dtype())
    with pytest.raises(SpecError, match="weights only"):
        load(str(path))
