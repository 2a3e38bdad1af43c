"""In which way of counting is a printed figure ours? Each way is tried in turn, rounded and cut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ...designs.budgets.limits import NUMBER
from ...designs.budgets.metrics import UNITS
from ...engine.costs import Costs
from ...engine.terms import MAC_KINDS
from ...records import NamedTuple


class Ways(NamedTuple):
    """Parameters and multiply-adds of a design, by each way of counting them; the first of each is ours."""

    params: dict[str, int]
    madds: dict[str, int]


OURS = "as here"
CUT = ", cut"


def ways(costs: Costs) -> Ways:
    """Count a design in every way that tables of checkpoints were found to use."""
    kinds = {k: int(n) for k, n in costs.params_by_kind().items()}
    statistics, norm = kinds.get("norm_statistics", 0), kinds.get("norm", 0)
    trained = sum(kinds.values()) - statistics
    gamma = sum(
        int(t.count) for x in costs.layers for t in x.params if t.kind == "norm" and t.variant == "scale"
    )
    work = costs.work_by_kind()
    done = sum(int(n) for k, n in work.items() if k in MAC_KINDS)
    first = next(
        (n for x in costs.layers if (n := sum(int(t.count) for t in x.work if t.kind in MAC_KINDS))), 0
    )
    return Ways(
        {
            OURS: trained,
            "with running statistics": trained + statistics,
            "without batch norm": trained - norm,
            "without gamma, with running statistics": trained - gamma + statistics,
        },
        {
            OURS: done,
            "without the first convolution": done - first,
            "with what the global pools read": done + int(work.get("pool_input", 0)),
        },
    )


def ways_of(text: str, counts: dict[str, int]) -> list[str]:
    """The ways in which a printed number is one of some counts, rounded before cut.

    >>> ways_of("4.25M", {"as here": 4_231_976, "with running statistics": 4_253_864})
    ['with running statistics']
    >>> ways_of("5.4M", {"as here": 5_483_032}), ways_of("575M", {"as here": 568_740_352})
    (['as here, cut'], [])
    """
    rounded = [name for name, count in counts.items() if _rounded(text, count)]
    cut = [name + CUT for name, count in counts.items() if name not in rounded and _cut(text, count)]
    return rounded + cut


def agreed(found: Sequence[tuple[str, list[str]]]) -> list[str | None]:
    """Choose one way for each figure of (its table, the ways that give it): ours where it does, else the one
    that gives most figures of that table. None where no way does.
    """
    common = Counter((table, way) for table, some in found for way in some if OURS not in some)
    return [
        OURS if OURS in some else max(some, key=lambda way: common[table, way], default=None)
        for table, some in found
    ]


def _scaled(text: str) -> tuple[int, int]:
    """A printed number without its point, and how many units a one in its last digit is: (424, 10_000)."""
    found = NUMBER.fullmatch(text)
    assert found is not None
    fraction = found[2] or ""
    return int(found[1].replace(",", "") + fraction), UNITS[found[4]] // 10 ** len(fraction)


def _rounded(text: str, count: int) -> bool:
    digits, unit = _scaled(text)
    return (2 * count + unit) // (2 * unit) == digits


def _cut(text: str, count: int) -> bool:
    digits, unit = _scaled(text)
    return count // unit == digits
