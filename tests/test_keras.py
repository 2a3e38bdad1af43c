"""Keras's rules, on models of keras.applications and on models of a few layers."""

from __future__ import annotations

import json
import random
import resource
import zipfile
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from mnetcost.designs import Design, Settings, load
from mnetcost.designs.keras.functions import FUNCTIONS
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.fields import ACTIVATIONS
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import CallError, MnetcostError, SpecError, UnknownOpError

from . import keras_models as models
from .keras_models import Config

Read = Callable[..., Design]
MEASURED = json.loads((Path(__file__).parent / "truth/applications.json").read_text())["networks"]


@pytest.fixture
def read(tmp_path: Path) -> Read:
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
    ("UnitNormalization", {"axis": -1}, (8, 8, 4), 0, 0),
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
    """A gate of one number a channel, and tensors of fewer axes."""
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


def wrapped(how: str, said: dict[str, Any]) -> Any:
    """A model's config as a file of that origin holds it."""
    beside = {"keras_version": "2.9.0", "backend": "tensorflow"}
    return {
        "bare": said,
        "a text within JSON": json.dumps(said),
        "the attributes of an .h5 file": {**beside, "model_config": json.dumps(said)},
        "TensorFlow.js, saved in the browser": {
            "modelTopology": {**said, "keras_version": "tfjs-layers 1.3.1"},
            "weightsManifest": [],
        },
        "TensorFlow.js, converted": {
            "format": "layers-model",
            "modelTopology": {**beside, "model_config": said},
            "weightsManifest": [],
        },
        "TensorFlow.js, as texts": {"modelTopology": json.dumps({"model_config": json.dumps(said)})},
    }[how]


WRAPPINGS = (
    "bare",
    "a text within JSON",
    "the attributes of an .h5 file",
    "TensorFlow.js, saved in the browser",
)


@pytest.mark.parametrize("how", [*WRAPPINGS, "TensorFlow.js, converted", "TensorFlow.js, as texts"])
@pytest.mark.parametrize("dialect", [3, 2])
def test_a_config_is_found_in_every_wrapping(how: str, dialect: int, read: Read) -> None:
    """`to_json()`, and the `model.json` of TensorFlow.js, whether its topology is the config or holds it."""
    assert counts(cost(read(json.dumps(wrapped(how, sequential(dialect)))).graph)) == (1024, 16, 16)


NO_MODELS: list[tuple[Any, str]] = [
    (
        {"format": "graph-model", "modelTopology": {"node": [], "library": {}}},
        "is a TensorFlow.js graph model",
    ),
    ({"modelTopology": {"node": []}, "weightsManifest": []}, "is a TensorFlow.js graph model"),
    ({"weightsManifest": []}, "has no 'modelTopology'"),
    ({"nodes": [], "arg_nodes": [], "heads": []}, "is an MXNet symbol"),
    ({"architectures": ["X"], "model_type": "x"}, "is a Hugging Face configuration"),
    ({"irVersion": "8", "graph": {}}, "is an ONNX model written as JSON"),
    ({"modelTopology": 3}, "is no Keras model"),
    ({"modelTopology": "{"}, "the text in it is no JSON"),
    ("{", "the text in it is no JSON"),
    ({"model_config": None}, "is no Keras model"),
]


@pytest.mark.parametrize(("said", "message"), NO_MODELS, ids=[m[1][:30] for m in NO_MODELS])
def test_a_json_that_is_no_keras_model_is_called_what_it_is(said: Any, message: str, read: Read) -> None:
    """And the hint says how to get one that is read."""
    with pytest.raises(SpecError) as caught:
        read(json.dumps(said))
    assert message in str(caught.value)
    assert "hint:" in str(caught.value)


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


@pytest.mark.parametrize("ending", [".json", ".keras", ".h5", ".txt", ""])
def test_a_container_is_told_by_its_bytes(ending: str, tmp_path: Path) -> None:
    """An .h5 file may be called .keras, an archive .h5; Keras itself has written both."""
    path = tmp_path / f"net{ending}"
    path.write_text(one("Conv2D", {"filters": 6, **K3}))
    assert counts(cost(load(str(path)).graph))[1] == 216
    archive(path, one("Conv2D", {"filters": 6, **K3}))
    assert counts(cost(load(str(path)).graph))[1] == 216
    path.unlink()
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = one("Conv2D", {"filters": 6, **K3})
    assert counts(cost(load(str(path)).graph))[1] == 216


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


def archive(path: Path, text: str, name: str = "config.json", kind: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", kind) as z:
        z.writestr(name, text)
        z.writestr("model.weights.h5", b"weights")
    return str(path)


def test_an_archive_is_read_in_memory(tmp_path: Path) -> None:
    """The config of a .keras file says what its JSON would."""
    file = archive(tmp_path / "net.keras", models.mobilenet())
    assert counts(cost(load(file).graph)) == (568_740_352, 4_253_864, 4_231_976)
    assert [p.name for p in tmp_path.iterdir()] == ["net.keras"]


def test_hostile_archives_are_refused(tmp_path: Path) -> None:
    """Names that point outside, a config that unpacks without end, other compressions, cut files."""
    good = models.mobilenet()
    for file, message in (
        (archive(tmp_path / "a.keras", good, "../config.json"), "points outside of it"),
        (archive(tmp_path / "b.keras", good, "/config.json"), "points outside of it"),
        (archive(tmp_path / "c.keras", good, "other.json"), "holds no config.json"),
        (archive(tmp_path / "d.keras", " " * (17 << 20)), "larger than 16,777,216 bytes"),
        (
            archive(tmp_path / "e.keras", good, kind=zipfile.ZIP_LZMA),
            "compressed in a way that Keras does not use",
        ),
    ):
        with pytest.raises(SpecError, match=message):
            load(file)
    whole = Path(archive(tmp_path / "f.keras", good)).read_bytes()
    for cut in (0, 10, len(whole) // 2, len(whole) - 30):
        (tmp_path / "f.keras").write_bytes(whole[:cut])
        with pytest.raises(SpecError, match="no whole"):
            load(str(tmp_path / "f.keras"))


def test_an_archive_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    """The size is checked again while the config is read."""
    path = Path(archive(tmp_path / "lie.keras", " " * (17 << 20)))
    data = path.read_bytes().replace((17 << 20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    path.write_bytes(data)
    with pytest.raises(SpecError, match="whole"):
        load(str(path))


def test_an_h5_file_is_read_for_its_config(tmp_path: Path) -> None:
    """With the extra `keras`; its weights are not read."""
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = one("Conv2D", {"filters": 6, **K3})
    assert counts(cost(load(str(path)).graph))[1] == 216
    with h5py.File(path, "w") as f:
        f.attrs["layer_names"] = ["a"]
    with pytest.raises(SpecError, match="weights only"):
        load(str(path))
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 50)
    with pytest.raises(SpecError, match="cannot be read as HDF5"):
        load(str(path))


LAYOUTS = {
    "as Keras writes it": {},
    "as the newest HDF5 writes it": {"libver": "latest"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["any length", "a fixed length", "among many"])
def test_an_h5_file_with_a_config_larger_than_any_is_refused_unread(
    tmp_path: Path, layout: str, kind: str
) -> None:
    """HDF5 makes room for as many bytes as a file of 3 kB says it has; what is said is looked at before."""
    path, text = tmp_path / "net.h5", one("Conv2D", {"filters": 6, **K3})
    with h5py.File(path, "w", **LAYOUTS[layout]) as f:
        for n in range(20 if kind == "among many" else 0):  # more than the object's head holds
            f.attrs[f"a{n}"] = n
        if kind == "a fixed length":
            f.attrs.create("model_config", np.bytes_(text.encode()))
        else:
            f.attrs["model_config"] = text
    assert counts(cost(load(str(path)).graph))[1] == 216
    said, lie = (len(text).to_bytes(4, "little"), (4_000_000_000).to_bytes(4, "little"))
    data = path.read_bytes()
    assert said in data
    path.write_bytes(data.replace(said, lie))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # of the newest layout
    with pytest.raises(SpecError, match=r"its model_config is larger than 16,777,216 bytes|checksum"):
        load(str(path))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # kB


def test_an_h5_file_with_several_configs_holds_none(tmp_path: Path) -> None:
    """A list of texts could name one text many times over."""
    path = tmp_path / "net.h5"
    with h5py.File(path, "w") as f:
        f.attrs.create("model_config", ["{}"] * 3, dtype=h5py.string_dtype())
    with pytest.raises(SpecError, match="weights only"):
        load(str(path))


def _cycle() -> str:
    m = Config([8, 8, 4])
    m.add("ReLU", {}, name="a")
    m.add("ReLU", {}, name="b")
    m.layers[1]["inbound_nodes"] = [m.node(("b",))]
    return m.json()


def _twice() -> str:
    m = Config([8, 8, 4])
    m.add("ReLU", {}, name="a")
    m.add("ReLU", {}, name="a")
    return m.json()


def _laughs() -> str:
    said: dict[str, Any] = inner(3)
    for n in range(35):
        m = Config([8, 8, 4], name=f"level{n}")
        m.layers.append({**said, "inbound_nodes": [m.node(("input",))]})
        m.calls[said["name"]] = 1
        m.x = said["name"]
        m.again(said["name"])
        said = m.model()
    return json.dumps(said)


BAD: list[tuple[Callable[[], str], str]] = [
    (lambda: "{", "is no JSON"),
    (lambda: "[1, 2]", "is no Keras model"),
    (lambda: '{"schema": "mnetcost.report/1"}', "is no Keras model"),
    (lambda: '{"class_name": "MyModel", "config": {}}', "is a MyModel"),
    (lambda: '{"class_name": "Functional", "config": {}}', "must have a list of 'layers'"),
    (lambda: '{"class_name": "Sequential", "config": {"layers": []}}', "has no layers"),
    (lambda: "[" * 200_000, "nested too deeply"),
    (lambda: '{"class_name": ' + "9" * 5000 + "}", "is no JSON"),
    (_cycle, "the layers form a cycle"),
    (_twice, "two layers are called 'a'"),
    (_laughs, "more than 100,000"),
    (lambda: one("Conv2D", {"kernel_size": 3}), "'filters' is missing"),
    (lambda: one("Conv2D", {"filters": 2**60, "kernel_size": 3}), "must be a whole number from 1 to"),
    (lambda: one("Conv2D", {"filters": "x", "kernel_size": 3}), "must be a whole number"),
    (lambda: one("Conv2D", {"filters": 2, "kernel_size": 9}), "does not fit into 8"),
    (
        lambda: one("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "some"}),
        "padding 'some' is not known",
    ),
    (lambda: one("Reshape", {"target_shape": [7]}), "cannot be read as"),
    (lambda: one("Flatten", {}, [2**31, 4]), "is open"),
    (lambda: one("Flatten", {}, [2**30, 2**30, 4]), "more than 281,474,976,710,656 numbers"),
    (lambda: models.mobilenet().replace('["input", 0, 0]', '["inputs", 0, 0]', 1), "which is not there"),
]


@pytest.mark.parametrize(("write", "message"), BAD, ids=[b[1][:30] for b in BAD])
def test_a_model_that_cannot_be_is_refused(write: Callable[[], str], message: str, read: Read) -> None:
    """One error that says what is wrong and where."""
    with pytest.raises(SpecError) as caught:
        read(write())
    assert message in str(caught.value)


def test_a_config_with_values_changed_is_read_or_refused(read: Read) -> None:
    """400 mutations by a fixed seed, of values and of bytes: a graph, or an error of ours."""
    dice = random.Random(4)
    whole = json.loads(models.mobilenet())
    texts = {d: models.xception(d) for d in (2, 3)}
    values = [
        "null",
        "-1",
        "0",
        str(2**60),
        "1e308",
        '"x"',
        "[]",
        "{}",
        "[[]]",
        "true",
        '["input", 0, 0]',
        '"Lambda"',
        '"Sequential"',
    ]
    values.append('{"class_name": "__keras_tensor__"}')
    seen = set()
    for n in range(400):
        if n % 2:
            text = texts[2 + n % 4 // 2]
            for _ in range(dice.randint(1, 3)):
                at = dice.randrange(len(text))
                text = (
                    text[:at]
                    + dice.choice(["", "0", "}", "]", '"', "9" * 30, text[at : at + 9] * 2])
                    + text[at + dice.randint(0, 4) :]
                )
        else:
            said = json.loads(json.dumps(whole))
            for _ in range(dice.randint(1, 3)):
                here: Any = said
                while True:
                    keys = list(here) if isinstance(here, dict) else list(range(len(here)))
                    key = dice.choice(keys)
                    if not isinstance(here[key], (dict, list)) or not here[key] or dice.random() < 0.1:
                        here[key] = json.loads(dice.choice(values))
                        break
                    here = here[key]
            text = json.dumps(said)
        try:
            cost(read(text).graph)
            seen.add("read")
        except MnetcostError:
            seen.add("refused")
    assert seen == {"read", "refused"}
