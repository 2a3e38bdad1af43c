"""Does `fit` say what fits, by which figure, and nothing that it cannot know?"""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import mnetcost
from mnetcost.analyses.fit.fits import FLASH, MADDS, RAM, Fit, passes
from mnetcost.analyses.fit.verdicts import (
    CODE,
    FILE,
    STATES,
    TAIL,
    Figure,
    Rest,
    Span,
    gravest,
    of_bytes,
    of_count,
    of_time,
)
from mnetcost.cli import cli
from mnetcost.cli.progress import progress
from mnetcost.designs.cells import cells
from mnetcost.designs.settings import Settings
from mnetcost.errors import CallError, SpecError

from .test_partial import NET

TRUTH = json.loads((Path(__file__).parent / "truth" / "arenas.json").read_text("utf-8"))
FILES = Path(__file__).parent / "truth" / "arenas"
VWW = "keras/v1:alpha=0.25,resolution=96,classes=2"


def fit(*args: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["fit", *args])


def data(*args: str) -> dict[str, Any]:
    """Run the command for JSON."""
    found: dict[str, Any] = json.loads(fit(*args, "--format", "json").stdout)
    return found


def one(*args: str) -> dict[str, Any]:
    """The only design of an answer."""
    (found,) = data(*args)["designs"]
    return dict(found)


@pytest.mark.parametrize("design", TRUTH["designs"])
def test_an_arena_fits_to_the_byte(design: str) -> None:
    """The planned part that the interpreter reports fits, and does not with one byte less."""
    row = TRUTH["designs"][design]
    asked = design, "--dtype", row["dtype"], "--ram"
    assert one(*asked, str(row["head"]))["fits"] is True
    assert one(*asked, str(row["head"]))["margins"] == {"ram": 0}
    less = one(*asked, str(row["head"] - 1))
    assert less["fits"] is False
    assert less["margins"] == {"ram": -1}
    assert less["verdict"] == "does not fit"
    assert less["why"][0].startswith("RAM: 1 byte over")


# STMicroelectronics/stm32ai-modelzoo, image_classification, READMEs of 2025, rows of STM32H747I-DISCO under
# STM32Cube.AI 10.0.0: weights in flash and RAM of activations in KiB, milliseconds
VENDOR = {
    "keras/v1:alpha=0.25,resolution=224,classes=5": (214.69, 272.96, 163.78),
    "keras/v1:alpha=0.5,resolution=224,classes=5": (812.61, 449.58, 485.79),
    "keras/v1:alpha=0.25,resolution=96,classes=5": (214.69, 66.96, 29.94),
    "keras/v1:alpha=0.25,resolution=96,classes=5,channels=1": (214.55, 52.8, 28.34),
    "keras/v1:alpha=0.25,resolution=224,classes=1000": (467.33, 272.96, 166.75),
    "keras/v1:alpha=0.5,resolution=224,classes=1000": (1314.0, 431.07, 504.37),
    "keras/v1:alpha=1,resolution=224,classes=1000": (4157.09, 1331.13, 1641.84),
    "keras/v2:alpha=0.35,resolution=128,classes=5": (406.86, 237.32, 94.34),
    "keras/v2:alpha=0.35,resolution=224,classes=5": (406.86, 832.64, 290.75),
    "keras/v2:alpha=0.35,resolution=128,classes=1000": (1654.5, 237.32, 116.13),
    "keras/v2:alpha=0.35,resolution=224,classes=1000": (1654.5, 832.64, 313.92),
    "keras/v2:alpha=1,resolution=224,classes=1000": (3458.97, 1727.02, 1106.64),
    "keras/v2:alpha=1.4,resolution=224,classes=1000": (6015.34, 2332.2, 2010.66),
    "fd-mobilenet:alpha=0.25,resolution=128,classes=5": (128.32, 56.16, 17.73),
    "squeezenet-1.1-same:resolution=128,classes=5": (716.71, 271.84, 216.67),
}
H747 = "stm32h747-cubeai10"
SMALL = "v1:alpha=0.25,resolution=96,classes=5"


@pytest.mark.parametrize("design", VENDOR)
def test_figures_are_as_the_vendor_prints_them(design: str) -> None:
    """Flash to a hundredth of a KiB, and the time within the worst error that is beside it."""
    flash, _, ms = VENDOR[design]
    found = one(design, "--flash", "2M", "--device", H747)
    assert round(found["flash"] / 1024, 2) == flash
    assert found["margins"]["flash"] == 2 * 2**20 - found["flash"]
    latency = found["latency"]
    assert abs(latency["estimate_ms"] / ms - 1) <= latency["error"]["worst"] / 100


FILE_BYTES = {  # int8, by TensorFlow Lite's converter; as tests/truth/measure_arenas.py converts
    "keras/v1:alpha=0.25,resolution=96": 577_024,
    "keras/v1:alpha=0.5,resolution=160": 1_500_752,
    "keras/v2:alpha=0.35,resolution=128": 1_885_560,
    "keras/v2:alpha=0.35,resolution=96": 1_885_360,
    "keras/v2:alpha=1,resolution=224": 3_941_328,
    "keras/v3-large-minimalistic": 4_298_232,
    "keras/v3-small-minimalistic": 2_262_504,
    "keras/v1:alpha=0.125,resolution=96,classes=4": 106_936,
    "keras/v2:alpha=0.1,resolution=160,classes=4": 210_056,
}


def test_a_converted_file_is_larger_than_its_weights() -> None:
    """As the note says, by 46 to 399 KB: weights that fit into flash are no promise of a file that does."""
    more = [size - one(design, "--flash", "8M")["flash"] for design, size in FILE_BYTES.items()]
    assert (min(more) // 1000, max(more) // 1000, len(more)) == (46, 399, 9)
    found = one("keras/v1:alpha=0.25,resolution=96", "--flash", "512K")
    assert (found["fits"], found["verdict"]) == (True, "fits if")
    assert found["why"] == ["flash: 44.67 KiB left for the rest of the file and code"]
    assert "46 to 399 KB more in nine int8 files" in fit("v1", "--flash", "8M").stdout


def test_a_vendors_own_plan_of_ram_is_another_figure() -> None:
    """As docs/fit.md says: 0.70 to 1.17 times the arena of TensorFlow Lite Micro."""
    found = {d["design"]: d["ram"] for d in data(*VENDOR, "--ram", "8M")["designs"]}
    arenas = [one(design, "--ram", "8M")["ram"] for design in VENDOR]
    assert sorted(found.values()) == sorted(arenas)
    times = [ram * 1024 / arena for (_, ram, _), arena in zip(VENDOR.values(), arenas, strict=True)]
    assert (round(min(times), 2), round(max(times), 2), len(times)) == (0.70, 1.17, 15)


def test_a_tflite_file_is_in_flash_as_it_is() -> None:
    """The interpreter reads the file where it lies."""
    file = next(iter(sorted(FILES.glob("*.tflite"))))
    assert one(str(file), "--flash", "1M")["flash"] == file.stat().st_size


@pytest.mark.parametrize(
    ("margin", "state", "within"),
    [
        (-1, "does not fit", False),
        (0, "undecided", True),
        (TAIL.least - 1, "undecided", True),
        (TAIL.least, "fits if", True),
        (TAIL.most - 1, "fits if", True),
        (TAIL.most, "fits", True),
    ],
)
def test_what_is_left_decides_how_sure_a_verdict_is(margin: int, state: str, within: bool) -> None:
    """Persistent data of 1 to 430 KB were measured; nothing is promised between."""
    found = of_bytes(RAM, 50_000, 50_000 + margin, TAIL)
    assert (found.state, found.within, found.margin) == (state, within, margin)


def test_code_shares_the_flash() -> None:
    """As much as was measured, at least, or there is a condition."""
    assert of_bytes(FLASH, 1000, 1000, CODE).state == "fits if"
    assert of_bytes(FLASH, 1000, 10**12, FILE).state == "fits if"
    assert of_bytes(FLASH, 1000, 1000 + CODE.most, CODE).state == "fits"
    assert of_bytes(FLASH, 1000, 999, CODE).state == "does not fit"


def test_counts_are_exact() -> None:
    """No error, and nothing beside them."""
    assert of_count(MADDS, 30, 30).state == "fits"
    assert of_count(MADDS, 31, 30).state == "does not fit"


@given(
    st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6), st.sampled_from([TAIL, CODE, FILE])
)
def test_more_room_never_makes_a_verdict_graver(value: int, limit: int, more: int, rest: Rest) -> None:
    """The law of limits, of bytes and of time."""
    less, roomier = of_bytes("x", value, limit, rest), of_bytes("x", value, limit + more, rest)
    assert STATES[str(roomier.state)] <= STATES[str(less.state)]
    assert less.margin == limit - value
    assert less.within == (value <= limit)
    span = Span(value / 1e6 + 1e-6, 0.05, 0.2, 9, "a board")
    soon, later = of_time("x", span, limit / 1e6), of_time("x", span, (limit + more) / 1e6)
    assert STATES[str(later.state)] <= STATES[str(soon.state)]


SPAN = Span(16.0, 0.05, 0.25, 19, "a board")


@pytest.mark.parametrize(
    ("limit", "state", "within"),
    [
        (12.7, "does not fit", False),  # 16 / 1.25 is 12.8
        (12.8, "undecided", None),
        (16.0, "undecided", None),
        (21.3, "undecided", None),
        (21.4, "fits", True),  # 16 / 0.75 is 21.33
    ],
)
def test_a_time_within_the_worst_error_is_undecided(limit: float, state: str, within: bool | None) -> None:
    """An estimate is off by a share of what would be measured, in either direction."""
    found = of_time("latency", SPAN, limit)
    assert (found.state, found.within) == (state, within)


def test_the_gravest_figure_decides_and_of_equals_the_tightest() -> None:
    """By state first, then by the share that is left."""
    roomy, tight = of_bytes("a", 10, 1000), of_bytes("b", 900, 1000)
    over = of_bytes("c", 1001, 1000)
    assert gravest((roomy, tight)) is tight
    assert gravest((roomy, over, tight)) is over
    assert gravest((roomy, Figure("d", 5))) is roomy


def test_fits_is_true_false_or_unknown() -> None:
    """One figure that is over is enough; one that is not known leaves it open."""
    fine, over = of_count(MADDS, 1, 2), of_count(MADDS, 3, 2)
    open_ = of_time("latency", SPAN, 16)
    assert Fit("x", 1, None, (fine,)).fits is True
    assert Fit("x", 1, None, (fine, open_)).fits is None
    assert Fit("x", 1, None, (fine, open_, over)).fits is False


def test_a_gate_passes_all_designs_or_one_of_many_settings() -> None:
    """Two designs must both fit; of a grid one is enough."""
    fine, over = (Fit("x", 1, None, (of_count(MADDS, n, 2),)) for n in (1, 3))
    assert passes([fine, fine], grid=False)
    assert not passes([fine, over], grid=False)
    assert passes([fine, over, over], grid=True)
    assert not passes([over, over], grid=True)


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("v2", "--madds", "301M"), 0),
        (("v2", "--madds", "300M"), 1),
        (("v2", "v1", "--madds", "301M"), 1),
        (("v2", "v1", "--alpha", "0.25:1:0.25", "--madds", "301M"), 0),
        (("v2", "v1", "--alpha", "0.25:1:0.25", "--madds", "1M"), 1),
        ((VWW, "--ram", "73728"), 1),  # undecided
        (("v2",), 2),
        (("v2", "--ram", "1X"), 2),
        (("nothing", "--ram", "1M"), 2),
    ],
)
def test_exit_codes(args: tuple[str, ...], code: int) -> None:
    """0: fits; 1: does not, or is undecided; 2: a mistake."""
    assert fit(*args).exit_code == code


def test_what_fits_comes_first_the_largest_of_it_first() -> None:
    """Then what is undecided, then what does not fit; a text shows the first alone."""
    asked = (
        "v1",
        "v2",
        "--alpha",
        "0.25:1:0.25",
        "--resolution",
        "96:224:64",
        "--ram",
        "256K",
        "--flash",
        "1M",
    )
    found = data(*asked)
    designs = found["designs"]
    assert len(designs) == 2 * 4 * 3
    fitting = [d for d in designs if d["fits"]]
    assert designs[: len(fitting)] == fitting == sorted(fitting, key=lambda d: -d["madds"])
    assert found["fit"] == len(fitting)
    text, everything = fit(*asked).stdout, fit(*asked, "--all").stdout
    assert text.startswith(f"{len(fitting)} of 24 fit; --all shows the others\n")
    assert sum(f"{d['design']} " in text for d in designs) == len(fitting)
    assert sum(f"{d['design']} " in everything for d in designs) == 24


def test_designs_that_are_named_are_all_shown() -> None:
    """Without ranges, those that do not fit too."""
    text = fit("v1", "v3-small", "--madds", "60M").stdout
    assert text.startswith("1 of 2 fit\n")
    assert "508,740,352 over" in text


def test_a_design_is_judged_in_a_grid_as_alone() -> None:
    """The same figures, cell by cell."""
    for row in data("v1", "v3-small", "--alpha", "0.3,0.75", "--ram", "1M", "--flash", "1M")["designs"]:
        assert one(row["design"], "--ram", "1M", "--flash", "1M") == row


def test_settings_behind_a_colon_win_and_files_keep_their_own() -> None:
    """A file has no alpha; beside specs it is listed as it is."""
    file = str(FILES / "narrowing.tflite")
    found = cells(["v1:alpha=0.5", "v2:resolution=96", file], Settings(), [0.25, 1.0], [(128, 128)])
    assert [(c.design, c.settings.alpha, c.settings.resolution) for c in found] == [
        ("v1:alpha=0.5", None, (128, 128)),
        ("v2:resolution=96", 0.25, None),
        ("v2:resolution=96", 1.0, None),
        (file, None, None),
    ]
    with pytest.raises(CallError, match="more than 20,000"):
        cells(["v1"], Settings(), [1.0] * 101, [(96, 96)] * 200)


def test_what_cannot_be_planned_is_undecided_and_says_why() -> None:
    """Another planner takes it."""
    found = one("r3d-18", "--ram", "100M")
    assert (found["fits"], found["verdict"], found["ram"]) == (None, "undecided", None)
    assert "--planner liveness" in found["why"][0]
    assert one("r3d-18", "--ram", "100M", "--planner", "liveness")["fits"] is True


def test_what_cannot_be_built_is_a_row_of_a_grid_and_else_an_error() -> None:
    """Inception v3 at 32 pixels."""
    rows = data("inception-v3", "--resolution", "32,224", "--ram", "1M")["designs"]
    assert [(r["design"], r["fits"]) for r in rows] == [
        ("inception-v3:resolution=32", None),
        ("inception-v3:alpha=1,resolution=224", False),
    ]
    assert "not built" in rows[0]["why"][0]
    for call in (["inception-v3"], ["inception-v3", "v2"]):
        assert fit(*call, "--resolution", "32", "--ram", "1M").exit_code == 2


def test_an_arena_that_an_offline_plan_makes_fit_is_pointed_out() -> None:
    """73,728 bytes do not fit into 64 KiB; 55,296 would."""
    result = fit(VWW, "--ram", "64K")
    assert result.exit_code == 1
    assert "RAM: 8.00 KiB over; an arena of 54.00 KiB is possible" in result.stdout


def test_a_figure_without_its_layers_is_undecided(tmp_path: Path) -> None:
    """Multiply-adds of a part are no promise; too many of a part are too many."""
    (tmp_path / "net.prototxt").write_text(NET)
    asked = str(tmp_path / "net.prototxt"), "--allow-unknown", "--madds"
    assert one(*asked, "1G")["fits"] is None
    assert "Roll" in one(*asked, "1G")["why"][-1]
    assert one(*asked, "1")["fits"] is False


def test_the_library_answers_as_the_command() -> None:
    """The same document."""
    found = mnetcost.fit("v1", "v2", alpha=[0.25, 0.5], resolution=[96], ram="256K", flash=2**20)
    assert found.data == {
        **data("v1", "v2", "--alpha", "0.25,0.5", "--resolution", "96", "--ram", "256K", "--flash", "1M")
    }
    with pytest.raises(CallError, match="no limit is known"):
        mnetcost.fit("v1")
    with pytest.raises(SpecError):
        mnetcost.fit("v9", ram=1)


def test_a_device_gives_the_limits_and_names_the_blocks() -> None:
    """Its largest block of RAM alone, not the sum of seven; an option beats it."""
    found = data(SMALL, "--device", H747)
    assert found["limits"] == {"ram": 512 * 1024, "flash": 2 * 2**20, "madds": None, "ms": None}
    assert found["blocks"]["ram"] == "AXI SRAM, one of 7 blocks"
    assert found["device"]["runtime"] == "STM32Cube.AI"
    other = data(SMALL, "--device", H747, "--ram", "1M")
    assert other["limits"]["ram"] == 2**20
    assert set(other["blocks"]) == {"flash"}


def test_an_estimate_has_its_error_beside_it() -> None:
    """29.94 ms were measured; 31.6 are estimated, within 5.2 % on average and 16.1 % at worst."""
    found = one(SMALL, "--device", H747)["latency"]
    assert found["estimate_ms"] == pytest.approx(29.94, rel=0.06)
    assert found["error"] == {"mean": 5.2, "worst": 16.1, "rows": 19}
    assert found["profile"] == H747
    assert set(found) == {"estimate_ms", "error", "profile"}
    text = fit(SMALL, "--device", H747).stdout
    assert "off by 5.2 % on average and 16.1 % at worst" in text


@pytest.mark.parametrize(
    ("ms", "verdict", "code"), [("20", "does not fit", 1), ("30", "undecided", 1), ("40", "fits if", 0)]
)
def test_a_limit_on_time_is_kept_broken_or_undecided(ms: str, verdict: str, code: int) -> None:
    """27.2 to 37.6 ms by the worst error."""
    result = fit(SMALL, "--device", H747, "--ms", ms)
    assert result.exit_code == code
    assert result.stdout.splitlines()[1].startswith(verdict)


def test_outside_the_fitted_families_there_is_a_reason_and_no_number() -> None:
    """V3 was never measured there; a multiplier of 0.1 is out of range."""
    for design, why in (("v3-small", "v3-small is none of them"), ("v1:alpha=0.1", "alpha 0.25 to 1")):
        found = one(design, "--device", H747, "--ms", "1000")
        assert (found["fits"], found["verdict"]) in ((None, "undecided"), (False, "does not fit"))
        assert found["latency"]["estimate_ms"] is found["latency"]["error"] is None
        assert why in found["latency"]["refused"]
        assert any(why in one_why for one_why in found["why"])


def test_another_runtime_than_the_planners_is_a_condition() -> None:
    """STM32Cube.AI plans its own RAM: even half a megabyte left is no promise."""
    (ram, *_) = [w for w in one(SMALL, "--device", H747)["why"] if w.startswith("RAM")]
    assert ram == "RAM: 440.00 KiB left for persistent data and STM32Cube.AI's own plan"
    assert one(SMALL, "--device", H747)["verdict"] == "fits if"
    assert one(SMALL, "--ram", "512K")["verdict"] == "fits"


BOARD = """
title = "a board"
ram = "320K"
flash = "1M"
mhz = 100
peak = "50M"
bandwidth = "100M"
"""


def test_a_bound_can_only_break_a_limit(tmp_path: Path) -> None:
    """A device file with a peak and a bandwidth: never faster than that, and how much slower nobody knows."""
    (tmp_path / "board.toml").write_text(BOARD)
    asked = SMALL, "--device", str(tmp_path / "board.toml"), "--ms"
    found = one(*asked, "1000")
    least = found["latency"]["bound_ms"]
    assert least == pytest.approx(7_490_432 / 50e6 * 1000)  # each layer is bound by its multiply-adds
    assert (found["fits"], found["verdict"], found["by"]) == (None, "undecided", "ms")
    over = one(*asked, str(least - 1))
    assert (over["fits"], over["verdict"], over["by"]) == (False, "does not fit", "ms")
    assert over["margins"]["ms"] == pytest.approx(-1)
    assert "at least" in over["why"][-1]


def test_the_best_rate_published_breaks_no_limit() -> None:
    """Another network, or another runtime, may be faster than it."""
    found = one(SMALL, "--device", "nucleo-h7a3zi-q", "--ms", "1")
    assert found["latency"]["best_rate_ms"] == pytest.approx(7_490_432 * 0.89 / 280e3)
    assert "bound_ms" not in found["latency"]
    assert (found["fits"], found["verdict"], found["by"]) == (None, "undecided", "ms")
    assert "ms at the best rate published, 0.89 cycles" in found["why"][-1]


def test_progress_is_for_terminals_and_clears_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written to a file or a pipe."""
    assert progress("planning") is None
    terminal = StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("mnetcost.cli.progress.QUIET_S", -1)
    tick = progress("planning")
    assert tick is not None
    for n in range(3):
        tick(n, 2)
    assert terminal.getvalue() == "\rplanning: 0 %\rplanning: 50 %\r                \r"


def test_devices_are_completed_and_misspelt_ones_corrected() -> None:
    """As designs are."""
    from mnetcost.cli.fit import command

    (device,) = [p for p in command.params if p.name == "device"]
    words = device.type.shell_complete(None, device, "stm32h")  # type: ignore[arg-type]
    assert [w.value for w in words] == [H747]
    assert "did you mean 'stm32h747-cubeai10'" in fit("v1", "--device", "stm32h747").stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("v2",), "no limit is known to fit into"),
        (("v2", "--ms", "20"), "--ms needs a device"),
        (("v2", "--ram", "256Q"), "--ram: '256Q' has no known unit"),
        (("v2", "--ram", "1M", "--alpha", "0:1:0.5"), "--alpha must be above 0"),
        (("v2", "--ram", "1M", "--dtype", "int3"), "did you mean 'int8'"),
        (("v2", "--sram", "1M"), "did you mean '--ram'"),
        (("v2", "--ram", "1M", "--latency", "20"), "did you mean '--ms'"),
        (("v2", "--board", "nucleo-l4r5zi"), "did you mean '--device'"),
        (("narrowing.tflite", "--ram", "1M", "--alpha", "0.5"), "widths of a model file are fixed"),
    ],
)
def test_mistakes_in_a_call(args: tuple[str, ...], message: str) -> None:
    """One clear error, exit code 2."""
    result = fit(*args)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_device_without_limits_still_estimates() -> None:
    """A phone's memory is not what decides: the figures are shown, and nothing is judged."""
    answer = fit("slim/v2", "--device", "pixel1-cpu1-f32", "--format", "json")
    assert answer.exit_code == 0, answer.output
    (one,) = json.loads(answer.stdout)["designs"]
    assert (one["fits"], one["verdict"]) == (None, "no limit")
    assert one["latency"]["estimate_ms"] == pytest.approx(73.8, rel=0.161)
    assert one["latency"]["error"] == {"mean": 4.3, "worst": 16.1, "rows": 22}
    assert (
        "no limit: neither the call nor the device has one"
        in fit("slim/v2", "--device", "pixel1-cpu1-f32").stdout
    )


def test_a_time_without_a_device_is_undecided() -> None:
    """The other limits are judged all the same."""
    call = ("v1:alpha=0.25,resolution=96", "--ram", "256K", "--flash", "1M", "--madds", "30M", "--ms", "20")
    answer = fit(*call, "--format", "json")
    assert answer.exit_code == 1
    (one,) = json.loads(answer.stdout)["designs"]
    assert (one["fits"], one["verdict"], one["by"]) == (None, "undecided", "ms")
    assert one["margins"]["madds"] == 30_000_000 - 7_745_152
