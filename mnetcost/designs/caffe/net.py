"""What does a layer of a prototxt hold, and which blobs does the net have so far?"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

from ...engine.graph import Ref
from ...engine.ops import Op
from ...engine.ops.elements import Bias, Norm, PRelu, Scale
from ...engine.ops.moves import Flatten, Reshape
from ...engine.shapes import Shape
from ...errors import SpecError, nearest
from ..kit.layers import LARGEST_DIMENSION, Layers
from ..settings import Settings, sized
from .prototxt import Message, Prototxt, Word

MOST_AXES = 32  # Caffe's own limit


Dims = tuple[int, ...]


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


class Blob(NamedTuple):
    """What a top holds: the node that gives it, and its axes as Caffe counts them, images first."""

    ref: Ref
    dims: Dims


class Fields:
    """One message of a layer, its values checked as they are read."""

    def __init__(self, net: Net, message: Message, what: str) -> None:
        self.net, self.message, self.what = net, message, what

    def fault(self, message: str, hint: str = "") -> SpecError:
        return self.net.fault(f"{self.what}: {message}", self.message, hint)

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
            said = str(value)[:40] if value.__class__ is not Message else "a message"
            raise self.fault(f"'{key}' must be a whole number from {low} to {high:,}, not {said}")
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
    """One layer of the file."""

    def __init__(self, net: Net, message: Message, old: bool) -> None:
        super().__init__(net, message, "layer")
        self.name = self.text("name")
        self.what = f"layer '{self.name[:80]}'" if self.name else "layer without a name"
        said = self.one("type")
        if not isinstance(said, str):
            if "layer" in message.fields:
                raise self.fault(
                    "a net of Caffe's first format, with a layer inside 'layers'",
                    "`upgrade_net_proto_text` brings it up to date",
                )
            raise self.fault("'type' must be a name")
        self.type = V1_TYPES.get(said, str(said)) if old or said.__class__ is Word else str(said)
        self.bottoms, self.tops = self.texts("bottom"), self.texts("top")
        self.line = net.text.line(message.at)

    def shared_names(self) -> list[str]:
        """The names by which layers share their weights, one a blob; "" for a blob of its own."""
        return [
            v if isinstance(v, str) else Fields(self.net, v, self.what).text("name")
            for v in self.message.all("param")
        ]

    def inputs(self, low: int, high: int | None = None) -> list[Blob]:
        """The blobs it reads, `low` to `high` of them."""
        if not low <= len(self.bottoms) <= (high or low):
            many = f"{low}" if high in (None, low) else f"{low} to {high}"
            raise self.fault(f"{self.type} reads {many} bottoms, not {len(self.bottoms)}")
        return [self.net.find(self, b) for b in self.bottoms]


class Net:
    """The net as it is laid out: its blobs by name, and the layers so far."""

    def __init__(self, text: Prototxt, file: str, settings: Settings) -> None:
        self.text, self.file, self.settings = text, file, settings
        self.layers = Layers(file, bool(settings.allow_unknown))
        self.blobs: dict[str, Blob] = {}
        self.images: int | None = None  # the batch in the file, by which no cost is multiplied
        self.own: tuple[int, int] | None = None
        self.resolution: tuple[int, int] | None = None
        self.shared: set[str] = set()
        self.training: set[str] = set()  # tops of layers that are not there at test time

    def fault(self, message: str, at: Message | None = None, hint: str = "") -> SpecError:
        return self.layers.fault(message, hint=hint, line=self.text.line(at.at) if at else 0)

    def find(self, layer: Layer, bottom: str) -> Blob:
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

    def top(self, layer: Layer, top: str, blob: Blob) -> None:
        if top in self.blobs and top not in layer.bottoms:
            raise layer.fault(f"another layer gives '{top[:80]}' already")
        self.blobs[top] = blob

    def give(self, layer: Layer, ref: Ref, dims: Dims) -> None:
        """Let every top of a layer hold a node."""
        for top in layer.tops:
            self.top(layer, top, Blob(ref, dims))

    def view(self, dims: Dims) -> Shape:
        """What one image's share of a blob is as a map: rows of a table lie along the height."""
        images = self.images or 1
        lead = dims[0] // images if dims and dims[0] % images == 0 else dims[0] if dims else 1
        rest = dims[1:]
        if len(rest) < 2:
            return Shape(lead, 1, rest[0] if rest else 1)
        if len(rest) == 2:
            return Shape(lead * rest[0], 1, rest[1])
        return Shape(lead * prod(rest[1:-1]), rest[-1], rest[0])

    def add(self, layer: Layer, op: Op, *inputs: Ref, part: str = "", shared: bool = False) -> Ref:
        name = layer.name or layer.type
        return self.layers.add(
            f"{name}/{part}" if part else name, op, *inputs, place=name[:180], shared=shared, line=layer.line
        )

    def reshaped(self, layer: Layer, op: Callable[..., Op], blob: Blob, dims: Dims) -> None:
        """Add an op that gives the numbers of a blob other axes."""
        if prod(dims) != prod(blob.dims):
            raise layer.fault(f"{spelled(blob.dims)} cannot be read as {spelled(dims)}")
        self.give(layer, self.add(layer, op(*self.view(dims)), blob.ref), dims)

    def input(self, name: str, dims: Dims, at: Message) -> None:
        """Add an input; the first image follows the resolution asked for."""
        if not dims or len(dims) > MOST_AXES or min(dims) < 1 or max(dims) > LARGEST_DIMENSION:
            raise self.fault(
                f"input '{name[:80]}': {spelled(dims) if len(dims) <= MOST_AXES else 'too many axes'} is no"
                " shape",
                at,
            )
        if name in self.blobs:
            raise self.fault(f"another input is called '{name[:80]}'", at)
        if self.images is None:
            self.images = dims[0]
        if len(dims) == 4 and self.own is None:
            self.own = dims[2], dims[3]
            self.resolution, _ = sized(self.own, self.settings)
            dims = (*dims[:2], *self.resolution)
        self.blobs[name] = Blob(self.layers.input(name, *self.view(dims), line=self.text.line(at.at)), dims)

    def parametric(self, layer: Layer, op: Any, *inputs: Ref) -> Ref:
        """Add a layer with parameters, which may be another layer's by name; a bias of its own then
        stands apart.
        """
        names = layer.shared_names()
        known = [bool(n) and n in self.shared for n in names]
        self.shared.update(n for n in names if n)
        weights = known[:1] == [True]
        if not getattr(op, "bias", False) or isinstance(op, (Norm, Scale, PRelu)):
            return self.add(layer, op, *inputs, shared=weights)
        bias = known[1:2] == [True]
        if bias == weights:
            return self.add(layer, op, *inputs, shared=weights)
        ref = self.add(layer, op._replace(bias=False), *inputs, shared=weights)
        return self.add(layer, Bias(), ref, part="bias", shared=bias)

    def flat(self, layer: Layer, blob: Blob, part: str = "flatten") -> Ref:
        """One vector an image."""
        x = self.layers.shape(blob.ref)
        return blob.ref if x.h == x.w == 1 else self.add(layer, Flatten(), blob.ref, part=part)

    def as_map(self, layer: Layer, blob: Blob, shape: Shape, part: str) -> Ref:
        """A blob's node, read as another map where it is none of that shape."""
        return (
            blob.ref
            if self.layers.shape(blob.ref) == shape
            else self.add(layer, Reshape(*shape), blob.ref, part=part)
        )


def spelled(dims: Dims) -> str:
    """A blob's axes as Caffe's log writes them."""
    return " ".join(str(d) for d in dims[:MOST_AXES])
