"""Is each norm of a file that norm, with its parameters, whichever framework wrote it and however?

The files in tests/truth/norms and the figures were made by tests/truth/measure_norms.py.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost import totals
from mnetcost.designs import load
from mnetcost.engine.costs import cost
from mnetcost.engine.ops import WORDS
from mnetcost.errors import SpecError

from .onnx_files import node, numbers, weights, write
from .test_keras import Read, one, read  # noqa: F401
from .test_onnx import costed

TRUTH = Path(__file__).parent / "truth"
RECORDS: list[Any] = [
    r
    for name in ("torch", "keras")
    for r in json.loads((TRUTH / f"norms_{name}.json").read_text())["records"]
]
OPS = {"group norm": "group_norm", "instance norm": "instance_norm", "layer norm": "layer_norm"}
OPS |= {"rms norm": "rms_norm", "l2 norm": "l2_norm"}
SEVERAL = "written as several layers"
FILLED = "group-norm-bare-dynamo-18.onnx"
"""The exporter writes ones and zeros for a scale and a shift that the norm lacks, and multiplies by them."""


@pytest.mark.parametrize(("file", "norm", "params", "learned"), RECORDS, ids=[r[0] for r in RECORDS])
def test_a_norm_of_a_file_is_itself_with_its_parameters(
    file: str, norm: str, params: int, learned: int
) -> None:
    """Its layer is of that op; or a note says that several layers are this norm."""
    design = load(str(TRUTH / "norms" / file))
    there = {WORDS[type(node.op)] for node in design.graph.nodes} & set(OPS.values())
    notes = [note.partition(":")[0].lower() for note in design.graph.notes if SEVERAL in note]
    assert (there, notes) in [({OPS[norm]}, []), (set(), [norm])]
    filled = 32 if file == FILLED else 0
    assert totals(str(TRUTH / "norms" / file))["params"] == params + filled
    assert any(n.startswith("filler: 32 of the params") for n in design.graph.notes) == bool(filled)
    by_kind = cost(design.graph).params_by_kind()
    assert sum(by_kind.values()) - by_kind["pointwise"] - 16 == learned + filled


def test_every_norm_stands_in_files_of_every_kind() -> None:
    """So that none goes unread: as an op and written out, in ONNX, Keras and TFLite."""
    kinds = {(Path(r[0]).suffix, r[1]) for r in RECORDS}
    shared = ("group norm", "instance norm", "layer norm", "rms norm")
    assert kinds >= {(suffix, norm) for suffix in (".onnx", ".json", ".tflite") for norm in shared}
    assert len(RECORDS) == len({r[0] for r in RECORDS}) == len(list((TRUTH / "norms").iterdir()))


@pytest.mark.parametrize(("groups", "learned"), [(2, 12), (4, 12), (3, 12), (6, 12)])
def test_a_group_norm_of_opset_18_learns_a_scale_and_a_shift_for_each_group(
    groups: int, learned: int, tmp_path: Path
) -> None:
    """From opset 21 on they are for each channel: 12 of them, in a map of 12 channels."""
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("GroupNormalization", ["c", "g", "b"], ["y"], num_groups=groups),
    ]
    stored = [weights("w", 12, 3, 1, 1)]
    for count in (groups, learned):
        file = write(tmp_path, nodes, [*stored, weights("g", count), weights("b", count)])
        assert costed(file).params_by_kind() == {"pointwise": 36, "norm": 2 * count}


def test_an_instance_norm_behind_another_layout_keeps_its_scale(tmp_path: Path) -> None:
    """Ones and zeros of an untrained norm: 8 channels of a product's output, which groups nothing."""
    nodes = [
        node("Reshape", ["x", "to"], ["t"]),
        node("MatMul", ["t", "w"], ["m"]),
        node("InstanceNormalization", ["m", "g", "b"], ["y"]),
    ]
    stored = [numbers("to", 1, 3, 64), weights("w", 64, 5), weights("g", 3), weights("b", 3)]
    assert costed(write(tmp_path, nodes, stored)).params_by_kind() == {"dense": 320, "norm": 6}


@pytest.mark.parametrize("groups", [3, 5, 8])
def test_groups_that_do_not_divide_the_channels_are_refused(groups: int, read: Read) -> None:  # noqa: F811
    """Keras builds no such layer."""
    with pytest.raises(SpecError, match=f"{groups} groups do not divide 4 channels"):
        read(one("GroupNormalization", {"groups": groups}))


@pytest.mark.parametrize("op", ['"layer_norm"', '"rms_norm"', '"group_norm", groups = 2', '"instance_norm"'])
def test_norms_take_volumes(op: str, tmp_path: Path) -> None:
    """4 x 6 x 8 positions of 3 channels behind a pointwise convolution to 4."""
    (tmp_path / "net.toml").write_text(
        f"""resolution = [4, 6, 8]
layers = [{{ op = "conv3d", out = 4, kernel = 1 }}, {{ op = {op} }}]
"""
    )
    done = cost(load(str(tmp_path / "net.toml")).graph)
    assert done.params_by_kind() == {"pointwise": 12, "norm": 4 if "rms" in op else 8}
    assert done.work_by_kind()["norm"] == 4 * 6 * 8 * 4


ELSE = {
    "not divided": [node("Conv", ["root", "w"], ["y"])],
    "divides another map": [node("Conv", ["x", "w"], ["other"]), node("Div", ["other", "root"], ["y"])],
    "no root": [node("Div", ["x", "m"], ["y"])],
}


@pytest.mark.parametrize("case", ["norm", *ELSE])
def test_only_what_is_divided_by_the_root_of_its_squares_is_a_norm(case: str, tmp_path: Path) -> None:
    """Of the same first layers, one is an RMS norm."""
    first = [
        node("Mul", ["x", "x"], ["s"]),
        node("ReduceMean", ["s"], ["m"], axes=[1]),
        node("Sqrt", ["m"], ["root"]),
    ]
    after = ELSE.get(case) or [node("Div", ["x", "root"], ["n"]), node("Conv", ["n", "w"], ["y"])]
    stored = [weights("w", 1 if case == "not divided" else 3, 1 if case == "not divided" else 3, 1, 1)]
    design = load(write(tmp_path, [*first, *after], stored))
    assert any(SEVERAL in note for note in design.graph.notes) == (case == "norm")
