"""Which layers stand in one row of a report? Those of one block, or with maps of one size."""

from __future__ import annotations

from collections.abc import Callable

from ...engine.costs import Costs, LayerCost


def block_of(depth: int | None) -> Callable[[LayerCost], str]:
    """The block that a layer belongs to: at a depth of its path, or the row of the spec, for None."""
    return (lambda layer: layer.node.place) if depth is None else lambda layer: layer.node.block(depth)


def groups_of(costs: Costs, key: Callable[[LayerCost], str]) -> dict[str, list[LayerCost]]:
    """Group layers by a key, in the order in which the keys first appear."""
    found: dict[str, list[LayerCost]] = {}
    for layer in costs.layers:
        found.setdefault(key(layer), []).append(layer)
    return found


def map_size(layer: LayerCost) -> str:
    """The height and width of a layer's output map; of a volume, its depth before."""
    return "x".join(str(n) for _, n in layer.output.places)
