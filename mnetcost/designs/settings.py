"""What is a design, and what can be asked of it? A graph with its names, and the settings it was built at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..engine.graph import Graph
from ..engine.ops import Input

if TYPE_CHECKING:
    from .spec import Spec


class Settings(NamedTuple):
    """What a user asks of a design; None leaves it as the design says."""

    alpha: float | None = None
    rho: float | None = None
    resolution: tuple[int, int] | None = None
    classes: int | None = None
    top: bool | None = None
    batch: int | None = None
    allow_unknown: bool | None = None  # of a model file: go on without ops that cannot be costed
    channels: int | None = None  # of the input

    def over(self, other: Settings) -> Settings:
        """Merge settings: these where they are given, else the other's; a size given here, as rho or as a
        resolution, replaces both of the other's.
        """
        mine, theirs = self._asdict(), other._asdict()
        if self.rho is not None or self.resolution is not None:
            theirs["rho"] = theirs["resolution"] = None
        return Settings(**{k: theirs[k] if v is None else v for k, v in mine.items()})


class Design(NamedTuple):
    """A network at one alpha, resolution and number of classes: a graph, and what it is called."""

    name: str
    title: str
    source: str
    alpha: float
    rho: float
    resolution: tuple[int, int]
    classes: int | None
    batch: int
    top: bool
    graph: Graph
    differs: tuple[str, ...] = ()
    spec: Spec | None = None  # where the design is a spec
    file: str = ""  # where it is a model file
    channels: int | None = None  # of the input, where the spec is built at others than it says

    @property
    def in_channels(self) -> int | None:
        """Channels of the first input; None where there is none."""
        return next((node.op.c for node in self.graph.nodes if node.op.__class__ is Input), None)

    @property
    def heading(self) -> str:
        """The name with the settings that change its cost, as a user would write it, and "(partial)" where
        an op was left out.
        """
        h, w = self.resolution
        size = f"{h}" if h == w else f"{h}x{w}"
        parts = [f"alpha={self.alpha:g}", f"resolution={size}"]
        if self.spec is None:
            parts = parts[1:]
        if self.classes is not None and self.spec and self.top and self.classes != self.spec.classes:
            parts.append(f"classes={self.classes}")
        if self.channels is not None:
            parts.append(f"channels={self.channels}")
        if not self.top:
            parts.append("top=no")
        if self.batch != 1:
            parts.append(f"batch={self.batch}")
        partial = " (partial)" if self.graph.left_out else ""
        return f"{self.name}:{','.join(parts)}{partial}"


def sized(spec_size: tuple[int, int], settings: Settings) -> tuple[tuple[int, int], float]:
    """Return the input's (height, width) in pixels, and rho: its height over the height in the spec."""
    if settings.resolution is not None:
        h, w = settings.resolution
        return (h, w), h / spec_size[0]
    if settings.rho is not None:
        h, w = (max(1, round(side * settings.rho)) for side in spec_size)
        return (h, w), settings.rho
    return spec_size, 1.0
