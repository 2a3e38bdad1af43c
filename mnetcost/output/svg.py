"""SVG: the charts of an answer; of an answer without charts a picture of the terminal, drawn by rich."""

from __future__ import annotations

import re

from ..analyses.documents import Document

# rich's SVG would fetch a font from the web
FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
FAMILIES = {"Fira Code": "ui-monospace, Menlo, Consolas, DejaVu Sans Mono", "arial": "arial, sans-serif"}
"""What stands in place of rich's fonts, of which one is fetched and one is not everywhere."""


def render(document: Document, light: bool = False) -> str:
    """Return the charts of a document, or the document as shown on a terminal that is wide enough for it.

    light: that terminal has dark letters on white.
    """
    if charts := document.charts():
        from .charts import picture
        from .charts.foot import NEEDED

        return picture(charts, filter(NEEDED.search, document.notes))
    from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME

    from .terminal import recorded

    theme = DEFAULT_TERMINAL_THEME if light else SVG_EXPORT_THEME
    photograph = recorded(document).export_svg(title="mnetcost", unique_id="mnetcost", theme=theme)
    for font, family in FAMILIES.items():
        photograph = photograph.replace(f"font-family: {font}", f"font-family: {family}")
    return FONT.sub("", photograph)
