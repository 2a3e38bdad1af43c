"""What is saved, and what is done twice, where the leading part of a network runs patch by patch?

The output of that part is cut into a grid, and each piece is computed from the piece of the image that it
needs. Neighbours overlap, and what lies in both is computed twice.
Source: Lin et al. 2021, MCUNetV2, arXiv 2110.15352.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ...errors import CallError, Fault
from ...records import NamedTuple
from ..costs import Costs, LayerCost
from ..graph import Graph, Node, Ref
from ..num import pair
from ..ops import Constant, Input
from ..ops.op import traits
from ..receptive import same_zeros
from ..shapes import Volume, sides
from ..terms import MAC_KINDS
from .graphs import writer
from .program import Program


class Span(NamedTuple):
    """Lines of a map along one axis, from `first` up to `end`; zeros around a map are lines outside it."""

    first: int
    end: int

    @property
    def size(self) -> int:
        """How many lines."""
        return self.end - self.first


Needs = dict[Ref, Span]
"""Along one axis, the lines that a patch needs of the map that each layer gives."""


class Pair(NamedTuple):
    """The most numbers that a layer reads and writes; and the same where layers that may work in place do."""

    held: int
    in_place: int


class Patched(NamedTuple):
    """The leading part of a network, up to the layer `over`, run as a grid of (rows, columns) of patches.

    layers: its layers with weights. input_patch: the largest piece of the image that a patch reads, as
    (height, width). madds, done: multiply-adds of the leading part, once and as patches do them; total: of
    the network. output: numbers of the map that the patches write into. patch: what the largest patch holds
    beside it, an input and an output of one layer; rest: of the layers behind. A shortcut that is held beside
    a layer is in neither, as MCUNetV2 counts.
    """

    over: str
    grid: tuple[int, int]
    clipped: bool
    layers: int
    input_patch: tuple[int, int]
    madds: int
    done: int
    total: int
    output: int
    patch: Pair
    rest: Pair
    sizes: Mapping[Ref, tuple[int, int]]  # rows and columns of each map in the largest patch

    def peak(self, in_place: bool = False) -> int:
        """The most numbers held, as MCUNetV2 counts: the output beside a patch, or a layer behind."""
        return max(self.output + self.patch[in_place], self.rest[in_place])

    @property
    def repeated(self) -> int:
        """Multiply-adds that are done more than once."""
        return self.done - self.madds


def cuts(graph: Graph) -> list[Ref]:
    """The layers up to which a network can run in patches: each position sees a part of the image alone, and
    what they give is all that is read behind them.
    """
    last_read = [len(graph.nodes)] * len(graph.nodes)  # what nothing reads is an output, held to the end
    for ref, node in enumerate(graph.nodes):
        for i in node.inputs:
            last_read[i] = ref
    found: list[Ref] = []
    reach = -1
    for ref, node in enumerate(graph.nodes):
        if why_not(graph, node):
            break
        if reach <= ref and not isinstance(node.op, Input) and last_read[ref] < len(graph.nodes):
            found.append(ref)
        reach = max(reach, last_read[ref])
    return found


def ends(graph: Graph) -> list[Ref]:
    """The layers that leading parts end at: of a layer and the norm and activation behind it, the last."""
    last: dict[Ref, Ref] = {writer(graph, ref): ref for ref in cuts(graph)}
    return list(last.values())


def why_not(graph: Graph, node: Node) -> str:
    """Why no patch can pass through a layer; "" where one can."""
    shapes = graph.inputs(node)
    if any(isinstance(x, Volume) for x in (*shapes, node.output)):
        return "works on volumes"
    sees = traits(node.op).sees
    if sees not in NEEDS or (sees == "position" and any(x[:2] != node.output[:2] for x in shapes)):
        return "sees more than a part of the image"
    return ""


def patched(costs: Costs, over: Ref, grid: tuple[int, int], clip: bool = True) -> Patched:
    """Run the layers up to `over` as a grid of patches.

    clip: whether lines outside of a map are left out; else they are computed, as zeros are.
    Raises CallError for a layer that no leading part ends at, and for more patches than lines.
    """
    graph, node = costs.graph, costs.graph.nodes[over]
    _refuse(graph, over, grid)
    tall, wide = (
        [needs(graph, over, piece, axis, clip) for piece in pieces(node.output[axis], grid[axis])]
        for axis in (0, 1)
    )
    layers = [(ref, x) for ref, x in _numbered(costs) if ref in tall[0]]
    behind = [(ref, x) for ref, x in _numbered(costs) if ref > over]
    image = min(ref for ref in tall[0] if isinstance(graph.nodes[ref].op, Input))
    areas = [lambda ref, a=a, b=b: a[ref].size * b[ref].size for a in tall for b in wide]
    return Patched(
        node.name,
        grid,
        clip,
        sum(1 for _, x in layers if madds(x)),
        (max(p[image].size for p in tall), max(p[image].size for p in wide)),
        sum(madds(x) for _, x in layers),
        sum(_done(x, (p[ref] for p in tall), (p[ref] for p in wide)) for ref, x in layers),
        sum(map(madds, costs.layers)),
        node.output.elements,
        _larger(_most(graph, layers, area, writer(graph, over)) for area in areas),
        _most(graph, behind, lambda ref: graph.nodes[ref].output[0] * graph.nodes[ref].output[1]),
        {ref: (max(p[ref].size for p in tall), max(p[ref].size for p in wide)) for ref in tall[0]},
    )


def programs(whole: Program, graph: Graph, found: Patched, over: Ref) -> tuple[Program, Program] | None:
    """What runs for the largest patch, which writes into a map that is held elsewhere; and what runs behind,
    from that map on.

    whole: the program layer by layer, which calls tensors as the graph calls its layers. None where it does
    not.
    """
    names = {tensor.name: n for n, tensor in enumerate(whole.tensors)}
    at = names.get(graph.nodes[writer(graph, over)].name)
    last = next((k + 1 for k, o in enumerate(whole.operations) if at in o.outputs), None)
    if at is None or last is None:
        return None
    known = {graph.nodes[ref].name for ref in found.sizes}
    if any(whole.tensors[t].name not in known for o in whole.operations[:last] for t in o.outputs):
        return None
    tensors = list(whole.tensors)
    for ref, (h, w) in found.sizes.items():
        n = names.get(graph.nodes[ref].name)
        if n is not None and tensors[n].dims:
            tensors[n] = tensors[n]._replace(dims=(1, h, w, tensors[n].dims[-1]), held=n != at)
    return (
        Program(tuple(tensors), whole.operations[:last], tuple(i for i in whole.inputs if i < at), ()).used(),
        Program(
            whole.tensors,
            whole.operations[last:],
            (at, *(i for i in whole.inputs if i > at)),
            whole.outputs,
        ).used(),
    )


def _refuse(graph: Graph, over: Ref, grid: tuple[int, int]) -> None:
    """Raise CallError where no leading part ends at a layer, or the grid is finer than its map."""
    node = graph.nodes[over]
    if over not in cuts(graph):
        before = [n for n in graph.nodes[: over + 1] if why_not(graph, n)]
        why = (
            f"layer {before[0].name!r} {why_not(graph, before[0])}"
            if before
            else "other maps than its own are read behind it"
        )
        raise CallError(Fault(f"no part that runs in patches ends at layer {node.name!r}: {why}"))
    for lines, parts, what in zip(node.output[:2], grid, ("rows", "columns"), strict=True):
        if not 1 <= parts <= lines:
            raise CallError(f"a map of {lines} lines cannot be cut into {parts} {what} of patches")


def pieces(lines: int, parts: int) -> list[Span]:
    """A side of so many lines in so many parts, which differ by one line at most.

    >>> [p.size for p in pieces(28, 3)]
    [9, 9, 10]
    """
    return [Span(n * lines // parts, (n + 1) * lines // parts) for n in range(parts)]


def needs(graph: Graph, over: Ref, piece: Span, axis: int, clip: bool) -> Needs:
    """The lines of each map that a piece of the output of `over` is computed from, along one axis."""
    found = {over: piece}
    for ref in range(over, -1, -1):
        if ref not in found:
            continue
        node = graph.nodes[ref]
        for i in node.inputs:
            if isinstance(graph.nodes[i].op, Constant):
                continue
            lines = graph.nodes[i].output[axis]
            first, end = NEEDS[traits(node.op).sees](node, lines, found[ref], axis)
            if clip:
                first, end = max(first, 0), min(end, lines)
            old = found.get(i, Span(first, end))
            found[i] = Span(min(first, old.first), max(end, old.end))
    return found


def _position(node: Node, lines: int, span: Span, axis: int) -> Span:
    return span


def _window(node: Node, lines: int, span: Span, axis: int) -> Span:
    op: Any = node.op
    kernel, stride, dilation = (pair(getattr(op, key, 1)) for key in ("kernel", "stride", "dilation"))
    k, s, d = kernel[axis], stride[axis], dilation[axis]
    if op.padding == "same":
        before = same_zeros(lines, k, s, d)[0]
    else:
        before = 0 if op.padding == "valid" else sides(op.padding, kernel, dilation)[2 * axis]
    return Span(span.first * s - before, (span.end - 1) * s - before + d * (k - 1) + 1)


def _shifted(node: Node, lines: int, span: Span, axis: int) -> Span:
    padding = getattr(node.op, "padding", None)
    before = (
        -((lines - node.output[axis]) // 2) if padding is None else sides(padding, (1, 1), (1, 1))[2 * axis]
    )
    return Span(span.first - before, span.end - before)


NEEDS: dict[str, Callable[[Node, int, Span, int], Span]] = {
    "position": _position,
    "window": _window,
    "shifted": _shifted,
}
"""The lines of its input that lines of a layer need, by the trait `sees` of its op."""

Numbered = list[tuple[Ref, LayerCost]]


def _numbered(costs: Costs) -> Numbered:
    refs = [ref for ref, node in enumerate(costs.graph.nodes) if not isinstance(node.op, Input)]
    return list(zip(refs, costs.layers, strict=True))


def madds(layer: LayerCost) -> int:
    """The multiply-adds of a layer, for one image."""
    return sum(int(t.count) for t in layer.work if t.kind in MAC_KINDS)


def _done(layer: LayerCost, rows: Iterable[Span], columns: Iterable[Span]) -> int:
    """The multiply-adds of a layer whose output is computed in pieces."""
    h, w = layer.output[:2]
    each, left = divmod(madds(layer), int(h * w))
    assert not left, f"layer {layer.name!r} does not do the same for each position"
    return each * sum(p.size for p in rows) * sum(p.size for p in columns)


def _most(graph: Graph, layers: Numbered, area: Callable[[Ref], int], last: Ref = -1) -> Pair:
    """The most numbers that one of some layers reads and writes, of maps of these areas; the layer `last`
    writes elsewhere.
    """
    found = [Pair(0, 0)]
    for ref, layer in layers:
        if not traits(layer.node.op).writes:
            continue
        read = [area(i) * graph.nodes[i].output.c for i in _maps(graph, layer.node)]
        out = area(ref) * layer.output.c if ref != last else 0
        held = sum(read) + out
        over = sum(read[1:]) + max(read[0], out) if read and traits(layer.node.op).in_place else held
        found.append(Pair(held, over))
    return _larger(found)


def _larger(pairs: Iterable[Pair]) -> Pair:
    return Pair(*map(max, zip(*pairs, strict=True)))


def _maps(graph: Graph, node: Node) -> list[Ref]:
    """The maps that a layer reads, as they are written."""
    found = [writer(graph, i) for i in node.inputs]
    return [i for i in found if not isinstance(graph.nodes[i].op, Constant)]
