"""How is a file written? Whole or not at all: under another name, and then it takes the place of the old."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import CallError


@contextmanager
def replacing(path: str | Path) -> Iterator[IO[bytes]]:
    """A file to write, which takes the place of another one once it is whole, with the other's permissions.

    A pipe or /dev/stdout cannot be replaced, and is written to. Raises CallError if it cannot be written.
    """
    temporary = None
    try:
        target = Path(path)
        if target.exists() and not target.is_file():
            with target.open("wb") as f:
                yield f
            return
        handle, temporary = tempfile.mkstemp(dir=target.resolve().parent, prefix=".mnetcost-")
        with os.fdopen(handle, "wb") as f:
            yield f
        mask = os.umask(0)
        os.umask(mask)
        Path(temporary).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~mask)
        Path(temporary).replace(target.resolve())
    except (OSError, ValueError) as e:  # ValueError: a name with a null byte
        raise CallError(f"cannot write '{path}': {getattr(e, 'strerror', None) or e}") from None
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def write_file(path: str | Path, data: bytes) -> None:
    """Write a file, whole or not at all; raises CallError if it cannot be written."""
    with replacing(path) as f:
        f.write(data)
