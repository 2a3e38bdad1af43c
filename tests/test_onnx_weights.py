"""Which of an ONNX file's numbers are parameters, each counted once?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import numpy_helper

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import cost
from mnetcost.errors import UnknownOpError

from .onnx_files import elsewhere, model, node, numbers, tensor, weights, write
from .test_onnx import CONV, STORED, costed, rows


def test_one_weight_read_twice_is_counted_once(tmp_path: Path) -> None:
    """Two convolutions of 3 x 3 weights: 9 parameters, twice the work."""
    nodes = [node("Conv", ["x", "w"], ["a"], name="one"), node("Conv", ["a", "w"], ["y"], name="two")]
    costs = costed(write(tmp_path, nodes, [weights("w", 3, 3, 1, 1)]))
    assert costs.params_by_kind() == {"pointwise": 9}
    assert costs.work_by_kind() == {"pointwise": 2 * 9 * 64}


def overlapping(path: Path) -> str:
    """A file in which the rows 0 to 1,198 and 1 to 1,199 of a table of 1,200 x 8 numbers are added to a
    map.
    """
    cuts = [
        numbers("zero", 0),
        numbers("one", 1),
        numbers("low", 1199),
        numbers("high", 1200),
        numbers("axis", 0),
    ]
    nodes = [
        node("Slice", ["table", "zero", "low", "axis"], ["first"], name="first"),
        node("Slice", ["table", "one", "high", "axis"], ["second"], name="second"),
        node("Add", ["x", "first"], ["a"], name="a"),
        node("Add", ["a", "second"], ["y"], name="y"),
    ]
    return write(path, nodes, [weights("table", 1200, 8), *cuts], image=(1, 1, 1199, 8))


def test_parts_that_overlap_count_each_number_once(tmp_path: Path) -> None:
    """1,199 x 8 numbers in the first part, and the 8 of the last row that only the second one reads:
    9,600, as the file holds.
    """
    params = [sum(row[1].values()) for row in rows(costed(overlapping(tmp_path))).values()]
    assert [n for n in params if n] == [1199 * 8, 8]


def test_many_cuts_of_a_large_table_count_what_it_holds(tmp_path: Path) -> None:
    """A thousand cuts of a table of 2**25 numbers that overlap: past the bound on marks its rest counts
    at once, and time stays short.
    """
    made = model([node("Relu", ["x"], ["y"])], [weights("table", 1)], image=(1, 1, 1, 1 << 15))
    table = made.graph.initializer[0]
    table.ClearField("raw_data")
    table.dims[:] = [1024, 1 << 15]
    table.data_location = 1
    row = numbers("zero", 0), numbers("axis", 0), *[numbers(f"n{k}", k) for k in range(1, 1001)]
    made.graph.initializer.extend(row)
    cut = [
        [node("Slice", ["table", "zero", f"n{k}", "axis"], [f"s{k}"]), node("Add", ["x", f"s{k}"], [f"a{k}"])]
        for k in range(1, 1001)
    ]
    made.graph.node.extend(n for pair in cut for n in pair)
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    start = time.process_time()
    assert sum(costed(str(file)).params_by_kind().values()) == 1 << 25
    assert time.process_time() - start < 20


def test_more_parameters_than_the_file_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were each part counted by itself, they would be 19,184 of 9,600 numbers: then no count is given."""
    monkeypatch.setattr("mnetcost.designs.kit.stored.Counted.add", lambda self, part: part.size)
    file = overlapping(tmp_path)
    with pytest.raises(UnknownOpError, match="cannot count its parameters: numbers of the file are cut up"):
        load(file)
    design = load(file, Settings(allow_unknown=True))
    assert cost(design.graph, 1, True).status == "partial"
    assert design.graph.left_out[0].startswith("its parameters")


def test_external_weights_are_never_opened(tmp_path: Path) -> None:
    """Their shapes are enough; the file they are said to be in is not there."""
    made = model([CONV], STORED)
    for t in made.graph.initializer:
        t.ClearField("raw_data")
        t.data_location = 1
        entry = t.external_data.add()
        entry.key, entry.value = "location", "../../../etc/passwd"
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    assert costed(str(file)).params_by_kind() == {"conv": 108, "bias": 4}
    assert load(str(file)).graph.weight_bytes == 448


def test_weights_that_were_taken_out_and_listed_as_inputs_are_weights(tmp_path: Path) -> None:
    """What only convolutions read as weights is no image."""
    file = write(tmp_path, [CONV], [], inputs=[tensor("w", (4, 3, 3, 3)), tensor("b", (4,))])
    assert costed(file).params_by_kind() == {"conv": 108, "bias": 4}


def test_large_weights_are_not_loaded(tmp_path: Path) -> None:
    """A file of 64 MB is read in less than 8."""
    import tracemalloc

    file = write(
        tmp_path, [node("Conv", ["x", "w"], ["y"])], [weights("w", 4096, 3, 36, 36)], image=(1, 3, 64, 64)
    )
    load(file)
    tracemalloc.start()
    load(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert Path(file).stat().st_size > 63_000_000
    assert peak < 8_000_000


def fixed(name: str, *dims: int, fill: float = 1.0) -> Any:
    """A Constant node of this shape."""
    return node(
        "Constant", [], [name], name=name, value=numpy_helper.from_array(np.full(dims, fill, np.float32))
    )


def test_numbers_in_constant_nodes_are_not_trained_where_weights_are_initializers(tmp_path: Path) -> None:
    """A table of 3 x 8 x 8, a scale a channel and a shift of 3 by 1 by 1: 192 + 3 + 3 numbers that
    nothing trains, as a note says.
    """
    nodes = [
        fixed("t", 3, 8, 8),
        fixed("g", 3, 1, 1),
        fixed("s", 1, 3, 1, 1),
        node("Add", ["x", "t"], ["a"], name="a"),
    ]
    nodes += [node("Mul", ["a", "g"], ["m"]), node("Sub", ["m", "s"], ["n"]), node("Conv", ["n", "w"], ["y"])]
    costs = costed(write(tmp_path, nodes, [weights("w", 4, 3, 3, 3)]))
    assert costs.params_by_kind() == {"conv": 108}
    assert costs.graph.notes == (
        (
            "not counted: 198 numbers of Constant nodes, in 3 layers, first at 'a'; the weights are"
            " initializers, so these are not trained"
        ),
    )


def test_in_a_file_whose_weights_are_constant_nodes_they_are_parameters(tmp_path: Path) -> None:
    """As Paddle2ONNX writes: 108 weights, a scale and a shift of 4 channels, a table of 4 x 6 x 6."""
    nodes = [
        fixed("w", 4, 3, 3, 3),
        fixed("g", 4, 1, 1),
        fixed("s", 4, 1, 1),
        fixed("t", 1, 4, 6, 6),
        node("Conv", ["x", "w"], ["c"]),
    ]
    nodes += [
        node("Mul", ["c", "g"], ["m"]),
        node("Add", ["m", "s"], ["n"]),
        node("Add", ["n", "t"], ["y"], name="y"),
    ]
    costs = costed(write(tmp_path, nodes))
    assert costs.params_by_kind() == {"conv": 108, "norm": 4, "bias": 4, "table": 144}
    assert costs.graph.notes == (
        (
            "table: 144 of the params are stored tables, in 1 layer, first at 'y'; "
            "take them off if nothing trains them, as prior boxes or masks"
        ),
    )


def test_a_kernel_in_a_constant_node_counts_whatever_else_does(tmp_path: Path) -> None:
    """One of two convolutions reads a Constant node: 3 x 3 of one channel for each of 3, beside 12
    weights that are an initializer.
    """
    nodes = [
        fixed("k", 3, 1, 3, 3),
        node("Conv", ["x", "k"], ["b"], group=3),
        node("Conv", ["b", "w"], ["y"]),
    ]
    assert costed(write(tmp_path, nodes, [weights("w", 4, 3, 1, 1)])).params_by_kind() == {
        "depthwise": 27,
        "pointwise": 12,
    }


NORM = {
    "instance norm": (node("InstanceNormalization", ["x", "one", "zero"], ["y"]), {"norm": 6}),
    "batch norm": (
        node("BatchNormalization", ["x", "one", "zero", "m", "v"], ["y"]),
        {"norm": 6, "norm_statistics": 6},
    ),
}


@pytest.mark.parametrize("case", NORM)
def test_ones_and_zeros_that_an_exporter_made_up_are_no_parameters(case: str, tmp_path: Path) -> None:
    """The same file with names that PyTorch's parameters have is a net that was never trained."""
    called, whole = NORM[case]
    ones, zeros = weights("one", 3), numpy_helper.from_array(np.zeros(3, np.float32), "zero")
    rest = [weights("m", 3), weights("v", 3)]
    assert costed(write(tmp_path, [called], [ones, zeros, *rest])).params_by_kind() == whole
    ones.name, zeros.name = "val_3", "val_14"
    called = node(called.op_type, ["x", "val_3", "val_14", *called.input[3:]], ["y"])
    assert costed(write(tmp_path, [called], [ones, zeros, *rest])).params_by_kind() == {
        k: n for k, n in whole.items() if k != "norm"
    }


@pytest.mark.parametrize("case", NORM)
def test_made_up_names_of_numbers_in_another_file_are_no_parameters_of_norms(
    case: str, tmp_path: Path
) -> None:
    """As above, the values out of sight; a note says so. Those of a layer's own names count."""
    called, whole = NORM[case]
    for names in (("val_3", "val_14"), ("n.weight", "n.bias")):
        stored = [elsewhere(name, 3) for name in names]
        reads = node(called.op_type, ["x", *names, *called.input[3:]], ["y"])
        design = load(write(tmp_path, [reads], [*stored, weights("m", 3), weights("v", 3)]))
        made = names[0] == "val_3"
        assert cost(design.graph).params_by_kind().get("norm", 0) == (0 if made else whole["norm"])
        assert any(n.startswith("not counted: 6 numbers that norms read") for n in design.graph.notes) == made


def test_a_shift_with_a_made_up_name_and_its_values_in_another_file_counts_with_a_note(
    tmp_path: Path,
) -> None:
    """It may be what a group norm lacks, or learned."""
    nodes = [node("Conv", ["x", "w"], ["c"]), node("Add", ["c", "val_3"], ["y"])]
    design = load(write(tmp_path, nodes, [weights("w", 4, 3, 1, 1), elsewhere("val_3", 4, 1, 1)]))
    assert cost(design.graph).params_by_kind() == {"pointwise": 12, "bias": 4}
    assert any(n.startswith("unseen: the values of 4 of the params") for n in design.graph.notes)


def test_a_group_norm_written_as_an_instance_norm_of_the_groups_has_only_what_stands_behind_it(
    tmp_path: Path,
) -> None:
    """Two groups of 4 channels: a scale and a shift of 4 are learned, the ones and zeros of the 2 groups
    are not.
    """
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("Reshape", ["c", "to"], ["r"]),
        node("InstanceNormalization", ["r", "o", "z"], ["i"]),
    ]
    nodes += [
        node("Reshape", ["i", "back"], ["b"]),
        node("Mul", ["b", "g"], ["m"]),
        node("Add", ["m", "s"], ["y"]),
    ]
    stored = [
        weights("w", 4, 3, 1, 1),
        numbers("to", 0, 2, -1),
        numbers("back", 1, 4, 8, 8),
        weights("o", 2),
        weights("g", 4, 1, 1),
    ]
    stored += [weights("s", 4, 1, 1), numpy_helper.from_array(np.zeros(2, np.float32), "z")]
    assert costed(write(tmp_path, nodes, stored)).params_by_kind() == {"pointwise": 12, "norm": 4, "bias": 4}


def test_weights_that_are_made_at_run_time_count(tmp_path: Path) -> None:
    """Two convolutions, a norm and a shift, all by ConstantOfShape: 108 + 16 weights, 4 + 4, 4; in
    another file it makes only a filler.
    """
    made = {"w": (4, 3, 3, 3), "v": (4, 4, 1, 1), "g": (4,), "b": (4,), "m": (4,), "s": (4,), "t": (4, 1, 1)}
    nodes = [node("ConstantOfShape", [f"{name}.dims"], [name]) for name in made]
    nodes += [node("Conv", ["x", "w"], ["c"]), node("BatchNormalization", ["c", "g", "b", "m", "s"], ["n"])]
    nodes += [node("Conv", ["n", "v"], ["d"]), node("Add", ["d", "t"], ["y"])]
    costs = costed(write(tmp_path, nodes, [numbers(f"{name}.dims", *dims) for name, dims in made.items()]))
    assert costs.params_by_kind() == {
        "conv": 108,
        "norm": 8,
        "norm_statistics": 8,
        "pointwise": 16,
        "bias": 4,
    }
    nodes = [
        node("ConstantOfShape", ["dims"], ["t"]),
        node("Conv", ["x", "w"], ["c"]),
        node("Add", ["c", "t"], ["y"]),
    ]
    assert costed(
        write(tmp_path, nodes, [weights("w", 4, 3, 3, 3), numbers("dims", 4, 1, 1)])
    ).params_by_kind() == {"conv": 108}


def test_constant_nodes_are_not_trained_where_the_weights_are_inputs(tmp_path: Path) -> None:
    """A file whose weights were taken out still keeps them apart from what is fixed, such as the kernel
    of a blur.
    """
    nodes = [
        fixed("k", 3, 1, 3, 3),
        fixed("t", 3, 6, 6),
        node("Conv", ["x", "k"], ["b"], group=3),
        node("Add", ["b", "t"], ["c"]),
    ]
    file = write(tmp_path, [*nodes, node("Conv", ["c", "w"], ["y"])], inputs=[tensor("w", (4, 3, 1, 1))])
    assert costed(file).params_by_kind() == {"depthwise": 27, "pointwise": 12}
