"""Is a network's graph the network? Its counts and edges, and where it is drawn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from mnetcost import draw, report
from mnetcost.analyses.charts import Box, Network
from mnetcost.analyses.report import network as graphs
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.output.charts import canvas_of, picture
from mnetcost.output.charts.layered import MOST_ACROSS, MOST_LINES, layout
from mnetcost.output.charts.network import MOST_BOXES, merged

from .test_charts import HOSTILE, SVG, faults
from .test_cli import run

PAPER = load_convention("paper")


def network(name: str, by: str = "layer", depth: int | None = None) -> Network:
    """The graph of a design."""
    design = load(name)
    return graphs.network(design, cost(design.graph, design.batch), PAPER, by, depth)


def chain(count: int, *more: tuple[int, int], name: str = "layer") -> Network:
    """Boxes that each read the one before, and further edges."""
    boxes = tuple(
        Box(f"{name} {n}", "conv", "convolution", ((8, 8, 4),), ((8, 8, 4),), n, 10 * n) for n in range(count)
    )
    edges = dict.fromkeys([*((n, n + 1) for n in range(count - 1)), *more])
    return Network("net: graph", "A chain.", "MAdds", boxes, tuple(edges))


# what is in it


@pytest.mark.parametrize("name", ["v2", "inception-v3", "resnet50", "shufflenet-v2-0.5", "mobilevit-xxs"])
@pytest.mark.parametrize("by", [("layer", None), ("block", None), ("block", 1), ("block", 2)])
def test_the_counts_of_all_boxes_are_those_of_the_design(name: str, by: tuple[str, int | None]) -> None:
    """However the layers are put together; and no edge leads back."""
    net = network(name, *by)
    totals = report(name).data["totals"]
    assert sum(box.params for box in net.boxes) == totals["params"]
    assert sum(box.madds for box in net.boxes) == totals["madds"]
    assert all(a < b for a, b in net.edges)
    assert len(set(net.edges)) == len(net.edges)
    assert sum(box.layers for box in net.boxes) == len(load(name).graph.nodes)


def test_a_block_reads_and_gives_what_its_layers_do() -> None:
    """Bottleneck 2 of V2: 112 x 112 x 16 in, 56 x 56 x 24 out; its two copies are one at depth 1."""
    boxes = {box.name: box for box in network("v2", "block", 1).boxes}
    two = boxes["bottleneck 2"]
    assert (two.reads, two.gives, two.layers) == (((112, 112, 16),), ((56, 56, 24),), 17)
    rows = {row["name"]: row for row in report("v2", by="block", depth=1).data["rows"]}
    assert (two.params, two.madds) == (rows["bottleneck 2"]["params"], rows["bottleneck 2"]["madds"])


def test_a_block_that_is_entered_again_is_two_boxes() -> None:
    """a reads nothing, b reads a, and a again reads b: were it one box, it would read what reads it."""
    net = graphs.folded(chain(4), ["a", "b", "a", "c"])
    assert [box.name for box in net.boxes] == ["a", "b", "a (2)", "c"]
    assert net.edges == ((0, 1), (1, 2), (2, 3))


def test_a_block_may_read_a_later_one() -> None:
    """The boxes are then in an order in which each stands behind what it reads."""
    net = graphs.folded(chain(4)._replace(edges=((1, 2), (2, 3))), ["a", "b", "a", "c"])
    assert [(net.boxes[a].name, net.boxes[b].name) for a, b in net.edges] == [("b", "a"), ("a", "c")]
    assert all(a < b for a, b in net.edges)


def test_many_layers_are_drawn_as_blocks_unless_asked_for() -> None:
    """EfficientNet-B7 has 816 layers; a note says what is drawn."""
    answer = draw("efficientnet-b7", style="graph")
    assert len(answer.data["designs"][0]["nodes"]) == 61
    assert any("too many to draw one by one" in note for note in answer.notes)
    asked = draw("efficientnet-b7", style="graph", by="layer")
    assert len(asked.data["designs"][0]["nodes"]) == 816


# where it is drawn

NETS = (
    "v1",  # a chain
    "v2",  # residual blocks
    "resnet50",  # with projections
    "v3-large",  # squeeze-and-excite within residual blocks
    "inception-v3",
    "googlenet",
    "shufflenet-v2-1.0",
    "shufflenet-v1-g3",
    "squeezenet-1.1",
    "densenet121",
    "unet",
    "ssdlite-v3-large",
    "mobilevit-s",
)


@pytest.mark.parametrize("name", NETS)
def test_branches_are_drawn_without_crossing(name: str) -> None:
    """None of these networks needs a crossing."""
    cards = merged(network(name))
    assert layout(len(cards.boxes), cards.edges, 184, 10, 20).crossings == 0


def test_a_crossing_is_counted() -> None:
    """The guard can fail: two boxes cannot each read three others without one."""
    edges = [(a, b) for b in (3, 4, 5) for a in (0, 1, 2)]
    assert layout(6, edges, 100, 10, 20).crossings == 9
    assert layout(4, [(0, 3), (1, 2)], 100, 10, 20).crossings == 0


@pytest.mark.parametrize("name", ["v1", "v2", "v3-small", "densenet121"])
def test_a_chain_stands_upright(name: str) -> None:
    """The boxes of a network without parallel branches are above each other, whatever goes by beside."""
    cards = merged(network(name))
    found = layout(len(cards.boxes), cards.edges, 184, 10, 20)
    assert len({round(found.x[i], 6) for i in range(len(cards.boxes))}) == 1


def test_branches_stand_symmetrically_below_what_they_read() -> None:
    """Of two branches, the box above and the box below are in the middle."""
    found = layout(4, [(0, 1), (0, 2), (1, 3), (2, 3)], 100, 10, 20)
    assert found.x == [110, 50, 170, 110]


def test_nothing_lies_on_anything_else() -> None:
    """In every rank the items are apart."""
    for name in NETS:
        cards = merged(network(name))
        found = layout(len(cards.boxes), cards.edges, 100, 10, 20)
        for rank in found.ranks:
            ends = [
                (found.x[i] - h, found.x[i] + h) for i in rank for h in [5 if found.items[i].line else 50]
            ]
            assert all(a[1] < b[0] for a, b in pairwise(ends))


def test_a_rank_is_not_wider_than_the_paper() -> None:
    """Of twenty branches six are in each rank; of many far lines the longest are named in their box."""
    wide = [(0, n) for n in range(1, 21)]
    assert max(map(len, layout(21, wide, 100, 10, 20).ranks)) <= MOST_ACROSS + MOST_LINES
    dense = chain(30, *((a, b) for b in range(30) for a in range(b - 1)))
    found = layout(30, dense.edges, 100, 10, 20)
    lines = [sum(found.items[i].line for i in rank) for rank in found.ranks]
    assert max(lines) <= MOST_LINES
    assert found.left_out
    assert "also reads layer 0" in picture([dense])


@pytest.mark.parametrize("name", ["resnet152", "densenet121", "efficientnet-b7", "mobilenetv4-hybrid-large"])
def test_large_networks_are_drawn(name: str) -> None:
    """With all their layers; `python -m tests.benchmark start` says how long one takes."""
    assert faults(picture([network(name)])) == []


def test_a_graph_in_which_all_read_all_is_drawn_too() -> None:
    """A file may say anything: 300 layers that each read all before, of whose 44,850 edges a bounded number
    is drawn as lines.
    """
    net = chain(MOST_BOXES, *((a, b) for b in range(MOST_BOXES) for a in range(b - 1)))
    svg = picture([net])
    assert svg.count("<path") < 2 * MOST_BOXES
    assert "also reads" in svg


# the picture


def hovers(svg: str) -> Iterator[str]:
    """What is shown when one points at something."""
    for title in list(ElementTree.fromstring(svg).iter(f"{SVG}title"))[1:]:
        yield title.text or ""


@pytest.mark.parametrize("name", ["v2", "inception-v3"])
def test_the_picture_has_every_layer_with_its_exact_counts(name: str) -> None:
    """They add up to the totals."""
    lines = [line for text in hovers(picture([network(name)])) for line in text.split(" | ")]
    found = [m for line in lines if (m := re.search(r"; ([\d,]+) params; ([\d,]+) MAdds$", line))]
    totals = report(name).data["totals"]
    params, madds = (sum(int(m[k].replace(",", "")) for m in found) for k in (1, 2))
    assert (params, madds) == (totals["params"], totals["madds"])
    assert len(found) == len(load(name).graph.nodes)


@pytest.mark.parametrize("count", [1, 2, MOST_BOXES + 200])
def test_few_and_many_boxes_are_drawn(count: int) -> None:
    """Of more than a picture has, the last ones are one box, with what they cost together."""
    svg = picture([chain(count)])
    assert faults(svg) == []
    last = sum(range(MOST_BOXES - 1, count)) if count > MOST_BOXES else count - 1
    assert f"{last:,} params; {10 * last:,} MAdds" in svg
    assert ("201 more layers" in svg) == (count > MOST_BOXES)


def test_hostile_names_are_data_in_a_graph() -> None:
    """In a box, in a line of one, and in what a box reads from far."""
    long = chain(40, *((a, b) for b in range(40) for a in range(b - 1)), name=HOSTILE * 9)
    boxes = tuple(box._replace(attached=n == 1, function=HOSTILE) for n, box in enumerate(long.boxes))
    assert faults(picture([long._replace(boxes=boxes)])) == []


def test_a_long_network_goes_on_in_columns() -> None:
    """So that the picture of V1 is not 4,000 pixels high."""
    assert canvas_of(network("v1")).height < 1300
    assert canvas_of(network("v2")).height < 3000


def test_draw_makes_graphs_of_several_designs() -> None:
    """Beneath each other."""
    svg = run("draw", "v1", "v2", "--style", "graph", "--by", "block").stdout
    assert faults(svg) == []
    assert "v1:alpha=1,resolution=224: graph" in svg
    assert "v2:alpha=1,resolution=224: graph" in svg


def test_the_json_of_a_graph_has_its_edges() -> None:
    """By name: the add of V2's first residual block reads the projection and the block before."""
    (design,) = draw("v2", style="graph").data["designs"]
    nodes = {node["name"]: node for node in design["nodes"]}
    add = nodes["bottleneck 2/2/add"]
    assert add["reads"] == ["bottleneck 2/2/project_norm", "bottleneck 2/1/project_norm"]
    assert (add["op"], add["inputs"], add["outputs"]) == ("add", [[56, 56, 24]] * 2, [[56, 56, 24]])
