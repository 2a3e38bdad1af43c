"""`mnetcost conventions`: how each tool counts; one of them; one design under all of them."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import convention_names, load_convention
from ..engine.costs import cost
from .options import emit, output_options, setting_options, settings


@click.command("conventions")
@click.argument("what", metavar="[NAME|DESIGN]", required=False)
@setting_options
@output_options
def command(what: str | None, convention: str, format_: str, output: str | None, **options: Any) -> None:
    """How each tool counts, and why their figures differ.

    Without an argument: every convention in a line. With a convention's NAME: its rule, source and weights. With a DESIGN: its
    figures under every convention side by side, and what each counts otherwise than --convention does.
    """
    from ..analyses import conventions as analysis

    asked = settings(options)
    if what is None:
        document = analysis.listed()
    elif what in convention_names():
        document = analysis.shown(load_convention(what))
    else:
        design = load(what, asked)
        document = analysis.side_by_side(design, cost(design.graph, design.batch), load_convention(convention))
    emit(document, format_, output)
