"""Which designs are compared, and what are their figures? Designs at alphas and sizes, and checkpoints."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from ...designs.cells import Grid
from ...designs.checkpoints import Checkpoint
from ...designs.loading import find_spec, load, load_spec, split_design
from ...designs.readers import model_reader
from ...designs.settings import Design, Settings
from ...engine.conventions import Convention
from ...engine.costs import cost
from ...errors import CallError, Fault, MnetcostError
from ...records import NamedTuple
from ..report.grids import Tick
from ..report.metrics import Gauge
from ..report.scale import scale
from .scores import TOP1, Scores, key_of

Entry = dict[str, Any]


class Points(NamedTuple):
    """Designs with their figures.

    size: how many. figures: by metric, an array with a value a design. entry: what the n-th one is, as the
    JSON says it: `design` (its name with its settings), and of a checkpoint also `checkpoint`, `source` and
    `dtype`. without: names of designs that lack a figure and are left out, by the reason. partial: is an op
    left out of one? notes: what else a reader must know.
    """

    size: int
    figures: Mapping[str, Any]
    entry: Callable[[int], Entry]
    without: Mapping[str, Sequence[str]] = {}
    partial: bool = False
    notes: tuple[str, ...] = ()

    def only(self, at: Any) -> Points:
        """Some of the designs, by an array of their numbers."""
        figures = {metric: values[at] for metric, values in self.figures.items()}
        return self._replace(size=len(at), figures=figures, entry=lambda n: self.entry(int(at[n])))


def joined(parts: Sequence[Points]) -> Points:
    """Several points, one behind the other; each has the same figures."""
    import numpy as np

    starts = list(accumulate((part.size for part in parts), initial=0))

    def entry(n: int) -> Entry:
        which = bisect_right(starts, n) - 1
        return parts[which].entry(n - starts[which])

    without: dict[str, list[str]] = {}
    for part in parts:
        for why, names in part.without.items():
            without.setdefault(why, []).extend(names)
    figures = {m: np.concatenate([part.figures[m] for part in parts]) for m in parts[0].figures}
    return Points(starts[-1], figures, entry, without, any(part.partial for part in parts))


def of_grid(
    grid: Grid, metrics: Sequence[str], convention: Convention, scores: Scores | None, tick: Tick = None
) -> Points:
    """A design at its alphas and sizes with some metrics; those without an accuracy are left out.

    scores: where `top1` is one of the metrics. Raises what `scale` raises, and CallError where the design
    lacks a figure.
    """
    import numpy as np

    name, given = split_design(grid.design)
    asked = given.over(grid.settings)
    if model_reader(name):
        return _of_file(grid, name, asked, metrics, convention, scores)
    spec = find_spec(name)
    own = key_of(name, spec, asked)
    alphas = [own.alpha if alpha is None else alpha for alpha in grid.alphas]
    sizes = [own.size if size is None else size for size in grid.sizes]
    further = [m for m in metrics if m not in ("params", "madds", TOP1)]
    found = scale(spec, alphas, sizes, convention, asked, metrics=further, tick=tick)
    first = load_spec(spec, asked._replace(alpha=alphas[0], rho=None, resolution=sizes[0]))

    def entry(n: int) -> Entry:
        row, column = divmod(n, len(sizes))
        return {"design": first._replace(alpha=alphas[row], resolution=sizes[column]).heading}

    figures = {"params": found.params, "madds": found.madds, **found.figures}
    if scores:
        figures[TOP1] = scores.of_grid(own, alphas, sizes)
    points = Points(found.madds.size, {m: np.ravel(figures[m]) for m in metrics}, entry)
    return _with_scores(points, scores)


def _of_file(
    grid: Grid,
    name: str,
    settings: Settings,
    metrics: Sequence[str],
    convention: Convention,
    scores: Scores | None,
) -> Points:
    """A model file, at each of the sizes that it is asked at."""
    import numpy as np

    rows: list[tuple[str, list[Any]]] = []
    partial = False
    for alpha in grid.alphas:
        for size in grid.sizes:
            here = settings if alpha is None else settings._replace(alpha=alpha)
            here = here if size is None else here._replace(resolution=size)
            design = load(name, here)
            partial |= bool(design.graph.left_out)
            top1 = scores.of_file(name, here) if scores else None
            gauge = Gauge(cost(design.graph, design.batch), convention, design)
            rows.append((design.heading, [top1 if m == TOP1 else figure(gauge, m, design) for m in metrics]))
    figures = {m: np.array([values[n] for _, values in rows]) for n, m in enumerate(metrics)}
    points = Points(len(rows), figures, lambda n: {"design": rows[n][0]}, partial=partial)
    return _with_scores(points, scores)


def figure(gauge: Gauge, metric: str, design: Design) -> int:
    """A metric of a design; raises CallError, naming the design, where there is none."""
    try:
        return gauge.figure(metric)
    except MnetcostError as e:
        raise CallError(*(Fault(f.message, place=design.heading, hint=f.hint) for f in e.faults)) from None


def _with_scores(points: Points, scores: Scores | None) -> Points:
    """The points that have an accuracy, where that is asked for, and the names of the others."""
    if not scores:
        return points
    import numpy as np

    known = ~np.isnan(points.figures[TOP1])
    names = [points.entry(int(n))["design"] for n in np.flatnonzero(~known)]
    without = {f"no {TOP1} in {scores.file}": names} if names else {}
    return points.only(np.flatnonzero(known))._replace(without=without)


def of_checkpoints(known: Sequence[Checkpoint], metrics: Sequence[str], convention: Convention) -> Points:
    """Published checkpoints with their printed accuracy, and with metrics of the designs that they are of.

    Those whose design is not shipped, or that lack a figure, are left out.
    """
    import numpy as np

    counted = [metric for metric in metrics if metric != TOP1]
    figures: dict[str, list[int | None]] = {}
    for one in known:
        if one.design and one.design not in figures:
            design = load(one.design)
            gauge = Gauge(cost(design.graph, design.batch), convention, design)
            figures[one.design] = [gauge.known(metric) for metric in counted]
    without: dict[str, list[str]] = {}
    kept = []
    for one in known:
        lacking = [m for m, v in zip(counted, figures.get(one.design, ()), strict=False) if v is None]
        if not one.design or lacking:
            why = f"no {lacking[0]}" if lacking else "a checkpoint whose design is not shipped"
            without.setdefault(why, []).append(f"{one.name} ({one.source})")
        else:
            kept.append(one)
    rows = [dict(zip(counted, figures[one.design], strict=True), top1=one.top1) for one in kept]

    def entry(n: int) -> Entry:
        one = kept[n]
        return {"design": one.design, "checkpoint": one.name, "source": one.source, "dtype": one.dtype}

    return Points(len(kept), {m: np.array([row[m] for row in rows]) for m in metrics}, entry, without)
