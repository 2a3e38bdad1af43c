"""Which designs are shipped? The folder of specs, their names, and the tables beside them.

`specs/README.md` says what each folder means. A file at the top is called by its name, and so is one of
`specs/nets/FAMILY/`: resnet50 is `specs/nets/resnet/resnet50.toml`. Any other folder is part of the name:
`keras/v1`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache


@lru_cache(None)
def specs_folder() -> str:
    """The folder of shipped specs: inside the installed package, or at the top of a checkout."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    installed = os.path.join(package, "specs")
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(package), "specs")


def shipped_file(*parts: str) -> str:
    """The path of a file or a folder in the folder of shipped specs, whether it is there or not."""
    return os.path.join(specs_folder(), *parts)


def names_in(folder: str) -> tuple[str, ...]:
    """The names of the TOML files in one of its folders, in order."""
    files = os.listdir(shipped_file(folder))
    return tuple(sorted(file.removesuffix(".toml") for file in files if file.endswith(".toml")))


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
    folder = shipped_file(NETS_FOLDER)
    return tuple(sorted(name for name in os.listdir(folder) if os.path.isdir(os.path.join(folder, name))))


@lru_cache(None)
def shipped() -> tuple[str, ...]:
    """Names of the shipped designs: the papers' MobileNets first, then the families of other networks, then
    the implementations.
    """
    return tuple(name for name, _ in spec_files())


def spec_files() -> Iterator[tuple[str, str]]:
    """Walk the folders: each shipped design's name and file."""
    folder = specs_folder()
    places: list[tuple[str, ...]] = sorted(
        (*(part for part in os.path.relpath(inner, folder).split(os.sep) if part != "."), file[:-5])
        for inner, _, files in os.walk(folder)
        for file in files
        if file.endswith(".toml")
    )
    papers = [p for p in places if len(p) == 1 and f"{p[0]}.toml" not in NO_DESIGNS]
    nets = [p for p in places if len(p) == 3 and p[0] == NETS_FOLDER]
    others = [p for p in places if len(p) > 1 and p[0] not in NO_IMPLEMENTATIONS]
    for place in (*papers, *nets, *others):
        name = place[-1] if place[0] == NETS_FOLDER else "/".join(place)
        yield name, shipped_file(*place[:-1], f"{place[-1]}.toml")


def is_shipped(name: str) -> bool:
    """Is this a shipped design's name? Asks for its file, not for the whole list."""
    return spec_path(name) is not None


@lru_cache(1024)
def spec_path(name: str) -> str | None:
    """The file of a shipped design or space; None if the name is not one's."""
    parts = name.split("/")
    good = all(
        p and p.replace("-", "").replace(".", "").replace("_", "").isalnum() and p[0] != "." for p in parts
    )
    if not (good and name.isascii() and len(name) <= LONGEST_NAME):
        return None
    file = f"{name}.toml"
    if parts[0] in NO_IMPLEMENTATIONS or file in NO_DESIGNS:
        return None
    if os.path.isfile(path := shipped_file(*parts[:-1], f"{parts[-1]}.toml")):
        return path
    if len(parts) > 1:
        return None
    inner = [shipped_file(NETS_FOLDER, family, file) for family in families()]
    return next(filter(os.path.isfile, (*inner, shipped_file(SPACES_FOLDER, file))), None)


def family_of(name: str) -> str:
    """The family of networks that a shipped design's file stands in; "" for one outside specs/nets/.

    >>> family_of("resnet50"), family_of("v2"), family_of("keras/v2")
    ('resnet', '', '')
    """
    path = spec_path(name)
    folder, family = os.path.split(os.path.dirname(path)) if path else ("", "")
    return family if folder == shipped_file(NETS_FOLDER) else ""


@lru_cache(None)
def shipped_blocks() -> tuple[str, ...]:
    """The words of the blocks in specs/blocks/."""
    return names_in(BLOCKS_FOLDER)


@lru_cache(1024)
def block_path(word: str) -> str | None:
    """The file of a shipped block; None if the word is not one's."""
    if not (word.isascii() and word.replace("_", "").isalnum() and len(word) <= LONGEST_NAME):
        return None
    path = shipped_file(BLOCKS_FOLDER, f"{word}.toml")
    return path if os.path.isfile(path) else None


@lru_cache(None)
def shipped_spaces() -> tuple[str, ...]:
    """Names of the spaces in specs/spaces/."""
    return names_in(SPACES_FOLDER)


@lru_cache(None)
def with_own_blocks() -> list[str]:
    """The shipped designs whose file holds a block of its own."""
    from .files import read_text_file

    return [name for name, path in spec_files() if "[block." in read_text_file(path)]
