"""Is a design planned as what TensorFlow Lite's converter makes of it, for every op that it says it knows?"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.fit.plans import Planned, planned
from mnetcost.designs.planners import load_planner
from mnetcost.designs.programs import load_planned
from mnetcost.designs.settings import Settings
from mnetcost.engine.memory.program import Operation, Tensor, Window
from mnetcost.engine.memory.tflm import SCRATCH
from mnetcost.errors import MnetcostError, SpecError

TRUTH = Path(__file__).parent / "truth"
ROWS = json.loads((TRUTH / "lowering.json").read_text("utf-8"))["rows"]
MODELS = json.loads(gzip.decompress((TRUTH / "lowering_models.json.gz").read_bytes()))
FEW = 12
"""More rows than this must be of one order, or the heads would not be tested."""


def plan_of(name: str, dtype: str, folder: Path) -> Planned:
    """The plan of a row's net."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(MODELS[name]))
    return planned(load_planned(str(file), Settings()), load_planner("tflm"), dtype)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("name", ROWS)
def test_a_net_is_lowered_as_the_converter_lowers_it(name: str, dtype: str, tmp_path: Path) -> None:
    """Its operators, and the head of the arena where the operators can run in one order only."""
    row = ROWS[name][dtype]
    found = plan_of(name, dtype, tmp_path)
    assert Counter(o.type for o in found.program.operations) == Counter(row["operators"])
    if row["head"] is not None and found.program.one_order():
        assert found.plan.arena_bytes == row["head"]


def test_most_rows_hold_the_head(tmp_path: Path) -> None:
    """Of the nets of which the interpreter runs the file, most have one order."""
    held = [
        name
        for name, row in ROWS.items()
        if row["int8"]["head"] and plan_of(name, "int8", tmp_path).program.one_order()
    ]
    assert len(held) > FEW


def test_branches_of_unknown_order_are_named(tmp_path: Path) -> None:
    """Measured: the arena of the branched net differs, and the answer says that it may."""
    row = ROWS["branched"]["int8"]
    file = tmp_path / "branched.json"
    file.write_text(json.dumps(MODELS["branched"]))
    found = mnetcost.memory(str(file))
    assert found.data["one_order"] is False
    assert found.data["arena_bytes"] != row["head"]
    assert any("its branches run in the order of the design" in note for note in found.notes)
    straight = mnetcost.memory("keras/v2:alpha=0.35,resolution=96")
    assert straight.data["one_order"] is True
    assert not any("its branches run" in note for note in straight.notes)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ({"class_name": "Activation", "config": {"activation": "selu"}}, "selu"),
        ({"class_name": "Activation", "config": {"activation": "mish"}}, "mish"),
        ({"class_name": "LayerNormalization", "config": {}}, "layer_norm"),
    ],
)
def test_what_cannot_be_foretold_is_refused_by_name(
    layer: dict[str, object], name: str, tmp_path: Path
) -> None:
    """The converter writes these as several operators, which differ between types."""
    image = {"class_name": "InputLayer", "config": {"batch_shape": [1, 8, 8, 3]}}
    file = tmp_path / "net.json"
    file.write_text(json.dumps({"class_name": "Sequential", "config": {"layers": [image, layer]}}))
    with pytest.raises(SpecError, match=f"how TensorFlow Lite writes '{name}'"):
        mnetcost.memory(str(file), planner="tflm")


SAME = (1, 1, 1, 1)
LINE = (0, 0, 1, 1)
HELIUM = {  # worked by hand from CMSIS-NN's arm_*_get_buffer_size_mve; read and not run
    "3x3 of 3 channels: 27 fill 2 registers of 16, 4 buffers": (
        ("CONV_2D", (1, 8, 8, 3), (4, 3, 3, 3), (1, 8, 8, 4), Window((3, 3), zeros=SAME)),
        4 * 2 * 16,
    ),
    "1x1 without zeros": (
        ("CONV_2D", (1, 8, 8, 3), (4, 1, 1, 3), (1, 8, 8, 4), Window((1, 1))),
        0,
    ),
    "a map of one line: 3 x 4 and 1 x 4 of zeros": (
        ("CONV_2D", (1, 1, 16, 4), (8, 1, 3, 4), (1, 1, 16, 8), Window((1, 3), zeros=LINE)),
        3 * 4 + 1 * 4,
    ),
    "one line of 6 channels: no multiple of 4, 18 fill 2 registers": (
        ("CONV_2D", (1, 1, 16, 6), (8, 1, 3, 6), (1, 1, 16, 8), Window((1, 3), zeros=LINE)),
        4 * 2 * 16,
    ),
    "depthwise 3x3: 4 x 124 x 9": (
        ("DEPTHWISE_CONV_2D", (1, 8, 8, 16), (1, 3, 3, 16), (1, 8, 8, 16), Window((3, 3), zeros=SAME)),
        4 * 124 * 9,
    ),
    "depthwise, dilated": (
        ("DEPTHWISE_CONV_2D", (1, 8, 8, 16), (1, 3, 3, 16), (1, 4, 4, 16), Window((3, 3), (1, 1), (2, 2))),
        0,
    ),
}


def test_an_adaptive_pool_of_single_positions_is_none() -> None:
    """VGG-16 at 224: its first two convolutions hold 2 x 224 x 224 x 64 bytes; at 192 the pool is one."""
    assert mnetcost.memory("vgg16", planner="tflm").data["arena_bytes"] == 2 * 224 * 224 * 64
    with pytest.raises(SpecError, match="'adaptive_pool'"):
        mnetcost.memory("vgg16", planner="tflm", resolution=192)


OPERATORS = {  # measured by the interpreter, tests/truth/measure_operators.py
    "addn3": 8464,
    "mirror": 1664,
    "sum": 576,
    "max": 592,
    "gather": 608,
    "split": 1056,
}


@pytest.mark.parametrize("name", OPERATORS)
def test_the_scratch_of_single_operators_is_the_interpreters(name: str) -> None:
    """Files of one operator, int8: ADD_N of three maps, MIRROR_PAD, SUM, REDUCE_MAX, GATHER, SPLIT."""
    found = mnetcost.memory(str(TRUTH / "arenas" / f"op_{name}.tflite"))
    assert found.data["arena_bytes"] == OPERATORS[name]


@pytest.mark.parametrize("name", HELIUM)
def test_kernels_for_helium_ask_for_what_their_sources_say(name: str) -> None:
    """One buffer an operator, or none."""
    (type_, x, weights, y, window), expected = HELIUM[name]
    kernel = SCRATCH["cmsis-nn-helium"][type_]
    operation = Operation(type_, (0, 1), (2,), name, window)
    asked = kernel(operation, [Tensor("x", x), Tensor("w", weights)], Tensor("y", y))
    assert sum(size for _, size in asked) == expected


def test_no_broken_file_ends_in_a_traceback(tmp_path: Path) -> None:
    """Bytes of the small files changed one by one: an answer, or an error of ours."""
    file, seen = tmp_path / "broken.tflite", set()
    for source in ("chain", "gated", "narrowing_planned"):
        data = (TRUTH / "arenas" / f"{source}.tflite").read_bytes()
        for place in range(0, len(data), len(data) // 60):
            for value in (0, 1, 127, 255):
                file.write_bytes(data[:place] + bytes([value]) + data[place + 1 :])
                try:
                    seen.add(bool(mnetcost.memory(str(file)).data))
                except MnetcostError:
                    seen.add(False)
    assert seen == {True, False}
