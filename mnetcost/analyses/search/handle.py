"""What can be asked of a space from Python? Its count, its spread, designs, samples, and sweeps as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...designs.measured import Scored
from ...designs.spaces import Space
from ...engine.conventions import Convention
from ...errors import CallError
from ...shown import line, many, shown
from ..documents import Document
from . import space as answers
from . import sweeping
from .limits import Limit

if TYPE_CHECKING:
    import numpy as np

Bounds = Mapping[str, int | str] | None


class DesignSpace:
    """A space of designs: a spec with choices.

    Limits are given as `most={"madds": "300M"}` and `least={"params": 1_000_000}`, by the metrics of budgets;
    `of` are the metrics that are asked for, such as ("madds", "params"). Every method raises CallError for a
    metric that is neither the sum nor the largest of its blocks'.
    """

    def __init__(self, space: Space, convention: Convention) -> None:
        self._space, self._convention = space, convention
        self._known = answers.price(space, (), convention)

    def __repr__(self) -> str:
        return line("DesignSpace", self.name, many(self.total, "design"))

    def __str__(self) -> str:
        return shown(self, "text") or repr(self)

    def _repr_html_(self) -> str | None:
        return shown(self, "html")

    @property
    def name(self) -> str:
        """Its name, with the settings that were asked for."""
        return self._space.heading

    @property
    def total(self) -> int:
        """How many designs there are: an int of any size."""
        return self._known.total

    def count(
        self, most: Bounds = None, least: Bounds = None, *, memory: str = "2G", quick: bool = False
    ) -> Document:
        """How many designs keep the limits: `data["designs"]`, as digits, or None where there is only an
        interval of `data["at_least"]` and `data["at_most"]`.

        memory: that tables may take. quick: rather an interval than a number that takes minutes.
        """
        limits = _limits(most, least)
        return answers.count(self._space, limits, self._convention, answers.read_memory(memory), quick)

    def stats(self, of: Sequence[str] = (), *, bins: int = answers.BINS) -> Document:
        """How figures are spread: least, quantiles, most and a histogram, all exact."""
        return answers.stats(self._space, of, self._convention, bins)

    def spec(self, number: int) -> str:
        """The design of a number, from 0, as the text of a spec; raises CallError for a number of none."""
        return answers.spec_text(self._known, number)

    def figures(self, number: int, of: Sequence[str] = answers.FIGURES) -> dict[str, int]:
        """The figures of the design of a number."""
        return answers.price(self._space, of, self._convention).figures(number)

    def sample(
        self,
        many: int = 1,
        most: Bounds = None,
        least: Bounds = None,
        *,
        of: Sequence[str] = answers.FIGURES,
        seed: int = 0,
    ) -> list[tuple[int, dict[str, int]]]:
        """So many designs within limits, each with the same chance: their numbers and figures.

        There may be limits on one or two sums, and any on peaks.
        """
        limits = _limits(most, least)
        known = answers.price(self._space, [*of, *(limit.metric for limit in limits)], self._convention)
        return [(one.number, one.figures) for one in answers.sample(known, limits, many, seed)]

    def sweep(
        self,
        many: int | None = None,
        most: Bounds = None,
        least: Bounds = None,
        *,
        of: Sequence[str] = sweeping.FIGURES,
        seed: int = 0,
    ) -> dict[str, np.ndarray[Any, Any]]:
        """The figures of every design, or of so many drawn by chance, as one array a column, in memory.

        `design` holds the numbers, or `design_high` and `design_low` (the last 18 digits) where 64 bits do
        not. Raises CallError for a space that is too large, with its number of designs.
        """
        import numpy as np

        limits = _limits(most, least)
        known = answers.price(self._space, [*of, *(limit.metric for limit in limits)], self._convention)
        asked = sweeping.plan(known, many, seed, limits, sweeping.MOST_IN_MEMORY)
        chunks = list(asked.chunks(0, asked.many))
        return {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}

    def front(
        self, of: str = "madds,params", *, scores: Mapping[int, float] | None = None
    ) -> list[tuple[int, dict[str, float]]]:
        """The designs that no other one beats in two to four figures: their numbers and figures.

        of: as `--of` of the command. scores: the accuracy of each design by its number, for `top1`, in place
        of a file. Without `top1`, of all designs of the space, one for each point.
        """
        from . import spacefront
        from .front import read_objectives

        objectives = read_objectives(of)
        counted = [one.metric for one in objectives if not one.larger]
        known = answers.price(self._space, counted, self._convention)
        rows = None
        if scores is not None:
            rows = [Scored(str(number), value, n) for n, (number, value) in enumerate(scores.items(), 1)]
        return [
            (p.number, dict(zip((one.metric for one in objectives), p.figures, strict=True)))
            for p in spacefront.front(known, objectives, rows)
        ]


def _limits(most: Bounds, least: Bounds) -> list[Limit]:
    for bounds in (most, least):
        if bounds is not None and not isinstance(bounds, Mapping):
            raise CallError("limits are a dict such as {'madds': '300M'}")
    texts = [[f"{name}={value}" for name, value in (bounds or {}).items()] for bounds in (most, least)]
    return answers.read_limits(*texts)
