"""What did a design cost before? Its figures at a git revision, or in a baseline file."""

from __future__ import annotations

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from ...designs.budgets.values import Basis, Budget, Rule
from ...designs.git import Repository, load_at
from ...designs.readers import reader_of
from ...designs.settings import Settings
from ...designs.shipped import is_shipped
from ...errors import CompareError, MnetcostError
from .baseline import Measured, key_of, measure, measured, read


class Base(Protocol):
    """Something that relative limits are compared with."""

    title: str

    def figure(self, budget: Budget, rule: Rule) -> int | None:
        """The figure of the rule at the base; None if the design did not exist there."""

    def before(self, budget: Budget) -> Measured | None:
        """The whole design at the base; None if it did not exist, or if the base has figures only."""


class Revision:
    """Designs at a git revision, or at the commit where this branch started from it."""

    def __init__(self, repository: Repository, basis: Basis) -> None:
        self.repository = repository
        rev = basis.against or repository.target()
        self.commit = repository.merge_base(rev) if basis.merge_base else repository.commit(rev)
        self.title = (
            f"{self.commit[:12]}, where this branch left {rev}"
            if basis.merge_base
            else f"{rev} ({self.commit[:12]})"
        )
        # asked once too: git may have taken its time
        self._unread: dict[tuple[str, Settings, str], CompareError] = {}
        # one design may have several budgets; thousands need not stay in memory
        self._known = lru_cache(64)(self._measured)

    def _measured(self, file: str, settings: Settings, convention: str) -> Measured | None:
        if is_shipped(file) and not reader_of(file):
            return measured(file, settings, convention)
        path = self.repository.inside(Path(file).absolute())
        if self.repository.find(self.commit, path) is None:
            renamed = self.repository.renamed(self.commit, path)
            if renamed is None:
                self.repository.comparable(Path(file).absolute())
                return None
            path = renamed
        try:
            return measure(
                load_at(self.commit[:12], path, settings._replace(allow_unknown=True), self.repository),
                convention,
            )
        except CompareError:
            raise
        except MnetcostError as e:  # not this change's fault: there is nothing to compare with
            raise CompareError(*e.faults) from None

    def before(self, budget: Budget) -> Measured | None:
        """The design at the revision; None if it did not exist. Raises CompareError if it cannot be read."""
        key = budget.file, budget.settings, budget.convention
        if key in self._unread:
            raise self._unread[key]
        try:
            return self._known(*key)
        except CompareError as e:
            self._unread[key] = e
            raise

    def figure(self, budget: Budget, rule: Rule) -> int | None:
        """The figure of the rule at the revision; None if the design did not exist there."""
        then = self.before(budget)
        if then is None:
            return None
        if then.partial and not budget.allow_partial:
            raise CompareError(
                f"{budget.label} could be costed in part only at {self.title}",
                hint="allow_partial = true compares the parts",
            )
        return then.gauge.within(rule.scope).figure(rule.metric)


class Baseline:
    """The figures of a committed baseline file."""

    def __init__(self, file: str) -> None:
        self.title = file
        if not Path(file).is_file():
            raise CompareError(
                f"there is no baseline '{file}'", hint=f"`mnetcost baseline --baseline {file}` writes it"
            )
        self.figures = read(file)

    def before(self, budget: Budget) -> None:
        """None: a file of figures has no design."""

    def figure(self, budget: Budget, rule: Rule) -> int:
        """The figure of the rule in the file.

        Raises CompareError if there is none: else a baseline that nobody extends would let everything pass.
        """
        figures = self.figures.get(key_of(budget), {})
        if rule.name not in figures:
            what = f"'{rule.name}' of " if figures else ""
            raise CompareError(
                f"{self.title} has no {what}'{key_of(budget)}'",
                hint=f"`mnetcost baseline --baseline {self.title}` adds it",
            )
        return figures[rule.name]


class Bases:
    """The bases of many budgets, each opened once and closed at the end of a `with` block."""

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
        """The base of a budget, opened at the first call; raises CompareError if there is none."""
        if basis not in self.known:
            if basis.baseline:
                self.known[basis] = Baseline(basis.baseline)
            else:
                self.repository = self.repository or self.stack.enter_context(Repository(self.folder))
                self.known[basis] = Revision(self.repository, basis)
        return self.known[basis]
