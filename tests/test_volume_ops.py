"""Is every op on a volume counted right, or refused by name?

The volume is 4 x 6 x 8 with 12 channels: 192 positions, 2,304 numbers. Every figure is worked out by hand.
"""

from __future__ import annotations

from typing import Any

import pytest

from mnetcost.designs import Settings, load_spec
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.graph import Builder
from mnetcost.engine.ops import OPS
from mnetcost.engine.shapes import Shape, Volume
from mnetcost.errors import MnetcostError, ShapeError

from .test_block_layers import LAYERS
from .test_following import spec_in

CLIP = Volume(4, 6, 8, 12)
VECTOR = Shape(1, 1, 12)

# fields; other inputs; the output; parameters by kind; work by kind, without what pools read and write
COUNTED: dict[str, tuple[dict[str, Any], tuple[Any, ...], Any, dict[str, int], dict[str, int]]] = {
    "conv3d": (
        {"out": 10, "kernel": (3, 1, 3), "stride": (1, 2, 2), "bias": True},
        (),
        Volume(4, 3, 4, 10),
        {"conv": 9 * 12 * 10, "bias": 10},
        {"conv": 9 * 12 * 10 * 48, "bias": 10 * 48},
    ),
    "depthwise3d": (
        {"kernel": 3, "stride": 2, "multiplier": 2},
        (),
        Volume(2, 3, 4, 24),
        {"depthwise": 27 * 24},
        {"depthwise": 27 * 24 * 24},
    ),
    # two groups of 6 channels each, read from the input's positions and from the output's
    "transposed_conv3d": (
        {"out": 4, "kernel": (1, 2, 2), "stride": (1, 2, 2), "groups": 2, "bias": True},
        (),
        Volume(4, 12, 16, 4),
        {"grouped": 4 * 12 * 2, "bias": 4},
        {"grouped": 4 * 12 * 2 * 192, "transposed_output": 4 * 6 * 4 * 768, "bias": 4 * 768},
    ),
    "dense": (
        {"out": 5},
        (),
        Volume(4, 6, 8, 5),
        {"dense": 60, "bias": 5},
        {"dense": 60 * 192, "bias": 5 * 192},
    ),
    "norm": ({}, (), CLIP, {"norm": 24, "norm_statistics": 24}, {"norm": 2304}),
    "scale": ({}, (), CLIP, {"norm": 24}, {"norm": 2304}),
    "bias": ({}, (), CLIP, {"bias": 12}, {"bias": 2304}),
    "layer_norm": ({}, (), CLIP, {"norm": 24}, {"norm": 2304}),
    "rms_norm": ({}, (), CLIP, {"norm": 12}, {"norm": 2304}),
    "group_norm": ({"groups": 4}, (), CLIP, {"norm": 24}, {"norm": 2304}),
    "instance_norm": ({}, (), CLIP, {"norm": 24}, {"norm": 2304}),
    "l2_norm": ({}, (), CLIP, {"norm": 12}, {"norm": 2304}),
    "activation": ({}, (), CLIP, {}, {"activation": 2304}),
    "prelu": ({"slopes": 12}, (), CLIP, {"activation": 12}, {"activation": 2304}),
    "rescale": ({}, (), CLIP, {}, {"rescale": 2304}),
    "max_pool3d": (
        {"kernel": (1, 3, 2), "stride": (1, 3, 2)},
        (),
        Volume(4, 2, 4, 12),
        {},
        {"pool": 6 * 12 * 32},
    ),
    "avg_pool3d": ({}, (), Volume(2, 3, 4, 12), {}, {"pool": 8 * 12 * 24}),
    "global_pool": ({}, (), VECTOR, {}, {"pool": 2304}),
    # 4 in 2 parts of 2; 6 in 4 parts that read 6 + 4 - 2; 8 in 8 of 1
    "adaptive_pool3d": ({"size": (2, 4, 8)}, (), Volume(2, 4, 8, 12), {}, {"pool": 12 * 4 * 8 * 8}),
    "add": ({}, (CLIP, CLIP), CLIP, {}, {"add": 2 * 2304}),
    "elementwise": ({"combine": "maximum"}, (VECTOR,), CLIP, {}, {"elementwise": 2304}),
    "gate": ({}, (VECTOR,), CLIP, {}, {"gate": 2304}),
    "concat": ({}, (CLIP,), Volume(4, 6, 8, 24), {}, {}),
    "upsample3d": ({"scale": (1, 2, 3)}, (), Volume(4, 12, 24, 12), {}, {"upsample": 6 * 2304}),
    "pad3d": ({"padding": (0, 1, 0, 2, 3, 0)}, (), Volume(5, 8, 11, 12), {}, {}),
    "crop3d": ({"d": 4, "h": 5, "w": 1}, (), Volume(4, 5, 1, 12), {}, {}),
    "tail": ({}, (), Shape(1, 1, 1), {}, {"tail": 1}),
    "flatten": ({}, (), Shape(1, 1, 2304), {}, {}),
    "reshape": ({"h": 24, "w": 8, "c": 12}, (), Shape(24, 8, 12), {}, {}),
    "dropout": ({}, (), CLIP, {}, {}),
    "reduce": ({"over": "depth", "by": "mean"}, (), Volume(1, 6, 8, 12), {}, {"reduce": 2304}),
    "slice": ({"channels": 5, "start": 7}, (), Volume(4, 6, 8, 5), {}, {}),
    "shuffle": ({"groups": 3}, (), CLIP, {}, {}),
    "map_to_tokens": ({}, (), Shape(192, 1, 12), {}, {}),
    "class_token": ({}, (), Shape(193, 1, 12), {"table": 12}, {}),
    "positions": ({}, (), CLIP, {"table": 2304}, {"add": 2304}),
}
CLIPS = "resolution = [4, 6, 8]\nchannels = 12\nlayers = [{rows}]\n"
READ_AND_WRITTEN = ("pool_input", "pool_output")


def costed(word: str, fields: dict[str, Any], *others: Any) -> Costs:
    """The costs of one op behind the volume and other inputs."""
    b = Builder()
    sizes = [(x.h, x.w, x.c, x.d) if isinstance(x, Volume) else tuple(x) for x in (CLIP, *others)]
    inputs = [b.input(f"input {n}", *size) for n, size in enumerate(sizes)]
    cls = OPS[word]
    needed = [1] * sum(f not in cls._field_defaults and f not in fields for f in cls._fields)
    b.add("it", cls(*needed, **fields), *inputs)
    return cost(b.graph())


def test_every_op_that_takes_volumes_is_in_the_table() -> None:
    """A new op that takes them needs a row."""
    assert set(COUNTED) == {word for word, cls in OPS.items() if cls.volumes}


@pytest.mark.parametrize("word", list(COUNTED))
def test_an_op_on_a_volume_is_counted_at_every_position(word: str) -> None:
    fields, others, output, params, work = COUNTED[word]
    costs = costed(word, fields, *others)
    done = {kind: n for kind, n in costs.work_by_kind().items() if kind not in READ_AND_WRITTEN}
    assert costs.layers[-1].output == output
    assert ({k: n for k, n in costs.params_by_kind().items() if n}, done) == (params, work)


@pytest.mark.parametrize("word", [w for w in COUNTED if "pool" in w])
def test_a_pool_reads_and_writes_whole_volumes(word: str) -> None:
    """Some tools count these instead of windows."""
    fields, _, output, *_ = COUNTED[word]
    work = costed(word, fields).work_by_kind()
    assert (work["pool_input"], work["pool_output"]) == (2304, output.elements)


@pytest.mark.parametrize("word", [w for w, cls in OPS.items() if not cls.volumes])
def test_an_op_that_takes_no_volume_says_so_by_name(word: str) -> None:
    """Whatever its fields are, and in whichever input the volume is."""
    reads = OPS[word].reads or 2
    for n in range(reads):
        others = [CLIP if i == n else VECTOR for i in range(1, reads)]
        with pytest.raises(
            ShapeError, match=f"{OPS[word].label} takes maps of height and width, not a volume"
        ):
            costed(word, {}, *others)


@pytest.mark.parametrize("case", [case for case in LAYERS if '"se"' not in LAYERS[case][0]])
def test_a_block_on_a_volume_is_refused_by_name(case: str) -> None:
    """Every block, as the table of their layers has it: one of its layers takes no volume."""
    with pytest.raises(MnetcostError, match=r"(conv|depthwise|attention) takes .* not a volume"):
        volume_costs(CLIPS.format(rows=LAYERS[case][0]))


def test_squeeze_and_excite_gates_a_volume() -> None:
    """12 -> 8 (3, rounded) -> 12 with biases, on the vector of means."""
    costs = volume_costs(CLIPS.format(rows='{ op = "se" }'))
    work = costs.work_by_kind()
    assert (sum(costs.params_by_kind().values()), work["pointwise"]) == (96 + 8 + 96 + 12, 192)
    assert (work["pool"], work["gate"]) == (2304, 2304)


def volume_costs(text: str) -> Costs:
    """The costs of a spec at its own size."""
    return cost(load_spec(spec_in(text), Settings()).graph)


@pytest.mark.parametrize("op", ["resize", "crop", "tokens_to_map"])
def test_the_size_of_a_volume_is_no_size_of_a_map(op: str) -> None:
    """`like` takes a height and a width."""
    rows = f'{{ op = "global_pool", name = "mean" }}, {{ op = "{op}", like = "input" }}'
    with pytest.raises(MnetcostError, match="'like' names a row that gives a volume of 4x6x8x12, not a map"):
        volume_costs(CLIPS.format(rows=rows))


def test_a_map_has_no_depth_to_reduce_over() -> None:
    with pytest.raises(MnetcostError, match="a map of 6x8x3 has no depth"):
        volume_costs('resolution = [6, 8]\nlayers = [{ op = "reduce", over = "depth" }]\n')
