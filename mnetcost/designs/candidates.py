"""Which files under a folder may be designs?

Specs and model files, by their suffix and a look inside; the search is bounded.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePath

from ..errors import CallError, CompareError
from .keras.wiring import MODELS
from .plumbing import Git
from .readers import READERS

SKIPPED = ("node_modules", "site-packages", "__pycache__", "venv", "env")
"""Folders of installed or generated files.

Hidden folders, virtual environments and git repositories below the folder are skipped too.
"""
MOST_ENTRIES = 200_000
DEEPEST = 40
LOOKED_AT = 1 << 20  # bytes

LOOKS: dict[str, re.Pattern[bytes]] = {
    ".toml": re.compile(rb"^\s*(layers|extends)\s*=", re.MULTILINE),
    ".json": re.compile(
        rb'"class_name"\s*:\s*"(%s)"|"(modelTopology|model_config)"\s*:' % "|".join(MODELS).encode()
    ),
    ".prototxt": re.compile(rb"\blayers?\s*:?\s*\{"),
}
"""A pattern that a design's file contains, for suffixes that other kinds of files have too."""


def candidates(folder: Path) -> list[str]:
    """Files under a folder that may be designs, as paths from it with slashes, in order.

    Links are not followed, and what git ignores is left out. Raises CallError for what is no folder, and
    for one that holds too much.
    """
    if not folder.is_dir():
        raise CallError(f"there is no folder '{folder}'")
    ignored = _ignored(folder)
    return sorted(name for name in _files(folder, ignored) if _may_be(folder / name))


def _may_be(path: Path) -> bool:
    look = LOOKS.get(path.suffix.lower())
    if look is None:
        return True
    try:
        with path.open("rb") as f:
            return look.search(f.read(LOOKED_AT)) is not None
    except OSError:
        return True  # reading it says why it cannot be read


def _files(folder: Path, ignored: set[str]) -> Iterator[str]:
    """Files of a fitting suffix, by their paths from the folder."""
    seen, waiting = 0, [("", 0)]
    while waiting:
        place, depth = waiting.pop()
        try:
            entries = list(os.scandir(folder / place))
        except OSError:
            continue  # a folder that we may not read
        seen += len(entries)
        if seen > MOST_ENTRIES or depth > DEEPEST:
            many = (
                f"more than {MOST_ENTRIES:,} files"
                if seen > MOST_ENTRIES
                else f"folders more than {DEEPEST} deep"
            )
            raise CallError(
                f"'{folder}' holds {many}",
                hint="name the folder that your designs are in: mnetcost init models",
            )
        for entry in entries:
            name = f"{place}{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if f"{name}/" not in ignored and not _foreign(entry):
                    waiting.append((f"{name}/", depth + 1))
            elif (
                name not in ignored
                and PurePath(name).suffix.lower() in (".toml", *READERS)
                and entry.is_file(follow_symlinks=False)
            ):
                yield name


def _foreign(entry: os.DirEntry[str]) -> bool:
    """Whether a folder is hidden, holds installed files, or is a virtual environment or a git repository."""
    if entry.name.startswith(".") or entry.name in SKIPPED:
        return True
    return any(os.path.lexists(f"{entry.path}/{mark}") for mark in ("pyvenv.cfg", ".git"))


def _ignored(folder: Path) -> set[str]:
    """Return what git ignores under a folder: files, and whole folders with a slash at the end; nothing
    outside a repository.
    """
    git = Git(folder)
    try:
        code, out, _ = git.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
    except CompareError:
        return set()
    finally:
        git.close()
    return set(out.split("\0")) if code == 0 else set()
