"""Every command answers with the versions of its libraries that are installed; `.ci/run` runs this once
more with the lowest allowed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .calls import CALLS

TOP = Path(__file__).resolve().parent.parent
EVERY = [call for calls in CALLS.values() for call in calls]
STYLES = [["report", "v2", "--format", style] for style in ("markdown", "latex", "html", "svg")]
CONV = {
    "name": "conv",
    "filters": 4,
    "kernel_size": [3, 3],
    "strides": [1, 1],
    "padding": "same",
    "use_bias": False,
}
LAYERS = [
    {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": [None, 8, 8, 3]}},
    {"class_name": "Conv2D", "config": CONV},
]
MODEL = {"class_name": "Sequential", "config": {"name": "net", "layers": LAYERS}}


def run(folder: Path, *call: str, closed: bool = False) -> subprocess.CompletedProcess[str]:
    """Run the program, with `closed` as a shell's `>&-` does."""
    env = {**os.environ, "PYTHONPATH": str(TOP)}
    command = [sys.executable, "-m", "mnetcost", *call]
    if closed:
        command = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("call", EVERY + STYLES, ids=" ".join)
def test_every_command_answers(tmp_path: Path, call: list[str]) -> None:
    """In an empty folder, and with nothing on stderr."""
    done = run(tmp_path, *call)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


@pytest.mark.parametrize(
    "call",
    [calls[0] for calls in CALLS.values()] + [["--help"], ["scale", "v1", "--format", "npz"]],
    ids=" ".join,
)
def test_a_closed_stdout_is_no_error(tmp_path: Path, call: list[str]) -> None:
    """Nobody reads the answer, and 1 would mean over budget."""
    done = run(tmp_path, *call, closed=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_says_the_same(tmp_path: Path) -> None:
    """With stdout closed too."""
    for closed in (False, True):
        done = run(tmp_path, "report", "v2", "--alpa", "1", closed=closed)
        assert (done.returncode, done.stderr) == (
            2,
            "error: no such option '--alpa'\n  hint: did you mean '--alpha'?\n",
        )


@pytest.mark.parametrize("name", ["net.png", "net.pdf"])
def test_every_kind_of_picture_is_written(tmp_path: Path, name: str) -> None:
    """Through vl-convert, of the charts and of a terminal."""
    pytest.importorskip("vl_convert")
    for call in (["report", "v2"], ["compare", "v1", "v2"]):
        done = run(tmp_path, *call, "-o", name)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / name).read_bytes()[:4] in (b"\x89PNG", b"%PDF")


def test_every_kind_of_model_file_is_read(tmp_path: Path) -> None:
    """Through protobuf, flatbuffers and h5py: 3 x 3 x 3 x 4 weights in two of them."""
    h5py = pytest.importorskip("h5py")
    from .tflite_files import T, conv, floats, write

    with h5py.File(tmp_path / "net.h5", "w") as f:
        f.attrs["model_config"] = json.dumps(MODEL)
    tensors = {"x": T((1, 8, 8, 3)), "w": floats(4, 3, 3, 3), "y": T((1, 8, 8, 4))}
    tflite = write(tmp_path, tensors, [conv("x", "w", "y")])
    for file, params in (
        (tmp_path / "net.h5", 108),
        (Path(tflite), 108),
        (TOP / "tests/field/zoo-group-norm.onnx", None),
    ):
        done = run(tmp_path, "report", str(file), "--format", "json")
        assert done.returncode == 0, done.stderr
        assert params in (None, json.loads(done.stdout)["totals"]["params"])
