"""What is one call of a Keras layer? Its config, with checked values, and the tensors it is called with."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from ...engine.graph import Ref
from ...engine.ops import Op
from ...records import NamedTuple
from ..kit.calls import Call as KitCall
from ..kit.fields import MISSING, Fields
from ..kit.layers import LARGEST_DIMENSION, PRODUCTS
from ..kit.maps import Maps
from ..kit.stored import Dims
from ..kit.tensors import Tensor, dims_text, image_size, sequence_size, size_of, view
from ..settings import Settings

MOST_AXES = 16

WEIGHING = re.compile("norm|prelu|scale$|scalelayer", re.IGNORECASE)
DECODES = re.compile(
    "decode(?!r)|nms|non_?max|suppress|anchor|prior|proposal|post_?process|boxes$|detections$|^lambda$",
    re.IGNORECASE,
)
"""Names of custom classes that have no weights: those that choose boxes, and functions."""

WAYS_OUT = {
    "ConvLSTM3D": (
        "count its convolutions as two Conv3D at each step, of the input and of the state, each with 4 times"
        " the filters"
    ),
    **dict.fromkeys(
        ("RNN", "Bidirectional"),
        "read are LSTM, GRU, SimpleRNN and RNN of their cells; export any other, unrolled, as ONNX or TFLite",
    ),
}
"""What to do about layers that cannot be costed."""

Outputs = Tensor | list[Tensor]


def axis_in(rank: int, axis: Any) -> int:
    """Which axis of a tensor a number means, the batch counted; 0 where it means the batch or none."""
    return int(axis) % rank if axis.__class__ is int and -rank <= axis < rank else 0


def text_of(dims: Dims) -> str:
    """A tensor's axes without the batch, as Keras's arguments count them: 224x224x3."""
    return dims_text(dims[1:])


def _whole(n: Any) -> bool:
    return n.__class__ is int and 1 <= n <= LARGEST_DIMENSION


class Net(Maps):
    """The graph of one file while it is built, on the kit's tensors and layers.

    In Keras each layer's `data_format` says where its input has the channels, whatever was done to the
    tensor before. So the axes of a tensor are as a rule (`channels_of`), and a reshape, a transpose, a sum
    or a mean does not follow the channels as it does in the kit, for ONNX and TFLite.
    """

    def __init__(self, file: str, settings: Settings) -> None:
        super().__init__(file, bool(settings.allow_unknown), channels_first=False)
        self.layers.ways_out = WAYS_OUT
        self.file, self.settings = file, settings
        self.file_size: tuple[int, ...] | None = None
        self.resolution: tuple[int, ...] | None = None
        self.images = False  # whether any input is an image
        self.volumes = False  # whether any layer slides over depth, height and width
        self.calls = 0
        self.called: set[str] = set()  # layers whose weights are counted
        self.times: Counter[str] = Counter()  # how often each layer was called that reshapes
        # of the call whose nodes are added: the layer's name, and whether its weights were counted before
        self.place, self.shared = "", False

    def channels_of(self, rank: int) -> int:
        """The axis of the channels, unless a layer says otherwise; with channels first, that holds for
        sequences too.
        """
        return 1 if self.channels_first and rank in (3, 4, 5) else max(rank - 1, 0)

    def node(self, name: str, op: Op, *refs: Ref, shared: bool = False, written: str = "") -> Ref:
        """Add a node that belongs to the layer being called, and shares its weights if they were counted."""
        shared = shared or self.shared
        return self.layers.add(name, op, *refs, place=self.place, shared=shared, written=written)

    def input(self, name: str, shape: Any) -> Tensor:
        """Add an input; the first image, or the first sequence, gets the resolution of the settings.

        shape: as the file has it, the batch first. Raises SpecError if it is not a list of sizes, CallError
        if the file leaves the size open and the settings have none.
        """
        place = f"input {name[:80]!r}"
        if not isinstance(shape, list) or not 1 <= len(shape) <= MOST_AXES:
            raise self.layers.fault("must have a shape, the batch first", place)
        dims = [1, *shape[1:]]
        c = self.channels_of(len(dims))
        sides = [i for i in range(1, len(dims)) if i != c]
        given = [dims[i] for i in sides]
        if self.resolution is None and len(dims) == 4:
            h, w = (n if _whole(n) else 0 for n in given)
            self.resolution, self.file_size = image_size(self.file, name, h, w, self.settings)
            dims[sides[0]], dims[sides[1]] = self.resolution
        elif self.resolution is None and len(dims) == 5 and (self.volumes or self._frames):
            three = tuple(n if _whole(n) else 0 for n in given)
            self.resolution, self.file_size = size_of(self.file, name, three, self.settings)
            for i, n in zip(sides, self.resolution, strict=True):
                dims[i] = n
        elif self._follows(dims, given):
            size = sequence_size(self.file, name, given[0] or 0, self.settings)
            self.resolution, self.file_size = size
            dims[sides[0]] = self.resolution[0]
        if not all(map(_whole, dims)):
            what = (
                f"its shape {str(shape)[:80]} is open, and only an image's height and width, or a sequence's"
                " length, can be given"
            )
            raise self.layers.fault(what, place)
        if self.volumes and len(dims) == 5:
            d, h, w = (dims[i] for i in sides)
            return Tensor(self.layers.input(name, h, w, dims[c], d=d), tuple(dims), c)
        return Tensor(self.layers.input(name, *view(tuple(dims), c)), tuple(dims), c)

    @property
    def _frames(self) -> bool:
        """Whether an input of five axes is a sequence of maps, channels last, in a net without images."""
        return not self.images and not self.channels_first

    def _follows(self, dims: list[Any], sides: list[Any]) -> bool:
        """Whether the resolution sets this input's length: the first sequence of a net without images."""
        first = self.resolution is None and not self.images
        return first and len(dims) == 3 and (sides[0] is None or _whole(sides[0]))


class Config(Fields):
    """A layer's config; `raw`, `truth` and `flag` know how Keras writes arrays and flags."""

    def raw(self, key: str) -> Any:
        """The value as the file has it; for a numpy array its numbers, for a list of one float that float."""
        value: Any = self.given.get(key)
        if isinstance(value, dict) and isinstance(value.get("config"), dict):
            value = value["config"].get("value", value)
        one = isinstance(value, list) and len(value) == 1 and value[0].__class__ is float
        return value[0] if one else value

    def truth(self, value: Any) -> bool | None:
        """Any number other than 0 is true."""
        return bool(value) if value.__class__ in (bool, int, float) else None

    def flag(self, key: str, default: Any = MISSING) -> bool:
        """True or false; null is false."""
        return super().flag(key, False if key in self.given else default)


class Arguments(NamedTuple):
    """What a layer is called with."""

    tensors: list[Tensor]
    args: list[Any]  # all that stands in its place, tensors among it
    kwargs: dict[str, Any]
    shapes: list[Any]  # of its outputs, as later calls give them


class Call(Config, KitCall):
    """One call of one layer: its config, its name, and what it is called with."""

    net: Net

    def __init__(self, net: Net, type_: str, name: str, config: dict[str, Any], arguments: Arguments) -> None:
        super().__init__(net, type_, name[:2200], arguments.tensors, config)
        self.tensors, self.args, self.kwargs, self.shapes = arguments
        self.recognised = False  # whether it is a function, or a layer that can be costed
        net.place, net.shared = self.name[:180], name in net.called
        net.called.add(name)

    @property
    def x(self) -> Tensor:
        """The input of a layer that has only one."""
        if len(self.tensors) != 1:
            raise self.fault(f"{self.type} is called with one tensor, not {len(self.tensors)}")
        return self.tensors[0]

    def mapped(self, op: Op, *tensors: Tensor, part: str = "", flat: bool = False) -> Tensor:
        """Add a node, and return its map as a tensor with the axes of the first input.

        flat: only the channels are left, behind the batch.
        """
        rank, c = (2, 1) if flat else (len(tensors[0].dims), tensors[0].c)
        y = self.add(op, *tensors, dims=(), c=c, part=part)
        *places, channels = self.net.shape(y)
        dims = [1, *[1] * (rank - 2 - len(places)), *places[: rank - 2]]  # a pooled volume is a vector
        dims.insert(c, channels)
        return y._replace(dims=tuple(dims))

    def seen(self, t: Tensor, c: int, part: str = "layout") -> Tensor:
        """The tensor with axis `c` as its channels; `part` names the layer that this may need."""
        return self.net.seen(t, c, self.name, part=part)

    def along(self, t: Tensor, dims: Dims, part: str = "axes") -> Tensor:
        """The same numbers with other axes, some axes of 1 added or removed."""
        return self.seen(t._replace(dims=dims), self.net.channels_of(len(dims)), part)

    def weighs(self) -> bool:
        """Whether the layer may have weights or products, which a tail that counts 0 must not have.

        A custom class may have weights that its config does not show, unless its name is that of a class
        that chooses boxes.
        """
        if PRODUCTS.search(self.type) or any(
            str(key).startswith(("units", "filters", "kernel")) for key in self.given
        ):
            return True
        return bool(WEIGHING.search(self.type)) if self.recognised else not DECODES.search(self.type)

    def tail(self, type_: str) -> Tensor:
        """Add an op of the file's tail, which counts 0."""
        refs = [self.net.folded(t, self.name).ref for t in self.tensors]
        ref = self.net.layers.tail(type_, self.name, *refs)
        return Tensor(ref, (1, 1), 1)

    def unknown(self, type_: str = "") -> Tensor:
        """Add an op that cannot be costed; its output has the shape that later calls give, or its input's."""
        if not self.weighs() and self.net.may_end(self.type, self.tensors):
            return self.tail(type_ or self.type)
        dims = self.tensors[0].dims if self.tensors else (1, 1)
        asked = self.net.settings.resolution or self.net.settings.rho
        shape = self.shapes[0] if self.shapes and not asked else None
        if isinstance(shape, list) and 1 <= len(shape) <= MOST_AXES and all(map(_whole, shape[1:])):
            dims = (1, *shape[1:])
        c = self.net.channels_of(len(dims))
        refs = [self.net.folded(t, self.name).ref for t in self.tensors]
        ref = self.net.layers.unknown(type_ or self.type, self.name, *refs, shape=view(dims, c))
        return Tensor(ref, dims, c)
