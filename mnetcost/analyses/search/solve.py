"""Which is the largest design within limits? The largest alpha at each resolution, and what stops it.

Alpha gives a different network only from one rounding to the next; every such piece is known to the last
float (`alphas.py`), and what is answered is one of them. Nothing is assumed of how costs follow alpha: params
and work of all pieces come from one array pass, and further figures from one design after another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import prod
from typing import Any

from ...designs.budgets.metrics import METRICS
from ...designs.budgets.options import read_amounts
from ...designs.build import row_labels
from ...designs.loading import load_spec
from ...designs.settings import Settings, sized, spelled_size
from ...designs.shipped import is_shipped
from ...designs.spec import Row, Spec
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...errors import CallError, Fault, SpecError, nearest
from ...records import NamedTuple
from ..documents import Column, Document, Table, about, convention_data, convention_note, json_data
from ..pareto import pareto_front
from ..report.metrics import Gauge
from ..report.scale import scale
from .alphas import Piece, alpha_pieces, depth_pieces
from .points import figure

SCHEMA = "mnetcost.solve/1"
OVER = ("alpha", "resolution", "depth")
WIDTH = "width:"
ALPHAS = (0.05, 2.0)
DEPTHS = (0.25, 4.0)
WIDEST = 4  # times the printed width of a row: as far as it is looked for
IN_ARRAYS = ("params", "madds")
"""Metrics that one array pass finds at every alpha and size."""


class Limits(NamedTuple):
    """At most so much of each metric, and the limits as they were written."""

    most: dict[str, int]
    texts: tuple[str, ...]


class Choice(NamedTuple):
    """One design that may be the answer: its place on the way from small to large, and how it is called.

    value: of alpha, of the size, of the depth or of the width, whichever grows. piece: the alphas (or depths)
    that give it.
    """

    spec: Spec
    settings: Settings
    value: float
    piece: Piece | None = None


class Line(NamedTuple):
    """Choices from small to large, that differ in one thing; what they share, for a row of the answer."""

    resolution: tuple[int, ...]
    depth: Piece | None
    choices: Sequence[Choice]
    figures: Mapping[str, Sequence[int]]  # of all choices, where arrays gave them


class Priced(NamedTuple):
    """A choice with its figures, and the metrics of which it has more than the limit."""

    choice: Choice
    figures: dict[str, int]
    broken: tuple[str, ...]


class Found(NamedTuple):
    """The largest design of a line within the limits, and the next larger ones.

    best: None where no choice is within them; then `after` is the smallest. after: the next choice of the
    line; None where the line ends with `best`. larger: the best at the next larger size, if there is one.
    """

    line: Line
    best: Priced | None
    after: Priced | None
    larger: Priced | None = None

    @property
    def broken(self) -> tuple[str, ...]:
        """The metrics that stop it."""
        return self.after.broken if self.after else ()


def read_limits(texts: Sequence[str]) -> Limits:
    """Read limits as --max gives them; raises CallError for none, and for one on a part of a design."""
    most = read_amounts(texts, "max")
    if not most:
        raise CallError("there is no limit", hint="--max madds=150M --max params=3M")
    return Limits(most, tuple(texts))


def read_over(text: str) -> tuple[str, ...]:
    """Read --over: alpha, resolution and depth, or width:ROW; raises CallError for anything else."""
    if text.startswith(WIDTH):
        return (text,)
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",")))
    for word in words:
        if word.startswith(WIDTH):
            raise CallError("the width of one row is solved for alone", hint=f"--over '{word}'")
        if word not in OVER:
            like = nearest(word, OVER)
            raise CallError(
                f"there is no '{word[:60]}' to solve for",
                hint=f"did you mean '{like}'?" if like else "alpha, resolution, depth, or width:ROW",
            )
    return words


class Question(NamedTuple):
    """What is asked: a spec with its settings, limits, and what may grow, between which ends."""

    spec: Spec
    settings: Settings
    limits: Limits
    over: tuple[str, ...]
    sizes: tuple[tuple[int, ...], ...]
    alphas: tuple[float, float]
    depths: tuple[float, float]
    convention: Convention

    @property
    def row(self) -> str:
        """The row whose width may grow, or nothing."""
        return self.over[0].removeprefix(WIDTH) if self.over[0].startswith(WIDTH) else ""

    @property
    def grown(self) -> str:
        """What grows along a line, from one choice to the next."""
        return "width" if self.row else next(w for w in ("alpha", "depth", "resolution") if w in self.over)


def question(
    spec: Spec,
    settings: Settings,
    limits: Limits,
    over: tuple[str, ...],
    sizes: Sequence[tuple[int, ...]],
    alphas: tuple[float, float],
    depths: tuple[float, float],
    convention: Convention,
) -> Question:
    """A question about a spec, in which what its settings fix does not grow.

    sizes: those to look at; for none, the published ones, or for the width of a row its own. Raises CallError
    where nothing is left that may grow.
    """
    fixed = [word for word in OVER if getattr(settings, word) is not None]
    if settings.rho is not None:
        fixed.append("resolution")
    left = tuple(word for word in over if word not in fixed)
    if not left:
        raise CallError(
            f"the settings of '{spec.name}' fix all that may grow: {', '.join(over)}",
            hint=f"mnetcost solve {spec.name}",
        )
    own = () if left[0].startswith(WIDTH) else spec.sizes
    return Question(spec, settings, limits, left, tuple(sizes) or own, alphas, depths, convention)


def solve(asked: Question, told: Callable[[int, int], None] | None = None) -> Document:
    """The largest design within the limits on each line of designs, and all of them that no other one beats.

    told: is called with the number of designs that are looked through, and of all.

    Raises CallError for a thing to solve for that the design does not have, or a limit that a design has no
    figure for.
    """
    lines = list(_lines(asked))
    every, before, found = sum(len(line.choices) for line in lines), 0, []

    def tick(looked: int) -> None:
        if told:
            told(before + looked, every)

    for line in lines:
        found.append(largest(asked, line, tick))
        before += len(line.choices)
        tick(0)
    found = [one._replace(larger=_larger(asked, one, lines)) for one in found]
    return _document(asked, found, on_front(found))


def _lines(asked: Question) -> Iterator[Line]:
    """The lines of designs that are looked through, one after another."""
    own = sized(asked.spec.resolution, asked.settings, asked.spec.name)[0]
    sizes = asked.sizes if "resolution" in asked.over else (own,)
    if asked.row:
        for size in asked.sizes or (own,):
            yield Line(size, None, list(_widths(asked, size)), {})
        return
    depths: list[Piece | None] = [None]
    if "depth" in asked.over:
        depths = list(depth_pieces(asked.spec, *asked.depths))
        if not depths:
            raise CallError(f"'{asked.spec.name}' has no row that repeats, and no depth to solve for")
    if "alpha" in asked.over:
        for depth in depths:
            yield from _alpha_lines(asked, depth, sizes)
    elif "depth" in asked.over:
        for size in sizes:
            choices = [
                Choice(
                    asked.spec, asked.settings._replace(depth=d.shown, resolution=size, rho=None), d.shown, d
                )
                for d in depths
                if d is not None
            ]
            yield Line(size, None, choices, {})
    else:
        sizes = tuple(sorted(sizes, key=lambda size: (prod(size), size)))
        settings = [asked.settings._replace(resolution=size, rho=None) for size in sizes]
        yield Line((), None, [Choice(asked.spec, one, max(one.resolution or ())) for one in settings], {})


def _alpha_lines(asked: Question, depth: Piece | None, sizes: Sequence[tuple[int, ...]]) -> Iterator[Line]:
    """A line for each size, of all pieces of alpha."""
    settings = asked.settings if depth is None else asked.settings._replace(depth=depth.shown)
    pieces = alpha_pieces(asked.spec, settings._replace(resolution=None, rho=None), *asked.alphas)
    shown = [piece.shown for piece in pieces]
    grid = scale(asked.spec, shown, sizes, asked.convention, settings)
    for column, size in enumerate(sizes):
        here = settings._replace(resolution=size, rho=None)
        choices = [
            Choice(asked.spec, here._replace(alpha=value), value, piece)
            for value, piece in zip(shown, pieces, strict=True)
        ]
        figures = {
            "params": [int(n) for n in grid.params[:, column]],
            "madds": [int(n) for n in grid.madds[:, column]],
        }
        yield Line(size, depth, choices, figures)


def _widths(asked: Question, size: tuple[int, ...]) -> Iterator[Choice]:
    """One row at every width, from the least that its rule gives to four times the printed one."""
    spec = asked.spec
    row = _row(spec, asked.row)
    rule = spec.rules.width(row.role)
    step = rule.divisor if rule.rounding.endswith("divisible") else 1
    for width in range(rule.smallest, WIDEST * row.fields["out"] + 1, step):
        changed = row._replace(fields={**row.fields, "out": width})
        layers, top = (tuple(changed if r is row else r for r in rows) for rows in (spec.layers, spec.top))
        settings = asked.settings._replace(resolution=size, rho=None)
        yield Choice(spec._replace(layers=layers, top=top), settings, width)


def _row(spec: Spec, name: str) -> Row:
    """A row with a width, by its name as a report has it; raises CallError for none."""
    wide = {label: row for row, label in row_labels(spec) if row.fields.get("out").__class__ is int}
    if name not in wide:
        like = nearest(name, wide)
        raise CallError(
            f"'{spec.name}' has no row '{name[:60]}' with a width",
            hint=f"did you mean 'width:{like}'?" if like else "rows: " + ", ".join(list(wide)[:8]),
        )
    return wide[name]


def largest(asked: Question, line: Line, tick: Callable[[int], None]) -> Found:
    """The largest choice of a line within the limits: the last one of which that holds.

    Widths of a row that other rows do not fit are left out; raises CallError where only one fits.
    """
    after, fits = None, 0
    faults: list[Fault] = []
    for n in reversed(range(len(line.choices))):
        if any(line.figures[m][n] > most for m, most in asked.limits.most.items() if m in line.figures):
            after = None
            continue
        tick(len(line.choices) - n - 1)
        try:
            one = _priced(asked, line, n)
        except SpecError as e:
            if not asked.row:
                raise
            faults.extend(e.faults)
            continue
        fits += 1
        if not one.broken:
            break
        after = one
    else:
        one = _priced(asked, line, 0) if after is None else after
    if faults and fits == 1:
        raise CallError(f"the rows behind '{asked.row}' fit no other width of it: {faults[0].message}")
    if one.broken:
        return Found(line, None, one)
    if after is None and n + 1 < len(line.choices):
        after = _priced(asked, line, n + 1)
    return Found(line, one, after)


def _larger(asked: Question, found: Found, lines: Sequence[Line]) -> Priced | None:
    """The answer of a line at the next larger size, of the same alpha and depth."""
    area = prod(found.line.resolution)
    larger = [line for line in lines if line.depth == found.line.depth and prod(line.resolution) > area]
    if found.best is None or not larger:
        return None
    line = min(larger, key=lambda line: prod(line.resolution))
    value = found.best.choice.value
    return _priced(asked, line, next(n for n, one in enumerate(line.choices) if one.value == value))


def _priced(asked: Question, line: Line, n: int) -> Priced:
    """One choice with its figures: params, madds, and whatever else is limited."""
    choice, limits = line.choices[n], asked.limits.most
    wanted = dict.fromkeys((*IN_ARRAYS, *limits))
    figures = {metric: line.figures[metric][n] for metric in wanted if metric in line.figures}
    if len(figures) < len(wanted):
        design = load_spec(choice.spec, choice.settings)
        gauge = Gauge(cost(design.graph, design.batch), asked.convention, design)
        figures = {metric: figure(gauge, metric, design) for metric in wanted}
    return Priced(choice, figures, tuple(m for m, most in limits.items() if figures[m] > most))


def on_front(found: Sequence[Found]) -> list[bool]:
    """Which answers no other one beats: by the value that grows, the size and the depth, larger is better."""
    within = [n for n, one in enumerate(found) if one.best]
    if not within:
        return [False] * len(found)
    columns: list[list[float]] = [[], [], []]
    for n in within:
        one = found[n]
        assert one.best is not None
        columns[0].append(one.best.choice.value)
        columns[1].append(float(prod(one.line.resolution)))
        columns[2].append(one.line.depth.shown if one.line.depth else 1.0)
    front = {within[int(n)] for n in pareto_front(columns, [True] * 3)}
    return [n in front for n in range(len(found))]


def called(choice: Choice) -> str:
    """A design by its name and settings, as a user would write it."""
    given = choice.settings
    settings = {
        "alpha": given.alpha,
        "depth": given.depth,
        "resolution": None if given.resolution is None else spelled_size(given.resolution),
        "classes": given.classes,
        "channels": given.channels,
        "top": "no" if given.top is False else None,
    }
    parts = [
        f"{key}={value!r}" if isinstance(value, float) else f"{key}={value}"
        for key, value in settings.items()
        if value is not None
    ]
    name = choice.spec.name if is_shipped(choice.spec.name) else choice.spec.file
    return f"{name}:{','.join(parts)}" if parts else name


def _document(asked: Question, found: Sequence[Found], front: Sequence[bool]) -> Document:
    metrics = list(dict.fromkeys((*IN_ARRAYS, *asked.limits.most)))
    grown = asked.grown
    depths, larger = any(one.line.depth for one in found), any(one.larger for one in found)
    columns = [
        *([Column("resolution", "resolution")] if grown != "resolution" else []),
        *([Column("depth", "depth", "number")] if depths else []),
        Column(grown, f"largest {grown}"),
        *(Column(metric, metric, _kind(metric)) for metric in metrics),
        Column("limit", "limit"),
        Column("next", f"next {grown}"),
        Column("breaks", "which breaks"),
        *([Column("larger", "at the next size")] if larger else []),
        Column("front", "front"),
    ]
    rows = [_cells(one, good, grown, depths, larger, metrics) for one, good in zip(found, front, strict=True)]
    good = [one for one in found if one.best]
    lead = _summary(asked, found, front, grown)
    grows = ["width"] if asked.row else [word for word in OVER if word in asked.over]
    notes = [
        "an alpha stands for all that give the same network; the one that is shown is the shortest to write",
        f"front: no other row is as large or larger in all of {' and '.join(grows)}",
        convention_note(asked.convention),
    ]
    if grown != "alpha":
        del notes[0]
    data = json_data(
        SCHEMA,
        "found" if good else "nothing",
        design=asked.spec.name,
        limits=[{"metric": metric, "most": most} for metric, most in asked.limits.most.items()],
        over=list(asked.over),
        answers=[_data(one, good_, grown) for one, good_ in zip(found, front, strict=True)],
        convention=convention_data(asked.convention),
    )
    return Document(
        asked.spec.name,
        (Table("", tuple(columns), rows),),
        tuple(notes),
        data,
        (about(asked.spec.title, asked.spec.source), lead),
    )


def _kind(metric: str) -> str:
    return "memory" if METRICS[metric].unit == "bytes" else "count"


def _value(one: Priced | None, grown: str) -> str:
    """What grows, of one choice."""
    if one is None:
        return ""
    choice = one.choice
    if grown == "resolution":
        return spelled_size(choice.settings.resolution or ())
    if grown == "width":
        return f"{int(choice.value)}"
    return f"{choice.value!r}".removesuffix(".0")


def _cells(
    one: Found, front: bool, grown: str, depths: bool, larger: bool, metrics: Sequence[str]
) -> tuple[Any, ...]:
    figures = one.best.figures if one.best else {}
    return (
        *([spelled_size(one.line.resolution)] if grown != "resolution" else []),
        *([one.line.depth.shown if one.line.depth else None] if depths else []),
        _value(one.best, grown) or "none",
        *(figures.get(metric) for metric in metrics),
        ", ".join(one.broken) or "none in range",
        _value(one.after, grown),
        _breaks(one.after) if one.after else "",
        *([_size(one.larger)] if larger else []),
        "yes" if front else "",
    )


def _breaks(one: Priced) -> str:
    """The figures that are above their limits."""
    return "; ".join(f"{metric} {one.figures[metric]:,}" for metric in one.broken)


def _size(one: Priced | None) -> str:
    """What the next larger size breaks."""
    return f"{spelled_size(one.choice.settings.resolution or ())}: {_breaks(one) or 'within'}" if one else ""


def _summary(asked: Question, found: Sequence[Found], front: Sequence[bool], grown: str) -> str:
    limits = ", ".join(asked.limits.texts)
    good = [one for one in found if one.best]
    if not good:
        least = min((one.after for one in found if one.after), key=lambda one: one.figures["madds"])
        name = f"{asked.row} of {int(least.choice.value)}" if asked.row else called(least.choice)
        return f"no design is within {limits}: the smallest, {name}, has {_breaks(least)}"
    if len(found) == 1:
        return f"within {limits}"
    return f"within {limits}: {len(good)} of {len(found)} rows, {sum(front)} of them on the front"


def _data(one: Found, front: bool, grown: str) -> dict[str, Any]:
    own = one.best.choice.settings.resolution if one.best else None
    return {
        "resolution": list(one.line.resolution or own or ()),
        **({"depth": one.line.depth.shown} if one.line.depth else {}),
        "within": one.best is not None,
        "best": _priced_data(one.best, grown),
        "limits": list(one.broken),
        "next": _priced_data(one.after, grown),
        **({"next_resolution": _priced_data(one.larger, "resolution")} if one.line.resolution else {}),
        "front": front,
    }


def _priced_data(one: Priced | None, grown: str) -> dict[str, Any] | None:
    if one is None:
        return None
    choice, sized = one.choice, grown == "resolution"
    return {
        grown: list(choice.settings.resolution or ()) if sized else choice.value,
        **({"from": choice.piece.first, "to": choice.piece.last} if choice.piece and not sized else {}),
        **({"design": called(choice)} if grown != "width" else {}),
        "figures": one.figures,
        "breaks": list(one.broken),
    }
