"""What does TensorFlow Lite Micro's interpreter say of a file's arena? It runs in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from ...engine.memory.tflm import aligned
from ...errors import Fault, SpecError
from ...records import NamedTuple
from . import interpret

PACKAGE = "tflite-micro"
EXTRA = "pip install 'mnetcost[tflm]'"
LONGEST = 120  # seconds
LARGEST_ARENA = 2**31 - 1  # the interpreter's own numbers are of 32 bits
SPARE = 4 << 20  # what persistent data may need beside the plan, and as much as the file is large
ALLOCATION = re.compile(r"Arena allocation (total|head|tail) (\d+) bytes")
PART = re.compile(r"'([^'\n]+)' used (\d+) bytes")


class Arena(NamedTuple):
    """What the interpreter reports: the planned part of its arena (head) and the persistent part (tail), in
    bytes; parts: bytes of the tail that it names.
    """

    version: str
    head: int
    tail: int
    parts: Mapping[str, int]

    @property
    def total(self) -> int:
        """Both."""
        return self.head + self.tail


def measure(file: str, planned: int) -> Arena:
    """Load a file into the interpreter, and read its report; nothing is inferred.

    planned: bytes of the planned part that are expected, for the size of the arena that it gets.
    Raises SpecError where the package is not installed, where the interpreter refuses the file, with its own
    words, and where it crashes.
    """
    arena = aligned(2 * planned + Path(file).stat().st_size + SPARE)  # of another size the tail is unaligned
    if arena > LARGEST_ARENA:
        raise SpecError(Fault(f"its arena of {planned:,} bytes is too large for the interpreter", file))
    version, report = run(file, arena)
    return read_report(file, version, report)


def run(file: str, arena: int) -> tuple[str, str]:
    """The version of the interpreter, and its report of a file with an arena of so many bytes; see
    `measure`.
    """
    call = [sys.executable, "-P", interpret.__file__, file, str(arena)]
    try:
        done = subprocess.run(
            call, stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST, check=False
        )
    except subprocess.TimeoutExpired:
        raise SpecError(Fault(f"the interpreter did not answer in {LONGEST} seconds", file)) from None
    except (OSError, ValueError) as e:
        raise SpecError(Fault(f"the interpreter cannot be started: {e}", file)) from None
    said = done.stderr.decode("utf-8", "replace")
    if done.returncode == interpret.MISSING:
        raise SpecError(Fault(f"the interpreter is in the package {PACKAGE}", file, hint=EXTRA))
    if done.returncode < 0:
        ended = signal.strsignal(-done.returncode) or f"signal {-done.returncode}"
        raise SpecError(Fault(f"the interpreter crashed on it ({ended}){_last(said)}", file))
    if done.returncode:
        raise SpecError(Fault(f"the interpreter refuses it{_last(said)}", file))
    return done.stdout.decode("utf-8", "replace").strip(), said


def _last(said: str) -> str:
    """The first thing that the interpreter complains of, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return f": {lines[0][:200]}" if lines else ""


def read_report(file: str, version: str, report: str) -> Arena:
    """Read what the interpreter prints of its allocations; raises SpecError where it is of another form."""
    sizes = {name: int(size) for name, size in ALLOCATION.findall(report)}
    if sizes.keys() != {"total", "head", "tail"} or sizes["head"] + sizes["tail"] != sizes["total"]:
        raise SpecError(Fault(f"the report of the interpreter {version[:60]} is of an unknown form", file))
    parts = {name: int(size) for name, size in PART.findall(report)}
    return Arena(version, sizes["head"], sizes["tail"], parts)
