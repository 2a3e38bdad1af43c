"""The figures that limits are compared with."""

from __future__ import annotations

import pytest

from mnetcost.analyses.report.metrics import Gauge, within
from mnetcost.designs import load
from mnetcost.designs.budgets.metrics import METRICS, unknown_metric
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError

V2 = cost(load("v2").graph)
GAUGE = Gauge(V2, load_convention())


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("params", 3_504_872),
        ("madds", 300_774_272),
        ("weight_bytes.float32", 4 * 3_504_872),
        ("weight_bytes.float16", 2 * 3_504_872),
        ("weight_bytes.int8", 3_504_872),
        ("activation_elements.largest", 112 * 112 * 96),
        ("layers.depthwise", 17),
        ("layers.dense", 1),
        ("layers.conv", 35),  # the stem, 16 expansions, 17 projections, the head
        ("layers.norm", 35 + 17),
        ("layers.transposed_conv", 0),
    ],
)
def test_a_metric_is_a_figure_of_the_report(metric: str, value: int) -> None:
    """MobileNetV2 at 224, 1000 classes."""
    assert GAUGE.figure(metric) == value


@pytest.mark.parametrize("metric", sorted(set(METRICS) - {"weight_bytes.file"}))
def test_every_metric_has_a_figure_a_unit_and_a_title(metric: str) -> None:
    """So that a further row is seen to work."""
    value = GAUGE.figure(metric)
    assert isinstance(value, int)
    assert value >= 0
    assert METRICS[metric].title
    assert METRICS[metric].unit


def test_weights_as_stored_are_known_of_model_files_only() -> None:
    """A spec stores none: the figure is refused, not zero."""
    with pytest.raises(CallError, match=r"no 'weight_bytes\.file'"):
        GAUGE.figure("weight_bytes.file")
    stored = V2._replace(graph=V2.graph._replace(weight_bytes=14))
    assert Gauge(stored, load_convention()).figure("weight_bytes.file") == 14


@pytest.mark.parametrize(
    ("scope", "layers"),
    [
        ("stem", 3),
        ("stem/conv", 1),
        ("layer:stem/conv", 1),
        ("bottleneck 2/1", 8),  # three convolutions, three norms, two activations
        ("bottleneck 2/*", 17),  # the second of the row adds its input
        ("bottleneck 2", 17),
        ("*/project", 17),
        ("op:depthwise", 17),
        ("kind:depthwise", 17),
        ("kind:add", 10),
        ("op:no such", 0),
        ("bottleneck", 0),
        ("", len(V2.layers)),
    ],
)
def test_a_scope_picks_layers(scope: str, layers: int) -> None:
    """By name or a leading part of it, by op, by kind."""
    assert len(within(V2, scope).layers) == layers


def test_scopes_of_one_sort_add_up_to_the_whole() -> None:
    """Every layer has one op and one stage, every term one kind."""
    ops = {layer.node.op.label for layer in V2.layers}
    stages = {f"{layer.output.h}x{layer.output.w}" for layer in V2.layers}
    assert stages == {"112x112", "56x56", "28x28", "14x14", "7x7", "1x1"}
    for metric, whole in (("madds", 300_774_272), ("params", 3_504_872)):
        assert sum(GAUGE.within(f"op:{op}").figure(metric) for op in ops) == whole
        assert sum(GAUGE.within(f"stage:{stage}").figure(metric) for stage in stages) == whole
        assert (
            sum(
                GAUGE.within(f"kind:{kind}").figure(metric)
                for kind in {**V2.params_by_kind(), **V2.work_by_kind()}
            )
            == whole
        )


def test_an_op_is_picked_by_the_word_that_a_report_shows() -> None:
    """V2 has 34 pointwise convolutions, and the stem beside them: `op:conv` has all 35."""
    assert [len(within(V2, f"op:{word}").layers) for word in ("pointwise", "conv", "depthwise")] == [
        34,
        35,
        17,
    ]


def test_a_kind_leaves_the_other_terms_of_a_layer_out() -> None:
    """The classifier's 1,000 biases are parameters of kind bias, and all there are in V2."""
    assert GAUGE.within("kind:bias").figure("params") == 1000


def test_the_layers_that_cost_most_come_first_and_add_up() -> None:
    """The classifier holds 1280 * 1000 + 1000 parameters."""
    shares = GAUGE.by_layer("params")
    assert (shares[0][0].name, shares[0][1]) == ("classifier", 1_281_000)
    assert sum(value for _, value in shares) == 3_504_872
    assert [value for _, value in shares] == sorted((value for _, value in shares), reverse=True)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("mads", "did you mean 'madds'"),
        ("weight_bytes", "one of weight_bytes.float32"),
        ("zzzz", "there are: params, madds"),
    ],
)
def test_an_unknown_metric_names_the_nearest(name: str, hint: str) -> None:
    """Or the metrics of its group, or all."""
    assert hint in str(unknown_metric(name))
