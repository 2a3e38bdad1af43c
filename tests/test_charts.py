"""What must every picture be? Read at a glance by anybody, safe with any name, and the same every time."""

from __future__ import annotations

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
    Dot,
    Heatmap,
    Histogram,
    Limits,
    Scatter,
    Slab,
    Stacks,
    Step,
    Strip,
    Strips,
    Used,
    Waterfall,
)
from mnetcost.output.charts import CHARTS, canvas_of, picture
from mnetcost.output.charts.canvas import Canvas, fitted, measure, stacked
from mnetcost.output.charts.scales import Scale, around, round_step
from mnetcost.output.charts.theme import SERIES, TONES, heat

from .pictures import FOLDER, PICTURES
from .test_cli import run

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "</text><script>alert(1)</script>&\"'\x1b[31m\u202e\x00\ufffe"
FIGURES = Axis("MAdds"), Axis("params")
SAMPLES: dict[str, charts.Chart] = {
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


@pytest.mark.parametrize("name", PICTURES)
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
    """docs/charts.md has each, with the call that draws it above; and no picture is left over."""
    page = (FOLDER.parent / "charts.md").read_text("utf-8")
    lacking = [
        name
        for name, call in PICTURES.items()
        if f"](pictures/{name})" not in page or f"mnetcost {' '.join(call)} " not in page
    ]
    assert lacking == []
    assert {path.name for path in FOLDER.iterdir()} == set(PICTURES)


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
