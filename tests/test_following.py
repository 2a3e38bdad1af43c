"""Do ops follow the size and alpha of the rows around them, for one design and for a grid alike?"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from mnetcost.analyses.changes.diff import diff
from mnetcost.designs.build import build
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import parent_of
from mnetcost.designs.loading import load
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.num import anywhere
from mnetcost.errors import SpecError


def spec_of(rows: str, channels: int = 3) -> Spec:
    text = f"resolution = 64\nchannels = {channels}\nlayers = [\n{rows}\n]\n"
    return spec_in(text)


def spec_in(text: str) -> Spec:
    return read_spec(text, "net.toml", "net", None, parent_of)


def costed(spec: Spec, sides: tuple[int, ...], alpha: float = 1.0) -> Costs:
    *depth, height, width = sides
    return cost(build(spec, alpha, height, width, spec.classes, True, *depth))


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


ATTENTION = """
  { op = "conv", name = "patch", out = 32, kernel = 16, stride = 16, bias = true },
  { op = "attention", heads = 2 },
"""
VIT = """
  { op = "conv", name = "grid", out = 8, kernel = 8, stride = 8, padding = "valid" },
  { op = "patch_embed", name = "patch", from = "input", out = 32, size = 8 },
  { op = "class_token", tokens = 2 },
  { op = "positions" },
  { op = "layer_norm", name = "normed" },
  { op = "attention", heads = 4, width = 64, kv_heads = 2, values = 32, out_bias = false },
  { op = "tokens_to_map", name = "map", drop = 2, like = "grid" },
  { op = "attention", heads = 2, window = [3, 2], relative = true },
  { op = "attention", heads = 2, step = 2 },
  { op = "attention", heads = 2, attend = "channels", project = false },
  { op = "attention", heads = 2, keys = "normed" },
  { op = "adaptive_pool", size = [3, 5], pool = "max" },
"""
LEARNED = """
  { op = "conv", name = "a", out = 32, kernel = 3, stride = 4 },
  { op = "activation", function = "prelu" },
  { op = "conv_norm", name = "b", out = 32, kernel = 3, activation = "prelu" },
  { op = "conv_norm", name = "c", out = 32, kernel = 3, activation = "prelu", weights = "b" },
  { op = "group_norm", groups = 4 },
  { op = "expert_conv", out = 16, kernel = 3, experts = 3, reduce = 0.25 },
  { op = "reduce", name = "mean", by = "mean", over = "channels" },
  { op = "global_pool", from = "c" },
  { op = "permute", axes = "cwh" },
  { op = "conv", out = 1, kernel = [3, 1] },
  { op = "permute", name = "eca", axes = "cwh" },
  { op = "gate", from = ["c", "eca"] },
"""


@pytest.mark.parametrize(("side", "expected"), [(64, 475_136), (96, 1_115_136)])
def test_attention_has_both_products(side: int, expected: int) -> None:
    """At T tokens of 32 channels: a patch of 16 x 16 x 3 each, four layers of 32 x 32, and 2 x 32 T T."""
    assert madds(costed(spec_of(ATTENTION), (side, side))) == expected


def test_attention_counts_every_head_and_every_window() -> None:
    """6 x 8 tokens of 24 channels, padded to 6 x 10 for windows of 3 x 5: four windows of 15 tokens."""
    row = '{ op = "attention", heads = 3, window = [3, 5], relative = true }'
    spec = spec_of(row, channels=24)
    done = costed(spec, (6, 8))
    assert madds(done) == 60 * 4 * 24 * 24 + 2 * 4 * 15 * 15 * 24
    assert params(done) == 4 * (24 * 24 + 24) + 3 * 5 * 9
    by_name = {x.name.split("/")[-1]: x for x in done.layers}
    assert tuple(by_name["scores"].output) == (12, 15, 15)
    assert tuple(by_name["crop"].output) == (6, 8, 24)


def test_grouped_heads_share_keys_and_values() -> None:
    """Queries of 64, keys of 64 / 8 x 2, values of 128 / 8 x 2, both products at full width."""
    row = '{ op = "attention", heads = 8, kv_heads = 2, width = 64, values = 128, out = 40, bias = false }'
    done = costed(spec_of(row, channels=24), (5, 4))
    assert params(done) == 24 * (64 + 16 + 32) + 128 * 40
    assert madds(done) == 20 * params(done) + 20 * 20 * (64 + 128)


def test_weights_are_counted_once() -> None:
    """The second row has the multiply-adds, and no parameters."""
    row = '{{ op = "conv_norm", name = "{}", out = 3, kernel = 3, activation = "prelu"{} }},'
    one = costed(spec_of(row.format("a", "")), (8, 8))
    two = costed(spec_of(row.format("a", "") + row.format("b", ', weights = "a"')), (8, 8))
    assert params(two) == params(one) == 81 + 6 + 3
    assert madds(two) == 2 * madds(one)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("out = 4, kernel = 3", "the weights of 'a' (conv: 3 k_h x 3 k_w x 3 c_in x 3 c_out) do not fit 'b'"),
        ("out = 3, kernel = 3, bias = true", "do not fit 'b'"),
    ],
)
def test_weights_that_do_not_fit_are_refused(row: str, message: str) -> None:
    """By the names of both layers, with the weights of each."""
    rows = '{ op = "conv", name = "a", out = 3, kernel = 3 },'
    rows += f'{{ op = "conv", name = "b", weights = "a", {row} }},'
    with pytest.raises(SpecError, match=re.escape(message)):
        costed(spec_of(rows), (8, 8))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("heads = 5", "5 heads do not divide a width of 24"),
        ("heads = 4, kv_heads = 3", "3 kv_heads do not divide 4 heads"),
        ("heads = 4, window = 4, step = 2", "a 'window' or a 'step', not both"),
        ("heads = 4, keys = 'input', window = 4", "attend by their positions"),
        ("heads = 4, step = 3", "a map of 8x8x24 is not made of pieces of 3x3"),
        ("heads = 4, project = false, out = 4", "'out' is the width of the layer that 'project' drops"),
        ("heads = 4, attend = 'channels', values = 8", "have one width"),
    ],
)
def test_attention_that_cannot_be_is_refused(row: str, message: str) -> None:
    """Not counted in some other way."""
    with pytest.raises(SpecError, match=re.escape(message)):
        costed(spec_of(f'{{ op = "attention", {row} }},', channels=24), (8, 8))


def test_designs_whose_rows_name_others_are_compared(tmp_path: Path) -> None:
    """By their layers: another name for the same row changes nothing."""
    files = []
    for name in ("small", "other"):
        rows = f"""
  {{ op = "conv", name = "a", out = 8, kernel = 4, stride = 4 }},
  {{ op = "resize", name = "{name}", ratio = 0.5 }},
  {{ op = "attention", heads = 2, keys = "{name}", from = "a" }},
  {{ op = "resize", like = "{name}" }},
  {{ op = "dense", name = "first", out = 8 }},
  {{ op = "dense", out = 8, weights = "first" }},
"""
        files.append(tmp_path / f"{name}.toml")
        files[-1].write_text(f"resolution = 64\nlayers = [{rows}]\n")
    a, b = (load(str(file)) for file in files)
    found = diff(a, b, load_convention("paper"))
    assert not found.causes
    assert (found.params, found.madds) == (0, 0)


@pytest.mark.parametrize("rows", [CONTEXT, UNET, ATTENTION, VIT, LEARNED])
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


FIXED = {
    "resize": ('{ op = "resize", name = "r", h = 64, w = 64 }', "`like` or `ratio`"),
    "crop": ('{ op = "crop", name = "r", h = 64, w = 64 }', "`like`"),
    "reshape": ('{ op = "reshape", name = "r", h = 4096, w = 1, c = 3 }', "map_to_tokens or flatten"),
    "permute": ('{ op = "permute", name = "r", h = 64, w = 64, c = 3 }', "depth_to_space or `axes`"),
}


@pytest.mark.parametrize("op", FIXED)
def test_a_row_of_fixed_size_is_named_where_another_size_does_not_fit(op: str) -> None:
    """The hint says what follows the size; at the spec's own size a fault has no such hint."""
    row, follows = FIXED[op]
    both = '{ op = "concat", from = ["input", "r"] }'
    rows = row if op in ("reshape", "permute") else f"{row},\n{both}"
    build(spec_of(rows), 1.0, 64, 64, 10)
    with pytest.raises(SpecError) as e:
        build(spec_of(rows), 1.0, 60, 48, 10)
    assert e.value.faults[0].hint == (
        f"row 'r' has a fixed height and width; {follows} follows the size of the input"
    )
    with pytest.raises(SpecError) as e:
        build(spec_of(f'{rows},\n{{ op = "conv", out = 4, groups = 5 }}'), 1.0, 64, 64, 10)
    assert e.value.faults[0].hint == ""
