"""What do the formats for CI services share?

Paths from the top of the checkout, the text of a limit, and an identifier that stays the same.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..analyses.documents import PASSING

TOPS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Environment variables of CI services with the path of the checkout."""


@lru_cache(None)
def _top(folder: Path, named: str) -> Path:
    if named and folder.is_relative_to(Path(named).resolve()):
        return Path(named).resolve()
    return next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)


def from_top(file: str) -> str:
    """Return a file's path relative to the root of the checkout, with slashes; unchanged if it is outside.

    The root is given by the CI service, else it is the nearest parent folder with a `.git`.
    """
    if not file:
        return ""
    folder = Path().resolve()
    named = next((os.environ[name] for name in TOPS if os.environ.get(name)), "")
    path = Path(os.path.normpath(folder / file))
    top = _top(folder, named)
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else Path(file).as_posix()


def fails(result: Mapping[str, Any]) -> bool:
    """Does this limit make the check fail?"""
    return not PASSING[result["state"]]


def limit(result: Mapping[str, Any]) -> str:
    """Return a limit as tables show it: "madds <= 60M", or what a design must be: "status: readable"."""
    sign = ":" if result["metric"] == "status" else " <=" if result["side"] == "max" else " >="
    return f"{result['limit']}{sign} {result['allowed']}"


def details(result: Mapping[str, Any]) -> list[str]:
    """The message of a limit, then its causes and layers, one a line."""
    causes = (f"{c['name']}: {c['value']:+,}" for c in result["causes"])
    return [result["message"], *causes, *(f"{x['name']}: {x['value']:,}" for x in result["layers"])]


def fingerprint(result: Mapping[str, Any]) -> str:
    """An identifier of a limit that is the same on every run: a hash of design, name, side and amount."""
    parts = (result["design"], result["limit"], result["side"], result["allowed"])
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
