"""What in the repository is made by the program, and does it say what the program says now? `python -m tests.refresh` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from mnetcost.designs.schema import schema_text

ROOT = Path(__file__).resolve().parent.parent
MARKED = re.compile(r"(<!-- made: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

PARTS: dict[str, Callable[[], str]] = {}
"""What stands in the docs between `<!-- made: NAME -->` and `<!-- end -->`."""


def page(path: Path) -> str:
    """A page with its made parts as they should be."""
    return MARKED.sub(lambda m: f"{m[1]}\n{PARTS[m[2]]().strip()}\n\n{m[3]}", path.read_text("utf-8"))


def made() -> dict[Path, str]:
    """Every file that is made in whole or in part, and what it should hold."""
    whole = {ROOT / "specs" / "spec.schema.json": schema_text()}
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return whole | {path: page(path) for path in pages if MARKED.search(path.read_text("utf-8"))}


if __name__ == "__main__":
    for path, text in made().items():
        path.write_text(text, "utf-8")
