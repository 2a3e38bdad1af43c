"""SVG: a picture of the terminal output, drawn by rich, without external resources."""

from __future__ import annotations

import re

from ..analyses.documents import Document
from .terminal import recorded

# rich's SVG would fetch a font from the web
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
FAMILY = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"


def render(document: Document) -> str:
    """Return the document as shown on a terminal that is wide enough for it."""
    picture = recorded(document).export_svg(title="mnetcost", unique_id="mnetcost")
    return FONT.sub("", picture).replace("font-family: Fira Code", f"font-family: {FAMILY}")
