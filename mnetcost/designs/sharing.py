"""Do layers that share weights have the same ones? Compared layer by layer, factor by factor."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.graph import Builder, Node
from ..engine.num import everywhere
from ..engine.ops.op import traits
from ..engine.terms import Term
from ..errors import Fault, ShapeError


def check_shared(
    builder: Builder, name: str, theirs: Sequence[Node], ours: Sequence[Node], place: str = ""
) -> None:
    """Check that a row's layers have the weights of those of the row `name`.

    place: of the key that names it. Raises ShapeError naming what differs.
    """
    lent, borrowed = (
        [(n.name, terms) for n in part if (terms := _weights(builder, n))] for part in (theirs, ours)
    )
    if not lent:
        raise ShapeError(Fault(f"'{name}' has no weights", place=place))
    if len(lent) != len(borrowed):
        many = f"'{name}' has {len(lent)} layers with weights, and this row {len(borrowed)}"
        raise ShapeError(Fault(many, place=place))
    for (their, a), (our, b) in zip(lent, borrowed, strict=True):
        if not _equal(a, b):
            one, other = (" + ".join(f"{t.kind}: {t}" for t in terms) for terms in (a, b))
            raise ShapeError(
                Fault(f"the weights of '{their}' ({one}) do not fit '{our}' ({other})", place=place)
            )


def _weights(builder: Builder, node: Node) -> list[Term]:
    return list(traits(node.op).params(node.op, *[builder.shape(i) for i in node.inputs]))


def _equal(a: list[Term], b: list[Term]) -> bool:
    """Are these the same parameters, factor by factor?"""
    return len(a) == len(b) and all(
        x.kind == y.kind
        and len(x.factors) == len(y.factors)
        and all(everywhere(f == g) for (_, f), (_, g) in zip(x.factors, y.factors, strict=True))
        for x, y in zip(a, b, strict=True)
    )
