"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from ..errors import MnetcostError, plain
from ..version import VERSION
from .color import color_option

COMMANDS = {
    "report": "What each layer of a design costs.",
    "compare": "Designs side by side, with ratios to the first.",
    "scale": "Params and multiply-adds by alpha and resolution.",
    "factorize": "One convolution and its factorisations, side by side.",
    "explain": "Each layer's formula with its numbers, and why it is there.",
    "list": "The shipped designs.",
    "show": "A design's spec as TOML.",
    "new": "A spec of your own, to edit.",
    "init": "Begin to check costs: budgets, a workflow and a hook.",
    "diff": "What makes one design cost more than another.",
    "check": "Does every design keep its budget?",
    "baseline": "Write down what every design costs, for later checks.",
    "identify": "Which shipped design a model file is, or the nearest.",
    "convert": "A model file as a spec that costs the same.",
    "conventions": "How each tool counts, and why their figures differ.",
    "schema": "A JSON Schema of specs, or of mnetcost.toml, for editors.",
    "reconcile": "Why somebody's number is not ours.",
}
"""Every command, in the order `--help` shows them, with its line there; the module of the same name holds
it.
"""

MODULES = {"list": "list_"}  # a module `list` would hide Python's own here

EPILOG = """\b
Examples:
  mnetcost compare v1 v2 --alpha 0.5
  mnetcost report v2 --by block
  mnetcost list
"""
INTERRUPTED = 130  # what a shell says of a command that was stopped by Control-C


class LazyGroup(click.Group):
    """A group that imports a command's module when that command is asked for, and says mistakes in the
    project's own form.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{MODULES.get(cmd_name, cmd_name)}").command
        assert isinstance(command, click.Command)
        if color_option not in command.params:
            command.params.append(color_option)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name and name not in COMMANDS and not name.startswith("-"):
            from ..designs.synonyms import meant

            like = meant(name, COMMANDS, "commands")
            hint = f"did you mean '{like}'?" if like else "commands: " + ", ".join(COMMANDS)
            raise MnetcostError(f"there is no command '{name[:60]}'", hint=hint)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:  # called bare: show what there is
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any
    ) -> NoReturn:
        """Run the command line and exit: 0, or 1 over budget, 2 for what a user can mend, 3 where there
        is nothing to compare with.
        """
        more.pop("standalone_mode", None)
        # a name that the terminal's encoding has no letters for is shown as an escape
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        try:
            code = super().main(args, prog_name or "mnetcost", standalone_mode=False, **more)
            if sys.stdout:
                sys.stdout.flush()
        except MnetcostError as e:
            code = e.exit_code
            for fault in e.faults:
                click.echo(str(fault), err=True)
        except click.ClickException as e:
            code = 2
            click.echo(usage_error(e), err=True)
        except (click.Abort, KeyboardInterrupt):
            code = INTERRUPTED
        except BrokenPipeError:
            leave_quietly()
        except SystemExit:
            # how click leaves a broken pipe, with 1, which means more here
            if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
                leave_quietly()
            raise
        except OSError as e:
            if e.filename is not None:  # that one should have been said by whoever opened the file
                raise
            code = 2
            click.echo(f"error: cannot write the answer: {e.strerror}", err=True)
            drop_output()
        sys.exit(code if isinstance(code, int) else 0)


def usage_error(e: click.ClickException) -> str:
    """What click found wrong with a call: one line, and where to look."""
    no_option = f"no such option '{e.option_name}'" if isinstance(e, click.NoSuchOption) else ""
    message = plain(no_option or e.format_message()).rstrip(".")
    message = message[:1].lower() + message[1:]
    ctx = getattr(e, "ctx", None)
    hint = f"{ctx.command_path} --help" if ctx else ""
    if isinstance(e, click.NoSuchOption):
        options = [p for p in ctx.command.params if isinstance(p, click.Option)] if ctx else []
        known = [name for option in options for name in option.opts]
        from ..designs.synonyms import meant

        like = meant(e.option_name, [*known, "--help"], "options")
        hint = f"did you mean '{like}'?" if like else hint
    return f"error: {message}" + (f"\n  hint: {hint}" if hint else "")


def leave_quietly() -> NoReturn:
    """Whoever read our output has gone: end as other programs do."""
    import os
    import signal

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(141)


def drop_output() -> None:
    """Let Python not try once more, at its end, to write what could not be written."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


@click.group(
    "mnetcost",
    cls=LazyGroup,
    epilog=EPILOG,
    params=[color_option],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
@click.version_option(VERSION, "-V", "--version", prog_name="mnetcost")
def cli() -> None:
    """What does a convolutional network cost, and where does the cost sit?

    Exact parameters and multiply-adds, layer by layer, before anybody has built the network.
    """


def main() -> None:
    """Run the command line as the program `mnetcost`.

    It makes what it answers with and ends: values that refer to nothing behind them, which need no
    collector. Looking for cycles among them took a third of the time of a design of thousands of layers.
    """
    gc.set_threshold(100_000, 50, 50)
    cli.main(prog_name="mnetcost")
