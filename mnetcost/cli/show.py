"""`mnetcost show`: print the spec of a design."""

from __future__ import annotations

import sys

import click

from ..designs import find_spec, split_design
from ..errors import CallError, plain
from .options import DESIGN, write_text

EPILOG = """\b
Examples:
  mnetcost show v2
  mnetcost show keras/v2               how Keras differs from the paper
  mnetcost show keras/v2 --resolved    the whole network in one file
"""


@click.command("show", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option("--resolved", "whole", is_flag=True, help="Merge all specs that it extends into one.")
@click.option("-o", "--output", metavar="FILE", help="Write to FILE (atomically).")
def command(design: str, whole: bool, output: str | None) -> None:
    """Print the spec of a design (TOML), as in its file."""
    from ..designs.resolved import resolved
    from ..designs.toml import inert

    name, given = split_design(design)
    if any(setting is not None for setting in given):
        raise CallError(f"'{design}': show takes no settings", hint=f"mnetcost show {name}")
    spec = find_spec(name)
    text = resolved(spec) if whole else spec.text
    if output is None:
        text = inert(text)
    if output is None and sys.stdout is not None and sys.stdout.isatty():
        text = "".join(plain(line.replace("\t", "    ")) + "\n" for line in text.splitlines())
    write_text(text, output, ".toml")
