"""`mnetcost convert`: convert a model file to a spec."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from .options import DESIGN, setting_options, settings, write_text

EPILOG = """\b
Examples:
  mnetcost convert net.prototxt -o net.toml
  mnetcost convert v2 --alpha 0.5               one row per layer, at these widths
"""


@click.command("convert", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@setting_options
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of the terminal.")
def command(design: str, output: str | None, **options: Any) -> None:
    """Convert a model file to a spec with the same cost, one row per layer."""
    from ..designs.convert import spec_text
    from ..designs.toml import inert

    text = spec_text(load(design, settings(options)))
    write_text(text if output is not None else inert(text), output, ".toml")
