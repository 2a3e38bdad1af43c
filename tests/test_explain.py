"""Is the arithmetic that is printed the arithmetic that ran?"""

from __future__ import annotations

import json
from math import prod

import pytest

from mnetcost.analyses.documents import Document
from mnetcost.analyses.report.explain import chosen, explain
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError
from mnetcost.output import render


def explained(design: str, layer: str | None = None, convention: str = "paper") -> Document:
    d = load(design)
    return explain(d, cost(d.graph, d.batch), load_convention(convention), layer)


def test_a_layer_says_what_why_and_how_much() -> None:
    """V2's first depthwise convolution: 3 x 3 x 32 x 112 x 112 = 3,612,672."""
    (table,) = explained("v2", "bottleneck 1/depthwise").tables
    assert table.title == "bottleneck 1/depthwise, 112x112x32 to 112x112x32"
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["is"] == (
        None,
        "Depthwise convolution: one filter (or `multiplier` filters) per channel, so channels never mix.",
    )
    assert rows["why"] == (None, "filters each channel by itself, in the wide middle of the block")
    assert rows["params: depthwise"] == (288, "3 k_h x 3 k_w x 32 c")
    assert rows["MAdds: depthwise"] == (3_612_672, "3 k_h x 3 k_w x 32 c x 112 h x 112 w")


def test_a_pointwise_convolution_is_called_so() -> None:
    """In the sentence and in the data."""
    document = explained("v2", "bottleneck 1/project")
    assert document.tables[0].rows[0][2].startswith("Pointwise (1x1) convolution")
    assert document.data["layers"][0]["op"] == "pointwise"


@pytest.mark.parametrize("name", shipped())
def test_every_formula_comes_to_its_count_and_they_to_the_total(name: str) -> None:
    """In every layer of every shipped design; and every layer says what it is."""
    data = explained(name).data
    params = madds = 0
    for layer in data["layers"]:
        assert layer["is"].endswith((".", ":")), layer["is"]
        for t in (*layer["params_terms"], *layer["work_terms"]):
            assert prod(f["value"] for f in t["factors"]) == t["count"]
        params += sum(t["weight"] * t["count"] for t in layer["params_terms"])
        madds += sum(t["weight"] * t["count"] for t in layer["work_terms"])
    d = load(name)
    costs, paper = cost(d.graph), load_convention()
    assert params == paper.count_params(t for x in costs.layers for t in x.params)
    assert madds == paper.madds(t for x in costs.layers for t in x.work)


@pytest.mark.parametrize(
    ("pattern", "count", "first"),
    [
        ("stem/conv", 1, "stem/conv"),
        ("bottleneck 2/1", 8, "bottleneck 2/1/expand"),
        ("bottleneck 2", 17, "bottleneck 2/1/expand"),
        ("*/depthwise", 17, "bottleneck 1/depthwise"),
        ("bottleneck ?/1/add", 1, "bottleneck 1/1/add"),
        (None, 152, "stem/conv"),
    ],
)
def test_a_layer_is_named_in_full_by_block_or_by_pattern(pattern: str | None, count: int, first: str) -> None:
    """An exact name first, then a block, then a pattern."""
    if pattern == "bottleneck ?/1/add":
        pattern, first = "bottleneck 2/?/add", "bottleneck 2/2/add"
    found = chosen(cost(load("v2").graph), pattern)
    assert (len(found), found[0].name) == (count, first)


def test_a_layer_that_is_not_there_is_refused_with_the_nearest() -> None:
    """Or with the names of blocks."""
    with pytest.raises(CallError, match="did you mean 'bottleneck 4/1/depthwise'"):
        explained("v2", "bottleneck 4/1/depthwize")
    with pytest.raises(CallError, match="blocks: stem, bottleneck 1"):
        explained("v2", "zzz")


def test_csv_is_one_flat_table() -> None:
    """A row a term, with the layer's name and reason."""
    lines = render(explained("v2", "stem/conv"), "csv").splitlines()
    assert lines[0] == "layer,part,count,formula,why"
    assert (
        lines[1]
        == "stem/conv,params: conv,864,3 k_h x 3 k_w x 3 c_in x 32 c_out,looks at a window in all channels at"
        " once"
    )


def test_a_convention_shows_in_every_term() -> None:
    """`flops` counts a multiply-add as two; what is not counted is shown as that."""
    data = json.loads(render(explained("v2", "stem/*", "flops"), "json"))
    assert data["layers"][0]["work_terms"][0]["weight"] == 2
    rows = [row[0] for t in explained("v2", "stem/*", "flops").tables for row in t.rows]
    assert "FLOPs, times 2: conv" in rows
    assert "FLOPs, not counted: activation (relu6)" in rows
