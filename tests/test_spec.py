"""Does a spec mean what it says: rows, names, rules, what it extends and what it changes?"""

from __future__ import annotations

from pathlib import Path

import pytest

from mnetcost.designs import Settings, find_spec, load, load_spec
from mnetcost.designs.find import parent_of
from mnetcost.designs.spec import Spec, read_spec
from mnetcost.engine.costs import cost

BASE = """
source = "a table"
resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3, stride = 2, role = "stem" },
  { op = "separable", out = 32, stride = 2 },
  { op = "separable", out = 32, repeat = 2 },
]
top = [
  { op = "global_pool", name = "pool" },
  { op = "dense", name = "classifier", out = "classes" },
]
"""


def spec_of(text: str, base: Path | None = None) -> Spec:
    return read_spec(text, "net.toml", "net", base, parent_of)


def places(spec: Spec, **settings: object) -> list[str]:
    """The places of a built spec, each once, in order."""
    graph = load_spec(spec, Settings(**settings)).graph  # type: ignore[arg-type]
    return list(dict.fromkeys(node.place for node in graph.nodes))


def test_rows_without_a_name_are_numbered_by_what_they_are() -> None:
    """The second separable row, twice, is separable 2/1 and 2/2."""
    assert places(spec_of(BASE)) == [
        "input",
        "stem",
        "separable 1",
        "separable 2/1",
        "separable 2/2",
        "pool",
        "classifier",
    ]


def test_no_top_leaves_out_the_rows_of_top() -> None:
    """Pooling and classifier are gone, and nothing else."""
    assert places(spec_of(BASE), top=False) == [
        "input",
        "stem",
        "separable 1",
        "separable 2/1",
        "separable 2/2",
    ]


def test_classes_are_never_rounded_or_scaled() -> None:
    """1001 classes stay 1001 at any alpha, though 1001 is no multiple of 8."""
    built = load_spec(spec_of(BASE), Settings(alpha=0.35, classes=1001))
    assert built.graph.nodes[-1].output.c == 1001


def test_rows_may_read_from_the_rows_they_name() -> None:
    """Two branches of one row, put together: 8 + 4 channels."""
    text = """
    resolution = 8
    layers = [
      { op = "conv", name = "a", out = 8 },
      { op = "conv", name = "b", out = 4, from = "input" },
      { op = "concat", name = "both", from = ["a", "b"] },
      { op = "conv", out = 12, from = "both", kernel = [3, 1] },
      { op = "add", from = ["both", "conv 1"] },
    ]
    """
    graph = load_spec(spec_of(text), Settings()).graph
    assert [graph.nodes[i].name for i in graph.nodes[3].inputs] == ["a", "b"]
    assert graph.nodes[-1].output == (8, 8, 12)


def test_roles_have_width_rules_of_their_own() -> None:
    """At alpha 0.5 the stem stays at 16 and the body halves."""
    spec = spec_of(BASE + '[widths]\nstem = { scale = "fixed" }\n')
    channels = {node.place: node.output.c for node in load_spec(spec, Settings(alpha=0.5)).graph.nodes}
    assert (channels["stem"], channels["separable 1"]) == (16, 16)


def test_a_spec_extends_another_and_changes_rows(tmp_path: Path) -> None:
    """Set, unset, remove, before and after, each on the rows that match."""
    (tmp_path / "base.toml").write_text(BASE)
    text = """
    extends = "base.toml"
    resolution = 64
    [[change]]
    match = { name = "stem" }
    set = { out = 24 }
    unset = ["stride"]
    before = [{ op = "rescale", name = "pixels" }]
    after = [{ op = "se", name = "gate", share = 0.25 }]
    [[change]]
    match = { repeat = 2 }
    remove = true
    """
    spec = spec_of(text, tmp_path / "child.toml")
    assert places(spec) == ["input", "pixels", "stem", "gate", "separable 1", "pool", "classifier"]
    stem = load_spec(spec, Settings()).graph.nodes[2]
    assert stem.output == (64, 64, 24)
    assert (spec.source, spec.family) == ("a table", ("base.toml",))


def test_a_path_through_a_link_leads_where_the_file_system_says(tmp_path: Path) -> None:
    """`..` behind a link to a folder is the folder around the target, so that `link/../base.toml` is not
    the `base.toml` beside the link.
    """
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "far" / "base.toml").write_text(BASE)
    (tmp_path / "base.toml").write_text('extends = "link/../base.toml"\n')
    (tmp_path / "link").symlink_to(tmp_path / "far" / "inner")
    spec = spec_of('extends = "link/../base.toml"\n', tmp_path / "child.toml")
    assert spec.family == ("link/../base.toml",)
    assert spec_of('extends = "base.toml"\n', tmp_path / "child.toml").family == (
        "base.toml",
        "link/../base.toml",
    )


def test_tables_of_rules_are_laid_over_the_parents_key_by_key(tmp_path: Path) -> None:
    """A child that says one key of [style] keeps the parent's other keys."""
    (tmp_path / "base.toml").write_text(BASE + '[style]\nactivation = "relu6"\npadding = "symmetric"\n')
    spec = spec_of('extends = "base.toml"\n[style]\nbias = true\n', tmp_path / "child.toml")
    assert (spec.rules.style.activation, spec.rules.style.padding, spec.rules.style.bias) == (
        "relu6",
        "symmetric",
        True,
    )


@pytest.mark.parametrize(
    "name", ["keras/v3-large", "torchvision/v3-small-dilated", "resnet152", "shicai-caffe/v2"]
)
def test_no_table_stands_twice(name: str) -> None:
    """An implementation extends the paper's table and has no `layers` of its own."""
    assert "\nlayers" not in find_spec(name).text


def test_a_change_far_from_the_table_changes_the_cost() -> None:
    """Minimalistic V3 has no squeeze-and-excite, no h-swish and no 5x5."""
    graph = load("v3-large-minimalistic").graph
    functions = {node.op.function for node in graph.nodes if node.op.label == "activation"}
    kernels = {node.op.kernel for node in graph.nodes if node.op.label == "depthwise"}
    assert (functions, kernels) == ({"relu", "softmax"}, {3})
    assert "gate" not in cost(graph).work_by_kind()


def test_a_design_says_its_settings() -> None:
    """The heading is what a user would type to have the same again."""
    assert (
        load("v2:alpha=0.75,resolution=160,classes=10").heading == "v2:alpha=0.75,resolution=160,classes=10"
    )
    assert (
        load("v2:resolution=160x224,top=no,batch=2").heading == "v2:alpha=1,resolution=160x224,top=no,batch=2"
    )


def test_rho_is_a_share_of_the_designs_own_size_in_whole_pixels() -> None:
    """224 x 0.714 = 159.9, which is 160."""
    built = load("v1:rho=0.714")
    assert (built.resolution, built.rho) == ((160, 160), 0.714)


def test_a_designs_own_settings_beat_the_options() -> None:
    """--alpha 0.5 on v2:alpha=0.75 leaves 0.75, and its rho beats --resolution."""
    options = Settings(alpha=0.5, resolution=(96, 96), classes=10)
    built = load("v2:alpha=0.75,rho=0.5", options)
    assert (built.alpha, built.resolution, built.classes) == (0.75, (112, 112), 10)
