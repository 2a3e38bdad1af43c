"""In what order are a Keras model's layers called? Functional and Sequential models, models within models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Any

from ...engine.graph import MOST_LAYERS, Origin
from ...errors import SpecError, nearest
from ...records import NamedTuple
from ..kit.tensors import NotKnown, Tensor, Value
from .layers import STEPWISE
from .net import Arguments, Call, Net
from .operations import convert
from .recurrent import inner_of
from .steps import at_every_step

DEEPEST = 40  # models within models
SHAPES = (
    "batch_shape",
    "batch_input_shape",
    "build_input_shape",
)  # keys of an input's shape, the batch first
MODELS = ("Functional", "Model", "Sequential")
FUNCTIONAL = ("layers", "input_layers", "output_layers")


def class_name_of(layer: dict[str, Any], net: Net, place: str) -> str:
    """The name of a layer's class, without its package."""
    name = layer.get("class_name")
    if not isinstance(name, str) or not name:
        raise net.layers.fault("must have 'class_name'", place)
    return name.rsplit(">", 1)[-1][:200]


def first_channels(config: Any) -> bool:
    """Whether any layer puts the channels first; an input does not say which of its axes is the channels."""
    todo = [config]
    while todo:
        here = todo.pop()
        if isinstance(here, dict):
            if here.get("data_format") == "channels_first":
                return True
            todo += here.values()
        elif isinstance(here, list):
            todo += here
    return False


def is_model(layer: dict[str, Any]) -> bool:
    """Whether this is a model whose config holds its layers, as that of a custom functional model does."""
    config = layer.get("config")
    functional = isinstance(config, dict) and all(
        isinstance(config.get(key), (list, dict)) for key in FUNCTIONAL
    )
    return functional or str(layer.get("class_name")).rsplit(">", 1)[-1] in MODELS


def given_input(layer: Any, depth: int = 0) -> Any:
    """The shape of a layer's input, batch first, or None; for a model, that of its innermost first layer."""
    if not isinstance(layer, dict):
        return None
    config = layer.get("config") if depth <= DEEPEST else None
    if isinstance(config, dict):
        for key in SHAPES:
            if config.get(key):
                return config[key]
        if isinstance(config.get("input_shape"), list):
            return [None, *config["input_shape"]]
    built = layer.get("build_config")
    found = given_input(_first_layer(config), depth + 1)
    return found or (built.get("input_shape") if isinstance(built, dict) else None)


def _first_layer(config: Any) -> Any:
    """The layer of a model that takes its first input; if that is not known, the first in its list."""
    layers = config.get("layers") if isinstance(config, dict) else config
    if not isinstance(layers, list) or not layers:
        return None
    first = next(_links(config.get("input_layers")), None) if isinstance(config, dict) else None
    named = (x for x in layers if isinstance(x, dict) and first and x.get("name") == first.layer)
    return next(named, layers[0])


class Link(NamedTuple):
    """The output of a layer's call: which layer, which of its calls, which of the call's outputs."""

    layer: str
    call: int
    output: int


class Step(NamedTuple):
    """One call of a layer: which layer, the call's number, and its arguments, with links for tensors."""

    layer: str
    call: int
    args: list[Any]
    kwargs: dict[str, Any]

    @property
    def links(self) -> list[Link]:
        """What the call reads."""
        return list(_links([self.args, list(self.kwargs.values())]))


Table = dict[str, Any]


class Model:
    """A model of the file: the whole one, or one that is a layer of another.

    prefix: what the names of its layers begin with, such as "head/"; empty for the whole model.
    seen: whether viewers find its layers by their names; else only what calls it.
    """

    def __init__(self, net: Net, config: Any, prefix: str = "", depth: int = 0, seen: bool = True) -> None:
        self.net, self.prefix, self.depth, self.seen = net, prefix, depth, seen
        self.place = f"model {prefix[:-1][:80]!r}" if prefix else "model"
        if depth > DEEPEST:
            raise self.fault(f"models are nested deeper than {DEEPEST}")
        # the first Keras 2 wrote a Sequential as a list
        self.config: Table = {"layers": config} if isinstance(config, list) else config
        if not isinstance(self.config, dict) or not isinstance(self.config.get("layers"), list):
            raise self.fault("must have a list of 'layers'")
        self.layers: list[Table] = self.config["layers"]
        if len(self.layers) > MOST_LAYERS or not all(isinstance(x, dict) for x in self.layers):
            raise self.fault(f"its layers must be tables, at most {MOST_LAYERS:,}")

    def fault(self, message: str, layer: str = "", hint: str = "") -> SpecError:
        """Make the error for a mistake in this model, at one of its layers if given."""
        return self.net.layers.fault(message, f"layer {layer[:80]!r}" if layer else self.place, hint)

    def run(self, class_name: str, inputs: list[Tensor] | None) -> list[Value]:
        """Add the model's layers and return its outputs; `inputs` are for a model that is a layer."""
        if class_name == "Sequential":
            return [self.sequential(inputs)]
        return Functional(self.net, self.config, self.prefix, self.depth, self.seen).outputs(inputs)

    def call(self, layer: Table, name: str, arguments: Arguments, again: str = "") -> list[Value]:
        """Call one layer; again: behind its name in a viewer, where it is called more than once."""
        layers, outer = self.net.layers, self.net.layers.origins
        own = layer.get("config")
        shown = own.get("name") if isinstance(own, dict) else None
        if self.seen and isinstance(shown, str) and shown and "\n" not in shown:
            layers.origins = (Origin("node", f"{self.prefix}{shown}{again}"), *outer)
        try:
            return self.called(layer, name, arguments, bool(again))
        finally:
            layers.origins = outer

    def called(self, layer: Table, name: str, arguments: Arguments, again: bool) -> list[Value]:
        """What a layer gives that is called; again: it is called more than once."""
        self.net.calls += 1
        if self.net.calls > MOST_LAYERS:
            raise self.net.fault(f"more than {MOST_LAYERS:,} calls of layers")
        full, config = f"{self.prefix}{name}", layer.get("config")
        class_name = class_name_of(layer, self.net, f"layer {full[:80]!r}")
        if is_model(layer):
            inner = Model(self.net, config, f"{full[:2000]}/", self.depth + 1, self.seen and not again)
            outputs = inner.run(class_name, arguments.tensors)
            if not outputs:
                raise inner.fault("has no outputs")
            return outputs
        if not isinstance(config, dict):
            raise self.net.fault("must have a config, a table of its arguments", full)
        module = layer.get("module")
        call = Call(self.net, class_name, full, config, arguments)
        if class_name == "TimeDistributed" and not self.net.behind_tail(arguments.tensors):
            return self.stepwise(call, name)
        return convert(call, module if isinstance(module, str) else "")

    def stepwise(self, call: Call, name: str) -> list[Value]:
        """Call a layer, or a model, at every step; one that works at every position alike is called once."""
        inner: Any = call.given.get("layer")
        class_name, config = inner_of(call, inner)
        if class_name in STEPWISE or not call.tensors:
            return convert(call, "")
        inner_name = str(config.get("name") or class_name)[:200]

        def run(step: Tensor) -> list[Value]:
            return self.called(inner, f"{name}/{inner_name}", Arguments([step], [step], {}, []), True)

        try:
            return at_every_step(call, run)
        except NotKnown:
            return [call.unknown()]

    def sequential(self, inputs: list[Tensor] | None) -> Tensor:
        """Call the layers one behind another."""
        x = inputs[0] if inputs else None
        for n, layer in enumerate(self.layers, 1):
            config = layer.get("config")
            inner = config if isinstance(config, dict) else {}
            name = str(inner.get("name") or layer.get("name") or f"layer {n}")
            first = layer.get("class_name") == "InputLayer"
            if x is None:
                shape = given_input(layer) or self.config.get("build_input_shape")
                x = self.net.input(name if first else "input", shape)
            if first:
                continue
            y = self.call(layer, name, Arguments([x], [x], {}, []))[0]
            if not isinstance(y, Tensor):
                raise self.fault("gives numbers of shapes, which no layer takes", f"{self.prefix}{name}")
            x = y
        if x is None:
            raise self.net.layers.fault("has no layers", self.place if self.prefix else "")
        return x


class Functional(Model):
    """A model whose layers name the outputs that they read."""

    def __init__(self, net: Net, config: Any, prefix: str = "", depth: int = 0, seen: bool = True) -> None:
        super().__init__(net, config, prefix, depth, seen)
        self.named: dict[str, Table] = {}
        for n, layer in enumerate(self.layers, 1):
            inner = layer.get("config")
            name = layer.get("name") or (inner.get("name") if isinstance(inner, dict) else None)
            if not isinstance(name, str) or not name:
                raise self.fault(f"layer {n} has no name")
            if name in self.named:
                raise self.fault(f"two layers are called '{name[:80]}'")
            self.named[name] = layer
        self.done: dict[tuple[str, int], list[Value]] = {}
        self.shapes: dict[Link, Any] = {}  # of outputs, as the calls that read them give them

    def outputs(self, inputs: list[Tensor] | None) -> list[Value]:
        """Call every layer, and return what the model gives."""
        self.bind(inputs)
        steps = self.numbered([step for name in self.named for step in self.steps(name)])
        self.run_steps(steps)
        links = list(_links(self.config.get("output_layers")))
        for link in links:
            if (link.layer, link.call) not in self.done:
                raise self.fault(f"its output '{link.layer[:80]}' is not there", hint=self.like(link.layer))
        return [self.output(link) for link in links]

    def bind(self, inputs: list[Tensor] | None) -> None:
        """Give the layers that nothing calls, the model's inputs, their tensors."""
        names = [link.layer for link in _links(self.config.get("input_layers"))]
        bound = dict(zip(names, inputs or (), strict=False))
        for name, layer in self.named.items():
            config = layer.get("config")
            if layer.get("inbound_nodes"):
                continue
            if name in bound:
                self.done[name, 0] = [bound[name]]
            elif layer.get("class_name") == "InputLayer" and isinstance(config, dict):
                if inputs is not None:
                    raise self.fault(f"it is called without its input '{name[:80]}'")
                shape = config.get("batch_shape") or config.get("batch_input_shape")
                self.done[name, 0] = [self.net.input(f"{self.prefix}{name}", shape)]

    def steps(self, name: str) -> Iterator[Step]:
        """The calls of a layer."""
        nodes = self.named[name].get("inbound_nodes") or []
        if not isinstance(nodes, list) or len(nodes) > MOST_LAYERS:
            raise self.fault("'inbound_nodes' must be a list", name)
        for k, node in enumerate(nodes):
            arguments = _arguments(node, self.named, self.shapes)
            if arguments is None:
                raise self.fault(f"call {k + 1} is written in no known dialect", name)
            yield Step(name, k, *arguments)

    def numbered(self, steps: list[Step]) -> list[Step]:
        """The calls with the numbers that links use.

        Building a nested model is its call number 0, which Keras does not save, though links to its later
        calls count it. Source: Keras, functional.py, get_config.
        """
        last: dict[str, int] = {}
        for links in (*(step.links for step in steps), _links(self.config.get("output_layers"))):
            for link in links:
                last[link.layer] = max(last.get(link.layer, 0), link.call)
        saved = Counter(step.layer for step in steps)
        skipped = {name for name in saved if last.get(name) == saved[name] and is_model(self.named[name])}
        return [step._replace(call=step.call + (step.layer in skipped)) for step in steps]

    def run_steps(self, steps: list[Step]) -> None:
        """Call layers as soon as what they read is there, in the file's order where there is a choice."""
        missing, waiting = self.waits(steps)
        ready = [n for n, count in enumerate(missing) if not count]
        heapify(ready)
        finished = 0
        times = Counter(step.layer for step in steps)
        shapes: dict[tuple[str, int], list[Any]] = {}
        for link, shape in self.shapes.items():
            shapes.setdefault((link.layer, link.call), []).append(shape)
        while ready:
            step = steps[heappop(ready)]
            finished += 1
            key = step.layer, step.call
            again = f"[{step.call}]" if times[step.layer] > 1 else ""
            self.done[key] = self.call(
                self.named[step.layer], step.layer, self.arguments(step, shapes.get(key, [])), again
            )
            for later in waiting.get(key, []):
                missing[later] -= 1
                if not missing[later]:
                    heappush(ready, later)
        if finished < len(steps):
            stuck = next(steps[n].layer for n, count in enumerate(missing) if count)
            raise self.fault("reads what depends on itself: the layers form a cycle", stuck)

    def waits(self, steps: list[Step]) -> tuple[list[int], dict[tuple[str, int], list[int]]]:
        """For each call, how many calls it waits for; for each call by name and number, which wait for it."""
        there = {(step.layer, step.call) for step in steps}
        missing, waiting = [0] * len(steps), dict[tuple[str, int], list[int]]()
        for n, step in enumerate(steps):
            for link in set(step.links):
                key = link.layer, link.call
                if key in self.done:
                    continue
                if key not in there:
                    what = f"reads call {link.call + 1} of '{link.layer[:80]}', which is not there"
                    raise self.fault(what, step.layer, self.like(link.layer))
                waiting.setdefault(key, []).append(n)
                missing[n] += 1
        return missing, waiting

    def arguments(self, step: Step, shapes: list[Any]) -> Arguments:
        """The arguments of a call, with tensors in the place of links."""

        def read(value: Any) -> Any:
            if isinstance(value, Link):
                return self.output(value)
            if isinstance(value, list):
                return [read(v) for v in value]
            return {k: read(v) for k, v in value.items()} if isinstance(value, dict) else value

        values = [self.output(link) for link in step.links]
        if not values and not step.args:
            raise self.fault("is called with no tensor", step.layer)
        tensors = [v for v in values if isinstance(v, Tensor)]
        return Arguments(tensors, read(step.args), read(step.kwargs), shapes)

    def output(self, link: Link) -> Value:
        """The value that a link refers to: one output of one call of a layer."""
        values = self.done[link.layer, link.call]
        return values[min(max(link.output, 0), len(values) - 1)]

    def like(self, name: str) -> str:
        """A hint with the nearest name, if no layer has this one."""
        like = nearest(name, list(self.named)[:2000]) if name not in self.named else None
        return f"did you mean '{like}'?" if like else ""


def _links(value: Any) -> Iterator[Link]:
    """The links in a value, however nested: ["a", 0, 0], [["a", 0, 0], ...] or {"x": ["a", 0, 0]}."""
    if isinstance(value, Link):
        yield value
    elif isinstance(value, (dict, list)):
        keras3 = isinstance(value, dict) and value.get("class_name") == "__keras_tensor__"
        link = _keras3(value) if isinstance(value, dict) else _keras2(value)
        if link:
            yield link
        elif not keras3:
            for inner in value.values() if isinstance(value, dict) else value:
                yield from _links(inner)


def _keras3(value: Table) -> Link | None:
    config = value.get("config") if value.get("class_name") == "__keras_tensor__" else None
    history = config.get("keras_history") if isinstance(config, dict) else None
    return _keras2(history) if isinstance(history, list) else None


def _keras2(value: list[Any]) -> Link | None:
    if len(value) not in (3, 4) or not isinstance(value[0], str):
        return None
    layer, call, output = value[:3]
    if call.__class__ is not int or output.__class__ is not int or call < 0:
        return None
    return Link(layer, call, output)


def _arguments(node: Any, known: Table, shapes: dict[Link, Any]) -> tuple[list[Any], Table] | None:
    """The arguments of one call as Keras 3 or Keras 2 writes them; None if it is neither."""
    if isinstance(node, dict) and isinstance(node.get("args"), list):
        kwargs = _linked3(node.get("kwargs") or {}, shapes)
        return _linked3(node["args"], shapes), kwargs if isinstance(kwargs, dict) else {}
    if isinstance(node, dict):
        node = list(node.values())
    if not isinstance(node, list):
        return None
    args: list[Any] = []
    kwargs = {}
    for entry in [node] if node and isinstance(node[0], str) else node:
        if not isinstance(entry, list) or len(entry) < 3:
            return None
        constant = entry[0] == "_CONSTANT_VALUE"
        arg = entry[2] if constant else _keras2(entry[:3])
        if arg is None and not constant:
            return None
        args.append(arg)
        if len(entry) > 3 and isinstance(entry[3], dict):
            kwargs.update(entry[3])
    return args, {k: _linked2(v, known) for k, v in kwargs.items()}


def _linked3(value: Any, shapes: dict[Link, Any]) -> Any:
    """An argument of Keras 3, with links in the place of what the file writes for tensors."""
    if isinstance(value, list):
        return [_linked3(v, shapes) for v in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") != "__keras_tensor__":
        return {k: _linked3(v, shapes) for k, v in value.items()}
    link = _keras3(value)
    if link:
        shapes.setdefault(link, value["config"].get("shape"))
    return link


def _linked2(value: Any, known: Table) -> Any:
    """A keyword argument of Keras 2, with links in the place of tensors."""
    if isinstance(value, list):
        link = _keras2(value)
        return link if link and link.layer in known else [_linked2(v, known) for v in value]
    return {k: _linked2(v, known) for k, v in value.items()} if isinstance(value, dict) else value
