"""Budgets along the history of git, in real repositories."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mnetcost.analyses.budgets import history
from mnetcost.cli import cli

from .repositories import TINY, TINY_MADDS, Checkout

MIDDLE = TINY.replace("out = 16", "out = 24")
MIDDLE_MADDS = 55_296 + 294_912 * 24 // 16 + 240
WIDER = TINY.replace("out = 16", "out = 32")
WIDER_MADDS = 55_296 + 2 * 294_912 + 320
BUDGET = '[[budget]]\ndesign = "tiny.toml"\nmadds = "500k"\n'


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code and the output of a check in a folder."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, ["check", *arguments])
    return done.exit_code, done.output


def found(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the JSON."""
    code, text = run(folder, *arguments, "--format", "json")
    return code, json.loads(text)


def points(data: dict[str, Any], limit: int = 0) -> list[tuple[int | None, str | None, str]]:
    """Value, state and reason along a limit."""
    return [(p["value"], p["state"], p["why"]) for p in data["limits"][limit]["points"]]


def test_each_commit_is_set_beside_the_limit_of_today(tmp_path: Path) -> None:
    """The design costs 350,368, then more than 500,000, and again as before; the working tree is last."""
    git = Checkout(tmp_path / "repo")
    commits = [git.commit("first", tiny_toml=TINY), git.commit("wider", tiny_toml=WIDER)]
    commits.append(git.commit("narrow again", tiny_toml=TINY, mnetcost_toml=BUDGET))
    git.write(tiny_toml=MIDDLE)
    code, data = found(git.folder, "--history", "10")
    assert code == 0
    assert data["schema"] == "mnetcost.history/1"
    assert data["status"] == "kept"
    assert [(c["name"], c["date"], c["subject"]) for c in data["commits"]] == [
        (name, "2020-01-01", subject)
        for name, subject in zip(commits, ("first", "wider", "narrow again"), strict=True)
    ]
    assert points(data) == [
        (TINY_MADDS, "kept", ""),
        (WIDER_MADDS, "broken", ""),
        (TINY_MADDS, "kept", ""),
        (MIDDLE_MADDS, "kept", ""),
    ]
    assert [p["commit"] for p in data["limits"][0]["points"]] == [*commits, None]


def test_the_state_of_today_decides(tmp_path: Path) -> None:
    """Exit code 1 where the working tree breaks a limit, whatever was before, and 0 where it keeps it."""
    git = Checkout(tmp_path / "repo")
    git.commit(tiny_toml=WIDER, mnetcost_toml=BUDGET)
    assert run(git.folder, "--history", "3")[0] == 1
    git.write(tiny_toml=TINY)
    assert run(git.folder, "--history", "3")[0] == 0


def test_what_is_not_known_is_no_zero(tmp_path: Path) -> None:
    """No such design, a spec with a mistake, a scope that picks no layer: each without a value, with why."""
    git = Checkout(tmp_path / "repo")
    git.commit("before", notes_txt="x")
    git.commit("a mistake", tiny_toml=TINY.replace("stride", "strid"))
    git.commit("another name", tiny_toml=TINY.replace('"body"', '"trunk"'))
    git.commit("today", tiny_toml=TINY, mnetcost_toml=BUDGET + '"body".madds = "1M"\n')
    _, data = found(git.folder, "--history", "10")
    absent, mistaken, named, *_ = points(data, 1)
    assert absent == (None, None, "there was no such design")
    assert mistaken[:2] == (None, "error")
    assert "strid" in mistaken[2]
    assert named == (None, None, "'body' picks no layer")
    assert points(data, 1)[-1] == (294_912, "kept", "")
    svg = run(git.folder, "--history", "10", "--format", "svg")[1]
    assert "there was no such design" in svg
    assert "picks no layer" in svg


def test_a_design_is_followed_under_its_former_name(tmp_path: Path) -> None:
    """Also what it extends is read at each commit."""
    git = Checkout(tmp_path / "repo")
    git.commit(base_toml=TINY, old_toml='extends = "base.toml"\nclasses = 20\n')
    git.commit(base_toml=WIDER)
    git.git("mv", "old.toml", "tiny.toml")
    git.commit(mnetcost_toml=BUDGET)
    _, data = found(git.folder, "--history", "10")
    assert [value for value, *_ in points(data)] == [TINY_MADDS + 160, *[WIDER_MADDS + 320] * 3]


def test_a_design_is_costed_once_while_its_files_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight commits of which two touch the spec, or what it extends: three designs are read from git."""
    git = Checkout(tmp_path / "repo")
    git.commit(base_toml=TINY, tiny_toml='extends = "base.toml"\n', mnetcost_toml=BUDGET)
    for n in range(3):
        git.commit(notes_txt=f"{n}")
    git.commit(base_toml=WIDER)
    git.commit(notes_txt="more")
    git.commit(tiny_toml='extends = "base.toml"\nclasses = 20\n')
    git.commit(notes_txt="most")
    read = []
    load = history.load_at
    monkeypatch.setattr(history, "load_at", lambda *a: read.append(a[0]) or load(*a))
    code, text = run(git.folder, "--history", "20")
    assert len(read) == 3
    assert text.count("working tree") == 2  # the last row, and the note on it
    assert code == 1


def test_only_commits_that_change_a_figure_are_shown(tmp_path: Path) -> None:
    """The first, each that changed something, and the working tree; --all shows every one."""
    git = Checkout(tmp_path / "repo")
    git.commit("first", tiny_toml=TINY, mnetcost_toml=BUDGET)
    git.commit("only notes", notes_txt="x")
    git.commit("wider", tiny_toml=WIDER)
    assert "only notes" not in run(git.folder, "--history", "9")[1]
    assert "only notes" in run(git.folder, "--history", "9", "--all")[1]
    svg = run(git.folder, "--history", "9", "--format", "svg")[1]
    assert "wider: 645,440 MAdds" in svg
    assert "at most: 500 k" in svg


def test_a_relative_limit_is_that_of_today(tmp_path: Path) -> None:
    """+0% of where this branch left main."""
    git = Checkout(tmp_path / "repo")
    git.commit(tiny_toml=TINY, mnetcost_toml=BUDGET.replace("500k", "+0%"))
    git.git("checkout", "-q", "-b", "topic")
    git.commit(tiny_toml=WIDER)
    code, data = found(git.folder, "--history", "9")
    assert code == 1
    assert data["limits"][0]["bound"] == TINY_MADDS
    assert [state for _, state, _ in points(data)] == ["kept", "broken", "broken"]


def test_a_shallow_clone_says_where_its_history_ends(tmp_path: Path) -> None:
    """Fewer commits than asked for, and why; a whole history of fewer commits has no such note."""
    git = Checkout(tmp_path / "repo")
    for text in (TINY, WIDER, MIDDLE):
        git.commit(tiny_toml=text, mnetcost_toml=BUDGET)
    clone = git.clone(tmp_path / "clone", "--depth", "2")
    _, data = found(clone.folder, "--history", "9")
    assert data["shallow"]
    assert [value for value, *_ in points(data)] == [WIDER_MADDS, MIDDLE_MADDS, MIDDLE_MADDS]
    assert "this clone is shallow: its history ends at" in run(clone.folder, "--history", "9")[1]
    assert not found(git.folder, "--history", "9")[1]["shallow"]
    assert not found(clone.folder, "--history", "2")[1]["shallow"]


def test_shipped_designs_have_no_history(tmp_path: Path) -> None:
    """An error where there are no others, and a note where there are."""
    git = Checkout(tmp_path / "repo")
    git.commit(tiny_toml=TINY, mnetcost_toml=BUDGET + '[[budget]]\ndesign = "v2"\nmadds = "301M"\n')
    code, text = run(git.folder, "v2", "--history", "3")
    assert code == 2
    assert "shipped designs have no history in git" in text
    code, text = run(git.folder, "--history", "3")
    assert code == 0
    assert "v2: a shipped design, which has no history" in text


def test_a_history_needs_a_repository_and_one_of_its_formats(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outside of git there is nothing to compare with, exit code 3; CI formats are for today."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))  # whatever checkout the tests run in
    (tmp_path / "tiny.toml").write_text(TINY)
    code, _ = run(tmp_path, "tiny.toml", "--max", "madds=1M", "--history", "3")
    assert code == 3
    code, text = run(tmp_path, "tiny.toml", "--max", "madds=1M", "--history", "3", "--format", "junit")
    assert code == 2
    assert "the format 'junit' is for a check of today" in text
    assert run(tmp_path, "tiny.toml", "--max", "madds=1M", "--history", "3", "--why")[0] == 2


def test_a_hostile_subject_is_data(tmp_path: Path) -> None:
    """A commit may say anything: in every format it is shown, and does nothing."""
    git = Checkout(tmp_path / "repo")
    git.commit("</text><script>alert(1)</script>\x1b[31m", tiny_toml=TINY, mnetcost_toml=BUDGET)
    for name in ("text", "svg", "html", "markdown", "csv"):
        text = run(git.folder, "--history", "3", "--format", name)[1]
        assert "\x1b[31m" not in text
        assert name in ("text", "csv") or "<script>alert" not in text
