"""Which designs are shipped? The folder of specs, their names, and the tables beside them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path


@lru_cache(None)
def specs_folder() -> Path:
    """The folder of shipped specs: inside the installed package, or at the top of a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "specs"
    return installed if installed.is_dir() else here.parent / "specs"


CONVENTIONS_FOLDER = "conventions"


ALIASES = "aliases.toml"


WORDS = "words.toml"


NO_DESIGNS = (ALIASES, WORDS)
"""Files beside the specs: other names of designs, and words that mean ours."""


LONGEST_NAME = 200


@lru_cache(None)
def shipped() -> tuple[str, ...]:
    """Names of the shipped designs: the papers' first, then the implementations'."""
    folder = specs_folder()
    names = (
        p.relative_to(folder).with_suffix("").as_posix()
        for p in folder.rglob("*.toml")
        if p.name not in NO_DESIGNS
    )
    return tuple(
        sorted((n for n in names if not n.startswith(CONVENTIONS_FOLDER + "/")), key=lambda n: ("/" in n, n))
    )


def is_shipped(name: str) -> bool:
    """Is this a shipped design's name? Asks for one file, not for the whole list."""
    parts = name.split("/")
    good = all(
        p and p.replace("-", "").replace(".", "").replace("_", "").isalnum() and p[0] != "." for p in parts
    )
    return (
        good
        and name.isascii()
        and len(name) <= LONGEST_NAME
        and parts[0] != CONVENTIONS_FOLDER
        and f"{name}.toml" not in NO_DESIGNS
        and (specs_folder() / f"{name}.toml").is_file()
    )
