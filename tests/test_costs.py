"""Do costs add up, name what they cannot count, and refuse what would overflow?"""

from __future__ import annotations

import pytest

from mnetcost.designs import load
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.shipped import shipped
from mnetcost.engine import graph
from mnetcost.engine.costs import Costs, cost, layer_cost, refuse_overflow
from mnetcost.engine.graph import Builder
from mnetcost.engine.ops import AvgPool, Conv, Dense, Input, MaxPool, Rescale, Unknown
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import Term, by_kind, term
from mnetcost.errors import CallError, ShapeError, UnknownOpError


def unknown_net() -> Builder:
    b = Builder()
    x = b.add("image", Input(8, 8, 3))
    x = b.add("mystery", Unknown("Quantum", 8, 8, 3), x)
    b.add("mystery 2", Unknown("Quantum", 8, 8, 3), x)
    return b


def test_an_unknown_op_is_refused_by_name_and_number() -> None:
    """Never a silent zero: its type, how often it occurs and where first."""
    with pytest.raises(UnknownOpError, match=r"cannot cost Quantum \(2x, first at 'mystery'\)"):
        cost(unknown_net().graph())


def test_going_on_without_an_unknown_op_is_partial() -> None:
    """The result says so, and what was left out."""
    costs = cost(unknown_net().graph(), allow_unknown=True)
    assert costs.status == "partial"
    assert costs.graph.left_out == ("Quantum (2x, first at 'mystery')",)
    assert cost(load("v2").graph).status == "complete"


def test_shared_weights_are_counted_once() -> None:
    """A layer used twice works twice and weighs once."""
    b = Builder()
    x = b.input("image", 8, 8, 4)
    b.add("first", Conv(4, bias=True), b.add("again", Conv(4, bias=True), x), shared=True)
    costs = cost(b.graph())
    assert costs.params_by_kind() == {"pointwise": 16, "bias": 4}
    assert costs.work_by_kind() == {"pointwise": 2 * 16 * 64, "bias": 2 * 4 * 64}


def test_a_batch_multiplies_work_and_not_parameters() -> None:
    """Eight images cost eight times the work of one."""
    graph = load("v3-small").graph
    one, eight = cost(graph), cost(graph, batch=8)
    assert eight.work_by_kind() == {kind: 8 * n for kind, n in one.work_by_kind().items()}
    assert eight.params_by_kind() == one.params_by_kind()
    assert eight.activation_elements()["largest"] == 8 * one.activation_elements()["largest"]


@pytest.mark.parametrize("design", shipped())
def test_totals_are_the_sums_of_rows(design: str) -> None:
    """By kind over the network = over the layers' own kinds, and printed factors multiply to printed
    counts.
    """
    costs = cost(load(design).graph)
    for name in ("params", "work"):
        total: dict[str, int] = {}
        for layer in costs.layers:
            for t in getattr(layer, name):
                product = 1
                for _, factor in t.factors:
                    product *= factor
                assert product == t.count
                total[t.kind] = total.get(t.kind, 0) + product
        assert total == getattr(costs, f"{name}_by_kind")()


def test_python_ints_are_exact_at_any_size_and_arrays_are_refused() -> None:
    """A dense layer of 2**40 x 2**40 weights has 2**80 of them, which no array of 64-bit integers holds."""
    b = Builder()
    b.add("huge", Dense(2**40, bias=False), b.input("image", 1, 1, 2**40))
    costs = cost(b.graph())
    assert costs.params_by_kind() == {"dense": 2**80}
    with pytest.raises(CallError, match="layer 'huge' would count"):
        refuse_overflow(costs)
    refuse_overflow(cost(load("v2").graph))


def test_a_shape_fault_names_its_layer() -> None:
    """The op says what does not fit, the graph says where."""
    b = Builder()
    with pytest.raises(ShapeError, match="layer 'stem': the map vanishes: a window of 7 does not fit into 5"):
        b.add("stem", Conv(8, 7, padding="valid"), b.input("image", 5, 5, 3))


def test_two_layers_of_one_name_are_refused() -> None:
    """Names are how layers are found again."""
    b = Builder()
    x = b.input("image", 5, 5, 3)
    with pytest.raises(ShapeError, match="another layer has this name already"):
        b.add("image", Conv(8), x)


def test_a_term_multiplies_its_factors() -> None:
    """depthwise: 3 x 3 x 32 x 112 x 112, V1's first depthwise layer."""
    t = term("depthwise", k_h=3, k_w=3, c=32, h=112, w=112)
    assert t.count == 3_612_672
    assert str(t) == "3 k_h x 3 k_w x 32 c x 112 h x 112 w"
    assert by_kind([t, t, Term("bias", (("c", 4),))]) == {"depthwise": 7_225_344, "bias": 4}


def test_the_default_conventions_weigh_as_they_say() -> None:
    """V1: 568,740,352 multiply-adds are twice as many FLOPs; 4,231,976 parameters and 21,888 running
    statistics.
    """
    costs = cost(load("v1").graph)
    work = [t for layer in costs.layers for t in layer.work]
    params = [t for layer in costs.layers for t in layer.params]
    paper, flops, total = (load_convention(name) for name in ("paper", "flops", "total"))
    assert (paper.madds(work), flops.madds(work), total.madds(work)) == (
        568_740_352,
        1_137_480_704,
        568_740_352,
    )
    assert (paper.count_params(params), total.count_params(params)) == (4_231_976, 4_253_864)


def test_a_layer_says_its_counts_by_kind() -> None:
    """3 x 3 x 3 x 4 weights and 4 biases, at 8 x 8 places, for one image unless more are asked for."""
    b = Builder()
    b.add("conv", Conv(4, 3, bias=True), b.add("image", Input(8, 8, 3)))
    once, twice = cost(b.graph()), cost(b.graph(), 2)
    (layer,) = once.layers
    assert layer.params_by_kind() == {"conv": 108, "bias": 4}
    assert layer.work_by_kind() == {"conv": 108 * 64, "bias": 256}
    assert twice.layers[0].work_by_kind() == {"conv": 2 * 108 * 64, "bias": 512}
    assert (once.batch, twice.batch) == (1, 2)
    assert Costs(once.graph, once.layers).batch == 1


def test_a_design_of_too_many_layers_runs_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 layers beside the input; here 3."""
    assert graph.MOST_LAYERS == 100_000
    monkeypatch.setattr(graph, "MOST_LAYERS", 3)
    b = Builder()
    x = b.add("image", Input(8, 8, 3))
    for n in range(3):
        x = b.add(f"conv {n}", Conv(4), x)
    with pytest.raises(ShapeError, match="the design runs away: more than 3 layers"):
        b.add("conv 3", Conv(4), x)


def test_a_layer_stands_in_its_block_or_alone() -> None:
    """Where no block is named, its place is its own name."""
    b = Builder()
    x = b.add("image", Input(8, 8, 3))
    b.add("block/conv", Conv(4), x, place="block")
    b.add("alone", Conv(4), x)
    assert [node.place for node in b.nodes] == ["image", "block", "alone"]


def test_a_rescaling_by_one_number_is_half_of_one() -> None:
    """A multiply and an add are one kind; either alone is marked, so that conventions may weigh it so."""
    x = Shape(2, 2, 3)
    marks = {
        (scale, shift): next(Rescale(scale, shift).work(x, x)).variant
        for scale in (True, False)
        for shift in (True, False)
    }
    assert marks == {(True, True): "", (True, False): "half", (False, True): "half", (False, False): "half"}


def test_a_graph_without_layers_writes_nothing() -> None:
    """Neither in sum nor at the largest."""
    b = Builder()
    b.add("image", Input(8, 8, 3))
    assert cost(b.graph()).activation_elements() == {"sum": 0, "largest": 0}


@pytest.mark.parametrize("name", shipped())
def test_equal_layers_share_what_each_costs_by_itself(name: str) -> None:
    """A walk costs equal layers once; no layer may get another one's terms."""
    graph = load(name).graph
    by_itself = tuple(layer_cost(node, graph.inputs(node), 1) for node in graph.nodes if node.inputs)
    assert cost(graph).layers == by_itself


@pytest.mark.parametrize(("name", "layers", "kinds"), [("v2", 152, 69), ("resnet152", 514, 54)])
def test_a_walk_costs_each_kind_of_layer_once(name: str, layers: int, kinds: int) -> None:
    """How many layers of a network have terms of their own."""
    found = cost(load(name).graph).layers
    assert (len(found), len({id(layer.work) for layer in found if layer.work})) == (layers, kinds)


def test_ops_of_equal_fields_are_not_one_layer() -> None:
    """A max pool and an average pool of the same fields are equal tuples, but other ops."""
    b = Builder()
    x = b.add("image", Input(8, 8, 3))
    b.add("max", MaxPool(), x)
    b.add("average", AvgPool(), x)
    b.add("conv", Conv(3), x)
    b.add("conv again", Conv(3), x, shared=True)
    b.add("conv in a cell", Conv(3), x, when=0)
    layers = cost(b.graph()).layers
    assert [layer.work[0].variant for layer in layers[:2]] == ["max", "average"]
    assert [sum(layer.params_by_kind().values()) for layer in layers[2:]] == [9, 0, 0]


def test_a_grid_costs_each_layer_by_itself() -> None:
    """Arrays have no hash; layers whose numbers are ints are still costed once."""
    numpy = pytest.importorskip("numpy")
    b = Builder()
    x = b.add("image", Input(numpy.array([8, 16]), 8, 3))
    for n in range(3):
        b.add(f"conv {n}", Conv(3, 3), x)
    assert [list(layer.work[0].count) for layer in cost(b.graph()).layers] == [[81 * 64, 81 * 128]] * 3
