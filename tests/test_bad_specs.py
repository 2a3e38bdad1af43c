"""A spec that is wrong gets one clear message: file, line, place, what is wrong, and the nearest right
thing.
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
from mnetcost.designs.find import parent_of
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import LARGEST_FILE, MOST_FAULTS, TABLES, TOP_KEYS, VOCABULARY, read_spec
from mnetcost.engine.costs import cost
from mnetcost.engine.ops import SEVERAL_INPUTS
from mnetcost.errors import MnetcostError, SpecError

from .mutants import grown_specs, mutated_texts, mutated_trees, toml

SIDE = "a whole number from 1 to 65,536, or [height, width]"
PADDING = (
    '"same", "valid", "symmetric", a whole number from 0 to 65,536, [h, w] or [top, bottom, left, right]'
)
WIDTH = 'a whole number from 1 to 1,000,000, or "classes"'

CASES: dict[str, tuple[str, str]] = {
    "a misspelt key of the file": (
        "resolutoin = 224\nlayers = [{ op = 'conv', out = 8 }]",
        """
        error: net.toml: a spec must say its 'resolution'
        error: net.toml:1: resolutoin: a spec has no key 'resolutoin'
          hint: did you mean 'resolution'?""",
    ),
    "a misspelt key of a row": (
        (
            "resolution = 224\nlayers = [\n  { op = 'conv', out = 8 },\n  { op = 'bneck', out = 8, strid = 2"
            " },\n]"
        ),
        """
        error: net.toml:4: layers[1].strid: bneck takes no 'strid'
          hint: did you mean 'stride'?""",
    ),
    "an op that is not there, and a row without one": (
        "resolution = 224\n[[layers]]\nop = 'bnek'\nout = 8\n[[layers]]\nout = 8",
        """
        error: net.toml:3: layers[0].op: there is no op "bnek"
          hint: did you mean 'bneck'?
        error: net.toml:5: layers[1]: a row must name its op
          hint: such as op = "conv_norm" """,
    ),
    "wrong types, each of them": (
        (
            "resolution = '224'\nchannels = true\ntitle = 3\nlayers = [\n  { op = 'conv', out = 8.0, kernel ="
            " '3', bias = 1 },\n  3,\n]\n[style]\nnorm = 'yes'"
        ),
        f"""
        error: net.toml:1: resolution: 'resolution' must be {SIDE}, not "224"
        error: net.toml:2: channels: 'channels' must be a whole number from 1 to 1,000,000, not true
        error: net.toml:3: title: 'title' must be a text of up to 2,000 characters, not 3
        error: net.toml:5: layers[0].out: 'out' must be {WIDTH}, not 8.0
        error: net.toml:5: layers[0].kernel: 'kernel' must be {SIDE}, not "3"
        error: net.toml:5: layers[0].bias: 'bias' must be true or false, not 1
        error: net.toml:6: layers[1]: a row must be a table such as {{ op = "conv", out = 8 }}, not 3
        error: net.toml:9: style.norm: 'norm' must be true or false, not "yes" """,
    ),
    "zero and negative numbers": (
        "resolution = 0\nlayers = [{ op = 'conv', out = 0, kernel = [3, 0], stride = -1, groups = 0 }]",
        f"""
        error: net.toml:1: resolution: 'resolution' must be {SIDE}, not 0
        error: net.toml:2: layers[0].out: 'out' must be {WIDTH}, not 0
        error: net.toml:2: layers[0].kernel: 'kernel' must be {SIDE}, not [3, 0]
        error: net.toml:2: layers[0].stride: 'stride' must be {SIDE}, not -1
        error: net.toml:2: layers[0].groups: 'groups' must be a whole number from 1 to 1,000,000, not 0""",
    ),
    "words that are not of the list": (
        (
            "resolution = 8\nlayers = [{ op = 'bneck', out = 8, role = 'haed', activation = 'rellu', padding"
            " = 'sane' }]\n[widths]\nrounding = 'up'\nhaed = {}"
        ),
        f"""
        error: net.toml:2: layers[0].role: 'role' must be one of "stem", "head", not "haed"
          hint: did you mean 'head'?
        error: net.toml:2: layers[0].activation: 'activation' must be an activation's name, "prelu" or "none", not "rellu"
          hint: did you mean 'relu'?
        error: net.toml:2: layers[0].padding: 'padding' must be {PADDING}, not "sane"
          hint: did you mean 'same'?
        error: net.toml:4: widths.rounding: 'rounding' must be one of "divisible", "truncate", "round", "truncate-divisible", not "up"
        error: net.toml:5: widths.haed: [widths] has no key 'haed'
          hint: did you mean 'head'?""",
    ),
    "missing keys, and keys that exclude each other": (
        (
            "resolution = 8\nlayers = [\n  { op = 'bneck' },\n  { op = 'bneck', out = 8, expand = 6, exp = 48"
            " },\n  { op = 'conv_norm' },\n]"
        ),
        """
        error: net.toml:3: layers[0]: bneck needs 'out'
        error: net.toml:4: layers[1]: bneck takes either 'expand' or 'exp'
        error: net.toml:5: layers[2]: conv_norm needs either 'out' or 'expand'""",
    ),
    "a TOML syntax error": (
        "resolution = 224\nlayers = [\n  { op = 'conv', out = 8\n]",
        "error: net.toml:3: TOML: Unclosed inline table",
    ),
    "an empty file": (
        "",
        """
        error: net.toml: a spec must say its 'resolution'
        error: net.toml: a spec must have 'layers'""",
    ),
    "lists thirty deep": (
        "resolution = 8\nlayers = [{ op = 'conv', out = " + "[" * 30 + "]" * 30 + " }]",
        f"error: net.toml:2: layers[0].out: 'out' must be {WIDTH}, not {'[' * 30}{']' * 30}",
    ),
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
        f"error: net.toml:1: resolution: 'resolution' must be {SIDE}, not that",
    ),
    "a repeat that runs away": (
        "resolution = 8\nlayers = [{ op = 'conv', out = 8, repeat = 1000000 }]",
        "error: net.toml:2: layers[0].repeat: 'repeat' must be a whole number from 1 to 1,000, not 1000000",
    ),
    "many repeats that run away together": (
        "resolution = 8\nlayers = [\n"
        + "  { op = 'bneck', out = 8, expand = 6, repeat = 1000 },\n" * 20
        + "]",
        "error: net.toml:14: layers[11]: the design runs away: more than 100,000 layers",
    ),
    "a block that runs away within itself": (
        "resolution = 8\nlayers = [{ op = 'xception', out = 8, convs = 1000000 }]",
        "error: net.toml:2: layers[0]: the design runs away: more than 100,000 layers",
    ),
    "a map that runs away": (
        "resolution = 65536\nlayers = [{ op = 'upsample', scale = 65536, repeat = 3 }]",
        (
            "error: net.toml:2: layer 'upsample 1/1': the design runs away: a map of more than"
            " 281,474,976,710,656 numbers"
        ),
    ),
    "a map that vanishes": (
        (
            "resolution = 4\n[[layers]]\nop = 'max_pool'\n[[layers]]\nname = 'late'\nop = 'conv_norm'\nout ="
            " 8\nkernel = 3\npadding = 'valid'"
        ),
        "error: net.toml:4: layer 'late/conv': the map vanishes: a window of 3 does not fit into 2",
    ),
    "a shortcut whose shapes disagree": (
        (
            "resolution = 8\nlayers = [\n  { op = 'conv', name = 'a', out = 8 },\n  { op = 'conv', name ="
            " 'b', out = 16, stride = 2 },\n  { op = 'add', name = 'sum', from = ['a', 'b'] },\n]"
        ),
        "error: net.toml:5: layer 'sum': add needs maps of one shape, but these are 8x8x8 and 4x4x16",
    ),
    "a row read that is not there": (
        (
            "resolution = 8\nlayers = [\n  { op = 'conv', name = 'left', out = 8 },\n  { op = 'conv', from ="
            " 'lfet', out = 16 },\n]"
        ),
        """
        error: net.toml:4: layers[1].from: there is no row 'lfet' above this one
          hint: did you mean 'left'?""",
    ),
    "too many rows read, and too few": (
        (
            "resolution = 8\nlayers = [\n  { op = 'conv', out = 8, from = ['input', 'input'] },\n  { op ="
            " 'add', from = 'input' },\n  { op = 'gate' },\n  { op = 'add', from = ['input', 'input'], repeat"
            " = 2 },\n]"
        ),
        f"""
        error: net.toml:3: layers[0].from: conv reads one row, not 2
          hint: several are read by {", ".join(SEVERAL_INPUTS)}
        error: net.toml:4: layers[1].from: add must say which two or more rows it reads
          hint: such as from = ["one row", "another"]
        error: net.toml:5: layers[2]: gate must say which 2 rows it reads
          hint: such as from = ["one row", "another"]
        error: net.toml:6: layers[3].repeat: add joins rows once and takes no 'repeat'""",
    ),
    "two rows of one name": (
        (
            "resolution = 8\nlayers = [\n  { op = 'conv', name = 'a', out = 8 },\n  { op = 'conv', name ="
            " 'a', out = 8, repeat = 2 },\n]"
        ),
        "error: net.toml:4: layers[1].name: another row is called 'a' already",
    ),
    "a spec that extends itself": (
        "extends = 'net.toml'",
        "error: net.toml:1: extends: 'net.toml' extends itself in a circle",
    ),
    "a parent that is not there": (
        "title = 'x'\nextends = 'v22'",
        """
        error: net.toml:2: extends: there is no design 'v22'
          hint: did you mean 'v2'?""",
    ),
    "a parent's file that is not there": (
        "extends = 'base.toml'",
        "error: net.toml:1: extends: 'base.toml': no such file",
    ),
    "changes that change nothing": (
        (
            "extends = 'v2'\n[[change]]\nmatch = { name = 'stm' }\n[[change]]\nmatch = { nane = 'stem' }\nset"
            " = { strid = 1 }\nunset = ['ot']\nsett = 1\n[[change]]\nset = { out = 1 }\n[[change]]\nmatch = {"
            " name = 'stem' }\nset = { out = 0 }"
        ),
        f"""
        error: net.toml:3: change[0].match: no row matches this change
        error: net.toml:5: change[1].match.nane: no row has a key 'nane'
          hint: did you mean 'name'?
        error: net.toml:6: change[1].set.strid: no row has a key 'strid'
          hint: did you mean 'stride'?
        error: net.toml:7: change[1].unset[0]: no row has a key 'ot'
          hint: did you mean 'out'?
        error: net.toml:8: change[1].sett: a change has no key 'sett'
          hint: did you mean 'set'?
        error: net.toml:9: change[2].match: a change must say which rows it is for: match = {{ name = "stem" }}
        error: net.toml:13: change[3].set.out: 'out' must be {WIDTH}, not 0""",
    ),
    "names that mean harm": (
        (
            'resolution = 8\nlayers = [{ op = "conv", out = 8, name = "\\u202e[red]\\u001b[31m", kernel = 9,'
            ' padding = "valid" }]'
        ),
        (
            r"error: net.toml:2: layer '\u202e[red]\x1b[31m': the map vanishes: a window of 9 does not fit"
            r" into 8"
        ),
    ),
    "keys and values that mean harm": (
        (
            'resolution = 8\n"\\u001b]0;b\\u0007" = 1\nlayers = [{ op = "\\u001b[2J", out = 8 }, { op ='
            ' "conv", out = 8, name = "a\\n" }]'
        ),
        rf"""
        error: net.toml:2: \x1b]0;b\x07: a spec has no key '\x1b]0;b\x07'
          hint: it may be: {", ".join(sorted([*TOP_KEYS, *TABLES]))}
        error: net.toml:3: layers[0].op: there is no op "\x1b[2J"
          hint: it may be: {", ".join(VOCABULARY)}
        error: net.toml:3: layers[1].name: 'name' must be a name of 1 to 200 characters, without blanks around it, not "a\n" """,
    ),
}


def unindented(text: str) -> str:
    return "\n".join(line.removeprefix("        ").rstrip() for line in text.strip("\n").splitlines())


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(design: str, **asked: Any) -> str:
    with pytest.raises(MnetcostError) as e:
        load(design, Settings(**asked))
    assert e.value.exit_code == 2
    return str(e.value)


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_has_its_message(case: str, here: Path) -> None:
    """File, line, place, what is wrong and the way out, to the letter; all faults of a file in one run."""
    text, said = CASES[case]
    (here / "net.toml").write_text(text + "\n", "utf-8")
    assert refusal("net.toml") == unindented(said)


def test_a_fault_in_a_parent_names_the_parents_file_and_line(here: Path) -> None:
    """What is wrong in the file that is extended is said there, what a change does to it at the change."""
    (here / "base.toml").write_text(
        "resolution = 8\nlayers = [\n  { op = 'conv', out = 8, strid = 1 },\n  { op = 'conv', name = 'b', out"
        " = 8 },\n]\n"
    )
    (here / "net.toml").write_text(
        "extends = 'base.toml'\n[[change]]\nmatch = { name = 'b' }\nset = { groups = 3 }\n"
    )
    assert refusal("net.toml").splitlines()[0] == "error: base.toml:3: layers[0].strid: conv takes no 'strid'"
    (here / "base.toml").write_text(
        "resolution = 8\nlayers = [\n  { op = 'conv', out = 8 },\n  { op = 'conv', name = 'b', out = 8"
        " },\n]\n"
    )
    assert (
        refusal("net.toml")
        == "error: base.toml:4: layer 'b': 3 groups do not divide 8 input and 8 output channels"
    )


def test_a_circle_of_several_files_ends(here: Path) -> None:
    """a extends b, which extends c, which extends a by another way of writing its name."""
    for name, parent in (("a", "b"), ("b", "c"), ("c", "./a")):
        (here / f"{name}.toml").write_text(f"extends = '{parent}.toml'\n")
    assert refusal("a.toml") == "error: c.toml:1: extends: './a.toml' extends itself in a circle"
    (here / "sub").mkdir()
    (here / "d.toml").write_text("extends = 'sub/../d.toml'\n")
    assert refusal("d.toml").endswith("extends: 'sub/../d.toml' extends itself in a circle")


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
        refusal("huge.toml") == f"error: huge.toml: is larger than {LARGEST_FILE:,} bytes, which no spec is"
    )
    (here / "net.toml").write_text("")

    def closed(*_: Any) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", closed)
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


def test_the_nearest_design_is_named(here: Path) -> None:
    """A shipped one, or a file of the folder."""
    (here / "network.toml").write_text("")
    assert refusal("v2-large") == "error: there is no design 'v2-large'\n  hint: did you mean 'v3-large'?"
    assert refusal("netwrk.toml") == "error: netwrk.toml: no such file"
    assert refusal("network") == "error: there is no design 'network'\n  hint: did you mean 'network.toml'?"


def test_there_is_an_end_to_faults(here: Path) -> None:
    """A file of sixty thousand wrong rows says so in a moment."""
    (here / "net.toml").write_text("resolution = 8\nlayers = [\n" + "{op='x'},\n" * 60_000 + "]\n")
    start = time.perf_counter()
    said = refusal("net.toml")
    assert said.endswith(f"error: there are more than {MOST_FAULTS} mistakes")
    assert said.count("error: ") == MOST_FAULTS + 1
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
