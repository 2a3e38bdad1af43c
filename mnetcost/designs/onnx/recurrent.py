"""How are ONNX's LSTM, GRU and RNN read? The units from the weights, both directions, the last states.

A reset before or after the matrix (`linear_before_reset`), the end at which a direction starts and coupled
gates (`input_forget`) change neither the parameters nor the products. Source: the ONNX operators' schemas.
"""

from __future__ import annotations

from typing import Any

from ...engine.ops import Gather
from ...engine.ops.recurrent import Gru, Lstm, Rnn
from ..kit.tensors import NotKnown, Tensor, view
from .moves import Output, Rule
from .net import Call

STATES = (5, 6)  # inputs: the first state, and an LSTM's cell
PEEPHOLES = 7  # the input of an LSTM


def recurrent(gates: int, make: Any) -> Rule:
    """A layer of so many gates; `layout` says whether the sequence or the batch is the first axis."""

    def rule(call: Call) -> Output:
        x, w, r, b = call.tensor(), call.weights(1), call.weights(2), call.weights(3)
        if w is None or r is None or len(x.dims) != 3:
            raise NotKnown
        both = call.text("direction", "forward") == "bidirectional"
        units = call.integer("hidden_size", r.dims[-1] if r.dims else 1)
        side = (1 + both, gates * units)
        if w.dims != (*side, x.dims[2]) or r.dims != (*side, units):
            raise call.unfit()
        if b is not None and b.dims != (side[0], 2 * side[1]):
            raise call.unfit()
        if any(v is not None and v.dims[-1:] != (units,) for v in map(call.input, STATES)):
            raise call.unfit()
        more = {}
        stored = [w, r, *([b] if b is not None else [])]
        if make is Lstm and (p := call.weights(PEEPHOLES)) is not None:
            more["peepholes"] = True
            stored.append(p)
        op = make(units, bidirectional=both, biases=2 if b is not None else 0, **more)
        new = [call.net.counts(f"{call.name}/{n}", numbers) for n, numbers in enumerate(stored)]
        batch_first = bool(call.integer("layout", 0, 0, 1))
        x = call.net.seen(x, 2, call.name)
        dims = (*x.dims[:2], units * side[0])
        y = call.add(op, x, dims=dims, c=2, shared=not any(new))
        return [every_step(call, y, side[0], batch_first), *last_states(call, y, side[0], batch_first)]

    return rule


def every_step(call: Call, y: Tensor, directions: int, batch_first: bool) -> Tensor:
    """The first output: the directions are an axis of their own, before the batch where it is not first."""
    a, b, c = y.dims
    t = call.reshape(y, (a, b, directions, c // directions), part="directions")
    return t if batch_first else call.net.transpose(f"{call.name}/order", t, (0, 2, 1, 3))


def last_states(call: Call, y: Tensor, directions: int, batch_first: bool) -> list[Tensor | None]:
    """What is kept behind the last step, for each output that has a name; an LSTM has two."""
    if not any(call.node.output[1:]):
        return []
    a, b, c = y.dims
    batch = a if batch_first else b
    dims = (batch, 1, c)
    t = call.add(Gather(*view(dims, 2)), y, dims=dims, c=2, part="state")
    t = call.reshape(t, (batch, directions, c // directions), part="state/directions")
    if not batch_first:
        t = call.net.transpose(f"{call.name}/state/order", t, (1, 0, 2))
    return [t for _ in call.node.output[1:]]


RECURRENT: dict[str, Rule] = {"LSTM": recurrent(4, Lstm), "GRU": recurrent(3, Gru), "RNN": recurrent(1, Rnn)}
"""Every recurrent op that can be costed."""
