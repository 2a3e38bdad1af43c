"""At which size is a model file read? That of its image, volume or sequence, or the one asked for."""

from __future__ import annotations

from typing import Generic, TypeVar

from ...errors import Fault, SpecError
from ..settings import Settings
from .maps import Maps
from .tensors import sequence_size, size_of

Net = TypeVar("Net", bound=Maps)


class Reading(Generic[Net]):
    """One file: the size of its image, volume or sequence, and its graph built at the size that is asked for.

    A format calls `measure_image`, `measure_sequence` or `without_size`, and overrides `build`.
    """

    def __init__(self, file: str, settings: Settings) -> None:
        self.file, self.settings = file, settings
        self.size: tuple[int, ...] = (1, 1)
        self.file_size: tuple[int, ...] | None = None
        self.batch = 1

    def measure_image(self, name: str, sides: tuple[int, ...], batch: int) -> None:
        """Take an input of (height, width) for the image, or one of (depth, height, width) for the volume; 0
        is a side that the file leaves open.
        """
        self.batch = batch
        self.size, self.file_size = size_of(self.file, name, sides, self.settings)

    def measure_sequence(self, name: str, length: int, batch: int) -> None:
        """Take an input for the sequence; 0 is a length that the file leaves open."""
        self.batch = batch
        self.size, self.file_size = sequence_size(self.file, name, length, self.settings)

    def without_size(self) -> None:
        """No input is an image, a volume or a sequence: refuse a resolution that is asked for."""
        if self.settings.resolution or self.settings.rho:
            what = "no input is an image, a volume or a sequence, so that it has no resolution"
            raise SpecError(Fault(what, self.file))

    def build(self, size: tuple[int, ...], axes_only: bool, before: Net | None = None) -> Net:
        """Build the graph at a size.

        axes_only: follow only the axes, with the batch in the file. before: the same at the size in the file.
        """
        raise NotImplementedError

    def built(self) -> Net:
        """The graph at the size that is asked for, of one image."""
        if self.file_size and (self.size != self.file_size or self.batch != 1):
            return self.build(self.size, False, self.build(self.file_size, True))
        return self.build(self.size, False)
