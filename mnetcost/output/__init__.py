"""How does an answer look? One module a format, imported when it is asked for; each has `render(document) -> str`."""

from __future__ import annotations

from importlib import import_module

from ..analyses.records import Document
from ..errors import CallError, nearest

FORMATS = {
    "text": "text",
    "json": "json_",
}
"""Every format's name, and its module in this room."""


def render(document: Document, name: str = "text") -> str:
    """Return an answer as text in a format, ending with a newline.

    Raises CallError, with the nearest name, for an unknown format.
    """
    if name not in FORMATS:
        like = nearest(name, FORMATS)
        raise CallError(f"there is no format '{name[:60]}'", hint=f"did you mean '{like}'?" if like else "there are: " + ", ".join(FORMATS))
    text: str = import_module(f"{__name__}.{FORMATS[name]}").render(document)
    return text if text.endswith("\n") else text + "\n"
