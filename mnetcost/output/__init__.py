"""How is a document written in each output format?

There is a module for each format, which is imported when it is asked for; see `Format`.

Every cell that people read is written by `cells.written`, and every text is escaped as its format needs: a
name from a spec or a model file is never taken for markup.
"""

from __future__ import annotations

import os.path
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, cast

from ..analyses.documents import Document
from ..errors import CallError, nearest

if TYPE_CHECKING:
    from typing import Protocol

    class Format(Protocol):
        """A module that writes answers in one format.

        `encode` calls this one function of it, so that a change here is a change of every format.
        """

        def render(self, document: Document) -> str | bytes:
            """Return an answer as text, or as bytes if the format is no text.

            Raises CallError if the answer cannot be written in this format.
            """


FORMATS = {
    "text": "text",
    "json": "json_",
    "csv": "csv_",
    "markdown": "markdown",
    "latex": "latex",
    "html": "page",
    "svg": "svg",
    "png": "png",
    "pdf": "pdf",
    "mermaid": "mermaid",
    "dot": "dot",
    "netron": "netron",
    "npz": "npz",
}
"""The name of every format, and its module in this folder."""

ARRAYS = ("npz",)
"""Formats that contain arrays; only answers with arrays can be written in them."""
BINARY = ("png", "pdf", *ARRAYS)
"""Formats that are no text."""
NETWORKS = ("mermaid", "dot", "netron")
"""Formats that contain the graph of one design; only answers about one can be written in them."""

ENDINGS = {
    "text": (".txt", ".text", ".log"),
    "json": (".json",),
    "csv": (".csv",),
    "markdown": (".md", ".markdown"),
    "latex": (".tex", ".latex"),
    "html": (".html", ".htm"),
    "svg": (".svg",),
    "png": (".png",),
    "pdf": (".pdf",),
    "mermaid": (".mmd", ".mermaid"),
    "dot": (".dot", ".gv"),
    "netron": (".netron.json", ".json"),
    "npz": (".npz",),
    "junit": (".xml",),
    "sarif": (".sarif", ".json"),
    "gitlab": (".json",),
    "benchmark": (".json",),
    "github": (".txt", ".log"),
}
"""The suffixes of files in each format, the usual one first."""
SUFFIXES = {ending: name for name, endings in reversed(ENDINGS.items()) for ending in endings}
"""The format for each suffix of an output file."""
INSTEAD = {
    **dict.fromkeys((".jpg", ".jpeg", ".gif", ".webp", ".bmp", ".tif", ".tiff"), "png"),
    **dict.fromkeys((".eps", ".ps"), "pdf"),
    **dict.fromkeys((".doc", ".docx", ".odt", ".rtf"), "html"),
    **dict.fromkeys((".xls", ".xlsx", ".ods", ".tsv", ".parquet"), "csv"),
    **dict.fromkeys((".yaml", ".yml", ".toml", ".jsonl"), "json"),
    **dict.fromkeys((".npy", ".mat"), "npz"),
    **dict.fromkeys((".rst", ".adoc"), "markdown"),
}
"""Suffixes of formats that are not written, and the nearest format for each."""

CHECK_FORMATS = {
    **FORMATS,
    "markdown": "comment",
    "github": "github",
    "gitlab": "gitlab",
    "junit": "junit",
    "sarif": "sarif",
    "benchmark": "benchmark",
}
"""The formats of `mnetcost check`: the usual ones, and those that CI services read."""


def words(formats: Mapping[str, str] = FORMATS, arrays: bool = False, networks: bool = False) -> str:
    """The names of formats as a help text lists them; arrays, networks: with those that contain such."""
    left_out = (*(() if arrays else ARRAYS), *(() if networks else NETWORKS))
    *names, last = (name for name in formats if name not in left_out)
    return f"{', '.join(names)} or {last}"


def check_format(name: str, formats: Mapping[str, str] = FORMATS) -> str:
    """Return the name of a format unchanged; raises CallError, with the nearest name, if there is none."""
    if name not in formats:
        like = nearest(name, formats)
        raise CallError(
            f"there is no format '{name[:60]}'",
            hint=f"did you mean '{like}'?" if like else "there are: " + ", ".join(formats),
        )
    return name


def file_of(name: str) -> str:
    """The option that writes a file in a format, for hints."""
    return f"-o FILE{ENDINGS[name][0]}"


def format_for(name: str | None, file: str | None, formats: Mapping[str, str] = FORMATS) -> str:
    """The format with this name, or else that of the suffix of the file; text if neither is given.

    Raises CallError if the suffix of the file contradicts the format, or is of a format that is not written.
    """
    name_only, ending = split_ending(os.path.basename(file or ""))
    if name is not None:
        fits = ending in ENDINGS[check_format(name, formats)] or ending not in (*SUFFIXES, *INSTEAD)
        if not fits:
            right = name_only + ENDINGS[name][0]
            other = f", or --format {SUFFIXES[ending]}" if ending in SUFFIXES else ""
            raise CallError(f"'{file}' does not have a suffix of {name}", hint=f"-o {right}{other}")
        return name
    if not ending:
        return "text"
    if SUFFIXES.get(ending) in formats:
        return SUFFIXES[ending]
    known = ", ".join(dict.fromkeys(endings[0] for of, endings in ENDINGS.items() if of in formats))
    near = INSTEAD.get(ending, "")
    first = f"nearest is -o {name_only}{ENDINGS[near][0]}; " if near in formats else ""
    raise CallError(
        f"cannot write a '{ending[:20]}' file",
        hint=f"{first}the suffix may be {known}, or give --format",
    )


def split_ending(file: str) -> tuple[str, str]:
    """The name of a file without its suffix, and the suffix, in small letters.

    >>> split_ending("net.CSV"), split_ending("net.netron.json")
    (('net', '.csv'), ('net', '.netron.json'))
    """
    for ending in SUFFIXES:
        if ending.count(".") > 1 and file.lower().endswith(ending):
            return file[: -len(ending)], ending
    name, ending = os.path.splitext(file)
    return name, ending.lower()


def encode(document: Document, name: str = "text", formats: Mapping[str, str] = FORMATS) -> bytes:
    """Return a document as the bytes of a file in a format.

    Raises CallError for an unknown format, for npz if the answer has no arrays, and for png and pdf where the
    library that they need is not installed.
    """
    module = cast("Format", import_module(f"{__name__}.{formats[check_format(name, formats)]}"))
    answer = module.render(document)
    if isinstance(answer, bytes):
        return answer
    return (answer if answer.endswith("\n") else answer + "\n").encode("utf-8", "backslashreplace")


def render(document: Document, name: str = "text", formats: Mapping[str, str] = FORMATS) -> str:
    """Return a document as text in a format, ending with a newline.

    Raises CallError as `encode` does, and for formats that are no text.
    """
    if name in BINARY:
        raise CallError(f"{name} is not text", hint=f"write it to a file: {file_of(name)}")
    return encode(document, name, formats).decode()
