"""How does an answer look? One module a format, imported when it is asked for; each has `render(document) -> str`.

Every cell that people read is written by `cells.written`, and every text goes through the format's own `escape`: a name from a spec or a
model file is data wherever it is printed.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from ..analyses.records import Document
from ..errors import CallError, nearest

FORMATS = {
    "text": "text",
    "json": "json_",
    "csv": "csv_",
    "markdown": "markdown",
    "latex": "latex",
    "html": "html_",
    "svg": "svg",
    "npz": "npz",
}
"""Every format's name, and its module in this room."""

ARRAYS = ("npz",)
"""Formats that hold arrays and no text; only an answer that has arrays has a form in them."""

SUFFIXES = {
    ".txt": "text",
    ".json": "json",
    ".csv": "csv",
    ".md": "markdown",
    ".tex": "latex",
    ".html": "html",
    ".svg": "svg",
    ".npz": "npz",
}
"""The format a file's name asks for."""

CHECK_FORMATS = {
    **FORMATS,
    "markdown": "comment",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "sarif": "sarif",
    "benchmark": "benchmark",
}
"""What `mnetcost check` can print: the usual formats, and those that CI services read."""


def words(formats: Mapping[str, str] = FORMATS, arrays: bool = False) -> str:
    """The names of formats as a help text lists them, those that hold arrays only where they are asked for."""
    *names, last = (name for name in formats if arrays or name not in ARRAYS)
    return f"{', '.join(names)} or {last}"


def check_format(name: str, formats: Mapping[str, str] = FORMATS) -> str:
    """Return a format's name as it is; raises CallError, with the nearest, where there is none."""
    if name not in formats:
        like = nearest(name, formats)
        raise CallError(f"there is no format '{name[:60]}'", hint=f"did you mean '{like}'?" if like else "there are: " + ", ".join(formats))
    return name


def encode(document: Document, name: str = "text", formats: Mapping[str, str] = FORMATS) -> bytes:
    """Return an answer as the bytes of a file in a format.

    Raises CallError for an unknown format, or one this answer has no form in (npz holds arrays only).
    """
    answer: str | bytes = import_module(f"{__name__}.{formats[check_format(name, formats)]}").render(document)
    return answer if isinstance(answer, bytes) else (answer if answer.endswith("\n") else answer + "\n").encode("utf-8", "backslashreplace")


def render(document: Document, name: str = "text", formats: Mapping[str, str] = FORMATS) -> str:
    """Return an answer as text in a format, ending with a newline.

    Raises CallError as `encode` does, and for npz, which is no text.
    """
    if name in ARRAYS:
        raise CallError("npz is no text", hint="write it to a file: -o grid.npz")
    return encode(document, name, formats).decode()
