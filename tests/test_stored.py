"""Stored figures of the shipped designs are those that are counted, and none is shown that is not."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mnetcost.analyses.report import catalogue, stored
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.shipped import shipped, specs_folder

from .test_cli import run


def test_stored_figures_are_those_that_are_counted() -> None:
    """Every entry of every shipped design, counted anew."""
    assert list(stored.stored().values()) == catalogue.entries()
    assert list(stored.stored()) == list(shipped())


@pytest.mark.parametrize(
    "call", [["list"], ["list", "--format", "json"], ["list", "--max", "madds=100M", "--names"]]
)
def test_a_list_is_the_same_bytes_without_them(call: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """From the stored figures, and counted."""
    with_them = run(*call).stdout
    monkeypatch.setattr(catalogue, "stored", dict)
    assert run(*call).stdout == with_them


@pytest.mark.parametrize("change", ["v2.toml", "blocks/fire.toml", "aliases.toml", "new.toml", "gone"])
def test_a_change_of_any_file_is_seen(change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec, a block or an alias that is not as it was, a spec more or one less: nothing stored is shown."""
    folder = tmp_path / "specs"
    shutil.copytree(specs_folder(), folder)
    monkeypatch.setattr(stored, "specs_folder", lambda: folder)
    monkeypatch.setattr("mnetcost.designs.shipped.specs_folder", lambda: folder)
    assert len(stored.stored()) == len(shipped())
    if change == "gone":
        (folder / "v1-shallow.toml").unlink()
    else:
        with (folder / change).open("a", encoding="utf-8") as f:
            f.write("\n")
    assert stored.stored() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"digest": 3, "designs": 4}'])
def test_a_broken_file_is_as_if_there_were_none(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is counted then."""
    (tmp_path / stored.FIGURES).write_text(text, "utf-8")
    monkeypatch.setattr(stored, "specs_folder", lambda: tmp_path)
    assert stored.stored() == {}


def test_figures_of_another_convention_are_counted() -> None:
    """They are not the stored ones."""
    paper, flops = (
        run("list", "v2", "--convention", name, "--format", "csv").stdout for name in ("paper", "flops")
    )
    assert "300774272" in paper
    assert "601548544" in flops
    assert load_convention("paper").name == catalogue.STORED
