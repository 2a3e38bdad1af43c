"""Which layers stand in one column of a picture, and which paths go by a column?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ...engine.costs import LayerCost
from ...engine.graph import Graph, Node, Ref
from ...engine.ops import Input
from ...engine.ops.op import traits
from ...engine.shapes import Shape, Volume
from ...records import NamedTuple
from ..charts import Arc
from .draw import Drawn

MOST_COLUMNS = 70
"""More columns than these are drawn as the outermost blocks, and then neighbours of one size together."""


class Column(NamedTuple):
    """Layers that are drawn as one: a name, the layers by their numbers in the graph, and what leaves it."""

    name: str
    refs: tuple[Ref, ...]
    output: Shape | Volume
    work: int
    params: int


USUAL = 24
"""About so many blocks has a network."""


def depth_of(drawn: Drawn, by: str, depth: int | None) -> int | None:
    """The depth of blocks: as asked, or for a file that knows its modules the one at which there are about as
    many as blocks of a network.
    """
    nodes = drawn.costs.graph.nodes
    if depth is None and by == "block" and any(node.module for node in nodes):
        many = {n: len({node.block(n) for node in nodes}) for n in (1, 2, 3)}
        return min(many, key=lambda n: max(many[n] / USUAL, USUAL / many[n]))
    return depth


def columns_of(drawn: Drawn, by: str, depth: int | None) -> list[Column]:
    """The columns of a design, inputs among them, from the first to the last.

    Blocks that neither cost anything nor change how many numbers a map has are in the column that they read,
    as are those that only norm, activate, pad or add. by, depth: see `draw.Asked`.
    """
    graph = drawn.costs.graph
    depth = depth_of(drawn, by, depth)
    found = _joined(drawn, groups_of(graph, by, depth))
    if depth is None and by == "block" and len(found) > MOST_COLUMNS:
        found = _joined(drawn, groups_of(graph, by, 1))
    return _folded(found) if len(found) > MOST_COLUMNS else found


def by_ref(drawn: Drawn) -> dict[Ref, LayerCost]:
    """What each layer costs, by its number in the graph; inputs cost nothing."""
    refs = (ref for ref, node in enumerate(drawn.costs.graph.nodes) if node.op.__class__ is not Input)
    return dict(zip(refs, drawn.costs.layers, strict=True))


def groups_of(graph: Graph, by: str, depth: int | None) -> dict[str, list[Ref]]:
    """The layers of each block, or each layer with what is attached to it, by name."""
    groups: dict[str, list[Ref]] = {}
    names: list[str] = []
    for ref, node in enumerate(graph.nodes):
        if node.op.__class__ is Input:
            name = node.name
        elif by == "block":
            name = node.place if depth is None else node.block(depth)
        else:
            before = max(node.inputs, default=None)
            attached = (
                traits(node.op).light and before is not None and graph.nodes[before].op.__class__ is not Input
            )
            name = names[before] if attached and before is not None else node.name
        names.append(name)
        groups.setdefault(name, []).append(ref)
    return groups


def _joined(drawn: Drawn, groups: Mapping[str, list[Ref]]) -> list[Column]:
    """The groups as columns, those without an effect on the map or on the cost in the column they read."""
    nodes, costs = drawn.costs.graph.nodes, by_ref(drawn)
    last_reader: dict[Ref, Ref] = {i: ref for ref, node in enumerate(nodes) for i in node.inputs}
    home: dict[Ref, str] = {}
    found: dict[str, Column] = {}
    for name, refs in groups.items():
        mine = set(refs)
        end = max((r for r in refs if last_reader.get(r) not in mine), default=refs[-1])
        layers = [costs[r] for r in refs if r in costs]
        work = int(drawn.convention.madds([t for layer in layers for t in layer.work]))
        params = int(drawn.convention.count_params(t for layer in layers for t in layer.params))
        before = max((i for r in refs for i in nodes[r].inputs if i not in mine), default=None)
        idle = not (work or params) or all(traits(nodes[r].op).light for r in refs)
        if before is not None and idle and nodes[before].output.elements == nodes[end].output.elements:
            name = home[before]
            old = found[name]
            found[name] = old._replace(
                refs=(*old.refs, *refs), work=old.work + work, params=old.params + params
            )
        else:
            found[name] = Column(name, tuple(refs), nodes[end].output, work, params)
        home |= dict.fromkeys(refs, name)
    return list(found.values())


def _folded(columns: Sequence[Column]) -> list[Column]:
    """Columns of which neighbours with maps of one size are one, and then as many together as must be."""
    alike = [_one(list(run)) for _, run in groupby(columns, key=lambda column: column.output)]
    many = -(-len(alike) // MOST_COLUMNS)
    return [_one(alike[n : n + many]) for n in range(0, len(alike), many)]


def _one(run: Sequence[Column]) -> Column:
    """Several columns as one, named by the first and the last."""
    first, last = run[0], run[-1]
    if len(run) == 1:
        return first
    return Column(
        f"{first.name} … {last.name}",
        tuple(ref for column in run for ref in column.refs),
        last.output,
        sum(column.work for column in run),
        sum(column.params for column in run),
    )


def widest(graph: Graph, column: Column) -> Shape | Volume | None:
    """The map inside of a column that has most channels, if it has more than what leaves it.

    Maps that are concatenated and vectors, such as those of squeeze-and-excite, are not looked at.
    """
    inner = [
        node.output
        for node in (graph.nodes[ref] for ref in column.refs)
        if traits(node.op).writes
        and traits(node.op).label != "concat"
        and node.output.positions > 1
        and node.op.__class__ is not Input
    ]
    found = max(inner, key=lambda y: (y.c, y.positions), default=None)
    return found if found is not None and found.c > column.output.c else None


class Branch(NamedTuple):
    """A way into a join: how many layers of the join's column compute on it, and the column it is from."""

    layers: int
    source: int


def arcs_of(graph: Graph, columns: Sequence[Column]) -> list[Arc]:
    """The paths that go by columns: shortcuts that are added, directly or through fewer layers than the other
    path, and maps that are concatenated as they are.
    """
    home = {ref: n for n, column in enumerate(columns) for ref in column.refs}
    ways: dict[Ref, Branch] = {}  # from each layer back out of its column
    found: dict[Arc, None] = {}
    for ref, node in enumerate(graph.nodes):
        here = home[ref]
        branches = [ways[i] if home[i] == here else Branch(0, home[i]) for i in node.inputs]
        if joins(node) and len(branches) > 1:
            found |= dict.fromkeys(_by(node, branches, here))
        longest = max(branches, default=Branch(0, here))
        ways[ref] = longest._replace(layers=longest.layers + (not traits(node.op).light))
    return list(found)


def joins(node: Node) -> bool:
    """Whether a layer puts together what two or more others give: a sum, a concatenation, ..."""
    return traits(node.op).reads == 0 or traits(node.op).label == "axpy"


def _by(node: Node, branches: Sequence[Branch], here: int) -> Iterable[Arc]:
    """The arcs that end in a join: all ways into it but the longest."""
    kind = "concat" if traits(node.op).label == "concat" else "add"
    longest = branches.index(max(branches))
    for n, (layers, source) in enumerate(branches):
        by = layers == 0 or (kind == "add" and layers < branches[longest].layers)
        if n != longest and by and source < here:
            yield Arc(source, here, kind, layers == 0)
