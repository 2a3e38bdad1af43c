"""What is drawn of an answer? Charts as data: raw values, what is along their axes, and what to say of them.

Like tables, charts hold exact values and names as they are stored; `output/charts/` draws them, one module
for each kind, and formats what is written in them.
"""

from __future__ import annotations

from ..records import NamedTuple


class Axis(NamedTuple):
    """A quantity: its title, and the kind of its values as of a column (`Column.kind`).

    log: whether equal steps along it are equal ratios.
    """

    title: str
    kind: str = "count"
    log: bool = False


class Bars(NamedTuple):
    """Two figures of each row, one as a bar to the left and one as a bar to the right of its name.

    about: the same in one or two sentences, for those who do not see it; likewise of every chart.
    rows: (name, left, right), each figure of its axis; 0 or more.
    """

    title: str
    about: str
    left: Axis
    right: Axis
    rows: tuple[tuple[str, int, int], ...]


class Slab(NamedTuple):
    """What a block gives, drawn as a column.

    name: of the block. size: of its map, (h, w, c), or (d, h, w, c) of a volume. widest: the map inside with
    most channels, where it has more than this one; empty if none has. work, params: of the block; layers: how
    many it has.
    """

    name: str
    size: tuple[int, ...]
    widest: tuple[int, ...]
    work: int
    params: int
    layers: int


class Arc(NamedTuple):
    """A path that goes by a block: what a slab holds is added to, or put behind, what a later one gives.

    first, last: the positions of both. kind: "add" or "concat". direct: whether nothing is computed on the
    way.
    """

    first: int
    last: int
    kind: str
    direct: bool


class Strip(NamedTuple):
    """A network from left to right: its blocks in order, the paths that go by blocks, and its totals."""

    title: str
    heading: str
    slabs: tuple[Slab, ...]
    arcs: tuple[Arc, ...]
    work: int
    params: int


class Strips(NamedTuple):
    """Networks beneath each other, on one scale; work: what is counted of them."""

    title: str
    about: str
    work: Axis
    strips: tuple[Strip, ...]


class Step(NamedTuple):
    """A layer within a block, with the norm and the activation that follow it.

    kind: "input", a map from outside; "layer"; or a join: "add", "gate" or "concat". name: of the layer.
    part: what it is in its block, "expand", where the word does not say it. word: what it does, "3x3
    depthwise, stride 2"; with_: what follows, "BN, ReLU6". size: of the map that it gives. inputs: the
    positions of the steps that it reads.
    """

    kind: str
    name: str
    part: str
    word: str
    with_: str
    size: tuple[int, ...]
    inputs: tuple[int, ...]
    work: int
    params: int


class Block(NamedTuple):
    """One block of a network: its steps in order, inputs first, and what it costs of the whole.

    heading: of the design. many: how many such blocks it has; whole: the work of the design.
    """

    title: str
    heading: str
    name: str
    many: int
    steps: tuple[Step, ...]
    work: int
    params: int
    whole: int


class Blocks(NamedTuple):
    """Blocks side by side, on one scale; work: what is counted of them."""

    title: str
    about: str
    work: Axis
    blocks: tuple[Block, ...]


Chart = Bars | Strips | Blocks
"""Any kind of chart."""
