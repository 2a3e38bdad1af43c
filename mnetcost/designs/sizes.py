"""Which size of memory, or which time, does a text mean? 256K of RAM is 262,144 bytes, as chips are sold."""

from __future__ import annotations

import math
from typing import Any

from ..errors import CallError
from .budgets.limits import read_amount
from .budgets.metrics import MEMORY, UNITS

LONGEST_MS = 1e9


def read_memory(value: Any, what: str) -> int:
    """Read a size of RAM or flash in bytes.

    >>> read_memory("256K", "--ram"), read_memory("1 MB", "--flash"), read_memory(4096, "ram")
    (262144, 1048576, 4096)

    what: the option or argument, for the error. Raises CallError for anything else.
    """
    return _read(value, what, MEMORY)


def read_count(value: Any, what: str) -> int:
    """Read a number of multiply-adds: "30M"; raises CallError for anything else."""
    return _read(value, what, UNITS)


def _read(value: Any, what: str, units: dict[str, int]) -> int:
    try:
        return read_amount(value, units)
    except CallError as e:
        (fault,) = e.faults
        raise CallError(f"{what}: {fault.message}", hint=fault.hint) from None


def read_ms(value: Any, what: str) -> float:
    """Read a time in milliseconds: 20, "20", "20ms".

    what: the option or argument, for the error. Raises CallError for anything else.
    """
    text = value.strip().removesuffix("ms") if isinstance(value, str) else value
    try:
        found = float(text)
    except (TypeError, ValueError, OverflowError):
        found = math.nan
    if isinstance(value, bool) or not 0 < found <= LONGEST_MS:
        raise CallError(f"{what} must be a time in milliseconds such as 20, not '{str(value)[:60]}'")
    return found
