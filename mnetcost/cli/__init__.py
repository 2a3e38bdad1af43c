"""The command line: one module a command, imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from ..errors import MnetcostError, plain
from ..version import VERSION
from .color import color_option
from .groups import Group, flag, help_option

COMMANDS = {
    "report": "Parameters and multiply-adds of each layer of a design.",
    "compare": "Compare designs side by side, with ratios to the first.",
    "scale": "Parameters and multiply-adds by alpha and resolution.",
    "draw": "Draw the architecture of designs as a picture.",
    "factorize": "Compare one convolution with its factorisations.",
    "memory": "The memory that a design needs while it runs.",
    "fit": "Which designs fit into a device: memory, flash, time.",
    "receptive": "The part of the image that each layer sees.",
    "solve": "The largest design within limits.",
    "space": "Spaces of designs: counts, spread, samples, sweeps.",
    "front": "The Pareto front of designs in cost and accuracy.",
    "pick": "Published checkpoints within limits, ranked.",
    "devices": "The devices that are known, with their memory and rates.",
    "calibrate": "The rates of a device, from your own measurements.",
    "sensitivity": "What one step of each row adds to the cost.",
    "explain": "Show each layer's formula with its numbers.",
    "list": "List the shipped designs.",
    "show": "Print the spec of a design (TOML).",
    "new": "Create a spec to edit, from a shipped design.",
    "init": "Set up cost checks: budgets, a CI workflow, a hook.",
    "diff": "Explain why two designs differ in cost.",
    "check": "Check designs against budgets.",
    "baseline": "Record current costs in a file, for later checks.",
    "identify": "Find the shipped design that matches a model file.",
    "convert": "Convert a model file to a spec with the same cost.",
    "conventions": "Show how each tool counts, and why figures differ.",
    "schema": "Print the JSON Schema of specs or of mnetcost.toml.",
    "reconcile": "Explain a published number.",
}
"""Every command with its one-line help, in the order of `--help`. Each is in the module of the same name."""

MODULES = {"list": "list_"}  # a module named `list` would hide the builtin here

EPILOG = """\b
Examples:
  mnetcost compare v1 v2 --alpha 0.5
  mnetcost report v2 --by block
  mnetcost list
"""
INTERRUPTED = 130  # the exit code of a command stopped by Control-C


class LazyGroup(Group):
    """A group that imports a command's module on first use, and prints errors as this project does."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def find(self, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = import_module(f"{__name__}.{MODULES.get(name, name)}").command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **more: Any
    ) -> NoReturn:
        """Run the command line and exit.

        Exit code 0: success; 1: over budget; 2: a mistake in the call, a spec or a file; 3: nothing to
        compare with.
        """
        more.pop("standalone_mode", None)
        # characters that the terminal's encoding lacks are shown as escapes
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
            # click exits with 1 on a broken pipe; here 1 means over budget
            if type(sys.stdout).__name__.endswith("PacifyFlushWrapper"):
                leave_quietly()
            raise
        except OSError as e:
            if e.filename is not None:  # opening a file should have raised a MnetcostError: this is a bug
                raise
            code = 2
            click.echo(f"error: cannot write the output: {e.strerror}", err=True)
            drop_output()
        sys.exit(code if isinstance(code, int) else 0)


def usage_error(e: click.ClickException) -> str:
    """Return click's error as one line, with a hint."""
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
    """Exit by SIGPIPE, as other programs do when the reader of their output has exited."""
    import os
    import signal

    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
    os._exit(141)


def drop_output() -> None:
    """Redirect stdout to /dev/null, so that Python does not fail again when it flushes at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


version_option = flag(
    ["-V", "--version"], "Show the version and exit.", lambda _: f"mnetcost, version {VERSION}"
)


@click.group(
    "mnetcost",
    cls=LazyGroup,
    epilog=EPILOG,
    params=[color_option, version_option, help_option],
    add_help_option=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)
def cli() -> None:
    """Count parameters and multiply-adds of convolutional networks.

    Exact, layer by layer, from a spec or a model file, without executing the model.
    """


def main() -> None:
    """Run the command line as `mnetcost` with the arguments of this process; raises SystemExit at its end."""
    cli.main(prog_name="mnetcost")
