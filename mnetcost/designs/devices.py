"""Which devices are known, with their memory and rates? Strict reading of `specs/devices/` and of files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..engine.flash import BITS
from ..engine.latency import FORMS
from ..errors import CallError
from ..records import NamedTuple
from .budgets.limits import read_amount
from .budgets.metrics import MEMORY, UNITS
from .files import is_file, read_text_file, stem
from .reading import Reading, Spot, Table
from .shipped import DEVICES_FOLDER, names_in, shipped_file
from .sorts import Wrong, number, read_flag, read_text, word
from .toml import parse_short

REFUSED = "refused"
"""The file of those devices whose published rows no form of rates fits."""
UNITS_OF_TIME = ("cycles", "ms")
TYPES = tuple(BITS)
KEYS = (
    *("title", "chip", "runtime", "version", "dtype", "mhz", "source", "ram", "flash", "memory_source"),
    *("peak", "bandwidth", "fastest", "latency"),
)
LARGEST_RATE = 1e12
MOST_MHZ = 100_000


class Block(NamedTuple):
    """A block of RAM or flash, in bytes; `meant`: what a network must fit into."""

    name: str
    bytes: int
    meant: bool = False


class Row(NamedTuple):
    """A measured row: a design with its settings, and the milliseconds it took."""

    design: str
    ms: float


class Range(NamedTuple):
    """From which to which settings the rows of one family go, both included."""

    alpha: tuple[float, float] = (1.0, 1.0)
    resolution: tuple[float, float] = (1, LARGEST_RATE)
    classes: tuple[float, float] = (1, LARGEST_RATE)


class Profile(NamedTuple):
    """Rates fitted on rows: cycles (or ms) a unit of each feature of the form.

    mean, worst: errors in per cent, leaving one row out. families: the ranges that the rows cover, by the
    name of the family of designs.
    """

    form: str
    unit: str
    rates: tuple[float, ...]
    mean: float
    worst: float
    rows: tuple[Row, ...]
    families: Mapping[str, Range]


class Device(NamedTuple):
    """A chip with its runtime and its version, its memory, and what is known of its speed.

    peak: multiply-adds a second, and bandwidth: bytes a second, as a user gives them for a bound.
    fastest: the fewest cycles a multiply-add that were ever published for the chip, and where.
    """

    name: str
    title: str
    chip: str
    source: str
    runtime: str = ""
    version: str = ""
    dtype: str = "int8"
    mhz: float | None = None
    ram: tuple[Block, ...] = ()
    flash: tuple[Block, ...] = ()
    memory_source: str = ""
    peak: float | None = None
    bandwidth: float | None = None
    fastest: tuple[float, str] | None = None
    latency: Profile | None = None

    @property
    def ram_block(self) -> Block | None:
        """The block of RAM that a network must fit into."""
        return meant(self.ram)

    @property
    def flash_block(self) -> Block | None:
        """The block of flash that a network must fit into."""
        return meant(self.flash)


def meant(blocks: tuple[Block, ...]) -> Block | None:
    """The block that is meant, or the largest; None where there is none."""
    return max(blocks, key=lambda b: (b.meant, b.bytes), default=None)


@lru_cache(None)
def device_names() -> tuple[str, ...]:
    """Names of the shipped devices: those with rates first."""
    names = (name for name in names_in(DEVICES_FOLDER) if name != REFUSED)
    return tuple(sorted(names, key=lambda n: load_device(n).latency is None))


@lru_cache(None)
def refused_devices() -> dict[str, str]:
    """Why each device without a profile has none, by name."""
    file = f"specs/{DEVICES_FOLDER}/{REFUSED}.toml"
    texts = parse_short(read_text_file(shipped_file(DEVICES_FOLDER, f"{REFUSED}.toml")), file)
    return {name: why for names, why in texts.items() for name in names.split(", ")}


@lru_cache(None)
def load_device(name: str) -> Device:
    """Load a device: a shipped name, or a .toml file.

    Raises CallError where there is none, with the nearest name, or why it has no profile; SpecError with
    every fault where its file is wrong.
    """
    if name.endswith(".toml"):
        return read_device(read_text_file(name), name, stem(name))
    path = shipped_file(DEVICES_FOLDER, f"{name}.toml")
    if name == REFUSED or not name.replace("-", "").replace(".", "").isalnum() or not is_file(path):
        if why := refused_devices().get(name):
            raise CallError(
                f"there is no profile of '{name}': {why}", hint="mnetcost devices lists the others"
            )
        from .synonyms import did_you_mean

        raise CallError(
            f"there is no device '{name[:60]}'",
            hint=did_you_mean(name, (*device_names(), *refused_devices()), "device"),
        )
    return read_device(read_text_file(path), f"specs/{DEVICES_FOLDER}/{name}.toml", name)


def read_device(text: str, file: str, name: str) -> Device:
    """Read a device's text; raises SpecError with every fault found: file, line, place, the nearest key."""
    reading = Reading()
    reading.texts[file] = text
    table = Table(reading, Spot(file), parse_short(text, file))
    table.only(KEYS, "a device")
    texts = {key: table.read(key, read_text, "") for key in ("chip", "runtime", "version", "memory_source")}
    device = Device(
        name,
        title=table.read("title", read_text, name),
        source=table.read("source", read_text, ""),
        dtype=table.read("dtype", word(TYPES), "int8"),
        mhz=table.read("mhz", number(0, MOST_MHZ, True)),
        ram=_blocks(table, "ram"),
        flash=_blocks(table, "flash"),
        peak=table.read("peak", _amount(UNITS, "multiply-adds a second")),
        bandwidth=table.read("bandwidth", _amount(MEMORY, "bytes a second")),
        fastest=_fastest(table) if "fastest" in table.values else None,
        latency=_profile(table.inner("latency", "[latency] must be a table"))
        if "latency" in table.values
        else None,
        **texts,
    )
    cycles = {"fastest": device.fastest, "latency": device.latency and device.latency.unit == "cycles"}
    for key in (key for key, counted in cycles.items() if counted and device.mhz is None):
        table.fault(f"[{key}] counts cycles, and so the device needs 'mhz'", key=key)
    reading.finish()
    return device


def _amount(units: Any, what: str) -> Any:
    def read(value: Any, key: str) -> int:
        try:
            found = read_amount(value, units)
        except CallError as e:
            raise Wrong(f"a number of {what}", e.faults[0].hint or e.faults[0].message) from None
        if found <= 0:
            raise Wrong(f"a number of {what} above 0")
        return found

    return read


def _blocks(device: Table, key: str) -> tuple[Block, ...]:
    """The blocks of a kind of memory: [{ name, size, meant }], or one size."""
    value = device.values.get(key, [])
    if not isinstance(value, list):
        size = device.read(key, _amount(MEMORY, "bytes"), 0)
        return (Block(key, size, True),)
    found = []
    for block in device.each(key):
        block.only(("name", "size", "meant"), "a block of memory")
        if "size" not in block.values:
            block.fault("a block of memory must have 'size', such as \"512 KiB\"")
        found.append(
            Block(
                block.read("name", read_text, key),
                block.read("size", _amount(MEMORY, "bytes"), 0),
                block.read("meant", read_flag, False),
            )
        )
    return tuple(found)


def _fastest(device: Table) -> tuple[float, str]:
    table = device.inner("fastest", "[fastest] must be a table")
    table.only(("cycles_per_madd", "source"), "[fastest]")
    return table.read("cycles_per_madd", number(0, LARGEST_RATE, True), 1.0), table.read(
        "source", read_text, ""
    )


def _profile(table: Table) -> Profile:
    """The table [latency]: a form, its rates, their errors, and the rows they were fitted on."""
    table.only(("form", "unit", "rates", "error", "rows", "families"), "[latency]")
    for key in ("form", "rates", "error", "rows", "families"):
        if key not in table.values:
            table.fault(f"[latency] must have '{key}'")
    form = table.read("form", word(tuple(FORMS), "one of the forms"), next(iter(FORMS)))
    rates = table.inner("rates", "'rates' must be a table: a rate for each feature of the form")
    rates.only(FORMS[form], f"the form '{form}'")
    for name in FORMS[form]:
        if name not in rates.values and "rates" in table.values:
            rates.fault(f"the form '{form}' needs a rate of '{name}'")
    error = table.inner("error", "'error' must be a table of 'mean' and 'worst', in per cent")
    error.only(("mean", "worst"), "'error'")
    return Profile(
        form,
        table.read("unit", word(UNITS_OF_TIME), "ms"),
        tuple(rates.read(name, number(0, LARGEST_RATE, False), 0.0) for name in FORMS[form]),
        error.read("mean", number(0, LARGEST_RATE, False), 0.0),
        error.read("worst", number(0, LARGEST_RATE, False), 0.0),
        tuple(map(_row, table.each("rows"))),
        _families(table.inner("families", "'families' must be a table of families, each with its ranges")),
    )


def _families(table: Table) -> dict[str, Range]:
    found = {}
    for name in table.values:
        one = table.inner(name, f"'{name}' must be a table of ranges")
        one.only(Range._fields, "a family")
        found[name] = Range(**{key: one.read(key, _ends) for key in Range._fields if key in one.values})
    return found


def _ends(value: Any, key: str) -> tuple[float, float]:
    """Two numbers, the least first."""
    if isinstance(value, list) and len(value) == 2:
        low, high = (number(0, LARGEST_RATE, True)(one, key) for one in value)
        if low <= high:
            return low, high
    raise Wrong("two numbers, the least first, such as [96, 224]")


def _row(table: Table) -> Row:
    table.only(("design", "ms"), "a row")
    for key in ("design", "ms"):
        if key not in table.values:
            table.fault(f"a row must have '{key}'")
    return Row(table.read("design", read_text, ""), table.read("ms", number(0, LARGEST_RATE, True), 1.0))
