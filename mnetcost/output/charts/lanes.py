"""Where does each step of a block stand? Rows from above, and lanes for the branches, from the left."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from ...analyses.charts import Step
from ...records import NamedTuple

Edge = tuple[int, int]


class Lanes(NamedTuple):
    """Where steps are: the lane of each, from the left, and the row, from above; how many lanes there are;
    and the edges, (from, to), that go by steps in their lane.
    """

    lane: tuple[int, ...]
    row: tuple[int, ...]
    many: int
    bent: tuple[Edge, ...]


def arranged(steps: Sequence[Step]) -> Lanes:
    """Give every step a row, below all that it reads, and a lane, one for each branch.

    The longest way through the largest maps has a lane for itself; branches that begin before it are to the
    left, others to the right, and branches that are not beside each other may have one lane.
    """
    row: list[int] = []
    for step in steps:
        row.append(1 + max((row[i] for i in step.inputs), default=-1 if step.kind == "input" else 0))
    main, *others = _chains(steps, row)
    begin = _begin(steps, main)
    left = [chain for chain in others if _begin(steps, chain) < begin]
    right = [chain for chain in others if _begin(steps, chain) >= begin]
    ends = _ends(steps, row)
    sides = [_packed(side, row, ends) for side in (left, right)]
    lane = [0] * len(steps)
    before = len(sides[0])
    for n, chains in enumerate((*reversed(sides[0]), [main], *sides[1])):
        for at in (at for chain in chains for at in chain):
            lane[at] = n
    edges = [(i, n) for n, step in enumerate(steps) for i in step.inputs]
    bent = tuple(edge for edge in edges if _blocked(edge, lane, row))
    return Lanes(tuple(lane), tuple(row), before + 1 + len(sides[1]), bent)


def _chains(steps: Sequence[Step], row: Sequence[int]) -> list[list[int]]:
    """The steps as ways from above, the one to the last step first; each is in one."""
    left = set(range(len(steps)))
    found = []
    for last in range(len(steps) - 1, -1, -1):
        if last not in left:
            continue
        chain: list[int] = []
        at: int | None = last
        while at is not None:
            chain.append(at)
            left.discard(at)
            free = [i for i in steps[at].inputs if i in left]
            at = max(free, key=lambda i: (prod(steps[i].size[:-1]), row[i]), default=None)
        found.append(chain[::-1])
    return found


def _begin(steps: Sequence[Step], chain: Sequence[int]) -> int:
    """The first step of a way that is no input, or its input."""
    return next((n for n in chain if steps[n].kind != "input"), chain[0])


def _ends(steps: Sequence[Step], row: Sequence[int]) -> list[int]:
    """The lowest row in which each step is read, or its own."""
    ends = list(row)
    for n, step in enumerate(steps):
        for i in step.inputs:
            ends[i] = max(ends[i], row[n])
    return ends


def _packed(chains: Sequence[list[int]], row: Sequence[int], ends: Sequence[int]) -> list[list[list[int]]]:
    """Chains in as few lanes as have room for them."""
    lanes: list[list[list[int]]] = []
    for chain in sorted(chains):
        for lane in lanes:
            if all(row[chain[0]] > ends[c[-1]] or ends[chain[-1]] < row[c[0]] for c in lane):
                lane.append(chain)
                break
        else:
            lanes.append([chain])
    return lanes


def _blocked(edge: Edge, lane: Sequence[int], row: Sequence[int]) -> bool:
    """Whether steps stand in the way of an edge that goes down its lane."""
    first, last = edge
    return any(lane[n] == lane[first] and row[first] < row[n] < row[last] for n in range(len(lane)))
