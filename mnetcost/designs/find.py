"""Where is a design? Shipped names, files, and the nearest name when there is none."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from ..errors import Fault, SpecError, nearest
from .spec import Spec, read_spec, read_text_file


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
SMALLEST_SIDE = 8  # a smaller number behind a colon is a width multiplier, a larger one a size in pixels


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


def like(name: str) -> str:
    """The shipped design that a misspelt name is nearest to, by its own name or by what else it is
    called; "" for none.
    """
    from .aliases import aliases, fold

    known = aliases().names
    return nearest(name, shipped()) or known.get(nearest(fold(name), known, 0.8) or "", "")


def unknown_design(name: str) -> SpecError:
    """What to say when a design is neither shipped nor a file: of a folder, what it is; of a file's name,
    that there is none.
    """
    from .contents import named
    from .readers import READ

    if name and "\0" not in name and (found := named(name)):
        if Path(name).is_dir():
            return SpecError(Fault(f"is {found.said}", name, hint=f"{found.hint}; read are {READ}"))
        if not Path(name).exists():
            return SpecError(Fault("no such file", name, hint=f"read are {READ}"))
    head, _, tail = name.rpartition(":")
    if head and re.fullmatch(r"\d{1,4}(\.\d{1,4})?(x\d{1,4})?", tail, re.ASCII):
        setting = "alpha" if "x" not in tail and float(tail) < SMALLEST_SIDE else "resolution"
        return SpecError(
            Fault(f"there is no design '{name}'", hint=f"a setting has a name: {head}:{setting}={tail}")
        )
    near = like(name) or nearest(name, [p.as_posix() for p in sorted(Path().glob("*.toml"))[:1000]])
    hint = (
        f"did you mean '{near}'?"
        if near
        else f"`mnetcost list` shows the shipped designs; files that are read: {READ}"
    )
    return SpecError(Fault(f"there is no design '{name}'", hint=hint))


def parent_of(name: str, base: Path | None) -> tuple[str, str]:
    """Find what a spec extends: a shipped name, or a .toml file beside it. Return its file and text."""
    if name.endswith(".toml"):
        path = (base.parent if base else Path()) / name
        return str(path), read_text_file(path)
    if is_shipped(name):
        path = specs_folder() / f"{name}.toml"
        return str(path), read_text_file(path)
    raise unknown_design(name)


@lru_cache(256)
def shipped_spec(name: str) -> Spec:
    """Read a shipped design by its name."""
    path = specs_folder() / f"{name}.toml"
    return read_spec(read_text_file(path), f"specs/{name}.toml", name, path)


def spec_file(path: str) -> Spec:
    """Read a user's spec; its name is the file's name without the suffix."""
    return read_spec(read_text_file(path), path, Path(path).stem, Path(path))
