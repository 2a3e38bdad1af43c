"""Which norms does a file write as several layers? Means, squares and roots, as exporters write them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...engine.graph import Node, Ref
from ...engine.ops import Elementwise, Gate, GlobalPool, Reduce, Repeat, Reshape
from ...engine.ops.elements import Activation, Rescale, Scale

NORMS = ("layer norm", "group norm", "instance norm", "RMS norm", "L2 norm")
STEPS = 6  # from the mean of the squares to the product by its root
REREAD = (Reshape, Repeat)
BETWEEN = (*REREAD, Rescale, Scale, Activation, Gate)
ROOTS = ("sqrt", "power")


def written_out(nodes: Sequence[Node]) -> Iterator[tuple[str, str]]:
    """The norms among these layers that are written as several of them: what each is, and its first layer.

    It is the root of a mean of squares by which what was squared is divided. Where a mean was subtracted
    before, it is a layer, group or instance norm, by what the mean is over; else an RMS norm, or an L2 norm
    if the squares are summed.
    """
    squares = ((ref, _squared(nodes, node)) for ref, node in enumerate(nodes))
    found = [(ref, squared) for ref, squared in squares if squared is not None]
    if not found:
        return
    readers: dict[Ref, list[Ref]] = {}
    for ref, node in enumerate(nodes):
        for i in set(node.inputs):
            readers.setdefault(i, []).append(ref)
    for ref, squared in found:
        first = _centred(nodes, squared)
        whole = {squared, *(_plain(nodes, i) for i in nodes[squared].inputs)}
        if _divides(nodes, readers, ref, whole):
            start = ref if first is None else first
            yield (_plain_kind(nodes[ref]) if first is None else _kind(nodes, ref)), nodes[start].name


def _plain(nodes: Sequence[Node], ref: Ref) -> Ref:
    """The layer that gives these numbers, before they were only read as other axes or repeated."""
    while nodes[ref].op.__class__ in REREAD:
        ref = nodes[ref].inputs[0]
    return ref


def _averages(node: Node) -> bool:
    if node.op.__class__ is GlobalPool:
        return bool(node.op.pool == "average")
    return node.op.__class__ is Reduce and node.op.by in ("mean", "sum")


def _function(node: Node) -> str:
    return node.op.function if node.op.__class__ is Activation else ""  # type: ignore[attr-defined]


def _squared(nodes: Sequence[Node], node: Node) -> Ref | None:
    """Whose squares a mean or a sum is of; None for anything else."""
    if not _averages(node):
        return None
    square = nodes[_plain(nodes, node.inputs[0])]
    inputs = {_plain(nodes, i) for i in square.inputs}
    squares = _function(square) == "power" or square.op.__class__ is Gate
    return inputs.pop() if squares and len(inputs) == 1 else None


def _centred(nodes: Sequence[Node], ref: Ref) -> Ref | None:
    """The mean that this layer subtracts from what it is the mean of; None where it does not."""
    node = nodes[ref]
    if node.op.__class__ is not Elementwise or node.op.combine != "subtract":
        return None
    inputs = [_plain(nodes, i) for i in node.inputs]
    for mean in inputs:
        if _averages(nodes[mean]) and _plain(nodes, nodes[mean].inputs[0]) in inputs:
            return mean
    return None


def _divides(nodes: Sequence[Node], readers: dict[Ref, list[Ref]], ref: Ref, whole: set[Ref]) -> bool:
    """Does the root of this mean multiply or divide one of these maps, a few layers on?"""
    todo: Iterable[tuple[Ref, bool]] = [(ref, False)]
    for _ in range(STEPS):
        after = []
        for at, root in todo:
            root = root or _function(nodes[at]) in ROOTS
            for reader in readers.get(at, ()):
                op = nodes[reader].op
                joins = op.__class__ is Gate or (op.__class__ is Elementwise and op.combine == "divide")
                if root and joins and whole & {_plain(nodes, i) for i in nodes[reader].inputs}:
                    return True
                if op.__class__ in BETWEEN:
                    after.append((reader, root))
        todo = after
    return False


def _plain_kind(node: Node) -> str:
    return "L2 norm" if node.op.__class__ is Reduce and node.op.by == "sum" else "RMS norm"


def _kind(nodes: Sequence[Node], ref: Ref) -> str:
    """Which norm subtracts the mean, by what it is over."""
    x, y = nodes[nodes[ref].inputs[0]].output, nodes[ref].output
    if y.elements == 1 or (y.c == 1 and y.elements * x.c == x.elements):
        return "layer norm"
    return "instance norm" if y.c == x.c and y.elements == y.c else "group norm"
