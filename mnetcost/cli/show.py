"""`mnetcost show`: a design's spec as TOML."""

from __future__ import annotations

import sys

import click

from ..designs import find_spec, split_design
from ..errors import CallError, plain
from .options import DESIGN, write_text

EPILOG = """\b
Examples:
  mnetcost show v2
  mnetcost show keras/v2               what Keras does otherwise than the paper
  mnetcost show keras/v2 --resolved    the whole network in one file
"""


@click.command("show", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option(
    "--resolved", "whole", is_flag=True, help="With all that the spec extends, in one file that stands alone."
)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE, whole or not at all.")
def command(design: str, whole: bool, output: str | None) -> None:
    """A design's spec as TOML, as its file says it."""
    from ..designs.resolved import resolved
    from ..designs.toml import inert

    name, own = split_design(design)
    if any(setting is not None for setting in own):
        raise CallError(f"'{design}': a spec is shown without settings", hint=f"mnetcost show {name}")
    spec = find_spec(name)
    text = resolved(spec) if whole else spec.text
    if output is None:
        text = inert(text)
    if output is None and sys.stdout is not None and sys.stdout.isatty():
        text = "".join(plain(line.replace("\t", "    ")) + "\n" for line in text.splitlines())
    write_text(text, output, ".toml")
