"""Which ONNX files are refused, and what is then said? Broken, mutated and guessed ones."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import cost
from mnetcost.errors import MnetcostError, SpecError, UnknownOpError

from .onnx_files import model, node, numbers, tensor, weights, write
from .test_onnx import CONV, FLAT, STORED


def test_an_unknown_op_stops_with_its_name_layer_and_number(tmp_path: Path) -> None:
    """And where the user asks to go on, the result is partial."""
    nodes = [
        node("GridSample", ["x", "x"], ["a"], name="warp"),
        node("GridSample", ["a", "a"], ["b"]),
        node("Relu", ["b"], ["y"]),
    ]
    file = write(tmp_path, nodes, opset=16)
    with pytest.raises(UnknownOpError, match=r"GridSample \(2x, first at 'warp'\)"):
        load(file)
    assert cost(load(file, Settings(allow_unknown=True)).graph).status == "partial"


BROKEN: dict[str, tuple[Any, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"hello, world\n" * 9, "is no ONNX file"),
    "cut off": (model([CONV], STORED).SerializeToString()[:-9], "cut off"),
    "no graph": (b"\x08\x07", "holds no graph"),
    "a cycle": (model([node("Relu", ["y"], ["z"]), node("Relu", ["z"], ["y"])]), "reads 'y', which no input"),
    "a name twice": (
        model([node("Relu", ["x"], ["y"]), node("Relu", ["x"], ["y"])]),
        "which is given before",
    ),
    "an input twice": (model([CONV], STORED, inputs=[tensor("x", (1, 3))]), "two inputs have one name"),
    "an initializer twice": (model([CONV], [*STORED, *STORED]), "two initializers have this name"),
    "an output of nobody": (model([CONV], STORED, outputs=["nothing"]), "given by no node"),
    "a huge image": (model([CONV], STORED, image=(1, 3, 2**60, 2**60)), "are no map's"),
    "a map too large": (model([CONV], STORED, image=(1, 3, 2**30, 2**30)), "has more than"),
    "wrong channels": (model([CONV], [weights("w", 4, 5, 3, 3), STORED[1]]), "weights are for 5 channels"),
    "a window too large": (
        model([node("Conv", ["x", "w"], ["y"], name="c")], [weights("w", 4, 3, 9, 9)]),
        "a window of 9 does not fit",
    ),
    "a stride of 0": (
        model([node("Conv", ["x", "w"], ["y"], strides=[0, 0])], STORED),
        "'strides' must be a whole number from 1",
    ),
    "a bad reshape": (
        model([node("Reshape", ["x", "to"], ["y"])], [numbers("to", 5, -1)]),
        "cannot be read as",
    ),
    "a product of one number": (
        model([node("MatMul", ["x", "w"], ["y"])], [weights("w", 4, 5)], image=()),
        "MatMul",
    ),
    "axes that do not fit": (model([node("Transpose", ["x"], ["y"], perm=[0, 1])]), "does not fit"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_clear_error(case: str, tmp_path: Path) -> None:
    """It names the file and says what is wrong, on one line."""
    said, message = BROKEN[case]
    file = tmp_path / "net.onnx"
    file.write_bytes(said if isinstance(said, bytes) else said.SerializeToString())
    with pytest.raises(MnetcostError, match=message) as e:
        load(str(file))
    assert len(e.value.faults) == 1
    assert e.value.faults[0].file == str(file)


def test_a_tensor_whose_numbers_do_not_fit_its_axes_is_refused(tmp_path: Path) -> None:
    """Axes of 2**60 in a file of a few bytes are a lie."""
    made = model([CONV], STORED)
    made.graph.initializer[0].dims[0] = 2**60
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    with pytest.raises(SpecError, match="are no tensor's"):
        load(str(file))
    made.graph.initializer[0].dims[0] = 2**20
    file.write_bytes(made.SerializeToString())
    with pytest.raises(SpecError, match="its numbers take 432 bytes"):
        load(str(file))


def test_without_protobuf_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is one command away."""
    monkeypatch.setitem(sys.modules, "google.protobuf.message", None)
    with pytest.raises(SpecError, match=r"pip install 'mnetcost\[onnx\]'"):
        load(write(tmp_path, [CONV], STORED))


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    """Two thousand files with bytes changed, cut or doubled: a cost or a clear error, never a traceback."""
    whole = model(FLAT, [*STORED, numbers("to", 1, 64), weights("d", 64, 10)]).SerializeToString()
    file, chance, refused = tmp_path / "net.onnx", random.Random(4), 0
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(len(data))
            how = chance.randrange(4)
            if how == 0:
                data[at] = chance.randrange(256)
            elif how == 1:
                data[at] ^= 1 << chance.randrange(8)
            elif how == 2:
                del data[at : at + chance.randrange(1, 20)]
            else:
                data[at:at] = data[at : at + chance.randrange(1, 20)]
        file.write_bytes(data)
        try:
            cost(load(str(file), Settings(allow_unknown=True)).graph)
        except MnetcostError:
            refused += 1
    assert 200 < refused < 2000
