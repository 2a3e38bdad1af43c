"""Which tensors does a network hold, layer by layer, before any format decides? A graph as a program."""

from __future__ import annotations

from ..graph import Graph, Ref
from ..ops import Dropout, Flatten, Input
from ..ops.op import traits
from .program import Operation, Program, Tensor

VIEWS = (Dropout, Flatten)
"""Layers that compute nothing: what they give is what they read."""


def program_of(graph: Graph, bits: int, batch: int = 1, fused: bool = True) -> Program:
    """The graph's maps as tensors of numbers of `bits` bits.

    fused: norms, activations and zeros around a map are part of the layer before them, and hold no map; else
    every layer holds its own, but for `VIEWS`.
    """
    tensors: list[Tensor] = []
    operations: list[Operation] = []
    at: dict[Ref, int] = {}
    inputs, read = [], set[Ref]()
    for ref, node in enumerate(graph.nodes):
        read.update(node.inputs)
        of = traits(node.op)
        source = isinstance(node.op, Input)
        if node.inputs and (isinstance(node.op, VIEWS) or (fused and not of.writes)):
            at[ref] = at[node.inputs[0]]
            continue
        tensors.append(Tensor(node.name, (batch, *node.output), bits))
        at[ref] = len(tensors) - 1
        if source:
            inputs.append(at[ref])
        else:
            reads = tuple(at[i] for i in node.inputs)
            operations.append(Operation(of.label, reads, (at[ref],), node.name, in_place=of.in_place))
    ends = dict.fromkeys(at[ref] for ref in range(len(graph.nodes)) if ref not in read)
    return Program(tuple(tensors), tuple(operations), tuple(inputs), tuple(ends))


def writer(graph: Graph, ref: Ref) -> Ref:
    """The layer that writes the map that a layer gives: norms, activations and zeros around a map are part of
    one before them.
    """
    node = graph.nodes[ref]
    while node.inputs and not traits(node.op).writes:
        ref = node.inputs[0]
        node = graph.nodes[ref]
    return ref
