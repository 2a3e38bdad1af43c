"""How are a Keras model's layers connected, and what is each called with?

Both dialects, models within models, calls in order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ...engine.graph import MOST_LAYERS, Ref
from ...engine.moves import Reshape
from ...engine.ops import Op
from ...engine.shapes import Shape
from ...errors import CallError, Fault, SpecError, nearest
from ..layers import LARGEST_DIMENSION, PRODUCTS, Layers

if TYPE_CHECKING:
    from .. import Settings

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
            from ..tensors import sequence_size

            at_length = layout.index("h")
            if (length := axes[at_length]) is None or _whole(length):
                self.resolution, self.own = sequence_size(self.file, name, length or 0, self.settings)
                axes = list(axes)
                axes[at_length] = self.resolution[0]
        if len(axes) == 3 and self.resolution is None:
            from .. import sized

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


def class_name_of(said: dict[str, Any], net: Net, place: str) -> str:
    name = said.get("class_name")
    if not isinstance(name, str) or not name:
        raise net.fault("must say its 'class_name'", place)
    return name.rsplit(">", 1)[-1][:200]


def first_channels(said: Any) -> bool:
    """Does any layer put the channels first? An input does not say how its axes are meant."""
    todo = [said]
    while todo:
        here = todo.pop()
        if isinstance(here, dict):
            if here.get("data_format") == "channels_first":
                return True
            todo += here.values()
        elif isinstance(here, list):
            todo += here
    return False


MODELS = ("Functional", "Model", "Sequential")


def is_model(said: dict[str, Any]) -> bool:
    """Is this a model whose config holds its layers?

    A class of a user's that is built as a functional model has them too.
    """
    config = said.get("config")
    functional = isinstance(config, dict) and all(
        isinstance(config.get(key), (list, dict)) for key in FUNCTIONAL
    )
    return functional or str(said.get("class_name")).rsplit(">", 1)[-1] in MODELS


FUNCTIONAL = ("layers", "input_layers", "output_layers")


def given_input(layer: Any, depth: int = 0) -> Any:
    """The shape of a layer's input, the batch first, if it says one; a model's is the one that its
    innermost first layer says.
    """
    config = layer.get("config") if isinstance(layer, dict) and depth <= DEEPEST else None
    layers = (
        config if isinstance(config, list) else config.get("layers") if isinstance(config, dict) else None
    )
    if isinstance(config, dict):
        for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
            if config.get(key):
                return config[key]
        if isinstance(config.get("input_shape"), list):
            return [None, *config["input_shape"]]
    if isinstance(layers, list) and layers:
        first = (
            [link.layer for link in _links(config.get("input_layers"))] if isinstance(config, dict) else []
        )
        named = next(
            (x for x in layers if isinstance(x, dict) and first and x.get("name") == first[0]), layers[0]
        )
        found = given_input(named, depth + 1)
        if found:
            return found
    built = layer.get("build_config") if isinstance(layer, dict) else None
    return built.get("input_shape") if isinstance(built, dict) else None


def run(
    net: Net, class_name: str, said: Any, inputs: list[Tensor] | None, prefix: str, depth: int = 0
) -> list[Value]:
    """Lay out a model, on tensors where it is called as a layer of another, and return its outputs."""
    place = f"model {prefix[:-1][:80]!r}" if prefix else "model"
    if depth > DEEPEST:
        raise net.fault(f"models are nested deeper than {DEEPEST}", place)
    config = (
        {"layers": said} if isinstance(said, list) else said
    )  # the first Keras 2 wrote a Sequential as a list
    if not isinstance(config, dict) or not isinstance(config.get("layers"), list):
        raise net.fault("must have a list of 'layers'", place)
    layers = config["layers"]
    if len(layers) > MOST_LAYERS or not all(isinstance(x, dict) for x in layers):
        raise net.fault(f"its layers must be tables, at most {MOST_LAYERS:,}", place)
    if class_name == "Sequential":
        return _sequential(net, config, layers, inputs, prefix, depth)
    return _functional(net, config, layers, inputs, prefix, depth, place)


def _apply(
    net: Net,
    layer: dict[str, Any],
    name: str,
    prefix: str,
    tensors: list[Tensor],
    args: list[Any],
    kwargs: Any,
    shapes: list[Any],
    depth: int,
) -> list[Value]:
    """Call one layer."""
    from .operations import lay

    net.calls += 1
    if net.calls > MOST_LAYERS:
        raise net.fault(f"more than {MOST_LAYERS:,} calls of layers")
    full = f"{prefix}{name}"
    class_name = class_name_of(layer, net, f"layer {full[:80]!r}")
    if is_model(layer):
        return run(net, class_name, layer.get("config"), tensors, f"{full[:2000]}/", depth + 1)
    call = Call(net, class_name, layer.get("config"), full[:2200], full, tensors, args, kwargs)
    call.shapes = shapes
    module = layer.get("module")
    return lay(call, module if isinstance(module, str) else "")


def _sequential(
    net: Net,
    config: dict[str, Any],
    layers: list[dict[str, Any]],
    inputs: list[Tensor] | None,
    prefix: str,
    depth: int,
) -> list[Value]:
    x = inputs[0] if inputs else None
    for n, layer in enumerate(layers):
        inner = layer.get("config")
        inner = inner if isinstance(inner, dict) else {}
        name = str(inner.get("name") or layer.get("name") or f"layer {n + 1}")
        if x is None:
            input_name = name if layer.get("class_name") == "InputLayer" else "input"
            x = net.input(input_name, given_input(layer) or config.get("build_input_shape"))
        if layer.get("class_name") == "InputLayer":
            continue
        out = _apply(net, layer, name, prefix, [x], [x], {}, [], depth)[0]
        if not isinstance(out, Tensor):
            raise net.fault("gives numbers of shapes, which no layer takes", f"layer {prefix}{name[:80]!r}")
        x = out
    if x is None:
        raise net.fault("has no layers", f"model {prefix[:-1][:80]!r}" if prefix else "")
    return [x]


def _links(said: Any) -> Iterator[Link]:
    """The tensors in a list of links, however it is nested: ["a", 0, 0], [["a", 0, 0], ...] or {"x":
    ["a", 0, 0]}.
    """
    if isinstance(said, dict):
        if said.get("class_name") == "__keras_tensor__":
            link = _keras3(said)
            if link:
                yield link
            return
        for value in said.values():
            yield from _links(value)
    elif isinstance(said, list):
        link = _keras2(said)
        if link:
            yield link
        else:
            for value in said:
                yield from _links(value)
    elif isinstance(said, Link):
        yield said


def _keras3(said: dict[str, Any]) -> Link | None:
    config = said.get("config")
    history = config.get("keras_history") if isinstance(config, dict) else None
    return _keras2(history) if isinstance(history, list) else None


def _keras2(said: list[Any]) -> Link | None:
    if (
        len(said) in (3, 4)
        and isinstance(said[0], str)
        and said[1].__class__ is int
        and said[2].__class__ is int
        and said[1] >= 0
    ):
        return Link(said[0], said[1], said[2])
    return None


def _replace(said: Any, shapes: dict[Link, Any]) -> Any:
    """An argument with links in the place of what the file writes for tensors."""
    if isinstance(said, dict):
        if said.get("class_name") == "__keras_tensor__":
            link = _keras3(said)
            if link:
                shapes.setdefault(link, said["config"].get("shape"))
            return link
        return {k: _replace(v, shapes) for k, v in said.items()}
    if isinstance(said, list):
        return [_replace(v, shapes) for v in said]
    return said


def _call(
    node: Any, known: dict[str, int], shapes: dict[Link, Any]
) -> tuple[list[Any], dict[str, Any]] | None:
    """The arguments of one call, in either dialect; None for what is neither."""
    if isinstance(node, dict) and isinstance(node.get("args"), list):  # Keras 3
        kwargs = _replace(node.get("kwargs") or {}, shapes)
        return _replace(node["args"], shapes), kwargs if isinstance(kwargs, dict) else {}
    if isinstance(node, dict):
        node = list(node.values())
    if not isinstance(node, list):
        return None
    entries = [node] if node and isinstance(node[0], str) else node
    args: list[Any] = []
    kwargs = {}
    for entry in entries:
        if not isinstance(entry, list) or len(entry) < 3:
            return None
        if entry[0] == "_CONSTANT_VALUE":
            args.append(entry[2])
        else:
            link = _keras2(entry[:3])
            if link is None:
                return None
            args.append(link)
        if len(entry) > 3 and isinstance(entry[3], dict):
            kwargs.update(entry[3])

    def linked(value: Any) -> Any:  # a tensor given by its argument's name
        if isinstance(value, list):
            link = _keras2(value)
            return link if link and link.layer in known else [linked(v) for v in value]
        return {k: linked(v) for k, v in value.items()} if isinstance(value, dict) else value

    return args, {k: linked(v) for k, v in kwargs.items()}


def _functional(
    net: Net,
    config: dict[str, Any],
    layers: list[dict[str, Any]],
    inputs: list[Tensor] | None,
    prefix: str,
    depth: int,
    place: str,
) -> list[Value]:
    names: dict[str, int] = {}
    for n, layer in enumerate(layers):
        inner = layer.get("config")
        name = layer.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
        if not isinstance(name, str) or not name:
            raise net.fault(f"layer {n + 1} has no name", place)
        if name in names:
            raise net.fault(f"two layers are called '{name[:80]}'", place)
        names[name] = n
    order = list(names)
    bound = (
        dict(zip((link.layer for link in _links(config.get("input_layers"))), inputs, strict=False))
        if inputs is not None
        else {}
    )
    done: dict[tuple[str, int], list[Value]] = {}
    shapes: dict[Link, Any] = {}
    units: list[tuple[str, int, list[Any], dict[str, Any]]] = []
    for name, n in names.items():
        nodes = layers[n].get("inbound_nodes") or []
        if not isinstance(nodes, list) or len(nodes) > MOST_LAYERS:
            raise net.fault("'inbound_nodes' must be a list", f"layer {name[:80]!r}")
        if not nodes:
            if name in bound:
                done[name, 0] = [bound[name]]
            elif layers[n].get("class_name") == "InputLayer" and isinstance(layers[n].get("config"), dict):
                if inputs is not None:
                    raise net.fault(f"it is called without its input '{name[:80]}'", place)
                said = layers[n]["config"]
                done[name, 0] = [
                    net.input(f"{prefix}{name}", said.get("batch_shape") or said.get("batch_input_shape"))
                ]
            continue
        for k, node in enumerate(nodes):
            call = _call(node, names, shapes)
            if call is None:
                raise net.fault(f"call {k + 1} is written in no known dialect", f"layer {name[:80]!r}")
            units.append((name, k, *call))
    units = _counted(units, layers, names, config.get("output_layers"))
    _run_units(net, units, done, layers, names, shapes, prefix, depth)
    outputs: list[Value] = []
    for link in _links(config.get("output_layers")):
        if (link.layer, link.call) not in done:
            like = nearest(link.layer, order)
            raise net.fault(
                f"its output '{link.layer[:80]}' is not there",
                place,
                f"did you mean '{like}'?" if like else "",
            )
        outputs.append(_output(done[link.layer, link.call], link))
    return outputs


def _counted(
    units: list[tuple[str, int, list[Any], dict[str, Any]]],
    layers: list[dict[str, Any]],
    names: dict[str, int],
    outputs: Any,
) -> list[tuple[str, int, list[Any], dict[str, Any]]]:
    """The calls, numbered as links number them.

    A model that was made with an input has a call of its own, number 0, which Keras does not save; links to
    its other calls count it all the same. Source: Keras, functional.py, get_config.
    """
    last: dict[str, int] = {}
    for link in (
        *(link for _, _, args, kwargs in units for link in _links([args, list(kwargs.values())])),
        *_links(outputs),
    ):
        last[link.layer] = max(last.get(link.layer, 0), link.call)
    saved = Counter(name for name, *_ in units)
    skipped = {n for n in saved if last.get(n) == saved[n] and is_model(layers[names[n]])}
    return [(name, k + (name in skipped), args, kwargs) for name, k, args, kwargs in units]


def _output(tensors: list[Value], link: Link) -> Value:
    return tensors[min(max(link.output, 0), len(tensors) - 1)]


def _run_units(
    net: Net,
    units: list[tuple[str, int, list[Any], dict[str, Any]]],
    done: dict[tuple[str, int], list[Value]],
    layers: list[dict[str, Any]],
    names: dict[str, int],
    shapes: dict[Link, Any],
    prefix: str,
    depth: int,
) -> None:
    """Call layers as soon as what they read is there, in the order of the file where there is a choice."""
    waiting: dict[tuple[str, int], list[int]] = {}
    missing = [0] * len(units)
    wanted = [list(_links([args, list(kwargs.values())])) for _, _, args, kwargs in units]
    there = {(name, k) for name, k, _, _ in units}
    for n, (name, _, _, _) in enumerate(units):
        for link in set(wanted[n]):
            key = (link.layer, link.call)
            if key in done:
                continue
            if key not in there:
                like = nearest(link.layer, list(names)[:2000]) if link.layer not in names else None
                what = f"reads call {link.call + 1} of '{link.layer[:80]}', which is not there"
                raise net.fault(what, f"layer {name[:80]!r}", f"did you mean '{like}'?" if like else "")
            waiting.setdefault(key, []).append(n)
            missing[n] += 1
    ready = [n for n, count in enumerate(missing) if not count]
    heapify(ready)
    of_call: dict[tuple[str, int], list[Any]] = {}
    for link, shape in shapes.items():
        of_call.setdefault((link.layer, link.call), []).append(shape)
    finished = 0

    def tensors_for(value: Any) -> Any:
        if isinstance(value, Link):
            return _output(done[value.layer, value.call], value)
        if isinstance(value, list):
            return [tensors_for(v) for v in value]
        return {k: tensors_for(v) for k, v in value.items()} if isinstance(value, dict) else value

    while ready:
        n = heappop(ready)
        finished += 1
        name, k, args, kwargs = units[n]
        values = [_output(done[link.layer, link.call], link) for link in wanted[n]]
        tensors = [v for v in values if isinstance(v, Tensor)]
        if not values and not args:
            raise net.fault("is called with no tensor", f"layer {name[:80]!r}")
        call = tensors_for(args), {key: tensors_for(v) for key, v in kwargs.items()}
        done[name, k] = _apply(
            net, layers[names[name]], name, prefix, tensors, *call, of_call.get((name, k), []), depth
        )
        for later in waiting.get((name, k), []):
            missing[later] -= 1
            if not missing[later]:
                heappush(ready, later)
    if finished < len(units):
        stuck = next(units[n][0] for n, count in enumerate(missing) if count)
        raise net.fault("reads what depends on itself: the layers form a cycle", f"layer {stuck[:80]!r}")
