"""`mnetcost init`: what it writes holds at once, says where the designs are, and never takes anything
away.
"""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from mnetcost.cli import cli
from mnetcost.designs import candidates
from mnetcost.designs.budgets.schema import budgets_schema
from mnetcost.designs.readers import READERS
from mnetcost.errors import CallError
from mnetcost.output import starter

from .repositories import TINY, TINY_MADDS, Checkout
from .test_action import ACTION, HOOKS, WORKFLOW
from .test_caffe import layer, small

BUDGETS = "mnetcost.toml"
SCHEMA = ".mnetcost/budgets.schema.json"
FLOW = ".github/workflows/mnetcost.yml"
HOOK = ".pre-commit-config.yaml"
NET = small(layer("InnerProduct", "inner_product_param { num_output: 2 }"))


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def mnetcost(folder: Path, *arguments: str) -> Done:
    """Run the program in a folder; in this process, for speed."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(cli, list(arguments))
    return Done(done.exit_code, done.stdout, done.stderr)


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to whatever checkout the tests run in."""
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def work(tmp_path: Path) -> Checkout:
    """A repository with two designs and files that are none."""
    made = Checkout(tmp_path / "work")
    made.commit("designs", nets__tiny_toml=TINY)
    (made.folder / "nets/deploy.prototxt").write_text(NET)
    (made.folder / "package.json").write_text('{"name": "x", "layers": []}')
    (made.folder / "pyproject.toml").write_text('[project]\nname = "x"\n')
    (made.folder / "nets/solver.prototxt").write_text('net: "deploy.prototxt"\nbase_lr: 0.1\n')
    return made


def files(folder: Path) -> dict[str, bytes]:
    found = (p for p in folder.rglob("*") if p.is_file() and ".git/" not in p.as_posix())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in found}


def designs(folder: Path) -> list[str]:
    return [budget["design"] for budget in tomllib.loads((folder / BUDGETS).read_text("utf-8"))["budget"]]


def test_what_is_written_holds_at_once(work: Checkout) -> None:
    """`check` ends with 0, before the commit and after it, and with 1 once a design costs one
    multiply-add more than today.
    """
    before = files(work.folder)
    done = mnetcost(work.folder, "init")
    assert done.returncode == 0, done.stderr
    assert set(files(work.folder)) - set(before) == {BUDGETS, SCHEMA, FLOW, HOOK}
    assert before.items() <= files(work.folder).items()
    assert mnetcost(work.folder, "check").returncode == 0
    work.commit("budgets")
    assert mnetcost(work.folder, "check").returncode == 0
    work.write(nets__tiny_toml=TINY.replace("classes = 10", "classes = 11"))
    assert mnetcost(work.folder, "check").returncode == 1


def test_the_budgets_are_the_figures_of_today(work: Checkout) -> None:
    """Exact, with the rounded form beside them; editors find the schema by the first line, and the file
    fits it.
    """
    mnetcost(work.folder, "init")
    text = (work.folder / BUDGETS).read_text("utf-8")
    first = text.splitlines()[0].removeprefix("#:schema ")
    assert (work.folder / first).read_text("utf-8") == mnetcost(work.folder, "schema", "budgets").stdout
    tree = tomllib.loads(text)
    jsonschema.validate(tree, budgets_schema())
    assert designs(work.folder) == ["nets/deploy.prototxt", "nets/tiny.toml"]
    assert tree["budget"][1] == {"design": "nets/tiny.toml", "params": 1_586, "madds": TINY_MADDS}
    assert "madds = 350_368  # 350 k multiply-adds\n" in text


def test_every_written_file_and_the_next_step_are_named(work: Checkout) -> None:
    """On stderr, a line each; stdout is empty."""
    done = mnetcost(work.folder, "init")
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [
        f"wrote {name}" for name in (BUDGETS, SCHEMA, FLOW, HOOK)
    ] + ["next"]
    assert "OWNER" in lines[2]


def test_a_dry_run_prints_what_would_be_written_and_writes_nothing(work: Checkout) -> None:
    """The same bytes that the run itself writes."""
    before = files(work.folder)
    done = mnetcost(work.folder, "init", "--dry-run")
    assert (done.returncode, files(work.folder)) == (0, before)
    assert [line.split(": ")[0] for line in done.stderr.splitlines()] == [
        f"would write {name}" for name in (BUDGETS, SCHEMA, FLOW, HOOK)
    ]
    mnetcost(work.folder, "init")
    assert done.stdout == "".join(
        f"--- {name}\n{(work.folder / name).read_text('utf-8')}\n" for name in (BUDGETS, FLOW, HOOK)
    )


# where designs are


def test_other_peoples_files_are_left_alone(work: Checkout, tmp_path: Path) -> None:
    """Hidden folders, packages, virtual environments, repositories within, what git ignores, what links
    lead to, the folder above.
    """
    outside = tmp_path / "outside.toml"
    outside.write_text(TINY)
    for place in (
        ".hidden",
        "node_modules/a",
        "env",
        "venv/lib",
        "x/site-packages",
        "mine/lib",
        "module",
        "build/deep",
    ):
        (work.folder / place).mkdir(parents=True)
        (work.folder / place / "net.toml").write_text(TINY)
    (work.folder / "mine/pyvenv.cfg").touch()
    (work.folder / "module/.git").touch()
    (work.folder / ".gitignore").write_text("build\nnets/ignored*\n")
    (work.folder / "nets/ignored.toml").write_text(TINY)
    (work.folder / "link.toml").symlink_to(outside)
    (work.folder / "folder").symlink_to(tmp_path)
    (work.folder / "round").symlink_to(".")
    (work.folder / "mnetcost-baseline.toml").write_text("layers = 1\n")
    mnetcost(work.folder, "init")
    assert designs(work.folder) == ["nets/deploy.prototxt", "nets/tiny.toml"]


@pytest.mark.parametrize("suffix", [".toml", *READERS])
def test_every_suffix_that_a_reader_knows_is_looked_at(tmp_path: Path, suffix: str) -> None:
    """A file of each, in capitals too, with what stands in a design of that kind."""
    inside = {".toml": "layers = []", ".json": '{"class_name": "Functional"}', ".prototxt": "layer {}"}.get(
        suffix, ""
    )
    for name in (f"a{suffix}", f"B{suffix.upper()}"):
        (tmp_path / name).write_text(inside)
    assert candidates.candidates(tmp_path) == [f"B{suffix.upper()}", f"a{suffix}"]


def test_what_cannot_be_costed_is_named_and_left_out(work: Checkout) -> None:
    """A broken spec, a model file of nothing, an op that is not known, a name that no budget can have;
    the rest is written.
    """
    work.write(nets__broken_toml=TINY.replace("kernel", "kernal"))
    (work.folder / "nets/empty.onnx").write_bytes(b"")
    (work.folder / "nets/roll.prototxt").write_text(small(layer("Roll")))
    (work.folder / "nets/a:alpha=1.toml").write_text(TINY)
    (work.folder / "nets/\x1b[31mred.toml").write_text(TINY)
    done = mnetcost(work.folder, "init")
    assert done.returncode == 0
    left = [line for line in done.stderr.splitlines() if line.startswith("skipped ")]
    assert [line.split(": ")[0].removeprefix("skipped ") for line in left] == [
        "nets/\\x1b[31mred.toml",
        "nets/a:alpha=1.toml",
        "nets/broken.toml",
        "nets/empty.onnx",
        "nets/roll.prototxt",
    ]
    assert "takes no 'kernal' (did you mean 'kernel'?)" in left[2]
    assert "in part only: Roll" in left[4]
    assert "\x1b" not in done.stderr
    assert mnetcost(work.folder, "check").returncode == 0


def test_other_json_is_no_design(work: Checkout) -> None:
    """Labels of a data set say `class_name` too; nothing is said of them.

    Of many broken files forty are named.
    """
    for n in range(3):
        (work.folder / f"label{n}.json").write_text('[{"class_name": "dog", "box": [0, 0, 1, 1]}]')
    for n in range(45):
        (work.folder / f"{n:02}.onnx").write_bytes(b"nothing")
    lines = mnetcost(work.folder, "init").stderr.splitlines()
    assert [line.split(":")[0] for line in lines[:40]] == [f"skipped {n:02}.onnx" for n in range(40)]
    assert lines[40] == "skipped 5 more files that cannot be costed"
    assert lines[41].startswith("wrote ")


@pytest.mark.parametrize(
    "name",
    ["a b.toml", "[x]*?.toml", "quo\"te'.toml", "-x.toml", "n\u00e4t.toml", "a=b.toml", "v2.toml", "#.toml"],
)
def test_a_budget_names_the_file_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    """Blanks, patterns, quotes: what is written means that file, and holds."""
    (tmp_path / name).write_text(TINY)
    assert mnetcost(tmp_path, "init").returncode == 0
    assert designs(tmp_path) == [name]
    assert mnetcost(tmp_path, "check").returncode == 0


@pytest.mark.parametrize("left", ["", "x.onnx"])
def test_where_there_is_no_design_nothing_is_written(tmp_path: Path, left: str) -> None:
    """Exit code 2, and what would be one."""
    if left:
        (tmp_path / left).write_bytes(b"nothing")
    before = files(tmp_path)
    done = mnetcost(tmp_path, "init")
    assert (done.returncode, files(tmp_path), done.stdout) == (2, before, "")
    assert "error: there is no design under '.'" in done.stderr
    assert "hint: mnetcost reads specs in TOML (.toml), ONNX, TFLite" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no/such"], "there is no folder 'no/such'"),
        (["--owner", "a/b"], "'a/b' is not a valid GitHub owner"),
        (["--forse"], "did you mean '--force'?"),
    ],
)
def test_a_mistake_in_the_call_is_one_message(work: Checkout, arguments: list[str], said: str) -> None:
    """And nothing is written."""
    before = files(work.folder)
    done = mnetcost(work.folder, "init", *arguments)
    assert (done.returncode, files(work.folder)) == (2, before)
    assert said in done.stderr


def test_a_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By how many files it looks at, and how deep."""
    monkeypatch.setattr(candidates, "MOST_ENTRIES", 5)
    for n in range(6):
        (tmp_path / f"{n}.txt").touch()
    with pytest.raises(CallError, match="holds more than 5 files"):
        candidates.candidates(tmp_path)
    monkeypatch.setattr(candidates, "MOST_ENTRIES", 100)
    (tmp_path / "/".join("d" * 45)).mkdir(parents=True)
    with pytest.raises(CallError, match="folders more than 40 deep"):
        candidates.candidates(tmp_path)


# nothing is taken away


@pytest.mark.parametrize("there", [BUDGETS, FLOW, HOOK])
def test_what_is_there_is_kept(work: Checkout, there: str) -> None:
    """Its bytes stay, it is named, and the others are written; --force writes over it, but for a file of
    hooks without a place for one.
    """
    (work.folder / there).parent.mkdir(parents=True, exist_ok=True)
    (work.folder / there).write_text("# mine\n")
    done = mnetcost(work.folder, "init")
    assert done.returncode == 0
    assert f"kept {there}: " in done.stderr
    assert (work.folder / there).read_text() == "# mine\n"
    assert {BUDGETS, FLOW, HOOK} <= set(files(work.folder))
    assert mnetcost(work.folder, "init", "--force").returncode == 0
    assert ((work.folder / there).read_text() == "# mine\n") == (there == HOOK)


def test_budgets_in_pyproject_are_kept(work: Checkout) -> None:
    """A mnetcost.toml beside them would hide them."""
    (work.folder / "pyproject.toml").write_text('[[tool.mnetcost.budget]]\ndesign = "v2"\nmadds = "301M"\n')
    assert "kept pyproject.toml: it has budgets" in mnetcost(work.folder, "init").stderr
    assert not (work.folder / BUDGETS).exists()
    assert mnetcost(work.folder, "check").returncode == 0


def test_a_second_time_there_is_nothing_to_write(work: Checkout) -> None:
    """Exit code 2, as for every file that is there already."""
    mnetcost(work.folder, "init")
    before = files(work.folder)
    done = mnetcost(work.folder, "init")
    assert (done.returncode, files(work.folder)) == (2, before)
    assert done.stderr.endswith("error: all files exist already\n  hint: --force overwrites them\n")


def test_all_is_written_or_nothing(work: Checkout) -> None:
    """Where the last file cannot be written, the first ones and their folders are gone again, and what
    was written over is back.
    """
    (work.folder / ".github").write_text("a file, where a folder must be\n")
    before = files(work.folder)
    done = mnetcost(work.folder, "init")
    assert (done.returncode, files(work.folder)) == (2, before)
    assert (
        done.stderr.startswith("error: cannot write '.github/workflows/mnetcost.yml'")
        or "cannot write" in done.stderr
    )
    assert not (work.folder / ".mnetcost").exists()
    work.write(mnetcost_toml="# mine\n")
    before = files(work.folder)
    assert mnetcost(work.folder, "init", "--force").returncode == 2
    assert files(work.folder) == before


@pytest.mark.parametrize("link", [".github", HOOK, BUDGETS])
def test_nothing_is_written_through_a_link_that_leads_out(work: Checkout, tmp_path: Path, link: str) -> None:
    """A repository's link to somebody's files elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (work.folder / link).symlink_to(elsewhere if link == ".github" else elsewhere / "file")
    for more in ((), ("--force",)):
        mnetcost(work.folder, "init", *more)
        assert list(elsewhere.iterdir()) == []


# the workflow and the hook


def steps(folder: Path) -> list[dict[str, Any]]:
    flow: Any = yaml.safe_load((folder / FLOW).read_text("utf-8"))
    assert set(flow["jobs"]) == {"budgets"}
    return list(flow["jobs"]["budgets"]["steps"])


def test_the_workflow_is_the_one_of_the_docs(work: Checkout) -> None:
    """Valid YAML, with the project's action, the whole history and no permission beyond reading; --owner
    says whose action it is.
    """
    mnetcost(work.folder, "init")
    assert yaml.safe_load((work.folder / FLOW).read_text("utf-8")) == WORKFLOW
    mnetcost(work.folder, "init", "--force", "--owner", "octocat")
    assert steps(work.folder)[1] == {"uses": "octocat/mnetcost@v0"}


def test_the_workflow_fetches_what_is_kept_in_git_lfs(work: Checkout) -> None:
    """Where the repository keeps files there: else the check would see pointers."""
    (work.folder / ".gitattributes").write_text("*.onnx filter=lfs diff=lfs merge=lfs -text\n")
    mnetcost(work.folder, "init")
    assert steps(work.folder)[0]["with"] == {"fetch-depth": 0, "lfs": True}


def test_in_a_folder_of_a_repository_the_checks_stand_at_its_top(work: Checkout) -> None:
    """Where GitHub and pre-commit look; both are told the folder, and the hook's own command holds from
    the top.
    """
    assert mnetcost(work.folder / "nets", "init").returncode == 0
    assert designs(work.folder / "nets") == ["deploy.prototxt", "tiny.toml"]
    with_ = steps(work.folder)[1]["with"]
    assert with_ == {"working-directory": "nets"}
    assert set(with_) <= set(ACTION["inputs"])
    (repo,) = yaml.safe_load((work.folder / HOOK).read_text("utf-8"))["repos"]
    (hook,) = repo["hooks"]
    call = [*hook["entry"].split(), *hook["args"]]
    assert call == ["mnetcost", "check", "--config=nets/mnetcost.toml"]
    assert mnetcost(work.folder, *call[1:]).returncode == 0


def test_the_hook_runs_what_is_installed_or_the_owners(work: Checkout) -> None:
    """Without an owner there is no repository to install it from; with one it is this version of the hook
    that the project ships.
    """
    mnetcost(work.folder, "init")
    (repo,) = yaml.safe_load((work.folder / HOOK).read_text("utf-8"))["repos"]
    (hook,) = repo["hooks"]
    shipped = next(h for h in HOOKS if h["id"] == "mnetcost-check")
    assert (repo["repo"], hook["language"]) == ("local", "system")
    assert {
        key: hook[key] for key in ("id", "name", "entry", "files", "pass_filenames", "require_serial")
    } == {key: shipped[key] for key in ("id", "name", "entry", "files", "pass_filenames", "require_serial")}
    (work.folder / HOOK).unlink()
    mnetcost(work.folder, "init", "--owner", "octocat")
    (repo,) = yaml.safe_load((work.folder / HOOK).read_text("utf-8"))["repos"]
    assert repo["repo"] == "https://github.com/octocat/mnetcost"
    assert re.fullmatch(r"v\d+\.\d+\.\d+", repo["rev"])
    assert repo["hooks"] == [{"id": "mnetcost-check"}]


OTHERS = """\
# ours
default_stages: [pre-commit]
repos:
  - repo: https://github.com/astral-sh/ruff-pre-commit
    rev: v0.6.9
    hooks:
      - id: ruff   # lint
"""


@pytest.mark.parametrize("text", [OTHERS, OTHERS.replace("\n  ", "\n"), OTHERS + "\n\n"])
def test_a_file_of_hooks_gets_one_more(work: Checkout, text: str) -> None:
    """Only where it is forced; what stands there stays, byte by byte, and the lines to add are said
    otherwise.
    """
    (work.folder / HOOK).write_text(text)
    done = mnetcost(work.folder, "init")
    assert (work.folder / HOOK).read_text() == text
    assert "      id: mnetcost-check".replace("      id", "- id") in done.stderr
    assert mnetcost(work.folder, "init", "--force").returncode == 0
    after = (work.folder / HOOK).read_text()
    assert after.startswith(text.rstrip())
    before, now = yaml.safe_load(text), yaml.safe_load(after)
    assert now["repos"][:-1] == before["repos"]
    assert [hook["id"] for hook in now["repos"][-1]["hooks"]] == ["mnetcost-check"]
    assert {**now, "repos": 0} == {**before, "repos": 0}
    assert "it has the hook" in mnetcost(work.folder, "init", "--force").stderr


@pytest.mark.parametrize(
    "text",
    [
        "",
        "repos: []\n",
        OTHERS + "exclude: x\n",
        "repos: [{repo: meta, hooks: [{id: identity}]}]\n",
        "- repo: x\n",
    ],
)
def test_a_file_of_hooks_of_another_form_is_left_alone(text: str) -> None:
    """Where the end of the file is not the end of the list of repositories."""
    assert starter.with_hook(text, starter.hook()) is None
