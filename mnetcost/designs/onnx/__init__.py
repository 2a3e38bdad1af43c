"""How is an ONNX file read? Its graph, at the size asked for, one image at a time.

Nothing but the named file is opened: where weights are kept elsewhere their shapes are enough.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

from ...engine.ops import Input
from ...errors import Fault, SpecError, UnknownOpError
from ..kit.layers import UNKNOWN_HINT
from ..kit.sizes import Reading as KitReading
from ..kit.stored import Dims, Stored
from ..kit.tensors import Tensor, Value, solid, view
from ..readers import Model
from ..settings import Settings
from .file import read_model
from .net import Net
from .ops import OPS, STILL, convert
from .recurrent import RECURRENT
from .weights import GIVEN, text

FORMAT = "ONNX"
MOST_INPUTS = 1000
FEW_CHANNELS = 4
MOST_STEPS = 8  # layers that are passed on the way to the one that shows what an input's axes are
PASSING = ("Identity", "Cast", "Add", "Sub", "Mul", "Div", "Relu", "Clip", "Dropout", "Pad", "Slice")
LENGTH_AXIS = {
    **dict.fromkeys(
        ("Conv", "ConvTranspose", "BatchNormalization", "InstanceNormalization", "MaxPool", "AveragePool"), 2
    ),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "LpPool"), 2),
    **dict.fromkeys(("MatMul", "Gemm", "LayerNormalization", "RMSNormalization"), 1),
    **dict.fromkeys(RECURRENT, 0),  # or 1, by their attribute `layout`; the batch is the other one
}
"""Along which axis of three the length of a sequence lies, by the op that reads it; where it is 2, the sides
of an image or a volume lie from there on.
"""
TWICE = (
    "its parameters: numbers of the file are cut up and put together again, and some would count more than"
    " once"
)


def read(file: str, settings: Settings) -> Model:
    """Read an ONNX file.

    Raises SpecError for what is no ONNX file, CallError where the file leaves the image's size open and
    none is given, and UnknownOpError for ops of unknown cost, or where some parameters would count twice.
    """
    model = read_model(file)
    if not model.graph.node:
        raise SpecError(Fault("is no ONNX file: it holds no graph with nodes", file))
    reading = Reading(file, settings, model)
    net = reading.built()
    graph = net.graph(net.weight_bytes())
    if not reading.weights and net.overcounted(graph):  # weights among the inputs are not in the file
        if not settings.allow_unknown:
            raise UnknownOpError(Fault(f"cannot count {TWICE}", file, hint=UNKNOWN_HINT))
        graph = graph._replace(left_out=(*graph.left_out, TWICE))
    return Model(graph, reading.size, reading.file_size, FORMAT, text(model.graph.name))


class Reading(KitReading[Net]):
    """One file: its inputs, and its graph at a size."""

    def __init__(self, file: str, settings: Settings, model: Any) -> None:
        super().__init__(file, settings)
        self.model = model
        self.stored = {t.name for t in model.graph.initializer} | {
            s.values.name for s in model.graph.sparse_initializer
        }
        self.inputs = [v for v in model.graph.input if v.name not in self.stored]
        if len(self.inputs) > MOST_INPUTS + len(model.graph.node):
            raise SpecError(Fault(f"has more than {MOST_INPUTS:,} inputs", file))
        names = [v.name for v in self.inputs]
        if len(set(names)) < len(names):
            raise SpecError(Fault("two inputs have one name", file))
        self.weights = self.weights_among()
        self.measured: Any = None  # the name of the image, the volume or the sequence
        self.axes: Dims = ()  # those of its axes that its size is along
        if not (self.find_image() or self.find_volume() or self.find_sequence()):
            self.without_size()

    def weights_among(self) -> set[bytes]:
        """Inputs that are only ever read as weights: a file whose weights were taken out lists them so."""
        seen: dict[bytes, bool] = {}
        for node in self.model.graph.node:
            start = GIVEN.get(text(node.op_type), 1 << 30)
            for k, name in enumerate(node.input):
                seen[name] = seen.get(name, True) and k >= start
        return {
            v.name
            for v in self.inputs
            if seen.get(v.name) and self.dims(v) and all(n > 0 for n in self.dims(v))
        }

    def dims(self, v: Any) -> Dims:
        """The axes of an input; 0 for what is left open."""
        return tuple(max(d.dim_value, 0) for d in v.type.tensor_type.shape.dim)

    def sides(self, dims: Dims) -> tuple[int, int]:
        """Which axes are height and width: channels come last where the last axis is as few as channels
        are and the second is not.
        """
        last = 0 < dims[3] <= FEW_CHANNELS and not 0 < dims[1] <= FEW_CHANNELS
        return (1, 2) if last else (2, 3)

    def of_rank(self, rank: int) -> Iterator[tuple[Any, Dims]]:
        """The inputs of so many axes that are no weights: the name and the axes of each."""
        for v in self.inputs:
            dims = self.dims(v)
            if len(dims) == rank and v.name not in self.weights:
                yield v.name, dims

    def find_image(self) -> bool:
        """Take the first input of four axes for the image."""
        for name, dims in self.of_rank(4):
            self.measured, self.axes = name, self.sides(dims)
            self.measure_image(text(name), tuple(dims[i] for i in self.axes), dims[0] or 1)
            return True
        return False

    def find_volume(self) -> bool:
        """Take the first input of five axes for a volume that a window over three of them reads."""
        for name, dims in self.of_rank(5):
            node, axes = self.shown(name, 5)
            if node is not None and LENGTH_AXIS[text(node.op_type)] == 2 and axes[0] == 0:
                self.measured, self.axes = name, tuple(axes[2:])
                self.measure_image(text(name), tuple(dims[i] for i in self.axes), dims[0] or 1)
                return True
        return False

    def find_sequence(self) -> bool:
        """Take the first input of three axes for a sequence, where what reads it says along which axis it
        lies, or only one is open.
        """
        for name, dims in self.of_rank(3):
            if (axis := self.length_of(name, dims)) >= 0:
                self.measured, self.axes = name, (axis,)
                self.measure_sequence(text(name), dims[axis], dims[axis == 0] or 1)
                return True
        return False

    def length_of(self, name: Any, dims: Dims) -> int:
        """The axis of a sequence's length; -1 where the file does not say."""
        node, axes = self.shown(name, 3)
        if node is None:
            return 1 if dims[2] and not dims[1] else 2 if dims[1] and not dims[2] else -1
        type_ = text(node.op_type)
        if type_ in RECURRENT:
            return axes[any(text(a.name) == "layout" and a.i == 1 for a in node.attribute)]
        channels = axes[3 - LENGTH_AXIS[type_]]
        if channels == 2 and dims[0] > 1 == dims[1]:
            return 0  # the steps first, and a batch of 1
        return 3 - channels if channels else -1

    def shown(self, name: Any, rank: int) -> tuple[Any, list[int]]:
        """The node that shows what the axes of an input are, and which of them each of its own is; None where
        there is none.
        """
        axes = list(range(rank))
        for _ in range(MOST_STEPS):
            node = next(
                (n for n in self.model.graph.node if name in n.input and text(n.op_type) != "Shape"), None
            )
            if node is None:
                break
            type_ = text(node.op_type)
            if type_ in LENGTH_AXIS and node.input[0] == name:
                return node, axes
            if type_ == "Transpose":
                perm = next((list(a.ints) for a in node.attribute if text(a.name) == "perm"), [])
                if sorted(perm) != list(range(rank)):
                    break
                axes = [axes[p] for p in perm]
            elif type_ not in PASSING:
                break
            name = node.output[0]
        return None, axes

    def build(self, size: tuple[int, ...], axes_only: bool, before: Net | None = None) -> Net:
        """Build the layers for an image of (height, width), or a volume of (depth, height, width), with a
        batch of 1; `before` is the net at the size in the file.
        """
        net = Net(self.file, bool(self.settings.allow_unknown), self.model, convert, OPS, STILL, axes_only)
        if before:
            net.before, net.layers.file_sizes = before.reshaped, before.layers.sizes
            net.resized = size != self.file_size
        if self.file_size in (size, None):
            self.give(net)
        env: dict[bytes, Value | None] = {}
        env.update(net.initializers(self.model.graph))
        for v in self.inputs:
            name, dims = text(v.name), list(self.dims(v))
            if v.name in self.weights:
                stored = net.checked(dims, name)
                env[v.name] = Stored(stored, ("input", v.name), prod(stored))
                continue
            sides = self.axes if v.name == self.measured else ()
            for axis, n in zip(sides, size, strict=False):  # a sequence has one
                dims[axis] = n
            batch = int(sides == (0,))
            if len(dims) > 1 and not (axes_only and dims[batch]):
                dims[batch] = 1
            if not all(dims):
                shape = "x".join(str(n or "?") for n in dims)
                raise net.fault(
                    f"its shape {shape} is open, and only an image's height and width, a volume's depth too,"
                    " or a sequence's length, can be given",
                    name,
                )
            whole = net.checked(dims, name)
            c = self.channels(v, whole, net)
            volume = solid(whole, c) if len(sides) == 3 else None
            op = Input(*volume[1:], volume.d) if volume else Input(*view(whole, c))
            env[v.name] = Tensor(net.node(name, op), whole, c)
        net.run(self.model.graph.node, env)
        net.outputs(self.model.graph.output, env, "")
        return net

    def channels(self, v: Any, dims: Dims, net: Net) -> int:
        """Which axis of an input is the channels: the last of an image whose height and width come first, or
        the one that is no side of a volume.
        """
        if v.name == self.measured and len(self.axes) == 3:
            return next(i for i in range(1, 5) if i not in self.axes)
        return (
            (3 if self.sides(self.dims(v)) == (1, 2) else 1) if len(dims) == 4 else net.channels_of(len(dims))
        )

    def give(self, net: Net) -> None:
        """Keep the shapes that the file gives of what its nodes give, for ops that are not known."""
        for v in (*self.model.graph.value_info, *self.model.graph.output):
            dims = self.dims(v)
            if dims and len(dims) <= 12:
                dims = (1, *dims[1:]) if len(dims) > 1 else dims
                if all(0 < n < 2**31 for n in dims):
                    net.given[v.name] = dims
