"""The figures that limits are compared with."""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path

import jsonschema
import pytest

from mnetcost.analyses.fit.latency import Estimate, estimate
from mnetcost.analyses.report.metrics import Gauge, about, within
from mnetcost.designs import load
from mnetcost.designs.budgets.metrics import METRICS, PROFILES, unknown_metric
from mnetcost.designs.budgets.schema import budgets_schema
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.devices import device_names, load_device
from mnetcost.engine.costs import cost
from mnetcost.errors import CallError

from .test_cli import run

DESIGN = load("v2")
V2 = cost(DESIGN.graph)
GAUGE = Gauge(V2, load_convention(), DESIGN)


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
        ("flops", 601_548_544),
        ("peak_bytes.int8", 112 * 112 * 96 + 56 * 56 * 96),
        ("peak_bytes.float32", 4 * (112 * 112 * 96 + 56 * 56 * 96)),
        ("arena_bytes.tflm", 1_505_280),
        ("flash_bytes.int8", 3_469_760 + 4 * (17_056 + 1000)),
        ("flash_bytes.float32", 4 * (3_469_760 + 17_056 + 1000)),
    ],
)
def test_a_metric_is_a_figure_of_the_report(metric: str, value: int) -> None:
    """MobileNetV2 at 224, 1000 classes."""
    assert GAUGE.figure(metric) == value


FOR_ALL = sorted(m for m in METRICS if m != "weight_bytes.file" and not m.startswith("ms."))


@pytest.mark.parametrize("metric", FOR_ALL)
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


def test_times_are_those_of_the_profiles_that_are_shipped() -> None:
    """Every device that has rates is a metric; an estimate in microseconds, rounded up, and its error."""
    profiles = {name for name in device_names() if load_device(name).latency}
    assert {m.removeprefix("ms.") for m in METRICS if m.startswith("ms.")} == profiles == set(PROFILES)
    found = estimate(DESIGN, V2, load_device("pixel1-cpu1-f32"))
    assert isinstance(found, Estimate)
    assert GAUGE.figure("ms.pixel1-cpu1-f32") == math.ceil(found.ms * 1000)
    assert "4.3 % in the mean, 16.1 % at worst" in about("ms.pixel1-cpu1-f32")
    with pytest.raises(CallError, match=r"no estimate on stm32mp157-xlinux5\.0: fitted on alpha 0.25"):
        Gauge(V2, load_convention(), load("v1")).figure("ms.stm32mp157-xlinux5.0")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["--max", "ram=1470K"], 0),
        (["--max", "ram=1469K"], 1),
        (["--max", "peak_bytes.int8=1505280"], 0),
        (["--max", "arena_bytes.tflm=1505279"], 1),
        (["--max", "flash=3500K"], 0),
        (["--max", "size=3400KB"], 1),
        (["--max", "macs=300774272"], 0),
        (["--max", "op:depthwise.macs=1"], 1),
        (["--max", "ms.pixel1-cpu1-f32=80"], 0),
        (["--max", "ms.pixel1-cpu1-f32=80ms"], 0),
        (["--max", "ms.pixel1-cpu1-f32=0.07s"], 1),
        (["--max", "ms.stm32mp157-xlinux5.0=80"], 2),
        (["--max", "stem.ram=80"], 2),
        (["--max", "ram=1.0001K"], 2),
    ],
)
def test_words_and_units_of_memory_and_time(call: list[str], code: int) -> None:
    """256K of RAM is 262,144 bytes; a number is of milliseconds; a refused estimate never passes."""
    answer = run("check", "v2", *call)
    assert answer.exit_code == code, answer.output


def test_memory_and_time_in_a_file(tmp_path: Path) -> None:
    """By whole names, by groups, and by the words that people use."""
    path = tmp_path / "mnetcost.toml"
    path.write_text(
        '[[budget]]\ndesign = "v2"\nram = "2M"\nflash = "4 MiB"\nmacs = "301M"\n'
        'arena_bytes = { tflm = "1470 KiB" }\n"ms.pixel1-cpu1-f32" = 80\n"peak_bytes.float32" = "6M"\n'
    )
    answer = run("check", "--config", str(path), "--format", "json")
    assert answer.exit_code == 0, answer.output
    values = {r["metric"]: r["value"] for r in json.loads(answer.stdout)["results"]}
    assert set(values) == {
        *("peak_bytes.int8", "flash_bytes.int8", "madds", "arena_bytes.tflm", "ms.pixel1-cpu1-f32"),
        "peak_bytes.float32",
    }
    jsonschema.validate(tomllib.loads(path.read_text()), budgets_schema())


def test_a_broken_peak_names_the_maps_that_are_held() -> None:
    """As layers that it is about."""
    data = json.loads(run("check", "v2", "--max", "ram=1M", "--format", "json").stdout)
    (result,) = data["results"]
    assert [(x["name"], x["value"]) for x in result["layers"]] == [
        ("bottleneck 2/1/expand", 112 * 112 * 96),
        ("bottleneck 2/1/depthwise", 56 * 56 * 96),
    ]


def test_a_design_that_cannot_be_planned_never_passes(tmp_path: Path) -> None:
    """The op is named, and the exit code is 2."""
    path = tmp_path / "net.toml"
    path.write_text(
        "resolution = 8\nchannels = 8\nlayers = [{ op = 'layer_norm' }, { op = 'conv', out = 8 }]\n"
    )
    for metric in ("arena=1G", "flash=1G"):
        answer = run("check", str(path), "--max", metric)
        assert answer.exit_code == 2, answer.output
        assert "layer_norm" in answer.output
    assert run("check", str(path), "--max", "ram=1M").exit_code == 0
