"""Human numbers and the limits made of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.designs.budgets.limits import read_amount, read_limit, read_limits
from mnetcost.designs.budgets.metrics import BYTES, UNITS
from mnetcost.errors import CallError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("60M", 60_000_000),
        ("1.5M", 1_500_000),
        ("300.774272M", 300_774_272),
        ("0.29G", 290_000_000),  # in floats 0.29 * 1e9 is 290,000,000, but 0.57 * 1e9 is 569,999,999.9...
        ("0.57G", 570_000_000),
        ("1T", 10**12),
        ("500k", 500_000),
        ("500 k", 500_000),
        ("1_500_000", 1_500_000),
        ("1,500,000", 1_500_000),
        ("3.5e6", 3_500_000),
        ("2E3", 2000),
        ("3504872.0", 3_504_872),
        ("0", 0),
        (7, 7),
        (1.5e6, 1_500_000),
        (10**30, 10**30),
    ],
)
def test_counts_are_decimal(text: Any, value: int) -> None:
    """k, M, G and T are powers of a thousand, and the result is exact."""
    assert read_amount(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1kB", 1000),
        ("1KiB", 1024),
        ("4MB", 4_000_000),
        ("4MiB", 4_194_304),
        ("1.5GiB", 1_610_612_736),
        ("12B", 12),
        ("4M", 4_000_000),
    ],
)
def test_bytes_say_whether_they_are_decimal_or_binary(text: str, value: int) -> None:
    """kB and MB are powers of 1,000; KiB and MiB of 1,024."""
    assert read_amount(text, BYTES) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("60m", "did you mean M"),
        ("60K", "did you mean k"),
        ("4MB", "there are: k, M, G, T"),
        ("1.5", "not a whole number: 1.5"),
        ("1.2345k", "not a whole number"),
        ("", "not a number such as"),
        ("M", "not a number such as"),
        ("-5", "not a number such as"),
        ("1,5M", "not a number such as"),
        ("1e-1", "not a number such as"),
        ("1.2345e3", "not a whole number: 1,234.5"),
        ("1e99", "more than any network has"),
        ("1,50", "not a number such as"),
        ("300MMACs", "did you mean '300M'"),
        ("0.6 GFLOPs", "FLOPs are counted by the convention 'flops'"),
        ("nan", "not a number"),
        ("٣M", "not a number"),
        (True, "true is not a number"),
        (-1, "-1 is not a number"),
        (1.5, "not a number"),
        (float("inf"), "not a number"),
        (2.0**60, "not a number"),
        (None, "not a number"),
        ("9" * 5000, r"\.\.\. is not a number"),
        ("9" * 30 + "T", "more than any network has"),
        (10**31, "more than any network has"),
    ],
)
def test_what_is_no_exact_count_is_refused(text: Any, said: str) -> None:
    """Rather than guessed at or rounded."""
    with pytest.raises(CallError, match=said):
        read_amount(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1KB", r"kB \(1,000 bytes\) or KiB \(1,024 bytes\)"),
        ("1mib", "did you mean MiB"),
        ("1Mb", "did you mean MB"),
    ],
)
def test_a_unit_that_could_be_two_things_is_asked_about(text: str, said: str) -> None:
    """KB is 1,000 to some and 1,024 to others."""
    with pytest.raises(CallError, match=said):
        read_amount(text, BYTES)


@pytest.mark.parametrize(
    ("text", "side", "base", "bound"),
    [
        ("60M", "max", None, 60_000_000),
        ("+0%", "max", 350, 350),
        ("+1%", "max", 350, 353),  # 353.5: 354 would be more than 1 % more
        ("-1%", "min", 350, 347),  # 346.5
        ("-10%", "max", 350, 315),
        ("+0.001%", "max", 300_774_272, 300_777_279),
        ("+500k", "max", 350, 500_350),
        ("-50", "min", 350, 300),
        ("+0", "max", 0, 0),
        ("+50%", "max", 0, 0),
    ],
)
def test_a_bound_is_the_last_figure_that_keeps_the_limit(
    text: str, side: str, base: int | None, bound: int
) -> None:
    """Rounded to the strict side, in exact fractions."""
    limit = read_limit(text, side)
    assert limit.bound(base) == bound
    beyond = bound + 1 if side == "max" else bound - 1
    assert limit.keeps(bound, base)
    assert not limit.keeps(beyond, base)


@given(st.integers(0, 10**15), st.integers(0, 10**6), st.booleans())
def test_a_share_is_never_rounded_in_the_change_s_favour(base: int, thousandths: int, up: bool) -> None:
    """What a bound allows is at most the exact share, and one more would be past it."""
    limit = read_limit(f"{'+' if up else '-'}{thousandths // 1000}.{thousandths % 1000:03d}%", "max")
    exact = base + Fraction(thousandths if up else -thousandths, 100_000) * base
    assert limit.bound(base) <= exact < limit.bound(base) + 1


@given(st.integers(0, 10**12), st.sampled_from(sorted(BYTES)))
def test_a_number_with_a_unit_is_that_many_of_it(n: int, unit: str) -> None:
    """For every unit of the table."""
    assert read_amount(f"{n}{unit}", BYTES) == n * BYTES[unit]
    if unit in UNITS:
        assert read_amount(f"{n} {unit}") == n * UNITS[unit]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("60M", ["at most 60M"]),
        (60, ["at most 60"]),
        (["60M", "+1%"], ["at most 60M", "at most +1%"]),
        ({"min": "10M"}, ["at least 10M"]),
        ({"max": ["60M", "+0%"], "min": "-5%"}, ["at most 60M", "at most +0%", "at least -5%"]),
    ],
)
def test_a_figure_may_have_several_limits(value: Any, said: list[str]) -> None:
    """One, a list, or a table of max and min."""
    assert [str(limit) for limit in read_limits(value)] == said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("1%", 'must say which way it goes\n  hint: "\\+1%" of the base'),
        ({"maximum": 1}, "did you mean 'max'"),
        ({}, "no limit here"),
        ([], "no limit here"),
        ({"max": 1, "min": 2}, "nothing is at least 2 and at most 1"),
        ([["1"]], "not a number"),
        ({"max": {"max": 1}}, "not a number"),
        ("+1%%", "not a number"),
        ("++1", "not a number"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(value: Any, said: str) -> None:
    """With the way out."""
    with pytest.raises(CallError, match=said):
        read_limits(value)
