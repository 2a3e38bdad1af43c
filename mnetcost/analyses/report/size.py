"""How many bytes do a design's weights take?

As float32, trained and stored, and as int8 with batch norm folded away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...engine.costs import Costs
from ...engine.graph import Node
from ...engine.ops import (
    Conv,
    Conv3d,
    Dense,
    DepthwiseConv,
    DepthwiseConv3d,
    TransposedConv,
    TransposedConv3d,
)
from ...engine.ops.elements import Bias, Norm, Scale
from ...engine.terms import MAC_KINDS

WEIGHTED = (Conv, DepthwiseConv, TransposedConv, Conv3d, DepthwiseConv3d, TransposedConv3d, Dense)
FOLDED = (Norm, Scale, Bias)


def weight_sizes(costs: Costs) -> dict[str, int]:
    """Bytes of the weights of a design: `float32` of trained parameters; `float32_stored` with running
    statistics; `int8_folded` after batch norm is folded, where that is possible.

    `int8_folded` counts one byte for each weight, and an int32 bias for each output channel of a layer that
    has a bias or is followed by a batch norm.
    """
    kinds = costs.params_by_kind()
    stored = sum(kinds.values())
    sizes = {"float32": 4 * (stored - kinds.get("norm_statistics", 0)), "float32_stored": 4 * stored}
    folded = None if costs.graph.left_out else int8_folded(costs)
    return {**sizes, **({} if folded is None else {"int8_folded": folded})}


def int8_folded(costs: Costs) -> int | None:
    """The bytes of int8 weights and int32 biases; None if a norm cannot be folded, or if a layer that is
    neither a convolution nor dense has parameters.
    """
    nodes = costs.graph.nodes
    readers = Counter(n for node in nodes for n in node.inputs)
    weights, biased = 0, dict[int, Node]()
    for layer in costs.layers:
        node = layer.node
        if isinstance(node.op, WEIGHTED):
            weights += sum(t.count for t in layer.params if t.kind in MAC_KINDS)
            if any(t.kind == "bias" for t in layer.params):
                biased[id(node)] = node
        elif isinstance(node.op, FOLDED) and (layer.params or isinstance(node.op, Norm)):
            target = _folds_into(node, nodes, readers)
            if target is None:
                return None
            biased[id(target)] = target
        elif layer.params:
            return None
    return int(weights + 4 * sum(node.output.c for node in biased.values()))


def _folds_into(node: Node, nodes: Sequence[Node], readers: Counter[int]) -> Node | None:
    """The weighted layer that a norm, scale or bias is folded into; None where it cannot be.

    Between the two only other folded layers may stand, and nothing else may read what is folded.
    """
    n = node.inputs[0]
    while isinstance(nodes[n].op, FOLDED) and readers[n] == 1:
        n = nodes[n].inputs[0]
    target = nodes[n]
    return target if isinstance(target.op, WEIGHTED) and readers[n] == 1 and not target.shared else None


def size_note(costs: Costs) -> str:
    """The sizes of the weights in one line, with that of the model file if there is one."""
    sizes, file = weight_sizes(costs), costs.graph.weight_bytes
    parts = [f"{sizes['float32']:,} as float32"]
    if sizes["float32_stored"] != sizes["float32"]:
        parts.append(f"{sizes['float32_stored']:,} with running statistics")
    if "int8_folded" in sizes:
        parts.append(f"{sizes['int8_folded']:,} as int8 (batch norm folded, int32 biases)")
    if file is not None:
        parts.append(f"{file:,} in the file")
    return "bytes of weights: " + ", ".join(parts)
