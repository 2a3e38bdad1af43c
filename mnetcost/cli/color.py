"""Is output coloured? As --color says, else NO_COLOR and FORCE_COLOR, else if it is a terminal."""

from __future__ import annotations

import os
from typing import Any

import click

from ..errors import CallError, nearest

COLORS: dict[str, bool | None] = {"auto": None, "always": True, "never": False}
"""The values of --color, and click's value for each: colours on, off, or None to ask the terminal."""


class _When(click.Choice):  # type: ignore[type-arg]
    """One of COLORS; the error for another word suggests the nearest."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word; raises CallError if it is none of them."""
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
    help="Use colours: auto (default; on terminals only), always or never.",
)
"""--color, accepted before and after the command's name; read by `colored()`."""


def colored() -> bool | None:
    """Return whether to use colours, by --color, NO_COLOR or FORCE_COLOR; None to ask the terminal."""
    ctx = click.get_current_context(silent=True)
    if ctx is not None and ctx.color is not None:
        return ctx.color
    return False if os.environ.get("NO_COLOR") else True if os.environ.get("FORCE_COLOR") else None
