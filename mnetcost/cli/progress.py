"""How does a long command show how far it is? A percentage on stderr, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

import click

QUIET_S = 1.0  # progress is shown only after this many seconds


def progress(word: str) -> Callable[[int, int], None] | None:
    """Return a callback, called with what is done and what there is, that shows the progress on stderr and
    clears it at the end; None where stderr is no terminal.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    start, shown = monotonic(), -1

    def tick(n: int, of: int) -> None:
        nonlocal shown
        if monotonic() - start > QUIET_S and 100 * n // of != shown:
            shown = 100 * n // of
            text = f"\r{word}: {shown} %" if n < of else "\r" + " " * (len(word) + 8) + "\r"
            click.echo(text, nl=False, err=True)

    return tick
