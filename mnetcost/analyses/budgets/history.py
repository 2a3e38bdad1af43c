"""What would the budgets of today have said of the commits before? Each limit along the history of git."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...designs.budgets.metrics import METRICS
from ...designs.budgets.values import Budget, Config, Rule
from ...designs.conventions import load_convention
from ...designs.git import Commit, Repository, load_at
from ...designs.readers import reader_of
from ...designs.shipped import is_shipped
from ...errors import CallError, CompareError, MnetcostError
from ..documents import Column, Document, Table, json_data, state_word
from .baseline import Measured, measure, measured
from .bases import Bases
from .tracks import NOW, Point, Track

if TYPE_CHECKING:
    from ..charts import Lines

SCHEMA = "mnetcost.history/1"
HINT = "mnetcost diff A B compares two designs; a spec of your own in git has a history"


class Watched(Repository):
    """A repository that remembers which files were looked for, and which object each was."""

    def __init__(self, folder: str | Path = "") -> None:
        super().__init__(folder)
        self.seen: dict[str, str | None] = {}

    def __enter__(self) -> Watched:
        return self

    def find(self, commit: str, path: str) -> str | None:
        """As `Repository.find`."""
        self.seen[path] = found = super().find(commit, path)
        return found


def history(config: Config, most: int, state: str, everything: bool = False) -> Document:
    """Cost the design of every budget at the last commits, and set it beside the limits of today.

    most: how many commits of HEAD, along first parents. state: of the check of today. everything: show every
    commit, also those in which nothing changed. A commit in which a design is not there or cannot be costed
    has no value but a reason. Waivers are of today, and are left out.
    Raises CallError where no budget is of a file, CompareError where there is no repository.
    """
    budgets = [b for b in config.budgets if not (is_shipped(b.file) and not reader_of(b.file))]
    if not budgets:
        raise CallError("shipped designs have no history in git", hint=HINT)
    folder = Path(config.file).parent if config.file else Path()
    with Watched(folder) as repository, Bases(folder) as bases:
        commits = repository.history(most)
        tracks = [track for budget in budgets for track in _tracks(budget, repository, commits, bases)]
        ended = repository.shallow and len(commits) < most
    left = [b.label for b in config.budgets if b not in budgets]
    return _document(tracks, commits, most, state, everything, ended, left)


def _tracks(budget: Budget, repository: Watched, commits: Sequence[Commit], bases: Bases) -> Iterator[Track]:
    """Every limit of a budget along the commits."""
    bounds = [_bound(budget, rule, bases) for rule in budget.rules]
    points: list[list[Point]] = [[] for _ in budget.rules]
    for commit, found in _designs(budget, repository, commits):
        for n, rule in enumerate(budget.rules):
            points[n].append(_point(budget, rule, found, commit, bounds[n]))
    for n, rule in enumerate(budget.rules):
        unit = METRICS[rule.metric].unit
        if rule.metric == "madds":
            unit = load_convention(budget.convention).unit
        yield Track(budget, rule, unit, bounds[n], tuple(reversed(points[n])))


def _designs(
    budget: Budget, repository: Watched, commits: Sequence[Commit]
) -> Iterator[tuple[Commit | None, Measured | str | None]]:
    """The design of a budget in the working tree and at each commit, the newest first."""
    try:
        yield None, measured(budget.file, budget.settings, budget.convention)
    except MnetcostError as e:
        yield None, _why(e)
    yield from zip(commits, _past(budget, repository, commits), strict=True)


def _past(budget: Budget, repository: Watched, commits: Sequence[Commit]) -> Iterator[Measured | str | None]:
    """The design at each commit, the newest first: None where it is not there, a text why it cannot be read.

    It is costed again only where a file that it was read from is another one.
    """
    today = path = repository.inside(Path(budget.file).absolute())
    repository.comparable(Path(budget.file).absolute())
    there, read = True, dict[str, str | None]()
    found: Measured | str | None = None
    for commit in commits:
        try:
            if read and all(repository.find(commit.name, p) == name for p, name in read.items()):
                yield found
                continue
            if there and repository.find(commit.name, path) is None:
                path = repository.renamed(commit.name, today) or path
            there = repository.find(commit.name, path) is not None
            repository.seen = {}
            found = _measured(budget, repository, commit, path) if there else None
            read = dict(repository.seen) if there else {path: None}
        except CompareError as e:  # an object that is not here
            found, read = _why(e), {}
        yield found


def _measured(budget: Budget, repository: Watched, commit: Commit, path: str) -> Measured | str:
    settings = budget.settings._replace(allow_unknown=True)
    try:
        return measure(load_at(commit.name, path, settings, repository), budget.convention)
    except CompareError:
        raise
    except MnetcostError as e:
        return _why(e)


def _why(error: MnetcostError) -> str:
    fault = error.faults[0]
    return f"{fault.place}: {fault.message}" if fault.place else fault.message


def _bound(budget: Budget, rule: Rule, bases: Bases) -> int | None:
    """What the limit allows today."""
    if not rule.limit.relative:
        return rule.limit.bound()
    try:
        base = bases.of(budget.basis).figure(budget, rule)
    except CompareError:
        return None
    return None if base is None else rule.limit.bound(base)


def _point(
    budget: Budget, rule: Rule, found: Measured | str | None, commit: Commit | None, bound: int | None
) -> Point:
    """What a limit says of a design at a commit; a figure that is not known is no 0."""
    if found is None:
        return Point(commit, why="there was no such design")
    if isinstance(found, str):
        return Point(commit, None, "error", found)
    if found.partial and not budget.allow_partial:
        left_out = ", ".join(found.gauge.costs.graph.left_out)
        return Point(commit, None, "partial", f"can be costed in part only, without {left_out}")
    gauge = found.gauge.within(rule.scope)
    if not gauge.costs.layers:
        return Point(commit, why=f"'{rule.scope}' picks no layer")
    try:
        value = gauge.figure(rule.metric)
    except MnetcostError as e:
        return Point(commit, None, "error", _why(e))
    if bound is None:
        return Point(commit, value, None, "nothing to compare a relative limit with")
    kept = value <= bound if rule.limit.side == "max" else value >= bound
    return Point(commit, value, "kept" if kept else "broken")


COLUMNS = (
    Column("commit", "commit"),
    Column("date", "date", rank=1),
    Column("subject", "subject", rank=2),
    Column("value", "value", "integer"),
    Column("change", "change", "change"),
    Column("bound", "allowed", "integer", rank=3),
    Column("state", "state", "state"),
    Column("why", "why"),
)
OF = Column("design", "design"), Column("limit", "limit")


def _row(track: Track, point: Point, change: int | None) -> tuple[Any, ...]:
    date, subject = point.commit[1:] if point.commit else ("", "the working tree")
    return point.name, date, subject, point.value, change or None, track.bound, point.state, point.why


def _rows(track: Track, everything: bool) -> list[tuple[Any, ...]]:
    if not everything:
        return [_row(track, point, change) for point, change in track.turns]
    changes = {point.name: change for point, change in track.turns}
    return [_row(track, point, changes.get(point.name)) for point in track.points]


def _document(
    tracks: Sequence[Track],
    commits: Sequence[Commit],
    most: int,
    state: str,
    everything: bool,
    ended: bool,
    left: Sequence[str],
) -> Document:
    tables = [Table(track.title, COLUMNS, tuple(_rows(track, everything))) for track in tracks]
    flat = [
        (track.budget.label, track.rule.name, *row) for track in tracks for row in _rows(track, everything)
    ]
    oldest = commits[-1]
    broken = {p.name for track in tracks for p in track.points if p.commit and p.state == "broken"}
    notes = [
        f"the limits of today, without waivers, at commits of HEAD along first parents; {NOW}: the working"
        " tree, which decides",
        *([] if everything else ["commits in which a figure is as before are left out (--all)"]),
        *(
            [f"this clone is shallow: its history ends at {oldest.name[:9]} (`git fetch --unshallow`)"]
            if ended
            else []
        ),
        *(f"{label}: a shipped design, which has no history" for label in left),
        f"convention: {', '.join(dict.fromkeys(track.budget.convention for track in tracks))}",
    ]

    def charts() -> tuple[Lines, ...]:
        from .panels import over_commits

        return over_commits(tracks)

    many = f"{len(commits):,} commit{'s' * (len(commits) != 1)}"
    title = f"{many} from {oldest.name[:9]} to {commits[0].name[:9]}: {len(broken):,} with a broken limit"
    return Document(
        f"{title}; {NOW}: {state_word(state)}",
        tuple(tables),
        tuple(notes),
        _data(tracks, commits, most, state, ended, left),
        flat=Table("history", (*OF, *COLUMNS), tuple(flat)),
        charts=charts,
    )


def _data(
    tracks: Sequence[Track],
    commits: Sequence[Commit],
    most: int,
    state: str,
    ended: bool,
    left: Sequence[str],
) -> dict[str, Any]:
    return json_data(
        SCHEMA,
        state,
        asked=most,
        shallow=ended,
        commits=[commit._asdict() for commit in reversed(commits)],
        without_history=list(left),
        limits=[
            {
                "design": track.budget.label,
                "limit": track.rule.name,
                "metric": track.rule.metric,
                "scope": track.rule.scope,
                "side": track.rule.limit.side,
                "allowed": track.rule.limit.text,
                "unit": track.unit,
                "convention": track.budget.convention,
                "bound": track.bound,
                "points": [
                    {
                        "commit": point.commit.name if point.commit else None,
                        "value": point.value,
                        "state": point.state,
                        "why": point.why,
                    }
                    for point in track.points
                ],
            }
            for track in tracks
        ],
    )
