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
    rows: (name, left, right), each figure of its axis; 0 or more, or any of an axis of changes.
    against: two figures that those of the rows are compared with, as multiples of them, or as a growth where
    the rows are changes; without it the rows are parts of their sums, unless `parts` is false, and they are
    compared with nothing. alike: whether both sides have the same scale.
    """

    title: str
    about: str
    left: Axis
    right: Axis
    rows: tuple[tuple[str, int, int], ...]
    against: tuple[int, int] | None = None
    parts: bool = True
    alike: bool = False


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


class Stacks(NamedTuple):
    """The parts of a figure of each row, one behind the other as one bar.

    parts: the names of the parts. rows: (name, the figure of each part), each 0 or more.
    """

    title: str
    about: str
    axis: Axis
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]


class Heatmap(NamedTuple):
    """A figure of every cell of a grid, with a line for each budget: the cells on one side of it are within.

    down, along: what the rows and the columns are; rows, columns: which, from the top and from the left.
    values: a figure a cell, by row. budgets: the most that a cell within may have. note: what is left out.
    """

    title: str
    about: str
    value: Axis
    down: str
    along: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    budgets: tuple[int, ...] = ()
    note: str = ""


class Dot(NamedTuple):
    """One thing among others, by two figures; front: no other one is better in everything compared."""

    name: str
    x: float
    y: float
    group: str = ""
    front: bool = False


class Scatter(NamedTuple):
    """Things by two figures, with the line of those that no other one is better than in these two.

    dots: at least one. larger: for each axis, whether more of it is better. front: the corners of the line,
    the best in x first. note: what is compared, and what is left out. all_named: dots beside the front have
    names, too, where there is room.
    """

    title: str
    about: str
    x: Axis
    y: Axis
    dots: tuple[Dot, ...]
    larger: tuple[bool, bool] = (False, False)
    front: tuple[tuple[float, float], ...] = ()
    note: str = ""
    all_named: bool = False


class Histogram(NamedTuple):
    """How many things have a figure in each of some ranges.

    axis: of the figure; of: what is counted. bins: (from, to, how many), ascending, both ends included; at
    least one thing. marks: (name, figure), such as quantiles.
    """

    title: str
    about: str
    axis: Axis
    of: str
    bins: tuple[tuple[int, int, int], ...]
    marks: tuple[tuple[str, int], ...] = ()


class Waterfall(NamedTuple):
    """The steps from one figure to another; start and the steps add up to the end.

    start, end: (name, figure); steps: (name, what it adds).
    """

    title: str
    about: str
    axis: Axis
    start: tuple[str, int]
    steps: tuple[tuple[str, int], ...]
    end: tuple[str, int]


class Used(NamedTuple):
    """How much of a limit is used.

    what: the figure that is limited, and its limit as it is written. used: as a share of the limit, None
    where it is not known. state: in a word; passes: None where that is open. why: it is not known.
    """

    name: str
    what: str
    axis: Axis
    value: float | None
    bound: float | None
    used: float | None
    state: str
    passes: bool | None
    why: str = ""


class Limits(NamedTuple):
    """How much of each of some limits is used. note: what is left out."""

    title: str
    about: str
    rows: tuple[Used, ...]
    note: str = ""


class Series(NamedTuple):
    """One line of a chart of lines, or dots that belong together.

    points: (along, up, name) in their order. Without an up there is a gap, and the name says why; with a name
    the point has a dot, and the name is shown beside its exact value. look: "line", straight between points;
    "steps", each value until the next point; "dots", not joined. sizes: of the dots, as parts of the largest;
    none if they are alike.
    """

    name: str
    points: tuple[tuple[float, float | None, str], ...]
    look: str = "line"
    sizes: tuple[float, ...] = ()


class Level(NamedTuple):
    """A value that a line is held against: a line across the whole chart, with its name."""

    name: str
    value: float


class Mark(NamedTuple):
    """A place along a chart of which something is to be known: a thin upright line, with its name."""

    place: float
    name: str


class Lines(NamedTuple):
    """Figures along a quantity, or along an order such as that of layers or commits.

    places: the names of 0, 1, 2 ... along an order; none if `along` is a quantity. from_zero: whether up
    begins at 0. low: half as high, as one of many beneath each other. under: a line beneath the title.
    """

    title: str
    about: str
    along: Axis
    up: Axis
    series: tuple[Series, ...]
    limits: tuple[Level, ...] = ()
    marks: tuple[Mark, ...] = ()
    places: tuple[str, ...] = ()
    from_zero: bool = False
    low: bool = False
    under: str = ""


class Life(NamedTuple):
    """What is held in memory from one step to another, both included.

    offset: where it begins; None where nothing says so, and it stands on what else is held. kind: one of the
    chart's.
    """

    name: str
    bytes: int
    first: int
    last: int
    kind: str
    offset: int | None = None


class Timeline(NamedTuple):
    """Memory over time: what is held at each step, and where.

    steps: what happens at each, in order. kinds: in the order of their tones. peak: the step at which most is
    held, and its bytes. top: what is needed in all, where that is more. limit: what there is.
    """

    title: str
    about: str
    steps: tuple[str, ...]
    lives: tuple[Life, ...]
    kinds: tuple[str, ...]
    peak: tuple[int, int]
    top: Level | None = None
    limit: Level | None = None
    under: str = ""


class Box(NamedTuple):
    """A layer of a network, or the layers of one block together.

    op: the word of its op; empty for several layers. kind: what it does, one of `OP_KINDS`. reads, gives: the
    shapes, channels last, of what it reads and of what others read of it. kernel, stride: of what slides a
    window. function: of an activation; of an op that cannot be costed its type. block: that it belongs to, a
    row of the spec. attached: a norm, an activation or the like, which changes no shape and alone reads the
    layer before. origins: the nodes of a model file that it is from, as `engine.graph.Origin`.
    """

    name: str
    op: str
    kind: str
    reads: tuple[tuple[int, ...], ...]
    gives: tuple[tuple[int, ...], ...]
    params: int = 0
    madds: int = 0
    kernel: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    function: str = ""
    block: str = ""
    layers: int = 1
    attached: bool = False
    origins: tuple[tuple[str, str], ...] = ()


OP_KINDS = ("convolution", "depthwise", "dense", "pool", "join", "other", "block")
"""What the layers of a network do, in the order of legends."""


class Network(NamedTuple):
    """A network as a graph: its layers, or its blocks, and which reads which.

    unit: of multiply-adds. edges: (from, to), places in `boxes`, each once; every box stands behind those
    that it reads. folded: whether its boxes are blocks; note: why, if that was not asked for.
    """

    title: str
    about: str
    unit: str
    boxes: tuple[Box, ...]
    edges: tuple[tuple[int, int], ...]
    folded: bool = False
    note: str = ""


class Panel(NamedTuple):
    """A curve in a plane: its name, a line beneath that, and its points (x, y) from first to last."""

    name: str
    under: str
    points: tuple[tuple[float, float], ...]


class Panels(NamedTuple):
    """Curves in planes, small and beside each other: what becomes of a shape in several ways.

    Each has a scale of its own, the same for both directions.
    """

    title: str
    about: str
    panels: tuple[Panel, ...]
    under: str = ""


Chart = (
    Bars
    | Strips
    | Blocks
    | Stacks
    | Heatmap
    | Scatter
    | Histogram
    | Waterfall
    | Limits
    | Lines
    | Timeline
    | Network
    | Panels
)
"""Any kind of chart."""
