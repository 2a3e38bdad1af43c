"""What has a user measured? A CSV of designs with times or accuracies, read with every mistake in it."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable

from ..errors import CallError, Fault, nearest
from ..records import NamedTuple
from .files import read_text_file

MOST_ROWS = 10_000
LONGEST_MS = 1e9


class Measured(NamedTuple):
    """A row of a table: a design with its settings, the milliseconds it took, and the line it stands on."""

    design: str
    ms: float
    line: int


class Scored(NamedTuple):
    """A row of a table: a design with its settings, its accuracy in per cent, and the line it stands on."""

    design: str
    value: float
    line: int


class Numbers(NamedTuple):
    """A column of numbers: its name, the unit that may stand behind one, which there are, and what to do with
    two of one design.
    """

    name: str
    unit: str
    allowed: Callable[[float], bool]
    words: str
    twice: str


MS = Numbers("ms", "ms", lambda ms: 0 < ms <= LONGEST_MS, "a number above 0", "give their mean")
SCORE = Numbers(
    "value", "%", lambda score: 0 <= score <= 100, "per cent, from 0 to 100", "keep one of the lines"
)


def read_measured(path: str) -> list[Measured]:
    """Read a CSV file with the columns `design` and `ms`; see `read_table`."""
    return [Measured(*row) for row in read_table(path, MS)]


def read_scores(path: str) -> list[Scored]:
    """Read a CSV file with the columns `design` and `value`, an accuracy in per cent; see `read_table`."""
    return [Scored(*row) for row in read_table(path, SCORE)]


def read_table(path: str, numbers: Numbers) -> list[tuple[str, float, int]]:
    """Read a CSV file of designs with a number each, in any order of columns; others are left alone.

    Returns each design with its number and line. The commas of a design need no quotes in a table of these
    two columns alone. Raises CallError with every mistake in it: its line, what is wrong, and the nearest
    right thing.
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
    columns = ("design", numbers.name)
    _check_header(header, columns, path)
    if len(rows) > MOST_ROWS:
        raise CallError(Fault(f"there are more than {MOST_ROWS:,} rows", path))
    at = [header.index(name) for name in columns]
    faults: list[Fault] = []
    found: dict[str, tuple[str, float, int]] = {}
    for line, cells in rows:
        row = _joined(cells, header, columns) if mark == "," else cells
        design, text = (row[n].strip() if n < len(row) else "" for n in at)
        number = _number(text, numbers)
        if len(row) > len(header):
            hint = 'quote a design that has commas: "v1:alpha=0.5,classes=10"'
            faults.append(
                Fault(f"there are {len(row)} cells under {len(header)} columns", path, line, hint=hint)
            )
        elif not design:
            faults.append(Fault("there is no design", path, line))
        elif design in found:
            message = f"'{design[:60]}' is on line {found[design][2]} too"
            faults.append(Fault(message, path, line, hint=numbers.twice))
        elif number is None:
            message = f"'{numbers.name}' must be {numbers.words}, not '{text[:40]}'"
            faults.append(Fault(message, path, line))
        else:
            found[design] = design, number, line
    if faults:
        raise CallError(*faults)
    return list(found.values())


def _joined(cells: list[str], header: list[str], columns: tuple[str, str]) -> list[str]:
    """A row of a table of two columns, of which a design with commas made more cells."""
    if len(cells) < 2:
        return cells
    if header == [*columns]:
        return [",".join(cells[:-1]), cells[-1]]
    return [cells[0], ",".join(cells[1:])] if header == [*columns[::-1]] else cells


def _check_header(header: list[str], columns: tuple[str, str], path: str) -> None:
    for name in columns:
        if name not in header:
            like = nearest(name, header)
            raise CallError(
                Fault(
                    f"there is no column '{name}'",
                    path,
                    1,
                    hint=f"is it '{like}'?" if like else f"the first line must be: {','.join(columns)}",
                )
            )
        if header.count(name) > 1:
            raise CallError(Fault(f"there are several columns '{name}'", path, 1))


def _number(text: str, numbers: Numbers) -> float | None:
    try:
        found = float(text.removesuffix(numbers.unit).strip())
    except ValueError:
        return None
    return found if math.isfinite(found) and numbers.allowed(found) else None
