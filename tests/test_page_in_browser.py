"""Does a page do in a real browser what it should? Sort, filter, fold, show formulas, slide; by keyboard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.output import render

from .browser import Browser, browser
from .test_cli import run
from .test_page import detailed

CALLS = {
    "v2": ["report", "v2"],
    "compare": ["compare", "v1", "v2"],
    "diff": ["diff", "v2", "shicai-caffe/v2"],
    "check": ["check", "v1", "v2", "--max", "madds=301M", "--max", "params=4M"],
    "memory": ["memory", "v2"],
    "space": ["space", "stats", "v2-grid"],
    "explain": ["explain", "v1"],
}
EVIL = "</script><img src=x onerror=document.title='owned'>"
NET = f"""title = "{EVIL}"
source = "{EVIL}"
resolution = 32
classes = 10
layers = [
  {{ name = "stem", op = "conv", kernel = 3, out = 16, stride = 2 }},
  {{ name = "{EVIL}", op = "separable", out = 32, stride = 2, repeat = 2 }},
  {{ name = "pool", op = "global_pool" }},
  {{ name = "classifier", op = "dense", out = "classes" }},
]
"""
ROWS = "#table-1 ~ .scroll tr.row"
MADDS = 8  # its column


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as one:
        yield one


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each answer, and of a spec whose names are meant to break out."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "net.toml").write_text(NET, "utf-8")
    calls = {**CALLS, "evil": ["report", str(folder / "net.toml")]}
    for name, call in calls.items():
        done = run(*call, "--format", "html")
        assert done.stderr == ""
        (folder / f"{name}.html").write_text(done.stdout, "utf-8")
    return {name: folder / f"{name}.html" for name in calls}


def key(name: str) -> str:
    from selenium.webdriver.common.keys import Keys

    return str(getattr(Keys, name))


def values(chrome: Browser, column: int) -> list[int]:
    """The exact values of a column, row by row as they stand."""
    script = f"return [...document.querySelectorAll('{ROWS}')].map(r => r.cells[{column}].dataset.value)"
    return [int(value) for value in chrome.run(script)]


def retype(field: Any, words: str) -> None:
    """Replace what is in a field, as a user would."""
    field.send_keys(key("CONTROL") + "a" + key("NULL") + key("DELETE") + words)


def slide(chrome: Browser, name: str, stop: int) -> None:
    chrome.run(
        f"const s = document.getElementById('slider-{name}'); s.value = {stop};"
        "s.dispatchEvent(new Event('input'))"
    )


@pytest.mark.parametrize("name", [*CALLS, "evil"])
@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_is_quiet_and_never_scrolls_sideways(
    chrome: Browser, pages: dict[str, Path], name: str, width: int
) -> None:
    """No error, nothing refused by its policy, nothing requested but the page itself."""
    chrome.open(pages[name], width)
    assert chrome.complaints() == []
    assert chrome.requests() == [pages[name].as_uri()]
    assert chrome.run("return performance.getEntriesByType('resource').length") == 0
    assert chrome.run("return document.documentElement.scrollWidth") <= width


def test_a_page_that_was_changed_does_not_run(
    chrome: Browser, pages: dict[str, Path], tmp_path: Path
) -> None:
    """The guard can fail: another script, a style and a picture are refused, and that is seen."""
    page = tmp_path / "changed.html"
    more = "<script>document.title = 'owned'</script><p style='color:red'><img src='file:///x.png'></p>"
    page.write_text(pages["v2"].read_text("utf-8").replace("</main>", f"{more}</main>"), "utf-8")
    chrome.open(page)
    assert len([one for one in chrome.complaints() if "Content Security Policy" in one]) == 3
    assert chrome.driver.title == "v2:alpha=1,resolution=224"


def test_hostile_names_are_texts(chrome: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """In rows, blocks, charts, formulas and behind sliders: they are read, and do nothing."""
    chrome.open(pages["evil"])
    assert chrome.driver.title == "net:alpha=1,resolution=32"
    assert chrome.run("return document.querySelectorAll('img').length") == 0
    shown = chrome.run("return document.body.innerText")
    assert shown.count(EVIL) > 10
    assert EVIL + "/1" in chrome.texts(".stops tbody th")
    hostile = tmp_path / "hostile.html"
    hostile.write_text(render(detailed(EVIL), "html"), "utf-8")
    chrome.open(hostile)
    assert chrome.complaints() == []
    assert chrome.run("return document.querySelectorAll('img').length") == 0


def test_a_click_on_a_head_sorts(chrome: Browser, pages: dict[str, Path]) -> None:
    """From the largest, then from the smallest, then as before; blocks by their sums, rows inside them, or
    all rows together.
    """
    chrome.open(pages["v2"])
    before = values(chrome, MADDS)
    head = chrome.find("#table-1 ~ .scroll thead .sort", MADDS)
    head.click()
    blocks = [text.split()[-1] for text in chrome.texts("tr.head th")]
    assert blocks[:2] == ["2/1", "2/2"]  # the 29,202,432 and 25,740,288 MAdds
    assert values(chrome, MADDS)[:3] == [19_267_584, 7_225_344, 2_709_504]
    chrome.find(".controls input[type=checkbox]").click()
    assert values(chrome, MADDS) == sorted(before, reverse=True)
    assert chrome.run("return document.querySelector('[aria-sort]').ariaSort") == "descending"
    head.click()
    assert values(chrome, MADDS) == sorted(before)
    assert chrome.run("return document.querySelector('[aria-sort]').ariaSort") == "ascending"
    head.click()
    assert values(chrome, MADDS) == before
    assert chrome.run("return document.querySelectorAll('[aria-sort]').length") == 0


def test_the_keyboard_sorts_and_folds(chrome: Browser, pages: dict[str, Path]) -> None:
    """Enter on the button in a head, Space on that of a block."""
    chrome.open(pages["v2"])
    chrome.run(f"document.querySelectorAll('#table-1 ~ .scroll .sort')[{MADDS}].focus()")
    chrome.press(key("ENTER"))
    assert values(chrome, MADDS)[0] == 19_267_584
    chrome.run("document.querySelector('.fold').focus()")
    chrome.press(" ")
    assert chrome.run("return document.activeElement.ariaExpanded") == "false"


def test_a_filter_hides_rows_and_adds_up_what_is_left(chrome: Browser, pages: dict[str, Path]) -> None:
    """Of V2's 105 rows with a cost 34 are depthwise convolutions or their norms: 20,716,416 MAdds."""
    chrome.open(pages["v2"])
    field = chrome.find("input[type=search]")
    field.send_keys("depthwise")
    status = "main > section:not(.stops) [role=status]"
    assert chrome.texts(status) == ["34 of 105 rows"]
    assert len(chrome.texts(ROWS)) == 34
    assert "20,716,416" in chrome.texts("tr.shown")[0]
    assert "100.00 %" in chrome.texts("tr.total:not(.shown)")[0]
    field.send_keys(" 7/")
    assert chrome.texts("tr.head th") == ["bottleneck 7"]
    field.send_keys("nothing like this")
    assert (chrome.texts(status), chrome.texts(ROWS)) == (["0 of 105 rows"], [])
    retype(field, "")
    assert (chrome.texts(status), len(chrome.texts(ROWS))) == (["105 rows"], 105)


def test_blocks_fold_to_their_sums(chrome: Browser, pages: dict[str, Path]) -> None:
    """One, all of them, and open again; what a filter finds is shown in a folded block too."""
    chrome.open(pages["v2"])
    chrome.find(".fold", 2).click()
    assert len(chrome.texts(ROWS)) == 105 - 6
    every = chrome.find("main > section:not(.stops) .controls button")
    every.click()
    assert (chrome.texts(ROWS), len(chrome.texts("tr.head"))) == ([], 20)
    assert "5,136" in chrome.texts("tr.head")[2]
    chrome.find("input[type=search]").send_keys("stem/conv")
    assert len(chrome.texts(ROWS)) == 1
    retype(chrome.find("input[type=search]"), "")
    every.click()
    assert len(chrome.texts(ROWS)) == 105


def test_a_layer_shows_its_formula(chrome: Browser, pages: dict[str, Path]) -> None:
    """When one points at it or goes to it by keyboard; Escape closes it, and so does leaving."""
    chrome.open(pages["v2"])
    formula = "3 k_h x 3 k_w x 32 c x 112 h x 112 w = 3,612,672"
    assert chrome.texts(".opened") == []
    chrome.hover(chrome.find(".why", 2))
    chrome.until("document.querySelector(':popover-open')")
    assert formula in chrome.texts(":popover-open")[0]
    chrome.hover(chrome.find("h1"))
    chrome.until("!document.querySelector(':popover-open')")
    chrome.run("document.querySelectorAll('.fold')[1].focus()")
    chrome.press(key("TAB"))
    chrome.until("document.querySelector(':popover-open')")
    assert chrome.run("return document.activeElement.innerText") == "bottleneck 1/depthwise"
    assert formula in chrome.texts(":popover-open")[0]
    box = chrome.run(
        "const r = document.querySelector(':popover-open').getBoundingClientRect();"
        "return [r.left, r.right, r.top, r.bottom, innerWidth, innerHeight]"
    )
    assert 0 <= box[0] < box[1] <= box[4]
    assert 0 <= box[2] < box[3] <= box[5]
    chrome.press(key("ESCAPE"))
    chrome.until("!document.querySelector(':popover-open')")
    chrome.press(key("ENTER"))
    chrome.until("document.querySelector(':popover-open')")


def figures(chrome: Browser) -> dict[str, int]:
    """The exact figures at the sliders, by name."""
    script = (
        "return [...document.querySelectorAll('.stops .grid')[0].querySelectorAll('tbody tr')].map(r => "
        "[r.cells[0].textContent, r.cells[2].firstChild.textContent])"
    )
    return {name: int(value.replace(",", "")) for name, value in chrome.run(script)}


def test_every_stop_of_the_sliders_is_exact(chrome: Browser, pages: dict[str, Path]) -> None:
    """All alphas by all sizes, against the engine: parameters and multiply-adds, to the last digit."""
    chrome.open(pages["v2"])
    data = chrome.run("return JSON.parse(document.querySelector('.stops script').textContent)")
    assert (len(data["alphas"]), len(data["sizes"])) >= (10, 5)
    for i, alpha in enumerate(data["alphas"]):
        slide(chrome, "alpha", i)
        for j, size in enumerate(data["sizes"]):
            slide(chrome, "resolution", j)
            shown, there = figures(chrome), mnetcost.totals("v2", alpha=alpha, resolution=int(size))
            assert (shown["parameters"], shown["MAdds"]) == (there["params"], there["madds"]), (alpha, size)


@pytest.mark.parametrize(("i", "j"), [(0, 0), (3, -1), (-1, 2)])
def test_a_stop_is_what_the_command_says_there(
    chrome: Browser, pages: dict[str, Path], i: int, j: int
) -> None:
    """`mnetcost report v2:alpha=...,resolution=... --by block`: totals, weights and every block."""
    chrome.open(pages["v2"])
    data = chrome.run("return JSON.parse(document.querySelector('.stops script').textContent)")
    alpha, size = data["alphas"][i], data["sizes"][j]
    slide(chrome, "alpha", data["alphas"].index(alpha))
    slide(chrome, "resolution", data["sizes"].index(size))
    assert chrome.texts(".stops output") == [f"{alpha:g}", size]
    call = ("report", f"v2:alpha={alpha},resolution={size}", "--by", "block", "--format", "json")
    told = json.loads(run(*call).stdout)
    shown = figures(chrome)
    assert shown["parameters"] == told["totals"]["params"]
    assert shown["MAdds"] == told["totals"]["madds"]
    assert shown["weights as float32"] == told["totals"]["weight_bytes"]["float32"]
    script = (
        "return [...document.querySelectorAll('.stops .grid:last-child tbody tr')].map(r => "
        "[...r.cells].map(c => c.firstChild.textContent.replaceAll(',', '')))"
    )
    assert [(name, int(params), int(madds)) for name, params, madds in chrome.run(script)] == [
        (row["name"], row["params"], row["madds"]) for row in told["rows"]
    ]


def test_sliders_follow_the_keyboard_and_go_back(chrome: Browser, pages: dict[str, Path]) -> None:
    """An arrow goes one stop; the button goes to the design's own settings, and is off there."""
    chrome.open(pages["v2"])
    start = figures(chrome)
    assert start["MAdds"] == 300_774_272
    chrome.run("document.getElementById('slider-alpha').focus()")
    chrome.press(key("ARROW_LEFT"))
    assert figures(chrome)["MAdds"] < start["MAdds"]
    back = chrome.find(".sliders button")
    assert chrome.run("return document.getElementById('slider-alpha').ariaValueText") != "1"
    back.click()
    assert figures(chrome) == start
    assert not back.is_enabled()


def test_limits_say_when_they_are_crossed(chrome: Browser, pages: dict[str, Path]) -> None:
    """One's own, typed in: kept with so much left, or over by so much, exact; a word is no limit."""
    chrome.open(pages["v2"])
    field = chrome.find(".stops td input", 1)
    field.send_keys("300M")
    assert chrome.texts(".stops .state") == ["over by 774,272"]
    assert "MAdds: over by 774,272 (limit 300,000,000)" in chrome.texts(".stops [role=status]")[0]
    slide(chrome, "alpha", 0)
    assert "within" in chrome.texts(".stops .state")[0]
    assert "the limit is kept" in chrome.texts(".stops [role=status]")[0]
    retype(field, "much")
    assert chrome.run("return document.querySelector('[aria-invalid]') !== null")
    retype(field, "0.5 MiB")
    assert "over by" in chrome.texts(".stops .state")[0]


def test_budgets_of_a_file_are_shown(
    chrome: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the nearest mnetcost.toml for this design, at the settings of the sliders."""
    (tmp_path / "mnetcost.toml").write_text(
        '[[budget]]\ndesign = "v2"\nmadds = "250M"\nparams = "4M"\n', "utf-8"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "v2.html").write_text(run("report", "v2", "--format", "html").stdout, "utf-8")
    chrome.open(tmp_path / "v2.html")
    assert chrome.texts(".stops .state") == ["over by 50,774,272", "within, 495,128 left"]


def test_everything_has_a_name_and_headings_go_in_order(chrome: Browser, pages: dict[str, Path]) -> None:
    """What can be operated has a name to be read out; no heading skips a level; there is one main part."""
    for name in ("v2", "compare", "check"):
        chrome.open(pages[name])
        controls = chrome.controls()
        assert controls
        assert [role for role, label in controls if not label] == []
        levels = [
            int(level)
            for level in chrome.run(
                "return [...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName[1])"
            )
        ]
        assert levels[0] == 1
        assert all(b - a <= 1 for a, b in pairwise(levels))
        assert chrome.run(
            "return [document.documentElement.lang, document.querySelectorAll('main').length]"
        ) == ["en", 1]
    chrome.open(pages["v2"])
    names = dict.fromkeys(chrome.controls())
    for control in (
        ("slider", "alpha"),
        ("slider", "resolution"),
        ("button", "MAdds"),
        ("checkbox", "by block"),
        ("searchbox", "Filter"),
        ("button", "bottleneck 2/1"),
        ("button", "bottleneck 2/1/expand"),
    ):
        assert control in names


def test_the_night_has_its_own_colours(chrome: Browser, pages: dict[str, Path]) -> None:
    """Text and charts follow the reader's choice; the contrast of text is at least 7 to 1."""
    script = (
        "const s = (q, p) => getComputedStyle(document.querySelector(q))[p];"
        "return [s('body', 'backgroundColor'), s('body', 'color'), s('svg .f-ink', 'fill')]"
    )
    seen = []
    for dark in (False, True):
        chrome.open(pages["v2"], dark=dark)
        paper, ink, drawn = chrome.run(script)
        assert drawn == ink
        assert abs(luminance(paper) - luminance(ink)) > 0.7
        seen.append(luminance(paper))
    assert seen[0] > 0.9
    assert seen[1] < 0.1


def luminance(colour: str) -> float:
    """The relative luminance of an rgb() colour, from 0 to 1."""
    parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_print_has_every_row_and_no_control(chrome: Browser, pages: dict[str, Path]) -> None:
    """Folded rows are unfolded, buttons that only do something are gone, by day colours."""
    chrome.open(pages["v2"], dark=True)
    chrome.find("main > section:not(.stops) .controls button").click()
    assert chrome.texts(ROWS) == []
    chrome.send("Emulation.setEmulatedMedia", media="print")
    assert len(chrome.texts(ROWS)) == 105
    assert chrome.texts(".controls button") == []
    assert chrome.run("return [...document.querySelectorAll('input')].every(e => !e.offsetParent)")
    assert chrome.run("return getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_is_whole_without_its_script(chrome: Browser, pages: dict[str, Path]) -> None:
    """Every row, block and note is there; there are no controls, but a name still opens its formula."""
    chrome.send("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chrome.open(pages["v2"])
        assert len(chrome.texts(ROWS)) == 105
        assert len(chrome.texts("tr.head")) == 20
        assert chrome.texts("noscript") == ["With JavaScript, there are sliders here."]
        assert chrome.texts("input, .sort, .fold") == []
        chrome.find(".why", 2).click()
        assert "= 3,612,672" in chrome.texts(":popover-open")[0]
    finally:
        chrome.send("Emulation.setScriptExecutionDisabled", value=False)
