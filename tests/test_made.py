"""What the program makes for the repository (schema, tables of the docs, pictures) is what it would make
now.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from .refresh import PARTS, ROOT, made

MADE = made()


@pytest.mark.parametrize("path", MADE, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_what_is_made_is_fresh(path: Path) -> None:
    """If this fails after a wanted change, run `python -m tests.refresh`."""
    assert path.read_text("utf-8") == MADE[path]


def test_every_made_part_stands_in_a_page() -> None:
    """No table is made for nobody."""
    pages = "\n".join(path.read_text("utf-8") for path in MADE if path.suffix == ".md")
    assert [name for name in PARTS if f"<!-- made: {name} -->" not in pages] == []
