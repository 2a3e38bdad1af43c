"""How does a spec become a graph?

Rows, at one alpha, resolution and number of classes, or at arrays of them.
"""

from __future__ import annotations

from typing import Any

from ..engine.blocks import BLOCKS
from ..engine.graph import LARGEST_MAP, Builder, Graph
from ..engine.num import Num, anywhere, everywhere
from ..engine.ops import OPS
from ..engine.rules import CLASSES
from ..engine.site import Site
from ..errors import Fault, ShapeError, SpecError, nearest
from .files import read_text_file
from .spec import Row, Spec

SCALED = ("conv", "transposed_conv", "dense")  # single ops whose `out` follows alpha
# single ops that take padding and biases from [style] where they are silent
STYLED = ("conv", "depthwise", "transposed_conv")
LEARNED = {"prelu": "slopes", "scale": "numbers", "bias": "numbers", "l2_norm": "numbers"}
"""Single ops that may learn some numbers other than one a channel, and the field that says how many."""
INPUT = "input"


def build(spec: Spec, alpha: Any, height: Num, width: Num, classes: Num, top: bool = True) -> Graph:
    """Lay out every row of a spec.

    alpha: width multiplier, a float or an array; height, width: the input in pixels, ints or arrays.
    Raises SpecError with file, line and layer where shapes do not fit or a row reads from an unknown one.
    """
    builder = Builder()
    site = Site(builder, spec.rules, alpha)
    site.x = builder.input(INPUT, height, width, spec.channels)
    site.printed[site.x] = spec.channels
    named = {INPUT: site.x}
    numbers: dict[str, int] = {}
    for row in (*spec.layers, *spec.top) if top else spec.layers:
        try:
            _lay(site, row, classes, named, numbers)
        except ShapeError as e:
            raise _placed(spec, row, e) from None
    return builder.graph(notes=_widened(site))


def _widened(site: Site) -> tuple[str, ...]:
    """Say where rounding makes a width larger than printed, although alpha is to make the network
    narrower.
    """
    if not site.widened:
        return ()
    place, (printed, width) = next(iter(site.widened.items()))
    many = f"{len(site.widened)} rows" if len(site.widened) > 1 else "a row"
    return (
        (
            f"alpha {site.alpha:g} makes {many} wider than printed, by the rounding of widths: first"
            f" {place!r}, {printed} -> {width}"
        ),
    )


def row_line(spec: Spec, row: Row | str, place: str = "") -> tuple[str, int]:
    """The file and line a row (or the row of a node's `row` key) or a place in it stands on; line 0 where
    it is not known.
    """
    from .places import spelled_lines

    if isinstance(row, str):
        row = next(
            (r for r in (*spec.layers, *spec.top) if r.key == row), Row("", {}, file=spec.file, key=row)
        )
    text = spec.text
    if row.file != spec.file:
        try:
            text = read_text_file(row.file)
        except SpecError:
            return row.file, 0
    known = spelled_lines(text)
    return row.file, known.get(place) or known.get(row.key, 0)


def _placed(spec: Spec, row: Row, e: ShapeError) -> SpecError:
    return SpecError(
        *(Fault(f.message, *row_line(spec, row, f.place), f.place or row.key, f.hint) for f in e.faults)
    )


def _lay(site: Site, row: Row, classes: Num, named: dict[str, int], numbers: dict[str, int]) -> None:
    """Lay out one row, as often as it repeats."""
    cls = BLOCKS.get(row.op) or OPS[row.op]
    label = row.name
    if not label:
        numbers[cls.label] = numbers.get(cls.label, 0) + 1  # type: ignore[attr-defined]
        label = f"{cls.label} {numbers[cls.label]}"  # type: ignore[attr-defined]
    fields = dict(row.fields)
    site.role = row.role
    if CLASSES in fields.values():
        fields = {k: classes if v == CLASSES else v for k, v in fields.items()}
        site.role = CLASSES
    site.row, site.why, site.shared = row.key, row.why, row.shared
    inputs = tuple(_find(name, named, f"{row.key}.from") for name in row.inputs) or (site.x,)
    if label in named:
        raise ShapeError(Fault(f"another row is called '{label}' already", place=f"{row.key}.name"))
    for n in range(row.repeat):
        site.place = f"{label}/{n + 1}" if row.repeat > 1 else label
        if n == 1 and "stride" in fields:  # the papers' tables: the stride is the first one's
            fields["stride"] = 1
        if row.op in BLOCKS:
            site.x = inputs[0] if n == 0 else site.x
            cls(**fields).build(site)  # type: ignore[attr-defined]
        else:
            _single(site, row.op, cls, fields, inputs if n == 0 else (site.x,))
        if site.place in named:
            raise ShapeError(Fault(f"another row is called '{site.place}' already", place=f"{row.key}.name"))
        named[site.place] = site.x
        if anywhere(site.shape.elements > LARGEST_MAP):
            raise ShapeError(
                Fault(
                    f"the design runs away: a map of more than {LARGEST_MAP:,} numbers",
                    place=f"layer {site.place!r}",
                )
            )
    named[label] = site.x


def _single(site: Site, op: str, cls: type, fields: dict[str, Any], inputs: tuple[int, ...]) -> None:
    """Lay out one single op."""
    style, fields, printed = site.rules.style, dict(fields), None
    if op in SCALED:
        printed = fields["out"]
        fields["out"] = site.width(printed)
    elif op == "slice":
        printed = fields["channels"]
        fields |= _share(site, fields, inputs[0])
    elif op == "concat" and fields.get("along", "channels") == "channels":
        printed = sum(site.printed[i] for i in inputs)
    elif op == "depthwise":
        printed = site.printed[inputs[0]] * fields.get("multiplier", 1)
    elif op in LEARNED and LEARNED[op] in fields:
        fields[LEARNED[op]] = site.numbers(fields[LEARNED[op]], LEARNED[op], inputs[0])
    elif op in OF_SHAPE and "c" in fields:
        fields["c"] = _channels(site, fields["c"], inputs[0])
    if "groups" in fields and op != "shuffle":
        site.x = inputs[0]
        fields["groups"] = site.groups(fields["groups"])
    if op in STYLED:
        fields.setdefault("padding", style.padding)
        fields.setdefault("bias", style.bias)
    before = site.builder.nodes[inputs[0]].output.c
    site.add("", cls(**fields), *inputs, why=site.why or WHY.get(op, ""), printed=printed)
    if printed is None and not everywhere(site.shape.c == before):
        site.printed[site.x] = site.shape.c  # flattened, reshaped: no width of the paper's any more


def _share(site: Site, fields: dict[str, Any], x: int) -> dict[str, Num]:
    """A slice's channels and start: the share of the map that they are in the table, whatever alpha
    leaves of the map.

    Raises ShapeError where that is no whole number of channels.
    """
    printed, c = site.printed[x], site.builder.nodes[x].output.c
    found = {}
    for key in ("channels", "start"):
        many = fields.get(key, 0)
        if anywhere(many * c % printed):
            raise ShapeError(
                f"'{key}' is {many} of {printed} channels in the table, which is no whole number of the {c}"
                " that alpha leaves"
            )
        found[key] = many * c // printed
    return found


def _channels(site: Site, printed: int, x: int) -> Num:
    """The channels of a map of a stated shape: those that it has where the table says so, and a number of
    its own otherwise.
    """
    return site.builder.nodes[x].output.c if printed == site.printed[x] else printed


OF_SHAPE = ("reduce", "repeat", "reshape", "permute")
"""Single ops whose output's shape is stated."""

WHY = {
    "global_pool": "one number a channel, so that the classifier sees the whole map",
    "dropout": "active in training only",
    "dense": "scores from the channels, each weight used once",
    "flatten": "reads the map as one vector",
    "add": "sums the branches",
    "concat": "puts the branches one behind another",
    "max_pool": "keeps the strongest response of each window",
    "avg_pool": "keeps the mean of each window",
    "rescale": "brings pixels to the range the network was trained on",
}


def _find(name: str, named: dict[str, int], place: str) -> int:
    if name not in named:
        like = nearest(name, named)
        hint = (
            f"did you mean '{like}'?"
            if like
            else "a row may read from rows above it: " + ", ".join(list(named)[-8:])
        )
        raise ShapeError(Fault(f"there is no row '{name}' above this one", place=place, hint=hint))
    return named[name]
