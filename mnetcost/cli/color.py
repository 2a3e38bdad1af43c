"""Has an answer colours? `--color` of every command, NO_COLOR, FORCE_COLOR, or else the terminal."""

from __future__ import annotations

import os
from typing import Any

import click

from ..errors import CallError, nearest

COLORS: dict[str, bool | None] = {"auto": None, "always": True, "never": False}
"""What --color may say, and what that is for click: whether there are colours, or None where the output
decides.
"""


class _When(click.Choice):  # type: ignore[type-arg]
    """One of COLORS; a misspelt one is answered with the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word; raises CallError where it is none of them."""
        if value not in COLORS:
            like = nearest(value, COLORS)
            raise CallError(
                f"--color must be {', '.join(COLORS)}, not '{value[:60]}'",
                hint=f"did you mean '{like}'?" if like else "",
            )
        return value


def _keep(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        ctx.color = COLORS[value]


color_option = click.Option(
    ["--color"],
    type=_When(list(COLORS)),
    metavar="WHEN",
    expose_value=False,
    is_eager=True,
    callback=_keep,
    help="Colours: always, never, or auto (the default), which asks the terminal.",
)
"""--color, before the command's name or after it; `colored()` says what came of it."""


def colored() -> bool | None:
    """Whether the answer has colours: as --color says, else NO_COLOR, else FORCE_COLOR; None where the
    terminal decides.
    """
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.color is not None:
        return ctx.color
    return False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None
