"""`mnetcost new`: a spec of one's own, to edit."""

from __future__ import annotations

from pathlib import Path

import click

from ..designs import find_spec, split_design
from ..errors import CallError, plain
from .options import DESIGN, write_file
from .schema import directive, put_beside

EPILOG = """\b
Examples:
  mnetcost new net.toml --from v2
  mnetcost new net.toml --from keras/v3-small --force
  mnetcost report net.toml
"""


@click.command("new", epilog=EPILOG)
@click.argument("file")
@click.option(
    "--from",
    "design",
    type=DESIGN,
    metavar="DESIGN",
    default="v2",
    show_default=True,
    help="The design to begin with.",
)
@click.option(
    "--schema/--no-schema", default=True, help="Write, or leave out, the JSON Schema that editors go by."
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def command(file: str, design: str, schema: bool, force: bool) -> None:
    """A spec to edit, which stands alone and begins as a copy of a design.

    FILE's name must end in .toml, so that every command knows it for a spec. Its first line tells editors
    its JSON Schema, which is written into the folder .mnetcost beside it where there is none yet.
    """
    from ..designs.resolved import resolved

    if not file.endswith(".toml"):
        raise CallError(
            f"a spec's name ends in .toml, and '{file}' does not",
            hint=f"mnetcost new {file}.toml --from {design}",
        )
    name, own = split_design(design)
    if any(setting is not None for setting in own):
        raise CallError(f"'{design}': a spec holds no settings", hint=f"mnetcost new {file} --from {name}")
    text = resolved(find_spec(name))
    if not force and ("\0" not in file and Path(file).exists()):
        raise CallError(f"'{file}' is there already", hint="--force writes over it")
    write_file(file, ((directive("spec") if schema else "") + text).encode())
    click.echo(plain(f"wrote {file}: a copy of {name}; `mnetcost report {file}` costs it"), err=True)
    if schema and (made := put_beside(Path(file), "spec")):
        click.echo(f"wrote {made}: editors complete and check the spec by it", err=True)
