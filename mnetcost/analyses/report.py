"""What does each layer of one design cost? The report, by layer, block, resolution or kind."""

from __future__ import annotations

from typing import Any

from .. import __version__
from ..designs import Design
from ..engine.conventions import Convention
from ..engine.costs import Costs, LayerCost
from .records import Column, Document, Table

SCHEMA = "mnetcost.report/1"


def design_data(design: Design) -> dict[str, Any]:
    """The `design` object of every JSON document."""
    return {
        "name": design.name,
        "source": design.source,
        "alpha": design.alpha,
        "rho": design.rho,
        "resolution": list(design.resolution),
        "classes": design.classes,
        "batch": design.batch,
        "top": design.top,
    }


def convention_data(convention: Convention) -> dict[str, Any]:
    """The `convention` object of every JSON document."""
    return {
        "name": convention.name,
        "title": convention.title,
        "source": convention.source,
        "unit": convention.unit,
        "work": dict(convention.work),
        "params": dict(convention.params),
    }


def layer_data(layer: LayerCost, convention: Convention) -> dict[str, Any]:
    """One layer of the JSON document."""
    op, x = layer.node.op, layer.inputs[0] if layer.inputs else layer.output
    return {
        "name": layer.name,
        "place": layer.node.place,
        "op": op.label,
        "input": list(x),
        "output": list(layer.output),
        "kernel": _pair(getattr(op, "kernel", None)),
        "stride": _pair(getattr(op, "stride", None)),
        "groups": x.c if op.label == "depthwise" else getattr(op, "groups", None),
        "params": convention.count_params(layer.params),
        "madds": convention.madds(layer.work),
        "params_by_kind": layer.params_by_kind(),
        "work_by_kind": layer.work_by_kind(),
    }


def _pair(size: Any) -> list[int] | None:
    return None if size is None else list(size) if isinstance(size, tuple) else [size, size]


def totals_data(costs: Costs, convention: Convention) -> dict[str, Any]:
    """The `totals` object: raw counts of every kind, and what the convention makes of them."""
    params = convention.count_params(t for layer in costs.layers for t in layer.params)
    return {
        "params": params,
        "params_by_kind": costs.params_by_kind(),
        "madds": convention.madds(t for layer in costs.layers for t in layer.work),
        "work_by_kind": costs.work_by_kind(),
        "weight_bytes": {"float32": 4 * params, "float16": 2 * params, "int8": params},
        "activation_elements": costs.activation_elements(),
    }


def report_data(design: Design, costs: Costs, convention: Convention) -> dict[str, Any]:
    """The report as the JSON document says it."""
    return {
        "schema": SCHEMA,
        "mnetcost": __version__,
        "status": costs.status,
        **({"left_out": list(costs.graph.left_out)} if costs.graph.left_out else {}),
        "design": design_data(design),
        "convention": convention_data(convention),
        "totals": totals_data(costs, convention),
        "layers": [layer_data(layer, convention) for layer in costs.layers],
    }


def report(design: Design, costs: Costs, convention: Convention) -> Document:
    """Answer with one row a layer."""
    columns = (Column("name", "layer"), Column("params", "params", "count"), Column("madds", convention.unit, "count"))
    rows = [(x.name, convention.count_params(x.params), convention.madds(x.work)) for x in costs.layers]
    data = report_data(design, costs, convention)
    totals = data["totals"]
    table = Table("layers", columns, tuple(r for r in rows if r[1] or r[2]), (("total", totals["params"], totals["madds"]),))
    return Document(design.heading, (table,), (f"convention: {convention.name}",), data)
