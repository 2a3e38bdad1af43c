"""Is a word of another framework answered with what is meant here?"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mnetcost.cli import COMMANDS, cli
from mnetcost.designs import SETTINGS, split_design
from mnetcost.designs.budgets.metrics import METRICS, metric_hint, unknown_metric
from mnetcost.designs.conventions import convention_names
from mnetcost.designs.shipped import specs_folder
from mnetcost.designs.sorts import sorts_of
from mnetcost.designs.spec import ROW_KEYS, TOP_KEYS, VOCABULARY
from mnetcost.designs.synonyms import fold, key_hint, means, meant, op_hint, section, table
from mnetcost.engine.fields import ACTIVATIONS
from mnetcost.errors import CallError
from mnetcost.output import FORMATS

FIELDS = {op: list(sorts_of(cls)) for op, cls in VOCABULARY.items()}


def hint(word: str) -> str:
    return op_hint(word, VOCABULARY, ACTIVATIONS)


@pytest.mark.parametrize(
    ("words", "op"),
    [
        ("conv2d Conv2D nn.Conv2d tf.nn.conv2d Convolution2D", "conv"),
        ("fc linear Linear Dense FullyConnected InnerProduct gemm", "dense"),
        ("bn batch_norm BatchNorm2d BatchNormalization batchnrom", "norm"),
        ("deconv conv_transpose ConvTranspose2d Conv2DTranspose deconvolutoin", "transposed_conv"),
        ("mbconv inverted_residual InvertedResidual", "bneck"),
        ("mul Multiply", "gate"),
        ("adaptive_avg_pool AdaptiveAvgPool2d", "adaptive_pool"),
        ("AdaptiveAvgPool3d adaptive_avg_pool3d", "adaptive_pool3d"),
        ("upsampling UpSampling2D", "upsample"),
        ("GlobalAveragePooling2D gap", "global_pool"),
        ("DepthwiseConv2D dwconv", "depthwise"),
        ("SeparableConv2D", "separable_conv"),
        ("depthwise_separable sepconv dsconv", "separable"),
        ("squeeze_excite SE", "se"),
        ("cat Concatenate", "concat"),
        ("eltwise Add", "add"),
        ("conv_nrom", "conv_norm"),
        ("PixelShuffle pixel_shuffle nn.PixelShuffle tf.nn.depth_to_space", "depth_to_space"),
        ("PixelUnshuffle focus", "space_to_depth"),
        ("MultiHeadAttention nn.MultiheadAttention self_attention cross_attention", "attention"),
        ("GroupNorm GroupNormalization", "group_norm"),
        ("InstanceNorm2d instance_normalization", "instance_norm"),
        ("LPPool2d", "l2_pool"),
        ("Upsample nn.Upsample", "upsample"),
        ("cls_token", "class_token"),
        ("PatchEmbed patchify", "patch_embed"),
        ("pos_embed PositionEmbedding", "positions"),
        ("CondConv", "expert_conv"),
    ],
)
def test_an_op_of_another_framework_is_answered_with_ours(words: str, op: str) -> None:
    """Whatever its case and separators, and misspelt; never with one that is only spelled alike."""
    for word in words.split():
        assert hint(word) == f"did you mean '{op}'?", word


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("relu", "'activation' with function = \"relu\""),
        ("nn.SiLU", "'activation' with function = \"swish\""),
        ("LeakyReLU", "'activation' with function = \"leaky_relu\""),
        ("conv1x1", "write conv with kernel = 1"),
        ("fused_mbconv", "write bneck with fused = true"),
        ("identity", "left out"),
        ("sequential", "[block.NAME]"),
        ("SwiGLU", "activation, gate"),
        ("ASPP", "docs/examples.md"),
        ("GhostModule", "[block.ghost]"),
        ("BasicBlock", "did you mean 'basic'?"),
    ],
)
def test_a_word_that_takes_more_than_another_says_how_it_is_written(word: str, said: str) -> None:
    """An activation by its function, a 1x1 convolution by its kernel."""
    assert said in hint(word)


@pytest.mark.parametrize("why", table()["missing"])
def test_what_there_is_not_is_said_and_nothing_spelled_alike_offered(why: str) -> None:
    """Attention is no detection.

    Where an op of the name comes to be, it is offered instead, and the row here must go.
    """
    assert not {fold(op) for op in VOCABULARY} & set(map(fold, table()["missing"][why]))
    for word in table()["missing"][why]:
        assert hint(word) == why


def test_a_word_is_answered_by_the_op_of_that_name_once_there_is_one() -> None:
    """A language that has `deform_conv` offers it for dcn."""
    assert op_hint("dcn", [*VOCABULARY, "deform_conv"], ACTIVATIONS) == "did you mean 'deform_conv'?"


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (
            "conv",
            {
                "filters": "out",
                "out_channels": "out",
                "kernel_size": "kernel",
                "strides": "stride",
                "pad": "padding",
                "use_bias": "bias",
            },
        ),
        ("dense", {"units": "out", "out_features": "out"}),
        (
            "bneck",
            {
                "t": "expand",
                "n": "repeat",
                "s": "stride",
                "se_ratio": "se",
                "act": "activation",
                "use_res_connect": "shortcut",
            },
        ),
        ("max_pool", {"pool_size": "kernel", "strid": "stride"}),
        ("upsample", {"scale_factor": "scale", "mode": "method"}),
        ("activation", {"activation": "function"}),
        ("concat", {"axis": "along", "inputs": "from"}),
    ],
)
def test_a_key_of_another_framework_is_answered_with_ours(op: str, words: dict[str, str]) -> None:
    """With a key that this op takes."""
    for word, ours in words.items():
        assert key_hint(word, [*FIELDS[op], *ROW_KEYS], FIELDS) == f"did you mean '{ours}'?"


def test_a_key_that_other_ops_take_names_them() -> None:
    """A plain conv has no activation; conv_norm has."""
    assert key_hint("activation", [*FIELDS["conv"], *ROW_KEYS], FIELDS).startswith(
        "'activation' is a key of conv_norm"
    )


@pytest.mark.parametrize(
    ("word", "ours"),
    [("input_size", "resolution"), ("num_classes", "classes"), ("in_chans", "channels"), ("head", "top")],
)
def test_a_key_of_a_spec_is_answered_with_ours(word: str, ours: str) -> None:
    """As the settings behind a colon are."""
    assert meant(word, [*TOP_KEYS, "layers", "top"], "keys") == ours
    with pytest.raises(CallError, match="did you mean 'alpha'"):
        split_design("v2:width_mult=0.5")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("muladds", "did you mean 'madds'?"),
        ("op:depthwise.maccs", "did you mean 'madds'?"),
        ("Parameters", "did you mean 'params'?"),
        ("file_size", "one of weight_bytes.float32"),
        ("rom", "did you mean 'flash_bytes.int8'?"),
        ("flop", "did you mean 'flops'?"),
        ("sram", "did you mean 'peak_bytes.int8'?"),
        ("latency", "a time is one of a device that has rates"),
        ("accuracy", "the network is not run"),
    ],
)
def test_a_figure_by_another_name_is_answered_with_its_metric(word: str, said: str) -> None:
    """Or with why there is none."""
    assert said in str(unknown_metric(word, "3M"))


def run(*args: str) -> Any:
    return CliRunner().invoke(cli, list(args))


def test_flops_are_those_of_the_convention() -> None:
    """V2 counts 601,548,544 FLOPs, two a multiply-add, whatever the convention of the check."""
    assert run("check", "v2", "--max", "flops=601548544").exit_code == 0
    assert run("check", "v2", "--max", "flops=601548543", "--convention", "thop").exit_code == 1
    assert run("check", "v2", "--convention", "flops", "--max", "madds=601548544").exit_code == 0
    assert run("check", "v2", "--convention", "flops", "--max", "madds=601548543").exit_code == 1


def test_a_limit_may_be_written_with_its_sign() -> None:
    """`params<=3504872` is `params=3504872`; a sign of the other side or a strict one is answered with
    what to write.
    """
    assert run("check", "v2", "--max", "params<=3504872", "--min", "params >= 3504872").exit_code == 0
    for text, said in (
        ("params<4M", "--max params=4M"),
        ("params>=4M", "--min params=4M"),
        ("params:4M", "--max params=4M"),
    ):
        wrong = run("check", "v2", "--max", text)
        assert (wrong.exit_code, said in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["summary", "v2"], "'report'"),
        (["report", "v2", "--input-size", "32"], "'--resolution'"),
        (["report", "v2", "--json"], "'--format'"),
        (["report", "v2", "--format", "md"], "'markdown'"),
        (["report", "v2", "--by", "op"], "'kind'"),
        (["report", "v2", "--sort", "flops"], "'madds'"),
        (["report", "v2", "--convention", "macs"], "'paper'"),
    ],
)
def test_words_of_a_call_are_answered_by_their_meaning(call: list[str], said: str) -> None:
    """Commands, options and what they take."""
    wrong = run(*call)
    assert wrong.exit_code == 2
    assert f"did you mean {said}?" in wrong.stderr


def test_the_table_names_what_there_is() -> None:
    """Every word on its left is ours: a row of it that is not would be a hint to nowhere."""
    known: dict[str, set[str]] = {
        "functions": {*ACTIVATIONS, "none"},
        "paddings": {"same", "valid", "symmetric"},
        "keys": {
            *ROW_KEYS,
            *TOP_KEYS,
            *SETTINGS,
            "layers",
            "top",
            "design",
            "convention",
            "reason",
            "until",
            *(k for f in FIELDS.values() for k in f),
        },
        "commands": set(COMMANDS),
        "format": set(FORMATS),
        "convention": set(convention_names()),
        "metrics": set(METRICS),
    }
    words = tomllib.loads((Path(specs_folder()) / "words.toml").read_text("utf-8"))
    for name, ours in known.items():
        for word in words[name]:
            assert set(word.replace(" or ", ", ").partition(" (")[0].split(", ")) <= ours, f"{name}: {word}"
    for op in words["ops"]:
        assert op.partition(" ")[0] in VOCABULARY


def test_billions_of_flops_are_answered_with_as_many() -> None:
    """A limit of 1.2 GFLOPs is 1.2G of flops."""
    assert "flops=1.2G" in metric_hint("gflops", "1.2")
    assert "flops=300M" in metric_hint("mflops", 300)


def test_no_word_of_the_table_is_one_of_ours() -> None:
    """A word that there is needs no hint, and none of ours is explained away."""
    assert not {w for ops in section("ops").values() for w in ops} & set(section("missing"))
    assert all(metric_hint(name) == "" for name in METRICS)
    assert means("conv", "ops", VOCABULARY) == "conv"
