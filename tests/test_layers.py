"""What readers share: unique names, bounds, and unknown ops that are never silent."""

import pytest

from mnetcost.designs.kit.layers import LARGEST_DIMENSION, LONGEST_NAME, Layers
from mnetcost.engine.costs import cost
from mnetcost.engine.ops import Add, Conv, Dense
from mnetcost.engine.shapes import Shape
from mnetcost.errors import SpecError, UnknownOpError


def test_a_name_that_comes_twice_is_numbered():
    """A file may call two layers the same; a graph may not."""
    layers = Layers("net")
    x = layers.input("data", 4, 4, 3)
    for _ in range(3):
        x = layers.add("conv", Conv(8), x)
    assert [n.name for n in layers.graph().nodes] == ["data", "conv", "conv (2)", "conv (3)"]


def test_names_are_bounded():
    """A name of a megabyte is cut, and an empty one replaced."""
    layers = Layers("net")
    assert len(layers.name("x" * 1_000_000)) == LONGEST_NAME
    assert layers.name("  ") == "layer"


def test_a_layer_that_does_not_fit_is_named_with_file_and_line():
    """The place of a fault is the file, the line and the layer."""
    layers = Layers("net.prototxt")
    a, b = layers.input("a", 4, 4, 3), layers.input("b", 5, 5, 3)
    with pytest.raises(SpecError, match=r"net\.prototxt:7: layer 'sum': add needs maps of one shape"):
        layers.add("sum", Add(), a, b, line=7)


def test_maps_past_all_bounds_are_refused():
    """Each dimension may be plausible while their product is not."""
    layers = Layers("net")
    with pytest.raises(SpecError, match="more than 281,474,976,710,656 numbers"):
        layers.input("data", LARGEST_DIMENSION, LARGEST_DIMENSION, 3)


def test_an_unknown_op_stops_with_its_name_layer_and_number():
    """Exact or refused."""
    layers = Layers("net")
    x = layers.input("data", 4, 4, 3)
    layers.unknown("Roll", "a", layers.unknown("Roll", "b", x))
    with pytest.raises(UnknownOpError, match=r"cannot cost Roll \(2x, first at 'b'\)"):
        layers.graph()


def test_an_unknown_op_is_blamed_before_what_it_broke():
    """A shape that fails behind an unknown op may be its doing."""
    layers = Layers("net")
    x = layers.input("data", 4, 4, 3)
    y = layers.unknown("Roll", "a", x, shape=Shape(2, 2, 3))
    with pytest.raises(UnknownOpError):
        layers.add("sum", Add(), x, y)


def test_what_is_left_out_makes_the_result_partial():
    """Everything after the reader sees what is missing."""
    layers = Layers("net", allow_unknown=True)
    x = layers.input("data", 1, 1, 3)
    layers.add("fc", Dense(2), layers.unknown("Roll", "a", x))
    costs = cost(layers.graph())
    assert costs.status == "partial"
    assert costs.graph.left_out == ("Roll (1x, first at 'a')",)
    assert costs.work_by_kind()["dense"] == 6
