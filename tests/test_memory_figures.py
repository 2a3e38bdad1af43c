"""Memory in other answers: as a grid, side by side, and before and after a change."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import mnetcost
from mnetcost.analyses.report.metrics import Gauge
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost

from .test_cli import run

GRIDS = [
    "v1",
    "v2",
    "v3-small",
    "v3-large",
    "keras/v2",
    "torchvision/v2",
    "mnasnet-b1",
    "resnet18",
    "fd-mobilenet",
]
ALPHAS, SIZES = [0.25, 0.35, 0.5, 1.0, 1.3], [96, 100, (128, 160)]
METRICS = ["peak_bytes.int8", "peak_bytes.float32", "flash_bytes.int8", "flash_bytes.int4"]


@pytest.mark.parametrize("name", GRIDS)
def test_each_cell_of_a_grid_is_that_design(name: str) -> None:
    """Of array passes, at widths where shortcuts come and go, and at odd and oblong sizes."""
    grid = mnetcost.scale(name, alpha=ALPHAS, resolution=SIZES, metrics=METRICS)
    for i, alpha in enumerate(ALPHAS):
        for j, size in enumerate(SIZES):
            sides = size if isinstance(size, tuple) else (size, size)
            design = load(f"{name}:alpha={alpha},resolution={sides[0]}x{sides[1]}")
            gauge = Gauge(cost(design.graph), load_convention(), design)
            assert {m: int(grid.figures[m][i, j]) for m in METRICS} == {m: gauge.figure(m) for m in METRICS}


def test_an_arena_is_placed_cell_by_cell() -> None:
    """The planner takes one design at a time."""
    grid = mnetcost.scale("keras/v1", alpha=[0.25, 0.5], resolution=[96, 128], metrics=["arena"])
    found = [
        [mnetcost.memory("keras/v1", alpha=a, resolution=r).data["arena_bytes"] for r in (96, 128)]
        for a in (0.25, 0.5)
    ]
    assert grid.figures["arena_bytes.tflm"].tolist() == found


def test_a_grid_of_memory_in_every_format(tmp_path: Path) -> None:
    """Columns of csv, keys of JSON, arrays of npz, a table of text."""
    call = ("scale", "v1", "--alpha", "0.5,1", "--resolution", "128", "--metric", "ram, flash")
    rows = run(*call, "--format", "csv").stdout.splitlines()
    assert rows[0] == "alpha,resolution,params,madds,peak_bytes.int8,flash_bytes.int8"
    assert rows[2].split(",")[4:] == [str(64 * 64 * (32 + 64)), "4256864"]
    assert json.loads(run(*call, "--format", "json").stdout)["peak_bytes.int8"][1] == [393216]
    out = tmp_path / "g.npz"
    assert run(*call, "-o", str(out)).exit_code == 0
    assert np.load(out)["flash_bytes.int8"].shape == (2, 1)
    assert "peak_bytes.int8 by alpha and resolution" in run(*call).stdout


REFUSED = [
    ("rram", "there is no metric 'rram'"),
    (" , ", "--metric names no metric"),
    ("ms.stm32h747-cubeai10", "v1:alpha=1,resolution=256: there is no estimate"),
    ("weight_bytes.file", "only a model file stores weights"),
]


@pytest.mark.parametrize(("metric", "message"), REFUSED)
def test_a_metric_that_a_grid_does_not_have_is_refused(metric: str, message: str) -> None:
    answer = run("scale", "v1", "--alpha", "1", "--resolution", "128,256", "--metric", metric)
    assert answer.exit_code == 2
    assert message in answer.stderr


def test_too_many_cells_one_by_one_are_refused() -> None:
    call = ("scale", "v1", "--alpha", "0.001:1:0.001", "--resolution", "32:128:1", "--metric", "arena")
    answer = run(*call)
    assert answer.exit_code == 2
    assert "is found one design at a time" in answer.stderr


def test_compare_has_rows_of_memory() -> None:
    """A figure that is not known is an empty cell, not a zero."""
    data = json.loads(run("compare", "v1", "v2", "convnext-tiny", "--format", "json").stdout)
    v1, v2, other = (d["memory"] for d in data["designs"])
    assert v1 == {"peak_bytes.int8": 1204224, "flash_bytes.int8": 4256864}
    assert v2["peak_bytes.int8"] == 1505280
    assert other["flash_bytes.int8"] is None
    text = run("compare", "v1", "convnext-tiny").stdout
    (row,) = [line for line in text.splitlines() if "flash_bytes.int8  " in line]
    assert row.split()[1:] == ["4,256,864", "4.26", "MB"]
    assert "planner liveness" in text


def test_compare_takes_memory_as_a_column() -> None:
    rows = run(
        *("compare", "v1", "v2", "--columns", "peak_bytes.int8,peak_bytes.int8_ratio", "--format", "csv")
    ).stdout.splitlines()
    assert rows[1:] == ["v1,1204224,1.0", "v2,1505280,1.25"]


def test_diff_names_the_maps_before_and_after() -> None:
    """V2 at half the width: the same layers, other sizes."""
    call = ("diff", "v2", "v2:alpha=0.5")
    peak = json.loads(run(*call, "--format", "json").stdout)["peak"]
    assert (peak["old"]["bytes"], peak["new"]["bytes"], peak["difference"]) == (1505280, 752640, -752640)
    assert [m["name"] for m in peak["old"]["alive"]] == ["bottleneck 2/1/expand", "bottleneck 2/1/depthwise"]
    text = run(*call).stdout
    assert "peak: 1,505,280 at 'bottleneck 2/1/depthwise' -> 752,640 at 'bottleneck 2/1/depthwise'" in text


def test_diff_is_silent_about_a_peak_that_stays() -> None:
    """Other classes do not change it."""
    call = ("diff", "v2", "v2:classes=10")
    assert "peak" not in json.loads(run(*call, "--format", "json").stdout)
    assert "peak" not in run(*call).stdout
