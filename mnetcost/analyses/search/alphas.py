"""Which different networks does alpha give? Every piece of alphas between two roundings, to the last float.

Each width is a rounded product of alpha, and never falls while alpha grows: but at an alpha of exactly 1,
where it is as printed, and at the A of "scaled from A". Between two of those cuts, two alphas with equal
widths have equal widths all the way between them; where they differ, the middle is looked at, down to
neighbouring floats.
A layer that comes and goes does so with the widths before and in it; it may be there at neither end of a
stretch of equal widths and in between only if one of those changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from math import inf, nextafter
from typing import TYPE_CHECKING, Any

from ...designs.build import build
from ...designs.loading import adjusted, load_spec
from ...designs.settings import Settings
from ...designs.spec import Spec
from ...engine.rules import Rules
from ...records import NamedTuple

if TYPE_CHECKING:
    import numpy as np

GRID = 1025  # alphas that each stretch is first looked at
FLOATS_NEAR = 8


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
    corner = load_spec(spec, settings._replace(alpha=1.0))
    *depth, height, width = corner.resolution
    found = adjusted(spec, settings)

    names: dict[str, int] = {}  # of layers that are there at some alpha, each with its column

    def widths(alphas: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The channels of every layer at some alphas, a row each; 0 where it is not there."""
        import numpy as np

        graph = build(found, alphas[:, None], height, width, corner.classes, corner.top, *depth)
        for node in graph.nodes:
            names.setdefault(node.name, len(names))
        rows = np.zeros((len(alphas), len(names)), np.int64)
        for node in graph.nodes:
            rows[:, names[node.name]] = np.ravel(node.output.c * node.when)
        return rows

    cuts = [cut for cut in cuts_of(spec.rules) if low < cut <= high]
    starts = sorted({low, *cuts})
    stretches = [(start, nextafter(end, -inf)) for start, end in zip(starts, [*starts[1:], inf], strict=True)]
    pieces: list[Piece] = []
    last: tuple[int, ...] | None = None
    for start, end in stretches:
        for first, final, row in constant(widths, start, min(end, high)):
            if row == last:
                pieces[-1] = pieces[-1]._replace(last=final)
            else:
                pieces.append(Piece(first, final))
            last = row
    return pieces


def cuts_of(rules: Rules) -> Iterator[float]:
    """The alphas at which widths may fall: where the design's own alpha times this one comes to 1, is first
    above it, and first comes to the A of "scaled from A".
    """
    own = rules.compound.alpha
    yield _first(lambda alpha: alpha * own >= 1, 1 / own)
    yield _first(lambda alpha: alpha * own > 1, 1 / own)
    widths = [rules.widths, *(rule for _, rule in rules.roles), rules.expansion.width, rules.se.width]
    for rule in widths:
        if rule.scale.startswith("scaled from "):
            least = float(rule.scale.removeprefix("scaled from "))
            yield _first(lambda alpha, least=least: alpha * own >= least, least / own)  # type: ignore[misc]


def _first(holds: Callable[[float], bool], near: float) -> float:
    """The first float near a number for which something holds that holds from there on."""
    found = near
    for _ in range(FLOATS_NEAR):
        found = nextafter(found, -inf)
    while not holds(found):
        found = nextafter(found, inf)
    return found


def constant(
    rows_at: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]], low: float, high: float
) -> Iterator[tuple[float, float, tuple[int, ...]]]:
    """Yield each piece of floats on which rows of numbers that never fall stay as they are, and the row.

    rows_at: of an array of floats, a row each.
    """
    import numpy as np

    points = np.unique(np.linspace(low, high, GRID))
    rows = rows_at(points)
    while True:
        changes = (rows[1:] != rows[:-1]).any(axis=1)
        open_ = np.flatnonzero(changes & (np.nextafter(points[:-1], inf) < points[1:]))
        ends = np.zeros(len(points), bool)  # of runs of equal rows; what is between them is known
        ends[0] = ends[-1] = True
        ends[1:] |= changes
        ends[:-1] |= changes
        if not len(open_):
            break
        middles = points[open_] + (points[open_ + 1] - points[open_]) / 2
        new = rows_at(middles)
        rows = np.pad(rows, ((0, 0), (0, new.shape[1] - rows.shape[1])))  # layers seen for the first time
        points, rows = np.concatenate((points[ends], middles)), np.concatenate((rows[ends], new))
        order = np.argsort(points, kind="stable")
        points, rows = points[order], rows[order]
    points, rows = points[ends], rows[ends]
    firsts = [0, *(np.flatnonzero((rows[1:] != rows[:-1]).any(axis=1)) + 1).tolist()]
    for first, following in zip(firsts, [*firsts[1:], len(points)], strict=True):
        yield float(points[first]), float(points[following - 1]), tuple(rows[first].tolist())


def depth_pieces(spec: Spec, low: float, high: float) -> list[Piece]:
    """Every piece of depth multipliers that gives one number of copies of each row, in order."""
    import numpy as np

    compound = spec.rules.compound
    repeats = sorted({row.repeat for row in (*spec.layers, *spec.top) if row.repeat})

    def copies(depths: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        return np.array(
            [
                [compound._replace(depth=compound.depth * float(depth)).copies(n) for n in repeats]
                for depth in depths
            ],
            np.int64,
        )

    # at a depth of exactly 1 the rows are as printed, which every rounding gives too
    return [Piece(first, last) for first, last, _ in constant(copies, low, high)] if repeats else []
