"""`reconcile`: figures from public threads are explained, ledgers add up, and chance fits are not called proofs."""

from __future__ import annotations

import json
import random
from functools import cache

import pytest
from click.testing import CliRunner

from mnetcost.analyses.asked import read_number
from mnetcost.analyses.reconcile import Search, document, judge, reconcile
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError

from . import counting

THREADS = [  # design, number, kind, what it is (the words of the best explanation), where it was seen
    ("v2:alpha=1.4", "610.1M", "madds", "convention ptflops-2020", "sovrasov/flops-counter.pytorch 33"),
    ("v2:alpha=1.4", "603134720", "madds", "convention thop-2020; added up in float32", "sovrasov/flops-counter.pytorch 33"),
    ("v2", "314M", "madds", "a 1x1 expansion in every block, t = 1 too", "tensorflow/models 4516"),
    ("v2", "313M", "madds", "a 1x1 expansion in every block, t = 1 too; digits cut off, not rounded", "gluon-cv 773"),
    ("v2", "320.19M", "madds", "a 1x1 expansion in every block, t = 1 too; convention condensenet", "tonylins/pytorch-mobilenet-v2 2"),
    ("v2", "429M", "madds", "built as shicai-caffe/v2", "shicai/MobileNet-Caffe"),
    ("shicai-caffe/v2", "429M", "madds", "our own figure", "shicai/MobileNet-Caffe"),
    ("v3-large", "228.354M", "madds", "built as torchvision/v3-large; convention ptflops-2020", "a public thread"),
    ("torchvision/v3-large", "228.354M", "madds", "convention ptflops-2020", "a public thread"),
    ("v3-small", "2.9M", "params", "a head of 1,280 channels instead of 1,024", "arXiv 1905.02244, first revision"),
    ("v2", "301M", "madds", "our own figure", "torchvision's documentation"),
    ("v2", "300M", "madds", "our own figure; digits cut off, not rounded", "arXiv 1801.04381, table 4"),
    ("v1", "569M", "madds", "our own figure", "arXiv 1704.04861, table 4"),
    ("v1", "4.2M", "params", "our own figure", "arXiv 1704.04861, table 4"),
    ("torchvision/v2", "327486720", "madds", "convention thop", "thop 0.1.1"),
    ("torchvision/v2", "320300008", "madds", "convention ptflops-pytorch", "ptflops 0.7.5"),
    ("keras/v2", "615,292,208", "madds", "convention tf-profiler", "TensorFlow 2.21"),
    ("keras/v2", "3538984", "params", "convention keras", "Keras 3.15"),
    ("keras/v3-large", "5,507,432", "params", "convention keras", "Keras 3.15"),
    ("v2", "602M", "madds", "convention flops", "a multiply-add counted as two"),
    ("v1:alpha=0.75", "317M", "madds", "the first layer (stem) not counted", "TF-slim's README"),
    ("resnet50", "3.86G", "madds", "each stage's stride on its first 1x1", "He et al. 2015: 3.8 billion, by its Caffe files"),
    ("vgg16", "15.3G", "madds", "without pooling and classifier", "He et al. 2015, arXiv 1512.03385, section 3.3"),
    ("v2", "0.3G", "madds", "our own figure", "many a table"),
    ("v2", "286.8M", "madds", "our own figure; M of 1024 x 1024", "mega as 1024 x 1024"),
]

OPEN = [  # nobody knows where these are from: a fit to them is not a proof
    ("v3-large", "236M"),
    ("v3-large", "219M"),
    ("v3-small", "66M"),
    ("v2:alpha=1.4", "6.9M"),
    ("v2:alpha=1.4", "585M"),
    ("v1", "575M"),
    ("v3-small:alpha=0.5", "23M"),
    ("v3-large:alpha=0.35", "40M"),
    ("v3-small-minimalistic", "65M"),
]


@cache
def search(design: str, kind: str = "madds", convention: str = "paper") -> Search:
    d = load(design)
    return Search(d, cost(d.graph, d.batch), load_convention(convention), kind)


@cache
def answer(design: str, number: str, kind: str = "madds") -> dict[str, object]:
    asked = read_number(number)
    data = document(load(design), asked, judge(search(design, kind), asked)).data
    found: dict[str, object] = json.loads(json.dumps(data))
    return found


@pytest.mark.parametrize(("design", "number", "kind", "how", "seen"), THREADS)
def test_figures_from_public_threads_are_explained(design: str, number: str, kind: str, how: str, seen: str) -> None:
    """The best explanation is the one that is known to be true."""
    data = answer(design, number, kind)
    assert data["verdict"] == "explained", seen
    assert data["explanations"][0]["how"] == how  # type: ignore[index]


@pytest.mark.parametrize(("design", "number"), OPEN)
def test_what_nobody_knows_is_not_explained(design: str, number: str) -> None:
    """A fit by chance, or none."""
    for kind in ("madds", "params") if number == "6.9M" else ("madds",):
        data = answer(design, number, kind)
        assert data["verdict"] == "not explained"
        assert data["explanations"] == []
        assert data["nearest"]


@pytest.mark.parametrize(("design", "number", "kind"), [row[:3] for row in THREADS] + [(*row, "madds") for row in OPEN])
def test_every_ledger_adds_up(design: str, number: str, kind: str) -> None:
    """Our figure and the amounts of the ledger make the figure found, and that is written as the number."""
    data = answer(design, number, kind)
    readings = {r.words or "rounded": r for r in read_number(number).readings}
    for fit in (*data["explanations"], *data["would_fit"]):  # type: ignore[misc]
        assert fit["start"] == data["ours"]
        assert fit["start"] + sum(line["amount"] for line in fit["ledger"]) == fit["value"]
        assert readings[fit["reading"]].holds(fit["value"])


def test_a_float32_sum_is_named_where_it_would_explain_the_rest() -> None:
    """A number a little beside a figure that is added up exactly."""
    result = CliRunner().invoke(cli, ["reconcile", "v2:alpha=1.4", "582195840"])
    assert "off by 16: a tool that adds up in float32 counts such a figure in steps of 64" in result.output


def test_progress_comes_to_its_end() -> None:
    """Never backwards, over both kinds, and all at last."""
    seen: list[float] = []
    d = load("v1")
    reconcile(d, cost(d.graph), load_convention(), read_number("4.2M"), tick=lambda n, of: seen.append(n / of))
    assert seen == sorted(seen)
    assert seen[-1] == 1


def test_without_a_kind_both_are_tried() -> None:
    """3.5M is V2's parameters, 301M its multiply-adds."""
    for number, kind in (("3.505M", "params"), ("301M", "madds")):
        result = CliRunner().invoke(cli, ["reconcile", "v2", number, "--format", "json"])
        assert json.loads(result.output)["kind"] == kind


def test_simpler_explanations_come_first() -> None:
    """Points never fall down the list."""
    for number in ("314M", "320.3M", "429M"):
        data = answer("v2", number)
        points = [f["points"] for f in (*data["explanations"], *data["would_fit"])]  # type: ignore[misc]
        assert points == sorted(points)


def test_a_number_we_make_up_is_rarely_explained() -> None:
    """Of wrong four-digit numbers fewer than one in eight, of five-digit ones fewer than one in twenty, of longer ones hardly any."""
    random.seed(7)
    for digits, most in ((4, 1 / 8), (5, 1 / 20), (6, 1 / 50)):
        numbers = [f"{random.uniform(200, 450):.{digits - 3}f}M" for _ in range(150)]
        wrong = sum(judge(search("v2"), read_number(n)).explained for n in numbers)
        assert wrong / len(numbers) <= most, (digits, wrong)


def test_the_docs_say_how_often_a_made_up_number_is_explained() -> None:
    """With a fixed seed; `python -m tests.counting` writes the table anew."""
    assert counting.FALSE.search(counting.DOC.read_text("utf-8"))[0].split("\n\n")[1].strip() == counting.false_matches().strip()  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "value", "digits"),
    [
        ("320.3M", 320_300_000, 4),
        ("3.4 M", 3_400_000, 2),
        ("603,134,720", 603_134_720, 9),
        ("0.57 GMACs", 570_000_000, 2),
        ("569000000", 569_000_000, 3),
        ("300774272 madds", 300_774_272, 9),
        ("314 million multiply-adds", 314_000_000, 3),
    ],
)
def test_a_number_is_read_as_it_was_found(text: str, value: int, digits: int) -> None:
    """Units, separators and round numbers."""
    asked = read_number(text)
    assert (asked.value, asked.significant) == (value, digits)


@pytest.mark.parametrize("text", ["", "M", "-3M", "1e9", "nan", "3.4567M5", "0M", "1.5", "9" * 40])
def test_what_is_no_count_is_refused(text: str) -> None:
    """A mistake in the call, in one line."""
    with pytest.raises(CallError, match="NUMBER must be a"):
        read_number(text)


def test_readings_cover_rounding_cutting_and_1024() -> None:
    """300,774,272 is 301 M rounded, 300 M cut off, 287 M of 1024 x 1024, 286 of these cut off."""
    found = {text: [r.holds(300_774_272) for r in read_number(text).readings] for text in ("301M", "300M", "287M", "286M")}
    assert found == {
        "301M": [True, False, False, False],
        "300M": [False, True, False, False],
        "287M": [False, False, True, False],
        "286M": [False, False, False, True],
    }


def test_a_model_file_is_searched_by_conventions_alone(tmp_path: object) -> None:
    """A design without a spec has no edits, but every convention."""
    d = load("torchvision/v2")._replace(spec=None)
    found = judge(Search(d, cost(d.graph), load_convention("paper"), "madds"), read_number("327486720"))
    assert found.explained
    assert not found.fits[0].candidate.edits
