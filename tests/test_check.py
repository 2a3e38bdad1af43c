"""Budgets checked against designs, in real repositories and through the command line."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from datetime import date
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses.budgets.check import check
from mnetcost.analyses.budgets.waivers import Waivers
from mnetcost.cli import cli
from mnetcost.designs import Settings
from mnetcost.designs.budgets.config import read_config
from mnetcost.designs.budgets.limits import Limit
from mnetcost.designs.budgets.values import Budget, Rule, Waiver
from mnetcost.errors import BudgetError, CompareError, MnetcostError

from .repositories import TINY, TINY_MADDS, Checkout

DAY = date(2026, 1, 1)
WIDER = TINY.replace("out = 16", "out = 32")
WIDER_MADDS = 55_296 + 2 * 294_912 + 2 * 160
BUDGET = '[[budget]]\ndesign = "tiny.toml"\n'


def mnetcost(folder: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program in a folder; the clock plays no part unless --today is left out."""
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), **environ}
    return subprocess.run(
        [sys.executable, "-m", "mnetcost", *arguments],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )


def results(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    """What became of every limit; in this process, for speed."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, ["check", "--format", "json", *arguments])
    assert done.exit_code in (0, 1), done.output
    data = json.loads(done.stdout)
    assert data["status"] == ("broken" if done.exit_code else "kept")
    found: list[dict[str, Any]] = data["results"]
    return found


def states(folder: Path, *arguments: str) -> list[tuple[str, str, int, int | None]]:
    return [(r["limit"], r["state"], r["value"], r["bound"]) for r in results(folder, *arguments)]


@pytest.fixture
def work(tmp_path: Path) -> Checkout:
    return diverged(tmp_path / "work")


def diverged(folder: Path) -> Checkout:
    """main with a design; feature, from there, checked out; main has moved on and is leaner."""
    made = Checkout(folder)
    made.commit("base", tiny_toml=TINY, mnetcost_toml=BUDGET + 'madds = "+0%"\n')
    made.git("checkout", "-q", "-b", "feature")
    made.git("checkout", "-q", "main")
    made.commit("leaner", tiny_toml=TINY.replace("out = 16", "out = 8"))
    made.git("checkout", "-q", "feature")
    return made


def test_a_kept_budget_is_0_and_a_broken_one_1(work: Checkout) -> None:
    """A design that is as it was, and one with twice the width; no limit has a tolerance."""
    assert states(work.folder) == [("madds", "kept", TINY_MADDS, TINY_MADDS)]
    work.write(tiny_toml=WIDER)
    assert states(work.folder) == [("madds", "broken", WIDER_MADDS, TINY_MADDS)]
    work.write(mnetcost_toml=BUDGET + f"madds = {WIDER_MADDS}\n")
    assert states(work.folder) == [("madds", "kept", WIDER_MADDS, WIDER_MADDS)]
    work.write(mnetcost_toml=BUDGET + f"madds = {WIDER_MADDS - 1}\n")
    assert states(work.folder) == [("madds", "broken", WIDER_MADDS, WIDER_MADDS - 1)]


def test_a_branch_is_not_blamed_for_what_main_did(work: Checkout) -> None:
    """Against the branch point it is kept; against main as it is now it is not."""
    (kept,) = results(work.folder, "--against", "main")
    assert (kept["state"], kept["base"]) == ("kept", TINY_MADDS)
    assert kept["held_against"] == f"{work.git('rev-parse', 'main~1')[:12]}, where this branch left main"
    (broken,) = results(work.folder, "--against", "main", "--no-merge-base")
    assert (broken["state"], broken["base"]) == ("broken", 55_296 + 294_912 // 2 + 80)


def test_a_broken_limit_names_what_changed_and_its_line(work: Checkout) -> None:
    """The cause comes from the base, the line is that of the layer in the spec."""
    work.write(tiny_toml=WIDER)
    (broken,) = results(work.folder)
    assert [(c["name"], c["value"]) for c in broken["causes"]] == [
        ("width 16 -> 32 at body", WIDER_MADDS - TINY_MADDS)
    ]
    assert [(x["name"], x["value"]) for x in broken["layers"]] == [
        ("body/conv", 589_824),
        ("stem/conv", 55_296),
        ("classifier", 320),
    ]
    assert (broken["file"], broken["line"]) == ("tiny.toml", 6)
    assert TINY.splitlines()[5].startswith('  { op = "conv_norm", name = "body"')
    text = mnetcost(work.folder, "check").stdout
    assert "width 16 -> 32 at body" in text
    assert "limits: 1 broken" not in text
    assert "1 limit: 1 broken" in text


def test_the_heaviest_layers_line_is_the_row_of_a_parent_too(work: Checkout) -> None:
    """A row that stands in the file a spec extends has its line there."""
    work.write(
        child_toml='extends = "tiny.toml"\n', mnetcost_toml='[[budget]]\ndesign = "child.toml"\nmadds = 1\n'
    )
    (broken,) = results(work.folder)
    assert (broken["file"], broken["line"]) == ("tiny.toml", 6)


def test_a_shipped_design_is_annotated_at_its_budget(work: Checkout) -> None:
    """Its rows are in no file that a user could change."""
    work.write(mnetcost_toml='[[budget]]\ndesign = "v2"\nparams = "3M"\n')
    (broken,) = results(work.folder)
    assert (broken["file"], broken["line"]) == ("mnetcost.toml", 3)
    assert broken["layers"][0] == {"name": "classifier", "value": 1_281_000, "file": "", "line": 0}


def test_why_names_more_layers_and_the_causes_of_an_absolute_limit(work: Checkout) -> None:
    """Three layers without it, up to ten with it; the base must be named for a limit that needs none."""
    work.write(
        mnetcost_toml='[[budget]]\ndesign = "v2"\nmadds = 1\n[[budget]]\ndesign = "tiny.toml"\nmadds = 1\n',
        tiny_toml=WIDER,
    )
    few, _ = results(work.folder)
    many, tiny = results(work.folder, "--why", "--against", "main")
    assert (len(few["layers"]), len(many["layers"])) == (3, 10)
    assert many["layers"][:3] == few["layers"]
    assert [c["name"] for c in tiny["causes"]] == ["width 16 -> 32 at body"]
    assert many["causes"] == []


def test_a_scoped_limit_counts_its_layers_only(work: Checkout) -> None:
    """body/conv has 294,912 of 350,368."""
    work.write(
        mnetcost_toml=BUDGET
        + '"body".madds = "+10%"\n"op:dense" = { madds = 159, params = { min = 171 } }\n"stage:16x16".layers'
        " = 6\n"
    )
    assert states(work.folder) == [
        ("body.madds", "kept", 294_912, 324_403),
        ("op:dense.madds", "broken", 160, 159),
        ("op:dense.params", "broken", 170, 171),
        ("stage:16x16.layers", "kept", 6, 6),
    ]
    work.write(tiny_toml=TINY.replace("out = 8", "out = 16"))
    body = results(work.folder)[0]
    assert (body["state"], body["value"]) == ("broken", 589_824)
    assert [(c["name"], c["value"]) for c in body["causes"]] == [("width 8 -> 16 at stem", 294_912)]


def test_a_scope_may_pick_no_layer_in_one_design_of_a_pattern(work: Checkout) -> None:
    """One that picks none in any design is a mistake: tests/mistakes/budgets.md."""
    work.write(
        nets__a_toml=TINY,
        nets__b_toml=TINY.replace('"body"', '"bodi"'),
        mnetcost_toml='[[budget]]\ndesign = "nets/*"\n"bodi".madds = 1\n',
    )
    assert [r["design"] for r in results(work.folder)] == ["nets/b.toml"]


def test_a_new_design_has_nothing_to_be_held_against(work: Checkout) -> None:
    """It passes relative limits, visibly, and is held to absolute ones."""
    work.write(new_toml=TINY, mnetcost_toml='[[budget]]\ndesign = "new.toml"\nmadds = ["+0%", "1k"]\n')
    assert states(work.folder) == [("madds", "new", TINY_MADDS, None), ("madds", "broken", TINY_MADDS, 1000)]


def test_a_renamed_design_is_held_against_its_old_name(work: Checkout) -> None:
    """git says what it was called, committed or staged."""
    work.git("mv", "tiny.toml", "small.toml")
    work.write(mnetcost_toml='[[budget]]\ndesign = "small.toml"\nmadds = "+0%"\n')
    assert states(work.folder) == [("madds", "kept", TINY_MADDS, TINY_MADDS)]
    work.commit("rename", small_toml=TINY.replace("out = 16", "out = 24"))
    (broken,) = results(work.folder)
    assert (broken["state"], broken["base"]) == ("broken", TINY_MADDS)


def test_a_deleted_design_leaves_a_budget_to_be_deleted(work: Checkout) -> None:
    """A budget for nothing is a mistake, at its line."""
    (work.folder / "tiny.toml").unlink()
    done = mnetcost(work.folder, "check")
    assert (done.returncode, done.stderr) == (
        2,
        "error: tiny.toml: no such file\n  hint: mnetcost.toml:2 names it\n",
    )


def test_a_worktree_a_detached_head_and_a_subfolder_check_alike(work: Checkout, tmp_path: Path) -> None:
    """The nearest mnetcost.toml upwards counts, and HEAD is what is checked out."""
    work.git("worktree", "add", "-q", "--detach", str(tmp_path / "second"), "feature")
    inner = tmp_path / "second/deep"
    inner.mkdir()
    (tmp_path / "second/tiny.toml").write_text(WIDER)
    (broken,) = results(inner)
    assert (broken["state"], broken["base"], broken["file"]) == ("broken", TINY_MADDS, "../tiny.toml")


def test_nothing_to_compare_with_is_3_and_says_what_to_fetch(work: Checkout, tmp_path: Path) -> None:
    """No such revision, a shallow clone, no repository, no git, a base that cannot be read, a design not
    in the baseline.
    """
    done = mnetcost(work.folder, "check", "--against", "origin/main")
    assert (done.returncode, done.stdout) == (3, "")
    assert "there is no revision 'origin/main' in this repository" in done.stderr
    shallow = work.clone(tmp_path / "shallow", "--depth=1", "--branch=feature")
    done = mnetcost(shallow.folder, "check", GITHUB_BASE_REF="main")
    assert done.returncode == 3
    assert (
        "`git fetch --unshallow origin main`, or fetch-depth: 0 where actions/checkout made it" in done.stderr
    )
    done = mnetcost(work.folder, "check", PATH=str(tmp_path))
    assert done.returncode == 3
    assert "git is not on the PATH" in done.stderr
    (tmp_path / "bare").mkdir()
    done = mnetcost(
        tmp_path / "bare", "check", "v2", "--max", "madds=+0%", GIT_CEILING_DIRECTORIES=str(tmp_path)
    )
    assert done.returncode == 3
    done = mnetcost(work.folder, "check", "--baseline", "none.toml")
    assert done.returncode == 3
    assert "`mnetcost baseline --baseline none.toml` writes it" in done.stderr
    work.git("checkout", "-q", "main")
    broken = work.commit("broken", tiny_toml="layers = 1\n")
    work.git("checkout", "-q", "feature")
    done = mnetcost(work.folder, "check", "--against", "main", "--no-merge-base")
    assert done.returncode == 3
    assert f"error: {broken[:12]}:tiny.toml" in done.stderr


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["check", "--max", "madds=1"], "--max and --min need designs as arguments"),
        (["check", "v2", "--max", "mads=1"], "did you mean 'madds'"),
        (["check", "--alpha", "0.5"], "settings of a budget belong in its file"),
        (["check", "v2"], "no budget is for 'v2'"),
        (["check", "tiny.tom"], "did you mean 'tiny.toml'"),
        (["check", "--against", "main", "--baseline", "x"], "--baseline cannot be combined"),
        (["check", "--against=--output=x"], "is not a revision"),
        (["check", "--today", "soon"], "--today must be a date"),
        (["check", "--config", "none.toml"], "none.toml: no such file"),
        (["check", "--format", "gihub"], "did you mean 'github'"),
        (["check", "no-such-net", "--max", "madds=1"], "no design 'no-such-net'"),
        (["baseline", "--alpha", "0.5"], "settings of a budget belong in its file"),
    ],
)
def test_a_mistake_in_a_call_is_2(work: Checkout, call: list[str], said: str) -> None:
    """With the way out, no traceback and nothing on stdout; a revision that looks like an option is
    refused with 3.
    """
    done = mnetcost(work.folder, *call)
    assert done.returncode == (3 if "revision" in said else 2), done.stderr
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_budgets_there_is_nothing_to_check(tmp_path: Path) -> None:
    """And it says how to begin."""
    done = mnetcost(tmp_path, "check")
    assert done.returncode == 2
    assert "there is no mnetcost.toml here or above" in done.stderr


def test_one_run_shows_the_mistakes_of_every_design(work: Checkout) -> None:
    """Not only those of the first."""
    work.write(
        a_toml="layers = 1",
        b_toml="layers = 2",
        mnetcost_toml='[[budget]]\ndesign = ["a.toml", "b.toml"]\nmadds = 1\n',
    )
    done = mnetcost(work.folder, "check")
    assert done.returncode == 2
    assert "a.toml" in done.stderr
    assert "b.toml" in done.stderr


def test_options_replace_the_file(work: Checkout) -> None:
    """Limits of the call hold for its designs alone, with the settings of the call and their own."""
    got = results(
        work.folder,
        "tiny.toml",
        "v2:alpha=0.5",
        "--resolution",
        "96",
        "--max",
        "madds=10M",
        "--min",
        "params=1k",
        "--max",
        "madds=+0%",
    )
    assert [(r["design"], r["side"], r["state"]) for r in got] == [
        ("tiny.toml:resolution=96", "max", "kept"),
        ("tiny.toml:resolution=96", "max", "kept"),
        ("tiny.toml:resolution=96", "min", "kept"),
        ("v2:alpha=0.5,resolution=96", "max", "broken"),
        ("v2:alpha=0.5,resolution=96", "max", "kept"),
        ("v2:alpha=0.5,resolution=96", "min", "kept"),
    ]


def test_a_design_of_the_call_means_its_budgets(work: Checkout) -> None:
    """By its name, its label or its file."""
    (work.folder / "deep").mkdir()
    work.write(
        mnetcost_toml=BUDGET
        + 'madds = "1M"\n[[budget]]\ndesign = "v2"\nalpha = 0.5\nmadds = "1G"\n[[budget]]\ndesign ='
        ' "v2"\nmadds = "1G"\n'
    )
    labels = [
        [r["design"] for r in results(work.folder, *call)]
        for call in (["v2"], ["v2:alpha=0.5"], ["./tiny.toml"])
    ]
    assert labels == [["v2:alpha=0.5", "v2"], ["v2:alpha=0.5"], ["tiny.toml"]]
    assert [r["design"] for r in results(work.folder / "deep", "../tiny.toml")] == ["tiny.toml"]


def test_a_budget_counts_by_its_convention(work: Checkout) -> None:
    """Its own, or the one of the call."""
    work.write(mnetcost_toml=BUDGET + 'madds = "1G"\nconvention = "flops"\n')
    (own,) = results(work.folder)
    (asked,) = results(work.folder, "--convention", "paper")
    assert (own["convention"], own["value"]) == ("flops", 2 * TINY_MADDS)
    assert (asked["convention"], asked["value"]) == ("paper", TINY_MADDS)


WAIVED = (
    BUDGET
    + 'madds = "1k"\n[[waiver]]\ndesign = "tiny.toml"\nlimit = "madds"\nreason = "until the new stem"\nuntil'
    " = 2026-03-31\n"
)


@pytest.mark.parametrize(
    ("day", "state"),
    [("2026-03-30", "waived"), ("2026-03-31", "waived"), ("2026-04-01", "broken"), ("2036-01-01", "broken")],
)
def test_a_waiver_holds_to_the_end_of_its_day(work: Checkout, day: str, state: str) -> None:
    """Then the limit fails again, and says so."""
    work.write(mnetcost_toml=WAIVED)
    (result,) = results(work.folder, "--today", day)
    assert result["state"] == state
    assert result["waiver"] == {"reason": "until the new stem", "until": "2026-03-31"}
    assert result["message"].endswith(
        "waived until 2026-03-31: until the new stem"
        if state == "waived"
        else "its waiver ended on 2026-03-31: until the new stem"
    )


def test_a_waiver_waives_its_own_limit_only(work: Checkout) -> None:
    """By the names of design and limit, or patterns of them; one that waives nothing is named."""
    work.write(mnetcost_toml=WAIVED.replace("[[waiver]]", "params = 1\n[[waiver]]"))
    assert [r["state"] for r in results(work.folder, "--today", "2026-01-01")] == ["waived", "broken"]
    work.write(
        mnetcost_toml=WAIVED.replace("[[waiver]]", "params = 1\n[[waiver]]").replace(
            'limit = "madds"', 'limit = "*"'
        )
    )
    assert [r["state"] for r in results(work.folder, "--today", "2026-01-01")] == ["waived", "waived"]
    work.write(mnetcost_toml=WAIVED.replace('"1k"', '"1M"'))
    done = mnetcost(work.folder, "check", "--today", "2026-01-01")
    assert done.returncode == 0
    assert "unused waiver of madds for tiny.toml (until the new stem): it can be removed" in done.stdout


def test_the_day_is_read_in_one_place(work: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The analysis is given it; no module under analyses reads the clock."""
    monkeypatch.chdir(work.folder)
    work.write(mnetcost_toml=WAIVED)
    config = read_config(Path("mnetcost.toml"))
    assert check(config, date(2026, 3, 31)).data["status"] == "kept"
    assert check(config, date(2026, 4, 1)).data["status"] == "broken"
    package = Path(__file__).resolve().parent.parent / "mnetcost"
    clocks = [
        p
        for p in package.rglob("*.py")
        if any(word in p.read_text("utf-8") for word in (".today()", ".now(", "time.time("))
    ]
    assert [p.relative_to(package).as_posix() for p in clocks] == ["cli/check.py"]


def test_a_design_costed_in_part_does_not_pass_unless_its_budget_says_so(work: Checkout) -> None:
    """What was left out might be anything."""
    net = 'name: "n"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 8\ninput_dim: 8\n'
    net += 'layer { name: "odd" type: "NoSuchLayer" bottom: "data" top: "odd" }\n'
    net += (
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4'
        " kernel_size: 1 } }\n"
    )
    (work.folder / "n.prototxt").write_text(net)
    budget = '[[budget]]\ndesign = "n.prototxt"\nmadds = "1k"\n'
    work.write(mnetcost_toml=budget)
    (partial,) = results(work.folder)
    assert (partial["state"], partial["limit"]) == ("partial", "status")
    assert "NoSuchLayer" in partial["message"]
    assert (partial["file"], partial["line"]) == ("mnetcost.toml", 1)
    work.write(mnetcost_toml=budget + "allow_partial = true\n")
    assert states(work.folder) == [("madds", "kept", 3 * 4 * 64, 1000)]
    work.write(mnetcost_toml=budget)
    assert states(work.folder, "--allow-unknown") == [("madds", "kept", 3 * 4 * 64, 1000)]


def test_a_model_file_is_held_against_what_it_was(work: Checkout) -> None:
    """Read from git as from the disk."""
    net = 'name: "n"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: 8\ninput_dim: 8\n'
    net += (
        'layer { name: "c" type: "Convolution" bottom: "data" top: "c" convolution_param { num_output: 4'
        " kernel_size: 1 } }\n"
    )
    (work.folder / "n.prototxt").write_text(net)
    work.commit("model", mnetcost_toml='[[budget]]\ndesign = "n.prototxt"\nmadds = "+0%"\n')
    (work.folder / "n.prototxt").write_text(net.replace("num_output: 4", "num_output: 5"))
    assert states(work.folder, "--against", "HEAD") == [("madds", "broken", 3 * 5 * 64, 3 * 4 * 64)]


def test_a_read_only_checkout_without_network_or_token_will_do(work: Checkout) -> None:
    """Nothing is written beside what -o names."""
    before = {
        p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"") for p in work.folder.rglob("*")
    }
    assert mnetcost(work.folder, "check", "--why", PYTHONDONTWRITEBYTECODE="1").returncode == 0
    assert {
        p: (p.stat().st_mtime_ns, p.read_bytes() if p.is_file() else b"") for p in work.folder.rglob("*")
    } == before


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [("", BudgetError, "there is no budget to check"), (BUDGET + 'madds = "+0%"\n', CompareError, "git")],
)
def test_the_analysis_raises_what_the_command_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, error: type[MnetcostError], said: str
) -> None:
    """As a library: errors with exit codes, no output."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    Path("tiny.toml").write_text(TINY)
    Path("mnetcost.toml").write_text(text)
    with pytest.raises(error, match=said):
        check(read_config(Path("mnetcost.toml")), DAY)


@given(
    st.lists(st.tuples(st.text("ab*?[]/", max_size=5), st.text("ab*.[", max_size=4)), max_size=12),
    st.text("ab[]/", min_size=1, max_size=5),
    st.text("ab.[", min_size=1, max_size=4),
)
def test_waivers_are_found_as_one_by_one(patterns: list[tuple[str, str]], design: str, limit: str) -> None:
    """By a pattern, or by a name that only looks like one, in the order of the file."""

    def fits(pattern: str, name: str) -> bool:
        return pattern == name or fnmatchcase(name, pattern)

    waivers = [Waiver(a, b, "", DAY, (n,)) for n, (a, b) in enumerate(patterns)]
    rule = Rule(limit, Limit("max", Fraction(1)))
    budget = Budget(design, design, Settings(batch=2), (rule,))
    assert budget.label == f"{design}:batch=2"
    wanted = [
        w
        for w in waivers
        if fits(w.limit, limit) and (fits(w.design, design) or fits(w.design, budget.label))
    ]
    assert Waivers(waivers).of(budget, rule) == wanted


def test_the_last_of_several_waivers_that_ended_is_named(work: Checkout) -> None:
    """And one that holds beats any that ended."""
    one = WAIVED.removeprefix(BUDGET + 'madds = "1k"\n')
    work.write(mnetcost_toml=WAIVED + one.replace("2026-03-31", "2026-04-30").replace("stem", "head"))
    for day, state, until in (
        ("2026-03-01", "waived", "2026-03-31"),
        ("2026-04-01", "waived", "2026-04-30"),
        ("2026-05-01", "broken", "2026-04-30"),
    ):
        (result,) = results(work.folder, "--today", day)
        assert (result["state"], result["waiver"]["until"]) == (state, until)
        assert result["message"].count("waiver ended") == (state == "broken")
