"""SVG: the charts of an answer; of an answer without charts a picture of the terminal, drawn by rich."""

from __future__ import annotations

import re

from ..analyses.documents import Document

# rich's SVG would fetch a font from the web
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
FAMILY = "ui-monospace, Menlo, Consolas, DejaVu Sans Mono"


def render(document: Document) -> str:
    """Return the charts of a document, or the document as shown on a terminal that is wide enough for it."""
    if charts := document.charts():
        from .charts import picture

        return picture(charts)
    from .terminal import recorded

    photograph = recorded(document).export_svg(title="mnetcost", unique_id="mnetcost")
    return FONT.sub("", photograph).replace("font-family: Fira Code", f"font-family: {FAMILY}")
