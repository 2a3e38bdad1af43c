"""Conventions: every tool's figures to the digit, and strict reading of what a convention says."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from mnetcost.analyses.report.tally import gaps
from mnetcost.designs import Settings, load, load_spec
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.designs.find import parent_of
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import read_spec
from mnetcost.engine.conventions import UNITS, weigh
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.ops.elements import Rescale
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import PARAM_KINDS, WORK_KINDS, Term, term
from mnetcost.errors import CallError

MEASURED = json.loads((Path(__file__).parent / "truth" / "tools.json").read_text("utf-8"))
"""What the tools print, by tests/truth/measure_tools.py, with their versions."""

ROWS = [
    (design, tool, *said)
    for half in (MEASURED["torch"], MEASURED["keras"])
    for design, row in half["designs"].items()
    for tool, said in row["tools"].items()
    if not (design.startswith("shufflenet") and tool.startswith("onnx-tool"))
]
"""All but onnx-tool's of ShuffleNetV2: there the exported file works out shapes as it runs, and the tool
counts that too.
"""

OPS = [
    (row, tool, *said)
    for row, measured in MEASURED["ops"]["designs"].items()
    for tool, said in measured["tools"].items()
]
"""One layer behind a 1x1 convolution, as each tool counts it."""

UNLIKE = {('{ op = "dense", out = 10 }', "ptflops-aten")}
"""Where a tool's answer hangs on how PyTorch runs the layer: the tokens of a transposed map get their
bias by an add of its own.
"""

# onnx-tool counts the numbers of a shape or of a scale that the exported file stores among the parameters
STORED = 4

AXES = 2  # onnx-tool counts the two axes that a ReduceMean stores among the parameters

CONTRACT = {  # torchvision's MobileNetV2 at 224, 1000 classes
    "fvcore": 314_193_216,
    "ptflops-pytorch": 320_300_008,
    "ptflops-aten": 300_775_272,
    "thop": 327_486_720,
    "torchinfo": 300_809_384,
    "calflops-macs": 300_774_272,
    "calflops-flops": 614_967_488,
    "torch-flop-counter": 601_548_544,
    "onnx-tool": 319_949_192,
    "onnx-tool-with-norm": 520_292_552,
}


@cache
def costs(design: str) -> Costs:
    return cost(load(design).graph)


def figures(design: str, convention: str) -> tuple[int, int]:
    """Work and parameters of a design under a convention."""
    c, k = costs(design), load_convention(convention)
    return k.madds(t for x in c.layers for t in x.work), k.count_params(t for x in c.layers for t in x.params)


@pytest.mark.parametrize(("tool", "madds"), CONTRACT.items())
def test_v2_is_what_each_tool_says(tool: str, madds: int) -> None:
    """The ten figures that people ask about most."""
    assert figures("torchvision/v2", tool)[0] == madds


READMES = [  # design, convention, parameters, as printed and where
    ("slim/v1", "slim-readme", 4_243_945, "4.24 M, mobilenet_v1.md"),
    ("slim/v1:alpha=0.75", "slim-readme", 2_594_537, "2.59 M, mobilenet_v1.md"),
    ("slim/v1:alpha=0.5", "slim-readme", 1_337_577, "1.34 M, mobilenet_v1.md"),
    ("slim/v1:alpha=0.25", "slim-readme", 473_065, "0.47 M, mobilenet_v1.md"),
    ("slim/v1:top=no", "without-norm", 3_185_088, "3,185,088, mobilenet_v1.py"),
    ("slim/v1:alpha=0.75,top=no", "without-norm", 1_800_144, "1,800,144, mobilenet_v1.py"),
    ("slim/v2", "without-norm", 3_472_041, "3.47 M, nets/mobilenet/README.md"),
    ("v2", "without-norm", 3_470_760, "3.4 M, digits cut off, arXiv 1801.04381, table 4"),
    ("v1", "weights", 4_209_088, "the whole of arXiv 1704.04861, table 2"),
    ("v1", "paper", 4_231_976, "4.2 M, arXiv 1704.04861, table 4"),
    ("keras/v1", "keras", 4_253_864, "Total params of model.summary, Keras 3.15.1"),
    ("keras/v2", "total", 3_538_984, "Total params of model.summary, Keras 3.15.1"),
]


# forms that many scripts use and no source prints a total of; V1's first layer writes 112x112x32
BY_HAND = [
    ("plus-one", 11_239_424, "28 for each number: a sum of 27 products and a bias"),
    ("minus-one", 21_274_624, "53 for each number: 27 multiplications and 26 additions"),
    ("two-plus-one", 22_077_440, "55 for each number: twice 27, and a bias"),
    ("molchanov", 22_478_848, "56 for each number: 2 x (27 + 1)"),
]


@pytest.mark.parametrize(("convention", "expected", "working"), BY_HAND)
def test_a_form_of_many_scripts_is_worked_out_by_hand(convention: str, expected: int, working: str) -> None:
    """401,408 numbers in V1's first layer, and what each of them counts."""
    first = costs("v1").layers[0]
    assert expected == 401_408 * int(working.partition(" ")[0])
    assert load_convention(convention).madds(first.work) == expected


@pytest.mark.parametrize(("design", "convention", "params", "printed"), READMES)
def test_papers_and_readmes_count_parameters_their_own_ways(
    design: str, convention: str, params: int, printed: str
) -> None:
    """Each as printed there."""
    assert figures(design, convention)[1] == params, printed


@pytest.mark.parametrize(("design", "tool", "madds", "params"), ROWS)
def test_a_convention_gives_the_tools_own_figures(
    design: str, tool: str, madds: int | None, params: int
) -> None:
    """Work and parameters as the tool itself printed them, to the digit."""
    ours = figures(design, tool)
    means = sum(node.written == "mean" for node in costs(design).graph.nodes)
    assert madds is None or ours[0] == madds
    assert ours[1] + AXES * means * tool.startswith("onnx-tool") == params


def one_layer(row: str) -> Costs:
    """A row of the table, behind a convolution, as a design."""
    measured = MEASURED["ops"]["designs"][row]
    layers = f'[{{ op = "conv", name = "first", out = {measured["channels"]} }}, {row.partition(" #")[0]}]'
    text = f"resolution = {measured['resolution']}\nchannels = {measured['channels']}\nlayers = {layers}\n"
    return cost(load_spec(read_spec(text, "one.toml", "one", None, parent_of), Settings()).graph)


@pytest.mark.parametrize(("row", "tool", "madds", "params"), OPS)
def test_a_convention_counts_every_layer_as_its_tool_does_or_says_that_it_does_not_know(
    row: str, tool: str, madds: int | None, params: int | None
) -> None:
    """Transposed convolutions, products, norms, activations, pools: the tool's own figures, or a gap by
    name.
    """
    c, k = one_layer(row), load_convention(tool)
    if gaps(c, k) or (row, tool) in UNLIKE:
        return
    assert k.madds(t for x in c.layers for t in x.work) == madds
    assert params is not None
    stored = params - k.count_params(t for x in c.layers for t in x.params)
    assert stored == 0 or (tool.startswith("onnx-tool") and stored == STORED)


def test_few_layers_are_unknown_and_none_that_a_convention_could_weigh() -> None:
    """Without this the test above would pass with everything unknown."""
    known = [
        row
        for row in OPS
        if not gaps(one_layer(row[0]), load_convention(row[1])) and (row[0], row[1]) not in UNLIKE
    ]
    assert len(known) > 0.85 * len(OPS)
    assert {tool for row, tool, *_ in known if "transposed" in row} >= {"thop", "torchinfo", "fvcore"}


# a row of 25 input and 100 output positions, or 49 and 784: 24 or 192 x 18 products, biases 8 or 18
TRANSPOSED = [
    ("thop", 'out = 8, padding = "valid", bias = true', 5, 6, 19_200),
    ("torchinfo", 'out = 8, padding = "valid", bias = true', 5, 6, 20_000),
    ("torchinfo", 'out = 18, kernel = 4, stride = 4, padding = "valid", bias = true', 7, 12, 2_723_616),
    ("fvcore", 'out = 8, padding = "valid", bias = true', 5, 6, 4_800),
]


@pytest.mark.parametrize(("tool", "fields", "size", "channels", "madds"), TRANSPOSED)
def test_a_transposed_convolution_is_counted_where_the_tool_counts_it(
    tool: str, fields: str, size: int, channels: int, madds: int
) -> None:
    """At the output's positions by thop and torchinfo, at the input's by the others."""
    text = f'resolution = {size}\nchannels = {channels}\nlayers = [{{ op = "transposed_conv", {fields} }}]\n'
    c = cost(load_spec(read_spec(text, "up.toml", "up", None, parent_of), Settings()).graph)
    assert load_convention(tool).madds(t for x in c.layers for t in x.work) == madds


def test_thop_loses_the_parameters_of_subclasses() -> None:
    """timm's batch norms have an activation inside: 4,231,976 less 21,888."""
    assert figures("timm/v1", "thop") == (568_791_552, 4_210_088)
    assert figures("timm/v1", "paper")[1] == 4_231_976


def test_tf_profiler_counts_what_prepares_a_norm_once() -> None:
    """6 a channel, 17,056 channels, whether there is one image or three."""
    one, three = (cost(load("keras/v2", Settings(batch=n)).graph, n) for n in (1, 3))
    k = load_convention("tf-profiler")
    first, second = (k.madds(t for x in c.layers for t in x.work) for c in (one, three))
    assert first == 615_292_208
    assert second == 3 * first - 2 * 6 * 17_056


def test_every_kind_that_is_emitted_may_be_weighed() -> None:
    """Shipped designs emit no kind that a convention's file could not name."""
    for name in shipped():
        c = costs(name)
        assert set(c.work_by_kind()) <= set(WORK_KINDS), name
        assert set(c.params_by_kind()) <= set(PARAM_KINDS), name


@pytest.mark.parametrize("name", convention_names())
def test_every_convention_says_its_rule_and_source(name: str) -> None:
    """Plain words and where they are from, for each."""
    k = load_convention(name)
    assert k.title
    assert k.source
    assert len(k.rule) > 50


def test_the_most_exact_key_wins() -> None:
    """kind, then variant, then the way it is written."""
    weights = {"pool": 1, "pool.max": 2, "pool as mean": 3, "pool.max as mean": 5}
    plain, other = term("pool", "max", c=10), term("pool", "average", c=10)
    assert [weigh([t], weights) for t in (plain, other)] == [20, 10]
    assert [weigh([t._replace(written="mean")], weights) for t in (plain, other)] == [50, 30]


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("each", 3 * 4 * 5 * 2),
        ("channel", 3 * 2),
        ("channel_once", 3),
        ("image", 2),
        ("output", 3 * 4 * 5 * 2),
        ("layer", 3 * 2),
    ],
)
def test_a_unit_multiplies_the_factors_it_names(unit: str, expected: int) -> None:
    """3 channels, a map of 4 x 5, 2 images."""
    t = Term("norm", (("c", 3), ("h", 4), ("w", 5), ("batch", 2)))
    assert weigh([t], {"norm": {unit: 7}}) == 7 * expected
    assert unit in UNITS


GOOD = 'title = "t"\nsource = "s"\nunit = "MACs"\nrule = "r"\n[work]\nconv = 1\n[params]\nconv = 1\n'


def test_a_convention_of_ones_own_is_a_file(tmp_path: Path) -> None:
    """`--convention mine.toml`, strictly read."""
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    assert load_convention(str(path)).name == "mine"


def test_a_norm_folded_into_a_bias_leaves_none_of_its_own() -> None:
    """xiaochus' convolutions have biases: onnx-tool's figures lose the norms whole."""
    work, params = figures("xiaochus-keras/v2", "onnx-tool")
    c = costs("xiaochus-keras/v2")
    kept = c.params_by_kind()
    assert params == figures("xiaochus-keras/v2", "paper")[1] - kept["norm"]
    assert work == load_convention("onnx-tool")._replace(
        work={**load_convention("onnx-tool").work, "norm": 0}
    ).madds(t for x in c.layers for t in x.work)


def test_a_norm_that_a_file_keeps_is_counted_as_the_tool_counts_it() -> None:
    """31 an element and all that is stored, where a folded one leaves a bias."""
    k = load_convention("onnx-tool")
    work, scale = Term("norm", (("c", 3), ("h", 4)), "batch"), Term("norm", (("gamma", 3),), "scale")
    assert [k.madds([t]) for t in (work, work._replace(written="kept"), work._replace(written="biased"))] == [
        12,
        31 * 12,
        0,
    ]
    assert [k.count_params([t]) for t in (scale, scale._replace(written="kept"))] == [0, 3]


def test_a_multiply_alone_is_half_a_rescaling() -> None:
    """TensorFlow's profiler sees one operation, not two."""
    k = load_convention("tf-profiler")
    x = Shape(2, 3, 4)
    assert [k.madds(op.work(x, x)) for op in (Rescale(), Rescale(shift=False), Rescale(scale=False))] == [
        48,
        24,
        24,
    ]


def test_an_unknown_convention_gets_the_nearest_name() -> None:
    """`--convention thopp`."""
    with pytest.raises(CallError, match="did you mean 'thop'"):
        load_convention("thopp")
