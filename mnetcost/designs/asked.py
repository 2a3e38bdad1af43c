"""What does a Python call ask of a design? Its settings, and which parts, as keyword arguments."""

from __future__ import annotations

from typing import Any, TypedDict

from ..errors import CallError
from . import SETTINGS, load, read_whole
from .settings import Design, Settings


class Asked(TypedDict, total=False):
    """The settings of a design; those that are left out stay as in its spec or file.

    alpha: width multiplier. rho: resolution multiplier, or resolution: the input in pixels, one number,
    (height, width), or (depth, height, width) of a volume.
    classes: outputs of the classifier. channels: of the input, 1 for grey images. top: False leaves out
    pooling and classifier.
    batch: number of images. allow_unknown: leave out ops of a model file that cannot be costed; the result
    is then marked partial.
    """

    alpha: float | None
    rho: float | None
    resolution: int | tuple[int, ...] | str | None
    classes: int | None
    top: bool | None
    batch: int | None
    allow_unknown: bool | None
    channels: int | None


def settings(asked: Asked) -> Settings:
    """Read the settings of a call.

    Raises CallError for a value out of range, TypeError for a setting that a design does not have.
    """
    if asked.get("rho") is not None and asked.get("resolution") is not None:
        raise CallError("give rho or resolution, not both")
    readers: dict[str, Any] = {**SETTINGS, "top": bool, "allow_unknown": bool}
    unknown = [key for key in asked if key not in readers]
    if unknown:
        raise TypeError(f"a design has no setting {unknown[0]!r}")
    return Settings(**{key: readers[key](v) for key, v in asked.items() if v is not None})


def loaded(design: str | Design, asked: Asked) -> Design:
    """The design of a name or a path at these settings, or one that is loaded already.

    Raises CallError if settings are given for the latter, which would be lost.
    """
    if isinstance(design, str):
        return load(design, settings(asked))
    if any(v is not None for v in asked.values()):
        raise CallError(f"'{design.name}' is loaded already; give its settings to load()")
    return design


def by_block(by: str | None) -> str | None:
    """What figures are asked for by: "block" or nothing; raises CallError for another word."""
    if by not in (None, "block"):
        raise CallError(f"figures are by block, not by '{str(by)[:60]}'", hint='by="block"')
    return by


def depth_of(by: str | None, depth: int | None) -> int | None:
    """How many parts of their paths blocks have; raises CallError for what is no whole number from 1, or
    not by block.
    """
    if depth is not None and by != "block":
        raise CallError("a depth is for blocks", hint='by="block", depth=1')
    return None if depth is None else read_whole(depth, "depth")
