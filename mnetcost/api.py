"""What does the library offer?

Functions for the commands that answer with figures. A design is given by name or file, or as loaded once.

Every function takes the settings of a design by name (see `Asked`), and raises a `MnetcostError` for a
mistake in the call, the design or the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Unpack

from . import designs as _designs
from . import display as _display
from . import shown as _shown
from .analyses.documents import Document
from .designs.asked import Asked
from .designs.asked import by_block as _block
from .designs.asked import depth_of as _depth
from .designs.asked import loaded as _loaded
from .designs.asked import settings as _settings
from .designs.conventions import load_convention
from .designs.settings import Design, sized
from .engine.costs import Costs
from .engine.costs import cost as _cost
from .errors import CallError

if TYPE_CHECKING:
    from .analyses.report.scale import Grid
    from .analyses.search.handle import DesignSpace


_shown.WAYS.update(_display.WAYS)  # so that what these functions return can show itself


def load(design: str, **asked: Unpack[Asked]) -> Design:
    """Load a design: a shipped name, a spec or a model file. Settings behind a colon override the arguments.

    >>> load("v2:alpha=0.5", resolution=160).heading
    'v2:alpha=0.5,resolution=160'

    Raises SpecError if it cannot be found, read or built, CallError for a setting out of range,
    UnknownOpError if an op of a model file cannot be costed.
    """
    return _designs.load(design, _settings(asked))


def cost(design: str | Design, **asked: Unpack[Asked]) -> Costs:
    """Cost every layer of a design: counts of parameters and work by kind, not weighed by a convention.

    >>> cost("v2").work_by_kind()["depthwise"]
    20716416
    """
    loaded = _loaded(design, asked)
    return _cost(loaded.graph, loaded.batch)._replace(heading=loaded.heading)


def totals(design: str | Design, *, convention: str = "paper", **asked: Unpack[Asked]) -> dict[str, Any]:
    """The totals of a design under a convention, as in the JSON of `report`: params, madds, both by kind,
    bytes of weights, elements of activations.

    >>> totals("v2")["params"], totals("v2")["madds"]
    (3504872, 300774272)
    """
    from .analyses.documents import totals_data

    return totals_data(cost(design, **asked), load_convention(convention))


def report(
    design: str | Design,
    *,
    by: str = "layer",
    tree: bool = False,
    depth: int | None = None,
    sort: str | None = None,
    first: int | None = None,
    everything: bool = False,
    memory: bool = False,
    receptive: bool = False,
    dtype: str | None = None,
    convention: str = "paper",
    **asked: Unpack[Asked],
) -> Document:
    """What each layer of a design costs; `by` is "layer", "block", "resolution" or "kind".

    >>> [row[0] for row in report("v2", by="block", depth=1).tables[0].rows][:3]
    ['stem', 'bottleneck 1', 'bottleneck 2']
    >>> report("v2", memory=True).data["memory"]["weights"][1]["folded"]
    3541984
    >>> [part["name"] for part in report("v2", tree=True, depth=2).data["tree"]["parts"][2]["parts"]]
    ['1', '2']

    tree: blocks within blocks, with the sums of what is in them; with `depth` and `everything`.
    depth: of blocks, by the first parts of a layer's path: 1 for the outermost; None for the rows of a spec,
    or for all levels of a tree.
    sort: the key of a column, the largest first. first: only this many rows. everything: include rows with
    no parameters and no work. memory: the bytes that each row reads, writes and holds, and the sizes of the
    design by type and by planner; dtype: of its maps, see `memory`. receptive: what of the image each row
    sees.
    """
    from .analyses.report.report import BY, View
    from .analyses.report.report import report as answer

    if by not in BY:
        raise CallError(f"a report is by {', '.join(BY)}, not by '{by}'")
    view = View(memory, receptive, dtype)
    if tree:
        from .analyses.report.tree import tree as tree_of

        if by != "layer" or sort or first or memory or receptive or dtype:
            raise CallError("a tree has rows of its own", hint="tree=True goes with depth and everything")
        depth, loaded = _depth("block", depth), _loaded(design, asked)
        return tree_of(loaded, cost(loaded), load_convention(convention), everything, depth)
    depth = _depth(by, depth)
    loaded, rules = _loaded(design, asked), load_convention(convention)
    return answer(loaded, cost(loaded), rules, by, sort, first, everything, depth, view)


def compare(
    *designs: str | Design,
    convention: str = "paper",
    columns: Sequence[str] = (),
    unit: str = "",
    by: str | None = None,
    depth: int | None = None,
    **asked: Unpack[Asked],
) -> Document:
    """Designs side by side, with ratios to the first; with `columns`, such as ("params", "madds",
    "madds_ratio"), one row a design.

    unit: "k", "M" or "G", in which people read the counts of such rows. by: "block" for the figures of each
    block; depth: see `report`.
    """
    from .analyses.report.compare import compare as answer

    depth = _depth(_block(by), depth)
    if by and columns:
        raise CallError("give columns or by, not both")
    loaded = [_designs.load(d, _settings(asked)) if isinstance(d, str) else d for d in designs]
    return answer([(d, cost(d)) for d in loaded], load_convention(convention), columns, unit, by, depth)


def scale(
    design: str,
    *,
    alpha: Sequence[float] | None = None,
    resolution: Sequence[int | tuple[int, ...] | str] | None = None,
    convention: str = "paper",
    classes: int | None = None,
    top: bool | None = None,
    batch: int | None = None,
    channels: int | None = None,
    by: str | None = None,
    depth: int | None = None,
    metrics: Sequence[str] = (),
) -> Grid:
    """Params and work at every alpha and resolution, as int64 arrays of shape (alphas, resolutions).

    >>> int(scale("v2", alpha=[1], resolution=[96], metrics=["ram"]).figures["peak_bytes.int8"][0, 0])
    276480

    alpha, resolution: by default those at which the family of the design was published.
    by: "block" for arrays of each block, too: `blocks` are their names, `block_params` and `block_madds` are
    of shape (blocks, alphas, resolutions); depth: see `report`. metrics: further ones of budgets, as
    `figures`, arrays by name.
    Raises CallError for too many cells, or for counts past 2**62.
    """
    from .analyses.report.scale import scale as answer
    from .designs.budgets.options import read_metrics

    depth = _depth(_block(by), depth)
    name, given = _designs.split_design(design)
    spec = _designs.find_spec(name)
    settings = given.over(_settings({"classes": classes, "top": top, "batch": batch, "channels": channels}))
    alphas = [_designs.read_multiplier(a, "alpha") for a in (spec.alphas if alpha is None else alpha)]
    sizes = [*(spec.sizes if resolution is None else map(_designs.read_resolution, resolution))]
    if given.rho is not None or given.resolution is not None:
        sizes = [sized(spec.resolution, given)[0]]
    alphas = alphas if given.alpha is None else [given.alpha]
    asked = read_metrics(",".join(metrics)) if metrics else []
    return answer(spec, alphas, sizes, load_convention(convention), settings, by, depth, asked)


def draw(
    *designs: str | Design,
    style: str = "strip",
    by: str | None = None,
    depth: int | None = None,
    blocks: Sequence[str] = (),
    convention: str = "paper",
    **asked: Unpack[Asked],
) -> Document:
    """The architecture of designs, one or several on one scale; `render(document, "svg")` is the picture.

    >>> answer = draw("v1", "v2")
    >>> [len(design["columns"]) for design in answer.data["designs"]]
    [17, 22]
    >>> render(answer, "svg").startswith("<svg")
    True

    style: "strip", the map behind each block; "graph", layers and what they read; or "block", the layers in a
    block. by: "block" or "layer", what a column of a strip or a box of a graph is; depth: see `report`.
    blocks: names of blocks to look into; without them, each kind of block of one design, or the costliest
    kind of several.
    """
    from .analyses.drawing.draw import Asked as Wanted
    from .analyses.drawing.draw import draw as answer

    if by not in (None, "block", "layer"):
        raise CallError(f"a picture is by block or layer, not by '{str(by)[:60]}'")
    if blocks and style != "block":
        raise CallError("blocks are named for one style", hint='style="block"')
    by = by or (None if depth is None else "block")
    wanted = Wanted(by, _depth(by or "", depth), tuple(blocks))
    loaded = [_designs.load(d, _settings(asked)) if isinstance(d, str) else d for d in designs]
    return answer([(d, cost(d)) for d in loaded], load_convention(convention), style, wanted)


def factorize(
    height: int,
    width: int,
    channels: int,
    *,
    out: int,
    kernel: int | tuple[int, int] = 3,
    stride: int | tuple[int, int] = 1,
    padding: Any = "same",
    groups: int | None = None,
    alpha: float | None = None,
    rho: float | None = None,
    convention: str = "paper",
) -> Document:
    """A convolution on a map of height x width x channels, and its factorisations, side by side.

    Raises ShapeError if the output would have no elements, or if the groups do not divide the channels.
    """
    from .analyses.report.factorize import Layer
    from .analyses.report.factorize import factorize as answer
    from .engine.shapes import Shape

    return answer(
        Layer(Shape(height, width, channels), out, kernel, stride, padding, groups, alpha, rho),
        load_convention(convention),
    )


def explain(
    design: str | Design, layer: str | None = None, *, convention: str = "paper", **asked: Unpack[Asked]
) -> Document:
    """The formula of each layer with its numbers, and why the layer is there.

    layer: the name of a layer or of a block, or a pattern such as `*/depthwise`; None for all.
    """
    from .analyses.report.explain import explain as answer

    loaded = _loaded(design, asked)
    return answer(loaded, cost(loaded), load_convention(convention), layer)


def memory(
    design: str | Design,
    *,
    planner: str | None = None,
    dtype: str | None = None,
    limit: int | str | None = None,
    device: str | None = None,
    timeline: bool = False,
    measure: bool = False,
    split: int | None = None,
    patches: tuple[int, int] | None = None,
    over: str | None = None,
    clip: bool = True,
    **asked: Unpack[Asked],
) -> Document:
    """The memory that a design needs while it runs: its peak, every buffer, and the arena that holds them.

    >>> memory("keras/v2", alpha=0.35, resolution=96).data["arena_bytes"]
    138240
    >>> memory("v2", split=4).data["peak_bytes"], memory("v2", patches=(4, 4)).data["peak_bytes"]
    (702464, 326144)

    planner: "tflm", "cmsis-nn", "cmsis-nn-helium", "liveness", "unfused", "in-place", "sum", "largest",
    or a .toml file; None for "tflm", or "liveness" in pieces. dtype: "int8", "int16", "float16" or
    "float32"; None for int8, or the type of the device or of a TFLite file. limit: the bytes that there are,
    or "256K", of 1,024 each; device: a shipped name, or a .toml file, whose RAM is the limit where none is
    given. measure: run the interpreter of TensorFlow Lite Micro on a TFLite file too (`mnetcost[tflm]`).
    split: compute each bottleneck in so many parts. patches: run the leading part, up to the layer or block
    `over`, in (rows, columns) of patches; clip: without the lines outside of a map. Raises SpecError where an
    op cannot be planned, CallError where a design cannot run in such pieces.
    """
    from .analyses.fit.ceiling import room_of
    from .analyses.fit.memory import memory as answer
    from .analyses.fit.pieces import in_pieces
    from .analyses.fit.plans import planned
    from .designs.planners import DEFAULT, load_planner
    from .designs.programs import load_planned

    loaded = load_planned(design, _settings(asked)) if isinstance(design, str) else _loaded(design, asked)
    room, dtype = room_of(loaded, limit, device, dtype)
    if found := in_pieces(loaded, planner, split, patches, over, clip, dtype, room):
        return found
    return answer(loaded, planned(loaded, load_planner(planner or DEFAULT), dtype), timeline, measure, room)


def receptive(design: str | Design, *, everything: bool = False, **asked: Unpack[Asked]) -> Document:
    """The part of the image that each layer sees: its size, its stride and its padding.

    >>> receptive("v1").data["layers"][-6]["rf"]
    [315, 315]

    everything: also layers that see what the layer they read sees.
    Raises ShapeError for volumes, and where paths of different strides join.
    """
    from .analyses.fit.receptive import receptive as answer

    return answer(_loaded(design, asked), everything)


def fit(
    *designs: str,
    device: str | None = None,
    ram: int | str | None = None,
    flash: int | str | None = None,
    madds: int | str | None = None,
    ms: float | str | None = None,
    alpha: Sequence[float] = (),
    resolution: Sequence[int | tuple[int, ...] | str] = (),
    planner: str = "tflm",
    dtype: str | None = None,
    everything: bool = False,
    convention: str = "paper",
    classes: int | None = None,
    top: bool | None = None,
    batch: int | None = None,
    channels: int | None = None,
) -> Document:
    """Which designs fit into a device: by which figure, with what margin; those with most multiply-adds
    first.

    >>> fit("keras/v2", alpha=[0.35], resolution=[96], ram="256K").data["designs"][0]["margins"]
    {'ram': 123904}

    device: a shipped name, or a .toml file, whose RAM and flash are the limits where none are given. ram,
    flash: bytes, or "256K" and "1M", which are of 1,024; madds: a number, or "30M"; ms: milliseconds of one
    inference. alpha, resolution: of designs that are no model files, each at each. planner, dtype: see
    `memory`. everything: tables of designs that do not fit, too.
    Raises CallError where there is no limit, or for too many designs.
    """
    from .analyses.fit.fits import Rules, fits, read_room
    from .analyses.fit.fitting import answer
    from .designs.cells import cells
    from .designs.devices import load_device
    from .designs.planners import load_planner

    board = None if device is None else load_device(device)
    room = read_room({"ram": ram, "flash": flash, "madds": madds, "ms": ms}, board)
    asked = cells(
        designs,
        _settings({"classes": classes, "top": top, "batch": batch, "channels": channels}),
        [_designs.read_multiplier(a, "alpha") for a in alpha],
        [_designs.read_resolution(r) for r in resolution],
    )
    rules = Rules(load_planner(planner), load_convention(convention), dtype, board)
    grid = len(asked) > len(set(designs))
    return answer(fits(asked, room, rules, grid), room, rules, everything or not grid)


def solve(
    design: str,
    most: Mapping[str, int | str],
    *,
    over: Sequence[str] | str = ("alpha", "resolution"),
    alpha: tuple[float, float] = (0.05, 2.0),
    resolution: Sequence[int | tuple[int, ...] | str] = (),
    depth: tuple[float, float] = (0.25, 4.0),
    convention: str = "paper",
    classes: int | None = None,
    top: bool | None = None,
    batch: int | None = None,
    channels: int | None = None,
) -> Document:
    """The largest alpha of a design at each resolution within limits, exactly, and what stops it.

    >>> answers = solve("v2", {"madds": "150M", "params": "3M"}).data["answers"]
    >>> answers[-1]["best"]["design"], answers[-1]["limits"]
    ('v2:alpha=0.57,resolution=224', ['madds'])

    most: metrics of budgets, each with a number or a text such as "150M". over: what may grow: "alpha",
    "resolution", "depth", or "width:ROW" for the width of one row. alpha, depth: the ends to look between.
    resolution: the sizes; by default the published ones. Raises CallError without a limit, and for what the
    design does not have; SpecError for a design that cannot be built.
    """
    from .analyses.search import solve as answer

    name, given = _designs.split_design(design)
    spec = _designs.find_spec(name)
    asked = given.over(_settings({"classes": classes, "top": top, "batch": batch, "channels": channels}))
    words = answer.read_over(over if isinstance(over, str) else ",".join(over))
    sizes = [_designs.read_resolution(r) for r in resolution]
    question = answer.question(
        spec,
        asked,
        answer.read_limits([f"{metric}={value}" for metric, value in most.items()]),
        words,
        sizes,
        alpha,
        depth,
        load_convention(convention),
    )
    return answer.solve(question)


def space(name: str, *, convention: str = "paper", **asked: Unpack[Asked]) -> DesignSpace:
    """A space of designs, by a shipped name or a spec with choices.

    >>> ofa = space("ofa-mobilenetv3", resolution=160)
    >>> ofa.total
    21758655492572485851
    >>> ofa.count({"madds": "154471536"}).data["designs"]
    '814408348898027844'
    >>> ofa.sweep(1000, of=["madds"])["madds"].shape
    (1000,)

    A design without choices is a space of one. Raises SpecError where there is none, or its rows cannot be
    chosen apart.
    """
    from .analyses.search.handle import DesignSpace
    from .designs.spaces import load_space

    return DesignSpace(load_space(name, _settings(asked)), load_convention(convention))


def front(
    *designs: str,
    of: str = "madds,params",
    alpha: Sequence[float] = (),
    resolution: Sequence[int | tuple[int, ...] | str] = (),
    checkpoints: bool = False,
    top1: Mapping[str, float] | None = None,
    everything: bool = False,
    convention: str = "paper",
    classes: int | None = None,
    top: bool | None = None,
    batch: int | None = None,
    channels: int | None = None,
) -> Document:
    """The designs that no other one beats in two to four objectives, the best in the first one first.

    >>> found = front("v2", alpha=[0.5, 0.75, 1], of="madds,top1", top1={"v2": 71.8, "v2:alpha=0.5": 65.4})
    >>> [(row["design"], row["figures"]["madds"]) for row in found.data["front"]]
    [('v2:alpha=0.5,resolution=224', 97131840), ('v2:alpha=1,resolution=224', 300774272)]

    of: metrics of budgets, of which less is better, and "top1", of which more is, or "top1=FILE.csv". top1:
    accuracies in per cent, by design, instead of a file; designs without one are left out. checkpoints: also
    published ones, with their accuracy. everything: also what is beaten, with one that beats it.
    Raises CallError for other objectives, and where there is nothing to compare.
    """
    from .analyses.search.front import Asked as Compared
    from .analyses.search.front import answer, compared, read_objectives
    from .designs.measured import Scored

    objectives, counted = read_objectives(of), load_convention(convention)
    asked = Compared(
        designs,
        _settings({"classes": classes, "top": top, "batch": batch, "channels": channels}),
        [_designs.read_multiplier(a, "alpha") for a in alpha],
        [_designs.read_resolution(r) for r in resolution],
        checkpoints,
    )
    rows = None if top1 is None else [Scored(name, v, n) for n, (name, v) in enumerate(top1.items(), 1)]
    return answer(compared(asked, objectives, counted, rows), objectives, counted, everything)


def pareto_front(objectives: Sequence[Any], larger: Sequence[bool] = ()) -> Any:
    """The numbers of the points that no other one beats, ascending, as an int64 array; of millions of points.

    >>> pareto_front([[3, 2, 3, 2], [1, 2, 2, 2]]).tolist()
    [0, 1, 3]

    objectives: one array a column, all of one length; ints are compared exactly. larger: for each, whether
    more is better; less is, if this is empty. Of equal points all are kept.
    Raises ValueError for columns of different lengths, and for values that are not finite.
    """
    from .analyses.pareto import pareto_front as answer

    return answer(objectives, larger)


def pick(
    most: Mapping[str, Any] | None = None,
    least: Mapping[str, Any] | None = None,
    *,
    sort: str = "top1",
    sources: Iterable[str] = (),
    unpublished: bool = False,
) -> Document:
    """Published checkpoints within limits, the most accurate first, and those that another one beats.

    >>> pick({"madds": "50M"}, {"top1": 65}).data["checkpoints"][0]["design"]
    'timm/v3-small:alpha=0.75,resolution=224'

    most, least: by "madds", "params", "flash", "ram", "top1", "top5" or "ms." and a device, a number or a
    text such as "100M". sources: names of tables of checkpoints. unpublished: also figures of papers whose
    weights cannot be had. Raises CallError for a figure that checkpoints do not have.
    """
    from .analyses.fit import pick as answer
    from .designs.checkpoints import checkpoints

    wanted = set(sources)
    known = [
        one
        for one in checkpoints()
        if (unpublished or one.published) and (not wanted or one.source in wanted)
    ]
    texts = [[f"{name}={value}" for name, value in (given or {}).items()] for given in (most, least)]
    return answer.pick(known, answer.read_rules(known, *texts), answer.read_sort(sort))


def devices(name: str | None = None) -> Document:
    """The devices that are known, with their memory and the errors of their rates; or one of them in full.

    >>> devices("stm32h747-cubeai10").data["devices"][0]["latency"]["error"]
    {'mean': 5.2, 'worst': 16.1, 'rows': 19}

    name: a shipped device, or a .toml file. Raises CallError where there is none.
    """
    from .analyses.fit import devices as answer
    from .designs.devices import load_device

    return answer.listed() if name is None else answer.shown(load_device(name))


def calibrate(rows: Iterable[tuple[str, float]], *, form: str | None = None) -> Document:
    """Fit the rates of a device on measured rows, each a design with its settings and milliseconds.

    >>> board = devices("stm32mp157-xlinux5.0").data["devices"][0]
    >>> calibrate((row["design"], row["ms"]) for row in board["latency"]["rows"]).data["forms"][0]["form"]
    'madds, activations'

    form: one of the forms; None for the simplest within noise. Raises CallError for too few rows, and for
    designs that cannot be loaded.
    """
    from .analyses.fit import calibrate as answer
    from .designs.measured import Measured

    measured = [Measured(design, ms, n) for n, (design, ms) in enumerate(rows, 1)]
    return answer.document(answer.calibrate(measured, "rows", form), "rows")


def sensitivity(
    design: str | Design,
    *,
    by: str = "up",
    sort: str = "madds",
    of: Iterable[str] = (),
    convention: str = "paper",
    **asked: Unpack[Asked],
) -> Document:
    """What one step of each row's width, kernel, expansion and repeat, of alpha and of the resolution adds.

    >>> sensitivity("v3-large", of=["kernel"]).data["steps"][0]["adds"]["madds"]
    60211200

    by: "up", or "down" for what smaller steps save. sort: "madds", "params", "peak" or "flash". of: only
    these of "width", "kernel", "expansion", "repeat", "alpha" and "resolution". Raises CallError for another
    word.
    """
    from .analyses.search import sensitivity as answer
    from .analyses.search.steps import KINDS

    kinds = tuple(of)
    for name, word, known in (
        ("by", by, answer.DIRECTIONS),
        ("sort", sort, answer.FIGURES),
        *(("of", kind, KINDS) for kind in kinds),
    ):
        if word not in known:
            raise CallError(f"unknown value '{str(word)[:60]}' for {name}", hint="one of " + ", ".join(known))
    found = answer.sensitivity(
        _loaded(design, asked), load_convention(convention), by == "up", kinds or KINDS
    )
    return answer.answer(found, sort)


def render(document: Document, format: str = "text") -> str:  # noqa: A002
    """An answer as text in a format: "text", "json", "csv", "markdown", "latex", "html" or "svg"; of an
    answer about one design also "mermaid", "dot" or "netron", its graph.
    """
    from .output import render as answer

    return answer(document, format)
