"""Which values does a list or a range given to an option contain?

`0.25,0.5,1` or `START:STOP:STEP`, the end included, in exact decimals.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import CallError

T = TypeVar("T")
MOST = 100_000


def read_values(text: str, what: str, read: Callable[[str], T]) -> list[T]:
    """Read a list or range given to an option; `read` converts one value.

    >>> read_values("0.1:0.3:0.1,1", "--alpha", float)
    [0.1, 0.2, 0.3, 1.0]

    Raises CallError for a range that is empty, too long or malformed.
    """
    found: list[T] = []
    for part in text.split(","):
        words = _steps(part.strip(), what, MOST - len(found)) if ":" in part else [part.strip()]
        found += [read(word) for word in words]
    if len(found) > MOST:
        raise CallError(f"{what} has more than {MOST:,} values")
    return found


def _steps(text: str, what: str, most: int) -> list[str]:
    """Return the values of START:STOP:STEP as exact decimals: 0.1 + 0.2 is 0.3."""
    from decimal import Decimal, InvalidOperation

    try:
        start, stop, step = (Decimal(part.strip()[:40]) for part in text.split(":"))
        finite = start.is_finite() and stop.is_finite() and step.is_finite()
    except (InvalidOperation, ValueError):
        finite = False
    if not finite:
        raise CallError(f"{what} must be a list such as 0.5,1 or a range START:STOP:STEP, not '{text[:60]}'")
    if step == 0 or (stop - start) / step < 0:
        raise CallError(f"{what}: the range '{text[:60]}' never reaches its end")
    if (stop - start) / step >= most:
        raise CallError(f"{what}: the range '{text[:60]}' has more than {MOST:,} values")
    return [f"{(start + n * step).normalize():f}" for n in range(int((stop - start) / step) + 1)]
