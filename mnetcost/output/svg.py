"""SVG: a picture of the terminal, drawn by rich, with nothing fetched from elsewhere."""

from __future__ import annotations

import re

from ..analyses.records import Document
from .terminal import recorded
from .text import render as render_text

FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)  # rich's frame would fetch a font from a stranger's server
FAMILY = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"


def render(document: Document) -> str:
    """Return the answer as it looks on a terminal wide enough for it."""
    width = min(max(len(line) for line in render_text(document).splitlines()) + 26, 160)
    picture = recorded(document, width).export_svg(title="mnetcost", unique_id="mnetcost")
    return FONT.sub("", picture).replace("font-family: Fira Code", f"font-family: {FAMILY}")
