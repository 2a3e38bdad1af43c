"""How long does a design take on a device? An estimate with its error, a bound, or why there is none."""

from __future__ import annotations

from collections.abc import Iterator

from ...designs.devices import Device, Profile
from ...designs.settings import Design, spelled_size
from ...engine.costs import Costs, LayerCost
from ...engine.flash import BITS
from ...engine.latency import FORMS, moved, work
from ...engine.terms import MAC_KINDS
from ...records import NamedTuple


class Estimate(NamedTuple):
    """Milliseconds by a profile's rates; mean and worst: its errors in per cent, leaving one row out."""

    ms: float
    mean: float
    worst: float
    rows: int
    profile: str


class Refused(NamedTuple):
    """Why a profile says nothing about a design."""

    why: str


class Bound(NamedTuple):
    """Milliseconds that a design takes at least, and how that is known.

    proven: by a peak; else at the best rate that was published, which another network or runtime may pass.
    """

    ms: float
    how: str
    proven: bool = True


def estimate(design: Design, costs: Costs, device: Device, dtype: str | None = None) -> Estimate | Refused:
    """Estimate the milliseconds of one image by the rates of a device.

    Refused where the device has no rates, or the design is of another type, family, alpha, resolution or
    number of classes than the rows they were fitted on.
    """
    profile = device.latency
    if profile is None:
        return Refused(f"{device.name} has no profile")
    if dtype not in (None, device.dtype):
        return Refused(f"the profile is of {device.dtype}")
    if why := _outside(design, profile):
        return Refused(why)
    features = work(costs)
    taken = sum(r * features.feature(f) for r, f in zip(profile.rates, FORMS[profile.form], strict=True))
    ms = taken / (device.mhz * 1e3) if profile.unit == "cycles" and device.mhz else taken
    return Estimate(ms, profile.mean, profile.worst, len(profile.rows), device.name)


def bound(costs: Costs, device: Device, dtype: str | None = None) -> Bound | None:
    """Bound the milliseconds of one image from below; None where the device says nothing to bound them by.

    By a roofline where the device has a peak: each layer takes its multiply-adds over the peak, or its bytes
    read and written over the bandwidth, whichever is longer. Else by the best rate published for the chip.
    """
    madds = sum(int(n) for kind, n in costs.work_by_kind().items() if kind in MAC_KINDS)
    if device.peak is None:
        if device.fastest is None or device.mhz is None:
            return None
        cycles, source = device.fastest
        how = f"{cycles:g} cycles a multiply-add ({source})"
        return Bound(madds * cycles / (device.mhz * 1e3), how, proven=False)
    if device.bandwidth is None:
        return Bound(1e3 * madds / device.peak, "the peak alone")
    seconds = sum(
        max(done / device.peak, size / device.bandwidth)
        for _, done, size in moved_by_layer(costs, device, dtype)
    )
    return Bound(1e3 * seconds, "peak and bandwidth, layer by layer")


def moved_by_layer(
    costs: Costs, device: Device, dtype: str | None = None
) -> Iterator[tuple[LayerCost, int, float]]:
    """Each layer with its multiply-adds, and the bytes that it reads and writes, its weights among them."""
    size = BITS[dtype or device.dtype] / 8
    for layer in costs.layers:
        one = moved(costs.graph, layer)
        done = sum(int(n) for kind, n in layer.work_by_kind().items() if kind in MAC_KINDS)
        yield layer, done, sum(one) * size if one else 0.0


def family(name: str) -> str:
    """The family of a design: its name without the implementation it is from.

    >>> family("keras/v2"), family("fd-mobilenet")
    ('v2', 'fd-mobilenet')
    """
    return name.rpartition("/")[2]


def _outside(design: Design, profile: Profile) -> str:
    """Why a design is not among what the rows of a profile cover; "" where it is."""
    found = profile.families.get(family(design.name))
    if found is None:
        return f"fitted on {', '.join(profile.families)}, and {design.name} is none of them"
    if design.batch != 1 or not design.top:
        return "fitted on one image, and on networks with their classifier"
    asked: dict[str, tuple[float, ...]] = {
        "alpha": (design.alpha,),
        "resolution": design.resolution,
        "classes": () if design.classes is None else (design.classes,),
    }
    for key, values in asked.items():
        low, high = getattr(found, key)
        if any(not low <= value <= high for value in values):
            here = spelled_size(design.resolution) if key == "resolution" else f"{values[0]:g}"
            span = f"{low:g} to {high:g}" if low != high else f"{low:g}"
            return f"fitted on {key} {span} of {family(design.name)}, and this is {here}"
    return ""
