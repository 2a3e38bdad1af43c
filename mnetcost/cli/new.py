"""`mnetcost new`: create a spec to edit."""

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
    help="The design to copy.",
)
@click.option(
    "--schema/--no-schema", default=True, help="Also write the JSON Schema for editors (default), or not."
)
@click.option("--force", is_flag=True, help="Overwrite an existing file.")
def command(file: str, design: str, schema: bool, force: bool) -> None:
    """Create a spec to edit: a copy of a design in one file, which extends no other.

    FILE's name must end in .toml. Its first line names a JSON Schema, with which editors complete and check
    it; the schema is written to the folder .mnetcost beside FILE unless it exists.
    """
    from ..designs.resolved import resolved

    if not file.endswith(".toml"):
        raise CallError(
            f"the name of a spec must end in .toml, not '{file}'",
            hint=f"mnetcost new {file}.toml --from {design}",
        )
    name, given = split_design(design)
    if any(setting is not None for setting in given):
        raise CallError(
            f"'{design}': settings cannot be written to a spec", hint=f"mnetcost new {file} --from {name}"
        )
    text = resolved(find_spec(name))
    if not force and ("\0" not in file and Path(file).exists()):
        raise CallError(f"'{file}' exists already", hint="--force overwrites it")
    write_file(file, ((directive("spec") if schema else "") + text).encode())
    click.echo(plain(f"wrote {file}: a copy of {name}; next: mnetcost report {file}"), err=True)
    if schema and (made := put_beside(Path(file), "spec")):
        click.echo(f"wrote {made}: lets editors complete and check the spec", err=True)
