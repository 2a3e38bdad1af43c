"""Each wrong spec, budget, convention or call of tests/mistakes/ gets the message that its page shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from .mistakes import pages, rewritten, wrong

GOOD = 'resolution = 8\nlayers = [{ op = "conv", out = 8 }]\n'
BAD = GOOD.replace("out", "uot")


def page(spec: str, error: str) -> str:
    files = f"```toml net.toml\n{spec}```\n\n" if spec else ""
    return f"# Keys\n\n## A mistake\n\nIt is explained.\n\n{files}```error\n{error}```\n"


@pytest.mark.parametrize("path", pages(), ids=lambda p: p.stem)
def test_each_mistake_has_its_message(path: Path) -> None:
    """File, line, place, what is wrong and the way out, to the letter; all faults of a file in one run. After
    a wanted change, `python -m tests.mistakes` writes the messages anew.
    """
    found = wrong(path.read_text("utf-8"))
    assert not found, "\n".join(found)


def test_a_message_is_the_same_where_temporary_folders_are_in_a_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a pattern of files may leave depends on the repository around it, and the pages have none."""
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    page = next(p for p in pages() if p.stem == "budgets").read_text("utf-8")
    assert not wrong(page)


def test_no_mistake_is_listed_twice() -> None:
    """So that a link leads to one section."""
    for path in pages():
        titles = path.read_text("utf-8").split("\n## ")[1:]
        titles = [title.partition("\n")[0] for title in titles]
        assert len(titles) == len(set(titles)), path


def test_a_wrong_message_is_seen_and_mended() -> None:
    """The guard can fail; the switch writes what is printed, and leaves a right page as it is."""
    false = page(BAD, "error: net.toml:2: something else\n")
    assert len(wrong(false)) == 1
    true = rewritten(false)
    assert "layers[0].uot: conv takes no 'uot'\n" in true
    assert not wrong(true)
    assert rewritten(true) == true
    assert len(wrong(true.replace("'uot'", "'out'"))) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (page(GOOD, "error: net.toml:2: a fault\n"), "is no mistake: exit code 0"),
        (page("", "error: net.toml:2: a fault\n"), "no file above it"),
        (page(BAD, "").replace("```error\n```\n", ""), "does not end with an error block"),
        (page(BAD, "").replace("```error", "```text"), "or another block"),
        (page("", "$ mnetcost show v2 -o v2.toml\n"), "is no mistake: exit code 0"),
        ("# Keys\n\n## A mistake\n\nNo blocks.\n", "does not end with an error block"),
    ],
    ids=["a spec without a fault", "no spec", "no error", "another block", "a right call", "no blocks"],
)
def test_a_page_that_shows_no_mistake_is_refused(text: str, message: str) -> None:
    """The guard can fail: a spec that is fine, and sections that lack a block."""
    with pytest.raises(ValueError, match=message):
        wrong(text)
