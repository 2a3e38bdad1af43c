"""Is a design planned as what TensorFlow Lite's converter makes of it, for every op that it says it knows?"""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.fit.plans import Planned, planned
from mnetcost.designs.planners import load_planner
from mnetcost.designs.programs import load_planned
from mnetcost.designs.settings import Settings
from mnetcost.errors import SpecError

TRUTH = Path(__file__).parent / "truth"
ROWS = json.loads((TRUTH / "lowering.json").read_text("utf-8"))["rows"]
MODELS = json.loads(gzip.decompress((TRUTH / "lowering_models.json.gz").read_bytes()))
FEW = 12
"""More rows than this must be of one order, or the heads would not be tested."""


def plan_of(name: str, dtype: str, folder: Path) -> Planned:
    """The plan of a row's net."""
    file = folder / f"{name}.json"
    file.write_text(json.dumps(MODELS[name]))
    return planned(load_planned(str(file), Settings()), load_planner("tflm"), dtype)


@pytest.mark.parametrize("dtype", ["int8", "float32"])
@pytest.mark.parametrize("name", ROWS)
def test_a_net_is_lowered_as_the_converter_lowers_it(name: str, dtype: str, tmp_path: Path) -> None:
    """Its operators, and the head of the arena where the operators can run in one order only."""
    row = ROWS[name][dtype]
    found = plan_of(name, dtype, tmp_path)
    assert Counter(o.type for o in found.program.operations) == Counter(row["operators"])
    if row["head"] is not None and found.program.one_order():
        assert found.plan.arena_bytes == row["head"]


def test_most_rows_hold_the_head(tmp_path: Path) -> None:
    """Of the nets of which the interpreter runs the file, most have one order."""
    held = [
        name
        for name, row in ROWS.items()
        if row["int8"]["head"] and plan_of(name, "int8", tmp_path).program.one_order()
    ]
    assert len(held) > FEW


def test_branches_of_unknown_order_are_named(tmp_path: Path) -> None:
    """Measured: the arena of the branched net differs, and the answer says that it may."""
    row = ROWS["branched"]["int8"]
    file = tmp_path / "branched.json"
    file.write_text(json.dumps(MODELS["branched"]))
    found = mnetcost.memory(str(file))
    assert found.data["one_order"] is False
    assert found.data["arena_bytes"] != row["head"]
    assert any("its branches run in the order of the design" in note for note in found.notes)
    straight = mnetcost.memory("keras/v2:alpha=0.35,resolution=96")
    assert straight.data["one_order"] is True
    assert not any("its branches run" in note for note in straight.notes)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        ({"class_name": "Activation", "config": {"activation": "selu"}}, "selu"),
        ({"class_name": "Activation", "config": {"activation": "mish"}}, "mish"),
        ({"class_name": "LayerNormalization", "config": {}}, "layer_norm"),
    ],
)
def test_what_cannot_be_foretold_is_refused_by_name(
    layer: dict[str, object], name: str, tmp_path: Path
) -> None:
    """The converter writes these as several operators, which differ between types."""
    image = {"class_name": "InputLayer", "config": {"batch_shape": [1, 8, 8, 3]}}
    file = tmp_path / "net.json"
    file.write_text(json.dumps({"class_name": "Sequential", "config": {"layers": [image, layer]}}))
    with pytest.raises(SpecError, match=f"how TensorFlow Lite writes '{name}'"):
        mnetcost.memory(str(file), planner="tflm")
