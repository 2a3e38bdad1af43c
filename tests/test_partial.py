"""What was costed in part says so, in every command and every format."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mnetcost.cli import cli
from mnetcost.output import BINARY, FORMATS

from .test_caffe import layer, small

NET = small(
    layer("Roll", tops="r", name="r") + layer("InnerProduct", "inner_product_param { num_output: 2 }", "r")
)
COMMANDS = [
    ["report"],
    ["report", "--by", "kind"],
    ["compare", "v2"],
    ["diff", "v2"],
    ["explain"],
    ["reconcile", "514"],
    ["conventions"],
    ["identify"],
    ["check", "--max", "madds=1G"],
]


def asked(tmp_path: Path, call: list[str], *more: str) -> str:
    (tmp_path / "net.prototxt").write_text(NET)
    command, *rest = call
    result = CliRunner().invoke(cli, [command, str(tmp_path / "net.prototxt"), *rest, *more])
    assert (result.exit_code == 0) == ("--allow-unknown" in more)
    return result.output


@pytest.mark.parametrize("call", COMMANDS, ids=lambda c: "-".join(c[:2]))
def test_a_command_refuses_what_it_cannot_cost_unless_told_to_go_on(call: list[str], tmp_path: Path) -> None:
    """Then its answer says `partial`."""
    if call[0] != "check":  # which judges it as not passing
        assert "cannot cost Roll (1x, first at 'r')" in asked(tmp_path, call)
    assert "partial" in asked(tmp_path, call, "--allow-unknown")


@pytest.mark.parametrize("format_", [name for name in FORMATS if name not in BINARY])
def test_every_format_says_partial(format_: str, tmp_path: Path) -> None:
    """And lists what was left out, but for csv, whose rows have a status."""
    said = asked(tmp_path, ["report"], "--allow-unknown", "--format", format_)
    assert "partial" in said
    assert format_ == "csv" or "Roll" in said
