"""Which designs has a space? Its settings, and the slots in which one option after another is chosen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from ..engine.graph import Graph
from ..engine.rules import Compound
from ..errors import CallError, Fault, SpecError
from ..records import NamedTuple
from .build import Border, behind, row_labels, row_line
from .cuts import cuts
from .loading import adjusted, find_space, read_whole, split_design
from .settings import Settings, sized
from .spec import Row, Spec
from .spec.choices import Choice, Shares

MOST_TOGETHER = 100_000
MOST_VARIANTS = 100_000
LEFT = -1
"""The option of a stage that has ended: no rows."""


class Slot(NamedTuple):
    """One place of a space: some rows are chosen for it.

    options: the rows of each option, with names as in a design. may_end: a stage may end before it. last: of
    its stage. kind: slots of one kind cost the same behind equal maps. row: of the spec, for errors.
    """

    options: tuple[tuple[Row, ...], ...]
    may_end: bool
    last: bool
    kind: tuple[int, bool]
    row: Row


class Variant(NamedTuple):
    """One choice of what a space's file may choose for whole designs."""

    alpha: float
    sides: tuple[int, ...]
    depth: float


class Space(NamedTuple):
    """A space of designs: a spec with choices, its variants, and the slots of each depth."""

    spec: Spec
    variants: tuple[Variant, ...]
    slots: Mapping[float, tuple[Slot, ...]]
    classes: int
    top: bool
    heading: str

    def start(self, variant: Variant) -> Border:
        """What the first slot reads: the image."""
        *depth, h, w = variant.sides
        return Border.of_image(h, w, self.spec.channels, *depth)

    def behind(self, variant: Variant, rows: Sequence[Row], border: Border) -> tuple[Graph, Border]:
        """The layers of some rows behind a map, and the map that they give; see `build.behind`."""
        spec = adjusted(self.spec, Settings(depth=variant.depth))
        return behind(spec, rows, border, variant.alpha, self.classes)

    def design(self, variant: Variant, picks: Iterable[int], name: str) -> Spec:
        """The spec of one design: the option of each slot, or `LEFT`, at a variant.

        Its alpha and depth are those of its [compound].
        """
        spec, slots = self.spec, self.slots[variant.depth]
        rows = [
            row for slot, pick in zip(slots, picks, strict=True) if pick != LEFT for row in slot.options[pick]
        ]
        rows = list(linked(rows))
        ends = {row.key for row in spec.top}
        compound = spec.rules.compound
        compound = compound._replace(
            alpha=variant.alpha * compound.alpha, depth=variant.depth * compound.depth
        )
        return spec._replace(
            name=name,
            resolution=variant.sides,
            alphas=(1.0,),
            resolutions=(max(variant.sides[-2:]),),
            classes=self.classes,
            layers=tuple(row for row in rows if row.key not in ends),
            top=tuple(row for row in rows if row.key in ends),
            rules=spec.rules._replace(compound=compound),
            choices={},
            family=(),
        )


def load_space(text: str, settings: Settings | None = None) -> Space:
    """Load a space by its name or file; settings behind its colon override `settings`, and its choices.

    A spec without choices is a space of one design. Raises SpecError where it cannot be found or read, or its
    rows cannot be chosen apart from each other; CallError where a setting makes no sense.
    """
    name, given = split_design(text)
    asked = given.over(settings or Settings())
    if asked.batch not in (None, 1):
        raise CallError(
            "a space has no batch", hint="costs of several images are those of one, times the batch"
        )
    spec = find_space(name)
    variants = _variants(spec, asked)
    spec = adjusted(spec, asked._replace(depth=None))
    top = asked.top is not False
    rows = (*spec.layers, *spec.top) if top else spec.layers
    depths = dict.fromkeys(variant.depth for variant in variants)
    slots = {depth: tuple(_slots(spec, rows, top, depth)) for depth in depths}
    classes = spec.classes if asked.classes is None else read_whole(asked.classes, "classes")
    return Space(spec, variants, slots, classes, top, _heading(spec, asked))


def _heading(spec: Spec, asked: Settings) -> str:
    """The name of a space with the settings that were asked for, as a user would write it."""
    given = {
        "alpha": asked.alpha and f"{asked.alpha:g}",
        "rho": asked.rho and f"{asked.rho:g}",
        "resolution": asked.resolution and "x".join(map(str, dict.fromkeys(asked.resolution))),
        "depth": asked.depth and f"{asked.depth:g}",
        "classes": asked.classes,
        "channels": asked.channels,
        "top": "no" if asked.top is False else None,
    }
    settings = ",".join(f"{key}={value}" for key, value in given.items() if value is not None)
    return f"{spec.name}:{settings}" if settings else spec.name


def _variants(spec: Spec, asked: Settings) -> tuple[Variant, ...]:
    """Every alpha, resolution and depth of a space, in the order of its choices."""
    alphas = _chosen(spec, "alpha", asked.alpha)
    depths = _chosen(spec, "depth", asked.depth)
    if asked.resolution is None and asked.rho is None and "resolution" in spec.choices:
        sizes: tuple[Any, ...] = spec.choices["resolution"].values
    else:
        sizes = (sized(spec.resolution, asked, spec.name)[0],)
    if len(alphas) * len(sizes) * len(depths) > MOST_VARIANTS:
        raise SpecError(
            Fault(f"more than {MOST_VARIANTS:,} choices of alpha, resolution and depth", spec.file)
        )
    return tuple(Variant(float(a), s, float(d)) for a, s, d in product(alphas, sizes, depths))


def _chosen(spec: Spec, key: str, asked: float | None) -> tuple[float, ...]:
    if asked is not None:
        return (asked,)
    return spec.choices[key].values if key in spec.choices else (1.0,)


def labels(spec: Spec, top: bool) -> list[str]:
    """What each row is called in a design; raises SpecError where two have one name."""
    found: dict[str, None] = {}
    for row, label in row_labels(spec, top):
        if label in found:
            message = f"another row is called '{label}' already"
            raise SpecError(Fault(message, *row_line(spec, row), f"{row.key}.name"))
        found[label] = None
    return list(found)


def linked(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a design, in which `from` and its like name the last copy of a row that repeats."""
    rows = list(rows)
    names = {row.name for row in rows}
    last: dict[str, str] = {}
    for row in rows:
        label = row.name.rpartition("/")[0]
        fields = {key: last.get(v, v) if v.__class__ is str else v for key, v in row.fields.items()}
        inputs, weights = (
            tuple(last.get(name, name) for name in row.inputs),
            last.get(row.weights, row.weights),
        )
        yield row._replace(fields=fields, inputs=inputs, weights=weights)
        if label and label not in names:
            last[label] = row.name


def _slots(spec: Spec, rows: Sequence[Row], top: bool, depth: float) -> Iterator[Slot]:
    """The slots of a space at a depth: one a copy of a row, or one for rows that only go together."""
    named = labels(spec, top)
    compound = spec.rules.compound
    compound = compound._replace(depth=compound.depth * depth)
    apart = [
        list(_copies(spec, row, n, label, compound))
        for n, (row, label) in enumerate(zip(rows, named, strict=True))
    ]
    first = 0
    for border in cuts(spec, rows, named):
        together = [slot for copies in apart[first:border] for slot in copies]
        if border - first == 1:
            yield from together
        else:
            yield _merged(spec, together, rows[first], rows[border - 1], first)
        first = border


def _copies(spec: Spec, row: Row, n: int, label: str, compound: Compound) -> Iterator[Slot]:
    """The slots of one row: one a copy that chooses, or one for all its copies."""
    if not row.chooses:
        whole = row._replace(name=label)
        yield Slot(((whole,),), False, True, (n, True), row)
        return
    _check_ways(spec, row)
    printed = row.repeat.values if row.repeat.__class__ is Choice else (row.repeat,)
    nothing: tuple[tuple[Row, ...], ...] = ((),) if row.optional else ()
    if row.per:
        written = {compound.copies(many): many for many in reversed(printed)}
        ways = [
            (one._replace(repeat=written[c]),) for c in sorted(written) for one in _ways(spec, row, label)
        ]
        yield Slot((*nothing, *ways), False, True, (n, True), row)
        return
    counts = sorted({compound.copies(many) for many in printed})
    most = counts[-1]
    single = not row.repeat
    first = [(one,) for one in _ways(spec, row, label)]
    for copy in range(1, most + 1):
        ways = [(_copy(one, label if single else f"{label}/{copy}", copy),) for (one,) in first]
        yield Slot((*nothing, *ways), copy - 1 in counts, copy == most, (n, copy == 1), row)


def _check_ways(spec: Spec, row: Row) -> None:
    """Raise SpecError for a row of too many options, before they are made."""
    copies = row.repeat.values if row.repeat.__class__ is Choice else (row.repeat or 1,)
    many = sum(prod(len(_values(spec, one, v)) for v in one.fields.values()) for one in row.any or (row,))
    many *= len(copies) if row.per else max(copies)
    if many > MOST_TOGETHER:
        message = f"the choices of this row come to {many:,} options, more than {MOST_TOGETHER:,}"
        raise SpecError(Fault(message, *row_line(spec, row), row.key))


def _copy(row: Row, name: str, copy: int) -> Row:
    """One copy of a row that is chosen anew; only the first has its stride, and what it reads."""
    if copy == 1:
        return row._replace(name=name, repeat=0)
    fields = {**row.fields, "stride": 1} if "stride" in row.fields else row.fields
    return row._replace(name=name, repeat=0, fields=fields, inputs=())


def _ways(spec: Spec, row: Row, label: str) -> Iterator[Row]:
    """Every row that one may be, its later keys changing fastest."""
    for one in row.any or (row,):
        values = [_values(spec, one, value) for value in one.fields.values()]
        for chosen in product(*values):
            fields = dict(zip(one.fields, chosen, strict=True))
            yield one._replace(
                name=label, fields=fields, key=row.key, why=one.why or row.why, optional=False, per="", any=()
            )


def _values(spec: Spec, row: Row, value: Any) -> tuple[Any, ...]:
    """The values that one key may have; each share is a choice, also where two of them round to one width."""
    if value.__class__ is Choice:
        return value.values  # type: ignore[no-any-return]
    if value.__class__ is Shares:
        rule = spec.rules.width(row.role)
        return tuple(int(rule.round(part * value.of)) for part in value.parts)
    return (value,)


def _merged(spec: Spec, slots: Sequence[Slot], first: Row, last: Row, n: int) -> Slot:
    """One slot for rows that only go together: every way through their own slots."""
    ways: list[tuple[bool, tuple[Row, ...]]] = [(False, ())]  # whether the stage has ended, and the rows
    for slot in slots:
        longer: list[tuple[bool, tuple[Row, ...]]] = []
        for ended, rows in ways:
            if ended or slot.may_end:
                longer.append((not slot.last, rows))
            if not ended:
                longer += [(False, (*rows, *more)) for more in slot.options]
        ways = longer
        if len(ways) > MOST_TOGETHER:
            message = (
                f"the rows {first.key} to {last.key} can only be chosen together, since one reads another"
                f" that is not just above it, and there are more than {MOST_TOGETHER:,} ways to choose them"
            )
            raise SpecError(Fault(message, *row_line(spec, last), place=last.key))
    return Slot(tuple(tuple(linked(rows)) for _, rows in ways), False, True, (n, True), first)
