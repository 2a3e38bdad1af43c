"""Which designs do several names, widths and sizes stand for? Each name at each alpha and resolution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..errors import CallError
from .loading import find_spec, split_design
from .readers import model_reader
from .settings import Settings

MOST_CELLS = 20_000  # a minute


class Cell(NamedTuple):
    """A design as it can be loaded: its name, or name and settings behind a colon, and further settings."""

    design: str
    settings: Settings


def cells(
    designs: Sequence[str],
    settings: Settings,
    alphas: Sequence[float] = (),
    sizes: Sequence[tuple[int, ...]] = (),
) -> list[Cell]:
    """Every design at every alpha and size, in the order given, each once.

    alphas, sizes: empty for the design's own. A model file beside specs keeps its own width and size, and
    settings behind a design's colon override those given.
    Raises CallError for none, or for more than `MOST_CELLS`; SpecError where there is no design of a name.
    """
    if not designs:
        raise CallError("there is no design to fit", hint="v1, v2, or a file")
    read = {design: (*split_design(design), model_reader(split_design(design)[0])) for design in designs}
    specs = [name for name, _, reader in read.values() if reader is None]
    for name in dict.fromkeys(specs):
        find_spec(name)
    found: dict[Cell, None] = {}
    if len(designs) * max(len(alphas), 1) * max(len(sizes), 1) > MOST_CELLS:
        raise CallError(f"these are more than {MOST_CELLS:,} designs; ask in pieces")
    for design, (_, given, reader) in read.items():
        fixed = reader is not None and bool(specs)
        own_size = fixed or given.resolution is not None or given.rho is not None
        for alpha in [None] if fixed or given.alpha is not None or not alphas else alphas:
            for size in [None] if own_size or not sizes else sizes:
                asked = settings._replace(
                    alpha=settings.alpha if alpha is None else alpha,
                    resolution=settings.resolution if size is None else size,
                )
                found[Cell(design, asked)] = None
    return list(found)
