"""How is a ledger drawn? As the steps from our figure to the number as it was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..charts import Axis, Waterfall
from ..report.tally import WORK
from .asked import Asked, Reading
from .search import Candidate, Search

if TYPE_CHECKING:
    from collections.abc import Iterator


def ledger(s: Search, c: Candidate, asked: Asked, reading: Reading | None) -> Iterator[Waterfall]:
    """The ledger of a candidate; nothing where our figure is the number.

    reading: the way in which the number is written; None where the candidate is only near.
    """
    ours = s.ours()
    steps = [(": ".join(filter(None, (line.step, line.what))), line.amount) for line in s.ledger(c)]
    end = asked.target
    if reading is None:
        steps.append(("not explained", end - c.value))
    elif asked.exact:
        end = c.value
    else:
        end = reading.digits * reading.scale // reading.per
        steps.append((reading.words or "rounded", end - c.value))
    steps = [step for step in steps if step[1]]
    if not steps or ours + sum(amount for _, amount in steps) != end:
        return
    unit = s.reference.unit if s.kind == WORK else "params"
    listed = "; ".join(f"{text}: {amount:+,}" for text, amount in steps)
    yield Waterfall(
        f"{asked.text} against {s.design.heading}: {unit}",
        f"Our figure, {ours:,}, and the number {asked.text}, {end:,}. {listed}.",
        Axis(unit),
        (f"our figure ({s.reference.name})", ours),
        tuple(steps),
        (f"the number: {asked.text}", end),
    )
