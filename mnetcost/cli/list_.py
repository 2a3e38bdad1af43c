"""`mnetcost list`: list the shipped designs."""

from __future__ import annotations

import click

from ..designs.conventions import load_convention
from .options import DESIGN, emit, output_options

EPILOG = """\b
Examples:
  mnetcost list
  mnetcost list keras v1 MobileNetV2      all of Keras, and two more
  mnetcost list '*v3-small*'
  mnetcost list --max madds=300M --max params=4M --sort madds
  mnetcost list --names                   with other names of each
"""


@click.command("list", epilog=EPILOG)
@click.argument("patterns", metavar="[PATTERN]...", nargs=-1, type=DESIGN)
@click.option(
    "--max",
    "at_most",
    metavar="METRIC=LIMIT",
    multiple=True,
    help="Only designs with at most this: madds=300M, params=4M.",
)
@click.option(
    "--min", "at_least", metavar="METRIC=LIMIT", multiple=True, help="Only designs with at least this."
)
@click.option("--sort", metavar="COLUMN", help="Sort by a column, largest first: params, madds; or by name.")
@click.option("--names", is_flag=True, help="Show other names of each design.")
@output_options
def command(
    patterns: tuple[str, ...],
    at_most: tuple[str, ...],
    at_least: tuple[str, ...],
    sort: str | None,
    names: bool,
    convention: str,
    format_: str | None,
    output: str | None,
) -> None:
    """List the shipped designs, with the cost of each at alpha 1 and its default resolution.

    PATTERN is a name, a folder of names, or a pattern with * and ?. Designs that match any pattern are
    listed.
    """
    from ..analyses.report.catalogue import catalogue
    from ..designs.budgets.options import read_option

    rules = tuple(
        rule
        for side, texts in (("max", at_most), ("min", at_least))
        for text in texts
        for rule in read_option(text, side)
    )
    emit(catalogue(load_convention(convention), patterns, rules, names, sort), format_, output)
