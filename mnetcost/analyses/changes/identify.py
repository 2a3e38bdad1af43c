"""Which shipped design is this?

One with the same weighted layers, or the nearest, and the changes from it to this one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from ...designs import Design, Settings, load_spec
from ...designs.find import shipped_spec
from ...designs.shipped import shipped
from ...designs.sorts import LARGEST_COUNT
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...engine.graph import Graph
from ...engine.num import pair
from ...engine.ops import Conv, Conv3d, Dense, DepthwiseConv, DepthwiseConv3d, TransposedConv
from ...engine.shapes import triple
from ...errors import CallError, MnetcostError
from ...records import NamedTuple
from ..documents import Column, Document, Table, convention_data, design_data, json_data, partial_notes
from .diff import Diff, diff

SCHEMA = "mnetcost.identify/1"
SHOWN = 5
MOST_TIED = 40  # designs that come equally near, of which the counts are compared too
NEAR = 1 / 2  # a design is near if it shares this part of the weighted layers of the larger of the two
NEAR_FORM = 0.9  # or this part, with widths left aside
WEIGHTED = {
    Conv: pair,
    Dense: pair,
    DepthwiseConv: pair,
    TransposedConv: pair,
    Conv3d: triple,
    DepthwiseConv3d: triple,
}
"""Ops that are compared, and how a kernel of one number is written along their axes."""


class Candidate(NamedTuple):
    """A shipped design beside the design that is asked about, and how far they are apart."""

    design: Design
    layers_apart: int  # weighted layers that only one of the two has; those whose maps differ in size too
    params_apart: int
    counts_apart: int  # parameters and work, of every kind, that only one of the two has
    asked: str  # the name by which a user asks for it
    shared: int  # weighted layers that both have, whatever the size of their maps
    alike: int  # weighted layers that both have, whatever their widths
    of: int  # weighted layers of the larger of the two

    @property
    def near(self) -> bool:
        """Has it enough layers in common to be compared?"""
        return self.shared >= NEAR * self.of or self.alike >= NEAR_FORM * self.of

    @property
    def equal(self) -> bool:
        """Are all weighted layers the same, at the same sizes?"""
        return not self.layers_apart


def signature(graph: Graph) -> Counter[tuple[Any, ...]]:
    """Count the layers with weights by kernel, stride, groups, input channels and output map.

    A dense layer on one position is a pointwise convolution there, and a depthwise one has as many groups
    as channels.
    """
    found: Counter[tuple[Any, ...]] = Counter()
    for node in graph.nodes:
        op, cls = node.op, node.op.__class__
        if cls not in WEIGHTED:
            continue
        c = graph.nodes[node.inputs[0]].output.c
        kernel = WEIGHTED[cls](getattr(op, "kernel", 1))
        stride = WEIGHTED[cls](getattr(op, "stride", 1))
        groups = c if cls in (DepthwiseConv, DepthwiseConv3d) else getattr(op, "groups", 1)
        found[cls is TransposedConv, kernel, stride, groups, c, tuple(node.output)] += 1
    return found


def _apart(a: Counter[Any], b: Counter[Any]) -> int:
    """How many elements only one of the two has."""
    return sum(((a - b) + (b - a)).values())


def _without_map(layers: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """The same layers without their strides and the sides of their maps."""
    out: Counter[tuple[Any, ...]] = Counter()
    for key, n in layers.items():
        out[key[:2] + key[3:5] + key[5][-1:]] += n
    return out


def _form(layers: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    """The same layers without widths and maps: whether transposed, kernel, stride, depthwise, ungrouped."""
    out: Counter[tuple[Any, ...]] = Counter()
    for (transposed, kernel, stride, groups, c, _), n in layers.items():
        out[transposed, kernel, stride, groups == c, groups == 1] += n
    return out


def _kinds(graph: Graph) -> Counter[Any]:
    """Parameters and work by kind, without running statistics: Caffe keeps one more a layer."""
    costs = cost(graph, allow_unknown=bool(graph.left_out))
    sums = {("params", k): v for k, v in costs.params_by_kind().items() if k != "norm_statistics"}
    return Counter({**sums, **{("work", k): v for k, v in costs.work_by_kind().items()}})


class _Profile(NamedTuple):
    """The layers with weights of a design, from the most exact description to the roughest."""

    exact: Counter[tuple[Any, ...]]  # see `signature`
    without_map: Counter[tuple[Any, ...]]
    form: Counter[tuple[Any, ...]]


def _profile(graph: Graph) -> _Profile:
    exact = signature(graph)
    return _Profile(exact, _without_map(exact), _form(exact))


def _rank(a: _Profile, b: _Profile) -> tuple[int, int]:
    """How far apart two designs are: first 0 where they share enough layers, or else by their forms; then
    by the layers that differ.
    """
    apart = _apart(a.exact, b.exact) + _apart(a.without_map, b.without_map)
    shared = (a.without_map & b.without_map).total()
    shares = shared >= NEAR * max(a.without_map.total(), b.without_map.total())
    return 0 if shares else 1 + _apart(a.form, b.form), apart


def _at_its_settings(design: Design) -> Iterator[tuple[float, Design]]:
    """Every shipped design at each of its alphas, at the size and number of classes of this one."""
    weighted = [n.output for n in design.graph.nodes if n.op.__class__ in (Conv, Conv3d, Dense)]
    last = weighted[-1] if weighted else None
    top = last is None or last.elements == last.c
    classes = last.c if last is not None and top and last.c <= LARGEST_COUNT else None
    channels = design.in_channels if (design.in_channels or 0) <= LARGEST_COUNT else None
    for name in shipped():
        spec = shipped_spec(name)
        for alpha in spec.alphas:
            settings = Settings(
                alpha, None, design.resolution, classes, None if top else False, channels=channels
            )
            try:
                yield alpha, load_spec(spec, settings)
            except MnetcostError:  # a size at which it vanishes, or with another number of sides
                continue


def candidates(design: Design) -> list[Candidate]:
    """Compare a design with every shipped one at each of its alphas, at the size and number of classes of
    this one; return the nearest, the best first.
    """
    mine, kinds = _profile(design.graph), _kinds(design.graph)
    others = [(_profile(there.graph), alpha, there) for alpha, there in _at_its_settings(design)]
    ranked = sorted(((_rank(mine, other[0]), *other) for other in others), key=lambda c: c[0])
    if not ranked:
        raise CallError(f"{design.name}: no shipped design can be built at its size")
    best = ranked[0][0]
    nearest = [c for c in ranked if c[0] == best][:MOST_TIED] + [c for c in ranked if c[0] != best][:SHOWN]
    found = []
    for (forms, apart), theirs, alpha, there in nearest:
        their_kinds = _kinds(there.graph)
        channels = f",channels={there.channels}" if there.channels is not None else ""
        candidate = Candidate(
            there,
            layers_apart=apart,
            params_apart=abs(_params(kinds) - _params(their_kinds)),
            counts_apart=_apart(kinds, their_kinds),
            asked=f"{there.name}:alpha={alpha:g}{channels}",
            shared=(mine.without_map & theirs.without_map).total(),
            alike=(mine.form & theirs.form).total(),
            of=max(mine.exact.total(), theirs.exact.total()),
        )
        found.append((forms, candidate))
    # of designs that cost the same the paper's comes first
    found.sort(
        key=lambda f: (f[0], f[1].layers_apart, f[1].params_apart, "/" in f[1].design.name, f[1].counts_apart)
    )
    return [candidate for _, candidate in found]


def _params(kinds: Counter[Any]) -> int:
    return sum(n for (what, _), n in kinds.items() if what == "params")


def identify(design: Design, convention: Convention) -> Document:
    """Answer with the shipped design that this one equals, or the nearest; those after it; and the changes
    from the nearest and from the nearest of a paper to this one.

    Where no shipped design has half of the weighted layers in common, none is called near, and none is
    compared with it. Raises UnknownOpError as `diff` does.
    """
    found = candidates(design)
    first = found[0]
    differences = _differences(design, found, convention)
    same = first.equal and first.near and not differences[first.asked].causes
    nearest = _nearest_table(found, convention)
    alike = [c.asked for c in found[1:] if c.equal]
    data = json_data(
        SCHEMA,
        design.graph,
        design=design_data(design),
        convention=convention_data(convention),
        equal=same,
        near=first.near,
        nearest=nearest.records(),
        alike=alike,
        differences=[
            {"from": asked, "text": c.text, "madds": c.madds, "params": c.params}
            for asked, other in differences.items()
            for c in (*other.causes, *other.free)
        ],
    )
    notes = [f"the same weighted layers: {', '.join(alike)}"] if alike else []
    notes += [*partial_notes(design.graph), f"convention: {convention.name}"]
    tables = (nearest, *_difference_tables(differences, convention))
    return Document(_headline(design, first, same), tables, tuple(notes), data)


def _differences(design: Design, found: list[Candidate], convention: Convention) -> dict[str, Diff]:
    """The changes from the nearest design, and from the nearest of a paper, to this one; none where none is
    near.
    """
    first = found[0]
    if not first.near:
        return {}
    bases = [first]
    if "/" in first.design.name:
        bases += [c for c in found if c.near and "/" not in c.design.name][:1]
    return {base.asked: diff(base.design, design, convention) for base in bases}


def _headline(design: Design, first: Candidate, same: bool) -> str:
    """The answer in one sentence."""
    name = design.heading if design.spec else design.name
    if not first.near:
        return (
            f"{name} is none of the shipped designs, and none is near: "
            f"{first.asked} comes closest and shares {first.shared} of {first.of} layers with weights"
        )
    if same:
        return f"{name} is {first.asked}"
    if first.equal:
        return f"{name} has the weighted layers of {first.asked}, and differs beside them"
    nearest = f"{name} is none of the shipped designs; the nearest is {first.asked}"
    if first.shared >= NEAR * first.of:
        return nearest
    return (
        f"{nearest}, which has {'the' if first.alike == first.of else 'nearly the'} same layers with other"
        " widths"
    )


def _nearest_table(found: list[Candidate], convention: Convention) -> Table:
    columns = (
        Column("design", "design"),
        Column("layers_apart", "layers that differ", "count"),
        Column("madds", convention.unit, "count"),
        Column("params", "params", "count"),
    )
    rows = tuple((c.asked, c.layers_apart, *_counted(c.design, convention)) for c in found[:SHOWN])
    return Table("nearest" if found[0].near else "closest", columns, rows)


def _difference_tables(differences: dict[str, Diff], convention: Convention) -> Iterator[Table]:
    columns = (
        Column("text", "what differs"),
        Column("madds", convention.unit, "change"),
        Column("params", "params", "change"),
    )
    for asked, other in differences.items():
        rows = tuple((c.text, c.madds, c.params) for c in (*other.causes, *other.free))
        if rows:
            yield Table(f"from {asked}", columns, rows)


def _counted(design: Design, convention: Convention) -> tuple[int, int]:
    """Work and parameters under the convention."""
    layers = cost(design.graph).layers
    return convention.madds(t for x in layers for t in x.work), convention.count_params(
        t for x in layers for t in x.params
    )
