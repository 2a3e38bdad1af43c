"""Is what users read first in plain English, without private words?"""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.cli import COMMANDS, cli

ROOT = Path(__file__).parent.parent
PRIVATE = {
    "said": r"\bsaid\b",
    "told": r"\btold\b",
    "lay": r"\b(?:lay|lays|laid)\b",
    "kin": r"\bkin\b",
    "dearest": r"\bdearest\b",
    "costlier": r"\bcostlier\b",
    "counted as": r"\bcounted as\b",
    "held against": r"\bheld against\b",
    "beats": r"\bbeats\b",
    "goes on": r"\b(?:goes|go) on\b",
    "at your word": r"\bat your word\b",
    "the house": r"\bthe house\b",
}
"""Words with a private meaning or in an unusual order, each with the pattern that finds it."""
MOST_SAID = 20  # in the whole package
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
PACKAGE = sorted((ROOT / "mnetcost").rglob("*.py"))


def private(text: str) -> list[str]:
    """The private words in a text."""
    return [word for word, pattern in PRIVATE.items() if re.search(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_has_no_private_word(command: str) -> None:
    """Of the program and of every command: sentences, options and examples."""
    done = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert (done.exit_code, private(" ".join(done.output.split()))) == (0, [])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_title_and_the_first_paragraph_of_a_page_have_no_private_word(page: Path) -> None:
    """Who opens a page understands it at once."""
    title, first, *_ = page.read_text("utf-8").split("\n\n")
    assert private(f"{title} {first}") == []


@pytest.mark.parametrize("text", ["what was said", "Goes on", "counted as 'paper'"])
def test_a_private_word_is_seen(text: str) -> None:
    """The guard can fail."""
    assert private(text)


def said(text: str) -> int:
    """How often "said" stands in a source: as a word, or as a part of a name."""
    return len(re.findall(r"(?<![a-z])said(?![a-z])", text, re.IGNORECASE))


def test_the_package_says_what_is_said() -> None:
    """Variables are named for what they hold, a text or a message, and sentences say who states it."""
    counts = {path.name: said(path.read_text("utf-8")) for path in PACKAGE}
    assert sum(counts.values()) <= MOST_SAID, {name: n for name, n in counts.items() if n}


@pytest.mark.parametrize(("source", "count"), [("said = self.said_of(x)  # as said", 3), ("aforesaid", 0)])
def test_said_is_seen_in_names_and_sentences(source: str, count: int) -> None:
    """The count can rise: a variable, a method and a comment count one each."""
    assert said(source) == count
