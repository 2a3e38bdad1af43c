"""What is known of a limit along the commits? A figure at each, with its state, or why there is none."""

from __future__ import annotations

from ...designs.budgets.values import Budget, Rule
from ...designs.git import Commit
from ...records import NamedTuple

NOW = "now"
"""The design as it is in the working tree, behind the last commit."""


class Point(NamedTuple):
    """A figure at one commit: its value, and whether the limit of today is kept; None where it has none, and
    why.

    state: a key of `PASSING`; None where nothing was judged. commit: None in the working tree.
    """

    commit: Commit | None
    value: int | None = None
    state: str | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """The commit as people write it."""
        return self.commit.name[:9] if self.commit else NOW

    def like(self, other: Point) -> bool:
        """Does it say the same of another commit?"""
        return self[1:] == other[1:]


class Track(NamedTuple):
    """One limit of a budget along the commits, the oldest first, and the working tree.

    bound: the last whole number that keeps it today; None where it is relative and there is no base.
    """

    budget: Budget
    rule: Rule
    unit: str
    bound: int | None
    points: tuple[Point, ...]

    @property
    def title(self) -> str:
        """The design and its limit."""
        sign = "<=" if self.rule.limit.side == "max" else ">="
        return f"{self.budget.label}: {self.rule.name} {sign} {self.rule.limit.text}"

    @property
    def turns(self) -> list[tuple[Point, int | None]]:
        """The first commit, those at which something is another than before, and the working tree; each with
        the change of its value.
        """
        found: list[tuple[Point, int | None]] = []
        last: int | None = None
        for n, point in enumerate(self.points):
            if n in (0, len(self.points) - 1) or not point.like(self.points[n - 1]):
                known = last is not None and point.value is not None
                found.append((point, point.value - last if known else None))  # type: ignore[operator]
            last = point.value if point.value is not None else last
        return found
