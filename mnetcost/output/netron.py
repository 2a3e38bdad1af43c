"""Netron: params and multiply-adds of each node of a model file, which Netron shows beside the file.

Netron opens the model, and then this file dropped onto it. Source of the form: Netron, source/view.js,
metadata.Attachment.
"""

from __future__ import annotations

import json
from typing import Any

from ..analyses.charts import Box, Network
from ..analyses.documents import Document
from ..errors import CallError
from .cells import size
from .graphs import graphs_of

KEYS = {"node": ("node", "target"), "number": ("node", "identifier"), "value": ("value", "target")}
"""How Netron finds what a layer is from, by the kind of its origin: what it is, and by which of its names."""
LARGEST = 2**53 - 1  # what JSON's readers in browsers hold exactly


def render(document: Document) -> str:
    """Return the attachment: metrics and shapes for each node of the file that became layers.

    What several layers are made of, or several nodes within it, has the sum of them. Raises CallError for a
    spec, which Netron does not open, for blocks, and if the document is not about one design.
    """
    net = graphs_of(document, "netron")[0]
    if net.folded:
        raise CallError("Netron shows the nodes of a file, not blocks", hint="leave out --by block")
    found: dict[tuple[str, str], list[Box]] = {}
    for box in net.boxes:
        for origin in box.origins if box.op != "input" else ():  # Netron draws inputs without a node
            found.setdefault(origin, []).append(box)
    if not found:
        raise CallError(
            f"Netron shows figures beside a model file, and '{document.title}' is none",
            hint="mnetcost report net.onnx -o net.netron.json",
        )
    metrics, metadata = _whole(document, net)
    for (kind, key), boxes in found.items():
        what, by = KEYS[kind]
        for name, value in _metrics(boxes, net.unit).items():
            metrics.append({"kind": what, by: key, "name": name, "value": value})
        for name, text in _metadata(boxes).items():
            metadata.append({"kind": what, by: key, "name": name, "value": text})
    data = {"signature": "netron:attachment", "metadata": metadata, "metrics": metrics}
    return json.dumps(data, indent=1)


def _whole(document: Document, net: Network) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The figures of the whole model, and how they were counted."""
    model = {"kind": "model", "target": ""}
    metrics = [{**model, "name": k, "value": v} for k, v in _metrics(net.boxes, net.unit).items()]
    by = f"mnetcost {document.data['mnetcost']}, convention {document.data['convention']['name']}"
    if document.data["status"] != "complete":
        by += f" ({document.data['status']})"
    metadata = [{**model, "name": "counted by", "value": by}]
    lost = [box for box in net.boxes if not box.origins and (box.params or box.madds)]
    if lost:
        text = ", ".join(f"{v} {k}" for k, v in _metrics(lost, net.unit).items())
        metadata.append({**model, "name": "of nodes that are not found by name", "value": text})
    return metrics, metadata


def _metrics(boxes: Any, unit: str) -> dict[str, Any]:
    """Params and multiply-adds of layers together; "not counted" where one cannot be costed."""
    if len(boxes) == 1 and boxes[0].op == "unknown":
        return {"params": "not counted", unit: "not counted"}
    params, madds = sum(box.params for box in boxes), sum(box.madds for box in boxes)
    return {"params": _number(params), unit: _number(madds)}


def _number(value: int) -> int | str:
    return value if value <= LARGEST else f"{value:,}"


def _metadata(boxes: list[Box]) -> dict[str, str]:
    """What a node was read as, and the shapes that the counts rest on."""
    ops = ", ".join(dict.fromkeys(" ".join(filter(None, (box.op, box.function))) for box in boxes))
    reads = ", ".join(size(shape) for shape in boxes[0].reads)
    return {"read as": ops, "reads": reads, "gives": ", ".join(size(s) for s in boxes[-1].gives)}
