"""`mnetcost calibrate`: the rates of a device, from a user's own measurements."""

from __future__ import annotations

from typing import Any

import click

from .options import Word, emit, format_options, write_file

EPILOG = """\b
ROWS is a CSV file with the columns design and ms:
  design,ms
  v1:alpha=0.25,resolution=96,classes=5,29.94

\b
Examples:
  mnetcost calibrate rows.csv
  mnetcost calibrate rows.csv --write board.toml --mhz 480 --ram 512K --flash 2M
  mnetcost fit v1 v2 --alpha 0.25:1:0.25 --device board.toml
"""


def _forms() -> tuple[str, ...]:
    from ..engine.latency import FORMS

    return tuple(FORMS)


@click.command("calibrate", epilog=EPILOG)
@click.argument("rows", type=click.Path(dir_okay=False))
@click.option("--write", metavar="FILE", help="Write the device as a .toml file, which fit --device takes.")
@click.option(
    "--form",
    type=Word("--form", _forms),
    metavar="FORM",
    help="Take this form, not the simplest within noise.",
)
@click.option("--title", metavar="TEXT", help="Name of the board and its runtime.")
@click.option("--chip", metavar="TEXT", help="The chip and its cores.")
@click.option("--runtime", metavar="TEXT", help="What runs the network.")
@click.option("--version", metavar="TEXT", help="Its version: another one is another device.")
@click.option(
    "--dtype",
    type=Word("--dtype", lambda: ("int8", "float16", "float32")),
    metavar="TYPE",
    default="int8",
    show_default=True,
    help="Type of the networks that were measured.",
)
@click.option("--mhz", type=float, metavar="N", help="Clock, so that rates are cycles.")
@click.option("--ram", metavar="SIZE", help="RAM that a network must fit into, such as 512K.")
@click.option("--flash", metavar="SIZE", help="Flash that weights must fit into, such as 2M.")
@format_options
def command(
    rows: str, write: str | None, form: str | None, format_: str | None, output: str | None, **given: Any
) -> None:
    """Fit the rates of a device on your own measurements, and write it as a file.

    Every form of rates is fitted, and its errors are found by leaving one row out; the simplest form within
    noise is chosen.
    """
    from ..analyses.fit import calibrate as analysis
    from ..designs.devices import read_device
    from ..designs.measured import read_measured

    found = analysis.calibrate(read_measured(rows), rows, form)
    if write is not None:
        said = {key: value for key, value in given.items() if value is not None}
        text = analysis.device_text(found, analysis.Board(**said), rows)
        read_device(text, "the options", "device")  # a size or a clock that makes no sense
        write_file(write, text.encode())
    emit(analysis.document(found, rows), format_, output)
