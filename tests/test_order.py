"""Two listings of one network are one network, and one change of it is one cause."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mnetcost.analyses.changes.diff import diff
from mnetcost.analyses.changes.order import arranged
from mnetcost.analyses.changes.units import state_of, substance
from mnetcost.designs import Design, load
from mnetcost.designs.conventions import load_convention
from mnetcost.engine.graph import Builder, Graph
from mnetcost.engine.ops import Add, Conv

BRANCHY = ("googlenet", "v3-small", "shufflenet-v2-1.0", "mobilenetv4-conv-small", "resnet50")


def listed_anew(design: Design, seed: int, change: str = "") -> Design:
    """The same network as a file that lists it in another order, under other names, its sums' inputs
    exchanged.

    `change` names a convolution whose kernel becomes 5: another network.
    """
    rng = random.Random(seed)
    nodes, b = design.graph.nodes, Builder()
    place: dict[int, int] = {}
    waiting = list(range(len(nodes)))
    while waiting:
        ready = [n for n in waiting if all(i in place for i in nodes[n].inputs)]
        n = rng.choice(ready[: rng.choice((1, 1, 3, len(ready)))])
        waiting.remove(n)
        inputs = [place[i] for i in nodes[n].inputs]
        if nodes[n].op.__class__ is Add and rng.random() < 0.5:
            inputs.reverse()
        op = nodes[n].op._replace(kernel=5) if nodes[n].name == change else nodes[n].op
        place[n] = b.add(f"n{len(b.nodes)}", op, *inputs, shared=nodes[n].shared, written=nodes[n].written)
    return design._replace(name="other", graph=b.graph(), spec=None, file="other")


@pytest.mark.parametrize("name", BRANCHY)
def test_a_network_listed_in_another_order_is_the_same(name: str) -> None:
    """Whatever the order and the names."""
    design = load(name)._replace(spec=None, file=name)
    for seed in range(4):
        found = diff(design, listed_anew(design, seed), load_convention())
        assert found.identical, (seed, [c.text for c in (*found.causes, *found.free)])


@pytest.mark.parametrize("name", BRANCHY)
def test_one_change_of_a_network_listed_in_another_order_is_one_cause(name: str) -> None:
    """A larger kernel of one convolution: nothing else is claimed."""
    design = load(name)._replace(spec=None, file=name)
    convs = [
        n
        for n in design.graph.nodes
        if n.op.__class__ is Conv and n.op.kernel == 1 and n.op.stride == 1 and n.output.h > 4
    ]
    for seed in range(3):
        changed = random.Random(seed).choice(convs)
        found = diff(design, listed_anew(design, seed, changed.name), load_convention())
        assert [(c.kind, c.old) for c in (*found.causes, *found.free)] == [("field", (changed.name,))]
        assert found.causes[0].text.startswith("kernel 1 -> 5")


def test_a_different_network_is_not_arranged_into_the_same() -> None:
    """Two heads that read one copy of a layer each are not two heads that read the same copy: the second
    copy's output goes elsewhere.
    """

    def net(second: int) -> Graph:
        b = Builder()
        image = b.input("image", 8, 8, 3)
        copies = b.add("a", Conv(4), image), b.add("b", Conv(4), image)
        b.add("left", Conv(5), copies[0])
        b.add("right", Conv(6), copies[second])
        return b.graph()

    design = load("v1")._replace(spec=None, file="x")
    one, other = (design._replace(graph=net(n)) for n in (0, 1))
    assert not diff(one, other, load_convention()).identical
    assert diff(one, one, load_convention()).identical


def test_rows_of_a_spec_are_compared_by_what_they_read(tmp_path: Path) -> None:
    """Two heads written in the other order, in specs."""
    trunk = '{ op = "conv_norm", name = "body", out = 24, kernel = 3, stride = 2 },\n'
    heads = (
        '{ op = "conv", name = "mask", from = "body", out = 2 },\n',
        '{ op = "conv", name = "box", from = "body", out = 4, kernel = 3 },\n',
    )
    for name, rows in (("a", heads), ("b", heads[::-1])):
        (tmp_path / f"{name}.toml").write_text(f"resolution = 32\nlayers = [\n{trunk}{''.join(rows)}]\n")
    one, other = (load(str(tmp_path / f"{n}.toml")) for n in "ab")
    assert diff(one, other, load_convention()).identical


def test_what_is_in_order_already_is_left_as_it_is() -> None:
    """The very same state comes back."""
    state = state_of(load("v2"), False)
    again = state_of(load("v2"), False)
    other, pairs = arranged(state, again)
    assert other is again
    assert pairs == tuple((n, n) for n in range(len(state.order)))


def test_heads_behind_their_maps_or_at_the_end() -> None:
    """One detector's prototxt by its author and by a converter: the same layers, substance for substance."""
    first, second = (load(str(Path(__file__).parent / "field" / f"file-order-{n}.prototxt")) for n in (1, 2))
    assert diff(first, second, load_convention()).identical
    old, new = (state_of(d, False) for d in (first, second))
    assert substance(arranged(old, new)[0].graph()) == substance(old.graph())
    assert substance(new.graph()) != substance(old.graph())  # as listed they differ


def test_two_heads_of_unequal_width_in_the_other_order_are_no_change() -> None:
    """Layer by layer both listings have the same ops, so that only widths seem to differ."""

    def net(*widths: int) -> Graph:
        b = Builder()
        body = b.add("body", Conv(16, 3), b.input("image", 8, 8, 3))
        for n, width in enumerate(widths):
            b.add(f"n{n}", Conv(width), body)
        return b.graph()

    design = load("v1")._replace(spec=None, file="x")
    one, other = (design._replace(graph=net(*widths)) for widths in ((2, 4, 6), (6, 2, 4)))
    assert diff(one, other, load_convention()).identical
