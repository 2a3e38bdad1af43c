"""Does a block of a spec's own stand for the layers that its rows would, at any alpha, size and in grids?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnetcost.analyses.changes.diff import diff
from mnetcost.designs.build import build
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import parent_of
from mnetcost.designs.loading import load, load_spec
from mnetcost.designs.resolved import resolved
from mnetcost.designs.settings import Settings
from mnetcost.designs.shipped import block_path, shipped_blocks
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import cost
from mnetcost.engine.graph import Graph
from mnetcost.errors import SpecError

PAPER = load_convention("paper")
PROJECTED = """
[block.unit]
fields.out = "width"
fields.expand = { sort = "ratio", default = 1.5 }
fields.stride = { sort = "size", default = 1 }
layers = [
  { op = "conv_norm", name = "wide", out = "floor(in * expand)" },
  { op = "depthwise_norm", name = "filter", stride = "stride" },
  { op = "conv_norm", name = "narrow", out = "out", activation = "none" },
  { op = "conv_norm", name = "project", from = "in", out = "out", stride = "stride", activation = "none", when = "not same(narrow, in)" },
  { op = "add", name = "add", from = ["narrow", "project"] },
]
"""  # noqa: E501
HEAD = "resolution = 32\nchannels = 24\n"


def spec(text: str, name: str = "own") -> Spec:
    return read_spec(text, f"{name}.toml", name, None, parent_of)


def counted(graph: Graph) -> tuple[Any, Any]:
    """Parameters and multiply-adds, as the papers count."""
    costs = cost(graph)
    params = PAPER.count_params(t for layer in costs.layers for t in layer.params)
    return params, PAPER.madds(t for layer in costs.layers for t in layer.work)


def totals(text: str, alpha: float = 1.0) -> tuple[int, int]:
    return counted(load_spec(spec(text), Settings(alpha=alpha)).graph)


def layers(graph: Graph) -> list[tuple[object, ...]]:
    """What a graph computes, without names."""
    return [(n.op, n.inputs, n.output, n.shared) for n in graph.nodes]


def fault(text: str) -> str:
    with pytest.raises(SpecError) as e:
        load_spec(spec(text), Settings())
    return str(e.value)


SQUEEZE = """
layers = [{ op = "unit", name = "s", mid = 6, repeat = 3 }]
[block.unit]
fields.mid = "width"
layers = [
  { op = "depthwise_norm", name = "first" },
  { op = "conv_norm", name = "squeeze", out = "mid", activation = "none" },
  { op = "conv_norm", name = "widen", out = "in" },
  { op = "depthwise_norm", name = "last", activation = "none" },
  { op = "add", name = "add", from = ["last", "in"] },
]
"""


def test_rows_written_once() -> None:
    """Three copies of five rows: 4 x 9 x 24 filters, 2 x 24 x 6, and norms of 78 channels each, by hand."""
    text = "resolution = 28\nchannels = 24\n" + SQUEEZE
    assert totals(text) == (
        3 * (2 * 9 * 24 + 2 * 24 * 6 + 2 * (3 * 24 + 6)),
        3 * 784 * (2 * 9 * 24 + 2 * 24 * 6),
    )
    assert totals(text) == (2628, 1_693_440)
    names = [n.name for n in load_spec(spec(text), Settings()).graph.nodes]
    assert names[1:5] == ["s/1/first", "s/1/first_norm", "s/1/first_relu", "s/1/squeeze"]
    assert names[-1] == "s/3/add"


@pytest.mark.parametrize("alpha", [1.0, 0.75, 0.5, 0.35, 1.4])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_block_is_its_rows(alpha: float, stride: int) -> None:
    """The rows by hand, behind a convolution that alpha scales, are the same layers."""
    stem = '{ op = "conv_norm", name = "stem", out = 64, kernel = 3 }'
    unit = f'{{ op = "unit", name = "u", out = 48, expand = 1, stride = {stride} }}'
    own = f"{HEAD}layers = [{stem}, {unit}]{PROJECTED}"
    rows = f"""{HEAD}layers = [{stem},
      {{ op = "conv_norm", name = "wide", out = 64 }},
      {{ op = "depthwise_norm", name = "filter", stride = {stride} }},
      {{ op = "conv_norm", name = "narrow", out = 48, activation = "none" }},
      {{ op = "conv_norm", name = "project", out = 48, from = "stem", stride = {stride}, activation = "none" }},
      {{ op = "add", name = "add", from = ["narrow", "project"] }},
    ]"""  # noqa: E501
    at = Settings(alpha=alpha)
    assert layers(load_spec(spec(own), at).graph) == layers(load_spec(spec(rows), at).graph)


def test_a_grid_is_one_walk() -> None:
    """In a grid of alphas and sizes, each cell is what the design is there, with a projection or without."""
    rows = '{ op = "conv_norm", name = "stem", out = 40 }, { op = "unit", out = 32 }'
    text = f"{HEAD}layers = [{rows}]{PROJECTED}"
    found = spec(text)
    alphas, sizes = np.array([[1.0], [0.8], [0.5], [0.4]]), np.array([[32, 33, 64]])
    params, madds = counted(build(found, alphas, sizes, sizes, 10))
    alone = [[counted(build(found, float(a), int(r), int(r), 10)) for r in sizes[0]] for a in alphas[:, 0]]
    assert np.broadcast_to(params, (4, 3)).tolist() == [[one[0] for one in row] for row in alone]
    assert np.broadcast_to(madds, (4, 3)).tolist() == [[one[1] for one in row] for row in alone]
    here = [len(build(found, float(a), 32, 32, 10).nodes) for a in alphas[:, 0]]
    assert len({*here}) == 2, "some cells have a projection, some have none"


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        ("in", 24),
        ("in * n", 72),
        ("in / 2", 12),
        ("in // 5", 4),
        ("in % 7 + 1", 4),
        ("floor(in / 7)", 3),
        ("ceil(in / 7)", 4),
        ("round(in / 16)", 2),  # a half goes up
        ("in * 0.35 * 5", 42),  # 0.35 is 35/100, and 24 x 0.35 x 5 no 41.99...
        ("in * (1 / 3) * 3", 24),  # thirds are exact
        ("min(in, 10, 3 * n)", 9),
        ("max(in, 100)", 100),
        ("8 if n > 2 and in == 24 else 16", 8),
        ("8 if not n or in.h < in.w else 16", 16),
        ("in.h * in.w // 64", 16),
        ("first.c - in", 24),
        ("classes * 2", 2000),
        ("-n + 5", 2),
        ("rounded(in * 1.1)", 24),
        ("scaled(in * 2)", 48),
        ("printed(in) * 2", 48),
        ("8 if same(in, first) else 9", 9),
        ("8 if word == 'b' else 9", 8),
        ("8 if style.padding == 'same' else 9", 8),
        ("8 if 1 < n <= 3 else 9", 8),
    ],
)
def test_an_expression_is_exact(expression: str, out: int) -> None:
    """Worked out by hand."""
    text = f"""{HEAD}layers = [{{ op = "unit", n = 3, word = "b" }}]
    [block.unit]
    fields = {{ n = "count", word = ["a", "b"] }}
    layers = [{{ op = "conv", name = "first", out = 48 }}, {{ op = "conv", out = "{expression}" }}]
    """
    assert load_spec(spec(text), Settings()).graph.nodes[-1].output.c == out


@pytest.mark.parametrize(
    ("expression", "out"),
    [
        ("in", 48),  # 96 x 0.5
        ("in / 4", 12),  # of what there is
        ("width", 16),  # 32 x 0.5, scaled on entry
        ("width / 2", 8),
        ("scaled(in / 4)", 16),  # 24 x 0.5 = 12, rounded to 16
        ("printed(in) / 4", 16),  # a printed number, scaled as in any row
        ("rounded(in / 4)", 16),
        ("40", 24),  # 20, rounded to 24
        ("n * 4", 24),
        ("in.h * 2", 64),  # a number of positions is no width
        ("40 if in > 8 else 8", 24),  # what is compared does not keep 40 from being scaled
        ("40 if in.h > 8 else 8", 24),
        ("classes", 1000),
    ],
)
def test_widths_follow_alpha(expression: str, out: int) -> None:
    """At alpha 0.5, with widths rounded to multiples of 8, by hand."""
    text = f"""{HEAD}layers = [{{ op = "conv", out = 96 }}, {{ op = "unit", width = 32, n = 10 }}]
    [block.unit]
    fields = {{ width = "width", n = "count" }}
    layers = [{{ op = "conv", out = "{expression}" }}]
    """
    assert load_spec(spec(text), Settings(alpha=0.5)).graph.nodes[-1].output.c == out


@pytest.mark.parametrize(
    ("sort", "default", "given", "out"),
    [
        ("ratio", '"in / 16"', "in * x", 36),  # 24 x 1.5
        ("flag", '"in > 20"', "8 if x else 9", 8),
        ("width", '"in / 2"', "x", 12),
        ("whole", '"in.h - 32"', "x + 1", 1),
        ("activation", '"style.activation"', "8 if x == 'relu' else 9", 8),
    ],
)
def test_a_default_may_be_an_expression(sort: str, default: str, given: str, out: int) -> None:
    """Of the input and of fields before it, by hand."""
    text = f"""{HEAD}layers = [{{ op = "unit" }}]
    [block.unit]
    fields.x = {{ sort = "{sort}", default = {default} }}
    layers = [{{ op = "conv", out = "{given}" }}]
    """
    assert load_spec(spec(text), Settings()).graph.nodes[-1].output.c == out
    if sort in ("width", "whole"):
        assert "no whole number" in fault(text.replace(default, '"in / 7"'))


def test_blocks_use_blocks_repeat_and_read_two_maps() -> None:
    """A block of blocks, none of them or two of a row, and a block that joins two maps."""
    text = f"""{HEAD}layers = [
      {{ op = "outer", name = "o", n = 2 }},
      {{ op = "outer", name = "none", n = 0 }},
      {{ op = "joined", name = "j", from = ["none", "input"] }},
    ]
    [block.outer]
    fields.n = "whole"
    layers = [{{ op = "inner", name = "i", out = "in", repeat = "n" }}, {{ op = "bneck", name = "b", out = "in", expand = 2, when = "n > 0" }}]
    [block.inner]
    fields = {{ out = "width", activation = {{ sort = "activation", default = "style" }} }}
    layers = [{{ op = "conv", out = "out", bias = true }}, {{ op = "activation", function = "activation" }}]
    [block.joined]
    inputs = ["deep", "early"]
    layers = [{{ op = "concat", name = "both", from = ["deep", "early"] }}, {{ op = "conv", name = "mix", out = "early.c" }}]
    """  # noqa: E501
    names = [n.name for n in load_spec(spec(text), Settings()).graph.nodes]
    assert names == [
        "input",
        "o/i/1/conv 1",
        "o/i/1/relu",
        "o/i/2/conv 1",
        "o/i/2/relu",
        *(f"o/b/{part}" for part in ("expand", "expand_norm", "expand_relu")),
        *(f"o/b/{part}" for part in ("depthwise", "depthwise_norm", "depthwise_relu")),
        *(f"o/b/{part}" for part in ("project", "project_norm", "add")),
        "j/both",
        "j/mix",
    ]
    prelu = text.replace('name = "i", out = "in"', 'name = "i", out = "in", activation = "prelu"')
    assert totals(prelu)[0] - totals(text)[0] == 2 * 24


def test_extends_and_changes_reach_into_blocks(tmp_path: Path) -> None:
    """A child inherits its parent's blocks, replaces one, changes rows of one, and of a shipped one."""
    parent = tmp_path / "parent.toml"
    parent.write_text("resolution = 28\nchannels = 24\n" + SQUEEZE)
    child = tmp_path / "child.toml"
    child.write_text(
        'extends = "parent.toml"\n[[change]]\nblock = "unit"\nmatch = { name = "first" }\nset = { kernel = 5 }\n'  # noqa: E501
    )
    before, after = load(str(parent)), load(str(child))
    assert counted(after.graph)[0] - counted(before.graph)[0] == 3 * 24 * (25 - 9)
    assert after.spec
    assert totals(resolved(after.spec)) == counted(after.graph)
    found = diff(before, after, PAPER)
    assert sum(cause.params for cause in found.causes) == 3 * 24 * (25 - 9)
    child.write_text(
        'extends = "parent.toml"\n[block.unit]\nfields.mid = "width"\nlayers = [{ op = "conv", out = "mid" }]\n'  # noqa: E501
    )
    assert len(load(str(child)).graph.nodes) == 4
    child.write_text(
        'extends = "squeezenet-1.1"\n[[change]]\nblock = "fire"\nmatch = { name = "expand3x3" }\nset = { kernel = 5 }\n'  # noqa: E501
    )
    wide, plain = load(str(child)), load("squeezenet-1.1")
    threes = [n for n in plain.graph.nodes if n.name.endswith("expand3x3")]
    assert counted(wide.graph)[0] - counted(plain.graph)[0] == sum(
        n.op.out * n.op.out // 4 * 16 for n in threes
    )  # type: ignore[attr-defined]


@pytest.mark.parametrize("word", shipped_blocks())
def test_a_shipped_block_is_one_file_of_its_name(word: str) -> None:
    """Copied into a spec, it is the spec's own and does the same."""
    path = block_path(word)
    assert path
    assert Path(path).read_text().startswith(f"[block.{word}]\n")


def test_faults_name_the_line_of_the_block_and_the_row_that_used_it() -> None:
    """Both in one message, also for a shipped block."""
    text = f'{HEAD}layers = [\n  {{ op = "unit", out = 7 }},\n]\n[block.unit]\nfields.out = "width"\nlayers = [\n  {{ op = "conv", out = "out / 2" }},\n]\n'  # noqa: E501
    said = fault(text)
    assert said.startswith(
        "error: own.toml:9: block.unit.layers[0]: 'out' = \"out / 2\": comes to 7/2, no whole"
    )
    assert "used by layers[0], line 4" in said
    said = fault(
        'resolution = 1\nlayers = [\n  { op = "xception", out = 8, stride = [2, 1] },\n]\n[style]\npadding = "valid"\n'  # noqa: E501
    )
    assert "specs/blocks/xception.toml:" in said
    assert "used by layers[0], own.toml:3" in said


@pytest.mark.parametrize(
    ("row", "message", "hint"),
    [
        (
            '{ op = "conv", out = "in * expnd" }',
            "made of known names",
            "there is no 'expnd': did you mean 'expand'?",
        ),
        ('{ op = "conv", out = "in *" }', "a number or an expression", "such as"),
        ('{ op = "conv", out = "__import__(1)" }', "made of known functions", "it may be: min"),
        ('{ op = "conv", out = "in ** 2" }', "arithmetic with", ""),
        ('{ op = "conv", out = "[1][0]" }', "arithmetic", ""),
        ('{ op = "conv", out = "lambda: 1" }', "arithmetic", ""),
        ('{ op = "conv", out = "in.__class__" }', "made of known names", "'in' has c, h, w"),
        ('{ op = "conv", out = "flor(in)" }', "made of known functions", "did you mean 'floor'?"),
        ('{ op = "conv", out = "frist.c" }', "made of known names", "did you mean 'first'?"),
        ('{ op = "conv", out = "8 if same() else 9" }', "same() of 2 or more", ""),
        ('{ op = "conv", outt = 8 }', "conv takes no 'outt'", "did you mean 'out'?"),
        ('{ op = "conv", out = 8, from = "input" }', "there is no row 'input'", "'in' is the block's input"),
        ('{ op = "conv", out = 8, from = "frist" }', "there is no row 'frist'", "did you mean 'first'?"),
        ('{ op = "add", from = "first" }', "add must say which two or more rows it reads", ""),
        ('{ op = "unit" }', "uses itself", ""),
        ('{ op = "conv_norm", out = 8, activation = "rellu" }', "or one of the block's fields", "'relu'"),
        ('{ op = "conv", out = "' + "1 + " * 60 + '1" }', "an expression of up to 200 characters", ""),
    ],
)
def test_mistakes_in_rows_of_blocks(row: str, message: str, hint: str) -> None:
    """Each with its line, and the nearest right thing."""
    text = f'{HEAD}layers = [{{ op = "unit" }}]\n[block.unit]\nfields.expand = {{ sort = "count", default = 2 }}\nlayers = [\n  {{ op = "conv", name = "first", out = 8 }},\n  {row},\n]\n'  # noqa: E501
    said = fault(text)
    assert "own.toml:8: block.unit.layers[1]" in said
    assert message in said
    assert hint in said


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("[block.conv]\nlayers = [{ op = 'flatten' }]", "'conv' is an op already"),
        ("[block.unit]\nfields.x = 'width'", "a block must have 'layers'"),
        ("[block.unit]\nfields.x = 'wdith'\nlayers = [{ op = 'flatten' }]", "did you mean 'width'?"),
        ("[block.unit]\nfields.when = 'width'\nlayers = [{ op = 'flatten' }]", "no word of the language"),
        (
            "[block.unit]\nfields.x = { sort = 'flag', default = 'style' }\nlayers = [{ op = 'flatten' }]",
            "[style] has the flags 'norm' and 'bias' only",
        ),
        (
            "[block.unit]\nlayers = [{ op = 'flatten' }]\nfields = {"
            + ", ".join(f"x{n} = 'width'" for n in range(101))
            + "}",
            "a block has at most 100 fields",
        ),
        ("[block.unit]\nlayrs = [{ op = 'flatten' }]", "did you mean 'layers'?"),
        ("[block.a]\nlayers = [{ op = 'b' }]\n[block.b]\nlayers = [{ op = 'a' }]", "uses itself in a circle"),
        ("[block]\nunit = 3", "'unit' must be a table [block.unit], not 3"),
        ("[[change]]\nblock = 'frie'\nmatch = { op = 'conv' }", "did you mean 'fire'?"),
    ],
)
def test_mistakes_in_blocks(block: str, message: str) -> None:
    assert message in fault(f"{HEAD}layers = [{{ op = 'flatten' }}]\n{block}\n")


def test_a_bomb_of_blocks_is_refused() -> None:
    """Blocks of blocks of blocks, of no layer at all or of too many."""
    bomb = ""
    for n in range(8):
        row = f'{{ op = "b{n + 1}", when = "in > {n}" }}'
        bomb += f"[block.b{n}]\nlayers = [{', '.join([row] * 10)}]\n"
    for last in ('{ op = "flatten", when = "in < 0" }', '{ op = "activation" }'):
        text = f'{HEAD}layers = [{{ op = "b0" }}]\n{bomb}[block.b8]\nlayers = [{last}]\n'
        assert "the design runs away: more than 100,000" in fault(text)


def test_weights_are_shared_within_one_use() -> None:
    """Counted once for each use; a row that uses the block may share those of another use: as PyTorch counts
    the same module, 464 + 3 x (2,304 + 32) parameters and 442,368 + 8 x 2,359,296 multiply-adds.
    """
    text = """resolution = 32
    layers = [
      { op = "conv_norm", out = 16, kernel = 3 },
      { op = "again", name = "a" },
      { op = "again", name = "b", weights = "a" },
      { op = "again", name = "c", repeat = 2 },
    ]
    [block.again]
    layers = [
      { op = "conv_norm", name = "one", out = "in", kernel = 3 },
      { op = "conv_norm", name = "two", out = "in", kernel = 3, weights = "one" },
    ]
    """
    assert counted(build(spec(text), 1, 32, 32, 10)) == (7_472, 19_316_736)
