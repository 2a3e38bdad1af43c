"""Do depth and width scale a network as EfficientNet's do?"""

from __future__ import annotations

from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.changes.diff import diff
from mnetcost.designs import Settings, load
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.find import shipped_spec
from mnetcost.designs.resolved import resolved
from mnetcost.errors import CallError, SpecError

B = [  # width, depth and input of EfficientNet-B1 to B7: efficientnet_builder.py
    (1.0, 1.1, 240),
    (1.1, 1.2, 260),
    (1.2, 1.4, 300),
    (1.4, 1.8, 380),
    (1.6, 2.2, 456),
    (1.8, 2.6, 528),
    (2.0, 3.1, 600),
]
SHALLOW = """source = "by hand"
resolution = 8
layers = [{ op = "conv", out = 4, repeat = 3 }, { op = "conv", out = 4 }]
"""


def copies(design: str) -> int:
    return len(load(design).graph.nodes) - 1


@pytest.mark.parametrize(("n", "asked"), list(enumerate(B, 1)))
def test_a_compound_network_is_b0_at_its_settings(n: int, asked: tuple[float, float, int]) -> None:
    """As a spec and as settings behind a colon; the counts of both are held to builds in test_truth.py."""
    width, depth, size = asked
    settings = f"efficientnet:width={width},depth={depth},resolution={size}"
    assert mnetcost.totals(f"efficientnet-b{n}") == mnetcost.totals(settings)
    assert load(settings).heading == f"efficientnet-b0:alpha={width:g},depth={depth:g},resolution={size}"


def test_depth_multiplies_only_rows_that_repeat(tmp_path: Path) -> None:
    """3 + 1 convolutions at depth 1.1 are 4 + 1, as 3.3 is rounded up; a row without `repeat` stays one."""
    path = tmp_path / "net.toml"
    path.write_text(SHALLOW)
    assert [copies(f"{path}:depth={d}") for d in (1, 1.1, 2, 0.1)] == [4, 5, 7, 2]


@pytest.mark.parametrize(("rounding", "expected"), [("ceil", 5), ("round", 5), ("truncate", 4)])
def test_a_spec_says_how_copies_are_rounded(rounding: str, expected: int, tmp_path: Path) -> None:
    """3 copies at depth 1.2 are 3.6: 4, 4 or 3, and the row that does not repeat."""
    path = tmp_path / "net.toml"
    path.write_text(f'{SHALLOW}[compound]\ndepth = 1.2\nrounding = "{rounding}"\n')
    assert copies(str(path)) == expected


def test_settings_multiply_what_the_spec_says() -> None:
    """Twice B1's depth of 1.1 is 2.2, and half of B7's width is B0's."""
    assert mnetcost.totals("efficientnet-b1:depth=2") == mnetcost.totals(
        "efficientnet-b0:depth=2.2,resolution=240"
    )
    assert mnetcost.totals("efficientnet-b7:alpha=0.5") == mnetcost.totals(
        "efficientnet-b0:depth=3.1,resolution=600"
    )


def test_depth_stands_behind_a_colon_and_in_json() -> None:
    """Of a report and of a grid, where the keyword `depth` is how deep blocks are told apart."""
    report = mnetcost.report("v2:depth=2", by="block", depth=1)
    assert (report.data["design"]["depth"], report.data["depth"]) == (2, 1)
    assert mnetcost.report("v2").data["design"]["depth"] == 1
    grid = mnetcost.scale("v2:depth=2", alpha=[1.0], resolution=[224], by="block", depth=1)
    assert int(grid.params[0, 0]) == mnetcost.totals("v2:depth=2")["params"]
    assert load("v2", Settings(depth=2.0)).heading == "v2:alpha=1,depth=2,resolution=224"


def test_a_difference_in_depth_is_explained(tmp_path: Path) -> None:
    """Row by row, with nothing left over; and B3's spec as one file costs as B3."""
    answer = diff(load("efficientnet-b0"), load("efficientnet-b1"), load_convention())
    assert sum(cause.params for cause in answer.causes) == 7_794_184 - 5_288_548
    path = tmp_path / "b3.toml"
    path.write_text(resolved(shipped_spec("efficientnet-b3")))
    assert mnetcost.totals(str(path)) == mnetcost.totals("efficientnet-b3")


@pytest.mark.parametrize(
    ("design", "said"),
    [
        ("v2:depth=0", "depth must be above 0"),
        ("v2:depth=x", "depth must be a number"),
        ("v2:width=1,alpha=2", "write each setting once"),
    ],
)
def test_a_wrong_depth_is_refused(design: str, said: str) -> None:
    """As alpha is."""
    with pytest.raises(CallError, match=said):
        load(design)


def test_a_depth_that_runs_away_is_refused(tmp_path: Path) -> None:
    """With the line of the row, before any copy is made."""
    path = tmp_path / "net.toml"
    path.write_text(SHALLOW.replace("repeat = 3", "repeat = 1000") + "[compound]\ndepth = 1000\n")
    with pytest.raises(SpecError, match="1,000,000 copies"):
        load(str(path))
