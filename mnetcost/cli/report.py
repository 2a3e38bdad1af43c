"""`mnetcost report`: parameters and multiply-adds of each layer of a design."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from ..designs import load, read_whole
from ..designs.conventions import load_convention
from ..engine.costs import cost
from ..errors import CallError
from .options import DESIGN, Word, depth_of, depth_option, emit, output_options, setting_options, settings
from .planning import dtype_option

if TYPE_CHECKING:
    from ..designs.budgets.values import Budget

EPILOG = """\b
Examples:
  mnetcost report v2                                   every layer of the paper's network
  mnetcost report v1 --by kind                         table 2 of the V1 paper
  mnetcost report v2 --alpha 0.5 --by block --top 5    the five most expensive blocks
  mnetcost report v2 --by block --depth 1              the rows of the paper's table: all copies together
  mnetcost report net.onnx --by block --depth 2        a file from PyTorch by its modules, two levels deep
  mnetcost report v2 --tree --depth 2                  blocks within blocks, with sums and bars
  mnetcost report keras/v3-large:resolution=160 --format json
  mnetcost report v2 --memory --top 5                  the layers that hold most, bytes by type and planner
  mnetcost report v1 --by block --receptive            what each block sees of the image
  mnetcost report my/net.toml --by resolution -o net.csv
"""


def _by() -> Any:
    from ..analyses.report.report import BY

    return BY


def _depth(f: Any) -> Any:
    return depth_option(f, "--by block or --tree")


@click.command("report", epilog=EPILOG)
@click.argument("design", type=DESIGN)
@click.option(
    "--by",
    type=Word("--by", _by),
    metavar="WHAT",
    default="layer",
    show_default=True,
    help="One row per layer, block, resolution or kind.",
)
@click.option("--tree", is_flag=True, help="Show a tree of blocks with the sums of what is in them.")
@_depth
@click.option(
    "--sort", metavar="COLUMN", help="Sort by a column, largest first: params, madds, madds_share, name ..."
)
@click.option("--top", metavar="N", help="Show only the first N rows, sorted by --sort or by madds.")
@click.option(
    "--all", "everything", is_flag=True, help="Include layers with no parameters and no multiply-adds."
)
@click.option(
    "--memory",
    is_flag=True,
    help="Show the bytes that each row reads, writes and holds, and the design's by type and by planner.",
)
@click.option("--receptive", is_flag=True, help="Show which part of the image each layer or block sees.")
@dtype_option
@setting_options
@partial(output_options, networks=True)
def command(
    design: str,
    by: str,
    tree: bool,
    depth: str | None,
    sort: str | None,
    top: str | None,
    everything: bool,
    memory: bool,
    receptive: bool,
    dtype: str | None,
    convention: str,
    format_: str | None,
    output: str | None,
    **options: Any,
) -> None:
    """Show the parameters and multiply-adds of each layer of a design.

    DESIGN is a shipped name (see mnetcost list), a spec or a model file, optionally with settings:
    v2:alpha=0.75,classes=10.
    """
    from ..analyses.report.report import View, report

    levels = depth_of("block" if tree else by, depth)
    view = View(memory, receptive, dtype, _budgets)
    if tree and (by != "layer" or sort or top or memory or receptive or dtype):
        raise CallError("--tree has rows of its own", hint="it goes with --depth and --all")
    d = load(design, settings(options))
    if tree:
        from ..analyses.report.tree import tree as tree_of

        rules = load_convention(convention)
        emit(tree_of(d, cost(d.graph, d.batch), rules, everything, levels), format_, output)
        return
    first = None if top is None else read_whole(top, "--top")
    rules = load_convention(convention)
    emit(report(d, cost(d.graph, d.batch), rules, by, sort, first, everything, levels, view), format_, output)


def _budgets() -> tuple[Budget, ...]:
    """The budgets of the nearest mnetcost.toml, read when a page is made."""
    from .budgets import nearest_budgets

    return nearest_budgets()
