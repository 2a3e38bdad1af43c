"""Where does an ONNX file keep its weights, and which of its nodes have some?

What only fills a norm's place is none.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from math import prod
from typing import Any

from ..kit.layers import DETECTION, LARGEST_OPTIONS, PRODUCTS
from ..kit.stored import Stored
from .file import FOLDED

UNLEARNED = (7, 8, 9)  # indices, texts and truths: what no layer learns
# what onnxscript calls numbers that it works out; a parameter keeps the name it has in PyTorch
MADE_UP = re.compile(rb"val_\d+")
ZEROS = re.compile(rb"zeros(_\d+)?")  # a state that PyTorch begins with
STEPS = re.compile(rb"(zeros|val|getitem|unsqueeze|squeeze|select|slice|expand)(_\d+)?")  # and how it is cut
KERNELS = {
    **dict.fromkeys(
        ("Conv", "FusedConv", "ConvTranspose", "Gemm", "MatMul", "ConvInteger", "MatMulInteger"), 1
    ),
    **dict.fromkeys(("QLinearConv", "QLinearMatMul", "QGemm"), 3),
}
"""Ops that read the weights of convolutions and dense layers, and at which input."""
WEIGHING = {
    *KERNELS,
    *(
        "Einsum",
        "Attention",
        "BatchNormalization",
        "LayerNormalization",
        "SimplifiedLayerNormalization",
        "SkipLayerNormalization",
    ),
    *(
        "InstanceNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "PRelu",
        "BiasGelu",
        "DeformConv",
        "Scan",
    ),
}
"""Ops with weights or products: an op before one of them must be costed."""
GIVEN = {"Conv": 1, "ConvTranspose": 1, "Gemm": 1, "BatchNormalization": 1, "PRelu": 1}
"""Ops whose inputs from this one on are weights, even where a file without weights lists them as the
network's inputs.
"""


def text(data: bytes, longest: int = 400) -> str:
    """A name of the file's."""
    return data[:longest].decode("utf-8", "backslashreplace")


def kernels_kept(model: Any, keeping: Container[str]) -> Counter[str]:
    """How many convolutions and dense layers have their weights in initializers, in Constant nodes, or in
    what ConstantOfShape makes?

    PyTorch's exporters, tf2onnx and most others write parameters as initializers, and as Constant nodes
    only what is fixed. Where the weights themselves are Constant nodes, as Paddle2ONNX writes them, so are
    biases and norms. `keeping`: ops that leave stored numbers what they are.
    """
    found: Counter[str] = Counter()
    for scope in (model.graph, *model.functions):
        of = {}
        if scope is model.graph:  # a file whose weights were taken out lists them among its inputs
            of = dict.fromkeys([v.name for v in (*scope.input, *scope.initializer)], "initializer")
        for node in scope.node:
            type_ = text(node.op_type)
            if type_ in ("Constant", "ConstantOfShape"):
                of.update(dict.fromkeys(node.output, "constant" if type_ == "Constant" else "fill"))
            elif type_ in keeping and node.input and node.input[0] in of:
                of[node.output[0]] = of[node.input[0]]
            elif KERNELS.get(type_, 99) < len(node.input):
                found[of.get(node.input[KERNELS[type_]], "")] += 1
    return found


def made_up(stored: Any) -> bool:
    """Has onnxscript worked these numbers out and named them itself?"""
    name = stored.key[-1] if stored.key else b""
    return name.__class__ is bytes and MADE_UP.fullmatch(name) is not None


def made_of(value_info: Any) -> list[bytes]:
    """The values that onnxscript worked a stored one out from, as it notes in metadata; none for others."""
    notes = (entry.value for entry in value_info.metadata_props if entry.key == FOLDED)
    return [name for note in notes for name in re.findall(rb"'([^']*)'", note)]


def written_again(graph: Any) -> set[bytes]:
    """Initializers that hold no parameters but those which are in the file beside them.

    PyTorch's newer exporter unrolls its RNN and loops over cells; what the first step makes of a state of
    zeros is worked out by then, as many numbers as a bias, which is an initializer too.
    """
    sources = {v.name: names for v in graph.value_info if (names := made_of(v))}
    held = {t.name for t in graph.initializer}
    alone = {names[0] for name, names in sources.items() if name in held and len(names) == 1}
    there = (held - sources.keys()) | alone
    return {
        name
        for name, names in sources.items()
        if name in held
        and any(map(ZEROS.fullmatch, (name, *names)))
        and all(n in there or STEPS.fullmatch(n) for n in names)
    }


def fills(stored: Any) -> bool:
    """Are these ones or zeros that onnxscript writes for a scale or a shift that a norm lacks?"""
    return made_up(stored) and set(stored.values or ()) in ({0}, {1})


def graphs_in(node: Any) -> Iterator[Any]:
    """The graphs that stand in a node, and those within them."""
    todo = [a.g for a in node.attribute if a.HasField("g")]
    while todo:
        graph = todo.pop()
        yield graph
        todo += [a.g for inner in graph.node for a in inner.attribute if a.HasField("g")]


def weighs(node: Any, stored: Sequence[Stored], known: bool) -> bool:
    """Has a node weights or products of its own, or may it have some, as one that is not known and reads
    stored numbers?
    """
    within = list(graphs_in(node))
    types = [text(node.op_type), *(text(inner.op_type) for graph in within for inner in graph.node)]
    if any(type_ in WEIGHING or PRODUCTS.search(type_) for type_ in types):
        return True
    if any(prod(t.dims) > 1 and t.data_type not in UNLEARNED for graph in within for t in graph.initializer):
        return True
    held = any(v.numbers > 1 for v in stored) and not DETECTION.search(types[0])
    return not known and (
        held or any(prod(a.t.dims) > 1 or len(a.s) > LARGEST_OPTIONS for a in node.attribute)
    )
