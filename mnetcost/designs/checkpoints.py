"""Which trained networks are published, how accurate are they, and what is printed of each?"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..records import NamedTuple
from .budgets.limits import read_amount
from .files import read_text_file
from .reading import Reading, Spot, Table
from .shipped import CHECKPOINTS_FOLDER, names_in, shipped_file
from .sorts import Wrong, number, read_text, word
from .toml import parse_short

NOT_PUBLISHED = "not published"
"""What stands for the place of weights that only a paper speaks of."""
TYPES = ("float32", "int8")
SHARED = ("title", "source", "weights", "rows")
KEYS = ("name", "design", "dtype", "top1", "top5", "params", "madds", "ms", "why")
PER_CENT = number(0, 100, True)


class Checkpoint(NamedTuple):
    """One trained network: its accuracy in per cent on ImageNet, and what its source prints of it.

    design: ours, with its settings; empty where none is. params, madds: as printed ("4.24M"), or empty. ms:
    printed milliseconds, by the device. weights: where they are, in words. why: a printed figure is not
    ours.
    """

    name: str
    source: str
    printed_in: str
    weights: str
    dtype: str
    top1: float
    top5: float | None = None
    design: str = ""
    params: str = ""
    madds: str = ""
    ms: Mapping[str, float] = {}
    why: str = ""

    @property
    def published(self) -> bool:
        """Can the weights be had?"""
        return self.weights != NOT_PUBLISHED


@lru_cache(None)
def checkpoint_sources() -> tuple[str, ...]:
    """Names of the tables of checkpoints, a file each."""
    return names_in(CHECKPOINTS_FOLDER)


@lru_cache(None)
def checkpoints() -> tuple[Checkpoint, ...]:
    """Every checkpoint, in the order of sources and of their tables."""
    return tuple(
        row
        for name in checkpoint_sources()
        for row in read_checkpoints(
            read_text_file(shipped_file(CHECKPOINTS_FOLDER, f"{name}.toml")),
            f"specs/{CHECKPOINTS_FOLDER}/{name}.toml",
            name,
        )
    )


def read_checkpoints(text: str, file: str, name: str) -> list[Checkpoint]:
    """Read one table; raises SpecError with every fault found: file, line, place, and the nearest key."""
    reading = Reading()
    reading.texts[file] = text
    table = Table(reading, Spot(file), parse_short(text, file))
    table.only(SHARED, "a table of checkpoints")
    for key in SHARED[:3]:
        if key not in table.values:
            table.fault(f"a table of checkpoints must have '{key}', a text", key=key)
    source, weights = (table.read(key, read_text, "") for key in ("source", "weights"))
    rows = [_row(row, name, source, weights) for row in table.each("rows")]
    reading.finish()
    return rows


def _row(row: Table, name: str, source: str, weights: str) -> Checkpoint:
    row.only(KEYS, "a checkpoint")
    for key in ("name", "top1"):
        if key not in row.values:
            row.fault(f"a checkpoint must have '{key}'")
    times = row.inner("ms", "'ms' must be a table of milliseconds, by the device")
    return Checkpoint(
        row.read("name", read_text, ""),
        name,
        source,
        weights,
        row.read("dtype", word(TYPES), "float32"),
        row.read("top1", PER_CENT, 0.0),
        row.read("top5", PER_CENT),
        row.read("design", read_text, ""),
        row.read("params", _printed, ""),
        row.read("madds", _printed, ""),
        {device: times.read(device, number(0, 1e9, True), 0.0) for device in times.values},
        row.read("why", read_text, ""),
    )


def _printed(value: Any, key: str) -> str:
    """A number as it is printed, such as "4.24M"."""
    if not isinstance(value, str):
        raise Wrong('a number as it is printed, such as "4.24M"')
    read_amount(value)
    return value
