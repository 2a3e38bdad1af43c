"""Which designs of a space does no other one beat? Of the whole space, or of those with an accuracy.

A path to a node that another path there beats cannot be part of a design that no other one beats, since both
go on in the same ways: so each node keeps only its own front, and no design is swept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ...designs.measured import Scored, read_scores
from ...errors import CallError, Fault
from ...records import NamedTuple
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from ..pareto import pareto_front
from ..report.grids import column_kind
from .front import Objective, axis_title
from .lattice import Lattice, additive, arriving
from .space import Priced, several_columns, variant_cells, variant_data
from .tables import check_sums

if TYPE_CHECKING:
    import numpy as np

    from ..charts import Scatter

SCHEMA = "mnetcost.space-front/1"
MOST_SHOWN = 40
MOST_POINTS = 2_000_000
"""Points of one node, before those that another one beats are left out."""


class Point(NamedTuple):
    """A design on a front: its number, and its figures in the order of the objectives."""

    number: int
    figures: tuple[Any, ...]


class _Node(NamedTuple):
    """The front of the paths to a node: their figures, and for each the edge and the entry before it."""

    figures: list[np.ndarray[Any, Any]]
    option: np.ndarray[Any, Any]
    source: np.ndarray[Any, Any]
    entry: np.ndarray[Any, Any]


def of_lattice(lattice: Lattice, metrics: Sequence[str]) -> list[tuple[list[int], tuple[int, ...]]]:
    """The front of a lattice in some of its metrics, of which less is better: for each point of it the
    options of one design, and its figures.

    Raises CallError for sums that pass 64 bits, and for a front of more than `MOST_POINTS` points.
    """
    import numpy as np

    at = [lattice.metrics.index(metric) for metric in metrics]
    sums = [additive(metric) for metric in metrics]
    for metric, is_sum in zip(metrics, sums, strict=True):
        if is_sum:
            check_sums(lattice, metric)
    zero = np.zeros(1, np.int64)
    borders = [[_Node([zero] * len(at), zero, zero, zero)]]
    for n in range(len(lattice.layers)):
        now = []
        for edges in arriving(lattice, n):
            parts = [(edge, borders[-1][edge.to]) for edge in edges]
            figures = [
                np.concatenate(
                    [
                        one.figures[k] + edge.figures[m]
                        if is_sum
                        else np.maximum(one.figures[k], edge.figures[m])
                        for edge, one in parts
                    ]
                )
                for k, (m, is_sum) in enumerate(zip(at, sums, strict=True))
            ]
            if len(figures[0]) > MOST_POINTS:
                raise CallError(f"the front of this space has more than {MOST_POINTS:,} points on the way")
            sizes = [len(one.option) for _, one in parts]
            options = np.repeat([edge.option for edge, _ in parts], sizes)
            sources = np.repeat([edge.to for edge, _ in parts], sizes)
            entries = np.concatenate([np.arange(size) for size in sizes])
            good = _first_of_equal(figures, pareto_front(figures))
            now.append(_Node([f[good] for f in figures], options[good], sources[good], entries[good]))
        borders.append(now)
    return _walked(borders)


def _first_of_equal(figures: Sequence[np.ndarray[Any, Any]], good: np.ndarray[Any, Any]) -> Any:
    """Of some points, the first of those that are equal, in the order of their places."""
    import numpy as np

    table = np.stack([f[good] for f in figures], axis=1)
    return good[np.sort(np.unique(table, axis=0, return_index=True)[1])]


def _walked(borders: Sequence[Sequence[_Node]]) -> list[tuple[list[int], tuple[int, ...]]]:
    """The entries of the last border that no other end beats, each with the options that lead to it."""
    import numpy as np

    ends = borders[-1]
    places = [(node, entry) for node, one in enumerate(ends) for entry in range(len(one.option))]
    columns = [np.concatenate([one.figures[k] for one in ends]) for k in range(len(ends[0].figures))]
    found = []
    for n in _first_of_equal(columns, pareto_front(columns)):
        node, entry = places[int(n)]
        options = []
        for border in range(len(borders) - 1, 0, -1):
            one = borders[border][node]
            options.append(int(one.option[entry]))
            node, entry = int(one.source[entry]), int(one.entry[entry])
        found.append((options[::-1], tuple(int(column[int(n)]) for column in columns)))
    return found


def front(
    known: Priced, objectives: Sequence[Objective], rows: Sequence[Scored] | None = None
) -> list[Point]:
    """The front of a space in some objectives, in the order of the first one.

    With `top1`, of the designs that a user's file gives one (or `rows`); else of all designs, one for each
    point. Raises CallError for mistakes in the file, and for a space without designs.
    """
    if not known.total:
        raise CallError(f"'{known.space.heading}' has no designs")
    larger = [one.larger for one in objectives]
    if any(larger):
        points = _scored(known, objectives, rows)
    else:
        metrics = [one.metric for one in objectives]
        points = [
            Point(offset + lattice.number(options), figures)
            for lattice, offset in zip(known.lattices, known.offsets, strict=False)
            for options, figures in of_lattice(lattice, metrics)
        ]
    columns = [[point.figures[k] for point in points] for k in range(len(objectives))]
    on = [points[int(n)] for n in pareto_front(columns, larger)]
    signs = [-1 if up else 1 for up in larger]
    return sorted(on, key=lambda p: ([s * f for s, f in zip(signs, p.figures, strict=True)], p.number))


def _scored(known: Priced, objectives: Sequence[Objective], rows: Sequence[Scored] | None) -> list[Point]:
    """The designs of a user's file with their figures and accuracies."""
    file = next(one.file for one in objectives if one.larger)
    if not file and rows is None:
        raise CallError(
            "no top1 of a space is known, and none is predicted",
            hint="top1=FILE.csv, with the columns design,value; designs by their numbers",
        )
    given = read_scores(file) if rows is None else rows
    faults, points, seen = [], [], dict[int, int]()
    name = re.escape(known.space.spec.name)
    for row in given:
        number = re.fullmatch(rf"(?:.*/)?(?:{name}[- ])?(\d{{1,400}})(?:\.toml)?", row.design, re.ASCII)
        if number is None or not 0 <= (n := int(number[1])) < known.total:
            message = f"'{row.design[:60]}' is no number of a design of '{known.space.heading}'"
            faults.append(
                Fault(message, file, row.line, hint=f"0 to {known.total - 1}, as space sample shows")
            )
        elif n in seen:
            faults.append(
                Fault(f"design {n} is on line {seen[n]} too", file, row.line, hint="keep one of the lines")
            )
        else:
            seen[n] = row.line
            figures = known.figures(n)
            values = tuple(row.value if one.larger else figures[one.metric] for one in objectives)
            points.append(Point(n, values))
    if faults:
        raise CallError(*faults)
    if not points:
        raise CallError(f"there is no design in '{file}'")
    return points


def document(
    known: Priced, objectives: Sequence[Objective], on: Sequence[Point], everything: bool
) -> Document:
    """The front of a space: a row a point."""
    several = several_columns(known)
    columns = (
        Column("design", "design", "number"),
        *several,
        *(
            Column(one.metric, one.metric, "number" if one.larger else column_kind(one.metric))
            for one in objectives
        ),
    )
    shown = on if everything else on[:MOST_SHOWN]
    variants = [known.find(point.number)[0].variant for point in shown]
    rows = [
        (str(point.number), *variant_cells(several, variant), *point.figures)
        for point, variant in zip(shown, variants, strict=True)
    ]
    names = ", ".join(one.metric for one in objectives)
    notes = [
        f"no other design is as good in {names} and better in one; of equal ones, one is shown",
        convention_note(known.convention),
    ]
    if len(on) > len(shown):
        notes.insert(0, f"{len(shown)} of {len(on):,} are shown; --all and JSON have all")
    if len(on) == 1 and not any(one.larger for one in objectives):
        notes.insert(0, "one design is least in all of these: with top1=FILE.csv a front says more")
    spec = known.space.spec
    data = json_data(
        SCHEMA,
        None,
        space=known.space.heading,
        objectives=[{"metric": one.metric, "better": "more" if one.larger else "less"} for one in objectives],
        front=[
            {
                "design": str(point.number),
                **variant_data(known.find(point.number)[0].variant),
                "figures": {one.metric: value for one, value in zip(objectives, point.figures, strict=True)},
            }
            for point in on
        ],
        convention=convention_data(known.convention),
    )
    return Document(
        known.space.heading,
        (Table("", columns, rows),),
        tuple(notes),
        data,
        (about(spec.title, spec.source),),
        charts=lambda: (_drawn(known, objectives, on),) if len(on) > 1 else (),
    )


def _drawn(known: Priced, objectives: Sequence[Objective], on: Sequence[Point]) -> Scatter:
    """The front by the first two objectives."""
    from ..scatters import Compared, scatter

    (one, two, *more), names = objectives, ", ".join(objective.metric for objective in objectives)
    first, second = axis_title(one.metric), axis_title(two.metric)
    compared = Compared(
        (first[0], second[0]),
        (first[1], second[1]),
        ([point.figures[0] for point in on], [point.figures[1] for point in on]),
        lambda n: f"design {on[n].number}",
        range(len(on)),
        (one.larger, two.larger),
    )
    note = f"{len(on):,} on the front of {names}" + ("; the line is of the first two" if more else "")
    about_it = f"{len(on):,} designs of {known.space.heading} are on the front of {names}."
    return scatter(compared, f"{known.space.heading}: the front of {names}", about_it, note)
