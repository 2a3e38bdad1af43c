"""JSON: the document's data, with exact integers and keys in the documented order.

A list of plain values is written on one line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ..analyses.documents import Document

STEP = "  "


def render(document: Document) -> str:
    """Return the document's data."""
    return dumps(document.data)


def dumps(data: Any) -> str:
    """Write JSON with two spaces of indent; anything past ASCII, and what a CI service would obey in a
    log, is written as an escape.
    """
    return "".join(_pieces(data, "\n")).replace("##[", "#\\u0023[")


def _pieces(value: Any, newline: str) -> Iterator[str]:
    """Write a value in pieces; arrays are written row by row, so that a large grid is not in memory as text
    and as numbers at once.
    """
    inner = newline + STEP
    if isinstance(value, dict) and value:
        for n, (key, item) in enumerate(value.items()):
            yield f"{',' if n else '{'}{inner}{json.dumps(str(key))}: "
            yield from _pieces(item, inner)
        yield newline + "}"
    elif getattr(value, "ndim", 0) > 1 or (
        isinstance(value, list) and any(isinstance(item, dict | list) for item in value)
    ):
        for n, item in enumerate(value):
            yield ("," if n else "[") + inner
            yield from _pieces(item, inner)
        yield newline + "]"
    else:
        yield json.dumps(
            value.tolist() if hasattr(value, "tolist") else value, ensure_ascii=True, allow_nan=False
        )
