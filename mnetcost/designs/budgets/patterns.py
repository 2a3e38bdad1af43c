"""Which files does a pattern in a file of budgets mean?

Those below its folder or repository, in a walk of bounded length.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import translate
from itertools import takewhile
from pathlib import Path

from ...errors import CallError

WILD = "*?["
MOST_WALKED = 500_000
"""Files and folders that all patterns of one file of budgets may look at."""
LONGEST = 1000
GIT = ".git"


def root_of(folder: Path) -> Path:
    """How far a file of budgets in this folder may reach: its repository, or the folder itself where it
    is in none.

    As git does, it does not look in folders of GIT_CEILING_DIRECTORIES, nor above them.
    """
    here = folder.resolve()
    ceilings = {
        Path(c).resolve() for c in os.environ.get("GIT_CEILING_DIRECTORIES", "").split(os.pathsep) if c
    }
    places = (here, *takewhile(lambda place: place not in ceilings, here.parents))
    return next((place for place in places if os.path.lexists(place / GIT)), here)


class Walk:
    """The patterns of one file of budgets, which share a bound on what they look at."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, root_of(folder)
        self.left = MOST_WALKED
        self._known: dict[str, list[Path]] = {}

    def files(self, pattern: str) -> list[Path]:
        """The files that a pattern matches, sorted; `*` and `?` stay within a name, `**` is any number of
        folders.

        Links to folders are not followed where the pattern says which folder with a wildcard, so that no
        walk is endless. Raises CallError for a pattern that leaves the repository (or the folder, where
        there is none), or looks at too much.
        """
        if pattern not in self._known:
            self._known[pattern] = sorted(self._walk(pattern))
        return self._known[pattern]

    def _walk(self, pattern: str) -> Iterator[Path]:
        parts = [part for part in pattern.replace(os.sep, "/").split("/") if part not in ("", ".")]
        wild = next(n for n, part in enumerate(parts) if set(part) & set(WILD))
        start = self.folder.joinpath(*parts[:wild])
        if (
            pattern.startswith("/")
            or len(pattern) > LONGEST
            or ".." in parts[wild:]
            or not start.resolve().is_relative_to(self.root)
        ):
            inside = "the repository" if os.path.lexists(self.root / GIT) else "the folder of the budgets"
            raise CallError(
                f"'{pattern[:200]}' is no pattern of files here: it may leave {inside}",
                hint="such as nets/**/*.toml",
            )
        if parts[-1] == "**":
            raise CallError(f"'{pattern}' does not say which files", hint=f"such as {pattern}/*.toml")
        steps = [None if part == "**" else re.compile(translate(part)) for part in parts[wild:]]
        left = [(start, frozenset([0]))]
        while left:
            folder, at = left.pop()
            for entry in self._entries(folder):
                after, here = _advance(steps, at, entry.name)
                if here and entry.is_file():
                    yield folder / entry.name
                if after and entry.name != GIT and entry.is_dir(follow_symlinks=False):
                    left.append((folder / entry.name, after))

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self.left -= 1
                    if self.left < 0:
                        raise CallError(
                            f"the patterns here look at more than {MOST_WALKED:,} files",
                            hint="name a folder: nets/**/*.toml",
                        )
                    yield entry
        except OSError:
            return  # no such folder, or one that is not ours to read: nothing in it matches


def _advance(
    steps: list[re.Pattern[str] | None], at: frozenset[int], name: str
) -> tuple[frozenset[int], bool]:
    """Where in the pattern the inside of a folder of this name stands, and whether a file of this name
    matches it whole.
    """
    reached = set(at)
    for n, step in enumerate(steps):
        if n in reached and step is None:
            reached.add(n + 1)  # `**` is no folder, too
    after = {n for n in reached if n < len(steps) and steps[n] is None}
    after |= {
        n + 1 for n in reached if n < len(steps) and (step := steps[n]) is not None and step.match(name)
    }
    return frozenset(n for n in after if n < len(steps)), len(steps) in after
