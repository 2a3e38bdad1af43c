"""What does a layer of a prototxt hold, and which blobs does the net have so far?"""

from __future__ import annotations

from math import prod
from typing import Any

from ...engine.graph import Ref
from ...engine.ops import Op
from ...engine.ops.elements import Bias, Norm, PRelu, Scale
from ...engine.ops.moves import Reshape
from ...engine.shapes import Shape
from ...errors import SpecError, nearest
from ..kit.layers import LARGEST_DIMENSION
from ..kit.maps import Maps
from ..kit.stored import Dims
from ..kit.tensors import Tensor, dims_text, image_size, view
from ..settings import Settings
from .prototxt import Message, Prototxt, Word

MOST_AXES = 32  # Caffe's own limit


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


class Fields:
    """One message of a layer, its values checked as they are read."""

    def __init__(self, net: Net, message: Message, what: str) -> None:
        self.net, self.message, self.what = net, message, what

    def fault(self, message: str, hint: str = "") -> SpecError:
        return self.net.fault_at(f"{self.what}: {message}", self.message, hint)

    def known(self, *keys: str) -> Fields:
        """Refuse a field that is none of these: what is not understood might change a shape."""
        for key in self.message.fields:
            if key not in keys and not key.endswith("filler"):
                like = nearest(key, keys)
                raise self.fault(
                    f"no field '{key[:60]}' is known here", f"did you mean '{like}'?" if like else ""
                )
        return self

    def one(self, key: str, default: Any = None) -> Any:
        values = self.message.all(key)
        return values[-1] if values else default

    def message_of(self, key: str) -> Fields:
        """A message inside this one; an empty one where there is none."""
        value = self.one(key)
        if value is not None and value.__class__ is not Message:
            raise self.fault(f"'{key}' must be a message {{ ... }}")
        return Fields(self.net, value or Message(self.message.at), f"{self.what}: {key}")

    def messages(self, key: str) -> list[Fields]:
        values = self.message.all(key)
        if not all(v.__class__ is Message for v in values):
            raise self.fault(f"'{key}' must be a message {{ ... }}")
        return [Fields(self.net, v, f"{self.what}: {key}") for v in values]

    def whole(self, key: str, value: Any, low: int = 0, high: int = LARGEST_DIMENSION) -> int:
        if value.__class__ is float and value == value and abs(value) <= high and value == int(value):
            value = int(value)
        if value.__class__ is not int or not low <= value <= high:
            given = str(value)[:40] if value.__class__ is not Message else "a message"
            raise self.fault(f"'{key}' must be a whole number from {low} to {high:,}, not {given}")
        return int(value)

    def integer(
        self, key: str, default: int | None = None, low: int = 0, high: int = LARGEST_DIMENSION
    ) -> int:
        value = self.one(key, default)
        if value is None:
            raise self.fault(f"'{key}' is missing")
        return self.whole(key, value, low, high)

    def integers(self, key: str, low: int = 0) -> list[int]:
        return [self.whole(key, v, low) for v in self.message.all(key)]

    def number(self, key: str, default: float) -> float:
        value = self.one(key, default)
        if value.__class__ not in (int, float):
            raise self.fault(f"'{key}' must be a number")
        return float(value)

    def flag(self, key: str, default: bool = False) -> bool:
        value = self.one(key)
        if value is None:
            return default
        if value in (True, 1) or (value.__class__ is Word and value in ("true", "True", "t")):
            return True
        if value == 0 or (value.__class__ is Word and value in ("false", "False", "f")):
            return False
        raise self.fault(f"'{key}' must be true or false")

    def choice(self, key: str, words: dict[str, int], default: str) -> str:
        """A value of an enum, by its word or its number."""
        value = self.one(key, default)
        for word, number in words.items():
            if value == word or (value.__class__ is int and value == number):
                return word
        raise self.fault(f"'{key}' must be one of {', '.join(words)}")

    def texts(self, key: str) -> list[str]:
        values = self.message.all(key)
        if not all(isinstance(v, str) for v in values):
            raise self.fault(f"'{key}' must be a name in quotes")
        return [str(v) for v in values]

    def text(self, key: str, default: str = "") -> str:
        values = self.texts(key)
        return values[-1] if values else default

    def sides(self, name: str, default: int | None, low: int, plain: str = "") -> tuple[int, int]:
        """A size as Caffe writes it: `kernel_size`, once or as height and width, or `kernel_h` with
        `kernel_w`.
        """
        plain = plain or name
        repeated = self.integers(plain, low)
        high, wide = f"{name}_h", f"{name}_w"
        if high in self.message.fields or wide in self.message.fields:
            if repeated:
                raise self.fault(f"give '{plain}' or '{high}' and '{wide}', not both")
            return self.integer(high, default, low), self.integer(wide, default, low)
        if not repeated:
            if default is None:
                raise self.fault(f"'{plain}' is missing")
            return default, default
        if len(repeated) > 2:
            raise self.fault(f"'{plain}' has {len(repeated)} values, and a map has two sides")
        return repeated[0], repeated[-1]


class Layer(Fields):
    """One layer of the file: its fields, the tensors it reads, and what it adds to the graph."""

    def __init__(self, net: Net, message: Message, old: bool) -> None:
        super().__init__(net, message, "layer")
        self.name = self.text("name")
        self.what = f"layer '{self.name[:80]}'" if self.name else "layer without a name"
        type_ = self.one("type")
        if not isinstance(type_, str):
            if "layer" in message.fields:
                raise self.fault(
                    "a net of Caffe's first format, with a layer inside 'layers'",
                    "`upgrade_net_proto_text` brings it up to date",
                )
            raise self.fault("'type' must be a name")
        self.type = V1_TYPES.get(type_, str(type_)) if old or type_.__class__ is Word else str(type_)
        self.bottoms, self.tops = self.texts("bottom"), self.texts("top")
        self.line = net.text.line(message.at)
        self.title = self.name or self.type

    def param(self, key: str, *known: str) -> Fields:
        """The message `<key>_param`, which may hold these fields only."""
        return self.message_of(f"{key}_param").known(*known)

    def shared_by_name(self) -> list[bool]:
        """For each blob that a `param` describes: does an earlier layer have one of the same name?"""
        names = [
            v if isinstance(v, str) else Fields(self.net, v, self.what).text("name")
            for v in self.message.all("param")
        ]
        shared = [bool(n) and n in self.net.shared for n in names]
        self.net.shared.update(filter(None, names))
        return shared

    def inputs(self, low: int, high: int | None = None) -> list[Tensor]:
        """The tensors it reads, `low` to `high` of them."""
        if not low <= len(self.bottoms) <= (high or low):
            many = f"{low}" if high in (None, low) else f"{low} to {high}"
            raise self.fault(f"{self.type} reads {many} bottoms, not {len(self.bottoms)}")
        return [self.net.find(self, b) for b in self.bottoms]

    def axis(self, axis: int, x: Tensor) -> int:
        """An axis counted from the front, as Caffe's CanonicalAxisIndex does."""
        if not -len(x.dims) <= axis < len(x.dims):
            raise self.fault(f"axis {axis} of a blob with {len(x.dims)} axes")
        return axis % len(x.dims)

    def map(self, x: Tensor) -> Shape:
        """The map that a window slides over."""
        if len(x.dims) != 4:
            raise self.fault(f"{self.type} needs a blob of 4 axes, not {dims_text(x.dims)}")
        return Shape(x.dims[2], x.dims[3], x.dims[1])

    def add(
        self, op: Op, *tensors: Tensor, dims: Dims | None = None, part: str = "", shared: bool = False
    ) -> Tensor:
        """Add a node; its output has the axes of the first tensor, or `dims`."""
        name = f"{self.title}/{part}" if part else self.title
        refs = [t.ref for t in tensors]
        ref = self.net.layers.add(name, op, *refs, place=self.title[:180], shared=shared, line=self.line)
        return self.net.tensor(ref, tensors[0].dims if dims is None else dims)

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

    def reshape(self, op: type[Op], x: Tensor, dims: Dims) -> Tensor:
        """Give the numbers of a blob other axes; `op` is Reshape, or Permute where their order changes."""
        if prod(dims) != prod(x.dims):
            raise self.fault(f"{dims_text(x.dims)} cannot be read as {dims_text(dims)}")
        return self.add(op(*self.net.view(dims)), x, dims=dims)

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
        self.own: tuple[int, int] | None = None
        self.resolution: tuple[int, int] | None = None
        self.shared: set[str] = set()  # names of weights that layers so far have
        self.training: set[str] = set()  # tops of layers that are not there at test time

    def fault_at(self, message: str, at: Message | None = None, hint: str = "") -> SpecError:
        """Make the error for a mistake, with the line where a message begins."""
        return self.layers.fault(message, hint=hint, line=self.text.line(at.at) if at else 0)

    def find(self, layer: Layer, bottom: str) -> Tensor:
        """The blob that a layer reads by this name."""
        if bottom not in self.blobs:
            like = nearest(bottom, list(self.blobs)[-200:])
            hint = f"did you mean '{like}'?" if like else ""
            if bottom in self.training:
                hint = (
                    "a layer that is left out at test time gives it: this is a training net; its"
                    " deploy.prototxt has an input"
                )
            raise layer.fault(f"no layer before it gives '{bottom[:80]}'", hint)
        return self.blobs[bottom]

    def give(self, layer: Layer, tensors: list[Tensor]) -> None:
        """Name a layer's outputs by its tops."""
        for top, t in zip(layer.tops, tensors, strict=True):
            if top in self.blobs and top not in layer.bottoms:
                raise layer.fault(f"another layer gives '{top[:80]}' already")
            self.blobs[top] = t

    def tensor(self, ref: Ref, dims: Dims) -> Tensor:
        """A node's output with these axes, images first."""
        return Tensor(ref, dims, self.channels_of(len(dims)))

    def view(self, dims: Dims) -> Shape:
        """What one image's share of a blob is as a map: rows of a table lie along the height."""
        first, *rest = dims or (1,)
        images = self.images or 1
        rows = first // images if first % images == 0 else first
        if len(rest) == 2:
            rows *= rest.pop(0)
        return view((rows, *(rest or (1,))), 1)

    def input(self, name: str, dims: Dims, at: Message) -> None:
        """Add an input; the first image follows the resolution asked for."""
        if not dims or len(dims) > MOST_AXES or min(dims) < 1 or max(dims) > LARGEST_DIMENSION:
            axes = dims_text(dims) if len(dims) <= MOST_AXES else "too many axes"
            raise self.fault_at(f"input '{name[:80]}': {axes} is no shape", at)
        if name in self.blobs:
            raise self.fault_at(f"another input is called '{name[:80]}'", at)
        if self.images is None:
            self.images = dims[0]
        if len(dims) == 4 and self.own is None:
            self.resolution, self.own = image_size(self.file, name, dims[2], dims[3], self.settings)
            dims = (*dims[:2], *self.resolution)
        ref = self.layers.input(name, *self.view(dims), line=self.text.line(at.at))
        self.blobs[name] = self.tensor(ref, dims)
