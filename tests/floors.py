"""Which are the lowest versions that pyproject.toml allows?

`python -m tests.floors` prints them as requirements, for pip.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
EXTRAS = ("keras", "onnx", "tflite", "pictures")


def floors() -> list[str]:
    """Every library that mnetcost needs to run, to read files or to write them, at its lowest version."""
    project = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]
    extras = [line for name in EXTRAS for line in project["optional-dependencies"][name]]
    return [line.replace(">=", "==") for line in (*project["dependencies"], *extras)]


if __name__ == "__main__":
    sys.stdout.write("\n".join(floors()) + "\n")
