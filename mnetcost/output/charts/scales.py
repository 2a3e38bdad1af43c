"""Where on an axis is a value, and which values are written beside it?"""

from __future__ import annotations

import math
from collections.abc import Callable

from ...analyses.charts import Axis
from ...analyses.documents import Column
from ...records import NamedTuple
from ..cells import STEPS, beside, written


def shown(value: float | int, axis: Axis) -> str:
    """A value as it is written in a chart: a count to three digits with its unit.

    >>> shown(300774272, Axis("MAdds")), shown(640, Axis("params")), shown(0.5, Axis("share", "share"))
    ('301 M', '640', '50.00 %')
    """
    column = Column("", axis.title, axis.kind)
    return beside(value, column) or written(value, column)


def exact(value: float | int, axis: Axis) -> str:
    """A value to the last digit, with what it is of: "300,774,272 MAdds"."""
    text = written(value, Column("", axis.title, axis.kind))
    return f"{text} {axis.title}" if axis.kind in ("count", "integer", "bytes", "memory") else text


def short(value: float, axis: Axis) -> str:
    """A round value as it stands beside an axis: as few digits as it has.

    >>> short(50_000_000, Axis("MAdds")), short(1_500, Axis("params")), short(65536, Axis("RAM", "memory"))
    ('50 M', '1.5 k', '64 KiB')
    """
    if axis.kind == "memory":
        for power, letter in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
            if abs(value) >= 1024**power:
                return f"{value / 1024**power:g} {letter}B"
        return f"{value:g} B"
    if axis.kind == "integer":
        return f"{value:,.0f}" if value == int(value) else f"{value:g}"
    if axis.kind in ("count", "bytes", "change"):
        unit = "B" if axis.kind == "bytes" else ""
        for step, letter in STEPS:
            if abs(value) >= step:
                return f"{value / step:g} {letter}{unit}"
        return f"{value:g} {unit}".strip()
    if axis.kind == "share":
        return f"{100 * value:g} %"
    return f"{value:g}"


def round_step(most: float, steps: int = 5, binary: bool = False) -> float:
    """The distance between round values of which about so many are up to the most: 1, 2 or 5 times a power
    of ten; of sizes of memory a power of two.

    >>> round_step(301_000_000), round_step(7), round_step(300_000, binary=True)
    (100000000.0, 2.0, 65536.0)
    """
    raw = max(most, 1e-300) / steps
    if binary:
        return float(2 ** round(math.log2(raw)))
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m for m in (1, 2, 5, 10) if m * power >= raw * 0.999) * power


class Scale(NamedTuple):
    """An axis on the paper: which values it spans, and between which places."""

    axis: Axis
    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Where a value is, in pixels."""
        f: Callable[[float], float] = math.log if self.axis.log else float
        span = f(self.high) - f(self.low)
        return self.start + (self.end - self.start) * ((f(value) - f(self.low)) / span if span else 0.5)

    def ticks(self, steps: int = 5) -> list[float]:
        """The round values within it: on an axis of equal ratios 1, 2 and 5 times powers of ten, or the
        powers alone where there are many.
        """
        if not self.axis.log:
            step = round_step(self.high - self.low, steps, self.axis.kind == "memory")
            first = math.ceil(self.low / step - 1e-9)
            return [n * step for n in range(first, math.floor(self.high / step + 1e-9) + 1)]
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        for digits in ((1, 2, 5), (1, 3), (1,)):
            values = [d * 10.0**p for p in powers for d in digits if self.low <= d * 10.0**p <= self.high]
            if len(values) <= steps + 2:
                break
        return values


def around(axis: Axis, values: list[float], start: float, end: float, from_zero: bool = False) -> Scale:
    """The scale on which all of these values are, with a little room at both ends.

    from_zero: it begins at 0, if no value is below.
    """
    low, high = min(values), max(values)
    if axis.log:
        room = (high / low) ** 0.06 if high > low else 2
        return Scale(axis, low / room, high * room, start, end)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1
    return Scale(axis, 0 if from_zero and low >= 0 else low - room, high + room, start, end)
