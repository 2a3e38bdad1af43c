"""Options that mean the same in every command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ..analyses.records import Document
from ..designs import Settings, read_multiplier, read_resolution, read_whole
from ..errors import CallError

F = TypeVar("F", bound=Callable[..., Any])


def setting_options(f: F) -> F:
    """--alpha, --rho, --resolution, --classes, --no-top, --batch and --allow-unknown, gathered by `settings()`."""
    for option in reversed(
        [
            click.option("--alpha", metavar="A", help="Width multiplier, above 0: 0.5 halves the channels."),
            click.option("--rho", metavar="R", help="Resolution multiplier, times the design's own size."),
            click.option("--resolution", metavar="N|HxW", help="Input size in pixels, instead of --rho."),
            click.option("--classes", metavar="N", help="Outputs of the classifier."),
            click.option("--no-top", is_flag=True, help="Leave out pooling and classifier."),
            click.option("--batch", metavar="N", help="Images at once; work is counted for all of them."),
            click.option("--allow-unknown", is_flag=True, help="Go on without a model file's ops that cannot be costed."),
        ]
    ):
        f = option(f)
    return f


def settings(options: dict[str, Any]) -> Settings:
    """Read the setting options of a call, taking them out of `options`.

    Raises CallError where one makes no sense.
    """
    alpha, rho, resolution = options.pop("alpha", None), options.pop("rho", None), options.pop("resolution", None)
    classes, no_top, batch = options.pop("classes", None), options.pop("no_top", False), options.pop("batch", None)
    allow_unknown = options.pop("allow_unknown", False)
    if rho is not None and resolution is not None:
        raise CallError("give --rho or --resolution, not both")
    return Settings(
        None if alpha is None else read_multiplier(alpha, "--alpha"),
        None if rho is None else read_multiplier(rho, "--rho"),
        None if resolution is None else read_resolution(resolution),
        None if classes is None else read_whole(classes, "--classes"),
        False if no_top else None,
        None if batch is None else read_whole(batch, "--batch"),
        allow_unknown or None,
    )


def output_options(f: F) -> F:
    """--convention, --format and -o, read by `emit()`."""
    for option in reversed(
        [
            click.option("--convention", metavar="NAME", default="paper", show_default=True, help="How to count."),
            click.option("--format", "format_", metavar="NAME", default="text", show_default=True, help="How to print."),
            click.option("-o", "--output", metavar="FILE", help="Write to FILE instead of the terminal."),
        ]
    ):
        f = option(f)
    return f


def emit(document: Document, format_: str, output: str | None) -> None:
    """Print a document, or write it to a file whole or not at all.

    Raises CallError for an unknown format or a file that cannot be written.
    """
    from ..output import render

    text = render(document, format_)
    if output is None:
        click.echo(text, nl=False)
        return
    write_file(output, text.encode())


def write_file(path: str, data: bytes) -> None:
    """Write a file whole or not at all: beside it first, then in its place.

    Raises CallError where that cannot be done.
    """
    import os
    import tempfile
    from pathlib import Path

    target = Path(path)
    temporary = None
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(data)  # a pipe or /dev/stdout: there is nothing to replace
            return
        handle, temporary = tempfile.mkstemp(dir=target.resolve().parent, prefix=".mnetcost-")
        with os.fdopen(handle, "wb") as f:
            f.write(data)
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(0o666 & ~mask)
        Path(temporary).replace(target.resolve())
    except OSError as e:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise CallError(f"cannot write '{path}': {e.strerror or e}") from None
