"""What does each layer cost, and do the views agree?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses.documents import Document
from mnetcost.analyses.report.report import BY, report
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError
from mnetcost.output import render


def answer(design: str, by: str = "layer", convention: str = "paper", **more: object) -> Document:
    d = load(design)
    return report(d, cost(d.graph, d.batch), load_convention(convention), by, **more)  # type: ignore[arg-type]


def column(document: Document, key: str) -> dict[str, object]:
    """A column of the first table, by the rows' names."""
    table = document.tables[0]
    at = [c.key for c in table.columns].index(key)
    return {row[0]: row[at] for row in (*table.rows, *table.footer)}


def test_by_kind_is_table_2_of_the_v1_paper() -> None:
    """94.86, 3.06, 1.91 (printed 1.19, digits swapped) and 0.18 % of multiply-adds; 74.59, 1.06, 0.02 and
    24.33 % of weights.
    """
    kinds = ("pointwise", "depthwise", "conv", "dense")
    document = answer("v1", "kind")
    madds, weights = column(document, "madds_share"), column(document, "weights_share")
    assert [round(100 * madds[k], 2) for k in kinds] == [94.86, 3.06, 1.91, 0.18]  # type: ignore[operator]
    assert [round(100 * weights[k], 2) for k in kinds] == [74.59, 1.06, 0.02, 24.33]  # type: ignore[operator]
    assert column(document, "params")["total"] == 4_231_976


@pytest.mark.parametrize("name", ["v2", "keras/v3-large", "resnet50", "v1:alpha=0.25,batch=3"])
@pytest.mark.parametrize("convention", ["paper", "fvcore", "total"])
@pytest.mark.parametrize("by", BY)
def test_rows_add_up_to_the_totals(name: str, convention: str, by: str) -> None:
    """Whatever a row stands for and whatever is left out of sight, params and work are those of the JSON
    totals.
    """
    document = answer(name, by, convention)
    totals = document.data["totals"]
    for key in ("params", "madds"):
        values = column(document, key)
        total = values.pop("total")
        assert total == totals[key]
        assert sum(values.values()) == total  # type: ignore[arg-type]


def test_a_convolution_is_called_by_its_kind() -> None:
    """V2's 1x1 convolutions are `pointwise`, two in each block but the first, and the head; no two
    columns have one title.
    """
    document = answer("v2")
    ops = column(document, "op")
    assert [ops[k] for k in ("stem/conv", "bottleneck 1/depthwise", "bottleneck 1/project")] == [
        "conv",
        "depthwise",
        "pointwise",
    ]
    assert list(ops.values()).count("pointwise") == 2 * 17
    for by in BY:
        titles = [c.title for c in answer("v2", by, convention="flops").tables[0].columns]
        assert len(set(titles)) == len(titles)
        assert {"params share", "FLOPs share"} <= set(titles)


def test_json_is_the_contract() -> None:
    """The keys a program may count on, in this order, and V2's own figures."""
    data = json.loads(render(answer("v2:alpha=0.5,classes=10"), "json"))
    assert list(data) == ["schema", "mnetcost", "status", "design", "convention", "totals", "bytes", "layers"]
    assert data["schema"] == "mnetcost.report/1"
    assert data["status"] == "complete"
    assert list(data["design"]) == [
        "name",
        "source",
        "alpha",
        "depth",
        "rho",
        "resolution",
        "channels",
        "classes",
        "batch",
        "top",
    ]
    assert data["design"] | {"source": ""} == {
        "name": "v2",
        "source": "",
        "alpha": 0.5,
        "depth": 1.0,
        "rho": 1.0,
        "resolution": [224, 224],
        "channels": 3,
        "classes": 10,
        "batch": 1,
        "top": True,
    }
    keys = ["params", "params_by_kind", "madds", "work_by_kind", "weight_bytes", "activation_elements"]
    assert list(data["totals"])[:6] == keys
    params = data["totals"]["params"]
    assert data["totals"]["weight_bytes"] == {"float32": 4 * params, "float16": 2 * params, "int8": params}
    assert data["layers"][0] == {
        "name": "stem/conv",
        "place": "stem",
        "op": "conv",
        "input": [224, 224, 3],
        "output": [112, 112, 16],
        "kernel": [3, 3],
        "stride": [2, 2],
        "groups": 1,
        "params": 432,
        "madds": 5_419_008,
        "params_by_kind": {"conv": 432},
        "work_by_kind": {"conv": 5_419_008},
    }


def test_kinds_are_raw_whatever_the_convention() -> None:
    """`work_by_kind` and `params_by_kind` hold every kind unweighed, so that FLOPs double the totals only."""
    paper, flops = answer("v2").data["totals"], answer("v2", convention="flops").data["totals"]
    assert flops["madds"] == 2 * paper["madds"] == 601_548_544
    assert flops["work_by_kind"] == paper["work_by_kind"]
    assert "activation" in paper["work_by_kind"]
    assert "norm_statistics" in paper["params_by_kind"]


def test_top_is_the_most_expensive_and_says_what_it_comes_to() -> None:
    """V2's dearest layer is the head's 1x1 at 7x7: 320 x 1280 x 49 = 20,070,400."""
    document = answer("v2", top=2)
    assert column(document, "madds") == {
        "head/conv": 20_070_400,
        "bottleneck 2/1/expand": 19_267_584,
        "first 2": 39_337_984,
        "total": 300_774_272,
    }
    assert [row["name"] for row in document.data["rows"]] == ["head/conv", "bottleneck 2/1/expand"]


@pytest.mark.parametrize(
    ("key", "first"),
    [
        ("params", "classifier"),
        ("name", "bottleneck 1/depthwise"),
        ("INPUT", "bottleneck 2/1/expand_norm"),
        ("madds_share", "head/conv"),
    ],
)
def test_sort_takes_any_column(key: str, first: str) -> None:
    """Numbers and maps from the largest, names from A; the case of the word does not matter."""
    assert answer("v2", sort=key).tables[0].rows[0][0] == first


def test_a_column_that_is_not_there_is_refused_with_the_nearest() -> None:
    """`madd` is not a column."""
    with pytest.raises(CallError, match="did you mean 'madds'"):
        answer("v2", sort="madd")


def test_rows_that_count_nothing_are_left_out_and_counted() -> None:
    """47 of V2's 152 layers have neither params nor multiply-adds; `everything` shows them."""
    assert "47 of 152 layers have zero cost and are hidden (use --all)" in answer("v2").notes
    assert len(answer("v2").tables[0].rows) == 152 - 47
    assert len(answer("v2", everything=True).tables[0].rows) == 152


@given(name=st.sampled_from(shipped()), by=st.sampled_from(list(BY)), everything=st.booleans())
def test_every_design_has_every_view(name: str, by: str, everything: bool) -> None:
    """No view fails on a shipped design, and its last footer is the total."""
    document = answer(name, by, everything=everything)
    assert document.tables[0].footer[-1][0] == "total"
    assert all(len(row) == len(document.tables[0].columns) for row in document.tables[0].rows)


@pytest.mark.parametrize(
    ("design", "sizes"),
    [
        # 6,016 weights, 178 biases of channels, 168 x 2 of norms and as many statistics, 10 of the classifier
        (
            "tests/field/thread-size.toml",
            {"float32": 25_448, "float32_stored": 26_792, "int8_folded": 6_016 + 4 * 178},
        ),
        (
            "vgg16",
            {"float32": 553_430_176, "float32_stored": 553_430_176, "int8_folded": 138_344_128 + 4 * 13_416},
        ),
    ],
)
def test_a_report_says_how_many_bytes_the_weights_take(design: str, sizes: dict[str, int]) -> None:
    """Trained, stored, and as int8 with int32 biases."""
    path = str(Path(__file__).parents[1] / design) if "/" in design else design
    assert json.loads(CliRunner().invoke(cli, ["report", path, "--format", "json"]).stdout)["bytes"] == sizes
    text = CliRunner().invoke(cli, ["report", path]).output
    assert f"{sizes['float32']:,} as float32" in text


def test_int8_is_left_out_where_a_norm_cannot_be_folded(tmp_path: Path) -> None:
    """Behind a sum there is no convolution to fold it into; slopes of PReLU are no weights of one."""
    for row in ('{ op = "add", from = ["a", "b"] }, { op = "norm" }', '{ op = "prelu", slopes = 4 }'):
        path = tmp_path / "net.toml"
        layers = f'[{{ op = "conv", name = "a", out = 4 }}, {{ op = "conv", name = "b", out = 4 }}, {row}]'
        path.write_text(f"resolution = 8\nlayers = {layers}\n")
        result = CliRunner().invoke(cli, ["report", str(path), "--format", "json"])
        assert "int8_folded" not in json.loads(result.stdout)["bytes"], result.output
