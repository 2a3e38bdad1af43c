"""Do our counts agree with real builds of every implementation, to the digit and layer by layer?

The figures in tests/truth/*.json were measured on the frameworks by the scripts beside them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.terms import MAC_KINDS

TRUTH = Path(__file__).parent / "truth"
MEASURED = {
    p.stem: json.loads(p.read_text())
    for p in sorted(TRUTH.glob("*.json"))
    if "layer_columns" in p.read_text()
}
RECORDS = [(r[0], r) for measured in MEASURED.values() for r in measured["records"]]
DESIGNS = sorted({design for design, _ in RECORDS})
LAYERS = [(design, rows) for measured in MEASURED.values() for design, rows in measured["layers"].items()]


def counts(costs: Costs) -> tuple[int, int, int]:
    """Trainable parameters, parameters with running statistics, and multiply-adds."""
    params, work = costs.params_by_kind(), costs.work_by_kind()
    total = sum(params.values())
    return total - params.get("norm_statistics", 0), total, sum(work.get(kind, 0) for kind in MAC_KINDS)


@pytest.mark.parametrize("design", DESIGNS)
def test_counts_are_those_of_the_real_build(design: str) -> None:
    """Every alpha, size (odd ones too), number of classes, and without top."""
    asked = 0
    for name, (_, alpha, size, classes, *expected) in RECORDS:
        if name != design:
            continue
        sides = tuple(size) if isinstance(size, list) else (size, size)
        built = load(
            design, Settings(alpha=alpha, resolution=sides, classes=classes, top=None if classes else False)
        )
        assert counts(cost(built.graph)) == tuple(expected), (design, alpha, size, classes)
        asked += 1
    assert asked


def layer_rows(costs: Costs) -> list[list[Any]]:
    """Convolutions, dense layers and norms, as the measuring scripts write them down."""
    rows = []
    for layer in costs.layers:
        op, x = layer.node.op, layer.inputs[0]
        params = sum(t.count for t in layer.params if t.kind != "norm_statistics")
        macs = sum(t.count for t in layer.work if t.kind in MAC_KINDS)
        shapes = [list(x), list(layer.output)]
        if op.label in ("conv", "depthwise"):
            kernel = list(op.kernel) if isinstance(op.kernel, tuple) else [op.kernel] * 2
            rows.append(
                [
                    "conv",
                    *shapes,
                    kernel,
                    op.stride,
                    x.c if op.label == "depthwise" else op.groups,
                    params,
                    macs,
                ]
            )
        elif op.label in ("dense", "norm"):
            rows.append([op.label, *shapes, None, None, None, params, macs])
    return rows


@pytest.mark.parametrize(("design", "expected"), LAYERS, ids=[design for design, _ in LAYERS])
def test_layers_are_those_of_the_real_build(design: str, expected: list[list[Any]]) -> None:
    """Layer by layer, in order: input, output, kernel, stride, groups, parameters and multiply-adds."""
    rows = layer_rows(cost(load(design).graph))
    if all(row[0] == "conv" for row in expected):  # TF-slim's graphs: weights of convolutions only
        rows = [row for row in rows if row[0] == "conv"]
        expected = [[*row[:6], 0, row[7]] for row in expected]
        rows = [[*row[:6], 0, row[7]] for row in rows]
    assert rows == expected


def test_truth_covers_every_implementation() -> None:
    """An implementation's spec without measured figures would be a claim without a proof."""
    from mnetcost.designs.shipped import shipped

    implementations = {name for name in shipped() if "/" in name}
    assert implementations - set(DESIGNS) == set()
