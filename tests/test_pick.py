"""Published checkpoints: each printed figure is ours in a way that is named, or listed as unexplained."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

import mnetcost
from mnetcost.analyses.fit.pick import COUNTED, Candidate, candidates, read_rule
from mnetcost.analyses.fit.printed import OURS, agreed, ways_of
from mnetcost.analyses.pareto import beaten_by
from mnetcost.designs import load
from mnetcost.designs.checkpoints import checkpoints, read_checkpoints
from mnetcost.designs.shipped import families, shipped
from mnetcost.errors import CallError, SpecError

from .test_cli import run

ALL = candidates(checkpoints())
BY_NAME = {(c.checkpoint.source, c.checkpoint.name): c for c in ALL}

UNEXPLAINED = {  # source, name, figure: as printed
    ("keras", "MobileNetV3 small_1.0_224", "params"): "2.9M",
    ("keras", "MobileNetV3 small_1.0_224", "madds"): "66M",
    ("keras", "MobileNetV3 small_0.75_224", "params"): "2.4M",
    ("keras", "MobileNetV3 small_minimalistic_1.0_224", "madds"): "65M",
    ("tf-slim-v1", "mobilenet_v1_0.25_192", "madds"): "34M",
    ("tf-slim-v1", "mobilenet_v1_0.25_192_quant", "madds"): "34M",
    ("tf-slim-v3", "v3-small_224_1.0_float", "params"): "2.9M",
    ("tf-slim-v3", "v3-small_224_1.0_float", "madds"): "66M",
    ("tf-slim-v3", "v3-small_224_1.0_uint8", "params"): "2.9M",
    ("tf-slim-v3", "v3-small_224_1.0_uint8", "madds"): "66M",
    ("tf-slim-v3", "v3-small_224_0.75_float", "params"): "2.4M",
    ("tf-slim-v3", "v3-small-minimalistic_224_1.0_float", "madds"): "65M",
    ("v1-paper", "Conv MobileNet (table 4)", "madds"): "4866M",
    ("v1-paper", "GoogleNet (table 8)", "params"): "6.8M",
    ("v1-paper", "GoogleNet (table 8)", "madds"): "1550M",
    ("v1-paper", "VGG 16 (table 8)", "madds"): "15300M",
    ("v1-paper", "SqueezeNet (table 9)", "madds"): "1700M",
    ("v2-paper", "MobileNetV1 (table 4)", "madds"): "575M",
    ("v2-paper", "MobileNetV2 1.4 (table 4)", "params"): "6.9M",
    ("v2-paper", "MobileNetV2 1.4 (table 4)", "madds"): "585M",
    ("v3-paper", "V3-Large 1.0 (table 3)", "madds"): "219M",
}

WAYS = [  # source, name, figure, the way it was counted: worked out apart from this program
    ("tf-slim-v1", "mobilenet_v1_1.0_224", "params", "without gamma, with running statistics"),
    ("tf-slim-v1", "mobilenet_v1_0.5_192", "params", "without gamma, with running statistics"),
    ("tf-slim-v1", "mobilenet_v1_1.0_224", "madds", OURS),
    ("tf-slim-v1", "mobilenet_v1_0.75_128", "madds", "without the first convolution"),
    ("tf-slim-v2", "mobilenet_v2_1.0_224", "params", "without batch norm"),
    ("tf-slim-v2", "mobilenet_v2_0.35_96", "madds", "as here, cut"),
    ("tf-slim-v3", "v3-small_224_0.75_float", "madds", "with what the global pools read"),
    ("v2-paper", "MobileNetV2 (table 4)", "params", "without batch norm, cut"),
    ("v2-paper", "MobileNetV2 (table 4)", "madds", "as here, cut"),
    ("v3-paper", "large 224/1.0 (table 9)", "params", "as here, cut"),
    ("keras", "MobileNet", "params", "with running statistics"),
    ("torchvision", "mobilenet_v2.IMAGENET1K_V2", "params", OURS),
]


def test_every_printed_figure_is_explained_or_listed() -> None:
    """Those with a known reason say it in their row."""
    left = {
        (c.checkpoint.source, c.checkpoint.name, key): getattr(c.checkpoint, key)
        for c in ALL
        for key, way in c.printed.items()
        if way is None and not c.checkpoint.why
    }
    assert left == UNEXPLAINED
    assert sum(len(c.printed) for c in ALL) > 350


@pytest.mark.parametrize(("source", "name", "key", "way"), WAYS)
def test_how_a_printed_figure_was_counted(source: str, name: str, key: str, way: str) -> None:
    assert BY_NAME[source, name].printed[key] == way


@pytest.mark.parametrize("one", [c for c in ALL if c.recomputed], ids=lambda c: c.checkpoint.name)
def test_each_row_is_recomputed(one: Candidate) -> None:
    """By the design that it names, as `totals` counts it."""
    found = mnetcost.totals(one.checkpoint.design)
    assert one.figures["params"] == found["params"]
    assert one.figures["madds"] == found["madds"]


def test_the_tables_are_whole() -> None:
    """Rows a source; each name once; a design of ours where a row names one; no row without a source."""
    sizes: dict[str, int] = {}
    for c in ALL:
        sizes[c.checkpoint.source] = sizes.get(c.checkpoint.source, 0) + 1
        assert c.checkpoint.printed_in
        assert c.checkpoint.weights
    assert (sizes["tf-slim-v1"], sizes["tf-slim-v2"], sizes["tf-slim-v3"]) == (32, 22, 9)
    assert sizes["tflite-hosted"] == 54
    assert len(BY_NAME) == len(ALL)
    assert "checkpoints" not in {name.partition("/")[0] for name in shipped()} | set(families())


def test_a_small_accurate_network() -> None:
    """100 M multiply-adds, 2 MB of flash, 65 % top-1."""
    call = ("pick", "--max", "madds=100M", "--max", "flash=2MB", "--min", "top1=65")
    data = json.loads(run(*call, "--format", "json").stdout)
    assert data["objectives"] == ["top1", "madds", "flash_bytes.int8"]
    for row in data["checkpoints"]:
        assert row["madds"] <= 100_000_000
        assert row["flash_bytes.int8"] <= 2 * 1024**2
        assert row["top1"] >= 65
    found = {row["name"]: row["beaten_by"] for row in data["checkpoints"]}
    assert found["MobileNetV3 small_0.75_224"] == "tf_mobilenetv3_small_075.in1k at 224"
    assert found["tf_mobilenetv3_small_075.in1k at 224"] is None
    assert found["mobilenet_v2_0.5_224"] == "mobilenetv2_050.lamb_in1k at 224"
    tops = [row["top1"] for row in data["checkpoints"]]
    assert tops == sorted(tops, reverse=True)


def test_what_is_struck_out_is_beaten() -> None:
    """By a row that is there, in every objective; nothing else is."""
    data = mnetcost.pick({"madds": "300M"}).data
    rows = {row["name"]: row for row in data["checkpoints"]}

    def costs(row: dict[str, object]) -> list[float]:
        return [-row["top1"], *(row[k] for k in data["objectives"][1:])]  # type: ignore[operator,list-item]

    for row in rows.values():
        if row["flash_bytes.int8"] is None:
            assert row["beaten_by"] is None
        elif row["beaten_by"]:
            mine, other = costs(row), costs(rows[row["beaten_by"]])
            assert all(b <= a for a, b in zip(mine, other, strict=True))
            assert mine != other


def test_papers_are_left_out_unless_asked_for() -> None:
    """Nobody can have their weights."""
    call = ("pick", "--min", "top1=75", "--max", "madds=250M", "--format", "json")
    few, many = (json.loads(run(*call, *more).stdout)["checkpoints"] for more in ([], ["--unpublished"]))
    assert {row["weights"] for row in many} - {row["weights"] for row in few} == {"not published"}


def test_times_are_as_printed() -> None:
    """By the device, whatever its case; a checkpoint without one is left out."""
    data = json.loads(run("pick", "--max", "ms.pixel 1=20", "--min", "top1=60", "--format", "json").stdout)
    assert data["objectives"][-1] == "ms.Pixel 1"
    assert {row["ms"]["Pixel 1"] <= 20 for row in data["checkpoints"]} == {True}


def test_nothing_within_says_which_limit_leaves_most_out() -> None:
    answer = run("pick", "--max", "madds=10M", "--min", "top1=70")
    assert answer.exit_code == 1
    assert "nothing is within all limits: of" in answer.stdout
    assert " 0 keep madds <= 10M" in answer.stdout


REFUSED = [
    (["--max", "mads=1M"], "did you mean 'madds'?"),
    (["--max", "madds"], "write FIGURE=LIMIT"),
    (["--max", "madds=+1%"], "there is no base"),
    (["--min", "top1=high"], "'top1' must be per cent such as 65"),
    (["--max", "ms.Pixel 1=soon"], "must be milliseconds such as 20"),
    (["--max", "ms.Pixel 9=1"], "did you mean 'ms.Pixel"),
    (["--sort", "topp1"], "did you mean 'top1'?"),
    (["--source", "tfslim"], "tf-slim"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_a_wrong_call_says_what_is_meant(options: list[str], message: str) -> None:
    answer = run("pick", *options)
    assert answer.exit_code == 2, answer.output
    assert message in answer.stderr


def test_words_mean_metrics() -> None:
    """And limits of accuracy need not be whole."""
    assert read_rule("size=1M", "max", ()).name == "flash_bytes.int8"
    assert read_rule("top1=65.5%", "min", ()).limit.amount == Fraction("65.5")
    with pytest.raises(CallError, match="there are"):
        read_rule("zzzzz=1", "max", ())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('source = "x"\nweights = "y"', "must have 'title'"),
        ('title = "t"\nsource = "x"\nweights = "y"\nrows = [{ name = "n" }]', "must have 'top1'"),
        ('title = "t"\nsource = "x"\nweights = "y"\nrows = [{ name = "n", top1 = 101 }]', "top1"),
        ('title = "t"\nsource = "x"\nweights = "y"\nrows = [{ name = "n", top1 = 1, top_5 = 2 }]', "'top5'"),
        ('title = "t"\nsource = "x"\nweights = "y"\nrows = [{ name = "n", top1 = 1, params = 4 }]', "4.24M"),
    ],
)
def test_a_wrong_table_says_where(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_checkpoints(text, "t.toml", "t")


def test_domination() -> None:
    """Less is better; ties beat nothing, and so does what is not known."""
    assert beaten_by([]) == []
    assert beaten_by([(1, 1), (1, 1)]) == [None, None]
    assert beaten_by([(1, 2), (2, 1), (2, 2), (1, None)]) == [None, None, 0, None]


def test_ways_of_printing() -> None:
    """To the printed digits: rounded first, then cut."""
    assert ways_of("569M", {OURS: 568_740_352}) == [OURS]
    assert ways_of("0.301G", {OURS: 300_774_272}) == [OURS]
    assert ways_of("300M", {OURS: 300_774_272}) == ["as here, cut"]
    assert OURS in ways_of("3504872", {OURS: 3_504_872})
    assert ways_of("301M", {OURS: 302_000_000}) == []
    assert set(COUNTED) >= {"params", "madds"}
    assert load("slim/v2:alpha=0.35,resolution=96").alpha == 0.35


def test_where_several_ways_give_a_figure_the_table_decides() -> None:
    """Ours where it does; else the way that gives most of its table."""
    found = [("a", ["x", "y"]), ("a", ["y"]), ("b", ["x", "y"]), ("a", [OURS, "y"]), ("a", [])]
    assert agreed(found) == ["y", "y", "x", OURS, None]
