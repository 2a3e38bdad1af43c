"""Is every alpha found at which a width changes, and every depth at which a row is copied once more?"""

from __future__ import annotations

from itertools import product
from math import inf, nextafter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost.engine.breakpoints import CHANGES, depth_breaks, width_breaks
from mnetcost.engine.rules import REPEATS, Compound
from mnetcost.engine.widths import ROUNDING, WidthRule

rules = st.builds(
    WidthRule,
    scale=st.sampled_from(["scaled", "scaled from 1", "scaled from 0.35"]),
    rounding=st.sampled_from(sorted(ROUNDING)),
    divisor=st.integers(1, 40),
    minimum=st.integers(0, 50),
)
owns = st.sampled_from([0.35, 0.7, 1.0, 1.1, 1.2, 1.4, 2.0])
"""What a design's own alpha is: EfficientNet's, and some that stand in no float."""


def test_every_rounding_has_its_changes() -> None:
    """One table is of the same roundings as the other."""
    assert CHANGES.keys() == ROUNDING.keys()


@pytest.mark.parametrize(
    ("rule", "printed", "expected"),
    [
        # 16 not from 12 on but from 8.9, of which 8 is less than nine tenths; 24 from 17.8
        (WidthRule(), 24, [8 / 0.9 / 24, 16 / 0.9 / 24]),
        (WidthRule(rounding="truncate"), 4, [0.5, 0.75, 1.0]),
        (WidthRule(rounding="round"), 2, [nextafter(0.75, 1)]),  # halves to even: 0.5 is 0, and 1 at least
        # 72 of 75, 80 from 76 on, 88 from 84, 96 from 92, and as printed
        (WidthRule(scale="scaled from 0.75"), 100, [0.75, 0.76, 0.84, 0.92, 1.0]),
        (WidthRule(scale="fixed"), 100, []),
    ],
)
def test_breaks_are_where_a_rule_says(rule: WidthRule, printed: int, expected: list[float]) -> None:
    """Worked by hand, up to an alpha of 1."""
    assert width_breaks(rule, printed, 0.26, 1.0) == pytest.approx(expected, rel=1e-15, abs=0)


@settings(max_examples=300, deadline=None)
@given(rule=rules, printed=st.integers(1, 400), own=owns, seed=st.integers(0, 2**32))
def test_no_change_of_a_width_is_missed(rule: WidthRule, printed: int, own: float, seed: int) -> None:
    """At five thousand alphas and both floats at each break: the width changes there, and nowhere else."""
    low, high = 0.05, 2.0
    found = width_breaks(rule, printed, low, high, own)
    before = [nextafter(alpha, 0) for alpha in found]
    dense = np.random.default_rng(seed).uniform(low, high, 5000)
    alphas = np.unique(np.concatenate((dense, found, before, [low, high])))
    widths = rule.width(printed, alphas * own) + 0 * alphas.astype(np.int64)
    assert alphas[1:][widths[1:] != widths[:-1]].tolist() == found
    for one in found[:: max(1, len(found) // 20)]:  # one by one, too, as a single design is built
        assert rule.width(printed, one * own) != rule.width(printed, nextafter(one, 0) * own)


def test_a_width_that_falls_is_found_too() -> None:
    """A least width that is no multiple: 11.2 of 10 at least would lose a tenth, and is 18; 12 is 16."""
    rule = WidthRule(minimum=10)
    widths = [rule.width(100, alpha) for alpha in (0.11, 0.115, 0.12)]
    assert widths == [10, 18, 16]
    assert width_breaks(rule, 100, 0.1, 0.13) == pytest.approx([10 / 0.9 / 100, 0.12], rel=1e-15, abs=0)


def test_no_change_among_neighbouring_floats_is_missed() -> None:
    """Every float around a break, one by one: there is one change, where it is found."""
    for rounding, printed in product(ROUNDING, (3, 7, 24, 320)):
        rule = WidthRule(rounding=rounding)
        for one in width_breaks(rule, printed, 0.1, 1.9)[::7]:
            alpha, floats = one, []
            for _ in range(200):
                alpha = nextafter(alpha, -inf)
            for _ in range(400):
                floats.append(alpha)
                alpha = nextafter(alpha, inf)
            widths = [rule.width(printed, alpha) for alpha in floats]
            changes = [
                b for a, b, n, m in zip(floats, floats[1:], widths, widths[1:], strict=False) if n != m
            ]
            at_1 = {1.0, nextafter(1.0, 2)} if 1.0 in floats else set()
            assert set(changes) - at_1 == {one} - at_1


@pytest.mark.parametrize("rounding", list(REPEATS))
@pytest.mark.parametrize("own", [1.0, 1.1, 1.4, 3.1])
@pytest.mark.parametrize("repeat", [1, 2, 3, 7, 18])
def test_no_change_of_depth_is_missed(rounding: str, own: float, repeat: int) -> None:
    """Against the copies at two thousand depths."""
    compound = Compound(depth=own, rounding=rounding)
    found = depth_breaks(compound, repeat, 0.25, 4.0)
    before = [nextafter(depth, 0) for depth in found]
    depths = sorted({*np.linspace(0.25, 4.0, 2000).tolist(), *found, *before})
    copies = [compound._replace(depth=own * depth).copies(repeat) for depth in depths]
    assert [d for d, n, m in zip(depths[1:], copies, copies[1:], strict=False) if n != m] == found


def test_what_nothing_scales_is_refused() -> None:
    """An alpha of 0 leaves no network."""
    for call in (
        lambda: width_breaks(WidthRule(), 32, 0.0, 1.0),
        lambda: width_breaks(WidthRule(), 0, 0.5, 1.0),
        lambda: depth_breaks(Compound(), 2, 0.0, 1.0),
    ):
        with pytest.raises(ValueError, match="must be above 0"):
            call()
