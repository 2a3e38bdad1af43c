"""`mnetcost memory`: the memory that a design needs while it runs."""

from __future__ import annotations

from typing import Any

import click

from .options import DESIGN, emit, format_options, setting_options, settings, write_file
from .planning import planning_options

EPILOG = """\b
Examples:
  mnetcost memory keras/v2:alpha=0.35,resolution=96                the arena of TensorFlow Lite Micro
  mnetcost memory net.tflite --timeline                            a file, and the bytes held at each layer
  mnetcost memory v2 --planner in-place --resolution 160           as MCUNet counts
  mnetcost memory v1 --planner liveness --dtype float32 -o v1.csv
"""


@click.command("memory", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@planning_options
@click.option(
    "--write-plan",
    metavar="FILE",
    help="Write the smallest arena that was found as an offline plan: offsets for the converter, as JSON.",
)
@click.option("--timeline", is_flag=True, help="Show the bytes that are held at each layer.")
@setting_options
@format_options
def command(
    design: str,
    planner: str,
    dtype: str | None,
    timeline: bool,
    write_plan: str | None,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show the memory that a design needs while it runs.

    The peak, the layer and the maps that make it, and every buffer with its first and last step and, where
    the planner places it, its offset.
    """
    from ..analyses.fit.memory import memory, plan_text, planned
    from ..designs.planners import load_planner
    from ..designs.programs import load_planned

    loaded, rules = load_planned(design, settings(options)), load_planner(planner)
    found = planned(loaded, rules, dtype)
    if write_plan is not None:
        write_file(write_plan, plan_text(found).encode())
    emit(memory(loaded, found, timeline), format_, output)
