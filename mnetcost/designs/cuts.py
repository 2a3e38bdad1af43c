"""Where can a design be cut in two? Where the rows below know of those above by one map alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..engine.flash import FOLDED
from ..errors import Fault, SpecError
from .build import INPUT, no_row, reads, row_line
from .spec import Row, Spec, vocabulary


def cuts(spec: Spec, rows: Sequence[Row], named: Sequence[str]) -> Iterator[int]:
    """How many rows stand above each cut, and at last the number of all rows.

    named: what each row is called; see `build.row_labels`. Raises SpecError where a row names one that is not
    above it, or one that may be left out of a design.
    """
    closed = _closed(spec, rows, named)
    return (border for border in range(1, len(rows) + 1) if border not in closed)


def _closed(spec: Spec, rows: Sequence[Row], named: Sequence[str]) -> set[int]:
    """The borders between rows where a design is not known by one map: a later row reads an earlier one."""
    words = vocabulary(spec.blocks)
    closed: set[int] = set()
    at = {INPUT: -1}
    for n, row in enumerate(rows):
        for one in row.any or (row,):
            cls = words[one.op]
            low = min([n, *(_reach(spec, rows, row, name, at, own) for name, own in reads(one, cls))])
            if cls in FOLDED:
                low = min(low, n - 1)  # a norm is folded into the row above
            closed.update(range(max(low, 0) + 1, n + 1))
        at[named[n]] = n
    return closed


def _reach(spec: Spec, rows: Sequence[Row], row: Row, name: str, at: Mapping[str, int], own: bool) -> int:
    """The first row that has to stay together with a row that reads this name."""
    copy = name not in at  # one copy of a row that repeats
    n = at.get(name.rpartition("/")[0] if copy else name)
    if n is None:
        raise SpecError(no_row(name, at, row.key)._replace(file=row.file, line=row_line(spec, row)[1]))
    if n >= 0 and rows[n].optional:
        message = f"'{name}' may be left out, and no other row may read it"
        raise SpecError(Fault(message, *row_line(spec, row), row.key))
    return n if own or copy else n + 1
