"""Which shipped design a file is, and what tells it from the nearest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mnetcost.analyses.changes.identify import identify
from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention

from . import keras_models, prototxts


def told(tmp_path: Path, name: str, text: str) -> dict[str, Any]:
    (tmp_path / name).write_text(text)
    return identify(load(str(tmp_path / name)), load_convention()).data


def test_a_file_is_the_shipped_design_it_equals(tmp_path: Path) -> None:
    """The same weighted layers, and nothing else with a cost."""
    for name, text, design in (
        ("net.json", keras_models.mobilenet(), "v1:alpha=1"),
        ("net.prototxt", prototxts.mobilenet(), "v1:alpha=1"),
        ("vgg.json", keras_models.vgg16(), "vgg16:alpha=1"),
    ):
        data = told(tmp_path, name, text)
        assert data["equal"]
        assert design in [data["nearest"][0]["design"], *data["alike"]]


def test_the_v2_of_shicai_differs_from_the_papers_by_two_causes(tmp_path: Path) -> None:
    """One stage of stride 2 comes later, and the first block expands: 128,337,664 multiply-adds and 1,088
    parameters more.
    """
    data = told(tmp_path, "net.prototxt", prototxts.mobilenet_v2(prototxts.SHICAI_ROWS))
    assert data["equal"]
    assert data["nearest"][0] == {
        "design": "shicai-caffe/v2:alpha=1",
        "layers_apart": 0,
        "madds": 429_111_936,
        "params": 3_505_960,
    }
    causes = [
        (d["madds"], d["params"])
        for d in data["differences"]
        if d["from"] == "v2:alpha=1" and (d["madds"] or d["params"])
    ]
    assert sorted(causes) == [(12_845_056, 1_088), (115_492_608, 0)]


def test_a_file_that_is_none_has_a_nearest(tmp_path: Path) -> None:
    """V2 with other widths is still nearest to a V2."""
    rows = [(t, c + 8 * (c == 96), n, s) for t, c, n, s in prototxts.PAPER_ROWS]
    data = told(tmp_path, "net.prototxt", prototxts.mobilenet_v2(rows))
    assert not data["equal"]
    assert "v2" in data["nearest"][0]["design"]
    assert data["nearest"][0]["layers_apart"] > 0


@pytest.mark.parametrize(
    ("name", "design"),
    [("v1:alpha=0.5", "v1:alpha=0.5"), ("torchvision/v3-small", "torchvision/v3-small:alpha=1")],
)
def test_a_shipped_design_is_itself(name: str, design: str) -> None:
    """At the size and alpha it has."""
    data = identify(load(name), load_convention()).data
    assert data["equal"]
    assert design in [data["nearest"][0]["design"], *data["alike"]]


def test_a_file_that_nothing_is_near_is_compared_with_none(tmp_path: Path) -> None:
    """A detector of 13 layers shares 1 of 27 with the closest, a coincidence: no list of differences is
    made up from that.
    """
    data = identify(load("tests/field/file-order-1.prototxt"), load_convention()).data
    assert not data["near"]
    assert not data["equal"]
    assert data["nearest"]
    assert data["differences"] == []
    rows = [(t, c + 8 * (c == 96), n, s) for t, c, n, s in prototxts.PAPER_ROWS]
    # and of one with other widths it is
    assert told(tmp_path, "net.prototxt", prototxts.mobilenet_v2(rows))["near"]
