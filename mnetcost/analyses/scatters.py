"""How are things drawn that are compared by figures? As dots by two of these, with the front of the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..records import NamedTuple
from .charts import Axis, Dot, Scatter
from .pareto import pareto_front

MOST_ON, MOST_BESIDE, MOST_CORNERS = 400, 1200, 2000
"""Dots on the front, beside it, and corners of its line that are drawn; of more, so many evenly."""
RATIOS = 20
"""From so many times the least on, equal steps along an axis are equal ratios."""
SOME = 3  # of the front are named in words


class Compared(NamedTuple):
    """Things that are compared by two figures, and perhaps by more.

    titles, kinds: of the two, the kinds as of columns; values: a figure a thing of each. name, group: of the
    nth thing. front: the numbers of those that no other one is better than, in everything compared.
    """

    titles: tuple[str, str]
    kinds: tuple[str, str]
    values: tuple[Sequence[Any], Sequence[Any]]
    name: Callable[[int], str]
    front: Sequence[int]
    larger: tuple[bool, bool] = (False, False)
    group: Callable[[int], str] | None = None


def scatter(found: Compared, title: str, about: str, note: str = "", all_named: bool = False) -> Scatter:
    """The things as dots, those of the front by name; there must be one or more.

    about: what is compared, to which the first of the front are added. note: a line under the title.
    """
    xs, ys = found.values
    best = set(found.front)
    beside = [n for n in range(len(xs)) if n not in best]
    on, others = _some(list(found.front), MOST_ON), _some(beside, MOST_BESIDE)
    if len(on) + len(others) < len(xs):
        note += f"{'; ' if note else ''}{len(on) + len(others):,} are drawn"
    group = found.group or (lambda n: "")
    alone = len({group(n) for n in (*on, *others)}) == 1
    dots = tuple(
        Dot(found.name(n), plain(xs[n]), plain(ys[n]), "" if alone else group(n), n in best)
        for n in (*on, *others)
    )
    first = ", ".join(f"{d.name} ({d.x:,} and {d.y:,})" for d in dots[: min(SOME, len(on))])
    more = f" and {len(found.front) - SOME:,} more" if len(found.front) > SOME else ""
    corners = _some(_corners(found), MOST_CORNERS)
    x, y = (_axis(*one) for one in zip(found.titles, found.kinds, found.values, strict=True))
    words = f"{about} On the front: {first}{more}." if first else about
    return Scatter(title, words, x, y, dots, found.larger, tuple(corners), note, all_named)


def plain(value: Any) -> Any:
    """A number of an array, as one of Python's."""
    return value.item() if hasattr(value, "item") else value


def _some(items: list[Any], most: int) -> list[Any]:
    if len(items) <= most:
        return items
    return [items[n * (len(items) - 1) // (most - 1)] for n in range(most)]


def _axis(title: str, kind: str, values: Sequence[Any]) -> Axis:
    least, most = plain(min(values)), plain(max(values))
    return Axis(title, kind, least > 0 and most >= RATIOS * least)


def _corners(found: Compared) -> list[tuple[Any, Any]]:
    """The front of the two figures alone, the best in the first one first."""
    xs, ys = found.values
    points = {(plain(xs[n]), plain(ys[n])) for n in pareto_front(found.values, found.larger)}
    return sorted(points, key=lambda point: -point[0] if found.larger[0] else point[0])
