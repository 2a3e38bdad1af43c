"""Do ops follow the size and alpha of the rows around them, for one design and for a grid alike?"""

from __future__ import annotations

import re

import numpy as np
import pytest

from mnetcost.designs.build import build
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.num import anywhere
from mnetcost.errors import SpecError


def spec_of(rows: str, channels: int = 3) -> Spec:
    text = f"resolution = 64\nchannels = {channels}\nlayers = [\n{rows}\n]\n"
    return read_spec(text, "net.toml", "net", None, parent_of)


def costed(spec: Spec, side: tuple[int, int], alpha: float = 1.0) -> Costs:
    return cost(build(spec, alpha, *side, spec.classes))


def madds(costs: Costs) -> int:
    kinds = ("conv", "depthwise", "pointwise", "grouped", "dense", "matmul")
    return sum(n for kind, n in costs.work_by_kind().items() if kind in kinds)


def params(costs: Costs) -> int:
    return sum(n for kind, n in costs.params_by_kind().items() if kind != "norm_statistics")


CONTEXT = """
  { op = "conv_norm", name = "a", out = 16, kernel = 3, stride = 4 },
  { op = "global_pool", name = "all" },
  { op = "conv_norm", name = "context", out = 16 },
  { op = "resize", name = "back", like = "a" },
  { op = "concat", name = "both", from = ["a", "back"] },
  { op = "conv_norm", name = "mix", out = 16 },
"""
SUBPIXEL = """
  { op = "conv", name = "f", out = 12, kernel = 3, bias = true },
  { op = "conv", name = "sub", out = 4, kernel = 3, bias = true },
  { op = "depth_to_space", name = "shuffle" },
  { op = "conv", name = "sharpen", out = 1, kernel = 5, bias = true },
"""
UNET = """
  { op = "conv", name = "down", out = 8, kernel = 3, padding = "valid" },
  { op = "space_to_depth", name = "deep" },
  { op = "conv", name = "half", out = 16 },
  { op = "resize", name = "up", ratio = [1.5, 2.5] },
  { op = "resize", name = "again", ratio = 0.5 },
  { op = "crop", name = "skip", from = "down", like = "again" },
  { op = "concat", name = "both", from = ["skip", "again"] },
  { op = "conv", name = "mix", out = 8 },
  { op = "flatten", name = "flat" },
  { op = "dense", name = "scores", out = 10 },
"""


@pytest.mark.parametrize(
    ("rows", "channels", "side", "expected"),
    [
        (CONTEXT, 3, (64, 64), 241_920),
        (CONTEXT, 3, (96, 128), 725_248),
        (SUBPIXEL, 1, (24, 24), 368_640),
        (SUBPIXEL, 1, (30, 40), 768_000),
    ],
)
def test_a_design_counts_right_at_another_size(
    rows: str, channels: int, side: tuple[int, int], expected: int
) -> None:
    """Worked out by hand, layer by layer."""
    assert madds(costed(spec_of(rows, channels), side)) == expected


@pytest.mark.parametrize("rows", [CONTEXT, UNET])
def test_a_grid_is_the_loop(rows: str) -> None:
    """Every kind of count, at every alpha and size."""
    grid_is_loop(spec_of(rows))


def grid_is_loop(spec: Spec) -> None:
    alphas, heights, widths = (0.5, 1.0), (64, 96, 128), (64, 128, 32)
    grid = cost(
        build(spec, np.array(alphas)[:, None], np.array(heights), np.array(widths), np.array(spec.classes))
    )
    for counts in ("params_by_kind", "work_by_kind"):
        cells = {
            kind: np.broadcast_to(n, (len(alphas), len(heights)))
            for kind, n in getattr(grid, counts)().items()
        }
        for a, alpha in enumerate(alphas):
            for n, side in enumerate(zip(heights, widths, strict=True)):
                loop = getattr(costed(spec, side, alpha), counts)()
                assert {kind: int(c[a, n]) for kind, c in cells.items() if anywhere(c[a, n])} == {
                    kind: count for kind, count in loop.items() if count
                }


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{ op = "resize", like = "b" }', "there is no row 'b' above this one"),
        ('{ op = "resize", h = 3 }', "resize needs either 'h' and 'w' or 'like' or 'ratio'"),
        ('{ op = "resize", like = "a", ratio = 2 }', "resize needs either 'h' and 'w' or 'like' or 'ratio'"),
        ('{ op = "crop" }', "crop needs either 'h' and 'w' or 'like'"),
        (
            '{ op = "resize", ratio = 0 }',
            "'ratio' must be a number above 0 up to 1000, or [height, width] of",
        ),
    ],
)
def test_a_size_is_given_in_one_way(row: str, message: str) -> None:
    """By numbers, by a row above, or by a ratio."""
    with pytest.raises(SpecError, match=re.escape(message)):
        costed(spec_of(f'{{ op = "conv", name = "a", out = 3 }},\n{row},'), (8, 8))
