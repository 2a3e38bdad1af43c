"""Does every name that people use find its design, and no name two?"""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner

from mnetcost.analyses.report.catalogue import chosen
from mnetcost.cli import cli
from mnetcost.cli.options import DESIGN
from mnetcost.designs import aliases as module
from mnetcost.designs import load, split_design
from mnetcost.designs.aliases import aliases, fold, resolve
from mnetcost.designs.shipped import is_shipped, shipped
from mnetcost.errors import CallError, SpecError

VALUES = {"alpha": "0.75", "percent": "075", "resolution": "192"}
ROWS = [(alias, design) for design, them in aliases().written.items() for alias in them]


@pytest.mark.parametrize(("alias", "design"), ROWS)
def test_every_alias_finds_its_design(alias: str, design: str) -> None:
    """As the table writes it, in capitals, and with other separators; where it has settings in it, at
    these.
    """
    name = alias.format(**VALUES)
    for spelled in (name, name.upper(), name.replace("_", "-"), name.title()):
        found, settings = split_design(spelled)
        assert found == design, spelled
        assert settings.alpha == (0.75 if "{alpha}" in alias or "{percent}" in alias else None)
        assert settings.resolution == ((192, 192) if "{resolution}" in alias else None)


def test_no_name_means_two_designs() -> None:
    """Folded, a name stands once; a name with settings in it is no other's; names of several networks are
    nobody's.
    """
    table = aliases()  # which asserts that no folded name is given twice
    assert set(table.written) <= set(shipped())
    assert not set(table.names) & set(table.several)
    for alias, design in ROWS:
        name = alias.format(**VALUES)
        found = (
            {table.names[fold(name)]}
            if fold(name) in table.names
            else {d for p, d in table.patterns if p.fullmatch(name)}
        )
        assert found == {design}
    for them in table.several.values():
        assert len(them) > 1
        assert all(map(is_shipped, them))


def test_a_name_given_to_two_designs_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard fails where the table gives one name twice, however it is spelled."""
    table = b'[names]\nv1 = ["net_a"]\nv2 = ["NetA"]\n[prefixes]\n[shared]\n[several]\n'
    monkeypatch.setattr(module, "read_bytes", lambda *_: table)
    with pytest.raises(AssertionError, match="NetA"):
        aliases.__wrapped__()


@pytest.mark.parametrize(
    ("name", "design", "alpha"),
    [
        ("V1", "v1", 1.0),
        ("MobileNetV2", "v2", 1.0),
        ("mobilenet_v2", "v2", 1.0),
        ("mobilenetv2_100", "timm/v2", 1.0),
        ("mobilenetv2_140", "timm/v2", 1.4),
        ("timm/mobilenetv3_small_075.lamb_in1k", "timm/v3-small", 0.75),
        ("mobilenet_v3_large", "v3-large", 1.0),
        ("tf.keras.applications.MobileNetV3Large", "keras/v3-large", 1.0),
        ("torchvision.models.mobilenet_v3_small", "torchvision/v3-small", 1.0),
        ("torchvision.models.resnet50", "resnet50", 1.0),
        ("google/mobilenet_v2_1.4_224", "slim/v2", 1.4),
        ("mobilenet_v1_0_25_128", "slim/v1", 0.25),
        ("EfficientNetB0", "efficientnet-b0", 1.0),
        ("EfficientNet", "efficientnet-b0", 1.0),
        ("torchvision.models.efficientnet_b3", "efficientnet-b3", 1.0),
        ("tf_efficientnet_lite2", "efficientnet-lite2", 1.0),
        ("AlexNet", "alexnet", 1.0),
        ("VGG-19", "vgg19", 1.0),
        ("MobileNetV4", "mobilenetv4-conv-small", 1.0),
        ("SqueezeNet1_1", "squeezenet-1.1", 1.0),
        ("VGG-16", "vgg16", 1.0),
        ("U-Net", "unet", 1.0),
        ("DeepLabV3+ MobileNetV2", "deeplabv3plus-v2", 1.0),
        ("torchvision.models.segmentation.lraspp_mobilenet_v3_large", "lraspp-v3-large", 1.0),
        ("timm/semnasnet_075.rmsp_in1k", "mnasnet-a1", 0.75),
        ("torchvision.models.mnasnet0_5", "mnasnet-b1", 0.5),
        ("mnasnet_140", "mnasnet-b1", 1.4),
        ("timm/ghostnet_130", "ghostnet", 1.3),
        ("2.0-SqNxt-23v5", "squeezenext-23v5", 2.0),
    ],
)
def test_names_of_frameworks_and_papers_are_known(name: str, design: str, alpha: float) -> None:
    """The answer's heading says which design was taken."""
    found = load(name)
    assert (found.name, found.alpha) == (design, alpha)
    assert found.heading.startswith(f"{design}:alpha={alpha:g},")


PROMISED = [
    *(f"resnet{n}" for n in (18, 34, 101)),
    *(f"efficientnet-b{n}" for n in range(8)),
    *(f"efficientnet-lite{n}" for n in range(5)),
    *("ghostnet", "mobilenext", "mobilefacenet", "mobilevit-xxs", "deit-tiny", "convnext-tiny", "ds-cnn-s"),
    *("unet", "densenet121", "inception-v3", "inception-v4", "alexnet", "vgg19"),
]
"""Names that must be those of shipped designs."""


@pytest.mark.parametrize("design", sorted({*PROMISED, *(name for name in shipped() if "/" not in name)}))
def test_a_design_is_found_however_its_name_is_spelled(design: str) -> None:
    """With "_" or nothing in the place of "-", and in capitals."""
    for name in (design, design.replace("-", "_"), design.replace("-", ""), design.upper()):
        assert split_design(name)[0] == design, name
    assert load(design).name == design


def test_settings_behind_a_name_beat_those_within_it() -> None:
    """mobilenetv2_140 at alpha 0.5 is at alpha 0.5."""
    assert (
        load("mobilenetv2_140:alpha=0.5,classes=10").heading == "timm/v2:alpha=0.5,resolution=224,classes=10"
    )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v3", "'v3' names 2 designs: v3-large and v3-small"),
        ("Keras/V3", "keras/v3-large and keras/v3-small"),
        ("ShuffleNet", "'ShuffleNet' names 9 designs: shufflenet-v1-g1 and shufflenet-v1-g2 and"),
        ("mnasnet", "'mnasnet' names 3 designs: mnasnet-a1 and mnasnet-b1 and mnasnet-small"),
    ],
)
def test_a_name_of_several_networks_says_which(name: str, said: str) -> None:
    """It is never one of them by chance; `list` shows them all."""
    with pytest.raises(CallError, match=said.replace("'", ".")):
        load(name)
    assert len(chosen([name])) == len(meant_by(name))


def meant_by(name: str) -> tuple[str, ...]:
    return aliases().several[fold(name)]


@pytest.mark.parametrize(
    "name",
    [
        "mobilenet_v9",
        "mobilenetv2_100_",
        "../v2",
        "v2/",
        "./v2",
        "a/../v2",
        "v2__",
        "resnet50d",
        "",
        "v2\n",
        "\u0661",
        "mobilenetv2_\u0661\u0660\u0660",
    ],
)
def test_other_names_mean_nothing(name: str) -> None:
    """Only what stands in the table, of letters and digits of ASCII with separators between them: no path."""
    assert resolve(name) == ("", "")
    with pytest.raises((SpecError, CallError)):
        load(name)


def test_a_misspelt_alias_is_answered_with_its_design() -> None:
    """Near to "mobilenet_v2" is v2."""
    with pytest.raises(SpecError, match="did you mean 'v2'"):
        load("moblienet_v2")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("v2:0.5", "v2:alpha=0.5"),
        ("MobileNetV2:160", "MobileNetV2:resolution=160"),
        ("v1:96x128", "v1:resolution=96x128"),
    ],
)
def test_a_number_behind_a_colon_is_answered_with_its_setting(name: str, said: str) -> None:
    """A small one is a width multiplier, a large one a size."""
    with pytest.raises(SpecError, match=f"a setting has a name: {said}"):
        load(name)


def run(*args: str) -> Any:
    return CliRunner().invoke(cli, list(args))


def test_list_takes_several_patterns_and_limits() -> None:
    """Two names and a folder of four; V3-Small (56.5 M) and its minimalistic (52.3 M) are the papers'
    below 60 M.
    """
    names = [
        d["name"]
        for d in json.loads(run("list", "V1", "mobilenet_v2", "timm", "--format", "json").stdout)["designs"]
    ]
    assert names == ["v1", "v2", "timm/v1", "timm/v2", "timm/v3-large", "timm/v3-small"]
    found = run(
        "list", "v*", "--max", "madds=60M", "--min", "params=1k", "--sort", "madds", "--format", "csv"
    ).stdout.splitlines()[1:]
    assert [line.partition(",")[0] for line in found if "/" not in line.partition(",")[0]][:2] == [
        "v3-small",
        "v3-small-minimalistic",
    ]
    wrong = run("list", "--max", "madds=+1%")
    assert wrong.exit_code == 2
    assert "relative" in wrong.stderr
    assert run("list", "v2", "--max", "madds=1k").stdout.startswith("0 shipped designs of 1 with madds <= 1k")


def test_list_and_the_shell_show_other_names() -> None:
    """`list --names` has a column of them; the shell completes them where no design begins so, each with
    its design.
    """
    assert "mobilenet_v2, mobilenet_2" in run("list", "v2", "--names").stdout
    found = {item.value: item.help for item in DESIGN.shell_complete(None, None, "mobilenet_v2")}  # type: ignore[arg-type]
    assert found == {"mobilenet_v2": "v2"}
    assert [item.value for item in DESIGN.shell_complete(None, None, "V3_Small_m")] == [  # type: ignore[arg-type]
        "v3-small-minimalistic",
        "v3_small_minimal",
    ]
    completed = [item.value for item in DESIGN.shell_complete(None, None, "V1-S")]  # type: ignore[arg-type]
    assert completed == ["v1-shallow", "v1-standard"]
