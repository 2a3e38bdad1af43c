"""Which part of the image does each layer see, how far apart are its positions, and do its paths align?"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.ops.op import traits
from ...engine.receptive import Seen, receptive_fields
from ..documents import Column, Document, Table, about, design_data, json_data, partial_notes

if TYPE_CHECKING:
    from ..charts import Lines

SCHEMA = "mnetcost.receptive/1"
NOTES = (
    "size: lines of the image that one position sees, zeros around it included; stride: how many lines"
    " further the next position's are; padding: lines before the image that the first position sees",
    "squeeze-and-excite is left out of size: behind a gate every position sees the whole image",
)


def receptive(design: Design, everything: bool = False) -> Document:
    """The receptive field of each layer that changes it; with `everything` of every layer.

    Raises ShapeError where it is not known: volumes, and paths of different strides that join.
    """
    graph = design.graph
    without, gated = receptive_fields(graph), receptive_fields(graph, gates=True)
    found = [
        layer_data(node.name, field, all_of)
        for node, field, all_of in zip(graph.nodes, without, gated, strict=True)
    ]
    listed = [
        (node, one)
        for node, one in zip(graph.nodes, found, strict=True)
        if node.inputs and (everything or {**one, "name": ""} != {**found[node.inputs[0]], "name": ""})
    ]
    rows = [_row(one, traits(node.op).label) for node, one in listed]
    columns = (
        Column("name", "layer"),
        Column("op", "op", rank=2),
        Column("rf", "size", "size"),
        Column("stride", "stride", "size"),
        Column("padding", "padding", "size"),
        Column("aligned", "aligned"),
        Column("whole_image", "with squeeze-and-excite"),
    )
    data = json_data(
        SCHEMA,
        graph,
        design=design_data(design),
        layers=[one for node, one in zip(graph.nodes, found, strict=True) if node.inputs],
    )

    def charts() -> tuple[Lines, ...]:
        from .seen import field_by_layer

        strides = [found[node.inputs[0]]["stride"] for node, _ in listed]
        return (field_by_layer(design, [one for _, one in listed], strides),)

    shown = () if everything else ("layers that see what the layer they read sees are left out (--all)",)
    return Document(
        design.heading,
        (Table("receptive field", columns, tuple(rows)),),
        (*NOTES, *shown, *partial_notes(graph)),
        data,
        (about(design.title, design.source),),
        charts=charts,
    )


def layer_data(name: str, field: Seen, gated: Seen) -> dict[str, Any]:
    """A layer of the JSON: its field as (height, width), None where it sees the whole image."""
    if field is None:
        return {
            "name": name,
            "rf": None,
            "stride": None,
            "padding": None,
            "aligned": None,
            "whole_image": True,
        }
    axes = field[:2]
    return {
        "name": name,
        "rf": [plain(a.last - a.first + 1) for a in axes],
        "stride": [plain(a.step) for a in axes],
        "padding": [plain(-a.first) for a in axes],
        "aligned": field.aligned,
        "whole_image": gated is None,
    }


def plain(value: Fraction) -> int | float:
    """A whole number where it is one."""
    return int(value) if value.denominator == 1 else float(value)


def _row(one: dict[str, Any], op: str) -> tuple[Any, ...]:
    sizes = [None if one[key] is None else tuple(one[key]) for key in ("rf", "stride", "padding")]
    aligned = {True: "yes", False: "no", None: ""}[one["aligned"]]
    whole = "the whole image" if one["whole_image"] else ""
    return one["name"], op, *sizes, aligned, whole
