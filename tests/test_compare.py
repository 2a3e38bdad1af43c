"""Do designs stand side by side with the right ratios?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.analyses.documents import Document
from mnetcost.analyses.report.compare import columns_known, compare, labels
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError
from mnetcost.output import render


def side_by_side(*names: str, convention: str = "paper") -> Document:
    loaded = [load(name) for name in names]
    return compare([(d, cost(d.graph, d.batch)) for d in loaded], load_convention(convention))


def section(document: Document, title: str) -> dict[str, tuple[object, ...]]:
    table = next(t for t in document.tables if t.title == title)
    return {row[0]: row[1:] for row in table.rows}


def test_the_shop_window() -> None:
    """V1 and V2 at half the width: 149,497,088 against 97,131,840 multiply-adds, 1,331,592 against
    1,968,680 params.
    """
    document = side_by_side("v1:alpha=0.5", "v2:alpha=0.5")
    assert document.title == "v1 and v2 at alpha 0.5, resolution 224"
    assert document.lead == ("v2 has 1.48 times the params of v1, and 0.65 times its MAdds.",)
    assert section(document, "total") == {
        "params": (1_331_592, 1_968_680, 1_968_680 / 1_331_592),
        "MAdds": (149_497_088, 97_131_840, 97_131_840 / 149_497_088),
    }
    assert section(document, "weights in bytes")["float16"][:2] == (2_663_184, 3_937_360)
    assert section(document, "layers")["depthwise"][:2] == (13, 17)
    assert section(document, "layers")["with MAdds"][:2] == (28, 53)


@pytest.mark.parametrize("convention", ["paper", "flops", "fvcore", "thop"])
@pytest.mark.parametrize("title", ["{} by kind", "{} by output map", "params by kind"])
def test_sections_add_up_to_the_totals(title: str, convention: str) -> None:
    """By kind, or by the size of the map: the sum of a design's column is its total."""
    document = side_by_side("v1", "v3-large", "resnet50:resolution=160", convention=convention)
    unit = load_convention(convention).unit
    rows = section(document, title.format(unit)).values()
    total = section(document, "total")["params" if "params" in title else unit]
    for n in (0, 1, 3):  # 2 and 4 are ratios
        assert sum(row[n] for row in rows) == total[n]  # type: ignore[misc]


@pytest.mark.parametrize("by", [None, "block"])
def test_profiles_add_up_to_the_totals(by: str | None) -> None:
    """Of work and of params, by output map and by block, also where a bar stands for several blocks:
    EfficientNet-B7 has 57 of them, and no more than 24 bars.
    """
    document = mnetcost.compare("v1", "v3-large", "efficientnet-b7", by=by)
    profile = section(document, "profile by block" if by else "profile by output map")
    for key in ("params", "MAdds"):
        for n in (0, 1, 3):  # 2 and 4 are ratios
            figures = profile[key][n]
            assert isinstance(figures, tuple)
            assert len(figures) <= 24
            assert sum(figures) == section(document, "total")[key][n]


def test_a_profile_goes_from_the_largest_map_to_the_smallest() -> None:
    """The rows of work by output map, and their params; V1's five sizes of maps and its classifier."""
    document = side_by_side("v1", "v2")
    by_map = section(document, "MAdds by output map")
    assert list(by_map) == ["112x112", "56x56", "28x28", "14x14", "7x7", "1x1"]
    profile = section(document, "profile by output map")
    assert profile["MAdds"][0] == tuple(row[0] for row in by_map.values())
    assert profile["params"][0] == (3456, 27200, 103552, 1478912, 1593856, 1025000)
    data = document.data["designs"][0]["params_by_resolution"]
    assert {"resolution": [112, 112], "params": 3456} in data
    assert "  MAdds                     ▁▂▂█▂▁               ▃▄▂█▆▁" in render(document)


def test_activations_are_those_that_are_written() -> None:
    """V1's largest map is 112 x 112 x 64, after its first pointwise convolution."""
    maps = section(side_by_side("v1", "v2"), "map elements, not RAM")
    assert maps["largest single map"][:2] == (112 * 112 * 64, 112 * 112 * 96)


def test_a_design_against_itself_is_one() -> None:
    """Every ratio is 1, sparklines have none, and both have a name of their own."""
    document = side_by_side("v2", "v2")
    assert document.title == "v2 and v2 (2) at alpha 1, resolution 224"
    assert document.lead == ("v2 (2) has exactly the params of v2, and exactly its MAdds.",)
    assert {(t.columns[1].kind == "spark", row[-1]) for t in document.tables for row in t.rows} == {
        (False, 1.0),
        (True, None),
    }


def test_names_hold_what_differs() -> None:
    """What all designs share stands in the heading, once."""
    designs = [load(name) for name in ("v1:alpha=0.5", "v1:alpha=0.75", "v1:alpha=0.5,classes=10")]
    assert labels(designs) == (["v1:alpha=0.5", "v1:alpha=0.75", "v1:alpha=0.5,classes=10"], "resolution 224")


def test_json_holds_every_design_whole() -> None:
    """Each with its settings, totals, layers and ratios to the first."""
    data = json.loads(render(side_by_side("v1", "v2"), "json"))
    assert (data["schema"], data["status"], len(data["designs"])) == ("mnetcost.compare/1", "complete", 2)
    second = data["designs"][1]
    assert second["ratios"]["madds"] == 300_774_272 / 568_740_352
    assert second["layers"] == {"all": 152, "with_madds": 53, "by_op": second["layers"]["by_op"]}
    assert sum(second["layers"]["by_op"].values()) == 152
    assert sum(m["madds"] for m in second["madds_by_resolution"]) == second["totals"]["madds"] == 300_774_272


def test_one_design_is_not_a_comparison() -> None:
    """Two or more are needed."""
    with pytest.raises(CallError, match="two designs or more"):
        side_by_side("v1")


def test_weights_as_a_file_stores_them_stand_only_with_files() -> None:
    """A spec has no file: its cell and ratio are empty, never 0."""
    paper = load_convention("paper")
    spec, file = load("v1"), load("v1:alpha=0.25")
    stored = cost(file.graph._replace(weight_bytes=478_564))
    document = compare([(spec, cost(spec.graph)), (file, stored)], paper)
    rows = {
        row[0]: row for table in document.tables if table.title == "weights in bytes" for row in table.rows
    }
    assert rows["file"] == ("file", None, 478_564, None)
    assert document.data["designs"][1]["totals"]["weight_bytes"]["file"] == 478_564
    assert "file" not in document.data["designs"][0]["totals"]["weight_bytes"]


def row_each(*args: str) -> Any:
    return CliRunner().invoke(cli, ["compare", *args])


def test_one_row_a_design() -> None:
    """V1 and V2 as their papers count: 4.23 and 3.50 million parameters, 568.74 and 300.77 million
    multiply-adds.
    """
    found = row_each("v1", "v2", "--columns", "params,madds,madds_ratio,classes", "--unit", "M").stdout
    rows = [line.split() for line in found.splitlines() if line.startswith(("v1 ", "v2 "))]
    assert [row for row in rows if len(row) == 5] == [
        ["v1", "4.23", "568.74", "1.0000", "1,000"],
        ["v2", "3.50", "300.77", "0.5288", "1,000"],
    ]
    assert "params (M)" in found
    exact = row_each("v1", "v2", "--only", "total", "--unit", "M", "--format", "csv").stdout.splitlines()
    assert exact == [
        "name,resolution,params,madds",
        "v1,224x224,4231976,568740352",
        "v2,224x224,3504872,300774272",
    ]
    data = json.loads(row_each("v1", "v2", "--only", "total", "--format", "json").stdout)
    assert data["rows"][1] == {"name": "v2", "resolution": [224, 224], "params": 3504872, "madds": 300774272}


@pytest.mark.parametrize("key", columns_known())
def test_every_column_can_be_asked_for(key: str) -> None:
    """Of designs and of their metrics; what a design has not is an empty cell."""
    rows = json.loads(row_each("v1", "keras/v3-small", "--columns", key, "--format", "json").stdout)["rows"]
    assert [list(row) for row in rows] == [["name", key]] * 2


def test_a_table_for_a_paper_has_a_caption_and_a_label() -> None:
    """Both escaped or refused, so that neither can hold a command."""
    found = row_each(
        "v1",
        "v2",
        "--only",
        "total",
        "--format",
        "latex",
        "--caption",
        "50% & \\input{x}",
        "--label",
        "tab:cost",
    ).stdout
    assert "\\caption{50\\% \\& \\textbackslash{}input\\{x\\}}\n  \\label{tab:cost}\n" in found
    assert "\\label" not in row_each("v1", "v2", "--only", "total", "--format", "latex").stdout
