"""`mnetcost list`: the shipped designs."""

from __future__ import annotations

import click

from ..designs.conventions import load_convention
from .options import DESIGN, emit, output_options

EPILOG = """\b
Examples:
  mnetcost list
  mnetcost list keras            Keras' own
  mnetcost list '*v3-small*'
"""


@click.command("list", epilog=EPILOG)
@click.argument("pattern", required=False, type=DESIGN)
@output_options
def command(pattern: str | None, convention: str, format_: str | None, output: str | None) -> None:
    """The shipped designs, with what each costs as it stands.

    PATTERN is a name, a folder of names, or a pattern with * and ?.
    """
    from ..analyses.catalogue import catalogue

    emit(catalogue(load_convention(convention), pattern), format_, output)
