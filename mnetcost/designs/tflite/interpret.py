"""What does the interpreter print of a file? A program of its own, so that a crash is not ours."""

from __future__ import annotations

import sys
from pathlib import Path

MISSING = 3
"""The exit code where the package is not installed."""


def main(file: str, arena: str) -> int:
    """Print the version of the interpreter on stdout; it writes its report on stderr itself."""
    try:
        import tflite_micro
    except ImportError:
        return MISSING
    data = Path(file).read_bytes()
    try:
        interpreter = tflite_micro.runtime.Interpreter.from_bytes(data, arena_size=int(arena))
    except (RuntimeError, ValueError) as e:
        sys.stderr.write(f"{e}\n")
        return 1
    sys.stdout.write(f"{tflite_micro.__version__}\n")
    interpreter.print_allocations()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
