"""What is one count made of? A kind and its named factors, kept apart until somebody weighs them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..records import NamedTuple
from .num import Num

MAC_KINDS = ("conv", "depthwise", "pointwise", "grouped", "dense", "matmul", "recurrent")
"""Kinds of work that are multiply-adds of convolutions, dense layers, matrix products and recurrent
layers.
"""

WORK_KINDS = (
    *MAC_KINDS,
    "transposed_output",
    "bias",
    "norm",
    "activation",
    "pool",
    "pool_input",
    "pool_output",
    "add",
    "elementwise",
    "gate",
    "rescale",
    "upsample",
    "lrn",
    "detection",
    "tail",
    "reduce",
    "recurrent_state",
)
"""Every kind of work.

A pool is counted by its windows; `pool_input` and `pool_output` are the numbers it reads and writes.

A transposed convolution is counted at its input's positions; `transposed_output` is the same at its
output's, as some tools count.

`recurrent_state` is what a recurrent layer does to each number of its state without weights.
"""

PARAM_KINDS = (*MAC_KINDS, "bias", "norm", "norm_statistics", "activation", "table")
"""Every kind of parameter."""

WRITTEN = {
    "global_pool": ("module", "function", "mean"),
    "se_pool": ("module", "function", "mean"),
    "activation": ("module", "function"),
    "norm": ("module", "BatchNormAct2d"),
    "dense": ("module", "subclass"),
}
"""How an implementation may write a layer: the keys of a spec's `[written]`, and the words each takes,
the plain one first.
"""

BIASED = "biased"
"""Marks a norm that follows a biased convolution: folding it adds no further bias."""

FOLDED = "folded"
"""What a convention that cannot speak of a file without its norms says in `unknown`: they may be folded
into the convolutions.
"""

KEPT = "kept"
"""Marks a norm that a file keeps as a layer, although exporters of its format usually fold it into the
convolution.
"""


def product(factors: Iterable[Num]) -> Num:
    """Multiply numbers and arrays, exact; those of one array shape first, so that a grid costs one large
    product a term.
    """
    total: Num = 1
    arrays: dict[tuple[int, ...], Num] = {}
    for factor in factors:
        if factor.__class__ is int:
            total *= factor
        else:
            shape = getattr(factor, "shape", ())
            arrays[shape] = arrays[shape] * factor if shape in arrays else factor
    for part in arrays.values():
        total = total * part
    return total


class Term(NamedTuple):
    """One product: `depthwise: 3 k_h x 3 k_w x 32 c x 112 h x 112 w`.

    `variant` tells apart what some conventions weigh differently within a kind: an activation's function, a
    norm's scale and shift, the sort of pooling. `written` is how an implementation writes the layer, where
    that is not the plain way (`[written]`).
    """

    kind: str
    factors: tuple[tuple[str, Num], ...]
    variant: str = ""
    written: str = ""

    @property
    def count(self) -> Num:
        """The product of the factors, exact."""
        return product([factor for _, factor in self.factors])

    def over(self, names: tuple[str, ...] | None) -> Num:
        """The product of the factors of these names, exact; of all of them for None."""
        return product([factor for name, factor in self.factors if names is None or name in names])

    def __str__(self) -> str:
        return " x ".join(f"{value} {name}" for name, value in self.factors)


Terms = Iterator[Term]


def term(kind: str, variant: str = "", **factors: Num) -> Term:
    """Make a term: term("depthwise", k_h=3, k_w=3, c=32, h=112, w=112)."""
    return Term(kind, tuple(factors.items()), variant)


def by_kind(terms: Iterable[Term]) -> dict[str, Num]:
    """Add up counts a kind, in the order the kinds first appear."""
    sums: dict[str, Num] = {}
    for t in terms:
        sums[t.kind] = sums[t.kind] + t.count if t.kind in sums else t.count
    return sums


def merged(several: Iterable[tuple[Term, int]]) -> list[Term]:
    """Terms of one kind, variant and way of writing as one term: its only factor is the sum of their counts,
    each as many times as the number beside it.

    >>> merged([(term("bias", c=8), 2), (term("bias", c=4), 1)])
    [Term(kind='bias', factors=(('count', 20),), variant='', written='')]
    """
    sums: dict[tuple[str, str, str], Num] = {}
    for t, n in several:
        kind, _, variant, written = t
        key, count = (kind, variant, written), t.count if n == 1 else t.count * n
        sums[key] = sums[key] + count if key in sums else count
    return [
        Term(kind, (("count", count),), variant, written) for (kind, variant, written), count in sums.items()
    ]
