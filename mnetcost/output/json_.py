"""JSON: the document's data, exact integers, keys in the documented order."""

from __future__ import annotations

import json

from ..analyses.records import Document


def render(document: Document) -> str:
    """Return the data as JSON with two spaces of indent; anything past ASCII is written as an escape."""
    return json.dumps(document.data, indent=2, ensure_ascii=True, allow_nan=False)
