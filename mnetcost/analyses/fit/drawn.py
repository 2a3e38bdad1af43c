"""How is drawn what fits? A bar for each figure: how much of the room there is it takes."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts import Axis, Limits, Used
from .fits import FLASH, LATENCY, MADDS, RAM, Fit

MOST_ROWS = 60
AXES = {
    RAM: Axis("bytes", "memory"),
    FLASH: Axis("bytes", "memory"),
    MADDS: Axis("MAdds"),
    LATENCY: Axis("ms", "number"),
}
PASSES = {"fits": True, "does not fit": False}


def limits(title: str, found: Sequence[Fit]) -> tuple[Limits, ...]:
    """The figures of some designs that have a limit, design by design; nothing where none has."""
    rows = [
        Used(
            one.design,
            figure.name,
            AXES[figure.name],
            figure.value,
            figure.limit,
            figure.value / figure.limit if figure.limit and figure.value is not None else None,
            figure.state or "",
            PASSES.get(figure.state or ""),
        )
        for one in found
        for figure in one.figures
        if figure.limit is not None
    ]
    if not rows:
        return ()
    note = f"{MOST_ROWS} of {len(rows):,} figures" if len(rows) > MOST_ROWS else ""
    about = "; ".join(f"{one.design}: {one.verdict}" for one in found[:5])
    return (Limits(title, f"{title}. {about}.", tuple(rows[:MOST_ROWS]), note),)
