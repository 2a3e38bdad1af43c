"""Do exported files cost what the specs of the same nets say, and did the readers agree with the frameworks?

The figures in tests/truth/exports.json and tflite.json were measured by the scripts beside them: on PyTorch's and Keras's own nets, and on
the files that they export, by their own packages.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import load
from mnetcost.engine.costs import cost
from mnetcost.engine.terms import MAC_KINDS

TRUTH = Path(__file__).parent / "truth"
SPECS = {
    "torchvision/mobilenet_v2": "torchvision/v2",
    "torchvision/mobilenet_v3_large": "torchvision/v3-large",
    "torchvision/mobilenet_v3_small": "torchvision/v3-small",
    "MobileNet": "keras/v1",
    "MobileNetV2": "keras/v2",
    "MobileNetV3Large": "keras/v3-large",
    "MobileNetV3Small": "keras/v3-small",
}


def records(name: str) -> list[dict[str, Any]]:
    measured = json.loads((TRUTH / f"{name}.json").read_text())
    return [dict(zip(measured["columns"], row, strict=True)) for row in measured["records"]]


@pytest.mark.parametrize("name", ["exports", "tflite"])
def test_files_cost_what_the_specs_of_their_nets_say(name: str) -> None:
    """Multiply-adds of every export of a net that ships as a spec, quantised or not: built from the spec, they are the same."""
    asked = [r for r in records(name) if r["net"] in SPECS]
    for r in asked:
        work = cost(load(SPECS[r["net"]]).graph).work_by_kind()
        assert sum(work.get(kind, 0) for kind in MAC_KINDS) == r["macs"], r
    assert {SPECS[r["net"]] for r in asked} >= {"exports": {"torchvision/v2"}, "tflite": {"keras/v1", "keras/v2"}}[name]


@pytest.mark.parametrize("name", ["exports", "tflite"])
def test_readers_counted_what_the_frameworks_did(name: str) -> None:
    """Every multiply-add; parameters too, apart from those that a file holds in another way, each with its reason."""
    for r in records(name):
        assert r["counted macs"] == r["macs"], r
        if f"{r['net']} {r.get('exported') or r['as']}" not in APART:
            assert r["counted params"] == r["params"], r


APART = {
    "torchvision/swin_t dynamo": "its masks are worked out of several tables, some of whose numbers are counted at each of them",
    "timm/edgenext_xx_small script": "tables in Constant nodes, which are no initializers",
    "timm/xcit_nano_12_p16_224 script": "tables in Constant nodes, which are no initializers",
    "ResNet50V2 int8": "biases of zeros that several convolutions share are stored once",
}
"""Where the package's count of initializers or tensors is of something else than the reader's of what layers read, and why."""
