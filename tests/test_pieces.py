"""Bottlenecks in parts and leading parts in patches: the papers' figures, and a count of positions."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pytest

from mnetcost.designs import load
from mnetcost.designs.loading import load_spec
from mnetcost.designs.settings import Settings
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.memory.patches import cuts, madds, patched, pieces
from mnetcost.engine.memory.splitting import bottlenecks
from mnetcost.engine.ops import Input
from mnetcost.engine.ops.op import traits
from mnetcost.errors import CallError

from .test_cli import run

SPLIT = [  # block of V2: input, output, inner channels, layer by layer; in 1, 2, 4 and all parts, one, both
    (
        "bottleneck 1",
        401408,
        200704,
        32,
        802816,
        (1003520, 802816, 702464, 614656),
        (1003520, 802816, 702464, 614656),
    ),
    (
        "bottleneck 2/2",
        75264,
        75264,
        144,
        978432,
        (602112, 376320, 263424, 153664),
        (1053696, 602112, 376320, 156800),
    ),
    (
        "bottleneck 3/2",
        25088,
        25088,
        192,
        326144,
        (200704, 125440, 87808, 50960),
        (351232, 200704, 125440, 51744),
    ),
    (
        "bottleneck 4/1",
        25088,
        12544,
        192,
        188160,
        (188160, 112896, 75264, 38416),
        (225792, 131712, 84672, 38612),
    ),
    (
        "bottleneck 5/3",
        18816,
        18816,
        576,
        244608,
        (150528, 94080, 65856, 37828),
        (263424, 150528, 94080, 38024),
    ),
    ("bottleneck 7", 7840, 15680, 960, 94080, (70560, 47040, 35280, 23569), (117600, 70560, 47040, 23618)),
]
"""By the rule of arXiv 1801.04381, section 5.1, worked out apart from this program."""


@pytest.mark.parametrize(("name", "input_", "output", "inner", "by_layers", "one", "both"), SPLIT)
def test_a_bottleneck_in_parts_holds_what_the_paper_says(
    name: str, input_: int, output: int, inner: int, by_layers: int, one: Any, both: Any
) -> None:
    """Both forms: one inner map, as it is written, and both."""
    (block,) = [b for b in bottlenecks(load("v2").graph)[0] if b.name == name]
    assert (block.input, block.output, block.inner, block.by_layers) == (input_, output, inner, by_layers)
    parts = (1, 2, 4, inner)
    assert tuple(block.held(n) for n in parts) == one
    assert tuple(block.held(n, both=True) for n in parts) == both


FOUND = [  # design, bottlenecks, with a shortcut, behind a gate
    ("v2", 17, 10, 0),
    ("keras/v2", 17, 10, 0),
    ("torchvision/v2", 17, 10, 0),
    ("v1", 13, 0, 0),
    ("mnasnet-b1", 17, 10, 0),
    ("v3-small", 2, 1, 9),
    ("v3-large", 7, 5, 8),
    ("efficientnet-b0", 0, 0, 16),
    ("resnet50", 0, 0, 0),
]


@pytest.mark.parametrize(("design", "count", "shortcuts", "gated"), FOUND)
def test_bottlenecks_are_found_by_what_they_do(design: str, count: int, shortcuts: int, gated: int) -> None:
    """A gate waits for the mean of every channel, and its block is not split."""
    blocks, left = bottlenecks(load(design).graph)
    assert (len(blocks), sum(b.shortcut for b in blocks), len(left)) == (count, shortcuts, gated)


def test_a_design_in_parts() -> None:
    """V2 in 4 parts needs what its widest block needs; the multiply-adds are what they were."""
    data = json.loads(run("memory", "v2", "--split", "4", "--format", "json").stdout)
    assert (data["peak_bytes"], data["peak"]["layer"], data["whole_peak_bytes"]) == (
        702464,
        "bottleneck 1",
        1505280,
    )
    assert [b["two_inner"] for b in data["split"]["blocks"]][1] == 200704 + 75264 + 24 * (112**2 + 56**2)
    assert sum(b["bytes"] for b in data["peak"]["alive"]) == 702464
    assert {b["name"] for b in data["peak"]["alive"]} <= {b["name"] for b in data["buffers"]}
    in_place = json.loads(
        run("memory", "v2", "--split", "4", "--planner", "in-place", "--format", "json").stdout
    )
    assert in_place["peak_bytes"] == 702464
    assert run("memory", "efficientnet-b0", "--split", "4").exit_code == 2


PATCHES = [  # layers, grid, clipped; patch read, multiply-adds done, output, in place, two maps, rest
    (3, (2, 2), True, 115, 21263744, 200704, 143643, 204320, 1404928),
    (3, (4, 4), True, 61, 22065536, 200704, 39963, 53888, 1404928),
    (6, (3, 3), True, 83, 52323840, 75264, 170352, 180672, 526848),
    (9, (2, 2), True, 121, 81398016, 75264, 389872, 414912, 526848),
    (9, (4, 4), True, 71, 93325568, 75264, 121968, 129120, 526848),
    (12, (3, 3), True, 91, 109391040, 25088, 207088, 219840, 175616),
    (15, (2, 2), True, 133, 125902640, 25088, 473200, 503904, 175616),
    (15, (4, 4), True, 91, 181285040, 25088, 207088, 219840, 175616),
    (3, (2, 2), False, 117, 21661184, 200704, 148715, 208000, 1404928),
    (3, (4, 4), False, 61, 22476800, 200704, 39963, 53888, 1404928),
    (6, (3, 3), False, 83, 53478272, 75264, 170352, 180672, 526848),
    (9, (2, 2), False, 127, 87234560, 75264, 416752, 443616, 526848),
    (9, (4, 4), False, 71, 99671040, 75264, 121968, 129120, 526848),
    (12, (3, 3), False, 99, 119202032, 25088, 247408, 262848, 175616),
    (15, (2, 2), False, 147, 152240576, 25088, 564592, 601536, 175616),
    (15, (4, 4), False, 91, 213036032, 25088, 207088, 219840, 175616),
]
"""V2 at 224, counted apart from this program by MCUNetV2's rule, arXiv 2110.15352."""


@pytest.fixture(scope="module")
def v2() -> Costs:
    return cost(load("v2").graph)


def over(costs: Costs, layers: int) -> int:
    """The last leading part of so many layers with weights."""
    return max(ref for ref in cuts(costs.graph) if patched(costs, ref, (1, 1)).layers == layers)


@pytest.mark.parametrize(
    ("layers", "grid", "clip", "side", "done", "output", "in_place", "held", "rest"), PATCHES
)
def test_patches_of_v2(
    v2: Costs,
    layers: int,
    grid: Any,
    clip: bool,
    side: int,
    done: int,
    output: int,
    in_place: int,
    held: int,
    rest: int,
) -> None:
    found = patched(v2, over(v2, layers), grid, clip)
    assert found.input_patch == (side, side)
    assert (found.done, found.output, found.rest.in_place) == (done, output, rest)
    assert found.patch == (held, in_place)


def test_the_figures_of_mcunetv2(v2: Costs) -> None:
    """1372 KB layer by layer, 172 KB in 4x4 patches over stem and four blocks, a patch of 75 pixels, 42 %
    repeated. Its 10 % of the network is neither 12.7 % nor, clipped, 9.3 %.
    """
    whole = patched(v2, over(v2, 1), (1, 1))
    assert max(whole.rest.in_place, whole.patch.in_place) == 1372 * 1024
    ref = over(v2, 12)
    plain, clipped = patched(v2, ref, (4, 4), clip=False), patched(v2, ref, (4, 4))
    assert plain.input_patch == (75, 75)
    assert plain.peak(in_place=True) == 175_616
    assert f"{plain.peak(in_place=True) / 1024:.0f}" == "172"
    assert [round(100 * p.repeated / p.madds, 1) for p in (plain, clipped)] == [41.9, 30.6]
    assert [round(100 * p.repeated / p.total, 1) for p in (plain, clipped)] == [12.7, 9.3]


def test_a_design_in_patches_holds_its_shortcuts() -> None:
    """What MCUNetV2 leaves out: the shortcut of 28x28x32 beside 28x28x(32 + 192)."""
    call = ("memory", "v2", "--patches", "4x4", "--over", "bottleneck 3/1", "--planner", "in-place")
    data = json.loads(run(*call, "--format", "json").stdout)
    (way,) = data["patches"]
    assert data["peak_bytes"] == way["rest_peak_bytes_in_place_depthwise"] + 28 * 28 * 32 == 200_704
    assert sum(b["bytes"] for b in data["peak"]["alive"]) == data["peak_bytes"]
    assert data["peak"]["layer"].startswith("bottleneck 3/2/")
    assert {b["name"] for b in data["peak"]["alive"]} <= {b["name"] for b in data["buffers"]}
    assert round(way["overall_overhead_percent"], 1) == 9.3


SMALL = """
resolution = 23
layers = [
  { op = "conv_norm", name = "a", out = 4, kernel = 3, stride = 2 },
  { op = "bneck", name = "b", expand = 2, out = 4 },
  { op = "depthwise_norm", name = "c", kernel = 5, padding = "valid" },
  { op = "conv_norm", name = "d", out = 3, kernel = [3, 2], dilation = 2 },
  { op = "max_pool", name = "e", kernel = 2, stride = 2 },
  { op = "conv", name = "f", out = 2, kernel = 1 },
]
"""


def positions(costs: Costs, ref: int, rows: range, columns: range) -> dict[int, Any]:
    """Which positions of each map some positions of a layer need, marked one by one from its windows."""
    graph = costs.graph
    marks = {n: np.zeros(tuple(map(int, node.output[:2])), bool) for n, node in enumerate(graph.nodes)}
    marks[ref][np.ix_(rows, columns)] = True
    for n in range(ref, -1, -1):
        node = graph.nodes[n]
        op: Any = node.op
        for i in node.inputs:
            if traits(op).sees == "position":
                marks[i] |= marks[n]
                continue
            assert traits(op).sees == "window"
            for y, x in zip(*np.nonzero(marks[n]), strict=True):
                taps = []
                for axis, at in enumerate((y, x)):
                    k, s, d = (
                        v if isinstance(v, int) else v[axis]
                        for v in (op.kernel, op.stride, getattr(op, "dilation", 1))
                    )
                    side, out = graph.nodes[i].output[axis], node.output[axis]
                    zeros = max((out - 1) * s + (k - 1) * d + 1 - side, 0) // 2 if op.padding == "same" else 0
                    taps.append([p for t in range(k) if 0 <= (p := at * s - zeros + t * d) < side])
                marks[i][np.ix_(*taps)] = True
    return marks


@pytest.mark.parametrize("grid", [(1, 1), (2, 2), (2, 3), (3, 1)])
def test_patches_do_what_a_count_of_positions_says(grid: tuple[int, int]) -> None:
    """Strides, dilation, an even kernel, no padding, a pool, a shortcut: the box around marked positions."""
    costs = cost(load_spec(read_spec(SMALL, "small.toml", "small", None, lambda *_: None), Settings()).graph)
    graph = costs.graph
    refs = [n for n, node in enumerate(graph.nodes) if not isinstance(node.op, Input)]
    for ref in cuts(graph):
        if any(p > n for p, n in zip(grid, graph.nodes[ref].output[:2], strict=True)):
            continue
        done, sides = 0, []
        tiles = [[range(p.first, p.end) for p in pieces(graph.nodes[ref].output[a], grid[a])] for a in (0, 1)]
        for rows, columns in product(*tiles):
            marks = positions(costs, ref, rows, columns)
            boxes = {
                n: [int(np.ptp(np.nonzero(m)[a])) + 1 for a in (0, 1)] for n, m in marks.items() if m.any()
            }
            sides.append(boxes[0])
            for n, layer in zip(refs, costs.layers, strict=True):
                if n <= ref:
                    h, w = layer.output[:2]
                    done += madds(layer) // (h * w) * boxes[n][0] * boxes[n][1]
        found = patched(costs, ref, grid)
        assert found.done == done, found.over
        assert found.input_patch == tuple(max(s[a] for s in sides) for a in (0, 1)), found.over


REFUSED = [
    (["v2", "--patches", "4x4", "--over", "botleneck 3/1"], "did you mean 'bottleneck 3/1'"),
    (
        ["v2", "--patches", "4x4", "--over", "bottleneck 2/2/project"],
        "other maps than its own are read behind it",
    ),
    (["v2", "--patches", "4x4", "--over", "pool"], "sees more than a part of the image"),
    (["v2", "--patches", "4by4"], "is no grid of patches such as 4x4"),
    (["v2", "--patches", "0x4"], "is no grid of patches such as 4x4"),
    (["v2", "--patches", "113x113"], "no map has so many lines"),
    (["v2", "--patches", "113x113", "--over", "stem"], "a map of 112 lines cannot be cut into 113 rows"),
    (["v2", "--over", "stem"], "--patches 4x4"),
    (["v2", "--split", "2", "--patches", "2x2"], "give one of them"),
    (["v2", "--split", "2", "--planner", "tflm"], "runs no network in pieces"),
    (["v2", "--split", "0"], "0"),
    (["resnet50", "--split", "2"], "has no bottleneck that can be computed in parts: there are none"),
    (["mlperf-tiny-ad", "--patches", "2x2"], "no map has so many lines"),
]


@pytest.mark.parametrize(("call", "message"), REFUSED)
def test_what_cannot_run_in_pieces_says_why(call: list[str], message: str) -> None:
    answer = run("memory", *call)
    assert answer.exit_code == 2, answer.output
    assert message in answer.stderr


def test_a_cut_is_asked_for_by_number_too(v2: Costs) -> None:
    with pytest.raises(CallError, match="no part that runs in patches ends at layer"):
        patched(v2, len(v2.graph.nodes) - 1, (1, 1))
    assert [p.size for p in pieces(28, 3)] == [9, 9, 10]


BETWEEN = [  # design, side: channels of the largest map between blocks; printed in K, of 16 bits
    ("v1", 112, 64, "1600"),
    ("v1", 56, 128, "800"),
    ("v1", 28, 256, "400"),
    ("v1", 14, 512, "200"),
    ("v1", 1, 1024, "2"),
    ("v2", 112, 16, "400"),
    ("v2", 1, 1280, "2"),
]
"""arXiv 1801.04381, table 3, first revisions; the later text prints 1/O(1) in the row of 112x112."""

SLIPS = [  # design, side, channels here, channels that the figure is of, printed, why
    ("v1", 7, 1024, 1024, "199", "100 at 16 bits, 200 at 32"),
    ("v2", 56, 24, 32, "200", "one stage off: 32 channels are those of 28x28"),
    ("v2", 28, 32, 64, "100", "one stage off: 64 channels are those of 14x14"),
    ("v2", 14, 96, 160, "62", "one stage off: 160 channels are those of 7x7"),
    ("v2", 7, 320, 320, "32", "31 of 320 channels"),
]


def between(design: str, side: int) -> int:
    """Channels of the largest map of a size that a block gives; stem and head are left out above 1x1."""
    last = {node.place: node for node in load(design).graph.nodes}
    blocks = [
        node
        for place, node in last.items()
        if place.startswith(("bottleneck", "separable")) or (side == 1 and place in ("pool", "head"))
    ]
    return max(int(node.output.c) for node in blocks if node.output[:2] == (side, side))


@pytest.mark.parametrize(("design", "side", "channels", "printed"), BETWEEN)
def test_table_3_of_the_v2_paper(design: str, side: int, channels: int, printed: str) -> None:
    """2 bytes x channels x side^2, in thousands, cut or rounded to the printed digits."""
    assert between(design, side) == channels
    exact = 2 * channels * side**2 / 1000
    digits = len(printed.rstrip("0")) - len(printed)
    assert printed in (f"{round(exact, digits):.0f}", f"{exact - exact % 10**-digits:.0f}")


@pytest.mark.parametrize(("design", "side", "channels", "meant", "printed", "why"), SLIPS)
def test_slips_of_table_3(design: str, side: int, channels: int, meant: int, printed: str, why: str) -> None:
    """What is printed is not the map between blocks of this size."""
    assert between(design, side) == channels
    assert f"{2 * channels * side**2 / 1000:.0f}" != printed, why
    if meant != channels:
        assert int(2 * meant * side**2 / 1000) // int(printed) == 1, why


def test_a_patch_is_held_beside_the_map_that_it_writes() -> None:
    """Where the leading part is the peak, that map is among what is alive."""
    call = ("memory", "v2", "--patches", "2x2", "--over", "bottleneck 3/2")
    data = json.loads(run(*call, "--format", "json").stdout)
    assert data["peak_bytes"] > data["patches"][0]["rest_peak_bytes"]
    alive = {b["name"]: b["bytes"] for b in data["peak"]["alive"]}
    assert alive["bottleneck 3/2/add (all patches)"] == 28 * 28 * 32
    assert sum(alive.values()) == data["peak_bytes"]
