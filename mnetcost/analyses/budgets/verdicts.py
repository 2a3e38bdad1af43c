"""What became of one limit of a budget: its state, its figures, and how they are shown."""

from __future__ import annotations

from typing import Any

from ...designs.budgets.values import Budget, Rule, Waiver
from ...records import NamedTuple
from ..documents import Column, Table

BAR, PAST = 10, 5  # characters of a gauge: up to the limit, and past it


class Contribution(NamedTuple):
    """What a figure is made of or moved by: a layer and its share, or a change and what it adds.

    file, line: of the spec, where it is one of a user; "" and 0 where it is not.
    """

    name: str
    value: int
    file: str = ""
    line: int = 0


class Verdict(NamedTuple):
    """The result of one limit of one budget."""

    budget: Budget
    rule: Rule
    state: str  # a key of `PASSING`
    value: int | None  # None where the design could not be costed
    message: str
    unit: str = ""
    bound: int | None = None
    base: int | None = None
    called: str = ""  # the title of the base that it is compared with
    waiver: Waiver | None = None
    layers: tuple[Contribution, ...] = ()
    causes: tuple[Contribution, ...] = ()  # what changed since the base, in words
    file: str = ""  # where an editor should show it: the line of the layer, or of the budget
    line: int = 0

    @property
    def headroom(self) -> int | None:
        """How far the figure is from its bound; below zero if the limit is broken."""
        if self.bound is None or self.value is None:
            return None
        return self.bound - self.value if self.rule.limit.side == "max" else self.value - self.bound

    @property
    def used(self) -> float | None:
        """The share of the limit that is used: 1 at the limit, more past it; None if the limit is 0."""
        part, whole = self._parts
        return part / whole if whole > 0 else None

    @property
    def gauge(self) -> str:
        """The same in tenths, the limit drawn as "|": `####......|`, `##########|###` for 130 %,
        `##########|####+` where it is far past.

        Tenths are rounded down before the limit, so that it is reached only at 100 %, and up past it, so
        that any excess is visible.
        """
        part, whole = self._parts
        if self.bound is None:
            return ""
        if part <= whole:
            tenths = BAR * part // whole if whole else 0
            return "#" * tenths + "." * (BAR - tenths) + "|"
        past = -(-BAR * (part - whole) // whole) if whole > 0 else PAST + 1
        return "#" * BAR + "|" + ("#" * past if past <= PAST else "#" * (PAST - 1) + "+")

    @property
    def _parts(self) -> tuple[int, int]:
        bound, value = self.bound or 0, self.value or 0
        return (value, bound) if self.rule.limit.side == "max" else (bound, value)


def broken_message(verdict: Verdict) -> str:
    """A broken limit in one sentence: the figure, by how much it is over or under, and the limit."""
    rule, bound = verdict.rule, verdict.bound
    assert bound is not None
    assert verdict.value is not None
    far, way = abs(verdict.value - bound), "over" if rule.limit.side == "max" else "under"
    relative = f" {rule.limit.text} of {verdict.base:,} at {verdict.called}" if rule.limit.relative else ""
    return (
        f"{rule.name} is {verdict.value:,} {verdict.unit}, {far:,} {way}"
        f" {bound:,}{relative and f' ({relative.strip()})'}"
    )


def result_data(verdict: Verdict) -> dict[str, Any]:
    """One limit of the JSON document."""
    budget, rule, waiver = verdict.budget, verdict.rule, verdict.waiver
    return {
        "design": budget.label,
        "limit": rule.name,
        "metric": rule.metric,
        "scope": rule.scope,
        "side": rule.limit.side,
        "allowed": rule.limit.text,
        "unit": verdict.unit,
        "convention": budget.convention,
        "state": verdict.state,
        "value": verdict.value,
        "bound": verdict.bound,
        "headroom": verdict.headroom,
        "base": verdict.base,
        "held_against": verdict.called,
        "message": verdict.message,
        "file": verdict.file,
        "line": verdict.line,
        "waiver": {"reason": waiver.reason, "until": waiver.until.isoformat()} if waiver else None,
        "layers": [layer._asdict() for layer in verdict.layers],
        "causes": [cause._asdict() for cause in verdict.causes],
    }


COLUMNS = (
    Column("design", "design"),
    Column("limit", "limit"),
    Column("value", "value", "integer"),
    Column("bound", "allowed", "integer", rank=2),
    Column("headroom", "left", "integer"),
    Column("used", "used", "share", rank=3),
    Column("gauge", "gauge", "gauge", rank=1),
    Column("state", "state", "state"),
)


def limit_row(verdict: Verdict) -> tuple[Any, ...]:
    """The row of a limit under `COLUMNS`."""
    rule = verdict.rule
    sign = ":" if rule.metric == "status" else " <=" if rule.limit.side == "max" else " >="
    figures = (verdict.value, verdict.bound, verdict.headroom, verdict.used, verdict.gauge)
    return verdict.budget.label, f"{rule.name}{sign} {rule.limit.text}", *figures, verdict.state


def detail_tables(verdict: Verdict) -> list[Table]:
    """For a broken limit, a table of the changes and one of the layers that it is about."""
    title = f"{verdict.budget.label}: {verdict.message}"
    unit = Column("value", verdict.unit, "count")
    tables = []
    if verdict.causes:
        tables.append(
            Table(
                title,
                (Column("text", "what changed"), unit._replace(kind="change")),
                tuple((c.name, c.value) for c in verdict.causes),
            )
        )
    if verdict.layers:
        share = Column("share", "share", "share")
        rows = tuple(
            (layer.name, layer.value, layer.value / (verdict.value or 1)) for layer in verdict.layers
        )
        tables.append(
            Table(
                title if not tables else "most expensive layers",
                (Column("layer", "layer"), unit, share),
                rows,
            )
        )
    return tables or [Table(title, (), ())]
