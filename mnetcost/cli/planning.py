"""Which options say how a design's memory is planned? --planner and --dtype."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click

from .options import F, Word, apply


def _planners() -> Iterable[str]:
    from ..designs.planners import planner_names

    return planner_names()


def _dtypes() -> Iterable[str]:
    from ..designs.programs import BITS

    return BITS


def dtype_option(f: F) -> F:
    """--dtype."""
    found: F = click.option(
        "--dtype",
        type=Word("--dtype", _dtypes),
        metavar="TYPE",
        help="Type of the maps: int8, int16, float16 or float32.  [default: int8, or that of the file]",
    )(f)
    return found


def planning_options(f: F) -> F:
    """--planner and --dtype."""
    options: list[Any] = [
        click.option(
            "--planner",
            type=Word("planner", _planners, strict=False),
            metavar="NAME",
            help="tflm, cmsis-nn, cmsis-nn-helium, liveness, unfused, in-place, sum or largest; or a .toml"
            " file.  [default: tflm]",
        ),
        dtype_option,
    ]
    return apply(options, f)
