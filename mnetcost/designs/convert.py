"""How is a graph written as a spec? One row a layer, so that a model file becomes a text to edit."""

from __future__ import annotations

from typing import Any

from ..engine.costs import cost
from ..engine.graph import Graph, Node, Ref
from ..engine.ops import SEVERAL_INPUTS, WORDS, Constant, Input, Unknown
from ..errors import CallError, Fault, MnetcostError
from .build import INPUT
from .find import parent_of
from .loading import load_spec
from .settings import Design, Settings
from .spec import read_spec
from .toml import quoted, value

NAMED = "net.toml"


def _names(nodes: tuple[Node, ...], image: Ref) -> dict[Ref, str]:
    """Return each layer's name in the spec: its name in the file, with a number where that is taken."""
    names, taken = {image: INPUT}, {INPUT}
    for ref, node in enumerate(nodes):
        if ref == image:
            continue
        plain = node.name.encode("utf-8", "replace").decode()[:180].strip() or "layer"
        name, n = plain, 2
        while name in taken:
            name, n = f"{plain} ({n})", n + 1
        names[ref] = name
        taken.add(name)
    return names


def _op(node: Node) -> Any:
    """Return the op of a layer's row; an input besides the image becomes a constant, also without cost."""
    op = node.op
    return Constant(op.h, op.w, op.c) if isinstance(op, Input) and op.d is None else op


def _row(ref: Ref, node: Node, names: dict[Ref, str], before: Ref) -> str:
    op = _op(node)
    if node.op.__class__ is Unknown:
        raise CallError(
            f"layer {node.name!r}: {node.op.type!r} cannot be costed, and so not be written as a row of a"
            " spec"
        )
    word = WORDS.get(type(op))
    if word is None or node.when != 1:
        raise CallError(f"layer {node.name!r}: a spec has no row for it")
    keys = {"op": quoted(word), "name": quoted(names[ref])}
    if word in SEVERAL_INPUTS:
        keys["from"] = "[" + ", ".join(quoted(names[i]) for i in node.inputs) + "]"
    elif node.inputs and node.inputs[0] != before:
        keys["from"] = quoted(names[node.inputs[0]])
    keys |= {
        field: value(v) for field, v in op._asdict().items() if (field, v) not in op._field_defaults.items()
    }
    if node.shared:
        keys["shared"] = "true"
    return "  { " + ", ".join(f"{k} = {v}" for k, v in keys.items()) + " },"


def spec_text(design: Design) -> str:
    """Write a design as a spec that costs the same, layer by layer, at the size the design has here.

    Widths are fixed, because a model file does not say how they follow alpha. Raises CallError for a design
    that no spec describes.
    """
    graph = design.graph
    nodes = graph.nodes
    image = next((ref for ref, node in enumerate(nodes) if node.op.__class__ is Input), None)
    if image is None:
        raise CallError(f"{design.name}: has no input")
    *sides, c = nodes[image].output
    read = {i for node in nodes for i in node.inputs}
    names = _names(nodes, image)
    lines = [
        f"source = {quoted(', '.join(filter(None, (design.source, design.name)))[:2000])}",
        f"title = {quoted(design.title[:2000])}",
        f"resolution = {sides[0] if sides == sides[:1] * 2 else sides}",
        *([f"channels = {c}"] if c != 3 else []),
        "layers = [",
    ]
    before = image
    for ref, node in enumerate(nodes):
        if ref == image or (node.op.__class__ is Input and ref not in read):
            continue
        lines.append(_row(ref, node, names, before))
        before = ref
    text = "\n".join(
        [*lines, "]", "", "[widths]", 'scale = "fixed"          # as in the file, whatever alpha is', ""]
    )
    try:
        again = load_spec(read_spec(text, NAMED, "net", None, parent_of), Settings())
    except MnetcostError as e:  # past the bounds of specs, which are tighter than those of files
        raise CallError(
            *(
                Fault(f"cannot be written as a spec: {f.message}", design.name, place=f.place)
                for f in e.faults
            )
        ) from None
    if counts(again.graph) != counts(graph):
        raise CallError(f"{design.name}: cannot be written as a spec that costs the same")
    return text


def counts(graph: Graph) -> list[Any]:
    """Return the output, parameters by kind and work by kind of every layer that has some."""
    layers = ((x.output, x.params_by_kind(), x.work_by_kind()) for x in cost(graph).layers)
    return [x for x in layers if x[1] or x[2]]
