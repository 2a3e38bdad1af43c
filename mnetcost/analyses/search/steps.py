"""Which single steps can be made from a design? One row's width, kernel, expansion or repeat; alpha; size."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import repeat
from math import lcm
from typing import TYPE_CHECKING, Any

from ...designs.build import row_labels
from ...designs.loading import LARGEST_MULTIPLIER, load_spec
from ...designs.readers import REFUSED, load_file
from ...designs.settings import Design, Settings
from ...designs.sorts import LARGEST_COUNT, LARGEST_REPEAT, LARGEST_SIDE, sorts_of
from ...designs.spec import Block, Row, Spec, vocabulary
from ...engine.costs import cost
from ...engine.rules import OUTPUT
from ...engine.widths import WidthRule
from ...records import NamedTuple

if TYPE_CHECKING:
    from ...engine.ops.op import OpClass

KINDS = ("width", "kernel", "expansion", "repeat", "alpha", "resolution")
ALPHA_STEP = 0.25  # where the design names no further alpha
PIXELS = 32
LARGEST_RATIO = 1000
EXPANSIONS = ("expand", "exp")
DIVIDING = ("groups", "heads")
"""Fields whose number has to divide a row's widths."""


class Step(NamedTuple):
    """One value that is changed, and how the design is then built.

    step: one of `KINDS`; row, key: the row's name and its place in the spec, "" of alpha and resolution;
    field: the key that is changed. also: further keys that have to change with it, each with both values.
    channels: both widths at this alpha, where they are not those of the spec; borrowers: rows with the same
    weights, which are changed alike.
    """

    step: str
    row: str
    key: str
    field: str
    before: Any
    after: Any
    build: Callable[[], Design]
    also: Mapping[str, tuple[Any, Any]] = {}
    channels: tuple[int, int] | None = None
    borrowers: tuple[str, ...] = ()


class Impossible(NamedTuple):
    """A step that cannot be made, and why."""

    step: str
    row: str
    key: str
    field: str
    why: str


Steps = Iterator[Step | Impossible]


class Moved(NamedTuple):
    """A field's next value; None where there is none, and why."""

    after: Any
    why: str = ""
    also: Mapping[str, tuple[Any, Any]] = {}
    channels: tuple[int, int] | None = None


def steps_of_spec(
    design: Design, up: bool, kinds: Collection[str] = KINDS, outputs: Collection[str] = ()
) -> Steps:
    """Every step from a spec as it is built here: its rows in order, then alpha and the resolution.

    outputs: rows whose width is what the network answers with, beside those that say so.
    """
    for found in (*_rows(design, up, outputs), *_alpha(design, up), *_size(design, up)):
        if found.step in kinds:
            yield found


def steps_of_file(design: Design, up: bool, kinds: Collection[str] = KINDS) -> Steps:
    """The steps of a model file as it is: its resolution, and why there is none of alpha."""
    if "alpha" in kinds:
        yield Impossible("alpha", "", "", "alpha", REFUSED["alpha"])
    if "resolution" in kinds:
        yield from _size(design, up)


def outputs_of(design: Design) -> set[str]:
    """The names of the layers with weights behind which no other has some: what the network answers with."""
    costs = cost(design.graph)
    weighted = [bool(layer.params) for layer in costs.layers]
    behind = [False] * len(weighted)
    for ref in reversed(range(len(weighted))):
        for i in design.graph.nodes[ref].inputs:
            behind[i] |= behind[ref] or weighted[ref]
    pairs = zip(costs.layers, weighted, behind, strict=True)
    return {layer.name for layer, some, more in pairs if some and not more}


class _Place(NamedTuple):
    """One row of a built spec: what it is called, its class, whether it has weights, and who borrows them."""

    design: Design
    spec: Spec
    row: Row
    label: str
    cls: OpClass
    weighted: bool
    output: bool
    borrowers: tuple[Row, ...]
    up: bool

    def value(self, field: str) -> Any:
        """A field's value: the row's, or its default."""
        return self.row.fields.get(field, self.cls._field_defaults.get(field))

    def changed(self, fields: Mapping[str, Any], copies: int | None = None) -> Design:
        """The design with these values in the row and in those that borrow its weights."""
        new: dict[int, Row] = {}
        for row in (self.row, *self.borrowers):
            many = row.repeat if copies is None else copies
            new[id(row)] = row._replace(fields={**row.fields, **fields}, repeat=many)
        layers, top = (
            tuple(new.get(id(row), row) for row in rows) for rows in (self.spec.layers, self.spec.top)
        )
        return load_spec(self.spec._replace(layers=layers, top=top), self.design.settings)

    def step(self, kind: str, field: str, before: Any, moved: Moved) -> Step | Impossible:
        """A step of this row."""
        if moved.after is None:
            return Impossible(kind, self.label, self.row.key, field, moved.why)
        if kind == "repeat":
            build = partial(self.changed, {}, moved.after)
        else:
            build = partial(
                self.changed, {field: moved.after, **{key: new for key, (_, new) in moved.also.items()}}
            )
        borrowers = tuple(row.name or row.key for row in self.borrowers)
        return Step(
            kind,
            self.label,
            self.row.key,
            field,
            before,
            moved.after,
            build,
            moved.also,
            moved.channels,
            borrowers,
        )


def _rows(design: Design, up: bool, outputs: Collection[str]) -> Steps:
    """The steps of every row, in the order of the spec."""
    spec = design.spec
    assert spec is not None, "of specs only"
    words = vocabulary(spec.blocks)
    weighted = {layer.node.place for layer in cost(design.graph).layers if layer.params}
    compound = spec.rules.compound
    for row, label in row_labels(spec, design.top):
        places = {place for place, _ in row.copies(label, row.fields, compound)}
        borrowers = tuple(r for r in (*spec.layers, *spec.top) if row.name and r.weights == row.name)
        place = _Place(
            design,
            spec,
            row,
            label,
            words[row.op],
            not places.isdisjoint(weighted),
            label in outputs or row.role == OUTPUT or _of_classes(row, words[row.op]),
            borrowers,
            up,
        )
        yield from _row(place, compound.copies)


def _of_classes(row: Row, cls: OpClass) -> bool:
    """Has a row as many channels as there are classes?"""
    return any(
        isinstance(row.fields.get(field), str) for field, kind in fields_of(cls).items() if kind == "width"
    )


def _row(place: _Place, copies: Callable[[int], int]) -> Steps:
    """The steps of one row: its fields in the order of its op, then its repeat."""
    row, label = place.row, place.label
    for field, kind in fields_of(place.cls).items():
        before = _before(place, field)
        if before is None:
            continue
        if row.weights:
            yield Impossible(kind, label, row.key, field, "has the weights of another row")
        else:
            yield place.step(kind, field, before, MOVES[kind](place, field, before))
    if row.weights or place.cls.reads != 1 or not (row.repeat or (place.weighted and not place.cls.light)):
        return
    moved = Moved(None, ANSWER) if place.output else _repeat(row, copies, place.up)
    yield place.step("repeat", "repeat", max(row.repeat, 1), moved)


ANSWER = "what the network answers with"
NONE = {True: "none larger", False: "none smaller"}


def _before(place: _Place, field: str) -> Any:
    """A field's value now; 1 for the expansion of a block that says none, None for no value."""
    either, value = place.cls.either, place.value(field)
    if value is None and either and not either.needed and either.ways[0] == (field,):
        return 1 if place.row.fields.keys().isdisjoint(key for way in either.ways for key in way) else None
    return value


def fields_of(cls: OpClass) -> dict[str, str]:
    """The fields of an op or block that a step may change, each with the kind of the step.

    Of a block that is data, fields that its rows take as a kernel or an expansion, whatever their names.

    >>> from mnetcost.engine.blocks import BLOCKS
    >>> fields_of(BLOCKS["bneck"])
    {'out': 'width', 'expand': 'expansion', 'exp': 'expansion', 'kernel': 'kernel'}
    """
    taken: dict[str, str] = {}
    if isinstance(cls, Block):
        for slot in (slot for row in cls.rows for slot in row.slots):
            taken.setdefault(getattr(slot.value, "field", ""), slot.key)
    found = {}
    for field, sort in sorts_of(cls).items():
        key = taken.get(field, field)
        if sort == "Width" and cls.follows.get(field) != "share":
            found[field] = "width"
        elif key == "kernel":
            found[field] = "kernel"
        elif key in EXPANSIONS and sort in ("Ratio", "Count"):
            found[field] = "expansion"
    return found


def next_width(rule: WidthRule, printed: int, alpha: float, up: bool, unit: int = 0) -> int | None:
    """A printed width that gives the next larger, or smaller, number of channels at this alpha.

    That is the next multiple of the rule's divisor, or of `unit`; by a rule that rounds to whole channels, as
    many more or fewer. Of the widths that give it, a multiple if there is one, else the nearest. None where
    there is none.

    >>> next_width(WidthRule(), 24, 1.0, True), next_width(WidthRule(), 24, 0.5, True)
    (32, 40)
    >>> next_width(WidthRule(rounding="truncate"), 30, 1.0, False)
    22
    """
    unit = unit or rule.divisor

    def width(p: int) -> int:
        return int(rule.width(p, alpha))

    now = width(printed)
    if not rule.rounding.endswith("divisible"):
        target = now + unit if up else now - unit
    else:
        target = (now // unit + 1) * unit if up else (now - 1) // unit * unit
    if up:
        at = bisect_left(range(LARGEST_COUNT + 1), target, printed + 1, key=width)
        even = -(-at // unit) * unit
    else:
        at = bisect_right(range(printed), target, 1, key=width) - 1 if target >= rule.smallest else 0
        even = at // unit * unit
    if not 1 <= at <= LARGEST_COUNT:
        return None
    return even if 1 <= even <= LARGEST_COUNT and width(even) == width(at) else at


def _width(place: _Place, field: str, before: Any) -> Moved:
    if place.output:
        return Moved(None, ANSWER)
    return _by_rule(place, before, place.spec.rules.width(place.row.role))


def _by_rule(place: _Place, before: int, rule: WidthRule) -> Moved:
    """The next width by a rule, which the row's groups or heads divide."""
    alpha = place.design.alpha * place.spec.rules.compound.alpha
    dividing = [n for n in map(place.value, DIVIDING) if isinstance(n, int) and n > 1]
    after = next_width(rule, before, alpha, place.up, lcm(rule.divisor, *dividing))
    if after is None:
        return Moved(None, NONE[place.up])
    both = rule.width(before, alpha), rule.width(after, alpha)
    return Moved(after, channels=None if both == (before, after) else both)


def _expansion(place: _Place, field: str, before: Any) -> Moved:
    if sorts_of(place.cls)[field] == "Count":
        return _by_rule(place, before, place.spec.rules.expansion.width)._replace(channels=None)
    after = before + 1 if place.up else before - 1
    return Moved(after) if 0 < after <= LARGEST_RATIO else Moved(None, NONE[place.up])


def _kernel(place: _Place, field: str, before: Any) -> Moved:
    sides = before if isinstance(before, tuple) else (before,)
    if not any(sides):
        return Moved(None, "no filter")
    if place.up:
        after = tuple(side + 2 if side > 1 or len(sides) == 1 else side for side in sides)
    else:
        after = tuple(side - 2 if side > 2 else side for side in sides)
    if after == sides or max(after) > LARGEST_SIDE:
        return Moved(None, NONE[place.up])
    also: dict[str, tuple[Any, Any]] = {}
    if field == "kernel" and "padding" in sorts_of(place.cls):
        axes = 3 if sorts_of(place.cls)[field] == "Size3" else 2
        old = _padding(place)
        new = _padded(old, *(_per_axis(n, axes) for n in (before, _one(after), place.value("dilation") or 1)))
        if new is None:
            return Moved(None, "less padding than the kernel would lose")
        if new != old:
            also["padding"] = old, new
    return Moved(_one(after), also=also)


def _one(sides: tuple[int, ...]) -> Any:
    """Sides as a spec has them: one number for equal ones."""
    return sides[0] if len(set(sides)) == 1 else sides


def _per_axis(value: Any, axes: int) -> tuple[int, ...]:
    return value if isinstance(value, tuple) else tuple(repeat(value, axes))


def _padding(place: _Place) -> Any:
    """The padding of a row: its own, or that of [style] for the layers that follow it."""
    value = place.row.fields.get("padding")
    if value is None and not place.cls.styled:
        value = place.cls._field_defaults.get("padding") or None
    return place.spec.rules.style.padding if value is None else value


def _padded(padding: Any, before: Sequence[int], after: Sequence[int], dilation: Sequence[int]) -> Any:
    """The padding with which a kernel of another size gives a map of the same size; None if it is too small.

    A padding that is a word stays, except "valid" of a kernel of 1, which is "same".

    >>> _padded(1, (3, 3), (5, 5), (1, 1)), _padded((0, 1, 0, 1), (3, 3), (5, 5), (1, 1))
    (2, (1, 2, 1, 2))
    """
    if isinstance(padding, str):
        return "same" if padding == "valid" and set(before) == {1} else padding
    more = [(b - a) // 2 * d for a, b, d in zip(before, after, dilation, strict=True)]
    zeros = _per_axis(padding, len(more))
    if len(zeros) == 2 * len(more):
        more = [n for one in more for n in (one, one)]
    new = tuple(n + m for n, m in zip(zeros, more, strict=True))
    if min(new) < 0:
        return None
    return _one(new)


def _repeat(row: Row, copies: Callable[[int], int], up: bool) -> Moved:
    """The next number that gives another number of copies at the design's depth."""
    if not row.repeat and copies(2) != 2:
        return Moved(None, "one copy at any depth")
    now = max(row.repeat, 1)
    numbers = range(now + 1, LARGEST_REPEAT + 1) if up else range(now - 1, 0, -1)
    for n in numbers:
        if copies(n) != copies(now):
            return Moved(n)
    return Moved(None, NONE[up])


MOVES: dict[str, Callable[[_Place, str, Any], Moved]] = {
    "width": _width,
    "kernel": _kernel,
    "expansion": _expansion,
}
"""How a field's next value is found, by the kind of the step."""


def next_alpha(alpha: float, published: Sequence[float], up: bool) -> float | None:
    """The next published alpha, or where there is none one that is 0.25 away; None where that is none.

    >>> next_alpha(1.0, [0.5, 1.0, 1.4], True), next_alpha(1.4, [0.5, 1.0, 1.4], True)
    (1.4, 1.65)
    """
    further = [a for a in published if (a > alpha if up else a < alpha)]
    if further:
        return min(further) if up else max(further)
    other = round(alpha + (ALPHA_STEP if up else -ALPHA_STEP), 6)
    return other if 0 < other <= LARGEST_MULTIPLIER else None


def _alpha(design: Design, up: bool) -> Steps:
    spec = design.spec
    assert spec is not None, "of specs only"
    after = next_alpha(design.alpha, spec.alphas, up)
    if after is None:
        yield Impossible("alpha", "", "", "alpha", NONE[up])
        return
    build = partial(load_spec, spec, design.settings._replace(alpha=after))
    yield Step("alpha", "", "", "alpha", design.alpha, after, build)


def _size(design: Design, up: bool) -> Steps:
    """32 pixels more, or fewer, in height and width; a side of one pixel is that of a sequence, and stays."""
    *depth, height, width = design.resolution
    by = PIXELS if up else -PIXELS
    after = (*depth, *(side + by if side > 1 else side for side in (height, width)))
    if not 0 < min(after) <= max(after) <= LARGEST_SIDE or after == design.resolution:
        yield Impossible("resolution", "", "", "resolution", NONE[up])
        return
    if design.spec is not None:
        build = partial(load_spec, design.spec, design.settings._replace(resolution=after))
    else:
        asked = Settings(
            resolution=after, batch=design.batch, allow_unknown=bool(design.graph.left_out) or None
        )
        build = partial(load_file, design.file, asked)
    yield Step("resolution", "", "", "resolution", design.resolution, after, build)
