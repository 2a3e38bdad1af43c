"""`mnetcost identify`: find the shipped design that matches a model file."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from .options import DESIGN, emit, output_options, setting_options, settings

EPILOG = """\b
Examples:
  mnetcost identify net.prototxt
  mnetcost identify net.prototxt --resolution 160 --format json
"""


@click.command("identify", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@setting_options
@output_options
def command(design: str, convention: str, format_: str | None, output: str | None, **options: Any) -> None:
    """Find the shipped design that matches a model file, or the nearest one and the differences.

    Layers with weights are compared first, at the file's resolution and number of classes; then everything
    that is counted.
    """
    from ..analyses.changes.identify import identify

    emit(identify(load(design, settings(options)), load_convention(convention)), format_, output)
