"""Of which parts is an ONNX file? Weights here or in files beside it, and the exporter's descriptions."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ..files import mapped
from ..ondisk import OTHERS, WEIGHTS
from .file import DEEPEST, NUMBERS, Skim

DESCRIPTIONS = "descriptions"
LONGEST_NAME = 4096
MOST_FILES = 1000
TO_THE_END = 1 << 62  # how much of a file holds a tensor's numbers, where it does not say

MODEL, GRAPH, NODE, ATTRIBUTE, TENSOR, SPARSE, FUNCTION, VALUE = (
    "model", "graph", "node", "attribute", "tensor", "sparse", "function", "value",
)  # fmt: skip
INNER: dict[str, dict[int, str]] = {
    MODEL: {7: GRAPH, 25: FUNCTION},
    GRAPH: {1: NODE, 5: TENSOR, 11: VALUE, 12: VALUE, 13: VALUE, 15: SPARSE},
    NODE: {5: ATTRIBUTE},
    ATTRIBUTE: {5: "constant", 6: GRAPH, 10: "constant", 11: GRAPH},
    SPARSE: {1: TENSOR, 2: TENSOR},
    FUNCTION: {7: NODE, 11: ATTRIBUTE, 12: VALUE},
}
"""The messages within a message, by the number of their field."""
TOLD: dict[str, tuple[int, ...]] = {
    MODEL: (6, 14),
    GRAPH: (10, 16),
    NODE: (6, 9),
    ATTRIBUTE: (13,),
    TENSOR: (12, 16),
    "constant": (12, 16),
    FUNCTION: (8, 14),
    VALUE: (3, 4),
}
"""The fields that hold doc strings and metadata, such as stack traces."""
EXTERNAL = 13  # the field of a tensor that says which file its numbers are in


class Found:
    """What has been found of a file so far."""

    def __init__(self) -> None:
        self.bytes = dict.fromkeys((WEIGHTS, OTHERS, DESCRIPTIONS), 0)
        self.files: dict[str, int] = {}  # numbers in other files


def parts(file: str) -> tuple[dict[str, int], dict[str, int | None]]:
    """The bytes of each part of an ONNX file, and the files that hold its external data, with their sizes.

    Such a file is looked for beside the named one and nowhere else, and is not opened.
    Raises SpecError where the file cannot be read.
    """
    data = mapped(file)
    skim, found = Skim(file, data), Found()
    _walk(skim, MODEL, 0, len(data), found, 0)
    beside = {name: _size(file, name) for name in found.files}
    for name, n in found.files.items():
        found.bytes[WEIGHTS] += min(n, beside[name] or 0)
    return found.bytes, beside


def _walk(skim: Skim, kind: str, at: int, end: int, found: Found, depth: int) -> None:
    """Add up what is in one message."""
    if depth > DEEPEST:
        raise skim.fault("is nested too deeply", at)
    where, length = "", TO_THE_END
    for number, wire, begins, start, stop in skim.fields_of(at, end):
        if number in TOLD.get(kind, ()):
            found.bytes[DESCRIPTIONS] += stop - begins
        elif kind in (TENSOR, "constant"):
            if number in NUMBERS and number != 8:
                found.bytes[WEIGHTS if kind == TENSOR else OTHERS] += stop - start
            elif number == EXTERNAL:
                key, value = _entry(skim, start, stop)
                where = value if key == "location" else where
                length = int(value) if key == "length" and value.isdecimal() and len(value) < 19 else length
        elif wire == 2 and number in INNER.get(kind, {}):
            _walk(skim, INNER[kind][number], start, stop, found, depth + 1)
    if where and (where in found.files or len(found.files) < MOST_FILES):
        found.files[where] = found.files.get(where, 0) + length


def _entry(skim: Skim, at: int, end: int) -> tuple[str, str]:
    """A key and its value."""
    texts = {1: "", 2: ""}
    for number, _, _, start, stop in skim.fields_of(at, end):
        if number in texts:
            texts[number] = bytes(skim.data[start : min(stop, start + LONGEST_NAME)]).decode(
                "utf-8", "replace"
            )
    return texts[1], texts[2]


def _size(file: str, name: str) -> int | None:
    """The size of a file beside another one; None where there is none, or its name leads elsewhere."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        return None
    try:
        return (Path(file).parent / path).stat().st_size
    except (OSError, ValueError):
        return None
