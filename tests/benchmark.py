"""How fast is it? Ratios measured in one run: `python -m tests.benchmark`, with --strict to end with 1 where a target is missed.

Start-up is CPU time (user and system) of whole processes, the least of several runs taken in turn, so that a busy machine disturbs all
alike. See docs/benchmarks.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
RUNS = 15
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPATH": str(ROOT)}
"""An installed program has its bytecode; so has the checkout from the second run on."""
COMPARE = ["compare", "v1", "v2", "--alpha", "0.5"]
PROGRAM = "import sys; from mnetcost.cli import main; sys.argv[0] = 'mnetcost'; main()"
GRID = """
import numpy, json, resource, time, click
from mnetcost.api import scale
import mnetcost.analyses.scale
start = time.perf_counter()
grid = scale("v2", alpha=[n / 1000 for n in range(1, 1001)], resolution=range(32, 1032))
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if __import__("sys").platform != "darwin" else 1024 ** 2)
print(json.dumps({"seconds": seconds, "megabytes": peak, "cells": int(grid.madds.size)}))
"""


class Measured(NamedTuple):
    """One figure, what it may be at most, and what both are in."""

    what: str
    value: float
    target: float
    unit: str

    @property
    def kept(self) -> bool:
        return self.value <= self.target

    def __str__(self) -> str:
        return f"{self.what:<58} {self.value:8.2f} {self.unit:<12} at most {self.target:g}: {'yes' if self.kept else 'NO'}"


def start() -> list[Measured]:
    """Whole processes against one that only imports click."""
    calls = {
        "click": ["-c", "import click"],
        "--help": ["-c", PROGRAM, "--help"],
        " ".join(COMPARE): ["-c", PROGRAM, *COMPARE],
        "report v2": ["-c", PROGRAM, "report", "v2"],
    }
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(RUNS):
        for name, call in calls.items():
            least[name] = min(least[name], cpu(*call))
    ratios = {name: seconds / least["click"] for name, seconds in least.items()}
    return [
        Measured("mnetcost --help, against `import click`", ratios["--help"], 1.5, "times"),
        Measured(f"mnetcost {' '.join(COMPARE)} into a pipe", ratios[" ".join(COMPARE)], 2.5, "times"),
        Measured("mnetcost report v2 into a pipe", ratios["report v2"], 2.5, "times"),
    ]


def cpu(*args: str) -> float:
    """CPU seconds of one process."""
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    pid = os.posix_spawn(sys.executable, [sys.executable, *args], ENVIRONMENT, file_actions=quiet)
    _, status, used = os.wait4(pid, 0)
    assert status == 0, args
    return used.ru_utime + used.ru_stime


def least(what: Callable[[], object], runs: int) -> float:
    """The least seconds that a call takes."""
    found = float("inf")
    for _ in range(runs):
        begun = time.perf_counter()
        what()
        found = min(found, time.perf_counter() - begun)
    return found


def in_process() -> list[Measured]:
    """One V2 report: the spec is read already; every layer is laid out, costed and weighed anew."""
    from mnetcost.analyses.report import totals_data
    from mnetcost.designs import Settings, find_spec, load_spec
    from mnetcost.designs.conventions import load_convention
    from mnetcost.engine.costs import cost

    spec, paper = find_spec("v2"), load_convention()

    def once() -> None:
        totals_data(cost(load_spec(spec, Settings(alpha=0.75)).graph), paper)

    return [Measured("V2 laid out, costed and totalled in a running process", 1000 * least(once, 200), 2.0, "ms")]


def grid() -> list[Measured]:
    """A thousand alphas by a thousand resolutions of V2, in a process of its own."""
    import json

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(3):
            done = subprocess.run(
                [sys.executable, "-c", GRID],
                capture_output=True,
                text=True,
                check=True,
                cwd=folder,
                env=ENVIRONMENT,
            )
            found.append(json.loads(done.stdout))
    assert found[0]["cells"] == 1_000_000
    return [
        Measured("V2 at 1000 alphas x 1000 resolutions, beyond imports", min(f["seconds"] for f in found), 0.5, "s"),
        Measured("the same, memory of the whole process at its peak", min(f["megabytes"] for f in found), 300, "MB"),
    ]


def main() -> int:
    """Print every figure; return 1 where one is missed and --strict is given."""
    all_ = [*start(), *in_process(), *grid()]
    for measured in all_:
        sys.stdout.write(f"{measured}\n")
    return int("--strict" in sys.argv and not all(measured.kept for measured in all_))


if __name__ == "__main__":
    sys.exit(main())
