"""Why is each layer there, and what is its count made of?

Formulas with their numbers, made of the terms that were counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from ...designs.settings import Design
from ...engine.conventions import Convention, Weight, weight_of
from ...engine.costs import Costs, LayerCost
from ...engine.ops import Conv
from ...engine.terms import Term
from ...errors import CallError, nearest
from ..documents import (
    Column,
    Document,
    Table,
    about,
    convention_data,
    convention_note,
    design_data,
    json_data,
    partial_notes,
)
from .tally import elsewhere, gap_notes

SCHEMA = "mnetcost.explain/1"


def chosen(costs: Costs, pattern: str | None) -> list[LayerCost]:
    """The layers with a name, of a block, or that match a pattern such as `*/depthwise`; all for None.

    Raises CallError, with the nearest name, if there are none.
    """
    if pattern is None:
        return list(costs.layers)
    names = [x.name for x in costs.layers]
    places = list(dict.fromkeys(x.node.place for x in costs.layers))
    for test in (
        lambda x: x.name == pattern,
        lambda x: x.node.place == pattern,
        lambda x: x.node.place.startswith(pattern + "/"),
        lambda x: fnmatchcase(x.name, pattern) or fnmatchcase(x.node.place, pattern),
    ):
        found = [x for x in costs.layers if test(x)]
        if found:
            return found
    like = nearest(pattern, [*places, *names])
    hint = (
        f"did you mean '{like}'?"
        if like
        else "blocks: " + ", ".join(places[:12]) + (", ..." if len(places) > 12 else "")
    )
    raise CallError(f"there is no layer '{pattern[:60]}'", hint=hint)


CONVOLUTIONS = {
    "pointwise": (
        "Pointwise (1x1) convolution: mixes the channels of one position, and looks at no neighbours."
    ),
    "grouped": "Grouped convolution: every output channel looks at the input channels of its group.",
    "depthwise": "Depthwise convolution: one filter a channel, so channels never mix.",
}
"""What a convolution of a special kind is, in a sentence."""


def what(layer: LayerCost) -> str:
    """One sentence on the op of a layer, from its docstring."""
    if layer.node.op.__class__ is Conv and layer.word in CONVOLUTIONS:
        return CONVOLUTIONS[layer.word]
    text = " ".join((type(layer.node.op).__doc__ or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", text, maxsplit=1)[0]


def _label(t: Term, side: str, weight: Weight) -> str:
    name = f"{t.kind} ({t.variant.replace('_', ' ')})" if t.variant else t.kind
    if weight.__class__ is not int:
        return f"{side}, weighed: {name}"
    return (
        f"{side}, not counted: {name}"
        if weight == 0
        else f"{side}: {name}"
        if weight == 1
        else f"{side}, times {weight}: {name}"
    )


def parts(layer: LayerCost, convention: Convention) -> list[tuple[Any, ...]]:
    """A row for each term of a layer: its kind and how it is weighed, its count, and its factors by name."""
    params = [(_label(t, "params", weight_of(t, convention.params)), t.count, str(t)) for t in layer.params]
    return params + [
        (_label(t, convention.unit, weight_of(t, convention.work)), t.count, str(t)) for t in layer.work
    ]


def _terms(terms: Sequence[Term], weights: Any) -> list[dict[str, Any]]:
    return [
        {
            "kind": t.kind,
            "variant": t.variant,
            "factors": [{"name": name, "value": value} for name, value in t.factors],
            "count": t.count,
            "weight": weight if isinstance(weight := weight_of(t, weights), int) else dict(weight),
        }
        for t in terms
    ]


def _table(layer: LayerCost, terms: list[tuple[Any, ...]]) -> Table:
    """The section of one layer: what it is, why it is there if its spec says so, and its terms."""
    shapes = f"{' and '.join(map(str, layer.inputs))} to {layer.output}"
    why = [("why", None, layer.node.why)] if layer.node.why else []
    return Table(f"{layer.name}, {shapes}", COLUMNS, (("is", None, what(layer)), *why, *terms))


def _data(layer: LayerCost, convention: Convention) -> dict[str, Any]:
    """One layer of the JSON document."""
    return {
        "name": layer.name,
        "place": layer.node.place,
        "op": layer.word,
        "is": what(layer),
        "why": layer.node.why or what(layer),
        "inputs": [list(x) for x in layer.inputs],
        "output": list(layer.output),
        "params": convention.count_params(layer.params),
        "madds": convention.madds(layer.work),
        "params_terms": _terms(layer.params, convention.params),
        "work_terms": _terms(layer.work, convention.work),
    }


COLUMNS = (Column("part", ""), Column("count", "count", "count"), Column("formula", "formula"))


def section(layer: LayerCost, convention: Convention) -> Table:
    """What one layer is and what its counts are made of, as `explain` shows it."""
    return _table(layer, parts(layer, convention))


def explain(design: Design, costs: Costs, convention: Convention, pattern: str | None = None) -> Document:
    """For each layer: what its op does, why it is there, and each of its counts as a product.

    pattern: the name of a layer or of a block, or a pattern such as `*/depthwise`; None for all layers.
    Raises CallError, with the nearest name, if no layer matches.
    """
    layers = chosen(costs, pattern)
    terms = [parts(layer, convention) for layer in layers]
    found = [_data(layer, convention) for layer in layers]
    data = json_data(
        SCHEMA,
        costs.graph,
        design=design_data(design),
        convention=convention_data(convention),
        layers=found,
    )
    tables = tuple(_table(layer, those) for layer, those in zip(layers, terms, strict=True))
    rows = tuple(
        (one["name"], *term, one["why"])
        for one, those in zip(found, terms, strict=True)
        for term in those or [(None, None, None)]
    )
    flat = Table("terms", (Column("layer", "layer"), *COLUMNS, Column("why", "why")), rows)
    params, madds = (sum(x[key] for x in found) for key in ("params", "madds"))
    these = "all layers" if pattern is None else f"{len(layers)} layer{'s' * (len(layers) > 1)}"
    notes = (
        *partial_notes(costs.graph),
        f"{these}: {params:,} params, {madds:,} {convention.unit}",
        convention_note(convention),
        elsewhere(costs, layers, convention),
        *gap_notes(costs, convention),
    )
    lead = (about(design.title, design.source), *(f"differs: {line}" for line in design.differs))
    return Document(design.heading, tables, notes, data, lead, flat)
