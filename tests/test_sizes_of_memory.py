"""Sizes of RAM and flash, and times, as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from mnetcost.designs.sizes import read_count, read_memory, read_ms
from mnetcost.errors import CallError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("256K", 262_144),
        ("256k", 262_144),
        ("256 KB", 262_144),
        ("256KiB", 262_144),
        ("1M", 1_048_576),
        ("1.5 MB", 1_572_864),
        ("2G", 2**31),
        ("73728", 73_728),
        ("73,728 B", 73_728),
        (4096, 4096),
    ],
)
def test_sizes_of_memory_are_binary(text: Any, value: int) -> None:
    """A chip with 256 KB of RAM has 262,144 bytes."""
    assert read_memory(text, "--ram") == value


@pytest.mark.parametrize("text", ["", "256X", "-1K", "0.3K", "1e400", "nan", None, True, "1K5"])
def test_other_sizes_are_refused_by_the_name_of_the_option(text: Any) -> None:
    """Each is an error that a user can correct."""
    with pytest.raises(CallError, match="--ram: "):
        read_memory(text, "--ram")


def test_multiply_adds_are_decimal() -> None:
    """30M is 30,000,000, as everywhere."""
    assert read_count("30M", "--madds") == 30_000_000


@pytest.mark.parametrize(("text", "value"), [("20", 20.0), (20, 20.0), ("16.5 ms", 16.5), ("20ms", 20.0)])
def test_times_are_in_milliseconds(text: Any, value: float) -> None:
    """With or without the unit."""
    assert read_ms(text, "--ms") == value


@pytest.mark.parametrize("text", ["", "0", "-3", "nan", "inf", "1e300", "2s", None, True])
def test_other_times_are_refused(text: Any) -> None:
    """Each is an error that a user can correct."""
    with pytest.raises(CallError, match="--ms must be"):
        read_ms(text, "--ms")
