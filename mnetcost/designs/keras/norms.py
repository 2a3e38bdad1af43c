"""Which Keras layers normalise, and over which axes? Batch, layer, group, RMS and L2 norms.

Source: Keras 3, layers/normalization.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from ...engine.ops import Op
from ...engine.ops.elements import GroupNorm, InstanceNorm, L2Norm, LayerNorm, Norm, Rescale, RmsNorm
from ...engine.shapes import Volume
from ..kit.tensors import NotKnown, Tensor
from .net import MOST_AXES, Call, axis_in


def affine(call: Call) -> tuple[bool, bool]:
    """Are a scale and a shift learned?"""
    return call.flag("scale", True), call.flag("center", True)


def last_axes_norm(op: Callable[[Call], Op]) -> Callable[[Call], Tensor]:
    """A norm over the channels, or over all of the last axes, which are read as the channels."""

    def build(call: Call) -> Tensor:
        t, axes = call.x, call.integers("axis", [-1], -MOST_AXES, MOST_AXES)
        at = sorted(axis_in(len(t.dims), a) for a in axes)
        if len(at) < 2:
            return call.same(op(call), with_channels(call))
        if at[0] < 1 or at != list(range(at[0], len(t.dims))):
            raise NotKnown
        rows = call.seen(t._replace(dims=(1, prod(t.dims[1 : at[0]]), prod(t.dims[at[0] :]))), 2, "rows")
        return call.along(call.same(op(call), rows), t.dims)

    return build


def layer_norm(call: Call) -> Op:
    """Layer normalisation; with `rms_scaling` no mean is subtracted, a scale is learned and no shift."""
    if call.flag("rms_scaling", False):
        return RmsNorm()
    return LayerNorm(*affine(call))


def group_norm(call: Call) -> Tensor:
    """Group normalisation; groups of one channel, which `groups = -1` says too, make an instance norm."""
    x, groups = with_channels(call), call.integer("groups", 32, -1)
    channels = x.dims[x.c]
    if groups in (-1, channels):
        return call.same(InstanceNorm(*affine(call)), x)
    if groups < 1 or channels % groups:
        raise call.fault(f"{groups} groups do not divide {channels} channels")
    return call.same(GroupNorm(groups, *affine(call)), x)


def with_channels(call: Call) -> Tensor:
    """The input, with the config's `axis` as its channels."""
    t, axis = call.x, axis_of(call)
    rank = len(t.dims)
    at = axis_in(rank, axis)
    if not at:
        raise call.fault(f"axis {axis} of a tensor with {rank} axes")
    frames = rank == 5 and not isinstance(call.net.shape(t), Volume)  # maps, one for each step
    if rank > 5 or at not in (1 + frames, rank - 1):
        raise NotKnown
    return call.seen(t, at)


def axis_of(call: Call) -> int:
    """The config's `axis`, which counts the batch; several axes are not known."""
    axis = call.given.get("axis", -1)
    if isinstance(axis, list) and len(axis) == 1:
        axis = axis[0]
    if isinstance(axis, list) or axis is None:
        raise NotKnown
    return call.whole("axis", axis, -MOST_AXES, MOST_AXES)


def batch_norm(call: Call) -> Tensor:
    """Batch normalisation; with `renorm`, which keeps more statistics, it is not known."""
    if call.given.get("renorm"):
        raise NotKnown
    return call.same(Norm(*affine(call)), with_channels(call))


def normalization(call: Call) -> Tensor:
    """Normalization by a measured mean and variance, which are no weights if the config gives them."""
    if call.given.get("mean") is not None:
        return call.same(Rescale(), call.x)
    return call.same(Norm(False, False, True, True), with_channels(call))


NORMS: dict[str, Callable[[Call], Tensor]] = {
    **dict.fromkeys(
        ("BatchNormalization", "BatchNormalizationV1", "BatchNormalizationV2", "SyncBatchNormalization"),
        batch_norm,
    ),
    "LayerNormalization": last_axes_norm(layer_norm),
    "GroupNormalization": group_norm,
    "RMSNormalization": last_axes_norm(lambda _: RmsNorm()),
    "UnitNormalization": last_axes_norm(lambda _: L2Norm(False)),
    "Normalization": normalization,
}
"""Every norm, by its class."""
