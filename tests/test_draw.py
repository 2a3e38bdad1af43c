"""Is a design drawn as it is built: its columns, the paths that go by, and the layers of its blocks?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.analyses.drawing.draw import STYLES
from mnetcost.output.charts.lanes import arranged

from .test_charts import HOSTILE, faults
from .test_cli import run

SEVERAL = (
    "v1",
    "resnet152",
    "densenet121",
    "inception-v3",
    "efficientnet-b0",
    "squeezenet-1.0",
    "unet",
    "r3d-18",
    "deit-tiny",
)


def strip(name: str, **asked: Any) -> dict[str, Any]:
    """What the JSON says of one design as a strip."""
    found: dict[str, Any] = mnetcost.draw(name, **asked).data["designs"][0]
    return found


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", SEVERAL)
def test_every_design_can_be_drawn(name: str, style: str) -> None:
    """Whatever is in it: many blocks, branches, skips over many blocks, volumes, tokens."""
    svg = mnetcost.render(mnetcost.draw(name, style=style), "svg")
    assert faults(svg) == []


@pytest.mark.parametrize("name", SEVERAL)
@pytest.mark.parametrize("asked", [{}, {"depth": 1}, {"by": "layer"}])
def test_columns_add_up_to_the_design(name: str, asked: dict[str, Any]) -> None:
    """Every layer is in one column, however they are folded."""
    found = strip(name, **asked)
    for figure in ("params", "madds"):
        assert sum(column[figure] for column in found["columns"]) == found["totals"][figure]
    layers = sum(column["layers"] for column in found["columns"])
    assert layers == len(mnetcost.cost(name).layers)


def test_a_shortcut_joins_the_maps_that_are_added() -> None:
    """V2: 10 of 17 bottlenecks have one, from the block before; none at a stride of 2."""
    paths = strip("v2")["paths"]
    assert len(paths) == 10
    assert {"from": "bottleneck 2/1", "to": "bottleneck 2/2", "kind": "add", "direct": True} in paths
    assert not [p for p in paths if p["to"].endswith("/1") or not p["direct"]]


def test_a_shortcut_through_a_projection_is_not_direct() -> None:
    """ResNet-50: the first block of each of four stages has a convolution on its shortcut."""
    paths = strip("resnet50")["paths"]
    assert [p["to"] for p in paths if not p["direct"]] == ["stage 2/1", "stage 3/1", "stage 4/1", "stage 5/1"]
    assert len(paths) == 16


def test_a_concatenation_may_reach_over_many_columns() -> None:
    """U-Net's four, from what goes down to what comes up; branches of an Inception block go by nothing."""
    assert [(p["from"], p["to"]) for p in strip("unet")["paths"]] == [
        ("down 4/2", "up 4"),
        ("down 3/2", "up 3"),
        ("down 2/2", "up 2"),
        ("down 1/2", "up 1"),
    ]
    assert strip("inception-v3")["paths"] == []


def test_the_widest_map_of_an_inverted_residual_is_its_expansion() -> None:
    """Bottleneck 2/1 of V2 has 6 x 16 channels before its stride; one of ResNet is widest outside."""
    columns = {column["name"]: column for column in strip("v2")["columns"]}
    assert columns["bottleneck 2/1"]["widest"] == [112, 112, 96]
    assert columns["bottleneck 2/1"]["output"] == [56, 56, 24]
    assert columns["head"]["widest"] is None
    assert not any(column["widest"] for column in strip("resnet50")["columns"])


def test_kinds_of_block_are_drawn_once() -> None:
    """V2 has four: without expansion, with stride 2, with a shortcut, and at stride 1 without one."""
    blocks = mnetcost.draw("v2", style="block").data["designs"][0]["blocks"]
    assert [(block["name"], block["alike"]) for block in blocks] == [
        ("bottleneck 1", 1),
        ("bottleneck 2/1", 4),
        ("bottleneck 2/2", 10),
        ("bottleneck 7", 2),
    ]


def test_a_block_has_its_steps_in_order() -> None:
    """V3-Large, bottleneck 4: squeeze-and-excite reads what the depthwise convolution gives, and gates it."""
    block = mnetcost.draw("v3-large", style="block", blocks=["bottleneck 4"]).data["designs"][0]["blocks"][0]
    assert [(s["op"], s["with"], s["reads"]) for s in block["steps"]] == [
        ("", "", []),
        ("1x1 conv", "BN, ReLU", [0]),
        ("5x5 depthwise, stride 2", "BN, ReLU", [1]),
        ("global pool", "", [2]),
        ("1x1 conv", "ReLU", [3]),
        ("1x1 conv", "h-sigmoid", [4]),
        ("gate", "", [2, 5]),
        ("1x1 conv", "BN, linear", [6]),
    ]
    assert (block["params"], block["madds"]) == (10_328, 9_091_584)


def test_a_branch_has_a_lane_of_its_own() -> None:
    """Squeeze-and-excite is beside the depthwise convolution, and the shortcut goes by all."""
    chart = mnetcost.draw("v3-large", style="block", blocks=["bottleneck 5"]).charts()[0]
    steps = chart.blocks[0].steps  # type: ignore[union-attr]
    lanes = arranged(steps)
    assert [steps[n].part or steps[n].kind for n, lane in enumerate(lanes.lane) if lane] == [
        "layer",
        "squeeze",
        "excite",
    ]
    assert lanes.many == 2
    assert lanes.bent == ((0, len(steps) - 1),)


def test_names_of_a_file_are_data(tmp_path: Path) -> None:
    """In both styles; a design of one layer is drawn, too."""
    spec = tmp_path / "net.toml"
    name = json.dumps(HOSTILE.replace("\x00", ""))
    row = '{ op = "conv", out = 8, kernel = 3, name = "a<b> & \'c\'" }'
    spec.write_text(f"title = {name}\nresolution = 8\nlayers = [{row}]\n", "utf-8")
    for style in STYLES:
        svg = mnetcost.render(mnetcost.draw(str(spec), style=style), "svg")
        assert faults(svg) == []
        assert "<script" not in svg


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["draw", "v2", "--style", "strips"], "did you mean 'strip'?"),
        (["draw", "v2", "--block", "stem"], "--block needs --style block"),
        (["draw", "v2", "--style", "block", "--block", "bottlneck 2/1"], "did you mean 'bottleneck 2/1'?"),
        (["draw", "v2", "--style", "block", "--by", "layer"], "not by layer"),
        (["draw", "v2", "--by", "layer", "--depth", "1"], "--depth needs --by block"),
        (["draw", "mobilevit-s", "--style", "block", "--block", "mobilevit 1"], "at most 30 are drawn"),
    ],
)
def test_a_mistake_has_a_way_out(call: list[str], message: str) -> None:
    """What may be asked instead."""
    done = run(*call)
    assert done.exit_code == 2
    assert message in done.stderr


def test_a_pipe_gets_the_picture() -> None:
    """And a format the table; without a design there is nothing to draw."""
    assert run("draw", "v1").stdout.startswith("<svg")
    assert run("draw", "v1", "--format", "text").stdout.startswith("v1:alpha=1")
    with pytest.raises(mnetcost.CallError, match="needs a design"):
        mnetcost.draw()
