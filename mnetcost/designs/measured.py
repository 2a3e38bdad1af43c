"""What has a user measured? A CSV of designs and milliseconds, read with every mistake in it."""

from __future__ import annotations

import csv
import math
from typing import NamedTuple

from ..errors import CallError, Fault, nearest
from .files import read_text_file

COLUMNS = ("design", "ms")
MOST_ROWS = 10_000
LONGEST_MS = 1e9


class Measured(NamedTuple):
    """A row of a table: a design with its settings, the milliseconds it took, and the line it stands on."""

    design: str
    ms: float
    line: int


def read_measured(path: str) -> list[Measured]:
    """Read a CSV file with the columns `design` and `ms`, in any order; other columns are left alone.

    The commas of a design need no quotes in a table of these two columns alone. Raises CallError with every
    mistake in it: its line, what is wrong, and the nearest right thing.
    """
    text = read_text_file(path).removeprefix("\ufeff")
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    reader = csv.reader(text.splitlines(), delimiter=mark)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        rows = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as e:
        raise CallError(Fault(f"CSV: {e}", path, reader.line_num)) from None
    _check_header(header, path)
    if len(rows) > MOST_ROWS:
        raise CallError(Fault(f"there are more than {MOST_ROWS:,} rows", path))
    at = [header.index(name) for name in COLUMNS]
    faults: list[Fault] = []
    found: dict[str, Measured] = {}
    for line, cells in rows:
        row = _joined(cells, header) if mark == "," else cells
        design, ms = (row[n].strip() if n < len(row) else "" for n in at)
        taken = _number(ms)
        if len(row) > len(header):
            hint = 'quote a design that has commas: "v1:alpha=0.5,classes=10"'
            faults.append(
                Fault(f"there are {len(row)} cells under {len(header)} columns", path, line, hint=hint)
            )
        elif not design:
            faults.append(Fault("there is no design", path, line))
        elif design in found:
            faults.append(
                Fault(
                    f"'{design[:60]}' is on line {found[design].line} too", path, line, hint="give their mean"
                )
            )
        elif taken is None:
            faults.append(Fault(f"'ms' must be a number above 0, not '{ms[:40]}'", path, line))
        else:
            found[design] = Measured(design, taken, line)
    if faults:
        raise CallError(*faults)
    return list(found.values())


def _joined(cells: list[str], header: list[str]) -> list[str]:
    """A row of a table of two columns, of which a design with commas made more cells."""
    if len(cells) < 2:
        return cells
    if header == ["design", "ms"]:
        return [",".join(cells[:-1]), cells[-1]]
    return [cells[0], ",".join(cells[1:])] if header == ["ms", "design"] else cells


def _check_header(header: list[str], path: str) -> None:
    for name in COLUMNS:
        if name not in header:
            like = nearest(name, header)
            raise CallError(
                Fault(
                    f"there is no column '{name}'",
                    path,
                    1,
                    hint=f"is it '{like}'?" if like else "the first line must be: design,ms",
                )
            )
        if header.count(name) > 1:
            raise CallError(Fault(f"there are several columns '{name}'", path, 1))


def _number(text: str) -> float | None:
    try:
        found = float(text.removesuffix("ms").strip())
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 < found <= LONGEST_MS else None
