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

    def figures(
        self, costs_at: Callable[[Any], Costs], metrics: Sequence[str], tick: Tick = None
    ) -> dict[str, Any]:
        """Each metric as an int64 array of shape (alphas, sizes).

        costs_at: the costs at a column of alphas, or at one alpha; at all sizes. Raises CallError for a
        metric that must be found cell by cell in more than `MOST_SINGLE` cells, or that a cell does not have,
        naming the cell.
        """
        import numpy as np

        shape = len(self.alphas), len(self.sizes)
        found = {}
        for metric in metrics:
            whole = in_one_pass(metric, costs_at(np.array(self.alphas)[:, None]))
            if whole is None:
                rows = self.by_alpha(metric, costs_at, tick) if metric.startswith(IN_PASSES) else None
                whole = self.one_by_one(metric, tick) if rows is None else rows
            found[metric] = np.array(np.broadcast_to(np.asarray(whole, np.int64), shape))
        return found

    def by_alpha(self, metric: str, costs_at: Callable[[Any], Costs], tick: Tick) -> Any:
        """A metric, one pass for each alpha: its layers differ between alphas. None where they differ between
        sizes, too.
        """
        import numpy as np

        rows = []
        for n, alpha in enumerate(self.alphas, 1):
            row = in_one_pass(metric, costs_at(alpha))
            if row is None:
                return None
            rows.append(np.broadcast_to(np.asarray(row, np.int64), (1, len(self.sizes))))
            if tick:
                tick(n, len(self.alphas))
        return np.concatenate(rows)

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
