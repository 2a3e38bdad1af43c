"""Do alpha's rounding rules leave the channels that the published models have?"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.engine.widths import ROUNDING, WidthRule, divisible

CASES = [
    # 32 x 0.35 = 11.2: to 8 it would lose more than a tenth, so 16; cut it is 11; TF-slim's V1 never goes
    # below 8
    (WidthRule(), 32, 0.35, 16),
    (WidthRule(rounding="truncate"), 32, 0.35, 11),
    (WidthRule(rounding="truncate", minimum=8), 32, 0.2, 8),
    (WidthRule(rounding="truncate", minimum=8), 32, 0.35, 11),
    # 32 x 0.28 = 8.96: 8 loses more than a tenth of 8.96 but not of 8, which is where Keras's V2 parts from
    # the others
    (WidthRule(), 32, 0.28, 16),
    (WidthRule(rounding="truncate-divisible"), 32, 0.28, 8),
    (WidthRule(rounding="round"), 10, 0.25, 2),  # halves to even, as Python rounds
    (WidthRule(divisor=4), 10, 1.1, 12),
    (WidthRule(), 10, 1.0, 10),  # as printed
    (WidthRule(), 20, 0.9, 24),  # 18: 16 would lose more than a tenth
    (WidthRule(), 6, 0.75, 6),  # 4.5 would become 8, the smallest width: an output stays as it is
    (WidthRule(rounding="truncate", minimum=8), 2, 0.5, 2),
    (WidthRule(), 2, 2.0, 8),
    (WidthRule(scale="fixed"), 1280, 0.35, 1280),
    (WidthRule(scale="scaled from 1"), 1280, 0.99, 1280),
    (WidthRule(scale="scaled from 1"), 1280, 1.4, 1792),
    (WidthRule(scale="scaled from 0.75"), 16, 0.5, 16),
    (WidthRule(scale="scaled from 0.75"), 16, 0.75, 16),  # 12 rounds to 16: 8 would lose a third
]


@pytest.mark.parametrize(("rule", "printed", "alpha", "expected"), CASES)
def test_a_rule_leaves_the_channels_of_the_published_models(
    rule: WidthRule, printed: int, alpha: float, expected: int
) -> None:
    """One width worked by hand for every rule, and the same in an array."""
    assert rule.width(printed, alpha) == expected
    assert (
        rule.width(printed, np.array([alpha, alpha])).tolist() == [expected, expected]
        if rule.scale != "fixed"
        else True
    )


@given(
    st.integers(1, 5000),
    st.floats(0.01, 10),
    st.sampled_from(sorted(ROUNDING)),
    st.sampled_from([1, 4, 8, 16]),
)
def test_an_array_of_alphas_is_rounded_as_each_alpha_is(
    printed: int, alpha: float, rounding: str, divisor: int
) -> None:
    """Floats in an array and alone take the same way."""
    rule = WidthRule(rounding=rounding, divisor=divisor)
    assert rule.width(printed, np.array([alpha, 1.0])).tolist() == [
        rule.width(printed, alpha),
        rule.width(printed, 1.0),
    ]


@given(st.integers(1, 100_000), st.sampled_from([1, 2, 4, 8, 16]))
def test_divisible_never_loses_more_than_a_tenth(value: int, divisor: int) -> None:
    """The rule of TF-slim's make_divisible."""
    rounded = divisible(value, divisor)
    assert rounded % divisor == 0
    assert rounded >= 0.9 * value
    assert abs(rounded - value) <= divisor
