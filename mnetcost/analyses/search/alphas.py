"""Which different networks does alpha give? Every piece of alphas between two roundings, to the last float.

The design is built once with rules that note which printed widths they are asked for. Alpha reaches a network
only by these: all else, such as a squeeze's width or whether an expansion is there, follows from them. So
between two breakpoints of their roundings (`engine/breakpoints.py`) the network is one, and a look at the
first alpha of each shows which neighbours are the same.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, nextafter
from typing import TYPE_CHECKING, Any

from ...designs.build import build
from ...designs.loading import adjusted, load_spec
from ...designs.settings import Settings
from ...designs.spec import Spec
from ...engine.breakpoints import depth_breaks, width_breaks
from ...engine.num import Num
from ...engine.rules import Rules
from ...engine.widths import WidthRule
from ...records import NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Piece(NamedTuple):
    """Alphas (or depths) that give one network: all floats from the first to the last, both included."""

    first: float
    last: float

    @property
    def shown(self) -> float:
        """The one of them that is shortest to write: 1 where it is one of them."""
        return 1.0 if self.first <= 1 <= self.last else shortest(self.first, self.last)


def shortest(low: float, high: float) -> float:
    """The number of fewest decimals between two floats, both included; the largest of several.

    >>> shortest(0.7187500001, 0.7312), shortest(0.984375, 1.0156)
    (0.73, 1.0)
    """
    least, most = Fraction(low), Fraction(high)
    for digits in range(25):
        scale = 10**digits
        whole: int = (most * scale).__floor__()
        if whole >= least * scale and low <= whole / scale <= high:
            return float(whole / scale)
    return high


def alpha_pieces(spec: Spec, settings: Settings, low: float, high: float) -> list[Piece]:
    """Every piece of alphas from `low` to `high`, in order.

    settings: classes, channels, top and depth. Raises SpecError for a spec that cannot be built.
    """
    import numpy as np

    corner = load_spec(spec, settings._replace(alpha=1.0))
    *depth, height, width = corner.resolution
    found = adjusted(spec, settings)

    def channels(rules: Rules, alphas: list[float]) -> np.ndarray[Any, Any]:
        """The channels of every layer at some alphas, a row each; 0 where it is not there."""
        graph = build(
            found._replace(rules=rules),
            np.array(alphas)[:, None],
            height,
            width,
            corner.classes,
            corner.top,
            *depth,
        )
        rows = np.zeros((len(alphas), len(graph.nodes)), np.int64)
        for column, node in enumerate(graph.nodes):
            rows[:, column] = np.ravel(node.output.c * node.when)
        return rows

    asked: set[tuple[WidthRule, int]] = set()
    channels(noting(found.rules, asked), [low, high])
    own = found.rules.compound.alpha
    breaks = {alpha for rule, printed in asked for alpha in width_breaks(rule, printed, low, high, own)}
    starts = [low, *sorted(breaks)]
    rows = channels(found.rules, starts)
    new = (rows[1:] != rows[:-1]).any(axis=1)
    return _pieces([low, *(start for start, is_new in zip(starts[1:], new, strict=True) if is_new)], high)


def _pieces(starts: list[float], high: float) -> list[Piece]:
    """Pieces from where each starts; the last one ends with `high`."""
    ends = [*(nextafter(start, -inf) for start in starts[1:]), high]
    return [Piece(start, end) for start, end in zip(starts, ends, strict=True)]


def noting(rules: Rules, asked: set[tuple[WidthRule, int]]) -> Rules:
    """The same rules, that note which printed widths each is asked for, and so which follow alpha."""

    class Noting(WidthRule):
        def width(self, printed: Num, alpha: Any) -> Num:
            asked.add((WidthRule(*self), printed))
            return super().width(printed, alpha)

    return rules._replace(
        widths=Noting(*rules.widths),
        roles=tuple((role, Noting(*rule)) for role, rule in rules.roles),
        expansion=rules.expansion._replace(width=Noting(*rules.expansion.width)),
    )


def depth_pieces(spec: Spec, low: float, high: float) -> list[Piece]:
    """Every piece of depth multipliers that gives one number of copies of each row, in order; none where no
    row repeats.
    """
    repeats = {row.repeat for row in (*spec.layers, *spec.top) if row.repeat}
    breaks = {depth for n in repeats for depth in depth_breaks(spec.rules.compound, n, low, high)}
    return _pieces([low, *sorted(breaks)], high) if repeats else []
