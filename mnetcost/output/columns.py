"""How are columns of a million designs written? As CSV, as arrays, or as Parquet, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CallError
from .files import replacing

if TYPE_CHECKING:
    import numpy as np

Columns = Mapping[str, "np.ndarray[Any, Any]"]
HIGH, LOW, DIGITS = "design_high", "design_low", 18
"""Numbers that 64 bits do not hold come as two columns: all digits but the last 18, and those."""


def write_columns(path: str, chunks: Iterator[Columns]) -> None:
    """Write chunks of columns to a file, by its suffix: .csv, .npz or .parquet; whole or not at all.

    Raises CallError for another suffix, for a file that cannot be written, and where pyarrow is not
    installed.
    """
    WRITERS[suffix_of(path)](Path(path), chunks)


def suffix_of(path: str) -> str:
    """The suffix of a file of columns; raises CallError where it is none of them."""
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        raise CallError(
            f"columns are written as {', '.join(WRITERS)}, not to '{path[:200]}'",
            hint="or to a folder, as parts: -o designs/",
        )
    if suffix == ".parquet":
        arrow()
    return suffix


def arrow() -> Any:
    """The library that writes Parquet; raises CallError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise CallError(
            "Parquet needs pyarrow", hint="pip install 'mnetcost[parquet]', or -o FILE.csv"
        ) from None
    return pyarrow


def with_digits(chunk: Columns) -> dict[str, Any]:
    """The columns of a chunk, numbers of two columns as one of digits."""
    if HIGH not in chunk:
        return dict(chunk)
    pairs = zip(chunk[HIGH].tolist(), chunk[LOW].tolist(), strict=True)
    digits = [f"{high}{low:0{DIGITS}}" if high else f"{low}" for high, low in pairs]
    return {"design": digits, **{key: column for key, column in chunk.items() if key not in (HIGH, LOW)}}


def csv_lines(chunks: Iterator[Columns]) -> Iterator[str]:
    """The lines of columns of numbers as CSV, several in one text, the names of the columns first."""
    for n, chunk in enumerate(chunks):
        columns = with_digits(chunk)
        if not n:
            yield ",".join(columns) + "\n"
        values = [column if isinstance(column, list) else column.tolist() for column in columns.values()]
        line = ",".join(["%s"] * len(values)) + "\n"
        yield "".join(map(line.__mod__, zip(*values, strict=True)))


def _csv(path: Path, chunks: Iterator[Columns]) -> None:
    with replacing(path) as f:
        for text in csv_lines(chunks):
            f.write(text.encode())


def _npz(path: Path, chunks: Iterator[Columns]) -> None:
    import numpy as np

    parts = list(chunks)
    arrays: dict[str, Any] = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    with replacing(path) as f:
        np.savez(f, **arrays)


def parquet(path: Path, chunks: Iterator[Columns]) -> None:
    """Write chunks of columns as Parquet, a row group each; whole or not at all."""
    pyarrow = arrow()
    with replacing(path) as f:
        writer = None
        for chunk in chunks:
            table = pyarrow.table(with_digits(chunk))
            writer = writer or pyarrow.parquet.ParquetWriter(f, table.schema, compression="zstd")
            writer.write_table(table)
        if writer:
            writer.close()


WRITERS: dict[str, Callable[[Path, Iterator[Columns]], None]] = {
    ".csv": _csv,
    ".npz": _npz,
    ".parquet": parquet,
}
"""How columns are written, by the suffix of the file."""
