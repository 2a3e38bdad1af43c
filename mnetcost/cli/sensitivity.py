"""`mnetcost sensitivity`: what one step of each row adds to the cost of a design."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from ..designs import load, read_whole
from ..designs.conventions import load_convention
from .options import DESIGN, Word, emit, output_options, setting_options, settings
from .progress import progress

EPILOG = """\b
Examples:
  mnetcost sensitivity v3-large                        every step, by the multiply-adds that it adds
  mnetcost sensitivity v2 --by down --sort peak --top 5    what saves most of the peak
  mnetcost sensitivity v1 --alpha 0.5 --of width       only the widths, at alpha 0.5
  mnetcost sensitivity net.toml --sort flash -o net.csv

A step is the next width that the rounding rule gives, kernel + 2, expansion + 1, repeat + 1, the next
published alpha, or 32 pixels. Each is made alone, and the whole design costed again.
"""


def _directions() -> Iterable[str]:
    from ..analyses.search.sensitivity import DIRECTIONS

    return DIRECTIONS


def _figures() -> Iterable[str]:
    from ..analyses.search.sensitivity import FIGURES

    return FIGURES


def _kinds() -> Iterable[str]:
    from ..analyses.search.steps import KINDS

    return KINDS


@click.command("sensitivity", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option(
    "--by",
    type=Word("--by", _directions),
    metavar="up|down",
    default="up",
    show_default=True,
    help="What a step up adds, or what a step down saves.",
)
@click.option(
    "--sort",
    type=Word("--sort", _figures),
    metavar="FIGURE",
    default="madds",
    show_default=True,
    help="Figure to sort by: madds, params, peak or flash.",
)
@click.option(
    "--of",
    "kinds",
    multiple=True,
    type=Word("--of", _kinds),
    metavar="KIND",
    help="Only steps of width, kernel, expansion, repeat, alpha or resolution; may be given several times.",
)
@click.option("--top", metavar="N", help="Show only the first N steps.")
@click.option("--all", "everything", is_flag=True, help="Include steps that change no figure.")
@setting_options
@output_options
def command(
    design: str,
    by: str,
    sort: str,
    kinds: tuple[str, ...],
    top: str | None,
    everything: bool,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show what one step of each row, of alpha and of the resolution adds to the cost of a design.

    A row's width, kernel, expansion and repeat are changed one at a time, and the whole design is costed
    again: parameters, multiply-adds, peak memory and flash as int8.
    """
    from ..analyses.search.sensitivity import answer, sensitivity
    from ..analyses.search.steps import KINDS

    loaded = load(design, settings(options))
    first = None if top is None else read_whole(top, "--top")
    rules = load_convention(convention)
    found = sensitivity(loaded, rules, by == "up", kinds or KINDS, progress("costing"))
    emit(answer(found, sort, first, everything), format_, output)
