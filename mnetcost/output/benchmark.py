"""Benchmark JSON: a list of name, unit and value, as read by actions that track figures over time.

Source: github-action-benchmark, README, "customSmallerIsBetter".
"""

from __future__ import annotations

from ..analyses.documents import Document
from ..errors import plain
from .json_ import dumps


def render(document: Document) -> str:
    """Return an entry for each figure, once, however many limits it has."""
    entries = {
        f"{r['design']} {r['limit']}": (r["unit"], r["value"])
        for r in document.data["results"]
        if r["value"] is not None
    }
    return dumps(
        [{"name": plain(name), "unit": unit, "value": value} for name, (unit, value) in entries.items()]
    )
