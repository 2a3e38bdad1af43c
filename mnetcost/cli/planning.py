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


def _devices() -> Iterable[str]:
    from ..designs.devices import device_names

    return device_names()


def limit_options(f: F) -> F:
    """--limit and --device, which `ceiling_of` reads."""
    options: list[Any] = [
        click.option(
            "--limit",
            metavar="BYTES",
            help="Say whether it fits into this RAM, and draw it: 256K is 262,144 bytes.",
        ),
        click.option(
            "--device",
            type=Word("device", _devices, strict=False),
            metavar="NAME",
            help="Take the limit and the type of the maps from a device, or from a .toml file.",
        ),
    ]
    return apply(options, f)


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
