"""`mnetcost devices`: the devices that are known, or one of them."""

from __future__ import annotations

from collections.abc import Iterable

import click

from .options import Word, emit, format_options

EPILOG = """\b
Examples:
  mnetcost devices                          every device, and those without a profile with the reason
  mnetcost devices stm32h747-cubeai10       its memory, rates, rows and sources
  mnetcost devices board.toml               a file of your own, written by mnetcost calibrate
"""


def _known() -> Iterable[str]:
    from ..designs.devices import device_names

    return device_names()


@click.command("devices", epilog=EPILOG)
@click.argument("name", type=Word("device", _known, strict=False), metavar="[NAME|FILE]", required=False)
@format_options
def command(name: str | None, format_: str | None, output: str | None) -> None:
    """Show the devices that are known, or one of them.

    A device is a chip with its runtime and its version: its blocks of memory, and rates fitted on measured
    rows, with their errors.
    """
    from ..analyses.fit import devices as analysis
    from ..designs.devices import load_device

    emit(analysis.listed() if name is None else analysis.shown(load_device(name)), format_, output)
