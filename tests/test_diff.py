"""What tells two designs apart, by cause: named as a reader would name it, and adding up to the last
count.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnetcost.analyses.changes import diff as module
from mnetcost.analyses.changes.diff import Diff, diff, document
from mnetcost.analyses.changes.units import layers, rebuild, state_of, substance
from mnetcost.designs import Design, Settings, load, load_spec
from mnetcost.designs.conventions import convention_names, load_convention
from mnetcost.designs.find import parent_of, shipped_spec
from mnetcost.designs.shipped import shipped
from mnetcost.designs.spec import Row, Spec, read_spec
from mnetcost.engine.costs import cost
from mnetcost.engine.graph import Builder, Graph
from mnetcost.engine.ops import Add, Conv, Input, Unknown
from mnetcost.engine.ops.elements import Norm, Scale
from mnetcost.errors import MnetcostError

from .mutants import grown_specs, toml

PAPER = load_convention("paper")


def between(old: str | Design, new: str | Design) -> Diff:
    return diff(*(load(d) if isinstance(d, str) else d for d in (old, new)), PAPER)


def causes(found: Diff) -> dict[str, tuple[int, int]]:
    """Each cause's MAdds and params, by what it is called."""
    return {c.text: (c.madds, c.params) for c in found.causes}


def as_file(design: Design) -> Design:
    """The same design as a model file gives it: layers, and no spec."""
    return design._replace(spec=None)


def changed(name: str, change: Callable[[list[Row]], object], **settings: Any) -> Design:
    """A shipped design after a change of its rows."""
    spec = shipped_spec(name)
    rows = list(spec.layers)
    change(rows)
    return load_spec(spec._replace(layers=tuple(rows)), Settings(**settings))


def put(number: int, **fields: Any) -> Callable[[list[Row]], None]:
    """Change fields of one row."""

    def change(rows: list[Row]) -> None:
        rows[number] = rows[number]._replace(fields={**rows[number].fields, **fields})

    return change


# causes, by hand
# ------------------------------------------------------------------------------------------------------------


def test_shicai_moves_a_stride_and_adds_an_expansion():
    """12 layers of row 4 and 5 see four times the map; 32 x 32 x 112 x 112 for the expansion, 1,024
    weights and 64 of its norm.
    """
    found = between("v2", "shicai-caffe/v2")
    assert causes(found) == {
        "stride 2 moved from bottleneck 4/1 to 5/1": (115_492_608, 0),
        "expansion added at bottleneck 1": (32 * 32 * 112 * 112, 1024 + 64),
    }
    assert (found.madds, found.params) == (128_337_664, 1_088)
    assert len(found.causes[0].layers) == 12
    assert {name for name, _, _ in found.causes[1].layers} == {
        "bottleneck 1/expand",
        "bottleneck 1/expand_norm",
    }


def test_what_costs_nothing_is_named_apart():
    """Plain ReLU and a convolution as classifier cost nothing under the paper's counting; padding by hand
    changes no size.
    """
    found = between("v2", "shicai-caffe/v2")
    assert [c.text for c in found.free] == [
        "activation relu6 -> relu at stem to head",
        "dense -> conv at classifier",
    ]
    assert [c.text for c in found.idle] == ["padding: same -> symmetric at stem to head"]


# V2's rows: 0 is the stem, n bottleneck n, 8 the head
BY_HAND: list[tuple[str, Callable[[list[Row]], object], dict[str, tuple[int, int]]]] = [
    (
        "kernel",
        put(7, kernel=5),  # bottleneck 7's depthwise has 960 channels at 7x7
        {"kernel 3 -> 5 at bottleneck 7": (16 * 960 * 49, 16 * 960)},
    ),
    (
        "expansion",
        put(7, expand=3),
        # expand 160 x 480, depthwise 9 x 480, project 480 x 320 fall away at 7x7, with two norms of 480
        {"expansion 6 -> 3 at bottleneck 7": (-480 * (160 + 9 + 320) * 49, -480 * (160 + 9 + 320 + 4))},
    ),
    (
        "expansion removed",
        put(3, expand=1),  # bottleneck 3/1 at 56x56 (in 24), 3/2 and 3/3 at 28x28 (in 32)
        {
            "expansion removed at bottleneck 3/1 to 3/3": (
                -24 * 144 * 3136 - 120 * 9 * 784 - 120 * 32 * 784 - 2 * (32 * 192 + 160 * 9 + 160 * 32) * 784,
                -24 * 144 - 288 - 120 * 9 - 240 - 120 * 32 - 2 * (32 * 192 + 384 + 160 * 9 + 320 + 160 * 32),
            )
        },
    ),
    (
        "squeeze-and-excite",
        put(7, se=0.25),  # 960 -> 240 -> 960, each with biases
        {"squeeze-and-excite added at bottleneck 7": (2 * 960 * 240, 2 * 960 * 240 + 240 + 960)},
    ),
    (
        "width",
        put(8, out=1024),  # head: 320 -> 1024 instead of 1280 at 7x7, its norm, and the classifier behind it
        {"width 1280 -> 1024 at head": (-256 * 320 * 49 - 256 * 1000, -256 * 320 - 512 - 256_000)},
    ),
    (
        "bias",
        put(8, bias=True),
        {"bias added at head": (0, 1280)},
    ),
    (
        "norm",
        put(8, norm=False),
        {"batch norm removed at head": (0, -2560)},
    ),
    (
        "block removed",
        lambda rows: rows.pop(7),
        # bottleneck 7: 160 x 960, 9 x 960, 960 x 320 at 7x7; the head reads 160 channels instead of 320
        {
            "bottleneck 7 removed": (
                -(160 * 960 + 9 * 960 + 960 * 320) * 49 - 160 * 1280 * 49,
                -(160 * 960 + 9 * 960 + 960 * 320 + 4 * 960 + 640) - 160 * 1280,
            )
        },
    ),
]


@pytest.mark.parametrize(
    ("change", "expected"), [(c, e) for _, c, e in BY_HAND], ids=[n for n, _, _ in BY_HAND]
)
def test_a_changed_row_is_one_cause_with_its_figure(change, expected):
    """One row of V2 changed; the sums are the layers' own products, written out above."""
    assert causes(between("v2", changed("v2", change))) == expected


def test_a_block_more_in_a_row_is_the_last_one():
    """A third repetition becomes a fourth: 96 x 576 twice and 9 x 576, at 14x14."""
    found = between("v2", changed("v2", lambda rows: rows.__setitem__(5, rows[5]._replace(repeat=4))))
    block = 2 * 96 * 576 + 9 * 576
    assert causes(found) == {"bottleneck 5/4 added": (block * 196, block + 4 * 576 + 2 * 96)}


def test_a_moved_block_is_said_to_have_moved():
    """Bottleneck 7 goes before row 6: nothing is removed or added."""
    found = between("v2", changed("v2", lambda rows: rows.insert(5, rows.pop(7))))
    assert [c.kind for c in found.causes] == ["moved"]
    assert found.causes[0].text == "bottleneck 7 moved behind bottleneck 4/4"


def test_a_change_behind_an_added_block_names_both_places():
    """With a block added in front, what was bottleneck 7 is bottleneck 8."""

    def change(rows: list[Row]) -> None:
        put(7, kernel=5)(rows)
        rows.insert(2, rows[1])

    found = between("v2", changed("v2", change))
    assert {c.text for c in found.causes} == {
        "bottleneck 2 added",
        "kernel 3 -> 5 at bottleneck 7 (now bottleneck 8)",
    }


def test_settings_are_causes_of_their_own():
    """Parameters do not follow the resolution: all of their difference is alpha's, and the classes'."""
    found = between("v2", "v2:alpha=0.5,resolution=160,classes=10,batch=2")
    params = {c.text: c.params for c in found.causes}
    assert set(params) == {"resolution 224 -> 160", "batch 1 -> 2", "alpha 1 -> 0.5", "classes 1000 -> 10"}
    assert params["resolution 224 -> 160"] == params["batch 1 -> 2"] == 0
    assert params["classes 1000 -> 10"] == -990 * 1281  # the head stays 1280 wide below alpha 1
    assert found.params == -1_536_192 + -990 * 1281


def test_a_top_left_out_is_one_cause():
    """1280 x 1000 and 1000 biases."""
    assert causes(between("v2", "v2:top=no")) == {"pool to softmax removed": (-1_280_000, -1_281_000)}


def test_xiaochus_adds_biases_and_an_expansion():
    """Every convolution has a bias: 17,056 of V2's own, and 32 of the expansion that is there at t = 1
    too.
    """
    found = between("v2", "xiaochus-keras/v2")
    assert causes(found) == {
        "expansion added at bottleneck 1": (12_845_056, 1_088),
        "bias added at stem to head": (0, 17_088),
    }


def test_minimalistic_is_smaller_kernels_and_no_gates():
    """Keras's minimalistic V3, in the paper's terms."""
    assert [c.text for c in between("v3-large", "v3-large-minimalistic").causes] == [
        "kernel 5 -> 3 at bottleneck 4 to 6 and bottleneck 13 to 15",
        "squeeze-and-excite removed at bottleneck 4 to 6 and bottleneck 11 to 15",
    ]


def test_factorising_v1_is_one_cause():
    """V1 against its standard convolutions: what the first paper is about, and the same figure with its
    sign turned.
    """
    found = between("v1-standard", "v1")
    assert [c.text for c in found.causes] == ["conv norm -> separable at conv 1 to 8 (now separable 1 to 8)"]
    assert found.causes[0].madds == -4_298_552_832


def test_designs_far_apart_are_replaced_as_a_whole():
    """V1 has none of V2's blocks: one cause, and not a heap of accidental likenesses."""
    assert [c.text for c in between("v1", "v2").causes] == [
        "separable 1 to 8 replaced by bottleneck 1 to head"
    ]


# layers, where there are no rows
# ---------------------------------------------------------------------------------------------


def test_layers_say_what_rows_say():
    """Seen as a model file, shicai's V2 has the same two causes with the same figures."""
    rows, seen = between("v2", "shicai-caffe/v2"), between(as_file(load("v2")), "shicai-caffe/v2")
    assert causes(seen) == causes(rows)


@pytest.mark.parametrize(
    ("old", "new", "texts"),
    [
        (
            "v3-large",
            "v3-large-minimalistic",
            [
                "kernel 5 -> 3 at bottleneck 4 to 6 and bottleneck 13 to 15",
                "squeeze-and-excite removed at bottleneck 4 to 6 and bottleneck 11 to 15",
            ],
        ),
        ("v2", "v2:alpha=0.75", ["widths of 28 layers from stem/conv to bottleneck 7/project"]),
        ("v2", "v2:resolution=96", ["resolution 224 -> 96"]),
        ("v1", "v1-shallow", ["separable 14x14/1/depthwise to 14x14/5/pointwise_relu6 removed"]),
    ],
)
def test_layers_are_read_as_blocks_where_they_can_be(old, new, texts):
    """Pool, squeeze, excite and gate are one unit; all widths together are one scaling."""
    assert [c.text for c in between(as_file(load(old)), new).causes] == texts


def written_otherwise(design: Design) -> Design:
    """The same network as a Caffe file has it: other names, no blocks, norms of two layers, sums whose
    inputs stand the other way.
    """
    b = Builder()
    refs: list[int] = []
    for n, node in enumerate(design.graph.nodes):
        inputs = [refs[i] for i in node.inputs][:: -1 if isinstance(node.op, Add) else 1]
        bare = isinstance(node.op, Norm)
        op = Norm(scale=False, center=False) if bare else node.op
        ref = b.add(f"layer{n}", op, *inputs)
        refs.append(b.add(f"layer{n}/scale", Scale(), ref) if bare else ref)
    return as_file(design)._replace(graph=b.graph())


def test_a_file_with_its_own_names_is_matched_by_what_its_layers_are():
    """The stride and the expansion are found, with the places of both sides; two-layer norms are a change
    at no cost.
    """
    found = between("v2", written_otherwise(load("shicai-caffe/v2")))
    assert causes(found) == {
        "stride 2 moved from bottleneck 4/1 to 5/1 (now layer58 to layer93)": (115_492_608, 0),
        "expansion added at layer4": (12_845_056, 1_088),
    }
    assert [c.text for c in found.free] == [
        "how batch norm is written at stem to head",
        "activation relu6 -> relu at stem to head",
        "dense -> conv at classifier (now layer154)",
    ]
    same = between("shicai-caffe/v2", written_otherwise(load("shicai-caffe/v2")))
    assert (same.causes, len(same.free)) == ((), 1)


def test_norms_folded_into_biases_are_one_cause():
    """An export without batch norms has a bias instead of a scale and a shift: half of V2's 34,112 fall
    away.
    """
    b = Builder()
    refs: list[int] = []
    nodes = load("v2").graph.nodes
    for n, node in enumerate(nodes):
        if isinstance(node.op, Norm):
            refs.append(refs[node.inputs[0]])
            continue
        followed = n + 1 < len(nodes) and isinstance(nodes[n + 1].op, Norm)
        refs.append(
            b.add(
                f"layer{n}",
                node.op._replace(bias=True) if followed else node.op,
                *(refs[i] for i in node.inputs),
            )
        )
    folded = as_file(load("v2"))._replace(graph=b.graph())
    assert causes(between("v2", folded)) == {
        "batch norm folded into the biases at 52 places from stem/conv to head/conv": (0, -17_056)
    }
    (back,) = between(folded, "v2").causes
    assert back.text == "batch norm taken out of the biases at 52 places from layer1 to layer147"
    assert back.params == 17_056


def test_an_unknown_layer_makes_the_answer_partial():
    """What could not be costed is named in the text and in the data."""
    b = Builder()
    b.add("out", Conv(4, 3), b.add("odd", Unknown("Odd", 8, 8, 3), b.input("image", 8, 8, 3)))
    odd = load("v1")._replace(spec=None, graph=b.graph(left_out=("Odd (1x, first at 'odd')",)))
    found = between(odd, odd._replace(graph=_one_conv(6)))
    assert found.status == "partial"
    assert (found.before.madds, found.after.madds) == (3 * 3 * 3 * 4 * 64, 3 * 3 * 3 * 6 * 64)
    assert any("Odd (1x, first at 'odd')" in note for note in document(found).notes)


def _one_conv(out: int) -> Graph:
    b = Builder()
    b.add("out", Conv(out, 3), b.add("image", Input(8, 8, 3)))
    return b.graph()


# laws
# ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", shipped())
def test_a_design_in_pieces_is_the_same_design(name):
    """Rows unrolled, or layers one by one, laid again: the same ops on the same shapes."""
    odd = (197, 230) if name == "unet" else (97, 130)  # its unpadded convolutions take 184 of each side
    odd = (7,) * (len(shipped_spec(name).resolution) - 2) + odd
    for asked in (Settings(), Settings(alpha=0.35), Settings(resolution=odd, top=False)):
        design = load_spec(shipped_spec(name), asked)
        for by_row in (True, False):
            assert substance(state_of(design, by_row).graph()) == substance(design.graph)
        assert substance(rebuild(list(layers(design.graph)))) == substance(design.graph)


PAPERS = {"v1": "v1", "v2": "v2", "v3": "v3-large"}


@pytest.mark.parametrize("name", [n for n in shipped() if "/" in n])
def test_every_implementation_is_told_from_its_paper(name):
    """The causes of every shipped implementation add up; nothing is left unexplained, and no two causes
    say one thing.
    """
    found = between(PAPERS[name.rpartition("/")[2].split("-")[0]], name)
    check(found)
    assert len({c.text for c in (*found.causes, *found.free, *found.idle)}) == len(
        (*found.causes, *found.free, *found.idle)
    )


def check(found: Diff) -> None:
    """The causes add up to the difference of the totals, costed apart from all of this."""
    for design, totals in ((found.old, found.before), (found.new, found.after)):
        costs = cost(design.graph, design.batch)
        assert totals.params == found.convention.count_params(
            t for layer in costs.layers for t in layer.params
        )
        assert totals.madds == found.convention.madds(t for layer in costs.layers for t in layer.work)
    assert sum(c.madds for c in found.causes) == found.after.madds - found.before.madds == found.madds
    assert sum(c.params for c in found.causes) == found.after.params - found.before.params == found.params
    for c in found.causes:
        assert c.madds or c.params
        assert (sum(m for _, _, m in c.layers), sum(p for _, p, _ in c.layers)) == (c.madds, c.params)
    assert not any(c.madds or c.params for c in (*found.free, *found.idle))


def _stride(draw: Any, fields: dict[str, Any]) -> None:
    if fields.get("stride") in (1, 2):
        fields["stride"] = 3 - fields["stride"]


def _one(key: str, values: list[Any], ops: tuple[str, ...]) -> Callable[[Any, dict[str, Any], str], None]:
    def mutate(draw: Any, fields: dict[str, Any], op: str) -> None:
        if op in ops:
            fields[key] = draw(st.sampled_from(values))

    return mutate


BLOCK = ("bneck", "separable", "conv_norm")
FIELDS = [
    _one("out", [8, 24, 40, 64, 136], BLOCK),
    _one("stride", [1, 2], BLOCK),
    _one("kernel", [1, 3, 5], ("bneck", "separable")),
    _one("se", [0, 0.25, 0.5], ("bneck",)),
    _one("activation", ["relu", "hswish", "none"], BLOCK),
    _one("expand", [1, 3, 6], ("bneck",)),
    _one("bias", [True, False], BLOCK),
    _one("norm", [True, False], BLOCK),
    _one("shortcut", [True, False], ("bneck",)),
    _one("fused", [True, False], ("bneck",)),
]
RULES = [
    lambda r: r._replace(style=r.style._replace(bias=not r.style.bias, activation="swish")),
    lambda r: r._replace(widths=r.widths._replace(rounding="truncate")),
    lambda r: r._replace(expansion=r.expansion._replace(when="always", of="printed")),
    lambda r: r._replace(se=r.se._replace(of="input", layers="dense")),
]


@st.composite
def mutants(draw: Any, spec: Spec) -> Design:
    """A design after a few changes of the sorts that people make."""
    rows, rules = list(spec.layers), spec.rules
    for _ in range(draw(st.integers(0, 4))):
        n = draw(st.integers(0, len(rows) - 1))
        what = draw(st.sampled_from(["field", "field", "field", "remove", "add", "move", "repeat", "rule"]))
        if what == "remove" and len(rows) > 3:
            rows.pop(n)
        elif what == "add":
            rows.insert(n, rows[n]._replace(name=""))
        elif what == "move":
            rows.insert(draw(st.integers(0, len(rows) - 1)), rows.pop(n))
        elif what == "repeat":
            rows[n] = rows[n]._replace(repeat=draw(st.integers(1, 3)))
        elif what == "rule":
            rules = draw(st.sampled_from(RULES))(rules)
        else:
            fields = dict(rows[n].fields)
            draw(st.sampled_from(FIELDS))(draw, fields, rows[n].op)
            if "expand" in fields and rows[n].op == "bneck":
                fields.pop("exp", None)
            if "out" in fields and rows[n].op == "conv_norm":
                fields.pop("expand", None)
            rows[n] = rows[n]._replace(fields=fields)
    size = draw(st.sampled_from([None, (96, 96), (65, 130)]))
    asked = Settings(
        alpha=draw(st.sampled_from([None, 0.5, 0.75, 1.3])),
        resolution=size and (*(5 for _ in spec.resolution[2:]), *size),
        classes=draw(st.sampled_from([None, 10])),
        top=draw(st.sampled_from([None, False])),
        batch=draw(st.sampled_from([None, 3])),
    )
    try:
        return load_spec(spec._replace(layers=tuple(rows), rules=rules), asked)
    except MnetcostError:
        return load_spec(spec, asked)  # a change that does not fit is none


@settings(max_examples=40)  # two mutants, by row and by layer, both ways: eight walks each
@given(data=st.data())
def test_causes_add_up_whatever_changed(data):
    """For any two mutants of a shipped design, by row and by layer: the sum is exact, and turns its sign
    with the order.
    """
    spec = shipped_spec(data.draw(st.sampled_from([n for n in shipped() if "152" not in n])))
    old, new = data.draw(mutants(spec)), data.draw(mutants(spec))
    convention = load_convention(data.draw(st.sampled_from(convention_names())))
    for a in (old, as_file(old)):
        there, back = diff(a, new, convention), diff(new, a, convention)
        check(there)
        check(back)
        assert (there.madds, there.params) == (-back.madds, -back.params)
        same = diff(a, a, convention)
        assert same.identical
        assert (same.causes, same.free, same.idle) == ((), (), ())


def test_a_row_that_became_another_op_is_one_change():
    """An author's name outweighs everything: the row is the same, its op and kernel are not."""
    old, new = (
        changed("v2", lambda rows, op=op, fields=fields: rows.insert(1, Row(op, fields, "extra")))
        for op, fields in (
            ("max_pool", {"kernel": 3, "stride": 1, "padding": "same"}),
            ("depthwise", {"kernel": 5}),
        )
    )
    # 25 weights a channel of 32 at 112x112, where the pool has none; its norm is no part of a single op
    assert causes(between(old, new)) == {"max pool -> depthwise at extra": (25 * 32 * 112 * 112, 25 * 32)}


@given(old=grown_specs(), new=grown_specs())
def test_whatever_a_spec_may_say_is_told_apart(old, new):
    """Rows of every op in whatever order, reading from anywhere: the sum is exact by row and by layer."""
    try:
        a, b = (
            load_spec(read_spec(toml(tree), "x.toml", "x", None, parent_of), Settings())
            for tree in (old, new)
        )
    except MnetcostError:
        return
    if len(a.graph.nodes) + len(b.graph.nodes) < 2000:
        check(diff(a, b, PAPER))
        check(diff(as_file(a), b, PAPER))


def test_a_style_that_a_row_cannot_hold_is_a_change_of_the_rule():
    """A fire row has no field `norm`: [style] without norms takes 2 x (4 + 16 + 16) = 72 params from it."""
    row = "resolution = 32\nlayers = [{ op = 'fire', squeeze = 4, out = 32 }]\n"
    with_norms, without = (
        load_spec(read_spec(text, "x.toml", "x", None, parent_of), Settings())
        for text in (row, row + "[style]\nnorm = false\n")
    )
    assert causes(between(with_norms, without)) == {"style.norm: yes -> no at fire 1": (0, -72)}
    assert causes(between(without, with_norms)) == {"style.norm: no -> yes at fire 1": (0, 72)}


def test_a_sum_that_is_not_exact_would_not_pass_unseen(monkeypatch):
    """A walk that forgets a change is stopped, not reported."""
    whole = module.script

    def forgetful(start: Any, end: Any) -> Any:
        found = whole(start, end)
        return found._replace(changes=found.changes[1:])

    monkeypatch.setattr(module, "script", forgetful)
    with pytest.raises(AssertionError, match="do not lead to the new design"):
        between("v2", "v2:alpha=0.5")
