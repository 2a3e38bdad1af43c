"""What is a program for TensorFlow Lite while it is written? Its tensors, and its operators so far."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from ...engine.graph import Graph, Node, Ref
from ...engine.memory.program import Operation, Program, Tensor, Window
from ...engine.ops import Activation, AvgPool, Dropout, MaxPool, Pad
from ...engine.ops.op import traits
from ...engine.shapes import Shape
from ...errors import Fault, SpecError


def unknown(what: str, node: Node) -> SpecError:
    """The error of an op of which the converter's operators are not known."""
    return SpecError(
        Fault(
            f"it is not known how TensorFlow Lite writes '{what}'",
            place=f"layer {node.name!r}",
            hint="read the converted .tflite file itself, or choose another planner",
        )
    )


MERGED = (Activation, AvgPool, MaxPool, Pad)
"""Ops without weights, of which the converter runs one of several that read the same."""


def repeats(graph: Graph) -> dict[Ref, Ref]:
    """The nodes that do again what an earlier one does of the same map, with that one."""
    same: dict[Ref, Ref] = {}
    first: dict[Any, Ref] = {}
    for ref, node in enumerate(graph.nodes):
        if isinstance(node.op, MERGED):
            key = (node.op.__class__, node.op, tuple(same.get(i, i) for i in node.inputs))
            if first.setdefault(key, ref) != ref:
                same[ref] = first[key]
    return same


class Writing:
    """A program while it is written: its tensors and operators, and which tensor each node gives."""

    def __init__(self, graph: Graph, bits: int, batch: int, keras: bool) -> None:
        self.graph, self.bits, self.batch, self.keras = graph, bits, batch, keras
        self.tensors: list[Tensor] = []
        self.operations: list[Operation] = []
        self.at: dict[Ref, int] = {}
        self.maker: dict[int, int] = {}  # the operator that gives a tensor
        self.fused: dict[int, str] = {}  # the activation of the operator that gives a tensor
        self.bare: set[int] = set()  # tensors of a transposed convolution that adds no bias
        self.readers = [0] * len(graph.nodes)
        self.same = repeats(graph)
        self.reader: dict[Ref, Ref] = {}  # the last node that reads one
        for n, node in enumerate(graph.nodes):
            for ref in node.inputs:
                self.readers[self.same.get(ref, ref)] += 1
                self.reader[self.same.get(ref, ref)] = n
        self.inputs: list[int] = []

    def program(self) -> Program:
        """The whole program; its outputs are what no operator reads."""
        read = {t for operation in self.operations for t in operation.inputs}
        ends = dict.fromkeys(
            self.at[ref] for ref, readers in enumerate(self.readers) if not readers and ref not in self.same
        )
        return Program(
            tuple(self.tensors),
            tuple(self.operations),
            tuple(self.inputs),
            tuple(t for t in ends if t not in read),
        )

    def tensor(self, name: str, dims: tuple[int, ...], held: bool = True, bits: int | None = None) -> int:
        """Add a tensor."""
        self.tensors.append(Tensor(name, dims, self.bits if bits is None else bits, held))
        return len(self.tensors) - 1

    def constant(self, *dims: int, bits: int = 32) -> int:
        """Add constant data."""
        return self.tensor("", dims, held=False, bits=bits)

    def map(self, shape: Any) -> tuple[int, ...]:
        """The axes of a map."""
        return (self.batch, *shape)

    def emit(
        self,
        type_: str,
        node: Node,
        inputs: tuple[int, ...],
        dims: tuple[int, ...] | None = None,
        part: str = "",
        window: Window | None = None,
        bits: int | None = None,
    ) -> int:
        """Add an operator and the tensor it gives."""
        name = f"{node.name}/{part}" if part else node.name
        first = self.tensors[inputs[0]]
        if dims is None:  # a vector stays one
            dims = self.map(node.output)
            dims = first.dims if first.held and first.elements == prod(dims) else dims
        out = self.tensor(name, dims, bits=bits)
        self.maker[out] = len(self.operations)
        self.operations.append(Operation(type_, inputs, (out,), name, window, traits(node.op).in_place))
        return out

    def input(self, node: Node, n: int = 0) -> int:
        """The tensor of a node's input."""
        return self.at[node.inputs[n]]

    def made_by(self, tensor: int) -> str:
        """The type of the operator that gives a tensor; empty for an input."""
        return self.operations[self.maker[tensor]].type if tensor in self.maker else ""

    def only_reader(self, ref: Ref) -> bool:
        """Is a node read once?"""
        return self.readers[self.same.get(ref, ref)] == 1

    def shape(self, node: Node, n: int = 0) -> Shape:
        """The shape of a node's input."""
        return self.graph.nodes[node.inputs[n]].output

    def only_read_by(self, ref: Ref, *ops: Any) -> bool:
        """Is a node read once, by one of some ops, perhaps behind dropout?"""
        while self.only_reader(ref):
            ref = self.reader[self.same.get(ref, ref)]
            if not isinstance(self.graph.nodes[ref].op, Dropout):
                return isinstance(self.graph.nodes[ref].op, ops)
        return False


Lower = Callable[[Writing, Ref, Node], int]
"""How an op is written: its operators are added, and the tensor that holds its output is given."""
