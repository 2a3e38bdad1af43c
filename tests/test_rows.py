"""Is every number of a row that depends on the channels right at any alpha, or refused?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnetcost.designs import Settings, load
from mnetcost.designs.build import build
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.errors import SpecError


def costs(text: str, **settings: Any) -> Costs:
    """The costs of a spec's text at some settings."""
    spec = read_spec(text, "net.toml", "net", None, parent_of)
    alpha, size = settings.get("alpha", 1.0), settings.get("resolution", spec.resolution)
    return cost(build(spec, alpha, *size, settings.get("classes", spec.classes)))


def trained(done: Costs) -> Any:
    """The parameters that are trained."""
    return sum(n for kind, n in done.params_by_kind().items() if kind != "norm_statistics")


def params(text: str, **settings: Any) -> int:
    return int(trained(costs(text, **settings)))


def rows(*lines: str, head: str = "resolution = 20") -> str:
    return f"{head}\nlayers = [\n" + "".join(f"  {{ {line} }},\n" for line in lines) + "]\n"


CONV = 'op = "conv", name = "a", out = 48, kernel = 3'  # 27 parameters a channel


@pytest.mark.parametrize(
    ("row", "at_1", "at_half", "at_2"),
    [
        ('op = "prelu", slopes = 48', 48, 24, 96),
        ('op = "prelu", slopes = 1', 1, 1, 1),
        ('op = "prelu"', 1, 1, 1),
        ('op = "scale", numbers = 48', 96, 48, 192),
        ('op = "scale", numbers = 48, bias = false', 48, 24, 96),
        ('op = "scale"', 96, 48, 192),
        ('op = "scale", numbers = 1', 2, 2, 2),
        ('op = "bias", numbers = 48', 48, 24, 96),
        ('op = "bias", numbers = 20', 20, 20, 20),  # one a row of the map
        ('op = "bias", numbers = 400', 400, 400, 400),  # one a position
        ('op = "bias", numbers = 960', 960, 480, 1920),  # one a row and channel
        ('op = "prelu", slopes = 19200', 19_200, 9_600, 38_400),  # one a number
        ('op = "l2_norm", numbers = 48', 48, 24, 96),
        ('op = "l2_norm", numbers = 1', 1, 1, 1),
    ],
)
def test_what_is_learned_a_channel_follows_the_channels(row: str, at_1: int, at_half: int, at_2: int) -> None:
    """A convolution of 48 channels is 24 at alpha 0.5 and 96 at 2, 27 parameters each; behind it the
    row's own.
    """
    text = rows(CONV, row)
    for alpha, channels, own in ((1.0, 48, at_1), (0.5, 24, at_half), (2.0, 96, at_2)):
        assert params(text, alpha=alpha) == 27 * channels + own, alpha
    grid = costs(text, alpha=np.array([[1.0], [0.5], [2.0]])).params_by_kind()
    assert (sum(grid.values()) + np.zeros((3, 1), int)).ravel().tolist() == [
        27 * 48 + at_1,
        27 * 24 + at_half,
        27 * 96 + at_2,
    ]


STYLED = '[style]\nbias = true\nnorm = false\npadding = "valid"\nactivation = "none"\n'


@pytest.mark.parametrize(
    ("op", "own", "size"),
    [
        ('op = "conv", out = 12, kernel = 3', 3 * 9 * 12 + 12, 14),
        ('op = "depthwise"', 27 + 3, 14),
        ('op = "transposed_conv", out = 20', 3 * 4 * 20 + 20, 32),
        ('op = "transposed_conv", out = 20, kernel = 3', 3 * 9 * 20 + 20, 33),  # "same" would give 32
        ('op = "transposed_conv", out = 20, kernel = 3, bias = false, padding = "same"', 3 * 9 * 20, 32),
        ('op = "conv_norm", out = 12, kernel = 3', 3 * 9 * 12 + 12, 14),
    ],
)
def test_style_holds_for_every_convolution(op: str, own: int, size: int) -> None:
    """Biases and padding of [style], unless the row says otherwise; a transposed convolution is one."""
    done = costs(rows(op, head="resolution = 16") + STYLED)
    assert trained(done) == own
    assert tuple(done.layers[-1].output)[:2] == (size, size)


@pytest.mark.parametrize(("alpha", "out"), [(0.1, 2), (0.5, 2), (0.99, 2), (1.0, 2), (2.0, 8)])
def test_an_alpha_below_1_widens_no_output(alpha: float, out: int) -> None:
    """A mask of 2 channels would become 8, the least that widths round to."""
    found = costs(rows('op = "conv", out = 2'), alpha=alpha)
    assert found.layers[-1].output.c == out
    assert not found.graph.notes


def test_where_rounding_widens_the_answer_says_so() -> None:
    """12 at 0.75 is 9, of which 8 would lose more than a tenth: 16, as TF-slim's rule has it; 24 becomes
    18, so 24.
    """
    found = costs(rows('op = "conv_norm", out = 12'), alpha=0.75)
    assert found.layers[0].output.c == 16
    assert found.graph.notes == (
        "alpha 0.75 makes a row wider than printed, by the rounding of widths: first 'conv 1', 12 -> 16",
    )
    same = costs(rows('op = "conv_norm", out = 24'), alpha=0.75)
    assert same.layers[0].output.c == 24
    assert not same.graph.notes


ENDS = {
    "bneck": ('op = "bneck", expand = 2, out = 32', [64, 64], 5120),
    "conv_norm": ('op = "conv_norm", out = 16', [16], 32 * 16 + 32 + 16),
    "separable": ('op = "separable", out = 16', [32, 16], 288 + 64 + 32 + 512 + 32 + 16),
    "spatial_separable": ('op = "spatial_separable", out = 16', [16], 3 * 32 * 16 + 3 * 16 * 16 + 32 + 16),
    "residual": (
        'op = "residual", mid = 8, out = 32',
        [8, 8, 32],
        32 * 8 + 16 + 8 + 576 + 16 + 8 + 256 + 64 + 32,
    ),
    "uib": ('op = "uib", expand = 2, out = 32', [64, 64], 2048 + 128 + 64 + 576 + 128 + 64 + 2048 + 64),
    "depthwise_norm": ('op = "depthwise_norm"', [32], 288 + 64 + 32),
    "xception": ('op = "xception", out = 32', [32, 32], 2 * (32 + 288 + 1024 + 64)),
    "fire": (
        'op = "fire", squeeze = 8, out = 32',
        [8, 16, 16],
        256 + 16 + 8 + 128 + 32 + 16 + 1152 + 32 + 16,
    ),
}


@pytest.mark.parametrize("block", ENDS)
def test_prelu_is_an_activation_of_every_block(block: str) -> None:
    """A slope a channel of the map that it stands behind: MobileFaceNet's bneck has 64 behind the
    expansion and 64 behind the filter.
    """
    row, slopes, total = ENDS[block]
    done = costs(rows(row, head="resolution = [56, 48]\nchannels = 32") + '[style]\nactivation = "prelu"\n')
    assert [
        dict(t.factors)["slopes"] for x in done.layers if x.node.op.label == "prelu" for t in x.params
    ] == slopes
    assert trained(done) == total


def test_prelu_of_a_block_follows_alpha() -> None:
    """Behind 48 channels at alpha 0.5 stand 24 slopes, and in a grid each cell has its own."""
    text = rows('op = "conv_norm", out = 48, activation = "prelu", norm = false')
    assert params(text, alpha=0.5) == 3 * 24 + 24
    assert costs(text, alpha=np.array([0.5, 1.0, 2.0])).params_by_kind()["activation"].tolist() == [
        24,
        48,
        96,
    ]


@pytest.mark.parametrize(
    ("alpha", "kind", "madds"),
    [(1.0, "depthwise", 9 * 48 * 400), (0.5, "depthwise", 9 * 24 * 400), (2.0, "depthwise", 9 * 96 * 400)],
)
@pytest.mark.parametrize("op", ["conv", "conv_norm"])
def test_as_many_groups_as_channels_stay_one_a_channel(op: str, alpha: float, kind: str, madds: int) -> None:
    """A depthwise convolution written by its groups stays one whatever alpha leaves; at 2 it was a
    grouped one before.
    """
    done = costs(rows(CONV, f'op = "{op}", out = 48, kernel = 3, groups = 48'), alpha=alpha)
    assert done.work_by_kind()[kind] == madds


@pytest.mark.parametrize(("alpha", "channels"), [(1.0, 24), (0.5, 12), (0.25, 8)])
def test_a_slice_is_the_share_that_the_table_says(alpha: float, channels: int) -> None:
    """Half of 48 channels is half of what alpha leaves: 24 of 48, 12 of 24; 0.25 leaves 16."""
    done = costs(rows(CONV, 'op = "slice", name = "s", channels = 24, start = 24'), alpha=alpha)
    assert done.layers[-1].output.c == channels


def test_a_slice_of_a_third_stays_a_third() -> None:
    """A third of 48 is 16; of 24 it is 8."""
    assert costs(rows(CONV, 'op = "slice", channels = 16'), alpha=0.5).layers[-1].output.c == 8


FIXED = {
    "reduce": 'op = "reduce", h = 1, w = 1, c = 48',
    "repeat": 'op = "repeat", h = 40, w = 40, c = 48',
    "reshape": 'op = "reshape", h = 400, w = 1, c = 48',
    "permute": 'op = "permute", h = 1, w = 400, c = 48',
}


@pytest.mark.parametrize("op", FIXED)
def test_a_stated_map_of_all_channels_has_those_that_alpha_leaves(op: str) -> None:
    """48 channels of 48 are 24 of 24 at alpha 0.5."""
    assert costs(rows(CONV, FIXED[op])).layers[-1].output.c == 48
    assert costs(rows(CONV, FIXED[op]), alpha=0.5).layers[-1].output.c == 24


def test_a_product_of_two_maps_has_the_sums_it_states() -> None:
    """Two maps of 16 tokens and 64 channels make 16 x 16 sums of 64."""
    text = rows(
        'op = "conv", name = "q", out = 64',
        'op = "conv", name = "k", from = "input", out = 64',
        'op = "matmul", from = ["q", "k"], inner = 64, h = 16, w = 1, c = 16',
        head="resolution = 4",
    )
    assert costs(text).work_by_kind()["matmul"] == 16 * 16 * 64


@pytest.mark.parametrize(
    ("h", "w", "c", "numbers"),
    [(60, 14, 25, 3 * 14 * 25), (14, 60, 25, 2 * 14 * 25), (14, 60, 25, 5 * 14 * 60)],
)
def test_numbers_of_further_axes_read_back(tmp_path: Path, h: int, w: int, c: int, numbers: int) -> None:
    """A part of one axis with two whole ones, as a table a head is in a file that was converted; 11 parts
    of an axis of 60 are none.
    """
    text = rows(f'op = "bias", numbers = {numbers}', head=f"resolution = [{h}, {w}]\nchannels = {c}")
    (tmp_path / "net.toml").write_text(text, "utf-8")
    assert trained(cost(load(str(tmp_path / "net.toml"), Settings()).graph)) == numbers
    with pytest.raises(SpecError, match="fit no axes"):
        costs(rows(f'op = "bias", numbers = {11 * h * c}', head=f"resolution = [{h}, {w}]\nchannels = {c}"))


@pytest.mark.parametrize(
    ("size", "channels", "numbers"), [("[5, 7]", 6, 105), ("[5, 4]", 3, 30), ("[4, 5]", 3, 30)]
)
def test_numbers_of_a_part_of_one_axis_and_two_whole_ones_are_taken(
    size: str, channels: int, numbers: int
) -> None:
    """35 positions x half of 6 channels; 15 of height and channels x half of the width; 15 of width and
    channels x half of the height.
    """
    row = f'op = "bias", numbers = {numbers}'
    assert (
        params(rows(f'op = "conv", out = {channels}', row, head=f"resolution = {size}"))
        == 3 * channels + numbers
    )
