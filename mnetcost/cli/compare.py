"""`mnetcost compare`: compare designs side by side."""

from __future__ import annotations

import re
from typing import Any

import click

from ..designs import load
from ..designs.conventions import load_convention
from ..engine.costs import cost
from ..errors import CallError
from .options import (
    DESIGN,
    Word,
    block_options,
    depth_of,
    emit,
    format_of,
    output_options,
    setting_options,
    settings,
)

EPILOG = """\b
Examples:
  mnetcost compare v1 v2 --alpha 0.5                    at half the width
  mnetcost compare v2 keras/v2 torchvision/v2 --alpha 0.35
  mnetcost compare v2:alpha=1.4 v3-large --resolution 160
  mnetcost compare v2 my/net.toml --format markdown
  mnetcost compare v1 v2 v3-large --only total          one row per design
  mnetcost compare v1 v2 --by block --depth 1           block by block: all copies of a row together
  mnetcost compare v1 v2 --columns params,madds,madds_ratio --unit M -o table.tex --label tab:cost
"""
LABEL = r"[A-Za-z0-9][A-Za-z0-9:._+-]{0,99}"


@click.command("compare", epilog=EPILOG)
@click.argument("designs", metavar="DESIGN DESIGN ...", nargs=-1, required=True, type=DESIGN)
@click.option(
    "--only",
    type=Word("part", lambda: ("total",)),
    metavar="total",
    help="One row per design: input, params and multiply-adds.",
)
@click.option(
    "--columns",
    metavar="NAMES",
    help="One row per design with these columns: alpha,params,madds,madds_ratio,weight_bytes.int8 ...",
)
@click.option(
    "--unit",
    type=Word("unit", lambda: ("k", "M", "G")),
    metavar="k|M|G",
    help="Show counts in this unit, to two decimals.",
)
@block_options
@click.option("--caption", metavar="TEXT", help="Caption of the table (LaTeX only).")
@click.option("--label", metavar="NAME", help="Label of the table (LaTeX only), such as tab:cost.")
@setting_options
@output_options
def command(
    designs: tuple[str, ...],
    only: str | None,
    columns: str | None,
    unit: str | None,
    by: str | None,
    depth: str | None,
    caption: str | None,
    label: str | None,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Compare designs side by side, with ratios to the first.

    Shows params and multiply-adds (total, by kind, by resolution), bytes of weights, activations and
    layers; with --by block, params and multiply-adds of each block. With --only or --columns, one row per
    design. Columns are facts of the design (resolution, channels, alpha, classes, batch, title, source), any
    metric of budgets, and METRIC_ratio.
    v2:alpha=0.75 overrides --alpha.
    """
    from ..analyses.report.compare import TOTAL, compare

    asked = settings(options)
    if only and columns is not None:
        raise CallError("--only and --columns cannot be combined")
    wanted = (
        TOTAL
        if only
        else tuple(dict.fromkeys(name.strip() for name in (columns or "").split(",") if name.strip()))
    )
    if wanted and by:
        raise CallError("--by cannot be combined with --only or --columns")
    levels = depth_of(by, depth)
    if columns is not None and not wanted:
        raise CallError("--columns names no column", hint="--columns params,madds")
    if unit and not wanted:
        raise CallError("--unit needs --only or --columns", hint="--only total, or --columns params,madds")
    if (caption or label) and format_of(format_, output) != "latex":
        raise CallError("--caption and --label need LaTeX output", hint="--format latex, or -o table.tex")
    if label and not re.fullmatch(LABEL, label):
        raise CallError(
            f"invalid label '{label[:60]}'", hint="use letters, digits and : . _ - +, such as tab:cost"
        )
    loaded = [load(design, asked) for design in designs]
    costs = [(d, cost(d.graph, d.batch)) for d in loaded]
    document = compare(costs, load_convention(convention), wanted, unit or "", by, levels)
    emit(document._replace(caption=caption or "", label=label or ""), format_, output)
