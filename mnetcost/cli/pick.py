"""`mnetcost pick`: published checkpoints within limits, ranked."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from .options import Word, emit, format_options

EPILOG = """\b
Examples:
  mnetcost pick --max madds=100M --max flash=2MB --min top1=65
  mnetcost pick --max ram=256K --max flash=1M --min top1=50 --sort madds
  mnetcost pick --max "ms.Pixel 1=20" --source tf-slim-v2 --format json
"""


def _sources() -> Iterable[str]:
    from ..designs.checkpoints import checkpoint_sources

    return checkpoint_sources()


@click.command("pick", epilog=EPILOG)
@click.option(
    "--max",
    "most",
    multiple=True,
    metavar="FIGURE=N",
    help="At most this: madds, params, flash, ram, ms.DEVICE.",
)
@click.option(
    "--min",
    "least",
    multiple=True,
    metavar="FIGURE=N",
    help="At least this: top1, top5, or any other figure.",
)
@click.option("--sort", metavar="FIGURE", default="top1", show_default=True, help="Figure to rank by.")
@click.option(
    "--source",
    "sources",
    multiple=True,
    type=Word("--source", _sources),
    metavar="NAME",
    help="Only of this table of checkpoints.",
)
@click.option("--unpublished", is_flag=True, help="Include figures of papers whose weights cannot be had.")
@click.option("--all", "everything", is_flag=True, help="Show every row.")
@format_options
def command(
    most: tuple[str, ...],
    least: tuple[str, ...],
    sort: str,
    sources: tuple[str, ...],
    unpublished: bool,
    everything: bool,
    format_: str | None,
    output: str | None,
) -> None:
    """Show published checkpoints within limits, the most accurate first.

    Those that are no better than another one in anything are struck out. Ends with 1 if nothing is within the
    limits.
    """
    from ..analyses.fit import pick as analysis
    from ..designs.checkpoints import checkpoints

    known = [
        one
        for one in checkpoints()
        if (unpublished or one.published) and (not sources or one.source in sources)
    ]
    document = analysis.pick(
        known, analysis.read_rules(known, most, least), analysis.read_sort(sort), everything
    )
    emit(document, format_, output)
    if document.data["status"] == "nothing":
        sys.exit(1)
