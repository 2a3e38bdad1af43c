"""How does a block that is data become layers? Row by row, its expressions worked out for this place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..engine.exact import Quotient
from ..engine.graph import MOST_LAYERS, Ref
from ..engine.num import Num, anywhere, everywhere, is_array
from ..engine.ops import Activation
from ..engine.shapes import Shape
from ..engine.site import Pair, Site
from ..errors import Fault, ShapeError
from .places import spelled_lines
from .sharing import check_shared
from .sorts import Wrong, whole
from .spec.blocks import STYLED
from .spec.expressions import IN, Expression, to_whole, truth
from .spec.language import field_reader
from .spec.values import Block, Field, Inner, Slot, copies

if TYPE_CHECKING:
    from ..engine.ops.op import OpClass

Placed = Callable[[Site, "OpClass", Mapping[str, Any], tuple[Ref, ...]], None]
"""Adds the layers of an op or a block, with these fields, behind these layers."""


class Scope:
    """A block in its place: the values of its fields, and the layers that its rows ended in."""

    def __init__(self, site: Site, block: Block, inputs: tuple[Ref, ...], classes: Num) -> None:
        self.site, self.block, self.classes = site, block, classes
        self.values: dict[str, Any] = {}
        self.named: dict[str, Ref] = {**dict(zip(block.inputs, inputs, strict=True)), IN: inputs[0]}
        self.last = inputs[0]
        self.spans: dict[str, tuple[Ref, Ref]] = {}  # the layers of each row: the first, and that behind them

    def field(self, name: str, printed: bool) -> Any:
        """The value of a field, as printed or as alpha leaves it; what is left to [style] is what it says."""
        value = self.values[name]
        if value.__class__ is Pair:
            return value.printed if printed else value.actual
        if self.silent(name, value):
            key = {"Flag": name, "MaybeFunction": "activation", "Padding": "padding", "Padding3": "padding"}
            return getattr(self.site.rules.style, key[self.block.fields[name].sort])
        return value

    def silent(self, name: str, value: Any) -> bool:
        """Is the field left to [style]?"""
        sort = self.block.fields[name].sort
        return sort in STYLED and value == STYLED[sort] and value.__class__ is STYLED[sort].__class__

    def channels(self, row: str, printed: bool) -> Num:
        """The channels that a row gives."""
        return self.site.printed[self.named[row]] if printed else self.shape(row).c

    def side(self, row: str, side: str) -> Num:
        """A side of what a row gives; raises ShapeError where it has none."""
        shape = self.shape(row)
        if side not in shape._fields:
            raise ShapeError(f"'{row}' is a map of {shape} and has no depth")
        return getattr(shape, side)

    def shape(self, row: str) -> Shape:
        """The shape that a row gives."""
        return self.site.builder.nodes[self.named[row]].output


def build_block(
    site: Site,
    block: Block,
    fields: Mapping[str, Any],
    inputs: tuple[Ref, ...],
    classes: Num,
    place: Placed,
) -> None:
    """Add the layers of a block.

    fields: what the row gives; inputs: the layers it reads.
    Raises ShapeError with the file, line and place of the block's row at which something does not fit.
    """
    scope = Scope(site, block, inputs, classes)
    for key, field in block.fields.items():
        scope.values[key] = _entered(scope, key, field, fields.get(key))
    outer = prefix, branch, when, role, shared = site.prefix, site.branch, site.when, site.role, site.shared
    prefix += f"{branch}/" if branch else ""
    for inner in block.rows:
        site.prefix, site.when = prefix, when
        site.role, site.shared = inner.role or role, inner.shared or shared
        try:
            _add_inner(scope, inner, place)
        except ShapeError as e:
            raise _traced(block, inner, e) from None
    site.x = scope.last
    site.prefix, site.branch, site.when, site.role, site.shared = outer


def _entered(scope: Scope, key: str, field: Field, given: Any) -> Any:
    """The value of a field on entry: a width with both its numbers."""
    if given is None and field.expression is not None:
        wide = field.sort == "Width"
        given = _value(scope, Slot(key, field.expression, field.sort, field_reader(field), wide, True))
    if given is None:
        given = field.default
    if field.sort != "Width" or given.__class__ is Pair:
        return given
    return Pair(given, scope.site.width(given))


def _add_inner(scope: Scope, inner: Inner, place: Placed) -> None:
    """Add one row of a block as often as it repeats; where it is not there, its name means what it reads."""
    site = scope.site
    site.rows += 1
    if site.rows > MOST_LAYERS:
        raise ShapeError(f"the design runs away: more than {MOST_LAYERS:,} rows of blocks")
    inputs = tuple(scope.named[name] for name in inner.inputs) or (scope.last,)
    when = inner.when if inner.when.__class__ is not Expression else truth(inner.when.code(scope, False))
    repeat = _whole_of(scope, "repeat", inner.repeat) if anywhere(when) else 0
    first = len(site.builder.nodes)
    if repeat:
        site.when = site.when if everywhere(when) else site.when * when
        fields = {
            **inner.fixed,
            **{key: scope.named[row] for key, row in inner.named.items()},
            **_worked_out(scope, inner.slots),
        }
        name, function = inner.name, ""
        if inner.cls is Activation:
            function = fields.get("function") or site.rules.style.activation
            name = name or f"{function}{inner.number or ''}"
        site.why = inner.why
        for site.branch, copy in copies(name, fields, repeat, "stride" in fields):
            if function:
                site.x = inputs[0]
                site.activation(site.branch, function)
            else:
                place(site, inner.cls, copy, inputs)
            inputs = (site.x,)
    if inner.weights and repeat:
        begin, end = scope.spans.get(inner.weights, (0, 0))
        nodes = site.builder.nodes
        check_shared(site.builder, inner.weights, nodes[begin:end], nodes[first:])
    if inner.name:
        scope.named[inner.name] = inputs[0]
        scope.spans[inner.name] = first, len(site.builder.nodes)
    scope.last = inputs[0]


def _whole_of(scope: Scope, key: str, value: Any) -> int:
    """A number that is one in all cells."""
    if value.__class__ is Expression:
        found = to_whole(value.code(scope, False))
        if is_array(found):
            if not everywhere(found == found.flat[0]):
                raise ShapeError(f"'{key}' = \"{value.text}\" differs from design to design")
            found = int(found.flat[0])
        value = _checked(key, value.text, whole(0, 1000), found)
    return int(value)


def _worked_out(scope: Scope, slots: tuple[Slot, ...]) -> dict[str, Any]:
    """The values of a row's expressions in this place; a key that is left to [style] is left out."""
    found = {}
    for slot in slots:
        value = _one_of(scope.values[slot.field], slot) if slot.field else _value(scope, slot)
        if value is not None and not (value.__class__ is str and value == ""):
            found[slot.key] = value
    return found


def _one_of(value: Any, slot: Slot) -> Any:
    """A field's value: of a width one of both numbers, where only one is wanted."""
    if value.__class__ is Pair and not slot.both:
        return value.printed if slot.printed else value.actual
    return value


def _value(scope: Scope, slot: Slot) -> Any:
    """The value of one expression, checked like a written one."""
    given = slot.value
    if given.__class__ is tuple:
        sides = [to_whole(v.code(scope, False)) if v.__class__ is Expression else v for v in given]
        return _checked(slot.key, "", slot.read, sides)
    if given.field:
        value = scope.values[given.field]
        if scope.silent(given.field, value):
            return value
        return _checked(slot.key, given.text, slot.read, _one_of(value, slot))
    if slot.both and given.scaled:
        return Pair(*(_read(scope, slot, printed) for printed in (True, False)))
    return _read(scope, slot, slot.printed)


FRACTIONS = ("Ratio", "Share", "Part")


def _read(scope: Scope, slot: Slot, printed: bool) -> Any:
    """One of the two numbers of an expression."""
    given, key = slot.value, slot.key
    try:
        value = given.code(scope, printed)
        if slot.sort == "Flag":
            met = truth(value)
            if is_array(met):
                raise ShapeError("differs from design to design")
            return bool(met)
        if slot.sort in FRACTIONS and value.__class__ is not str:
            value = value.over / value.under if value.__class__ is Quotient else value
        elif value.__class__ not in (str, tuple, bool):
            value = to_whole(value)
    except ShapeError as e:
        raise ShapeError(
            *(f._replace(message=f"'{key}' = \"{given.text}\": {f.message}") for f in e.faults)
        ) from None
    return _checked(key, given.text, slot.read, value)


def _checked(key: str, text: str, read: Callable[[Any, str], Any], value: Any) -> Any:
    """A value that its key takes; raises ShapeError for another one. Of an array, the ends are checked."""
    if value.__class__ is Pair:
        for one in value:
            _checked(key, text, read, one)
        return value
    sides = value if value.__class__ in (tuple, list) else (value,)
    for pick in ("min", "max") if any(map(is_array, sides)) else ("",):
        end = [int(getattr(side, pick)()) if is_array(side) else side for side in sides]
        try:
            made = read(end if sides is value else end[0], key)
        except Wrong as e:
            what = f"'{key}' = \"{text}\"" if text else f"'{key}'"
            comes = end if sides is value else end[0]
            raise ShapeError(Fault(f"{what} must be {e}, and comes to {comes}", hint=e.hint)) from None
    return tuple(value) if pick and sides is value else value if pick else made


def _traced(block: Block, inner: Inner, e: ShapeError) -> ShapeError:
    """The faults of a row of a block with the place of that row, unless they have that of an inner block."""
    found = []
    for fault in e.faults:
        if not fault.file:
            line = spelled_lines(block.texts.get(inner.file, "")).get(inner.key, 0)
            layer = f" ({fault.place})" if fault.place else ""
            fault = fault._replace(message=fault.message + layer, file=inner.file, line=line, place=inner.key)
        found.append(fault)
    return ShapeError(*found)
