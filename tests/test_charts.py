"""What must every picture be? Read at a glance by anybody, safe with any name, and the same every time."""

from __future__ import annotations

import json
import re
from itertools import combinations
from xml.etree import ElementTree

import pytest

from mnetcost.analyses import charts
from mnetcost.analyses.charts import (
    Arc,
    Axis,
    Bars,
    Block,
    Blocks,
    Box,
    Dot,
    Heatmap,
    Histogram,
    Level,
    Life,
    Limits,
    Lines,
    Mark,
    Network,
    Panel,
    Panels,
    Scatter,
    Series,
    Slab,
    Stacks,
    Step,
    Strip,
    Strips,
    Timeline,
    Used,
    Waterfall,
)
from mnetcost.output.charts import CHARTS, canvas_of, picture
from mnetcost.output.charts.canvas import Canvas, fitted, measure, stacked
from mnetcost.output.charts.scales import Scale, around, round_step
from mnetcost.output.charts.theme import SERIES, TONES, heat
from mnetcost.output.charts.timeline import _placed

from .pictures import FOLDER, PICTURES
from .teaching import TEACHING
from .test_cli import run

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>&\"'\x1b[31m\u202e\x00\ufffe"
FIGURES = Axis("MAdds"), Axis("params")
SAMPLES: dict[str, charts.Chart] = {
    "network": Network(
        "net: graph",
        "Three layers.",
        "MAdds",
        (
            Box("x", "input", "other", (), ((8, 8, 3),)),
            Box(HOSTILE, HOSTILE, "convolution", ((8, 8, 3),), ((8, 8, 4),), 108, 6912, (3, 3), (1, 1)),
            Box("norm", "norm", "other", ((8, 8, 4),), ((8, 8, 4),), 8, function=HOSTILE, attached=True),
        ),
        ((0, 1), (1, 2)),
        note=HOSTILE,
    ),
    "bars": Bars("net: cost by block", "Two blocks.", *FIGURES, (("stem", 864, 0), (HOSTILE, 10**12, 7))),
    "strips": Strips(
        "nets",
        "Two networks.",
        FIGURES[0],
        (
            Strip(
                HOSTILE,
                HOSTILE * 3,
                (
                    Slab("input", (32, 32, 3), (), 0, 0, 0),
                    Slab(HOSTILE, (32, 32, 8), (32, 32, 48), 10**9, 10**6, 3),
                    Slab(f"{HOSTILE} 2/1", (8, 32, 32, 8), (), 10**9, 7, 3),
                ),
                (Arc(0, 1, "add", False), Arc(0, 2, "concat", True)),
                2 * 10**9,
                10**6 + 7,
            ),
            Strip("empty", "empty", (), (), 0, 0),
        ),
    ),
    "blocks": Blocks(
        "blocks",
        "Two blocks.",
        FIGURES[0],
        (
            Block(
                HOSTILE,
                HOSTILE * 3,
                HOSTILE,
                2,
                (
                    Step("input", HOSTILE, "", "", "", (8, 8, 16), (), 0, 0),
                    Step("layer", HOSTILE, HOSTILE, HOSTILE, HOSTILE, (8, 8, 16), (0,), 10**9, 10**6),
                    Step("layer", "b", "", "1x1 conv", "BN", (1, 1, 4096), (1,), 0, 0),
                    Step("gate", "c", "", "gate", "", (8, 8, 16), (1, 2), 0, 0),
                    Step("add", "d", "", "add", HOSTILE, (8, 8, 16), (3, 0), 0, 0),
                    Step("concat", "e", "", "concat", "", (8, 8, 32), (4, 0), 0, 0),
                ),
                10**9,
                10**6,
                10**9,
            ),
            Block(
                "alone",
                "alone",
                "alone",
                1,
                (Step("layer", "a", "", "conv", "", (1, 1, 1), (), 0, 0),),
                0,
                0,
                0,
            ),
        ),
    ),
    "stacks": Stacks(
        "MAdds by kind", "Of two.", FIGURES[0], ("conv", HOSTILE), (("net", (864, 0)), (HOSTILE, (5, 10**12)))
    ),
    "heatmap": Heatmap(
        f"{HOSTILE}: MAdds",
        "Four cells.",
        FIGURES[0],
        "alpha",
        "resolution",
        ("0.5", HOSTILE),
        ("96", HOSTILE * 3),
        ((1, 20), (3, 10**12)),
        (2, 20),
        HOSTILE,
    ),
    "scatter": Scatter(
        "Designs",
        "Two of them.",
        *FIGURES,
        (Dot(HOSTILE, 10**6, 7, HOSTILE, True), Dot("net", 10**12, 10**6, "b")),
        front=((10**6, 7),),
        note=HOSTILE,
        all_named=True,
    ),
    "histogram": Histogram(
        "a space", "Many.", FIGURES[0], "designs", ((0, 9, 10**30), (10, 19, 1)), ((HOSTILE, 4), ("most", 19))
    ),
    "waterfall": Waterfall(
        "a to b",
        "Two steps.",
        FIGURES[0],
        ("a", 10**9),
        ((HOSTILE * 5, 10**6), ("less", -7)),
        ("b", 1000999993),
    ),
    "limits": Limits(
        "2 limits",
        "One is broken.",
        (
            Used(HOSTILE, HOSTILE, FIGURES[0], 30, 10, 3.0, "broken", False),
            Used("net", "ram", Axis("RAM", "memory"), None, 10, None, "undecided", None),
        ),
    ),
    "lines": Lines(
        HOSTILE,
        "Two lines.",
        Axis(HOSTILE, "integer"),
        Axis("MAdds"),
        (
            Series(HOSTILE, ((0, 5, HOSTILE), (1, None, HOSTILE), (2, 7, ""), (3, 9, "")), "steps"),
            Series(HOSTILE, ((0, 8, HOSTILE), (3, 9, HOSTILE)), "dots", (0.25, 1)),
        ),
        (Level(HOSTILE, 8),),
        (Mark(1, HOSTILE), Mark(2, "stride 2")),
        (HOSTILE, "b", "c", "d"),
        under=HOSTILE,
    ),
    "timeline": Timeline(
        HOSTILE,
        "Three buffers.",
        ("input", HOSTILE, "c"),
        (
            Life(HOSTILE, 4000, 0, 1, HOSTILE, 0),
            Life("b", 2000, 1, 2, "map", 4000),
            Life("loose", 9, 1, 2, "map"),
        ),
        (HOSTILE, "map"),
        (1, 6009),
        Level(HOSTILE, 7000),
        Level(HOSTILE, 6500),
        HOSTILE,
    ),
    "panels": Panels(
        HOSTILE,
        "Four curves.",
        (
            Panel(HOSTILE, HOSTILE, ((0, 0), (1e9, -5), (3, 1e-9))),
            Panel("none", "", ()),
            Panel("one", "at the origin", ((0, 0),)),
            Panel("a" * 400, "b" * 400, ((1, 0), (2, 0))),
        ),
        HOSTILE,
    ),
}
"""A chart of each kind, with a name that is meant to break out of the picture."""


def lightness(colour: str) -> float:
    """L* of a colour in CIE Lab, from 0 (black) to 100 (white)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 116 * (y ** (1 / 3) if y > 0.008856 else 7.787 * y + 16 / 116) - 16


def contrast(one: str, other: str) -> float:
    """The ratio of contrast of two colours, from 1 to 21, as WCAG 2 defines it."""
    low, high = sorted(((lightness(c) + 16) / 116) ** 3 for c in (one, other))
    return (high + 0.05) / (low + 0.05)


def faults(svg: str) -> list[str]:
    """What is wrong with a picture; nothing if it can be shown, read and trusted."""
    root = ElementTree.fromstring(svg)
    width, height = (float(n) for n in root.attrib["viewBox"].split()[2:])
    said = []
    if [child.tag for child in root][:2] != [SVG + "title", SVG + "desc"] or not all(
        c.text for c in root[:2]
    ):
        said.append("no title or description")
    for element in root.iter():
        tag = element.tag.removeprefix(SVG)
        if tag not in ("svg", "g", "title", "desc", "style", "rect", "line", "path", "circle", "text"):
            said.append(f"an element {tag}")
        said += [
            f"an attribute {key}"
            for key in element.attrib
            if key.startswith("on") or "href" in key or key == "style"
        ]
        for key in ("fill", "stroke"):
            colour = element.get(key, "none")
            known = any(
                f"{key[0]}-{tone}" in element.get("class", "").split() and day == colour
                for tone, (day, _) in TONES.items()
            )
            if colour != "none" and not known:
                said.append(f"a {key} of {colour} that does not follow the night")
        if tag == "text":
            size = float(element.attrib["font-size"])
            if size * 900 / width < 12:
                said.append(f"text of {size} px")
    said += [f"out of the picture: {text}" for text in outside(root, width, height)]
    if re.search(r"url\(|@import|<script|javascript:", svg):
        said.append("something is fetched or run")
    return said


def outside(root: ElementTree.Element, width: float, height: float) -> list[str]:
    """Texts that do not end within the picture, as wide as they are estimated."""
    found = []
    for group in (root, *root.findall(f"{SVG}g")):
        down = float((re.findall(r"translate\(\S+ (\S+)\)", group.get("transform", "")) or ["0"])[0])
        for element in group.findall(f"{SVG}text"):
            text = "".join(element.itertext()) if len(element) == 0 else element[-1].tail or ""
            size, x, y = (float(element.attrib[key]) for key in ("font-size", "x", "y"))
            part = {"start": 0.0, "middle": 0.5, "end": 1.0}[element.get("text-anchor", "start")]
            left = x - part * measure(text, size)
            right = left + measure(text, size)
            turned = "rotate" in element.get("transform", "")
            if not (0 <= y + down <= height) or (not turned and (left < -1 or right > width + 1)):
                found.append(text)
    return found


@pytest.mark.parametrize("name", [*PICTURES, *TEACHING])
def test_a_picture_can_be_read_and_trusted(name: str) -> None:
    """Every picture of the docs: its texts at 12 px or more and within it, colours for day and night, a
    title and a description, and nothing that runs or is fetched.
    """
    assert faults((FOLDER / name).read_text("utf-8")) == []


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_hostile_name_is_data(kind: str) -> None:
    """No name ends its text, whatever kind of chart it stands in."""
    svg = picture([SAMPLES[kind]])
    assert faults(svg) == []
    assert "<script" not in svg
    assert picture([SAMPLES[kind]]) == svg


def test_a_bad_picture_is_seen() -> None:
    """The guard can fail: a text that is too small and runs out, a colour of its own, a script."""
    canvas = Canvas("", "")
    canvas.text(890, -5, "far out", size=8)
    canvas.add("rect", 'fill="#123456" onclick="x()"')
    canvas.add("script", "")
    said = " ".join(faults(canvas.svg()))
    for fault in ("no title", "8.0 px", "far out", "#123456", "onclick", "script"):
        assert fault in said


def test_every_picture_is_shown_with_its_command() -> None:
    """docs/charts.md has each, those of a command with the call that draws it; none is left over."""
    page = (FOLDER.parent / "charts.md").read_text("utf-8")
    lacking = [
        name
        for name, call in PICTURES.items()
        if f"](pictures/{name})" not in page or f"mnetcost {' '.join(call)} " not in page
    ]
    assert lacking == []
    assert [name for name in TEACHING if f"](pictures/{name})" not in page] == []
    assert {path.name for path in FOLDER.iterdir()} == {*PICTURES, *TEACHING}


def test_every_kind_of_chart_is_drawn_and_kept() -> None:
    """A row in the table of modules, and a sample here."""
    kinds = {CHARTS[type(chart)] for chart in SAMPLES.values()}
    assert kinds == set(CHARTS.values()) == set(SAMPLES)


def test_series_differ_in_lightness() -> None:
    """So that they are told apart in grey, and all of them from the paper, by day and by night."""
    for way in (0, 1):
        for one, other in combinations(SERIES[:4], 2):
            assert abs(lightness(TONES[one][way]) - lightness(TONES[other][way])) >= 7
        assert all(contrast(TONES[t][way], TONES["paper"][way]) >= 4.5 for t in ("ink", "dim"))
        assert all(contrast(TONES[f"on{n}"][way], TONES[f"heat{n}"][way]) >= 4.5 for n in range(10))
        steps = [lightness(TONES[f"heat{n}"][way]) for n in range(10)]
        assert steps == sorted(steps, reverse=not way)


def test_names_are_cut_to_their_room() -> None:
    """What is left fits, and both ends of the name are there."""
    short = fitted("bottleneck 2/1/expand", 90)
    assert measure(short) <= 90
    assert (short[:3], short[-3:], "…" in short) == ("bot", "and", True)
    assert fitted("stem", 90) == "stem"
    assert heat(2) == 9


def test_an_axis_has_round_values() -> None:
    """In steps of 1, 2 or 5; of memory in powers of two; where equal steps are ratios, 1 and 3 times powers
    of ten.
    """
    assert Scale(Axis("MAdds"), 0, 301e6, 0, 100).ticks() == [0, 1e8, 2e8, 3e8]
    assert Scale(Axis("RAM", "memory"), 0, 300_000, 0, 100).ticks() == [0, 65536, 131072, 196608, 262144]
    assert around(Axis("MAdds", log=True), [1e6, 1e9], 0, 100).ticks() == [1e6, 3e6, 1e7, 3e7, 1e8, 3e8, 1e9]
    assert round_step(1) == 0.2


def test_pictures_stand_beneath_each_other() -> None:
    """As one picture as high as both."""
    one = canvas_of(SAMPLES["bars"])
    both = stacked([one, canvas_of(SAMPLES["bars"])])
    assert both.height == 2 * one.height
    assert faults(both.svg()) == []


def test_a_picture_names_what_its_figures_rest_on() -> None:
    """The convention, and what was left out, in lines that fit however long they are."""
    left_out = "partial: left out " + ", ".join(f"Op{n} (1x, first at {HOSTILE!r})" for n in range(200))
    svg = picture([SAMPLES["bars"]], [left_out, "convention: paper"])
    assert faults(svg) == []
    assert "convention: paper" in svg
    assert svg.count("partial: left out Op0") == 2  # drawn, and in the description
    assert "convention: paper" in run("report", "v2", "--format", "svg").stdout


def test_a_report_is_drawn_by_block() -> None:
    """The bars hold each block's exact figures, and those add up to the totals."""
    svg = run("report", "v2", "--format", "svg").stdout
    bars = re.findall(r"<title>([^:<]+): ([\d,]+) (MAdds|params), ", svg)
    for unit, total in (("MAdds", 300_774_272), ("params", 3_504_872)):
        assert sum(int(n.replace(",", "")) for _, n, of in bars if of == unit) == total


def test_strips_hold_every_block() -> None:
    """With its exact figures, which add up to the total of the design."""
    svg = run("draw", "v2", "--format", "svg").stdout
    columns = dict(re.findall(r"<title>([^:<]+): [^;<]+; ([\d,]+) MAdds \(", svg))
    assert sum(int(n.replace(",", "")) for n in columns.values()) == 300_774_272
    assert "bottleneck 2/1: 56x56x24, 112x112x96 inside; 29,202,432 MAdds (9.71 %), 5,136 params" in svg


def test_strips_are_on_one_scale() -> None:
    """The stem of V1, 112 high and 32 wide, is as high and as wide as that of V2."""
    columns = [
        re.findall(
            r'width="(\S+)" height="(\S+)" [^>]*><title>stem:', run("draw", *names, "--format", "svg").stdout
        )
        for names in (["v1", "v2"], ["v2", "v1"])
    ]
    assert columns[0][0] == columns[0][1] == columns[1][0]


def test_a_block_holds_every_layer() -> None:
    """With its exact figures: bottleneck 2/2 of V2, by hand 56 x 56 x (24 x 144, 9 x 144 and 144 x 24)."""
    svg = run("draw", "v2", "--style", "block", "--block", "bottleneck 2/2", "--format", "svg").stdout
    work = [int(n.replace(",", "")) for n in re.findall(r">([\d,]+) MAdds</text>", svg)]
    assert work == [56 * 56 * 24 * 144, 56 * 56 * 9 * 144, 56 * 56 * 144 * 24]


def test_the_receptive_field_is_drawn_by_depth() -> None:
    """MobileNetV1: 3 pixels at the stem, 315 at the last layer, five strides, and the image at 224."""
    svg = run("receptive", "v1", "--format", "svg").stdout
    dots = re.findall(r"<title>(?:receptive field, )?([^:<]+): ([\d,]+) pixels</title>", svg)
    assert dots[0] == ("stem/conv (stride 2)", "3")
    assert ("separable 8/depthwise (stride 32)", "315") in dots
    assert re.findall(r">(stride \d+)<", svg) == [f"stride {n}" for n in (2, 4, 8, 16, 32)]
    assert "image: 224" in svg


def test_both_sides_of_a_field_are_drawn_where_they_differ() -> None:
    """DS-CNN sees 49 x 10 numbers through a stem of 10 x 4, and both sides have their limit."""
    svg = run("receptive", "ds-cnn-s", "--format", "svg").stdout
    assert "height of the field, stem" in svg
    assert "height of the image: 49" in svg
    assert "width of the image: 10" in svg


def test_a_gap_is_no_zero() -> None:
    """A value that is lacking breaks the line and says why; no dot stands at 0."""
    points = ((0, 5, "a"), (1, None, "the file is not there"), (2, 7, "c"))
    svg = picture([Lines("net", "One.", Axis("commit"), Axis("MAdds"), (Series("net", points),))])
    assert re.findall(r"<title>([^<]+)</title>", svg)[1:] == [
        "a: 5 MAdds",
        "the file is not there",
        "c: 7 MAdds",
    ]
    assert len(re.findall("<path ", svg)) == 2
    assert "nothing to draw" in picture(
        [Lines("net", "None.", Axis("commit"), Axis("MAdds"), (Series("net", points[1:2]),))]
    )


def test_memory_is_drawn_as_it_is_planned() -> None:
    """Every buffer of the plan with its bytes, steps and offset; peak, arena and limit to the last byte."""
    call = ["memory", "keras/v1:alpha=0.25,resolution=96,classes=2", "--limit", "64K"]
    svg = run(*call, "--format", "svg").stdout
    plan = json.loads(run(*call, "--format", "json").stdout)
    drawn = re.findall(r"<title>([^<]+): ([\d,]+) bytes, steps? (\d+)[^,<]*, at ([\d,]+)</title>", svg)
    assert [(name, *(int(n.replace(",", "")) for n in figures)) for name, *figures in drawn] == [
        (b["name"], b["bytes"], b["first"], b["offset"]) for b in plan["buffers"]
    ]
    for text in (
        "peak: 55,296 bytes (54.0 KiB) at separable 1/pointwise",
        "arena: 73,728 bytes (72.0 KiB)",
        "limit: 65,536 bytes (64.0 KiB)",
        "8,192 bytes (8.00 KiB) above the limit",
    ):
        assert text in svg


def test_memory_without_places_stands_on_each_other() -> None:
    """What is held at a step is as high as its bytes; an older buffer falls where one beneath it is freed."""
    lives = (Life("a", 10, 0, 1, "map"), Life("b", 30, 1, 2, "map"), Life("c", 5, 2, 2, "map"))
    assert _placed(lives) == [[(0, 1, 0)], [(1, 1, 10), (2, 2, 0)], [(2, 2, 30)]]


def test_a_limit_far_above_is_named_and_not_drawn() -> None:
    """512 MiB beside some KiB would flatten the picture."""
    svg = run("memory", "v1:alpha=0.25,resolution=96", "--limit", "512M", "--format", "svg").stdout
    assert "limit: 536,870,912 bytes (512 MiB), above the picture" in svg
    assert 'stroke-dasharray="6 4"' not in svg


def test_memory_in_pieces_is_drawn_before_and_after() -> None:
    """MobileNetV2 in four parts: its first bottleneck holds 702,464 bytes and not 802,816."""
    svg = run("memory", "v2", "--split", "4", "--format", "svg").stdout
    bars = re.findall(r"<title>bottleneck 1: ([\d,]+) held", svg)
    assert bars == ["802,816", "702,464"]
    assert "repeated MAdds" in run("memory", "v2", "--patches", "4x4", "--format", "svg").stdout


def test_a_layer_stands_on_its_roof() -> None:
    """The classifier reads 1,280,000 weights once for as many multiply-adds: 1280 numbers in, 1000 out. At
    100 MiB/s that is at most 104,671,015 a second; an expansion is held back by the peak of 400 M.
    """
    svg = run("fit", "v2", "--device", "tests/core.toml", "--format", "svg").stdout
    dots = {name: int(n.replace(",", "")) for name, n in re.findall(DOT, svg)}
    assert dots["classifier"] == round(1_280_000 / (1_280_000 + 1_280 + 1_000) * 100 * 1024**2)
    assert dots["bottleneck 2/1/expand"] == 400_000_000


DOT = r"<title>\w+, ([^<,]+), [^<]* a byte: ([\d,]+) multiply-adds a second, at most</title>"


def test_a_device_without_a_bandwidth_has_no_roofline() -> None:
    """The answer is then drawn as it looks on a terminal."""
    svg = run("fit", "v1:alpha=0.25", "--device", "stm32h747-cubeai10", "--format", "svg").stdout
    assert "bound of each layer" not in svg


def test_history_is_drawn_commit_by_commit() -> None:
    """Six commits of a design whose body is up to 32 channels wide: 645,440 multiply-adds, above 500,000."""
    svg = (FOLDER / "history.svg").read_text("utf-8")
    dots = re.findall(r"<title>(.*?, )?\w{9} 2020-01-01 body of (\d+) channels: ([\d,]+) MAdds</title>", svg)
    figures = {int(out): int(n.replace(",", "")) for _, out, n in dots}
    assert figures == {out: 55_296 + 18_432 * out + 10 * out for out in (16, 20, 24, 28, 32)}
    assert [out for series, out, _ in dots if "breaks" in series] == ["32", "28"]


def test_conventions_are_drawn_side_by_side() -> None:
    """A bar for each tool, with what it reports, and no total of them."""
    call = ["conventions", "torchvision/v2"]
    svg = run(*call, "--format", "svg").stdout
    data = json.loads(run(*call, "--format", "json").stdout)
    bars = re.findall(r"<title>([^:<( ]+)[^:<]*: ([\d,]+) work", svg)
    assert {name: int(n.replace(",", "")) for name, n in bars} == {
        one["name"]: one["madds"] for one in data["conventions"] if one["madds"]
    }
    assert "%" not in svg.split("</style>")[1].replace('width="100%" height="100%"', "")


def test_panels_without_a_curve_say_so() -> None:
    """And a curve that is one point, or along a line, is drawn all the same."""
    assert "nothing to draw" in picture([Panels("none", "No curves.", ())])
    assert "<circle" in picture([Panels("one", "A point.", (Panel("a", "", ((0, 0), (0, 0))),))])
    line = picture([Panels("one", "A line.", (Panel("a", "", ((-2, 0), (2, 0))),))])
    assert "M34 " in line  # 14 pixels from the edge of the field, which is at 20
