"""Does a device's memory hold a layer back, or its arithmetic? A roofline, which bounds each layer."""

from __future__ import annotations

from ...designs.devices import Device
from ...engine.costs import Costs, LayerCost
from ...engine.terms import MAC_KINDS
from ..charts import Axis, Lines, Mark, Series
from ..documents import about as with_source
from .latency import moved_by_layer

KIND = {"conv": "convolution"}
"""What a kind of layer is called, where that is not its name."""


def roofline(heading: str, costs: Costs, device: Device, dtype: str | None) -> Lines | None:
    """Each layer with multiply-adds on the bound of a device with a peak and a bandwidth; None without both.

    A layer is as high as the device lets it be at most: nothing here was measured. Its dot is as large as its
    part of the multiply-adds.
    """
    if device.peak is None or device.bandwidth is None:
        return None
    layers = [one for one in moved_by_layer(costs, device, dtype) if one[1] and one[2]]
    ridge = device.peak / device.bandwidth
    most, whole = max((n for _, n, _ in layers), default=1), sum(n for _, n, _ in layers)
    bound = [one for one in layers if one[1] / one[2] < ridge]
    held, share = len(bound), sum(n for _, n, _ in bound) / (whole or 1)
    words = (
        f"{held} of {len(layers)} layers, with {100 * share:.1f} % of their {whole:,} multiply-adds, are held"
        " back by the bandwidth"
    )
    ends = [ridge / 2, ridge * 2, *(n / size for _, n, size in layers)]
    roof = [
        (x, min(device.peak, x * device.bandwidth), "") for x in (min(ends) / 1.3, ridge, max(ends) * 1.3)
    ]
    names = f"at most: {device.peak:,.0f} multiply-adds, {device.bandwidth:,.0f} bytes a second"
    return Lines(
        f"{heading}: bound of each layer on {device.name}",
        f"{heading} on {with_source(device.title, device.source)}: {words}. A bound, and no measurement.",
        Axis("multiply-adds for each byte that is read or written", "number", log=True),
        Axis("multiply-adds a second, at most", log=True),
        (Series(names, tuple(roof)), *_by_kind(layers, device, most, whole)),
        marks=(Mark(ridge, f"{ridge:.3g} a byte: before it the bandwidth decides, behind it the peak"),),
        under=with_source(device.title, device.source),
    )


def _by_kind(
    layers: list[tuple[LayerCost, int, float]], device: Device, most: int, whole: int
) -> list[Series]:
    """The layers as dots on the roof, a series for each kind of work."""
    assert device.peak is not None
    assert device.bandwidth is not None
    found: dict[str, list[tuple[float, float, str]]] = {}
    sizes: dict[str, list[float]] = {}
    for layer, done, size in sorted(layers, key=lambda one: -one[1]):  # small dots over large ones
        work = layer.work_by_kind()
        kind = max(MAC_KINDS, key=lambda k: int(work.get(k, 0)))
        x = done / size
        name = f"{layer.name}, {done:,} multiply-adds ({100 * done / whole:.1f} %), {x:.4g} a byte"
        found.setdefault(kind, []).append((x, round(min(device.peak, x * device.bandwidth)), name))
        sizes.setdefault(kind, []).append(done / most)
    return [
        Series(KIND.get(kind, kind), tuple(found[kind]), "dots", tuple(sizes[kind]))
        for kind in MAC_KINDS
        if kind in found
    ]
