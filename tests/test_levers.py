"""Would each change that `memory` names lower it, and to as many bytes? Each is made apart, and planned."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.analyses.fit.levers import changes
from mnetcost.analyses.fit.plans import planned
from mnetcost.designs import load
from mnetcost.designs.planners import load_planner
from mnetcost.designs.programs import load_planned
from mnetcost.designs.settings import Settings
from mnetcost.designs.shipped import shipped
from mnetcost.engine.memory import tflm
from mnetcost.engine.memory.buffers import arena
from mnetcost.engine.memory.graphs import program_of
from mnetcost.engine.memory.program import Operation, Program, Tensor
from mnetcost.engine.memory.splitting import bottlenecks, split_program
from mnetcost.errors import SpecError

from .test_cli import run

FILES = Path(__file__).parent / "truth" / "arenas"
VWW = "keras/v1:alpha=0.25,resolution=96,classes=2"


def lower(design: str, planner: str = "liveness", **asked: Any) -> dict[str, dict[str, Any]]:
    """The changes of a design, by what they are."""
    rows = mnetcost.memory(design, planner=planner, **asked).data["changes"]
    return {row["what"]: row for row in rows}


BY_HAND = [  # design, planner, change, peak
    ("v2", "liveness", "resolution 224 -> 192", 96 * 96 * 96 + 48 * 48 * 96),
    ("v2", "liveness", "resolution 224 -> 160", 80 * 80 * 96 + 40 * 40 * 96),
    ("v2", "liveness", "alpha 1 -> 0.5", 112 * 112 * 48 + 56 * 56 * 48),
    ("v2", "liveness", "expand 6 -> 4 in bottleneck 2 (layers[2])", 112 * 112 * 64 + 56 * 56 * 64),
    ("v2", "liveness", "expand 6 -> 3 in bottleneck 2 (layers[2])", 112 * 112 * 32 * 2),
    ("v2", "liveness", "bottleneck 2/1 as one operator, in 3 parts", 56 * 56 * (24 + 144 + 144)),
    (
        "v2",
        "liveness",
        "depthwise and element-wise layers in place",
        112 * 112 * (16 + 96),
    ),
    ("v2", "in-place", "4x4 patches up to bottleneck 3/1/project_norm", 28 * 28 * (32 + 192 + 32)),
    ("v1", "liveness", "out 64 -> 48 in separable 1 (layers[1])", 112 * 112 * (32 + 48)),
]
"""With half the expansion the peak is in bottleneck 1; in 3 parts in bottleneck 2/2, with its shortcut."""


@pytest.mark.parametrize(("design", "planner", "change", "peak"), BY_HAND)
def test_changes_by_hand(design: str, planner: str, change: str, peak: int) -> None:
    """height x width x channels of what is held at the peak with the change."""
    row = lower(design, planner)[change]
    assert row["peak_bytes"] == row["arena_bytes"] == peak
    assert row["saves"] == mnetcost.memory(design, planner=planner).data["peak_bytes"] - peak


@pytest.mark.parametrize("planner", ["tflm", "liveness", "in-place", "unfused"])
@pytest.mark.parametrize("design", ["v2", VWW, "keras/v3-large:alpha=0.75", "mnasnet-b1", "fd-mobilenet"])
def test_each_change_made_apart_gives_its_figures(design: str, planner: str, tmp_path: Path) -> None:
    """Sizes and widths as settings, expansions as a spec that changes the row, pieces by their options."""
    now = mnetcost.memory(design, planner=planner).data
    name, _, behind = design.partition(":")
    asked: dict[str, Any] = {k: float(v) for k, v in (part.split("=") for part in behind.split(",") if part)}
    asked = {k: v if k == "alpha" else int(v) for k, v in asked.items()}
    made = 0
    for row in now["changes"]:
        if row["change"] in ("resolution", "alpha"):
            value = row["what"].rpartition(" -> ")[2]
            setting = {row["change"]: float(value) if row["change"] == "alpha" else int(value)}
            then = mnetcost.memory(name, planner=planner, **{**asked, **setting})
        elif row["change"] in ("expansion", "channels"):
            then = mnetcost.memory(changed(name, row["what"], tmp_path), planner=planner, **asked)
        elif row["change"] == "in place" and planner == "liveness":
            then = mnetcost.memory(name, planner="in-place", **asked)
        elif row["change"] == "patches" and planner in ("liveness", "in-place"):
            grid, over = re.fullmatch(r"(\dx\d) patches up to (.*)", row["what"]).groups()  # type: ignore[union-attr]
            sides = int(grid[0]), int(grid[2])
            then = mnetcost.memory(name, planner=planner, patches=sides, over=over, **asked)
            assert (
                then.data["patches"][0]["stage_madds_done"] - then.data["patches"][0]["stage_madds"]
                == (row["madds_change"])
            )
        else:
            continue
        made += 1
        assert then.data["peak_bytes"] == row["peak_bytes"], row
        assert then.data["arena_bytes"] == row["arena_bytes"] == now["arena_bytes"] - row["saves"], row
    assert made >= 3


def changed(design: str, what: str, folder: Path) -> str:
    """A spec that extends a design and changes one row."""
    field, _, value, row = re.fullmatch(r"(\w+) (\d+) -> (\d+) in .* \(layers\[(\d+)\]\)", what).groups()  # type: ignore[union-attr]
    spec = load(design).spec
    assert spec is not None
    old = next(r for r in spec.layers if r.key == f"layers[{row}]")
    match = {**old.fields, **({"name": old.name} if old.name else {})}
    said = ", ".join(f"{key} = {json.dumps(v)}" for key, v in match.items())
    file = folder / "changed.toml"
    file.write_text(
        f'extends = "{design}"\ntitle = "t"\nsource = "s"\ndiffers = ["d"]\n[[change]]\n'
        f"match = {{ {said} }}\nset = {{ {field} = {value} }}\n"
    )
    return str(file)


def test_multiply_adds_of_a_change_are_those_of_the_two_designs() -> None:
    rows = lower("v2")
    totals = {side: mnetcost.report("v2", resolution=side).data["totals"]["madds"] for side in (224, 192)}
    assert rows["resolution 224 -> 192"]["madds_change"] == totals[192] - totals[224]
    assert rows["bottleneck 2/1 as one operator, in 3 parts"]["madds_change"] == 0


@pytest.mark.parametrize("planner", ["tflm", "liveness", "in-place"])
def test_only_changes_that_lower_are_named_the_largest_saving_first(planner: str) -> None:
    """Of a design of every folder that is shipped, and none is named twice."""
    seen = 0
    for name in [*shipped()][::9]:
        try:
            design = load_planned(name, Settings())
            found = planned(design, load_planner(planner))
        except SpecError:
            continue
        rows = changes(design, found)
        saves = [row.saves for row in rows]
        assert saves == sorted(saves, reverse=True), name
        assert all(row.saves == found.plan.arena_bytes - row.arena_bytes > 0 for row in rows), name
        assert all(row.peak_bytes <= row.arena_bytes for row in rows), name
        assert len({row.what for row in rows}) == len(rows), name
        seen += len(rows)
    assert seen > 20


def test_the_order_and_the_offline_plan_are_those_that_are_written() -> None:
    data = mnetcost.memory(VWW).data
    arenas = {row["change"]: row["arena_bytes"] for row in data["changes"]}
    assert arenas["order"] == data["smaller"]["in_another_order"]
    assert arenas["offline plan"] == data["smaller"]["with_an_offline_plan"]


def test_of_a_tflite_file_only_its_plan_can_change() -> None:
    """Its widths and sizes are fixed."""
    kinds = {row["change"] for row in mnetcost.memory(str(FILES / "narrowing.tflite")).data["changes"]}
    assert kinds == {"order", "offline plan", "in place"}


def test_of_another_model_file_the_size_can_change() -> None:
    """By the next steps of 32 pixels; its widths are fixed."""
    rows = lower(str(Path(__file__).parent / "field" / "file-order-1.prototxt"))
    assert {row["change"] for row in rows.values()} >= {"resolution"}
    assert not {"alpha", "expansion", "channels"} & {row["change"] for row in rows.values()}


def test_wide_maps_may_be_of_int8() -> None:
    """A quarter of float32; the arena of VWW is 73,728 bytes in int8."""
    row = lower(VWW, "tflm", dtype="float32")["maps of float32 -> int8"]
    assert row["arena_bytes"] == 73_728
    assert row["saves"] == 3 * 73_728


def test_in_place_an_output_has_the_buffer_of_its_input() -> None:
    """By hand: b over a, c beside it; d is larger than c, and e is read of what is read again."""
    sizes = {"a": 64, "b": 64, "c": 32, "d": 64, "e": 64, "f": 64}
    tensors = tuple(Tensor(name, (1, size)) for name, size in sizes.items())
    operations = (
        Operation("RELU", (0,), (1,), in_place=True),
        Operation("MAX_POOL_2D", (1,), (2,)),
        Operation("ADD", (2, 2), (3,), in_place=True),
        Operation("RELU", (3,), (4,), in_place=True),
        Operation("ADD", (3, 4), (5,), in_place=True),
    )
    program = Program(tensors, operations, (0,), (5,))
    assert program.over() == {1: 0, 5: 3}
    plan = tflm.plan(program, in_place=True)
    assert [(b.name, b.first, b.last) for b in plan] == [("a", 0, 2), ("c", 2, 3), ("d", 3, 5), ("e", 4, 5)]
    assert [b.offset for b in plan] == [0, 128, 64, 0]
    assert arena(plan) == 160
    assert arena(tflm.plan(program)) == 192


def test_constants_are_not_written_over() -> None:
    """A constant is in flash."""
    tensors = Tensor("weights", (1, 64), held=False), Tensor("x", (1, 64)), Tensor("y", (1, 64))
    program = Program(tensors, (Operation("ADD", (0, 1), (2,), in_place=True),), (1,), (2,))
    assert program.over() == {}


def test_a_block_that_is_no_part_of_a_program_is_not_split() -> None:
    """Where the program calls its operations otherwise, there is no answer instead of a wrong one."""
    graph = load("v2").graph
    block = next(b for b in bottlenecks(graph)[0] if b.name == "bottleneck 2/1")
    whole = program_of(graph, 8)
    split = split_program(whole, graph, [block], 2, both=True)
    assert split is not None
    assert len(whole.operations) - len(split.operations) == 2
    other = whole._replace(operations=tuple(o._replace(name=o.type) for o in whole.operations))
    assert split_program(other, graph, [block], 2, both=True) is None


def test_a_very_large_network_is_not_built_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer would not come at once; the changes of its plan are tried all the same."""
    monkeypatch.setattr("mnetcost.analyses.fit.levers.MOST_LAYERS", 100)
    assert {row["change"] for row in lower("v2").values()} == {"in place", "split"}


def test_no_rebuilt_design_is_an_error(tmp_path: Path) -> None:
    """A size at which the network cannot be built is no change, and no mistake of the user's."""
    file = tmp_path / "fixed.toml"
    file.write_text(
        "resolution = 20\nchannels = 4\nlayers = [\n"
        '  { op = "conv", out = 8, kernel = 9, padding = "valid" },\n'
        '  { op = "conv", out = 8, kernel = 9, padding = "valid" },\n]\n'
    )
    kinds = {row["change"] for row in lower(str(file)).values()}
    assert "resolution" not in kinds
    assert kinds


def test_the_answer_shows_the_changes() -> None:
    """Under the peak, and a note where there are none."""
    said = run("memory", "v2").stdout
    assert said.index("held at the peak") < said.index("what would lower it") < said.index("first step")
    assert (
        "no single change that was tried lowers it"
        in run("memory", "tc-resnet8", "--planner", "largest").stdout
    )


PEAK = """
resolution = 32
channels = 8
layers = [
  { op = "bneck", name = "b", expand = 6, out = 8 },
]
"""


@pytest.mark.parametrize("planner", ["tflm", "liveness"])
def test_a_block_with_a_shortcut_holds_it_beside_both_inner_maps(planner: str, tmp_path: Path) -> None:
    """As a user worked it out: the depthwise layer's input and output, and the shortcut, 106,496 bytes in
    int8, where the largest map alone is 49,152.
    """
    file = tmp_path / "peak.toml"
    file.write_text(PEAK)
    data = mnetcost.memory(str(file), planner=planner, dtype="int8").data
    assert data["peak_bytes"] == data["arena_bytes"] == 2 * 32 * 32 * 48 + 32 * 32 * 8 == 106_496
    assert data["peak"]["layer"] == "b/depthwise"
    assert [b["name"] for b in data["peak"]["alive"]] == ["input", "b/expand", "b/depthwise"]
