"""Which layers are one block, at any depth of their paths?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.analyses.documents import Document
from mnetcost.cli import cli
from mnetcost.engine.graph import Node
from mnetcost.engine.ops import Input
from mnetcost.engine.shapes import Shape
from mnetcost.errors import CallError

STAGES = """
resolution = 28
channels = 24
layers = [
  { op = "depthwise_norm", name = "s1/first", from = "input" },
  { op = "conv_norm", name = "s1/squeeze", out = 6, activation = "none" },
  { op = "conv_norm", name = "s1/widen", out = 24 },
  { op = "depthwise_norm", name = "s1/last", activation = "none" },
  { op = "add", name = "s1", from = ["s1/last", "input"] },
  { op = "depthwise_norm", name = "s2/first", from = "s1" },
  { op = "conv_norm", name = "s2/squeeze", out = 6, activation = "none" },
  { op = "conv_norm", name = "s2/widen", out = 24 },
  { op = "depthwise_norm", name = "s2/last", activation = "none" },
  { op = "add", name = "s2", from = ["s2/last", "s1"] },
]
"""


def rows(document: Document) -> dict[str, tuple[int, int, int]]:
    """Layers, params and multiply-adds of each row."""
    return {r["name"]: (r["layers"], r["params"], r["madds"]) for r in document.tables[0].records()}


def run(*args: str) -> str:
    done = CliRunner().invoke(cli, args)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def stages(tmp_path: Path) -> str:
    """A spec of two equal stages, whose rows have paths for names."""
    (tmp_path / "net.toml").write_text(STAGES)
    return str(tmp_path / "net.toml")


def node(name: str, *modules: str) -> Node:
    return Node(name, Input(1, 1, 1), (), Shape(1, 1, 1), name, modules=modules)


def test_stages_are_the_first_part_of_the_path(stages: str) -> None:
    """Two depthwise 3x3 and two 1x1 of 24 and 6 channels at 28x28: 2 x 9 x 24 + 2 x 24 x 6 = 720 weights and
    720 x 784 = 564,480 multiply-adds a stage; with the norms (2 x 78) 876 params. The sum, whose name is the
    stage's own, is its eleventh layer.
    """
    at = mnetcost.report(stages, by="block", depth=1)
    assert rows(at) == {"s1": (11, 876, 564_480), "s2": (11, 876, 564_480)}
    at = mnetcost.report(stages, by="block", depth=2, everything=True)
    assert list(rows(at))[:6] == ["s1/first", "s1/squeeze", "s1/widen", "s1/last", "s1", "s2/first"]
    assert rows(at)["s1/squeeze"] == (2, 24 * 6 + 12, 24 * 6 * 784)


@pytest.mark.parametrize(
    "design", ["v2", "keras/v3-large:resolution=97", "resnet50", "v1:alpha=0.25,batch=3"]
)
@pytest.mark.parametrize("depth", [1, 2, 3, 40])
def test_blocks_of_every_depth_add_up_to_the_whole(design: str, depth: int) -> None:
    """Whatever the depth, no layer is lost and none counts twice; from some depth on each is by itself."""
    everything = mnetcost.report(design, by="block", depth=depth, everything=True)
    layers = mnetcost.cost(design).layers
    found = rows(everything)
    totals = everything.data["totals"]
    assert [sum(column) for column in zip(*found.values(), strict=True)] == [
        len(layers),
        totals["params"],
        totals["madds"],
    ]
    if depth == 40:
        assert list(found) == [layer.name for layer in layers]


def test_depth_1_of_v2_are_the_rows_of_its_table() -> None:
    """Table 2 of the paper has ten rows with convolutions; its second bottleneck, of two copies, is one row:
    5,136 + 8,832 parameters, as `--by block` shows them apart.
    """
    found = rows(mnetcost.report("v2", by="block", depth=1))
    assert len(found) == 10
    assert found["bottleneck 2"] == (17, 5_136 + 8_832, 29_202_432 + 25_740_288)


def test_a_path_is_read_from_a_name_or_from_modules() -> None:
    """A leading "/" is no part; a framework's modules are taken before the name; a short path stays whole."""
    torch = node("/features/features.0/Conv")
    assert [torch.block(n) for n in (1, 2, 3, 9)] == [
        "/features",
        "/features/features.0",
        "/features/features.0/Conv",
        "/features/features.0/Conv",
    ]
    inside = node("node_Conv_7", "features", "features.0")
    assert [inside.block(n) for n in (1, 2, 3)] == ["features", "features.0", "features.0"]
    assert node("conv").block(1) == node("conv").block(5) == "conv"
    assert [node(name).block(1) for name in ("/", "//", "a//b", "a/")] == ["/", "//", "a", "a"]
    assert node("a//b").block(3) == "a//b"


def test_json_and_csv_have_the_depth_and_the_rows(stages: str) -> None:
    """Programs read at which depth the rows are; without --depth the keys are as they were."""
    data = json.loads(run("report", stages, "--by", "block", "--depth", "1", "--format", "json"))
    assert (data["by"], data["depth"], [r["name"] for r in data["rows"]]) == ("block", 1, ["s1", "s2"])
    assert "depth" not in json.loads(run("report", stages, "--by", "block", "--format", "json"))
    csv = run("report", stages, "--by", "block", "--depth", "1", "--format", "csv").splitlines()
    assert [line.split(",")[0] for line in csv] == ["name", "s1", "s2"]


def test_blocks_are_sorted_and_cut_as_any_rows() -> None:
    """The two dearest blocks of V2, the dearest first."""
    found = mnetcost.report("v2", by="block", depth=1, first=2)
    assert [r["name"] for r in found.tables[0].records()] == ["bottleneck 5", "bottleneck 2"]


@pytest.mark.parametrize("by", [(), ("--by", "kind"), ("--by", "layer")])
def test_a_depth_without_blocks_is_refused(by: tuple[str, ...]) -> None:
    done = CliRunner().invoke(cli, ["report", "v2", *by, "--depth", "2"])
    assert done.exit_code == 2
    assert done.stderr.startswith("error: --depth needs --by block\n")
    with pytest.raises(CallError, match="a depth is for blocks"):
        mnetcost.report("v2", by=by[1] if by else "layer", depth=2)


@pytest.mark.parametrize("depth", ["0", "-1", "1.5", "two", "", "9" * 30])
def test_a_depth_is_a_whole_number_from_1(depth: str) -> None:
    done = CliRunner().invoke(cli, ["report", "v2", "--by", "block", "--depth", depth])
    assert done.exit_code == 2
    assert "--depth must be a whole number from 1" in done.stderr
