"""Baselines: figures in a committed file, and limits compared with them."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses.budgets import baseline
from mnetcost.analyses.budgets.baseline import Update, read, write
from mnetcost.errors import CallError, MnetcostError

from .repositories import TINY, TINY_MADDS
from .test_check import mnetcost

NAME = "mnetcost-baseline.toml"
BUDGET = f'baseline = "{NAME}"\n[[budget]]\ndesign = "tiny.toml"\nmadds = "+1%"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A design and its budget, no git anywhere."""
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "mnetcost.toml").write_text(BUDGET)
    return tmp_path


def call(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = mnetcost(folder, *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_baseline_holds_one_line_a_figure(folder: Path) -> None:
    """In the order of names and metrics, with what relative limits ask for behind the standing ones."""
    (folder / "mnetcost.toml").write_text(
        BUDGET + '"body".params = "+0%"\n"stem".madds = 1000000\nlayers.dense = "+0"\n'
    )
    call(folder, "baseline")
    assert (folder / NAME).read_text().splitlines()[3:] == [
        '[design."tiny.toml"]',
        "params = 1586",
        "madds = 350368",
        '"weight_bytes.float32" = 6344',
        '"weight_bytes.float16" = 3172',
        '"weight_bytes.int8" = 1586',
        '"activation_elements.sum" = 6170',
        '"activation_elements.largest" = 4096',
        "layers = 8",
        '"body.params" = 1184',
        '"layers.dense" = 1',
    ]


def test_the_same_figures_give_the_same_bytes(folder: Path) -> None:
    """Whatever the order of the budgets; and a file that is up to date is said to be so."""
    more = '[[budget]]\ndesign = "v2"\nalpha = 0.5\nmadds = "+0%"\n'
    (folder / "mnetcost.toml").write_text(BUDGET + more)
    call(folder, "baseline", "--check", code=1)
    assert not (folder / NAME).exists()
    call(folder, "baseline")
    first = (folder / NAME).read_bytes()
    (folder / "mnetcost.toml").write_text(BUDGET.splitlines()[0] + "\n" + more + BUDGET.split("\n", 1)[1])
    call(folder, "baseline", "--check")
    call(folder, "baseline")
    assert (folder / NAME).read_bytes() == first


def test_a_slow_drift_is_caught(folder: Path) -> None:
    """Each step is within two per cent of the one before; of the baseline, which does not move by itself,
    the second is not.
    """
    wide = TINY.replace("out = 16", "out = 160")
    (folder / "tiny.toml").write_text(wide)
    (folder / "mnetcost.toml").write_text(BUDGET.replace("+1%", "+2%"))
    call(folder, "baseline")
    madds = [55_296 + 2_949_120 + 160 * classes for classes in (10, 300, 600)]
    assert all(100 * (b - a) < 2 * a for a, b in pairwise(madds))
    for classes, code in ((10, 0), (300, 0), (600, 1)):
        (folder / "tiny.toml").write_text(wide.replace("classes = 10", f"classes = {classes}"))
        call(folder, "check", code=code)


def test_a_design_that_the_baseline_does_not_know_cannot_be_compared(folder: Path) -> None:
    """Nor a figure it has not: a baseline that nobody extends would let everything pass."""
    call(folder, "baseline")
    (folder / "mnetcost.toml").write_text(BUDGET + '"body".madds = "+0%"\n')
    done = call(folder, "check", code=3)
    assert f"{NAME} has no 'body.madds' of 'tiny.toml'" in done.stderr
    (folder / "mnetcost.toml").write_text(BUDGET + '[[budget]]\ndesign = "v1"\nmadds = "+0%"\n')
    done = call(folder, "check", code=3)
    assert f"{NAME} has no 'v1'\n  hint: `mnetcost baseline --baseline {NAME}` adds it" in done.stderr
    call(folder, "baseline", "v1")
    call(folder, "check")


def test_named_designs_are_put_in_and_the_rest_stays(folder: Path) -> None:
    """Without names, what has no budget any more goes."""
    call(folder, "baseline")
    call(folder, "baseline", "v1", "v2:alpha=0.5", "--baseline", NAME)
    assert sorted(read(str(folder / NAME))) == ["tiny.toml", "v1", "v2:alpha=0.5"]
    (folder / "tiny.toml").write_text(TINY.replace("out = 16", "out = 24"))
    call(folder, "baseline", "v1", "--baseline", NAME)
    assert read(str(folder / NAME))["tiny.toml"]["madds"] == TINY_MADDS
    done = call(folder, "baseline")
    assert sorted(read(str(folder / NAME))) == ["tiny.toml"]
    assert "497,904" in done.stdout


def test_a_convention_that_is_not_the_usual_one_is_part_of_the_name(folder: Path) -> None:
    """So that figures counted differently are never compared."""
    (folder / "mnetcost.toml").write_text(BUDGET + 'convention = "flops"\n')
    call(folder, "baseline")
    assert read(str(folder / NAME))["tiny.toml [flops]"]["madds"] == 2 * TINY_MADDS
    call(folder, "check")
    call(folder, "check", "--convention", "paper", code=3)


def test_a_file_stands_beside_its_budgets(folder: Path) -> None:
    """Also when the command is called in a folder below."""
    (folder / "mnetcost.toml").write_text(BUDGET.split("\n", 1)[1])
    (folder / "deep").mkdir()
    call(folder / "deep", "baseline")
    assert (folder / NAME).is_file()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("params = 1\n", "is no baseline"),
        ("[design]\nv2 = 1\n", "is no baseline"),
        ('[design."v2"]\nparams = "1M"\n', "a figure must be a whole number"),
        ('[design."v2"]\nparams = -1\n', "a figure must be a whole number"),
        ("[design.", "TOML: "),
    ],
)
def test_what_is_no_baseline_is_a_mistake(folder: Path, text: str, said: str) -> None:
    """Exit code 2, and the file is left as it was."""
    (folder / NAME).write_text(text)
    for command in ("check", "baseline"):
        done = call(folder, command, code=2)
        assert said in done.stderr
    assert (folder / NAME).read_text() == text


def test_what_cannot_be_measured_leaves_the_file_alone(folder: Path) -> None:
    """Whole or not at all."""
    call(folder, "baseline")
    before = (folder / NAME).read_bytes()
    (folder / "tiny.toml").write_text("layers = 1")
    call(folder, "baseline", code=2)
    assert (folder / NAME).read_bytes() == before


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(0, 10**18), min_size=1, max_size=3), max_size=3)
)
def test_any_name_is_read_back(figures: dict[str, dict[str, int]]) -> None:
    """A stranger's design cannot break out of its line."""
    assert tomllib.loads(write(figures)).get("design", {}) == figures


def test_an_update_says_what_changed() -> None:
    """New, gone and changed figures, by design."""
    before = {"a": {"madds": 1, "params": 2}, "b": {"madds": 3}}
    after = {"a": {"madds": 1, "params": 4}, "c": {"madds": 5}}
    assert Update("f", before, after).changes == [
        ("a", "params", 2, 4),
        ("b", "madds", 3, None),
        ("c", "madds", None, 5),
    ]


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    """As every other file."""
    with pytest.raises(MnetcostError, match="no such file"):
        read(str(tmp_path / "none.toml"))


def test_eight_writers_at_once_keep_all_their_figures(folder: Path) -> None:
    """Each adds its own design to one file; none undoes another's."""
    alphas = [f"v1:alpha={n / 10}" for n in range(1, 9)]
    command = [sys.executable, "-m", "mnetcost", "baseline", "--baseline", NAME]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    running = [
        subprocess.Popen([*command, alpha], cwd=folder, env=env, stdout=subprocess.DEVNULL)
        for alpha in alphas
    ]
    assert [process.wait(60) for process in running] == [0] * 8
    assert sorted(read(str(folder / NAME))) == alphas


def test_a_writer_waits_for_another_and_says_so_where_it_does_not_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written then, and the file is as it was."""
    monkeypatch.setattr(baseline, "PATIENCE", 0.1)
    file = str(folder / NAME)
    with (
        baseline.locked(file),
        pytest.raises(CallError, match="another run has been writing"),
        baseline.locked(file),
    ):
        pass
    with baseline.locked(file):
        pass


def test_a_baseline_is_not_written_through_a_committed_link(folder: Path, tmp_path: Path) -> None:
    """Neither the usual one nor one that the budgets name; a file of the command line is the user's own."""
    target = tmp_path / "elsewhere/new.toml"
    target.parent.mkdir()
    (folder / NAME).symlink_to(target)
    done = call(folder, "baseline", code=2)
    assert "is not behind a link" in done.stderr
    (folder / "mnetcost.toml").write_text(BUDGET.split("\n", 1)[1])
    done = call(folder, "baseline", code=2)
    assert "is a link, and a baseline is not written through one" in done.stderr
    assert not target.exists()
    call(folder, "baseline", "--baseline", str(target))
    assert target.exists()


def test_a_printed_baseline_holds_no_command(folder: Path) -> None:
    """A log of CI obeys `##[` anywhere in a line; the printed text means the same without it."""
    (folder / "##[error]x.toml").write_text(TINY)
    done = call(folder, "baseline", "##[error]x.toml", "--baseline", "-")
    assert "##[" not in done.stdout
    assert "##[error]x.toml" in tomllib.loads(done.stdout)["design"]
