"""Is every design within its budget? A verdict for each limit, with the layers and changes that break it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...designs.budgets.limits import Limit
from ...designs.budgets.metrics import METRICS
from ...designs.budgets.values import Budget, Config, Rule, Waiver
from ...designs.build import row_line
from ...designs.places import spelled
from ...designs.settings import Design
from ...engine.costs import Costs
from ...errors import BudgetError, CompareError, Fault, MnetcostError, nearest
from ..changes.diff import Cause, diff
from ..documents import PASSING, Document, Table, json_data, state_word
from ..report.metrics import SCOPES, about
from .baseline import Measured, measured
from .bases import Bases
from .verdicts import (
    COLUMNS,
    Contribution,
    Verdict,
    broken_message,
    detail_tables,
    limit_row,
    result_data,
)
from .waivers import Waivers

if TYPE_CHECKING:
    from ..charts import Limits

SCHEMA = "mnetcost.check/1"
FEW, MANY = 3, 10
"""Layers named for a broken limit, without and with `why`."""
MOST_DETAILED = 50  # broken limits of one answer whose layers and changes are shown
FOLDED = 10  # if more limits than these are kept, they are one line, unless all are asked for
GRAVEST = tuple(reversed(PASSING))


def check(config: Config, today: date, why: bool = False, everything: bool = False) -> Document:
    """Compare every budget with its design as it is now.

    today: the day up to which waivers must hold; why: name more layers; everything: show every limit that
    is kept, however many there are.
    A design that cannot be read or compared is a failed row, and does not stop the others; `failure` returns
    its faults. Raises BudgetError without any budget, MnetcostError for scopes that pick no layer,
    CompareError if there is no revision or baseline to compare with.
    """
    if not config.budgets:
        raise BudgetError(
            Fault(
                "there is no budget to check",
                config.file,
                hint='[[budget]] with design = "v2" and madds = "60M"',
            )
        )
    with Bases(Path(config.file).parent if config.file else Path()) as bases:
        work = _Check(config, bases, today, why)
        for budget in config.budgets:
            work.budget(budget)
        return work.answer(everything)


def failure(document: Document) -> MnetcostError | None:
    """What a check could not judge, as the error to end the program with: exit code 2 for a design that
    cannot be read, 3 for one that cannot be compared. None if all was judged.
    """
    faults = [Fault(**fault) for fault in document.data.get("errors", ())]
    if not faults:
        return None
    return MnetcostError(*faults) if document.data["status"] == "error" else CompareError(*faults)


class _Check:
    """A running check: the verdicts and faults found so far."""

    def __init__(self, config: Config, bases: Bases, today: date, why: bool) -> None:
        self.config, self.bases, self.today, self.why = config, bases, today, why
        self.many = MANY if why else FEW
        # a design may have several budgets, but thousands need not stay in memory
        self.measured = lru_cache(64)(measured)
        self.verdicts: list[Verdict] = []
        self.faults: dict[Fault, None] = {}
        # None once a scope has picked a layer of any design of its budget
        self.scopes: dict[tuple[Any, ...], Fault | None] = {}
        self.waivers = Waivers(config.waivers)
        self.waived: set[Waiver] = set()
        self.titles: dict[str, None] = {}
        self.partial: dict[str, str] = {}  # what was left out of a design whose budget allows that
        self.detailed = 0

    def budget(self, budget: Budget) -> None:
        """Judge all limits of one budget; an error in its design fails only this budget."""
        try:
            now = self.measured(budget.file, budget.settings, budget.convention)
        except MnetcostError as e:
            self.fail(budget, _status("readable"), "error", e)
            return
        left_out = ", ".join(now.gauge.costs.graph.left_out)
        if now.partial and not budget.allow_partial:
            message = f"can be costed in part only, without {left_out}"
            where = self.at(budget.place)
            self.verdicts.append(Verdict(budget, _status("complete"), "partial", None, message, **where))
            return
        if now.partial:
            self.partial[budget.label] = left_out
        if any(rule.limit.relative for rule in budget.rules):
            self.bases.of(budget.basis)  # without any base, nothing is judged
        for rule in budget.rules:
            if not self.picks(budget, rule, now):
                continue
            try:
                self.judge(budget, rule, now)
            except MnetcostError as e:
                self.fail(budget, rule, "error", e)

    def picks(self, budget: Budget, rule: Rule, now: Measured) -> bool:
        """Does the rule's scope pick a layer of this design? One that picks none of any design is a fault."""
        if not rule.scope:
            return True
        picked = bool(now.gauge.within(rule.scope).costs.layers)
        key = (rule.scope, budget.place or budget.file)
        if picked or key not in self.scopes:
            self.scopes[key] = None if picked else self.no_layer(rule, now.gauge.costs)
        return picked

    def fail(
        self,
        budget: Budget,
        rule: Rule,
        state: str,
        error: MnetcostError,
        value: int | None = None,
        unit: str = "",
    ) -> None:
        """A verdict on what cannot be judged; its faults are kept, so that one run shows every one."""
        named = self.at((*budget.place, "design"))
        hint = f"{named['file']}:{named['line']} names it" if named["line"] else ""
        faults = [f if f.line or f.hint else f._replace(hint=hint) for f in error.faults]
        self.faults.update(dict.fromkeys(faults))
        first = next((f for f in faults if f.line), faults[0])
        more = f"; and {len(faults) - 1:,} more" if len(faults) > 1 else ""
        # the row names it
        shown = first if first.line or first.file != budget.file else first._replace(file="")
        message = str(shown).splitlines()[0].removeprefix("error: ")
        message += (f" ({first.hint})" if first.hint not in ("", hint) else "") + more
        where = self.at(rule.place) if rule.place else named
        if first.line and state == "error":
            where = {"file": first.file, "line": first.line}
        self.verdicts.append(Verdict(budget, rule, state, value, message, unit, **where))

    def judge(self, budget: Budget, rule: Rule, now: Measured) -> None:
        """Compare the figure of the layers that a rule picks with its limit."""
        value, limit = now.gauge.within(rule.scope).figure(rule.metric), rule.limit
        unit = now.gauge.convention.unit if rule.metric == "madds" else METRICS[rule.metric].unit
        base, called = None, ""
        if limit.relative:
            compared_with = self.bases.of(budget.basis)
            called = compared_with.title
            self.titles[called] = None
            try:
                base = compared_with.figure(budget, rule)
            except CompareError as e:
                self.fail(budget, rule, "incomparable", e, value, unit)
                return
            if base is None:
                message = f"{rule.name} is {value:,}; there was no such design at {called}"
                self.verdicts.append(Verdict(budget, rule, "new", value, message, unit, called=called))
                return
        bound = limit.bound(base)
        verdict = Verdict(budget, rule, "kept", value, "", unit, bound, base, called)
        if not limit.keeps(value, base):
            verdict = self.waive(verdict._replace(state="broken", message=broken_message(verdict)))
            self.detailed += 1
            if self.detailed <= MOST_DETAILED:
                verdict = self.detail(verdict, now)
            if not verdict.file:
                verdict = verdict._replace(**self.at(rule.place or budget.place))
        self.verdicts.append(verdict)

    def waive(self, verdict: Verdict) -> Verdict:
        """Let a broken limit pass if there is a waiver for it whose date is not past."""
        found = self.waivers.of(verdict.budget, verdict.rule)
        self.waived.update(found)
        waiver = next((w for w in found if self.today <= w.until), found[-1] if found else None)
        if waiver is None:
            return verdict
        holds = self.today <= waiver.until
        until = f"{'waived until' if holds else 'its waiver ended on'} {waiver.until}: {waiver.reason}"
        return verdict._replace(
            state="waived" if holds else "broken", waiver=waiver, message=f"{verdict.message}; {until}"
        )

    def detail(self, verdict: Verdict, now: Measured) -> Verdict:
        """Add to a broken limit the changes and the layers it is about, and the line to show it at."""
        rule = verdict.rule
        if rule.limit.side == "min":
            return verdict
        heaviest = now.gauge.within(rule.scope).by_layer(rule.metric)[: self.many]
        layers = tuple(
            Contribution(layer.name, value, *_line(now.design, layer.node.row)) for layer, value in heaviest
        )
        causes = self.causes(verdict, now)
        first = next((one for one in (*causes, *layers) if one.line and one.value > 0), Contribution("", 0))
        return verdict._replace(layers=layers, causes=causes, file=first.file, line=first.line)

    def causes(self, verdict: Verdict, now: Measured) -> tuple[Contribution, ...]:
        """The changes since the base that moved the figure, what raised it most first; none where the base
        knows figures only.
        """
        rule, then = verdict.rule, self.before(verdict)
        if then is None:
            return ()
        sides = [side.gauge.within(rule.scope).costs.layers for side in (then, now)]
        inside = {layer.name for layers in sides for layer in layers}
        found = []
        for cause in diff(then.design, now.design, now.gauge.convention).causes:
            moved = _moved(cause, rule, inside)
            if moved:
                line = _line(now.design, cause.row) if cause.new else ("", 0)
                found.append(Contribution(cause.text, moved, *line))
        return tuple(sorted(found, key=lambda cause: -cause.value)[: self.many])

    def before(self, verdict: Verdict) -> Measured | None:
        """The design of the base whose changes may explain a verdict; None where there is none."""
        rule, budget = verdict.rule, verdict.budget
        if rule.metric not in ("params", "madds") or rule.scope.startswith("kind:"):
            return None
        if not rule.limit.relative and not (self.why and budget.basis.against):
            return None
        try:
            return self.bases.of(budget.basis).before(budget)
        except CompareError:  # of an absolute limit, which is broken without it
            return None

    def at(self, place: Any) -> dict[str, Any]:
        """Where in the file of budgets a place is, as `Verdict` has it."""
        return {"file": self.config.file, "line": self.config.line(place)}

    def no_layer(self, rule: Rule, costs: Costs) -> Fault:
        """A scope that picks no layer of these costs, with the nearest name."""
        known = {
            name
            for layer in costs.layers
            for name in (layer.name, layer.node.place, layer.node.place.split("/")[0])
        }
        like = nearest(rule.scope, sorted(known))
        hint = (
            f"did you mean '{like}'?"
            if like
            else "a layer or block by name, or one of " + ", ".join(f"{word}:..." for word in SCOPES)
        )
        return Fault(
            f"'{rule.scope}' picks no layer",
            self.config.file,
            self.config.line(rule.place),
            spelled(rule.place),
            hint,
        )

    def answer(self, everything: bool) -> Document:
        """Put the verdicts together.

        Raises MnetcostError with every fault found where a scope picks no layer, or a call names nothing
        that can be read.
        """
        scopes = dict.fromkeys(fault for fault in self.scopes.values() if fault)
        # a call that names no design
        mistaken = not self.config.file and all(v.state == "error" for v in self.verdicts)
        if scopes or mistaken:
            raise MnetcostError(*scopes, *self.faults)
        return _document(self, everything)


def _status(wanted: str) -> Rule:
    """A rule that a design must meet before any of its limits is judged: to be readable, or complete."""
    return Rule("status", Limit("max", Fraction(0), text=wanted))


def _moved(cause: Cause, rule: Rule, inside: set[str]) -> int:
    """By how much a change moves a rule's figure: in all, or in the layers `inside` its scope."""
    if not rule.scope:
        return cause.params if rule.metric == "params" else cause.madds
    amounts = ((name, params if rule.metric == "params" else madds) for name, params, madds in cause.layers)
    return sum(amount for name, amount in amounts if name in inside)


def _line(design: Design, row: str) -> tuple[str, int]:
    """File and line of a layer in a user's spec; a shipped spec and a model file have no line that a user
    could change.
    """
    spec = design.spec
    if spec is None or not row or not Path(spec.file).is_file():
        return (design.file, 0) if design.file else ("", 0)
    return row_line(spec, row)


def _folded(verdicts: list[Verdict]) -> tuple[list[Verdict], tuple[str, ...]]:
    """The limits to show: if many are kept, only the others, and one line about those."""
    kept = [v for v in verdicts if v.state == "kept"]
    if len(kept) <= FOLDED:
        return verdicts, ()
    tight = max(kept, key=lambda v: v.used or 0)
    near = (
        f"; closest to its limit: {tight.budget.label}, {tight.rule.name}:"
        f" {100 * (tight.used or 0):.2f} % used"
    )
    line = (
        f"{len(kept):,} limits of {len({v.budget.label for v in kept}):,} designs are ok and hidden"
        f" (use --all){near}"
    )
    return [v for v in verdicts if v.state != "kept"], (line,)


def _document(work: _Check, everything: bool) -> Document:
    """The verdicts as tables, the gravest first, with the details of what is broken."""
    ordered = sorted(work.verdicts, key=lambda v: GRAVEST.index(v.state))
    shown, lead = (ordered, ()) if everything else _folded(ordered)
    counts = {state: sum(v.state == state for v in work.verdicts) for state in PASSING}
    states = ", ".join(f"{n} {state_word(state)}" for state, n in counts.items() if n)
    title = f"{len(work.verdicts)} limit{'s' * (len(work.verdicts) != 1)}: {states}"
    tables = [Table("limits", COLUMNS, tuple(map(limit_row, shown)))] if shown else []
    broken = [v for v in shown if v.message and v.state != "new"]
    details = [t for v in broken[:MOST_DETAILED] for t in detail_tables(v)]
    flat = Table("limits", COLUMNS, tuple(map(limit_row, work.verdicts)))

    def charts() -> tuple[Limits, ...]:
        from .drawn import limits

        return (limits(title, ordered),)

    whole = (*tables, *details)
    return Document(title, whole, _notes(work), _data(work, counts), lead, flat=flat, charts=charts)


def _notes(work: _Check) -> tuple[str, ...]:
    idle = [w for w in work.config.waivers if w not in work.waived]
    conventions = dict.fromkeys(v.budget.convention for v in work.verdicts)
    return (
        *(f"compared with {title}" for title in work.titles),
        *(f"{label}: partial, left out {what}" for label, what in work.partial.items()),
        *(f"unused waiver of {w.limit} for {w.design} ({w.reason}): it can be removed" for w in idle),
        *(note for metric in dict.fromkeys(v.rule.metric for v in work.verdicts) if (note := about(metric))),
        f"convention: {', '.join(conventions)}",
    )


def _data(work: _Check, counts: dict[str, int]) -> dict[str, Any]:
    worst = next((state for state in GRAVEST if counts[state]), "kept")
    return json_data(
        SCHEMA,
        "kept" if PASSING[worst] else worst if worst in ("error", "incomparable") else "broken",
        counts=counts,
        held_against=list(work.titles),
        **({"partial": work.partial} if work.partial else {}),
        today=work.today.isoformat(),
        **({"errors": [fault._asdict() for fault in work.faults]} if work.faults else {}),
        results=[result_data(v) for v in work.verdicts],
    )
