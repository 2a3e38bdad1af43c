"""`mnetcost baseline`: record current costs in a file, for relative limits."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..designs.budgets.config import find_config
from ..designs.budgets.options import budgets_of, from_call
from ..designs.budgets.values import Config
from .budgets import changed, from_file, no_settings
from .options import DESIGN, emit, output_options, setting_options, settings, write_file

EPILOG = """\b
Examples:
  mnetcost baseline v2 keras/v3-large      into mnetcost-baseline.toml
  mnetcost baseline --check                exit code 1 if the file is out of date
  mnetcost baseline v2 --baseline -        print it
"""


@click.command("baseline", epilog=EPILOG)
@click.argument("designs", nargs=-1, type=DESIGN, metavar="[DESIGN]...")
@click.option(
    "--baseline",
    metavar="FILE",
    help="Write to FILE instead of the file named in the budgets or mnetcost-baseline.toml; - prints.",
)
@click.option("--config", metavar="FILE", help="Read budgets from FILE instead of the nearest mnetcost.toml.")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; exit code 1 if the file is out of date."
)
@setting_options
@output_options
def command(
    designs: tuple[str, ...],
    baseline: str | None,
    config: str | None,
    only_check: bool,
    format_: str | None,
    output: str | None,
    convention: str,
    **options: Any,
) -> None:
    """Record current costs in a file.

    The file has one line per figure. `mnetcost check` compares relative limits such as +1% with it. Without
    DESIGN, all budgets are recorded anew; with DESIGN, only those designs are added or updated. Prints what
    changed.
    """
    from ..analyses.budgets.baseline import baselines, report, write
    from ..designs.toml import inert

    given = settings(options)
    found = from_file(config) if config or not designs or find_config() else Config(())
    if designs:
        those = (
            budget
            for text in designs
            for budget in budgets_of(found.budgets, text) or from_call([text], given)
        )
        found = found._replace(budgets=tuple(dict.fromkeys(those)))
    else:
        no_settings(given)
    found = changed(found, given, convention, baseline=baseline)
    printed = baseline == "-"
    put = None if printed or only_check else lambda file, text: write_file(file, text.encode())
    updates = baselines(found, bool(designs), put)
    if printed:
        click.echo(inert(write(updates[0].after)), nl=False)
        return
    emit(report(updates), format_, output)
    sys.exit(1 if only_check and any(update.changes for update in updates) else 0)
