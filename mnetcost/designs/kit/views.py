"""How does a reader see a tensor as the map, or the volume, that a layer takes?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...engine.graph import Ref
from ...engine.ops import Op, Reshape
from ...engine.ops.op import traits
from ...engine.shapes import Shape, Volume
from ...errors import ShapeError, SpecError
from .fields import MakeFault
from .layers import LARGEST_DIMENSION, AxesOnly, Layers
from .stored import Counted, Dims
from .tensors import MOST_AXES, NotKnown, Tensor, dims_text, solid, view


class Views:
    """Adds layers to a graph, each with its inputs as maps or volumes.

    A tensor of five axes is a volume from the layer on that slides a window over it, or from the file's
    input; ops that take volumes keep it one, and all others get it as a map.
    """

    def __init__(self, file: str, allow_unknown: bool, channels_first: bool, axes_only: bool = False) -> None:
        # axes_only: no layer is added, see AxesOnly; the axes are those in the file, with its batch
        self.layers = AxesOnly(file, allow_unknown) if axes_only else Layers(file, allow_unknown)
        self.channels_first = channels_first

    @property
    def counted(self) -> Counted:
        """The stored numbers that have been counted."""
        return self.layers.counted

    def one_map(self, t: Tensor) -> bool:
        """Is a tensor one map, or the batch in the file, of which the axes alone are followed?"""
        return t.dims[0] == 1 or not self.layers.adds

    def fault(self, message: str, name: str = "", hint: str = "") -> SpecError:
        """Make the error for a mistake in the file, at one of its layers if given."""
        return self.layers.fault(message, f"layer {name[:120]!r}" if name else "", hint)

    def at(self, name: str = "") -> MakeFault:
        """A maker of errors at one layer, for `Fields`."""
        return lambda message, hint="": self.fault(message, name, hint)

    def channels_of(self, rank: int) -> int:
        """Which axis is the channels as a rule."""
        return 1 if self.channels_first and rank > 3 else max(rank - 1, 0)

    def checked(self, dims: Sequence[Any], name: str) -> Dims:
        """Axes that a map may have."""
        if len(dims) > MOST_AXES or not all(n.__class__ is int and 1 <= n <= LARGEST_DIMENSION for n in dims):
            raise self.fault(f"its axes of {dims_text(dims[:MOST_AXES])} are no map's", name)
        return tuple(dims)

    def shape(self, t: Tensor) -> Shape | Volume:
        return self.layers.shape(t.ref) if self.layers.adds else view(t.dims, t.c)

    def read_from(self, t: Tensor) -> Shape | None:
        """The map whose numbers a layer before this tensor only reads as other axes; None without one."""
        if self.layers.op(t.ref).__class__ is not Reshape:
            return None
        return self.layers.shape(self.layers.builder.nodes[t.ref].inputs[0])

    def node(self, name: str, op: Op, *refs: Ref, shared: bool = False, written: str = "") -> Ref:
        """Add a layer."""
        return self.layers.add(name, op, *refs, shared=shared, written=written)

    def window(self, name: str, op: Op, t: Tensor) -> Shape | Volume:
        """What a window gives on each map, or volume, of the batch."""
        dims = (1, *t.dims[1:])
        try:
            y: Shape | Volume = op.shape(solid(dims, t.c) or view(dims, t.c))
            return y
        except ShapeError as e:
            raise self.fault(e.faults[0].message, name) from None

    def seen(self, t: Tensor, c: int, name: str, rank: int = 0, part: str = "layout") -> Tensor:
        """A tensor with this axis as its channels, as a map or, where it is one, as a volume; `part`: what a
        layer that it needs is called.
        """
        if rank and len(t.dims) != rank:
            raise NotKnown
        c %= len(t.dims) or 1
        shape, given = view(t.dims, c), self.shape(t)
        fits = given == shape or given == solid(t.dims, c)
        return Tensor(t.ref if fits else self.node(f"{name}/{part}", Reshape(*shape), t.ref), t.dims, c)

    def folded(self, t: Tensor, name: str) -> Tensor:
        """A tensor as a map: the depth of a volume becomes part of its height."""
        if not isinstance(self.shape(t), Volume):
            return t
        return t._replace(ref=self.node(f"{name}/layout", Reshape(*view(t.dims, t.c)), t.ref))

    def volume(self, t: Tensor, c: int, name: str) -> Tensor:
        """A tensor of five axes as a volume, with this axis as its channels; a batch of several is only
        followed by its axes.
        """
        shape = solid(t.dims, c)
        if shape is None and self.layers.adds:
            raise NotKnown
        if shape is None or self.shape(t) == shape:
            return t._replace(c=c)
        d, h, w, channels = shape
        return Tensor(self.node(f"{name}/layout", Reshape(h, w, channels, d), t.ref), t.dims, c)

    def any_volume(self, tensors: Sequence[Tensor]) -> bool:
        """Is any of these a volume?"""
        return any(isinstance(self.shape(t), Volume) for t in tensors)

    def beside_volume(self, t: Tensor, dims: Dims, c: int, name: str) -> Tensor:
        """A tensor as a volume that can be combined with volumes of these axes; one number a channel stays a
        vector.
        """
        whole = t._replace(dims=(*(1,) * (len(dims) - len(t.dims)), *t.dims))
        if self.shape(t) == Shape(1, 1, whole.dims[c]):
            return whole._replace(c=c)
        return self.volume(whole, c, name)

    def add(
        self, name: str, op: Op, *tensors: Tensor, dims: Dims, c: int, shared: bool = False, written: str = ""
    ) -> Tensor:
        """Add a layer whose output has these axes; one that takes only maps gets volumes as maps."""
        if self.layers.builder.volumes and not traits(op).volumes:
            tensors = tuple(self.folded(t, name) for t in tensors)
        return Tensor(
            self.node(name, op, *[t.ref for t in tensors], shared=shared, written=written),
            self.checked(dims, name),
            c,
        )

    def same(self, name: str, op: Op, t: Tensor, shared: bool = False, written: str = "") -> Tensor:
        """Add a layer that keeps its input's axes."""
        return self.add(name, op, t, dims=t.dims, c=t.c, shared=shared, written=written)
