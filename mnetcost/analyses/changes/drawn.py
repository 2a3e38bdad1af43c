"""How is a difference drawn? As the steps from one figure to the other, which add up to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..charts import Axis, Waterfall

if TYPE_CHECKING:
    from .diff import Diff

MOST_STEPS = 24
"""Of more causes than these, the smallest are one step."""


def waterfalls(found: Diff) -> tuple[Waterfall, ...]:
    """The causes of a difference in multiply-adds, and in params, each where there are any."""
    return tuple(
        waterfall(f"{found.old.heading} to {found.new.heading}", unit, names, totals, causes)
        for unit, totals, causes in (
            (found.convention.unit, (found.before.madds, found.after.madds), _steps(found, "madds")),
            ("params", (found.before.params, found.after.params), _steps(found, "params")),
        )
        for names in ((found.old.heading, found.new.heading),)
        if causes
    )


def _steps(found: Diff, figure: str) -> list[tuple[str, int]]:
    """The causes that change a figure, the largest first."""
    steps = [(cause.text, int(getattr(cause, figure))) for cause in found.causes]
    return sorted((step for step in steps if step[1]), key=lambda step: -abs(step[1]))


def waterfall(
    title: str, unit: str, names: tuple[str, str], totals: tuple[int, int], steps: Sequence[tuple[str, int]]
) -> Waterfall:
    """Some steps from one total to another, of which the last are one where there are many."""
    shown = list(steps)
    if len(shown) > MOST_STEPS:
        rest = shown[MOST_STEPS - 1 :]
        shown = [*shown[: MOST_STEPS - 1], (f"{len(rest)} smaller steps", sum(n for _, n in rest))]
    old, new = totals
    assert old + sum(amount for _, amount in shown) == new, "the steps do not add up"
    largest = "; ".join(f"{text}: {amount:+,}" for text, amount in shown[:2])
    about = f"{old:,} to {new:,} {unit}, {new - old:+,}, in {len(steps)} steps. Largest: {largest}."
    return Waterfall(f"{title}: {unit}", about, Axis(unit), (names[0], old), tuple(shown), (names[1], new))
