"""Is the arena of the interpreter beside the prediction, and is every way in which it fails a clear error?"""

from __future__ import annotations

import builtins
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.designs.tflite import interpret
from mnetcost.designs.tflite.detections import numbers
from mnetcost.designs.tflite.interpreter import LARGEST_ARENA, Arena, measure, read_report, run
from mnetcost.errors import CallError, SpecError

from . import tflite_files
from .test_cli import run as call

TRUTH = json.loads((Path(__file__).parent / "truth" / "arenas.json").read_text("utf-8"))
FILES = Path(__file__).parent / "truth" / "arenas"
CHAIN = str(FILES / "chain.tflite")

PRINTED = """\
Arena allocation total 23616 bytes
Arena allocation head 20480 bytes
Arena allocation tail 3136 bytes
'TfLiteEvalTensor data' used 480 bytes with alignment overhead (requested 480 bytes for 20 allocations)
'Persistent TfLiteTensor data' used 192 bytes with alignment overhead (requested 192 bytes for 3 tensors)
'Persistent buffer data' used 1176 bytes with alignment overhead (requested 1144 bytes for 20 allocations)
"""
REPORT = "".join(f"[RecordingMicroAllocator] {line}\n" for line in PRINTED.splitlines())
"""As tflite-micro 0.dev20261023182759 prints it."""


def test_the_report_of_the_interpreter_is_read() -> None:
    """Text that it printed, kept here."""
    assert read_report("net.tflite", "0.dev20261023182759", REPORT) == Arena(
        "0.dev20261023182759",
        20480,
        3136,
        {
            "TfLiteEvalTensor data": 480,
            "Persistent TfLiteTensor data": 192,
            "Persistent buffer data": 1176,
        },
    )


@pytest.mark.parametrize(
    "report", ["", "Segmentation", REPORT.replace("tail 3136", "tail 3137"), REPORT[:80]]
)
def test_a_report_of_another_form_is_refused(report: str) -> None:
    """Of another version, say; also where the parts do not add up."""
    with pytest.raises(SpecError, match="the report of the interpreter 9 is of an unknown form"):
        read_report("net.tflite", "9", report)


@pytest.mark.parametrize("name", TRUTH["files"])
def test_the_interpreter_reports_what_is_predicted(name: str) -> None:
    """Here and now, on the files whose figures are kept."""
    pytest.importorskip("tflite_micro")
    found = mnetcost.memory(str(FILES / f"{name}.tflite"), measure=True).data
    row = found["measured"]
    assert row["equal"]
    assert (
        row["head_bytes"]
        == row["predicted_head_bytes"]
        == found["arena_bytes"]
        == TRUTH["files"][name]["head"]
    )
    assert row["head_bytes"] + row["tail_bytes"] == row["total_bytes"]
    if row["version"].partition("-")[0] == TRUTH["tflite_micro"].partition("-")[0]:
        assert row["tail_bytes"] == TRUTH["files"][name]["tail"]
    assert 0 < sum(row["tail_parts"].values()) <= row["tail_bytes"]


def test_what_is_measured_stands_below_what_is_predicted() -> None:
    """And the parts of the tail add up."""
    pytest.importorskip("tflite_micro")
    said = call("memory", CHAIN, "--measure").stdout
    assert (
        "\narena: 2,400 bytes (2.34 KiB)\nmeasured: 2,400 bytes, as predicted; with persistent data of"
        in said
    )
    assert "measured with tflite-micro " in said
    tables = {table.title: table for table in mnetcost.memory(CHAIN, measure=True).tables}
    ((_, total),) = tables["tail"].footer
    assert sum(row[1] for row in tables["tail"].rows) == total


def test_a_difference_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its sign; in JSON `equal` is false."""
    from mnetcost.analyses.fit import measuring

    monkeypatch.setattr(measuring, "measure", lambda file, planned: Arena("9", planned + 48, 100, {}))
    found = mnetcost.memory(CHAIN, measure=True)
    assert any("2,448 bytes, +48 against the prediction" in line for line in found.lead)
    assert found.data["measured"]["equal"] is False


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["v2"], "the interpreter runs TFLite files, and v2 is none"),
        ([CHAIN, "--planner", "cmsis-nn"], "the interpreter does not plan as 'cmsis-nn'"),
        ([CHAIN, "--planner", "liveness"], "hint: --planner tflm"),
        (["v2", "--split", "2"], "--measure runs a file whole, and not in pieces"),
    ],
)
def test_what_cannot_be_measured_says_why(arguments: list[str], message: str) -> None:
    """Before anything is run."""
    answer = call("memory", *arguments, "--measure")
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_without_the_package_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An interpreter of Python that has none of our libraries."""
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    answer = call("memory", CHAIN, "--measure")
    assert answer.exit_code == 2
    assert "the interpreter is in the package tflite-micro" in answer.stderr
    assert "hint: pip install 'mnetcost[tflm]'" in answer.stderr


def test_the_program_that_runs_it_ends_with_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing."""
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "tflite_micro":
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", without)
    assert interpret.main(CHAIN, "1000") == interpret.MISSING


def test_what_the_interpreter_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    """An operator that it does not have, and an arena that is too small."""
    pytest.importorskip("tflite_micro")
    tensors = {
        "x": tflite_files.T((1, 8, 8, 4)),
        "m": tflite_files.ints(1, 2, 2, 1),
        "y": tflite_files.T((1, 16, 16, 4)),
    }
    file = tflite_files.write(tmp_path, tensors, [tflite_files.O("RFFT2D", ("x", "m"), ("y",))])
    with pytest.raises(
        SpecError, match="the interpreter refuses it: Didn't find op for builtin opcode 'RFFT2D'"
    ):
        measure(file, 2048)
    with pytest.raises(SpecError, match="the interpreter refuses it: Failed to allocate tail memory"):
        run(CHAIN, 1000)


def test_a_crash_of_the_interpreter_is_an_error_of_ours() -> None:
    """An arena larger than its numbers; `measure` asks for none so large."""
    pytest.importorskip("tflite_micro")
    with pytest.raises(SpecError, match="the interpreter crashed on it \\(Segmentation fault\\)"):
        run(CHAIN, 4_000_000_000)
    with pytest.raises(SpecError, match="is too large for the interpreter"):
        measure(CHAIN, LARGEST_ARENA)


def test_a_tflite_file_is_planned_at_its_own_size() -> None:
    """Its tensors have sizes; another would be the memory of no file."""
    with pytest.raises(CallError, match="a TFLite file is planned at its own size"):
        mnetcost.memory(CHAIN, resolution=40)
    assert mnetcost.memory(CHAIN, resolution=20).data["arena_bytes"] == 2400


DETECTOR = Path(__file__).parent / "field" / "file-detection.tflite"


def with_numbers(data: bytes, **numbers: int) -> bytes:
    """The detector with other numbers in the options of its last operator, each a byte of them."""
    changed = bytearray(data)
    for key, value in numbers.items():
        for at in range(len(data)):
            tried = bytearray(changed)
            tried[at] = value
            if told(bytes(tried)) == {**told(bytes(changed)), key: value} != told(bytes(changed)):
                changed = tried
                break
        else:
            raise AssertionError(key)
    return bytes(changed)


def told(data: bytes) -> dict[str, int]:
    """What a file says of its detections."""
    import tflite

    try:
        graph = tflite.Model.GetRootAsModel(data, 0).Subgraphs(0)
        last = graph.Operators(graph.OperatorsLength() - 1)
        return numbers(bytes(last.CustomOptions(i) for i in range(last.CustomOptionsLength())))
    except Exception:
        return {}


@pytest.mark.parametrize(
    ("changed", "head"),
    [
        ({}, 69_136),
        ({"max_detections": 3}, 33_296),
        ({"num_classes": 90}, 151_056),
        ({"max_detections": 100}, 529_936),
    ],
)
def test_the_memory_of_a_detector_is_that_of_its_options(
    changed: dict[str, int], head: int, tmp_path: Path
) -> None:
    """Its last kernel asks for eleven buffers, by the most boxes and the classes that its options say."""
    file = tmp_path / "detector.tflite"
    file.write_bytes(with_numbers(DETECTOR.read_bytes(), **changed))
    assert mnetcost.memory(str(file)).data["arena_bytes"] == head
    if importlib.util.find_spec("tflite_micro"):
        assert mnetcost.memory(str(file), measure=True).data["measured"]["head_bytes"] == head


@pytest.mark.parametrize("options", [b"", b"abc", b"\x00" * 40, bytes(range(200)), b"\xff" * 300])
def test_options_that_say_no_numbers_are_none(options: bytes) -> None:
    """Whatever the bytes are."""
    assert numbers(options) == {}
