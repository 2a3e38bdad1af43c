"""`mnetcost draw`: the architecture of designs as a picture."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from ..errors import CallError
from .options import DESIGN, Word, depth_of, depth_option, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost draw v1 v2 v3-large -o strips.svg           three networks on one scale
  mnetcost draw resnet50 --by block --depth 1 > resnet.svg
  mnetcost draw v3-small --style graph -o graph.svg    layer by layer, with shapes and costs
  mnetcost draw resnet50 --style graph --by block --depth 1 -o stages.svg
  mnetcost draw v2 --by block --format mermaid         the graph for a README, as text
  mnetcost draw net.onnx -o net.netron.json            what Netron shows beside the file
  mnetcost draw v2 --style block -o blocks.svg         each kind of block, as the papers draw it
  mnetcost draw resnet50 v2 --style block -o two.svg   a bottleneck and an inverted residual
  mnetcost draw v3-large --style block --block "bottleneck 4" -o block.svg
  mnetcost draw v2 --alpha 0.5 --format text           what is drawn, as a table
"""
HINT = "the picture: -o FILE.svg"


def _styles() -> Any:
    from ..analyses.drawing.draw import STYLES

    return STYLES


@click.command("draw", epilog=EPILOG)
@click.argument("designs", metavar="DESIGN ...", nargs=-1, required=True, type=DESIGN)
@click.option(
    "--style",
    type=Word("style", _styles),
    metavar="NAME",
    default="strip",
    show_default=True,
    help="strip: the map behind each block; graph: layers and what they read; block: the layers in a block.",
)
@click.option(
    "--by",
    type=Word("--by", lambda: ("block", "layer")),
    metavar="WHAT",
    help="One column or box per block, as in a strip, or per layer, as in a graph.",
)
@depth_option
@click.option(
    "--block",
    "blocks",
    metavar="NAME",
    multiple=True,
    help="With --style block: draw this block; repeatable.",
)
@setting_options
@partial(output_options, networks=True, otherwise="the picture, or a table on a terminal")
def command(
    designs: tuple[str, ...],
    style: str,
    by: str | None,
    depth: str | None,
    blocks: tuple[str, ...],
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Draw the architecture of designs, as one picture (SVG).

    Strips stand beneath each other on one scale. A terminal shows what is drawn as a table; a file or a pipe
    gets the picture, unless --format asks for something else.
    """
    from ..analyses.drawing.draw import Asked, draw

    by = by or (None if depth is None else "block")
    levels = depth_of(by, depth)
    if blocks and style != "block":
        raise CallError("--block needs --style block", hint="--style block --block NAME")
    asked = settings(options)
    loaded = [load(design, asked) for design in designs]
    document = draw(
        [(d, cost(d.graph, d.batch)) for d in loaded],
        load_convention(convention),
        style,
        Asked(by, levels, blocks),
    )
    if format_ is None and output is None:
        if sys.stdout is not None and sys.stdout.isatty():
            document = document._replace(notes=(*document.notes, HINT))
        else:
            format_ = "svg"
    emit(document, format_, output)
