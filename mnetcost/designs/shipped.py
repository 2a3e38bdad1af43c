"""Which designs are shipped? The folder of specs, their names, and the tables beside them.

`specs/README.md` says what each folder means. A file at the top is called by its name, and so is one of
`specs/nets/FAMILY/`: resnet50 is `specs/nets/resnet/resnet50.toml`. Any other folder is part of the name:
`keras/v1`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path


@lru_cache(None)
def specs_folder() -> Path:
    """The folder of shipped specs: inside the installed package, or at the top of a checkout."""
    here = Path(__file__).resolve().parent.parent
    installed = here / "specs"
    return installed if installed.is_dir() else here.parent / "specs"


CONVENTIONS_FOLDER = "conventions"


PLANNERS_FOLDER = "planners"


CHECKPOINTS_FOLDER = "checkpoints"
"""The folder of published checkpoints, a table each source."""


DEVICES_FOLDER = "devices"
"""The folder of devices, with their memory and rates."""
BLOCKS_FOLDER = "blocks"
"""The folder of blocks that any spec may use, a file each."""


NETS_FOLDER = "nets"
"""The folder of the networks that are no MobileNets of the papers, in a folder for each family."""


SPACES_FOLDER = "spaces"
"""The folder of spaces of designs, which are specs with choices."""


NO_IMPLEMENTATIONS = (
    CONVENTIONS_FOLDER,
    PLANNERS_FOLDER,
    CHECKPOINTS_FOLDER,
    DEVICES_FOLDER,
    BLOCKS_FOLDER,
    NETS_FOLDER,
    SPACES_FOLDER,
)
"""Folders whose name is no part of a design's name."""


ALIASES = "aliases.toml"


WORDS = "words.toml"


NO_DESIGNS = (ALIASES, WORDS)
"""Files beside the specs: other names of designs, and words that mean ours."""


LONGEST_NAME = 200


@lru_cache(None)
def families() -> tuple[str, ...]:
    """The folders of specs/nets/."""
    return tuple(sorted(p.name for p in (specs_folder() / NETS_FOLDER).iterdir() if p.is_dir()))


@lru_cache(None)
def shipped() -> tuple[str, ...]:
    """Names of the shipped designs: the papers' MobileNets first, then the families of other networks, then
    the implementations.
    """
    return tuple(name for name, _ in spec_files())


def spec_files() -> Iterator[tuple[str, Path]]:
    """Walk the folders: each shipped design's name and file."""
    folder = specs_folder()
    places = sorted(p.relative_to(folder).with_suffix("") for p in folder.rglob("*.toml"))
    for place in (p for p in places if len(p.parts) == 1 and f"{p}.toml" not in NO_DESIGNS):
        yield place.name, folder / f"{place}.toml"
    for place in (p for p in places if len(p.parts) == 3 and p.parts[0] == NETS_FOLDER):
        yield place.name, folder / f"{place}.toml"
    for place in (p for p in places if len(p.parts) > 1 and p.parts[0] not in NO_IMPLEMENTATIONS):
        yield place.as_posix(), folder / f"{place}.toml"


def is_shipped(name: str) -> bool:
    """Is this a shipped design's name? Asks for its file, not for the whole list."""
    return spec_path(name) is not None


@lru_cache(1024)
def spec_path(name: str) -> Path | None:
    """The file of a shipped design or space; None if the name is not one's."""
    parts = name.split("/")
    good = all(
        p and p.replace("-", "").replace(".", "").replace("_", "").isalnum() and p[0] != "." for p in parts
    )
    if not (good and name.isascii() and len(name) <= LONGEST_NAME):
        return None
    folder, file = specs_folder(), f"{name}.toml"
    if parts[0] in NO_IMPLEMENTATIONS or file in NO_DESIGNS:
        return None
    if (folder / file).is_file():
        return folder / file
    if len(parts) > 1:
        return None
    inner = (folder / place / file for place in (*(f"{NETS_FOLDER}/{f}" for f in families()), SPACES_FOLDER))
    return next((path for path in inner if path.is_file()), None)


def family_of(name: str) -> str:
    """The family of networks that a shipped design's file stands in; "" for one outside specs/nets/.

    >>> family_of("resnet50"), family_of("v2"), family_of("keras/v2")
    ('resnet', '', '')
    """
    path = spec_path(name)
    return path.parent.name if path and path.parent.parent == specs_folder() / NETS_FOLDER else ""


@lru_cache(None)
def shipped_blocks() -> tuple[str, ...]:
    """The words of the blocks in specs/blocks/."""
    return tuple(sorted(p.stem for p in (specs_folder() / BLOCKS_FOLDER).glob("*.toml")))


@lru_cache(1024)
def block_path(word: str) -> Path | None:
    """The file of a shipped block; None if the word is not one's."""
    if not (word.isascii() and word.replace("_", "").isalnum() and len(word) <= LONGEST_NAME):
        return None
    path = specs_folder() / BLOCKS_FOLDER / f"{word}.toml"
    return path if path.is_file() else None


@lru_cache(None)
def shipped_spaces() -> tuple[str, ...]:
    """Names of the spaces in specs/spaces/."""
    return tuple(sorted(p.stem for p in (specs_folder() / SPACES_FOLDER).glob("*.toml")))


@lru_cache(None)
def with_own_blocks() -> list[str]:
    """The shipped designs whose file holds a block of its own."""
    return [name for name, path in spec_files() if "[block." in path.read_text("utf-8")]
