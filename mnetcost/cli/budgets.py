"""Which budgets does a call mean? Those of the nearest file, of some designs of it, or its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..analyses.budgets.budgets import Config, find_config, read_config
from ..designs.settings import Settings
from ..errors import CallError


def from_file(config: str | None) -> Config:
    """The budgets of a file, else of the nearest one.

    Raises CallError where there is none, BudgetError where it cannot be read.
    """
    path = Path(config) if config else find_config()
    if path is None:
        raise CallError(
            "there is no mnetcost.toml here or above",
            hint="write one, or say the limits: mnetcost check v2 --max madds=301M",
        )
    return read_config(path)


def changed(config: Config, given: Settings, convention: str, **basis: Any) -> Config:
    """The budgets as a call's options change them: --allow-unknown, --convention where it was said, and
    what to compare with.

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
    return config._replace(
        budgets=tuple(b._replace(basis=b.basis._replace(**said), **change) for b in config.budgets)
    )


def no_settings(given: Settings) -> None:
    """Refuse settings where budgets bring their own."""
    if given._replace(allow_unknown=None) != Settings():
        raise CallError(
            "a budget has its settings in its file", hint="--alpha and the like go with --max or --min"
        )
