"""`mnetcost reconcile`: why somebody's number is not ours."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from .options import DESIGN, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost reconcile v2 320.19M                        multiply-adds or parameters, whichever fits
  mnetcost reconcile v2:alpha=1.4 610.1M --kind madds
  mnetcost reconcile torchvision/v2 327486720          every digit
  mnetcost reconcile v1 4.2M --kind params --format json
"""


@click.command("reconcile", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.argument("number")
@click.option("--kind", type=click.Choice(["madds", "params"]), help="What the number counts; either, where it is left out.")
@setting_options
@output_options
def command(design: str, number: str, kind: str | None, convention: str, format_: str, output: str | None, **options: Any) -> None:
    """Why somebody's NUMBER is not ours.

    Searches counting conventions, small changes of the DESIGN and ways to write a number, and prints the ledger that leads from our
    figure to theirs. NUMBER is written as it was found: 320.3M, 3.4M, 603134720.
    """
    from ..analyses.asked import read_number
    from ..analyses.reconcile import reconcile

    asked = read_number(number)
    d = load(design, settings(options))
    costs, reference = cost(d.graph, d.batch), load_convention(convention)
    if sys.stderr.isatty():
        with click.progressbar(length=1000, label="searching", file=sys.stderr) as bar:
            document = reconcile(d, costs, reference, asked, kind, lambda n, of: bar.update(1000 * (n + 1) // of - bar.pos))
    else:
        document = reconcile(d, costs, reference, asked, kind)
    emit(document, format_, output)
