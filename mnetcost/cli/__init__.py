"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from .. import __version__
from ..errors import MnetcostError, nearest

COMMANDS = {
    "report": "What each layer of a design costs.",
    "diff": "What makes one design cost more than another.",
    "conventions": "How each tool counts, and why their figures differ.",
    "schema": "The spec language as a JSON Schema, for editors.",
}
"""Every command, in the order `--help` shows them, with its line there; the module of the same name holds it."""

EPILOG = """\b
Examples:
  mnetcost compare v1 v2 --alpha 0.5
  mnetcost report v2 --by block
  mnetcost list
"""


class LazyGroup(click.Group):
    """A group that imports a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            like = nearest(name, COMMANDS)
            known = f"Did you mean '{like}'?" if like else "Commands: " + ", ".join(COMMANDS)
            raise click.UsageError(f"there is no command '{name}'. {known}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.version_option(__version__, "-V", "--version", prog_name="mnetcost")
def cli() -> None:
    """What does a convolutional network cost, and where does the cost sit?

    Exact parameters and multiply-adds, layer by layer, before anybody has built the network.
    """


def main() -> None:
    """Run the command line; what a user can mend is one message on stderr and exit code 2 (3: nothing to compare with)."""
    try:
        cli.main(standalone_mode=True)
    except MnetcostError as e:
        for fault in e.faults:
            click.echo(str(fault), err=True)
        sys.exit(e.exit_code)
