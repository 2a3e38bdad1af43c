"""Do the pictures of grids, fronts, spaces, differences and limits show exactly what was found?"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from mnetcost.analyses.changes.drawn import waterfall
from mnetcost.analyses.charts import Axis, Bars, Dot, Scatter, Waterfall
from mnetcost.analyses.report.heatmaps import budgets
from mnetcost.analyses.report.sides import stacks
from mnetcost.output.charts import canvas_of
from mnetcost.output.charts.canvas import measure
from mnetcost.output.charts.heatmap import borders
from mnetcost.output.charts.labels import Box, box_of

from .test_charts import FIGURES, SAMPLES, SVG, faults
from .test_cli import run


def whole(text: str) -> int:
    """A number as it is written in a picture."""
    return int(text.replace(",", ""))


@pytest.mark.parametrize("budget", [0, 2, 3, 4, 9])
def test_a_line_parts_the_cells_within_a_budget_from_the_others(budget: int) -> None:
    """It runs along every border between a cell within and one that is not, once, and along no other; on a
    grid with a hole and a checkerboard, too.
    """
    values = ((1, 2, 4, 8), (2, 9, 3, 9), (4, 2, 9, 2))
    drawn = [step for line in borders(values, budget) for pair in pairwise(line) for step in steps(*pair)]
    within = [[value <= budget for value in row] for row in values]
    level = [((i, j), (i, j + 1)) for i in (1, 2) for j in range(4) if within[i - 1][j] != within[i][j]]
    upright = [((i, j), (i + 1, j)) for i in range(3) for j in (1, 2, 3) if within[i][j - 1] != within[i][j]]
    assert sorted(drawn) == sorted(level + upright)


Corner = tuple[int, int]


def steps(one: Corner, other: Corner) -> Iterator[tuple[Corner, Corner]]:
    """The borders of single cells that a straight line runs along."""
    (i, j), (k, m) = sorted((one, other))
    assert i == k or j == m
    between = [(n, j) for n in range(i, k + 1)] if j == m else [(i, n) for n in range(j, m + 1)]
    return pairwise(between)


def test_a_grid_is_drawn_cell_by_cell() -> None:
    """Each cell shows its exact figure, and each line how many cells are within its budget."""
    call = ("scale", "v1", "--metric", "peak_bytes.int8")
    data = json.loads(run(*call, "--format", "json").stdout)
    svg = run(*call, "--format", "svg").stdout
    cells = re.findall(r"<title>alpha ([\d.]+), resolution (\d+): ([\d,]+) (\S+)</title>", svg)
    for unit, key in (("MAdds", "madds"), ("peak_bytes.int8", "peak_bytes.int8")):
        drawn = [whole(n) for *_, n, of in cells if of == unit]
        flat = [n for row in data[key] for n in row]
        assert drawn == flat
        lines = re.findall(rf"<title>up to ([\d,]+) {unit}: (\d+) of 16 cells</title>", svg)
        assert len(lines) >= 3
        assert all(sum(v <= whole(b) for v in flat) == int(n) for b, n in lines)
    assert not re.search("params by alpha", svg)


def test_budgets_are_round_and_differ() -> None:
    """Each parts the figures in its own way, and none leaves all on one side."""
    assert budgets([14, 70, 150, 569]) == (20, 100, 200)
    assert budgets([300, 310, 390]) == (300, 350)
    assert budgets([7]) == ()


def test_a_large_grid_is_thinned_and_says_so() -> None:
    """A thousand by a thousand cells are 32 by 40, with the first and the last."""
    svg = run(
        "scale", "v2", "--alpha", "0.001:1:0.001", "--resolution", "32:1031:1", "--format", "svg"
    ).stdout
    assert "32 of 1,000 alphas and 40 of 1,000 resolutions" in svg
    assert svg.count("<title>alpha ") == 32 * 40
    assert "alpha 1, resolution 1031: 6,470,871,824 MAdds" in svg
    assert faults(svg) == []


def test_names_of_dots_do_not_overlap() -> None:
    """Neither with each other nor with a large dot, however many there are; each is in the picture."""
    dots = tuple(Dot(f"design {n}", n % 7 + n / 90, n % 11, front=n % 3 == 0) for n in range(60))
    svg = canvas_of(Scatter("t", "a", *FIGURES, dots, front=((0.0, 0),), all_named=True)).svg()
    root = ElementTree.fromstring(svg)
    boxes = []
    for text in root.findall(f"{SVG}text"):
        if (text.text or "").startswith("design"):
            x, y = float(text.attrib["x"]), float(text.attrib["y"])
            boxes.append(box_of(x, y, measure(text.text or ""), text.get("text-anchor", "start")))
    dots_at = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.findall(f"{SVG}circle")]
    assert 20 < len(boxes) <= 60
    assert not any(a.meets(b) for a, b in combinations(boxes, 2))
    assert not any(a.meets(Box(x - 2, y - 2, x + 2, y + 2)) for a in boxes for x, y in dots_at)


def test_a_front_is_drawn_with_its_names_and_its_line() -> None:
    """Large dots are those of the table, and the line has the corners of the front."""
    call = ("front", "v1", "v2", "v3-small", "--alpha", "0.25:1:0.25", "--resolution", "96,224")
    data = json.loads(run(*call, "--format", "json").stdout)
    svg = run(*call, "--format", "svg").stdout
    large = re.findall(r'r="5"[^>]*><title>([^<]+): ([\d,]+) MAdds, ([\d,]+) params \(', svg)
    assert {(name, whole(m), whole(p)) for name, m, p in large} == {
        (one["design"], one["figures"]["madds"], one["figures"]["params"]) for one in data["front"]
    }
    assert svg.count("<circle") == 3 + data["designs"]  # of the legend, and of the designs
    path = re.search(r'<path d="(M[^"]+)" class="s-dim"', svg)
    assert path
    assert path[1].count("L") == 2 * len(data["front"])
    assert "less is better" in svg


def test_a_front_of_three_objectives_says_whose_line_it_is() -> None:
    """A dot on the front may be behind the line, which is that of the axes."""
    svg = run(
        "front", "v1", "v2", "--alpha", "0.5,1", "--of", "madds,params,peak_bytes.int8", "--format", "svg"
    ).stdout
    assert "on the front of madds, params, peak_bytes.int8; the line is of the first two" in svg
    assert faults(svg) == []


@pytest.mark.parametrize(
    "call",
    [
        "list",
        "list v1",
        "pick --max madds=100M",
        "factorize 12x12x3 --kernel 5 --out 256",
        "sensitivity v1 --by down",
    ],
)
def test_what_is_drawn_can_be_read(call: str) -> None:
    """Many things, and one alone."""
    svg = run(*call.split(), "--format", "svg").stdout
    assert "rich-terminal" not in svg
    assert faults(svg) == []


@pytest.mark.parametrize("call", ["space front v2-grid", "front v1", "diff v2 v2", "reconcile v2 300774272"])
def test_what_has_no_picture_is_shown_as_on_a_terminal(call: str) -> None:
    """One point is no front, and nothing leads from a figure to itself."""
    assert "rich-terminal" in run(*call.split(), "--format", "svg").stdout


def test_a_histogram_counts_every_design() -> None:
    """The bars add up to all 221,502,229,807,900,608, to the last one."""
    svg = run("space", "stats", "proxylessnas", "--of", "params", "--format", "svg").stdout
    counts = re.findall(r"<title>[\d,]+ params to [\d,]+ params: ([\d,]+) designs, ", svg)
    assert sum(whole(n) for n in counts) == 221_502_229_807_900_608
    assert all(f">{name}<" in svg for name in ("least", "median", "95 %", "most"))


def test_shares_of_many_more_than_a_float_holds_are_drawn() -> None:
    """10^30 of 10^30 + 1 things are a bar of all its height, and one thing is still there."""
    svg = canvas_of(SAMPLES["histogram"]).svg()
    assert "1,000,000,000,000,000,000,000,000,000,000 designs, 100 %" in svg
    assert ": 1 designs, 1e-28 %" in svg


@pytest.mark.parametrize("pair", [("v1", "v3-large"), ("v2", "shicai-caffe/v2"), ("resnet50", "resnet152")])
def test_the_steps_of_a_difference_add_up(pair: tuple[str, str]) -> None:
    """What is drawn of multiply-adds and params: the old total and every step are the new total."""
    data = json.loads(run("diff", *pair, "--format", "json").stdout)
    svg = run("diff", *pair, "--format", "svg").stdout
    for unit, key in (("MAdds", "madds"), ("params", "params")):
        if data["difference"][key]:
            steps = re.findall(rf"<title>[^<]*: ([+-][\d,]+) {unit}</title>", svg)
            assert sum(whole(n) for n in steps) == data["difference"][key]
            old, new = (f": {data[side][key]:,} {unit}</title>" for side in ("old", "new"))
            assert old in svg
            assert new in svg
    assert faults(svg) == []


def test_many_steps_are_drawn_as_some() -> None:
    """Of 40 the smallest 17 are one, and they still add up."""
    steps = [(f"step {n}", (-1) ** n * 10 * n) for n in range(40, 0, -1)]
    whole = sum(n for _, n in steps)
    chart = waterfall("t", "MAdds", ("a", "b"), (1000, 1000 + whole), steps)
    assert len(chart.steps) == 24
    assert chart.steps[-1] == ("17 smaller steps", sum(n for _, n in steps[23:]))
    assert chart.start[1] + sum(n for _, n in chart.steps) == chart.end[1]


def test_a_cut_axis_says_so() -> None:
    """Steps of a thousandth would not be seen from 0 on; where they are large, the axis begins at 0."""
    small = Waterfall("t", "a", FIGURES[0], ("a", 10**6), (("b", 1000),), ("c", 10**6 + 1000))
    large = Waterfall("t", "a", FIGURES[0], ("a", 1000), (("b", 1000),), ("c", 2000))
    assert "the axis does not begin at 0" in canvas_of(small).svg()
    assert "the axis does not begin at 0" not in canvas_of(large).svg()


@pytest.mark.parametrize("numbers", [["3.47M"], ["300M", "3.4M"], ["123456789"]])
def test_a_ledger_leads_to_the_number(numbers: list[str]) -> None:
    """Our figure and the steps drawn are the number, explained or not."""
    svg = run("reconcile", "v2", *numbers, "--format", "svg").stdout
    texts = re.findall(r"<title>([^<]*): ([+-]?[\d,]+) (?:MAdds|params)</title>", svg)
    ledgers: list[list[int]] = []
    for name, figure in texts:
        ledgers += [[]] if name.startswith("our figure") else []
        ledgers[-1].append(whole(figure))
    assert [sum(figures[:-1]) for figures in ledgers] == [figures[-1] for figures in ledgers]
    assert len(ledgers) == len(numbers)


def test_designs_are_drawn_side_by_side() -> None:
    """Totals as multiples of the first, and kinds that add up to each."""
    svg = run("compare", "v1", "v2", "--format", "svg").stdout
    assert "<title>v2: 300,774,272 MAdds, 0.529x</title>" in svg
    parts = re.findall(r"<title>(v\d), \w+: ([\d,]+) (MAdds|params), ", svg)
    for name, unit, total in (
        ("v1", "MAdds", 568_740_352),
        ("v2", "MAdds", 300_774_272),
        ("v2", "params", 3_504_872),
    ):
        kinds = [whole(n) for n in (n for of, n, u in parts if (of, u) == (name, unit))]
        assert sum(kinds) == total * (2 if unit == "MAdds" else 1)  # by kind, and by output map
    assert faults(svg) == []


def test_what_is_further_than_some_parts_is_one() -> None:
    """Of nine parts the six largest are kept, in their order, and nothing is lost."""
    found = [{f"p{n}": 10 * n for n in range(1, 10)}]
    (chart,) = stacks(["net"], [("t", "MAdds", found)])
    assert chart.parts == ("p4", "p5", "p6", "p7", "p8", "p9", "3 others")
    assert chart.rows == (("net", (40, 50, 60, 70, 80, 90, 60)),)


def test_a_check_is_drawn_limit_by_limit() -> None:
    """How much of each is used, in the order of the table and in a colour and a word of its state."""
    svg = run("check", "v2", "--max", "madds=300M", "--max", "params=3.6M", "--format", "svg").stdout
    assert "300,774,272 of 300,000,000 MAdds, 100.26 %</title>" in svg
    assert re.search(r'class="f-vermillion"[^>]*><title>v2, madds', svg)
    assert re.search(r'class="f-green"[^>]*><title>v2, params', svg)
    assert [word for word in ("broken", "ok") if f">{word}<" in svg] == ["broken", "ok"]


def test_what_fits_is_drawn_figure_by_figure() -> None:
    """Those that have a limit; a figure that is not known says so."""
    svg = run("fit", "v1:alpha=0.25,resolution=128", "--ram", "256K", "--ms", "5", "--format", "svg").stdout
    assert "131,072 of 262,144 bytes, 50.00 %" in svg
    assert "not known" in svg
    assert faults(svg) == []


def test_a_change_against_the_others_is_hollow() -> None:
    """A step up that saves something is seen as one."""
    axis = Axis("MAdds", "change")
    svg = canvas_of(Bars("t", "a", axis, axis, (("x", 5, 1), ("y", -2, 1)), (10, 10))).svg()
    assert "<title>y: -2 MAdds, -20.0 %</title>" in svg
    assert len(re.findall(r'class="f-paper s-blue"', svg)) == 1
