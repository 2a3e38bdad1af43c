"""Are the factorisations' figures the papers' own?"""

from __future__ import annotations

import json
import re
from math import prod

from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses.report.factorize import Layer, expected, factorize
from mnetcost.cli import cli
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.shapes import Shape


def figures(layer: Layer) -> dict[str, tuple[int, int]]:
    """Params and multiply-adds by name."""
    return {
        c["name"]: (c["params"], c["madds"]) for c in factorize(layer, load_convention()).data["convolutions"]
    }


def test_the_worked_example() -> None:
    """112x112x64 under 3x3 to 128: 924,844,032 against 109,985,792, which is 0.1189."""
    document = factorize(Layer(Shape(112, 112, 64), 128), load_convention())
    rows = {row[0]: row for row in document.tables[0].rows}
    assert rows["standard"][5] == 3 * 3 * 64 * 128 * 112 * 112 == 924_844_032
    assert rows["depthwise separable"][5] == 3 * 3 * 64 * 112 * 112 + 64 * 128 * 112 * 112 == 109_985_792
    assert f"{rows['depthwise separable'][6]:.4f}" == f"{document.data['expected_ratio']:.4f}" == "0.1189"
    assert rows["grouped, 8 groups"][5] == 924_844_032 // 8


def test_the_other_example() -> None:
    """12x12x3 under 5x5 without padding is 8x8: 256 kernels of 5x5x3, or 3 of 5x5 and 256 of 1x1x3."""
    found = figures(Layer(Shape(12, 12, 3), 256, 5, padding="valid"))
    assert found["standard"] == (5 * 5 * 3 * 256, 5 * 5 * 3 * 256 * 8 * 8)
    assert found["depthwise separable"] == (5 * 5 * 3 + 3 * 256, (5 * 5 * 3 + 3 * 256) * 8 * 8)


def test_table_3_of_the_v1_paper() -> None:
    """462, 52.3, 29.6 and 15.1 M multiply-adds; 2.36, 0.27, 0.15 and 0.15 M params."""
    found = figures(Layer(Shape(14, 14, 512), 512, alpha=0.75, rho=0.714))
    assert found["standard"] == (2_359_296, 462_422_016)
    assert found["depthwise separable"] == (266_752, 52_283_392)
    assert found["depthwise separable, alpha 0.75"] == (150_912, 29_578_752)
    assert found["depthwise separable, alpha 0.75, rho 0.714"] == (150_912, 15_091_200)


def test_spatially_separable_is_a_column_then_a_row() -> None:
    """K x M x N + K x N x N params; with stride 2 the column already halves the height."""
    assert figures(Layer(Shape(14, 14, 8), 16))["spatially separable"][0] == 3 * 8 * 16 + 3 * 16 * 16
    assert (
        figures(Layer(Shape(14, 14, 8), 16, stride=2))["spatially separable"][1]
        == 3 * 8 * 16 * 7 * 14 + 3 * 16 * 16 * 7 * 7
    )


@given(
    h=st.integers(7, 60),
    w=st.integers(7, 60),
    c=st.integers(1, 64),
    out=st.integers(1, 64),
    k=st.integers(1, 7),
    stride=st.integers(1, 3),
)
def test_the_ratio_is_what_the_paper_promises(h: int, w: int, c: int, out: int, k: int, stride: int) -> None:
    """1/N + 1/D_K^2, exactly, for any layer and stride, of params and of multiply-adds."""
    layer = Layer(Shape(h, w, c), out, k, stride)
    found = figures(layer)
    for n in (0, 1):
        assert found["depthwise separable"][n] == expected(layer) * found["standard"][n]


@given(
    c=st.integers(1, 96),
    out=st.integers(1, 96),
    k=st.integers(1, 5),
    alpha=st.sampled_from([None, 0.3, 0.75]),
)
def test_printed_formulas_come_to_the_printed_counts(c: int, out: int, k: int, alpha: float | None) -> None:
    """The products of every row, multiplied and added up."""
    for row in factorize(Layer(Shape(9, 8, c), out, k, alpha=alpha), load_convention()).data["convolutions"]:
        for key in ("params", "madds"):
            parts = row[f"{key}_formula"].split(" + ")
            assert sum(prod(map(int, re.findall(r"\d+", part))) for part in parts) == row[key]


def test_flops_count_two() -> None:
    """Under `flops` the formula says so and the count is doubled."""
    row = factorize(Layer(Shape(112, 112, 64), 128), load_convention("flops")).data["convolutions"][0]
    assert (row["madds"], row["madds_formula"]) == (2 * 924_844_032, "2 x 3 x 3 x 64 x 128 x 112 x 112")


def test_the_command_reads_sizes_and_paddings() -> None:
    """A rectangular kernel, a stride and zeros on each side."""
    call = [
        "factorize",
        "20x30x4",
        "--kernel",
        "3x5",
        "--out",
        "6",
        "--stride",
        "2x1",
        "--padding",
        "1x2",
        "--groups",
        "2",
        "--format",
        "json",
    ]
    data = json.loads(CliRunner().invoke(cli, call).stdout)
    assert (data["output"], data["kernel"], data["stride"], data["padding"], data["groups"]) == (
        [10, 30, 6],
        [3, 5],
        [2, 1],
        [1, 2],
        2,
    )
