"""What is a metric at every alpha and resolution? In array passes where it can be, else cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...designs import Settings, load_spec
from ...designs.budgets.metrics import METRICS
from ...designs.programs import BITS
from ...designs.settings import spelled_size
from ...designs.spec import Spec
from ...engine.conventions import Convention
from ...engine.costs import Costs, cost
from ...engine.flash import flash
from ...engine.memory.buffers import most_held
from ...engine.memory.graphs import program_of
from ...engine.num import is_array
from ...errors import CallError, Fault, MnetcostError
from .metrics import Gauge

MOST_SINGLE = 20_000
"""Cells that are costed one by one for a metric; each takes some milliseconds."""
IN_PASSES = ("peak_bytes", "flash_bytes")
"""The groups of metrics that arrays can be found of."""
Tick = Callable[[int, int], None] | None
CostsAt = Callable[..., Costs]
"""The costs at an alpha or a column of them, and at all sizes or at the one of a number."""


class Asked:
    """A grid as a metric is found in it: a spec with its settings, alphas down and sizes along."""

    def __init__(
        self,
        spec: Spec,
        settings: Settings,
        convention: Convention,
        alphas: Sequence[float],
        sizes: Sequence[tuple[int, ...]],
    ) -> None:
        self.spec, self.settings, self.convention = spec, settings, convention
        self.alphas, self.sizes = alphas, sizes

    def figures(self, costs_at: CostsAt, metrics: Sequence[str], tick: Tick = None) -> dict[str, Any]:
        """Each metric as an int64 array of shape (alphas, sizes).

        Raises CallError for a metric that must be found cell by cell in more than `MOST_SINGLE` cells, or
        that a cell does not have, naming the cell.
        """
        found = {}
        for metric in metrics:
            whole = self.in_passes(metric, costs_at, tick)
            found[metric] = self.one_by_one(metric, tick) if whole is None else whole
        return found

    def in_passes(self, metric: str, costs_at: CostsAt, tick: Tick = None) -> Any:
        """A metric as an array of shape (alphas, sizes): in one pass, or where layers differ between alphas
        or between sizes, in one for each of these. None where they differ between both, and of a metric that
        takes one design at a time.
        """
        import numpy as np

        if not metric.startswith(IN_PASSES):
            return None
        column = np.array(self.alphas)[:, None]
        costs, shape = costs_at(column), (len(self.alphas), len(self.sizes))
        whole = in_one_pass(metric, costs)
        if whole is not None:
            return np.array(np.broadcast_to(np.asarray(whole, np.int64), shape))
        whens = [node.when.shape for node in costs.graph.nodes if is_array(node.when)]
        down = all(width == 1 for _, width in whens)
        by_alpha = (costs_at(alpha) for alpha in self.alphas)
        by_size = (costs_at(column, n) for n in range(shape[1]))
        pieces = []
        for n, costs in enumerate(by_alpha if down else by_size, 1):
            piece = in_one_pass(metric, costs)
            if piece is None:
                return None
            one = (1, shape[1]) if down else (shape[0], 1)
            pieces.append(np.broadcast_to(np.asarray(piece, np.int64), one))
            if tick:
                tick(n, shape[0 if down else 1])
        return np.concatenate(pieces, axis=0 if down else 1)

    def one_by_one(self, metric: str, tick: Tick) -> Any:
        """A metric, each cell built and costed by itself."""
        import numpy as np

        count = len(self.alphas) * len(self.sizes)
        if count > MOST_SINGLE:
            raise CallError(
                f"'{metric}' is found one design at a time, and {count:,} are more than {MOST_SINGLE:,}",
                hint="ask in pieces; peak_bytes and flash_bytes take a grid at once",
            )
        values = np.empty((len(self.alphas), len(self.sizes)), np.int64)
        for n in range(count):
            values[divmod(n, len(self.sizes))] = self.cell(metric, *divmod(n, len(self.sizes)))
            if tick:
                tick(n + 1, count)
        return values

    def cell(self, metric: str, row: int, column: int) -> int:
        """A metric of one cell."""
        here = self.settings._replace(alpha=self.alphas[row], rho=None, resolution=self.sizes[column])
        design = load_spec(self.spec, here)
        try:
            return Gauge(cost(design.graph, design.batch), self.convention, design).figure(metric)
        except MnetcostError as e:
            faults = (Fault(f.message, place=design.heading, hint=f.hint) for f in e.faults)
            raise CallError(*faults) from None


def in_one_pass(metric: str, costs: Costs) -> Any:
    """A metric of all cells of a grid at once; None where layers are not there in every cell, or where its
    algorithm takes one design at a time.
    """
    group, _, kind = metric.partition(".")
    if group not in IN_PASSES or any(is_array(node.when) for node in costs.graph.nodes):
        return None
    if group == "flash_bytes":
        return flash(costs, kind).total
    program = program_of(costs.graph, BITS[kind], costs.batch)
    return most_held((program.tensors[n].bytes, *span) for n, span in program.lives().items())


def column_kind(metric: str) -> str:
    """The kind of a column that shows a metric."""
    unit = METRICS[metric].unit
    return "bytes" if unit == "bytes" else "integer" if unit == "layers" else "count"


def label(size: tuple[int, ...]) -> int | str:
    """A size in pixels: one number if it is square, else HxW, or DxHxW of a volume."""
    text = spelled_size(size)
    return int(text) if text.isdigit() else text


def spread(count: int, most: int) -> list[int]:
    """Which of `count` items to show, `most` at most: the first, the last, and some evenly between them.

    >>> spread(3, 8), spread(100, 4)
    ([0, 1, 2], [0, 33, 66, 99])
    """
    return list(range(count)) if count <= most else [n * (count - 1) // (most - 1) for n in range(most)]
