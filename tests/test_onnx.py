"""Is an ONNX file costed as it stands, whatever exporter wrote it, and a broken one refused in one line?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.shapes import Shape
from mnetcost.errors import CallError, SpecError, UnknownOpError

from .onnx_files import model, node, numbers, scalar, tensor, weights, write

CONV = node(
    "Conv", ["x", "w", "b"], ["y"], name="stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]
)
STORED = [weights("w", 4, 3, 3, 3), weights("b", 4)]


def costed(file: str, **settings: Any) -> Costs:
    return cost(load(file, Settings(**settings)).graph)


def rows(costs: Costs) -> dict[str, tuple[Shape, dict[str, int], dict[str, int]]]:
    """Each layer's output, parameters and work."""
    return {c.name: (c.output, c.params_by_kind(), c.work_by_kind()) for c in costs.layers}


def test_a_convolution_is_worked_out_by_hand(tmp_path: Path) -> None:
    """3 x 3 x 3 x 4 weights and 4 biases, at 4 x 4 places of an 8 x 8 image."""
    file = write(tmp_path, [CONV], STORED)
    assert rows(costed(file)) == {
        "stem": (Shape(4, 4, 4), {"conv": 108, "bias": 4}, {"conv": 108 * 16, "bias": 64})
    }
    assert load(file).graph.weight_bytes == 112 * 4
    assert load(file).source == "ONNX"


HAND: dict[str, tuple[list[Any], list[Any], dict[str, int], dict[str, int], Shape]] = {
    "depthwise": (
        [node("Conv", ["x", "w"], ["y"], group=3, auto_pad="SAME_UPPER", strides=[2, 2])],
        [weights("w", 6, 1, 3, 3)],
        {"depthwise": 54},
        {"depthwise": 54 * 16},
        Shape(4, 4, 6),
    ),
    "transposed convolution": (
        [node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2])],
        [weights("w", 3, 5, 2, 2)],
        {"conv": 60},
        {"conv": 60 * 64, "transposed_output": 60 * 256},
        Shape(16, 16, 5),
    ),
    "batch norm kept": (
        [node("BatchNormalization", ["x", "g", "b", "m", "v"], ["y"])],
        [weights(n, 3) for n in "gbmv"],
        {"norm": 6, "norm_statistics": 6},
        {"norm": 192},
        Shape(8, 8, 3),
    ),
    "relu6, its bounds as inputs": (
        [node("Clip", ["x", "low", "high"], ["y"])],
        [scalar("low", np.float32(0)), scalar("high", np.float32(6))],
        {},
        {"activation": 192},
        Shape(8, 8, 3),
    ),
    "global pooling, flattened, dense": (
        [
            node("ReduceMean", ["x"], ["p"], axes=[2, 3], keepdims=0),
            node("Gemm", ["p", "w", "b"], ["y"], transB=1),
        ],
        [weights("w", 10, 3), weights("b", 10)],
        {"dense": 30, "bias": 10},
        {"pool": 192, "pool_input": 192, "pool_output": 3, "dense": 30, "bias": 10},
        Shape(1, 1, 10),
    ),
    "a weight behind Identity and Cast": (
        [
            node("Cast", ["w"], ["w16"], to=10),
            node("Identity", ["w16"], ["w2"]),
            node("Conv", ["x", "w2"], ["y"]),
        ],
        [weights("w", 5, 3, 1, 1)],
        {"pointwise": 15},
        {"pointwise": 15 * 64},
        Shape(8, 8, 5),
    ),
    "a weight in a Constant node": (
        [node("Constant", [], ["w"], value=weights("w", 5, 3, 1, 1)), node("Conv", ["x", "w"], ["y"])],
        [],
        {"pointwise": 15},
        {"pointwise": 15 * 64},
        Shape(8, 8, 5),
    ),
    "attention": (  # 64 positions of 3: scores of 64 x 64, each a sum of 3 products, and back
        [
            node("Reshape", ["x", "shape"], ["s"]),
            node("Transpose", ["s"], ["q"], perm=[0, 2, 1]),
            node("MatMul", ["q", "s"], ["scores"]),
            node("Softmax", ["scores"], ["p"]),
            node("MatMul", ["p", "q"], ["a"]),
            node("MatMul", ["a", "w"], ["y"]),
        ],
        [numbers("shape", 1, 3, 64), weights("w", 3, 7)],
        {"dense": 21},
        {"matmul": 2 * 64 * 64 * 3, "activation": 64 * 64, "dense": 21 * 64},
        Shape(64, 1, 7),
    ),
    "QDQ": (
        [
            node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
            node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
            node("DequantizeLinear", ["w", "s", "z"], ["wd"]),
            node("Conv", ["xd", "wd"], ["y"]),
        ],
        [weights("w", 5, 3, 1, 1, kind=np.int8), weights("s"), weights("z", kind=np.int8)],
        {"pointwise": 15},
        {"rescale": 384, "pointwise": 15 * 64},
        Shape(8, 8, 5),
    ),
    "QLinearConv": (
        [
            node("QuantizeLinear", ["x", "s", "z"], ["xq"]),
            node("QLinearConv", ["xq", "s", "z", "w", "s", "z", "s", "z", "b"], ["y"], pads=[1, 1, 1, 1]),
        ],
        [
            weights("w", 5, 3, 3, 3, kind=np.int8),
            weights("s"),
            weights("z", kind=np.int8),
            weights("b", 5, kind=np.int32),
        ],
        {"conv": 135, "bias": 5},
        {"rescale": 192, "conv": 135 * 64, "bias": 320},
        Shape(8, 8, 5),
    ),
    "a learned table is added": (
        [node("Add", ["x", "t"], ["y"])],
        [weights("t", 1, 3, 8, 8)],
        {"table": 192},
        {"add": 192},
        Shape(8, 8, 3),
    ),
    "a gate of one number per channel": (
        [
            node("GlobalAveragePool", ["x"], ["p"]),
            node("Sigmoid", ["p"], ["s"]),
            node("Mul", ["x", "s"], ["y"]),
        ],
        [],
        {},
        {"pool": 192, "pool_input": 192, "pool_output": 3, "activation": 3, "gate": 192},
        Shape(8, 8, 3),
    ),
    "one number per channel, repeated": (  # moved only: nothing to compute
        [node("GlobalAveragePool", ["x"], ["p"]), node("Expand", ["p", "to"], ["y"])],
        [numbers("to", 1, 3, 8, 8)],
        {},
        {"pool": 192, "pool_input": 192, "pool_output": 3},
        Shape(8, 8, 3),
    ),
    "shapes are worked out": (  # x.view(x.shape[0], -1)
        [
            node("Shape", ["x"], ["s"]),
            node("Gather", ["s", "zero"], ["n"]),
            node("Unsqueeze", ["n", "zeros"], ["n1"]),
            node("Concat", ["n1", "rest"], ["to"], axis=0),
            node("Reshape", ["x", "to"], ["f"]),
            node("MatMul", ["f", "w"], ["y"]),
        ],
        [weights("w", 192, 2), numbers("zeros", 0), numbers("rest", -1), scalar("zero", 0)],
        {"dense": 384},
        {"dense": 384},
        Shape(1, 1, 2),
    ),
    "padding worked out when it runs": (  # TensorFlow's SAME of an even map: none before, one after
        [
            node("Shape", ["x"], ["s"]),
            node("Slice", ["s", "two", "four"], ["hw"]),
            node("Mod", ["hw", "two"], ["odd"]),  # 0 for an even side
            node("Sub", ["one", "odd"], ["after"]),
            node("Concat", ["none", "after"], ["pads"], axis=0),
            node("Pad", ["x", "pads"], ["p"]),
            node("Conv", ["p", "w"], ["y"], strides=[2, 2]),
        ],
        [
            numbers("none", *[0] * 6),
            numbers("one", 1, 1),
            numbers("two", 2),
            numbers("four", 4),
            weights("w", 4, 3, 3, 3),
        ],
        {"conv": 108},
        {"conv": 108 * 16},
        Shape(4, 4, 4),
    ),
}


@pytest.mark.parametrize("case", HAND)
def test_what_files_hold_is_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    """Parameters, work and the last layer's shape."""
    nodes, stored, params, work, output = HAND[case]
    costs = costed(write(tmp_path, nodes, stored))
    assert (costs.params_by_kind(), costs.work_by_kind(), costs.layers[-1].output) == (params, work, output)


MOVED: dict[str, tuple[list[Any], list[Any], dict[str, int], dict[str, int], Shape]] = {
    # 3 x 2 x 4 x 2 x 4 numbers times one for each of 3 x 2 x 1 x 2 x 1
    "scaled along three axes of six, in turn": (
        [
            node("Reshape", ["x", "windows"], ["w"]),
            node("ReduceMax", ["w"], ["m"], axes=[3, 5]),
            node("Mul", ["w", "m"], ["y"]),
        ],
        [numbers("windows", 1, 3, 2, 4, 2, 4)],
        {},
        {"reduce": 192, "gate": 192},
        Shape(16, 4, 3),
    ),
    "a convolution of stride 2 on windows": (  # four windows of 4 x 4, each to 2 x 2
        [
            node("Reshape", ["x", "cut"], ["a"]),
            node("Transpose", ["a"], ["b"], perm=[0, 2, 4, 1, 3, 5]),
            node("Reshape", ["b", "batch"], ["c"]),
            node("Conv", ["c", "w"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
        ],
        [numbers("cut", 1, 3, 2, 4, 2, 4), numbers("batch", 4, 3, 4, 4), weights("w", 5, 3, 3, 3)],
        {"conv": 135},
        {"conv": 135 * 4 * 4},
        Shape(8, 2, 5),
    ),
    "a transposed convolution on windows": (
        [node("Reshape", ["x", "batch"], ["c"]), node("ConvTranspose", ["c", "w"], ["y"], strides=[2, 2])],
        [numbers("batch", 4, 3, 4, 4), weights("w", 3, 5, 2, 2)],
        {"conv": 60},
        {"conv": 60 * 64, "transposed_output": 60 * 256},
        Shape(32, 8, 5),
    ),
    "pools on windows": (  # 4 x 3 x 2 x 2 windows of 2 x 2, then a mean of 4 for each of 4 x 3
        [
            node("Reshape", ["x", "batch"], ["c"]),
            node("MaxPool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
            node("GlobalAveragePool", ["p"], ["y"]),
        ],
        [numbers("batch", 4, 3, 4, 4)],
        {},
        {"pool": 192, "pool_input": 192, "pool_output": 48, "reduce": 48},
        Shape(4, 1, 3),
    ),
    # eight rows of eight, three weights wide: 45 products at each of 8 x 4 positions
    "a convolution along rows": (
        [
            node("Transpose", ["x"], ["t"], perm=[0, 2, 1, 3]),
            node("Reshape", ["t", "rows"], ["r"]),
            node("Conv", ["r", "w"], ["y"], strides=[2], pads=[1, 1]),
        ],
        [numbers("rows", 8, 3, 8), weights("w", 5, 3, 3)],
        {"conv": 45},
        {"conv": 45 * 32},
        Shape(8, 4, 5),
    ),
    "zeros before the channels and behind the rows": (
        [node("Pad", ["x", "pads"], ["p"]), node("Conv", ["p", "w"], ["y"])],
        [numbers("pads", 0, 1, 0, 0, 0, 2, 1, 0), weights("w", 2, 6, 1, 1)],
        {"pointwise": 12},
        {"pointwise": 12 * 9 * 8},
        Shape(9, 8, 2),
    ),
    "nothing, scaled and put before the rest": (
        [
            node("Slice", ["x", "zero", "zero", "one"], ["none"]),
            node("Mul", ["none", "x1"], ["scaled"]),
            node("Concat", ["scaled", "x"], ["y"], axis=1),
            node("Conv", ["y", "w"], ["z"]),
        ],
        [numbers("zero", 0), numbers("one", 1), weights("x1", 1, 1, 8, 8), weights("w", 2, 3, 1, 1)],
        {"pointwise": 6},
        {"pointwise": 6 * 64},
        Shape(8, 8, 2),
    ),
    "rows of a stored table, more than it has, in two layers": (  # 3 x 2 numbers, whichever rows are read
        [
            node("Gather", ["t", "four"], ["a"]),
            node("GatherND", ["t", "two"], ["b"]),
            node("MatMul", ["x", "a"], ["xa"]),
            node("MatMul", ["xa", "b"], ["y"]),
        ],
        [weights("t", 3, 2), numbers("four", 0, 1, 2, 2, 1, 0, 0, 1), weights("two", 2, 1, kind=np.int64)],
        {"table": 6},
        {"dense": 24 * 8 * 2 + 24 * 2 * 2},
        Shape(3, 8, 2),
    ),
    "three matrices cut out of one": (  # 3 x 12 weights, each read once
        [
            node("Split", ["w"], ["q", "k", "v"], axis=1),
            node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]),
            *[node("MatMul", ["t", n], [f"t{n}"]) for n in "qkv"],
            node("Sum", ["tq", "tk", "tv"], ["y"]),
        ],
        [weights("w", 3, 12)],
        {"dense": 36},
        {"dense": 36 * 64, "add": 2 * 256},
        Shape(8, 8, 4),
    ),
    "a stored table, enlarged": (  # 3 x 2 x 2 numbers become 3 x 8 x 8
        [node("Resize", ["t", "", "", "to"], ["r"], mode="linear"), node("Add", ["x", "r"], ["y"])],
        [weights("t", 1, 3, 2, 2), numbers("to", 1, 3, 8, 8)],
        {"table": 12},
        {"add": 192},
        Shape(8, 8, 3),
    ),
    "rows of a stored table, enlarged, and a running sum": (  # 3 x 4 numbers become 3 x 64
        [
            node("Resize", ["t", "", "", "to"], ["r"], mode="linear"),
            node("Reshape", ["r", "map"], ["m"]),
            node("Add", ["x", "m"], ["a"]),
            node("CumSum", ["a", "axis"], ["y"]),
        ],
        [
            weights("t", 1, 3, 4),
            numbers("to", 1, 3, 64),
            numbers("map", 1, 3, 8, 8),
            scalar("axis", np.int64(3)),
        ],
        {"table": 12},
        {"add": 192, "reduce": 192},
        Shape(8, 8, 3),
    ),
    "weights that are standardised, in groups": (  # 6 x 1 weights, and a gain each
        [
            node("ReduceMean", ["w"], ["m"], axes=[1, 2, 3]),
            node("Sub", ["w", "m"], ["c"]),
            node("Mul", ["c", "gain"], ["s"]),
            node("Conv", ["x", "s"], ["y"], group=3),
        ],
        [weights("w", 6, 1, 2, 2), weights("gain", 6, 1, 1, 1)],
        {"depthwise": 24, "table": 6},
        {"depthwise": 24 * 49},
        Shape(7, 7, 6),
    ),
    # 3 shares of 18 numbers: kernels of 2 x 3 x 3 x 3 by a dense layer
    "weights out of the image, and a stored bias": (
        [
            node("GlobalAveragePool", ["x"], ["p"]),
            node("Flatten", ["p"], ["f"]),
            node("MatMul", ["f", "kernels"], ["k"]),
            node("Reshape", ["k", "to"], ["w"]),
            node("Conv", ["x", "w", "b"], ["y"], pads=[1, 1, 1, 1]),
        ],
        [weights("kernels", 3, 54), numbers("to", 2, 3, 3, 3), weights("b", 2)],
        {"dense": 162, "bias": 2},
        {"pool": 192, "pool_input": 192, "pool_output": 3, "dense": 162, "conv": 54 * 64, "bias": 128},
        Shape(8, 8, 2),
    ),
    "one or the other, by place": (
        [
            node("Less", ["x", "half"], ["l"]),
            node("Where", ["l", "x", "half"], ["w"]),
            node("ScatterElements", ["w", "at", "x"], ["y"], axis=3),
        ],
        [weights("half"), weights("at", 1, 3, 8, 8, kind=np.int64)],
        {},
        {"elementwise": 3 * 192},
        Shape(8, 8, 3),
    ),
    "none replaced by others": (
        [node("ScatterND", ["x", "at", "none"], ["s"]), node("Mul", ["s", "half"], ["y"])],
        [weights("half"), weights("at", 0, 4, kind=np.int64), weights("none", 0)],
        {},
        {"rescale": 192},
        Shape(8, 8, 3),
    ),
    "a unit matrix": (
        [node("EyeLike", ["x1"], ["e"]), node("Mul", ["x", "e"], ["y"])],
        [weights("x1", 8, 8)],
        {},
        {"rescale": 192},
        Shape(8, 8, 3),
    ),
}


@pytest.mark.parametrize("case", MOVED)
def test_what_is_moved_cut_or_made_of_stored_numbers_is_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    """Parameters, work and the last layer's shape."""
    nodes, stored, params, work, output = MOVED[case]
    costs = costed(write(tmp_path, nodes, stored))
    assert (costs.params_by_kind(), costs.work_by_kind(), costs.layers[-1].output) == (params, work, output)


def test_symbolic_axes_follow_the_resolution(tmp_path: Path) -> None:
    """An open height and width must be given; an open batch is one image."""
    file = write(tmp_path, [CONV], STORED, image=("n", 3, "h", "w"))
    assert costed(file, resolution=(16, 8)).layers[0].output == Shape(8, 4, 4)
    with pytest.raises(CallError, match="leaves its height and width open"):
        load(file)


FLAT = [CONV, node("Reshape", ["y", "to"], ["f"], name="flat"), node("Gemm", ["f", "d"], ["z"], name="head")]


@pytest.mark.parametrize("batch", [1, 10])
def test_a_batch_in_the_file_is_not_that_many_times_the_cost(batch: int, tmp_path: Path) -> None:
    """Reshapes with the batch in them are followed to one image."""
    file = write(
        tmp_path, FLAT, [*STORED, numbers("to", batch, 64), weights("d", 64, 10)], image=(batch, 3, 8, 8)
    )
    assert costed(file).work_by_kind() == {"conv": 1728, "bias": 64, "dense": 640}


def test_another_resolution_is_followed_or_refused(tmp_path: Path) -> None:
    """A reshape to a fixed 64 becomes 256 at twice the size, which the dense layer's weights do not fit."""
    file = write(tmp_path, FLAT[:2], [*STORED, numbers("to", 1, 64)])
    assert costed(file, resolution=(16, 16)).layers[-1].output == Shape(1, 1, 256)
    file = write(tmp_path, FLAT, [*STORED, numbers("to", 1, 64), weights("d", 64, 10)])
    with pytest.raises(SpecError, match=r"'head': its weights are for 64 numbers, and it gets 256"):
        load(file, Settings(resolution=(16, 16)))
    split = [node("Reshape", ["x", "to"], ["y"], name="windows")]
    file = write(tmp_path, split, [numbers("to", 1, 3, 2, 4, 2, 4)])
    with pytest.raises(SpecError, match="are fixed in the file and do not follow 1x3x12x12"):
        load(file, Settings(resolution=(12, 12)))


def test_widths_of_a_file_are_fixed(tmp_path: Path) -> None:
    """alpha is refused with its reason."""
    with pytest.raises(CallError, match="the widths of a model file are fixed"):
        load(write(tmp_path, [CONV], STORED), Settings(alpha=0.5))


def test_axes_that_cannot_be_worked_out_are_not_known(tmp_path: Path) -> None:
    """Stored numbers along axes of a type that nobody reads as numbers."""
    nodes = [node("Unsqueeze", ["w", "a"], ["v"], name="open"), node("Mul", ["x", "v"], ["y"])]
    file = write(tmp_path, nodes, [weights("w", 3, 1), weights("a", 600)])
    with pytest.raises(UnknownOpError, match=r"Unsqueeze \(1x, first at 'open'\)"):
        load(file)


def branch(name: str, *nodes: Any) -> Any:
    from onnx import helper

    return helper.make_graph(list(nodes), name, [], [tensor(nodes[-1].output[0], None)])


def test_a_branch_that_shapes_decide_is_followed_and_another_is_unknown(tmp_path: Path) -> None:
    """`If` on a constant runs one branch; on the image it cannot be costed, and is not zero."""
    then = branch("then", node("Conv", ["x", "w"], ["t"]))
    other = branch("else", node("Identity", ["x"], ["e"]))
    stored = [weights("w", 3, 3, 1, 1), scalar("yes", True)]
    file = write(tmp_path, [node("If", ["yes"], ["y"], then_branch=then, else_branch=other)], stored)
    assert costed(file).work_by_kind() == {"pointwise": 9 * 64}
    file = write(tmp_path, [node("If", ["x"], ["y"], then_branch=then, else_branch=other)], stored)
    with pytest.raises(UnknownOpError, match="If"):
        load(file)


def test_functions_of_the_file_are_laid_out_in_place(tmp_path: Path) -> None:
    """A call of a function costs what its nodes cost, each time."""
    from onnx import helper

    made = model([node("Twice", ["x", "w"], ["y"], domain="own")], [weights("w", 3, 3, 1, 1)])
    body = [node("Conv", ["a", "b"], ["c"]), node("Conv", ["c", "b"], ["d"])]
    made.functions.append(
        helper.make_function("own", "Twice", ["a", "b"], ["d"], body, [helper.make_opsetid("", 17)])
    )
    file = tmp_path / "net.onnx"
    file.write_bytes(made.SerializeToString())
    assert costed(str(file)).work_by_kind() == {"pointwise": 2 * 9 * 64}
    assert costed(str(file)).params_by_kind() == {"pointwise": 9}


@pytest.mark.parametrize(("name", "function"), [("/features/relu6_3/Clip", "relu6"), ("Clip_7", "clip")])
def test_a_function_that_is_only_guessed_is_said_to_be(name: str, function: str, tmp_path: Path) -> None:
    """The bounds of Clip stand in another file, which is never opened; where they are stored nothing is
    guessed.
    """
    bounds = [scalar("low", np.float32(0)), scalar("high", np.float32(6))]
    file = write(tmp_path, [node("Clip", ["x", "low", "high"], ["y"], name=name)], bounds)
    assert (load(file).graph.nodes[1].op.function, load(file).graph.notes) == ("relu6", ())
    for t in bounds:
        t.ClearField("raw_data")
        t.data_location = 1
    design = load(write(tmp_path, [node("Clip", ["x", "low", "high"], ["y"], name=name)], bounds))
    assert design.graph.nodes[1].op.function == function
    assert design.graph.notes == (
        (
            f"guess: the bounds of 1 layer of type Clip, first at '{name}', are not in the file; taken for"
            " ReLU6 where the name says so"
        ),
    )


def test_what_rests_on_the_shape_of_something_left_out_is_said_to_be_a_guess(tmp_path: Path) -> None:
    """Of two convolutions one stands behind an op that was left out."""
    nodes = [
        node("Conv", ["x", "w"], ["c"], name="one"),
        node("Mystery", ["c"], ["m"]),
        node("Conv", ["m", "v"], ["y"], name="two"),
    ]
    design = load(
        write(tmp_path, nodes, [weights("w", 4, 3, 1, 1), weights("v", 4, 4, 1, 1)]),
        Settings(allow_unknown=True),
    )
    assert design.graph.left_out == ("Mystery (1x, first at 'm')",)
    assert design.graph.notes == (
        (
            "guess: the counts of 1 layer behind what was left out, first at 'two', rest on the shape taken"
            " for it"
        ),
    )
