"""Which Keras layers read a sequence step by step? LSTM, GRU and SimpleRNN, alone, wrapped or by their cells.

Source: Keras 3, layers/rnn; CuDNNLSTM and CuDNNGRU are those of Keras 2.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from ...engine.ops import Add, Concat, Crop, Gate
from ...engine.ops.elements import Rescale
from ...engine.ops.recurrent import Gru, Lstm, Rnn
from ..kit.tensors import NotKnown, Tensor
from .net import Call, Config, Outputs
from .steps import CONV_LSTM, conv_lstm

MERGES = ("concat", "sum", "mul", "ave")
MOST_CELLS = 100

Recurrent = Lstm | Gru | Rnn


def _lstm(config: Config, cudnn: bool) -> Lstm:
    return Lstm(config.integer("units"), biases=2 if cudnn else int(config.flag("use_bias", True)))


def _gru(config: Config, cudnn: bool) -> Gru:
    """With `reset_after`, the default, a gate has two biases."""
    twice = cudnn or config.flag("reset_after", True)
    biases = 0 if not config.flag("use_bias", True) else 2 if twice else 1
    return Gru(config.integer("units"), biases=biases)


def _rnn(config: Config, cudnn: bool) -> Rnn:
    return Rnn(config.integer("units"), biases=int(config.flag("use_bias", True)))


CELLS: dict[str, Callable[[Config, bool], Recurrent]] = {"LSTM": _lstm, "GRU": _gru, "SimpleRNN": _rnn}


def op_of(call: Call, class_name: str, given: Any) -> Recurrent:
    """The op of a layer or cell with this config; raises NotKnown for any other class."""
    name = class_name.rsplit(">", 1)[-1].removesuffix("Cell").removeprefix("CuDNN")
    if name not in CELLS or not isinstance(given, dict):
        raise NotKnown
    return CELLS[name](Config(given, call.fault), "CuDNN" in class_name)


def inner_of(call: Call, value: Any) -> tuple[str, dict[str, Any]]:
    """The class and the config of a layer within another's config."""
    if not isinstance(value, dict) or not isinstance(value.get("class_name"), str):
        raise call.fault(f"{call.type} needs a layer with its class and config")
    config = value.get("config")
    if not isinstance(config, dict):
        raise call.fault(f"{call.type} needs a layer with its config")
    return value["class_name"].rsplit(">", 1)[-1][:200], config


def cells_of(call: Call, class_name: str, given: dict[str, Any]) -> list[Recurrent]:
    """The ops of a recurrent layer, one behind another; an RNN may have several cells."""
    if class_name != "RNN":
        return [op_of(call, class_name, given)]
    cell, config = inner_of(call, given.get("cell"))
    if cell != "StackedRNNCells":
        return [op_of(call, cell, config)]
    cells = config.get("cells")
    if not isinstance(cells, list) or not 0 < len(cells) <= MOST_CELLS:
        raise call.fault("StackedRNNCells must have a list of cells")
    return [op_of(call, *inner_of(call, one)) for one in cells]


def sequence_of(call: Call) -> Tensor:
    """The sequence that a layer reads; tensors behind it are its initial state."""
    t = call.tensors[0]
    if len(t.dims) != 3:
        raise call.fault(f"{call.type} needs a sequence, two axes beside the batch, not {len(t.dims) - 1}")
    return call.seen(t, 2)


def read_by(call: Call, x: Tensor, ops: list[Recurrent], part: str = "") -> Tensor:
    """Add recurrent layers one behind another; all but the last give every step."""
    for n, op in enumerate(ops):
        more = n + 1 < len(ops)
        name = "/".join(filter(None, (part, f"cell {n + 1}" if len(ops) > 1 else "")))
        y = call.add(op._replace(last=False) if more else op, x, dims=(), c=2, part=name)
        shape = call.net.shape(y)
        x = (
            y._replace(dims=(1, shape.c), c=1)
            if op.last and not more
            else y._replace(dims=(1, shape.h, shape.c))
        )
    return x


def states_of(call: Call, y: Tensor, ops: list[Recurrent], part: str = "") -> list[Tensor]:
    """What a layer keeps behind the last step: for each cell as many numbers as it has units; an LSTM has two
    such states. They are a part of what it computes, and cost nothing more.
    """
    if any(op.out != y.dims[-1] for op in ops):
        raise NotKnown
    if len(y.dims) == 3:
        y = call.add(Crop(1, 1), y, dims=(1, y.dims[-1]), c=1, part=f"{part}state")
    return [y for op in ops for _ in range(2 if isinstance(op, Lstm) else 1)]


def layer_of(call: Call, class_name: str, given: Config) -> tuple[list[Recurrent], bool]:
    """The ops of a layer with this config, and whether it gives its states too.

    Which end of the sequence it starts from costs nothing.
    """
    if given.given.get("time_major"):
        raise NotKnown
    last = not given.flag("return_sequences", False)
    ops = [op._replace(last=last) for op in cells_of(call, class_name, dict(given.given))]
    return ops, given.flag("return_state", False)


def recurrent(call: Call) -> Outputs:
    """One layer, with `return_sequences` and `return_state`."""
    ops, states = layer_of(call, call.type, call)
    y = read_by(call, sequence_of(call), ops)
    return [y, *states_of(call, y, ops)] if states else y


def bidirectional(call: Call) -> Outputs:
    """A layer, and another like it or `backward_layer` that reads from the other end; `merge_mode` joins,
    adds, multiplies or averages their outputs, or keeps both.
    """
    mode = call.given.get("merge_mode", "concat")
    merge = call.choice("merge_mode", MERGES, "concat") if mode is not None else ""
    layers = [inner_of(call, call.given.get("layer"))]
    layers.append(
        inner_of(call, call.given["backward_layer"]) if call.given.get("backward_layer") else layers[0]
    )
    if any(name in CONV_LSTM for name, _ in layers):
        return both_ways(call, merge, layers)
    (forward, states), (backward, _) = (layer_of(call, name, Config(c, call.fault)) for name, c in layers)
    x = sequence_of(call)
    if merge in ("concat", "sum") and forward == backward and len(forward) == 1 and not states:
        return read_by(call, x, [forward[0]._replace(bidirectional=True, merge=merge)])
    sides = {"forward": forward, "backward": backward}
    outputs = {side: read_by(call, x, ops, side) for side, ops in sides.items()}
    kept = [
        s for side, ops in sides.items() if states for s in states_of(call, outputs[side], ops, f"{side}/")
    ]
    return [*merged(call, merge, *outputs.values()), *kept]


def both_ways(call: Call, merge: str, layers: list[tuple[str, dict[str, Any]]]) -> Outputs:
    """A ConvLSTM in both directions; its channels are last, where their outputs are joined."""
    sides = []
    for side, (name, config) in zip(("forward", "backward"), layers, strict=True):
        if name not in CONV_LSTM:
            raise NotKnown
        one = copy(call)
        one.type, one.given, one.name = name, config, f"{call.name}/{side}"
        given = conv_lstm(one)
        sides.append(given if isinstance(given, list) else [given])
    a, b = sides[0][0], sides[1][0]
    if a.c != len(a.dims) - 1:
        raise NotKnown
    return [*merged(call, merge, a, b), *sides[0][1:], *sides[1][1:]]


def merged(call: Call, merge: str, a: Tensor, b: Tensor) -> list[Tensor]:
    """The outputs of two directions, combined."""
    if not merge:
        return [a, b]
    if merge == "concat":
        return [call.add(Concat(), a, b, dims=(*a.dims[:-1], a.dims[-1] + b.dims[-1]), c=a.c, part="concat")]
    if a.dims != b.dims:
        raise call.fault("its two directions give different numbers of units")
    y = call.add(Gate() if merge == "mul" else Add(), a, b, dims=a.dims, c=a.c, part=merge)
    return [call.same(Rescale(shift=False), y, part="mean") if merge == "ave" else y]
