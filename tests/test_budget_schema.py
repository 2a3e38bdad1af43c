"""The JSON Schema of mnetcost.toml says what the reader of budgets says."""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost.cli import cli
from mnetcost.designs import SETTINGS
from mnetcost.designs.budgets.config import COMMON, WAIVER, read_config
from mnetcost.designs.budgets.metrics import METRICS
from mnetcost.designs.budgets.schema import ABOUT, VALUES, budgets_schema
from mnetcost.errors import MnetcostError

from .mutants import toml

ROOT = Path(__file__).resolve().parent.parent
VALIDATOR = jsonschema.Draft202012Validator(budgets_schema())
BUDGET = '[[budget]]\ndesign = "v2"\n'
WAIVER_TEXT = '[[waiver]]\ndesign = "v2*"\nlimit = "madds"\nreason = "later"\nuntil = 2030-06-30\n'


def as_json(tree: Any) -> Any:
    """TOML's values as an editor gives them to a schema: days are texts."""
    if isinstance(tree, dict):
        return {key: as_json(value) for key, value in tree.items()}
    return (
        [as_json(v) for v in tree]
        if isinstance(tree, list)
        else tree.isoformat()
        if isinstance(tree, date)
        else tree
    )


def schema_takes(text: str) -> bool:
    return bool(VALIDATOR.is_valid(as_json(tomllib.loads(text))))


def reader_takes(text: str, folder: Path) -> bool:
    (folder / "mnetcost.toml").write_text(text, "utf-8")
    try:
        read_config(folder / "mnetcost.toml")
    except MnetcostError:
        return False
    return True


def test_it_is_a_valid_schema_and_knows_every_key() -> None:
    """Of the draft it names; each key that the reader knows has a sentence and what it takes."""
    jsonschema.Draft202012Validator.check_schema(budgets_schema())
    assert set(VALUES) == {"design", *COMMON, *SETTINGS}
    assert set(ABOUT) == {"budget", "waiver", *VALUES, *WAIVER}
    known = budgets_schema()["properties"]["budget"]["items"]["properties"]
    assert set(METRICS) <= set(known)


def test_the_command_prints_what_is_shipped() -> None:
    """`mnetcost schema budgets`."""
    said = CliRunner().invoke(cli, ["schema", "budgets"])
    assert json.loads(said.stdout) == budgets_schema()
    assert said.stdout == (ROOT / "specs/budgets.schema.json").read_text("utf-8")


GOOD = (
    BUDGET + "madds = 60_000_000\n",
    BUDGET + 'madds = ["60M", "+1%"]\nparams = { max = "2k", min = 1000 }\n',
    BUDGET + 'madds = { max = ["60M", "+0%"], min = "-10%" }\n',
    BUDGET + 'madds = "+500k"\nparams = "-5.5 %"\n"layers" = 60.0\n',
    BUDGET + 'weight_bytes.int8 = "2 KiB"\nweight_bytes.float32 = "1.5MB"\n"weight_bytes.file" = "3 B"\n',
    BUDGET + 'layers = 150\n"layers.conv" = 40\n',
    BUDGET + "layers.conv = 2\nlayers.max = 150\n",
    BUDGET + '"body".madds = "300k"\n"op:dense" = { madds = 160, params = { min = 1 }'
    ' }\n"stage:14x14".weight_bytes.int8 = "1MB"\n',
    BUDGET + 'alpha = 0.5\nresolution = "96x128"\nclasses = 10\ntop = "no"\nbatch = 2\nmadds = "1.25M"\n',
    BUDGET + "alpha = '0.5'\nresolution = [96, 128]\ntop = false\nmadds = '1_000k'\n",
    '[[budget]]\ndesign = ["v2", "v2:alpha=0.75"]\nmadds = 1\n',
    'baseline = "base.toml"\nconvention = "thop"\nallow_partial = true\n'
    + BUDGET
    + 'against = "main"\nmerge_base = false\nmadds = "+0%"\n',
    BUDGET + "madds = 1\n" + WAIVER_TEXT,
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("2030-06-30", '"2030-06-30"'),
    "",
)
BAD = (
    "budgets = []\n",
    "budget = 1\n",
    "[budget]\ndesign = 'v2'\nmadds = 1\n",
    "[[budget]]\nmadds = 1\n",
    BUDGET,
    BUDGET + "alpha = 0.5\n",
    BUDGET + "madd = 1\n",
    BUDGET + "madds = -1\n",
    BUDGET + "madds = 1.5\n",
    BUDGET + "madds = true\n",
    BUDGET + "madds = []\n",
    BUDGET + "madds = {}\n",
    BUDGET + "madds = { most = 1 }\n",
    BUDGET + "madds = { max = [] , mim = 3 }\n",
    BUDGET + 'madds = "1.2345k"\n',
    BUDGET + 'madds = "0.5"\n',
    BUDGET + 'madds = "1 Mio"\n',
    BUDGET + 'madds = "2 KiB"\n',
    BUDGET + 'madds = "5%"\n',
    BUDGET + 'madds = "++5%"\n',
    BUDGET + 'weight_bytes.int8 = "3.5KB"\n',
    BUDGET + "weight_bytes = 3\n",
    BUDGET + "weight_bytes = {}\n",
    BUDGET + "weight_bytes = { max = 3, int8 = 2 }\n",
    BUDGET + "weight_bytes.int4 = 3\n",
    BUDGET + "layers.cnov = 3\n",
    BUDGET + '"body" = { max = 3 }\n',
    BUDGET + '"body" = { max = 3, madds = 3 }\n',
    BUDGET + '"body" = {}\n',
    BUDGET + '"body".mads = 3\n',
    BUDGET + '"body".weight_bytes.file = 3\n',
    BUDGET + '"body"."stem".madds = 3\n',
    BUDGET + "madds = 1\nalpha = 0\n",
    BUDGET + "madds = 1\nalpha = 101\n",
    BUDGET + "madds = 1\nalpha = true\n",
    BUDGET + "madds = 1\nrho = 1\nresolution = 96\n",
    BUDGET + "madds = 1\nresolution = [96, 96, 3, 1]\n",
    BUDGET + "madds = 1\nclasses = 0\n",
    BUDGET + "madds = 1\ntop = 'maybe'\n",
    BUDGET + "madds = 1\nagainst = ' '\n",
    BUDGET + "madds = 1\nmerge_base = 'no'\n",
    "against = 'main'\nbaseline = 'x'\n",
    "[[budget]]\ndesign = []\nmadds = 1\n",
    "[[budget]]\ndesign = ''\nmadds = 1\n",
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("reason", "because"),
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("2030-06-30", '"next year"'),
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("2030-06-30", '"20300630"'),
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("2030-06-30", "2030-06-30T00:00:00"),
    BUDGET + "madds = 1\n" + WAIVER_TEXT.replace("until = 2030-06-30\n", ""),
)


@pytest.mark.parametrize("text", GOOD)
def test_both_take_what_is_right(text: str, tmp_path: Path) -> None:
    """Each form of a limit, a scope, a setting, a basis and a waiver."""
    assert (schema_takes(text), reader_takes(text, tmp_path)) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_both_refuse_what_is_wrong(text: str, tmp_path: Path) -> None:
    """Each kind of mistake that can be seen in the file by itself."""
    assert (schema_takes(text), reader_takes(text, tmp_path)) == (False, False)


def test_both_take_the_budgets_of_the_docs(tmp_path: Path) -> None:
    """Every mnetcost.toml that the pages show."""
    pages = "".join((ROOT / "docs" / name).read_text("utf-8") for name in ("budgets.md", "ci.md"))
    found = re.findall(r"^```toml (?:mnetcost|pinned)\.toml\n(.*?)^```$", pages, re.M | re.S)
    assert len(found) >= 3
    (tmp_path / "tiny.toml").touch()
    for text in found:
        assert (schema_takes(text), reader_takes(text, tmp_path)) == (True, True)


NUMBERS = st.sampled_from(
    [
        0,
        1,
        1000,
        -1,
        1.5,
        True,
        "60M",
        "1.5k",
        "1.5",
        "2.0",
        "1.2345k",
        "1.23400k",
        "1_0",
        "+1%",
        "-5.25 %",
        "5%",
        "+ 3k",
    ]
) | (
    st.sampled_from(
        [
            "2KiB",
            "1 MiB",
            "3kB",
            "1.5KB",
            "1.5B",
            "3 B",
            "",
            "x",
            " 7 ",
            "1e6",
            "1.5e1",
            "1.55e1",
            "1,500",
            "1,50",
            "1e0M",
            "2e25",
            "1e+03",
            "+",
            "-3 MB",
            "12 T",
            "0.001k",
            "0.0001k",
        ]
    )
)
LIMITS = (
    NUMBERS
    | st.lists(NUMBERS, max_size=3)
    | st.fixed_dictionaries({}, optional={"max": NUMBERS | st.lists(NUMBERS, max_size=2), "mim": NUMBERS})
)
METRIC = st.sampled_from(
    [
        "madds",
        "params",
        "layers",
        "layers.conv",
        "weight_bytes.int8",
        "weight_bytes.file",
        "weight_bytes",
        "nothing",
    ]
)
INSIDE = st.sampled_from(["conv", "dense", "int8", "file", "largest", "sum", "max", "nothing"])


def table(
    keys: st.SearchStrategy[str], values: st.SearchStrategy[Any], most: int = 2
) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(keys, values, max_size=most)


GROUP = st.sampled_from(["layers", "weight_bytes", "activation_elements"])
METRICS_OF_SOME = table(METRIC, LIMITS, 1) | table(GROUP, table(INSIDE, LIMITS))
SETTING = {
    "design": [["v1", "v2"], [], 3, ""],
    "alpha": [0, 0.5, 1, 100, 101, "0.5", "x", "-1", True],
    "rho": [0.5, "1"],
    "resolution": [96, 0, "96", "96x128", "96X", "9x9x9", [96], [96, 128], [1, 2, 3], [], 65_537, True],
    "classes": [1, 0, 10, "10", "ten", 1_000_001, True, "1_0"],
    "channels": [1, 0, 12, "12", "grey", 1_000_001, True],
    "top": [True, "No", "yes", "maybe", 0, 1, 2],
    "against": ["main", "", " ", 1],
    "merge_base": [True, "no"],
    "baseline": ["b.toml", ""],
    "convention": ["paper", "anything", "", 3],
}
ITEM = (
    METRICS_OF_SOME
    | table(st.sampled_from(["stem", "op:dense", "stage:7x7"]), LIMITS | METRICS_OF_SOME, 1)
    | st.sampled_from([{key: value} for key, values in SETTING.items() for value in values])
)


@settings(max_examples=800, deadline=None)
@given(st.lists(ITEM, max_size=2), st.sampled_from([{"design": "v2", "madds": 1}, {"design": "v2"}]))
def test_schema_and_reader_agree_on_budgets(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]], base: dict[str, Any]
) -> None:
    """Whatever limits, groups, scopes and settings come together, both take the file or neither does."""
    folder = tmp_path_factory.getbasetemp() / "schema"
    folder.mkdir(exist_ok=True)
    text = toml({"budget": [base | {key: value for item in items for key, value in item.items()}]})
    assert schema_takes(text) == reader_takes(text, folder), text
