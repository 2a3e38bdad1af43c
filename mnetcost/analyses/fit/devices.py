"""Which devices are known, how far is each known, and where is that from?"""

from __future__ import annotations

from typing import Any

from ...designs.devices import Block, Device, device_names, load_device, meant, refused_devices
from ...engine.latency import FEATURES, FORMS
from ..documents import Column, Document, Table, json_data

SCHEMA = "mnetcost.devices/1"
ERRORS = "errors are in per cent, of each row by rates fitted on the others: the mean, and the worst"


def listed() -> Document:
    """Every device in one line: its memory, and the errors of its rates; those without rates, and why."""
    devices = [load_device(name) for name in device_names()]
    columns = (
        Column("name", "device"),
        Column("chip", "chip", rank=2),
        Column("ram", "RAM", "bytes"),
        Column("flash", "flash", "bytes"),
        Column("rows", "rows", "integer"),
        Column("mean", "error, mean %", "number"),
        Column("worst", "worst %", "number"),
    )
    rows = [
        (d.name, d.chip, _size(d.ram), _size(d.flash), *(_errors(d) if d.latency else (None, None, None)))
        for d in devices
    ]
    reasons = Table(
        "no profile",
        (Column("name", "device"), Column("why", "why there is no profile")),
        list(refused_devices().items()),
    )
    devices_table = Table("devices", columns, rows)
    return Document(
        "devices",
        (devices_table, reasons),
        (
            "RAM and flash: the block that a network must fit into; empty where none is known",
            ERRORS,
            "a version of the runtime is part of a device; a file of your own: mnetcost calibrate",
        ),
        json_data(
            SCHEMA, "complete", devices=[device_data(d) for d in devices], no_profile=dict(refused_devices())
        ),
        flat=devices_table,
    )


def shown(device: Device) -> Document:
    """One device: its blocks of memory, its rates with the rows that they were fitted on, and sources."""
    tables = []
    blocks = [("RAM", b, b == meant(device.ram)) for b in device.ram]
    blocks += [("flash", b, b == meant(device.flash)) for b in device.flash]
    if blocks:
        columns = Column("kind", "memory"), Column("name", "block"), Column("bytes", "bytes", "bytes")
        tables.append(
            Table(
                "memory",
                (*columns, Column("meant", "a network must fit")),
                [(kind, b.name, b.bytes, "here" if it else "") for kind, b, it in blocks],
            )
        )
    if device.latency:
        tables.append(
            Table(
                "rows",
                (Column("design", "measured design"), Column("ms", "ms", "number")),
                [tuple(row) for row in device.latency.rows],
            )
        )
    return Document(
        device.name,
        tuple(tables),
        tuple(_notes(device)),
        json_data(SCHEMA, "complete", devices=[device_data(device)]),
        (device.title, *_lead(device)),
    )


def _lead(device: Device) -> list[str]:
    """The chip and its runtime, and the rates, a line each."""
    clock = f"{device.mhz:g} MHz" if device.mhz else ""
    lines = [", ".join(filter(None, (device.chip, clock, device.dtype)))]
    if device.runtime:
        lines.append(f"runtime: {device.runtime}, version {device.version}")
    if device.latency:
        unit = device.latency.unit
        rates = [
            f"{rate:g} {unit} a {FEATURES[name]}"
            for name, rate in zip(FORMS[device.latency.form], device.latency.rates, strict=True)
        ]
        rows, mean, worst = _errors(device)
        lines += [
            f"rates: {'; '.join(rates)}",
            f"error: {mean:g} % mean, {worst:g} % worst, leaving out one of {rows} rows",
        ]
    if device.peak:
        lines.append(f"bound by: a peak of {device.peak:,} multiply-adds a second")
        if device.bandwidth:
            lines[-1] += f", and {device.bandwidth:,} bytes a second"
    if device.fastest:
        lines.append(
            f"best rate published: {device.fastest[0]:g} cycles a multiply-add ({device.fastest[1]})"
        )
    return lines


def _notes(device: Device) -> list[str]:
    notes = [f"source: {device.source}"] if device.source else []
    if device.memory_source:
        notes.append(f"memory: {device.memory_source}")
    if device.latency:
        spans = [
            f"{name} (alpha {_span(r.alpha)}, resolution {_span(r.resolution)}, classes {_span(r.classes)})"
            for name, r in device.latency.families.items()
        ]
        notes.append(f"estimates only for: {', '.join(spans)}")
    return notes


def _span(ends: tuple[float, float]) -> str:
    low, high = ends
    return f"{low:g}" if low == high else f"{low:g} to {high:g}"


def _size(blocks: tuple[Block, ...]) -> int | None:
    found = meant(blocks)
    return None if found is None else found.bytes


def _errors(device: Device) -> tuple[int, float, float]:
    assert device.latency is not None
    return len(device.latency.rows), device.latency.mean, device.latency.worst


def device_data(device: Device) -> dict[str, Any]:
    """A device in the JSON; `latency` is null where it has no rates."""
    profile = device.latency
    return {
        "name": device.name,
        "title": device.title,
        "chip": device.chip,
        "runtime": device.runtime,
        "version": device.version,
        "dtype": device.dtype,
        "mhz": device.mhz,
        "source": device.source,
        "peak": device.peak,
        "bandwidth": device.bandwidth,
        "ram": [block._asdict() for block in device.ram],
        "flash": [block._asdict() for block in device.flash],
        "latency": None
        if profile is None
        else {
            "form": profile.form,
            "unit": profile.unit,
            "rates": dict(zip(FORMS[profile.form], profile.rates, strict=True)),
            "error": {"mean": profile.mean, "worst": profile.worst, "rows": len(profile.rows)},
            "families": {
                name: {key: list(ends) for key, ends in span._asdict().items()}
                for name, span in profile.families.items()
            },
            "rows": [row._asdict() for row in profile.rows],
        },
    }
