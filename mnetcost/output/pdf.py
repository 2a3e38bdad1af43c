"""PDF: the picture of an answer as one page of its size, with its text as text and its fonts within."""

from __future__ import annotations

from ..analyses.documents import Document
from .paper import converter, paper


def render(document: Document) -> bytes:
    """Return the charts of a document, or else the document as shown on a light terminal, as PDF.

    Fonts may be stored in another order each time; the picture is the same. Raises CallError where
    vl-convert is not installed.
    """
    return bytes(converter("pdf").svg_to_pdf(paper(document)))
