"""The largest design within limits is the largest: every alpha, width, size and depth is looked through."""

from __future__ import annotations

import json
from itertools import pairwise
from math import inf, nextafter
from pathlib import Path

import numpy as np
import pytest

import mnetcost
from mnetcost.analyses.search.alphas import Piece, alpha_pieces, depth_pieces, shortest
from mnetcost.designs.loading import find_spec, load_spec
from mnetcost.designs.settings import Settings
from mnetcost.engine.costs import cost

from .test_cli import run

# a layer that comes and goes with alpha, widths that fall at an alpha of 1 and where the least width is no
# multiple, and "scaled from"
AWKWARD = """
resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 20, kernel = 3, stride = 2 },
  { op = "bneck", out = 20, exp = 28, se = 0.25 },
  { op = "bneck", out = 12, exp = 26, repeat = 2 },
  { op = "conv_norm", out = 100, role = "head" },
]
[widths.head]
scale = "scaled from 0.75"
[widths]
minimum = 10
[expansion]
when = "different"
[compound]
alpha = 1.25
"""


def widths(name: str, alpha: float) -> tuple[tuple[str, int], ...]:
    graph = load_spec(find_spec(name), Settings(alpha=alpha)).graph
    return tuple((node.name, node.output.c) for node in graph.nodes)


@pytest.fixture
def awkward(tmp_path: Path) -> str:
    path = tmp_path / "awkward.toml"
    path.write_text(AWKWARD, "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("name", "pieces"), [("v1", 1998), ("v2", 302), ("v3-large", 329), ("keras/v2", 301), ("", 0)]
)
def test_pieces_of_alpha_are_all_of_them(name: str, pieces: int, awkward: str) -> None:
    """In each, both ends give one network; the float before and after give another. None is between them."""
    design = name or awkward
    found = alpha_pieces(find_spec(design), Settings(), 0.05, 2.0)
    assert not pieces or len(found) == pieces
    assert (found[0].first, found[-1].last) == (0.05, 2.0)
    for one, following in list(pairwise(found))[:: max(1, len(found) // 60)]:
        assert following.first == nextafter(one.last, inf)
        assert one.first <= one.shown <= one.last
        assert widths(design, one.first) == widths(design, one.last) == widths(design, one.shown)
        assert widths(design, one.last) != widths(design, following.first)
    random = np.random.Generator(np.random.PCG64(1))
    lasts = np.array([one.last for one in found])
    for alpha in random.uniform(0.05, 2.0, 100):
        piece = found[int(lasts.searchsorted(alpha))]
        assert widths(design, float(alpha)) == widths(design, piece.shown)


def test_pieces_of_depth_are_all_of_them() -> None:
    """Against every copy counted at ten thousand depths."""
    spec = find_spec("efficientnet-b0")
    found = depth_pieces(spec, 0.3, 3.0)
    repeats = sorted({row.repeat for row in spec.layers if row.repeat})

    def copies(depth: float) -> list[int]:
        return [spec.rules.compound._replace(depth=depth).copies(n) for n in repeats]

    for depth in np.linspace(0.3, 3.0, 10_000):
        (piece,) = [one for one in found if one.first <= depth <= one.last]
        assert copies(float(depth)) == copies(piece.shown)
    assert all(copies(one.last) != copies(following.first) for one, following in pairwise(found))


def test_the_shortest_number_is_between_the_ends() -> None:
    """The one of fewest decimals."""
    assert shortest(0.7187500001, 0.7312) == 0.73
    assert shortest(0.5, 0.5) == 0.5
    assert Piece(0.9875, 1.003).shown == 1.0
    assert shortest(0.1 + 0.2, 0.1 + 0.2) == 0.1 + 0.2


@pytest.mark.parametrize("name", ["v1", "v2", "v3-large", "torchvision/v3-large", "mobilenext", ""])
@pytest.mark.parametrize("most", [{"madds": 90_000_000}, {"madds": 60_000_000, "params": 1_500_000}])
def test_the_answer_is_the_largest_of_a_dense_grid(name: str, most: dict[str, int], awkward: str) -> None:
    """No alpha of five thousand above it is within the limits, and it is; the next breaks what is named."""
    design = name or awkward
    if name == "mobilenext" and "params" in most:
        most = {**most, "params": 2_000_000}
    if not name:
        most = {metric: n // 40 for metric, n in most.items()}
    sizes = [96, 128] if name else [32]
    alphas = [round(0.05 + n * 0.00039, 5) for n in range(5001)]
    grid = mnetcost.scale(design, alpha=alphas, resolution=sizes)
    data = mnetcost.solve(design, most, resolution=sizes).data
    assert len(data["answers"]) == len(sizes)
    for column, answer in enumerate(data["answers"]):
        good = np.ones(len(alphas), bool)
        for metric, limit in most.items():
            good &= getattr(grid, metric)[:, column] <= limit
        best, after = answer["best"], answer["next"]
        assert best["from"] <= best["alpha"] <= best["to"]
        largest = alphas[int(np.flatnonzero(good)[-1])]
        assert largest <= best["to"]
        assert not any(best["to"] < alpha for alpha, fits in zip(alphas, good, strict=True) if fits)
        totals = mnetcost.totals(best["design"])
        assert {metric: totals[metric] for metric in ("params", "madds")} == best["figures"]
        assert all(best["figures"][metric] <= limit for metric, limit in most.items())
        assert after["from"] == nextafter(best["to"], inf)
        totals = mnetcost.totals(after["design"])
        assert answer["limits"] == [metric for metric, limit in most.items() if totals[metric] > limit] != []


def test_a_limit_on_an_arena_is_met_by_planned_designs() -> None:
    """The answer's arena is within it, as `memory` plans it, and the next one's is not."""
    (answer,) = mnetcost.solve("keras/v2", {"arena": "200K"}, resolution=[96], alpha=(0.3, 0.8)).data[
        "answers"
    ]
    arenas = [mnetcost.memory(answer[which]["design"]).data["arena_bytes"] for which in ("best", "next")]
    assert arenas == [answer[which]["figures"]["arena_bytes.tflm"] for which in ("best", "next")]
    assert arenas[0] <= 200 * 1024 < arenas[1]
    assert answer["limits"] == ["arena_bytes.tflm"]


def test_the_width_of_one_row_is_solved_for(tmp_path: Path) -> None:
    """Every other row stays as it is; the next width breaks the limit."""
    (answer,) = mnetcost.solve("v1", {"params": "3M"}, over="width:separable 8").data["answers"]
    best, after = answer["best"], answer["next"]
    assert (best["width"], after["width"]) == (415, 416)
    for one in (best, after):
        path = tmp_path / "v1.toml"
        text = find_spec("v1").text.replace("out = 1024, stride = 1", f"out = {one['width']}, stride = 1")
        path.write_text(text, "utf-8")
        assert mnetcost.totals(str(path))["params"] == one["figures"]["params"]
    assert best["figures"]["params"] <= 3_000_000 < after["figures"]["params"]


def test_widths_that_groups_do_not_fit_are_left_out(tmp_path: Path) -> None:
    """12 channels in groups of 3 follow: a width of 13 or 14 is no design, and 15 is the next."""
    path = tmp_path / "groups.toml"
    path.write_text(
        """layers = [
  { op = "conv", name = "first", out = 12, kernel = 1 },
  { op = "conv", out = 6, kernel = 1, groups = 3 },
]
resolution = 8
[widths]
rounding = "truncate"
""",
        "utf-8",
    )
    params = mnetcost.totals(str(path))["params"]
    (answer,) = mnetcost.solve(str(path), {"params": params}, over="width:first").data["answers"]
    assert (answer["best"]["width"], answer["next"]["width"]) == (12, 15)
    assert answer["limits"] == ["params"]


def test_a_width_that_is_too_small_is_named() -> None:
    """With the row, since no setting says it."""
    said = run("solve", "v1", "--max", "params=3M", "--over", "width:stem")
    assert said.exit_code == 1
    assert "the smallest, stem of 8, has params" in said.stdout


def test_each_size_has_its_depth() -> None:
    """The deepest at each of two sizes, and what it costs at the next."""
    answers = mnetcost.solve(
        "efficientnet-b0", {"madds": "600M"}, over="depth,resolution", resolution=[192, 224]
    ).data["answers"]
    assert [(one["resolution"], one["best"]["design"]) for one in answers] == [
        ([size, size], f"efficientnet-b0:depth={one['best']['depth']!r},resolution={size}")
        for size, one in zip((192, 224), answers, strict=True)
    ]
    for one in answers:
        assert one["best"]["figures"]["madds"] <= 600_000_000 < one["next"]["figures"]["madds"]
    table = run("solve", "efficientnet-b0", "--max", "madds=600M", "--over", "depth,resolution")
    assert "largest depth" in table.stdout


def test_depth_and_resolution_are_solved_for() -> None:
    """The deepest at the design's own alpha; the largest size of those that are asked."""
    (answer,) = mnetcost.solve("efficientnet-b0", {"madds": "600M"}, over="depth").data["answers"]
    depth = answer["best"]["depth"]
    assert mnetcost.totals(f"efficientnet-b0:depth={depth}")["madds"] <= 600_000_000
    assert mnetcost.totals(f"efficientnet-b0:depth={answer['next']['depth']}")["madds"] > 600_000_000
    sizes = range(32, 513, 32)
    (answer,) = mnetcost.solve("v2", {"madds": "150M"}, over="resolution", resolution=sizes).data["answers"]
    within = [size for size in sizes if mnetcost.totals("v2", resolution=size)["madds"] <= 150_000_000]
    assert answer["best"]["resolution"] == [max(within)] * 2


def test_answers_on_the_front_beat_the_others() -> None:
    """Where one alpha is the largest at several sizes, the largest size alone."""
    answers = mnetcost.solve("v2", {"madds": "150M", "params": "3M"}).data["answers"]
    assert [(one["resolution"][0], one["best"]["alpha"], one["front"]) for one in answers] == [
        (96, 0.87, False),
        (128, 0.87, False),
        (160, 0.87, True),
        (192, 0.74, True),
        (224, 0.57, True),
    ]


def test_a_larger_alpha_may_cost_less() -> None:
    """MobileNeXt narrows 40 channels to 16 and 48 to 8, so a bisection misses the largest: 0.62, not 0.59."""
    pieces = alpha_pieces(find_spec("mobilenext"), Settings(), 0.05, 2.0)
    madds = mnetcost.scale("mobilenext", alpha=[one.shown for one in pieces]).madds[:, 0]
    assert (len(pieces), int((madds[1:] < madds[:-1]).sum())) == (702, 90)
    low, high = 0, len(pieces)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if madds[middle] <= 153_000_000 else (low, middle)
    (answer,) = mnetcost.solve("mobilenext", {"madds": "153M"}).data["answers"]
    assert (pieces[low].shown, answer["best"]["alpha"]) == (0.59, 0.62)


def test_the_next_size_is_costed_at_the_same_alpha() -> None:
    """It breaks a limit where the answer is on the front, and is within all where it is not."""
    answers = mnetcost.solve("v2", {"madds": "150M", "params": "3M"}).data["answers"]
    for answer, following in pairwise(answers):
        after = answer["next_resolution"]
        assert after["resolution"] == following["resolution"]
        assert mnetcost.totals(after["design"])["madds"] == after["figures"]["madds"]
        assert after["design"].startswith(f"v2:alpha={answer['best']['alpha']},")
        assert after["breaks"] == (["madds"] if answer["front"] else [])
    assert answers[-1]["next_resolution"] is None


def test_what_no_design_is_within_ends_with_one() -> None:
    """The smallest design is named, with the limit that it breaks."""
    said = run("solve", "v2", "--max", "madds=1M")
    assert said.exit_code == 1
    assert "no design is within madds=1M" in said.stdout
    assert "v2:alpha=0.055,resolution=96" in said.stdout
    data = json.loads(run("solve", "v2", "--max", "madds=1M", "--format", "json").stdout)
    assert data["status"] == "nothing"
    assert all(one["best"] is None and one["limits"] == ["madds"] for one in data["answers"])


def test_what_nothing_stops_says_so() -> None:
    """Up to the largest alpha that is looked at."""
    said = run("solve", "v3-small", "--max", "madds=10G", "--resolution", "96")
    assert said.exit_code == 0
    assert "none in range" in said.stdout


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (["v2"], "there is no limit"),
        (["v2", "--max", "madds"], "write METRIC=LIMIT"),
        (["v2", "--max", "madd=3"], "did you mean 'madds'?"),
        (["v2", "--max", "op:conv.madds=3M"], "figure of the whole design"),
        (["v2", "--max", "madds=+1%"], "no base to compare with"),
        (["v2", "--max", "madds=3M", "--over", "alhpa"], "did you mean 'alpha'?"),
        (["v1", "--max", "madds=3M", "--over", "width:separable 99"], "no row 'separable 99' with a width"),
        (["v1", "--max", "madds=3M", "--over", "width:stem,alpha"], "no row 'stem,alpha'"),
        (["v1", "--max", "madds=3M", "--over", "alpha,width:stem"], "solved for alone"),
        (["mlperf-tiny-ic", "--max", "params=1M", "--over", "width:plain 1"], "fit no other width of it"),
        (["v1", "--max", "madds=3M", "--over", "width:pool"], "no row 'pool' with a width"),
        (["v2:alpha=1,resolution=96", "--max", "madds=3M"], "fix all that may grow"),
        (["v2", "--max", "madds=3M", "--alpha", "2:1"], "2 is above 1"),
        (["v2", "--max", "madds=3M", "--alpha", "0.5"], "must be LOW:HIGH"),
        (["ofa-mobilenetv3", "--max", "madds=3M"], "is a space of designs"),
        (["net.onnx", "--max", "madds=3M"], "is a model file"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(call: list[str], message: str) -> None:
    """And ends with 2."""
    said = run("solve", *call)
    assert said.exit_code == 2
    assert message in said.stderr


def test_costs_of_answers_are_those_of_whole_designs() -> None:
    """Each choice of a question is a design that can be loaded."""
    for answer in mnetcost.solve("v3-large", {"madds": "100M"}, classes=10).data["answers"]:
        design = mnetcost.load(answer["best"]["design"])
        assert design.classes == 10
        assert cost(design.graph).work_by_kind()
