"""How does a picture get on paper? As SVG by day, which the library vl-convert makes PNG or PDF."""

from __future__ import annotations

import re
from typing import Any

from ..analyses.documents import Document
from ..errors import CallError
from .svg import render

EXTRA = "pip install 'mnetcost[pictures]'"


def paper(document: Document) -> str:
    """The picture of an answer on white, as SVG; an answer without charts in the colours of a light
    terminal.
    """
    return render(document, light=True)


def size(svg: str) -> tuple[float, float]:
    """The width and height of a picture, in pixels.

    >>> size('<svg viewBox="0 0 900 520">')
    (900.0, 520.0)
    """
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    assert found, "our pictures say their size"
    return float(found[1]), float(found[2])


def converter(format_: str) -> Any:
    """The library that draws SVG, which brings its own fonts for Latin, Greek and Cyrillic letters.

    format_: what it is needed for, for the error. Raises CallError where it is not installed.
    """
    try:
        import vl_convert
    except ImportError:
        raise CallError(f"{format_.upper()} needs vl-convert", hint=f"{EXTRA}, or -o FILE.svg") from None
    return vl_convert
