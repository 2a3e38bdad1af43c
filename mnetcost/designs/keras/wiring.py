"""In what order are a Keras model's layers called? Functional and Sequential models, models within models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from ...engine.graph import MOST_LAYERS
from ...errors import nearest
from .net import DEEPEST, Call, Link, Net, Tensor, Value
from .operations import lay

if TYPE_CHECKING:
    pass


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
    # the first Keras 2 wrote a Sequential as a list
    config = {"layers": said} if isinstance(said, list) else said
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
