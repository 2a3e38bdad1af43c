"""SVG: a picture of the terminal, drawn by rich, with nothing fetched from elsewhere."""

from __future__ import annotations

import re

from ..analyses.documents import Document
from .terminal import recorded

# rich's frame would fetch a font from a stranger's server
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
FAMILY = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"


def render(document: Document) -> str:
    """Return the answer as it looks on a terminal wide enough for it."""
    picture = recorded(document).export_svg(title="mnetcost", unique_id="mnetcost")
    return FONT.sub("", picture).replace("font-family: Fira Code", f"font-family: {FAMILY}")
