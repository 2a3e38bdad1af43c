"""Do exported files cost what the specs of the same nets say, and did the readers agree with the frameworks?

The figures in tests/truth/exports.json and tflite.json were measured by the scripts beside them: on
PyTorch's and Keras's own nets, and on the files that they export, by their own packages.
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
    """Multiply-adds of every export of a net that ships as a spec, quantised or not: built from the spec,
    they are the same.
    """
    asked = [r for r in records(name) if r["net"] in SPECS]
    for r in asked:
        work = cost(load(SPECS[r["net"]]).graph).work_by_kind()
        assert sum(work.get(kind, 0) for kind in MAC_KINDS) == r["macs"], r
    assert {SPECS[r["net"]] for r in asked} >= {
        "exports": {"torchvision/v2"},
        "tflite": {"keras/v1", "keras/v2"},
    }[name]


def called(r: dict[str, Any]) -> str:
    """A net, and the way it was exported."""
    return f"{r['net']} {r.get('exported') or r['as']}"


@pytest.mark.parametrize("name", ["exports", "tflite"])
def test_readers_counted_what_the_frameworks_did(name: str) -> None:
    """Every multiply-add; parameters too, apart from those that a file holds in another way, each with
    its reason.
    """
    for r in records(name):
        if called(r) in REFUSED:
            continue
        assert r["macs"] - r["counted macs"] == (FOLDED[called(r)] * PLACES if called(r) in FOLDED else 0), r
        if called(r) not in APART:
            assert r["counted params"] == r["params"], r


def test_at_most_three_exports_in_a_hundred_are_refused() -> None:
    """Those that are have layers that are not read yet."""
    refused = [called(r) for r in records("exports") if r["counted macs"] is None]
    assert sorted(refused) == sorted(REFUSED)
    assert 100 * len(refused) <= 3 * len(records("exports"))


REFUSED = {
    "timm/sequencer2d_s script": "LSTM",
    "timm/sequencer2d_s layers=(1, 1, 1, 1) dynamo": "LSTM",
}
"""Exports that the reader refuses, and the first layer that it does not know."""

PLACES = 15 * 15 * 2 * 512
FOLDED = {
    "timm/swinv2_tiny_window8_256 dynamo": 12,
    "timm/swinv2_tiny_window8_256 depths=(1, 1, 1, 1) dynamo": 4,
}
"""Blocks whose first product of 15 x 15 places and 2 x 512 stored weights the exporter has worked out: it
is not in the file.
"""

FILLERS = (
    "ones or zeros that the exporter writes for a scale or a shift that a norm lacks: named, not counted"
)
GRID = "a table of places, two numbers a row, that stored weights multiply"
APART = {
    "timm/nf_regnet_b0 dynamo": FILLERS,
    "timm/vit_tiny_r_s16_p8_224 dynamo": FILLERS,
    "timm/resnetv2_50x1_bit dynamo": FILLERS,
    "timm/resnet50_gn layers=(1, 1, 1, 1) dynamo": FILLERS,
    "timm/nf_resnet50 depths=(1, 1, 1, 1) dynamo": FILLERS,
    "timm/cpubone_nano dynamo": FILLERS,
    "timm/vit_small_r26_s32_224 depth=2 dynamo": FILLERS,
    "timm/vit_srelpos_small_patch16_224 depth=2 dynamo": GRID,
    "torchvision/swin_v2_t script": GRID,
    "timm/tresnet_m script": "blur filters in Constant nodes, which convolutions read",
    "timm/coat_tiny script": "a bias of one number",
    "timm/csatv2 dynamo": "weights and biases of one number, which the count of initializers leaves out",
    "ResNet50V2 int8": "biases of zeros that several convolutions share are stored once",
}
"""Where the package's count of initializers or tensors is of something else than the reader's of what
layers read, and why.
"""
