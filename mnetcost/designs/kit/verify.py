"""Is a graph that leaves a reader one that can be costed? A table of what must hold of each of its layers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...engine.graph import LARGEST_MAP, Graph
from ...engine.terms import BIASED, KEPT, WRITTEN

WAYS = {"", BIASED, KEPT, *(word for words in WRITTEN.values() for word in words)}

Test = Callable[[Graph, int], bool]


def _sides_are_counted(graph: Graph, k: int) -> bool:
    return all(n.__class__ is int and n >= 1 for n in graph.nodes[k].output)


def _is_in_bounds(graph: Graph, k: int) -> bool:
    return bool(graph.nodes[k].output.elements <= LARGEST_MAP)


def _gives_channels(graph: Graph, k: int) -> bool:
    out = getattr(graph.nodes[k].op, "out", 1)
    return isinstance(out, int) and out >= 1


TABLE: dict[str, Test] = {
    "reads a layer that does not stand before it": lambda graph, k: (
        not graph.nodes[k].inputs or (min(graph.nodes[k].inputs) >= 0 and max(graph.nodes[k].inputs) < k)
    ),
    "gives a map whose sides are not whole numbers from 1": _sides_are_counted,
    f"gives a map of more than {LARGEST_MAP:,} numbers": _is_in_bounds,
    "has an 'out' that is not a whole number from 1": _gives_channels,
    "is written in a way that no convention knows": lambda graph, k: graph.nodes[k].written in WAYS,
}
"""What is wrong with a layer where a test does not hold; a test is of a graph and a layer's number.

The order counts: a later test may rely on those before it.
"""


def verify(graph: Graph) -> Iterator[tuple[str, str]]:
    """What is wrong with a graph: each layer's name with its first fault, and names that two layers have."""
    names: set[str] = set()
    for k, node in enumerate(graph.nodes):
        for what, holds in TABLE.items():
            if not holds(graph, k):
                yield node.name, what
                break
        if node.name in names:
            yield node.name, "has the name of a layer before it"
        names.add(node.name)
