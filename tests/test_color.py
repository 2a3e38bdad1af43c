"""Colours are there where somebody looks or asks for them, in every command; and what is red or yellow on
a terminal.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.analyses.documents import Column, Document, Table
from mnetcost.cli import COMMANDS, cli
from mnetcost.output import render, terminal

from .test_output import run_on_terminal

CALL = ("compare", "v1", "v2")
ESCAPE = "\x1b["


def in_a_pipe(*args: str, **env: str) -> str:
    """What the program prints into a pipe, in an environment that says nothing else of colours or widths."""
    silent = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM")}
    done = subprocess.run(
        [sys.executable, "-m", "mnetcost", *args],
        env={**silent, "PYTHONIOENCODING": "utf-8", **env},
        capture_output=True,
        check=True,
        timeout=60,
    )
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("option", "env", "terminal", "colored"),
    [
        ((), {}, True, True),
        ((), {}, False, False),
        ((), {"NO_COLOR": "1"}, True, False),
        ((), {"NO_COLOR": ""}, True, True),
        ((), {"FORCE_COLOR": "1"}, False, True),
        ((), {"FORCE_COLOR": ""}, False, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
        (("--color", "always"), {}, False, True),
        (("--color", "always"), {"NO_COLOR": "1"}, False, True),
        (("--color", "always"), {"TERM": "dumb"}, True, True),
        (("--color", "never"), {}, True, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, True, False),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False, False),
        (("--color", "auto"), {}, True, True),
        (("--color", "auto"), {}, False, False),
        (("--color", "auto"), {"FORCE_COLOR": "1"}, False, True),
    ],
)
def test_the_option_beats_no_color_beats_force_color_beats_the_terminal(
    option: tuple[str, ...], env: dict[str, str], terminal: bool, colored: bool
) -> None:
    """An empty variable says nothing; without colours no escape at all is sent.

    The option may stand before the command, too.
    """
    ask = run_on_terminal if terminal else in_a_pipe
    assert (ESCAPE in ask(*CALL, *option, **env)) == colored
    if option:
        assert (ESCAPE in ask(*option, *CALL, **env)) == colored


def test_colours_in_a_pipe_come_with_the_whole_answer() -> None:
    """As wide as it needs to be, since there is no terminal to fit into; COLUMNS says otherwise. -o
    writes plain text.
    """
    wide = in_a_pipe("report", "v2", "--color", "always")
    assert "a wider terminal also shows" not in wide
    assert "a wider terminal also shows" in in_a_pipe("report", "v2", "--color", "always", COLUMNS="60")
    for line in in_a_pipe("report", "v2", "--top", "3").splitlines()[:1]:
        assert line in re.sub(r"\x1b\[[0-9;]*m", "", wide)


def test_a_file_has_no_colours(tmp_path: Path) -> None:
    """And other formats have none either."""
    in_a_pipe(*CALL, "-o", str(tmp_path / "a.txt"), "--color", "always")
    assert ESCAPE not in (tmp_path / "a.txt").read_text("utf-8")
    assert ESCAPE not in in_a_pipe(*CALL, "--format", "csv", FORCE_COLOR="1")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_it(command: str) -> None:
    """And helps with it; a misspelt word is answered with the nearest."""
    run = CliRunner().invoke
    assert "--color" in run(cli, [command, "--help"]).stdout
    done = run(cli, [command, "--color", "alwyas"])
    assert (done.exit_code, done.stderr) == (
        2,
        "error: --color must be auto, always, never, not 'alwyas'\n  hint: did you mean 'always'?\n",
    )


def test_what_fails_is_red_and_what_is_waived_yellow() -> None:
    """On a terminal; so is what a gauge shows past its limit, and a state that is new to the terminal is
    red.
    """
    columns = (Column("gauge", "gauge", "gauge"), Column("state", "state", "state"))
    rows = (
        ("##########|###", "broken"),
        ("##########|#", "waived"),
        ("####......|", "kept"),
        ("", "new"),
        ("", "unheard of"),
    )
    said = terminal.recorded(Document("d", (Table("t", columns, rows),), (), {})).export_text(styles=True)
    red, green, yellow, cyan = (rf"\x1b\[(?:1;)?{n}m" for n in (31, 32, 33, 36))
    for word, color in (
        ("broken", red),
        ("waived", yellow),
        ("ok", green),
        ("new", cyan),
        ("unheard of", red),
    ):
        assert re.search(color + word, said), word
    assert re.search(cyan + "█{10}.*" + red + "███\x1b", said)
    assert re.search(cyan + "█{10}.*" + yellow + "█\x1b", said)
    assert re.search(cyan + "█{4}░{6}", said)


@pytest.mark.parametrize("titles", [["one"], ["one", "two"]])
def test_tables_without_columns_are_their_titles(titles: list[str]) -> None:
    """As for designs that could not be read: a line each, in a pipe and on a terminal, with one empty
    line before them.
    """
    first = Table("limits", (Column("a", "a"),), (("x",),))
    document = Document("d", (first, *(Table(title, (), ()) for title in titles)), (), {})
    for said in (render(document), terminal.recorded(document).export_text()):
        lines = [line.rstrip() for line in said.rstrip().splitlines()]
        assert lines[-len(titles) - 1 :] == ["", *titles]
        assert lines[-len(titles) - 2].strip() == "x"


def test_a_narrow_terminal_keeps_what_became_of_each_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The share used goes first, then what is allowed, then the gauge; the figure and the state are still
    there.
    """
    monkeypatch.chdir(tmp_path)
    for columns, titles in (("100", ("used", "gauge")), ("80", ("gauge",)), ("60", ())):
        text = in_a_pipe("check", "v2", "--max", "madds=301M", "--color", "always", COLUMNS=columns)
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        assert "ok" in plain
        assert "300,774,272" in plain
        assert [
            title for title in ("used", "gauge") if re.search(rf"\b{title}\b", plain.split("─")[0])
        ] == list(titles)
