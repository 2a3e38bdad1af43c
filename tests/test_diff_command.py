"""What does `mnetcost diff` print, and which revisions does it compare?"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mnetcost.analyses.changes.diff import document, figures
from mnetcost.cli import cli
from mnetcost.designs.spec import Row
from mnetcost.output import render

from .repositories import TINY, Checkout
from .test_diff import between, changed


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, ["diff", *arguments], catch_exceptions=False)


def test_the_text_says_the_sentences():
    """Two lines, as a reader would say them."""
    lines = run("v2", "shicai-caffe/v2").output.splitlines()
    assert "stride 2 moved from bottleneck 4/1 to 5/1: +115,492,608 MAdds" in lines
    assert "expansion added at bottleneck 1: +12,845,056 MAdds, +1,088 params" in lines


def test_identical_designs_say_so():
    """And end with 0, --exit-code or not."""
    result = run("v2", "v2", "--exit-code")
    assert "identical: both compute the same" in result.output
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("new", "code"), [("v2:alpha=0.5", 1), ("shicai-caffe/v2", 1), ("v2:resolution=224,alpha=1", 0)]
)
def test_exit_code_is_one_where_they_differ(new, code):
    """As `git diff --exit-code` does; without it, always 0."""
    assert run("v2", new, "--exit-code").exit_code == code
    assert run("v2", new).exit_code == 0


def test_json_adds_up():
    """The document's causes sum to its difference, and its difference is new less old."""
    found = json.loads(run("v2", "shicai-caffe/v2", "--format", "json").output)
    assert found["schema"] == "mnetcost.diff/1"
    for count in ("params", "madds"):
        assert (
            sum(c[count] for c in found["causes"])
            == found["difference"][count]
            == found["new"][count] - found["old"][count]
        )
    assert found["causes"][0]["old"] == ["bottleneck 4/1", "bottleneck 5/1"]


def test_figures_are_said_with_their_sign():
    """Work first, then parameters; what does not change is left out."""
    found = between("v2", "shicai-caffe/v2")
    assert figures(found, "MAdds") == "+128,337,664 MAdds, +1,088 params"
    assert figures(between("v2", "v2"), "MAdds") == "+0 MAdds"


def in_folder(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a user runs it, in a folder of its own."""
    root = Path(__file__).resolve().parent.parent
    env = {**os.environ, "PYTHONPATH": str(root), "GIT_CONFIG_GLOBAL": os.devnull}
    call = [sys.executable, "-m", "mnetcost", "diff", *arguments]
    return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """main has the tiny design; a branch gives its body kernel 5, while main gives it more classes."""
    there = Checkout(tmp_path_factory.mktemp("git") / "work")
    there.commit("base", designs__tiny_toml=TINY)
    there.git("checkout", "-q", "-b", "feature")
    there.commit("kernel", designs__tiny_toml=TINY.replace("out = 16, kernel = 3", "out = 16, kernel = 5"))
    there.git("checkout", "-q", "main")
    there.commit("classes", designs__tiny_toml=TINY.replace("classes = 10", "classes = 20"))
    there.git("checkout", "-q", "feature")
    return there


KERNEL = "kernel 3 -> 5 at body: +524,288 MAdds, +2,048 params"  # 16 x 8 x 16 more weights, at 16x16


CLASSES = "classes 20 -> 10: -160 MAdds, -170 params"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["main:designs/tiny.toml", "designs/tiny.toml"], {KERNEL, CLASSES}),
        (["main:designs/tiny.toml:classes=10", "feature:designs/tiny.toml"], {KERNEL}),
        (["--rev", "main..feature", "designs/tiny.toml"], {KERNEL, CLASSES}),
        (["--rev", "main...feature", "designs/tiny.toml"], {KERNEL}),
        (["--rev", "main", "designs/tiny.toml"], {KERNEL, CLASSES}),
        (["--rev", "main..", "designs/tiny.toml"], {KERNEL, CLASSES}),
        (["--rev", "main...", "designs/tiny.toml:classes=10"], {KERNEL}),
    ],
)
def test_revisions_are_compared(repository, arguments, said):
    """REV:PATH on either side, or --rev A..B, A...B from where they parted, A alone against the file as
    it is.
    """
    result = in_folder(repository.folder, *arguments)
    assert result.returncode == 0, result.stderr
    assert {
        line
        for line in result.stdout.splitlines()
        if line.endswith("params") and " -> " in line and ": " in line
    } == said


def test_a_path_counts_from_the_folder(repository):
    """--rev takes the path as it is written in this folder."""
    assert KERNEL in in_folder(repository.folder / "designs", "--rev", "main...feature", "tiny.toml").stdout


def test_a_renamed_file_is_found_under_its_old_name(tmp_path):
    """What git takes for renamed is compared with what it was; the title says the old name."""
    there = Checkout(tmp_path / "work")
    there.commit("base", designs__tiny_toml=TINY)
    there.git("mv", "designs/tiny.toml", "designs/small.toml")
    there.commit("renamed", designs__small_toml=TINY.replace("kernel = 3 }", "kernel = 5 }"))
    for rev in ("HEAD~1..HEAD", "HEAD~1"):
        result = in_folder(there.folder, "--rev", rev, "designs/small.toml")
        assert KERNEL in result.stdout, result.stderr
        assert result.stdout.startswith("HEAD~1:designs/tiny.toml:")


def test_names_of_a_stranger_are_data():
    """A row's name makes no tag, no link, no column and no escape in any format."""
    name = "<img src=x>|[a](https://example.org)\x1b[31m"
    found = between(changed("v2", lambda rows: rows.insert(1, Row("conv_norm", {"out": 32}, name))), "v2")
    assert name in found.causes[0].text
    drawn = {"markdown": r"(?<!\\)(<img|\||\]\()|\x1b", "html": r"<img|\x1b", "text": r"\x1b", "csv": r"\x1b"}
    for format_, pattern in drawn.items():
        lines = render(document(found, sentences=format_ == "text"), format_).splitlines()
        line = next(line for line in lines if "img src" in line)
        cell = line.strip("| ").partition("removed")[0]
        assert not re.search(pattern, cell), format_


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nope:designs/tiny.toml", "designs/tiny.toml"], 3, "there is no revision 'nope'"),
        (["main:designs/none.toml", "designs/tiny.toml"], 3, "there is no file 'designs/none.toml' at main"),
        (["--rev", "main..nope", "designs/tiny.toml"], 3, "there is no revision 'nope'"),
        (["--rev", "--output=x", "designs/tiny.toml"], 3, "not a revision"),
        (["--rev", "main..feature", "designs/tiny.toml", "v2"], 2, "--rev takes one file"),
        (["designs/tiny.toml"], 2, "two designs are needed"),
        (["designs/tiny.toml", "designs/tinny.toml"], 2, "no such file"),
        (["v2", "v2", "--convention", "papper"], 2, "did you mean 'paper'?"),
    ],
)
def test_what_cannot_be_had_is_said(repository, arguments, code, said):
    """3 where there is nothing to compare with, 2 for a mistake in the call; one line, no traceback."""
    result = in_folder(repository.folder, *arguments)
    assert result.returncode == code
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_a_shallow_clone_says_what_to_fetch(repository, tmp_path):
    """The revision is not there, and the message names the fetch that brings it."""
    shallow = repository.clone(tmp_path / "shallow", "--depth", "1")
    result = in_folder(shallow.folder, "--rev", "origin/main...HEAD", "designs/tiny.toml")
    assert result.returncode == 3
    assert "git fetch" in result.stderr
