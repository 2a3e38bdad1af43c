"""How does a viewer find an ONNX node again? By its name, or by that of what it gives."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ...engine.graph import Origin
from .weights import graphs_in, text

LONGEST = 4096  # letters of a name; a node with a longer one is not found again


class Origins:
    """The nodes of one model, by names that no other node has.

    A node without such a name is found by its first output. A graph within a node, and a function's body, are
    part of the node that has, or calls, them.
    """

    def __init__(self, model: Any) -> None:
        self.times: Counter[str] = Counter()
        for node in model.graph.node:
            self.times[name_of(node.name)] += 1
            self.times.update(name_of(inner.name) for graph in graphs_in(node) for inner in graph.node)
        self.times.update(name_of(node.name) for function in model.functions for node in function.node)

    def of(self, node: Any) -> tuple[Origin, ...]:
        """The origin of the layers that a node becomes; none where it has no name at all."""
        name, gives = name_of(node.name), name_of(node.output[0]) if node.output else ""
        if name and self.times[name] == 1:
            return (Origin("node", name),)
        return (Origin("value", gives),) if gives else ()


def name_of(name: bytes) -> str:
    """A name, or nothing where viewers would not find what has it: they go by a name's first line."""
    found = text(name, LONGEST + 1)
    return found if len(found) <= LONGEST and "\n" not in found else ""
