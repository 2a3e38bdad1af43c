"""How many bytes do a network's weights take where they are stored, as one type of number or another?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ..errors import Fault, SpecError
from ..records import NamedTuple
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


class Stored(NamedTuple):
    """Bytes of one layer's numbers, stored as some type.

    kept: of a norm that is not folded, or of parameters beside weights. unknown: why none are known as that
    type; "" where they are. channels: output channels, if it has weights.
    """

    name: str
    weights: Num = 0
    biases: Num = 0
    kept: Num = 0
    channels: Num = 0
    unknown: str = ""

    @property
    def total(self) -> Num:
        """All its bytes."""
        return self.weights + self.biases + self.kept


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
    layers = stored(costs, dtype, folded)
    if unknown := next((x.unknown for x in layers if x.unknown), ""):
        raise SpecError(Fault(f"the bytes as {dtype} are not known: {unknown}", hint="float16 or float32"))
    columns = zip(*layers, strict=True) if layers else [()] * 6
    _, weights, biases, kept, channels, _ = columns
    return Flash(dtype, sum(weights), sum(biases), sum(kept), sum(channels))


def stored(costs: Costs, dtype: str = "int8", folded: bool = True) -> list[Stored]:
    """The bytes of each layer's numbers, as `flash` counts them; one that it refuses has none, but says why.

    The bias that a norm is folded into is the other layer's.
    """
    norms = [x for x in costs.layers if isinstance(x.node.op, FOLDED)]
    targets = dict(_targets(costs, norms)) if folded else {}
    biased = {node.name for node in targets.values()}
    return [
        Stored(x.name) if x.name in targets else _stored(x, dtype, folded, x.name in biased)
        for x in costs.layers
    ]


def _stored(layer: LayerCost, dtype: str, folded: bool, biased: bool) -> Stored:
    """The bytes of one layer that is not folded; `biased`: another one is folded into it."""
    node, integers = layer.node, dtype in INTEGERS
    size = BIAS if integers else BITS[dtype] // 8
    if not isinstance(node.op, WEIGHTED):
        norm = isinstance(node.op, FOLDED)
        if not norm and not layer.params:
            return Stored(layer.name)
        if integers and (folded or not norm) and (layer.params or isinstance(node.op, Norm)):
            why = "cannot be folded" if norm else "has parameters of its own"
            return Stored(layer.name, unknown=f"layer {layer.name!r} ({layer.word}) {why}")
        return Stored(layer.name, kept=size * sum((t.count for t in layer.params), 0))
    channels = layer.output.c * node.when
    has_bias = biased or any(t.kind == "bias" for t in layer.params)
    return Stored(
        layer.name,
        sum((_bytes(t.count, dtype) for t in layer.params if t.kind in MAC_KINDS), 0),
        size * channels if has_bias else 0,
        0,
        channels if layer.params else 0,
    )


def _bytes(count: Num, dtype: str) -> Num:
    return (count * BITS[dtype] + 7) // 8


def _targets(costs: Costs, norms: Sequence[LayerCost]) -> Iterator[tuple[str, Node]]:
    """Each norm that can be folded, by its name, with the layer that it is folded into."""
    nodes = costs.graph.nodes
    readers = Counter(n for node in nodes for n in node.inputs)
    for layer in norms:
        target = _folds_into(layer.node, nodes, readers)
        if target is not None:
            yield layer.name, target


def _folds_into(node: Node, nodes: Sequence[Node], readers: Counter[int]) -> Node | None:
    """The weighted layer that a norm, scale or bias is folded into; None where it cannot be.

    Between the two only other folded layers may stand, and nothing else may read what is folded.
    """
    n = node.inputs[0]
    while isinstance(nodes[n].op, FOLDED) and readers[n] == 1:
        n = nodes[n].inputs[0]
    target = nodes[n]
    return target if isinstance(target.op, WEIGHTED) and readers[n] == 1 and not target.shared else None
