"""What do blocks within blocks cost? A tree by the parts of their paths, with sums at every level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.settings import Design
from ...engine.conventions import Convention
from ...engine.costs import Costs, LayerCost
from ...records import NamedTuple
from ..documents import Branch, Column, Document, Table, about
from .report import notes_under, report_data

if TYPE_CHECKING:
    from ..charts import Bars

DEEPEST = 32
"""Levels of a tree; what is below the last is one row."""
TOGETHER = "equal blocks are one row, with what they cost together; --all shows each"


class Block(NamedTuple):
    """A block with everything in it, or a layer, which has no parts.

    name: as it is shown, below the block that it is part of. path: the whole of it; "" for the design.
    op: the ops of its layers, if it has no parts. layers: how many. times: how many equal blocks it stands
    for; its figures are the sums of these.
    """

    name: str
    path: str
    op: str
    layers: int
    params: int
    madds: int
    parts: tuple[Block, ...] = ()
    times: int = 1


def block_tree(
    name: str, costs: Costs, convention: Convention, everything: bool = False, depth: int | None = None
) -> Block:
    """All blocks of a design, nested by the parts of their paths, in execution order.

    A block with a single part is joined with it. everything: include blocks and layers without params and
    work. depth: see `Node.block`; None for all levels.
    """
    most = min(depth or DEEPEST, DEEPEST)
    return _block(name, "", list(costs.layers), convention, (1, most), everything)


def _block(
    name: str,
    path: str,
    layers: Sequence[LayerCost],
    convention: Convention,
    levels: tuple[int, int],
    everything: bool,
) -> Block:
    """A block and its parts; levels: that of the parts, and the last one."""
    madds = convention.madds(t for layer in layers for t in layer.work)
    params = convention.count_params(t for layer in layers for t in layer.params)
    level, most = levels
    groups: dict[str, list[LayerCost]] = {}
    if level <= most:
        for layer in layers:
            groups.setdefault(layer.node.block(level), []).append(layer)
    if list(groups) == [path]:  # layers of this very path
        groups = {}
    parts = []
    for inner, some in groups.items():
        if inner == path:
            found = _block(_words(some), inner, some, convention, (most + 1, most), everything)
        else:
            short = inner[len(path) + 1 :] if path else inner
            found = _block(short or inner, inner, some, convention, (level + 1, most), everything)
        if everything or found.params or found.madds:
            parts.append(found)
    if len(parts) == 1 and path:
        only = parts[0]
        return only._replace(name=name + only.path[len(path) :], layers=len(layers))
    return Block(name, path, "" if parts else _words(layers), len(layers), params, madds, tuple(parts))


def _words(layers: Sequence[LayerCost]) -> str:
    return ", ".join(dict.fromkeys(layer.word for layer in layers))


def folded(block: Block) -> Block:
    """The same tree with equal neighbours as one block, which stands for all of them, and is joined with the
    block that they are all parts of.
    """
    parts: list[Block] = []
    first: list[Block] = []  # of each of these
    for part in map(folded, block.parts):
        if parts and _alike(first[-1], part):
            like, times = first[-1], parts[-1].times + 1
            together = _multiplied(like, times)
            last = _after(like.name, part.name)
            span = (
                f"{like.name} and {last} (equal)" if times == 2 else f"{like.name} to {last} ({times} equal)"
            )
            parts[-1] = together._replace(name=span)
        else:
            parts.append(part)
            first.append(part)
    if len(parts) == 1 and parts[0].times > 1 and block.path:
        between = parts[0].path[len(block.path) :][:1]
        return parts[0]._replace(name=block.name + between + parts[0].name)
    return block._replace(parts=tuple(parts))


def _after(first: str, last: str) -> str:
    """The last name without the words that the first one begins with, too.

    >>> _after("bottleneck 10", "bottleneck 11")
    '11'
    """
    head, blank, word = last.rpartition(" ")
    return word if first.startswith(head + blank) else last


def _alike(a: Block, b: Block) -> bool:
    """Whether two blocks are of equal parts, or layers of the same op, that cost the same."""
    if (a.op, a.layers, a.params, a.madds, a.times) != (b.op, b.layers, b.params, b.madds, b.times):
        return False
    names = [part.name for part in a.parts] == [part.name for part in b.parts]
    return names and all(map(_alike, a.parts, b.parts))


def _multiplied(block: Block, times: int) -> Block:
    """A block as many times over."""
    return block._replace(
        layers=block.layers * times,
        params=block.params * times,
        madds=block.madds * times,
        parts=tuple(_multiplied(part, times) for part in block.parts),
        times=block.times * times,
    )


def walk(block: Block, more: tuple[bool, ...] = ()) -> Iterator[tuple[tuple[bool, ...], Block]]:
    """Every block below its parent, with whether others follow at each level; see `Branch`."""
    yield more, block
    for n, part in enumerate(block.parts, 1):
        yield from walk(part, (*more, n < len(block.parts)))


def block_data(block: Block) -> dict[str, Any]:
    """A block of the JSON document, with its parts."""
    return {
        "name": block.name,
        "path": block.path,
        **({"op": block.op} if block.op else {}),
        "layers": block.layers,
        "params": block.params,
        "madds": block.madds,
        **({"parts": [block_data(part) for part in block.parts]} if block.parts else {}),
    }


def tree(
    design: Design,
    costs: Costs,
    convention: Convention,
    everything: bool = False,
    depth: int | None = None,
) -> Document:
    """What the blocks of a design cost as a tree: sums of params and work at every level, and their shares.

    everything: include what costs nothing, and show equal blocks one by one. depth: see `Node.block`.
    """
    name = design.name if costs.status == "complete" else f"{design.name} ({costs.status})"
    root = block_tree(name, costs, convention, everything, depth)
    shown = root if everything else folded(root)
    data = report_data(design, costs, convention)
    data |= {**({} if depth is None else {"depth": depth}), "tree": block_data(root)}
    hidden = len(costs.layers) - sum(b.layers for _, b in walk(root) if not b.parts)
    notes = (
        [f"{hidden} of {len(costs.layers)} layers have zero cost and are hidden (use --all)"]
        if hidden
        else []
    )
    notes += [TOGETHER] if any(block.times > 1 for _, block in walk(shown)) else []

    def charts() -> tuple[Bars, ...]:
        from .drawn import cost_by_block

        return (cost_by_block(design, costs, convention, depth),)

    return Document(
        design.heading,
        (_table(shown, convention),),
        tuple(notes_under(design, costs, convention, data["totals"], notes)),
        data,
        (about(design.title, design.source),),
        _flat(root, convention),
        charts=charts,
    )


def _figures(convention: Convention) -> tuple[Column, ...]:
    unit = convention.unit
    return (
        Column("layers", "layers", "integer", rank=2),
        Column("params", "params", "count", rank=1),
        Column("params_share", "params share", "share", rank=3),
        Column("madds", unit, "count"),
        Column("madds_share", f"{unit} share", "share", bar=True),
    )


def _row(block: Block, root: Block) -> tuple[Any, ...]:
    params = block.params / root.params if root.params else None
    madds = block.madds / root.madds if root.madds else None
    return block.layers, block.params, params, block.madds, madds


def _table(root: Block, convention: Convention) -> Table:
    rows = tuple((Branch(more, block.name), *_row(block, root)) for more, block in walk(root))
    return Table("tree", (Column("name", "block", "tree"), *_figures(convention)), rows)


def _flat(root: Block, convention: Convention) -> Table:
    columns = (Column("depth", "depth", "integer"), Column("path", "path"), Column("name", "name"))
    rows = tuple((len(more), block.path, block.name, *_row(block, root)) for more, block in walk(root))
    return Table("tree", (*columns, *_figures(convention)), rows)
