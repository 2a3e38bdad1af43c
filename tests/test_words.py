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
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


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
