"""What does a call of a Keras layer hold? Its config, read with checks, its tensors, and the net so far."""

from __future__ import annotations

import re
from collections import Counter
from math import prod
from typing import Any, NamedTuple

from ...engine.graph import Ref
from ...engine.ops import Op
from ...engine.ops.moves import Reshape
from ...engine.shapes import Shape
from ...errors import CallError, Fault, SpecError
from ..kit.layers import LARGEST_DIMENSION, PRODUCTS, Layers
from ..kit.tensors import sequence_size
from ..settings import Settings, sized

MOST_AXES = 16
DEEPEST = 40  # models within models
Dims = tuple[int, ...]


WEIGHING = re.compile("norm|prelu|scale$|scalelayer", re.IGNORECASE)
DECODES = re.compile(
    "decode(?!r)|nms|non_?max|suppress|anchor|prior|proposal|post_?process|boxes$|detections$|^lambda$",
    re.IGNORECASE,
)
"""Classes that have no weights, by what they are called: those that choose boxes, and functions of the
user's own.
"""


class Link(NamedTuple):
    """The output of a layer's call: which layer, which of its calls, which of the call's outputs."""

    layer: str
    call: int
    output: int


class Tensor(NamedTuple):
    """What a call gives: its node, its axes without the batch, and which side of the map each of them is."""

    ref: Ref
    dims: Dims
    layout: str  # "hwc", "chw", "hc", "c", ""; more axes than three are folded into the height


class Numbers(NamedTuple):
    """Whole numbers that follow from shapes, the batch taken as one image: a list of them, or `one`."""

    values: tuple[int, ...]
    one: bool = False


Value = Tensor | Numbers
Outputs = list[Tensor]


def layout_of(axes: int, channels_first: bool = False) -> str:
    """The sides of a map that this many axes are, as a rule."""
    last = {0: "", 1: "c", 2: "hc", 3: "hwc"}.get(axes, "")
    return {2: "ch", 3: "chw"}.get(axes, last) if channels_first else last


def view(dims: Dims, layout: str) -> Shape:
    """The map of these axes."""
    if len(dims) > 3:
        return Shape(prod(dims[:-2]), dims[-2], dims[-1])
    sides = dict(zip(layout, dims, strict=True))
    return Shape(sides.get("h", 1), sides.get("w", 1), sides.get("c", 1))


class Net:
    """One file as it is laid out."""

    def __init__(self, file: str, settings: Settings) -> None:
        self.file, self.settings = file, settings
        self.layers = Layers(file, bool(settings.allow_unknown))
        self.channels_first = False
        self.own: tuple[int, int] | None = None
        self.resolution: tuple[int, int] | None = None
        self.images = False  # is there one among the inputs?
        self.calls = 0
        self.called: set[str] = set()  # layers whose weights are counted
        self.times: Counter[str] = Counter()  # how often each layer was called that reshapes

    def fault(self, message: str, place: str = "", hint: str = "") -> SpecError:
        return self.layers.fault(message, place, hint)

    def input(self, name: str, said: Any) -> Tensor:
        """Add an input; the first image follows the resolution asked for."""
        place = f"input {name[:80]!r}"
        if not isinstance(said, list) or not 1 <= len(said) <= MOST_AXES:
            raise self.fault("must have a shape, the batch first", place)
        axes = said[1:]
        layout = layout_of(len(axes), self.channels_first)
        if len(axes) == 2 and not self.images and self.resolution is None:
            at_length = layout.index("h")
            if (length := axes[at_length]) is None or _whole(length):
                self.resolution, self.own = sequence_size(self.file, name, length or 0, self.settings)
                axes = list(axes)
                axes[at_length] = self.resolution[0]
        if len(axes) == 3 and self.resolution is None:
            at = layout.index("h"), layout.index("w")
            h, w = (axes[i] for i in at)
            if _whole(h) and _whole(w):
                self.own = h, w
                self.resolution, _ = sized((h, w), self.settings)
            elif self.settings.resolution is not None:
                self.resolution = self.settings.resolution
            else:
                hint = "give --resolution, such as --resolution 224"
                raise CallError(
                    *(Fault(f"{place}: the file leaves its height and width open", self.file, hint=hint),)
                )
            axes = list(axes)
            axes[at[0]], axes[at[1]] = self.resolution
        if not all(_whole(n) for n in axes):
            raise self.fault(
                f"its shape {str(said)[:80]} is open, and only an image's height and width, or a sequence's"
                " length, can be given",
                place,
            )
        dims = tuple(axes)
        return Tensor(self.layers.input(name, *view(dims, layout)), dims, layout)


def _whole(n: Any) -> bool:
    return n.__class__ is int and 1 <= n <= LARGEST_DIMENSION


class Config:
    """A layer's config, its values checked as they are read."""

    def __init__(self, net: Net, said: Any, place: str) -> None:
        if not isinstance(said, dict):
            raise net.fault("must have a config, a table of its arguments", place)
        self.net, self.said, self.place = net, said, place

    def fault(self, message: str, hint: str = "") -> SpecError:
        return self.net.fault(message, self.place, hint)

    def integer(
        self, key: str, default: int | None = None, low: int = 1, high: int = LARGEST_DIMENSION
    ) -> int:
        value = self.said.get(key, default)
        if value is None:
            raise self.fault(f"'{key}' is missing")
        if value.__class__ is float and value == value and abs(value) <= high and value == int(value):
            value = int(value)
        if value.__class__ is not int or not low <= value <= high:
            raise self.fault(f"'{key}' must be a whole number from {low} to {high:,}, not {str(value)[:40]}")
        return int(value)

    def number(self, key: str, default: float = 0) -> float:
        value = self.said.get(key, default)
        if value is None:
            return default
        if isinstance(value, dict):  # an array, as Keras 3 writes it
            value = value.get("config", {}).get("value") if isinstance(value.get("config"), dict) else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value.__class__ not in (int, float):
            raise self.fault(f"'{key}' must be a number")
        return float(value) if abs(value) < 1e300 else default

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no as Keras takes it: a number that is not 0 is yes, null is no."""
        value = self.said.get(key, default)
        if value.__class__ not in (bool, int, float, type(None)):
            raise self.fault(f"'{key}' must be true or false, not {str(value)[:40]}")
        return bool(value)

    def text(self, key: str, default: str = "") -> str:
        value = self.said.get(key, default)
        if value is None:
            return default
        if not isinstance(value, str):
            raise self.fault(f"'{key}' must be a text")
        return value

    def integers(self, key: str, default: Any = None, low: int = 0) -> list[int]:
        value = self.said.get(key, default)
        value = [value] if value.__class__ is int else value
        if not isinstance(value, list) or len(value) > MOST_AXES:
            raise self.fault(f"'{key}' must be a list of whole numbers")
        for n in value:
            if n.__class__ is not int or not low <= n <= LARGEST_DIMENSION:
                raise self.fault(f"'{key}' must hold whole numbers from {low}, not {str(n)[:40]}")
        return list(value)

    def sides(self, key: str, default: Any = None, low: int = 1, sides: int = 2) -> tuple[int, ...]:
        """A number for each side of a map: one for both, or one each."""
        numbers = self.integers(key, default, low)
        if len(numbers) not in (1, sides):
            raise self.fault(f"'{key}' must be a number or {sides} of them, not {len(numbers)}")
        return tuple(numbers * sides if len(numbers) == 1 else numbers)


class Call(Config):
    """One call of one layer: its config, its name, the tensors it is called with and its other arguments."""

    def __init__(
        self,
        net: Net,
        type_: str,
        said: Any,
        name: str,
        key: str,
        tensors: list[Tensor],
        args: list[Any],
        kwargs: Any,
    ) -> None:
        super().__init__(net, said, f"layer {name[:80]!r}")
        self.type, self.name, self.tensors, self.args, self.kwargs = type_, name, tensors, args, kwargs
        self.shared = key in net.called
        net.called.add(key)
        self.known = False  # a function, or a layer that is read
        self.shapes: list[Any] = []  # what later calls say of this call's outputs

    @property
    def x(self) -> Tensor:
        """Its one input."""
        if len(self.tensors) != 1:
            raise self.fault(f"{self.type} is called with one tensor, not {len(self.tensors)}")
        return self.tensors[0]

    def add(self, op: Op, *inputs: Ref, part: str = "") -> Ref:
        """Add a node; its weights are an earlier call's where the layer was called before."""
        name = f"{self.name}/{part}" if part else self.name
        return self.net.layers.add(name, op, *inputs, place=self.name[:180], shared=self.shared)

    def shape(self, ref: Ref) -> Shape:
        return self.net.layers.shape(ref)

    def as_layout(self, t: Tensor, layout: str, part: str = "layout") -> Tensor:
        """A tensor with its axes read as these sides."""
        if len(layout) != len(t.dims):
            raise self.fault(f"{self.type} needs {len(layout)} axes beside the batch, not {len(t.dims)}")
        if t.layout == layout:
            return t
        shape = view(t.dims, layout)
        ref = t.ref if self.shape(t.ref) == shape else self.add(Reshape(*shape), t.ref, part=part)
        return Tensor(ref, t.dims, layout)

    def plain_layout(self, axes: int) -> str:
        return layout_of(axes, self.net.channels_first)

    def result(self, ref: Ref, layout: str) -> list[Tensor]:
        """A node's output, its axes in this order."""
        shape = self.shape(ref)._asdict()
        return [Tensor(ref, tuple(shape[side] for side in layout), layout)]

    def weighs(self, known: bool) -> bool:
        """Has it weights or products of its own, as far as a config shows?

        Then it is no part of a tail that counts 0.

        known: it is a function, or a layer that is read here. A class of the user's own may have weights,
        whatever its config says, unless it is called like what chooses boxes.
        """
        if PRODUCTS.search(self.type) or any(
            str(key).startswith(("units", "filters", "kernel")) for key in self.said
        ):
            return True
        return bool(WEIGHING.search(self.type)) if known else not DECODES.search(self.type)

    def tail(self, type_: str) -> list[Tensor]:
        """Add an op of the file's tail."""
        ref = self.net.layers.tail(type_, self.name, *[t.ref for t in self.tensors])
        return [Tensor(ref, (1,), "c")]

    def unknown(self, type_: str = "") -> list[Tensor]:
        """Keep an op that cannot be costed: its output is as later calls say, or like its first input."""
        if not self.weighs(self.known) and self.net.layers.may_end(self.type, *[t.ref for t in self.tensors]):
            return self.tail(type_ or self.type)
        like = self.tensors[0] if self.tensors else Tensor(0, (1,), "c")
        asked = self.net.settings.resolution or self.net.settings.rho
        said = self.shapes[0] if self.shapes and not asked else None
        dims = like.dims
        if isinstance(said, list) and 1 <= len(said) <= MOST_AXES and all(_whole(n) for n in said[1:]):
            dims = tuple(said[1:])
        layout = self.plain_layout(len(dims))
        refs = [t.ref for t in self.tensors]
        ref = self.net.layers.unknown(type_ or self.type, self.name, *refs, shape=view(dims, layout))
        return [Tensor(ref, dims, layout)]
