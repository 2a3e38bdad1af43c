"""Which layers are in a block, and how do they follow each other? The block as papers draw it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import accumulate
from typing import Any

from ...engine.costs import LayerCost
from ...engine.graph import Node, Ref
from ...engine.num import pair
from ...engine.ops import Input
from ...engine.ops.op import traits
from ...errors import CallError, nearest
from ...records import NamedTuple
from ..charts import Axis, Block, Blocks, Step
from ..documents import Column, Table
from .columns import by_ref, depth_of, groups_of, joins
from .draw import Asked, Drawn, Sketch
from .strip import title_of

MOST_STEPS = 30
"""Blocks of more steps than these are not drawn."""
MOST_KINDS, MOST_TOGETHER = 4, 48
"""Of so many kinds of block of a design one is drawn where none is named, if together they have no more steps
than these.
"""
ATTACHED = ("norm", "activation", "prelu", "scale", "bias", "dropout")
"""Layers that stand beside the layer that they follow."""
WORDS = {
    "pointwise": "conv",
    "conv": "conv",
    "grouped": "grouped conv",
    "max_pool": "max pool",
    "avg_pool": "average pool",
    "conv3d": "3-D conv",
    "depthwise3d": "3-D depthwise",
}
SHORT = {"norm": "BN", "scale": "scale", "bias": "bias", "dropout": "dropout", "prelu": "PReLU"}
FUNCTIONS = {"relu": "ReLU", "relu6": "ReLU6", "hswish": "h-swish", "hsigmoid": "h-sigmoid", "gelu": "GELU"}


class Kind(NamedTuple):
    """Blocks that are built alike: those of a design, from the first to the last."""

    members: tuple[Block, ...]

    @property
    def costliest(self) -> Block:
        """The block with most work, the first of several."""
        return max(self.members, key=lambda block: block.work)._replace(many=len(self.members))

    @property
    def work(self) -> int:
        """What all of them cost."""
        return sum(block.work for block in self.members)


def sketch(drawn: Sequence[Drawn], asked: Asked) -> Sketch:
    """The blocks that are asked for, or the kinds that cost most: several of one design, one of each of
    several.
    """
    if asked.by == "layer":
        raise CallError(
            "a picture of blocks is not by layer", hint="--depth 2, or more, makes blocks smaller"
        )
    found, notes = (_named(drawn, asked), ()) if asked.blocks else _kinds(drawn, asked)
    unit = drawn[0].convention.unit
    blocks = [block for of_design in found for block in of_design]

    def charts() -> tuple[Blocks, ...]:
        title = ", ".join(dict.fromkeys(block.title for block in blocks))
        about = " ".join(_sentence(block, unit) for block in blocks)
        return (Blocks(f"{title}: inside a block", about, Axis(unit), tuple(blocks)),)

    several = len(drawn) > 1
    tables = tuple(_table(block, unit, several) for block in blocks)
    return Sketch(
        tables, tuple({"blocks": [_data(b) for b in of_design]} for of_design in found), charts, notes
    )


def _sentence(block: Block, unit: str) -> str:
    layers = ", ".join(step.word for step in block.steps if step.kind == "layer")
    return (
        f"{block.heading}, {block.name}: {layers}; {block.params:,} params and {block.work:,} {unit}, from"
        f" {_size(block.steps[0].size)} to {_size(block.steps[-1].size)}."
    )


def _size(size: Sequence[int]) -> str:
    return "x".join(map(str, size))


def _named(drawn: Sequence[Drawn], asked: Asked) -> list[list[Block]]:
    """The blocks of the names that are asked for, in each design that has them."""
    all_groups = [_blocks(one, asked) for one in drawn]
    wholes = [_whole(one) for one in drawn]
    found: list[list[Block]] = [[] for _ in drawn]
    for pattern in asked.blocks:
        hits = 0
        for whole, groups, blocks in zip(wholes, all_groups, found, strict=True):
            for name in groups:
                if name == pattern or fnmatchcase(name, pattern):
                    blocks.append(_block(whole, name, groups[name]))
                    hits += 1
        if not hits:
            names = list(dict.fromkeys(name for groups in all_groups for name in groups))
            like = nearest(pattern, names)
            hint = f"did you mean '{like}'?" if like else "blocks: " + ", ".join(names[:12])
            raise CallError(f"there is no block '{pattern[:60]}'", hint=hint)
    for block in (block for blocks in found for block in blocks):
        if len(block.steps) > MOST_STEPS:
            raise CallError(
                f"'{block.name}' has {len(block.steps)} steps, and at most {MOST_STEPS} are drawn",
                hint="--depth 2, or more, makes blocks smaller",
            )
    return found


def _kinds(drawn: Sequence[Drawn], asked: Asked) -> tuple[list[list[Block]], tuple[str, ...]]:
    """Of one design the kinds of block that cost most, in the order of the network, of several one each."""
    found, notes = [], []
    most = MOST_KINDS if len(drawn) == 1 else 1
    for one in drawn:
        kinds = _all_kinds(one, asked)
        if not kinds:
            raise CallError(
                f"'{one.design.name}' has no block that can be drawn", hint="name one: --block NAME"
            )
        chosen = _few(sorted(kinds, key=lambda kind: -kind.work)[:most])
        found.append([kind.costliest for kind in kinds if kind in chosen])
        if len(kinds) > most:
            notes.append(
                f"{one.design.heading}: {len(chosen)} of {len(kinds)} kinds of block, the costliest in all;"
                " --block NAME draws another"
            )
    return found, tuple(notes)


def _few(kinds: Sequence[Kind]) -> list[Kind]:
    """The first of some kinds, and others as long as a picture of all is not too large."""
    steps = list(accumulate(len(kind.costliest.steps) for kind in kinds))
    return [kind for n, kind in enumerate(kinds) if n == 0 or steps[n] <= MOST_TOGETHER]


def _all_kinds(drawn: Drawn, asked: Asked) -> list[Kind]:
    """All kinds of block of a design with two layers or more, in the order in which they first come; those of
    one layer where there are no others.
    """
    kinds: dict[Any, list[Block]] = {}
    whole = _whole(drawn)
    for name, refs in _blocks(drawn, asked).items():
        block = _block(whole, name, refs)
        if len(block.steps) <= MOST_STEPS:
            kinds.setdefault(_look(block), []).append(block)
    found = [Kind(tuple(blocks)) for blocks in kinds.values()]
    found = [kind for kind in found if kind.work] or found
    return [k for k in found if sum(step.kind == "layer" for step in k.members[0].steps) > 1] or found


def _look(block: Block) -> Any:
    """What blocks of one kind have in common: their steps but for names, sizes and costs."""
    return tuple((step.kind, step.word, step.with_, step.inputs) for step in block.steps)


def _blocks(drawn: Drawn, asked: Asked) -> dict[str, list[Ref]]:
    """The layers of each block, without inputs of the network, which are none."""
    graph = drawn.costs.graph
    groups = groups_of(graph, "block", depth_of(drawn, "block", asked.depth))
    return {name: refs for name, refs in groups.items() if graph.nodes[refs[0]].op.__class__ is not Input}


class Whole(NamedTuple):
    """A design, what each layer of it costs, how often each is read, and what all of them cost."""

    drawn: Drawn
    costs: Mapping[Ref, LayerCost]
    readers: Mapping[Ref, int]
    work: int


def _whole(drawn: Drawn) -> Whole:
    """What the blocks of a design have in common."""
    readers = Counter(ref for node in drawn.costs.graph.nodes for ref in node.inputs)
    work = drawn.convention.madds([t for layer in drawn.costs.layers for t in layer.work])
    return Whole(drawn, by_ref(drawn), readers, int(work))


class Draft:
    """A block as it is put together, layer by layer."""

    def __init__(self, whole: Whole, refs: Iterable[Ref]) -> None:
        self.nodes = whole.drawn.costs.graph.nodes
        self.costs, self.readers = whole.costs, whole.readers
        self.rules = whole.drawn.convention
        self.refs = set(refs)
        self.steps: list[Step] = []
        self.of: dict[Ref, int] = {}  # the step that gives what a layer gives

    def outside(self, ref: Ref) -> None:
        """A map that the block reads."""
        node = self.nodes[ref]
        self.of[ref] = len(self.steps)
        self.steps.append(Step("input", node.name, "", "", "", tuple(node.output), (), 0, 0))

    def layer(self, ref: Ref) -> None:
        """A layer: a step of its own, or what stands beside the one that it follows."""
        node, cost = self.nodes[ref], self.costs[ref]
        work, params = int(self.rules.madds(cost.work)), int(self.rules.count_params(cost.params))
        before = node.inputs[0] if node.inputs else None
        label = traits(node.op).label
        if before is not None and label in ATTACHED and self.follows(before):
            n = self.of[ref] = self.of[before]
            step = self.steps[n]
            with_ = ", ".join(filter(None, (step.with_, _beside(node))))
            self.steps[n] = step._replace(with_=with_, work=step.work + work, params=step.params + params)
            return
        self.of[ref] = len(self.steps)
        kind = {"gate": "gate", "concat": "concat"}.get(label, "add" if joins(node) else "layer")
        inputs = tuple(dict.fromkeys(self.of[i] for i in node.inputs))
        word = _word(node, cost.word)
        part = _part(node, f"{word} {cost.word}") if kind == "layer" else ""
        self.steps.append(Step(kind, node.name, part, word, "", tuple(node.output), inputs, work, params))

    def follows(self, before: Ref) -> bool:
        """Whether a layer that reads another one alone stands beside it."""
        return (
            before in self.refs and self.readers[before] == 1 and self.steps[self.of[before]].kind != "input"
        )


def _block(of: Whole, name: str, refs: Sequence[Ref]) -> Block:
    """A block, with what it reads in front."""
    draft, mine = Draft(of, refs), set(refs)
    for ref in dict.fromkeys(i for r in refs for i in draft.nodes[r].inputs if i not in mine):
        draft.outside(ref)
    for ref in refs:
        draft.layer(ref)
    active = {i for step in draft.steps if step.kind == "add" and step.with_ for i in step.inputs}
    steps = [step if n in active else _linear(step) for n, step in enumerate(draft.steps)]
    work, params = sum(step.work for step in steps), sum(step.params for step in steps)
    design = of.drawn.design
    return Block(title_of(design), design.heading, name, 1, tuple(steps), work, params, of.work)


def _linear(step: Step) -> Step:
    """A step that says "linear" where a layer has a norm, and no activation there or after a sum."""
    if step.with_ == "BN" and step.kind == "layer":
        return step._replace(with_="BN, linear")
    return step


def _part(node: Node, word: str) -> str:
    """What a layer is in its block, unless its word says so."""
    part = node.part.rpartition("/")[2]
    known = part.rstrip("0123456789") in word or part.replace("_", " ") in word
    return "" if known or traits(node.op).label in ATTACHED else part


def _beside(node: Node) -> str:
    """How a norm or an activation is written beside its layer."""
    label = traits(node.op).label
    if label == "activation":
        function = str(getattr(node.op, "function", label))
        return FUNCTIONS.get(function, function.replace("_", " "))
    return SHORT[label]


def _word(node: Node, kind: str) -> str:
    """What a step is called: its window, its kind, and its stride."""
    op = node.op
    word = WORDS.get(kind, kind.replace("_", " "))
    if traits(op).label in ATTACHED:
        return {"norm": "batch norm"}.get(kind, _beside(node))
    kernel, stride = getattr(op, "kernel", None), getattr(op, "stride", 1)
    if kernel is not None:
        sides = kernel if isinstance(kernel, tuple) else pair(kernel)
        sides = sides * 3 if "3d" in traits(op).label and not isinstance(kernel, tuple) else sides
        word = f"{'x'.join(map(str, sides[:3]))} {word}"
    steps = stride if isinstance(stride, tuple) else (stride,)
    if any(n != 1 for n in steps):
        word += f", stride {steps[0] if len(set(steps)) == 1 else 'x'.join(map(str, steps))}"
    return word


def _table(block: Block, unit: str, several: bool) -> Table:
    """The steps of a block as rows."""
    columns = (
        Column("name", "layer"),
        Column("op", "op"),
        Column("with", "with", rank=2),
        Column("output", "output", "size"),
        Column("reads", "reads", rank=4),
        Column("params", "params", "count", rank=1),
        Column("madds", unit, "count"),
        Column("madds_share", f"{unit} share", "share", bar=True, rank=3),
    )
    rows = tuple(
        (
            step.name,
            step.word or step.kind,
            step.with_ or None,
            step.size,
            ", ".join(block.steps[i].name for i in step.inputs) or None,
            step.params,
            step.work,
            step.work / block.work if block.work else None,
        )
        for step in block.steps
    )
    title = f"{block.heading}: {block.name}" if several else block.name
    title += f", one of {block.many} such blocks" if block.many > 1 else ""
    share = 1.0 if block.work else None
    return Table(title, columns, rows, (("block", None, None, None, None, block.params, block.work, share),))


def _data(block: Block) -> dict[str, Any]:
    """A block as JSON."""
    return {
        "name": block.name,
        "alike": block.many,
        "params": block.params,
        "madds": block.work,
        "steps": [
            {
                "kind": step.kind,
                "name": step.name,
                "op": step.word,
                "with": step.with_,
                "output": list(step.size),
                "reads": list(step.inputs),
                "params": step.params,
                "madds": step.work,
            }
            for step in block.steps
        ],
    }
