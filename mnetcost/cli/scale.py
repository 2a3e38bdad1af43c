"""`mnetcost scale`: parameters and multiply-adds by alpha and resolution."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from ..designs import find_spec, read_multiplier, read_resolution, split_design
from ..designs.budgets.options import read_metrics
from ..designs.conventions import load_convention
from ..designs.settings import Settings, sized
from ..errors import CallError
from .options import DESIGN, apply, block_options, depth_of, emit, other_options, output_options, settings
from .progress import progress
from .ranges import read_values

EPILOG = """\b
Examples:
  mnetcost scale v1                                          at the alphas and resolutions of its paper
  mnetcost scale v2 --alpha 0.5,0.75,1 --resolution 128:224:32
  mnetcost scale v3-large --alpha 0.35:1.5:0.05 --rho 1 --format csv
  mnetcost scale v2 --alpha 0.001:1:0.001 --resolution 32:1031:1 -o grid.npz
  mnetcost scale r3d-18 --resolution 8x64x64,16x112x112      depth (or frames), height and width
  mnetcost scale v2 --metric peak_bytes.int8,flash_bytes.int8    memory, exact cell by cell
  mnetcost scale v2 --by block --depth 1 --alpha 0.5,1       and the same of each block

A range START:STOP:STEP includes STOP. An NPZ file contains the arrays alpha, resolution, params and
madds; the last two have one row per alpha and one column per resolution. With --by block it also contains
blocks (their names), block_params and block_madds, with one such array per block.
"""

LARGE = 500_000  # cells; writing that many as text takes a moment
RANGES = [
    click.option(
        "--alpha",
        metavar="LIST|RANGE",
        help="Width multipliers: 0.5,0.75,1 or START:STOP:STEP.  [default: the published ones]",
    ),
    click.option(
        "--resolution",
        metavar="LIST|RANGE",
        help="Input sizes, N, HxW or DxHxW: 128,160 or START:STOP:STEP.  [default: the published]",
    ),
    click.option("--rho", metavar="LIST|RANGE", help="Resolution multipliers, instead of --resolution."),
]


@click.command("scale", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@lambda f: apply(RANGES, f)
@click.option(
    "--metric",
    metavar="LIST",
    help="Further metrics of budgets, such as peak_bytes.int8, arena_bytes.tflm or flash_bytes.int8.",
)
@block_options
@other_options
@partial(output_options, arrays=True)
def command(
    design: str,
    alpha: str | None,
    resolution: str | None,
    rho: str | None,
    metric: str | None,
    by: str | None,
    depth: str | None,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show parameters and multiply-adds by alpha and resolution.

    v2:alpha=0.5 overrides --alpha: it is then the only value.
    """
    from ..analyses.report.scale import answer, scale

    levels = depth_of(by, depth)
    name, given = split_design(design)
    asked = given.over(settings(options))
    spec = find_spec(name)
    if rho is not None and resolution is not None:
        raise CallError("--rho and --resolution cannot be combined")
    alphas = [given.alpha] if given.alpha is not None else list(spec.alphas)
    if alpha is not None and given.alpha is None:
        alphas = read_values(alpha, "--alpha", lambda v: read_multiplier(v, "--alpha"))
    if given.rho is not None or given.resolution is not None:
        sizes = [sized(spec.resolution, given)[0]]
    elif rho is not None:
        sizes = [
            sized(spec.resolution, Settings(rho=r))[0]
            for r in read_values(rho, "--rho", lambda v: read_multiplier(v, "--rho"))
        ]
    elif resolution is not None:
        sizes = read_values(resolution, "--resolution", read_resolution)
    else:
        sizes = list(spec.sizes)
    if len(alphas) * len(sizes) >= LARGE and sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"costing {len(alphas):,} by {len(sizes):,} designs ...", err=True)
    metrics = read_metrics(metric) if metric is not None else []
    tick = progress("planning")
    grid = scale(spec, alphas, sizes, load_convention(convention), asked, by, levels, metrics, tick)
    emit(answer(grid), format_, output)
