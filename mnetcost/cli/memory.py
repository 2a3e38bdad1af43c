"""`mnetcost memory`: the memory that a design needs while it runs."""

from __future__ import annotations

from typing import Any

import click

from ..errors import CallError
from .options import DESIGN, emit, format_options, setting_options, settings, write_file
from .planning import limit_options, planning_options

EPILOG = """\b
Examples:
  mnetcost memory keras/v2:alpha=0.35,resolution=96                the arena of TensorFlow Lite Micro
  mnetcost memory net.tflite --timeline                            a file, and the bytes held at each layer
  mnetcost memory net.tflite --measure                             the real interpreter beside the prediction
  mnetcost memory keras/v2:alpha=0.35,resolution=96 --limit 128K -o held.svg   drawn, beside a limit
  mnetcost memory v2 --planner in-place --resolution 160           as MCUNet counts
  mnetcost memory v1 --planner liveness --dtype float32 -o v1.csv
  mnetcost memory v2 --split 4                                     each bottleneck in four parts
  mnetcost memory v2 --patches 4x4                                 the leading part in 16 patches, as MCUNetV2
"""


class Grid(click.ParamType):  # type: ignore[type-arg]
    """A grid of patches: rows x columns."""

    name = "grid"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, int]:
        rows, mark, columns = str(value).lower().partition("x")
        sides = [
            side for side in (rows, columns if mark else rows) if side.isdecimal() and 0 < int(side) < 1000
        ]
        if len(sides) != 2:
            self.fail(f"'{str(value)[:40]}' is no grid of patches such as 4x4 or 2x3", param, ctx)
        return int(sides[0]), int(sides[1])


@click.command("memory", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@planning_options
@limit_options
@click.option(
    "--write-plan",
    metavar="FILE",
    help="Write the smallest arena that was found as an offline plan: offsets for the converter, as JSON.",
)
@click.option("--split", type=click.IntRange(1), metavar="N", help="Compute each bottleneck in N parts.")
@click.option(
    "--patches", type=Grid(), metavar="HxW", help="Run the leading part in a grid of patches, such as 4x4."
)
@click.option(
    "--over", metavar="LAYER", help="Where that part ends: a layer or block.  [default: at the lowest peak]"
)
@click.option("--unclipped", is_flag=True, help="Patches compute lines outside of a map too.")
@click.option(
    "--measure",
    is_flag=True,
    help="Run TensorFlow Lite Micro's interpreter on the file too (mnetcost[tflm]).",
)
@click.option("--timeline", is_flag=True, help="Show the bytes that are held at each layer.")
@setting_options
@format_options
def command(
    design: str,
    planner: str | None,
    dtype: str | None,
    limit: str | None,
    device: str | None,
    timeline: bool,
    measure: bool,
    write_plan: str | None,
    split: int | None,
    patches: tuple[int, int] | None,
    over: str | None,
    unclipped: bool,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show the memory that a design needs while it runs.

    The peak, the layer and the maps that make it, and every buffer with its first and last step and, where
    the planner places it, its offset.
    """
    from ..analyses.fit.ceiling import room_of
    from ..analyses.fit.memory import memory, plan_text
    from ..analyses.fit.pieces import in_pieces
    from ..analyses.fit.plans import planned
    from ..designs.planners import DEFAULT, load_planner
    from ..designs.programs import load_planned

    if over is not None and patches is None:
        raise CallError("--over says where a part ends that runs in patches", hint="--patches 4x4")
    loaded = load_planned(design, settings(options))
    if split is not None and patches is not None:
        raise CallError("--split and --patches are two ways: give one of them")
    if measure and (split or patches):
        raise CallError("--measure runs a file whole, and not in pieces")
    room, dtype = room_of(loaded, limit, device, dtype, "--")
    if answer := in_pieces(loaded, planner, split, patches, over, not unclipped, dtype, room):
        emit(answer, format_, output)
        return
    found = planned(loaded, load_planner(planner or DEFAULT), dtype)
    if write_plan is not None:
        write_file(write_plan, plan_text(found).encode())
    emit(memory(loaded, found, timeline, measure, room), format_, output)
