"""Which budgets does a command line select? Those of a file, some of its designs, or options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..designs.budgets.config import find_config, read_config
from ..designs.budgets.values import Budget, Config
from ..designs.settings import Settings
from ..errors import CallError, MnetcostError


def from_file(config: str | None) -> Config:
    """Read the budgets of a file, or of the nearest mnetcost.toml.

    Raises CallError if there is none, BudgetError if it cannot be read.
    """
    path = Path(config) if config else find_config()
    if path is None:
        raise CallError(
            "there is no mnetcost.toml here or above",
            hint="create one with mnetcost init, or pass limits: mnetcost check v2 --max madds=301M",
        )
    return read_config(path)


def nearest_budgets() -> tuple[Budget, ...]:
    """The budgets of the nearest mnetcost.toml; none if there is none, or if it cannot be read."""
    try:
        path = find_config()
        return read_config(path).budgets if path else ()
    except (MnetcostError, OSError):
        return ()


def changed(config: Config, given: Settings, convention: str, **basis: Any) -> Config:
    """Apply the options --allow-unknown and --convention (if given) and the basis of comparison to budgets.

    Raises CallError if the options cannot be combined.
    """
    changes = {key: value for key, value in basis.items() if value is not None}
    if "baseline" in changes and len(changes) > 1:
        raise CallError("--baseline cannot be combined with --against or --merge-base")
    if "against" in changes:
        changes["baseline"] = ""
    change: dict[str, Any] = {"allow_partial": True} if given.allow_unknown else {}
    if click.get_current_context().get_parameter_source("convention") is not ParameterSource.DEFAULT:
        change["convention"] = convention
    return config._replace(
        budgets=tuple(b._replace(basis=b.basis._replace(**changes), **change) for b in config.budgets)
    )


def no_settings(given: Settings) -> None:
    """Raise CallError if settings are given: budgets from a file have their settings there."""
    if given._replace(allow_unknown=None) != Settings():
        raise CallError(
            "settings of a budget belong in its file", hint="use --alpha and the like with --max or --min"
        )
