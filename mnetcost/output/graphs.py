"""Which graph does a format write of an answer, and what does it say of each box?"""

from __future__ import annotations

from collections.abc import Sequence

from ..analyses.charts import Box, Network
from ..analyses.documents import Document
from ..errors import CallError
from .cells import size


def graphs_of(document: Document, name: str) -> list[Network]:
    """The graphs of a document: as asked for, then with larger and larger blocks.

    name: of the format, for the error. Raises CallError if the document is not about one design.
    """
    found = list(document.networks())
    if not found:
        raise CallError(
            f"{name} contains the graph of one design, but this answer has none",
            hint=f"mnetcost report v2 --format {name}",
        )
    return found


def described(box: Box, unit: str) -> list[str]:
    """The lines of a box: its name, its op, its shapes, and its counts where there are any."""
    return [line for line in (box.name, _what(box), _shapes(box), _counts(box, unit)) if line]


def _what(box: Box) -> str:
    if box.layers > 1:
        return f"{box.layers:,} layers"
    parts = [box.op if not box.function else f"{box.op} {box.function}"]
    if box.kernel:
        parts.append(size(box.kernel))
    if set(box.stride) - {1}:
        parts.append(f"stride {size(box.stride[:1] if len(set(box.stride)) == 1 else box.stride)}")
    return ", ".join(parts)


def _shapes(box: Box) -> str:
    given = _few(box.gives)
    return f"{_few(box.reads)} → {given}" if box.reads else given


def _few(shapes: Sequence[tuple[int, ...]]) -> str:
    if len(shapes) > 3 or (len(shapes) > 1 and len(set(shapes)) == 1):
        return f"{len(shapes)} of {size(shapes[0])}" if len(set(shapes)) == 1 else f"{len(shapes)} maps"
    return ", ".join(map(size, shapes))


def _counts(box: Box, unit: str) -> str:
    counts = ((box.params, "params"), (box.madds, unit))
    return ", ".join(f"{count:,} {of}" for count, of in counts if count)
