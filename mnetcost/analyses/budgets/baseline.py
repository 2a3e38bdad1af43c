"""What did every design cost when the baseline was written? A committed file of figures, one on each line."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path

from ...designs import Design, Settings, load
from ...designs.budgets.config import BASELINE
from ...designs.budgets.metrics import METRICS
from ...designs.budgets.values import Budget, Config
from ...designs.conventions import DEFAULT, load_convention
from ...designs.files import read_text_file
from ...designs.toml import parse_short, quoted
from ...engine.costs import cost
from ...errors import BudgetError, CallError, Fault, MnetcostError
from ...records import NamedTuple
from ..documents import Column, Document, Table, json_data
from ..report.metrics import Gauge

SCHEMA = "mnetcost.baseline/1"
LARGEST_BASELINE = 1 << 21  # bytes; ten thousand designs
HEAD = """\
# Figures that relative limits are compared with, written by `mnetcost baseline`.
# A changed line here is a change of what a design may cost: review it as one.
"""
STANDING = tuple(m for m in METRICS if not m.startswith(("layers.", "flops")) and METRICS[m].scoped)
"""Metrics that a baseline records for every design, whether there are limits on them or not."""


class Measured(NamedTuple):
    """A design and its figures."""

    design: Design
    gauge: Gauge

    @property
    def partial(self) -> bool:
        """Was some layer left out, because it cannot be costed?"""
        return self.gauge.costs.status != "complete"


def measured(file: str, settings: Settings, convention: str) -> Measured:
    """Load a design and cost it; layers that cannot be costed are left out, and it is partial.

    Raises MnetcostError if the design cannot be read or built.
    """
    return measure(load(file, settings._replace(allow_unknown=True)), convention)


def measure(design: Design, convention: str) -> Measured:
    """Cost a design, as `measured` does.

    Raises CallError for an unknown convention.
    """
    return Measured(
        design,
        Gauge(cost(design.graph, design.batch, allow_unknown=True), load_convention(convention), design),
    )


def key_of(budget: Budget) -> str:
    """The name of a budget's design in a baseline: its label, and its convention if it is not the default."""
    return budget.label if budget.convention == DEFAULT else f"{budget.label} [{budget.convention}]"


def read(file: str) -> dict[str, dict[str, int]]:
    """Read a baseline file: for each design, its figures by the name of their rule.

    Raises BudgetError if the file is not a baseline.
    """
    data = parse_short(read_text_file(file, file, LARGEST_BASELINE), file, most_parts=3)
    designs = data.pop("design", {})
    if data or not isinstance(designs, dict) or not all(isinstance(d, dict) for d in designs.values()):
        raise BudgetError(
            Fault('is no baseline: it holds tables [design."NAME"] of figures, and nothing else', file)
        )
    for name, figures in designs.items():
        for rule, value in figures.items():
            if value.__class__ is not int or value < 0:
                raise BudgetError(Fault("a figure must be a whole number", file, place=f"{name}: {rule}"))
    return designs


def figures_of(budgets: Iterable[Budget]) -> dict[str, dict[str, int]]:
    """Measure every design: the metrics of `STANDING`, and those of its relative limits.

    Raises MnetcostError with the faults of all designs, also of those that can be costed only in part.
    """
    found: dict[str, dict[str, int]] = {}
    faults: list[Fault] = []
    for budget in budgets:
        try:
            now = measured(budget.file, budget.settings, budget.convention)
        except MnetcostError as e:
            faults += e.faults
            continue
        if now.partial and not budget.allow_partial:
            message = "can be costed in part only: " + ", ".join(now.gauge.costs.graph.left_out)
            hint = "allow_partial = true in its budget keeps the partial figures"
            faults.append(Fault(message, budget.file, hint=hint))
            continue
        figures = found.setdefault(key_of(budget), {m: now.gauge.figure(m) for m in STANDING})
        for rule in budget.rules:
            if rule.limit.relative and rule.name not in figures:
                figures[rule.name] = now.gauge.within(rule.scope).figure(rule.metric)
    if faults:
        raise MnetcostError(*dict.fromkeys(faults))
    return found


def write(figures: Mapping[str, Mapping[str, int]]) -> str:
    """The text of a baseline: designs by name, a figure a line; the same figures give the same bytes."""
    parts = [HEAD]
    for design in sorted(figures):
        rows = [
            f"{key if key.isidentifier() and key.isascii() else quoted(key)} = {value}\n"
            for key, value in figures[design].items()
        ]
        parts.append(f"\n[design.{quoted(design)}]\n" + "".join(rows))
    return "".join(parts)


COLUMNS = (
    Column("design", "design"),
    Column("figure", "figure"),
    Column("before", "before", "integer"),
    Column("after", "after", "integer"),
)


class Update(NamedTuple):
    """The figures of a baseline file, before and after an update."""

    file: str
    before: Mapping[str, Mapping[str, int]]
    after: Mapping[str, Mapping[str, int]]

    @property
    def changes(self) -> list[tuple[str, str, int | None, int | None]]:
        """The figures that differ: (design, rule, before, after), with None for a missing figure."""
        out = []
        for design in sorted({*self.before, *self.after}):
            was, now = self.before.get(design, {}), self.after.get(design, {})
            out += [
                (design, rule, was.get(rule), now.get(rule))
                for rule in dict.fromkeys((*was, *now))
                if was.get(rule) != now.get(rule)
            ]
        return out


def baselines(
    config: Config, keep: bool = False, put: Callable[[str, str], None] | None = None
) -> list[Update]:
    """Measure the designs of all budgets, and update the baseline files that these name.

    keep: keep the other designs of a file. put: writes (file, text); without it nothing is written. While
    it writes, other runs wait, so that no run overwrites the figures of another.
    Raises MnetcostError as `figures_of` and `read` do, BudgetError without any budget, CallError if another
    run keeps the file for a minute.
    """
    if not config.budgets:
        raise BudgetError(Fault("there is no budget, so no design to measure", config.file))
    updates = []
    # every design is measured before any file is written
    for file, figures in {file: figures_of(those) for file, those in _files(config).items()}.items():
        with locked(file) if put else nullcontext():
            before = read(file) if Path(file).exists() else {}
            update = Update(file, before, {**(before if keep else {}), **figures})
            if put:
                put(file, write(update.after))
        updates.append(update)
    return updates


def _files(config: Config) -> dict[str, list[Budget]]:
    """The baseline files that budgets name, each with its budgets; the default file if none is named."""
    default = str(Path(config.file).parent / BASELINE) if config.file else BASELINE
    named = [budget for budget in config.budgets if budget.basis.baseline]
    files: dict[str, list[Budget]] = {}
    for budget in named or config.budgets:
        files.setdefault(budget.basis.baseline or default, []).append(budget)
    if config.file and default in files and Path(default).is_symlink():
        raise BudgetError(
            Fault(
                "is a link, and a baseline is not written through one",
                default,
                hint="--baseline FILE names a file",
            )
        )
    return files


PATIENCE = 60.0  # seconds


@contextmanager
def locked(file: str) -> Iterator[None]:
    """Keep other runs from writing a file, by a lock on its folder that ends with this process.

    Does nothing where there are no such locks. Raises CallError if another run has the lock for a minute.
    """
    try:
        import fcntl

        folder = os.open(Path(file).resolve().parent, os.O_RDONLY)
    except (ImportError, OSError, ValueError):  # Windows; or no such folder, which the writer will say
        yield
        return
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise CallError(
                        f"another run has been writing in the folder of '{file}' for {PATIENCE:g} seconds;"
                        " nothing was written"
                    ) from None
                time.sleep(0.02)
            except OSError:
                break  # a file system without locks
        yield
    finally:
        os.close(folder)


def report(updates: Sequence[Update]) -> Document:
    """Answer with the figures that differ, a table a file."""
    changed = [Table(u.file, COLUMNS, tuple(u.changes)) for u in updates]
    tables = [table for table in changed if table.rows]
    notes = [
        f"{u.file}: figures changed: {len(table.rows)}, designs: {len(u.after)}"
        for u, table in zip(updates, changed, strict=True)
    ]
    files = [
        {"file": u.file, "designs": len(u.after), "changes": table.records()}
        for u, table in zip(updates, changed, strict=True)
    ]
    data = json_data(SCHEMA, None, files=files)
    return Document("baseline", tuple(tables), tuple(notes), data)
