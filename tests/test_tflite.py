"""Is a TFLite file costed as it stands, float or quantised, and a broken one refused in one line?"""

from __future__ import annotations

import base64
import json
import random
import struct
import sys
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import CallError, MnetcostError, SpecError, UnknownOpError

from .tflite_files import FLOAT, INT8, O, T, conv, depthwise, floats, ints, model, write

IMAGE = {"x": T((1, 8, 8, 3))}


def costed(file: str, **settings: Any) -> Costs:
    return cost(load(file, Settings(**settings)).graph)


KEPT = (("Bool", 2, True),)  # a dense layer keeps the axes of its input

HAND: dict[str, tuple[dict[str, T], list[O], dict[str, int], dict[str, int], Shape]] = {
    "a convolution with its relu6": (
        {"w": floats(4, 3, 3, 3), "b": floats(4), "y": T((1, 4, 4, 4))},
        [conv("x", "w", "y", 2, fused=3, bias="b")],
        {"conv": 108, "bias": 4},
        {"conv": 108 * 16, "bias": 64, "activation": 64},
        Shape(4, 4, 4),
    ),
    "depthwise": (
        {"w": floats(1, 3, 3, 3), "y": T((1, 4, 4, 3))},
        [depthwise("x", "w", "y", 2)],
        {"depthwise": 27},
        {"depthwise": 27 * 16},
        Shape(4, 4, 3),
    ),
    "pooled by a mean, and dense": (
        {"axes": ints(1, 2), "p": T((1, 3)), "w": floats(10, 3), "b": floats(10), "y": T((1, 10))},
        [O("MEAN", ("x", "axes"), ("p",)), O("FULLY_CONNECTED", ("p", "w", "b"), ("y",))],
        {"dense": 30, "bias": 10},
        {"pool": 192, "pool_input": 192, "pool_output": 3, "dense": 30, "bias": 10},
        Shape(1, 1, 10),
    ),
    "the shape of one tensor reshapes another": (
        {
            "s": T((4,), type=2),
            "zero": ints(0),
            "one": ints(1),
            "n": T((), type=2),
            "rest": ints(192, dims=()),
            "to": T((2,), type=2),
            "f": T((1, 192)),
            "w": floats(2, 192),
            "y": T((1, 2)),
        },
        [
            O("SHAPE", ("x",), ("s",)),
            O(
                "STRIDED_SLICE",
                ("s", "zero", "one", "one"),
                ("n",),
                "StridedSliceOptions",
                (("Int32", 4, 1),),
            ),
            O("PACK", ("n", "rest"), ("to",), "PackOptions", (("Int32", 0, 2),)),
            O("RESHAPE", ("x", "to"), ("f",)),
            O("FULLY_CONNECTED", ("f", "w"), ("y",)),
        ],
        {"dense": 384},
        {"dense": 384},
        Shape(1, 1, 2),
    ),
    "int8, between two changes of type": (
        {
            "q": T((1, 8, 8, 3), type=INT8),
            "w": T((5, 1, 1, 3), b"\1" * 15, INT8),
            "b": ints(*[0] * 5),
            "c": T((1, 8, 8, 5), type=INT8),
            "y": T((1, 8, 8, 5)),
        },
        [O("QUANTIZE", ("x",), ("q",)), conv("q", "w", "c", bias="b"), O("DEQUANTIZE", ("c",), ("y",))],
        {"pointwise": 15, "bias": 5},
        {"rescale": 192 + 320, "pointwise": 960, "bias": 320},
        Shape(8, 8, 5),
    ),
    "weights kept small and widened when it runs": (
        {"w8": T((5, 1, 1, 3), b"\1" * 15, INT8), "w": T((5, 1, 1, 3)), "y": T((1, 8, 8, 5))},
        [O("DEQUANTIZE", ("w8",), ("w",)), conv("x", "w", "y")],
        {"pointwise": 15},
        {"pointwise": 960},
        Shape(8, 8, 5),
    ),
    "a product of two computed matrices": (
        {"to": ints(1, 64, 3), "m": T((1, 64, 3)), "y": T((1, 64, 64))},
        [
            O("RESHAPE", ("x", "to"), ("m",)),
            O("BATCH_MATMUL", ("m", "m"), ("y",), "BatchMatMulOptions", (("Bool", 1, True),)),
        ],
        {},
        {"matmul": 64 * 64 * 3},
        Shape(64, 1, 64),
    ),
    "a shortcut with its relu": (
        {"a": T((1, 8, 8, 3)), "y": T((1, 8, 8, 3))},
        [O("LOGISTIC", ("x",), ("a",)), O("ADD", ("x", "a"), ("y",), "AddOptions", (("Int8", 0, 1),))],
        {},
        {"activation": 384, "add": 192},
        Shape(8, 8, 3),
    ),
}


@pytest.mark.parametrize("case", HAND)
def test_what_files_hold_is_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    """Parameters, work and the last layer's shape."""
    tensors, operators, params, work, output = HAND[case]
    costs = costed(write(tmp_path, IMAGE | tensors, operators))
    assert (costs.params_by_kind(), costs.work_by_kind(), costs.layers[-1].output) == (params, work, output)


MEASURED = json.loads((Path(__file__).parent / "truth/dilated.json").read_text())


@pytest.mark.parametrize("name", MEASURED)
def test_convolutions_on_stacked_maps_cost_what_keras_layers_cost(name: str, tmp_path: Path) -> None:
    """Files that TensorFlow converted: dilated convolutions as smaller ones on every second (third, ...)
    position, and a state.

    At another size each costs what the same net costs that was converted at that size, whatever padding it
    then needs.
    """
    file = tmp_path / "net.tflite"

    def products(of: str, **settings: Any) -> tuple[int, int]:
        file.write_bytes(base64.b64decode(MEASURED[of]["file"]))
        costs = costed(str(file), **settings)
        return tuple(
            sum(n for kind, n in kinds.items() if kind in MAC_KINDS)
            for kinds in (costs.work_by_kind(), costs.params_by_kind())
        )

    assert products(name) == (MEASURED[name]["macs"], MEASURED[name]["kernels"])
    first, comma, height = name.partition(", ")
    if comma and len(MEASURED[name]["input"]) == 3:
        size = tuple(MEASURED[name]["input"][:2])
        assert height == f"{size[0]} high"
        assert products(first, resolution=size) == products(name)


STACKED = {
    "block": ints(2, 2),
    "pads": ints(1, 1, 1, 1, dims=(2, 2)),
    "crops": ints(0, 0, 0, 0, dims=(2, 2)),
    "w": floats(3, 3, 3, 3),
}
BATCHED = O("SPACE_TO_BATCH_ND", ("x", "block", "pads"), ("s",))
JOINED = ("block", "crops")


def stacked(*between: O, last: str, more: dict[str, T] | None = None) -> tuple[dict[str, T], list[O]]:
    """Operators on a map of 8 x 8 x 3 that is padded to 10 x 10 and stacked as four of 5 x 5."""
    made = {o.outputs[0]: T((4, 5, 5, 3)) for o in between}
    tensors = IMAGE | STACKED | {"s": T((4, 5, 5, 3)), **made, "y": T((1, 10, 10, 3))} | (more or {})
    return tensors, [BATCHED, *between, O("BATCH_TO_SPACE_ND", (last, *JOINED), ("y",))]


BETWEEN: dict[str, tuple[tuple[dict[str, T], list[O]], dict[str, int], list[str]]] = {
    "a convolution with its relu": (
        stacked(conv("s", "w", "c", padding=1, fused=1), last="c"),
        {"conv": 81 * 36, "activation": 108},
        ["input", "conv", "activation"],
    ),
    "a sum beside it": (
        stacked(
            conv("s", "w", "c", padding=1),
            O("ADD", ("c", "b"), ("a",), "AddOptions"),
            last="a",
            more={"b": floats(3)},
        ),
        {"conv": 81 * 36, "bias": 108},
        ["input", "conv", "bias"],
    ),
    # what is no dilated convolution stays as it stands: four maps, one below the other
    "padded by itself": (
        stacked(conv("s", "w", "c"), last="c"),
        {"conv": 81 * 100},
        ["input", "pad", "permute", "conv", "permute"],
    ),
    "two convolutions": (
        stacked(conv("s", "w", "c", padding=1), conv("c", "w", "d", padding=1), last="d"),
        {"conv": 81 * 4 * (9 + 1)},
        ["input", "pad", "permute", "conv", "conv", "permute"],
    ),
    "a step of two": (
        stacked(conv("s", "w", "c", 2, padding=1), last="c"),
        {"conv": 81 * 16},
        ["input", "pad", "permute", "conv", "permute"],
    ),
}


@pytest.mark.parametrize("case", BETWEEN)
def test_what_stands_between_stacking_and_joining_is_worked_out_by_hand(case: str, tmp_path: Path) -> None:
    """A dilated convolution of rate 2 on 8 x 8, padded by 1, has 6 x 6 positions; on four maps of 5 x 5
    it has 4 x 3 x 3.
    """
    (tensors, operators), work, ops = BETWEEN[case]
    costs = costed(write(tmp_path, tensors, operators))
    assert costs.work_by_kind() == work
    assert [node.op.label for node in costs.graph.nodes] == ops


def test_stacked_maps_that_do_not_divide_at_another_size_say_so(tmp_path: Path) -> None:
    """9 + 2 positions are no two halves; the converter would have padded one more."""
    file = write(tmp_path, *BETWEEN["two convolutions"][0])
    with pytest.raises(SpecError, match="its padding is fixed in the file and does not follow 1x9x9x3"):
        load(file, Settings(resolution=(9, 9)))


@pytest.mark.parametrize(("rank", "bias"), [(1, True), (1, False), (2, True), (4, False)])
def test_svdf_is_a_dense_layer_and_a_filter_over_the_frames(rank: int, bias: bool, tmp_path: Path) -> None:
    """8 filters of 10 numbers, then of 6 frames each, and sums of `rank`; the frames before are a state,
    no parameters.
    """
    tensors = {
        "x": T((1, 10)),
        "state": T((1, 48), variable=True),
        "feature": floats(8, 10),
        "time": floats(8, 6),
        "b": floats(8 // rank),
        "y": T((1, 8 // rank)),
    }
    slots = (("Int32", 0, rank), ("Int8", 1, 1))
    operator = O("SVDF", ("x", "feature", "time", "b" if bias else "", "state"), ("y",), "SVDFOptions", slots)
    costs = costed(write(tmp_path, tensors, [operator]))
    assert costs.params_by_kind() == {"dense": 80, "depthwise": 48, **({"bias": 8 // rank} if bias else {})}
    work = costs.work_by_kind()
    assert (work["dense"], work["depthwise"], work["activation"]) == (80, 48, 8 // rank)
    assert costs.layers[-1].output == Shape(1, 1, 8 // rank)


@pytest.mark.parametrize("type_", ["WHILE", "UnidirectionalSequenceGru", "CALL"])
def test_an_unknown_operator_with_a_state_is_refused_by_its_name(type_: str, tmp_path: Path) -> None:
    """Not as an operator out of order; going on without it is possible."""
    tensors = {"x": T((1, 9, 4)), "h": T((1, 5), variable=True), "w": floats(5, 4), "y": T((1, 9, 5))}
    file = write(tmp_path, tensors, [O(type_, ("x", "w", "h"), ("y",))])
    with pytest.raises(UnknownOpError, match=rf"{type_} \(1x, first at 'y'\)"):
        load(file)
    assert cost(load(file, Settings(allow_unknown=True)).graph).status == "partial"


def test_a_variable_that_the_graph_does_not_set_may_be_weights(tmp_path: Path) -> None:
    """It is a state, of no parameters, only where an operator of the graph sets it anew."""
    tensors = IMAGE | {"v": T((1,)), "r": T((1, 8, 8, 3)), "y": T((1, 8, 8, 3)), "z": T((1, 8, 8, 3))}
    reads = [
        O("VAR_HANDLE", (), ("v",)),
        O("READ_VARIABLE", ("v",), ("r",)),
        O("ADD", ("x", "r"), ("y",), "AddOptions"),
    ]
    with pytest.raises(UnknownOpError, match="READ_VARIABLE"):
        load(write(tmp_path, tensors, reads))
    file = write(tmp_path, tensors, [*reads, O("ASSIGN_VARIABLE", ("v", "y"), ())], outputs=("y",))
    assert costed(file).params_by_kind() == {}
    assert costed(file).work_by_kind() == {"add": 192}


def test_numbers_are_picked_by_places_that_are_computed(tmp_path: Path) -> None:
    """The best position of each channel and what stands there: no weights, no product; whole numbers of
    the file are no table.
    """
    tensors = IMAGE | {
        "axis": ints(1, dims=()),
        "flat": T((1, 64, 3)),
        "to": ints(1, 64, 3),
        "best": T((1, 3), type=2),
        "width": ints(8, dims=()),
        "row": T((1, 3), type=2),
        "three": ints(3),
        "row3": T((3,), type=2),
        "zero": ints(0, 0, 0),
        "where": T((3, 3), type=2),
        "y": T((3, 3)),
    }
    operators = [
        O("RESHAPE", ("x", "to"), ("flat",)),
        O("ARG_MAX", ("flat", "axis"), ("best",)),
        O("FLOOR_DIV", ("best", "width"), ("row",)),
        O("RESHAPE", ("row", "three"), ("row3",)),
        O("PACK", ("zero", "row3", "row3"), ("where",), "PackOptions", (("Int32", 0, 3), ("Int32", 1, 1))),
        O("GATHER_ND", ("x", "where"), ("y",)),
    ]
    costs = costed(write(tmp_path, tensors, operators))
    assert costs.params_by_kind() == {}
    assert costs.layers[-1].output == Shape(3, 1, 3)
    assert not set(costs.work_by_kind()) & set(MAC_KINDS)


def test_what_cannot_be_costed_keeps_the_axes_that_the_file_says(tmp_path: Path) -> None:
    """A first axis that is no batch stays: 4 x 12 numbers, read as 4 x 2 x 6."""
    tensors = IMAGE | {"u": T((4, 12)), "to": ints(4, 2, 6), "y": T((4, 2, 6))}
    file = write(tmp_path, tensors, [O("own_op", ("x",), ("u",)), O("RESHAPE", ("u", "to"), ("y",))])
    assert load(file, Settings(allow_unknown=True)).graph.nodes[-1].output == Shape(4, 2, 6)


MOVES: dict[str, tuple[dict[str, T], O, Shape]] = {
    "tile": ({"n": ints(1, 2, 1, 3)}, O("TILE", ("x", "n"), ("y",)), Shape(16, 8, 9)),
    "broadcast": ({"n": ints(5, 8, 8, 3)}, O("BROADCAST_TO", ("x", "n"), ("y",)), Shape(40, 8, 3)),
    "pad the channels": (
        {"n": ints(0, 0, 0, 0, 0, 0, 0, 2, dims=(4, 2))},
        O("PAD", ("x", "n"), ("y",)),
        Shape(8, 8, 5),
    ),
    "reverse": ({"n": ints(1)}, O("REVERSE_V2", ("x", "n"), ("y",)), Shape(8, 8, 3)),
    "gather more than there are": (
        {"n": ints(0, 1, 2, 0, 1)},
        O("GATHER", ("x", "n"), ("y",), "GatherOptions", (("Int32", 0, 3),)),
        Shape(8, 8, 5),
    ),
}


@pytest.mark.parametrize("case", MOVES)
def test_what_only_moves_numbers_counts_nothing(case: str, tmp_path: Path) -> None:
    """No parameters and no work of any kind."""
    tensors, operator, output = MOVES[case]
    costs = costed(write(tmp_path, IMAGE | tensors | {"y": T((1,))}, [operator]))
    assert (costs.params_by_kind(), costs.work_by_kind(), costs.layers[-1].output) == ({}, {}, output)


def test_weight_bytes_are_the_files_own(tmp_path: Path) -> None:
    """15 bytes of int8 weights and 5 biases of 4 bytes; as float it would be 80."""
    tensors, operators, *_ = HAND["int8, between two changes of type"]
    assert load(write(tmp_path, IMAGE | tensors, operators)).graph.weight_bytes == 15 + 20


def test_another_resolution_is_followed(tmp_path: Path) -> None:
    """Twice the size is four times the positions; a reshape's numbers are followed."""
    tensors, operators, *_ = HAND["a product of two computed matrices"]
    assert costed(write(tmp_path, IMAGE | tensors, operators), resolution=(16, 8)).work_by_kind() == {
        "matmul": 128 * 128 * 3
    }


HEAD = {"w": floats(16, 1, 1, 3), "c": T((1, 8, 8, 16)), "d": floats(5, 4), "y": T((1, 256, 5))}
ROWS = [
    conv("x", "w", "c"),
    O("RESHAPE", ("c", "to"), ("r",)),
    O("FULLY_CONNECTED", ("r", "d"), ("y",), "FullyConnectedOptions", KEPT),
]
HEADS: list[
    tuple[T, T, int]
] = [  # the axes that the file says of 8 x 8 x 16, what it gives then, rows of 4 at 12 x 12
    (ints(1, 256, 4), T((1, 256, 4)), 576),
    (ints(1, -1, 4), T((1, 256, 4)), 576),
    (ints(1, 64, 4, 4), T((1, 64, 4, 4)), 576),
    (
        ints(1, 16, 16, 4),
        T((1, 16, 16, 4)),
        0,
    ),  # of 64 positions four rows of 4 each: two axes of 16, and neither is the map's
]


@pytest.mark.parametrize(
    ("to", "given", "rows"), HEADS, ids=[f"{h[1].dims}" + f" {n}" for n, h in enumerate(HEADS)]
)
def test_a_head_that_reshapes_follows_another_size_or_is_named(
    to: T, given: T, rows: int, tmp_path: Path
) -> None:
    """Boxes or scores, so many a position, as detection nets lay them out: 4 numbers a row, whatever the
    map's size.
    """
    file = write(tmp_path, IMAGE | HEAD | {"to": to, "r": given}, ROWS)
    assert costed(file).work_by_kind()["dense"] == 256 * 20
    if rows:
        assert costed(file, resolution=(12, 12)).work_by_kind()["dense"] == rows * 20
    else:
        with pytest.raises(
            SpecError, match="'r': its axes of 1x16x16x4 are fixed in the file and do not follow 1x12x12x16"
        ):
            costed(file, resolution=(12, 12))


def test_a_dense_layer_on_a_flattened_map_fits_one_size(tmp_path: Path) -> None:
    """192 weights an output at 8 x 8; at 16 x 16 they are not four rows of 192."""
    tensors = IMAGE | {"w": floats(2, 192), "y": T((1, 2))}
    file = write(tmp_path, tensors, [O("FULLY_CONNECTED", ("x", "w"), ("y",))])
    assert costed(file).work_by_kind() == {"dense": 384}
    with pytest.raises(SpecError, match="its weights are for 192 numbers, and it gets 1x16x16x3"):
        costed(file, resolution=(16, 16))


def test_an_open_size_must_be_given(tmp_path: Path) -> None:
    """The shape's 1 of an open side is no size."""
    tensors, operators, *_ = HAND["depthwise"]
    file = write(tmp_path, {"x": T((1, 1, 1, 3), signature=(-1, -1, -1, 3))} | tensors, operators)
    assert costed(file, resolution=(8, 8)).work_by_kind() == {"depthwise": 27 * 16}
    with pytest.raises(CallError, match="leaves its height and width open"):
        load(file)


def test_a_batch_in_the_file_is_not_that_many_times_the_cost(tmp_path: Path) -> None:
    """Ten images at once cost each what one costs."""
    tensors = {
        "x": T((10, 8, 8, 3)),
        "to": ints(10, 192),
        "f": T((10, 192)),
        "w": floats(2, 192),
        "y": T((10, 2)),
    }
    operators = [O("RESHAPE", ("x", "to"), ("f",)), O("FULLY_CONNECTED", ("f", "w"), ("y",))]
    assert costed(write(tmp_path, tensors, operators)).work_by_kind() == {"dense": 384}


def test_of_several_graphs_the_first_is_costed_and_the_answer_says_so(tmp_path: Path) -> None:
    """It is the one that an interpreter runs."""
    tensors, operators, params, *_ = HAND["depthwise"]
    file = write(tmp_path, IMAGE | tensors, operators, graphs=3)
    assert costed(file).params_by_kind() == params
    assert load(file).source == "TFLite, the first of 3 graphs"


@pytest.mark.parametrize("type_", ["WHILE", "IF", "own_op"])
def test_an_unknown_operator_stops_with_its_name_and_layer(type_: str, tmp_path: Path) -> None:
    """A loop, a branch and a custom operator are never zero."""
    file = write(tmp_path, IMAGE | {"y": T((1, 8, 8, 3))}, [O(type_, ("x",), ("y",))])
    with pytest.raises(UnknownOpError, match=rf"{type_} \(1x, first at 'y'\)"):
        load(file)
    assert cost(load(file, Settings(allow_unknown=True)).graph).status == "partial"


GOOD = model(IMAGE | HAND["depthwise"][0], HAND["depthwise"][1])


def tensors(**more: T) -> dict[str, T]:
    return IMAGE | {"w": floats(1, 3, 3, 3), "y": T((1, 8, 8, 3))} | more


BROKEN: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"hello, world", "is no TFLite file"),
    "the magic alone": (b"\0\0\0\0TFL3", "is"),
    "cut off": (GOOD[: len(GOOD) // 2], "cut off or corrupt"),
    "an offset outside": (struct.pack("<I", 2**31) + GOOD[4:], "cut off or corrupt"),
    "a tensor that is not there": (model(tensors(), [depthwise("x", "w", "nobody")]), "is not there"),
    "a cycle": (
        model(tensors(a=T((1, 8, 8, 3))), [O("RELU", ("y",), ("a",)), O("RELU", ("a",), ("y",))]),
        "reads 'y', which no",
    ),
    "an output twice": (
        model(tensors(), [O("RELU", ("x",), ("y",)), O("RELU", ("x",), ("y",))]),
        "which is given before",
    ),
    "numbers that do not fit": (
        model(tensors(w=T((1, 3, 3, 300), b"\0" * 108)), [depthwise("x", "w", "y")]),
        "its buffer has 108 bytes",
    ),
    "a huge image": (
        model(tensors(x=T((1, 2**31 - 1, 2**31 - 1, 3))), [depthwise("x", "w", "y")]),
        "more than",
    ),
    "a stride of 0": (
        model(tensors(), [depthwise("x", "w", "y", stride=0)]),
        "must be a whole number from 1",
    ),
    "options of another operator": (
        model(tensors(), [O("DEPTHWISE_CONV_2D", ("x", "w"), ("y",), "AddOptions")]),
        "has options of type AddOptions",
    ),
    "wrong channels": (
        model(tensors(w=floats(1, 3, 3, 4)), [depthwise("x", "w", "y")]),
        "for 4 channels, and it gets 3",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_one_clear_error(case: str, tmp_path: Path) -> None:
    """It names the file and says what is wrong."""
    data, message = BROKEN[case]
    file = tmp_path / "net.tflite"
    file.write_bytes(data)
    with pytest.raises(MnetcostError, match=message) as e:
        load(str(file))
    assert len(e.value.faults) == 1
    assert e.value.faults[0].file == str(file)


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    """Two thousand files with bytes changed or cut: a cost or a clear error, never a traceback."""
    wholes = [model(IMAGE | HAND[case][0], HAND[case][1]) for case in list(HAND)[2:5]]
    file, chance, refused = tmp_path / "net.tflite", random.Random(4), 0
    for n in range(2000):
        data = bytearray(wholes[n % len(wholes)])
        for _ in range(chance.choice((1, 1, 2, 8))):
            at = chance.randrange(8, len(data))
            how = chance.randrange(4)
            if how == 0:
                data[at] = chance.randrange(256)
            elif how == 1:
                data[at] ^= 1 << chance.randrange(8)
            elif how == 2:
                data[at : at + 4] = struct.pack(
                    "<i", chance.choice((-1, 0, 1, 2**31 - 1, -(2**31), chance.randrange(len(data))))
                )
            else:
                del data[-chance.randrange(1, 40) :]
            data = data if len(data) > 16 else bytearray(wholes[0])
        file.write_bytes(data)
        try:
            cost(load(str(file), Settings(allow_unknown=True)).graph)
        except MnetcostError:
            refused += 1
    assert 200 < refused < 2000


def test_types_have_their_sizes() -> None:
    """The schema's numbers of types: float is 4 bytes, int8 is 1."""
    from mnetcost.designs.tflite.file import KINDS

    assert (KINDS[FLOAT][1], KINDS[INT8][1]) == (32, 8)


def test_without_tflite_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing is one command away."""
    monkeypatch.setitem(sys.modules, "tflite", None)
    file = tmp_path / "net.tflite"
    file.write_bytes(GOOD)
    with pytest.raises(SpecError, match=r"pip install 'mnetcost\[tflite\]'"):
        load(str(file))


def test_no_image_has_no_resolution(tmp_path: Path) -> None:
    """A vector cannot be read at another size."""
    file = write(
        tmp_path,
        {"x": T((1, 3)), "w": floats(2, 3), "y": T((1, 2))},
        [O("FULLY_CONNECTED", ("x", "w"), ("y",))],
    )
    assert costed(file).work_by_kind() == {"dense": 6}
    with pytest.raises(SpecError, match="no input is an image"):
        load(file, Settings(resolution=(8, 8)))
