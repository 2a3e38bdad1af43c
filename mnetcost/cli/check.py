"""`mnetcost check`: does every design keep its budget?"""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..analyses.budgets.budgets import Config, chosen, own, read_option
from ..errors import CallError, MnetcostError
from ..output import CHECK_FORMATS
from .budgets import changed, from_file, no_settings
from .options import DESIGN, convention_option, emit, format_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost check                                       the budgets of mnetcost.toml
  mnetcost check v2 --max madds=301M --max params=3.6M
  mnetcost check --against origin/main --why
  mnetcost check --format github
"""


def today(given: str | None) -> date:
    """The day that waivers are held against; the clock is read here and nowhere else."""
    if given is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise CallError(f"--today must be a date such as 2030-12-31, not '{given[:40]}'") from None


@click.command("check", epilog=EPILOG)
@click.argument("designs", nargs=-1, type=DESIGN, metavar="[DESIGN]...")
@click.option(
    "--max",
    "at_most",
    metavar="METRIC=LIMIT",
    multiple=True,
    help="Allow at most this: madds=60M, params=+1%.",
)
@click.option("--min", "at_least", metavar="METRIC=LIMIT", multiple=True, help="Ask for at least this.")
@click.option("--against", metavar="REV", help="Hold relative limits against where this branch left REV.")
@click.option(
    "--merge-base/--no-merge-base",
    default=None,
    help="Where this branch left REV (the default), or REV itself.",
)
@click.option("--baseline", metavar="FILE", help="Hold relative limits against the figures in FILE.")
@click.option("--config", metavar="FILE", help="Read budgets from FILE instead of the nearest mnetcost.toml.")
@click.option("--why", is_flag=True, help="Name more layers, and what changed since the base.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show every limit that is kept; past ten they are one line without it.",
)
@click.option("--today", "day", metavar="DATE", help="Hold waivers against this day instead of today.")
@setting_options
@convention_option
@partial(format_options, formats=CHECK_FORMATS)
def command(
    why: bool, everything: bool, day: str | None, format_: str | None, output: str | None, **options: Any
) -> None:
    """Does every design keep its budget?

    Budgets are read from the nearest mnetcost.toml, or [tool.mnetcost] of pyproject.toml; with --max or
    --min the designs named are held to these alone. Ends with 0 where all are kept, 1 where one is broken,
    2 for a mistake in the call, a budget or a design, and 3 where there is nothing to compare with.
    """
    from ..analyses.budgets.check import check, failure

    try:
        document = check(asked(**options), today(day), why, everything)
    except MnetcostError as e:
        if format_ == "github":
            from ..output.github import render_faults

            click.echo(render_faults(e.faults), nl=False)
        raise
    emit(document, format_, output, CHECK_FORMATS)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if format_ == "github" and summary:
        from ..output.comment import render

        try:
            with Path(summary).open("a", encoding="utf-8") as f:
                f.write(render(document))
        except OSError as e:
            click.echo(f"warning: the step's summary could not be written: {e.strerror}", err=True)
    if error := failure(document):
        raise error
    sys.exit(0 if document.data["status"] == "kept" else 1)


def asked(
    designs: tuple[str, ...],
    at_most: tuple[str, ...],
    at_least: tuple[str, ...],
    config: str | None,
    convention: str,
    against: str | None,
    merge_base: bool | None,
    baseline: str | None,
    **options: Any,
) -> Config:
    """The budgets of a call: its own limits, or those of a file.

    Raises CallError where options do not go together, BudgetError where the file cannot be read.
    """
    rules = tuple(
        rule
        for side, texts in (("max", at_most), ("min", at_least))
        for text in texts
        for rule in read_option(text, side)
    )
    given = settings(options)
    if rules:
        if not designs or config:
            raise CallError(
                "--max and --min are for the designs of the call", hint="mnetcost check v2 --max madds=301M"
            )
        found = Config(own(designs, given, rules))
    else:
        no_settings(given)
        found = from_file(config)
        found = found._replace(budgets=chosen(found.budgets, designs))
    return changed(found, given, convention, against=against, merge_base=merge_base, baseline=baseline)
