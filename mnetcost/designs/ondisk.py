"""How large is a model file, and of which parts? Weights, and everything that is stored beside them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from ..records import NamedTuple
from .contents import content_of
from .readers import reader_for

WEIGHTS, BIASES, OTHERS = "weights", "biases", "other constants"
STRUCTURE = "structure"


class OnDisk(NamedTuple):
    """The bytes of a model file, part by part; they add up to its size and that of files that it needs.

    elsewhere: bytes of files that it says hold its weights, by name; None for one that is not there.
    """

    parts: tuple[tuple[str, int], ...]
    elsewhere: tuple[tuple[str, int | None], ...] = ()

    @property
    def bytes(self) -> int:
        """All of it."""
        return sum(size for _, size in self.parts)


class Sized(Protocol):
    """A module `parts` of a format's folder."""

    def parts(self, file: str) -> tuple[Mapping[str, int], Mapping[str, int | None]]:
        """What is in a file, each part with its bytes, without `structure`, which is all the rest; and the
        files beside it, with their sizes. Raises SpecError where the file cannot be read.
        """
        ...


def on_disk(file: str) -> OnDisk:
    """The parts of a model file; a format without weights is all structure.

    No number of a weight is read, and no other file is opened. Raises SpecError where it cannot be read.
    """
    reader = reader_for(file, content_of(file))
    size = Path(file).stat().st_size
    if reader not in ("tflite", "onnx", "keras"):
        return OnDisk(((STRUCTURE, size),))
    module = cast("Sized", import_module(f".{reader}.parts", __package__))
    found, beside = module.parts(file)
    size += sum(n or 0 for n in beside.values())
    named = {name: n for name, n in found.items() if n}
    return OnDisk(
        (*named.items(), (STRUCTURE, size - sum(named.values()))),
        tuple(beside.items()),
    )
