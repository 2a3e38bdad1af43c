"""`mnetcost report`: what each layer of a design costs."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from .options import emit, output_options, setting_options, settings


@click.command("report")
@click.argument("design")
@setting_options
@output_options
def command(design: str, convention: str, format_: str, output: str | None, **options: Any) -> None:
    """What each layer of a design costs."""
    from ..analyses.report import report

    d = load(design, settings(options))
    emit(report(d, cost(d.graph, d.batch), load_convention(convention)), format_, output)
