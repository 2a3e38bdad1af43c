"""Which of some choices does no other one beat? Pareto sets, exact, of a few choices or of millions.

One choice beats another if it is no worse in any objective and better in one. Of equal choices none beats
another, so all of them are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LARGEST_EXACT = 2**53
"""Up to here float64 holds every whole number."""
WORTH_MOOCORE = 5_000
"""From so many points on that a few good ones do not beat, moocore saves more time than its import takes."""
STRIKERS, SAMPLE, BLOCK = 16, 2048, 256
SPREAD = 2_654_435_761
"""A sample is of every SPREADth point, round and round, so that it follows no order of the points."""


def pareto_front(objectives: Sequence[Any], larger: Sequence[bool] = (), moocore: bool | None = None) -> Any:
    """Return the indices of the points that no other point beats, ascending, as an int64 array.

    objectives: one array a column, all of one length; ints are compared exactly, whatever their size.
    larger: for each objective, whether more of it is better; less is, if this is empty.
    moocore: whether to use that library where there are three objectives or more; None where it is installed
    and the points are many. The answer is the same.
    Raises ValueError for columns of different lengths, or for a value that is not finite.

    >>> pareto_front([[3, 2, 3, 2], [1, 2, 2, 2]]).tolist()
    [0, 1, 3]
    >>> pareto_front([[3, 2, 3, 2], [1, 2, 2, 2]], larger=[False, True]).tolist()
    [1, 3]
    """
    import numpy as np

    columns = _smaller_is_better(objectives, larger)
    if not len(columns[0]):
        return np.empty(0, np.int64)
    sums = sum(map(_scaled, columns))
    few = np.argpartition(sums, min(STRIKERS, len(sums) - 1))[:STRIKERS]
    left = np.flatnonzero(~_beaten([column[few] for column in columns], columns))
    kept, sums = [column[left] for column in columns], sums[left]
    if len(columns) <= 2:
        return left[np.sort(_by_sorting(kept[0], kept[-1]))]
    if moocore is None:
        moocore = len(left) >= WORTH_MOOCORE and _has_moocore()
    return left[np.sort(_by_moocore(kept) if moocore else _by_blocks(kept, sums))]


def first_beating(objectives: Sequence[Any], front: Any, larger: Sequence[bool] = ()) -> Any:
    """Return for each point the first one of `front` that beats it, as an int64 array; -1 where none does.

    objectives, larger: as in `pareto_front`. front: indices of points, such as it returns.

    >>> first_beating([[3, 2, 3], [1, 2, 2]], [0, 1]).tolist()
    [-1, -1, 0]
    """
    import numpy as np

    columns, front = _smaller_is_better(objectives, larger), np.asarray(front, np.int64)
    found = _first_beating([column[front] for column in columns], columns)
    return np.where(found < 0, found, front[found]) if len(front) else found


def beaten_by(costs: Sequence[Sequence[float | None]]) -> list[int | None]:
    """For each row of costs, the first row that beats it: no more in any column, and less in one.

    Less is better in every column. None stands for a cost that is not known: a row that has one beats nothing
    and is beaten by nothing. Of equal rows none beats another.

    >>> beaten_by([(3, 1), (2, 2), (3, 2), (None, 1)])
    [None, None, 0, None]
    """
    known = [n for n, row in enumerate(costs) if None not in row]
    found: list[int | None] = [None] * len(costs)
    if known:
        columns = list(zip(*(costs[n] for n in known), strict=True))
        for n, by in zip(known, first_beating(columns, range(len(known))), strict=True):
            found[n] = known[by] if by >= 0 else None
    return found


def _smaller_is_better(objectives: Sequence[Any], larger: Sequence[bool]) -> list[Any]:
    """The objectives as arrays of which less is better."""
    import numpy as np

    if not len(objectives):
        raise ValueError("there is no objective")
    columns = [_ordered(column) for column in objectives]
    if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
        raise ValueError("objectives must be columns of one length")
    if any(column.dtype.kind == "f" and not np.isfinite(column).all() for column in columns):
        raise ValueError("an objective is not a finite number")
    upward = larger or [False] * len(columns)
    # ~x is -x - 1, which exists for the least int64 too
    return [
        (-column if column.dtype.kind == "f" else ~column) if up else column
        for column, up in zip(columns, upward, strict=True)
    ]


def _ordered(values: Any) -> Any:
    """Values as an array in the order of theirs: as they are, or by rank where numpy's numbers have no room.

    numpy would round a list of whole numbers of which some are below 0 and others past 2**63.
    """
    import numpy as np

    array = np.asarray(values)
    if array.dtype.kind == "f" and array is not values and any(map(_too_long, values)):
        array = np.array(values, object)
    return array if array.dtype.kind in "iubf" else _ranks(array)


def _too_long(value: Any) -> bool:
    return isinstance(value, int) and abs(value) > LARGEST_EXACT


def _ranks(column: Any) -> Any:
    """The place of each value among the different ones, which has the same order and is small."""
    import numpy as np

    return np.unique(column, return_inverse=True)[1]


def _by_sorting(first: Any, second: Any) -> Any:
    """The front of two objectives: sorted by the first, those below all that come before in the second."""
    import numpy as np

    order = np.lexsort((second, first))
    x, y = first[order], second[order]
    new = np.append(True, x[1:] != x[:-1])
    least, group = y[new], np.cumsum(new) - 1
    on = np.append(True, least[1:] < np.minimum.accumulate(least)[:-1])
    return order[on[group] & (y == least[group])]


def _by_moocore(columns: Sequence[Any]) -> Any:
    """The front as moocore finds it. It takes floats, so that larger whole numbers go by rank."""
    import numpy as np
    from moocore import is_nondominated

    points = np.stack([_as_floats(column) for column in columns], axis=1)
    return np.flatnonzero(is_nondominated(points, keep_weakly=True))


def _as_floats(column: Any) -> Any:
    whole = column.dtype.kind in "iu"
    large = whole and max(int(column.max()), -int(column.min())) > LARGEST_EXACT
    return (_ranks(column) if large else column).astype(float)


def _has_moocore() -> bool:
    from importlib.util import find_spec

    return find_spec("moocore") is not None


def _by_blocks(columns: Sequence[Any], sums: Any) -> Any:
    """The front of several objectives: what the front of a sample strikes out, round by round, and then of
    each block of what is left, the best sum first.

    sums: of the objectives, see `_scaled`.
    """
    import numpy as np

    left, at, before = list(columns), np.arange(len(sums)), 2 * len(sums)
    while 4 * SAMPLE < len(at) <= before // 2:
        before = len(at)
        some = np.arange(SAMPLE) * SPREAD % before
        sample = [column[some] for column in left]
        best = _in_blocks(sample, sums[at[some]])
        keep = ~_beaten([column[best] for column in sample], left)
        left, at = [column[keep] for column in left], at[keep]
    return at[_in_blocks(left, sums[at])]


def _in_blocks(columns: Sequence[Any], sums: Any) -> Any:
    """The front of several objectives: the front of each block strikes out later points.

    In order of the sums no point is beaten by a later one. Sums in floats may be equal where objectives are
    not; then the objectives decide the order.
    """
    import numpy as np

    at = np.lexsort((*columns, sums))
    left = [column[at] for column in columns]
    found = []
    while len(at):
        block, rest = ([column[part] for column in left] for part in (slice(BLOCK), slice(BLOCK, None)))
        best = ~_beaten(block, block)
        found.append(at[:BLOCK][best])
        keep = ~_beaten([column[best] for column in block], rest)
        left, at = [column[keep] for column in rest], at[BLOCK:][keep]
    return np.concatenate(found)


def _scaled(column: Any) -> Any:
    """A column on a scale of 0 to 1, in an order that floats may round but never turn."""
    import numpy as np

    floats = column.astype(float)
    floats /= max(floats.max(), -floats.min()) or 1  # so that no difference is too large for a float
    low, high = floats.min(), floats.max()
    return (floats - low) / (high - low) if high > low else np.zeros(len(floats))


def _beaten(by: Sequence[Any], points: Sequence[Any]) -> Any:
    """Which points does one of `by` beat?"""
    return _first_beating(by, points) >= 0


def _first_beating(by: Sequence[Any], points: Sequence[Any]) -> Any:
    """For each point the place in `by` of the first that beats it, or -1; the beaten are not asked again."""
    import numpy as np

    found = np.full(len(points[0]), -1, np.int64)
    left, at = points, np.arange(len(found))
    for n in range(len(by[0])):
        beaten, worse = left[0] >= by[0][n], left[0] > by[0][n]
        for column, other in zip(left[1:], by[1:], strict=True):
            beaten &= column >= other[n]
            worse |= column > other[n]
        beaten &= worse
        if beaten.any():
            found[at[beaten]] = n
            at, left = at[~beaten], [column[~beaten] for column in left]
    return found
