"""`mnetcost convert`: a model file as a spec."""

from __future__ import annotations

from typing import Any

import click

from ..designs import load
from .options import DESIGN, setting_options, settings, write_text

EPILOG = """\b
Examples:
  mnetcost convert net.prototxt -o net.toml
  mnetcost convert v2 --alpha 0.5               every layer in a row, at these widths
"""


@click.command("convert", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@setting_options
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of the terminal.")
def command(design: str, output: str | None, **options: Any) -> None:
    """A model file as a spec that costs the same, one row a layer."""
    from ..designs.convert import spec_text
    from ..designs.toml import inert

    text = spec_text(load(design, settings(options)))
    write_text(text if output is not None else inert(text), output, ".toml")
