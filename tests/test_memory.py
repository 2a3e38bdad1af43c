"""Does a design's planned memory equal what the interpreter of TensorFlow Lite Micro reports, and each rule?"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from mnetcost.analyses.fit.memory import planned
from mnetcost.designs.planners import load_planner, planner_names
from mnetcost.designs.programs import load_planned
from mnetcost.designs.settings import Settings
from mnetcost.engine.memory.buffers import Buffer, arena, peak
from mnetcost.engine.memory.greedy import place
from mnetcost.engine.memory.renumber import smaller

TRUTH = json.loads((Path(__file__).parent / "truth" / "arenas.json").read_text("utf-8"))
FILES = Path(__file__).parent / "truth" / "arenas"
TFLM = load_planner("tflm")


@pytest.mark.parametrize("name", TRUTH["files"])
def test_a_file_is_planned_as_the_interpreter_plans_it(name: str) -> None:
    """Files of small nets, int8, int16 and float32, and two with an offline plan."""
    row = TRUTH["files"][name]
    found = planned(load_planned(str(FILES / f"{name}.tflite"), Settings()), TFLM)
    assert found.plan.arena_bytes == row["head"]
    assert found.dtype == row["dtype"]
    assert Counter(o.type for o in found.program.operations) == Counter(row["operators"])


@pytest.mark.parametrize("design", TRUTH["designs"])
def test_a_design_is_planned_as_its_converted_file(design: str) -> None:
    """Keras' MobileNets without a file, at sizes that are multiples of 32 and others."""
    row = TRUTH["designs"][design]
    found = planned(load_planned(design, Settings()), TFLM, row["dtype"])
    assert found.plan.arena_bytes == row["head"]
    assert Counter(o.type for o in found.program.operations) == Counter(row["operators"])


def test_an_offline_plan_makes_the_interpreters_arena_as_small_as_promised() -> None:
    """The arena of the file with the plan, measured, is what the file without it was promised."""
    found = planned(load_planned(str(FILES / "narrowing.tflite"), Settings()), TFLM)
    assert found.plan.arena_bytes == TRUTH["files"]["narrowing"]["head"]
    assert found.smaller is not None
    assert found.smaller.planned == TRUTH["files"]["narrowing_planned"]["head"] < found.plan.arena_bytes


PEAKS = {  # V2 at 224 in int8, worked by hand
    "liveness": 112 * 112 * 96 + 56 * 56 * 96,
    "unfused": 2 * 112 * 112 * 96,
    "in-place": 112 * 112 * (16 + 96),
    "largest": 112 * 112 * 96,
}


@pytest.mark.parametrize("name", PEAKS)
def test_the_peak_of_v2_by_hand(name: str) -> None:
    """1,372 KB in place is what MCUNetV2 prints (arXiv 2110.15352, figure 1)."""
    assert planned(load_planned("v2", Settings()), load_planner(name)).plan.peak.bytes == PEAKS[name]


@pytest.mark.parametrize("name", planner_names())
def test_no_planner_needs_less_than_the_largest_map_or_more_than_all(name: str) -> None:
    """Of every network, the rules stand in this order."""
    for design in ("v1", "v2", "v3-small", "shufflenet-v2-1.0", "densenet121", "unet-padded"):
        loaded = load_planned(design, Settings())
        if load_planner(name).algorithm == "greedy" and design != "v1":
            continue
        sizes = [planned(loaded, load_planner(p)).plan.peak.bytes for p in ("largest", name, "sum")]
        if name != "unfused":
            assert sizes == sorted(sizes)


def test_buffers_are_placed_in_the_first_gap_the_largest_first() -> None:
    """By hand: of equals the one added last comes first."""
    buffers = [Buffer("a", 32, 0, 1), Buffer("b", 64, 1, 2), Buffer("c", 32, 2, 3), Buffer("d", 16, 0, 3)]
    assert [b.offset for b in place(buffers)] == [64, 0, 64, 96]
    assert arena(place(buffers)) == 112
    fixed = [buffers[0]._replace(offset=160), *buffers[1:]]
    assert [b.offset for b in place(fixed)] == [160, 0, 64, 96]
    assert peak(buffers)[:2] == (1, 112)


def test_a_smaller_arena_is_found_and_never_below_the_peak() -> None:
    """Of equal buffers the order decides: 48 where 64 are needed by the order of the planner."""
    row = TRUTH["files"]["narrowing"]
    found = planned(load_planned(str(FILES / "narrowing.tflite"), Settings()), TFLM)
    sized = [b._replace(bytes=-(-b.bytes // 16) * 16, offset=None) for b in found.plan.buffers]
    better = smaller(sized)
    assert better.bound <= better.planned <= better.ordered <= better.now == row["head"]
