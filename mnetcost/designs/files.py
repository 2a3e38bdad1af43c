"""What does a file hold? Its bytes or text, of bounded size, or one clear error."""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from ..errors import Fault, SpecError

if TYPE_CHECKING:
    from pathlib import Path

LARGEST_TEXT = 1 << 20  # bytes; the largest shipped spec has 4 kB


def is_file(name: str | Path) -> bool:
    """Whether there is a file of this name; False for a name that no file can have."""
    return os.path.isfile(name)


def stem(name: str | Path) -> str:
    """The name of a file without its folder and suffix.

    >>> stem("nets/mine.toml")
    'mine'
    """
    return os.path.splitext(os.path.basename(name))[0]


def existing(path: str | Path, shown_as: str = "") -> str | Path:
    """Return the path of a file unchanged; raises SpecError if there is none of this name, or a folder."""
    if not os.path.isfile(path):
        what = "is a folder, not a file" if os.path.isdir(path) else "no such file"
        raise SpecError(Fault(what, shown_as or str(path)))
    return path


def read_bytes(path: str | Path, limit: int, shown_as: str = "", no_such: str = "no model file is") -> bytes:
    """Read a whole file of at most `limit` bytes.

    shown_as: how errors name the file. no_such: how the error about a larger file ends.

    Raises SpecError for a missing, unreadable or larger file, and for a Git LFS pointer.
    """
    name = shown_as or str(path)
    try:
        with open(existing(path, name), "rb") as f:
            data = f.read(limit + 1)
    except (OSError, ValueError) as e:
        raise SpecError(Fault(f"cannot be read: {getattr(e, 'strerror', None) or e}", name)) from None
    if is_pointer(data):
        raise SpecError(
            Fault("is a Git LFS pointer, not the file itself", name, hint="`git lfs pull` fetches the file")
        )
    if len(data) > limit:
        raise SpecError(Fault(f"is larger than {limit:,} bytes, which {no_such}", name))
    return data


def read_text_file(path: str | Path, shown_as: str = "", limit: int = LARGEST_TEXT) -> str:
    """Read a UTF-8 text of at most `limit` bytes.

    Raises SpecError for a missing, unreadable, larger or non-UTF-8 file.
    """
    return decode(read_bytes(path, limit, shown_as, "no spec is"), shown_as or str(path))


def decode(data: bytes, shown_as: str) -> str:
    """Read bytes as UTF-8; raises SpecError with the line where they are not."""
    try:
        return (
            data.removeprefix(b"\xef\xbb\xbf").decode().replace("\r\n", "\n")
        )  # without its byte order mark
    except UnicodeDecodeError as e:
        raise SpecError(Fault("is not UTF-8 text", shown_as, e.object.count(b"\n", 0, e.start) + 1)) from None


def mapped(file: str) -> memoryview:
    """Map a file into memory, so that only the bytes that are used are read.

    Raises SpecError for a missing, unreadable or empty file.
    """
    import mmap

    try:
        with open(existing(file), "rb") as f:
            if not f.seek(0, 2):
                raise SpecError(Fault("is empty", file))
            return memoryview(mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ))
    except (OSError, ValueError) as e:
        raise SpecError(Fault(f"cannot be read: {getattr(e, 'strerror', None) or e}", file)) from None


def is_pointer(data: bytes) -> bool:
    """Is this the pointer that Git LFS keeps in a file's place?

    Source: git-lfs, docs/spec.md.
    """
    return data.startswith((b"version https://git-lfs.", b"version https://hawser."))
