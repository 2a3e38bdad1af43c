"""`mnetcost conventions`: how each tool counts; one of them; one design under all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..designs import load
from ..designs.conventions import convention_names, load_convention
from ..engine.costs import cost
from ..errors import CallError, SpecError, nearest
from .options import Word, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost conventions                                  every convention in a line
  mnetcost conventions thop                             what thop counts
  mnetcost conventions torchvision/v2                   one design under all of them, with the reasons
  mnetcost conventions v3-small --convention fvcore     beside fvcore instead of the paper
"""


def _known() -> Iterable[str]:
    from ..designs.shipped import shipped

    return (*convention_names(), *shipped())


@click.command("conventions", epilog=EPILOG)
@click.argument(
    "what", type=Word("convention or design", _known, strict=False), metavar="[NAME|DESIGN]", required=False
)
@setting_options
@output_options
def command(what: str | None, convention: str, format_: str, output: str | None, **options: Any) -> None:
    """How each tool counts, and why their figures differ.

    Without an argument: every convention in a line. With a convention's NAME: its rule, source and weights.
    With a DESIGN: its figures under every convention side by side, and what each counts otherwise than
    --convention does.
    """
    from ..analyses.report import conventions as analysis

    asked = settings(options)
    if what is None:
        document = analysis.listed()
    elif what in convention_names():
        document = analysis.shown(load_convention(what))
    else:
        try:
            design = load(what, asked)
        except SpecError:
            if like := nearest(what, convention_names(), 0.7):
                raise CallError(
                    f"there is no convention or design '{what}'", hint=f"did you mean '{like}'?"
                ) from None
            raise
        document = analysis.side_by_side(
            design, cost(design.graph, design.batch), load_convention(convention)
        )
    emit(document, format_, output)
