"""How is the history of budgets drawn? A panel for each limit: its figure over commits, and the limit."""

from __future__ import annotations

from collections.abc import Sequence

from ..charts import Axis, Level, Lines, Series
from .tracks import Track

MOST_PANELS = 40
WORDS = {"max": "at most", "min": "at least"}


def over_commits(tracks: Sequence[Track]) -> tuple[Lines, ...]:
    """The limits whose figure changed most often first, where they are many; each a chart of its own."""
    shown = list(tracks)
    if len(shown) > MOST_PANELS:
        shown = sorted(tracks, key=lambda track: -len(track.turns))[:MOST_PANELS]
    more = f"{len(tracks) - MOST_PANELS:,} more limits are not drawn" if len(tracks) > MOST_PANELS else ""
    return tuple(
        _panel(track, len(shown) > 1, more if n == len(shown) - 1 else "") for n, track in enumerate(shown)
    )


def _panel(track: Track, low: bool, more: str) -> Lines:
    """The figure of one limit; a dot where it changes, and in another colour where it breaks the limit."""
    turns = {point.name for point, _ in track.turns}
    points: list[tuple[float, float | None, str]] = []
    broken: list[tuple[float, float | None, str]] = []
    for n, point in enumerate(track.points):
        named = " ".join(filter(None, (point.name, *(point.commit[1:] if point.commit else ()))))
        if point.value is None:
            points.append((float(n), None, f"{named}: {point.why}"))
            continue
        dot = named if point.name in turns and point.state != "broken" else ""
        points.append((float(n), point.value, dot))
        if point.state == "broken":
            broken.append((float(n), point.value, named))
    series = [Series(track.rule.name, tuple(points), "steps")]
    if broken:
        series.append(Series("breaks the limit of today", tuple(broken), "dots"))
    kind = "bytes" if track.unit == "bytes" else "count"
    words = _in_words(track, len(broken))
    return Lines(
        track.title,
        f"{track.title}. {words[0].upper()}{words[1:]}.",
        Axis("commit", "integer"),
        Axis(track.unit or track.rule.metric, kind),
        tuple(series),
        () if track.bound is None else (Level(WORDS[track.rule.limit.side], track.bound),),
        places=tuple(point.name for point in track.points),
        low=low,
        under="; ".join(filter(None, (words, more))),
    )


def _in_words(track: Track, broken: int) -> str:
    """The first figure and that of today, and how many of the commits break the limit."""
    known = [point for point in track.points if point.value is not None]
    if not known:
        return "no commit has a figure"
    first, last = known[0], known[-1]
    words = (
        f"{first.value:,} at {first.name}, {last.value:,} {f'at {last.name}' if last.commit else last.name}"
    )
    return f"{words}; the limit is broken in {broken:,} of {len(track.points):,}" if broken else words
