"""What must be known of a picture, wherever it goes? How things were counted, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...errors import plain
from .canvas import WIDTH, Canvas, fitted, measure

NEEDED = re.compile(r"\bpartial: |\bconvention: |\bplanner: ")
"""Notes of an answer that its figures mean nothing without."""
LINE, EDGE, MOST = 17, 20, 4
ROOM = WIDTH - 2 * EDGE


def foot(notes: Iterable[str]) -> Canvas:
    """Notes in small letters, each in a few lines."""
    canvas = Canvas("", " ".join(notes))
    for line in (line for note in notes for line in broken(note)):
        canvas.height += LINE
        canvas.text(EDGE, canvas.height - 4, line, "dim")
    canvas.height += 10
    return canvas


def broken(text: str, room: float = ROOM, most: int = MOST) -> list[str]:
    """A text as lines of a width, parted at blanks; of what is longer the last line is cut.

    >>> broken("multiply-adds and trainable parameters", 120)
    ['multiply-adds and', 'trainable', 'parameters']
    """
    lines = [""]
    for word in plain(text).split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if len(lines) == most or measure(longer) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return [fitted(line, room) for line in lines]
