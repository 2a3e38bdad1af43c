"""The pages of tests/mistakes/: what a user may write wrong, and the whole message that is printed.

Each section of a page is a mistake: a heading, a sentence, the files of the mistake as blocks named after the
file, and beneath them an `error` block. Its first line may be a `$ mnetcost ...` command; without one it is
`mnetcost check` where there is an mnetcost.toml, and `mnetcost report net.toml` otherwise. Mistakes in calls
need no file, and a section may have several of them.
`python -m tests.mistakes` writes the messages printed now into the error blocks.
"""

from __future__ import annotations

import shlex
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from click.testing import CliRunner

from mnetcost.cli import cli

from .test_docs import ROOT, blocks, tidy

FOLDER = ROOT / "tests" / "mistakes"


class Mistake(NamedTuple):
    """Some files, a command, and the error that the page says it prints."""

    title: str
    files: dict[str, str]
    command: str
    expected: str
    line: int


def pages() -> list[Path]:
    """Every page of mistakes, in alphabetical order."""
    return sorted(FOLDER.glob("*.md"))


def read(page: str) -> list[Mistake]:
    """Read the mistakes of a page.

    Raises ValueError for an error block without a file above it or a command, a section without an error
    block, or any other block.
    """
    out: list[Mistake] = []
    begin = 0
    for section in page.split("\n## "):
        title, files, ends = section.partition("\n")[0], {}, not begin
        for block in blocks(section):
            line = begin + block.line
            if block.word:
                files[block.word], ends = block.text, False
            elif block.language != "error" or not (files or block.text.startswith("$ ")):
                raise ValueError(f"line {line}: an error block with no file above it, or another block")
            else:
                usual = "mnetcost check" if "mnetcost.toml" in files else "mnetcost report net.toml"
                typed, rest = block.text.split("\n", 1) if block.text.startswith("$ ") else ("", block.text)
                out.append(Mistake(title, dict(files), typed.removeprefix("$ ") or usual, rest, line))
                ends = True
        if not ends:
            raise ValueError(f"line {begin + 1}: '{title}' does not end with an error block")
        begin += section.count("\n") + 1
    return out


def printed(mistake: Mistake) -> str:
    """Write the files of a mistake into an empty folder, run its command there, and return the error.

    Raises ValueError unless the command ends with exit code 2, prints nothing else and writes no file.
    """
    with TemporaryDirectory() as folder, chdir(folder):
        for name, text in mistake.files.items():
            path = Path(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        program, *arguments = shlex.split(mistake.command)
        assert program == "mnetcost"
        outside = {"GIT_CEILING_DIRECTORIES": str(Path(folder).parent)}  # in no repository, wherever it is
        result = CliRunner(env=outside).invoke(cli, arguments)
        written = {str(path) for path in Path().rglob("*") if path.is_file()} - set(mistake.files)
    if result.exit_code != 2 or result.stdout or written:
        raise ValueError(f"'{mistake.title}' is no mistake: exit code {result.exit_code}\n{result.output}")
    return result.stderr


def wrong(page: str) -> list[str]:
    """Say where a page and the program differ: one text a mistake."""
    return [
        f"line {m.line}: {m.title}\nthe page:\n{m.expected}\nthe program:\n{got}"
        for m in read(page)
        if (got := printed(m)) != tidy(m.expected)
    ]


def rewritten(page: str) -> str:
    """A page with the messages that are printed now."""
    lines = page.splitlines(keepends=True)
    for mistake in reversed(read(page)):
        start = mistake.line - 1 + lines[mistake.line - 1].startswith("$ ")
        lines[start : start + mistake.expected.count("\n")] = printed(mistake).splitlines(keepends=True)
    return "".join(lines)


def index() -> str:
    """The mistakes of every page, each with a link and the first line of its message."""
    parts = []
    for path in pages():
        page = path.read_text("utf-8")
        link = f"../tests/mistakes/{path.name}"
        parts.append(f"## [{page.partition(chr(10))[0].removeprefix('# ')}]({link})")
        # one of each section
        firsts = {m.title: m for m in reversed(read(page))}
        parts += [
            f"- [{title}]({link}#{anchor(title)}): `{first(m)}`" for title, m in reversed(firsts.items())
        ]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ").replace(")\n- ", ")\n\n- ")


def anchor(title: str) -> str:
    """The part of a link that leads to a heading."""
    return "".join(c for c in title.lower() if c.isalnum() or c in "_- ").replace(" ", "-")


def first(mistake: Mistake) -> str:
    """The first line of a message, without its first word, and short enough for a list."""
    line = mistake.expected.partition("\n")[0].removeprefix("error: ")
    return line if len(line) <= 100 else line[:97].rstrip() + "..."


if __name__ == "__main__":
    for path in pages():
        before = path.read_text("utf-8")
        if (after := rewritten(before)) != before:
            path.write_text(after, "utf-8")
            sys.stdout.write(f"{path.relative_to(ROOT)}: written anew\n")
