"""Which file a shipped design's name means, and what a folder of specs means."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from mnetcost.analyses.report.catalogue import chosen
from mnetcost.designs.find import shipped_spec
from mnetcost.designs.shipped import (
    NETS_FOLDER,
    NO_IMPLEMENTATIONS,
    families,
    family_of,
    is_shipped,
    shipped,
    spec_files,
    spec_path,
    specs_folder,
)

SPECS = Path(specs_folder())


def twice(names: Iterable[str]) -> list[str]:
    """The names that several files have."""
    return [name for name, n in Counter(names).items() if n > 1]


def test_no_two_files_have_one_name() -> None:
    """Not in two families, and not in a family and at the top; the twin: one in two families is seen."""
    assert twice(shipped()) == []
    assert twice([*shipped(), "resnet50"]) == ["resnet50"]


def test_every_file_of_the_folder_of_nets_is_a_design() -> None:
    """None is deeper, or outside a family, where it would have no name."""
    inside = SPECS / NETS_FOLDER
    assert set(inside.rglob("*.toml")) == {Path(path) for name, path in spec_files() if family_of(name)}
    assert set(families()) == {family_of(name) for name in shipped()} - {""}


@pytest.mark.parametrize(("name", "path"), tuple(spec_files()))
def test_a_name_finds_its_file_without_the_list(name: str, path: str) -> None:
    """The one that the walk of all folders finds."""
    assert spec_path(name) == path
    assert shipped_spec(name).file == f"specs/{Path(path).relative_to(SPECS).as_posix()}"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        "/v2",
        "nets/resnet/resnet50",
        "resnet/resnet50",
        "conventions/paper",
        "blocks/fire",
        "aliases",
        "words",
        "../v2",
        ".v2",
        "v2/",
        "é",
        "v" * 300,
    ],
)
def test_what_is_no_design_has_no_file(name: str) -> None:
    """Families, blocks and conventions are no part of a name, and no name leaves the folder."""
    assert not is_shipped(name)


def test_a_family_and_an_implementation_are_listed_by_their_folder() -> None:
    """`list resnet` shows the ResNets, `list keras` the MobileNets of Keras."""
    assert {"resnet50", "resnet152", "se-resnet50"} <= set(chosen(["resnet"]))
    assert {family_of(name) for name in chosen(["resnet"])} == {"resnet"}
    assert chosen(["keras"]) == [name for name in shipped() if name.startswith("keras/")]


def test_the_page_of_folders_names_every_folder() -> None:
    """specs/README.md, which the wheel carries."""
    page = (SPECS / "README.md").read_text("utf-8")
    folders = {p.name for p in SPECS.iterdir() if p.is_dir()} | set(NO_IMPLEMENTATIONS)
    kinds = {f"*-{name.rpartition('-')[2]}" if "-" in name else name for name in folders}
    assert [name for name in kinds if f"`{name}/" not in page] == []


def test_a_report_does_not_walk_the_folders() -> None:
    """It asks for one file, so that it starts fast however many networks there are."""
    code = (
        "import glob, os, pathlib\n"
        "from mnetcost.designs import load\n"
        "def walk(*_): raise AssertionError('walked')\n"
        "os.walk = glob.glob = pathlib.Path.rglob = pathlib.Path.glob = walk\n"
        "print(load('v2').name, load('resnet50').name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SPECS.parent, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("v2 resnet50\n", "")
