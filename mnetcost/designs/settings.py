"""What is a design, and what can be asked of it? A graph with its names, and the settings it was built at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..engine.graph import Graph
from ..engine.ops import Input
from ..errors import CallError, Fault
from ..records import NamedTuple
from ..shown import line, many, shown

if TYPE_CHECKING:
    from .spec import Spec


class Settings(NamedTuple):
    """What a user asks of a design; None leaves it as the design says."""

    alpha: float | None = None
    rho: float | None = None
    resolution: tuple[int, ...] | None = None  # height and width, or depth, height and width
    classes: int | None = None
    top: bool | None = None
    batch: int | None = None
    allow_unknown: bool | None = None  # of a model file: go on without ops that cannot be costed
    channels: int | None = None  # of the input
    depth: float | None = None  # multiplies the repeats of rows

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
    resolution: tuple[int, ...]
    classes: int | None
    batch: int
    top: bool
    graph: Graph
    differs: tuple[str, ...] = ()
    spec: Spec | None = None  # where the design is a spec
    file: str = ""  # where it is a model file
    channels: int | None = None  # of the input, where the spec is built at others than it says
    depth: float = 1.0  # depth multiplier

    def __repr__(self) -> str:
        layers = sum(node.op.__class__ is not Input for node in self.graph.nodes)
        return line("Design", self.heading, many(layers, "layer"))

    def __str__(self) -> str:
        return shown(self, "text") or repr(self)

    def _repr_html_(self) -> str | None:
        return shown(self, "html")

    @property
    def in_channels(self) -> int | None:
        """Channels of the first input; None where there is none."""
        return next((node.op.c for node in self.graph.nodes if node.op.__class__ is Input), None)

    @property
    def settings(self) -> Settings:
        """The settings that build this design from its `spec`, which has its depth and channels already."""
        return Settings(
            self.alpha,
            resolution=self.resolution,
            classes=self.classes,
            top=self.top,
            batch=self.batch,
        )

    @property
    def heading(self) -> str:
        """The name with the settings that change its cost, as a user would write it, and "(partial)" where
        an op was left out.
        """
        parts = [f"alpha={self.alpha:g}", f"resolution={spelled_size(self.resolution)}"]
        if self.spec is None:
            parts = parts[1:]
        if self.depth != 1:
            parts.insert(1, f"depth={self.depth:g}")
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


def spelled_size(sides: tuple[int, ...]) -> str:
    """Write a size as a user would: one side of a square, or all sides.

    >>> spelled_size((160, 160)), spelled_size((96, 128)), spelled_size((16, 16, 16))
    ('160', '96x128', '16x16x16')
    """
    return f"{sides[0]}" if len(sides) == 2 and sides[0] == sides[1] else "x".join(map(str, sides))


def sized(spec_size: tuple[int, ...], settings: Settings, name: str = "") -> tuple[tuple[int, ...], float]:
    """Return the input's (height, width) in pixels, or (depth, height, width) of a volume, and rho: its
    height over the height in the spec.

    name: the design's, for the error. Rho scales height and width, not the depth. Raises CallError for a size
    of the other number of sides.
    """
    if settings.resolution is not None:
        size = settings.resolution
        if len(size) != len(spec_size):
            what, hint = (
                ("a map of height and width", "--resolution 224 or 192x160")
                if len(spec_size) == 2
                else ("a volume of depth, height and width", "--resolution 16x112x112")
            )
            message = f"the input is {what}, and the resolution is {spelled_size(size)}"
            raise CallError(Fault(message, place=name, hint=hint))
        return size, size[-2] / spec_size[-2]
    if settings.rho is not None:
        rho = settings.rho
        return (*spec_size[:-2], *(max(1, round(side * rho)) for side in spec_size[-2:])), rho
    return spec_size, 1.0
