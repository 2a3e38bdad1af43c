"""The ledger between two conventions, and the command that prints it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.analyses.report.tally import (
    GAPS,
    NAMES,
    PER,
    SIDES,
    VOLUMES,
    Entry,
    counts,
    difference,
    side,
    terms_of,
    units_of,
    value,
)
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.engine.conventions import UNITS
from mnetcost.engine.costs import cost
from mnetcost.engine.terms import FOLDED, PARAM_KINDS, WORK_KINDS

from .onnx_files import node, weights, write


def run(*call: str) -> str:
    result = CliRunner().invoke(cli, call, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(
    "design", ["torchvision/v2", "timm/v3-small:alpha=0.75", "keras/v3-large", "resnet50"]
)
def test_the_reasons_add_up(design: str) -> None:
    """Between any two conventions, for work and parameters, the amounts sum to the difference."""
    costs = cost(load(design).graph)
    all_ = [load_convention(name) for name in convention_names()]
    for kind in SIDES:
        sums = counts(terms_of(costs, kind), units_of(all_))
        for a in all_:
            for b in all_:
                parts = difference(sums, side(a, kind), side(b, kind), kind)
                assert sum(e.amount for e in parts) == value(sums, side(b, kind)) - value(sums, side(a, kind))


def test_fvcore_differs_from_the_paper_by_norm_and_pool() -> None:
    """2 x 6,678,112 elements of batch norm and the 62,720 that the pool reads."""
    sums = counts(terms_of(cost(load("torchvision/v2").graph), "madds"), {})
    parts = difference(sums, load_convention("paper").work, load_convention("fvcore").work, "madds")
    assert parts == [
        Entry("batch norm", 6_678_112, 2),
        Entry("elements read by pools (global average)", 62_720, 1),
    ]


def test_the_command_shows_a_list_a_convention_and_a_design() -> None:
    """Three forms of one command."""
    assert "pytorch-OpCounter" in run("conventions")
    assert "pool_input.global_average as mean" in run("conventions", "thop")
    assert "327486720" in run("conventions", "torchvision/v2").replace(",", "")


def test_the_json_says_every_reason() -> None:
    """thop's ledger for V2 as data."""
    data = json.loads(run("conventions", "torchvision/v2", "--format", "json"))
    thop = next(k for k in data["conventions"] if k["name"] == "thop")
    assert (thop["madds"], thop["params"]) == (327_486_720, 3_504_872)
    assert thop["reasons"]["madds"] == [
        {"what": "batch norm", "number": 6_678_112, "weight": 4, "amount": 26_712_448}
    ]


def test_another_reference_may_be_asked_for() -> None:
    """Beside fvcore, thop counts two more an element of batch norm."""
    data = json.loads(run("conventions", "torchvision/v2", "--convention", "fvcore", "--format", "json"))
    assert data["reference"] == "fvcore"
    thop = next(k for k in data["conventions"] if k["name"] == "thop")
    assert {"what": "batch norm", "number": 6_678_112, "weight": 2, "amount": 13_356_224} in thop["reasons"][
        "madds"
    ]


def test_the_report_says_how_work_reads_elsewhere() -> None:
    """One line, the common conventions but the one in use."""
    line = (
        "other tools would report: flops 601,548,544, fvcore 314,193,216, ptflops-pytorch 320,300,008, thop"
        " 327,486,720"
    )
    assert line in run("report", "torchvision/v2")
    assert "other tools would report: paper 300,774,272, flops 601,548,544" in run(
        "report", "torchvision/v2", "--convention", "thop"
    )


def folded(folder: Path, bias: bool) -> str:
    """A convolution and a ReLU, as an exporter leaves them."""
    inputs = ["x", "w", "b"] if bias else ["x", "w"]
    return write(
        folder,
        [node("Conv", inputs, ["y"]), node("Relu", ["y"], ["z"])],
        [weights("w", 4, 3, 1, 1), weights("b", 4)][: 1 + bias],
    )


def test_a_file_without_norms_is_not_spoken_of_by_tools_that_count_norms(tmp_path: Path) -> None:
    """Two convolutions with biases and no norm may have had one: fvcore counts norms, PyTorch's own
    counter does not.
    """
    path = folded(tmp_path, bias=True)
    text = run("report", path)
    assert ", fvcore " not in text
    assert (
        "; not known: fvcore, ptflops-pytorch, thop (batch norm, which this file may have folded away)"
        in text
    )
    assert "how fvcore counts batch norm" in run("report", path, "--convention", "fvcore")
    assert "is not known" not in run("report", path, "--convention", "torch-flop-counter")


def test_a_file_without_biases_has_no_norm_folded_away(tmp_path: Path) -> None:
    """A folded norm would have left a bias."""
    assert ", fvcore " in run("report", folded(tmp_path, bias=False))


def unknown_kinds(keys: Iterable[str]) -> set[str]:
    """The keys, such as `norm` or `norm.scale`, whose kind no term has."""
    return {key for key in keys if key.partition(".")[0] not in {*WORK_KINDS, *PARAM_KINDS, FOLDED}}


def test_what_is_put_into_words_is_counted() -> None:
    """Every kind with words for a ledger is one that terms have, and every unit of a weight has words."""
    assert unknown_kinds([*NAMES, *GAPS]) == {VOLUMES}
    assert set(PER) == set(UNITS)
    assert unknown_kinds(["nrom.scale"]) == {"nrom.scale"}
