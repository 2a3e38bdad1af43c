"""Keras's rules, on models of keras.applications and on models of a few layers."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Design, Settings, load
from mnetcost.designs.keras.functions import FUNCTIONS
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.fields import ACTIVATIONS
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import CallError, SpecError, UnknownOpError

from . import keras_models as models
from .keras_models import Config

Read = Callable[..., Design]
MEASURED = json.loads((Path(__file__).parent / "truth/applications.json").read_text())["networks"]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return reading(tmp_path)


def reading(tmp_path: Path) -> Read:
    """Read a model's JSON as a file."""

    def as_file(text: str, settings: Settings | None = None) -> Design:
        path = tmp_path / "model.json"
        path.write_text(text)
        return load(str(path), settings)

    return as_file


def counts(costs: Costs) -> tuple[int, int, int]:
    """Multiply-adds, all weights, and those that are trained."""
    work, params = costs.work_by_kind(), costs.params_by_kind()
    whole = sum(params.values())
    return sum(work.get(k, 0) for k in MAC_KINDS), whole, whole - params.get("norm_statistics", 0)


@pytest.mark.parametrize("dialect", [3, 2])
@pytest.mark.parametrize(
    ("name", "write"),
    [("MobileNet", models.mobilenet), ("VGG16", models.vgg16), ("Xception", models.xception)],
)
def test_a_network_of_keras_costs_what_keras_says(
    name: str, write: Callable[[int], str], dialect: int, read: Read
) -> None:
    """truth/applications.json was measured on Keras itself; both dialects say the same."""
    measured = MEASURED[name]
    assert counts(cost(read(write(dialect)).graph)) == (
        measured["macs"],
        measured["params"],
        measured["trainable"],
    )


@pytest.mark.parametrize("dialect", [3, 2])
def test_channels_may_come_first(dialect: int, read: Read) -> None:
    """The same network with its axes the other way round costs the same, layer by layer."""
    first, last = (cost(read(models.mobilenet(dialect, first)).graph) for first in (True, False))
    assert [x.output for x in first.layers] == [x.output for x in last.layers]
    assert first.params_by_kind() == last.params_by_kind()
    assert first.work_by_kind() == last.work_by_kind()


def one(
    class_name: str, config: dict[str, Any], shape: list[int | None] | None = None, dialect: int = 3
) -> str:
    """A model of one layer on an image of 8 x 8 x 4."""
    m = Config(shape or [8, 8, 4], dialect)
    m.add(class_name, config, name="y")
    return m.json()


K3 = {"kernel_size": [3, 3], "use_bias": False}
ONE: list[
    tuple[str, dict[str, Any], tuple[int, int, int], int, int]
] = [  # class, config, output, weights, multiply-adds
    ("Conv2D", {"filters": 6, **K3}, (6, 6, 6), 216, 216 * 36),
    ("Conv2D", {"filters": 6, **K3, "strides": 2, "padding": "same"}, (4, 4, 6), 216, 216 * 16),
    ("Conv2D", {"filters": 6, **K3, "dilation_rate": [2, 2]}, (4, 4, 6), 216, 216 * 16),
    ("Conv2D", {"filters": 6, **K3, "groups": 2}, (6, 6, 6), 108, 108 * 36),
    ("DepthwiseConv2D", {**K3, "depth_multiplier": 2}, (6, 6, 8), 72, 72 * 36),
    ("SeparableConv2D", {"filters": 5, **K3, "depth_multiplier": 2}, (6, 6, 5), 72 + 40, 112 * 36),
    ("SeparableConv2D", {"filters": 5, "kernel_size": 3}, (6, 6, 5), 36 + 20 + 5, 56 * 36),
    (
        "Conv2DTranspose",
        {"filters": 3, **K3, "strides": 2, "padding": "same"},
        (16, 16, 3),
        108,
        108 * 64,
    ),
    (
        "Conv2DTranspose",
        {"filters": 3, "kernel_size": 2, "strides": 3, "use_bias": False},
        (24, 24, 3),
        48,
        48 * 64,
    ),
    ("Conv2DTranspose", {"filters": 3, **K3, "strides": 2}, (17, 17, 3), 108, 108 * 64),
    ("Dense", {"units": 5}, (8, 8, 5), 25, 20 * 64),  # over the last axis, at every position
    ("BatchNormalization", {"axis": -1}, (8, 8, 4), 16, 0),
    ("BatchNormalization", {"axis": [3], "scale": False}, (8, 8, 4), 12, 0),
    ("LayerNormalization", {"axis": [-1]}, (8, 8, 4), 8, 0),
    ("GroupNormalization", {"groups": 2, "axis": -1}, (8, 8, 4), 8, 0),
    ("RMSNormalization", {"axis": -1}, (8, 8, 4), 4, 0),
    ("RMSNormalization", {"axis": [1, 2, 3]}, (8, 8, 4), 256, 0),
    ("LayerNormalization", {"rms_scaling": True, "scale": False}, (8, 8, 4), 4, 0),
    ("UnitNormalization", {"axis": -1}, (8, 8, 4), 0, 0),
    ("UnitNormalization", {"axis": [2, 3]}, (8, 8, 4), 0, 0),
    ("Normalization", {"axis": -1}, (8, 8, 4), 9, 0),  # mean, variance and how many images they come from
    ("Normalization", {"axis": -1, "mean": [0.5] * 4, "variance": [0.1] * 4}, (8, 8, 4), 0, 0),
    ("Rescaling", {"scale": 2.0}, (8, 8, 4), 0, 0),
    ("PReLU", {"shared_axes": [1, 2]}, (8, 8, 4), 4, 0),
    ("PReLU", {"shared_axes": None}, (8, 8, 4), 256, 0),
    ("LayerScale", {"projection_dim": 4, "init_values": 1e-6}, (8, 8, 4), 4, 0),
    ("MaxPooling2D", {"pool_size": [3, 3], "strides": [2, 2], "padding": "same"}, (4, 4, 4), 0, 0),
    ("AveragePooling2D", {"pool_size": 3}, (2, 2, 4), 0, 0),
    ("GlobalAveragePooling2D", {}, (1, 1, 4), 0, 0),
    ("ZeroPadding2D", {"padding": 2}, (12, 12, 4), 0, 0),
    ("ZeroPadding2D", {"padding": [1, 2]}, (10, 12, 4), 0, 0),
    ("ZeroPadding2D", {"padding": [[0, 1], [2, 3]]}, (9, 13, 4), 0, 0),
    ("Cropping2D", {"cropping": [[1, 0], [2, 3]]}, (7, 3, 4), 0, 0),
    ("UpSampling2D", {"size": [2, 3]}, (16, 24, 4), 0, 0),
    ("Resizing", {"height": 5, "width": 6}, (5, 6, 4), 0, 0),
    ("CenterCrop", {"height": 5, "width": 6}, (5, 6, 4), 0, 0),
    ("Flatten", {}, (1, 1, 256), 0, 0),
    ("Reshape", {"target_shape": [-1, 2, 16]}, (8, 2, 16), 0, 0),
    ("Permute", {"dims": [3, 1, 2]}, (4, 8, 8), 0, 0),
    ("RandomFlip", {"mode": "horizontal"}, (8, 8, 4), 0, 0),
]


@pytest.mark.parametrize("dialect", [3, 2])
@pytest.mark.parametrize(
    ("class_name", "config", "out", "weights", "madds"), ONE, ids=[f"{o[0]}-{n}" for n, o in enumerate(ONE)]
)
def test_a_layer_costs_what_is_worked_out_by_hand(
    class_name: str,
    config: dict[str, Any],
    out: tuple[int, ...],
    weights: int,
    madds: int,
    dialect: int,
    read: Read,
) -> None:
    """Output, weights and multiply-adds of one layer on 8 x 8 x 4."""
    graph = read(
        one(class_name, config, dialect=dialect)
        if class_name != "RandomFlip"
        else _before_relu(class_name, config)
    ).graph
    got = counts(cost(graph))
    assert graph.nodes[-1].output == out
    assert (got[1], got[0]) == (weights, madds)


def _before_relu(class_name: str, config: dict[str, Any]) -> str:
    m = Config([8, 8, 4])
    m.add(class_name, config)
    m.add("ReLU")
    return m.json()


SPELLED: list[tuple[str, dict[str, Any], str]] = [
    ("ReLU", {"max_value": 6}, "relu6"),
    ("ReLU", {"max_value": None}, "relu"),
    ("ReLU", {"negative_slope": 0.1}, "leaky_relu"),
    ("ReLU", {"max_value": {"class_name": "__numpy__", "config": {"value": 6.0}}}, "relu6"),
    ("LeakyReLU", {"alpha": 0.2}, "leaky_relu"),
    ("Softmax", {"axis": -1}, "softmax"),
    ("Activation", {"activation": "hard_silu"}, "hswish"),
    ("Activation", {"activation": "hard_swish"}, "hswish"),
    ("Activation", {"activation": "hard_sigmoid"}, "hsigmoid"),
    ("Activation", {"activation": "silu"}, "swish"),
    ("Activation", {"activation": "Custom>relu6"}, "relu6"),
    (
        "Activation",
        {"activation": {"module": "builtins", "class_name": "function", "config": "relu6"}},
        "relu6",
    ),
    (
        "Activation",
        {"activation": {"module": "keras.layers", "class_name": "ReLU", "config": {"max_value": 6.0}}},
        "relu6",
    ),
    ("Activation", {"activation": {"class_name": "Activation", "config": {"activation": "tanh"}}}, "tanh"),
    (
        "Conv2D",
        {"filters": 4, "kernel_size": 1, "activation": {"class_name": "LeakyReLU", "config": {"alpha": 0.1}}},
        "leaky_relu",
    ),
    ("Dense", {"units": 4, "activation": "gelu"}, "gelu"),
]


@pytest.mark.parametrize(
    ("class_name", "config", "function"), SPELLED, ids=[f"{s[2]}-{n}" for n, s in enumerate(SPELLED)]
)
def test_every_spelling_of_an_activation_is_one_function(
    class_name: str, config: dict[str, Any], function: str, read: Read
) -> None:
    """A layer, a name, a function or a class with a config: 256 evaluations."""
    terms = [
        t for x in cost(read(one(class_name, config)).graph).layers for t in x.work if t.kind == "activation"
    ]
    assert [(t.variant, t.count) for t in terms] == [(function, 256)]


def test_activations_have_names_that_specs_know() -> None:
    """A function that only a reader knew could not be written into a spec."""
    assert set(FUNCTIONS.values()) - {""} <= set(ACTIVATIONS)


def test_hswish_may_stand_in_pieces_of_either_dialect(read: Read) -> None:
    """x (relu6(x + 3) / 6), as keras.applications' first V3 had it."""
    m = Config([8, 8, 4])
    numpy = "keras.src.ops.numpy"
    m.add("Add", {}, name="a", module=numpy)
    m.layers[-1]["inbound_nodes"] = [m.node(("input",), (3.0,))]
    m.add("ReLU", {"max_value": 6.0}, name="r")
    m.add("Multiply", {}, name="b", module=numpy)
    m.layers[-1]["inbound_nodes"] = [m.node(("r",), (1 / 6,))]
    m.add("Multiply", {}, "input", "b")
    new = cost(read(m.json()).graph).work_by_kind()
    m = Config([8, 8, 4], 2)
    m.add("TFOpLambda", {"function": "__operators__.add"}, name="a")
    m.layers[-1]["inbound_nodes"] = [["input", 0, 0, {"y": 3.0, "name": None}]]
    m.add("ReLU", {"max_value": 6.0}, name="r")
    m.add("TFOpLambda", {"function": "math.multiply"}, name="b")
    m.layers[-1]["inbound_nodes"] = [["r", 0, 0, {"y": 0.16666667}]]
    m.add("TFOpLambda", {"function": "math.multiply"}, name="c")
    m.layers[-1]["inbound_nodes"] = [["input", 0, 0, {"y": ["b", 0, 0]}]]
    old = cost(read(m.json()).graph).work_by_kind()
    assert new == old == {"rescale": 512, "activation": 256, "gate": 256}


OPERATIONS = json.loads((Path(__file__).parent / "truth/operations.json").read_text())["models"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_beside_layers_give_what_keras_gives(name: str, read: Read) -> None:
    """Models that Keras wrote: a dense layer of 2 units over the last axis costs twice the numbers that
    the operation gives.
    """
    said = OPERATIONS[name]
    got = cost(read(json.dumps(said["config"])).graph)
    assert got.work_by_kind()["dense"] == 2 * prod(said["dims"])
    assert got.params_by_kind() == {"conv": 216, "dense": 2 * said["dims"][-1]}


LOST = [  # an operation of Keras 2, its arguments: what cannot be told
    ("__operators__.getitem", {"slice_spec": 0}),  # one image of the batch
    ("__operators__.getitem", {"slice_spec": [{"start": 0, "stop": 1, "step": None}, 3, 4, 5, 6]}),
    ("__operators__.getitem", {"slice_spec": {"start": 5, "stop": 5, "step": 0}}),
    ("tile", {"multiples": [2, 1, 1, 1]}),  # a second image
    ("tile", {"multiples": "three"}),
    ("gather", {"indices": [0] * 9, "axis": -1}),
    ("split", {"num_or_size_splits": 3, "axis": -1}),
    ("reshape", {"shape": []}),
    ("reshape", {"shape": ["input", 0, 0]}),  # a shape that is computed
    ("einsum", {}),
]


@pytest.mark.parametrize(("function", "arguments"), LOST, ids=[f"{n}-{x[0]}" for n, x in enumerate(LOST)])
def test_an_operation_that_is_called_in_another_way_is_refused_by_name(
    function: str, arguments: dict[str, Any], read: Read
) -> None:
    """Never a shape that is guessed."""
    m = Config([8, 8, 4], 2)
    m.add("TFOpLambda", {"function": function}, name="op")
    m.layers[-1]["inbound_nodes"] = [["input", 0, 0, arguments]]
    m.conv(2, 1)
    with pytest.raises(UnknownOpError, match=function.replace(".", r"\.")):
        read(m.json())


def test_sums_and_products_spread_sides_of_one(read: Read) -> None:
    """A gate of one number per channel, and tensors of fewer axes."""
    m = Config([8, 8, 4])
    m.add("GlobalAveragePooling2D", {}, name="pool")
    m.add("Multiply", {}, "input", "pool", name="gate")
    m.add("Average", {}, "gate", "input")
    graph = read(m.json()).graph
    assert graph.nodes[-1].output == (8, 8, 4)
    got = cost(graph).work_by_kind()
    assert (got["gate"], got["add"], got["rescale"]) == (256, 256, 256)


def test_a_layer_that_is_called_twice_has_its_weights_once(read: Read) -> None:
    """Keras counts a shared layer's parameters once and runs it twice."""
    for dialect in (3, 2):
        m = Config([8, 8, 4], dialect)
        m.conv(4, 3, bias=True)
        m.again(m.x)
        got = cost(read(m.json()).graph)
        assert got.params_by_kind() == {"conv": 144, "bias": 4}
        assert got.work_by_kind()["conv"] == 2 * 144 * 64


def inner(dialect: int) -> dict[str, Any]:
    m = Config([8, 8, 4], dialect, name="inner")
    m.conv(4, 1)
    return m.model()


def sequential(dialect: int) -> dict[str, Any]:
    key = "batch_shape" if dialect == 3 else "batch_input_shape"
    layers = [
        {"class_name": "InputLayer", "config": {key: [None, 8, 8, 4], "name": "i"}},
        {
            "class_name": "Conv2D",
            "config": {"name": "c", "filters": 4, "kernel_size": [1, 1], "use_bias": False},
        },
    ]
    if dialect == 2:
        first = layers.pop(0)
        layers[0]["config"][key] = first["config"][key]
    return {"class_name": "Sequential", "config": {"name": "seq", "layers": layers}, "name": "seq"}


@pytest.mark.parametrize("skipped", [False, True])
@pytest.mark.parametrize("dialect", [3, 2])
@pytest.mark.parametrize("model", [inner, sequential])
def test_models_may_be_layers_of_models(
    model: Callable[[int], dict[str, Any]], dialect: int, skipped: bool, read: Read
) -> None:
    """Called twice, they share their weights, whether or not Keras counts a call that it does not save;
    names are put together.
    """
    m = Config([8, 8, 4], dialect)
    said = model(dialect)
    if skipped:
        m.skipped.add(said["name"])
    m.layers.append({**said, "inbound_nodes": [m.node(("input",))]})
    m.calls[said["name"]] = 1
    m.x = said["name"]
    m.again(said["name"])
    graph = read(m.json()).graph
    got = cost(graph)
    assert got.params_by_kind() == {"pointwise": 16}
    assert got.work_by_kind() == {"pointwise": 2 * 16 * 64}
    assert all(n.name.startswith(f"{said['name']}/") for n in graph.nodes[1:])


@pytest.mark.parametrize("dialect", [3, 2])
def test_a_sequential_model_starts_with_its_input(dialect: int, read: Read) -> None:
    """An InputLayer, or the first layer's own word on it."""
    assert counts(cost(read(json.dumps(sequential(dialect))).graph)) == (1024, 16, 16)


def in_sequential(*layers: dict[str, Any], times: int = 1) -> dict[str, Any]:
    """These layers as a Sequential, in another one, and so on."""
    said = {"class_name": "Sequential", "config": {"name": f"s{times}", "layers": list(layers)}}
    return in_sequential(said, times=times - 1) if times > 1 else said


@pytest.mark.parametrize("times", [1, 2, 3, 5])
@pytest.mark.parametrize("dialect", [3, 2])
@pytest.mark.parametrize("model", [inner, sequential])
def test_only_the_innermost_model_may_say_its_inputs_shape(
    model: Callable[[int], dict[str, Any]], dialect: int, times: int, read: Read
) -> None:
    """Teachable Machine's files are Sequential in Sequential around a MobileNet."""
    head = in_sequential(
        {"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 4]}}, times=2
    )
    pool = {"class_name": "GlobalAveragePooling2D", "config": {"name": "pool"}}
    said = in_sequential(in_sequential(model(dialect), pool, times=times), head)
    assert counts(cost(read(json.dumps(said)).graph)) == (1024 + 8, 16 + 10, 16 + 10)


GIVEN: list[dict[str, Any]] = [  # what a layer says of its input
    {"config": {"batch_shape": [None, 8, 8, 4]}},
    {"config": {"batch_input_shape": [None, 8, 8, 4]}},
    {"config": {"input_shape": [8, 8, 4]}},
    {"config": {}, "build_config": {"input_shape": [None, 8, 8, 4]}},
]


@pytest.mark.parametrize("given", GIVEN, ids=str)
def test_a_first_layer_may_say_its_input_in_several_ways(given: dict[str, Any], read: Read) -> None:
    """Keras 3, Keras 2, by hand, or what Keras 3 built the layer with."""
    conv = {"name": "c", "filters": 4, "kernel_size": [1, 1], "use_bias": False, **given["config"]}
    said = in_sequential({**given, "class_name": "Conv2D", "config": conv})
    assert counts(cost(read(json.dumps(said)).graph)) == (1024, 16, 16)


def test_a_class_of_ones_own_that_is_built_as_a_functional_model_is_read(read: Read) -> None:
    """Its config holds the layers, as keras_cv's backbones do; a subclassed model's does not."""
    said = {**inner(2), "class_name": "Custom>Backbone"}
    assert counts(cost(read(json.dumps(said)).graph)) == (1024, 16, 16)
    assert counts(cost(read(json.dumps(in_sequential(said))).graph)) == (1024, 16, 16)


FLAGS: list[tuple[str, dict[str, Any], int]] = [  # weights on 8 x 8 x 4
    ("BatchNormalization", {"scale": 1, "center": True}, 16),
    ("BatchNormalization", {"scale": 0, "center": 1.0}, 12),
    ("BatchNormalization", {"scale": None}, 12),
    ("Conv2D", {"filters": 2, "kernel_size": 1, "use_bias": 1}, 10),
    ("Conv2D", {"filters": 2, "kernel_size": 1, "use_bias": 0}, 8),
    ("Conv2D", {"filters": 2, "kernel_size": 1, "use_bias": None}, 8),
    ("Dense", {"units": 2, "use_bias": 0.0}, 8),
    ("LayerNormalization", {"scale": 1, "center": 0}, 4),
    ("GlobalAveragePooling2D", {"keepdims": 1}, 0),
]


@pytest.mark.parametrize(("class_name", "config", "weights"), FLAGS, ids=[f"{f[0]} {f[1]}" for f in FLAGS])
def test_a_flag_may_be_written_as_a_number(
    class_name: str, config: dict[str, Any], weights: int, read: Read
) -> None:
    """Keras takes what is true; a text is refused, since Keras would take "false" for true."""
    assert counts(cost(read(one(class_name, config)).graph))[1] == weights
    with pytest.raises(SpecError, match="must be true or false"):
        read(
            one(
                class_name,
                {k: "false" if k in ("scale", "use_bias", "keepdims") else v for k, v in config.items()},
            )
        )


HEADS: list[
    tuple[list[int], list[int] | None]
] = [  # a target that the file says of 8 x 8 x 16, and what it is of 12 x 12 x 16
    ([-1, 4], [576, 4]),
    ([256, 4], [576, 4]),
    ([64, 16], [144, 16]),
    ([1024], [2304]),
    ([8, 8, 4, 4], [12, 12, 4, 4]),
    ([-1, 64], None),  # rows of 64 numbers, or of as many as there are positions
    ([16, 16, 4], None),
]


@pytest.mark.parametrize(("target", "wanted"), HEADS, ids=[str(h[0]) for h in HEADS])
def test_a_head_that_reshapes_follows_another_size_or_is_named(
    target: list[int], wanted: list[int] | None, read: Read
) -> None:
    """As if the model had been built at that size; where the file does not say how, the layer is named
    and nothing is counted.
    """
    m = Config([8, 8, 16])
    m.add("Reshape", {"target_shape": target}, name="head")
    m.add("Dense", {"units": 2, "use_bias": False})
    at_12 = Settings(resolution=(12, 12))
    if wanted is None:
        with pytest.raises(
            SpecError, match=r"layer 'head': its axes of .* are fixed in the file and do not follow 12x12x16"
        ):
            read(m.json(), at_12)
    else:
        assert cost(read(m.json(), at_12).graph).work_by_kind() == {"dense": 2 * prod(wanted)}
        assert cost(read(m.json(), at_12).graph).params_by_kind() == {"dense": 2 * wanted[-1]}


def test_an_open_size_asks_for_a_resolution(read: Read) -> None:
    """A model without a size costs what it costs at the one given."""
    text = one("Conv2D", {"filters": 2, "kernel_size": 1, "use_bias": False}, [None, None, 3])
    with pytest.raises(CallError, match="leaves its height and width open"):
        read(text)
    design = read(text, Settings(resolution=(10, 20)))
    assert design.resolution == (10, 20)
    assert counts(cost(design.graph))[0] == 6 * 200


def test_a_lambda_is_never_run(read: Read) -> None:
    """Its code is a stranger's: an op that cannot be costed."""
    text = one("Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEAAAAA"}}})
    with pytest.raises(UnknownOpError, match=r"cannot cost Lambda \(1x, first at 'y'\)"):
        read(text)
    costs = cost(read(text, Settings(allow_unknown=True)).graph)
    assert (costs.status, costs.graph.left_out) == ("partial", ("Lambda (1x, first at 'y')",))


def test_an_unknown_layer_has_the_shape_that_later_calls_say(read: Read) -> None:
    """Keras 3 writes the shape of a tensor wherever it is an argument."""
    m = Config([8, 8, 4])
    m.add("Patches", {}, name="p")
    m.add("Dense", {"units": 2, "use_bias": False})
    m.layers[-1]["inbound_nodes"][0]["args"][0]["config"]["shape"] = [None, 16, 10]
    costs = cost(read(m.json(), Settings(allow_unknown=True)).graph)
    assert costs.work_by_kind() == {"dense": 16 * 20}
