"""`mnetcost reconcile`: explain a published number."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from .options import DESIGN, emit, output_options, setting_options, settings
from .progress import progress

EPILOG = """\b
Examples:
  mnetcost reconcile v2 320.19M                        multiply-adds or parameters, whichever fits
  mnetcost reconcile v2:alpha=1.4 610.1M --kind madds
  mnetcost reconcile torchvision/v2 327486720.0        every digit, as thop prints it
  mnetcost reconcile v2 312.852M 2.225M                numbers of one printout: one explanation for all
  mnetcost reconcile v2 "0.6 GFLOPs"                   the unit is used too: operations, MACs, params, MB
  mnetcost reconcile v1 4.2M --kind params --format json
"""


@click.command("reconcile", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.argument("number", nargs=-1, required=True)
@click.option(
    "--kind",
    type=click.Choice(["madds", "params"]),
    help="What the number counts; both are tried by default.",
)
@setting_options
@output_options
def command(
    design: str,
    number: tuple[str, ...],
    kind: str | None,
    convention: str,
    format_: str,
    output: str | None,
    **options: Any,
) -> None:
    """Explain a published NUMBER that differs from the DESIGN's figures.

    Searches counting conventions, small changes of the DESIGN and ways to write a number, and prints every
    step from our figure to the NUMBER. Write NUMBER as published: 320.3M, 3.4M, 603134720, 6.388e+05,
    "0.3 GFLOPs", "14.2 MB". Several numbers of one printout get one common explanation.
    """
    from ..analyses.reconcile.asked import read_numbers
    from ..analyses.reconcile.reconcile import reconcile
    from ..analyses.reconcile.together import reconcile_together

    numbers = read_numbers(number)
    d = load(design, settings(options))
    costs, reference = cost(d.graph, d.batch), load_convention(convention)
    tick = progress("searching")
    if len(numbers) == 1:
        document = reconcile(d, costs, reference, numbers[0], kind, tick)
    else:
        document = reconcile_together(d, costs, reference, numbers, kind, tick)
    emit(document, format_, output)
