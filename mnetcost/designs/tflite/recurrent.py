"""How are TFLite's recurrent operators read? A direction at a time, its units from the shapes of its weights.

Which end a direction starts from, clipping and quantisation change neither the parameters nor the products.
Source: TensorFlow Lite's kernels of these operators (lstm.cc, unidirectional_sequence_lstm.cc and so on).
"""

from __future__ import annotations

from collections import Counter

from ...engine.ops import Concat
from ...engine.ops.recurrent import Lstm, Rnn
from ...records import NamedTuple
from ..kit.stored import Dims, Stored
from ..kit.tensors import NotKnown, Tensor
from .call import Call, Output, Rule
from .file import Subgraph

MOST_STEPS = 8  # operators that are passed on the way to the one that shows what an input's axes are
FLOATS = (0, 1)  # types of tensors
PASSING = ("CAST", "QUANTIZE", "DEQUANTIZE", "REVERSE_V2", "ADD", "SUB", "MUL", "DIV")


class Gates(NamedTuple):
    """Where among its inputs an LSTM has the tensors of one direction: the first of each kind, of which there
    is one a gate in the order input, forget, cell, output (peepholes: without cell). 0: it has none.
    """

    inputs: int
    states: int
    peepholes: int
    biases: int
    projection: int
    norms: int = 0
    more: int = 0  # weights of the auxiliary input


ALONE = Gates(1, 5, 9, 12, 16, 20)
FORWARD = Gates(1, 5, 9, 12, 16, more=40)
BACKWARD = Gates(18, 22, 26, 29, 33, more=44)


class Weights:
    """The stored tensors of one direction, each with the axes that it must have."""

    def __init__(self, call: Call) -> None:
        self.call, self.matrices, self.vectors = call, list[Stored](), list[Stored]()

    def all_or_none(self, first: int, gates: int, dims: Dims, most: int = 4) -> bool:
        """Whether there are such tensors for the last so many gates, and none for the others before them."""
        given = [self.call.weights(first + n) for n in range(most)] if first else []
        there = [v for v in given if v is not None]
        if there and (len(there) != gates or any(v is None for v in given[most - gates :])):
            raise self.call.unfit()
        if any(v.dims != dims for v in there):
            raise self.call.unfit()
        (self.matrices if len(dims) > 1 else self.vectors).extend(there)
        return bool(there)

    def shared(self, part: str) -> bool:
        """Whether a layer before this one counts them; raises NotKnown where it counts some of the matrices.

        Converters write equal vectors, such as biases that were never trained, once; here each counts.
        """
        new = [self.call.net.counts(f"{part}/{n}", v) for n, v in enumerate(self.matrices)]
        for v in self.vectors:
            self.call.net.first(v)
        if len(set(new)) > 1:
            raise NotKnown
        return not any(new)


def lstm_of(call: Call, at: Gates, inner: int) -> tuple[Lstm, Weights]:
    """The LSTM of one direction, over `inner` numbers a step; raises SpecError where weights do not fit."""
    forget, state = call.weights(at.inputs + 1), call.weights(at.states + 1)
    if forget is None or state is None:
        raise call.unfit()
    if len(state.dims) != 2:
        raise call.fault("its recurrent weights are diagonals, which cannot be costed")
    w, (units, out) = Weights(call), state.dims
    coupled = call.input(at.inputs) is None
    gates = 3 if coupled else 4
    both = w.all_or_none(at.inputs, gates, (units, forget.dims[-1]))
    if not both or not w.all_or_none(at.states, gates, (units, out)):
        raise call.unfit()
    more = at.more and call.weights(at.more + 1)
    if more and w.all_or_none(at.more, gates, (units, more.dims[-1])):
        inner -= more.dims[-1]
    if forget.dims[-1] != inner:
        raise call.unfit()
    projects = w.all_or_none(at.projection, 1, (out, units), 1)
    if not projects and out != units:
        raise call.unfit()
    op = Lstm(
        units,
        peepholes=w.all_or_none(at.peepholes, gates - 1, (units,), 3),
        biases=int(w.all_or_none(at.biases, gates, (units,))),
        project=out if projects else 0,
        project_bias=projects and w.all_or_none(at.projection + 1, 1, (out,), 1),
        norms=w.all_or_none(at.norms, gates, (units,)),
        coupled=coupled,
    )
    return op, w


def rnn_of(call: Call, first: int, more: int, inner: int) -> tuple[Rnn, Weights]:
    """The simple recurrent layer of one direction: its weights, those of its state, its bias; see lstm_of."""
    state = call.weights(first + 1)
    if state is None or len(state.dims) != 2:
        raise call.unfit()
    w, units = Weights(call), state.dims[0]
    extra = more and call.weights(more)
    if extra and w.all_or_none(more, 1, (units, extra.dims[-1]), 1):
        inner -= extra.dims[-1]
    both = w.all_or_none(first, 1, (units, inner), 1)
    if not both or not w.all_or_none(first + 1, 1, (units, units), 1):
        raise call.unfit()
    return Rnn(units, biases=int(w.all_or_none(first + 2, 1, (units,), 1))), w


def read_by(call: Call, x: Tensor, side: tuple[Lstm | Rnn, Weights], part: str = "") -> Tensor:
    """Add the layer of one direction; it gives every step."""
    op, weights = side
    c = len(x.dims) - 1
    width = op.project or op.out if isinstance(op, Lstm) else op.out
    seen, shared = call.net.seen(x, c, call.name), weights.shared(call.part_name(part or "weights"))
    return call.add(op, seen, dims=(*x.dims[:-1], width), c=c, part=part, shared=shared)


def sequence_of(call: Call, axes: int) -> Tensor:
    """What is read: a sequence, or one step of it."""
    x = call.tensor()
    if len(x.dims) != axes:
        raise call.unfit()
    return x


def lstm(axes: int) -> Rule:
    """An LSTM in one direction, over a sequence or for one step of it."""

    def rule(call: Call) -> Output:
        if call.integer("KernelType", 0, 0):
            return basic_lstm(call)
        x = sequence_of(call, axes)
        return read_by(call, x, lstm_of(call, ALONE, x.dims[-1]))

    return rule


def rnn(axes: int) -> Rule:
    """A simple recurrent layer in one direction, over a sequence or for one step of it."""

    def rule(call: Call) -> Output:
        x = sequence_of(call, axes)
        return read_by(call, x, rnn_of(call, 1, 0, x.dims[-1]))

    return rule


def basic_lstm(call: Call) -> Output:
    """One step of an LSTM whose gates and both their inputs are one matrix; it gives the output and the
    state, which the next step reads.
    """
    x, w, bias = sequence_of(call, 2), call.weights(2), call.weights(3)
    if w is None or bias is None or len(w.dims) != 2 or w.dims[0] % 4:
        raise call.unfit()
    units = w.dims[0] // 4
    if w.dims[1] != x.dims[-1] + units or bias.dims != w.dims[:1]:
        raise call.unfit()
    weights = Weights(call)
    weights.matrices, weights.vectors = [w], [bias]
    y = read_by(call, x, (Lstm(units), weights))
    return [y, y]


def bidirectional(call: Call, forward: Gates | int, backward: Gates | int, aux: int, more: int) -> Output:
    """A layer from each end, their outputs concatenated or apart.

    An auxiliary input with weights (`more`) is read beside the input; without, an LSTM reads it from the
    other end, and a simple layer not at all.
    """
    x = sequence_of(call, 3)
    xs = [x, x]
    if call.input(aux) is not None:
        other = call.tensor(aux)
        if len(other.dims) != 3 or other.dims[:2] != x.dims[:2]:
            raise call.unfit()
        linked = call.input(more) is not None
        both = call.net.concat(f"{call.name}/inputs", [x, other], 2) if linked else x
        xs = [both, other if isinstance(backward, Gates) and not linked else both]
    ys = []
    for x, at, part in zip(xs, (forward, backward), ("forward", "backward"), strict=True):
        inner = x.dims[-1]
        side = lstm_of(call, at, inner) if isinstance(at, Gates) else rnn_of(call, at, more, inner)
        ys.append(read_by(call, x, side, part))
        more += 1  # of a simple layer
    if not call.flag("MergeOutputs", False):
        return ys
    dims = (*ys[0].dims[:2], ys[0].dims[2] + ys[1].dims[2])
    return call.add(Concat(), *ys, dims=dims, c=2)


RECURRENT: dict[str, Rule] = {
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm(3),
    "UNIDIRECTIONAL_SEQUENCE_RNN": rnn(3),
    "BIDIRECTIONAL_SEQUENCE_LSTM": lambda call: bidirectional(call, FORWARD, BACKWARD, 39, 41),
    "BIDIRECTIONAL_SEQUENCE_RNN": lambda call: bidirectional(call, 1, 5, 9, 10),
    "LSTM": lstm(2),
    "RNN": rnn(2),
}
"""Every recurrent operator that can be costed."""


def repeated(graph: Subgraph) -> set[int]:
    """Tensors that hold again a part of a bias which several operators read: of an unrolled layer whose first
    step, from a state of zeros, was worked out when the file was written.
    """
    made = {
        o.outputs[0]: o.inputs[0]
        for o in graph.operators
        if o.type == "DEQUANTIZE" and o.outputs and o.inputs
    }
    readers = Counter(
        made.get(n, n) for o in graph.operators if o.type != "DEQUANTIZE" for n in set(o.inputs)
    )
    vectors = {
        n: t.values
        for n, t in enumerate(graph.tensors)
        if t.type in FLOATS and t.values and 1 < len(t.values) in t.dims
    }
    biases = [v for n, v in vectors.items() if readers[n] > 1]
    return {
        n
        for n, v in vectors.items()
        if readers[n] == 1 and any(is_part(v, of) for of in biases) and len(set(v)) > 1
    }


def is_part(values: tuple[float, ...], of: tuple[float, ...]) -> bool:
    """Are these numbers a run of the others, and fewer?"""
    size = len(values)
    return size < len(of) and any(of[k : k + size] == values for k in range(len(of) - size + 1))


def length_axis(graph: Subgraph, n: int) -> int:
    """Along which of a tensor's three axes a sequence lies: the second, unless the operator that reads it has
    the steps first.
    """
    axes = [0, 1, 2]
    for _ in range(MOST_STEPS):
        o = next((o for o in graph.operators if o.inputs[:1] == (n,)), None)
        if o is None or not o.outputs:
            break
        if o.type in RECURRENT:
            return axes[0 if o.options.get("TimeMajor") else 1]
        if o.type == "TRANSPOSE":
            perm = graph.tensors[o.inputs[1]].values if len(o.inputs) > 1 and o.inputs[1] >= 0 else None
            if sorted(perm or ()) != [0, 1, 2]:
                break
            axes = [axes[int(p)] for p in perm or ()]
        elif o.type not in PASSING:
            break
        n = o.outputs[0]
    return 1
