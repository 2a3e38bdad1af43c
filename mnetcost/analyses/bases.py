"""What did a design cost before? Its figures at a git revision, or in a baseline file."""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, Protocol

from ..designs import Design
from ..designs.conventions import load_convention
from ..designs.find import is_shipped
from ..designs.git import Repository, load_at
from ..designs.readers import reader_of
from ..engine.costs import Costs, cost
from ..errors import CompareError, MnetcostError
from .baseline import key_of, measured, read
from .budgets import Basis, Budget, Rule
from .metrics import figure, within


class Before(NamedTuple):
    """A design and its costs at the base; no design where there was none."""

    design: Design | None
    costs: Costs | None
    called: str = ""  # its old name, where it was renamed since


class Base(Protocol):
    """Something that relative limits are held against."""

    title: str

    def figure(self, budget: Budget, rule: Rule) -> int | None:
        """The rule's figure there; None where the design was not there yet."""

    def before(self, budget: Budget) -> Before:
        """The whole design there, where the base knows it."""


class Revision:
    """Designs as they were at a revision, or where this branch left it."""

    def __init__(self, repository: Repository, basis: Basis) -> None:
        self.repository = repository
        rev = basis.against or repository.target()
        self.commit = repository.merge_base(rev) if basis.merge_base else repository.commit(rev)
        self.title = f"{self.commit[:12]}, where this branch left {rev}" if basis.merge_base else f"{rev} ({self.commit[:12]})"
        self.before = lru_cache(64)(self._before)  # one design may have several budgets; thousands need not stay in memory

    def _before(self, budget: Budget) -> Before:
        if is_shipped(budget.file) and not reader_of(budget.file):
            return Before(*measured(budget.file, budget.settings))
        path = self.repository.inside(Path(budget.file).absolute())
        called = ""
        if self.repository.read(self.commit, path) is None:
            called = self.repository.renamed(self.commit, path) or ""
            if not called:
                return Before(None, None)
        try:
            design = load_at(self.commit[:12], called or path, budget.settings._replace(allow_unknown=True), self.repository)
            return Before(design, cost(design.graph, design.batch, allow_unknown=True), called)
        except CompareError:
            raise
        except MnetcostError as e:  # not this change's fault: there is nothing to compare with
            raise CompareError(*e.faults) from None

    def figure(self, budget: Budget, rule: Rule) -> int | None:
        """The rule's figure at the revision; None where the design was not there yet."""
        costs = self.before(budget).costs
        if costs is not None and costs.status != "complete" and not budget.allow_partial:
            raise CompareError(
                f"{budget.label} could be costed in part only at {self.title}", hint="allow_partial = true compares the parts"
            )
        return None if costs is None else figure(rule.metric, within(costs, rule.scope), load_convention(budget.convention))


class Baseline:
    """Figures as a committed file keeps them."""

    def __init__(self, file: str) -> None:
        self.title = file
        if not Path(file).is_file():
            raise CompareError(f"there is no baseline '{file}'", hint=f"`mnetcost baseline --baseline {file}` writes it")
        self.figures = read(file)

    def before(self, budget: Budget) -> Before:
        """A file of figures knows no design."""
        return Before(None, None)

    def figure(self, budget: Budget, rule: Rule) -> int:
        """The rule's figure in the file.

        Raises CompareError where it has none: a baseline that nobody extends would let everything pass.
        """
        figures = self.figures.get(key_of(budget), {})
        if rule.name not in figures:
            what = f"'{rule.name}' of " if figures else ""
            raise CompareError(f"{self.title} has no {what}'{key_of(budget)}'", hint=f"`mnetcost baseline --baseline {self.title}` adds it")
        return figures[rule.name]


class Bases:
    """The bases of many budgets, each opened once, for as long as a `with` block lasts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self.known: dict[Basis, Base] = {}
        self.repository: Repository | None = None

    def __enter__(self) -> Bases:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()

    def of(self, basis: Basis) -> Base:
        """The base; raises CompareError where there is none."""
        if basis not in self.known:
            if basis.baseline:
                self.known[basis] = Baseline(basis.baseline)
            else:
                self.repository = self.repository or self.stack.enter_context(Repository(self.folder))
                self.known[basis] = Revision(self.repository, basis)
        return self.known[basis]
