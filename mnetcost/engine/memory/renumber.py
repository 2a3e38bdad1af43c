"""Which order of tensors, or which offsets, make an arena smaller? A bounded search, each time the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

from ...records import NamedTuple
from .buffers import Buffer, arena, peak
from .greedy import first_fit, place

TRIES = 300
Order = list[int]


class Smaller(NamedTuple):
    """What a search found: the arena's bytes as it is, in another order of equals, and with free offsets.

    bound: the peak, below which no placement goes. order: the numbers of the buffers, each in its new place.
    offsets: of each buffer.
    """

    now: int
    ordered: int
    order: tuple[int, ...]
    planned: int
    offsets: tuple[int, ...]
    bound: int


def smaller(buffers: Sequence[Buffer], tries: int = TRIES) -> Smaller:
    """Look for a smaller arena: buffers with their sizes rounded up, as the planner gets them.

    The planner takes the largest first and of equals the last, so only the order of equals can change where
    it places them. Free offsets may be any: they are placed first-fit in the best order that was found.
    """
    free = [b._replace(offset=None) for b in buffers]
    bound = peak(free).bytes
    now = arena(place(buffers))
    greedy = sorted(range(len(free)), key=lambda i: (-free[i].bytes, -i))

    def head(order: Order) -> int:
        return arena(first_fit(free, order))

    ordered, order = _best(greedy, head, bound, tries, lambda o, random: _swap_equals(o, free, random))
    planned, best = _best(order, head, bound, tries, lambda o, random: _move_up(o, free, random))
    offsets = [b.offset or 0 for b in first_fit(free, best)]
    return Smaller(now, ordered, tuple(order), planned, tuple(offsets), bound)


def _best(
    order: Order,
    head: Callable[[Order], int],
    bound: int,
    tries: int,
    change: Callable[[Order, Random], Order | None],
) -> tuple[int, Order]:
    """Change an order as long as that helps or does no harm, until the bound is reached."""
    random = Random(0)
    best = head(order)
    for _ in range(tries):
        if best <= bound:
            break
        other = change(order, random)
        if other is None:
            break
        size = head(other)
        if size <= best:
            best, order = size, other
    return best, order


def _swap_equals(order: Order, buffers: Sequence[Buffer], random: Random) -> Order | None:
    """Two buffers of one size change places."""
    groups: dict[int, list[int]] = {}
    for n, i in enumerate(order):
        groups.setdefault(buffers[i].bytes, []).append(n)
    several = [group for group in groups.values() if len(group) > 1]
    if not several:
        return None
    a, b = random.sample(random.choice(several), 2)
    other = list(order)
    other[a], other[b] = order[b], order[a]
    return other


def _move_up(order: Order, buffers: Sequence[Buffer], random: Random) -> Order | None:
    """A buffer that reaches the end of the arena is placed earlier."""
    now = first_fit(buffers, order)
    top = arena(now)
    highest = [i for i, b in enumerate(now) if (b.offset or 0) + b.bytes == top]
    i = random.choice(highest)
    at = order.index(i)
    if not at:
        i = random.choice(order)
        at = order.index(i)
    to = random.randrange(max(at, 1))
    rest = [x for x in order if x != i]
    return [*rest[:to], i, *rest[to:]]
