"""What does a check show of its limits: how full each is, the kept ones, and those that cannot be judged?"""

from __future__ import annotations

import contextlib
import html
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.cli import cli
from mnetcost.output import BINARY, CHECK_FORMATS, NETWORKS

from .repositories import TINY, TINY_MADDS, Checkout
from .test_check import BUDGET, diverged, mnetcost, results


@pytest.fixture
def work(tmp_path: Path) -> Checkout:
    return diverged(tmp_path / "work")


def test_a_gauge_reaches_its_limit_only_at_the_limit_and_passes_it_only_past_it(work: Checkout) -> None:
    """Tenths are rounded down before the limit and up past it; more than five past it end in a plus."""
    bounds = {
        350_368: "##########|",
        350_369: "#########.|",
        700_737: "####......|",
        35_036_800: "..........|",
        350_367: "##########|#",
        269_513: "##########|####",  # 130.0004 %
        269_514: "##########|###",  # 129.9999 %
        233_579: "##########|#####",
        175_184: "##########|####+",
        1: "##########|####+",
        0: "##########|####+",
    }
    text = "".join(f'[[budget]]\ndesign = "tiny.toml"\nmadds = {bound}\n' for bound in bounds)
    work.write(
        mnetcost_toml=text + BUDGET + "madds = { min = 35036 }\n" + BUDGET + "madds = { min = 385404 }\n"
    )
    lines = mnetcost(work.folder, "check", "--all", "--format", "csv").stdout.splitlines()[1:]
    assert [line.split(",")[-2] for line in lines] == [*bounds.values(), "..........|", "##########|#"]


def forty(work: Checkout, broken: int, waived: int, kept: int) -> None:
    """Budgets of the tiny design, each at a size of its own."""
    text = []
    for n, limit in enumerate([1] * broken + [2] * waived + [10**9 - n for n in range(kept)]):
        text.append(f'[[budget]]\ndesign = "tiny.toml"\nresolution = {32 + n}\nmadds = {limit}\n')
    until = '[[waiver]]\ndesign = "*"\nlimit = "madds"\nreason = "later"\nuntil = 2030-01-01\n'
    designs = "".join(
        until.replace('"*"', f'"tiny.toml:resolution={32 + n}"') for n in range(broken, broken + waived)
    )
    work.write(mnetcost_toml="".join(reversed(text)) + designs)


def test_of_forty_designs_the_kept_are_one_line(work: Checkout) -> None:
    """What is broken comes first, then what is waived, though the file has them last; --all shows every
    limit; csv and json always do.
    """
    forty(work, 2, 1, 37)
    first, limits, *_ = mnetcost(work.folder, "check", "--today", "2029-01-01").stdout.split("\n\n")
    title, line = first.splitlines()
    assert title == "40 limits: 37 ok, 1 waived, 2 broken"
    assert line.startswith(
        "37 limits of 37 designs are ok and hidden (use --all); closest to its limit: tiny.toml:"
    )
    assert [row.split()[-1] for row in limits.splitlines()[2:]] == ["broken", "broken", "waived"]
    whole = mnetcost(work.folder, "check", "--all").stdout.split("\n\n")
    assert whole[0] == title
    assert [row.split()[-1] for row in whole[1].splitlines()[2:]] == ["broken"] * 2 + ["waived"] + ["ok"] * 37
    assert len(mnetcost(work.folder, "check", "--format", "csv").stdout.splitlines()) == 41
    assert len(results(work.folder)) == 40


@pytest.mark.parametrize(("kept", "shown"), [(10, 10), (11, 0)])
def test_up_to_ten_kept_limits_are_shown(work: Checkout, kept: int, shown: int) -> None:
    """A file of a few budgets is printed whole; where all of many are kept, the line and the number of
    limits are the answer.
    """
    forty(work, 0, 0, kept)
    text = mnetcost(work.folder, "check").stdout
    assert text.startswith(f"{kept} limits: {kept} ok\n")
    assert len([line for line in text.splitlines() if line.endswith("  ok")]) == shown
    assert ("use --all" in text) == (not shown)


UNREAD = {
    "bad.toml": "layers = 1\n",
    "bad.onnx": "no model",
    "bad.json": "{",
    "bad.prototxt": "layer {",
    "bad.tflite": "",
    "latin.toml": "\udcff",
}


def test_an_unreadable_design_is_one_failed_row(work: Checkout) -> None:
    """The others keep their verdicts, the exit code is 2, and every fault is said on stderr."""
    for name, text in UNREAD.items():
        (work.folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    designs = ["v2", *UNREAD, "gone.toml", "no-such", "tiny.toml"]
    work.write(
        mnetcost_toml=f"[[budget]]\ndesign = {json.dumps(designs)}\nmadds = 1000000\nparams.max = 10\n"
    )
    done = mnetcost(work.folder, "check", "--format", "json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["status"]) == (2, "error")
    found = [(r["design"], r["limit"], r["state"]) for r in data["results"]]
    failed = [(name, "status", "error") for name in designs[1:-1]]
    assert found == [
        ("v2", "madds", "broken"),
        ("v2", "params", "broken"),
        *failed,
        ("tiny.toml", "madds", "kept"),
        ("tiny.toml", "params", "broken"),
    ]
    assert all(
        r["value"] is None and r["message"] and r["file"] for r in data["results"] if r["state"] == "error"
    )
    assert data["counts"]["error"] == len(failed)
    assert {e["file"] for e in data["errors"]} >= {*UNREAD, "gone.toml"}
    for name in designs[1:-1]:
        assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", [name for name in CHECK_FORMATS if name not in (*BINARY, *NETWORKS)])
def test_every_format_shows_the_failed_row(work: Checkout, name: str) -> None:
    """And why it failed; the benchmark has figures only, so it leaves it out."""
    work.write(
        bad_toml="layers = 1\n", mnetcost_toml='[[budget]]\ndesign = ["bad.toml", "tiny.toml"]\nmadds = 1\n'
    )
    with contextlib.chdir(work.folder):
        done = CliRunner().invoke(cli, ["check", "--format", name])
    assert done.exit_code == 2
    if name == "benchmark":
        assert [entry["name"] for entry in json.loads(done.stdout)] == ["tiny.toml madds"]
        return
    assert "bad.toml" in done.stdout
    assert "tiny.toml" in done.stdout
    if name != "csv":
        assert "must be a list of rows" in html.unescape(done.stdout).replace("&#160;", " ").replace(
            "\xa0", " "
        )


def test_a_limit_that_cannot_be_compared_is_one_failed_row(work: Checkout) -> None:
    """The absolute limits of the same design, and the others, keep their verdicts; the exit code is 3, or
    2 beside an unreadable design.
    """
    lost = work.git("rev-parse", "HEAD:tiny.toml")
    work.commit("more", other_toml=TINY.replace("out = 16", "out = 24"))
    work.write(mnetcost_toml='[[budget]]\ndesign = ["tiny.toml", "other.toml"]\nmadds = ["+0%", 1]\n')
    (work.folder / ".git/objects" / lost[:2] / lost[2:]).unlink()
    done = mnetcost(work.folder, "check", "--against", "HEAD", "--format", "json")
    assert done.returncode == 3
    data = json.loads(done.stdout)
    assert data["status"] == "incomparable"
    assert [(r["design"], r["state"], r["value"]) for r in data["results"]] == [
        ("tiny.toml", "incomparable", TINY_MADDS),
        ("tiny.toml", "broken", TINY_MADDS),
        ("other.toml", "kept", 497_904),
        ("other.toml", "broken", 497_904),
    ]
    assert "its object cannot be read" in data["results"][0]["message"]
    assert data["results"][0]["file"] == "mnetcost.toml"
    assert "its object cannot be read" in done.stderr
    work.write(other_toml="layers = 1\n")
    assert mnetcost(work.folder, "check", "--against", "HEAD").returncode == 2


def test_a_figure_that_a_design_does_not_have_fails_its_limit_alone(work: Checkout) -> None:
    """A spec has no file of weights."""
    work.write(mnetcost_toml=BUDGET + 'weight_bytes.file = "1 MB"\nmadds = "1M"\n')
    done = mnetcost(work.folder, "check", "--format", "json")
    assert done.returncode == 2
    assert [(r["limit"], r["state"]) for r in json.loads(done.stdout)["results"]] == [
        ("weight_bytes.file", "error"),
        ("madds", "kept"),
    ]
