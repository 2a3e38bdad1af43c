"""Is a design's memory what the interpreter of TensorFlow Lite Micro reports, and does each rule hold?"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.analyses.fit.plans import planned
from mnetcost.cli import cli
from mnetcost.designs.planners import load_planner, planner_names, read_planner
from mnetcost.designs.programs import load_planned
from mnetcost.designs.settings import Settings
from mnetcost.engine.memory.buffers import Buffer, arena, peak
from mnetcost.engine.memory.greedy import place
from mnetcost.engine.memory.renumber import smaller
from mnetcost.errors import CallError, MnetcostError, ShapeError, SpecError

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


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (("v2", "tflmm", None), "there is no planner 'tflmm'"),
        (("v2", "tflm", "int7"), "dtype must be one of int8"),
        ((str(FILES / "chain.tflite"), "tflm", "float32"), "the maps of 'chain.tflite' are int8"),
        (("deit-tiny", "tflm", None), "it is not known how TensorFlow Lite writes"),
        (("r3d-18", "tflm", None), "it is not known how TensorFlow Lite writes 'conv3d'"),
    ],
)
def test_what_cannot_be_planned_is_refused_by_name(call: tuple[str, str, str | None], message: str) -> None:
    """From Python, with the nearest right word where there is one."""
    design, planner, dtype = call
    with pytest.raises(MnetcostError, match=message):
        mnetcost.memory(design, planner=planner, dtype=dtype)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('algorithm = "livenes"', "'algorithm' must be an algorithm"),
        ('algoritm = "sum"', "a planner has no key 'algoritm'"),
        ("in_place = 1", "'in_place' must be true or false"),
        ("title = 3", "a planner must have 'title', a text"),
        ('scratch = "cmsis"', "kernels that ask for memory"),
    ],
)
def test_a_planner_is_read_strictly(text: str, message: str) -> None:
    """Every mistake with its line and the nearest right word."""
    whole = {"title": '"t"', "source": '"s"', "rule": '"r"'}
    lines = [f"{key} = {value}" for key, value in whole.items() if not text.startswith(key)]
    with pytest.raises(SpecError) as e:
        read_planner("\n".join([*lines, text]), "mine.toml", "mine")
    assert message in str(e.value)
    assert "mine.toml:" in str(e.value)


def test_a_planner_of_ones_own(tmp_path: Path) -> None:
    """The rules of a file: unfused and in place."""
    file = tmp_path / "mine.toml"
    file.write_text('title = "t"\nsource = "s"\nrule = "r"\nfused = false\nin_place = true\n')
    found = mnetcost.memory("v2", planner=str(file)).data
    assert found["planner"]["name"] == "mine"
    assert found["peak_bytes"] == 112 * 112 * (16 + 96)


def test_maps_of_other_types_are_as_many_bytes() -> None:
    """V2's peak is 4 times as large in float32, and the batch multiplies it."""
    one = mnetcost.memory("v2", planner="liveness").data["peak_bytes"]
    assert mnetcost.memory("v2", planner="liveness", dtype="float32").data["peak_bytes"] == 4 * one
    assert mnetcost.memory("v2", planner="liveness", dtype="int16", batch=3).data["peak_bytes"] == 6 * one


def test_the_offline_plan_is_written_as_data(tmp_path: Path) -> None:
    """One offset a tensor, -1 for constants; buffers held together do not overlap."""
    file = tmp_path / "plan.json"
    call = ["memory", str(FILES / "narrowing.tflite"), "--write-plan", str(file)]
    assert CliRunner().invoke(cli, call).exit_code == 0
    found = json.loads(file.read_text())
    assert found["arena_bytes"]["with_these_offsets"] == TRUTH["files"]["narrowing_planned"]["head"]
    assert [one["offset"] for one in found["tensors"]] == [n for n in found["offsets"] if n >= 0]
    planned_file = mnetcost.memory(str(FILES / "narrowing_planned.tflite")).data
    places = {b["name"]: b["offset"] for b in planned_file["buffers"]}
    assert all(places[one["name"]] == one["offset"] for one in found["tensors"])


def plainly(buffers: list[Buffer]) -> list[int | None]:
    """TensorFlow Lite Micro's planner as its source says it, each buffer beside all that are placed."""
    found: dict[int, int] = {}
    for i in sorted(range(len(buffers)), key=lambda i: (-buffers[i].bytes, -i)):
        end = 0
        for j in sorted(found, key=lambda j: found[j]):
            if buffers[i].beside(buffers[j]):
                if found[j] - end >= buffers[i].bytes:
                    break
                end = max(end, found[j] + buffers[j].bytes)
        found[i] = end
    return [found[i] for i in range(len(buffers))]


def test_placing_by_steps_is_placing_beside_all() -> None:
    """A thousand random programs: short lives and long ones, equals, and buffers that nothing uses."""
    random = Random(0)
    for _ in range(1000):
        buffers = []
        for n in range(random.randrange(1, 25)):
            first = random.randrange(-1, 12)
            last = -1 if first < 0 else first + random.choice([0, 1, 1, 2, 8])
            buffers.append(Buffer(str(n), 16 * random.randrange(1, 9), first, last))
        assert [b.offset for b in place(buffers)] == plainly(buffers)


def test_more_than_can_be_placed_is_refused() -> None:
    """Ten thousand buffers, each held at ten thousand steps."""
    with pytest.raises(ShapeError, match="too many buffers"):
        place([Buffer(str(n), 16, 0, 10_000) for n in range(10_000)])


def test_a_limit_says_whether_the_arena_fits_and_by_how_much() -> None:
    """138,240 bytes, of 131,072 and of the 524,288 of a device's block; a device without RAM is an error."""
    net = "keras/v2:alpha=0.35,resolution=96"
    small = mnetcost.memory(net, limit="128K").data["limit"]
    assert small == {"bytes": 131_072, "of": None, "fits": False, "margin": 131_072 - 138_240}
    board = mnetcost.memory(net, device="stm32h747-cubeai10").data["limit"]
    assert (board["fits"], board["margin"], board["of"][:8]) == (True, 524_288 - 138_240, "AXI SRAM")
    given = mnetcost.memory(net, device="stm32h747-cubeai10", limit=200_000).data["limit"]
    assert (given["bytes"], given["of"]) == (200_000, None)
    assert mnetcost.memory("v2", split=4, limit="1M").data["limit"]["margin"] == 2**20 - 702_464
    with pytest.raises(CallError, match="the RAM of 'pixel1-cpu1-f32' is not known"):
        mnetcost.memory(net, device="pixel1-cpu1-f32")
    with pytest.raises(CallError, match="limit: 'much' is not a number"):
        mnetcost.memory(net, limit="much")
