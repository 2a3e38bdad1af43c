"""Are the figures behind sliders those of the engine, at every stop and in every block?"""

from __future__ import annotations

import json

import pytest

import mnetcost
from mnetcost.analyses.sliders import Sliders, sliders_data


def made(design: str, **asked: object) -> Sliders:
    found = mnetcost.report(design, **asked).sliders()  # type: ignore[arg-type]
    assert found is not None
    return found


def test_every_stop_of_v2_is_the_design_built_there() -> None:
    """V2 at alpha 0.5 and 160 pixels: 1,968,680 params and 49,640,800 MAdds, as if asked for by name."""
    s = made("v2")
    for i in range(0, len(s.alphas), 5):
        for j, size in enumerate(s.sizes):
            there = mnetcost.totals("v2", alpha=s.alphas[i], resolution=size)
            for key in ("params", "madds"):
                figure = s.figure(key)
                assert figure is not None
                assert s.value(figure.parts, i, j) == there[key]


def test_the_json_is_small_and_plain() -> None:
    """A page holds it: some ten kilobytes."""
    text = json.dumps(sliders_data(made("v2")))
    assert len(text) < 12_000
    assert json.loads(text) == sliders_data(made("v2"))


def test_a_model_file_has_no_sliders() -> None:
    """Its alpha is fixed in its weights."""
    assert mnetcost.report("tests/field/file-bn.prototxt").sliders() is None
