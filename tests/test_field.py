"""Small inputs that other people's jobs came to, each held to the answer it must have."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.cli import cli

FIELD = Path(__file__).parent / "field"
ANSWERS = tomllib.loads((FIELD / "answers.toml").read_text("utf-8"))["answers"]


def asked(row, *more):
    """Ask `report` the row's question."""
    design = str(FIELD / row["file"]) + (f":{row['settings']}" if "settings" in row else "")
    unknown = ["--allow-unknown"] if row.get("allow_unknown") else []
    return CliRunner().invoke(
        cli, ["report", design, "--convention", row.get("convention", "paper"), *unknown, *more]
    )


@pytest.mark.parametrize("row", ANSWERS, ids=lambda row: " ".join(str(v) for v in row.values())[:80])
def test_each_input_has_its_answer(row):
    """The figures are worked out by hand or measured on the framework the file is from."""
    if "error" in row:
        result = asked(row)
        assert result.exit_code == 2, result.output
        assert row["error"] in result.output
        return
    result = asked(row, "--format", "json")
    assert result.exit_code == 0, result.output
    totals = json.loads(result.stdout)["totals"]
    assert {k: totals[k] for k in ("params", "madds") if k in row} == {
        k: row[k] for k in ("params", "madds") if k in row
    }
    if "note" in row:
        assert row["note"] in asked(row).output


def test_every_input_is_asked():
    """A file that no row names would be held by nothing."""
    assert {p.name for p in FIELD.iterdir()} - {"answers.toml"} == {row["file"] for row in ANSWERS}
