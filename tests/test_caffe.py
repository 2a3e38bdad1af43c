"""Caffe's rules, on nets of the papers and on nets of a few layers."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mnetcost.designs import Design, Settings, load
from mnetcost.designs.caffe.layers import LAYERS
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.ops.moves import Reshape
from mnetcost.engine.terms import MAC_KINDS
from mnetcost.errors import CallError, MnetcostError, SpecError, UnknownOpError

from . import prototxts as nets


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Design]:
    """Read a net's text as a file."""

    def as_file(text: str, settings: Settings | None = None) -> Design:
        path = tmp_path / "net.prototxt"
        path.write_text(text)
        return load(str(path), settings)

    return as_file


Read = Callable[..., Design]


def totals(costs: Costs) -> tuple[int, int]:
    """Multiply-adds and learned parameters."""
    work, params = costs.work_by_kind(), costs.params_by_kind()
    return sum(work.get(k, 0) for k in MAC_KINDS), sum(v for k, v in params.items() if k != "norm_statistics")


def small(layers: str, c: int = 4, h: int = 8, w: int = 8, images: int = 1) -> str:
    return f'input: "data" input_dim: {images} input_dim: {c} input_dim: {h} input_dim: {w}\n' + layers


def layer(type_: str, params: str = "", bottoms: str = "data", tops: str = "y", name: str = "y") -> str:
    reads = "".join(f' bottom: "{b}"' for b in bottoms.split())
    gives = "".join(f' top: "{t}"' for t in tops.split())
    return f'layer {{ name: "{name}" type: "{type_}"{reads}{gives} {params} }}\n'


ZOO = {  # multiply-adds, learned parameters
    "alexnet": (nets.alexnet(), 724_406_816, 60_965_224),  # the figures of BVLC's bvlc_alexnet
    "vgg16": (nets.vgg16(), 15_470_264_320, 138_357_544),  # torchvision 0.28.0 vgg16: the same
    "squeezenet": (nets.squeezenet(), 861_339_936, 1_248_424),  # its authors' v1.0
    "googlenet": (nets.googlenet(), 1_582_671_872, 6_998_552),  # bvlc_googlenet
    "resnet50": (nets.resnet50(), 3_857_973_248, 25_557_032),  # its authors' (and 64 biases of conv1 there)
    "se_resnet50": (nets.resnet50(nets.squeeze_excite), 3_860_488_192, 28_088_024),  # its authors'
    "densenet121": (nets.densenet121(), 2_834_161_664, 7_978_856),  # torchvision 0.28.0 densenet121: the same
    "mobilenet": (nets.mobilenet(), 568_740_352, 4_231_976),  # the paper's 569 M and 4.2 M
    "mobilenet_v2": (
        nets.mobilenet_v2(nets.SHICAI_ROWS),
        429_111_936,
        3_505_960,
    ),  # github shicai/MobileNet-Caffe
    "mobilenet_v2_depthwise": (
        nets.mobilenet_v2(nets.SHICAI_ROWS, "DepthwiseConvolution"),
        429_111_936,
        3_505_960,
    ),
    "mobilenet_v2_forked": (
        nets.mobilenet_v2(nets.SHICAI_ROWS, "ConvolutionDepthwise"),
        429_111_936,
        3_505_960,
    ),
}


@pytest.mark.parametrize("name", ZOO)
def test_a_published_net_costs_what_is_known(name: str, read: Read) -> None:
    """To the digit, whatever batch the file has."""
    text, madds, params = ZOO[name]
    assert totals(cost(read(text).graph)) == (madds, params)


def test_the_statistics_of_a_batch_norm_are_two_a_channel_and_one_more(read: Read) -> None:
    """Mean, variance and the number they are divided by; scale and shift are the Scale layer's."""
    costs = cost(
        read(
            small(layer("BatchNorm") + layer("Scale", "scale_param { bias_term: true }", "y", "z", "z"))
        ).graph
    )
    assert costs.params_by_kind() == {"norm_statistics": 9, "norm": 8}
    assert [t.count for t in costs.layers[0].params] == [8, 1]


FILLED = 'slope_filler { type: "constant" value: 1 } bias_filler { value: 0 }'
NORMS: list[tuple[str, str, dict[str, int]]] = [  # a layer on 4 channels, and what it holds
    (
        "BN",
        f"bn_param {{ {FILLED} frozen: true momentum: 0.95 }}",
        {"norm": 8, "norm_statistics": 8},
    ),  # PSPNet and ICNet
    ("BN", "", {"norm": 8, "norm_statistics": 8}),
    ("BN", "param { lr_mult: 1 } " * 4, {"norm": 8, "norm_statistics": 8}),
    ("BN", "param { lr_mult: 1 } " * 2, {"norm": 8}),  # SegNet: two blobs
    ("BN", "bn_param { scale_filler { value: 1 } shift_filler { value: 0.001 } }", {"norm": 8}),
    ("BN", "bn_param { bn_mode: INFERENCE }", {"norm": 8}),
    (
        "BatchNorm",
        "batch_norm_param { scale_bias: true scale_filler { value: 1 } }",
        {"norm": 8, "norm_statistics": 9},
    ),  # NVIDIA
    ("BatchNorm", "batch_norm_param { use_global_stats: true eps: 1e-5 }", {"norm_statistics": 9}),
    ("MVN", "mvn_param { across_channels: true }", {}),
]


@pytest.mark.parametrize(("type_", "params", "held"), NORMS, ids=[f"{n}-{x[0]}" for n, x in enumerate(NORMS)])
def test_a_norm_of_each_fork_holds_what_it_learns_and_stores(
    type_: str, params: str, held: dict[str, int], read: Read
) -> None:
    """Slope and bias, or scale and shift, a channel; mean and variance where the fork stores them."""
    costs = cost(read(small(layer(type_, params))).graph)
    assert costs.params_by_kind() == held
    assert costs.work_by_kind() == {"norm": 256}


def test_a_field_that_would_change_a_norm_is_not_passed_over(read: Read) -> None:
    """What is not understood might be parameters."""
    with pytest.raises(SpecError, match="no field 'scale_bais' is known here"):
        read(small(layer("BatchNorm", "batch_norm_param { scale_bais: true }")))


PADDED = [  # side, kernel, stride, padding, output of a convolution and of a pool, height by width
    ("pad_l: 0 pad_r: 1 pad_t: 0 pad_b: 1", 3, 2, (4, 4), (4, 4)),  # (8 + 1 - 3) / 2 + 1
    ("pad_t: 2 pad_b: 0", 3, 1, (8, 6), (8, 6)),  # a side that is not named has none
    ("pad_left: 1 pad_right: 1", 3, 1, (6, 8), (6, 8)),
    (
        "pad: 0 pad_top: 1 pad_bottom: 1 pad_left: 1 pad_right: 1",
        3,
        2,
        (4, 4),
        (5, 5),
    ),  # a pool rounds up: (8 + 2 - 3) / 2 = 3.5
    ("pad_type: SAME", 3, 2, (4, 4), (4, 4)),
    ("pad_type: 'SAME_UPPER'", 3, 1, (8, 8), (8, 8)),
    ("pad_type: VALID", 3, 2, (3, 3), (3, 3)),
]


@pytest.mark.parametrize(("pads", "kernel", "stride", "out", "pooled"), PADDED, ids=[p[0] for p in PADDED])
def test_padding_may_be_given_for_each_side(
    pads: str, kernel: int, stride: int, out: tuple[int, int], pooled: tuple[int, int], read: Read
) -> None:
    """As forks for nets of TensorFlow have it, whose SAME adds more behind than before."""
    window = f"kernel_size: {kernel} stride: {stride} {pads}"
    assert read(small(layer("Convolution", f"convolution_param {{ num_output: 6 {window} }}"))).graph.nodes[
        -1
    ].output == (*out, 6)
    assert read(small(layer("Pooling", f"pooling_param {{ {window} }}"))).graph.nodes[-1].output == (
        *pooled,
        4,
    )
    if "pad_type" not in pads:
        deconvolved = small(layer("Deconvolution", f"convolution_param {{ num_output: 6 {window} }}"))
        numbers = {w[:-1]: int(n) for w, n in zip(pads.split()[::2], pads.split()[1::2], strict=True)}
        tall = sum(n for w, n in numbers.items() if w[4:5] in ("t", "b"))
        assert read(deconvolved).graph.nodes[-1].output.h == 7 * stride + kernel - tall


@pytest.mark.parametrize(
    "pads",
    ["pad: 1 pad_l: 1", "pad_l: 1 pad_left: 1", "pad_type: SOME", "pad_type: SAME pad_t: 1", "pad_type: 1"],
)
def test_padding_that_is_given_twice_or_not_understood_is_refused(pads: str, read: Read) -> None:
    """None of two is a guess that is made."""
    for type_, message in (
        ("Convolution", "convolution_param { num_output: 6"),
        ("Pooling", "pooling_param {"),
    ):
        with pytest.raises(SpecError, match="pad"):
            read(small(layer(type_, f"{message} kernel_size: 3 {pads} }}")))


POOLS = [  # side, kernel, stride, pad, more, output
    (224, 3, 2, 0, "", 112),  # 110.5 rounds up
    (8, 3, 2, 1, "", 5),  # ceil(7 / 2) + 1, and the last window starts at 8, still before 8 + 1
    (8, 2, 2, 1, "", 5),  # ceil(8 / 2) + 1, the last starts at 8, before 9
    (7, 2, 2, 1, "", 4),  # ceil(7 / 2) + 1 = 5, and the last would start at 8, where the padding ends
    (8, 1, 2, 0, "", 5),  # without padding nothing is dropped: the last window lies outside of the map
    (1, 2, 2, 0, "", 1),  # larger than the map, and still there once
    (8, 3, 2, 0, "round_mode: FLOOR", 3),
    (8, 3, 2, 0, "round_mode: 1", 3),
    (8, 3, 2, 0, "ceil_mode: false", 3),
]


@pytest.mark.parametrize(("side", "kernel", "stride", "pad", "more", "out"), POOLS)
def test_pooling_rounds_and_drops_as_caffe_does(
    side: int, kernel: int, stride: int, pad: int, more: str, out: int, read: Read
) -> None:
    """pooling_layer.cpp: up, and the last window goes if it starts past the padding, but only where there
    is padding.
    """
    text = layer("Pooling", f"pooling_param {{ kernel_size: {kernel} stride: {stride} pad: {pad} {more} }}")
    assert read(small(text, 4, side, side)).graph.nodes[-1].output == (out, out, 4)


SHAPES: list[tuple[str, tuple[int, int, int]]] = [
    (
        layer(
            "Convolution",
            "convolution_param { num_output: 6 kernel_h: 3 kernel_w: 1 pad_h: 1 stride_h: 2 stride_w: 1 }",
        ),
        (4, 8, 6),
    ),
    (
        layer(
            "Convolution",
            "convolution_param { num_output: 6 kernel_size: 3 kernel_size: 1 stride: 2 stride: 1 pad: 1"
            " pad: 0 }",
        ),
        (4, 8, 6),
    ),
    (layer("Convolution", "convolution_param { num_output: 6 kernel_size: 3 dilation: 2 }"), (4, 4, 6)),
    (layer("Convolution", "convolution_param { num_output: 6 kernel_size: 3 hole: 2 }"), (4, 4, 6)),
    (
        layer(
            "Deconvolution",
            "convolution_param { num_output: 4 kernel_size: 4 stride: 2 pad: 1 group: 4 bias_term: false }",
        ),
        (16, 16, 4),
    ),
    (layer("Pooling", "pooling_param { pool: AVE global_pooling: true }"), (1, 1, 4)),
    (layer("InnerProduct", "inner_product_param { num_output: 5 }"), (1, 1, 5)),
    (layer("Flatten"), (1, 1, 256)),
    (layer("Reshape", "reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 8 } }"), (16, 8, 2)),
    (layer("Reshape", "reshape_param { shape { dim: -1 } axis: 1 num_axes: 2 }"), (32, 1, 8)),
    (layer("Permute", "permute_param { order: 0 order: 2 order: 3 order: 1 }"), (8, 4, 8)),
    (layer("Reorg", "reorg_param { stride: 2 }"), (4, 4, 16)),
    (layer("ShuffleChannel", "shuffle_channel_param { group: 2 }"), (8, 8, 4)),
    (layer("Slice", "slice_param { slice_point: 1 }", tops="y z"), (8, 8, 3)),
    (layer("Slice", "slice_param { axis: 2 }", tops="y z"), (4, 8, 4)),
    (layer("Concat", "", "data data"), (8, 8, 8)),
    (layer("Tile", "tile_param { tiles: 3 }"), (8, 8, 12)),
    (layer("Tile", "tile_param { axis: 2 tiles: 2 }"), (16, 8, 4)),
    (layer("Concat", "concat_param { axis: 2 }", "data data"), (16, 8, 4)),
    (layer("Concat", "concat_param { concat_dim: 1 }", "data data"), (8, 8, 8)),
    (
        layer("PriorBox", "prior_box_param { min_size: 60 aspect_ratio: 2 aspect_ratio: 2 }", "data data"),
        (2, 1, 8 * 8 * 3 * 4),
    ),
    (
        layer(
            "PriorBox",
            "prior_box_param { min_size: 60 max_size: 90 aspect_ratio: 2 flip: false }",
            "data data",
        ),
        (2, 1, 768),
    ),
    (layer("Interp", "interp_param { zoom_factor: 2 }"), (15, 15, 4)),
    (layer("Upsample", "upsample_param { scale: 2 }"), (16, 16, 4)),
    (
        layer("Pooling", "pooling_param { kernel_size: 2 stride: 2 }", tops="p", name="p")
        + layer("Crop", "", "data p"),
        (4, 4, 4),
    ),
    (layer("Reduction", "reduction_param { axis: 1 operation: MEAN }"), (1, 1, 1)),
    (layer("ArgMax", "argmax_param { axis: 1 }"), (8, 8, 1)),
]


@pytest.mark.parametrize("images", [1, 10])
@pytest.mark.parametrize(("text", "shape"), SHAPES, ids=[str(n) for n in range(len(SHAPES))])
def test_a_layer_gives_the_shape_that_caffe_gives(
    text: str, shape: tuple[int, int, int], images: int, read: Read
) -> None:
    """One image's share of the blob, the same for any batch in the file."""
    assert read(small(text, images=images)).graph.nodes[-1].output == shape


def work(text: str, read: Read) -> dict[str, int]:
    return cost(read(text).graph).work_by_kind()


def test_a_scale_of_two_bottoms_and_a_product_are_gates(read: Read) -> None:
    """They multiply a map and have no parameters."""
    pooled = layer("Pooling", "pooling_param { pool: AVE global_pooling: true }", tops="p", name="p")
    vector = layer("Flatten", "", "p", "v", "v")
    for text in (
        pooled + layer("Scale", "scale_param { axis: 0 }", "data p"),
        pooled + vector + layer("Scale", "scale_param { axis: 0 }", "data v"),
        layer("Eltwise", "eltwise_param { operation: PROD }", "data data"),
    ):
        costs = cost(read(small(text)).graph)
        assert costs.work_by_kind()["gate"] == 256
        assert costs.params_by_kind() == {}


def test_hswish_may_stand_in_pieces(read: Read) -> None:
    """x (relu6(x + 3) / 6): two rescalings, an activation and a gate of 256 numbers each."""
    text = (
        layer("Power", "power_param { shift: 3 }", tops="a", name="a")
        + layer("ReLU6", "", "a", "a", "b")
        + layer("Power", "power_param { scale: 0.1666667 }", "a", "c", "c")
        + layer("Eltwise", "eltwise_param { operation: PROD }", "data c")
    )
    assert work(small(text), read) == {"rescale": 512, "activation": 256, "gate": 256}


def test_axpy_is_a_gate_and_a_sum(read: Read) -> None:
    """a x + y over 256 numbers."""
    text = layer("Pooling", "pooling_param { global_pooling: true }", tops="p", name="p") + layer(
        "Axpy", "", "p data data"
    )
    got = work(small(text), read)
    assert (got["gate"], got["add"]) == (256, 256)


def test_lrn_looks_at_a_window_of_channels_or_of_positions(read: Read) -> None:
    """5 channels, or 5 x 5 positions, around each of 256 numbers."""
    assert work(small(layer("LRN")), read) == {"lrn": 5 * 256}
    assert work(small(layer("LRN", "lrn_param { norm_region: WITHIN_CHANNEL }")), read) == {"lrn": 25 * 256}


def test_a_prelu_learns_a_slope_a_channel_or_one(read: Read) -> None:
    """He et al. 2015."""
    assert cost(read(small(layer("PReLU"))).graph).params_by_kind() == {"activation": 4}
    assert cost(
        read(small(layer("PReLU", "prelu_param { channel_shared: true }"))).graph
    ).params_by_kind() == {"activation": 1}


PHASES = layer("Convolution", "include { phase: TRAIN } convolution_param { num_output: 9 kernel_size: 1 }")


def test_layers_are_those_of_test_time(read: Read) -> None:
    """What trains is left out, what tests is there, levels and stages too."""
    test = layer("Convolution", "include { phase: TEST } convolution_param { num_output: 2 kernel_size: 1 }")
    staged = layer(
        "Convolution", 'include { stage: "deploy" } convolution_param { num_output: 7 kernel_size: 1 }'
    )
    never = layer("Convolution", "exclude { phase: TEST } convolution_param { num_output: 8 kernel_size: 1 }")
    assert [n.output.c for n in read(small(PHASES + test + staged + never)).graph.nodes] == [4, 2]
    assert [n.output.c for n in read(small('state { stage: "deploy" }' + PHASES + staged)).graph.nodes] == [
        4,
        7,
    ]


def test_weights_that_layers_share_by_name_are_counted_once(read: Read) -> None:
    """Caffe's `param { name }`; a bias of its own is counted where it is."""
    params = "convolution_param { num_output: 4 kernel_size: 1 }"
    one = layer("Convolution", f'param {{ name: "w" }} param {{ name: "b" }} {params}', tops="a", name="a")
    same = layer("Convolution", f'param {{ name: "w" }} param {{ name: "b" }} {params}', "a", "b", "b")
    own_bias = layer("Convolution", f'param {{ name: "w" }} {params}', "b", "c", "c")
    got = cost(read(small(one + same + own_bias)).graph)
    assert got.params_by_kind() == {"pointwise": 16, "bias": 8}
    assert got.work_by_kind() == {"pointwise": 3 * 16 * 64, "bias": 3 * 4 * 64}


def test_old_nets_are_read_by_their_old_names(read: Read) -> None:
    """`layers { type: CONVOLUTION }`, and `input_shape` or an Input layer for `input_dim`."""
    old = (
        'layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" convolution_param { num_output: 2'
        " kernel_size: 3 } }"
    )
    assert totals(cost(read(small(old)).graph)) == (2 * 4 * 9 * 36, 74)
    new = layer("Convolution", "convolution_param { num_output: 2 kernel_size: 3 }")
    shape = "shape { dim: 10 dim: 4 dim: 8 dim: 8 }"
    assert totals(cost(read(f'input: "data" input_shape {shape[5:]}' + new).graph)) == (2 * 4 * 9 * 36, 74)
    source = f'layer {{ name: "in" type: "Input" top: "data" input_param {{ {shape} }} }}'
    assert totals(cost(read(source + new).graph)) == (2 * 4 * 9 * 36, 74)


def test_data_from_a_database_is_as_large_as_its_crop_or_as_asked(read: Read) -> None:
    """A training file is costed at test time, with its losses left out."""
    head = 'layer { name: "d" type: "Data" top: "data" top: "label" %s data_param { batch_size: 50 } }\n'
    rest = layer("InnerProduct", "inner_product_param { num_output: 2 }") + layer(
        "SoftmaxWithLoss", "", "y label", "loss", "loss"
    )
    rest += layer("Accuracy", "", "y label", "accuracy", "accuracy")
    assert totals(cost(read(head % "transform_param { crop_size: 8 }" + rest).graph))[0] == 3 * 64 * 2
    with pytest.raises(SpecError, match="does not say how large its images are"):
        read(head % "" + rest)
    assert totals(cost(read(head % "" + rest, Settings(resolution=(4, 4))).graph))[0] == 3 * 16 * 2


def test_resolution_and_batch_are_followed_and_alpha_is_not(read: Read) -> None:
    """Another size is propagated anew; widths are the file's."""
    at_192 = read(nets.mobilenet(), Settings(resolution=(192, 192), batch=2))
    assert totals(cost(at_192.graph, at_192.batch))[0] == 2 * (
        567_716_352 * 36 // 49 + 1_024_000
    )  # (192 / 224)^2 of all but the last layer
    assert read(nets.mobilenet(), Settings(rho=0.5)).resolution == (112, 112)
    for settings in (Settings(alpha=0.5), Settings(classes=10), Settings(top=False)):
        with pytest.raises(CallError, match="model file"):
            read(nets.mobilenet(), settings)


def test_an_unknown_layer_stops_and_may_be_left_out(read: Read) -> None:
    """Its name, its number and its place; then the result is partial."""
    text = small(
        layer("Roll", tops="r", name="first")
        + layer("Roll", "", "r", "s", "second")
        + layer("InnerProduct", "inner_product_param { num_output: 2 }", "s")
    )
    with pytest.raises(UnknownOpError, match=r"cannot cost Roll \(2x, first at 'first'\)"):
        read(text)
    costs = cost(read(text, Settings(allow_unknown=True)).graph)
    assert costs.status == "partial"
    assert costs.graph.left_out == ("Roll (2x, first at 'first')",)
    assert costs.work_by_kind() == {"dense": 512, "bias": 2}


def test_layers_of_one_name_are_told_apart(read: Read) -> None:
    """Caffe takes them; a graph numbers them."""
    text = layer("ReLU", "", "data", "data", "same") + layer("ReLU", "", "data", "data", "same")
    assert [n.name for n in read(small(text)).graph.nodes] == ["data", "same", "same (2)"]


BAD = [
    ("", "has no layers"),
    ("base_lr: 0.1 net: 'x'", "solver's file"),
    (small(layer("ReLU", "", "dta")), "no layer before it gives 'dta'"),
    (
        small(layer("Input", "include { phase: TRAIN }", "", "x") + layer("ReLU", "", "x")),
        "its deploy.prototxt has an input",
    ),
    (small(layer("ReLU", "", "y")), "no layer before it gives 'y'"),  # a cycle
    (small(layer("ReLU") + layer("ReLU", name="z")), "another layer gives 'y' already"),
    (small(layer("Convolution", "convolution_param { kernel_size: 3 }")), "'num_output' is missing"),
    (small(layer("Convolution", "convolution_param { num_output: 3 }")), "'kernel_size' is missing"),
    (
        small(layer("Convolution", "convolution_param { num_output: 3 kernel_sise: 3 }")),
        "no field 'kernel_sise' is known here",
    ),
    (
        small(layer("Convolution", "convolution_param { num_output: 3 kernel_size: 9 }")),
        "does not fit into 8",
    ),
    (
        small(layer("Convolution", f"convolution_param {{ num_output: {2**60} kernel_size: 1 }}")),
        "must be a whole number from 1 to",
    ),
    (
        small(layer("Convolution", "convolution_param { num_output: 4 kernel_size: 1 group: 3 }")),
        "3 groups do not divide 4",
    ),
    (small(layer("Convolution", "convolution_param: 3")), "must be a message"),
    (
        small(layer("Scale", "scale_param { bias_term: yes }")),
        "'bias_term' must be true or false, not \"yes\"",
    ),
    (small(layer("Pooling", "pooling_param { pool: MEAN }")), "'pool' must be one of MAX, AVE, STOCHASTIC"),
    (small(layer("Slice", "slice_param { slice_point { } }")), "not { ... }"),
    (small(layer("Eltwise", "", "data y") + layer("ReLU")), "no layer before it gives 'y'"),
    (small(layer("Slice", "slice_param { slice_point: 4 }", tops="y z")), "rising points below 4"),
    (small(layer("Reshape", "reshape_param { shape { dim: 7 dim: -1 } }")), "cannot be read as"),
    (small(layer("Roll", "", "")), "nothing is known of a Roll layer"),
    (small("layers { layer { name: 'x' type: 'conv' } }"), "Caffe's first format"),
    (small(layer("ReLU") + "layers { type: RELU }"), "either 'layer' or 'layers'"),
    ('input: "data" input_dim: 1 ' + layer("ReLU"), "need 4 values of 'input_dim'"),
    ('input: "data" input_dim: 1 input_dim: 3 input_dim: 0 input_dim: 4 ' + layer("ReLU"), "from 1 to"),
    (
        f'input: "data" input_shape {{ dim: 1 {f"dim: {2**31 - 1} " * 3}}} ' + layer("ReLU"),
        "more than 281,474,976,710,656 numbers",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[b[1][:30] for b in BAD])
def test_a_net_that_cannot_be_is_refused(text: str, message: str, read: Read) -> None:
    """One error that says what is wrong, with its line where it has one."""
    with pytest.raises(SpecError) as caught:
        read(text)
    assert message in str(caught.value)


def test_a_field_may_have_as_many_values_as_the_net_needs(read: Read) -> None:
    """40 channels cut into 40 tops, at 39 points: more values than a list of sides or axes has."""
    points = " ".join(f"slice_point: {n}" for n in range(1, 40))
    tops = " ".join(f"t{n}" for n in range(40))
    nodes = read(small(layer("Slice", f"slice_param {{ {points} }}", tops=tops), c=40)).graph.nodes
    assert [tuple(node.output) for node in nodes[1:]] == [(8, 8, 1)] * 40


def test_a_million_layers_are_refused_in_bounded_time(read: Read) -> None:
    """And so is a net whose maps double with every layer."""
    with pytest.raises(SpecError, match=r"larger than|more than"):
        read(small("layer{type:'ReLU' bottom:'data' top:'data'}\n" * 170_000))
    doubled = "".join(
        layer("Concat", "", f"{a} {a}", f"b{n}", f"b{n}")
        for n, a in enumerate(["data", *(f"b{n}" for n in range(99))])
    )
    with pytest.raises(SpecError, match="more than 281,474,976,710,656 numbers"):
        read(small(doubled))


def mutated(text: str, dice: random.Random) -> str:
    """A text with a few pieces cut, doubled, swapped or replaced."""
    words = [
        "{",
        "}",
        '"',
        ":",
        "-1",
        "0",
        str(2**60),
        "1e400",
        "nan",
        "dim: -1",
        "axis: 9",
        "layer",
        "\x00",
        "'",
        "true",
        "group: 3",
    ]
    for _ in range(dice.randint(1, 3)):
        a, b = sorted(dice.randrange(len(text) + 1) for _ in range(2))
        b = min(b, a + dice.choice([1, 3, 20, 200]))
        piece = dice.choice(["", dice.choice(words), text[a:b] * 2, text[b : b + 20]])
        text = text[:a] + piece + text[b:]
    return text


def test_a_text_with_pieces_changed_is_read_or_refused(read: Read) -> None:
    """400 mutations by a fixed seed: a graph, or an error of ours."""
    dice = random.Random(4)
    whole = nets.mobilenet_v2(nets.PAPER_ROWS[:2]) + layer(
        "PriorBox", "prior_box_param { min_size: 60 }", "fc7 data", "z", "z"
    )
    seen = set()
    for _ in range(400):
        try:
            cost(read(mutated(whole, dice)).graph)
            seen.add("read")
        except MnetcostError:
            seen.add("refused")
    assert seen == {"read", "refused"}


MOVES = {
    "Input": "",
    "Data": "",
    "Split": layer("Split", tops="a b"),
    "Dropout": layer("Dropout"),
    "Crop": layer("Crop", "", "data data"),
    **dict.fromkeys(
        ("Reshape", "Flatten", "Concat", "Slice", "Permute", "ShuffleChannel", "PriorBox", "Tile"), ""
    ),
}


@pytest.mark.parametrize("type_", MOVES)
def test_a_layer_that_only_moves_numbers_has_no_work(type_: str, read: Read) -> None:
    """A net of such a layer and a ReLU of 256 numbers: only the ReLU has work, of whatever kind."""
    texts = [text for text, _ in SHAPES if f'type: "{type_}"' in text and "Pooling" not in text]
    for text in texts or [MOVES[type_]]:
        assert type_ in LAYERS
        assert work(small(text + layer("ReLU", "", "data", "last", "last")), read) == {"activation": 256}


def test_a_layer_that_keeps_its_axes_keeps_its_place(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Call.same` adds a layer as `add` does: an error names its line and its layer."""
    monkeypatch.setitem(LAYERS, "ReLU", lambda call: call.same(Reshape(1, 1, 1), call.read()[0]))
    with pytest.raises(SpecError, match=r"net\.prototxt:2: layer 'y': "):
        read(small(layer("ReLU")))
