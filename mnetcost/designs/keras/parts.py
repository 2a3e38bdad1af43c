"""Of which parts is a Keras file? Weights, the optimizer's state, the config."""

from __future__ import annotations

import zlib
from typing import Any

from ...errors import Fault, SpecError
from ..contents import HDF5, KERAS_ARCHIVE
from ..ondisk import WEIGHTS
from . import archive, container_of

OPTIMIZER, CONFIG, PACKED = "optimizer", "config", "weights, compressed"
CONFIGS = ("config.json", "metadata.json")


def parts(file: str) -> tuple[dict[str, int], dict[str, int | None]]:
    """The bytes of each part of a .keras archive or an .h5 file; of any other file, its config.

    Raises SpecError where the file cannot be read, and where h5py is not installed.
    """
    found = container_of(file)
    if found is KERAS_ARCHIVE:
        return _archive(file), {}
    return (_numbers(file, file) if found is HDF5 else {}), {}


def _archive(file: str) -> dict[str, int]:
    """The entries of an archive: configs as they are stored, weights number by number."""
    import zipfile

    sizes = {WEIGHTS: 0, OPTIMIZER: 0, PACKED: 0, CONFIG: 0}
    try:
        with archive.opened(file) as zipped:
            for info in zipped.infolist():
                if info.filename in CONFIGS:
                    sizes[CONFIG] += info.compress_size
                elif info.filename.endswith(".h5") and info.compress_type == zipfile.ZIP_STORED:
                    with zipped.open(info) as entry:
                        for part, n in _numbers(entry, file).items():
                            sizes[part] += n
                elif info.filename.endswith(".h5"):
                    sizes[PACKED] += info.compress_size
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, OSError) as e:
        raise SpecError(Fault(f"is no whole .keras archive: {str(e)[:120]}", file)) from None
    return sizes


def _numbers(source: Any, file: str) -> dict[str, int]:
    """The bytes of the arrays in an HDF5 file, as they are stored there; the arrays are not read."""
    try:
        import h5py
    except ImportError:
        raise SpecError(
            Fault("an .h5 file is read with h5py", file, hint="pip install 'mnetcost[keras]'")
        ) from None
    sizes = {WEIGHTS: 0, OPTIMIZER: 0}

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            sizes[OPTIMIZER if name.startswith("optimizer") else WEIGHTS] += int(item.id.get_storage_size())

    try:
        with h5py.File(source, "r") as f:
            f.visititems(add)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as e:
        raise SpecError(Fault(f"cannot be read as HDF5: {str(e)[:200]}", file)) from None
    return sizes
