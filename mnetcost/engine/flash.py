"""How many bytes do a network's weights take where they are stored, as one type of number or another?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..errors import Fault, SpecError
from .costs import Costs, LayerCost
from .graph import Node
from .num import Num
from .ops import Conv, Conv3d, Dense, DepthwiseConv, DepthwiseConv3d, TransposedConv, TransposedConv3d
from .ops.elements import Bias, Norm, Scale
from .terms import MAC_KINDS

BITS = {"int4": 4, "int8": 8, "float16": 16, "float32": 32}
"""The types that weights are stored as, and their bits."""
INTEGERS = ("int4", "int8")
WEIGHTED = (Conv, DepthwiseConv, TransposedConv, Conv3d, DepthwiseConv3d, TransposedConv3d, Dense)
FOLDED = (Norm, Scale, Bias)
BIAS = 4  # bytes of a bias beside integer weights: an int32
SCALE, ZERO_POINT = 4, 8  # bytes a channel in a TFLite file: a float32 and an int64


class Flash(NamedTuple):
    """Bytes of a network's weights, stored as `dtype`; `kept`: of batch norms that are not folded.

    channels: output channels of the layers with weights; integer weights have a scale for each.
    """

    dtype: str
    weights: Num
    biases: Num
    kept: Num
    channels: Num

    @property
    def total(self) -> Num:
        """Bytes of weights, biases and batch norms, without scales and zero points."""
        return self.weights + self.biases + self.kept

    @property
    def scales(self) -> Num:
        """Bytes of one float32 scale a channel; 0 for floats."""
        return SCALE * self.channels if self.dtype in INTEGERS else 0

    @property
    def zero_points(self) -> Num:
        """Bytes of one int64 zero point a channel, as a TFLite file has them; 0 for floats."""
        return ZERO_POINT * self.channels if self.dtype in INTEGERS else 0


def flash(costs: Costs, dtype: str = "int8", folded: bool = True) -> Flash:
    """Count the bytes of a network's weights as one of `BITS`.

    Integer weights take 4 or 8 bits each, those of a layer rounded up to whole bytes, beside an int32 for
    each bias; floats take their size for weights and biases alike. With `folded`, batch norms become biases
    of the layers before them; without, all four numbers a channel are kept, as float32 beside integers.

    Raises SpecError, naming the layer, where integers are asked for and a layer that is neither a
    convolution nor dense has parameters, or a norm cannot be folded; and where something was left out.
    """
    if costs.graph.left_out:
        raise SpecError(f"{', '.join(costs.graph.left_out)} was left out, and its weights are not known")
    weighted = [x for x in costs.layers if isinstance(x.node.op, WEIGHTED)]
    others = [
        x
        for x in costs.layers
        if (x.params or isinstance(x.node.op, Norm)) and not isinstance(x.node.op, WEIGHTED)
    ]
    norms = [x for x in others if isinstance(x.node.op, FOLDED)]
    targets = dict(_targets(costs, norms)) if folded else {}
    kept = [x for x in others if id(x.node) not in targets]
    if dtype in INTEGERS:
        _refuse(kept, dtype, folded)
    biased = {id(x.node): x.node for x in weighted if any(t.kind == "bias" for t in x.params)}
    biased |= {id(node): node for node in targets.values()}
    size = BITS[dtype] // 8
    bias, norm = (BIAS, BIAS) if dtype in INTEGERS else (size, size)
    return Flash(
        dtype,
        sum((_bytes(t.count, dtype) for x in weighted for t in x.params if t.kind in MAC_KINDS), 0),
        bias * sum((node.output.c * node.when for node in biased.values()), 0),
        norm * sum((t.count for x in kept for t in x.params), 0),
        sum((x.output.c * x.node.when for x in weighted if x.params), 0),
    )


def _bytes(count: Num, dtype: str) -> Num:
    return (count * BITS[dtype] + 7) // 8


def _refuse(kept: Sequence[LayerCost], dtype: str, folded: bool) -> None:
    """Refuse layers whose numbers no integer type is known for."""
    for layer in kept:
        if not isinstance(layer.node.op, FOLDED) or folded:
            why = "cannot be folded" if isinstance(layer.node.op, FOLDED) else "has parameters of its own"
            raise SpecError(
                Fault(
                    f"the bytes as {dtype} are not known: layer {layer.name!r} ({layer.word}) {why}",
                    hint="float16 or float32",
                )
            )


def _targets(costs: Costs, norms: Sequence[LayerCost]) -> Iterator[tuple[int, Node]]:
    """Each norm that can be folded, by the identity of its node, with the layer that it is folded into."""
    nodes = costs.graph.nodes
    readers = Counter(n for node in nodes for n in node.inputs)
    for layer in norms:
        target = _folds_into(layer.node, nodes, readers)
        if target is not None:
            yield id(layer.node), target


def _folds_into(node: Node, nodes: Sequence[Node], readers: Counter[int]) -> Node | None:
    """The weighted layer that a norm, scale or bias is folded into; None where it cannot be.

    Between the two only other folded layers may stand, and nothing else may read what is folded.
    """
    n = node.inputs[0]
    while isinstance(nodes[n].op, FOLDED) and readers[n] == 1:
        n = nodes[n].inputs[0]
    target = nodes[n]
    return target if isinstance(target.op, WEIGHTED) and readers[n] == 1 and not target.shared else None
