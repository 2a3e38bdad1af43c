"""`mnetcost check`: check designs against budgets."""

from __future__ import annotations

import os
import sys
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from ..designs.budgets.options import chosen, from_call, read_option
from ..designs.budgets.values import Config
from ..errors import CallError, MnetcostError
from ..output import CHECK_FORMATS, FORMATS
from .budgets import changed, from_file, no_settings
from .options import DESIGN, convention_option, emit, format_of, format_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost check                                       the budgets of mnetcost.toml
  mnetcost check v2 --max madds=301M --max params=3.6M
  mnetcost check --against origin/main --why
  mnetcost check --format github
  mnetcost check --history 30 -o history.svg           each limit over the last 30 commits
"""
MOST_COMMITS = 10_000


def today(given: str | None) -> date:
    """Return the date on which waivers are judged; the only place that reads the clock."""
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
    help="Fail if above this value: madds=60M, params=+1%.",
)
@click.option("--min", "at_least", metavar="METRIC=LIMIT", multiple=True, help="Fail if below this value.")
@click.option("--against", metavar="REV", help="Compare relative limits with the merge base of REV and HEAD.")
@click.option(
    "--merge-base/--no-merge-base",
    default=None,
    help="Compare with the merge base (default), or with REV itself.",
)
@click.option("--baseline", metavar="FILE", help="Compare relative limits with the figures in FILE.")
@click.option("--config", metavar="FILE", help="Read budgets from FILE instead of the nearest mnetcost.toml.")
@click.option("--why", is_flag=True, help="List more layers, and what changed since the base.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Show every limit; without it, more than ten ok ones become one line.",
)
@click.option("--today", "day", metavar="DATE", help="Judge waivers on this date instead of today.")
@click.option(
    "--history",
    type=click.IntRange(1, MOST_COMMITS),
    metavar="N",
    help="Cost the designs at the last N commits, beside the limits of today.",
)
@setting_options
@convention_option
@partial(format_options, formats=CHECK_FORMATS)
def command(
    why: bool,
    everything: bool,
    day: str | None,
    history: int | None,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Check designs against budgets.

    Budgets are read from the nearest mnetcost.toml, or from [tool.mnetcost] in pyproject.toml. With --max
    or --min, only these limits apply, to the designs given. Exit code 0: all within budget; 1: a limit is
    broken; 2: a mistake in the call, a budget or a design; 3: nothing to compare with.
    """
    from ..analyses.budgets.check import check, failure

    if history is not None:
        _history(history, why, everything, day, format_, output, **options)
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
            click.echo(f"warning: cannot write the step summary: {e.strerror}", err=True)
    if error := failure(document):
        raise error
    sys.exit(0 if document.data["status"] == "kept" else 1)


def _history(
    most: int,
    why: bool,
    everything: bool,
    day: str | None,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> NoReturn:
    """Show each limit along the last commits, and end as a check of today would."""
    from ..analyses.budgets.check import check, failure
    from ..analyses.budgets.history import history

    name = format_of(format_, output, CHECK_FORMATS)
    if why or name not in FORMATS:
        what = "--why" if why else f"the format '{name}'"
        raise CallError(f"{what} is for a check of today, not for --history", hint="check without --history")
    config = asked(**options)
    now = check(config, today(day))
    emit(history(config, most, now.data["status"], everything), format_, output)
    if error := failure(now):
        raise error
    sys.exit(0 if now.data["status"] == "kept" else 1)


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
    """Return the budgets to check: from --max and --min, or from a file.

    Raises CallError if options cannot be combined, BudgetError if the file cannot be read.
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
                "--max and --min need designs as arguments, and no --config",
                hint="mnetcost check v2 --max madds=301M",
            )
        found = Config(from_call(designs, given, rules))
    else:
        no_settings(given)
        found = from_file(config)
        found = found._replace(budgets=chosen(found.budgets, designs))
    return changed(found, given, convention, against=against, merge_base=merge_base, baseline=baseline)
