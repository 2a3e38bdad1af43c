"""What does each layer of a graph cost, in raw counts of every kind?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import reduce
from typing import Any

from ..errors import CallError, Fault, UnknownOpError
from ..records import NamedTuple
from ..shown import line, many, shown
from .graph import Graph, Node
from .num import ARRAY_LIMIT, Num, is_array, larger
from .ops import Conv, Input, Unknown
from .ops.convolutions import conv_kind
from .ops.op import traits
from .shapes import Shape
from .terms import Term, by_kind, merged


class LayerCost(NamedTuple):
    """One layer's inputs, output, parameters and work; `batch` images are one factor of the work."""

    node: Node
    inputs: tuple[Shape, ...]
    params: tuple[Term, ...]
    work: tuple[Term, ...]

    @property
    def name(self) -> str:
        """The layer's name."""
        return self.node.name

    @property
    def output(self) -> Shape:
        """The shape of its output."""
        return self.node.output

    @property
    def word(self) -> str:
        """What reports call the layer: a convolution by its kind (pointwise, depthwise, grouped or conv),
        any other layer by its op.
        """
        op = self.node.op
        return conv_kind(op, self.inputs[0]) if op.__class__ is Conv else traits(op).label

    def params_by_kind(self) -> dict[str, Num]:
        """Raw parameter counts a kind."""
        return by_kind(self.params)

    def work_by_kind(self) -> dict[str, Num]:
        """Raw work counts a kind."""
        return by_kind(self.work)


class Costs(NamedTuple):
    """Every layer's cost in execution order; inputs are not layers.

    heading: what the design is called, with its settings; "" where it is not known.
    """

    graph: Graph
    layers: tuple[LayerCost, ...]
    batch: int = 1
    heading: str = ""

    def __repr__(self) -> str:
        return shown(self, "line") or line("Costs", self.heading, many(len(self.layers), "layer"))

    def __str__(self) -> str:
        return shown(self, "text") or repr(self)

    def _repr_html_(self) -> str | None:
        return shown(self, "html")

    @property
    def status(self) -> str:
        """ "complete", or "partial" where something could not be costed."""
        return "partial" if self.graph.left_out else "complete"

    def once(self) -> list[tuple[LayerCost, int]]:
        """Layers that share their terms, as equal ones do, once, each with how many share them."""
        many: dict[tuple[int, int], int] = {}
        first: list[LayerCost] = []
        for layer in self.layers:
            key = (id(layer.params), id(layer.work))
            if key in many:
                many[key] += 1
            else:
                many[key] = 1
                first.append(layer)
        return list(zip(first, many.values(), strict=True))

    def merged_params(self) -> list[Term]:
        """The parameters of the whole network, merged by kind, variant and way of writing; see `merged`."""
        return merged((t, n) for layer, n in self.once() for t in layer.params)

    def merged_work(self) -> list[Term]:
        """The work of the whole network, merged as the parameters are."""
        return merged((t, n) for layer, n in self.once() for t in layer.work)

    def params_by_kind(self) -> dict[str, Num]:
        """Raw parameter counts of the whole network, a kind."""
        return by_kind(self.merged_params())

    def work_by_kind(self) -> dict[str, Num]:
        """Raw work counts of the whole network, a kind."""
        return by_kind(self.merged_work())

    def activation_elements(self) -> dict[str, Num]:
        """Numbers written by layers that make a new map: their sum, and the largest.

        Norms, activations, padding, reshapes and dropout work in place (or are fused) and write none.
        Neither is a memory figure: while a layer runs, its inputs and whatever is read later are in memory
        beside its output.
        """
        written = [
            layer.output.elements * layer.node.when * self.batch
            for layer in self.layers
            if traits(layer.node.op).writes
        ]
        return {"sum": sum(written), "largest": reduce(larger, written, 0)}


def layer_cost(node: Node, xs: tuple[Shape, ...], batch: int) -> LayerCost:
    """Cost one layer that reads these shapes."""
    op, described = node.op, traits(node.op)
    params = () if node.shared else tuple(described.params(op, *xs))
    work = tuple(described.work(op, node.output, *xs))
    extra: tuple[tuple[str, Num], ...] = (("batch", batch),) if batch != 1 else ()
    if is_array(node.when) or node.when != 1:
        present = ("present", node.when)
        params = tuple(t._replace(factors=(*t.factors, present)) for t in params)
        extra = (*extra, present)
    if extra:
        work = tuple(t._replace(factors=(*t.factors, *extra)) for t in work)
    if node.written:
        params = tuple([t._replace(written=node.written) for t in params])
        work = tuple([t._replace(written=node.written) for t in work])
    return LayerCost(node, xs, params, work)


def cost(graph: Graph, batch: int = 1, allow_unknown: bool = False) -> Costs:
    """Cost every layer of a graph for `batch` images.

    Raises UnknownOpError, naming op, layer and number of times, where a layer cannot be costed, unless
    `allow_unknown` is set or the graph says itself that it was left out; then the result's status is
    "partial" and `graph.left_out` names what is missing.
    """
    nodes = graph.nodes
    layers = []
    unknown: dict[str, list[str]] = {}
    equal: dict[Any, LayerCost] = {}  # the first of each kind of layer: equal layers share its terms
    for node in nodes:
        op = node.op
        if op.__class__ is Input:
            continue
        if op.__class__ is Unknown:
            unknown.setdefault(op.type, []).append(node.name)
        xs = tuple([nodes[i].output for i in node.inputs])
        key = (op.__class__, op, xs, node.when, node.shared, node.written)
        try:
            like = equal.get(key)
        except TypeError:  # a grid: arrays have no hash
            layers.append(layer_cost(node, xs, batch))
            continue
        if like is None:
            layer = equal[key] = layer_cost(node, xs, batch)
        else:
            layer = LayerCost(node, xs, like.params, like.work)
        layers.append(layer)
    if unknown and not graph.left_out:
        left_out = tuple(f"{kind} ({len(names)}x, first at {names[0]!r})" for kind, names in unknown.items())
        if not allow_unknown:
            raise UnknownOpError(
                *(
                    Fault(
                        f"cannot cost {what}",
                        hint="--allow-unknown skips it and marks the result partial",
                    )
                    for what in left_out
                )
            )
        graph = graph._replace(left_out=(*graph.left_out, *left_out))
    return Costs(graph, tuple(layers), batch)


def refuse_overflow(largest: Costs) -> None:
    """Refuse an array walk whose largest corner, costed here in Python ints, would not fit int64.

    Raises CallError naming the layer.
    """
    for layer in largest.layers:
        for t in (*layer.params, *layer.work):
            if t.count > ARRAY_LIMIT:
                raise CallError(
                    f"layer {layer.name!r} would count {t.count:,}, more than an array of 64-bit integers"
                    " holds exactly"
                )
    counts: Mapping[str, Any] = Counter(largest.params_by_kind()) + Counter(largest.work_by_kind())
    if sum(counts.values()) > ARRAY_LIMIT:
        raise CallError("the totals would pass what an array of 64-bit integers holds exactly")
