"""How is a TFLite file read? Its first graph, at the size asked for, one image at a time."""

from __future__ import annotations

from math import prod
from typing import Any

from ...engine.graph import Origin
from ...engine.ops import Input
from ...engine.ops.moves import Constant
from ...errors import Fault, SpecError
from ..kit.maps import Maps
from ..kit.sizes import Reading as KitReading
from ..kit.stored import Dims, Stored
from ..kit.tensors import UNFIT, NotKnown, Tensor, Value, view
from ..readers import Model
from ..settings import Settings
from .call import Call
from .dilated import whole
from .file import LONGEST_TEXT, Operator, Subgraph, TensorInFile, read_subgraphs
from .ops import OPS, convert
from .recurrent import length_axis, repeated

FORMAT = "TFLite"
# whole numbers, texts and truths: indices and shapes; an integer bias is read with its convolution
QUANTISED = (3, 7, 9)  # types of quantised maps
UNLEARNED = (2, 4, 5, 6, 12, 15)

WAYS_OUT = {
    "WHILE": (
        "it is a loop, as converters write a recurrent layer: build the layer with unroll=True, or as an LSTM"
        " of tf_keras with a batch of 1; or give the .keras file"
    ),
    "READ_VARIABLE": "convert with TFLiteConverter.from_keras_model, which stores the weights in the file",
}
"""What to do about operators that cannot be costed."""


def read(file: str, settings: Settings) -> Model:
    """Read a TFLite file.

    Raises SpecError for what is no TFLite file, CallError where it leaves the image's size open and none is
    given, and UnknownOpError for operators of unknown cost.
    """
    graph, graphs = read_subgraphs(file)
    reading = Reading(file, settings, whole(graph), graphs)
    net = reading.built()
    format_ = FORMAT if graphs == 1 else f"{FORMAT}, the first of {graphs} graphs"
    weights = {t.buffer: t.nbytes for t in graph.tensors}
    return Model(net.graph(sum(weights.values())), reading.size, reading.file_size, format_, graph.name)


class Reading(KitReading[Maps]):
    """One file: its inputs, and its graph at a size."""

    def __init__(self, file: str, settings: Settings, graph: Subgraph, graphs: int = 1) -> None:
        super().__init__(file, settings)
        self.graph, self.graphs = graph, graphs
        count = len(graph.tensors)
        for where in (graph.inputs, graph.outputs):
            for n in where:
                self.check(n, count)
        self.handles = {
            n: o.options.get("SharedName") or n
            for o in graph.operators
            if o.type == "VAR_HANDLE"
            for n in o.outputs
        }
        self.states = {
            self.variable(n) for o in graph.operators if o.type == "ASSIGN_VARIABLE" for n in o.inputs[:1]
        }
        self.repeated = repeated(graph)
        self.sequence: int | None = None
        self.length = 1  # which of the sequence's axes it lies along; the batch is the other one
        self.image = next((n for n in graph.inputs if len(graph.tensors[n].dims) == 4), None)
        if self.image is not None:
            given = graph.tensors[self.image]
            h, w = (0 if i in given.open else given.dims[i] for i in (1, 2))
            self.measure_image(given.name, (h, w), given.dims[0])
        elif rows := [n for n in graph.inputs if len(graph.tensors[n].dims) == 3]:
            given = graph.tensors[rows[0]]
            self.sequence, self.length = rows[0], length_axis(graph, rows[0])
            length = 0 if self.length in given.open else given.dims[self.length]
            self.measure_sequence(given.name, length, given.dims[1 - self.length])
        else:
            self.without_size()

    def check(self, n: int, count: int) -> None:
        """Raise SpecError where the number of a tensor is past the last one."""
        if not 0 <= n < count:
            raise SpecError(Fault(f"tensor {n:,} is not there", self.file))

    def build(self, size: tuple[int, ...], axes_only: bool, before: Maps | None = None) -> Maps:
        """Build the layers for an image of (height, width); `before` is the net at the size in the file."""
        maps = Maps(self.file, bool(self.settings.allow_unknown), channels_first=False, axes_only=axes_only)
        if before:
            maps.before, maps.layers.file_sizes = before.reshaped, before.layers.sizes
            maps.resized = size != self.file_size
        maps.layers.ways_out = WAYS_OUT
        graph = self.graph
        values: dict[int, Value | None] = {-1: None}
        sides = {self.image: {1: size[0], 2: size[1]}, self.sequence: {self.length: size[0]}}
        for n in dict.fromkeys(graph.inputs):
            batch = 1 - self.length if n == self.sequence else 0
            values[n] = self.input(maps, graph.tensors[n], sides.get(n, {}), batch)
        for k, operator in enumerate(graph.operators):
            for n in (*operator.inputs, *operator.outputs):
                if n != -1:
                    self.check(n, len(graph.tensors))
            inputs = []
            for n in operator.inputs:
                if n not in values:
                    values[n] = self.stored(maps, n, k)
                inputs.append(values[n])
            maps.layers.origins = self.origins(k, operator)
            self.run(maps, operator, inputs, values, k)
        for n in graph.outputs:
            if n not in values:
                raise maps.fault(f"its output '{graph.tensors[n].name[:80]}' is given by no operator")
        return maps

    def origins(self, k: int, operator: Operator) -> tuple[Origin, ...]:
        """Where an operator is in the file: by its number, or where several graphs have such numbers, by the
        name of what it gives.
        """
        if self.graphs == 1:
            return (Origin("number", str(k)),)
        name = self.graph.tensors[operator.outputs[0]].name if operator.outputs else ""
        return (Origin("value", name),) if 0 < len(name) < LONGEST_TEXT and "\n" not in name else ()

    def input(self, maps: Maps, given: TensorInFile, sides: dict[int, int], batch: int) -> Tensor:
        """Add an input; `sides`: its axes whose size is asked for, `batch`: which axis is the batch."""
        dims = [sides.get(i, n) for i, n in enumerate(given.dims)]
        if len(dims) > 1 and maps.layers.adds:
            dims[batch] = 1
        if any(i in given.open for i in range(len(dims)) if i not in sides and i != batch):
            raise maps.fault(
                "its shape is open, and only an image's height and width, or a sequence's length, can be"
                " given",
                given.name,
            )
        whole = maps.checked(dims, given.name)
        c = maps.channels_of(len(whole))
        return Tensor(maps.node(given.name, Input(*view(whole, c))), whole, c)

    def stored(self, maps: Maps, n: int, k: int) -> Stored:
        """A tensor that no operator gives: numbers of the file."""
        given = self.graph.tensors[n]
        if given.variable and not given.nbytes:
            return Stored(given.dims)  # zeros at first, then what the run before left: no numbers of the file
        if not given.nbytes and 0 not in given.dims:
            what = (
                f"operator {k} reads '{given.name[:80]}', which no input, buffer or operator before it gives"
            )
            raise maps.fault(what, hint="operators must stand in the order in which they run, without cycles")
        return Stored(
            given.dims,
            ("buffer", given.buffer),
            0 if given.type in UNLEARNED or n in self.repeated else prod(given.dims),
            given.values,
        )

    def run(
        self,
        maps: Maps,
        operator: Operator,
        inputs: list[Value | None],
        values: dict[int, Value | None],
        k: int,
    ) -> None:
        """Add the layers of one operator; one that cannot be costed is added as an unknown op."""
        outputs = [n for n in operator.outputs if n != -1]
        name = (
            self.graph.tensors[outputs[0]].name.split(";")[0] if outputs else ""
        ) or f"{operator.type} {k}"
        quantised = any(self.graph.tensors[n].type in QUANTISED for n in operator.inputs[:1] if n != -1)
        call = Call(maps, operator, inputs, name, quantised)
        behind = maps.behind_tail(inputs)
        if behind and call.weighs(operator.type in OPS):
            maps.layers.refuse_behind(*[v.ref for v in inputs if isinstance(v, Tensor)])
        try:
            if behind:
                raise NotKnown
            done: list[Value] = (
                self.state(maps, outputs, name) if self.reads_state(operator) else convert(call)
            )
        except NotKnown:
            if behind or (not call.weighs(operator.type in OPS) and maps.may_end(operator.type, inputs)):
                done = [
                    maps.tail(
                        "" if behind and operator.type in OPS else operator.type,
                        name,
                        inputs,
                        self.given(maps, outputs[:1]),
                    )
                ] * len(outputs)
            else:
                done = self.unknown(maps, operator, name, [v for v in inputs if v is not None], outputs)
        except UNFIT:
            raise call.unfit() from None
        for n, value in zip(outputs, done, strict=False):
            if n in values:
                raise maps.fault(f"gives '{self.graph.tensors[n].name[:80]}', which is given before", name)
            values[n] = value

    def given(self, maps: Maps, outputs: list[int]) -> Dims | None:
        """The axes that the file gives of an output, of one image, at the size in the file."""
        dims = self.graph.tensors[outputs[0]].dims if outputs else ()
        if not dims or not all(dims) or maps.before:
            return None
        return (1, *dims[1:]) if dims[0] == self.batch else dims

    def reads_state(self, operator: Operator) -> bool:
        """Is this the reading of a variable that the graph itself sets anew, and so no weight?"""
        return (
            operator.type == "READ_VARIABLE"
            and len(operator.outputs) == 1
            and self.variable(operator.inputs[0]) in self.states
        )

    def variable(self, handle: int) -> Any:
        """Whose handle this is: the name in VAR_HANDLE, or the tensor itself."""
        return self.handles.get(handle, handle)

    def state(self, maps: Maps, outputs: list[int], name: str) -> list[Value]:
        """What the run before left."""
        dims = self.given(maps, outputs)
        if dims is None or any(n for n in self.graph.tensors[outputs[0]].open):
            raise NotKnown
        c = maps.channels_of(len(dims))
        return [Tensor(maps.node(name, Constant(*view(maps.checked(dims, name), c))), dims, c)]

    def unknown(
        self, maps: Maps, operator: Operator, name: str, inputs: list[Value], outputs: list[int]
    ) -> list[Value]:
        """Add an operator that cannot be costed; its outputs have the axes in the file, at the size in it."""
        done: list[Value] = []
        for k, n in enumerate(outputs or [-1]):
            dims = self.given(maps, [n] if n >= 0 else [])
            if not k:
                done.append(maps.unknown(operator.type, name, inputs, dims))
            else:
                dims = dims or (1,)
                c = maps.channels_of(len(dims))
                done.append(
                    Tensor(
                        maps.node(f"{name}/{k + 1}", Constant(*view(maps.checked(dims, name), c))), dims, c
                    )
                )
        return done
