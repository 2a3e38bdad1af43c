"""Whatever a spec holds, it is costed or refused with one clear message.

Single mistakes and their messages are in tests/mistakes/.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost.analyses.report.report import report_data
from mnetcost.designs import Settings, find_spec, load, load_spec
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.files import LARGEST_TEXT
from mnetcost.designs.find import parent_of
from mnetcost.designs.reading import MOST_FAULTS
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import cost
from mnetcost.errors import MnetcostError, SpecError

from .mutants import grown_specs, mutated_texts, mutated_trees, toml

SIDE = "a whole number from 1 to 65,536, or [height, width]"

DEEP = {
    "lists two hundred deep": (
        "resolution = 8\nlayers = [{ op = 'conv', out = " + "[" * 200 + "]" * 200 + " }]",
        "error: net.toml:2: TOML: nested too deeply",
    ),
    "lists so deep that Python would give up": (
        "a = " + "[" * 50_000,
        "error: net.toml:1: TOML: nested too deeply",
    ),
    "an integer of thousands of digits": (
        "resolution = 0x" + "f" * 5000 + "\nlayers = [{ op = 'flatten' }]",
        f"error: net.toml:1: resolution: 'resolution' must be {SIDE}, or [depth, height, width], not that",
    ),
}
"""Specs that are too long for a page of tests/mistakes/, where the others are."""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(design: str, **asked: Any) -> str:
    with pytest.raises(MnetcostError) as e:
        load(design, Settings(**asked))
    assert e.value.exit_code == 2
    return str(e.value)


@pytest.mark.parametrize("case", DEEP)
def test_a_spec_that_is_too_deep_or_long_has_its_message(case: str, here: Path) -> None:
    """File, line, place and what is wrong, to the letter."""
    text, message = DEEP[case]
    (here / "net.toml").write_text(text + "\n", "utf-8")
    assert refusal("net.toml") == message


def test_files_that_cannot_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing, a folder, not UTF-8, too large, not to be opened."""
    assert refusal("net.toml") == "error: net.toml: no such file"
    (here / "folder.toml").mkdir()
    assert refusal("folder.toml") == "error: folder.toml: is a folder, not a file"
    (here / "latin.toml").write_bytes("title = 'x'\nsource = 'Präzision'\n".encode("latin-1"))
    assert refusal("latin.toml") == "error: latin.toml:2: is not UTF-8 text"
    with (here / "huge.toml").open("wb") as f:
        f.truncate(1 << 40)
    assert (
        refusal("huge.toml") == f"error: huge.toml: is larger than {LARGEST_TEXT:,} bytes, which no spec is"
    )
    (here / "net.toml").write_text("")

    def closed(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mnetcost.designs.files.open", closed, raising=False)
    assert refusal("net.toml") == "error: net.toml: cannot be read: Permission denied"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "v9",
        "keras/v9",
        "../v2",
        "/etc/passwd",
        "conventions/paper",
        "v2\0",
        "v2.tom",
        "x" * 5000,
        "\udcff",
        "v2/",
        ".",
    ],
)
def test_designs_that_are_not_there(name: str, here: Path) -> None:
    """Names of nothing, of what is no design, and of what no name is."""
    assert refusal(name).startswith("error: ")


def test_there_is_an_end_to_faults(here: Path) -> None:
    """A file of sixty thousand wrong rows says so in a moment."""
    (here / "net.toml").write_text("resolution = 8\nlayers = [\n" + "{op='x'},\n" * 60_000 + "]\n")
    start = time.perf_counter()
    message = refusal("net.toml")
    assert message.endswith(f"error: there are more than {MOST_FAULTS} mistakes")
    assert message.count("error: ") == MOST_FAULTS + 1
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "net.toml"],
        ["report", "net.toml", "-o", "out.txt"],
        ["report", "nothing", "--format", "json"],
    ],
)
def test_the_command_line_ends_with_two_and_writes_nothing(arguments: list[str], here: Path) -> None:
    """One message on stderr, nothing on stdout, no file, no traceback."""
    (here / "net.toml").write_text("resolution = 8\nlayers = [{ op = 'conv', out = 0 }]\n")
    done = subprocess.run(
        [sys.executable, "-m", "mnetcost", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert [p.name for p in here.iterdir()] == ["net.toml"]


PAPER = load_convention("paper")
ASKED = st.fixed_dictionaries(
    {
        "alpha": st.sampled_from([None, 0.01, 0.35, 1.4, 100.0]),
        "resolution": st.sampled_from([None, (1, 1), (33, 7), (65_536, 65_536)]),
        "classes": st.sampled_from([None, 1, 1_000_000]),
        "top": st.booleans(),
        "batch": st.sampled_from([None, 3]),
    }
).map(lambda asked: Settings(**asked))


def costed_or_refused(text: str, asked: Settings) -> bool:
    """Cost a spec, or see it refused as a mistake of the user's; anything else is raised."""
    start = time.perf_counter()
    try:
        design = load_spec(read_spec(text, "net.toml", "net", None, parent_of), asked)
        data = report_data(design, cost(design.graph, design.batch), PAPER)
        assert all(isinstance(x["madds"], int) and x["madds"] >= 0 for x in data["layers"])
        assert data["totals"]["madds"] == sum(x["madds"] for x in data["layers"])
        json.dumps(data, allow_nan=False)
        return True
    except MnetcostError as e:
        lines = str(e).split("\n")
        assert all(line.startswith(("error: ", "  hint: ")) and line.isprintable() for line in lines)
        return False
    finally:
        assert time.perf_counter() - start < 20


@settings(max_examples=700)
@given(mutated_trees(list(shipped())), ASKED)
def test_mutated_trees_are_costed_or_refused(tree: dict[str, Any], asked: Settings) -> None:
    """Shipped specs with values, keys and rows changed."""
    costed_or_refused(toml(tree), asked)


@settings(max_examples=700)
@given(mutated_texts(list(shipped())), ASKED)
def test_mutated_texts_are_costed_or_refused(text: str, asked: Settings) -> None:
    """Shipped specs with pieces of text cut out, put in and moved."""
    costed_or_refused(text, asked)


@settings(max_examples=700)
@given(grown_specs(), ASKED)
def test_grown_specs_are_costed_or_refused(tree: dict[str, Any], asked: Settings) -> None:
    """Whatever rows in whatever order, each of them right by itself."""
    costed_or_refused(toml(tree), asked)


def test_the_property_tests_would_see_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard can fail: what is not a user's mistake is not taken for one."""
    text = find_spec("v2").text
    assert costed_or_refused(text, Settings())
    assert not costed_or_refused(text.replace("stride", "strid"), Settings())
    monkeypatch.setattr("mnetcost.designs.build._single", lambda *_: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        costed_or_refused(text, Settings())
    assert issubclass(SpecError, MnetcostError)
