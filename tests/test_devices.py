"""Devices: every rate, error and range in their files is recomputed from the rows beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnetcost.analyses.fit.latency import Bound, Estimate, Refused, bound, estimate, family
from mnetcost.designs import load
from mnetcost.designs.devices import device_names, load_device, read_device, refused_devices
from mnetcost.engine.costs import cost
from mnetcost.engine.latency import FORMS, fit, work
from mnetcost.errors import CallError, SpecError

from .test_cli import run

PROFILES = [name for name in device_names() if load_device(name).latency is not None]
ERRORS = {  # mean and worst in per cent, leaving one row out, of a fit made apart from this program; rows
    "stm32h747-cubeai10": (5.2, 16.1, 19),
    "stm32mp157-xlinux5.0": (3.7, 11.3, 10),
    "pixel3-cpu4-f32": (2.7, 8.9, 17),
    "pixel3-cpu4-int8": (5.1, 10.9, 17),
    "pixel1-cpu1-f32": (4.3, 16.1, 22),
}


def test_the_profiles_are_those_that_were_found_honest() -> None:
    """All others are known by name, with the reason."""
    assert set(PROFILES) == set(ERRORS)
    assert not set(refused_devices()) & set(device_names())


@pytest.mark.parametrize("name", PROFILES)
def test_rates_and_errors_follow_from_the_rows(name: str) -> None:
    """To the digits that the file gives."""
    device = load_device(name)
    profile = device.latency
    assert profile is not None
    scale = (device.mhz or 0) * 1e3 if profile.unit == "cycles" else 1
    found = fit(profile.form, [(work(cost(load(r.design).graph)), r.ms * scale) for r in profile.rows])
    assert profile.rates == pytest.approx(found.rates, rel=1e-5)
    assert (profile.mean, profile.worst) == tuple(round(100 * e, 1) for e in found.left_out)
    assert (profile.mean, profile.worst, len(profile.rows)) == ERRORS[name]


@pytest.mark.parametrize("name", PROFILES)
def test_ranges_are_those_of_the_rows(name: str) -> None:
    """Alpha and resolution of each family; classes of all rows, 1,000 with or without a background."""
    profile = load_device(name).latency
    assert profile is not None
    rows = [load(r.design) for r in profile.rows]
    assert {family(d.name) for d in rows} == set(profile.families)
    classes = [d.classes or 0 for d in rows]
    few = 1000 if min(classes) == 1001 else min(classes)
    many = 1001 if max(classes) == 1000 else max(classes)
    for kin, span in profile.families.items():
        mine = [d for d in rows if family(d.name) == kin]
        assert span.alpha == (min(d.alpha for d in mine), max(d.alpha for d in mine))
        sides = [d.resolution[0] for d in mine]
        assert span.resolution == (min(sides), max(sides))
        assert span.classes == (few, many)


@pytest.mark.parametrize("name", PROFILES)
def test_every_row_is_estimated_within_the_fit(name: str) -> None:
    """No row of a profile is refused by it."""
    device = load_device(name)
    assert device.latency is not None
    for row in device.latency.rows:
        design = load(row.design)
        got = estimate(design, cost(design.graph), device)
        assert isinstance(got, Estimate), row
        assert got.ms == pytest.approx(row.ms, rel=device.latency.worst / 100)


OUTSIDE = [  # design, device, why
    ("v3-small", "stm32h747-cubeai10", "v3-small is none of them"),
    ("v1:resolution=256", "stm32h747-cubeai10", "resolution 96 to 224 of v1, and this is 256"),
    ("v1:resolution=96x256", "stm32h747-cubeai10", "this is 96x256"),
    ("v2:alpha=0.25", "stm32h747-cubeai10", "alpha 0.35 to 1.4 of v2, and this is 0.25"),
    ("v2:classes=2", "stm32h747-cubeai10", "classes 5 to 1001 of v2, and this is 2"),
    ("v2:batch=2", "stm32h747-cubeai10", "one image"),
    ("v2:top=no", "pixel3-cpu4-f32", "their classifier"),
    ("v1", "disco-f746ng", "disco-f746ng has no profile"),
]


@pytest.mark.parametrize(("name", "device", "why"), OUTSIDE)
def test_outside_the_rows_an_estimate_is_refused(name: str, device: str, why: str) -> None:
    design = load(name)
    got = estimate(design, cost(design.graph), load_device(device))
    assert isinstance(got, Refused)
    assert why in got.why


def test_an_estimate_is_of_one_type() -> None:
    design = load("v1")
    assert estimate(design, cost(design.graph), load_device("pixel3-cpu4-f32"), "int8") == Refused(
        "the profile is of float32"
    )


OWN = """
title = "my board"
mhz = 100
peak = "100M"
bandwidth = "50 MB"
ram = "256K"
flash = "1M"
"""


def test_a_users_device_gives_a_bound() -> None:
    """V1: 568,740,352 multiply-adds at 100 M a second take 5.69 s."""
    device = read_device(OWN, "own.toml", "own")
    assert (device.ram_block and device.ram_block.bytes, device.peak) == (262_144, 100_000_000)
    costs = cost(load("v1").graph)
    alone = bound(costs, device._replace(bandwidth=None))
    assert alone == Bound(pytest.approx(5687.40352), "the peak alone")
    both = bound(costs, device)
    assert both is not None
    assert both.ms > alone.ms
    assert bound(costs, device, "float32").ms > both.ms  # type: ignore[union-attr]


def test_the_best_rate_that_was_published() -> None:
    """0.89 cycles a multiply-add at 280 MHz: no bound, as a peak is one."""
    got = bound(cost(load("v1").graph), load_device("nucleo-h7a3zi-q"))
    assert got is not None
    assert got.ms == pytest.approx(568_740_352 * 0.89 / 280e3)
    assert "MLPerf Tiny v1.2" in got.how
    assert not got.proven
    assert bound(cost(load("v1").graph), load_device("nrf5340-dk")) is None


def test_the_block_that_is_meant_is_the_largest_one() -> None:
    """The H747's megabyte is not one block."""
    device = load_device("stm32h747-cubeai10")
    assert device.ram_block is not None
    assert device.ram_block.bytes == 512 * 1024
    assert sum(block.bytes for block in device.ram) > 1024 * 1024
    assert load_device("pixel1-cpu1-f32").ram_block is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stm32h747", "did you mean 'stm32h747-cubeai10'"),
        ("pixel3-gpu", "a fixed cost decides"),
        ("pixel4", "1 to 6 rows each"),
        ("refused", "there is no device 'refused'"),
        ("../devices/disco-f746ng", "there is no device"),
    ],
)
def test_a_device_that_is_not_shipped_says_why(name: str, message: str) -> None:
    with pytest.raises(CallError, match=message.replace("(", r"\(")):
        load_device(name)


BROKEN = [
    ('ram = "a lot"', "d.toml:1: ram: .*a number of bytes"),
    ("ramm = 1", "d.toml:1: ramm: a device has no key 'ramm'\n  hint: did you mean 'ram'"),
    ("ram = [{ name = 'x' }]", "a block of memory must have 'size'"),
    ("peak = -1", "peak"),
    ("mhz = 0", "mhz.* must be a number above 0"),
    ("dtype = 'int7'", "dtype"),
    ("[fastest]\ncycles_per_madd = 1.0", r"\[fastest\] counts cycles, and so the device needs 'mhz'"),
    ("[latency]\nform = 'madd'", r"\[latency\] must have 'rates'"),
    (
        "[latency]\nform = 'madds'\nrates = { conv = 1 }\nerror = { mean = 1, worst = 2 }",
        "the form 'madds' needs a rate of 'madds'",
    ),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_wrong_file_says_where(text: str, message: str) -> None:
    with pytest.raises(SpecError, match=message):
        read_device(text, "d.toml", "d")


def test_a_file_is_a_device(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    assert load_device(str(path)).title == "my board"
    assert set(FORMS) >= {load_device(n).latency.form for n in PROFILES}  # type: ignore[union-attr]


def test_a_bound_is_shown_as_one(tmp_path: Path) -> None:
    """In the list of a device, and beside a limit that no network can keep."""
    path = tmp_path / "own.toml"
    path.write_text(OWN)
    shown = run("devices", str(path)).stdout
    assert "bound by: a peak of 100,000,000 multiply-adds a second, and 52,428,800 bytes a second" in shown
    answer = run("fit", "v1:alpha=0.25,resolution=96", "--device", str(path), "--ms", "60")
    assert answer.exit_code == 1
    assert "does not fit: latency: at least 79.9 ms by peak and bandwidth, layer by layer" in answer.stdout
