"""Which bytes does each layer read and write, and which are held while it runs?"""

from __future__ import annotations

from itertools import accumulate

from ..records import NamedTuple
from .costs import Costs, LayerCost, layer_cost
from .flash import INTEGERS, stored
from .memory.graphs import program_of, writer
from .memory.planners import lives


class Moved(NamedTuple):
    """The bytes that move while one layer runs, with the layers that are fused into it.

    reads: its input maps, each once; writes: its output map; weights: None where they are not known as the
    type asked for; held: all maps that are in memory meanwhile.
    """

    layers: tuple[LayerCost, ...]
    reads: int
    writes: int
    weights: int | None
    held: int

    @property
    def bytes(self) -> int | None:
        """All that moves."""
        return None if self.weights is None else self.reads + self.writes + self.weights


def traffic(costs: Costs, bits: int, dtype: str) -> list[Moved]:
    """The bytes of every layer that writes a map, each map moved once: nothing is kept in a cache.

    What is done to the image before the first layer that writes one stands first, and moves nothing.

    bits: of a number of a map. dtype: of the weights, see `flash`; a shared layer reads its weights again,
    and biases beside integer maps of 16 bits are int64.
    Norms, activations and zeros around a map are part of the layer before them, and batch norms are folded.
    """
    program = program_of(costs.graph, bits, costs.batch)
    nodes = costs.graph.nodes
    whole = _unshared(costs)
    wide = bits == 16 and dtype in INTEGERS  # biases beside int16 maps are int64
    weights = {
        x.name: None if x.unknown else int(x.total + (x.biases if wide else 0)) for x in stored(whole, dtype)
    }
    fused: dict[str, list[LayerCost]] = {}
    places = {node.name: ref for ref, node in enumerate(nodes)}
    for layer in costs.layers:
        fused.setdefault(nodes[writer(costs.graph, places[layer.name])].name, []).append(layer)
    changes = [0] * (len(program.operations) + 2)
    for b in lives(program, False):
        changes[b.first] += b.bytes
        changes[b.last + 1] -= b.bytes
    held = list(accumulate(changes))
    steps = {operation.name for operation in program.operations}
    before = [x for name, layers in fused.items() if name not in steps for x in layers]
    found = [Moved((x,), 0, 0, weights[x.name], held[0]) for x in before]
    for step, operation in enumerate(program.operations, 1):
        layers = tuple(fused.pop(operation.name))
        own = [weights[x.name] for x in layers]
        found.append(
            Moved(
                layers,
                sum(program.tensors[i].bytes for i in set(operation.inputs)),
                sum(program.tensors[i].bytes for i in operation.outputs),
                None if None in own else sum(n or 0 for n in own),
                held[step],
            )
        )
    return found


def _unshared(costs: Costs) -> Costs:
    """The same layers, each with the parameters that it reads, those of another one too."""
    if not any(x.node.shared for x in costs.layers):
        return costs
    layers = [
        layer_cost(x.node._replace(shared=False), x.inputs, costs.batch) if x.node.shared else x
        for x in costs.layers
    ]
    return costs._replace(layers=tuple(layers))
