"""Does the command line answer, and say every mistake once and clearly?"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import mnetcost
from mnetcost.cli import COMMANDS, LazyGroup, cli
from mnetcost.designs import find_spec, load
from mnetcost.designs.resolved import resolved
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost


def run(*args: str) -> Result:
    return CliRunner().invoke(cli, list(args))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_help_has_examples_that_are_calls_of_it(command: str) -> None:
    """`--help` shows at least one example of the command, and explains each option."""
    said = run(command, "--help").stdout
    assert "Examples:" in said or "Example:" in said
    assert f"  mnetcost {command}" in said
    context = click.Context(cli)
    found = cli.get_command(context, command)
    assert found is not None
    for param in found.params:
        assert not isinstance(param, click.Option) or param.help, param.name


def test_help_shows_every_command_with_its_line() -> None:
    """In the order of the table, without importing one of them."""
    said = run("--help").stdout
    assert [said.index(f"  {name} ") for name in COMMANDS] == sorted(
        said.index(f"  {name} ") for name in COMMANDS
    )


def test_called_bare_it_shows_its_help() -> None:
    """Whoever types the name alone sees what there is, as with --help."""
    bare, helped = run(), run("--help")
    assert (bare.exit_code, bare.stdout, bare.stderr) == (0, helped.stdout, "")


def test_version() -> None:
    """The package's own."""
    assert run("--version").stdout == f"mnetcost, version {mnetcost.__version__}\n"


def test_a_designs_own_setting_beats_the_option() -> None:
    """And the option holds for the other designs of the call."""
    data = json.loads(
        run(
            "compare", "v2:alpha=0.75", "v2", "--alpha", "0.5", "--resolution", "160", "--format", "json"
        ).stdout
    )
    assert [d["design"]["alpha"] for d in data["designs"]] == [0.75, 0.5]
    assert [d["design"]["resolution"] for d in data["designs"]] == [[160, 160], [160, 160]]


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.json", "{"),
        ("a.csv", "name,"),
        ("a.md", "## "),
        ("a.tex", "%"),
        ("a.html", "<!doctype"),
        ("a.svg", "<svg"),
        ("a", "v2:"),
    ],
)
def test_a_files_name_says_its_format(name: str, begins: str, tmp_path: Path) -> None:
    """The file ends in a newline and stdout is empty."""
    file = tmp_path / name
    assert run("report", "v2", "-o", str(file)).stdout == ""
    assert file.read_text("utf-8").startswith(begins)
    assert file.read_text("utf-8").endswith("\n")


@pytest.mark.parametrize(
    ("call", "file", "begins"),
    [
        (["report", "v2", "--format", "json"], "tmp.AbCd12", "{"),
        (["report", "v2"], "OUT.CSV", "name,"),
        (["check", "v2", "--max", "madds=1G"], "cost.xml", "<?xml"),
        (["check", "v2", "--max", "madds=1G"], "cost.sarif", "{"),
        (["check", "v2", "--max", "madds=1G", "--format", "gitlab"], "cost.json", "["),
        (["show", "v2"], "v2", "source"),
    ],
)
def test_a_format_may_have_several_names(
    call: list[str], file: str, begins: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that nobody knows, where --format says what it holds; in capitals; those of CI services."""
    monkeypatch.chdir(tmp_path)
    assert run(*call, "-o", file).exit_code == 0
    assert (tmp_path / file).read_text("utf-8").startswith(begins)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """What was there stays where the call fails, its mode stays where it succeeds, and nothing else is
    left in the folder.
    """
    file = tmp_path / "a.json"
    file.write_text("before")
    file.chmod(0o600)
    assert run("report", "v2", "--sort", "nothing", "-o", str(file)).exit_code == 2
    assert file.read_text() == "before"
    assert run("report", "v2", "-o", str(file)).exit_code == 0
    assert file.read_text().startswith("{")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """What it leads to is written."""
    (tmp_path / "real.json").write_text("before")
    (tmp_path / "link.json").symlink_to("real.json")
    assert run("report", "v2", "-o", str(tmp_path / "link.json")).exit_code == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text().startswith("{")


@pytest.mark.parametrize("file", ["no/such/folder/a.json", ".", "a\0b.json"])
def test_a_file_that_cannot_be_written_is_one_message(
    file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that is not there, a folder, a name that no file can have."""
    monkeypatch.chdir(tmp_path)
    done = run("report", "v2", "-o", file, "--format", "json")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: cannot write '")
    assert list(tmp_path.iterdir()) == []


def program(*args: str, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "mnetcost", *args], stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="there are no broken pipes here")
@pytest.mark.parametrize("more", [(), ("--color", "always")])
def test_a_reader_who_leaves_is_no_mistake(more: tuple[str, ...]) -> None:
    """`mnetcost ... | head -1` ends as other programs do, without a word."""
    read, write = os.pipe()
    os.close(read)
    process = program("explain", "v2", *more, stdout=write)
    os.close(write)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (-signal.SIGPIPE, b"")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only here can a program be started with a closed stdout")
@pytest.mark.parametrize(
    "call", [["report", "v2"], ["report", "v2", "--color", "always"], ["check", "v2", "--max", "madds=1G"]]
)
def test_a_closed_stdout_is_no_mistake(call: list[str]) -> None:
    """`mnetcost ... >&-`: nobody wants the answer, whatever FORCE_COLOR says."""
    for env in ({}, {"FORCE_COLOR": "1"}):
        process = program(*call, preexec_fn=lambda: os.close(1), env={**os.environ, **env})
        _, said = process.communicate(timeout=60)
        assert (process.returncode, said) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize(
    "call",
    [["--help"], ["report", "v2"], ["report", "v2", "--color", "always"], ["scale", "v2", "--format", "npz"]],
)
def test_a_full_disk_is_one_message(call: list[str]) -> None:
    """Exit code 2."""
    with Path("/dev/full").open("wb") as full:
        process = program(*call, stdout=full)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (2, b"error: cannot write the output: No space left on device\n")


def test_a_closed_stdout_is_no_traceback() -> None:
    """`mnetcost report v2 >&-`."""
    done = subprocess.run(
        ["bash", "-c", f"'{sys.executable}' -m mnetcost report v2 >&-"],
        stderr=subprocess.PIPE,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr


def test_control_c_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """130, as a shell says of a program that was stopped."""

    def stopped(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnetcost.analyses.report.report.report", stopped)
    done = run("report", "v2")
    assert (done.exit_code, done.stdout, done.stderr.strip()) == (130, "", "")


def test_names_that_the_terminal_has_no_letters_for_are_escapes(tmp_path: Path) -> None:
    """A Latin-1 terminal is sent Latin-1, and not a traceback."""
    (tmp_path / "n.toml").write_text(
        'source = "x"\nresolution = 8\nlayers = [{ op = "conv", out = 8, name = "\u7f51" }]\n', "utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mnetcost", "report", "n.toml"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONIOENCODING": "latin-1",
            "PYTHONPATH": str(Path(mnetcost.__file__).parent.parent),
        },
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert b"\\u7f51" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_has_a_script_for_each_shell(shell: str) -> None:
    """As docs/commands.md says: _MNETCOST_COMPLETE=bash_source mnetcost."""
    done = subprocess.run(
        [sys.executable, "-c", "from mnetcost.cli import main; main()"],
        env={**os.environ, "_MNETCOST_COMPLETE": f"{shell}_source"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "_MNETCOST_COMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("words", "last", "found"),
    [
        ([], "exp", ["explain"]),
        (["report"], "shicai", ["shicai-caffe/v1", "shicai-caffe/v2"]),
        (["compare", "v1"], "xiao", ["xiaochus-keras/v2"]),
        (["report", "v2", "--format"], "m", ["markdown", "mermaid"]),
        (["report", "v2", "--convention"], "pap", ["paper"]),
        (["report", "v2", "--by"], "bl", ["block"]),
        (["report", "v2"], "--cl", ["--classes"]),
    ],
)
def test_the_shell_completes_words(words: list[str], last: str, found: list[str]) -> None:
    """Commands, designs, options, and the words that options take."""
    from click.shell_completion import ShellComplete

    complete = ShellComplete(cli, {}, "mnetcost", "_MNETCOST_COMPLETE")
    assert [item.value for item in complete.get_completions(words, last)] == found


def test_a_path_is_completed_as_a_file() -> None:
    """Where no shipped design begins like that."""
    from click.shell_completion import ShellComplete

    (item,) = ShellComplete(cli, {}, "mnetcost", "_MNETCOST_COMPLETE").get_completions(["report"], "./my")
    assert item.type == "file"


@pytest.mark.parametrize("name", shipped())
def test_a_resolved_spec_costs_the_same(name: str, tmp_path: Path) -> None:
    """What `show --resolved` and `new` write stands alone: every layer's terms are those of the original,
    at odd settings too.
    """
    file = tmp_path / "net.toml"
    file.write_text(resolved(find_spec(name)), "utf-8")
    assert find_spec(str(file)).family == ()
    depth = "7x" * (len(find_spec(name).resolution) - 2)
    for tail in ("", f":alpha=0.35,resolution={depth}200x217,classes=11"):
        mine, theirs = (cost(load(design + tail).graph).layers for design in (str(file), name))
        assert [(x.name, x.params, x.work) for x in mine] == [(x.name, x.params, x.work) for x in theirs]


def test_new_writes_a_spec_once(tmp_path: Path) -> None:
    """A second time only when it is forced; what is written can be reported on."""
    file = tmp_path / "net.toml"
    assert run("new", str(file), "--from", "v1").exit_code == 0
    before = file.read_text("utf-8")
    assert before == "#:schema ./.mnetcost/spec.schema.json\n" + find_spec("v1").text
    again = run("new", str(file), "--from", "v2")
    assert (again.exit_code, file.read_text("utf-8")) == (2, before)
    assert "exists already" in again.stderr
    assert run("new", str(file), "--from", "keras/v2", "--force").exit_code == 0
    assert json.loads(run("report", str(file), "--format", "json").stdout)["totals"]["madds"] == 300_774_272


def test_show_gives_the_file_as_it_stands() -> None:
    """Comments and all."""
    assert run("show", "v2").stdout == find_spec("v2").text
    assert run("show", "keras/v2", "--resolved").stdout == resolved(find_spec("keras/v2"))


def test_new_tells_editors_the_schema(tmp_path: Path) -> None:
    """By a path from the spec, which leads to the shipped schema; one that is there already is left
    alone, and --no-schema writes none.
    """
    assert run("new", str(tmp_path / "net.toml")).exit_code == 0
    first = (tmp_path / "net.toml").read_text("utf-8").splitlines()[0]
    schema = tmp_path / first.removeprefix("#:schema ")
    assert schema.read_text("utf-8") == run("schema").stdout
    schema.write_text("{}")
    said = run("new", str(tmp_path / "other.toml"), "--from", "v1").stderr
    assert (schema.read_text(), said.count("wrote ")) == ("{}", 1)
    (tmp_path / "bare").mkdir()
    assert run("new", str(tmp_path / "bare/net.toml"), "--from", "v1", "--no-schema").exit_code == 0
    assert [p.name for p in (tmp_path / "bare").iterdir()] == ["net.toml"]
    assert (tmp_path / "bare/net.toml").read_text("utf-8") == find_spec("v1").text


def test_a_bug_stays_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what a user can mend is said in a line."""

    def broken(*args: object, **more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("mnetcost.analyses.report.report.report", broken)
    assert isinstance(run("report", "v2").exception, ZeroDivisionError)
    assert isinstance(cli, LazyGroup)
