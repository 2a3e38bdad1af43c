"""The command `space` refuses what makes no sense, with the way out, and writes what it draws."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.search.limits import within
from mnetcost.analyses.search.space import price, read_limits
from mnetcost.cli.space import command
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.spaces import load_space
from mnetcost.errors import CallError, SpecError

from .test_cli import run

PAPER = load_convention("paper")


def test_other_commands_refuse_a_space_and_name_those_that_take_it() -> None:
    """Every command that takes one design."""
    for call in (
        ["report"],
        ["compare", "v1"],
        ["scale"],
        ["show"],
        ["memory"],
        ["explain"],
        ["fit", "--ram", "1M"],
    ):
        said = run(*call, "ofa-mobilenetv3")
        assert said.exit_code == 2
        assert "is a space of designs, not one design" in said.stderr
        assert "space count" in said.stderr
    with pytest.raises(SpecError, match="space of designs"):
        mnetcost.load("proxylessnas")


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ("madd=3", "did you mean 'madds'?"),
        ("arena_bytes.tflm=256K", "not the sum of its blocks' figures"),
        ("ms.pixel1-cpu1-f32=20", "not the sum of its blocks' figures"),
        ("madds=+1%", "no base to compare with"),
        ("op:conv.madds=3M", "figure of the whole design"),
    ],
)
def test_a_limit_that_cannot_be_counted_says_why(limit: str, message: str) -> None:
    """Ends with 2, before anything is counted."""
    said = run("space", "count", "ofa-mobilenetv3", "--max", limit)
    assert said.exit_code == 2
    assert message in said.stderr


def test_a_misspelt_space_gets_the_nearest() -> None:
    """Of designs and spaces."""
    said = run("space", "count", "ofa-mobilnetv3")
    assert said.exit_code == 2
    assert "did you mean 'ofa-mobilenetv3'?" in said.stderr


def test_three_limits_of_sums_that_bind_are_refused() -> None:
    """And what to do is said."""
    known = price(load_space("proxylessnas"), ("madds", "params", "layers"), PAPER)
    limits = read_limits(["madds=350M", "params=3.8M", "layers=150"])
    with pytest.raises(CallError, match="more than two limits"):
        within(known.lattices[0], limits)


def test_a_number_that_no_design_has_is_refused() -> None:
    """With the numbers that there are."""
    said = run("space", "show", "v1-grid", "16")
    assert said.exit_code == 2
    assert "has 16 designs, and none of the number 16" in said.stderr
    assert "0 to 15" in said.stderr


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            '{ op = "conv_norm", name = "stem", out = 8 }, { op = "flatten", from = "stm" }',
            "did you mean 'stem'?",
        ),
        (
            '{ op = "conv", name = "a", out = 8 }, { op = "conv", name = "a", out = { choice = [8, 9] } }',
            "called 'a'",
        ),
        (
            '{ op = "conv", out = 8, kernel = { choice = [3, 90] }, padding = "valid" }',
            "window of 90 does not fit",
        ),
        (
            ", ".join(
                ['{ op = "conv", name = "a", out = 8 }']
                + ['{ op = "conv", out = 8, kernel = { choice = [1, 3, 5, 7, 9, 11, 13] } }'] * 7
                + ['{ op = "add", from = ["a", "conv 7"] }']
            ),
            "can only be chosen together",
        ),
    ],
)
def test_a_space_whose_rows_do_not_fit_is_refused_with_the_row(
    rows: str, message: str, tmp_path: Path
) -> None:
    """No traceback; file, line and place."""
    path = tmp_path / "bad.toml"
    path.write_text(f"resolution = 32\nlayers = [{rows}]\n", "utf-8")
    said = run("space", "count", str(path))
    assert said.exit_code == 2
    assert message in said.stderr
    assert "bad.toml:2" in said.stderr


def test_specs_of_samples_are_written(tmp_path: Path) -> None:
    """Each file costs what the table says."""
    said = run("space", "sample", "v1-widths", "3", "--specs", str(tmp_path / "nets"), "--format", "json")
    assert said.exit_code == 0, said.stderr
    rows = json.loads(said.stdout)["designs"]
    files = sorted((tmp_path / "nets").iterdir())
    assert [f"v1-widths-{row['design']}.toml" for row in rows] == sorted(
        (path.name for path in files), key=[f"v1-widths-{row['design']}.toml" for row in rows].index
    )
    for row in rows:
        totals = mnetcost.totals(str(tmp_path / "nets" / f"v1-widths-{row['design']}.toml"))
        assert (totals["madds"], totals["params"]) == (row["figures"]["madds"], row["figures"]["params"])


def test_a_group_without_a_command_shows_its_help() -> None:
    """In the order in which its commands are defined, with the exit code of success."""
    done = run("space")
    assert (done.exit_code, done.stdout) == (0, run("space", "--help").stdout)
    listed = done.stdout.split("Commands:")[1].split("Examples:")[0]
    assert [line.split()[0] for line in listed.splitlines() if line.strip()] == list(command.commands)
    assert "..." not in listed


@pytest.mark.parametrize("name", command.commands)
def test_every_command_of_a_group_has_the_options_of_all_commands(name: str) -> None:
    """--color behind its name, and -h."""
    done = run("space", name, "--color", "never", "-h")
    assert (done.exit_code, "--color WHEN" in done.stdout) == (0, True)


def test_the_beginning_of_one_name_is_enough_for_a_hint() -> None:
    """Where only one design or space begins so."""
    assert "did you mean 'ofa-mobilenetv3'?" in run("space", "count", "ofa").stderr
