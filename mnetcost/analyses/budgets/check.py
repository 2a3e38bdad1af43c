"""Does every design keep its budget? A verdict a limit, and for a broken one the layers it is about."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ...designs.build import row_line
from ...designs.places import spelled
from ...designs.settings import Design
from ...engine.costs import Costs
from ...errors import BudgetError, CompareError, Fault, MnetcostError, nearest
from ..changes.diff import diff
from ..documents import Column, Document, Table, json_data
from ..report.metrics import METRICS, SCOPES
from .baseline import Measured, measured
from .bases import Bases
from .budgets import Budget, Config, Rule, Waiver
from .limits import Limit
from .waivers import Waivers

SCHEMA = "mnetcost.check/1"
FEW, MANY = 3, 10
"""Layers named for a broken limit, without and with `why`."""
MOST_DETAILED = 50  # broken limits that get tables of their own in one answer
BAR, PAST = 10, 5  # characters of a gauge: up to the limit, and past it
FOLDED = 10  # kept limits; more than these are one line, unless all are asked for

PASSING = {
    "kept": True,
    "new": True,
    "waived": True,
    "broken": False,
    "partial": False,
    "incomparable": False,
    "error": False,
}
"""What may become of a limit, and whether the check passes with it; the gravest is the last here, and the
first of a table.
"""


class Layer(NamedTuple):
    """A layer's share in a figure, and the line of its spec."""

    name: str
    value: int
    file: str = ""
    line: int = 0


class Verdict(NamedTuple):
    """What became of one limit of one budget."""

    budget: Budget
    rule: Rule
    state: str  # a key of PASSING
    value: int | None  # None where the design could not be costed
    message: str
    unit: str = ""
    bound: int | None = None
    base: int | None = None
    called: str = ""  # what it is held against
    waiver: Waiver | None = None
    layers: tuple[Layer, ...] = ()
    causes: tuple[Layer, ...] = ()  # what changed since the base, in words, and by how much
    file: str = ""  # where it is best said: the line of the layer, or of the budget
    line: int = 0

    @property
    def headroom(self) -> int | None:
        """How far the figure may still go; below zero where the limit is broken."""
        if self.bound is None or self.value is None:
            return None
        return self.bound - self.value if self.rule.limit.side == "max" else self.value - self.bound

    @property
    def used(self) -> float | None:
        """The share of the limit that is used: 1 at the limit, more past it; None where the limit is
        nothing.
        """
        part, whole = self._parts
        return part / whole if whole > 0 else None

    @property
    def gauge(self) -> str:
        """The same in tenths, the limit drawn as "|": `####......|`, `##########|###` for 130 %,
        `##########|####+` where it is far past.

        Before the limit they are rounded down, so that it is reached only at 100 %; past it up, so that it
        is seen to be passed.
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


def check(config: Config, today: date, why: bool = False, everything: bool = False) -> Document:
    """Hold every budget against its design as it is now.

    `today` is the day that waivers' dates are held against; with `why`, more layers are named; with
    `everything`, the tables have every limit that is kept, however many there are.
    A design that cannot be read, or compared, is a failed row, and the others keep their verdicts;
    `failure` has its faults. Raises MnetcostError with the faults of every scope, CompareError where there
    is no revision or baseline to compare with.
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
    """What a check could not judge, as the error to end with: exit code 2 for a design that cannot be
    read, 3 for one not compared.
    """
    faults = [Fault(**fault) for fault in document.data.get("errors", ())]
    if not faults:
        return None
    return MnetcostError(*faults) if document.data["status"] == "error" else CompareError(*faults)


class _Check:
    """One check at work: the verdicts and faults found so far."""

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
        """Judge one budget; what is wrong with its design fails this budget alone."""
        try:
            now = self.measured(budget.file, budget.settings, budget.convention)
        except MnetcostError as e:
            self.fail(budget, _status("readable"), "error", e)
            return
        left_out = ", ".join(now.gauge.costs.graph.left_out)
        if now.partial and not budget.allow_partial:
            said = f"can be costed in part only, without {left_out}"
            self.verdicts.append(
                Verdict(budget, _status("complete"), "partial", None, said, **self.at(budget.place))
            )
            return
        if now.partial:
            self.partial[budget.label] = left_out
        if any(rule.limit.relative for rule in budget.rules):
            self.bases.of(budget.basis)  # without any base, nothing is judged
        for rule in budget.rules:
            picked = bool(now.gauge.within(rule.scope).costs.layers)
            key = (rule.scope, budget.place or budget.file)
            if rule.scope and (picked or key not in self.scopes):
                self.scopes[key] = None if picked else self.no_layer(rule, now.gauge.costs)
            if picked or not rule.scope:
                try:
                    self.judge(budget, rule, now)
                except MnetcostError as e:
                    self.fail(budget, rule, "error", e)

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
        said = (
            str(shown).splitlines()[0].removeprefix("error: ")
            + (f" ({first.hint})" if first.hint not in ("", hint) else "")
            + more
        )
        where = self.at(rule.place) if rule.place else named
        if first.line and state == "error":
            where = {"file": first.file, "line": first.line}
        self.verdicts.append(Verdict(budget, rule, state, value, said, unit, **where))

    def judge(self, budget: Budget, rule: Rule, now: Measured) -> None:
        """Judge one limit over the layers that are its own."""
        value, limit = now.gauge.within(rule.scope).figure(rule.metric), rule.limit
        unit = now.gauge.convention.unit if rule.metric == "madds" else METRICS[rule.metric].unit
        base, called = None, ""
        if limit.relative:
            held_against = self.bases.of(budget.basis)
            called = held_against.title
            self.titles[called] = None
            try:
                base = held_against.figure(budget, rule)
            except CompareError as e:
                self.fail(budget, rule, "incomparable", e, value, unit)
                return
            if base is None:
                said = f"{rule.name} is {value:,}; there was no such design at {called}"
                self.verdicts.append(Verdict(budget, rule, "new", value, said, unit, called=called))
                return
        bound = limit.bound(base)
        verdict = Verdict(budget, rule, "kept", value, "", unit, bound, base, called)
        if not limit.keeps(value, base):
            verdict = self.waive(verdict._replace(state="broken", message=_said(verdict)))
            self.detailed += 1
            if self.detailed <= MOST_DETAILED:
                verdict = self.detail(verdict, now)
            if not verdict.file:
                verdict = verdict._replace(**self.at(rule.place or budget.place))
        self.verdicts.append(verdict)

    def waive(self, verdict: Verdict) -> Verdict:
        """Let a broken limit pass where a waiver says so and its date has not gone by."""
        found = self.waivers.of(verdict.budget, verdict.rule)
        self.waived.update(found)
        waiver = next((w for w in found if self.today <= w.until), found[-1] if found else None)
        if waiver is None:
            return verdict
        state, said = (
            ("waived", "waived until") if self.today <= waiver.until else ("broken", "its waiver ended on")
        )
        return verdict._replace(
            state=state, waiver=waiver, message=f"{verdict.message}; {said} {waiver.until}: {waiver.reason}"
        )

    def detail(self, verdict: Verdict, now: Measured) -> Verdict:
        """Name the changes and the layers a broken limit is about, and the line to say it at."""
        rule = verdict.rule
        if rule.limit.side == "min":
            return verdict
        heaviest = now.gauge.within(rule.scope).by_layer(rule.metric)[: self.many]
        layers = tuple(
            Layer(layer.name, value, *_line(now.design, layer.node.row)) for layer, value in heaviest
        )
        causes = self.causes(verdict, now)
        first = next((one for one in (*causes, *layers) if one.line and one.value > 0), Layer("", 0))
        return verdict._replace(layers=layers, causes=causes, file=first.file, line=first.line)

    def causes(self, verdict: Verdict, now: Measured) -> tuple[Layer, ...]:
        """What changed since the base that the figure moved by, what raised it most first; nothing where
        the base knows figures only.
        """
        rule, budget = verdict.rule, verdict.budget
        if rule.metric not in ("params", "madds") or rule.scope.startswith("kind:"):
            return ()
        if not rule.limit.relative and not (self.why and budget.basis.against):
            return ()
        try:
            then = self.bases.of(budget.basis).before(budget)
        except CompareError:  # of an absolute limit, which is broken without it
            return ()
        if then is None:
            return ()
        inside = {layer.name for side in (then, now) for layer in side.gauge.within(rule.scope).costs.layers}
        found = []
        for cause in diff(then.design, now.design, now.gauge.convention).causes:
            whole = cause.params if rule.metric == "params" else cause.madds
            moved = (
                sum(n if rule.metric == "params" else m for name, n, m in cause.layers if name in inside)
                if rule.scope
                else whole
            )
            if moved:
                found.append(
                    Layer(cause.text, moved, *(_line(now.design, cause.row) if cause.new else ("", 0)))
                )
        return tuple(sorted(found, key=lambda cause: -cause.value)[: self.many])

    def at(self, place: Any) -> dict[str, Any]:
        """Where in the file of budgets something is said."""
        return {"file": self.config.file, "line": self.config.line(place)}

    def no_layer(self, rule: Rule, costs: Costs) -> Fault:
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
    """What is asked of a design before any of its limits."""
    return Rule("status", Limit("max", Fraction(0), text=wanted))


def _said(verdict: Verdict) -> str:
    """A broken limit in one sentence."""
    rule, bound = verdict.rule, verdict.bound
    assert bound is not None
    assert verdict.value is not None
    far, way = abs(verdict.value - bound), "over" if rule.limit.side == "max" else "under"
    held = f" {rule.limit.text} of {verdict.base:,} at {verdict.called}" if rule.limit.relative else ""
    return (
        f"{rule.name} is {verdict.value:,} {verdict.unit}, {far:,} {way}"
        f" {bound:,}{held and f' ({held.strip()})'}"
    )


def _line(design: Design, row: str) -> tuple[str, int]:
    """File and line of a layer of a user's own spec; a shipped one, or a model file, has no line a user
    could change.
    """
    spec = design.spec
    if spec is None or not row or not Path(spec.file).is_file():
        return (design.file, 0) if design.file else ("", 0)
    return row_line(spec, row)


def _result(verdict: Verdict) -> dict[str, Any]:
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
    Column("headroom", "headroom", "integer"),
    Column("used", "used", "share", rank=3),
    Column("gauge", "gauge", "gauge", rank=1),
    Column("state", "state", "state"),
)


def _row(verdict: Verdict) -> tuple[Any, ...]:
    rule = verdict.rule
    sign = ":" if rule.metric == "status" else " <=" if rule.limit.side == "max" else " >="
    figures = (verdict.value, verdict.bound, verdict.headroom, verdict.used, verdict.gauge)
    return verdict.budget.label, f"{rule.name}{sign} {rule.limit.text}", *figures, verdict.state


def _details(verdict: Verdict) -> list[Table]:
    """For a broken limit, the changes and the layers it is about."""
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
        share = Column("share", "of the figure", "share")
        rows = tuple(
            (layer.name, layer.value, layer.value / (verdict.value or 1)) for layer in verdict.layers
        )
        tables.append(
            Table(
                title if not tables else "the layers that cost most",
                (Column("layer", "layer"), unit, share),
                rows,
            )
        )
    return tables or [Table(title, (), ())]


def _folded(verdicts: list[Verdict]) -> tuple[list[Verdict], tuple[str, ...]]:
    """The limits that are not simply kept, and one line on those that are, where these are many."""
    kept = [v for v in verdicts if v.state == "kept"]
    if len(kept) <= FOLDED:
        return verdicts, ()
    tight = max(kept, key=lambda v: v.used or 0)
    near = (
        f"; the nearest to its limit is {tight.budget.label}, {tight.rule.name}:"
        f" {100 * (tight.used or 0):.2f} % used"
    )
    line = (
        f"{len(kept):,} limits of {len({v.budget.label for v in kept}):,} designs are kept and not shown"
        f" (--all shows them){near}"
    )
    return [v for v in verdicts if v.state != "kept"], (line,)


def _document(work: _Check, everything: bool) -> Document:
    config, verdicts = work.config, work.verdicts
    gravest = list(reversed(PASSING))
    ordered = sorted(verdicts, key=lambda v: gravest.index(v.state))
    shown, lead = (ordered, ()) if everything else _folded(ordered)
    counts = {state: sum(v.state == state for v in verdicts) for state in PASSING}
    said = ", ".join(f"{n} {state}" for state, n in counts.items() if n)
    idle = [w for w in config.waivers if w not in work.waived]
    conventions = dict.fromkeys(v.budget.convention for v in verdicts)
    notes = (
        *(f"against {title}" for title in work.titles),
        *(f"{label}: partial, left out {what}" for label, what in work.partial.items()),
        *(f"the waiver of {w.limit} for {w.design} ({w.reason}) waives nothing: it can go" for w in idle),
        f"convention: {', '.join(conventions)}",
    )
    title = f"{len(verdicts)} limit{'s' * (len(verdicts) != 1)}: {said}"
    worst = next((state for state in gravest if counts[state]), "kept")
    data = json_data(
        SCHEMA,
        "kept" if PASSING[worst] else worst if worst in ("error", "incomparable") else "broken",
        counts=counts,
        held_against=list(work.titles),
        **({"partial": work.partial} if work.partial else {}),
        today=work.today.isoformat(),
        **({"errors": [fault._asdict() for fault in work.faults]} if work.faults else {}),
        results=[_result(v) for v in verdicts],
    )
    tables = [Table("limits", COLUMNS, tuple(map(_row, shown)))] if shown else []
    broken = [v for v in shown if v.message and v.state != "new"]
    details = [t for v in broken[:MOST_DETAILED] for t in _details(v)]
    return Document(
        title,
        (*tables, *details),
        notes,
        data,
        lead,
        flat=Table("limits", COLUMNS, tuple(map(_row, verdicts))),
    )
