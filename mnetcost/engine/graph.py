"""What is the network? Nodes in execution order, each with its op, its inputs and the shape it gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import Fault, ShapeError
from ..records import NamedTuple
from .num import Num, choose, is_array
from .ops import OPS, Input, Op
from .ops.op import traits
from .shapes import Shape, Volume

MOST_LAYERS = 100_000
LARGEST_MAP = 2**48  # numbers in one map; a spec or file that says more is wrong or means harm

Ref = int  # a node's number in its graph


_new = tuple.__new__
"""Makes a `Node` of all its fields, in a third of the time that its class takes to look for defaults."""


class Origin(NamedTuple):
    """A node of a model file, as viewers of such files find it.

    kind: "node", by its name; "number", by its place in the file's list, from 0; "value", by the name of what
    it gives, where it has no name of its own.
    """

    kind: str
    key: str


class Node(NamedTuple):
    """One layer: an op in its place."""

    name: str  # unique in the graph: "bottleneck 4/1/depthwise"
    op: Op
    inputs: tuple[Ref, ...]
    output: Shape
    place: str  # the block it belongs to: "bottleneck 4/1"
    when: Num = 1  # 0/1 factor: in a grid, the cells where this layer is there at all
    shared: bool = False  # its weights are another node's and were counted there
    why: str = ""  # in a sentence, what it is for here
    row: str = ""  # the key of the spec's row it comes from: "layers[3]"
    part: str = ""  # what it is in its block: "depthwise"; empty where it is the whole place
    written: str = (
        ""  # how an implementation writes it, where that is not the plain way: "mean", "BatchNormAct2d"
    )
    module: str = ""  # PyTorch's module that it is in: "features.0.1"; empty where the file does not say
    origins: tuple[Origin, ...] = ()  # the nodes of a model file that it is from, the innermost first

    def block(self, depth: int) -> str:
        """The block that it belongs to at a depth, from 1: the first `depth` parts of its path.

        The path is that of its module, split at ".", or else its name, split at "/"; a shorter path is the
        block.

        >>> from mnetcost.engine.ops import Input
        >>> from mnetcost.engine.shapes import Shape
        >>> node = Node("bottleneck 4/1/depthwise", Input(7, 7, 64), (), Shape(7, 7, 64), "bottleneck 4/1")
        >>> node.block(1), node.block(2), node.block(9)
        ('bottleneck 4', 'bottleneck 4/1', 'bottleneck 4/1/depthwise')
        """
        if self.module:
            return ".".join(self.module.split(".")[:depth])
        root = len(self.name) - len(self.name.lstrip("/"))  # PyTorch's names begin with "/"
        parts = self.name[root:].split("/")
        return self.name[:root] + "/".join(parts[:depth])


class Graph(NamedTuple):
    """A directed acyclic graph of layers; every input of a node stands before it."""

    nodes: tuple[Node, ...]
    weight_bytes: int | None = None  # as the model file stores them, where the design is a file
    left_out: tuple[str, ...] = ()  # what could not be costed and was skipped on request (--allow-unknown)
    # notes shown under every answer, from the reader of a model file: a guess, a tail that counts nothing
    notes: tuple[str, ...] = ()

    def inputs(self, node: Node) -> tuple[Shape, ...]:
        """The shapes a node reads."""
        return tuple(self.nodes[i].output for i in node.inputs)


def refuse_volumes(op: Op, xs: Sequence[Shape | Volume]) -> None:
    """Raise ShapeError where an op is given a volume and takes maps, naming the op that takes volumes."""
    label = traits(op).label
    if not traits(op).volumes and any(isinstance(x, Volume) for x in xs):
        like = f"{label}3d"
        taking = [word for word, cls in OPS.items() if cls.volumes]
        hint = f"'{like}' takes volumes" if like in OPS else "volumes are taken by: " + ", ".join(taking)
        raise ShapeError(Fault(f"{label} takes maps of height and width, not a volume", hint=hint))


class Builder:
    """Adds layers one after another, propagating shapes as it goes.

    >>> from mnetcost.engine.ops import Conv, Input
    >>> b = Builder()
    >>> image = b.add("image", Input(224, 224, 3))
    >>> b.shape(b.add("stem", Conv(32, kernel=3, stride=2), image))
    Shape(h=112, w=112, c=32)
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.names: set[str] = set()
        self.volumes = False  # whether any layer gives a volume: networks of maps need no check

    def add(
        self,
        name: str,
        op: Op,
        *inputs: Ref,
        place: str = "",
        when: Num = 1,
        shared: bool = False,
        why: str = "",
        row: str = "",
        part: str = "",
        written: str = "",
        module: str = "",
        origins: tuple[Origin, ...] = (),
    ) -> Ref:
        """Add a layer and return its number.

        Raises ShapeError, with the layer's name, where its inputs do not fit, and where there are more than
        MOST_LAYERS.
        """
        about = (shared, why, row, part, written, module, origins)
        return self.append(name, op, inputs, place or name, when, *about)

    def append(
        self,
        name: str,
        op: Op,
        inputs: tuple[Ref, ...],
        place: str,
        when: Num,
        *about: Any,
    ) -> Ref:
        """Add a layer as `add` does; about: all fields of a `Node` from `shared` on."""
        nodes = self.nodes
        if len(nodes) > MOST_LAYERS:
            raise ShapeError(f"the design runs away: more than {MOST_LAYERS:,} layers")
        try:
            if self.volumes:
                refuse_volumes(op, [nodes[i].output for i in inputs])
            output = op.shape(*[nodes[i].output for i in inputs])
        except ShapeError as e:
            raise ShapeError(
                *(Fault(f.message, place=f"layer {name!r}", hint=f.hint) for f in e.faults)
            ) from None
        if when.__class__ is not int and is_array(when):  # where it is not there, what it reads passes by
            output = where(when, output, nodes[inputs[0]].output)
        if name in self.names:
            raise ShapeError(Fault("another layer has this name already", place=f"layer {name!r}"))
        self.names.add(name)
        if output.__class__ is Volume:
            self.volumes = True
        nodes.append(_new(Node, (name, op, inputs, output, place, when, *about)))
        return len(nodes) - 1

    def again(self, first: Ref, x: Ref, to: Ref, place: str) -> None:
        """Add all layers from `first` on once more, in another place, and reading `to` where these read x.

        Both give one shape, so that every shape holds again. Raises ShapeError as `add` does.
        """
        nodes, names, by = self.nodes, self.names, len(self.nodes) - first
        if len(nodes) + by > MOST_LAYERS + 1:
            raise ShapeError(f"the design runs away: more than {MOST_LAYERS:,} layers")
        for name, op, inputs, output, old, *rest in nodes[first:]:
            here = place + name[len(old) :]
            if here in names:
                raise ShapeError(Fault("another layer has this name already", place=f"layer {here!r}"))
            names.add(here)
            moved = tuple([i + by if i >= first else to if i == x else i for i in inputs])
            nodes.append(_new(Node, (here, op, moved, output, place, *rest)))

    def input(self, name: str, h: Num, w: Num, c: Num, d: Num = None) -> Ref:
        """Add an input of h x w x c, or a volume of d x h x w x c."""
        return self.add(name, Input(h, w, c, d))

    def shape(self, ref: Ref) -> Shape:
        """The shape a node gives."""
        return self.nodes[ref].output

    def graph(
        self, weight_bytes: int | None = None, left_out: Sequence[str] = (), notes: Sequence[str] = ()
    ) -> Graph:
        """Return the graph of all layers added so far."""
        return Graph(tuple(self.nodes), weight_bytes, tuple(left_out), tuple(notes))


def where(condition: Num, yes: Shape, no: Shape) -> Shape:
    """One shape where the condition holds (0/1) and another elsewhere; a side that is the same stays one
    number.

    Raises ShapeError where one is a map and the other a volume.
    """
    if yes.__class__ is not no.__class__:
        raise ShapeError(f"in some designs of the grid this is {yes}, in others {no}")
    return yes.__class__(
        *(
            a if a is b or (not is_array(a) and not is_array(b) and a == b) else choose(condition, a, b)
            for a, b in zip(yes, no, strict=True)
        )
    )
