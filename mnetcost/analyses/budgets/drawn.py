"""How is a check drawn? A bar for each limit: how much of it is used."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts import Axis, Limits, Used
from ..documents import PASSING, state_word
from .verdicts import Verdict, limit_row

MOST_ROWS = 60
KINDS = {"bytes": "memory", "layers": "integer"}
"""The kind of an axis by the unit of a metric, where it is no count."""


def limits(title: str, verdicts: Sequence[Verdict]) -> Limits:
    """The limits in the order of the verdicts; of many the first are drawn."""
    shown = verdicts[:MOST_ROWS]
    rows = tuple(map(_used, shown))
    note = f"{len(shown)} of {len(verdicts):,} limits" if len(shown) < len(verdicts) else ""
    failing = [f"{row.name}, {row.what}" for row in rows if not row.passes]
    about = f"{title}." + (f" Failing: {'; '.join(failing[:5])}." if failing else "")
    return Limits(title, about, rows, note)


def _used(one: Verdict) -> Used:
    name, what, *_ = limit_row(one)
    axis = Axis(one.unit or one.rule.metric, KINDS.get(one.unit, "count"))
    used = None if one.bound is None or one.value is None else one.used
    why = one.message if one.value is None else ""
    state = state_word(one.state), PASSING[one.state]
    return Used(name, what, axis, one.value, one.bound, used, *state, why)
