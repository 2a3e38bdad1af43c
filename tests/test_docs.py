"""Every example of the README and of docs/ is run, and says what the page says it says.

The convention is in docs/CONTRIBUTING.md, "Examples in the docs". `python -m tests.test_docs` writes anew
what the program says now.
"""

from __future__ import annotations

import doctest
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w*)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = (
    "console",
    "sh",
    "toml",
    "python",
    "json",
    "yaml",
    "text",
    "markdown",
    "html",
    "latex",
    "csv",
    "prototxt",
)
END = "\x1e"  # between what one command says and what the next does


class Block(NamedTuple):
    """A fenced block of a page: its language, a file's name or "not-run", its text, and the line it
    begins on.
    """

    language: str
    word: str
    text: str
    line: int


class Step(NamedTuple):
    """One command of a console block and what the page says it prints."""

    command: str
    expected: str


def blocks(page: str) -> list[Block]:
    return [Block(m[1], m[2] or "", m[3], page.count("\n", 0, m.start()) + 2) for m in FENCE.finditer(page)]


def steps(text: str) -> list[Step]:
    """Split a console block at its `$ ` prompts; a line that begins with `> ` goes on with the command."""
    out: list[Step] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            out.append(Step(line[2:], ""))
        elif out and line.startswith("> ") and not out[-1].expected:
            out[-1] = out[-1]._replace(command=f"{out[-1].command}\n{line[2:]}")
        else:
            out[-1] = out[-1]._replace(expected=f"{out[-1].expected}{line}\n")
    return out


def tidy(text: str) -> str:
    return "".join(line.rstrip() + "\n" for line in text.rstrip().splitlines())


def fits(expected: str, got: str) -> bool:
    """Is this what was expected? A line `...` stands for any lines, `...` within a line for any text."""
    pattern = ""
    for line in tidy(expected).splitlines():
        pattern += (
            r"(?:.*\n)*?" if line.strip() == "..." else ".*".join(map(re.escape, line.split("..."))) + "\n"
        )
    return re.fullmatch(pattern, tidy(got)) is not None


def refused(got: str) -> bool:
    return re.search(r"^(error|Error): ", got, re.MULTILINE) is not None


def shell(commands: list[str], folder: Path) -> list[tuple[str, int]]:
    """What each command prints, stdout and stderr as they come, and its exit code; all in one shell."""
    tools = folder.parent / "bin"
    tools.mkdir(exist_ok=True)
    for name, call in (("python", ""), ("mnetcost", "-m mnetcost")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {call} "$@"\n')
        (tools / name).chmod(0o755)
    script = "\n".join(
        f"{command}\ncode=$?; printf '{END}%d{END}' $code; (exit $code)" for command in commands
    )
    env = {
        **os.environ,
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder.parent),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # the checkout's plugin, as if it were the installed one
        "PYTEST_PLUGINS": "mnetcost.pytest_plugin",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{
            f"GIT_{who}_{what}": f"a{at}b"
            for who in ("AUTHOR", "COMMITTER")
            for what, at in (("NAME", " "), ("EMAIL", "@"))
        },
    }
    done = subprocess.run(
        ["bash", "-c", f"exec 2>&1 </dev/null\n{script}"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
    )
    parts = done.stdout.split(END)
    return [
        (said.removeprefix("\n") if n else said, int(code))
        for n, (said, code) in enumerate(zip(parts[::2], parts[1::2], strict=False))
    ]


def run_page(path: Path, folder: Path) -> list[tuple[Block, Step, str, str]]:
    """Run a page's blocks in order in a folder; return each console step with what it printed and what
    was wrong with that.
    """
    for name in ("tests", "specs"):
        (folder / name).symlink_to(ROOT / name)
    names: dict[str, object] = {}
    out = []
    for block in blocks(path.read_text("utf-8")):
        where = f"{path.name}:{block.line}"
        assert block.language in LANGUAGES, f"{where}: a block of language {block.language!r}"
        if block.word == "not-run":
            continue
        if block.word:
            target = folder / block.word
            assert target.resolve().is_relative_to(folder.resolve()), where
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, "utf-8")
        if block.language == "toml":
            tomllib.loads(block.text)
        elif block.language == "json" and "..." not in block.text:
            json.loads(block.text)
        elif block.language == "sh":
            assert not re.search(r"^\s*mnetcost\b", block.text, re.MULTILINE), (
                f"{where}: a call of mnetcost belongs in a console block"
            )
        elif block.language == "python" and not block.word:
            run_python(block.text, names, where)
        elif block.language == "console":
            todo = steps(block.text)
            for n, (step, (said, code)) in enumerate(
                zip(todo, shell([s.command for s in todo], folder), strict=True)
            ):
                asked = n + 1 < len(todo) and todo[n + 1].command == "echo $?"
                wrong = "" if fits(step.expected, said) else "prints something else"
                if code and not refused(said) and not asked:
                    wrong = wrong or f"ends with {code}, which the page does not show"
                out.append((block, step, said, wrong and f"{where}: `{step.command}` {wrong}"))
    return out


def run_python(text: str, names: dict[str, object], where: str) -> None:
    if ">>> " not in text:
        exec(compile(text, where, "exec"), names)
        return
    example = doctest.DocTestParser().get_doctest(text, {}, where, where, 0)
    example.globs = names
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    failed = runner.run(example, clear_globs=False)
    assert failed.failed == 0, f"{where}: see what doctest printed"


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_every_example_says_what_the_page_says(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands are run in order in one folder; a failing command shows its error or is followed by `echo
    $?`.
    """
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    ran = run_page(path, folder)
    wrong = [
        f"{what}\nthe page:\n{step.expected}\nthe program:\n{tidy(said)}"
        for _, step, said, what in ran
        if what
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "path",
    [*PAGES, *sorted((ROOT / "tests" / "mistakes").glob("*.md"))],
    ids=lambda p: p.relative_to(ROOT).as_posix(),
)
def test_every_link_leads_somewhere(path: Path) -> None:
    """A link to a file of the project, or to a heading of a page, finds it."""
    text = FENCE.sub("", path.read_text("utf-8"))
    for target, _, heading in (m[1].partition("#") for m in re.finditer(r"\]\((?!https?:)([^)\s]+)\)", text)):
        file = (path.parent / target).resolve() if target else path
        assert file.exists(), f"{path.name}: {target}"
        if heading:
            titles = re.findall(r"^#+ (.+)$", FENCE.sub("", file.read_text("utf-8")), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", t.lower()).replace(" ", "-") for t in titles}, (
                f"{path.name}: {target}#{heading}"
            )


def test_every_page_stands_in_the_index() -> None:
    """Who reads docs/index.md finds every other page."""
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    pages = {
        path.relative_to(ROOT / "docs").as_posix() for path in PAGES if path.is_relative_to(ROOT / "docs")
    }
    assert {page for page in pages if f"]({page})" not in index} == {"index.md"}


def test_fences_are_closed_and_stand_at_the_margin() -> None:
    """Every fence opens or closes a block that was read, so that no example hides from these tests."""
    for path in PAGES:
        text = path.read_text("utf-8")
        fences = [line for line in text.splitlines() if line.lstrip(" >-*").startswith("```")]
        assert len(fences) == 2 * len(blocks(text)), path


@pytest.mark.parametrize(
    ("expected", "got", "same"),
    [
        ("a\n", "a  \n\n", True),
        ("a\n", "b\n", False),
        ("a\n", "a\nb\n", False),
        ("a\n...\nz\n", "a\nb\nc\nz\n", True),
        ("a\n...\n", "b\nc\n", False),
        ("took ... s\n", "took 3 s\n", True),
        ("", "anything\n", False),
    ],
)
def test_the_comparison_can_fail(expected: str, got: str, same: bool) -> None:
    """Exact but for blanks at a line's end, and for what `...` stands for."""
    assert fits(expected, got) is same


def test_a_page_that_is_wrong_is_seen(tmp_path: Path) -> None:
    """The guard can fail: another output, and an exit code that is not shown."""
    page = tmp_path / "wrong.md"
    page.write_text("```console\n$ echo a\nb\n$ (exit 3)\n$ echo c\nc\n```\n")
    folder = tmp_path / "here"
    folder.mkdir()
    assert [bool(what) for *_, what in run_page(page, folder)] == [True, True, False]


def refresh() -> None:
    """Write what the commands print now into every page, where the page does not leave something out with
    `...`.
    """
    for path in PAGES:
        with tempfile.TemporaryDirectory() as top:
            folder = Path(top) / "here"
            folder.mkdir()
            os.chdir(folder)
            page = path.read_text("utf-8")
            for block, step, said, what in run_page(path, folder):
                if what and "..." not in step.expected:
                    prompt = "$ " + step.command.replace("\n", "\n> ") + "\n"
                    at = page.index(prompt + step.expected, page.index(block.text.split("\n")[0]))
                    page = page[:at] + prompt + tidy(said) + page[at + len(prompt + step.expected) :]
                    sys.stdout.write(f"{what}: written anew\n")
            path.write_text(page, "utf-8")


if __name__ == "__main__":
    refresh()
