"""Does the library say what the commands say, and refuse what they refuse?"""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.cli import cli

FACE = Path(mnetcost.__file__)
DOCS = Path(__file__).resolve().parent.parent / "docs"
ANSWERS = {
    ("report", "v1:alpha=0.5", "--by", "kind"): lambda: mnetcost.report("v1", alpha=0.5, by="kind"),
    ("report", "v2", "--top", "3", "--no-top"): lambda: mnetcost.report("v2", top=False, first=3),
    ("report", "v3-small", "--tree", "--depth", "2"): lambda: mnetcost.report("v3-small", tree=True, depth=2),
    ("compare", "v1", "v2", "--resolution", "160x192"): lambda: mnetcost.compare(
        "v1", "v2", resolution=(160, 192)
    ),
    ("factorize", "14x14x512", "--out", "512", "--rho", "0.714"): lambda: mnetcost.factorize(
        14, 14, 512, out=512, rho=0.714
    ),
    ("explain", "v2", "stem", "--convention", "flops"): lambda: mnetcost.explain(
        "v2", "stem", convention="flops"
    ),
}


@pytest.mark.parametrize("call", ANSWERS, ids=" ".join)
@pytest.mark.parametrize("format_", ["text", "json", "csv"])
def test_a_function_answers_what_its_command_prints(call: tuple[str, ...], format_: str) -> None:
    """To the byte, in every format."""
    assert (
        mnetcost.render(ANSWERS[call](), format_)
        == CliRunner().invoke(cli, [*call, "--format", format_]).stdout
    )


def test_every_public_name_is_there_and_documented() -> None:
    """`from mnetcost import *` works, and each function has a docstring and a place in docs/python.md."""
    page = (DOCS / "python.md").read_text("utf-8")
    assert set(mnetcost.__all__) <= set(dir(mnetcost))
    for name in mnetcost.__all__:
        thing = getattr(mnetcost, name)
        assert thing.__doc__, name
        if name.islower() and not name.startswith("_"):
            assert f"mnetcost.{name}(" in page, name


def imported(source: str) -> set[tuple[str, str]]:
    """The (module, name) pairs that a source imports for type checkers."""
    checked = (
        n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n)
    )
    return {
        (str(found.module), alias.name)
        for node in checked
        for found in node.body
        if isinstance(found, ast.ImportFrom)
        for alias in found.names
    }


def functions(source: str) -> set[str]:
    """The public functions that a module defines."""
    defined = (n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef))
    return {name for name in defined if not name.startswith("_")}


def test_a_public_name_stands_in_every_list_of_them() -> None:
    """Where it is fetched from on first use, what `import *` takes, what type checkers see, and api.py."""
    homes = {(home, name) for home, names in mnetcost._HOMES.items() for name in names}
    assert imported(FACE.read_text("utf-8")) == homes
    assert set(mnetcost.__all__) == {name for _, name in homes} | {"__version__"}
    assert functions(FACE.with_name("api.py").read_text("utf-8")) == set(mnetcost._HOMES["api"])


def test_a_public_name_missing_from_one_list_would_be_seen() -> None:
    """The guard can fail: without a name for type checkers, and with a function that nobody fetches."""
    source = FACE.read_text("utf-8")
    assert imported(source) - imported(source.replace("        explain,\n", "")) == {("api", "explain")}
    assert functions("def summary(): ...\ndef _loaded(): ...") - set(mnetcost._HOMES["api"]) == {"summary"}


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="has no attribute 'raport'"):
        _ = mnetcost.raport


def test_a_loaded_design_takes_no_settings() -> None:
    """They would be lost without a word."""
    design = mnetcost.load("v2", alpha=0.5)
    assert mnetcost.totals(design)["madds"] == mnetcost.totals("v2", alpha=0.5)["madds"] == 97_131_840
    with pytest.raises(mnetcost.CallError, match="is loaded already"):
        mnetcost.report(design, alpha=1.0)


def test_a_setting_that_is_not_there_is_a_type_error() -> None:
    """As with any function's arguments."""
    with pytest.raises(TypeError, match="no setting 'alhpa'"):
        mnetcost.load("v2", alhpa=1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "asked",
    [
        {"alpha": 0},
        {"alpha": float("nan")},
        {"classes": 0},
        {"resolution": (0, 5)},
        {"rho": 1.0, "resolution": 5},
    ],
)
def test_what_makes_no_sense_is_a_call_error(asked: dict[str, object]) -> None:
    """The same readers as the command line's."""
    with pytest.raises(mnetcost.CallError):
        mnetcost.load("v2", **asked)  # type: ignore[arg-type]


def test_a_grid_takes_a_designs_own_settings() -> None:
    """They beat the arguments, as on the command line."""
    grid = mnetcost.scale("v2:alpha=0.5,resolution=160", alpha=[1.0], resolution=[96])
    assert (grid.alpha.tolist(), grid.resolution.tolist()) == ([0.5], [160])


def keys(data: object) -> set[str]:
    """Every key of a document but the names of kinds, ops and weights."""
    if isinstance(data, list):
        return set().union(*map(keys, data))
    if not isinstance(data, dict):
        return set()
    free = ("params_by_kind", "work_by_kind", "by_op", "work", "params", "rows")
    return set(data).union(*(keys(v) for k, v in data.items() if k not in free))


@pytest.mark.parametrize(
    "call",
    [
        ["report", "v2", "--by", "kind"],
        ["compare", "v1", "v2"],
        ["scale", "v2"],
        ["factorize", "8x8x8", "--out", "8"],
        ["explain", "v2", "stem"],
        ["list", "keras"],
    ],
    ids=lambda call: call[0],
)
def test_every_key_of_the_json_is_documented(call: list[str]) -> None:
    """docs/json.md has a section for the schema, which names each key of it."""
    data = json.loads(CliRunner().invoke(cli, [*call, "--format", "json"]).stdout)
    page = (DOCS / "json.md").read_text("utf-8")
    assert f"## {data['schema']}\n" in page
    assert {key for key in keys(data) if not re.search(rf"`{key}`", page)} == set()
