"""At which alphas does a width change? The first float of every new value, for each rounding rule.

A rounding changes only at certain values: `truncate` at whole numbers, `round` at halves, `divisible` halfway
between two multiples and where a multiple is nine tenths of the value. In floats a change may come a few
floats early or late, since the product, the sum and the tenths are rounded. So the real rule is run on the
floats around each of those values, and says where.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, inf
from typing import TYPE_CHECKING, Any

from .rules import Compound
from .widths import WidthRule

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[Any, Any]

NEAR = 16  # floats on each side of a value: four roundings, each by at most one, and a factor of two
LOST = 5  # multiples that a tenth of the value can lie below: from the sixth on, half a divisor is less


def _whole(high: int, divisor: int, smallest: int) -> Floats:
    import numpy as np

    return np.arange(1.0, high + 1)


def _halves(high: int, divisor: int, smallest: int) -> Floats:
    import numpy as np

    return np.arange(high + 1) + 0.5


def _multiples(high: int, divisor: int, smallest: int) -> Floats:
    import numpy as np

    halfway = (np.arange(high // divisor + 1) + 0.5) * divisor
    tenths = np.array([smallest, *(divisor * n for n in range(1, LOST + 1))]) / 0.9
    return np.concatenate((halfway, tenths))


def _whole_multiples(high: int, divisor: int, smallest: int) -> Floats:
    import numpy as np

    near = np.floor(_multiples(high, divisor, smallest))
    return np.concatenate((near, near + 1))


CHANGES: dict[str, Callable[[int, int, int], Floats]] = {
    "divisible": _multiples,
    "truncate": _whole,
    "round": _halves,
    "truncate-divisible": _whole_multiples,
}
"""Near which values each rounding changes, up to a highest one; of its divisor and its smallest width."""


def width_breaks(rule: WidthRule, printed: int, low: float, high: float, own: float = 1.0) -> list[float]:
    """Every alpha above `low` and up to `high` at which a printed width becomes another one, in order.

    Each is the first float that gives the new width, which the floats before the next one give, too.
    own: the design's own alpha, which multiplies each.

    >>> width_breaks(WidthRule(), 32, 0.3, 1)  # 16 would lose a tenth of 17.8, and 24 of 26.7
    [0.5555555555555557, 0.8333333333333335]

    Raises ValueError unless low, printed and own are above 0.
    """
    if min(low, printed, own) <= 0:
        raise ValueError("the least alpha, the width and the design's own alpha must be above 0")
    if rule.scale == "fixed":
        return []
    values = CHANGES[rule.rounding](ceil(printed * own * high) + 1, rule.divisor, rule.smallest)
    near = [1 / own]
    if rule.scale.startswith("scaled from "):
        near.append(float(rule.scale.removeprefix("scaled from ")) / own)
    values = values / (printed * own)
    return _breaks(lambda alphas: rule.width(printed, alphas * own), values, near, low, high)


def depth_breaks(compound: Compound, repeat: int, low: float, high: float) -> list[float]:
    """Every depth above `low` and up to `high` at which a row that repeats has another number of copies.

    compound: whose own depth multiplies each.

    >>> depth_breaks(Compound(), 2, 0.7, 1.5)  # rounded up: the first float above 1 makes three of two
    [1.0000000000000002]

    Raises ValueError unless low and repeat are above 0.
    """
    import numpy as np

    if min(low, repeat) <= 0:
        raise ValueError("the least depth and the number of copies must be above 0")

    def copies(depths: Floats) -> Any:
        return np.array([compound._replace(depth=compound.depth * float(d)).copies(repeat) for d in depths])

    own = compound.depth
    halves = np.arange(1, ceil(repeat * own * high) * 2 + 3) / 2
    return _breaks(copies, halves / (repeat * own), [1 / own], low, high)


def _breaks(
    number: Callable[[Floats], Any], values: Floats, more: list[float], low: float, high: float
) -> list[float]:
    """The first floats of each new number, which changes only near some values."""
    import numpy as np

    near = np.concatenate((values, more))
    near = near[(near > low / 2) & (near < high * 2)]
    around = (near.view(np.int64)[:, None] + np.arange(-NEAR, NEAR + 1)).view(np.float64)
    points = np.unique(np.concatenate(([low, high], around.ravel())))
    points = points[(points >= low) & (points <= high)]
    numbers = number(points)
    at = np.flatnonzero(numbers[1:] != numbers[:-1])
    assert (np.nextafter(points[at], inf) == points[at + 1]).all(), "a change far from where it may be"
    found: list[float] = points[at + 1].tolist()
    return found
