"""What does a layer of a prototxt hold, and which blobs does the net have so far?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Any

from ...engine.graph import Ref
from ...engine.ops import Op
from ...engine.ops.elements import Bias, Norm, PRelu, Scale
from ...engine.ops.moves import Reshape
from ...engine.shapes import Shape
from ...errors import SpecError, nearest
from ..kit.calls import Call
from ..kit.fields import LARGEST, MISSING, MakeFault
from ..kit.fields import Fields as KitFields
from ..kit.maps import Maps
from ..kit.stored import Dims
from ..kit.tensors import Tensor, dims_text, image_size, view
from ..settings import Settings
from .prototxt import MOST_FIELDS, Message, Prototxt, Word

MOST_AXES = 32  # Caffe's limit


V1_TYPES = {
    "ABSVAL": "AbsVal", "ACCURACY": "Accuracy", "ARGMAX": "ArgMax", "BNLL": "BNLL", "CONCAT": "Concat",
    "CONTRASTIVE_LOSS": "ContrastiveLoss", "CONVOLUTION": "Convolution", "DATA": "Data",
    "DECONVOLUTION": "Deconvolution", "DROPOUT": "Dropout", "DUMMY_DATA": "DummyData",
    "EUCLIDEAN_LOSS": "EuclideanLoss", "ELTWISE": "Eltwise", "EXP": "Exp", "FLATTEN": "Flatten",
    "HDF5_DATA": "HDF5Data", "HDF5_OUTPUT": "HDF5Output", "HINGE_LOSS": "HingeLoss", "IM2COL": "Im2col",
    "IMAGE_DATA": "ImageData", "INFOGAIN_LOSS": "InfogainLoss", "INNER_PRODUCT": "InnerProduct",
    "LRN": "LRN", "MEMORY_DATA": "MemoryData", "MULTINOMIAL_LOGISTIC_LOSS": "MultinomialLogisticLoss",
    "MVN": "MVN", "POOLING": "Pooling", "POWER": "Power", "RELU": "ReLU", "SIGMOID": "Sigmoid",
    "SIGMOID_CROSS_ENTROPY_LOSS": "SigmoidCrossEntropyLoss", "SILENCE": "Silence", "SOFTMAX": "Softmax",
    "SOFTMAX_LOSS": "SoftmaxWithLoss", "SPLIT": "Split", "SLICE": "Slice", "TANH": "TanH",
    "WINDOW_DATA": "WindowData", "THRESHOLD": "Threshold",
}  # fmt: skip
"""The types of old nets (`layers { type: CONVOLUTION }`) by their present names."""


class Fields(KitFields):
    """One message of a layer, its values checked as they are read.

    A field that comes several times has its last value, or all of them where it is a list.
    """

    longest = MOST_FIELDS

    def __init__(self, net: Net, message: Message, what: str) -> None:
        KitFields.__init__(self, message.fields, net.at_message(message, what))  # of a Layer too
        self.net, self.message, self.what = net, message, what

    def keys(self) -> Iterable[str]:
        """The fields that may change a shape: all but those that say how weights are first filled."""
        return (key for key in self.given if not key.endswith("filler"))

    def raw(self, key: str) -> Any:
        """The last value of a field."""
        values = self.given.get(key)
        return values[-1] if values else None

    def several(self, key: str) -> list[Any] | None:
        """All values of a field; None where it has none."""
        return self.listed(key) or None

    def listed(self, key: str) -> list[Any]:
        """All values of a field, unchecked."""
        return list(self.given.get(key, ()))

    def truth(self, value: Any) -> bool | None:
        """True or false, as the text format spells them."""
        words = {"true": True, "True": True, "t": True, "false": False, "False": False, "f": False}
        return words.get(value) if isinstance(value, Word) else super().truth(value)

    def enum(self, key: str, words: dict[str, int], default: str) -> str:
        """A value of an enum, by its word or its number."""
        return self.choice(key, {**{w: w for w in words}, **{n: w for w, n in words.items()}}, default)

    def fields(self, key: str) -> Fields:
        """A message inside this one; an empty one where there is none."""
        return (self.messages(key) or [Fields(self.net, Message(self.message.at), f"{self.what}: {key}")])[-1]

    def messages(self, key: str) -> list[Fields]:
        """Every message of a field."""
        values = self.listed(key)
        if not all(v.__class__ is Message for v in values):
            raise self.fault(f"'{key}' must be a message {{ ... }}")
        return [Fields(self.net, v, f"{self.what}: {key}") for v in values]

    def size(self, name: str, default: Any = MISSING, low: int = 1, plain: str = "") -> tuple[int, ...]:
        """A height and a width: `kernel_size`, once or twice, or `kernel_h` with `kernel_w`."""
        plain = plain or name
        sides = f"{name}_h", f"{name}_w"
        if not any(side in self for side in sides):
            return self.sides(plain, default, low)
        if plain in self:
            raise self.fault(f"give '{plain}' or '{sides[0]}' and '{sides[1]}', not both")
        return tuple(self.integer(side, default, low) for side in sides)


class Layer(Fields, Call):
    """One layer of the file: its fields, the tensors it reads, and what it adds to the graph."""

    net: Net

    def __init__(self, net: Net, message: Message, old: bool) -> None:
        name = Fields(net, message, "layer").text("name", "")
        super().__init__(net, message, f"layer '{name[:80]}'" if name else "layer without a name")
        type_ = self.raw("type")
        if not isinstance(type_, str):
            if "layer" in message.fields:
                raise self.fault(
                    "a net of Caffe's first format, with a layer inside 'layers'",
                    "`upgrade_net_proto_text` brings it up to date",
                )
            raise self.fault("'type' must be a name")
        self.type = V1_TYPES.get(type_, str(type_)) if old or type_.__class__ is Word else str(type_)
        self.name = name or self.type
        self.bottoms, self.tops = self.texts("bottom", ()), self.texts("top", ())
        self.inputs: list[Tensor | None] = [net.blobs.get(bottom) for bottom in self.bottoms]
        self.line = net.text.line(message.at)

    def param(self, key: str, *known: str) -> Fields:
        """The message `<key>_param`, which may hold these fields only."""
        return self.fields(f"{key}_param").known(*known)

    def shared_by_name(self) -> list[bool]:
        """For each blob that a `param` describes: does an earlier layer have one of the same name?"""
        names = [
            v if isinstance(v, str) else Fields(self.net, v, self.what).text("name", "")
            for v in self.listed("param")
        ]
        shared = [bool(n) and n in self.net.shared for n in names]
        self.net.shared.update(filter(None, names))
        return shared

    def tensors(self, low: int, high: int | None = None) -> list[Tensor]:
        """The tensors it reads, `low` to `high` of them."""
        if not low <= len(self.bottoms) <= (high or low):
            many = f"{low}" if high in (None, low) else f"{low} to {high}"
            raise self.fault(f"{self.type} reads {many} bottoms, not {len(self.bottoms)}")
        return self.read()

    def read(self) -> list[Tensor]:
        """The tensors of all its bottoms; raises SpecError for one that no layer before it gives."""
        blobs = self.net.blobs
        for bottom in self.bottoms:
            if bottom not in blobs:
                like = nearest(bottom, list(blobs)[-200:])
                hint = f"did you mean '{like}'?" if like else ""
                if bottom in self.net.training:
                    hint = (
                        "a layer that is left out at test time gives it: this is a training net; its"
                        " deploy.prototxt has an input"
                    )
                raise self.fault(f"no layer before it gives '{bottom[:80]}'", hint)
        return [blobs[bottom] for bottom in self.bottoms]

    def map(self, x: Tensor) -> Shape:
        """The map that a window slides over."""
        if len(x.dims) != 4:
            raise self.fault(f"{self.type} needs a blob of 4 axes, not {dims_text(x.dims)}")
        return Shape(x.dims[2], x.dims[3], x.dims[1])

    def add(
        self,
        op: Op,
        *tensors: Tensor,
        dims: Dims | None = None,
        c: int | None = None,
        part: str = "",
        shared: bool = False,
        written: str = "",
    ) -> Tensor:
        """Add a node; its output has the axes of the first tensor, or `dims`."""
        name, refs = self.part_name(part), [t.ref for t in tensors]
        at: Any = {"place": self.name[:180], "line": self.line}
        ref = self.net.layers.add(name, op, *refs, shared=shared, written=written, **at)
        dims = tensors[0].dims if dims is None else dims
        return Tensor(ref, dims, self.net.channels_of(len(dims)) if c is None else c)

    def measured(self, y: Tensor) -> Tensor:
        """What a window gives, with the axes of its node's shape."""
        shape = self.net.shape(y)
        return self.net.tensor(y.ref, (y.dims[0], shape.c, shape.h, shape.w))

    def weighted(self, op: Any, x: Tensor, dims: Dims | None = None) -> Tensor:
        """Add a node with parameters.

        They may be an earlier layer's by name. Where that holds for the weights or the bias alone, the bias
        is a node of its own.
        """
        shared = self.shared_by_name()
        weights, bias = shared[:1] == [True], shared[1:2] == [True]
        apart = getattr(op, "bias", False) and not isinstance(op, (Norm, Scale, PRelu))
        if not apart or bias == weights:
            return self.add(op, x, dims=dims, shared=weights)
        y = self.add(op._replace(bias=False), x, dims=dims, shared=weights)
        return self.add(Bias(), y, part="bias", shared=bias)

    def reshape(
        self, t: Tensor, dims: Sequence[int], part: str = "", op: Callable[..., Op] = Reshape
    ) -> Tensor:
        """Give the numbers of a blob other axes; `op` is Permute where their order changes."""
        if prod(dims) != prod(t.dims):
            raise self.fault(f"{dims_text(t.dims)} cannot be read as {dims_text(dims)}")
        return self.add(op(*self.net.view(dims)), t, dims=tuple(dims), part=part)

    def read_as(self, x: Tensor, shape: Shape, part: str) -> Tensor:
        """A tensor whose node has this shape; a node is added where it has another."""
        return x if self.net.shape(x) == shape else self.add(Reshape(*shape), x, part=part)


class Net(Maps):
    """The net as it is read: its blobs by name, and the graph so far.

    A tensor's first axis is the batch of the file. Costs are those of one image, so `view` divides it out.
    """

    def __init__(self, text: Prototxt, file: str, settings: Settings) -> None:
        super().__init__(file, bool(settings.allow_unknown), channels_first=True)
        self.text, self.file, self.settings = text, file, settings
        self.blobs: dict[str, Tensor] = {}
        self.images: int | None = None  # the batch in the file, by which no cost is multiplied
        self.file_size: tuple[int, int] | None = None  # of the first image: height and width in the file
        self.resolution: tuple[int, int] | None = None  # and as it is read
        self.shared: set[str] = set()  # names of weights that layers so far have
        self.training: set[str] = set()  # tops of layers that are not there at test time

    def fault_at(self, message: str, at: Message | None = None, hint: str = "") -> SpecError:
        """Make the error for a mistake, with the line where a message begins."""
        return self.layers.fault(message, hint=hint, line=self.text.line(at.at) if at else 0)

    def at_message(self, at: Message, what: str) -> MakeFault:
        """A maker of errors at a message, for `Fields`; what: how the errors name it."""
        return lambda message, hint="": self.fault_at(f"{what}: {message}", at, hint)

    def give(self, layer: Layer, tensors: list[Tensor]) -> None:
        """Name a layer's outputs by its tops."""
        for top, t in zip(layer.tops, tensors, strict=True):
            if top in self.blobs and top not in layer.bottoms:
                raise layer.fault(f"another layer gives '{top[:80]}' already")
            self.blobs[top] = t

    def tensor(self, ref: Ref, dims: Dims) -> Tensor:
        """A node's output with these axes, images first."""
        return Tensor(ref, dims, self.channels_of(len(dims)))

    def view(self, dims: Sequence[int]) -> Shape:
        """What one image's share of a blob is as a map: rows of a table lie along the height."""
        first, *rest = dims or (1,)
        images = self.images or 1
        rows = first // images if first % images == 0 else first
        if len(rest) == 2:
            rows *= rest.pop(0)
        return view((rows, *(rest or (1,))), 1)

    def input(self, name: str, dims: Dims, at: Message) -> None:
        """Add an input; the first image follows the resolution asked for."""
        if not dims or len(dims) > MOST_AXES or min(dims) < 1 or max(dims) > LARGEST:
            axes = dims_text(dims) if len(dims) <= MOST_AXES else "too many axes"
            raise self.fault_at(f"input '{name[:80]}': {axes} is no shape", at)
        if name in self.blobs:
            raise self.fault_at(f"another input is called '{name[:80]}'", at)
        if self.images is None:
            self.images = dims[0]
        if len(dims) == 4 and self.file_size is None:
            self.resolution, self.file_size = image_size(self.file, name, dims[2], dims[3], self.settings)
            dims = (*dims[:2], *self.resolution)
        ref = self.layers.input(name, *self.view(dims), line=self.text.line(at.at))
        self.blobs[name] = self.tensor(ref, dims)
