"""Which operators does TensorFlow Lite's converter make of what only moves numbers, or enlarges a map?"""

from __future__ import annotations

from typing import Any

from ...engine.graph import Node, Ref
from ...engine.num import pair
from ...engine.ops import (
    Crop,
    Dense,
    DepthToSpace,
    Flatten,
    Gate,
    Permute,
    Reshape,
    Resize,
    Shuffle,
    Slice,
    SpaceToDepth,
    Upsample,
)
from .writing import Lower, Writing, unknown


def _flatten(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if len(s.tensors[x].dims) == 2 or (s.shape(node)[:2] == (1, 1) and s.only_read_by(ref, Dense)):
        return x
    return s.emit("RESHAPE", node, (x, s.constant(2)), (s.batch, node.output.c))


def _reshape(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    vector = node.output.h == node.output.w == 1
    if vector and (len(s.tensors[x].dims) > 2 or s.only_read_by(ref, Gate) or s.made_by(x) == "MEAN"):
        return _flatten(s, ref, node)
    if s.made_by(x) == "RESHAPE" and s.only_reader(node.inputs[0]):
        raise unknown("a reshape of a reshape", node)
    return s.emit("RESHAPE", node, (x, s.constant(4)), s.map(node.output))


def _permute(s: Writing, ref: Ref, node: Node) -> int:
    if not (s.keras or node.op.axes):  # type: ignore[attr-defined]
        raise unknown("permute", node)
    return s.emit("TRANSPOSE", node, (s.input(node), s.constant(4)), s.map(node.output))


def _shuffle(s: Writing, ref: Ref, node: Node) -> int:
    h, w, c = node.output
    groups = node.op.groups  # type: ignore[attr-defined]
    grouped, dealt = (s.batch, h, w, groups, c // groups), (s.batch, h, w, c // groups, groups)
    x = s.emit("RESHAPE", node, (s.input(node), s.constant(5)), grouped, part="groups")
    x = s.emit("TRANSPOSE", node, (x, s.constant(5)), dealt, part="deal")
    return s.emit("RESHAPE", node, (x, s.constant(4)), s.map(node.output))


def _cut(s: Writing, ref: Ref, node: Node) -> int:
    x = s.input(node)
    if tuple(node.output) == tuple(s.shape(node)):
        return x
    return s.emit("STRIDED_SLICE", node, (x, *(s.constant(4) for _ in range(3))))


def _resize(s: Writing, ref: Ref, node: Node) -> int:
    method = node.op.method  # type: ignore[attr-defined]
    if method not in RESIZES:
        raise unknown(f"a resize by {method}", node)
    return s.emit(RESIZES[method], node, (s.input(node), s.constant(2)))


RESIZES = {"bilinear": "RESIZE_BILINEAR", "nearest": "RESIZE_NEAREST_NEIGHBOR"}


def _upsample(s: Writing, ref: Ref, node: Node) -> int:
    """Keras repeats each line, then each column; nearest is not an operator of its own."""
    op: Any = node.op
    if op.method != "nearest":
        return _resize(s, ref, node)
    (h, w, c), (by_h, by_w), x = s.shape(node), pair(op.scale), s.input(node)
    x = s.emit("RESHAPE", node, (x, s.constant(5)), (s.batch, h, 1, w, c), part="lines")
    x = s.emit("TILE", node, (x, s.constant(5)), (s.batch, h, by_h, w, c), part="repeated lines")
    x = s.emit("RESHAPE", node, (x, s.constant(5)), (s.batch, h * by_h, w, 1, c), part="columns")
    x = s.emit("TILE", node, (x, s.constant(5)), (s.batch, h * by_h, w, by_w, c), part="repeated columns")
    return s.emit("RESHAPE", node, (x, s.constant(4)), s.map(node.output))


def _blocks(type_: str) -> Lower:
    return lambda s, ref, node: s.emit(type_, node, (s.input(node),))


MOVES: dict[Any, Lower] = {
    Flatten: _flatten,
    Reshape: _reshape,
    Permute: _permute,
    Shuffle: _shuffle,
    **dict.fromkeys((Crop, Slice), _cut),
    Resize: _resize,
    Upsample: _upsample,
    DepthToSpace: _blocks("DEPTH_TO_SPACE"),
    SpaceToDepth: _blocks("SPACE_TO_DEPTH"),
}
"""How the converter writes each of them."""
