"""Where is the config in an .h5 file?

In an attribute, which is read within bounds; weights are never read.
"""

from __future__ import annotations

import io
from typing import Any

from ...errors import Fault, SpecError
from ..files import existing

LARGEST_CONFIG = 16 << 20  # bytes of JSON; NASNet-Large has 2 MB
AROUND = 4096  # bytes that HDF5 stores around a value
ATTRIBUTE = b"model_config\0"
FIXED, VARIABLE = 3, 9  # HDF5's classes of text


class TooLarge(Exception):
    """An .h5 file says that its config is larger than any."""


class _Bounded(io.FileIO):
    """An .h5 file of which no part larger than any config is read, nor room made for one.

    HDF5 makes room for an attribute's text before it reads it, as much as the attribute's head says, true
    or not; so the head is looked at when it passes by.
    """

    def readinto(self, buffer: Any, /) -> int | None:
        """Read into a buffer; raise TooLarge where it, or an attribute that begins in it, is larger than a
        config.
        """
        view = memoryview(buffer).cast("B")
        if len(view) > LARGEST_CONFIG + AROUND:
            raise TooLarge
        done = super().readinto(view)
        data = bytes(view)
        at = data.find(ATTRIBUTE)
        while at >= 0:
            if _length(data, at) > LARGEST_CONFIG:
                raise TooLarge
            at = data.find(ATTRIBUTE, at + 1)
        return done


def _length(data: bytes, at: int) -> int:
    """The length of an attribute's text as its head says it, given where its name stands; 0 where that is
    no head.

    The head: version and flags, the sizes of name, type and space, and from version 3 on the name's
    encoding; then these three (in version 1 each up to a multiple of eight) and the value. A text of a
    fixed length has it in its type, any other first in its value.
    Source: HDF5 File Format Specification, version 3.0, IV.A.2.d and m.
    """
    for head, versions in ((at - 8, (1, 2)), (at - 9, (3,))):
        if head < 0 or data[head] not in versions:
            continue
        sizes = [int.from_bytes(data[head + n : head + n + 2], "little") for n in (2, 4, 6)]
        if sizes[0] != len(ATTRIBUTE):
            continue
        name, type_, space = (-(-size // 8) * 8 if data[head] == 1 else size for size in sizes)
        kind = int.from_bytes(data[at + name : at + name + 1], "little") & 15
        where = at + name + 4 if kind == FIXED else at + name + type_ + space
        return int.from_bytes(data[where : where + 4], "little") if kind in (FIXED, VARIABLE) else 0
    return 0


def config(file: str) -> bytes:
    """The config in the attributes of an .h5 file; its weights are not read."""
    try:
        import h5py
    except ImportError:
        raise SpecError(
            Fault("an .h5 file is read with h5py", file, hint="pip install 'mnetcost[keras]'")
        ) from None
    existing(file)
    too_large = SpecError(Fault(f"its model_config is larger than {LARGEST_CONFIG:,} bytes", file))
    try:
        with _Bounded(file) as bounded, h5py.File(bounded, "r") as f:
            several = "model_config" in f.attrs and f.attrs.get_id("model_config").shape
            found = None if several else f.attrs.get("model_config")
    except TooLarge:
        raise too_large from None
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as e:
        raise SpecError(Fault(f"cannot be read as HDF5: {str(e)[:200]}", file)) from None
    if found is None:
        raise SpecError(
            Fault("holds weights only, no model_config", file, hint="save the whole model, not its weights")
        )
    data = found if isinstance(found, bytes) else str(found).encode("utf-8", "replace")
    if len(data) > LARGEST_CONFIG:
        raise too_large
    return data
