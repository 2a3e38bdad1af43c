"""Of which parts is a TFLite file? Weights, biases, other constants, quantisation, metadata."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

from ..ondisk import BIASES, OTHERS, WEIGHTS
from .file import FileReader, required

SCALES, ZERO_POINTS = "scales", "zero points"
RANGES = "ranges of numbers"
METADATA = "metadata"
LEARNED: dict[str, tuple[int, int]] = {
    **dict.fromkeys(("CONV_2D", "DEPTHWISE_CONV_2D", "CONV_3D", "FULLY_CONNECTED"), (1, 2)),
    **dict.fromkeys(("TRANSPOSE_CONV", "CONV_3D_TRANSPOSE"), (1, 3)),
}
"""At which of an operator's inputs its weights and its biases are."""
QUANTISATION = {
    "Min": (4, 4, RANGES),
    "Max": (6, 4, RANGES),
    "Scale": (8, 4, SCALES),
    "ZeroPoint": (10, 8, ZERO_POINTS),
}
"""The vectors of a tensor's quantisation: the slot in the file, the bytes of a number, and its part."""


def parts(file: str) -> tuple[dict[str, int], dict[str, int | None]]:
    """The bytes of each part of a TFLite file; what two tensors share counts once.

    Raises SpecError where the file cannot be read, and where tflite is not installed.
    """
    required(file)
    reader = FileReader(file)
    try:
        spans = dict(_spans(reader))
    except (struct.error, TypeError, IndexError, ValueError, OverflowError, AttributeError) as e:
        raise reader.fault(f"is cut off or corrupt: {str(e)[:120]}", reader.place) from None
    found = dict.fromkeys((WEIGHTS, BIASES, OTHERS, SCALES, ZERO_POINTS, RANGES, METADATA), 0)
    for (start, end), part in spans.items():
        found[part] += end - start
    return found, {}


Span = tuple[tuple[int, int], str]


def _spans(reader: FileReader) -> Iterator[Span]:
    """Where each part's bytes are; the last of equal ones decides which part they are of."""
    model, graphs = reader.model, reader.graphs()
    for n in reader.count(model.MetadataLength(), "metadata"):
        reader.place = f"metadata {n}"
        yield from _buffer(reader, model.Metadata(n).Buffer(), METADATA)
    for k in range(graphs):
        graph = reader.subgraph(k)
        roles = {}
        for operator in graph.operators:
            for at, part in zip(LEARNED.get(operator.type, ()), (WEIGHTS, BIASES), strict=False):
                roles.update(dict.fromkeys(operator.inputs[at : at + 1], part))
        learned = [(n, roles[n]) for n in roles if 0 <= n < len(graph.tensors)]
        for n, part in (*((n, OTHERS) for n in range(len(graph.tensors))), *learned):
            yield from _buffer(reader, graph.tensors[n].buffer, part)
        for n in range(len(graph.tensors)):
            reader.place = f"tensor {n}"
            yield from _quantisation(reader, model.Subgraphs(k).Tensors(n).Quantization())


def _buffer(reader: FileReader, index: int, part: str) -> Iterator[Span]:
    at, size = reader.buffer(index)
    if size:
        yield (at, at + size), part


def _quantisation(reader: FileReader, q: Any) -> Iterator[Span]:
    """The vectors of a tensor's quantisation."""
    for name, (slot, size, part) in QUANTISATION.items() if q is not None else ():
        count = len(reader.count(getattr(q, f"{name}Length")(), "scales"))
        if count:
            at = q._tab.Vector(q._tab.Offset(slot))
            yield (at, at + count * size), part
