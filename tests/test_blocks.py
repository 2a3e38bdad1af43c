"""Does each block stand for the layers that its paper draws?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnetcost.designs import Settings, load_spec
from mnetcost.designs.build import build
from mnetcost.designs.find import parent_of
from mnetcost.designs.loading import find_spec
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import read_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.site import Site
from mnetcost.engine.terms import MAC_KINDS


def costs_of(rows: str, size: int = 56, channels: int = 24, more: str = "", alpha: float = 1.0) -> Costs:
    """Cost a spec of these rows."""
    text = f"resolution = {size}\nchannels = {channels}\nlayers = [\n{rows}\n]\n{more}"
    return cost(
        load_spec(
            read_spec(text, "net.toml", "net", Path("net.toml"), parent_of), Settings(alpha=alpha)
        ).graph
    )


def names(costs: Costs) -> list[str]:
    """The layers' names without the place they share."""
    return [layer.name.split("/", 1)[-1] for layer in costs.layers]


def madds(costs: Costs) -> int:
    return sum(n for kind, n in costs.work_by_kind().items() if kind in MAC_KINDS)


def test_inverted_residual_expands_filters_and_projects() -> None:
    """V2's 24 -> 144 -> 24 at 56x56: 24 x 144 + 9 x 144 + 144 x 24 a position, and a shortcut."""
    costs = costs_of('{ op = "bneck", expand = 6, out = 24 }')
    assert names(costs) == [
        "expand",
        "expand_norm",
        "expand_relu",
        "depthwise",
        "depthwise_norm",
        "depthwise_relu",
        "project",
        "project_norm",
        "add",
    ]
    assert madds(costs) == (24 * 144 + 9 * 144 + 144 * 24) * 56 * 56


@pytest.mark.parametrize(
    ("row", "shortcut"),
    [
        ('{ op = "bneck", expand = 6, out = 24 }', True),
        ('{ op = "bneck", expand = 6, out = 24, stride = 2 }', False),
        ('{ op = "bneck", expand = 6, out = 32 }', False),
        ('{ op = "bneck", expand = 6, out = 24, shortcut = false }', False),
        ('{ op = "bneck", expand = 6, out = 24, kernel = 3, padding = "valid" }', False),
    ],
)
def test_a_shortcut_is_there_only_where_shapes_agree(row: str, shortcut: bool) -> None:
    """Stride 1, the same channels, and the same size."""
    assert ("add" in names(costs_of(row))) is shortcut


@pytest.mark.parametrize(
    ("expansion", "row", "expanded"),
    [
        ("", "expand = 1", None),
        ('when = "always"', "expand = 1", 24),
        ('when = "wider"', "exp = 24", None),
        ('when = "different"', "exp = 16", 16),
        ('when = "wider"', "exp = 16", None),
        ("", "exp = 88", 88),
        ("", "expand = 3.67", 88),
        ('rounding = "truncate"', "expand = 3.7", 88),
        ('rounding = "round"', "expand = 3.7", 89),
    ],
)
def test_an_expansion_is_there_as_the_rules_say(expansion: str, row: str, expanded: int | None) -> None:
    """24 channels in: ratio or printed width, rounded, and left out where it would do nothing."""
    costs = costs_of(f'{{ op = "bneck", {row}, out = 32 }}', more=f"[expansion]\n{expansion}")
    widths = [layer.output.c for layer in costs.layers if layer.name.endswith("/expand")]
    assert widths == ([] if expanded is None else [expanded])


def test_a_printed_expansion_scales_with_its_input_or_by_itself() -> None:
    """V3's 40 -> 120 at alpha 0.35, after 40 became 16: 3 x 16 = 48, or 120 x 0.35 = 42, which rounds to
    40.
    """
    rows = '{ op = "conv_norm", out = 40 }, { op = "bneck", exp = 120, out = 40 }'
    for of, expected in (("input", 48), ("printed", 40)):
        costs = costs_of(rows, more=f'[expansion]\nof = "{of}"', alpha=0.35)
        assert [layer.output.c for layer in costs.layers if layer.name.endswith("/expand")] == [expected]


def test_squeeze_and_excite_is_two_layers_and_a_gate() -> None:
    """A quarter of 72 is 18, which rounds to 24: 72 x 24 + 24 and 24 x 72 + 72, then one multiply an
    element.
    """
    costs = costs_of('{ op = "se", share = 0.25 }', size=28, channels=72)
    assert names(costs) == ["pool", "squeeze", "relu", "excite", "hsigmoid", "gate"]
    assert costs.params_by_kind() == {"pointwise": 2 * 72 * 24, "bias": 24 + 72}
    assert costs.work_by_kind()["gate"] == 28 * 28 * 72


def test_squeeze_and_excite_may_be_dense_unrounded_and_of_the_input() -> None:
    """EfficientNet squeezes a share of the block's input; jixing's Caffe nets use dense layers of exactly
    a quarter.
    """
    rules = '[se]\nlayers = "dense"\nrounding = "truncate"\nof = "input"'
    costs = costs_of('{ op = "bneck", expand = 3, out = 24, se = 0.25 }', more=rules)
    assert costs.params_by_kind()["dense"] == 2 * 72 * 6


def test_separable_costs_a_ninth_and_an_nth() -> None:
    """112x112x64 under 3x3 to 128: 109,985,792 multiply-adds."""
    costs = costs_of('{ op = "separable", out = 128 }', size=112, channels=64)
    assert madds(costs) == 109_985_792


def test_spatially_separable_is_a_column_and_a_row() -> None:
    """3 x 24 x 8 + 3 x 8 x 8 weights."""
    costs = costs_of('{ op = "spatial_separable", out = 8, kernel = 3, stride = 2 }')
    assert costs.params_by_kind()["conv"] == 3 * 24 * 8 + 3 * 8 * 8
    assert costs.layers[-1].output == (28, 28, 8)


@pytest.mark.parametrize(
    ("stride_on", "expected"), [("spatial", 56 * 56 * 64 * 256), ("first", 28 * 28 * 64 * 256)]
)
def test_the_stride_of_resnets_bottleneck_is_on_the_3x3_or_on_the_first_1x1(
    stride_on: str, expected: int
) -> None:
    """Squeezing 256 to 64 runs at 56x56, or at 28x28 where the first 1x1 strides."""
    costs = costs_of(
        f'{{ op = "residual", mid = 64, out = 512, stride = 2, stride_on = "{stride_on}" }}', channels=256
    )
    reduce = next(layer for layer in costs.layers if layer.name.endswith("/reduce"))
    assert sum(t.count for t in reduce.work) == expected
    assert "shortcut" in names(costs)


def test_resnets_shortcut_is_bare_where_shapes_agree() -> None:
    """256 -> 64 -> 64 -> 256 with stride 1 adds its own input."""
    assert "shortcut" not in names(costs_of('{ op = "residual", mid = 64, out = 256 }', channels=256))


def test_repeats_stride_once() -> None:
    """(t, c, n, s) = (6, 32, 3, 2): only the first of three strides."""
    costs = costs_of('{ op = "bneck", expand = 6, out = 32, stride = 2, repeat = 3 }')
    assert [layer.output.h for layer in costs.layers if layer.name.endswith("/depthwise")] == [28, 28, 28]
    assert [layer.inputs[0].h for layer in costs.layers if layer.name.endswith("/depthwise")] == [56, 28, 28]


def each_copy_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lay out every copy of a row anew, also where it is equal to the copy before."""
    monkeypatch.setattr(Site, "again", lambda *_: False)


@pytest.mark.parametrize("alpha", [0.35, 1.3])
def test_copies_laid_out_once_are_those_laid_out_each_by_itself(
    alpha: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every node of every shipped design, with its names, inputs, shapes and reasons."""
    specs = [find_spec(name) for name in shipped()]
    asked = Settings(alpha=alpha, depth=1.7)
    once = [load_spec(spec, asked).graph for spec in specs]
    each_copy_by_itself(monkeypatch)
    assert once == [load_spec(spec, asked).graph for spec in specs]


COPIES = {
    "narrowing": '{ op = "conv_norm", out = 40, kernel = 3, padding = "valid", repeat = 5 }',
    "widening": '{ op = "separable", out = 20, stride = 2, repeat = 5 }',
    "two inputs": '{ op = "concat", from = ["a", "b"], repeat = 1 }, { op = "grow", repeat = 4 }',
    "a row by name": '{ op = "resize", like = "a", repeat = 4 }',
    "a row that is not there": '{ op = "maybe", out = 32, repeat = 4 }',
}


@pytest.mark.parametrize("rows", COPIES.values(), ids=COPIES)
def test_copies_that_differ_are_laid_out_each_by_itself(rows: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map that shrinks or grows from copy to copy, at one size and in a grid."""
    text = f"""resolution = 64
layers = [
  {{ op = "conv_norm", name = "a", out = 16 }}, {{ op = "conv_norm", name = "b", out = 24, from = "a" }},
  {rows},
]
block.grow.layers = [
  {{ op = "conv_norm", name = "more", out = "8" }}, {{ op = "concat", from = ["in", "more"] }},
]
block.maybe.fields.out = "width"
block.maybe.layers = [
  {{ op = "conv_norm", name = "same", out = "out" }},
  {{ op = "conv_norm", name = "other", out = "out", from = "in", when = "not same(same, in)" }},
  {{ op = "se", share = 0.25, when = "false" }},
]
"""
    spec = read_spec(text, "net.toml", "net", None, parent_of)
    alphas = (0.9, np.array([[0.35], [0.9], [1.0]]))
    once = [build(spec, alpha, 64, 48, 10) for alpha in alphas]
    each_copy_by_itself(monkeypatch)
    for one, other in zip(once, [build(spec, alpha, 64, 48, 10) for alpha in alphas], strict=True):
        assert str(one) == str(other)
    assert len(once[0].nodes) > 3


def test_keras_pads_an_odd_map_one_less() -> None:
    """A row and a column at the end: 57 becomes 28 by floor((57 + 1 - 3) / 2) + 1, and with the correct
    zeros 29.
    """
    for pad, expected in (("end", 28), ("correct", 29)):
        costs = costs_of(
            '{ op = "separable", out = 8, stride = 2 }', size=57, more=f'[style]\ndepthwise_pad = "{pad}"'
        )
        assert costs.layers[-1].output.h == expected


def test_a_grid_counts_a_shortcut_only_in_the_cells_that_have_one() -> None:
    """At alpha 0.1 both 16 and 24 become 8, so the block adds; at 1 it does not."""
    text = 'resolution = 8\nlayers = [{ op = "conv_norm", out = 16 }, { op = "bneck", expand = 6, out = 24 }]'
    spec = read_spec(text, "net.toml", "net", None, parent_of)
    grid = cost(build(spec, np.array([0.1, 1.0]), 8, 8, 10))
    assert grid.work_by_kind()["add"].tolist() == [8 * 8 * 8, 0]
