"""Which Keras layers treat each step of a sequence of maps alike? TimeDistributed and ConvLSTM.

Source: Keras 3, layers/rnn/time_distributed.py and conv_lstm.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...engine.ops import Add, Concat, Constant, Conv, Crop, Gate, Reshape, Slice
from ...engine.ops.elements import Activation
from ..kit.stored import Dims
from ..kit.tensors import NotKnown, Tensor, Value, view
from .functions import function_of
from .net import Call, Outputs
from .windows import first_of, padding_of, sides_of, window

MOST_STEPS = 10_000  # of TimeDistributed, each of which becomes layers of its own
CONV_LSTM = ("ConvLSTM1D", "ConvLSTM2D")
GATES = ("input_gate", "forget_gate", "candidate", "output_gate")


def stacked(call: Call, t: Tensor, c: int) -> tuple[Tensor, Tensor]:
    """The steps of a tensor as maps one below the other, and the axes of one of them; `c`: its channels."""
    dims = (1, *t.dims[2:])
    h, w, channels = view(dims, c)
    rows, whole = t.dims[1] * h, call.seen(t, c + 1)
    if call.net.shape(whole) != (rows, w, channels):
        whole = call.add(Reshape(rows, w, channels), whole, dims=(1, rows, w, channels), c=3, part="steps")
    return Tensor(whole.ref, (1, rows, w, channels), 3), Tensor(whole.ref, dims, c)


def unstacked(call: Call, maps: Tensor, steps: int, dims: Dims, c: int) -> Tensor:
    """Maps one below the other as the steps of a tensor, each of these axes."""
    return call.seen(Tensor(maps.ref, (1, steps, *dims[1:]), c + 1), c + 1)


def one_of(call: Call, maps: Tensor, dims: Dims, c: int, part: str) -> Tensor:
    """One of maps that stand one below the other, of these axes."""
    h, w, _ = view(dims, c)
    if call.net.shape(maps).h == h:
        return Tensor(maps.ref, dims, c)
    return call.add(Crop(h, w), maps, dims=dims, c=c, part=part)


def at_every_step(call: Call, run: Callable[[Tensor], list[Value]]) -> list[Value]:
    """TimeDistributed: what `run` adds for each step, its weights counted once, and the outputs as steps.

    Raises NotKnown where an output is no tensor.
    """
    t = call.x
    if len(t.dims) < 3:
        raise call.fault(f"{call.type} needs steps, two axes beside the batch, not {len(t.dims) - 1}")
    steps = t.dims[1]
    if steps > MOST_STEPS:
        raise call.fault(f"{call.type} over {steps:,} steps; read are at most {MOST_STEPS:,}")
    maps, one = stacked(call, t, call.net.channels_of(len(t.dims) - 1))
    given = [run(one_of(call, maps, one.dims, one.c, f"step {n + 1}")) for n in range(steps)]
    call.net.place, call.net.shared = call.name[:180], False
    joined: list[Value] = []
    for n, values in enumerate(zip(*given, strict=True)):
        tensors = [y for y in values if isinstance(y, Tensor)]
        if len(tensors) < steps:
            raise NotKnown
        y = tensors[0]
        h, w, c = view(y.dims, y.c)
        if steps > 1:
            y = call.add(Concat("height"), *tensors, dims=(1, steps * h, w, c), c=3, part=f"output {n + 1}")
        joined.append(unstacked(call, y, steps, tensors[0].dims, tensors[0].c))
    return joined


def function(call: Call, key: str, default: str) -> str:
    """The activation that an argument names; raises NotKnown for one that is not known."""
    found = function_of(call, call.given.get(key, default))
    if found is None:
        raise NotKnown
    return found


def conv_lstm(call: Call) -> Outputs:
    """ConvLSTM: an LSTM whose two matrices are convolutions, of each step's map and of the state.

    Source: Shi et al. 2015, arXiv 1506.04214; without its peepholes, as in Keras.
    """
    sides, t = sides_of(call), call.tensors[0]
    if len(t.dims) != sides + 3:
        raise call.fault(f"{call.type} needs {sides + 2} axes beside the batch, not {len(t.dims) - 1}")
    c = 1 if first_of(call) else sides + 1
    maps, one = stacked(call, t, c)
    steps, filters, kernel = t.dims[1], call.integer("filters"), window(call, "kernel_size")
    stride, dilation = window(call, "strides", 1), window(call, "dilation_rate", 1)
    bias = call.flag("use_bias", True)
    read = Conv(4 * filters, kernel, stride, dilation, 1, padding_of(call), bias)
    out = call.net.window(call.name, read, Tensor(maps.ref, (1, *view(one.dims, c)), 3))
    dims: Dims = (1, steps * out.h, out.w, 4 * filters)
    gates = call.add(read._replace(tiles=steps), maps, dims=dims, c=3, part="input")
    y, cell = updated(call, gates, Conv(4 * filters, kernel, tiles=steps), filters)
    sizes = [out.h, out.w][:sides]
    whole: Any = (1, filters, *sizes) if c == 1 else (1, *sizes, filters)
    every, states = call.flag("return_sequences", False), call.flag("return_state", False)
    last = [] if every and not states else [one_of(call, y, whole, c, "last")]
    given = unstacked(call, y, steps, whole, c) if every else last[0]
    return [given, *last, one_of(call, cell, whole, c, "last cell")] if states else given


def updated(call: Call, gates: Tensor, again: Conv, filters: int) -> tuple[Tensor, Tensor]:
    """The output and the cell of every step, from its gates and the convolution of the state."""
    of_gates = function(call, "recurrent_activation", "sigmoid")
    of_cell = function(call, "activation", "tanh")
    dims: Dims = (*gates.dims[:3], filters)
    _, h, w, _ = dims

    def apply(name: str, t: Tensor, part: str) -> Tensor:
        return call.same(Activation(name), t, part=part) if name else t

    state = Tensor(call.net.node(f"{call.name}/state", Constant(h, w, filters)), dims, 3)
    recurrent = call.add(again, state, dims=gates.dims, c=3, part="recurrent")
    total = call.add(Add(), gates, recurrent, dims=gates.dims, c=3, part="sum")
    i, f, g, o = (
        apply(
            of_cell if part == "candidate" else of_gates,
            call.add(Slice(filters, n * filters), total, dims=dims, c=3, part=part),
            f"{part}/activation",
        )
        for n, part in enumerate(GATES)
    )
    new = call.add(Gate(), i, g, dims=dims, c=3, part="new")
    kept = call.add(Gate(), f, state, dims=dims, c=3, part="kept")
    cell = call.add(Add(), kept, new, dims=dims, c=3, part="cell")
    return call.add(Gate(), o, apply(of_cell, cell, "activation"), dims=dims, c=3, part="output"), cell
