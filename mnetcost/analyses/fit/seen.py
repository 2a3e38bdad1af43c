"""How is the receptive field drawn? Its size along the depth of a design, beside the size of the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...designs.settings import Design
from ..charts import Axis, Level, Lines, Mark, Series

SIDES = ("height", "width")


def field_by_layer(design: Design, layers: Sequence[dict[str, Any]], strides: Sequence[Any]) -> Lines:
    """The size of the field of each layer, in their order; both sides where they differ.

    layers: as `layer_data` has them; strides: those of what each layer reads. A layer that sees the whole
    image is drawn at the image's size, and where the stride changes is marked.
    """
    image = design.resolution
    known = [one["rf"] for one in layers if one["rf"] is not None]
    alike = image[0] == image[1] and all(h == w for h, w in known)
    axes = [0] if alike else [n for n in (0, 1) if image[n] > 1 or any(rf[n] > 1 for rf in known)] or [0]
    series = []
    for n in axes:
        name = f"{SIDES[n]} of the field" if len(axes) > 1 else "receptive field"
        points = [
            (float(k), one["rf"][n], _named(one)) for k, one in enumerate(layers) if one["rf"] is not None
        ]
        series.append(Series(name, tuple(points)))
    whole = [(float(k), image[axes[0]], one["name"]) for k, one in enumerate(layers) if one["rf"] is None]
    if whole:
        series.append(Series("sees the whole image", tuple(whole), "dots"))
    square = len(axes) < 2 or image[0] == image[1]
    limits = [Level("image" if square else f"{SIDES[n]} of the image", image[n]) for n in axes[: 2 - square]]
    words = _in_words(design, layers, axes)
    return Lines(
        f"{design.heading}: receptive field",
        f"{design.heading}: {words}.",
        Axis("layer", "integer"),
        Axis("pixels", "integer"),
        tuple(series),
        tuple(limits),
        _marks(layers, strides),
        tuple(one["name"] for one in layers),
        from_zero=True,
        under=words,
    )


def _named(one: dict[str, Any]) -> str:
    return f"{one['name']} (stride {_by(one['stride'])})"


def _by(sides: Sequence[float]) -> str:
    """Two sides as one number where they are alike."""
    h, w = sides
    return f"{h:g}" if h == w else f"{h:g}x{w:g}"


def _marks(layers: Sequence[dict[str, Any]], strides: Sequence[Any]) -> tuple[Mark, ...]:
    """Where the stride is another one than that of what the layer reads; once for paths beside each other."""
    marks, last = [], None
    for n, (one, before) in enumerate(zip(layers, strides, strict=True)):
        now = one["stride"]
        if now is not None and now not in (before, last):
            marks.append(Mark(n, f"stride {_by(now)}"))
            last = now
    return tuple(marks)


def _in_words(design: Design, layers: Sequence[dict[str, Any]], axes: list[int]) -> str:
    """The largest field, and from which layer on it exceeds the image."""
    image = design.resolution
    known = [one for one in layers if one["rf"] is not None]
    if not known:
        return "every layer sees the whole image" if layers else "no layer changes what is seen"
    most = max(known, key=lambda one: [one["rf"][n] for n in axes])
    h, w = most["rf"]
    words = f"{h:g}x{w:g} pixels at {most['name']}, of an image of {image[0]}x{image[1]}"
    larger = [one["name"] for one in known if any(one["rf"][n] > image[n] for n in axes)]
    return f"{words}; larger than the image from {larger[0]} on" if larger else words
