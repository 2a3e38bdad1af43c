"""What does a convention weigh each kind of count?

Conventions are data (`specs/conventions/`); this is how they are applied.

A weight stands under a kind, a kind's variant, or one of these as an implementation writes it; the most
exact key is used: `norm`, `activation.relu6`, `pool.global_average as mean`. It is a whole number times the
term's own product, or a table of `UNITS` where a tool counts something else of the layer as well: `norm = {
each = 2, channel_once = 6 }`, or an addition less for each number that a convolution writes: `conv = { each
= 2, output = -1 }`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..records import NamedTuple
from .num import Num
from .terms import Term

UNITS: dict[str, tuple[str, ...] | None] = {
    "each": None,  # the term's own product
    "channel": ("c", "batch", "present"),  # once a channel, for every image
    "channel_once": ("c", "present"),  # once a channel, however many images there are
    "image": ("batch", "present"),  # once an image
    "output": (
        "c_out",
        "c",
        "multiplier",
        "d",
        "h",
        "w",
        "batch",
        "present",
    ),  # once a number that the layer writes
    "layer": (
        "k_d",
        "k_h",
        "k_w",
        "c_in",
        "c_in/groups",
        "c_out",
        "c",
        "multiplier",
        "batch",
        "present",
    ),  # once, not at every position
}
"""What a weight may be times: the factors of the term that are multiplied, None for all."""

Weight = int | Mapping[str, int]


class Convention(NamedTuple):
    """Weights by kind; a kind without a weight counts 0."""

    name: str
    title: str
    source: str
    work: Mapping[str, Weight]
    params: Mapping[str, int]
    unit: str = "MAdds"  # what the work column is called
    version: str = ""  # of the tool
    rule: str = ""  # the same in plain words
    float32: bool = False  # the tool adds layers up in float32, where we add exactly
    rare: bool = False  # a formula of papers and notes; no common tool prints it
    # kinds of work, and FOLDED, that it is not known how the tool counts
    unknown: tuple[str, ...] = ()

    @property
    def by_count(self) -> bool:
        """Whether it weighs only counts of work, and no single factors of them."""
        return all(isinstance(weight, int) for weight in self.work.values())

    def madds(self, terms: Iterable[Term]) -> Num:
        """Weigh work."""
        return weigh(terms, self.work)

    def count_params(self, terms: Iterable[Term]) -> Num:
        """Weigh parameters."""
        return weigh(terms, self.params)


def keys(kind: str, variant: str, written: str) -> Iterator[str]:
    """The keys a weight may stand under, the most exact first."""
    if written:
        if variant:
            yield f"{kind}.{variant} as {written}"
        yield f"{kind} as {written}"
    if variant:
        yield f"{kind}.{variant}"
    yield kind


def weight_of(t: Term, weights: Mapping[str, Weight]) -> Weight:
    """The weight of one term: that of its most exact key, 0 if there is none."""
    if t.written:
        return next((weights[key] for key in keys(t.kind, t.variant, t.written) if key in weights), 0)
    # the keys of most terms, without the time that a generator takes
    weight = weights.get(f"{t.kind}.{t.variant}") if t.variant else None
    return weights.get(t.kind, 0) if weight is None else weight


def weigh(terms: Iterable[Term], weights: Mapping[str, Weight]) -> Num:
    """Add up count x weight over some terms: an exact int, or an array if the counts are arrays."""
    total: Num = 0
    for t in terms:
        weight = weight_of(t, weights)
        if not isinstance(weight, int):
            total = total + sum(t.over(UNITS[unit]) * n for unit, n in weight.items())
        elif weight:
            total = total + (t.count if weight == 1 else t.count * weight)
    return total
