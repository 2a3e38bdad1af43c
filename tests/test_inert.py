"""What stands in a printed spec does nothing in a log of CI, and the text means what it meant."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.designs.toml import inert, quoted

from .repositories import TINY
from .test_check import mnetcost

EVIL = '''# ##[error]in a comment
source = "##[error]in a string"  ###[warning]close
title = '##[group]in a literal "string"'
differs = [
  """##[error]in many lines
  ::set-output name=x::y
::error::z""",
  \'\'\'
::add-mask::in many literal lines
##[debug]\\ \'\'\',
]
'''


def obeyed(text: str) -> list[str]:
    """The lines that a runner would take for commands."""
    return [line for line in text.splitlines() if "##[" in line or line.lstrip().startswith("::")]


def printed(folder: Path, *call: str) -> str:
    done = mnetcost(folder, *call)
    assert done.returncode == 0, done.stderr
    return done.stdout


CALLS = (
    ["show", "net.toml"],
    ["show", "child.toml", "--resolved"],
    ["show", "child.toml"],
    ["convert", "net.toml"],
)


@pytest.mark.parametrize("call", CALLS)
def test_a_printed_spec_holds_no_command_and_is_the_same_spec(tmp_path: Path, call: list[str]) -> None:
    """Comments, strings of all four sorts, names of layers: read again, it says and costs the same."""
    text = EVIL + TINY.split("\n", 1)[1].replace('"body"', '"##[error]body"')
    (tmp_path / "net.toml").write_text(text)
    (tmp_path / "child.toml").write_text('extends = "net.toml"  # ##[error]\n')
    assert obeyed(text)
    told = printed(tmp_path, *call)
    assert obeyed(told) == []
    assert printed(tmp_path, *call, "-o", "out.toml") == ""
    written = (tmp_path / "out.toml").read_text()
    assert tomllib.loads(told) == tomllib.loads(written)
    (tmp_path / "told.toml").write_text(told)
    figures = [
        mnetcost(tmp_path, "report", name, "--format", "csv").stdout for name in ("net.toml", "told.toml")
    ]
    assert figures[0].replace("##[", "") == figures[1].replace("##[", "")


@given(st.text("\"'\\\\#[:\\n ax=", max_size=40))
def test_any_text_is_made_inert_and_stays_what_it_says(text: str) -> None:
    """Where it is TOML; as a string of every sort too."""
    comment = text.splitlines()[0] if text.strip("\n") else ""
    candidates = [text, f"a = {quoted(text)} # {comment}", f"a = '''{text}'''", f'a = """{text}"""']
    for one in candidates:
        try:
            meant = tomllib.loads(one)
        except tomllib.TOMLDecodeError:
            continue
        assert tomllib.loads(inert(one)) == meant
        assert obeyed(inert(one)) == []


def test_a_text_without_commands_is_not_touched() -> None:
    """Every shipped spec is printed as its file says it."""
    for path in (Path(__file__).resolve().parent.parent / "specs").rglob("*.toml"):
        assert inert(path.read_text("utf-8")) == path.read_text("utf-8")


def test_the_runner_would_obey_the_file(tmp_path: Path) -> None:
    """`cat` shows what `mnetcost show` does not."""
    (tmp_path / "net.toml").write_text(EVIL)
    assert (
        len(
            obeyed(
                subprocess.run(
                    ["cat", "net.toml"], cwd=tmp_path, capture_output=True, text=True, check=True
                ).stdout
            )
        )
        == 8
    )
