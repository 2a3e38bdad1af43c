"""Is a tree of blocks the design's own, with sums that add up, in every format and at every width?"""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.analyses.documents import Branch, Column, Document, Table
from mnetcost.analyses.report.tree import Block, block_tree, folded, walk
from mnetcost.cli import cli
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.toml import quoted
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.graph import Graph, Node
from mnetcost.engine.ops import Dense, Input
from mnetcost.engine.shapes import Shape
from mnetcost.errors import CallError
from mnetcost.output import layout, render, terminal, text

from .test_output import HOSTILE, TEXTS


def asked(*args: str) -> str:
    done = CliRunner().invoke(cli, ["report", *args, "--tree"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def shown(printed: str) -> list[str]:
    """The first column of a tree in text, without figures."""
    table = printed.split("\n\n")[1].splitlines()[1:]
    return [re.split(r" {2,}\d", line)[0] for line in table]


def blocks(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [data, *(b for part in data.get("parts", ()) for b in blocks(part))]


@pytest.mark.parametrize("name", ["v2", "v3-small", "inception-v3", "mobilevit-xxs", "unet", "alexnet"])
@pytest.mark.parametrize("depth", [None, 1, 2])
def test_parts_add_up_to_their_block(name: str, depth: int | None) -> None:
    """In params, multiply-adds and, with the layers of zero cost, in layers; the top is the whole design."""
    data = mnetcost.report(name, tree=True, everything=True, depth=depth).data
    for block in blocks(data["tree"]):
        assert ("parts" in block) != ("op" in block)
        for key in ("params", "madds", "layers"):
            assert block[key] == sum(part[key] for part in block.get("parts", [block]))
    assert (data["tree"]["params"], data["tree"]["madds"]) == (
        data["totals"]["params"],
        data["totals"]["madds"],
    )
    assert data["tree"]["layers"] == len(data["layers"])


def test_levels_are_those_of_blocks_by_depth() -> None:
    """The same rows as --by block --depth 1, with the same figures."""
    tree = mnetcost.report("v2", tree=True, depth=1).data["tree"]
    rows = mnetcost.report("v2", by="block", depth=1).tables[0].records()
    assert [(p["name"], p["params"], p["madds"]) for p in tree["parts"]] == [
        (row["name"], row["params"], row["madds"]) for row in rows
    ]


def test_equal_neighbours_are_one_row() -> None:
    """V2's stage of four: the first one strides, the other three are equal and cost 3 x 10,311,168."""
    found = asked("v2", "--depth", "2")
    assert "│   └── 2 to 4 (3 equal)" in shown(found)
    assert "│   └── 2 and 3 (equal)" in shown(found)
    row = next(line for line in found.splitlines() if "2 to 4" in line)
    assert "30,933,504" in row
    assert "equal blocks are one row" in found
    every = asked("v2", "--depth", "2", "--all")
    assert "equal" not in every
    assert sum("10,311,168" in line for line in every.splitlines()) == 3


def test_one_part_is_joined_with_its_block() -> None:
    """A chain is one row; where all parts of a block are equal, so is the block."""
    assert "├── separable 14x14/1 to 5 (5 equal)" in shown(asked("v1"))


def tree_of(*names: str, module: bool = False) -> Block:
    """A tree of dense layers with these names, or in these modules, with 10, 20 ... outputs."""
    nodes = [Node("input", Input(1, 1, 10), (), Shape(1, 1, 10), "")]
    for n, name in enumerate(names, 1):
        node = Node(f"{name}_{n}" if module else name, Dense(10 * n), (0,), Shape(1, 1, 10 * n), "")
        nodes.append(node._replace(module=name) if module else node)
    costs: Costs = cost(Graph(tuple(nodes)))
    return block_tree("net", costs, load_convention("paper"))


def drawn(block: Block) -> list[tuple[int, str, int]]:
    return [(len(more), one.name, one.madds) for more, one in walk(block)]


def test_a_layer_named_like_a_block_is_a_part_of_it() -> None:
    """Under the name of its op: the block's own layer of 100 multiply-adds, and 200 below."""
    assert drawn(tree_of("body", "body/last")) == [
        (0, "net", 300),
        (1, "body", 300),
        (2, "dense", 100),
        (2, "last", 200),
    ]


def test_modules_are_split_at_points() -> None:
    """Layers of one module are one leaf, and a chain of modules is joined."""
    assert drawn(tree_of("a.0", "a.0", "a.1.conv", "b.c.d", module=True)) == [
        (0, "net", 1000),
        (1, "a", 600),
        (2, "0", 300),
        (2, "1.conv", 300),
        (1, "b.c.d", 400),
    ]


@pytest.mark.parametrize("name", ["/".join("a" * 5000), "//", "a//b", "/a/b/", "a/", "."])
def test_odd_paths_are_rows(name: str) -> None:
    """Thousands of parts, empty ones, and none: nothing is lost, and no row is without a name."""
    for module in (False, True):
        block = tree_of(name, name + "/x", "y", module=module)
        assert block.madds == 600
        assert all(one.name for _, one in walk(folded(block)))


def test_csv_has_every_block_with_its_path() -> None:
    """Unfolded, in full, with the depth of each."""
    rows = list(csv.DictReader(io.StringIO(asked("v2", "--format", "csv"))))
    assert len(rows) == len(blocks(json.loads(asked("v2", "--format", "json"))["tree"]))
    assert rows[0] == {
        "depth": "0",
        "path": "",
        "name": "v2",
        "layers": "152",
        "params": "3504872",
        "params_share": "1.0",
        "madds": "300774272",
        "madds_share": "1.0",
    }
    assert {row["path"] for row in rows if row["depth"] == "3"} >= {"bottleneck 4/2/expand"}


def test_text_has_bars_and_ascii_has_them_too() -> None:
    """Relative to the largest below the top; without block characters the lines are of + and `."""
    document = mnetcost.report("v2", tree=True, depth=1)
    assert "└── classifier" in render(document)
    assert "19.32 % ██████████" in render(document)
    ascii_ = text.render(document, blocks=False)
    assert ascii_.isascii()
    assert "`-- classifier" in ascii_
    assert "+-- bottleneck 5" in ascii_
    assert "19.32 % ##########" in ascii_


@pytest.mark.parametrize("width", [100, 80, 60, 40])
def test_it_fits_every_terminal(width: int) -> None:
    """At 40 columns with bars: the lines are closer, and names are not wrapped."""
    document = mnetcost.report("v2", tree=True)
    lines = terminal.recorded(document, width).export_text().splitlines()
    assert max(layout.cells(line.rstrip()) for line in lines) <= width
    row = next(line for line in lines if "expand_norm" in line)
    assert row.startswith("│   │   ├── " if width > 60 else "│ │ ├ ")
    assert any("█" in line for line in lines)


def test_markdown_shows_it_as_code() -> None:
    """Its lines would not meet in a table; a name cannot end the code."""
    found = asked("v2", "--depth", "1", "--format", "markdown")
    assert "```text\nblock " in found
    assert "└── classifier" in found
    columns = (Column("name", "block", "tree"), Column("n", "n", "count"))
    rows = ((Branch((), "net"), 3), (Branch((False,), "a\n```\n<b>"), 3))
    said = render(Document("d", (Table("tree", columns, rows),), (), {}), "markdown")
    assert said.count("````") == 2
    assert "\n```\n" not in said


@pytest.mark.parametrize("format_", TEXTS)
def test_names_are_data_in_every_format(tmp_path: Path, format_: str) -> None:
    """From the file to the answer: no escape character and no tag of a stranger's."""
    names = [n for n in HOSTILE if "\ud800" not in n and n == n.strip()]
    rows = "\n".join(f'  {{ op = "conv", out = {8 + n}, name = {quoted(x)} }},' for n, x in enumerate(names))
    file = tmp_path / "net.toml"
    file.write_text(f'source = "x"\nresolution = 32\nlayers = [\n{rows}\n]\n', "utf-8")
    found = asked(str(file), "--format", format_)
    assert "\x1b" not in found
    scripts = found.count("<script>")
    assert scripts == (1 if format_ == "html" else 0) or format_ in (
        "text",
        "json",
        "csv",
        "markdown",
        "latex",
    )


@pytest.mark.parametrize(
    "more", [["--by", "block"], ["--sort", "params"], ["--top", "3"], ["--memory"], ["--receptive"]]
)
def test_it_has_rows_of_its_own(more: list[str]) -> None:
    done = CliRunner().invoke(cli, ["report", "v2", "--tree", *more])
    assert (done.exit_code, done.stderr.splitlines()[0]) == (2, "error: --tree has rows of its own")


def test_python_refuses_the_same() -> None:
    with pytest.raises(CallError, match="rows of its own"):
        mnetcost.report("v2", tree=True, by="block")
    with pytest.raises(CallError, match="depth"):
        mnetcost.report("v2", tree=True, depth=0)
