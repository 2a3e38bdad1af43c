"""`mnetcost solve`: the largest design within limits."""

from __future__ import annotations

import sys
from typing import Any

import click

from ..designs import find_spec, read_multiplier, read_resolution, split_design
from ..designs.conventions import load_convention
from ..designs.readers import model_reader
from ..errors import CallError
from .options import DESIGN, emit, other_options, output_options, settings
from .progress import progress
from .ranges import read_values

EPILOG = """\b
Examples:
  mnetcost solve v2 --max madds=150M --max params=3M
  mnetcost solve v3-small --max ram=256K --resolution 96:224:32
  mnetcost solve efficientnet-b0 --max madds=1G --over alpha,resolution,depth
  mnetcost solve v1 --max params=3M --over width:'separable 9'
"""


@click.command("solve", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option(
    "--max", "most", multiple=True, metavar="FIGURE=N", help="At most this: madds=150M. Repeatable."
)
@click.option(
    "--over",
    default="alpha,resolution",
    show_default=True,
    metavar="WHAT",
    help="What may grow: alpha, resolution, depth, or width:ROW.",
)
@click.option(
    "--alpha", metavar="LOW:HIGH", default="0.05:2", show_default=True, help="Alphas to look between."
)
@click.option("--resolution", metavar="LIST|RANGE", help="Sizes to look at; by default the published ones.")
@click.option(
    "--depth", metavar="LOW:HIGH", default="0.25:4", show_default=True, help="Depths to look between."
)
@other_options
@output_options
def command(
    design: str,
    most: tuple[str, ...],
    over: str,
    alpha: str,
    resolution: str | None,
    depth: str,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Find the largest alpha of DESIGN at each resolution within limits, exactly.

    Alpha gives another network only where a width rounds to another number. All of these are looked through,
    so that the answer is the largest, the limit that stops it is named, and the next larger design is known.
    Ends with 1 if no design is within the limits.
    """
    from ..analyses.search import solve as analysis

    name, given = split_design(design)
    if model_reader(name):
        raise CallError(
            f"'{name}' is a model file, whose widths are as they are", hint="a spec: mnetcost convert, or v2"
        )
    question = analysis.question(
        find_spec(name),
        given.over(settings(options)),
        analysis.read_limits(most),
        analysis.read_over(over),
        read_values(resolution, "--resolution", read_resolution) if resolution else [],
        read_ends(alpha, "--alpha"),
        read_ends(depth, "--depth"),
        load_convention(convention),
    )
    document = analysis.solve(question, progress("solving"))
    emit(document, format_, output)
    if document.data["status"] == "nothing":
        sys.exit(1)


def read_ends(text: str, what: str) -> tuple[float, float]:
    """Read two numbers, LOW:HIGH; raises CallError for anything else."""
    low, colon, high = text.partition(":")
    if not colon:
        raise CallError(f"{what} must be LOW:HIGH, not '{text[:60]}'", hint=f"{what} 0.1:1.5")
    ends = read_multiplier(low, what), read_multiplier(high, what)
    if ends[0] > ends[1]:
        raise CallError(f"{what}: {low} is above {high}")
    return ends
