"""`mnetcost fit`: which designs fit into a device."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from ..designs import read_multiplier, read_resolution
from ..designs.conventions import load_convention
from .options import DESIGN, Word, apply, emit, other_options, output_options, settings
from .planning import planning_options
from .progress import progress
from .ranges import read_values

EPILOG = """\b
Examples:
  mnetcost fit keras/v2:alpha=0.35,resolution=96 --ram 256K --flash 1M --madds 30M
  mnetcost fit v1 v2 v3-small --alpha 0.25:1:0.05 --resolution 96:224:32 --ram 256K --flash 1M
  mnetcost fit v1 v2 --alpha 0.25:1:0.05 --resolution 96:224:32 --device stm32h747-cubeai10 --ms 100
  mnetcost fit net.tflite --ram 320K --planner tflm

K and M of RAM and flash are of 1,024, as chips are sold: 256K is 262,144 bytes. A range START:STOP:STEP
includes STOP.

Exit code 0: all designs fit, or of many settings at least one; 1: they do not, or it is undecided; 2: a
mistake in the call, a design or a device.
"""


def _devices() -> Iterable[str]:
    from ..designs.devices import device_names

    return device_names()


LIMITS = [
    click.option(
        "--device",
        type=Word("device", _devices, strict=False),
        metavar="NAME",
        help="A chip with its runtime, for its RAM, flash and speed; or a .toml file.",
    ),
    click.option("--ram", metavar="BYTES", help="RAM for the maps: 256K is 262,144 bytes."),
    click.option("--flash", metavar="BYTES", help="Flash for the weights: 1M is 1,048,576 bytes."),
    click.option("--madds", metavar="COUNT", help="Multiply-adds at most: 30M."),
    click.option("--ms", metavar="MS", help="Milliseconds of one inference at most: 20."),
]
RANGES = [
    click.option("--alpha", metavar="LIST|RANGE", help="Width multipliers: 0.25,0.5 or START:STOP:STEP."),
    click.option(
        "--resolution", metavar="LIST|RANGE", help="Input sizes in pixels: 96,128 or START:STOP:STEP."
    ),
]


@click.command("fit", epilog=EPILOG)
@click.argument("designs", metavar="DESIGN ...", nargs=-1, required=True, type=DESIGN)
@lambda f: apply(LIMITS, f)
@lambda f: apply(RANGES, f)
@planning_options
@click.option("--all", "everything", is_flag=True, help="Show the designs that do not fit, too.")
@other_options
@output_options
def command(
    designs: tuple[str, ...],
    device: str | None,
    ram: str | None,
    flash: str | None,
    madds: str | None,
    ms: str | None,
    alpha: str | None,
    resolution: str | None,
    planner: str | None,
    dtype: str | None,
    everything: bool,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show which designs fit into a device, by which figure and with what margin.

    RAM is the arena that holds the maps; what an interpreter keeps beside it is not predicted, and neither
    is code: what is left for them is shown. Of several designs or settings those that fit are listed, the
    most multiply-adds first.
    """
    from ..analyses.fit.fits import Rules, fits, passes, read_room
    from ..analyses.fit.fitting import answer
    from ..designs.cells import cells
    from ..designs.devices import load_device
    from ..designs.planners import DEFAULT, load_planner

    board = None if device is None else load_device(device)
    room = read_room({"ram": ram, "flash": flash, "madds": madds, "ms": ms}, board, "--")
    alphas = [] if alpha is None else read_values(alpha, "--alpha", lambda v: read_multiplier(v, "--alpha"))
    sizes = [] if resolution is None else read_values(resolution, "--resolution", read_resolution)
    asked = cells(designs, settings(options), alphas, sizes)
    rules = Rules(load_planner(planner or DEFAULT), load_convention(convention), dtype, board)
    grid = len(asked) > len(set(designs))
    found = fits(asked, room, rules, grid, progress("planning"))
    emit(answer(found, room, rules, everything or not grid), format_, output)
    sys.exit(0 if passes(found, grid) else 1)
