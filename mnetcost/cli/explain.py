"""`mnetcost explain`: show each layer's formula with its numbers."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from .options import DESIGN, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost explain v2 'bottleneck 4/1'               a block
  mnetcost explain v2 'bottleneck 4/1/depthwise'     one layer of it
  mnetcost explain v3-small '*/se/*'                 every squeeze-and-excite layer
  mnetcost explain v1 --alpha 0.5 --format json
"""


@click.command("explain", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.argument("layer", required=False)
@setting_options
@output_options
def command(
    design: str, layer: str | None, convention: str, format_: str | None, output: str | None, **options: Any
) -> None:
    """Show each layer's formula with its numbers, and what the layer is for.

    LAYER is a layer or a block as named by `mnetcost report`, or a pattern with * and ?. Without it, every
    layer is explained.
    """
    from ..analyses.report.explain import explain

    d = load(design, settings(options))
    emit(explain(d, cost(d.graph, d.batch), load_convention(convention), layer), format_, output)
