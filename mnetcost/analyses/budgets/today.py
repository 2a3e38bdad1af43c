"""What do the designs under a folder cost today?

The figures that first budgets are made of, and why a file has none.
"""

from __future__ import annotations

from pathlib import Path

from ...designs import Settings, split_design
from ...designs.budgets.config import NO_DESIGNS
from ...designs.candidates import candidates
from ...designs.conventions import DEFAULT
from ...errors import CallError, Fault, MnetcostError
from ...records import NamedTuple
from .baseline import measured

FIGURES = {"params": "parameters", "madds": "multiply-adds"}
"""The metrics that a first budget limits, and what each counts."""
MOST_DESIGNS = 1000


class Today(NamedTuple):
    """A design, by its path from the folder, and its current figures."""

    design: str
    figures: dict[str, int]


def today(folder: Path) -> tuple[list[Today], list[Fault]]:
    """Measure every design under a folder.

    Returns the figures, and a fault for each file that is no design or cannot be costed whole.
    Raises CallError if the folder contains more than `MOST_DESIGNS` candidates.
    """
    names = [name for name in candidates(folder) if name.rpartition("/")[2] not in NO_DESIGNS]
    if len(names) > MOST_DESIGNS:
        raise CallError(
            f"'{folder}' holds {len(names):,} files that may be designs; {MOST_DESIGNS:,} is the most",
            hint='name the folder that your designs are in, or write a pattern: design = "nets/*.onnx"',
        )
    found: list[Today] = []
    faults: list[Fault] = []
    for name in names:
        try:
            found.append(_measured(folder, name))
        except MnetcostError as e:
            faults.append(
                e.faults[0]._replace(
                    file=name, line=0 if e.faults[0].file != str(folder / name) else e.faults[0].line
                )
            )
    return found, faults


def _measured(folder: Path, name: str) -> Today:
    """The figures of one design; raises MnetcostError if it cannot be costed whole, or if a budget could
    not name it.
    """
    if not name.isprintable() or not _reads_back(name):
        raise CallError(
            "a budget cannot name this file",
            hint="rename it: without control characters, and without ':' and '='",
        )
    now = measured(str(folder / name), Settings(), DEFAULT)
    if now.partial:
        raise CallError("can be costed in part only: " + ", ".join(now.gauge.costs.graph.left_out))
    return Today(name, {metric: now.gauge.figure(metric) for metric in FIGURES})


def _reads_back(name: str) -> bool:
    """Is the name of a file not mistaken for a name with settings?"""
    try:
        return split_design(name)[0] == name
    except CallError:
        return False
