"""What does a bottleneck hold that is computed in parts, a share of its inner channels at a time?

A filter of a depthwise layer reads one channel, so a block of expansion, depthwise and projection is a sum
over its inner channels, and needs only some of them at a time. Its multiply-adds do not change.
Source: Sandler et al. 2018, MobileNetV2, arXiv 1801.04381, section 5.1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from ...records import NamedTuple
from ..graph import Graph, Node, Ref
from ..num import pair
from ..ops import Add, Conv, DepthwiseConv
from ..ops.op import traits
from .graphs import writer
from .program import Operation, Program, Tensor


class Bottleneck(NamedTuple):
    """A block that can be computed in parts; sizes in numbers.

    input, output: its maps; expanded, filtered: its inner maps, of `inner` channels. Without an expansion the
    input is what is filtered, and `expanded` is 0. shortcut: whether its input is added to its output.
    first, last: the layers it is from and to, in the order of the graph; layers: those that write a map.
    """

    name: str
    input: int
    output: int
    inner: int
    expanded: int
    filtered: int
    shortcut: bool
    source: Ref
    last: Ref
    layers: tuple[Ref, ...]

    def held(self, parts: int, both: bool = False) -> int:
        """Numbers held where the inner channels are computed in so many parts: input, output, and a share of
        the larger inner map; with `both`, of both inner maps.

        As many parts as inner channels hold one channel at a time.
        """
        share = -(-self.inner // parts)
        maps = (self.expanded, self.filtered)
        return self.input + self.output + share * (sum(maps) if both else max(maps)) // self.inner

    @property
    def by_layers(self) -> int:
        """Numbers held layer by layer: the largest input and output, and the shortcut beside them."""
        beside = self.input if self.shortcut else 0
        if not self.expanded:
            return max(self.input + self.filtered, self.filtered + self.output + beside)
        return max(
            self.input + self.expanded,
            self.expanded + self.filtered + beside,
            self.filtered + self.output + beside,
        )


def bottlenecks(graph: Graph) -> tuple[list[Bottleneck], list[str]]:
    """The blocks of a network that can be computed in parts, found by what they do and not by their names;
    and the depthwise layers behind which a gate needs the mean of every channel, so that they cannot.

    A pointwise convolution that widens, a depthwise one, and a pointwise one that narrows again; or the last
    two alone. Norms and activations may stand between.
    """
    readers = Counter(i for node in graph.nodes for i in node.inputs)
    then: dict[Ref, list[Ref]] = {}
    for ref, node in enumerate(graph.nodes):
        for i in node.inputs:
            then.setdefault(i, []).append(ref)
    found, gated = [], []
    taken: set[Ref] = set()
    for ref, node in enumerate(graph.nodes):
        if not _depthwise(graph, node):
            continue
        end = _through(graph, ref, then)
        after = then.get(end, [])
        if len(after) > 1:
            gated.append(node.name)
            continue
        if not after or not _pointwise(graph.nodes[after[0]]):
            continue
        block = _block(graph, ref, after[0], then, readers, taken)
        taken.update(block.layers)
        found.append(block)
    return found, gated


def _block(
    graph: Graph,
    filtering: Ref,
    projecting: Ref,
    then: dict[Ref, list[Ref]],
    readers: Counter[Ref],
    taken: set[Ref],
) -> Bottleneck:
    """The block around a depthwise layer and the projection behind it."""
    nodes = graph.nodes
    source = _back(graph, nodes[filtering].inputs[0], readers)
    layers = [filtering, projecting]
    expanded = 0
    wide, narrow = nodes[source], nodes[projecting].output.c
    if (
        _pointwise(wide)
        and readers[source] == 1
        and source not in taken
        and nodes[wide.inputs[0]].output.c < wide.output.c > narrow
    ):
        layers.insert(0, source)
        expanded = wide.output.elements
        source = wide.inputs[0]
    last = _through(graph, projecting, then)
    after = then.get(last, [])
    shortcut = False
    if len(after) == 1 and isinstance(nodes[after[0]].op, Add):
        others = [i for i in nodes[after[0]].inputs if i != last]
        if others == [source]:
            shortcut, last = True, after[0]
            layers.append(last)
    return Bottleneck(
        nodes[filtering].place if nodes[filtering].place != nodes[filtering].name else nodes[last].name,
        nodes[source].output.elements,
        nodes[last].output.elements,
        nodes[filtering].output.c,
        expanded,
        nodes[filtering].output.elements,
        shortcut,
        source,
        last,
        tuple(layers),
    )


def _depthwise(graph: Graph, node: Node) -> bool:
    """Does each filter of a layer read one channel, and give one?"""
    op: Any = node.op
    if isinstance(op, DepthwiseConv):
        return bool(graph.nodes[node.inputs[0]].output.c == node.output.c)
    if not isinstance(op, Conv):
        return False
    return bool(op.groups == node.output.c == graph.nodes[node.inputs[0]].output.c > 1)


def _pointwise(node: Node) -> bool:
    """Is a layer a convolution of single positions, each output of all channels?"""
    op: Any = node.op
    if not isinstance(op, Conv):
        return False
    return bool(op.groups == 1 and pair(op.kernel) == pair(op.stride) == (1, 1))


def _through(graph: Graph, ref: Ref, then: dict[Ref, list[Ref]]) -> Ref:
    """The last of the norms and activations that only read what a layer gives."""
    while len(then.get(ref, [])) == 1 and not traits(graph.nodes[then[ref][0]].op).writes:
        ref = then[ref][0]
    return ref


def _back(graph: Graph, ref: Ref, readers: Counter[Ref]) -> Ref:
    """The layer whose map norms, activations and zeros before a layer work on."""
    while graph.nodes[ref].inputs and not traits(graph.nodes[ref].op).writes and readers[ref] == 1:
        ref = graph.nodes[ref].inputs[0]
    return ref


def split_program(
    whole: Program, graph: Graph, blocks: Iterable[Bottleneck], parts: int, both: bool
) -> Program | None:
    """The program of a network in which bottlenecks are each one operation, with a share of their inner maps
    held beside; see `Bottleneck.held`.

    whole: the program layer by layer, which calls tensors and operations as the graph calls its layers. None
    where it does not, or where a block is not apart in it.
    """
    tensors = list(whole.tensors)
    number = {tensor.name: n for n, tensor in enumerate(tensors)}
    merged = {graph.nodes[block.layers[-1]].name: block for block in blocks}
    inside = {graph.nodes[ref].name for b in merged.values() for ref in range(b.source + 1, b.last + 1)}
    operations: list[Operation] = []
    for o in whole.operations:
        if (block := merged.pop(o.name, None)) is None:
            operations.append(o)
            continue
        source = number.get(graph.nodes[writer(graph, block.source)].name)
        if source is None:
            return None
        (out, *_) = o.outputs
        share = block.held(parts, both) - block.input - block.output
        inner = Tensor(
            f"{block.name} (inner, in {parts} parts)", (tensors[out].dims[0], share), tensors[out].bits
        )
        tensors.append(inner)
        operations.append(Operation("BOTTLENECK", (source,), (out, len(tensors) - 1), block.name))
    needed = _needed(operations, whole.outputs)
    gone = {*operations} - {*needed}
    if merged or any(o.name not in inside and o.name.rpartition("/")[0] not in inside for o in gone):
        return None
    return Program(tuple(tensors), tuple(needed), whole.inputs, whole.outputs).used()


def _needed(operations: Iterable[Operation], outputs: Iterable[int]) -> list[Operation]:
    """The operations whose outputs are read, in their order."""
    read, found = {*outputs}, []
    for o in reversed([*operations]):
        if not read.isdisjoint(o.outputs):
            read.update(o.inputs)
            found.append(o)
    return found[::-1]
