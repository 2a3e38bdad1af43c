"""Which budgets does a call mean? Those of the nearest file, of some designs of it, or its own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..analyses.budgets import Budget, Config, Rule, find_config, read_config
from ..designs import Settings, split_design
from ..errors import CallError, nearest


def from_file(config: str | None) -> Config:
    """The budgets of a file, else of the nearest one.

    Raises CallError where there is none, BudgetError where it cannot be read.
    """
    path = Path(config) if config else find_config()
    if path is None:
        raise CallError("there is no mnetcost.toml here or above", hint="write one, or say the limits: mnetcost check v2 --max madds=301M")
    return read_config(path)


def own(designs: Iterable[str], given: Settings, rules: tuple[Rule, ...] = ()) -> tuple[Budget, ...]:
    """Budgets made of a call's designs, settings and limits."""
    split = ((text, *split_design(text)) for text in designs)
    return tuple(Budget(name, name, settings.over(given)._replace(allow_unknown=None), rules) for _, name, settings in split)


def meant(budgets: Iterable[Budget], text: str) -> list[Budget]:
    """The budgets of one design, meant by its label, its name or its file."""
    name, settings = split_design(text)
    here = Path(name).resolve()

    def is_meant(budget: Budget) -> bool:
        same = name == budget.design or here == Path(budget.file).resolve()
        return text == budget.label or (same and settings in (Settings(), budget.settings))

    return [budget for budget in budgets if is_meant(budget)]


def chosen(budgets: tuple[Budget, ...], designs: tuple[str, ...]) -> tuple[Budget, ...]:
    """The budgets of these designs, or all where none is named.

    Raises CallError for a design without a budget.
    """
    found: dict[Budget, None] = {}
    for text in designs:
        those = meant(budgets, text)
        if not those:
            like = nearest(text, [b.label for b in budgets])
            raise CallError(f"no budget is for '{text}'", hint=f"did you mean '{like}'?" if like else "--max METRIC=LIMIT gives it one")
        found.update(dict.fromkeys(those))
    return tuple(found) if designs else budgets


def changed(config: Config, given: Settings, convention: str, **basis: Any) -> Config:
    """The budgets as a call's options change them: --allow-unknown, --convention where it was said, and what to compare with.

    Raises CallError where the options do not go together.
    """
    said = {key: value for key, value in basis.items() if value is not None}
    if "baseline" in said and len(said) > 1:
        raise CallError("give --baseline, or --against and --merge-base, not both")
    if "against" in said:
        said["baseline"] = ""
    change: dict[str, Any] = {"allow_partial": True} if given.allow_unknown else {}
    if click.get_current_context().get_parameter_source("convention") is not ParameterSource.DEFAULT:
        change["convention"] = convention
    return config._replace(budgets=tuple(b._replace(basis=b.basis._replace(**said), **change) for b in config.budgets))


def no_settings(given: Settings) -> None:
    """Refuse settings where budgets bring their own."""
    if given._replace(allow_unknown=None) != Settings():
        raise CallError("a budget has its settings in its file", hint="--alpha and the like go with --max or --min")
