"""What does a convention weigh each kind of count? Conventions are data (`specs/conventions/`); this is how they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .numbers import Num
from .terms import Term


class Convention(NamedTuple):
    """Weights by kind, or by kind and variant ("activation.relu6"); a kind without a weight counts 0."""

    name: str
    title: str
    source: str
    work: Mapping[str, int]
    params: Mapping[str, int]
    unit: str = "MAdds"  # what the work column is called

    def madds(self, terms: Iterable[Term]) -> Num:
        """Weigh work."""
        return weigh(terms, self.work)

    def count_params(self, terms: Iterable[Term]) -> Num:
        """Weigh parameters."""
        return weigh(terms, self.params)


def weigh(terms: Iterable[Term], weights: Mapping[str, int]) -> Num:
    """Add up count x weight, in integers."""
    total: Num = 0
    for t in terms:
        weight = weights.get(f"{t.kind}.{t.variant}") if t.variant else None
        if weight is None:
            weight = weights.get(t.kind, 0)
        if weight:
            count = t.count if weight == 1 else t.count * weight
            total = total + count
    return total
