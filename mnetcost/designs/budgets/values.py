"""What is a budget? Rules, what they are compared with, and waivers, as values."""

from __future__ import annotations

from datetime import date
from typing import Any

from ...records import NamedTuple
from ..conventions import DEFAULT
from ..loading import SETTINGS
from ..places import KeyPath, line_of, lines
from ..settings import Settings, spelled_size
from .limits import Limit


class Rule(NamedTuple):
    """One limit on one metric, of the whole design or of the layers a scope picks."""

    metric: str
    limit: Limit
    scope: str = ""
    place: KeyPath = ()

    @property
    def name(self) -> str:
        """As a budget spells it: "madds", "stage:14x14.madds"."""
        return f"{self.scope}.{self.metric}" if self.scope else self.metric


class Basis(NamedTuple):
    """What relative limits are compared with: a git revision (or where this branch left it), or a baseline
    file.
    """

    against: str = ""  # empty: the branch that CI says a pull request is for, else the main branch
    merge_base: bool = True
    baseline: str = ""  # a file; overrides `against`


class Budget(NamedTuple):
    """One design, its settings and its limits."""

    design: str  # as written, from the file of budgets
    file: str  # as seen from here: a path, or a shipped design's name
    settings: Settings
    rules: tuple[Rule, ...]
    basis: Basis = Basis()
    convention: str = DEFAULT
    allow_partial: bool = False
    place: KeyPath = ()

    @property
    def label(self) -> str:
        """The design and the settings that were asked for; it stays the same when the design changes."""
        return labelled(self.design, self.settings)


class Waiver(NamedTuple):
    """Limits that may be broken up to a date, and why.

    Globs over the labels of designs and the names of rules.
    """

    design: str
    limit: str
    reason: str
    until: date
    place: KeyPath = ()


class Config(NamedTuple):
    """Everything a file of budgets says; from options there is no file."""

    budgets: tuple[Budget, ...]
    waivers: tuple[Waiver, ...] = ()
    file: str = ""
    text: str = ""
    basis: Basis = Basis()
    convention: str = DEFAULT

    def line(self, place: KeyPath) -> int:
        """The line a key stands on; 0 without a file."""
        return line_of(lines(self.text), place) if self.file else 0


def labelled(design: str, settings: Settings) -> str:
    """Write a design with the settings asked for, as a user would.

    >>> labelled("v2", Settings(alpha=0.5, resolution=(160, 160)))
    'v2:alpha=0.5,resolution=160'
    """
    given = {k: v for k, v in settings._asdict().items() if v is not None and k in SETTINGS}
    if not given:
        return design
    return f"{design}:" + ",".join(f"{k}={_spelled(v)}" for k, v in given.items())


def _spelled(value: Any) -> str:
    if isinstance(value, tuple):
        return spelled_size(value)
    return ("yes" if value else "no") if isinstance(value, bool) else f"{value}"
