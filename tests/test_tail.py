"""Does a file that ends in the choice of boxes answer at the first try, and one that goes on with weights
stay refused?
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings, load
from mnetcost.designs.convert import spec_text
from mnetcost.designs.kit.layers import DETECTION, PRODUCTS
from mnetcost.engine.costs import cost
from mnetcost.engine.ops import Tail
from mnetcost.errors import UnknownOpError

from . import tflite_files as lite
from .keras_models import Config
from .onnx_files import model, node, numbers, scalar, weights, write
from .test_caffe import layer, small

CONV = node("Conv", ["x", "w"], ["c"], name="stem")
BOXES = [
    CONV,
    node("Reshape", ["c", "to"], ["boxes"]),
    node("NonMaxSuppression", ["boxes", "scores", "most"], ["kept"], name="nms"),
    node("Slice", ["kept", "two", "three", "one"], ["at"], name="at"),
    node("Gather", ["boxes", "at"], ["y"], name="taken", axis=1),
]
STORED = [weights("w", 4, 3, 1, 1), numbers("to", 1, 64, 4), weights("scores", 1, 1, 64), scalar("most", 10)]
STORED += [numbers("two", 2), numbers("three", 3), numbers("one", 1)]
TAIL = "counts 0: nothing with weights or products stands there or behind"


def caffe(path: Path, text: str) -> str:
    (path / "net.prototxt").write_text(text)
    return str(path / "net.prototxt")


def keras(path: Path, said: Any) -> str:
    (path / "net.json").write_text(json.dumps(said))
    return str(path / "net.json")


def test_what_nothing_with_weights_follows_counts_0(tmp_path: Path) -> None:
    """12 weights at 64 places; the choice of boxes, a slice and a gather behind it are the tail, the
    answer is complete.
    """
    file = write(tmp_path, BOXES, STORED)
    for settings in (Settings(), Settings(allow_unknown=True), Settings(batch=2)):
        design = load(file, settings)
        costs = cost(design.graph)
        assert costs.status == "complete"
        assert costs.work_by_kind()["pointwise"] == 12 * 64
        assert {c.name for c in costs.layers if c.node.op.__class__ is Tail} == {"nms", "at", "taken"}
        assert costs.work_by_kind()["tail"] == 3
        assert design.graph.notes[0] == f"tail: NonMaxSuppression (3 ops, first 'nms') {TAIL}"
    assert cost(load(file).graph).params_by_kind() == {"pointwise": 12}


@pytest.mark.parametrize("last", ["Conv", "MatMul", "BatchNormalization"])
def test_what_something_with_weights_follows_is_refused(last: str, tmp_path: Path) -> None:
    """The second stage of a two-stage detector: named is the op in which the tail would begin."""
    more = {
        "Conv": node("Conv", ["y", "v"], ["z"]),
        "MatMul": node("MatMul", ["y", "v"], ["z"]),
        "BatchNormalization": node("BatchNormalization", ["y", "v", "v", "v", "v"], ["z"]),
    }
    file = write(tmp_path, [*BOXES, more[last]], [*STORED, weights("v", 4, 4)])
    with pytest.raises(UnknownOpError, match=r"cannot cost NonMaxSuppression \(1x, first at 'nms'\)"):
        load(file)


HARMFUL = {
    "it reads weights": (node("Mystery", ["c", "v"], ["y"], name="y"), "Mystery"),
    "its name is a product's": (node("GroupedMatMulV2", ["c"], ["y"], name="y"), "GroupedMatMulV2"),
    "it holds a network of its own": (node("Blob", ["c"], ["y"], name="y", payload="x" * 5000), "Blob"),
    "nothing with weights stands before it": (node("Mystery", ["x"], ["y"], name="y"), "Mystery"),
    "a branch of it has weights": (
        node(
            "If",
            ["c"],
            ["y"],
            name="y",
            **dict.fromkeys(("then_branch", "else_branch"), model([node("Conv", ["c", "v"], ["b"])]).graph),
        ),
        "If",
    ),
}


@pytest.mark.parametrize("case", HARMFUL)
def test_an_op_that_may_have_weights_is_no_tail(case: str, tmp_path: Path) -> None:
    """An op that cannot be costed is never 0 unless it is seen to have no weights."""
    last, named = HARMFUL[case]
    with pytest.raises(UnknownOpError, match=f"cannot cost {named}"):
        load(write(tmp_path, [CONV, last], [weights("w", 4, 3, 1, 1), weights("v", 4, 4)]))


def test_stored_boxes_that_a_detection_op_reads_are_no_parameters_and_are_named(tmp_path: Path) -> None:
    """64 prior boxes of 4 numbers; what an op behind it multiplies by is a table, which counts and is
    named.
    """
    nodes = [
        CONV,
        node("EfficientNMS_TRT", ["c", "a"], ["n"], name="n"),
        node("Mul", ["n", "t"], ["y"], name="y"),
    ]
    design = load(write(tmp_path, nodes, [weights("w", 4, 3, 1, 1), weights("a", 64, 4), weights("t", 4)]))
    assert cost(design.graph).params_by_kind() == {"pointwise": 12, "table": 4}
    assert design.graph.notes[1:] == (
        (
            "table: 4 of the params are stored tables, in 1 layer, first at 'y'; take them off if nothing"
            " trains them, as prior boxes or masks"
        ),
        "not counted: 256 stored numbers, such as prior boxes, that the tail reads in 1 layer, first at 'n'",
    )


def test_a_file_with_a_tail_can_be_written_as_a_spec(tmp_path: Path) -> None:
    """The tail is a row of it."""
    assert 'op = "tail", name = "nms"' in spec_text(load(write(tmp_path, BOXES, STORED)))


def test_another_resolution_or_batch_does_not_change_what_the_tail_is(tmp_path: Path) -> None:
    """At twice the size 256 places; a batch of 8 in the file is one image."""
    for batch in (1, 8):
        file = write(
            tmp_path, BOXES, [*STORED[:1], numbers("to", batch, 64, 4), *STORED[2:]], image=(batch, 3, 8, 8)
        )
        costs = cost(load(file, Settings(resolution=(16, 16))).graph)
        assert (costs.status, costs.work_by_kind()["pointwise"]) == ("complete", 12 * 256)


def test_caffe_layers_at_the_end_without_weights_count_0(tmp_path: Path) -> None:
    """A fork's detection layer and what reads it; the same layer with a filler, or in front of a
    convolution, is refused.
    """
    stem = layer("Convolution", "convolution_param { num_output: 2 kernel_size: 1 }", tops="c", name="c")
    ends = layer("RegionOutput", "region_param { classes: 3 }", "c", "r", "r") + layer(
        "Silence", bottoms="r", tops=""
    )
    design = load(caffe(tmp_path, small(stem + ends)))
    assert (design.graph.left_out, cost(design.graph).params_by_kind()) == ((), {"pointwise": 8, "bias": 2})
    assert design.graph.notes == (f"tail: RegionOutput (2 ops, first 'r') {TAIL}",)
    for text in (
        stem + layer("RegionOutput", "region_param { weight_filler { } }", "c", "r", "r"),
        stem + ends + layer("InnerProduct", "inner_product_param { num_output: 2 }", "r", "z", "z"),
    ):
        with pytest.raises(UnknownOpError, match=r"cannot cost RegionOutput \(1x, first at 'r'\)"):
            load(caffe(tmp_path, small(text)))


def test_a_caffe_layer_written_in_python_is_a_tail_where_its_name_says_that_it_chooses_boxes(
    tmp_path: Path,
) -> None:
    """What such a layer holds is not in the file."""
    stem = layer(
        "Convolution",
        "convolution_param { num_output: 2 kernel_size: 1 bias_term: false }",
        tops="c",
        name="c",
    )
    text = stem + layer("Python", 'python_param { module: "rpn.proposal_layer" layer: "ProposalLayer" }', "c")
    assert cost(load(caffe(tmp_path, small(text))).graph).params_by_kind() == {"pointwise": 8}
    text = stem + layer("Python", 'python_param { module: "mine" layer: "Head" }', "c")
    with pytest.raises(UnknownOpError, match="cannot cost Python"):
        load(caffe(tmp_path, small(text)))


@pytest.mark.parametrize(
    ("type_", "is_one"),
    [("CONVERT", False), ("ResizeBilinear", False), ("SPARSE_TO_DENSE", False), ("Transpose", False)],
)
def test_names_that_only_look_like_products_are_none(type_: str, is_one: bool) -> None:
    """And those that are products are told."""
    assert bool(PRODUCTS.search(type_)) == is_one
    assert all(
        map(
            PRODUCTS.search,
            (
                "ConvTranspose",
                "MyDense",
                "BilinearPoolLinear",
                "TRTEngineOp",
                "edgetpu-custom-op",
                "FusedGemm",
            ),
        )
    )
    assert not DETECTION.search("Transpose")
    assert DETECTION.search("PosenetDecoderOp")


def test_tflite_operators_at_the_end_without_weights_count_0(tmp_path: Path) -> None:
    """A custom decoder and what reads it; one that reads weights, or stands in front of a convolution, is
    refused.
    """
    tensors = {
        "x": lite.T((1, 8, 8, 3)),
        "w": lite.floats(4, 1, 1, 3),
        "c": lite.T((1, 8, 8, 4)),
        "v": lite.floats(4, 4),
    }
    tensors |= {
        "p": lite.T((1, 10, 4)),
        "y": lite.T((10, 4)),
        "z": lite.T((1, 8, 8, 4)),
        "k": lite.floats(4, 1, 1, 4),
        "to": lite.ints(10, 4),
    }
    stem, decoder = lite.conv("x", "w", "c"), lite.O("PoseDecoder", ("c",), ("p",))
    design = load(lite.write(tmp_path, tensors, [stem, decoder, lite.O("RESHAPE", ("p", "to"), ("y",))]))
    assert cost(design.graph).params_by_kind() == {"pointwise": 12}
    assert design.graph.notes == (f"tail: custom PoseDecoder (2 ops, first 'p') {TAIL}",)
    reads = [stem, lite.O("Mystery", ("c", "v"), ("p",))]
    before = [stem, lite.O("Mystery", ("c",), ("p",)), lite.conv("p", "k", "z")]
    for operators in (reads, before):
        with pytest.raises(UnknownOpError, match=r"cannot cost custom Mystery \(1x, first at 'p'\)"):
            load(lite.write(tmp_path, tensors, operators))


def test_keras_functions_and_decoders_at_the_end_count_0_and_other_classes_do_not(tmp_path: Path) -> None:
    """A class of the user's own may have weights, whatever its config says, unless it is called like what
    chooses boxes.
    """

    def ends(class_name: str, **config: Any) -> Any:
        net = Config([8, 8, 3])
        net.add("Conv2D", {"filters": 4, "kernel_size": 1, "strides": 1}, net.x)
        net.add(class_name, config, net.x, name="end")
        return net.model()

    for class_name in ("DecodeDetections", "NonMaxSuppression", "RegressBoxes", "Lambda"):
        design = load(keras(tmp_path, ends(class_name)))
        assert cost(design.graph).params_by_kind() == {"pointwise": 12, "bias": 4}
        assert design.graph.notes == (f"tail: {class_name} (1 op, first 'end') {TAIL}",)
    for class_name, config in (("MyHead", {}), ("DecodeDetections", {"filters": 8}), ("Decoder", {})):
        with pytest.raises(UnknownOpError, match=f"cannot cost {class_name}"):
            load(keras(tmp_path, ends(class_name, **config)))
