"""`mnetcost receptive`: the receptive field of each layer of a design."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from .options import DESIGN, emit, format_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost receptive v1                            315 pixels at the last layer, a stride of 32
  mnetcost receptive v2 --resolution 160           zeros of "same" depend on the size
  mnetcost receptive net.onnx --all --format json
"""


@click.command("receptive", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option("--all", "everything", is_flag=True, help="Include layers that see what the layer before sees.")
@setting_options
@format_options
def command(design: str, everything: bool, format_: str | None, output: str | None, **options: Any) -> None:
    """Show the receptive field of each layer of a design.

    Its size, its stride (how far apart the fields of neighbours are) and its padding, through branches and
    dilation, without and with squeeze-and-excite.
    """
    from ..analyses.fit.receptive import receptive

    emit(receptive(load(design, settings(options)), everything), format_, output)
