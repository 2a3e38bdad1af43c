"""What does a design cost for images of other than three channels?"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import mnetcost
from mnetcost.cli import cli
from mnetcost.designs import load
from mnetcost.designs.budgets.config import read_config
from mnetcost.errors import CallError

from .keras_models import mobilenet


@pytest.mark.parametrize("channels", [1, 4, 12])
@pytest.mark.parametrize("name", ["v2", "v1:alpha=0.5", "resnet50", "keras/v3-small"])
def test_only_the_first_layer_follows_the_channels(name: str, channels: int) -> None:
    """Every other layer stays as it is; the first has a weight for each channel, so its cost is in
    proportion.
    """
    three, other = mnetcost.cost(name).layers, mnetcost.cost(name, channels=channels).layers
    first = three[0] if three[0].params else three[1]  # Keras pads by a layer of its own
    assert [x.params for x in three if x.name != first.name] == [
        x.params for x in other if x.name != first.name
    ]
    weights = next(x for x in other if x.name == first.name).params[0]
    assert weights.count * 3 == first.params[0].count * channels


def test_v2_for_grey_images_by_hand() -> None:
    """The stem's 3 x 3 x 3 x 32 weights become 3 x 3 x 1 x 32: 576 fewer, at 112 x 112 positions."""
    totals = mnetcost.totals("v2", channels=1)
    assert totals["params"] == 3_504_872 - 576
    assert totals["madds"] == 300_774_272 - 576 * 112 * 112


def test_a_heading_and_the_data_say_the_channels() -> None:
    """Where they are others than the spec says; asked for as they are, nothing is said."""
    assert load("v2:channels=1").heading == "v2:alpha=1,resolution=224,channels=1"
    assert load("v2:channels=3").heading == "v2:alpha=1,resolution=224"
    run = CliRunner().invoke
    assert (
        json.loads(run(cli, ["report", "v2", "--channels", "1", "--format", "json"]).stdout)["design"][
            "channels"
        ]
        == 1
    )
    scaled = json.loads(
        run(cli, ["scale", "v1:channels=1", "--alpha", "1", "--resolution", "224", "--format", "json"]).stdout
    )
    assert (scaled["design"]["channels"], scaled["params"]) == (1, [[4_231_976 - 576]])
    assert (
        int(mnetcost.scale("v1", alpha=[1.0], resolution=[224], channels=1).params[0, 0]) == 4_231_976 - 576
    )


def test_a_budget_says_its_channels(tmp_path: Path) -> None:
    """As a key beside alpha, and in its label."""
    (tmp_path / "mnetcost.toml").write_text('[[budget]]\ndesign = "v2"\nchannels = 1\nparams = 3504296\n')
    config = read_config(tmp_path / "mnetcost.toml")
    assert config.budgets[0].label == "v2:channels=1"
    assert CliRunner().invoke(cli, ["check", "--config", str(tmp_path / "mnetcost.toml")]).exit_code == 0


def test_diff_and_identify_know_them() -> None:
    """The one change is named, and a shipped design for grey images is itself."""
    assert (
        "input channels 3 -> 1: -7,225,344 MAdds, -576 params"
        in CliRunner().invoke(cli, ["diff", "v2", "v2:channels=1"]).stdout
    )
    assert (
        CliRunner()
        .invoke(cli, ["identify", "v2:channels=1"])
        .stdout.splitlines()[0]
        .endswith(" is v2:alpha=1,channels=1")
    )


def test_a_model_file_says_why_it_cannot(tmp_path: Path) -> None:
    """Its weights are made for the channels that it has."""
    (tmp_path / "net.json").write_text(mobilenet())
    with pytest.raises(CallError, match="how many channels its input has"):
        load(f"{tmp_path}/net.json:channels=1")


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "rgb", "1000001", ""])
def test_channels_are_a_whole_number(text: str) -> None:
    """From 1 to a million."""
    with pytest.raises(CallError, match="channels must be a whole number from 1 to 1,000,000"):
        load(f"v2:channels={text}")
