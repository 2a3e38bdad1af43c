"""Which ops read a sequence step by step, with a state? LSTM, GRU and the simple recurrent layer.

A sequence is a map whose h x w positions are its steps, usually h steps of a map one wide. What the three
have in common:

- `tiles` sequences, one below the other, are read separately, which matters only for `last`;
- `bidirectional` reads each from both ends, with weights of its own for each direction, and `merge` says
  whether the two outputs are concatenated or added;
- `last` gives the last step alone;
- `biases` is how many each gate has: 1, 2 (one beside each matrix), or 0.

Products by weights are of the kind `recurrent`; products, sums and functions of gates and states, which have
no weights, are of the kind `recurrent_state`.
"""

from typing import Any

from ...errors import ShapeError
from ...records import NamedTuple
from ..fields import Choice, Count, Flag, Whole, Width
from ..num import Num
from ..shapes import Shape, tiled
from ..terms import Term, Terms
from .elements import LAYER_NORM
from .op import op

Factors = tuple[tuple[str, Num], ...]


def _shape(op: Any, x: Shape, state: Num) -> Shape:
    """The output's shape; a step of it has `state` numbers in each direction."""
    if op.biases not in (0, 1, 2):
        raise ShapeError(f"a gate has 0, 1 or 2 biases, not {op.biases}")
    one = tiled(x, op.tiles)
    c = _width(op, state)
    return Shape(op.tiles, 1, c) if op.last else Shape(one.h * op.tiles, one.w, c)


def _width(op: Any, state: Num) -> Num:
    return state * 2 if op.bidirectional and op.merge == "concat" else state


def _directions(op: Any) -> Factors:
    return (("directions", 2),) if op.bidirectional else ()


def _params(op: Any, x: Shape, gates: int, state: Num, label: str) -> Terms:
    """The two matrices of every gate, and its biases."""
    both = _directions(op)
    yield Term("recurrent", (("gates", gates), ("c_in", x.c), ("c_out", op.out), *both), label)
    yield Term("recurrent", (("gates", gates), ("state", state), ("c_out", op.out), *both), label)
    if op.biases:
        yield Term("bias", (("biases", op.biases), ("gates", gates), ("c_out", op.out), *both), "recurrent")


def _work(op: Any, x: Shape, gates: int, state: Num, label: str, each: dict[str, int]) -> Terms:
    """The two matrices and the biases of every gate, at every step, and what is done to each number of the
    state: products, sums and functions.
    """
    steps = (("h", x.h), ("w", x.w))
    for t in _params(op, x, gates, state, label):
        yield t._replace(factors=(*t.factors, *steps))
    for what, times in each.items():
        if times:
            yield Term("recurrent_state", ((what, times), ("c", op.out), *_directions(op), *steps), what)
    if op.bidirectional and op.merge == "sum":
        y_steps = (("h", op.tiles), ("w", 1)) if op.last else steps
        yield Term("add", (("c", state), *y_steps))


@op("lstm", sees="everything", follows={"out": "units", "project": "units"}, family="recurrent", noun="LSTM")
class Lstm(NamedTuple):
    """LSTM: `out` units with four gates each read the sequence step by step. The output is every step's, or
    that of the `last` one.

    Multiply-adds = 4 gates x (c_in + out) x out at every step; `bidirectional` doubles them. The
    element-wise products of gates and states are not counted, as gates are not elsewhere. `biases` per gate:
    1 in Keras, 2 in PyTorch and ONNX. `project` brings the state down to so many numbers by a matrix
    (PyTorch's proj_size), with a bias by `project_bias` (TFLite). `peepholes` are three weights per unit, a
    multiply-add each; `coupled` gates have no weights for the input gate, which is 1 - forget. `norms`
    normalise each gate over its units, with a scale for each (TFLite).
    Source: Hochreiter and Schmidhuber 1997; Gers et al. 2000; Sak et al. 2014, arXiv 1402.1128; Ba et al.
    2016, arXiv 1607.06450, section 3.1.
    """

    out: Width
    bidirectional: Flag = False
    merge: Choice = "concat"
    last: Flag = False
    biases: Whole = 1
    project: Whole = 0
    project_bias: Flag = False
    peepholes: Flag = False
    coupled: Flag = False
    norms: Flag = False
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return _shape(self, x, self._state())

    def printed(self, *xs: Num) -> Num:
        """The width of its output, for the numbers of the paper's table."""
        return _width(self, self._state())

    def _state(self) -> Num:
        return self.project if self._projects() else self.out

    def _projects(self) -> bool:
        return self.project.__class__ is not int or self.project != 0

    def _gates(self) -> int:
        return 3 if self.coupled else 4

    def params(self, x: Shape) -> Terms:
        both = _directions(self)
        yield from _params(self, x, self._gates(), self._state(), "lstm")
        if self._projects():
            yield Term("recurrent", (("c", self.out), ("project", self.project), *both), "projection")
            if self.project_bias:
                yield Term("bias", (("project", self.project), *both), "recurrent")
        if self.peepholes:
            yield Term("recurrent", (("peepholes", self._gates() - 1), ("c", self.out), *both), "peephole")
        if self.norms:
            yield Term("norm", (("gates", self._gates()), ("gamma", self.out), *both), "scale")

    def work(self, y: Shape, x: Shape) -> Terms:
        gates = self._gates()
        each = {"products": 3, "sums": 2 if self.coupled else 1, "functions": gates + 1}
        yield from _work(self, x, gates, self._state(), "lstm", each)
        for t in self.params(x):
            if t.variant in ("projection", "peephole") or t.factors[0][0] == "project":
                yield t._replace(factors=(*t.factors, ("h", x.h), ("w", x.w)))
        if self.norms:
            each_gate = (("gates", gates), ("c", self.out), *_directions(self), ("h", x.h), ("w", x.w))
            yield Term("norm", each_gate, LAYER_NORM[True, False])


@op("gru", sees="everything", follows={"out": "units"}, family="recurrent", noun="GRU")
class Gru(NamedTuple):
    """GRU: `out` units with three gates each read the sequence step by step. The output is every step's, or
    that of the `last` one.

    Multiply-adds = 3 gates x (c_in + out) x out at every step; `bidirectional` doubles them. The
    element-wise products of gates and states are not counted, as gates are not elsewhere. `biases` per gate:
    2 in PyTorch, ONNX and Keras with `reset_after`, its default; 1 in Keras without.
    Source: Cho et al. 2014, arXiv 1406.1078.
    """

    out: Width
    bidirectional: Flag = False
    merge: Choice = "concat"
    last: Flag = False
    biases: Whole = 2
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return _shape(self, x, self.out)

    def printed(self, *xs: Num) -> Num:
        """The width of its output, for the numbers of the paper's table."""
        return _width(self, self.out)

    def params(self, x: Shape) -> Terms:
        return _params(self, x, 3, self.out, "gru")

    def work(self, y: Shape, x: Shape) -> Terms:
        return _work(self, x, 3, self.out, "gru", {"products": 3, "sums": 2, "functions": 3})


@op("rnn", sees="everything", follows={"out": "units"}, family="recurrent", noun="simple recurrent layer")
class Rnn(NamedTuple):
    """Simple recurrent layer (Elman): `out` units read the sequence step by step. The output is every step's,
    or that of the `last` one.

    Multiply-adds = (c_in + out) x out at every step; `bidirectional` doubles them. `biases` per unit: 1 in
    Keras, 2 in PyTorch and ONNX.
    Source: Elman 1990, Finding structure in time.
    """

    out: Width
    bidirectional: Flag = False
    merge: Choice = "concat"
    last: Flag = False
    biases: Whole = 1
    tiles: Count = 1

    def shape(self, x: Shape) -> Shape:
        return _shape(self, x, self.out)

    def printed(self, *xs: Num) -> Num:
        """The width of its output, for the numbers of the paper's table."""
        return _width(self, self.out)

    def params(self, x: Shape) -> Terms:
        return _params(self, x, 1, self.out, "rnn")

    def work(self, y: Shape, x: Shape) -> Terms:
        return _work(self, x, 1, self.out, "rnn", {"functions": 1})
