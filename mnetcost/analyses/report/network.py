"""How is a network connected? Its layers or blocks as boxes, with shapes and costs, and the edges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...engine.graph import Node
from ...engine.ops.op import traits
from ..charts import Box, Network
from .groups import block_of

KINDS = {
    "convolutions": "convolution",
    "volumes": "convolution",
    "recurrent": "dense",
    "pools": "pool",
    "joins": "join",
}
"""The kind of work of the ops in each module of `engine/ops/`; others are "other"."""


MOST_BEHIND = 5000  # groups that are looked at to find whether one reads another
MOST_BOXES = 300
"""More layers than these, without attached ones, are drawn as blocks unless layers are asked for."""


def network(
    design: Design, costs: Costs, convention: Convention, by: str = "layer", depth: int | None = None
) -> Network:
    """The graph of a design; by: "layer" or "block", depth: of the blocks' paths, as in a report.

    The counts of all boxes add up to those of the design. A block that is left and entered again, by way of
    another block, is a box for each time, so that no edge leads back.
    """
    return next(networks(design, costs, convention, by, depth))


def networks(
    design: Design, costs: Costs, convention: Convention, by: str = "layer", depth: int | None = None
) -> Iterator[Network]:
    """The graph of a design as it is asked for, then with larger and larger blocks; see `network`."""
    whole = _by_layer(design, costs, convention)
    depths = [depth, *([1] if depth != 1 else [])] if by == "block" else [None, 1]
    if by != "block":
        yield whole
    for levels in depths:
        yield folded(whole, _keys(costs, block_of(levels)))


def drawable(
    design: Design, costs: Costs, convention: Convention, by: str | None, depth: int | None = None
) -> Network:
    """The graph of a design for a picture: its layers where `by` is None and they are not too many."""
    ways = networks(design, costs, convention, by or "layer", depth)
    first = next(ways)
    if by is None and sum(not box.attached for box in first.boxes) > MOST_BOXES:
        return next(ways)._replace(note="too many to draw one by one (--by layer)")
    return first


def _keys(costs: Costs, key: Callable[[LayerCost], str]) -> list[str]:
    """The block of each node; inputs are blocks of their own."""
    found = {layer.name: key(layer) for layer in costs.layers}
    return [found.get(node.name, node.name) for node in costs.graph.nodes]


def _by_layer(design: Design, costs: Costs, convention: Convention) -> Network:
    nodes, layers = costs.graph.nodes, {layer.name: layer for layer in costs.layers}
    readers = [0] * len(nodes)
    for node in nodes:
        for ref in set(node.inputs):
            readers[ref] += 1
    boxes = [
        _box(node, layers.get(node.name), convention, costs)._replace(
            attached=_attached(node, costs, readers)
        )
        for node in nodes
    ]
    edges = tuple((ref, n) for n, node in enumerate(nodes) for ref in dict.fromkeys(node.inputs))
    title = f"{design.heading}: graph"
    return _summed(Network(title, "", convention.unit, tuple(boxes), edges), design.heading)


def _box(node: Node, layer: LayerCost | None, convention: Convention, costs: Costs) -> Box:
    word = layer.word if layer else traits(node.op).label
    x = costs.graph.inputs(node)
    return Box(
        node.name,
        word,
        _kind(node, word),
        tuple(tuple(s) for s in x),
        (tuple(node.output),),
        convention.count_params(layer.params) if layer else 0,
        convention.madds(layer.work) if layer else 0,
        _sides(getattr(node.op, "kernel", None), x),
        _sides(getattr(node.op, "stride", None), x),
        str(getattr(node.op, "function", "") or getattr(node.op, "type", "")),
        node.place,
        origins=tuple((origin.kind, origin.key) for origin in node.origins),
    )


def _kind(node: Node, word: str) -> str:
    """What a layer does, a key of `OP_KINDS`."""
    if "pool" in word:
        return "pool"
    if word.startswith("depthwise"):
        return "depthwise"
    if word in ("dense", "matmul"):
        return "dense"
    return KINDS.get(node.op.__class__.__module__.rpartition(".")[2], "other")


def _sides(size: Any, x: tuple[Any, ...]) -> tuple[int, ...]:
    if not isinstance(size, int | tuple):
        return ()
    return size if isinstance(size, tuple) else (size,) * len(x[0].places if x else (0, 0))


def _attached(node: Node, costs: Costs, readers: list[int]) -> bool:
    """Does it change only the numbers of the layer before, which nothing else reads?"""
    if len(node.inputs) != 1 or traits(node.op).writes or readers[node.inputs[0]] != 1:
        return False
    before = costs.graph.nodes[node.inputs[0]]
    return bool(before.inputs) and before.output == node.output


def folded(whole: Network, keys: list[str]) -> Network:
    """The network with the boxes of each key as one; keys: one for each box."""
    inputs: list[list[int]] = [[] for _ in whole.boxes]
    for a, b in whole.edges:
        inputs[b].append(a)
    fold = Fold()
    for key, into in zip(keys, inputs, strict=True):
        fold.add(key, [fold.of[a] for a in into])
    place = fold.places()
    of = [place[group] for group in fold.of]
    members: list[list[int]] = [[] for _ in place]
    for n, group in enumerate(of):
        members[group].append(n)
    reads: list[dict[int, None]] = [{} for _ in place]
    ends: list[dict[int, None]] = [{} for _ in place]
    for a, b in whole.edges:
        if of[a] != of[b]:
            reads[of[b]][a] = ends[of[a]][a] = None
    for n in set(range(len(of))).difference(a for a, _ in whole.edges):
        ends[of[n]][n] = None
    names = dict(zip(place, fold.names, strict=True))
    boxes = [
        _together(whole, names[g], inside, list(reads[g]), sorted(ends[g]))
        for g, inside in enumerate(members)
    ]
    edges = tuple(dict.fromkeys((of[a], of[b]) for a, b in whole.edges if of[a] != of[b]))
    return whole._replace(boxes=tuple(boxes), edges=edges, folded=True)


class Fold:
    """Puts boxes into groups by their keys, one after another, so that no group reads what reads it."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.of: list[int] = []  # the group of each box
        self.now: dict[str, int] = {}  # the latest group of each key
        self.times: dict[str, int] = {}
        self.reads: list[set[int]] = []

    def add(self, key: str, groups: list[int]) -> int:
        """The group of the next box, which reads boxes of these groups."""
        at = self.now.get(key)
        if at is None or any(g != at and g not in self.reads[at] and self.behind(g, at) for g in groups):
            self.times[key] = self.times.get(key, 0) + 1
            at = self.now[key] = len(self.names)
            self.names.append(key if self.times[key] == 1 else f"{key} ({self.times[key]})")
            self.reads.append(set())
        self.reads[at].update(g for g in groups if g != at)
        self.of.append(at)
        return at

    def places(self) -> list[int]:
        """The place of each group in an order in which all stand behind what they read."""
        missing, readers = [len(of) for of in self.reads], [list[int]() for _ in self.reads]
        for group, of in enumerate(self.reads):
            for before in of:
                readers[before].append(group)
        ready = [group for group, count in enumerate(missing) if not count]
        places = [0] * len(missing)
        for place in range(len(missing)):
            group = heappop(ready)
            places[group] = place
            for reader in readers[group]:
                missing[reader] -= 1
                if not missing[reader]:
                    heappush(ready, reader)
        return places

    def behind(self, group: int, other: int) -> bool:
        """Does a group read another one, directly or by others? It may, where too many are in between."""
        todo, seen = [group], {group}
        while todo:
            if len(seen) > MOST_BEHIND:
                return True
            for g in self.reads[todo.pop()]:
                if g == other:
                    return True
                if g not in seen:
                    seen.add(g)
                    todo.append(g)
        return False


def _together(whole: Network, name: str, inside: list[int], reads: list[int], ends: list[int]) -> Box:
    """One box for several, which read these others, and of which these are read."""
    boxes = [whole.boxes[n] for n in inside]
    if len(boxes) == 1:
        return boxes[0]._replace(name=name, attached=False)
    return Box(
        name,
        "",
        "block",
        tuple(shape for n in reads for shape in whole.boxes[n].gives),
        tuple(shape for n in ends for shape in whole.boxes[n].gives),
        sum(box.params for box in boxes),
        sum(box.madds for box in boxes),
        block=name,
        layers=sum(box.layers for box in boxes),
        origins=tuple(dict.fromkeys(o for box in boxes for o in box.origins)),
    )


def _summed(net: Network, heading: str) -> Network:
    """The network with a sentence on how large it is and what it costs."""
    params, madds = sum(b.params for b in net.boxes), sum(b.madds for b in net.boxes)
    most = max(net.boxes, key=lambda b: b.madds)
    about = (
        f"{heading}: {len(net.boxes):,} layers and {len(net.edges):,} edges, {params:,} params,"
        f" {madds:,} {net.unit}."
    )
    if most.madds:
        about += f" Most {net.unit}: {most.name}, {most.madds:,}."
    return net._replace(about=about)
