"""`mnetcost factorize`: compare one convolution with its factorisations."""

from __future__ import annotations

from typing import Any

import click

from ..designs import read_multiplier, read_whole
from ..designs.conventions import load_convention
from ..designs.sorts import LARGEST_COUNT, LARGEST_SIDE
from ..errors import CallError, nearest
from .options import emit, output_options

EPILOG = """\b
Examples:
  mnetcost factorize 112x112x64 --kernel 3 --out 128
  mnetcost factorize 12x12x3 --kernel 5 --out 256 --padding valid
  mnetcost factorize 14x14x512 --kernel 3 --out 512 --alpha 0.75 --rho 0.714    table 3 of the V1 paper
"""


def read_input(text: str) -> Any:
    """Read HxWxC as a Shape; raises CallError."""
    from ..engine.shapes import Shape

    parts = text.lower().split("x")
    if len(parts) != 3:
        raise CallError(f"the input must be HxWxC, not '{text[:60]}'", hint="such as 112x112x64")
    h, w = (read_whole(p, "the input's height and width", LARGEST_SIDE) for p in parts[:2])
    return Shape(h, w, read_whole(parts[2], "the input's channels", LARGEST_COUNT))


def read_size(text: str, what: str, low: int = 1) -> Any:
    """Read N as an int, or HxW as (height, width); raises CallError."""
    parts = text.lower().split("x")
    if len(parts) > 2:
        raise CallError(f"{what} must be N or HxW, not '{text[:60]}'")
    sides = [0 if low == 0 and p == "0" else read_whole(p, what, LARGEST_SIDE) for p in parts]
    return sides[0] if len(sides) == 1 else (sides[0], sides[1])


def read_padding(text: str) -> Any:
    """Read "same", "valid", "symmetric", N or HxW; raises CallError."""
    words = ("same", "valid", "symmetric")
    if text in words:
        return text
    if text[:1].isdigit():
        return read_size(text, "--padding", 0)
    like = nearest(text, words)
    raise CallError(
        f"--padding must be same, valid, symmetric, N or HxW, not '{text[:60]}'",
        hint=f"did you mean '{like}'?" if like else "",
    )


@click.command("factorize", epilog=EPILOG)
@click.argument("input_", metavar="HxWxC")
@click.option(
    "--kernel", metavar="N|HxW", default="3", show_default=True, help="Kernel size, D_K in the paper."
)
@click.option("--out", metavar="N", required=True, help="Output channels.")
@click.option("--stride", metavar="N|HxW", default="1", show_default=True, help="Stride.")
@click.option(
    "--padding",
    metavar="WORD|N|HxW",
    default="same",
    show_default=True,
    help="same, valid, symmetric, or zeros added per side.",
)
@click.option(
    "--groups",
    metavar="N",
    help="Groups of the grouped convolution.  [default: about the square root of the most possible]",
)
@click.option("--alpha", metavar="A", help="Width multiplier of the separable convolution.")
@click.option("--rho", metavar="R", help="Resolution multiplier of the separable convolution.")
@output_options
def command(
    input_: str,
    kernel: str,
    out: str,
    stride: str,
    padding: str,
    groups: str | None,
    alpha: str | None,
    rho: str | None,
    convention: str,
    format_: str | None,
    output: str | None,
) -> None:
    """Compare one convolution with its factorisations.

    Standard, grouped, spatially separable and depthwise separable, each with its formula and the ratio
    given in the paper.
    """
    from ..analyses.report.factorize import Layer, factorize

    layer = Layer(
        read_input(input_),
        read_whole(out, "--out"),
        read_size(kernel, "--kernel"),
        read_size(stride, "--stride"),
        read_padding(padding),
        None if groups is None else read_whole(groups, "--groups"),
        None if alpha is None else read_multiplier(alpha, "--alpha"),
        None if rho is None else read_multiplier(rho, "--rho"),
    )
    emit(factorize(layer, load_convention(convention)), format_, output)
