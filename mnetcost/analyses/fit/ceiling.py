"""How much memory is there for the maps of a design: by a limit that is given, or the RAM of a device?"""

from __future__ import annotations

from typing import Any

from ...designs.devices import Device, load_device
from ...designs.programs import TFLITE
from ...designs.settings import Design
from ...designs.sizes import read_memory
from ...errors import CallError
from ...records import NamedTuple
from ..charts import Level
from .named import kib


class Ceiling(NamedTuple):
    """The bytes that there are, and of what: a block of a device's RAM, "" for a limit that is given."""

    bytes: int
    of: str = ""

    def note(self, needed: int) -> str:
        """Whether so many bytes fit, and by how much.

        >>> Ceiling(262_144).note(138_240)
        'within the limit of 262,144 bytes (256.00 KiB): 123,904 bytes (121.00 KiB) are left'
        """
        limit = f"the limit of {self.bytes:,} bytes ({kib(self.bytes)})" + (f", {self.of}" if self.of else "")
        left = self.bytes - needed
        if left < 0:
            return f"above {limit}: {-left:,} bytes ({kib(-left)}) more are needed"
        return f"within {limit}: {left:,} bytes ({kib(left)}) are left"

    def short(self, needed: int) -> str:
        """The same in fewer words, for a picture.

        >>> Ceiling(131_072).short(138_240)
        '7,168 bytes (7.00 KiB) above the limit'
        """
        left = self.bytes - needed
        return f"{abs(left):,} bytes ({kib(abs(left))}) {'below' if left >= 0 else 'above'} the limit"

    def data(self, needed: int) -> dict[str, Any]:
        """The `limit` object of the JSON."""
        return {
            "bytes": self.bytes,
            "of": self.of or None,
            "fits": needed <= self.bytes,
            "margin": self.bytes - needed,
        }

    @property
    def limit(self) -> Level:
        """The line of a chart."""
        return Level(f"limit ({self.of})" if self.of else "limit", self.bytes)


def ceiling_of(limit: int | str | None, device: Device | None, prefix: str = "") -> Ceiling | None:
    """Read a limit of memory, as `fit` reads its RAM; None where there is none.

    device: whose RAM is the limit where none is given. prefix: "--" of options, for errors. Raises CallError
    for what is no size of memory, and for a device whose RAM is not known.
    """
    if limit is not None:
        return Ceiling(read_memory(limit, f"{prefix}limit"))
    if device is None:
        return None
    block = device.ram_block
    if block is None:
        raise CallError(f"the RAM of '{device.name}' is not known", hint=f"{prefix}limit 256K")
    several = f", one of {len(device.ram)} blocks" if len(device.ram) > 1 else ""
    return Ceiling(block.bytes, f"{block.name}{several} of {device.name}")


def dtype_on(design: Design, dtype: str | None, device: Device | None) -> str | None:
    """The type of a design's maps: as asked, or that of the device; None for that of a file."""
    own = design.source.startswith(TFLITE)
    return dtype or (device.dtype if device and not own else None)


def room_of(
    design: Design, limit: int | str | None, device: str | None, dtype: str | None, prefix: str = ""
) -> tuple[Ceiling | None, str | None]:
    """The memory that there is for a design, and the type of its maps; see `ceiling_of` and `dtype_on`.

    device: its name, or a .toml file. Raises what `load_device` raises, too.
    """
    board = None if device is None else load_device(device)
    return ceiling_of(limit, board, prefix), dtype_on(design, dtype, board)
