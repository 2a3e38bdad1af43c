"""What must be known of a picture, wherever it goes? How things were counted, and what was left out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from .canvas import EDGE, WIDTH, Canvas, broken

NEEDED = re.compile(r"\bpartial: |\bconvention: |\bplanner: ")
"""Notes of an answer that its figures mean nothing without."""
LINE, MOST = 17, 4
"""The height of a line, and how many lines a note has at most."""


def foot(notes: Iterable[str]) -> Canvas:
    """Notes in small letters, each in a few lines."""
    canvas = Canvas("", " ".join(notes))
    for line in (line for note in notes for line in broken(note, WIDTH - 2 * EDGE, MOST)):
        canvas.height += LINE
        canvas.text(EDGE, canvas.height - 4, line, "dim")
    canvas.height += 10
    return canvas
