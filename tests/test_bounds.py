"""Is everything that a small file may ask for bounded?

What is refused is here; how time grows is measured by tests/benchmark.py.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.cli import cli
from mnetcost.designs import find_spec
from mnetcost.designs.spec.changes import MOST_LOOKS
from mnetcost.designs.toml import DEEPEST, MOST_PARTS, parse_toml, refuse_runaway
from mnetcost.engine.graph import MOST_LAYERS
from mnetcost.errors import SpecError, nearest
from mnetcost.output import BINARY, FORMATS, NETWORKS

DOUBLED = '[[change]]\nmatch = { op = "separable" }\nafter = [ { op = "separable", out = 8 } ]\n'
"""A change that doubles the rows it matches: the row behind each is one that the next change matches too."""
LONG = "a" + ".a" * MOST_PARTS


def refusal(*call: str) -> str:
    """The one message that a call ends with."""
    done = CliRunner().invoke(cli, list(call))
    assert done.exit_code == 2, done.output
    assert done.stdout == ""
    assert done.stderr.count("error:") == 1
    return done.stderr


def written(path: Path, text: str) -> str:
    path.write_text(text, "utf-8")
    return str(path)


def test_changes_that_double_rows_are_refused_before_the_rows_are_made(tmp_path: Path) -> None:
    """V1 has 9 separable rows; doubled 13 times they are 73,728, and the fourteenth change would pass
    100,000.
    """
    path = written(tmp_path / "net.toml", 'extends = "v1"\n' + DOUBLED * 18)
    assert refusal("report", path).endswith(
        "net.toml:41: change[13]: gives the design more than 100,000 rows, more than it may have layers\n"
    )
    assert MOST_LAYERS == 100_000


def test_changes_that_add_rows_within_bounds_are_made(tmp_path: Path) -> None:
    """The twin: two doublings make four rows of each."""
    spec = find_spec(written(tmp_path / "net.toml", 'extends = "v1"\n' + DOUBLED * 2))
    assert len([row for row in spec.layers if row.op == "separable"]) == 36


@pytest.mark.parametrize("side", ["before", "after"])
def test_rows_doubled_along_a_chain_of_extends_are_refused(tmp_path: Path, side: str) -> None:
    """Each file doubles three times what it extends: 9 rows by 2 to the 13 are 73,728, one more is too
    much.
    """
    double = DOUBLED.replace("after", side) * 3
    written(tmp_path / "0.toml", 'extends = "v1"\n' + double)
    for n in range(1, 8):
        written(tmp_path / f"{n}.toml", f'extends = "{n - 1}.toml"\n' + double)
    said = refusal("report", str(tmp_path / "7.toml"))
    assert "4.toml:5: change[1]: gives the design more than 100,000 rows" in said


def test_changes_times_rows_are_bounded(tmp_path: Path) -> None:
    """A thousand changes of two thousand rows would look at two million."""
    rows = "".join(f'  {{ op = "norm", name = "n{n}" }},\n' for n in range(2000))
    changes = "".join(
        f'[[change]]\nmatch = {{ name = "n{n}" }}\nset = {{ why = "so" }}\n' for n in range(1000)
    )
    path = written(tmp_path / "net.toml", f"resolution = 8\nlayers = [\n{rows}]\n{changes}")
    assert f"the changes of this design look at more than {MOST_LOOKS:,} rows, one by one" in refusal(
        "report", path
    )


TOO_LONG = {
    "a key": f"{LONG} = 1\n",
    "a key with blanks and quotes": " . ".join(['"a.b"', "'c'", "d"] * 6) + " = 1\n",
    "a table's name": f"[{LONG}]\n",
    "a name of a list of tables": f"[[{LONG}]]\n",
    "a key in an inline table": f"x = [1, {{ {LONG} = 1 }}]\n",
    "a key of a megabyte": "a." * 500_000 + "a = 1\n",
    "many of them": f"{LONG} = 1\n" * 1000,
}


@pytest.mark.parametrize("case", TOO_LONG)
@pytest.mark.parametrize("kind", ["spec", "budgets", "pyproject", "baseline", "convention"])
def test_keys_of_many_parts_are_refused_in_every_file_of_toml(tmp_path: Path, case: str, kind: str) -> None:
    """tomllib takes their square in time and memory; one message with the line, before it sees them."""
    good = 'baseline = "b.toml"\n[[budget]]\ndesign = "v1"\nmadds = "+0%"\n'
    text = 'title = """\n"""\n' + TOO_LONG[case]
    if kind == "spec":
        call = ["report", written(tmp_path / "net.toml", text)]
    elif kind == "budgets":
        call = ["check", "--config", written(tmp_path / "mnetcost.toml", text)]
    elif kind == "pyproject":
        call = ["check", "--config", written(tmp_path / "pyproject.toml", text)]
    elif kind == "convention":
        call = ["report", "v1", "--convention", written(tmp_path / "own.toml", text)]
    else:
        written(tmp_path / "b.toml", text)
        call = ["check", "--config", written(tmp_path / "mnetcost.toml", good)]
    assert ":3: TOML: a key of more than " in refusal(*call)


NESTED = {
    "lists": "[" * 600_000,
    "closed lists": "[" * 40 + "]" * 40,
    "inline tables": "{ a = " * 100_000,
    "both": "[{ a = " * 100_000,
}


@pytest.mark.parametrize("case", NESTED)
def test_values_nested_deeply_are_refused(tmp_path: Path, case: str) -> None:
    """In one message with the line, whether they close or not."""
    path = written(tmp_path / "net.toml", f"# [[[[\nresolution = {NESTED[case]}\n")
    assert refusal("report", path).endswith("net.toml:2: TOML: nested too deeply\n")


NOT_KEYS = {
    "dots in a string": f'a = "{LONG} ]]]]"\n',
    "dots behind an escaped quote": f'a = "\\" {LONG}"\n',
    "dots in a literal string": f"a = '{LONG} \\'\n",
    "dots in strings of several lines": (
        f'a = """\n{LONG} = 1\n"" \\""" {"[" * 40} """\nb = \'\'\'\n{LONG}\'\'\'\'\n'
    ),
    "dots in a comment": f'a = 1 # "{LONG}\n# {LONG} {"{" * 40}\n',
    "dots in a quoted key": f'"{LONG}" = 1\n',
    "many numbers": "a = [" + "1.5, " * 1000 + "]\n",
    "as many parts as there may be": "a" + ".a" * (MOST_PARTS - 1) + " = 1\n",
    "as deep as may be": "a = " + "[" * DEEPEST + "]" * DEEPEST + "\n",
    "many lists beside one another": "a = [" + "[1, { b = 2 }], " * 1000 + "]\n",
}


@pytest.mark.parametrize("case", NOT_KEYS)
def test_what_only_looks_like_a_long_key_is_read(case: str) -> None:
    """Strings and comments are no keys: TOML reads them as tomllib alone does."""
    assert parse_toml(NOT_KEYS[case], "net.toml") == tomllib.loads(NOT_KEYS[case])


def measures(tree: Any, depth: int = 0) -> int:
    """How deep values lie within one another, dotted keys among them."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return max((measures(v, depth + 1) for v in inner), default=depth)


PIECES = st.lists(
    st.sampled_from(
        [
            "a",
            ".",
            " . ",
            "=",
            " = ",
            "1",
            "1.5",
            '"',
            "'",
            '"""',
            "'''",
            "\\",
            "\n",
            "#",
            "[",
            "]",
            "[[",
            "]]",
            "{",
            "}",
            ",",
            "a.b",
            ".a" * 9,
        ]
    ),
    max_size=40,
).map("".join)


@given(text=PIECES)
def test_the_walk_sees_what_tomllib_sees(text: str) -> None:
    """What tomllib reads into a tree deeper than is allowed is refused, and whatever is refused was too
    deep or no TOML at all.
    """
    try:
        tree = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError):
        return
    try:
        refuse_runaway(text, "net.toml")
        refused = False
    except SpecError:
        refused = True
    longest = max((line.replace(" ", "").count(".a") for line in text.split("\n")), default=0)
    if refused:
        assert longest >= MOST_PARTS or text.count("[") + text.count("{") > DEEPEST
    else:
        assert measures(tree) <= MOST_PARTS * 3 + DEEPEST


def test_a_convention_of_thousands_of_mistakes_names_the_first_of_them(tmp_path: Path) -> None:
    """Each mistake is placed by one walk over the text, and 200 are enough."""
    kinds = "".join(f"kind{n} = 1\n" for n in range(20_000))
    path = written(
        tmp_path / "own.toml",
        f'title = "t"\nsource = "s"\nunit = "u"\nrule = "r"\n[work]\n{kinds}[params]\nconv = 1\n',
    )
    done = CliRunner().invoke(cli, ["report", "v1", "--convention", path])
    assert done.exit_code == 2
    assert done.stderr.count("error:") == 201
    assert "there are more than 200 mistakes" in done.stderr


def test_a_misspelt_word_is_compared_with_some_thousands_at_most() -> None:
    """A design has up to 100,000 layers' names; the first few thousand are looked at, and long ones as
    far as a name goes.
    """
    seen = []

    def names() -> Any:
        for n in range(1_000_000):
            seen.append(n)
            yield f"layer {n}" + "x" * 1000

    assert nearest("layr 3", names()) is None
    assert len(seen) <= 5001
    assert nearest("layr 3", ["layer 3"]) == "layer 3"


@pytest.mark.parametrize("format_", [f for f in FORMATS if f not in (*BINARY, *NETWORKS)])
def test_cells_ask_for_their_column_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, format_: str
) -> None:
    """The width of a column is found once a table and not once a cell: twice the layers are about twice
    the calls.
    """
    from mnetcost.output import layout

    calls = []
    cells = layout.cells
    monkeypatch.setattr(layout, "cells", lambda value: calls.append(1) or cells(value))

    def count(layers: int) -> int:
        calls.clear()
        rows = ", ".join(f'{{ op = "conv", name = "n{n}", out = 8 }}' for n in range(layers))
        path = written(tmp_path / "net.toml", f"resolution = 8\nlayers = [{rows}]\n")
        done = CliRunner().invoke(cli, ["explain", path, "--format", format_])
        assert done.exit_code == 0, done.output
        return len(calls)

    assert count(200) <= 2.2 * count(100)
