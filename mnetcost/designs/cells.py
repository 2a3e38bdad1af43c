"""Which designs do several names, widths and sizes stand for? Each name at each alpha and resolution."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import CallError
from ..records import NamedTuple
from .loading import find_spec, split_design
from .readers import model_reader
from .settings import Settings

MOST_CELLS = 20_000  # a minute


class Cell(NamedTuple):
    """A design as it can be loaded: its name, or name and settings behind a colon, and further settings."""

    design: str
    settings: Settings


class Grid(NamedTuple):
    """A design at each of some alphas and of some sizes; None stands for its own.

    design: its name, or name and settings behind a colon. settings: further ones.
    """

    design: str
    settings: Settings
    alphas: tuple[float | None, ...]
    sizes: tuple[tuple[int, ...] | None, ...]


def grids(
    designs: Sequence[str],
    settings: Settings,
    alphas: Sequence[float] = (),
    sizes: Sequence[tuple[int, ...]] = (),
    most: int = MOST_CELLS,
) -> list[Grid]:
    """Every design with the alphas and sizes that it is asked at, in the order given, each once.

    alphas, sizes: empty for the design's own. A model file beside specs keeps its own width and size, and
    settings behind a design's colon override those given.
    Raises CallError for none, or for more than `most`; SpecError where there is no design of a name.
    """
    if not designs:
        raise CallError("no design is given", hint="v1, v2, or a file")
    read = {design: (*split_design(design), model_reader(split_design(design)[0])) for design in designs}
    specs = [name for name, _, reader in read.values() if reader is None]
    for name in dict.fromkeys(specs):
        find_spec(name)
    if len(designs) * max(len(alphas), 1) * max(len(sizes), 1) > most:
        raise CallError(f"these are more than {most:,} designs; ask in pieces")
    found = []
    for design, (_, given, reader) in read.items():
        fixed = reader is not None and bool(specs)
        own_size = fixed or given.resolution is not None or given.rho is not None
        own_alpha = fixed or given.alpha is not None
        found.append(
            Grid(
                design,
                settings,
                (None,) if own_alpha or not alphas else tuple(dict.fromkeys(alphas)),
                (None,) if own_size or not sizes else tuple(dict.fromkeys(sizes)),
            )
        )
    return found


def cells(
    designs: Sequence[str],
    settings: Settings,
    alphas: Sequence[float] = (),
    sizes: Sequence[tuple[int, ...]] = (),
) -> list[Cell]:
    """Every design at every alpha and size, as `grids` gives them, cell by cell."""
    return [
        Cell(
            grid.design,
            settings._replace(
                alpha=settings.alpha if alpha is None else alpha,
                resolution=settings.resolution if size is None else size,
            ),
        )
        for grid in grids(designs, settings, alphas, sizes)
        for alpha in grid.alphas
        for size in grid.sizes
    ]
