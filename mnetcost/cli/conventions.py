"""`mnetcost conventions`: list counting conventions, show one, or count a design under all of them."""

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
  mnetcost conventions                                  every convention, one line each
  mnetcost conventions thop                             the rules of thop
  mnetcost conventions torchvision/v2                   one design under all of them, with the reasons
  mnetcost conventions v3-small --convention fvcore     compared with fvcore instead of the paper
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
    """Show how each tool counts, and why figures differ.

    Without an argument: every convention, one line each. With a convention's NAME: its rule, source and
    weights. With a DESIGN: its figures under every convention, and what each counts differently from
    --convention.
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
