"""`mnetcost calibrate`: rates from rows that a user measured, and strict reading of the rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mnetcost.analyses.fit.calibrate import Board, calibrate, device_text
from mnetcost.analyses.fit.latency import Estimate, estimate
from mnetcost.designs import load
from mnetcost.designs.devices import load_device, read_device
from mnetcost.designs.measured import Measured, read_measured
from mnetcost.engine.costs import cost
from mnetcost.engine.latency import FORMS, work
from mnetcost.errors import CallError

from .test_cli import run

CHOSEN = {  # the least error of all forms, and the form of the fewest rates within its noise
    "stm32h747-cubeai10": "conv, dw, fc",
    "stm32mp157-xlinux5.0": "madds, activations",
    "pixel3-cpu4-f32": "madds, activations, weights",
    "pixel1-cpu1-f32": "madds, activations, weights",
}


def measured(name: str) -> list[Measured]:
    """The rows of a shipped device."""
    profile = load_device(name).latency
    assert profile is not None
    return [Measured(row.design, row.ms, n) for n, row in enumerate(profile.rows, 2)]


def table(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("name", "form"), CHOSEN.items())
def test_the_simplest_form_within_noise_is_chosen(name: str, form: str) -> None:
    """No form of fewer rates is within one standard error of the least."""
    found = calibrate(measured(name))
    best = min(found.fits, key=lambda f: f.left_out.mean)
    close = [f for f in found.fits if f.left_out.mean <= best.left_out.mean + best.noise]
    assert found.chosen.form == form
    assert len(found.chosen.rates) == min(len(f.rates) for f in close)


@pytest.mark.parametrize("name", ["stm32h747-cubeai10", "pixel3-cpu4-int8"])
def test_the_shipped_file_is_what_calibrating_writes(name: str) -> None:
    """The rates, errors and ranges of a shipped profile, from its rows."""
    shipped = load_device(name)
    assert shipped.latency is not None
    found = calibrate(measured(name), form=shipped.latency.form)
    again = read_device(device_text(found, Board(mhz=shipped.mhz, dtype=shipped.dtype), "x"), "x", "x")
    assert again.latency is not None
    assert again.latency.rates == pytest.approx(shipped.latency.rates, rel=1e-5)
    assert again.latency._replace(rates=()) == shipped.latency._replace(rates=())


def test_a_board_is_written_and_read(tmp_path: Path) -> None:
    """Rows made by two rates: the file gives them back, and its estimate of another design is exact."""
    sizes = (96, 128, 160, 192, 224)
    names = [f"v1:alpha={a},resolution={n}" for a in (0.25, 1) for n in sizes]
    took = [1e-6 * (w := work(cost(load(n).graph))).madds + 2e-5 * w.activations for n in names]
    rows = "".join(f"{n},{ms!r}\n" for n, ms in zip(names, took, strict=True))
    out = tmp_path / "board.toml"
    answer = run(
        *("calibrate", str(table(tmp_path, "design,ms\n" + rows)), "--write", str(out)),
        *("--ram", "256K", "--title", 'a "quoted" \x1b[31m name', "--format", "json"),
    )
    assert answer.exit_code == 0, answer.output
    first = json.loads(answer.stdout)["forms"][0]
    assert (first["form"], first["chosen"]) == ("madds, activations", True)
    assert first["rates"] == pytest.approx({"madds": 1e-6, "activations": 2e-5})
    device = load_device(str(out))
    assert device.title == 'a "quoted" \x1b[31m name'
    assert device.ram_block is not None
    assert device.ram_block.bytes == 256 * 1024
    other = load("v1:alpha=0.5,resolution=128")
    costs = cost(other.graph)
    got = estimate(other, costs, device)
    assert isinstance(got, Estimate)
    assert got.ms == pytest.approx(1e-6 * work(costs).madds + 2e-5 * work(costs).activations, rel=1e-4)


WRITTEN = [
    "design,ms\nv1:alpha=0.25,resolution=96,12.5\n",
    "\ufeffms;design;who\r\n12.5;v1:alpha=0.25,resolution=96;me\r\n\r\n",
    'design,ms,who\n"v1:alpha=0.25,resolution=96",12.5 ms,me\n',
    "ms\tdesign\n12.5\tv1:alpha=0.25,resolution=96\n",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_tables_as_programs_write_them(text: str, tmp_path: Path) -> None:
    (row,) = read_measured(str(table(tmp_path, text)))
    assert (row.design, row.ms, row.line) == ("v1:alpha=0.25,resolution=96", 12.5, 2)


BROKEN = [
    ("", ":1: there is no column 'design'"),
    ("Design,ms\n", ":1: there is no column 'design'\n  hint: is it 'Design'?"),
    ("design,ms,ms\n", ":1: there are several columns 'ms'"),
    ("design,ms\nv1,0\n", ":2: 'ms' must be a number above 0, not '0'"),
    ("design,ms\nv1,nan\n", "not 'nan'"),
    ("design,ms\nv1,12\nv1,13\n", ":3: 'v1' is on line 2 too\n  hint: give their mean"),
    ("design,ms\n,12\n", ":2: there is no design"),
    ("design,ms\nv1\n", ":2: 'ms' must be a number above 0, not ''"),
    ("design,ms,who\nv1:alpha=1,classes=5,12,me\n", ":2: there are 4 cells under 3 columns"),
    ("design,ms\nv1,1\nv2,2\n", "2 rows are too few: the simplest form needs 3"),
    ("design,ms\nv1,1\nvv2,2\nv3-small,3\n", ":3: vv2: "),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_wrong_table_says_where(text: str, message: str, tmp_path: Path) -> None:
    """Exit code 2, and nothing is written."""
    out = tmp_path / "board.toml"
    answer = run("calibrate", str(table(tmp_path, text)), "--write", str(out))
    assert answer.exit_code == 2
    assert message in answer.stderr
    assert not out.exists()


def test_options_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    rows = "".join(f"v1:resolution={n},{n}\n" for n in (96, 128, 160, 192))
    path, out = str(table(tmp_path, "design,ms\n" + rows)), tmp_path / "b.toml"
    for options, message in (
        (["--ram", "lots"], "'ram' must be a number of bytes"),
        (["--mhz", "-1"], "'mhz' must be a number above 0"),
        (["--form", "madd"], "did you mean 'madds'?"),
        (["--form", "conv, dw, fc"], "'conv, dw, fc' needs 5 rows, and there are 4"),
    ):
        answer = run("calibrate", path, "--write", str(out), *options)
        assert answer.exit_code == 2, answer.output
        assert message in answer.stderr
        assert not out.exists()


def test_a_form_is_tried_with_rows_to_spare() -> None:
    """Three rates need five rows, one rate three."""
    with pytest.raises(CallError, match="needs 5 rows"):
        calibrate(measured("pixel1-cpu1-f32")[:4], form="conv, dw, fc")
    assert [f.form for f in calibrate(measured("pixel1-cpu1-f32")[:3]).fits] == ["madds"]
    assert {len(v) for v in FORMS.values()} == {1, 2, 3}
