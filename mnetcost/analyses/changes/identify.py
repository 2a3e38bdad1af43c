"""Which shipped design is this?

One with the same weighted layers, or the nearest, and what tells them apart.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

from ...designs import Design, Settings, load_spec
from ...designs.find import shipped_spec
from ...designs.shipped import shipped
from ...designs.sorts import LARGEST_COUNT
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...engine.graph import Graph
from ...engine.num import pair
from ...engine.ops import Conv, Dense, DepthwiseConv, TransposedConv
from ...errors import MnetcostError
from ..documents import Column, Document, Table, convention_data, design_data, json_data, partial_notes
from .diff import diff

SCHEMA = "mnetcost.identify/1"
SHOWN = 5
# of the weighted layers of the larger of two designs must be equal for the two to be called near,
NEAR = 1 / 2
NEAR_FORM = 0.9  # or so many must be equal but for their widths


class Candidate(NamedTuple):
    """A shipped design beside the file: how many weighted layers they have apart, how many parameters,
    and how much of all kinds.
    """

    design: Design
    layers_apart: (
        int  # weighted layers that one has and the other has not, and those whose map differs in size
    )
    params_apart: int
    counts_apart: int  # parameters and work, of every kind, that one has more
    asked: str  # how a user asks for it
    shared: int  # weighted layers that both have, whatever the size of their maps
    alike: int  # those that both have, whatever their widths
    of: int  # weighted layers of the larger of the two

    @property
    def near(self) -> bool:
        """Has it enough in common with the file to be compared with it?"""
        return self.shared >= NEAR * self.of or self.alike >= NEAR_FORM * self.of

    @property
    def equal(self) -> bool:
        return not self.layers_apart


def signature(graph: Graph) -> Counter[tuple[Any, ...]]:
    """Every layer with weights: its kernel, stride, groups and channels, and the map it gives.

    A dense layer on one position is a pointwise convolution there, and a depthwise one has as many groups
    as channels.
    """
    found: Counter[tuple[Any, ...]] = Counter()
    for node in graph.nodes:
        op, cls = node.op, node.op.__class__
        if cls not in (Conv, Dense, DepthwiseConv, TransposedConv):
            continue
        c = graph.nodes[node.inputs[0]].output.c
        kernel = pair(getattr(op, "kernel", 1))
        stride = pair(getattr(op, "stride", 1))
        groups = c if cls is DepthwiseConv else getattr(op, "groups", 1)
        found[cls is TransposedConv, kernel, stride, groups, c, tuple(node.output)] += 1
    return found


def _apart(a: Counter[Any], b: Counter[Any]) -> int:
    return sum(((a - b) + (b - a)).values())


def _without_map(layers: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    out: Counter[tuple[Any, ...]] = Counter()
    for key, n in layers.items():
        out[key[:2] + key[3:5] + key[5][2:]] += n  # without stride, height and width
    return out


def _form(layers: Counter[tuple[Any, ...]]) -> Counter[tuple[Any, ...]]:
    out: Counter[tuple[Any, ...]] = Counter()
    for (transposed, kernel, stride, groups, c, _), n in layers.items():
        out[transposed, kernel, stride, groups == c, groups == 1] += n
    return out


def _kinds(graph: Graph) -> Counter[Any]:
    costs = cost(graph, allow_unknown=bool(graph.left_out))
    # Caffe keeps one more a layer
    sums = {("params", k): v for k, v in costs.params_by_kind().items() if k != "norm_statistics"}
    return Counter({**sums, **{("work", k): v for k, v in costs.work_by_kind().items()}})


def candidates(design: Design) -> list[Candidate]:
    """Every shipped design at each of its alphas, at this one's size and number of classes; the nearest
    first.
    """
    out: list[tuple[tuple[int, int], int, float, Design]] = []
    mine = signature(design.graph)
    bare, form, kinds = _without_map(mine), _form(mine), _kinds(design.graph)
    weighted = [n.output for n in design.graph.nodes if n.op.__class__ in (Conv, Dense)]
    last = weighted[-1] if weighted else None
    top = last is None or last.h * last.w == 1
    classes = last.c if last is not None and top and last.c <= LARGEST_COUNT else None
    channels = design.in_channels if (design.in_channels or 0) <= LARGEST_COUNT else None
    for name in shipped():
        spec = shipped_spec(name)
        for alpha in spec.alphas:
            wanted = Settings(
                alpha, None, design.resolution, classes, None if top else False, channels=channels
            )
            try:
                there = load_spec(spec, wanted)
            except MnetcostError:  # a size at which it vanishes
                continue
            theirs = signature(there.graph)
            bare_theirs = _without_map(theirs)
            apart = _apart(mine, theirs) + _apart(bare, bare_theirs)
            shares = (bare & bare_theirs).total() >= NEAR * max(bare.total(), bare_theirs.total())
            out.append(((0 if shares else 1 + _apart(form, _form(theirs)), apart), len(out), alpha, there))
    out.sort(key=lambda c: c[:2])
    nearest = [c for c in out if c[0] == out[0][0]][:40] + [c for c in out if c[0] != out[0][0]][:SHOWN]
    found = []
    for (forms, apart), _, alpha, there in nearest:
        theirs_by_kind = _kinds(there.graph)
        params = abs(_params(kinds) - _params(theirs_by_kind))
        theirs = signature(there.graph)
        shared, alike = (bare & _without_map(theirs)).total(), (form & _form(theirs)).total()
        of = max(bare.total(), theirs.total())
        asked = f"{there.name}:alpha={alpha:g}" + (
            f",channels={there.channels}" if there.channels is not None else ""
        )
        counts = _apart(kinds, theirs_by_kind)
        found.append((forms, Candidate(there, apart, params, counts, asked, shared, alike, of)))
    # of designs that cost the same the paper's own comes first
    found.sort(
        key=lambda f: (f[0], f[1].layers_apart, f[1].params_apart, "/" in f[1].design.name, f[1].counts_apart)
    )
    return [candidate for _, candidate in found]


def _params(kinds: Counter[Any]) -> int:
    return sum(n for (what, _), n in kinds.items() if what == "params")


def identify(design: Design, convention: Convention) -> Document:
    """Answer with the design it equals or the nearest, those after it, and what tells it from that one
    and from the nearest paper's.

    Where none has half of its weighted layers in common, none is called near, and none is compared with it.
    """
    found = candidates(design)
    first = found[0]
    differences = {first.asked: diff(first.design, design, convention)} if first.near else {}
    same = first.equal and first.near and not differences[first.asked].causes
    name = design.heading if design.spec else design.name
    if not first.near:
        said = (
            f"{name} is none of the shipped designs, and none is near: "
            f"{first.asked} comes closest and shares {first.shared} of {first.of} layers with weights"
        )
    elif same:
        said = f"{name} is {first.asked}"
    elif first.equal:
        said = f"{name} has the weighted layers of {first.asked}, and differs beside them"
    else:
        said = f"{name} is none of the shipped designs; the nearest is {first.asked}"
        if first.shared < NEAR * first.of:
            said += (
                f", which has {'the' if first.alike == first.of else 'nearly the'} same layers with other"
                " widths"
            )
    totals = (Column("madds", convention.unit, "count"), Column("params", "params", "count"))
    columns = (Column("design", "design"), Column("layers_apart", "layers that differ", "count"), *totals)
    tables = [
        Table(
            "nearest" if first.near else "closest",
            columns,
            tuple((c.asked, c.layers_apart, *_counted(c.design, convention)) for c in found[:SHOWN]),
        )
    ]
    paper = next((c for c in found if c.near and "/" not in c.design.name), None)
    if paper and differences and "/" in first.design.name:
        differences[paper.asked] = diff(paper.design, design, convention)
    for asked, other in differences.items():
        changes = (
            Column("text", "what differs"),
            Column("madds", convention.unit, "change"),
            Column("params", "params", "change"),
        )
        rows = tuple((c.text, c.madds, c.params) for c in (*other.causes, *other.free))
        if rows:
            tables.append(Table(f"from {asked}", changes, rows))
    alike = [c.asked for c in found[1:] if c.equal]
    notes = [f"the same weighted layers: {', '.join(alike)}"] if alike else []
    notes += partial_notes(design.graph)
    data = json_data(
        SCHEMA,
        design.graph,
        design=design_data(design),
        convention=convention_data(convention),
        equal=same,
        near=first.near,
        nearest=[
            {"design": asked, "layers_apart": apart, "madds": madds, "params": params}
            for asked, apart, madds, params in tables[0].rows
        ],
        alike=alike,
        differences=[
            {"from": asked, "text": c.text, "madds": c.madds, "params": c.params}
            for asked, other in differences.items()
            for c in (*other.causes, *other.free)
        ],
    )
    return Document(said, tuple(tables), (*notes, f"convention: {convention.name}"), data)


def _counted(design: Design, convention: Convention) -> tuple[int, int]:
    """Work and parameters under the convention."""
    layers = cost(design.graph).layers
    return convention.madds(t for x in layers for t in x.work), convention.count_params(
        t for x in layers for t in x.params
    )
