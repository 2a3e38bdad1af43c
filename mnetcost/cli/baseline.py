"""`mnetcost baseline`: write down what every design costs, for relative limits to be held against."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..analyses.budgets.budgets import Config, find_config, meant, own
from .budgets import changed, from_file, no_settings
from .options import DESIGN, emit, output_options, setting_options, settings, write_file

EPILOG = """\b
Examples:
  mnetcost baseline v2 keras/v3-large      into mnetcost-baseline.toml
  mnetcost baseline --check                ends with 1 where the file is not up to date
  mnetcost baseline v2 --baseline -        on the terminal
"""


@click.command("baseline", epilog=EPILOG)
@click.argument("designs", nargs=-1, type=DESIGN, metavar="[DESIGN]...")
@click.option(
    "--baseline",
    metavar="FILE",
    help="Write FILE instead of what the budgets say, or mnetcost-baseline.toml; - prints it.",
)
@click.option("--config", metavar="FILE", help="Read budgets from FILE instead of the nearest mnetcost.toml.")
@click.option(
    "--check", "only_check", is_flag=True, help="Write nothing; end with 1 where the file is not up to date."
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
    """Write down what every design costs.

    The file holds one line a figure, for review, and for `mnetcost check` to hold relative limits against.
    Without DESIGN it is written anew for every budget; with DESIGN, those alone are put in or brought up to
    date. What is printed is what changed.
    """
    from ..analyses.budgets.baseline import baselines, report, write
    from ..designs.toml import inert

    given = settings(options)
    found = from_file(config) if config or not designs or find_config() else Config(())
    if designs:
        those = (budget for text in designs for budget in meant(found.budgets, text) or own([text], given))
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
