"""Do recurrent and attention layers cost what frameworks say, in specs and in model files?"""

from __future__ import annotations

import json
from math import prod
from pathlib import Path
from typing import Any

import pytest

from mnetcost import cost, totals
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.errors import MnetcostError, SpecError, UnknownOpError

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


EXPORTED = json.loads((TRUTH / "recurrent.json").read_text())["files"]


@pytest.mark.parametrize("row", EXPORTED, ids=[row["file"] for row in EXPORTED])
def test_an_exported_layer_costs_what_pytorch_says(row: dict[str, Any]) -> None:
    """By both exporters, and twice as much at twice the length; attention has two products more."""
    file = f"{TRUTH}/recurrent/{row['file']}"
    found = totals(file)
    assert (found["params"], found["madds"]) == (row["params"], row["madds"])
    longer = totals(file, resolution=20)
    assert (longer["params"], longer["madds"]) == (
        row["params"],
        2 * row["madds"] + ("attention" in row["file"]) * 2 * 2 * 10 * 10 * 12,
    )


TFLITE = json.loads((TRUTH / "recurrent_tflite.json").read_text())["files"]


@pytest.mark.parametrize("row", TFLITE, ids=[row["file"] for row in TFLITE])
def test_a_tflite_file_costs_what_its_interpreter_computes(row: dict[str, Any]) -> None:
    """Fused, unrolled, and each operator by its own; a loop is refused with a way out."""
    file = f"{TRUTH}/recurrent/{row['file']}"
    if row.get("loops"):
        with pytest.raises(UnknownOpError, match=r"cannot cost WHILE") as error:
            load(file)
        assert "unroll=True" in error.value.faults[0].hint
        return
    found = totals(file)
    assert (found["params"], found["madds"]) == (row["params"], row["madds"])


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


def spec(tmp_path: Path, *rows: str) -> str:
    layers = ", ".join(f"{{ {row} }}" for row in rows)
    (tmp_path / "net.toml").write_text(f"resolution = [40, 1]\nchannels = 20\nlayers = [{layers}]\n")
    return str(tmp_path / "net.toml")


# torchinfo 1.8.0's total_params and total_mult_adds of nn.LSTM(20, 32, ...) and its like at 40 steps
TORCH = [
    ("lstm", "", 6912, 276_480),
    ("gru", "", 5184, 207_360),
    ("rnn", "", 1728, 69_120),
    ("lstm", "bidirectional = true", 13_824, 552_960),
    ("lstm", "project = 8", 4096, 163_840),
    ("lstm", "biases = 0", 6656, 266_240),
    ("lstm", "repeat = 2", 15_360, 614_400),
]


@pytest.mark.parametrize(("op", "more", "params", "madds"), TORCH)
def test_a_row_counts_as_torchinfo_does(op: str, more: str, params: int, madds: int, tmp_path: Path) -> None:
    """With PyTorch's two biases per gate; torchinfo counts all parameters at every step."""
    row = ", ".join(filter(None, (f'op = "{op}", out = 32', "" if "biases" in more else "biases = 2", more)))
    file = spec(tmp_path, row)
    assert totals(file)["params"] == params
    k = load_convention("torchinfo")
    assert k.madds(t for x in cost(file).layers for t in x.work) == madds


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
