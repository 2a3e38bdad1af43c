"""The GitHub action and the pre-commit hooks: their own commands, run as the services would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from mnetcost.designs.readers import READERS
from mnetcost.output.comment import MARKER

from .repositories import TINY, Checkout

ROOT = Path(__file__).resolve().parent.parent
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
HOOKS: list[dict[str, Any]] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
SETUP, CHECK = ACTION["runs"]["steps"]


class Runner:
    """A job of a pull request, as GitHub gives it to a step: folders, files and the event's variables."""

    def __init__(self, folder: Path, checkout: Checkout) -> None:
        self.checkout, self.temp = checkout, folder / "temp"
        self.temp.mkdir()
        self.output, self.summary = self.temp / "output", self.temp / "summary"
        for file in (self.output, self.summary):
            file.touch()
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_BASE_REF": "main",
            "GITHUB_HEAD_REF": "feature",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(checkout.folder),
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "RUNNER_TEMP": str(self.temp),
        }

    def step(self, step: dict[str, Any], **inputs: str) -> subprocess.CompletedProcess[str]:
        """Run one step's own command with bash, as the runner does, its expressions filled in from the
        inputs.
        """
        given = {
            name: inputs.pop(name.replace("-", "_"), entry["default"])
            for name, entry in ACTION["inputs"].items()
        }
        assert not inputs

        def filled(text: str) -> str:
            return re.sub(r"\$\{\{ inputs\.([a-z-]+) \}\}", lambda m: str(given[m[1]]), text)

        assert step["shell"] == "bash"
        script = self.temp / "step.sh"
        script.write_text(step["run"], "utf-8")
        folder = self.checkout.folder / filled(step.get("working-directory", "."))
        env = {**self.env, **{key: filled(value) for key, value in step.get("env", {}).items()}}
        call = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        return subprocess.run(call, cwd=folder, env=env, capture_output=True, text=True, timeout=300)

    @property
    def outputs(self) -> dict[str, str]:
        """What the step set, as the runner reads it."""
        text = self.output.read_text("utf-8")
        heredocs = re.findall(r"^(\S+)<<(\S+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)
        return {
            **dict(re.findall(r"^([\w-]+)=(.*)$", text, re.MULTILINE)),
            **{name: value for name, _, value in heredocs},
        }


@pytest.fixture
def pull(tmp_path: Path) -> Checkout:
    """A clone as actions/checkout makes it with fetch-depth 0: origin/main is there, and HEAD is the
    feature, detached.
    """
    origin = Checkout(tmp_path / "origin")
    origin.commit(
        "base", nets__tiny_toml=TINY, mnetcost_toml='[[budget]]\ndesign = "nets/tiny.toml"\nmadds = "+0%"\n'
    )
    origin.git("checkout", "-q", "-b", "feature")
    origin.commit("wider", nets__tiny_toml=TINY.replace("out = 16", "out = 24"))
    clone = origin.clone(tmp_path / "work space", "--no-single-branch")
    clone.git("checkout", "-q", "--detach", "origin/feature")
    return clone


@pytest.fixture
def runner(tmp_path: Path, pull: Checkout) -> Runner:
    """The job, with this checkout's program where the set-up step would put it."""
    made = Runner(tmp_path, pull)
    program = made.temp / "mnetcost/bin/mnetcost"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m mnetcost "$@"\n')
    program.chmod(0o755)
    return made


def test_a_pull_request_over_budget_fails_and_says_why(runner: Runner, pull: Checkout) -> None:
    """Exit code, annotation, summary, comment and SARIF, from the action's own command."""
    done = runner.step(CHECK, sarif="out.sarif")
    assert done.returncode == 1, done.stderr
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("::"))
    assert line.startswith(
        "::error file=nets/tiny.toml,line=6,title=nets/tiny.toml%3A madds broken::madds is 497,904 MAdds, "
    )
    assert runner.outputs == {"exit-code": "1", "comment": "mnetcost-comment.md"}
    comment = (pull.folder / "mnetcost-comment.md").read_text("utf-8")
    assert comment.startswith(MARKER)
    assert "width 16 -\\> 24 at body" in comment
    assert runner.summary.read_text("utf-8") == comment
    assert '"version": "2.1.0"' in (pull.folder / "out.sarif").read_text("utf-8")


def test_a_pull_request_within_budget_passes(runner: Runner, pull: Checkout) -> None:
    """With a comment that says so, and no SARIF where none is asked for."""
    pull.write(nets__tiny_toml=TINY)
    done = runner.step(CHECK, comment="out/../mine.md", config="mnetcost.toml")
    assert (done.returncode, done.stdout) == (0, "limits: 1 ok\n")
    assert "all designs are within budget" in (pull.folder / "mine.md").read_text("utf-8")
    assert runner.outputs["exit-code"] == "0"
    assert [p.name for p in pull.folder.glob("*.sarif")] == []


def test_inputs_are_values_and_never_commands(runner: Runner, pull: Checkout) -> None:
    """They reach the shell as variables: blanks, quotes and substitutions stay what they are."""
    for step in (SETUP, CHECK):
        assert "${{" not in step["run"]
    done = runner.step(CHECK, against='main"; touch owned; $(touch owned)', comment="a b $(touch owned).md")
    assert done.returncode == 3
    assert "there is no revision" in done.stderr
    done = runner.step(CHECK, comment="a b $(touch owned).md", working_directory="nets")
    assert done.returncode == 1
    assert (pull.folder / "nets/a b $(touch owned).md").is_file()
    assert not list(pull.folder.rglob("owned"))
    done = runner.step(CHECK, against="--output=owned")
    assert done.returncode == 3
    assert not list(pull.folder.rglob("owned"))


def test_a_shallow_checkout_says_what_to_fetch(tmp_path: Path, pull: Checkout, runner: Runner) -> None:
    """Exit code 3, an annotation, and no comment about nothing."""
    shallow = Checkout(tmp_path / "origin", init=False).clone(
        tmp_path / "shallow", "--depth=1", "--branch=feature"
    )
    runner.checkout = shallow
    done = runner.step(CHECK)
    assert done.returncode == 3
    assert done.stdout.startswith(
        "::error title=mnetcost::there is no revision 'origin/main' in this repository%0Ahint: this clone is"
        " shallow"
    )
    assert runner.outputs == {"exit-code": "3"}
    assert not (shallow.folder / "mnetcost-comment.md").exists()


def test_a_design_that_cannot_be_read_fails_beside_the_verdicts_of_the_others(
    runner: Runner, pull: Checkout
) -> None:
    """Exit code 2, with a comment and SARIF that say both."""
    pull.write(nets__broken_toml="x", mnetcost_toml='[[budget]]\ndesign = "nets/*.toml"\nmadds = "+0%"\n')
    done = runner.step(CHECK, sarif="out.sarif")
    assert done.returncode == 2
    assert len([line for line in done.stdout.splitlines() if line.startswith("::error ")]) == 2
    assert runner.outputs == {"exit-code": "2", "comment": "mnetcost-comment.md"}
    comment = (pull.folder / "mnetcost-comment.md").read_text("utf-8")
    assert "### Network cost: a budget is broken, and not everything could be checked" in comment
    assert "<code>status: readable</code>" in comment
    assert "nets/broken.toml" in (pull.folder / "out.sarif").read_text("utf-8")


def test_a_comment_that_the_pull_request_brings_is_not_taken_for_ours(runner: Runner, pull: Checkout) -> None:
    """Nothing was compared, so there is none; and what a link of that name leads to is not written over."""
    pull.write(**{"victim": "whole", "mnetcost-comment.md": "forged"})
    done = runner.step(CHECK, against="nowhere")
    assert done.returncode == 3
    assert runner.outputs == {"exit-code": "3"}
    (pull.folder / "mnetcost-comment.md").symlink_to("victim")
    assert runner.step(CHECK).returncode == 1
    assert (pull.folder / "mnetcost-comment.md").read_text("utf-8").startswith(MARKER)
    assert (pull.folder / "victim").read_text() == "whole"


def test_every_input_and_output_is_described_and_used() -> None:
    """None is left over, and none is used that is not there."""
    used = {
        name for step in (SETUP, CHECK) for name in re.findall(r"inputs\.([a-z-]+)", yaml.safe_dump(step))
    }
    assert used == set(ACTION["inputs"])
    assert all(entry["description"] and "default" in entry for entry in ACTION["inputs"].values())
    assert {entry["value"] for entry in ACTION["outputs"].values()} == {
        f"${{{{ steps.check.outputs.{name} }}}}" for name in ACTION["outputs"]
    }
    assert (ACTION["runs"]["using"], CHECK["id"]) == ("composite", "check")


@pytest.mark.wheel
def test_the_action_sets_itself_up(tmp_path: Path, pull: Checkout) -> None:
    """Both steps as they are: an environment of its own, from the action's checkout."""
    runner = Runner(tmp_path, pull)
    done = runner.step(SETUP, python=sys.executable)
    assert done.returncode == 0, done.stderr
    assert runner.step(CHECK).returncode == 1


@pytest.mark.parametrize(("text", "code"), [(TINY, 0), (TINY.replace("out = 16", "out = 32"), 1)])
def test_the_pre_commit_hook_checks_what_is_staged(pull: Checkout, text: str, code: int) -> None:
    """Its entry, run at the top of the repository without file names, as pre-commit does."""
    hook = next(h for h in HOOKS if h["id"] == "mnetcost-check")
    assert (hook["pass_filenames"], hook["language"]) == (False, "python")
    assert re.search(hook["files"], "nets/tiny.toml")
    assert re.search(hook["files"], "mnetcost.toml")
    pull.write(nets__tiny_toml=text)
    pull.git("add", "-A")
    program, *arguments = hook["entry"].split()
    assert program == "mnetcost"
    env = {**os.environ, "PYTHONPATH": str(ROOT), "GIT_INDEX_FILE": str(pull.folder / ".git/index")}
    call = [sys.executable, "-m", "mnetcost", *arguments]
    done = subprocess.run(call, cwd=pull.folder, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stderr


@pytest.mark.parametrize("suffix", [".toml", *READERS])
def test_every_hook_runs_where_a_file_that_a_reader_knows_changes(suffix: str) -> None:
    """In a folder, in capitals; a file of another kind alone runs none."""
    for hook in HOOKS:
        assert re.search(hook["files"], f"models/net{suffix}")
        assert re.search(hook["files"], f"NET{suffix.upper()}")
        assert not re.search(hook["files"], f"models/net{suffix}.md")
        assert not re.search(hook["files"], f"models/net{suffix[1:]}")


def test_hooks_and_action_install_what_model_files_need() -> None:
    """The extra `all`, which holds those of every reader."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    (everything,) = extras["all"]
    assert set(everything.removeprefix("mnetcost[").removesuffix("]").split(",")) == {*extras} - {
        "all",
        "dask",
        "moocore",
        "parquet",
        "pictures",
        "tflm",
        "test",
        "dev",
    }
    assert all(hook["additional_dependencies"] == [".[all]"] for hook in HOOKS)
    assert '"$GITHUB_ACTION_PATH[all]"' in SETUP["run"]


def test_the_baseline_hook_sees_a_stale_file(pull: Checkout) -> None:
    """It writes nothing, and ends with 1."""
    hook = next(h for h in HOOKS if h["id"] == "mnetcost-baseline")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}

    def run(*arguments: str) -> int:
        return subprocess.run(
            [sys.executable, "-m", "mnetcost", *arguments],
            cwd=pull.folder,
            env=env,
            capture_output=True,
            timeout=60,
        ).returncode

    assert run("baseline") == 0
    written = (pull.folder / "mnetcost-baseline.toml").read_bytes()
    assert run(*hook["entry"].split()[1:]) == 0
    pull.write(nets__tiny_toml=TINY)
    assert run(*hook["entry"].split()[1:]) == 1
    assert (pull.folder / "mnetcost-baseline.toml").read_bytes() == written


# what docs/ci.md shows

BLOCKS = [
    yaml.safe_load(text)
    for text in re.findall(
        r"^```yaml[^\n]*\n(.*?)^```$", (ROOT / "docs/ci.md").read_text("utf-8"), re.M | re.S
    )
]
WORKFLOW, COMMENT, GITLAB, PRE_COMMIT = BLOCKS


def test_the_documented_workflow_uses_the_action_as_it_is() -> None:
    """The whole history, no permission beyond reading, and inputs that exist; hooks by their ids."""
    checkout, check = WORKFLOW["jobs"]["budgets"]["steps"]
    assert checkout["with"]["fetch-depth"] == 0
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert set(check.get("with", {})) <= set(ACTION["inputs"])
    page = (ROOT / "docs/ci.md").read_text("utf-8")
    inputs = page.split("| input | default | |\n")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", inputs, re.M) == list(ACTION["inputs"])
    assert [hook["id"] for hook in PRE_COMMIT["repos"][0]["hooks"]] == ["mnetcost-check"]
    assert {hook["id"] for hook in HOOKS} == {"mnetcost-check", "mnetcost-baseline"}


GH = """#!/bin/sh
# stands for gh: lists what it was given, and knows one comment where the file says so
echo "$@" >> "$CALLS"
case "$*" in *--jq*) cat "$KNOWN" ;; esac
"""


@pytest.mark.parametrize(
    ("known", "last"),
    [
        ("", "api repos/o/r/issues/7/comments -F body=@mnetcost-comment.md"),
        ("12\n15\n", "api -X PATCH repos/o/r/issues/comments/12 -F body=@mnetcost-comment.md"),
    ],
)
def test_the_documented_comment_is_written_once_and_then_updated(
    tmp_path: Path, known: str, last: str
) -> None:
    """The first comment that begins with our marker is changed; where there is none, one is added."""
    (step,) = COMMENT
    assert MARKER in step["run"]
    assert "${{" not in step["run"]
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    (tmp_path / "known").write_text(known)
    env = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "CALLS": str(tmp_path / "calls"),
        "KNOWN": str(tmp_path / "known"),
        "COMMENTS": "repos/o/r/issues/7/comments",
        "GITHUB_REPOSITORY": "o/r",
    }
    subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        env=env,
        check=True,
        timeout=60,
    )
    assert (tmp_path / "calls").read_text().splitlines()[-1] == last


def test_the_documented_gitlab_job_writes_both_reports(pull: Checkout) -> None:
    """Its own commands, the installation apart; the job fails where a budget is broken."""
    (job,) = GITLAB.values()
    commands = [command for command in job["script"] if not command.startswith("pip install")]
    assert len(commands) == 2
    script = f'mnetcost() {{ "{sys.executable}" -m mnetcost "$@"; }}\n' + "\n".join(commands)
    env = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_PROJECT_DIR": str(pull.folder),
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], cwd=pull.folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stderr
    reports = job["artifacts"]["reports"]
    (entry,) = yaml.safe_load((pull.folder / reports["codequality"]).read_text("utf-8"))
    assert (entry["location"]["path"], entry["location"]["lines"]["begin"]) == ("nets/tiny.toml", 6)
    assert "<failure" in (pull.folder / reports["junit"]).read_text("utf-8")
