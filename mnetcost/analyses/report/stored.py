"""Which figures of shipped designs are stored? Those of `specs/figures.json`, while specs are the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...designs.shipped import ALIASES, BLOCKS_FOLDER, spec_files, specs_folder

FIGURES = "figures.json"


def stored() -> dict[str, dict[str, Any]]:
    """The entries of the shipped designs in a list, by name, under the convention "paper"; none where a spec,
    a block or the table of aliases is not as it was when they were stored.
    """
    try:
        data = json.loads((Path(specs_folder()) / FIGURES).read_bytes())
        whole: bool = data["digest"] == digest()
        return {entry["name"]: entry for entry in data["designs"]} if whole else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def text(entries: Iterable[Mapping[str, Any]]) -> str:
    """The text of the file; entries: of all shipped designs, counted anew."""
    designs = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries)
    return f'{{"digest": "{digest()}", "designs": [\n{designs}\n]}}\n'


def digest() -> str:
    """A digest of every file that the figures come from, and of their names."""
    from hashlib import sha256

    found = sha256()
    for path in _files():
        data = path.read_bytes()
        found.update(f"{path.name} {len(data)}\n".encode())
        found.update(data)
    return found.hexdigest()


def _files() -> Iterator[Path]:
    folder = Path(specs_folder())
    yield from (Path(path) for _, path in spec_files())
    yield from sorted((folder / BLOCKS_FOLDER).glob("*.toml"))
    yield folder / ALIASES
