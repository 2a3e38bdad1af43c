"""Do recurrent and attention layers cost what frameworks say, in specs and in model files?"""

from __future__ import annotations

import json
import struct
from math import prod
from pathlib import Path
from typing import Any

import pytest

from mnetcost import cost, totals
from mnetcost.designs import Settings, load
from mnetcost.designs.conventions import load_convention
from mnetcost.errors import CallError, MnetcostError, SpecError, UnknownOpError

from . import onnx_files, tflite_files
from .onnx_files import helper, weights
from .tflite_files import O, T, floats

TRUTH = Path(__file__).parent / "truth"
MODELS = json.loads((TRUTH / "sequences.json").read_text())["models"]


def written(tmp_path: Path, model: Any) -> str:
    (tmp_path / "net.json").write_text(json.dumps(model))
    return str(tmp_path / "net.json")


@pytest.mark.parametrize("name", MODELS)
def test_a_sequence_model_costs_what_keras_computes(name: str, tmp_path: Path) -> None:
    """Its parameters, the products in TensorFlow's graph, and the numbers that it gives."""
    model = MODELS[name]
    file = written(tmp_path, model["config"])
    found = totals(file)
    assert (found["params"], found["madds"]) == (model["params"], model["madds"])
    assert cost(file).layers[-1].output.elements == prod(model["dims"])


def test_products_follow_the_length(tmp_path: Path) -> None:
    """Every step costs as much as the others."""
    file = written(tmp_path, MODELS["Bidirectional"]["config"])
    assert totals(file, resolution=6)["madds"] * 2 == totals(file)["madds"] == 10_752
    assert totals(file, resolution=6)["params"] == 960


FOLLOWING = [  # and at twice the steps, at twice the height
    ("ConvLSTM2D, every step", (6, 12, 10), (3, 24, 10)),
    ("ConvLSTM2D, next frame", (6, 12, 10), (3, 24, 10)),
    ("TimeDistributed, convolution", (6, 12, 10), (3, 24, 10)),
    ("TimeDistributed, twice", (), ()),
]


@pytest.mark.parametrize(("name", "longer", "higher"), FOLLOWING)
def test_a_sequence_of_maps_follows_the_resolution(
    name: str, longer: tuple[int, ...], higher: tuple[int, ...], tmp_path: Path
) -> None:
    """Steps, height and width; each step, and with zeros around it each row, costs as much as the others."""
    file = written(tmp_path, MODELS[name]["config"])
    if not longer:
        with pytest.raises(SpecError, match="it has no resolution"):
            load(file, Settings(resolution=(3, 9, 9)))
        return
    for size in (longer, higher):
        found = totals(file, resolution=size)
        assert (found["params"], found["madds"]) == (MODELS[name]["params"], 2 * MODELS[name]["madds"])


def test_a_sequence_of_maps_may_be_open(tmp_path: Path) -> None:
    """The size that is asked for is that of its steps, its height and its width."""
    model = json.loads(json.dumps(MODELS["ConvLSTM2D"]["config"]))
    model["config"]["layers"][0]["config"]["batch_shape"] = [None, None, None, None, 2]
    with pytest.raises(CallError, match="leaves its depth, height and width open"):
        load(written(tmp_path, model))
    assert totals(written(tmp_path, model), resolution=(3, 12, 10))["madds"] == MODELS["ConvLSTM2D"]["madds"]


def changed(name: str, inner: bool = False, shape: list[Any] | None = None, **more: Any) -> Any:
    """A measured model whose last layer, or the layer within it, has another config or class; `shape`: of its
    input.
    """
    model = json.loads(json.dumps(MODELS[name]["config"]))
    layers = model["config"]["layers"]
    if shape:
        layers[0]["config"]["batch_shape"] = shape
    layer = layers[-1]["config"]["layer"] if inner else layers[-1]
    layer["class_name"] = more.pop("class_name", layer["class_name"])
    layer["config"].update(more)
    return model


@pytest.mark.parametrize(
    ("model", "message", "hint"),
    [
        (changed("TimeDistributed, pool", True, class_name="Mine"), r"cannot cost Mine \(3x, first at", ""),
        (changed("ConvLSTM2D", class_name="ConvLSTM3D"), r"cannot cost ConvLSTM3D \(1x", "two Conv3D"),
        (changed("Bidirectional", True, class_name="Mine"), r"cannot cost Bidirectional \(1x", "unrolled"),
        (changed("RNN of a cell", cell={"class_name": "Mine", "config": {}}), "cannot cost RNN", "unrolled"),
        (changed("ConvLSTM2D", activation="mine"), r"cannot cost ConvLSTM2D \(1x", ""),
        (
            changed("ConvLSTM2D", shape=[None, 3, 12, 2]),
            "ConvLSTM2D needs 4 axes beside the batch, not 3",
            "",
        ),
        (
            changed("TimeDistributed, pool", shape=[None, 12]),
            "TimeDistributed needs steps, two axes beside the batch, not 1",
            "",
        ),
        (changed("TimeDistributed, pool", layer=None), "TimeDistributed needs a layer with its class", ""),
        (
            changed("TimeDistributed, flatten", shape=[None, 10**5, 2, 2, 2]),
            "over 100,000 steps; read are at most 10,000",
            "",
        ),
        (changed("Attention, concat", score_mode="mine"), "'score_mode' must be one of dot, concat", ""),
    ],
)
def test_a_layer_over_steps_that_cannot_be_costed_is_refused(
    model: Any, message: str, hint: str, tmp_path: Path
) -> None:
    """By its name, with what to do where something can be done."""
    with pytest.raises(MnetcostError, match=message) as error:
        load(written(tmp_path, model))
    assert hint in error.value.faults[0].hint


MEASURED = json.loads((TRUTH / "recurrent.json").read_text())
EXPORTED = MEASURED["files"]


@pytest.mark.parametrize("row", EXPORTED, ids=[row["file"] for row in EXPORTED])
def test_an_exported_layer_costs_what_pytorch_says(row: dict[str, Any]) -> None:
    """By both exporters, and twice as much at twice the length; attention has two products more.

    The length of a file in which each step is written out is fixed.
    """
    file = f"{TRUTH}/recurrent/{row['file']}"
    found = totals(file)
    assert (found["params"], found["madds"]) == (row["params"], row["madds"])
    if row.get("unrolled"):
        with pytest.raises(SpecError, match=r"a step of an unrolled recurrent layer|has no resolution"):
            load(file, Settings(resolution=(20, 1)))
        return
    longer = totals(file, resolution=20)
    assert (longer["params"], longer["madds"]) == (
        row["params"],
        2 * row["madds"] + ("attention" in row["file"]) * 2 * 2 * 10 * 10 * 12,
    )


REFUSED = {
    "loop": (r"cannot cost WHILE \(1x", "unroll=True"),
    "unrolled int8": ("whose biases are stored again for each scale", "dynamic range"),
}
TFLITE = json.loads((TRUTH / "recurrent_tflite.json").read_text())["files"]


@pytest.mark.parametrize("row", TFLITE, ids=[row["file"] for row in TFLITE])
def test_a_tflite_file_costs_what_its_interpreter_computes(row: dict[str, Any]) -> None:
    """Fused, unrolled, quantised, and each operator by its own; what is refused comes with a way out."""
    file = f"{TRUTH}/recurrent/{row['file']}"
    if "refused" in row:
        message, hint = REFUSED[row["refused"]]
        with pytest.raises(MnetcostError, match=message) as error:
            load(file)
        assert hint in error.value.faults[0].hint
        return
    found = totals(file)
    assert (found["params"], found["madds"]) == (row["params"], row["madds"])


def test_the_length_of_an_unrolled_tflite_file_is_fixed() -> None:
    """Its steps are parts of the sequence."""
    with pytest.raises(SpecError, match=r"its 5 parts are fixed in the file and do not follow 20x1x6"):
        load(f"{TRUTH}/recurrent/lstm_unrolled.tflite", Settings(resolution=(20, 1)))


@pytest.mark.parametrize("name", ["keras2_lstm", "op_lstm_all", "op_lstm_steps_first", "op_rnn_both"])
def test_products_of_a_fused_operator_follow_the_length(name: str) -> None:
    """Along the axis of the steps, which is the first one by the option for it."""
    row = next(row for row in TFLITE if row["file"] == f"{name}.tflite")
    found = totals(f"{TRUTH}/recurrent/{name}.tflite", resolution=10)
    assert (found["params"], found["madds"]) == (row["params"], 2 * row["madds"])


GATES = ("input", "forget", "cell", "output")


def fused(tmp_path: Path, again: tuple[str, ...] = (), inner: int = 6, **changed: T | None) -> str:
    """A TFLite file of an LSTM of 4 units over 5 steps of `inner` numbers, with some of its tensors changed
    or left out; `again`: of a second LSTM behind, which has these tensors of the first.
    """
    tensors: dict[str, T | None] = {"x": T((1, 5, inner))}
    operators = []
    x, width = "x", inner
    for n in range(1 + bool(again)):
        own: dict[str, T | None] = {f"w_{gate}": floats(4, width) for gate in GATES}
        own |= {f"r_{gate}": floats(4, 4) for gate in GATES}
        own |= {f"p_{gate}": None for gate in ("input", "forget", "output")}
        own |= {f"b_{gate}": floats(4) for gate in GATES}
        own |= {"project": None, "project_bias": None}
        own |= {name: T((1, 4), variable=True) for name in ("h", "c")}
        own |= {k: v for k, v in changed.items() if not n}
        names = {k: k if not n or k in again else f"{k}{n}" for k in own}
        tensors |= {names[k]: v for k, v in own.items() if names[k] not in tensors}
        tensors[f"y{n}"] = T((1, 5, 4))
        inputs = [x, *(names[k] if v is not None else "" for k, v in own.items())]
        operators.append(O("UNIDIRECTIONAL_SEQUENCE_LSTM", tuple(inputs), (f"y{n}",)))
        x, width = f"y{n}", 4
    stored = {k: v for k, v in tensors.items() if v is not None}
    return tflite_files.write(tmp_path, stored, operators)


def vector(*values: float) -> T:
    """Stored numbers."""
    return T((len(values),), struct.pack(f"<{len(values)}f", *values))


@pytest.mark.parametrize(
    ("start", "readers", "counted"),
    [(500, 2, 0), (500, 1, 500), (0.5, 2, 500)],
    ids=["part", "read once", "other"],
)
def test_a_part_of_a_bias_that_several_steps_read_counts_once(
    start: float, readers: int, counted: int, tmp_path: Path
) -> None:
    """However long the bias; numbers that are no part of it, or of a bias of one step, are parameters."""
    tensors = {
        "x": T((1, 4)),
        "w": floats(1500, 4),
        "b": vector(*range(1500)),
        "half": floats(500, 1500),
        "part": vector(*(start + n for n in range(500))),
        **{name: T((1, 1500)) for name in ("y0", "y1", "y")},
        **{name: T((1, 500)) for name in ("z0", "z")},
    }
    steps = [O("FULLY_CONNECTED", ("x", "w", "b"), (f"y{n}",)) for n in range(readers)]
    ends = ("y0", f"y{readers - 1}")
    rest = [
        O("ADD", ends, ("y",)),
        O("FULLY_CONNECTED", ("y", "half"), ("z0",)),
        O("ADD", ("z0", "part"), ("z",)),
    ]
    file = tflite_files.write(tmp_path, tensors, [*steps, *rest])
    assert totals(file)["params"] == 1500 * 4 + 1500 + 500 * 1500 + counted


MATRICES = tuple(f"{kind}_{gate}" for kind in "wr" for gate in GATES)


def test_a_fused_lstm_counts_shared_weights_once(tmp_path: Path) -> None:
    """Two layers of 4 x 4 x (6 + 4) and 4 x 4 x (4 + 4) weights, and 16 biases each, though equal biases are
    written once.
    """
    biases = tuple(f"b_{gate}" for gate in GATES)
    assert totals(fused(tmp_path, again=biases))["params"] == 176 + 144
    file = fused(tmp_path, again=(*MATRICES, *biases), inner=4)
    assert (totals(file)["params"], totals(file)["madds"]) == (144, 2 * 5 * 128)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"w_input": None}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({"w_cell": floats(4, 7)}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({"r_output": floats(4, 3)}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({"b_forget": None}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({"p_forget": floats(4)}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({"project": floats(3, 4)}, "UNIDIRECTIONAL_SEQUENCE_LSTM cannot take inputs of 1x5x6, 4x6"),
        ({f"r_{gate}": floats(4) for gate in GATES}, "its recurrent weights are diagonals"),
    ],
)
def test_a_fused_lstm_with_weights_for_another_is_refused(
    changed: dict[str, T | None], message: str, tmp_path: Path
) -> None:
    """Its gates are alike, and its state is as wide as its output."""
    with pytest.raises(SpecError, match=message):
        load(fused(tmp_path, **changed))


def test_a_fused_lstm_that_shares_some_matrices_is_refused(tmp_path: Path) -> None:
    """Neither its whole nor nothing is new."""
    with pytest.raises(UnknownOpError, match=r"cannot cost UNIDIRECTIONAL_SEQUENCE_LSTM \(1x"):
        load(fused(tmp_path, again=("r_cell",)))


def lstm(tmp_path: Path, units: int = 4, **more: Any) -> str:
    """An ONNX file of an LSTM in both directions with peepholes, the batch first."""
    stored = [weights("w", 2, 16, 3), weights("r", 2, 16, 4), weights("b", 2, 32), weights("p", 2, 12)]
    names = ["x", "w", "r", "b", "", "", "", "p"]
    options = {"hidden_size": units, "direction": "bidirectional", "layout": 1, **more}
    node = helper.make_node("LSTM", names, ["y", "h", "c"], **options)
    return onnx_files.write(tmp_path, [node], stored, image=(1, 5, 3), outputs=["y"])


def test_an_onnx_lstm_counts_its_peepholes(tmp_path: Path) -> None:
    """Two directions of 4 x 4 x (3 + 4) weights, 2 x 16 biases and 12 peepholes, at 5 steps."""
    found = totals(lstm(tmp_path))
    assert (found["params"], found["madds"]) == (2 * (112 + 32 + 12), 5 * 2 * (112 + 12))


@pytest.mark.parametrize("wrong", [{"units": 5}, {"direction": "forward"}, {"direction": "reverse"}])
def test_an_onnx_lstm_with_weights_for_another_is_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    """Its units and directions are those of its matrices."""
    with pytest.raises(SpecError, match="LSTM cannot take inputs of 1x5x3, 2x16x3"):
        load(lstm(tmp_path, **wrong))


def test_an_onnx_lstm_with_a_state_for_another_is_refused(tmp_path: Path) -> None:
    """As PyTorch's newer exporter writes one with `proj_size`: its cell state is of another width."""
    stored = [weights("w", 1, 16, 3), weights("r", 1, 16, 4), weights("c", 1, 1, 8)]
    node = helper.make_node("LSTM", ["x", "w", "r", "", "", "", "c"], ["y"], hidden_size=4)
    with pytest.raises(SpecError, match="LSTM cannot take inputs of 5x1x3, 1x16x3, 1x16x4, 1x1x8"):
        load(onnx_files.write(tmp_path, [node], stored, image=(5, 1, 3), outputs=["y"]))


def test_what_is_stored_besides_is_a_table_without_its_metadata(tmp_path: Path) -> None:
    """Nothing else says that it repeats a bias."""
    data = (TRUTH / "recurrent" / "rnn_dynamo.onnx").read_bytes()
    file = tmp_path / "net.onnx"
    file.write_bytes(data.replace(b"optimizer.folded_from", b"optimizer.folded_FROM"))
    assert (totals(str(file))["params"], totals(str(file))["madds"]) == (176 + 8, 1536)
    assert any("8 of the params are stored tables" in note for note in load(str(file)).graph.notes)


def spec(tmp_path: Path, *rows: str) -> str:
    layers = ", ".join(f"{{ {row} }}" for row in rows)
    (tmp_path / "net.toml").write_text(f"resolution = [40, 1]\nchannels = 20\nlayers = [{layers}]\n")
    return str(tmp_path / "net.toml")


TORCH = MEASURED["torchinfo_layers"]
"""torchinfo's total_params and total_mult_adds of nn.LSTM(20, 32, ...) and its like at 40 steps."""


@pytest.mark.parametrize("case", TORCH, ids=[f"{case['op']} {case['row']}" for case in TORCH])
def test_a_row_counts_as_torchinfo_does(case: dict[str, Any], tmp_path: Path) -> None:
    """With PyTorch's two biases per gate; torchinfo counts all parameters at every step."""
    more = case["row"] if "biases" in case["row"] else f"biases = 2, {case['row']}".rstrip(", ")
    file = spec(tmp_path, f'op = "{case["op"]}", out = 32, {more}')
    assert totals(file)["params"] == case["params"]
    k = load_convention("torchinfo")
    assert k.madds(t for x in cost(file).layers for t in x.work) == case["madds"]


def test_units_and_projections_follow_alpha(tmp_path: Path) -> None:
    """Half of 32 units in each direction, and half of a state of 16: 4 x (20 + 8) x 16, and 16 x 8."""
    file = spec(tmp_path, 'op = "lstm", out = 32, project = 16, bidirectional = true, biases = 0')
    assert totals(file, alpha=0.5)["params"] == 2 * (4 * 28 * 16 + 16 * 8)
    assert load(f"{file}:alpha=0.5").graph.nodes[-1].output == (40, 1, 16)


def test_a_bidirectional_row_is_as_wide_as_both_directions(tmp_path: Path) -> None:
    """32 groups of its 64 channels are groups of two, not one per channel."""
    file = spec(
        tmp_path,
        'op = "gru", out = 32, bidirectional = true',
        'op = "conv", out = 64, kernel = [3, 1], groups = 32',
    )
    assert cost(file).layers[-1].params_by_kind() == {"grouped": 3 * 2 * 64}


@pytest.mark.parametrize("rows", ['op = "lstm", out = 8, biases = 3', 'op = "gru", out = 8, tiles = 3'])
def test_what_no_recurrent_layer_has_is_refused(rows: str, tmp_path: Path) -> None:
    """A third bias, and sequences that the steps cannot be divided into."""
    with pytest.raises(MnetcostError, match=r"0, 1 or 2 biases|tiles one below the other"):
        load(spec(tmp_path, rows))


def test_a_recurrent_layer_of_one_axis_is_refused(tmp_path: Path) -> None:
    """It has no steps."""
    model = json.loads(json.dumps(MODELS["LSTM"]["config"]))
    model["config"]["layers"][0]["config"]["batch_shape"] = [None, 6]
    with pytest.raises(SpecError, match="LSTM needs a sequence, two axes beside the batch, not 1"):
        load(written(tmp_path, model))
