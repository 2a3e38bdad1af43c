"""Which pieces is a design made of, so that two designs can be compared piece by piece?

Unrolled rows, or layers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from ...designs.build import INPUT, build
from ...designs.settings import Design
from ...designs.spec import VOCABULARY, Block, Row, Spec, vocabulary
from ...designs.spec.language import naming_keys
from ...engine.graph import Builder, Graph
from ...engine.ops import CLASSES, WORDS, Conv, DepthwiseConv, Reshape, TransposedConv, TransposedConv3d
from ...engine.rules import Rules
from ...engine.shapes import Shape
from ...records import NamedTuple

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass

SAME = "same"
BESIDE = ("shared", "written")  # what a layer of a graph says beside its op's fields


class Unit(NamedTuple):
    """One piece: a row of a spec with one copy, or one layer of a graph; its fields are complete, defaults
    filled in.
    """

    id: str
    op: str
    fields: Mapping[str, Any]
    inputs: tuple[str, ...] = ()  # ids; empty: the piece before it
    role: str = ""
    key: str = ""  # the spec's row it comes from: "layers[3]"
    named: bool = False  # by its author, not by counting
    place: str = ""  # the block a layer belongs to
    shape: Shape | None = None  # what a layer gives
    own: Block | None = None  # the class of its op, if that is a block of its spec

    @property
    def cls(self) -> OpClass:
        """The class of its op, with the traits that `@op` gives it."""
        return cast("OpClass", self.own) or CLASSES.get(self.op) or VOCABULARY[self.op]

    @property
    def is_block(self) -> bool:
        """Does it stand for several layers?"""
        return self.op not in CLASSES

    @property
    def heavy(self) -> bool:
        """Is it more than a layer attached to another one, such as a norm, an activation or padding?"""
        return not self.cls.light


FROM_STYLE = ("norm", "bias", "activation")  # fields of a block that follow [style] where the row is silent


class World(NamedTuple):
    """What holds for a whole design; a model file has only its batch."""

    resolution: tuple[int, ...] = (0, 0)
    channels: int = 0
    alpha: float = 1.0
    classes: int | None = None
    batch: int = 1
    rules: Rules = Rules()


class State(NamedTuple):
    """A design in pieces: those of `units` that are there, in the order of `order`."""

    world: World
    units: dict[str, Unit]
    order: tuple[str, ...]
    spec: Spec | None  # whose rows the units are; None where they are layers

    def graph(self) -> Graph:
        """Build the graph of the pieces.

        Raises ShapeError or SpecError where they do not fit together.
        """
        here = [i for i in self.order if i in self.units]
        units = [self.units[i]._replace(inputs=self._inputs(i)) for i in here]
        world = self.world
        if self.spec is None:
            return rebuild(units)
        rows = tuple(Row(u.op, u.fields, u.id, u.inputs, role=u.role) for u in units)
        blocks = {u.op: u.own for u in units if u.own}
        spec = self.spec._replace(
            rules=world.rules, channels=world.channels, layers=rows, top=(), file="", text="", blocks=blocks
        )
        *depth, height, width = world.resolution
        return build(spec, float(world.alpha), height, width, world.classes, True, *depth)

    def _inputs(self, id_: str) -> tuple[str, ...]:
        """A piece's inputs; for one that is not there, the piece before its place."""
        out = []
        for i in self.units[id_].inputs:
            if i not in self.units and i != INPUT:
                before = self.order[: self.order.index(i)] if i in self.order else ()
                i = next((b for b in reversed(before) if b in self.units), INPUT)
            out.append(i)
        return tuple(out)


def complete(cls: OpClass, fields: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """A row's fields with the defaults of its op, and with the design's style where the row is silent."""
    style = rules.style
    full = {**cls._field_defaults, **fields}
    if cls.styled:
        full = {
            **full,
            "padding": fields.get("padding", style.padding),
            "bias": fields.get("bias", style.bias),
        }
    if cls not in WORDS:  # a block
        for key in FROM_STYLE:
            if full.get(key, "no such field") in (None, ""):
                full[key] = getattr(style, key)
    return full


def rows(spec: Spec, top: bool) -> Iterator[Unit]:
    """The rows of a spec, unrolled: one piece for every repetition, called as the report calls it."""
    numbers: Counter[str] = Counter()
    ends: dict[str, str] = {}
    words = vocabulary(spec.blocks)
    for row in (*spec.layers, *spec.top) if top else spec.layers:
        label = row.name
        if not label:
            word = words[row.op].label
            numbers[word] += 1
            label = f"{word} {numbers[word]}"
        fields = complete(words[row.op], row.fields, spec.rules)
        inputs = tuple(ends.get(i, i) for i in row.inputs)
        for place, copy in row.copies(label, fields, spec.rules.compound):
            yield Unit(
                place,
                row.op,
                copy,
                inputs,
                row.role,
                row.key,
                bool(row.name),
                place,
                own=spec.blocks.get(row.op),
            )
            inputs = ()
        ends[label] = place


def layers(graph: Graph) -> Iterator[Unit]:
    """The layers of a graph, written one way where files write one thing in several."""
    nodes = graph.nodes
    for n, node in enumerate(nodes):
        word, fields = _canonical(node.op, graph.inputs(node), node.output)
        fields.update({key: value for key in BESIDE if (value := getattr(node, key))})
        chained = not node.inputs or node.inputs == (n - 1,)
        inputs = () if chained else tuple(nodes[i].name for i in node.inputs)
        yield Unit(node.name, word, fields, inputs, key=node.row, place=node.place, shape=node.output)


def _canonical(op: Any, xs: tuple[Shape, ...], y: Shape) -> tuple[str, dict[str, Any]]:
    """An op's word and fields: a grouped convolution of one channel a group is depthwise, sizes are
    single numbers where square.
    """
    if op.__class__ is Conv and op.groups == xs[0].c and op.groups > 1:
        op = DepthwiseConv(op.kernel, op.stride, op.dilation, op.out // op.groups, op.padding, op.bias)
    if op.__class__ is Reshape and op.h == op.w == 1 and op.d is None:
        return "flatten", {}
    fields = {
        k: v[0] if v.__class__ is tuple and len(v) == 2 and v[0] == v[1] else v
        for k, v in op._asdict().items()
    }
    transposed = op.__class__ in (TransposedConv, TransposedConv3d)
    slides = "padding" in fields and "stride" in fields and not transposed
    if slides and op._replace(padding=SAME).shape(*xs) == y:
        fields["padding"] = SAME
    return WORDS[op.__class__], fields


def rebuild(units: list[Unit]) -> Graph:
    """Put layers together again.

    Raises ShapeError where they do not fit.
    """
    b = Builder()
    refs: dict[str, int] = {}
    for u in units:
        fields = dict(u.fields)
        beside = {key: fields.pop(key) for key in BESIDE if fields.get(key)}
        inputs = [refs[i] for i in u.inputs] or ([len(b.nodes) - 1] if b.nodes and u.op != "input" else [])
        refs[u.id] = b.add(
            u.id, CLASSES[u.op](**{k: v for k, v in fields.items() if k not in BESIDE}), *inputs, **beside
        )
    return b.graph()


def tied(spec: Spec) -> bool:
    """Does a row name another one by a key besides `from`? Changes of rows would not follow that."""
    words = vocabulary(spec.blocks)
    return any(
        row.shared
        or row.weights
        or any(row.fields.get(key) is not None for key in naming_keys(words[row.op]))
        for row in (*spec.layers, *spec.top)
    )


def state_of(design: Design, by_row: bool) -> State:
    """A design in pieces: its rows where `by_row`, which needs a spec, or its layers."""
    if not by_row:
        found = tuple(layers(design.graph))
        return State(World(batch=design.batch), {u.id: u for u in found}, tuple(u.id for u in found), None)
    spec = design.spec
    assert spec is not None
    found = tuple(rows(spec, design.top))
    world = World(design.resolution, spec.channels, design.alpha, design.classes, design.batch, spec.rules)
    return State(world, {u.id: u for u in found}, tuple(u.id for u in found), spec)


def substance(graph: Graph) -> list[tuple[Any, ...]]:
    """What a graph computes, without names: two graphs of the same substance are the same network."""
    found = []
    for n in graph.nodes:
        word, fields = _canonical(n.op, graph.inputs(n), n.output)
        inputs = tuple(sorted(n.inputs)) if CLASSES[word].commutes else n.inputs
        found.append((word, fields, inputs, n.output, n.shared))
    return found


def same_blocks(old: Spec, new: Spec) -> bool:
    """Does every word that is a block of either spec mean the same in both?"""
    ours, theirs = vocabulary(old.blocks), vocabulary(new.blocks)
    return all(
        getattr(ours.get(word), "table", word) == getattr(theirs.get(word), "table", word)
        for word in {*old.blocks, *new.blocks}
        if word in ours and word in theirs
    )
