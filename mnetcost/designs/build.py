"""How does a spec become a graph?

Rows, at one alpha, resolution and number of classes, or at arrays of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

from ..engine.blocks import FLAT
from ..engine.fields import LEARNED
from ..engine.graph import LARGEST_MAP, Builder, Graph
from ..engine.num import Num, anywhere, everywhere, is_array
from ..engine.rules import OUTPUT
from ..engine.shapes import Shape, Volume
from ..engine.site import Pair, Site
from ..errors import Fault, ShapeError, SpecError, nearest
from ..records import NamedTuple
from .files import read_text_file
from .sharing import check_shared
from .sorts import CLASSES, LARGEST_COUNT, LARGEST_REPEAT
from .spec import Block, Row, Spec, vocabulary
from .spec.language import Vocabulary, naming_keys

if TYPE_CHECKING:
    from ..engine.ops.op import OpClass

INPUT = "input"


def build(
    spec: Spec, alpha: Any, height: Num, width: Num, classes: Num, top: bool = True, depth: Num = None
) -> Graph:
    """Build every row of a spec.

    alpha: width multiplier, a float or an array; height, width: the input in pixels, ints or arrays; depth:
    of a volume, None for a map.
    Raises SpecError with file, line and layer where shapes do not fit or a row reads from an unknown one.
    """
    builder = Builder()
    site = Site(builder, spec.rules, alpha)
    site.x = builder.input(INPUT, height, width, spec.channels, depth)
    site.printed[site.x] = spec.channels
    named = {INPUT: site.x}
    numbers: dict[str, int] = {}
    words = vocabulary(spec.blocks)
    for row in (*spec.layers, *spec.top) if top else spec.layers:
        try:
            _add_row(site, row, words, classes, named, numbers)
        except ShapeError as e:
            raise _placed(spec, row, e, _fixed_size(spec, row, (height, width))) from None
    return builder.graph(notes=_widened(site))


class Border(NamedTuple):
    """All that the rows behind a map know of those before it: its shape, and its channels as printed."""

    shape: Shape | Volume
    printed: Num

    @classmethod
    def of_image(cls, height: int, width: int, channels: int, depth: int | None = None) -> Border:
        """The border before the first row: the image, or a volume."""
        shape = Shape(height, width, channels) if depth is None else Volume(depth, height, width, channels)
        return cls(shape, channels)


def behind(
    spec: Spec, rows: Sequence[Row], border: Border, alpha: float, classes: int
) -> tuple[Graph, Border]:
    """Build some rows of a spec behind a map, which is the graph's input; return the map they give, too.

    Rows that they name, and that are not among them, give that map. Raises SpecError as `build` does.
    """
    builder = Builder()
    site = Site(builder, spec.rules, alpha)
    *depth, height, width, channels = border.shape
    site.x = builder.input(INPUT, height, width, channels, *depth)
    site.printed[site.x] = border.printed
    words = vocabulary(spec.blocks)
    named = {name: site.x for row in rows for name, _ in reads(row, words[row.op])}
    for row in rows:
        named.pop(row.name, None)
    numbers: dict[str, int] = {}
    for row in rows:
        try:
            _add_row(site, row, words, classes, named, numbers)
        except ShapeError as e:
            raise _placed(spec, row, e) from None
    return builder.graph(), Border(site.shape, site.printed[site.x])


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


FOLLOWING = {
    "resize": "`like` or `ratio`",
    "crop": "`like`",
    "reshape": "map_to_tokens or flatten",
    "permute": "depth_to_space or `axes`",
}
"""What follows the size of the input, in place of a height and a width that a row of this op has."""


def _fixed_size(spec: Spec, row: Row, size: tuple[Num, Num]) -> str:
    """A hint that names the last row of fixed height and width, this one or above, where the network is
    built at another size than the spec's; empty for the spec's own.
    """
    rows = (*spec.layers, *spec.top)
    above = rows[: rows.index(row) + 1]
    fixed = [r for r in above if r.op in FOLLOWING and {"h", "w"} & r.fields.keys()]
    if not fixed or all(everywhere(n == own) for n, own in zip(size, spec.resolution[-2:], strict=True)):
        return ""
    last = fixed[-1]
    where = f"row '{last.name}'" if last.name else last.key
    return f"{where} has a fixed height and width; {FOLLOWING[last.op]} follows the size of the input"


def _placed(spec: Spec, row: Row, e: ShapeError, hint: str = "") -> SpecError:
    """The faults of a row with its file and line; those of a row of a block also say which row used it.

    hint: of faults that have none.
    """
    found = []
    for f in e.faults:
        file, line = row_line(spec, row, "" if f.file else f.place)
        if f.file:
            where = f"line {line}" if file == f.file else f"{file}:{line}"
            found.append(f._replace(message=f"{f.message}; used by {row.key}, {where}"))
        else:
            found.append(Fault(f.message, file, line, f.place or row.key, f.hint or hint))
    return SpecError(*found)


def row_labels(spec: Spec, top: bool = True) -> list[tuple[Row, str]]:
    """Each row of a spec with what it is called: its name, or its op with a number."""
    words = vocabulary(spec.blocks)
    numbers: dict[str, int] = {}
    rows = (*spec.layers, *spec.top) if top else spec.layers
    kinds = ("stage" if row.any else words[row.op].label for row in rows)
    return [(row, _label(row, kind, numbers)) for row, kind in zip(rows, kinds, strict=True)]


def _label(row: Row, kind: str, numbers: dict[str, int]) -> str:
    """What a row is called; numbers: how many rows without a name there were so far, by their kind."""
    if row.name:
        return row.name
    numbers[kind] = numbers.get(kind, 0) + 1
    return f"{kind} {numbers[kind]}"


def _add_row(
    site: Site, row: Row, words: Vocabulary, classes: Num, named: dict[str, int], numbers: dict[str, int]
) -> None:
    """Add the layers of one row, as often as it repeats."""
    cls = words[row.op]
    label = _label(row, cls.label, numbers)
    fields = _row_fields(site, row, cls, classes, named)
    site.row, site.why, site.shared = row.key, row.why, row.shared or bool(row.weights)
    inputs = tuple(_find(name, named, f"{row.key}.from") for name in row.inputs) or (site.x,)
    first, source = (
        len(site.builder.nodes),
        _find(row.weights, named, f"{row.key}.weights") if row.weights else 0,
    )

    def place(site: Site, cls: OpClass, given: Mapping[str, Any], inputs: tuple[int, ...]) -> None:
        if isinstance(cls, Block):
            from .patterns import build_block

            build_block(site, cls, given, inputs, classes, place)
        elif hasattr(cls, "build"):
            site.x = inputs[0]
            outer = site.prefix, site.branch
            if site.branch and cls not in FLAT:
                site.prefix, site.branch = f"{site.prefix}{site.branch}/", ""
            cls(**given).build(site)
            site.prefix, site.branch = outer
        else:
            _single(site, cls, given, inputs)

    if label in named:
        raise ShapeError(Fault(f"another row is called '{label}' already", place=f"{row.key}.name"))
    compound = site.rules.compound
    if (many := compound.copies(row.repeat)) > LARGEST_REPEAT:
        message = f"the depth makes {many:,} copies of this row, more than {LARGEST_REPEAT:,}"
        raise ShapeError(Fault(message, place=f"{row.key}.repeat"))
    before = first, inputs[0], label
    for n, (site.place, copy) in enumerate(row.copies(label, fields, compound)):
        here = len(site.builder.nodes), inputs[0], site.place
        if n < 2 or not site.again(*before):  # the first copy may have a stride and other inputs
            place(site, cls, copy, inputs)
        before, inputs = here, (site.x,)
        if site.place in named:
            raise ShapeError(Fault(f"another row is called '{site.place}' already", place=f"{row.key}.name"))
        named[site.place] = site.x
        if _runs_away(site.shape):
            raise ShapeError(
                Fault(
                    f"the design runs away: a map of more than {LARGEST_MAP:,} numbers",
                    place=f"layer {site.place!r}",
                )
            )
    named[label] = site.x
    if row.weights:
        nodes = site.builder.nodes
        theirs = [node for node in nodes[:first] if node.row == nodes[source].row]
        check_shared(site.builder, row.weights, theirs, nodes[first:], f"{row.key}.weights")


def reads(row: Row, cls: OpClass) -> Iterator[tuple[str, bool]]:
    """The rows that a row names, and whether their own layers are wanted, or only the map that they give."""
    yield from ((name, False) for name in row.inputs)
    yield from ((row.fields[key], False) for key in naming_keys(cls) if row.fields.get(key))
    if row.weights:
        yield row.weights, True


def _runs_away(shape: Shape | Volume) -> bool:
    """Has a map more than `LARGEST_MAP` numbers, in any cell of a grid?"""
    # each side's largest first: a grid has a million maps, and their sides are a column and a row
    bound = prod(int(side.max()) if is_array(side) else side for side in shape)
    return bound > LARGEST_MAP and anywhere(shape.elements > LARGEST_MAP)


def _row_fields(site: Site, row: Row, cls: OpClass, classes: Num, named: dict[str, int]) -> dict[str, Any]:
    """A row's fields with rows and numbers of classes for words; sets the role of its widths."""
    fields = dict(row.fields)
    site.role = row.role
    naming = naming_keys(cls)
    for key, value in row.fields.items():
        if value.__class__ is not str:
            continue
        if key in naming:
            fields[key] = _find(value, named, f"{row.key}.{key}")
        elif value == "classes" or re.fullmatch(CLASSES, value):
            fields[key] = _of_classes(classes, value, f"{row.key}.{key}")
            if isinstance(cls, Block):
                fields[key] = Pair(fields[key], fields[key])
            else:
                site.role = OUTPUT
    return fields


def _of_classes(classes: Num, value: str, place: str) -> Num:
    """The channels of an output: every class and some more numbers, for each of some boxes."""
    if value == "classes":
        return classes
    of = re.fullmatch(CLASSES, value)
    assert of is not None
    times, more, each = of.group(2, 3, 4)
    width = (classes + int(more or 0)) * int(times or each or 1)
    if anywhere(width > LARGEST_COUNT):
        raise ShapeError(Fault(f"more than {LARGEST_COUNT:,} channels", place=place))
    return width


def _single(site: Site, cls: OpClass, row: Mapping[str, Any], inputs: tuple[int, ...]) -> None:
    """Add one single op, its widths at this alpha."""
    site.x = inputs[0]
    given, printed = dict(row), None
    if (like := given.pop("like", None)) is not None:
        given["h"], given["w"] = _size_of(site.builder.shape(like))
    table = {key: value.printed if value.__class__ is Pair else value for key, value in given.items()}
    fields = {key: value.actual if value.__class__ is Pair else value for key, value in given.items()}
    for field, way in cls.follows.items():
        if field in fields:
            number, follow = table[field], FOLLOW[way]
            if given[field].__class__ is not Pair:
                fields[field] = follow.number(site, number, field)
            printed = number if follow.gives_width and printed is None else printed
    if fields.get("function") in LEARNED:
        learned = fields["function"]
        site.activation("", learned, why=site.why)
        return
    if cls.styled:
        fields.setdefault("padding", site.rules.style.padding)
        fields.setdefault("bias", site.rules.style.bias)
    op = cls(**fields)
    if printed is None:
        in_table = cls(**{**fields, **table}) if cls.follows else op
        printed = in_table.printed(*(site.printed[i] for i in inputs))
    before = site.shape.c
    site.add(site.branch, op, *inputs, why=site.why or cls.why, printed=printed)
    if printed is None and not everywhere(site.shape.c == before):
        site.printed[site.x] = site.shape.c  # flattened, reshaped: no width of the paper's any more


def _size_of(like: Shape | Volume) -> tuple[Num, Num]:
    """The height and width of another row; raises ShapeError for a volume."""
    if isinstance(like, Volume):
        raise ShapeError(f"'like' names a row that gives a volume of {like}, not a map")
    return like.h, like.w


class Follow(NamedTuple):
    """How a number of the paper's table becomes a number at another alpha.

    `number`: from the site, the number and its field; `gives_width`: the number is the output's width in the
    table.
    """

    number: Callable[[Site, Num, str], Num]
    gives_width: bool = False


def _share(site: Site, printed: Num, field: str) -> Num:
    """Return the same share of the map's channels as in the table, whatever alpha leaves of the map.

    Raises ShapeError where that is no whole number of channels.
    """
    of, c = site.printed[site.x], site.shape.c
    if anywhere(printed * c % of):
        raise ShapeError(
            f"'{field}' is {printed} of {of} channels in the table, which is no whole number of the {c}"
            " that alpha leaves"
        )
    return printed * c // of


def _channels(site: Site, printed: Num, field: str) -> Num:
    """Return the map's channels where the table gives their number, and the given number otherwise."""
    return site.shape.c if printed == site.printed[site.x] else printed


FOLLOW = {
    "width": Follow(lambda site, printed, _: site.width(printed), gives_width=True),
    "units": Follow(lambda site, printed, _: printed if printed == 0 else site.width(printed)),
    "share": Follow(_share, gives_width=True),
    "channels": Follow(_channels),
    "groups": Follow(lambda site, printed, _: site.groups(printed)),
    "numbers": Follow(lambda site, printed, field: site.numbers(printed, field, site.x)),
}
"""The ways a field may follow alpha, by the words of an op's trait `follows`."""


def _find(name: str, named: dict[str, int], place: str) -> int:
    if name not in named:
        raise ShapeError(no_row(name, named, place))
    return named[name]


def no_row(name: str, named: Mapping[str, int], place: str) -> Fault:
    """The fault of a row that names one which is not above it."""
    block, inside, _ = name.partition("/")
    if inside and block in named:
        hint = f"rows in a block are read in it only; '{block}' is what it gives"
    elif like := nearest(name, named):
        hint = f"did you mean '{like}'?"
    else:
        hint = "a row may read from rows above it: " + ", ".join(list(named)[-8:])
    return Fault(f"there is no row '{name}' above this one", place=place, hint=hint)
