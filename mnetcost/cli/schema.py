"""`mnetcost schema`: the spec language as a JSON Schema."""

from __future__ import annotations

import click

from .options import write_file

EPILOG = """\b
Examples:
  mnetcost schema
  mnetcost schema -o spec.schema.json    and in a spec's first line: #:schema ./spec.schema.json
"""


@click.command("schema", epilog=EPILOG)
@click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of the terminal.")
def command(output: str | None) -> None:
    """The spec language as a JSON Schema, for editors: keys are completed, explained and checked as they are typed."""
    from ..designs.schema import schema_text

    if output is None:
        click.echo(schema_text(), nl=False)
    else:
        write_file(output, schema_text().encode())
