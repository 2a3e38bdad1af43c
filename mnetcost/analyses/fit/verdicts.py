"""Is a figure within its limit, and what can be said of a design from all its figures? Verdicts."""

from __future__ import annotations

from ...records import NamedTuple
from .named import kib

UNLIMITED = "no limit"
STATES = {UNLIMITED: 0, "fits": 0, "fits if": 1, "undecided": 2, "does not fit": 3}
"""What can be said of a figure, from the best to the gravest; a design's verdict is that of its gravest."""


class Rest(NamedTuple):
    """What a runtime needs beside a figure and nobody predicts: its name, and the bytes measured of it.

    least: below which a margin is too small to promise anything. most: from which it has been enough for
    everything measured; None where that is not known.
    """

    name: str
    least: int
    most: int | None


TAIL = Rest("persistent data", 1_000, 430_000)
"""The tail of TensorFlow Lite Micro's arena: 1 to 430 KB measured on a 64-bit machine."""
CODE = Rest("code and runtime", 0, 191 * 1024)
"""Under STM32Cube.AI 10, 58 to 191 KiB of code beside the weights."""
ANY_CODE = CODE._replace(most=None)
"""Code of a runtime of which it is not known."""
FILE = Rest("the rest of the file and code", 0, None)
"""What a file holds beside weights and biases: scales, zero points, names. Nine int8 files that TensorFlow
Lite's converter made of Keras' MobileNets are 46 to 399 KB larger.
"""
BESIDE = Rest("what a runtime needs beside the maps", 0, None)
"""Of planners that say what is held at once, and not where a runtime places it."""


class Figure(NamedTuple):
    """One figure of a design beside its limit.

    value: None where it is not known. limit: None where there is none. state: a key of `STATES`; None without
    a limit. margin: what is left up to the limit, negative where it is passed. within: is the figure within
    its limit, whatever else shares the room; None where it is not known, or the limit is within its error.
    why: the state in words. beside: what the margin must be enough for.
    """

    name: str
    value: int | float | None
    limit: int | float | None = None
    state: str | None = None
    margin: int | float | None = None
    within: bool | None = None
    why: str = ""
    beside: str = ""


class Span(NamedTuple):
    """A time in ms with the errors of the model that gave it.

    mean, worst: as shares of the measured time, each row left out once (leave-one-out). rows: how many.
    """

    ms: float
    mean: float
    worst: float
    rows: int
    profile: str

    @property
    def shortest(self) -> float:
        """The time that would be measured if the estimate were too high by its worst error."""
        return self.ms / (1 + self.worst)

    @property
    def longest(self) -> float:
        """The time that would be measured if the estimate were too low by its worst error."""
        return self.ms / (1 - self.worst) if self.worst < 1 else float("inf")


def size(value: int) -> str:
    """A size of memory: in KiB from 1 KiB on, else in bytes.

    >>> size(138_240), size(1)
    ('135.00 KiB', '1 byte')
    """
    return kib(value) if value >= 1024 else f"{value:,} byte{'s' if value != 1 else ''}"


def in_ms(value: float) -> str:
    """A time to three digits.

    >>> in_ms(3559.16), in_ms(31.558)
    ('3,559', '31.6')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def of_bytes(name: str, value: int, limit: int | None, rest: Rest | None = None) -> Figure:
    """A number of bytes beside its limit; rest: what shares the room with it.

    >>> of_bytes("RAM", 73_728, 98_304, TAIL).why
    'RAM: 24.00 KiB left for persistent data'
    """
    if limit is None:
        return Figure(name, value)
    margin = limit - value
    if margin < 0:
        return Figure(name, value, limit, "does not fit", margin, False, f"{name}: {size(-margin)} over")
    if rest is None:
        return Figure(name, value, limit, "fits", margin, True, f"{name}: {size(margin)} left")
    left = f"{name}: {size(margin)} left for {rest.name}"
    if margin < rest.least:
        left += f", of which no less than {rest.least:,} bytes were measured"
        return Figure(name, value, limit, "undecided", margin, True, left)
    enough = rest.most is not None and margin >= rest.most
    return Figure(name, value, limit, "fits" if enough else "fits if", margin, True, left, rest.name)


def of_count(name: str, value: int, limit: int | None) -> Figure:
    """An exact count beside its limit."""
    if limit is None:
        return Figure(name, value)
    margin = limit - value
    why = f"{name}: {abs(margin):,} {'over' if margin < 0 else 'left'}"
    return Figure(name, value, limit, "does not fit" if margin < 0 else "fits", margin, margin >= 0, why)


def of_time(name: str, span: Span, limit: float | None) -> Figure:
    """A time beside its limit, which is undecided where the limit lies within the worst error.

    >>> of_time("latency", Span(18.0, 0.05, 0.16, 19, "a board"), 20).state
    'undecided'
    """
    if limit is None:
        return Figure(name, span.ms)
    margin, between = (
        limit - span.ms,
        f"{in_ms(span.shortest)} to {in_ms(span.longest)} ms by the worst error",
    )
    if span.longest <= limit:
        return Figure(
            name, span.ms, limit, "fits", margin, True, f"{name}: {in_ms(margin)} ms left, {between}"
        )
    if span.shortest > limit:
        why = f"{name}: {in_ms(-margin)} ms over, {between}"
        return Figure(name, span.ms, limit, "does not fit", margin, False, why)
    why = f"{name}: {limit:g} ms lies within the error, {between}"
    return Figure(name, span.ms, limit, "undecided", margin, None, why)


def unknown(name: str, limit: int | float | None, why: str) -> Figure:
    """A figure that is not known, and why."""
    return Figure(name, None, limit, None if limit is None else "undecided", None, None, f"{name}: {why}")


def gravest(figures: tuple[Figure, ...]) -> Figure:
    """The figure that decides: the one in the gravest state, of several the one with the least share left."""
    judged = [f for f in figures if f.state is not None]
    if not judged:
        return Figure("", None, state=UNLIMITED, why="neither the call nor the device has one")
    return max(judged, key=lambda f: (STATES[f.state or ""], -_share_left(f)))


def _share_left(figure: Figure) -> float:
    if figure.margin is None or not figure.limit:
        return -1.0
    return figure.margin / figure.limit
