"""Are the figures behind sliders those of the engine, at every stop and in every block?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import mnetcost
from mnetcost.analyses.report.metrics import Gauge
from mnetcost.analyses.report.report import View, report
from mnetcost.analyses.report.stops import sliders, split
from mnetcost.analyses.sliders import Bound, Parts, Sliders, sliders_data
from mnetcost.cli.budgets import nearest_budgets
from mnetcost.designs import load, load_spec
from mnetcost.designs.budgets.config import read_config
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.designs.settings import Design
from mnetcost.designs.shipped import shipped
from mnetcost.engine.costs import cost
from mnetcost.errors import SpecError

JOINED = """
title = "Two maps of different sizes, flattened into one dense layer"
resolution = 32
alphas = [1.0]
resolutions = [32]
layers = [
  { op = "conv", name = "stem", out = 16, kernel = 3, stride = 2 },
  { op = "flatten", name = "large" },
  { op = "conv", name = "small", from = "stem", out = 24, kernel = 3, stride = 2, padding = "valid" },
  { op = "flatten", name = "flat" },
  { op = "concat", name = "both", from = ["large", "flat"] },
  { op = "dense", name = "last", out = "classes" },
]
classes = 10
"""
"""Its dense layer has h w c inputs of one map and of another: their sum is no product of alpha and size."""


def made(design: str | Design, convention: str = "paper", **asked: Any) -> Sliders:
    """The sliders of a design, which has some."""
    loaded = mnetcost.load(design, **asked) if isinstance(design, str) else design
    found = sliders(loaded, load_convention(convention))
    assert found is not None
    return found


def parts_of(s: Sliders, key: str) -> Parts:
    figure = s.figure(key)
    assert figure is not None, key
    return figure.parts


def faults(
    s: Sliders, design: Design, stops: Sequence[tuple[int, int]], convention: str = "paper"
) -> list[str]:
    """Where a figure is not that of the design built at a stop by itself, or not the sum of its blocks."""
    assert design.spec is not None
    found = []
    for i, j in stops:
        there = load_spec(design.spec, design.settings._replace(alpha=s.alphas[i], resolution=s.sizes[j]))
        gauge = Gauge(cost(there.graph, there.batch), load_convention(convention), there)
        for key, _, _, parts in s.figures:
            if (value := s.value(parts, i, j)) != gauge.figure(key):
                found.append(f"{there.heading}: {key} is {gauge.figure(key):,}, not {value:,}")
        for key, sides in (("params", [b.params for b in s.blocks]), ("madds", [b.madds for b in s.blocks])):
            if sum(s.value(parts, i, j) for parts in sides) != s.value(parts_of(s, key), i, j):
                found.append(f"{there.heading}: {key} of blocks")
    return found


def corners(s: Sliders) -> list[tuple[int, int]]:
    """The first stop, the last, the design's own and one between."""
    n, m = len(s.alphas), len(s.sizes)
    return [(0, 0), (n - 1, m - 1), s.here, (n // 3, m // 2)]


@pytest.mark.parametrize("name", shipped())
def test_a_stop_is_the_design_built_there(name: str) -> None:
    """Every shipped design, at four stops: all figures, memory too, and the sums of the blocks."""
    design = load(name)
    s = made(design)
    assert faults(s, design, corners(s)) == []
    assert (s.alphas[s.here[0]], s.sizes[s.here[1]]) == (design.alpha, design.resolution)
    assert len(json.dumps(sliders_data(s))) < 50_000


@pytest.mark.parametrize("convention", convention_names())
def test_any_convention_can_be_slid(convention: str) -> None:
    """Also one that weighs single factors of a term, or takes additions off."""
    for name in ("v2", "keras/v3-large"):
        design = load(name)
        s = made(design, convention)
        assert faults(s, design, corners(s), convention) == []


def test_every_stop_of_v2_with_other_settings() -> None:
    """Classes, channels, batch, top and depth stay as they are asked for."""
    design = mnetcost.load("v2:classes=10,channels=1,batch=2,depth=1.5,alpha=0.35", resolution=(160, 96))
    s = made(design)
    assert faults(s, design, [(i, j) for i in range(0, len(s.alphas), 3) for j in range(len(s.sizes))]) == []
    assert (160, 96) in s.sizes
    assert (80, 48) in s.sizes
    bare = mnetcost.load("v2", top=False)
    assert faults(made(bare), bare, [(3, 1)]) == []


def test_v2_takes_two_columns() -> None:
    """Ones, and the positions of its last maps, 3 x 3 to 10 x 10, of which all others have a multiple at
    multiples of 32 pixels: 300,774,272 MAdds at 224 pixels are 1,280,000 of the classifier and 7 x 7 times
    6,112,128.
    """
    s = made("v2")
    assert s.sizes == tuple((n, n) for n in range(96, 321, 32))
    assert set(s.columns) == {(1,) * 8, tuple(n * n for n in range(3, 11))}
    (classifier, ones), (rest, squares) = sorted(parts_of(s, "madds"), key=lambda pair: pair[1])
    i, j = s.here
    assert (s.rows[classifier][i], s.columns[ones][j]) == (1_280_000, 1)
    assert (s.rows[rest][i], s.columns[squares][j]) == (6_112_128, 49)
    assert 1_280_000 + 49 * 6_112_128 == 300_774_272


def test_what_does_not_factor_is_kept_exact(tmp_path: Path) -> None:
    """Inputs of a dense layer that are 16a h w of one map and 24a h w of another, smaller one: a column for
    each size that is 1 there and 0 elsewhere.
    """
    (tmp_path / "joined.toml").write_text(JOINED, "utf-8")
    design = load(str(tmp_path / "joined.toml"))
    s = made(design)
    every = [(i, j) for i in range(len(s.alphas)) for j in range(len(s.sizes))]
    assert faults(s, design, every) == []
    last = next(block for block in s.blocks if block.name == "last")
    assert {s.columns[column] for _, column in last.madds} == {
        tuple(int(n == j) for n in range(len(s.sizes))) for j in range(len(s.sizes))
    }


ROWS = {
    "conv": '{{ op = "conv_norm", out = {out}, {window} }}',
    "depthwise": '{{ op = "depthwise_norm", {window} }}',
    "pool": '{{ op = "max_pool", {window} }}',
    "adaptive": '{{ op = "adaptive_pool", size = 3 }}',
}
window = st.builds(
    'kernel = {}, stride = {}, padding = "{}"'.format,
    st.sampled_from((1, 3, 5)),
    st.integers(1, 2),
    st.sampled_from(("same", "valid")),
)
row = st.builds(
    lambda op, out, window: ROWS[op].format(out=out, window=window),
    st.sampled_from(sorted(ROWS)),
    st.integers(3, 70),
    window,
)
last = st.sampled_from(('{ op = "flatten" }', '{ op = "global_pool" }'))


@settings(max_examples=25)
@given(rows=st.lists(row, min_size=1, max_size=5), last=last, side=st.integers(20, 70), data=st.data())
def test_small_nets_of_any_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[str], last: str, side: int, data: st.DataObject
) -> None:
    """Convolutions and pools with padding or without, at odd sizes: exact at any stop, and a size that is too
    small for them is no stop.
    """
    stem = '{ op = "conv", out = 8 }'
    body = ",\n  ".join((stem, *rows, last, '{ op = "dense", out = "classes" }'))
    file = tmp_path_factory.mktemp("nets") / "net.toml"
    file.write_text(f"resolution = {side}\nclasses = 7\nlayers = [\n  {body},\n]\n", "utf-8")
    try:
        design = load(str(file))
    except SpecError:  # a window that is larger than the map before it
        assume(False)
    s = made(design)
    stop = st.tuples(st.integers(0, len(s.alphas) - 1), st.integers(0, len(s.sizes) - 1))
    assert faults(s, design, [s.here, *(data.draw(stop) for _ in range(4))]) == []


@given(st.lists(st.lists(st.integers(-9, 9), min_size=3, max_size=3), min_size=1, max_size=4), st.booleans())
def test_a_split_grid_is_the_grid(rows: list[list[int]], product: bool) -> None:
    """Whatever is in it; a product of a column and a row is one part."""
    grid = np.array(rows)
    grid = grid[:, :1] * grid[:1] if product else grid
    parts = list(split(grid, grid.shape))
    total = sum((values[:, None] * np.array(column) for values, column in parts), np.zeros_like(grid))
    assert (total == grid).all()
    assert len(parts) <= (1 if product else 3)


def test_a_size_that_is_too_small_is_no_stop(tmp_path: Path) -> None:
    """A window of 150 pixels fits no image of 128 pixels."""
    file = tmp_path / "large.toml"
    rows = '{ op = "conv", out = 8, kernel = 150, padding = "valid" }, { op = "global_pool" }'
    file.write_text(f"resolution = 224\nclasses = 7\nlayers = [{rows}]\n", "utf-8")
    assert [height for height, _ in made(str(file)).sizes] == [160, 192, 224, 256, 288, 320]


def test_a_slider_that_changes_nothing_has_one_stop(tmp_path: Path) -> None:
    """A net of fixed widths has its own alpha only; one whose input is pooled to 2 x 2 has no sliders."""
    file = tmp_path / "fixed.toml"
    rows = '{ op = "conv", role = "output", out = 8, kernel = 3 }, { op = "global_pool" }'
    text = "resolution = 224\nclasses = 7\nlayers = [{}]\n"
    file.write_text(text.format(rows), "utf-8")
    assert made(str(file)).alphas == (1.0,)
    rows = '{ op = "adaptive_pool", size = 2 }, { op = "flatten" }, { op = "dense", out = "classes" }'
    file.write_text(text.format(rows), "utf-8")
    assert mnetcost.report(str(file)).sliders() is None


def test_large_counts_are_texts_in_json() -> None:
    """JavaScript rounds whole numbers from 2**53 on; a batch of a million ResNets passes that."""
    small, large = made("resnet50"), made("resnet50", batch=1_000_000)
    assert (small.big, large.big) == (False, True)
    data = sliders_data(large)
    assert data["big"]
    i, j = large.here
    total = sum(int(data["rows"][r][i]) * int(data["columns"][c][j]) for r, c in data["figures"][1]["parts"])
    assert data["figures"][1]["key"] == "madds"
    assert total == 4_089_184_256 * 10**6
    assert {type(n) for n in data["rows"][0]} == {str}


def test_what_is_no_spec_has_no_sliders() -> None:
    """The alpha of a model file is fixed in its weights; other answers have none, either."""
    assert mnetcost.report("tests/field/file-bn.prototxt").sliders() is None
    assert mnetcost.compare("v1", "v2").sliders() is None


BUDGETS = """
[[budget]]
design = "v2"
params = "3.6M"
madds = { max = ["310M", "+1%", "305M"], min = "100M" }
ram = "2M"
"layer".params = 10

[[budget]]
design = "v2"
alpha = 0.5
madds = "100M"

[[budget]]
design = "v1"
madds = "600M"

[[budget]]
design = "v2"
convention = "flops"
madds = "700M"
"""


def test_budgets_of_the_design_are_bounds(tmp_path: Path) -> None:
    """Its absolute limits, the tightest of several; not those of other designs, settings, conventions or of
    single layers, and not those relative to a base.
    """
    file = tmp_path / "mnetcost.toml"
    file.write_text(BUDGETS.replace('"layer".params = 10\n', 'flops = "650M"\nlayers = 999\n'), "utf-8")
    config = read_config(file)
    document = report(
        load("v2"), mnetcost.cost("v2"), load_convention(), view=View(budgets=lambda: config.budgets)
    )
    found = document.sliders()
    assert found is not None
    assert found.bounds == (
        Bound("v2", "params", 3_600_000),
        Bound("v2", "madds", 305_000_000, 100_000_000),
        Bound("v2", "peak_bytes.int8", 2 * 1024**2),
        Bound("v2", "flops", 650_000_000),
    )
    assert found.figure("flops") is not None
    halved = sliders(load("v2:alpha=0.5"), load_convention(), budgets=config.budgets)
    assert halved is not None
    assert [(one.label, one.most) for one in halved.bounds] == [("v2:alpha=0.5", 100_000_000)]


def test_broken_budgets_do_not_stop_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake in mnetcost.toml is for `check` to show; a report has no bounds then."""
    monkeypatch.chdir(tmp_path)
    assert nearest_budgets() == ()
    (tmp_path / "mnetcost.toml").write_text('[[budget]]\ndesign = "v2"\nparams = "3.6M"\n', "utf-8")
    assert [budget.label for budget in nearest_budgets()] == ["v2"]
    (tmp_path / "mnetcost.toml").write_text('[[budget]]\ndesign = "v2"\nprams = 3\n', "utf-8")
    assert nearest_budgets() == ()
    from mnetcost.cli import cli

    assert CliRunner().invoke(cli, ["report", "v2", "--format", "html"]).exit_code == 0
