"""PNG: the picture of an answer in dots, twice as many as SVG has pixels, so that its text is crisp."""

from __future__ import annotations

from ..analyses.documents import Document
from ..errors import CallError
from .paper import converter, paper, size

DOTS = 144
"""Dots in an inch, of which SVG has 72 pixels here; a chart is 12.5 inches wide."""
MOST_DOTS = 60_000_000
"""A larger picture would take a gigabyte of memory."""


def render(document: Document) -> bytes:
    """Return the charts of a document, or else the document as shown on a light terminal, as PNG.

    Raises CallError where vl-convert is not installed, and for a picture of more than `MOST_DOTS`.
    """
    library, svg = converter("png"), paper(document)
    wide, high = (int(side * DOTS / 72) for side in size(svg))
    if wide * high > MOST_DOTS:
        raise CallError(
            f"a PNG of {wide:,} x {high:,} dots is too large", hint="-o FILE.pdf or FILE.svg, or fewer rows"
        )
    return bytes(library.svg_to_png(svg, scale=1, ppi=DOTS))
