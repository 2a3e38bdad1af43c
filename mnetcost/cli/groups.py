"""How is a command found by its name, and which options has every one? Groups of commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from ..errors import MnetcostError
from .color import color_option


def flag(names: list[str], help_: str, answer: Callable[[click.Context], str]) -> click.Option:
    """Make an option that prints an answer and exits.

    click's own --help and --version ask for a translation of their help texts, and the search for one takes
    longer than reading a spec.
    """

    def callback(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(answer(ctx), color=ctx.color)
            ctx.exit()

    return click.Option(names, is_flag=True, expose_value=False, is_eager=True, callback=callback, help=help_)


help_option = flag(["-h", "--help"], "Show this message and exit.", lambda ctx: ctx.get_help())


class Group(click.Group):
    """A group whose commands all have --color and --help; without a command it shows its help, and for an
    unknown one the nearest name.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)  # in the order in which they are defined

    def find(self, name: str) -> click.Command | None:
        """The command of a name; None if there is none."""
        return self.commands.get(name)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = self.find(cmd_name)
        if command and color_option not in command.params:
            command.add_help_option = False
            command.params += [color_option, help_option]
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        known, name = self.list_commands(ctx), args[0] if args else ""
        if name and name not in known and not name.startswith("-"):
            from ..designs.synonyms import meant

            above = "".join(f"{word} " for word in ctx.command_path.split()[1:])
            like = meant(name, known, "commands")
            hint = f"did you mean '{above}{like}'?" if like else "commands: " + ", ".join(known)
            raise MnetcostError(f"there is no command '{above}{name[:60]}'", hint=hint)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)
