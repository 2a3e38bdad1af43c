"""Which layers are one block, at any depth of their paths?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.analyses.documents import Document
from mnetcost.cli import cli
from mnetcost.designs.onnx.modules import scoped, traced
from mnetcost.engine.graph import Node
from mnetcost.engine.ops import Input
from mnetcost.engine.shapes import Shape
from mnetcost.errors import CallError

from . import onnx_files

MODULES = Path(__file__).parent / "truth" / "modules"
TREES = json.loads(MODULES.with_suffix(".json").read_text())
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


def node(name: str, module: str = "") -> Node:
    return Node(name, Input(1, 1, 1), (), Shape(1, 1, 1), name, module=module)


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


def test_a_path_is_read_from_a_name_or_from_a_module() -> None:
    """A leading "/" is no part; PyTorch's module is taken before the name; a short path stays whole."""
    torch = node("/features/features.0/Conv")
    assert [torch.block(n) for n in (1, 2, 3, 9)] == [
        "/features",
        "/features/features.0",
        "/features/features.0/Conv",
        "/features/features.0/Conv",
    ]
    inside = node("node_Conv_7", "features.0")
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


def expected(leaves: dict[str, list[int]], depth: int) -> dict[str, tuple[int, int]]:
    """torchinfo's figures of every module at a depth."""
    found: dict[str, tuple[int, int]] = {}
    for name, (params, madds) in leaves.items():
        at = ".".join(name.split(".")[:depth])
        p, m = found.get(at, (0, 0))
        found[at] = (p + params, m + madds)
    return found


@pytest.mark.parametrize("file", TREES["files"])
@pytest.mark.parametrize("depth", range(1, 8))
def test_a_file_from_pytorch_shows_the_tree_of_torchinfo(file: str, depth: int) -> None:
    """Parameters and mult-adds of every module at every depth, as tests/truth/measure_modules.py measured
    them, whichever exporter wrote the file and whether norms are folded.
    """
    found = rows(
        mnetcost.report(str(MODULES / f"{file}.onnx"), by="block", depth=depth, convention="torchinfo")
    )
    assert {name: figures[1:] for name, figures in found.items()} == expected(TREES["files"][file], depth)


def test_real_networks_have_the_tree_of_torchinfo() -> None:
    """MobileNetV2 and ResNet-18 of torchvision, from both exporters, were compared when this was measured."""
    assert len(TREES["different"]) == 12
    assert not any(TREES["different"].values())


def test_nodes_of_one_module_fall_under_it() -> None:
    """A group norm, which both exporters write as several nodes, and a convolution that is called twice."""
    found = rows(mnetcost.report(str(MODULES / "small-dynamo.onnx"), by="block", depth=2, everything=True))
    assert found["neck.norm"][0] > 2
    assert found["neck.again"] == (2, 272, 2 * 256 * 64)


@pytest.mark.parametrize(
    ("weight", "scopes", "block"),
    [
        ("conv1.6.weight", "['', 'bn1', 'batch_norm']", "conv1"),
        ("stem.conv.0.weight", "['', 'stem', 'stem.bn', 'batch_norm']", "stem"),
        ("a.weight", "['', 'b', 'b.bn', 'batch_norm']", "b"),
        ("stem0.weight", "['', 'stem', 'stem.bn', 'batch_norm']", "stem"),
        ("conv1.6.weight", "['', 'bn1', 'conv2d']", "bn1"),
    ],
)
def test_a_folded_norm_is_in_the_convolution_at_any_depth(
    weight: str, scopes: str, block: str, tmp_path: Path
) -> None:
    """ResNet-D's stem ends with a convolution in a sequence, and the norm is beside the sequence. A weight
    from elsewhere in the network is shared, and says nothing.
    """
    conv = onnx_files.node("Conv", ["x", weight], ["y"], name="conv")
    conv.metadata_props.add(key="pkg.torch.onnx.name_scopes", value=scopes)
    file = onnx_files.write(tmp_path, [conv], [onnx_files.weights(weight, 4, 3, 1, 1)])
    assert list(rows(mnetcost.report(file, by="block", depth=1))) == [block]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "['']",
        "['', 'x'",
        "'', 'a', 'b']",
        "['', 'a', __import__('os')]",
        "['', 'a' 'b']",
        "['', 'a\\'b', 'c']",
        "[" * 4000,
        "['a'" + ", 'a'" * 700,
    ],
)
def test_text_that_is_no_list_of_names_is_ignored(text: str) -> None:
    """Nothing is evaluated; the layer is then in no module."""
    assert scoped(text)[0] == ""


def test_names_of_modules_are_read_as_named_modules_gives_them() -> None:
    """Lists of either exporter, modules that are called again, and names that are no PyTorch's."""
    assert scoped("""['', 'a', "a.it's", 'conv2d']""") == ("a.it's", "conv2d")
    assert scoped("['', 'a.act@2', 'relu_5']") == ("a.act", "relu_5")
    assert traced("/model.22/cv2.0/cv2.0.0/conv/Conv_1", "Conv") == "model.22.cv2.0.0.conv"
    for name in ("/Flatten", "Conv_4", "", "/", "a/b/Conv", "/a/b/BiasAdd"):
        assert traced(name, "Conv") == ""


def test_wrong_metadata_changes_no_figure(tmp_path: Path) -> None:
    """A file whose lists of modules are damaged costs the same; its layers are then blocks by themselves."""
    data = (MODULES / "small-dynamo.onnx").read_bytes()
    (tmp_path / "net.onnx").write_bytes(data.replace(b"['', 'stages", b"['', xstages"))
    found = mnetcost.report(str(tmp_path / "net.onnx"), by="block", depth=1)
    whole = mnetcost.report(str(MODULES / "small-dynamo.onnx"), by="block", depth=1)
    assert found.data["totals"] == whole.data["totals"]
    assert "stages" in rows(whole)
    assert "stem" in rows(found)
    assert any(name.startswith("node_") for name in rows(found))
    assert "stages" not in rows(found)


def test_models_in_a_keras_model_are_blocks(tmp_path: Path) -> None:
    """A Sequential in a Sequential: a 1x1 of 3 to 4 channels, twice, on 8x8."""

    def conv(name: str, filters: int) -> dict[str, object]:
        return {"class_name": "Conv2D", "config": {"name": name, "filters": filters, "kernel_size": [1, 1]}}

    first = {"class_name": "InputLayer", "config": {"name": "image", "batch_shape": [None, 8, 8, 3]}}
    inner = {"class_name": "Sequential", "config": {"name": "body", "layers": [conv("a", 4), conv("b", 4)]}}
    model = {"class_name": "Sequential", "config": {"name": "net", "layers": [first, inner, conv("c", 4)]}}
    (tmp_path / "net.json").write_text(json.dumps(model))
    found = rows(mnetcost.report(str(tmp_path / "net.json"), by="block", depth=1))
    assert found == {"body": (2, 16 + 20, (12 + 16) * 64), "c": (1, 20, 16 * 64)}
    found = rows(mnetcost.report(str(tmp_path / "net.json"), by="block", depth=2))
    assert list(found) == ["body/a", "body/b", "c"]


@pytest.mark.parametrize("depth", [None, 1, 2])
def test_compared_blocks_add_up_to_each_design(depth: int | None) -> None:
    """Blocks are matched by name: V1 has no bottleneck, V2 no separable; both have a stem of equal work."""
    document = mnetcost.compare("v1", "v2", by="block", depth=depth)
    for design in document.data["designs"]:
        for key in ("params", "madds"):
            assert sum(block[key] for block in design["blocks"]) == design["totals"][key]
        assert sum(block["layers"] for block in design["blocks"]) == design["layers"]["all"]
    assert [table.title for table in document.tables] == [
        "total",
        "profile by block",
        "MAdds by block",
        "params by block",
    ]
    madds = {row[0]: row[1:] for row in document.tables[2].rows}
    assert len(document.tables[2].rows) == len(madds)
    if depth == 1:
        assert madds["stem"] == (10_838_016, 10_838_016, 1.0)
        assert madds["bottleneck 2"] == (0, 54_942_720, None)
        assert document.data["depth"] == 1


@pytest.mark.parametrize("depth", [None, 1, 3])
@pytest.mark.parametrize("convention", ["paper", "total"])
def test_scaled_blocks_are_those_of_each_report(depth: int | None, convention: str) -> None:
    """Every cell of every block is what a report at that alpha and resolution says, and 0 where the block is
    not there at that alpha; the blocks add up.
    """
    grid = mnetcost.scale(
        "v3-small", alpha=[0.35, 1.0], resolution=[97, 224], by="block", depth=depth, convention=convention
    )
    assert (grid.block_params.sum(axis=0) == grid.params).all()
    assert (grid.block_madds.sum(axis=0) == grid.madds).all()
    for i, alpha in enumerate([0.35, 1.0]):
        for j, size in enumerate([97, 224]):
            report = mnetcost.report(
                "v3-small",
                by="block",
                depth=depth,
                everything=True,
                alpha=alpha,
                resolution=size,
                convention=convention,
            )
            figures = zip(grid.blocks, grid.block_params[:, i, j], grid.block_madds[:, i, j], strict=True)
            assert {name: (p, m) for name, p, m in figures if p or m} == {
                name: (p, m) for name, (_, p, m) in rows(report).items() if p or m
            }


def test_scaled_blocks_are_the_same_in_every_format(tmp_path: Path) -> None:
    """CSV, JSON and NPZ hold every cell of every block; the text those of blocks with any cost."""
    call = ["scale", "v2", "--by", "block", "--depth", "1", "--alpha", "0.5,1", "--resolution", "96,224"]
    data = json.loads(run(*call, "--format", "json"))
    assert (data["by"], data["depth"], len(data["blocks"])) == ("block", 1, 12)
    at = data["blocks"].index("bottleneck 2")
    assert data["block_params"][at] == [[6_160, 6_160], [13_968, 13_968]]
    lines = run(*call, "--format", "csv").splitlines()
    assert len(lines) == 1 + 12 * 2 * 2
    assert lines[0] == "block,alpha,resolution,params,madds"
    assert "bottleneck 2,1.0,224,13968,54942720" in lines
    run(*call, "-o", str(tmp_path / "grid.npz"))
    import numpy as np

    with np.load(tmp_path / "grid.npz") as arrays:
        assert arrays["block_madds"].tolist() == data["block_madds"]
        assert arrays["blocks"].tolist() == data["blocks"]
    text = run(*call)
    assert "bottleneck 2" in text
    assert "dropout" not in text


def test_a_grid_of_blocks_has_a_limit() -> None:
    """Two million cells are allowed, but not for each layer of V2."""
    sizes = list(range(32, 1032))
    with pytest.raises(CallError, match="4,000,000 cells, by block"):
        mnetcost.scale("v2", alpha=[n / 1000 for n in range(1, 2001)], resolution=sizes, by="block", depth=9)


@pytest.mark.parametrize("command", [["compare", "v1", "v2"], ["scale", "v2"]])
def test_other_commands_refuse_the_same_calls(command: list[str]) -> None:
    for wrong, message in {
        ("--depth", "1"): "--depth needs --by block",
        ("--by", "kind"): "unknown value 'kind' for --by",
        ("--by", "block", "--depth", "0"): "--depth must be a whole number",
    }.items():
        done = CliRunner().invoke(cli, [*command, *wrong])
        assert done.exit_code == 2
        assert done.stderr.startswith(f"error: {message}")


def test_rows_of_designs_and_blocks_are_not_combined() -> None:
    done = CliRunner().invoke(cli, ["compare", "v1", "v2", "--only", "total", "--by", "block"])
    assert done.exit_code == 2
    assert "cannot be combined" in done.stderr
    with pytest.raises(CallError, match="columns or by"):
        mnetcost.compare("v1", "v2", columns=["params"], by="block")
    with pytest.raises(CallError, match="by block, not by 'kind'"):
        mnetcost.scale("v2", by="kind")
