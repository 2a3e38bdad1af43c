"""At another resolution, does a model file follow, or say by name what does not?"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mnetcost.designs import Settings, load
from mnetcost.engine.costs import cost
from mnetcost.errors import SpecError

from . import tflite_files as lite
from .keras_models import Config
from .onnx_files import node, numbers, weights, write
from .test_caffe import layer, small

NOTE = (
    "followed: in 1 layer, first at 'pool', a pool's window is the whole map at the file's size, and so it is"
    " at this one"
)
TWICE = Settings(resolution=(16, 16))


def onnx(path: Path, kernel: int) -> str:
    """A pointwise convolution of 3 to 4 channels, a pool, and one of 4 to 5."""
    nodes = [
        node("Conv", ["x", "w"], ["c"]),
        node("AveragePool", ["c"], ["p"], name="pool", kernel_shape=[kernel] * 2),
    ]
    return write(
        path, [*nodes, node("Conv", ["p", "v"], ["y"])], [weights("w", 4, 3, 1, 1), weights("v", 5, 4, 1, 1)]
    )


def tflite(path: Path, kernel: int) -> str:
    side = 9 - kernel
    tensors = {
        "x": lite.T((1, 8, 8, 3)),
        "w": lite.floats(4, 1, 1, 3),
        "c": lite.T((1, 8, 8, 4)),
        "pool": lite.T((1, side, side, 4)),
    }
    tensors |= {"v": lite.floats(5, 1, 1, 4), "y": lite.T((1, side, side, 5))}
    slots = (("Int8", 0, 1), ("Int32", 1, 1), ("Int32", 2, 1), ("Int32", 3, kernel), ("Int32", 4, kernel))
    pool = lite.O("AVERAGE_POOL_2D", ("c",), ("pool",), "Pool2DOptions", slots)
    return lite.write(path, tensors, [lite.conv("x", "w", "c"), pool, lite.conv("pool", "v", "y")])


def caffe(path: Path, kernel: int) -> str:
    more = "kernel_size: 1 bias_term: false"
    text = layer("Convolution", f"convolution_param {{ num_output: 4 {more} }}", tops="c", name="c")
    text += layer(
        "Pooling", f"pooling_param {{ pool: AVE kernel_size: {kernel} stride: 1 }}", "c", "p", "pool"
    )
    text += layer("Convolution", f"convolution_param {{ num_output: 5 {more} }}", "p")
    (path / "net.prototxt").write_text(small(text, 3))
    return str(path / "net.prototxt")


def keras(path: Path, kernel: int) -> str:
    net = Config([8, 8, 3])
    plain = {"kernel_size": 1, "strides": 1, "use_bias": False}
    net.x = net.add("Conv2D", {"filters": 4, **plain}, net.x)
    net.x = net.add("AveragePooling2D", {"pool_size": kernel, "strides": 1}, net.x, name="pool")
    net.x = net.add("Conv2D", {"filters": 5, **plain}, net.x)
    (path / "net.json").write_text(json.dumps(net.model()))
    return str(path / "net.json")


@pytest.mark.parametrize("made", [onnx, tflite, caffe, keras])
def test_a_pool_of_the_whole_map_pools_the_whole_map_at_any_size(made: Any, tmp_path: Path) -> None:
    """12 weights at 16 x 16 places, 20 at one; a window of 4 slides, over 13 x 13 places, and nothing is
    said of it.
    """
    file = made(tmp_path, 8)
    assert load(file).graph.notes == ()
    design = load(file, TWICE)
    assert cost(design.graph).work_by_kind()["pointwise"] == 12 * 256 + 20
    assert design.graph.notes == (NOTE,)
    smaller = load(file, Settings(resolution=(4, 6)))
    assert cost(smaller.graph).work_by_kind()["pointwise"] == 12 * 24 + 20
    design = load(made(tmp_path, 4), TWICE)
    assert cost(design.graph).work_by_kind()["pointwise"] == 12 * 256 + 20 * 169
    assert design.graph.notes == ()


def test_a_tflite_head_that_reads_all_of_a_map_is_named_where_the_map_has_another_size(
    tmp_path: Path,
) -> None:
    """Four times as many numbers are no four rows, although they could be cut so."""
    tensors = {
        "x": lite.T((1, 8, 8, 3)),
        "w": lite.floats(5, 192),
        "y": lite.T((1, 5)),
        "to": lite.ints(1, 192),
        "f": lite.T((1, 192)),
    }
    head = lite.O("FULLY_CONNECTED", ("f", "w"), ("y",), "FullyConnectedOptions", ())
    file = lite.write(tmp_path, tensors, [lite.O("RESHAPE", ("x", "to"), ("f",)), head])
    assert cost(load(file).graph).work_by_kind() == {"dense": 960}
    with pytest.raises(SpecError, match="layer 'y': its weights are for 192 numbers, and it gets 1x768"):
        load(file, TWICE)


def test_an_onnx_head_that_reads_all_of_a_map_is_named(tmp_path: Path) -> None:
    """However the reshape in front of it says its axes."""
    for target in ((1, 192), (-1, 192), (1, -1), (0, -1)):
        nodes = [
            node("Reshape", ["x", "to"], ["f"], name="flat"),
            node("Gemm", ["f", "w"], ["y"], name="head"),
        ]
        file = write(tmp_path, nodes, [numbers("to", *target), weights("w", 192, 5)])
        with pytest.raises(SpecError, match="layer 'head': its weights are for 192 numbers, and it gets 768"):
            load(file, TWICE)


def test_a_dense_layer_whose_weights_are_not_in_the_file_says_that_it_grows(tmp_path: Path) -> None:
    """Keras and Caffe say only how many outputs: 5 x 192 weights become 5 x 768."""
    net = Config([8, 8, 3])
    net.x = net.add("Flatten", {}, net.x)
    net.x = net.add("Dense", {"units": 5, "use_bias": False}, net.x, name="head")
    (tmp_path / "net.json").write_text(json.dumps(net.model()))
    (tmp_path / "net.prototxt").write_text(
        small(layer("InnerProduct", "inner_product_param { num_output: 5 bias_term: false }", name="head"), 3)
    )
    for file in ("net.json", "net.prototxt"):
        design = load(str(tmp_path / file), TWICE)
        assert cost(design.graph).params_by_kind() == {"dense": 5 * 768}
        assert design.graph.notes == (
            (
                "grown: the weights of 1 layer behind a flattened map, first at 'head', are as many as in a"
                " net built at this size"
            ),
        )
        assert load(str(tmp_path / file)).graph.notes == ()


def test_a_reshape_that_would_make_rows_of_a_larger_map_is_named(tmp_path: Path) -> None:
    """-1 by 192 is one row of an 8 x 8 x 3 map, and four of 16 x 16 x 3, which no dense layer was made
    for; -1 by 3 is a row a position.
    """
    for columns, at in ((192, "flat"), (3, "")):
        net = Config([8, 8, 3])
        net.x = net.add("Reshape", {"target_shape": [-1, columns]}, net.x, name="flat")
        net.x = net.add("Dense", {"units": 5, "use_bias": False}, net.x, name="head")
        (tmp_path / "net.json").write_text(json.dumps(net.model()))
        text = layer(
            "Reshape", f"reshape_param {{ shape {{ dim: -1 dim: {columns} }} }}", tops="f", name="flat"
        )
        text += layer(
            "InnerProduct", "inner_product_param { num_output: 5 bias_term: false }", "f", name="head"
        )
        (tmp_path / "net.prototxt").write_text(small(text, 3))
        for file in ("net.json", "net.prototxt"):
            assert cost(load(str(tmp_path / file)).graph).work_by_kind() == {"dense": 960}
            if at:
                with pytest.raises(
                    SpecError, match="layer 'flat': its fixed axes hold the whole map at the file's size"
                ):
                    load(str(tmp_path / file), TWICE)
            else:
                assert cost(load(str(tmp_path / file), TWICE).graph).work_by_kind() == {"dense": 3 * 5 * 256}
