"""Where is the config in a .keras archive?

In `config.json`, which is read in memory and within bounds; nothing is unpacked to disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from ...errors import Fault, SpecError
from ..files import existing
from .hdf5 import LARGEST_CONFIG

if TYPE_CHECKING:
    import zipfile

LARGEST_DIRECTORY = 4 << 20  # bytes of a zip's list of names
LARGEST_END = 65_557  # bytes of the record at a zip's end, with the longest comment
TOO_LARGE = f"its config.json is larger than {LARGEST_CONFIG:,} bytes"


def config(file: str) -> bytes:
    """The config of a .keras archive; raises SpecError for what is no whole archive."""
    import zipfile
    import zlib

    try:
        with opened(file) as archive, archive.open(_found(archive, file)) as entry:
            data = entry.read(LARGEST_CONFIG + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as e:
        what = f"is no whole .keras archive: {getattr(e, 'strerror', None) or e}"
        raise SpecError(Fault(what, file)) from None
    if len(data) > LARGEST_CONFIG:
        raise SpecError(Fault(TOO_LARGE, file))
    return data


@contextmanager
def opened(file: str) -> Iterator[zipfile.ZipFile]:
    """A .keras archive, its list of names checked; raises SpecError for what is none."""
    import zipfile

    with open(existing(file), "rb") as f:  # noqa: PTH123  # or a str
        _check_directory(f, file)
        with zipfile.ZipFile(f) as archive:
            yield archive


def _check_directory(f: IO[bytes], file: str) -> None:
    """Refuse what has no list of names at its end, or one too large to read."""
    size = f.seek(0, 2)
    f.seek(max(0, size - LARGEST_END))
    tail = f.read()
    end = tail.rfind(b"PK\5\6")
    if end < 0 or len(tail) < end + 22:
        raise SpecError(Fault("is no .keras archive: it is no whole zip file", file))
    if int.from_bytes(tail[end + 12 : end + 16], "little") > LARGEST_DIRECTORY:
        raise SpecError(Fault("its list of names is larger than any .keras archive's", file))


def _found(archive: zipfile.ZipFile, file: str) -> zipfile.ZipInfo:
    """The entry of the config, of a size and in a form that may be read."""
    for name in archive.namelist():
        parts = PurePosixPath(name.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[:1]:
            raise SpecError(Fault(f"holds '{name[:80]}', which points outside of it", file))
    try:
        info = archive.getinfo("config.json")
    except KeyError:
        raise SpecError(Fault("holds no config.json, which every .keras archive does", file)) from None
    if info.compress_type not in (0, 8):  # stored, deflated
        raise SpecError(Fault("its config.json is compressed in a way that Keras does not use", file))
    if info.file_size > LARGEST_CONFIG:
        raise SpecError(Fault(TOO_LARGE, file))
    return info
