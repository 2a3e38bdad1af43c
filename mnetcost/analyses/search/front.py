"""Which designs does no other beat in two to four objectives? The Pareto set, and what beats the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.budgets.metrics import ALIASES, METRICS, named, unknown_metric
from ...designs.cells import grids
from ...designs.checkpoints import checkpoints
from ...designs.loading import split_design
from ...designs.measured import Scored, read_scores
from ...designs.settings import Settings
from ...engine.conventions import Convention
from ...errors import CallError, Fault
from ...records import NamedTuple
from ..documents import Column, Document, Table, convention_data, convention_note, json_data
from ..pareto import first_beating, pareto_front
from ..report.grids import Tick, column_kind, spread
from ..report.metrics import about
from .points import Entry, Points, joined, of_checkpoints, of_grid
from .scores import TOP1, Scores

if TYPE_CHECKING:
    from ..charts import Scatter

SCHEMA = "mnetcost.front/1"
FEWEST, MOST = 2, 4
MOST_SHOWN = 40
MOST_NAMED = 3
MOST_DESIGNS = 4_000_000
DEFAULT = "madds,params"


class Objective(NamedTuple):
    """A figure by which designs are compared: less of a metric is better, more of `top1`.

    file: a user's CSV file that it is read from.
    """

    metric: str
    file: str = ""

    @property
    def larger(self) -> bool:
        """Is more of it better?"""
        return self.metric == TOP1


def read_objectives(text: str) -> tuple[Objective, ...]:
    """Read objectives as an option gives them, with commas between.

    >>> read_objectives("madds, ram, top1=mine.csv")[1:]
    (Objective(metric='peak_bytes.int8', file=''), Objective(metric='top1', file='mine.csv'))

    Raises CallError, with the nearest name, for what is no metric, for a file of anything but `top1`, and for
    fewer than two objectives or more than four.
    """
    found: dict[str, Objective] = {}
    for word in filter(None, map(str.strip, text.split(","))):
        name, equals, file = (part.strip() for part in word.partition("="))
        metric = named(name)
        if metric != TOP1 and metric not in METRICS:
            raise _unknown(name)
        if equals and metric != TOP1:
            hint = f"{metric} is counted; only {TOP1} is read from a file"
            raise CallError(f"'{word[:60]}': an objective has no value", hint=hint)
        if equals and not file:
            raise CallError(f"'{word}' names no file", hint=f"{TOP1}=FILE.csv, with the columns design,value")
        if metric in found:
            raise CallError(f"'{metric}' is an objective twice")
        found[metric] = Objective(metric, file)
    if not FEWEST <= len(found) <= MOST:
        hint = f"--of {DEFAULT},peak_bytes.int8"
        raise CallError(f"a front is of {FEWEST} to {MOST} objectives, not of {len(found)}", hint=hint)
    return tuple(found.values())


def _unknown(name: str) -> CallError:
    """What to say where there is no such objective."""
    from ...designs.synonyms import fold, meant

    accuracy = fold(name) in ("accuracy", "acc", "top1accuracy") or fold(name).startswith(("top1", "top5"))
    if accuracy or meant(name, (*METRICS, *ALIASES, TOP1), "metrics") == TOP1:
        return CallError(f"there is no objective '{name[:60]}'", hint=f"did you mean '{TOP1}'?")
    return unknown_metric(name)


class Asked(NamedTuple):
    """What is compared: designs at alphas and sizes (empty for their own), and published checkpoints."""

    designs: tuple[str, ...]
    settings: Settings = Settings()
    alphas: Sequence[float] = ()
    sizes: Sequence[tuple[int, ...]] = ()
    checkpoints: bool = False


def compared(
    asked: Asked,
    objectives: Sequence[Objective],
    convention: Convention,
    rows: Sequence[Scored] | None = None,
    tick: Tick = None,
) -> Points:
    """Designs and checkpoints with the figures of the objectives.

    rows: accuracies of designs; None for those of the objective's file. tick: told how much is done.
    Raises CallError where there is nothing to compare or no accuracy of the designs, for more than
    `MOST_DESIGNS`, and for mistakes in the file; SpecError where there is no design of a name.
    """
    file = next((one.file for one in objectives if one.larger), None)
    _check(asked, file, rows)
    scores = None
    if file is not None and asked.designs:
        given = read_scores(file) if rows is None else rows
        if asked.checkpoints and given and max(row.value for row in given) <= 1:
            hint = "write 71.8, and not 0.718"
            raise CallError(
                Fault("accuracies of checkpoints are in per cent, and these are not", file, hint=hint)
            )
        scores = Scores(given, file or TOP1, asked.settings)
    metrics = [one.metric for one in objectives]
    places = asked.alphas, asked.sizes, MOST_DESIGNS
    found = grids(asked.designs, asked.settings, *places) if asked.designs else []
    parts = [of_grid(grid, metrics, convention, scores, tick) for grid in found]
    if asked.checkpoints:
        parts.append(of_checkpoints([one for one in checkpoints() if one.published], metrics, convention))
    points = joined(parts)
    if scores and (other := scores.unused):
        line = f"of {scores.file}, {len(other):,} are of designs that are not compared: {_some(other)}"
        points = points._replace(notes=(line,))
    return points


def _check(asked: Asked, file: str | None, rows: Sequence[Scored] | None) -> None:
    """Raise CallError for what does not go together."""
    if not asked.designs and not asked.checkpoints:
        raise CallError("no design is given", hint="v1 v2, or --checkpoints")
    if not asked.designs and (asked.alphas or asked.sizes):
        raise CallError("alphas and resolutions are of designs, and no design is given", hint="v1 v2")
    if not asked.designs and file:
        raise CallError(
            f"'{TOP1}={file}' is of designs, and no design is given",
            hint=f"--of {TOP1}: checkpoints have their own",
        )
    if asked.designs and file == "" and rows is None:
        raise CallError(
            f"no {TOP1} of designs is known, and none is predicted",
            hint=f"{TOP1}=FILE.csv, with the columns design,value; or --checkpoints without designs",
        )


def answer(
    points: Points, objectives: Sequence[Objective], convention: Convention, everything: bool = False
) -> Document:
    """The designs that no other one beats, the best in the first objective first.

    everything: also those that are beaten, each with the first on the front that beats it; and every row in
    the text. Raises CallError where no design has all figures.
    """
    import numpy as np

    if not points.size:
        raise CallError("no design has all of these figures", hint="; ".join(_lacking(points)))
    columns = [points.figures[one.metric] for one in objectives]
    larger = [one.larger for one in objectives]
    on = pareto_front(columns, larger)
    signed = [-column if up else column for column, up in zip(columns, larger, strict=True)]

    def ordered(at: Any) -> Any:
        return at[np.lexsort([column[at] for column in signed[::-1]])]

    on = ordered(on)
    beaten = np.empty(0, np.int64)
    by: dict[int, int] = {}
    if everything:
        beater = first_beating(columns, on, larger)
        beaten = ordered(np.flatnonzero(beater >= 0))
        by = dict(zip(beaten.tolist(), beater[beaten].tolist(), strict=True))
    found = Found(points, tuple(objectives), on.tolist(), beaten.tolist(), by)
    return _document(found, convention, everything)


class Found(NamedTuple):
    """The numbers of the designs on the front and of those beaten, in order; and by which each is beaten."""

    points: Points
    objectives: tuple[Objective, ...]
    on: list[int]
    beaten: list[int]
    by: dict[int, int]

    def values(self, n: int) -> list[Any]:
        """The figures of a design: whole numbers, and per cent."""
        return [self.points.figures[one.metric][n].item() for one in self.objectives]

    def name(self, n: int) -> str:
        """What a design is called: a checkpoint by its name."""
        entry = self.points.entry(n)
        return str(entry.get("checkpoint", entry["design"]))

    def data(self, n: int) -> dict[str, Any]:
        """A design in the JSON."""
        figures = dict(zip((one.metric for one in self.objectives), self.values(n), strict=True))
        by = {"beaten_by": self.name(self.by[n])} if n in self.by else {}
        return {**self.points.entry(n), "figures": figures, **by}


def _document(found: Found, convention: Convention, everything: bool) -> Document:
    points, objectives = found.points, found.objectives
    on = found.on if everything else [found.on[n] for n in spread(len(found.on), MOST_SHOWN)]
    tables = [_table("front", found, on)]
    if found.beaten:
        tables.append(_table("beaten", found, found.beaten, True))
    left = points.size - len(found.on)
    metrics = [one.metric for one in objectives]
    lines = []
    if len(on) < len(found.on):
        lines.append(
            f"{len(on)} of {len(found.on):,} are shown, evenly; --all and the other formats hold all"
        )
    lines.append(
        "on the front: no other is as good in all of these and better in one; equal ones are all kept"
    )
    if left and not everything:
        lines.append(f"{left:,} are beaten; --all shows each with a better one")
    lines += [*_lacking(points), *points.notes, *filter(None, map(about, (m for m in metrics if m != TOP1)))]
    return Document(
        f"{len(found.on):,} of {points.size:,} {_noun(points)} are on the front of {', '.join(metrics)}",
        tuple(tables),
        (*lines, convention_note(convention)),
        json_data(
            SCHEMA,
            "partial" if points.partial else "complete",
            objectives=[
                {
                    "metric": one.metric,
                    "better": "larger" if one.larger else "smaller",
                    "file": one.file or None,
                }
                for one in objectives
            ],
            convention=convention_data(convention),
            designs=points.size,
            beaten=left,
            left_out=[{"why": why, "designs": list(names)} for why, names in points.without.items()],
            front=[found.data(n) for n in found.on],
            **({"beaten_designs": [found.data(n) for n in found.beaten]} if everything else {}),
        ),
        flat=_table("front", found, [*found.on, *found.beaten], everything),
        charts=lambda: (_drawn(found),) if points.size > 1 else (),
    )


def _drawn(found: Found) -> Scatter:
    """The designs by the first two objectives."""
    from ..scatters import Compared, scatter

    points, (one, two, *more) = found.points, found.objectives
    first, second = axis_title(one.metric), axis_title(two.metric)
    names = ", ".join(objective.metric for objective in found.objectives)
    compared = Compared(
        (first[0], second[0]),
        (first[1], second[1]),
        (points.figures[one.metric], points.figures[two.metric]),
        found.name,
        found.on,
        (one.larger, two.larger),
        lambda n: group_of(points.entry(n)),
    )
    about = f"{len(found.on):,} of {points.size:,} {_noun(points)} are on the front of {names}."
    note = f"{len(found.on):,} of {points.size:,} are on the front"
    note += f" of {names}; the line is of the first two" if more else ""
    noun = _noun(points)
    title = f"{noun[:1].upper()}{noun[1:]} by {first[0]} and {second[0]}"
    return scatter(compared, title, about, note)


def group_of(entry: Entry) -> str:
    """What has one colour in a picture: the table of a checkpoint, a design without its settings."""
    return str(entry.get("source") or split_design(entry["design"])[0])


def _noun(points: Points) -> str:
    """What the points are; checkpoints stand behind designs."""
    ends = (points.entry(0), points.entry(points.size - 1))
    return " and ".join(
        dict.fromkeys("checkpoints" if "checkpoint" in entry else "designs" for entry in ends)
    )


def _table(title: str, found: Found, at: Sequence[int], beaten: bool = False) -> Table:
    """Designs with their figures, and with what beats them."""
    entries = [found.points.entry(n) for n in at]
    checkpoints = any("checkpoint" in entry for entry in entries)
    named_columns = (
        Column("design", "design"),
        *(
            (
                Column("checkpoint", "checkpoint"),
                Column("source", "in", rank=2),
                Column("dtype", "type", rank=1),
            )
            if checkpoints
            else ()
        ),
    )
    columns = (
        *named_columns,
        *(Column(one.metric, *axis_title(one.metric)) for one in found.objectives),
        *((Column("beaten_by", "beaten by"),) if beaten else ()),
    )
    rows = []
    for n, entry in zip(at, entries, strict=True):
        words = [entry.get(column.key, "") for column in named_columns]
        by = [found.name(found.by[n]) if n in found.by else ""] if beaten else []
        rows.append((*words, *found.values(n), *by))
    return Table(title, columns, rows)


def axis_title(metric: str) -> tuple[str, str]:
    """The title of a column or an axis, and the kind of its values."""
    if metric == TOP1:
        return "top-1", "number"
    return {"madds": "MAdds"}.get(metric, metric), column_kind(metric)


def _lacking(points: Points) -> Iterable[str]:
    """Which designs are left out, and why."""
    for why, names in points.without.items():
        yield f"left out, {why}: {_some(names)}"


def _some(names: Sequence[str]) -> str:
    """The first of some names, and how many more there are."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
