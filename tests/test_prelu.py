"""Does PReLU learn what PyTorch's does, wherever a row or a block takes an activation?

The figures were measured by tests/truth/measure_prelu.py on blocks written by hand.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnetcost.designs.build import build
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import cost
from mnetcost.engine.terms import MAC_KINDS

RECORDS: list[Any] = json.loads((Path(__file__).parent / "truth" / "prelu.json").read_text())["records"]
BLOCKS = {
    "conv_norm": '{ op = "conv_norm", out = 32, kernel = 3, stride = 2 }',
    "depthwise_norm": '{ op = "depthwise_norm", kernel = 3 }',
    "separable": '{ op = "separable", out = 32, stride = 2 }',
    "bneck": '{ op = "bneck", out = 24, expand = 4, stride = 2, repeat = 2 }',
    "bneck with a gate": '{ op = "bneck", out = 24, expand = 4, se = 0.25 }',
    "fire": '{ op = "fire", squeeze = 8, out = 32 }',
    "residual": '{ op = "residual", mid = 16, out = 64, stride = 2, repeat = 2 }',
    "basic": '{ op = "basic", out = 32, stride = 2, repeat = 2 }',
    "uib": """{ op = "uib", out = 24, start = 3, kernel = 5, stride = 2 },
  { op = "uib", out = 24 },
  { op = "uib", out = 24, start = 3, kernel = 0 }""",
    "inception": '{ op = "inception", one = 8, reduce3 = 8, three = 16, reduce5 = 8, five = 16, pool = 8 }',
    "xception": '{ op = "xception", out = 32, stride = 2 }',
    "a block of the spec": '{ op = "unit", repeat = 2 }',
    "activation": '{ op = "conv", out = 32, bias = true }, { op = "activation", function = "FUNCTION" }',
}
UNIT = """
[block.unit]
layers = [
  { op = "conv_norm", out = "in * 2" },
  { op = "conv_norm", name = "b", out = "in", kernel = 3, activation = "none" },
  { op = "add", from = ["b", "in"] },
  { op = "activation", function = "FUNCTION" },
]
"""
TAKING = ("conv_norm", "depthwise_norm", "separable", "bneck", "residual", "basic", "uib")
"""Blocks with a key `activation`: their rows may say it instead of the style."""
KINDS = {"prelu": 4, "prelu_shared": 7}


def spec_of(block: str, function: str, in_row: bool = False) -> Spec:
    """A block behind a stem; the activation is the style's, or that of every row."""
    said = f', activation = "{function}" }}'
    rows = BLOCKS[block].replace(" }", said) if in_row else BLOCKS[block]
    stem = '{ op = "conv_norm", out = 16, kernel = 3, stride = 2' + (said if in_row else " }")
    text = f"""
resolution = 32
layers = [
  {stem},
  {rows},
]
{UNIT if "unit" in rows else ""}
[se]
activation = "{function}"
gate = "sigmoid"
""".replace("FUNCTION", function)
    text += "" if in_row else f'[style]\nactivation = "{function}"\n'
    return read_spec(text, "net.toml", "net", None, parent_of)


def figures(spec: Spec, alpha: Any, h: Any, w: Any) -> tuple[Any, Any, Any]:
    """Slopes, all parameters that are trained, and multiply-adds."""
    done = cost(build(spec, alpha, h, w, spec.classes if isinstance(h, int) else np.array(spec.classes)))
    params, work = done.params_by_kind(), done.work_by_kind()
    trained = sum(n for kind, n in params.items() if kind != "norm_statistics")
    return params["activation"], trained, sum(n for kind, n in work.items() if kind in MAC_KINDS)


@pytest.mark.parametrize("function", KINDS)
@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r[0]} {r[1]} {r[2]}x{r[3]}")
def test_a_block_learns_pytorchs_slopes(record: Any, function: str) -> None:
    """One for each channel that alpha leaves, or one for each activation."""
    block, alpha, h, w = record[:4]
    at = KINDS[function]
    assert figures(spec_of(block, function), alpha, h, w) == tuple(record[at : at + 3])


@pytest.mark.parametrize("function", KINDS)
@pytest.mark.parametrize("block", TAKING)
def test_a_row_may_say_its_activation(block: str, function: str) -> None:
    """As the style does for all rows."""
    for record in RECORDS:
        if record[0] == block:
            at = KINDS[function]
            assert figures(spec_of(block, function, True), *record[1:4]) == tuple(record[at : at + 3])


@pytest.mark.parametrize("function", KINDS)
@pytest.mark.parametrize("block", BLOCKS)
def test_slopes_in_a_grid_are_the_same(block: str, function: str) -> None:
    """All alphas and sizes in one walk of arrays."""
    records, at = [r for r in RECORDS if r[0] == block], KINDS[function]
    alpha, h, w = (np.array([r[n] for r in records]) for n in (1, 2, 3))
    for n, found in enumerate(figures(spec_of(block, function), alpha, h, w)):
        assert [*np.broadcast_to(found, h.shape)] == [r[at + n] for r in records]


def test_every_measured_block_is_a_row() -> None:
    """At five alphas and two sizes each."""
    assert {r[0] for r in RECORDS} == set(BLOCKS)
    assert len(RECORDS) == 10 * len(BLOCKS)
