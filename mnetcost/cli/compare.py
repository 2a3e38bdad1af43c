"""`mnetcost compare`: designs side by side."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from .options import DESIGN, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost compare v1 v2 --alpha 0.5                    at half the width
  mnetcost compare v2 keras/v2 torchvision/v2 --alpha 0.35
  mnetcost compare v2:alpha=1.4 v3-large --resolution 160
  mnetcost compare v2 my/net.toml --format markdown
"""


@click.command("compare", epilog=EPILOG)
@click.argument("designs", metavar="DESIGN DESIGN ...", nargs=-1, required=True, type=DESIGN)
@setting_options
@output_options
def command(designs: tuple[str, ...], convention: str, format_: str | None, output: str | None, **options: Any) -> None:
    """Designs side by side, with ratios to the first.

    Params, multiply-adds, both by kind, where they sit by the size of the map, bytes of weights, activations, layers. A design's own
    setting (v2:alpha=0.75) beats the option.
    """
    from ..analyses.compare import compare

    asked = settings(options)
    loaded = [load(design, asked) for design in designs]
    emit(compare([(d, cost(d.graph, d.batch)) for d in loaded], load_convention(convention)), format_, output)
