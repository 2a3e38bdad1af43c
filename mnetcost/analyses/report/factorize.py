"""What does a convolution cost when it is factorised?

Standard, grouped, spatially separable and depthwise separable, side by side.

Every figure is costed by the engine's own ops. A depthwise separable convolution costs 1/N + 1/D_K^2 of the
standard one, with N output channels and a kernel of side D_K.
Source: Howard et al. 2017, arXiv 1704.04861, sections 3.1 to 3.3.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import TYPE_CHECKING, Any

from ...engine.conventions import Convention, weight_of
from ...engine.costs import Costs, cost
from ...engine.graph import Builder
from ...engine.num import pair
from ...engine.ops import Conv, DepthwiseConv, Op
from ...engine.shapes import Shape
from ...engine.terms import Term
from ...records import NamedTuple
from ..documents import Column, Document, Table, convention_data, convention_note, json_data

if TYPE_CHECKING:
    from ..charts import Bars

SCHEMA = "mnetcost.factorize/1"


class Layer(NamedTuple):
    """The convolution that is factorised; alpha and rho scale the factorised one, and not the standard
    convolution that it is compared with.

    input: (h, w, c). out: output channels. kernel, stride: a number or (h, w). padding: as of `Conv`.
    """

    input: Shape
    out: int
    kernel: Any = 3
    stride: Any = 1
    padding: Any = "same"
    groups: int | None = None
    alpha: float | None = None
    rho: float | None = None

    @property
    def some_groups(self) -> int:
        """The given number of groups, or else the largest possible one that is at most the square root of
        the greatest number of groups.
        """
        if self.groups is not None:
            return self.groups
        most = gcd(self.input.c, self.out)
        return max(g for g in range(1, int(most**0.5) + 1) if most % g == 0)


def standard(layer: Layer) -> list[Op]:
    """The convolution itself: D_K x D_K x M x N weights."""
    return [Conv(layer.out, layer.kernel, layer.stride, padding=layer.padding)]


def grouped(layer: Layer) -> list[Op]:
    """A convolution in which each group of output channels reads one group of input channels."""
    return [Conv(layer.out, layer.kernel, layer.stride, 1, layer.some_groups, layer.padding)]


def spatially_separable(layer: Layer) -> list[Op]:
    """A k_h x 1 convolution followed by a 1 x k_w convolution."""
    (k_h, k_w), (s_h, s_w) = pair(layer.kernel), pair(layer.stride)
    return [
        Conv(layer.out, (k_h, 1), (s_h, 1), padding=layer.padding),
        Conv(layer.out, (1, k_w), (1, s_w), padding=layer.padding),
    ]


def depthwise_separable(layer: Layer) -> list[Op]:
    """A depthwise convolution followed by a pointwise one, which mixes the channels."""
    return [DepthwiseConv(layer.kernel, layer.stride, padding=layer.padding), Conv(layer.out)]


def scaled(layer: Layer, alpha: float | None, rho: float | None) -> Layer:
    """The layer at a width and a resolution multiplier, rounded to whole numbers: alpha M input and alpha N
    output channels, and a map of side rho D_F.
    """
    (h, w, c), out = layer.input, layer.out
    if alpha is not None:
        c, out = (max(1, round(n * alpha)) for n in (c, out))
    if rho is not None:
        h, w = (max(1, round(n * rho)) for n in (h, w))
    return layer._replace(input=Shape(h, w, c), out=out)


def costs_of(name: str, layer: Layer, ops: list[Op]) -> Costs:
    """Cost a chain of ops on the input of the layer.

    Raises ShapeError, with the name of the convolution, if its output would have no elements, or if the
    groups do not divide the channels.
    """
    builder = Builder()
    x = builder.input("input", *layer.input)
    for n, op in enumerate(ops):
        x = builder.add(f"{name}/{n + 1}" if len(ops) > 1 else name, op, x)
    return cost(builder.graph())


def formula(terms: list[Term], weights: Any) -> str:
    """The sum of the products that have a weight: `3 x 3 x 64 x 112 x 112 + ...`."""
    products = []
    for t in terms:
        weight = weight_of(t, weights)
        if weight:
            factor = f"{weight} x " if isinstance(weight, int) and weight != 1 else ""
            products.append(factor + " x ".join(str(value) for _, value in t.factors))
    return " + ".join(products) or "0"


def expected(layer: Layer) -> Fraction:
    """Return 1/N + 1/D_K^2 exactly: depthwise separable cost relative to a standard convolution."""
    k_h, k_w = pair(layer.kernel)
    return Fraction(1, layer.out) + Fraction(1, k_h * k_w)


class Factorisation(NamedTuple):
    """A factorisation by name: the layer at its alpha and rho, and the ops that take its place."""

    name: str
    layer: Layer
    ops: list[Op]


def factorisations(layer: Layer) -> list[Factorisation]:
    """The layer itself, then its factorisations; the separable one also at alpha and rho, where given."""
    groups = layer.some_groups
    name = f"grouped, {groups} groups" if groups > 1 else "grouped, 1 group"
    found = [
        Factorisation("standard", layer, standard(layer)),
        Factorisation(name, layer, grouped(layer)),
        Factorisation("spatially separable", layer, spatially_separable(layer)),
        Factorisation("depthwise separable", layer, depthwise_separable(layer)),
    ]
    for alpha, rho in dict.fromkeys([(layer.alpha, None), (layer.alpha, layer.rho)]):
        given = [f"{word} {value:g}" for word, value in (("alpha", alpha), ("rho", rho)) if value is not None]
        if given:
            small = scaled(layer, alpha, rho)
            name = f"depthwise separable, {', '.join(given)}"
            found.append(Factorisation(name, small, depthwise_separable(small)))
    return found


def figures(way: Factorisation, full_size: Shape, convention: Convention) -> dict[str, Any]:
    """What one factorisation costs, without the ratios to the standard convolution."""
    costs = costs_of(*way)
    params = [t for x in costs.layers for t in x.params]
    work = [t for x in costs.layers for t in x.work]
    promised = isinstance(way.ops[0], DepthwiseConv) and way.layer.input == full_size
    return {
        "name": way.name,
        "input": list(way.layer.input),
        "output": list(costs.layers[-1].output),
        "params": convention.count_params(params),
        "params_formula": formula(params, convention.params),
        "params_ratio": None,
        "madds": convention.madds(work),
        "madds_formula": formula(work, convention.work),
        "madds_ratio": None,
        "expected_ratio": float(expected(way.layer)) if promised else None,
    }


def factorize(layer: Layer, convention: Convention) -> Document:
    """A convolution and its factorisations side by side; the separable one also at alpha and rho, if given.

    Raises ShapeError if the output would have no elements, or if the groups do not divide the channels.
    """
    found = [figures(way, layer.input, convention) for way in factorisations(layer)]
    for one in found:
        for key in ("params", "madds"):
            one[f"{key}_ratio"] = one[key] / found[0][key] if found[0][key] else None
    k_h, k_w = pair(layer.kernel)
    end = found[0]["output"]
    data = json_data(
        SCHEMA,
        None,
        convention=convention_data(convention),
        input=list(layer.input),
        output=end,
        kernel=[k_h, k_w],
        stride=list(pair(layer.stride)),
        padding=layer.padding,
        groups=layer.some_groups,
        alpha=layer.alpha,
        rho=layer.rho,
        expected_ratio=float(expected(layer)),
        convolutions=found,
    )
    ratio = f"1/N + 1/D_K^2 = 1/{layer.out} + 1/{k_h * k_w} = {float(expected(layer)):.4f}"
    lead = (
        "standard: D_K x D_K x M x N params; depthwise separable: D_K x D_K x M + M x N; times D_F x D_F"
        " for the multiply-adds",
        f"{ratio}: cost of a depthwise separable convolution relative to the standard one",
    )
    title = f"{k_h}x{k_w} convolution, {layer.input} to {'x'.join(map(str, end))}"
    notes = (
        "without biases; spatially separable keeps N channels in the middle",
        convention_note(convention),
    )

    def charts() -> tuple[Bars, ...]:
        from .sides import bars

        rows = [(one["name"], one["madds"], one["params"]) for one in found]
        return (bars(title, convention.unit, rows),)

    return Document(title, (_table(found, convention),), notes, data, lead, charts=charts)


def _table(found: list[dict[str, Any]], convention: Convention) -> Table:
    columns = (
        Column("name", "convolution"),
        Column("params_formula", "params ="),
        Column("params", "params", "count"),
        Column("params_ratio", "ratio", "ratio"),
        Column("madds_formula", f"{convention.unit} ="),
        Column("madds", convention.unit, "count"),
        Column("madds_ratio", "ratio", "ratio"),
        Column("expected", "1/N + 1/D_K^2", "ratio", rank=1),
    )
    rows = ({**one, "expected": one["expected_ratio"]} for one in found)
    return Table("convolutions", columns, tuple(tuple(row[c.key] for c in columns) for row in rows))
