"""Which of some choices does another one beat in every objective?"""

from __future__ import annotations

from collections.abc import Sequence


def beaten_by(costs: Sequence[Sequence[float | None]]) -> list[int | None]:
    """For each row of costs, the first row that beats it: no more in any column, and less in one.

    Less is better in every column. None stands for a cost that is not known: a row that has one beats nothing
    and is beaten by nothing. Of equal rows none beats another.

    >>> beaten_by([(3, 1), (2, 2), (3, 2), (None, 1)])
    [None, None, 0, None]
    """
    import numpy as np

    if not costs:
        return []
    table = np.array([[np.nan if value is None else value for value in row] for row in costs], float)
    found: list[int | None] = []
    for row in table:
        no_more, less = (table <= row).all(axis=1), (table < row).any(axis=1)
        beats = np.flatnonzero(no_more & less)
        found.append(int(beats[0]) if len(beats) else None)
    return found
