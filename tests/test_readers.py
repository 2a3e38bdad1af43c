"""What holds for every reader of model files: its row, its settings, its start and its speed."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from mnetcost.designs import Settings, load
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


@pytest.mark.parametrize("setting", REFUSED)
def test_a_file_says_why_it_cannot_follow_a_setting(setting: str, tmp_path: Path) -> None:
    """Its widths, classes and top are the file's."""
    (tmp_path / "net.json").write_text(FILES["net.json"])
    with pytest.raises(CallError) as caught:
        load(str(tmp_path / "net.json"), Settings(**{setting: {"alpha": 0.5, "classes": 10, "top": False}[setting]}))
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
    code = f"import sys; from mnetcost.designs import load; load({str(tmp_path / name)!r}); print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent.parent)
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
