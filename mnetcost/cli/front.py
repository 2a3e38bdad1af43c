"""`mnetcost front`: the Pareto front of designs."""

from __future__ import annotations

from typing import Any

import click

from ..designs import read_multiplier, read_resolution
from ..designs.conventions import load_convention
from .options import DESIGN, emit, other_options, output_options, settings
from .progress import progress
from .ranges import read_values

EPILOG = """\b
Examples:
  mnetcost front v1 v2 v3-large v3-small --alpha 0.25:1:0.05 --resolution 96:224:32
  mnetcost front v1 v2 --alpha 0.25:1:0.05 --of madds,params,peak_bytes.int8
  mnetcost front v2 --alpha 0.5,0.75,1 --of madds,top1=mine.csv --all
  mnetcost front --checkpoints --of top1,madds,flash_bytes.int8 --format csv

mine.csv has the columns design and value, an accuracy in per cent. A range START:STOP:STEP includes STOP.
"""


@click.command("front", epilog=EPILOG)
@click.argument("designs", metavar="[DESIGN ...]", nargs=-1, type=DESIGN)
@click.option(
    "--of",
    metavar="LIST",
    default="madds,params",
    show_default=True,
    help="2 to 4 objectives: metrics of budgets, of which less is better, and top1 or top1=FILE.csv.",
)
@click.option("--alpha", metavar="LIST|RANGE", help="Width multipliers: 0.25,0.5 or START:STOP:STEP.")
@click.option("--resolution", metavar="LIST|RANGE", help="Input sizes in pixels: 96,128 or START:STOP:STEP.")
@click.option("--checkpoints", is_flag=True, help="Compare published checkpoints, too.")
@click.option("--all", "everything", is_flag=True, help="Show the designs that are beaten, too.")
@other_options
@output_options
def command(
    designs: tuple[str, ...],
    of: str,
    alpha: str | None,
    resolution: str | None,
    checkpoints: bool,
    everything: bool,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show the Pareto front of designs: those for which none is better.

    A design is better than another if it is no worse in any objective, and better in one. Accuracy is read
    from a file of yours, or published with a checkpoint; none is predicted.
    """
    from ..analyses.search.front import Asked, answer, compared, read_objectives

    objectives = read_objectives(of)
    alphas = [] if alpha is None else read_values(alpha, "--alpha", lambda v: read_multiplier(v, "--alpha"))
    sizes = [] if resolution is None else read_values(resolution, "--resolution", read_resolution)
    counted = load_convention(convention)
    asked = Asked(designs, settings(options), alphas, sizes, checkpoints)
    points = compared(asked, objectives, counted, tick=progress("planning"))
    emit(answer(points, objectives, counted, everything), format_, output)
