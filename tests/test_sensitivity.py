"""Sensitivity: each figure is the difference of two whole reports, with a step and without."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.analyses.search.sensitivity import FIGURES
from mnetcost.analyses.search.steps import KINDS, next_alpha, next_width
from mnetcost.designs import load, load_spec
from mnetcost.designs.shipped import shipped
from mnetcost.designs.toml import value
from mnetcost.engine.widths import WidthRule
from mnetcost.errors import CallError, SpecError

from .test_caffe import layer, small
from .test_cli import run
from .test_docs import ROOT

OWN = """
source = "made for this test"
resolution = [96, 64]
classes = 10
alphas = [0.5, 1.0]
layers = [
  { op = "conv_norm", name = "stem", out = 20, kernel = 3, stride = 2, padding = 1 },
  { op = "bneck", exp = 48, out = 24, se = 0.25, kernel = 5, repeat = 2 },
  { op = "bneck", out = 24 },
  { op = "uib", out = 32, start = 3, kernel = 5, stride = 2 },
  { op = "pairwise", wide = 40, side = 3, factor = 2 },
  { op = "residual", mid = 48, out = 96, groups = 6, stride = 2 },
  { op = "conv_norm", out = 96, kernel = [1, 3], padding = [0, 0, 1, 1] },
  { op = "max_pool", kernel = 3, stride = 2, padding = 1 },
  { op = "conv_norm", name = "head", out = 128, role = "head" },
]
top = [
  { op = "global_pool" },
  { op = "dense", out = "classes" },
]

[widths]
head = { scale = "fixed" }

[block.pairwise]
why = "Two filters, one wide and one to its width."
fields.wide = "width"
fields.side = { sort = "size", default = 3 }
fields.factor = { sort = "ratio", default = 2 }
layers = [
  { op = "conv_norm", name = "more", expand = "factor", kernel = 1 },
  { op = "conv_norm", name = "last", out = "wide", kernel = "side" },
]
"""

LENT = """
resolution = 32
layers = [
  { op = "conv_norm", name = "stem", out = 16, kernel = 3 },
  { op = "conv_norm", name = "lender", out = 16, kernel = 3 },
  { op = "conv_norm", name = "borrower", out = 16, kernel = 3, weights = "lender" },
  { op = "conv", name = "mask", out = 2, role = "output" },
]
"""
TEXTS = {"own": OWN, "lent": LENT}


def reported(design: str) -> dict[str, int | None]:
    """The four figures of a whole report."""
    data = mnetcost.report(design, memory=True).data
    memory = data["memory"]
    peak = next(p for p in memory["planners"] if p["planner"]["name"] == "liveness" and p["dtype"] == "int8")
    flash = next(w for w in memory["weights"] if w["dtype"] == "int8")
    totals = data["totals"]
    return {
        "madds": totals["madds"],
        "params": totals["params"],
        "peak_bytes.int8": peak["peak_bytes"],
        "flash_bytes.int8": flash["folded"],
    }


def less(a: dict[str, int | None], b: dict[str, int | None]) -> dict[str, int | None]:
    pairs = {key: (a[key], b[key]) for key in a}
    return {key: None if x is None or y is None else x - y for key, (x, y) in pairs.items()}


BY_HAND = [  # design, kind, row, the row's text in its file, and as somebody would write the step
    ("v1", "width", "stem", "out = 32, kernel = 3", "out = 40, kernel = 3"),
    ("v1", "kernel", "separable 1", "out = 64,   stride = 1", "out = 64, kernel = 5, stride = 1"),
    ("v1", "repeat", "separable 14x14", "repeat = 5", "repeat = 6"),
    ("v2", "expansion", "bottleneck 2", "expand = 6, out = 24", "expand = 7, out = 24"),
    ("v2", "width", "bottleneck 6", "out = 160", "out = 168"),
    ("v2", "width", "head", "out = 1280", "out = 1288"),
    (
        "v2",
        "repeat",
        "bottleneck 7",
        'stride = 1, repeat = 1 },\n  { op = "conv_norm", name = "head"',
        'stride = 1, repeat = 2 },\n  { op = "conv_norm", name = "head"',
    ),
    ("v3-large", "expansion", "bottleneck 2", "exp = 64", "exp = 72"),
    ("v3-large", "width", "bottleneck 3", "exp = 72,  out = 24", "exp = 72,  out = 32"),
    ("v3-large", "kernel", "bottleneck 13", "kernel = 5, exp = 672", "kernel = 7, exp = 672"),
    ("v3-large", "kernel", "last", "out = 960, kernel = 1", "out = 960, kernel = 3"),
]


@pytest.mark.parametrize(("design", "kind", "row", "old", "new"), BY_HAND)
def test_a_step_is_what_a_spec_written_by_hand_costs_more(
    design: str, kind: str, row: str, old: str, new: str, tmp_path: Path
) -> None:
    """The whole spec with one text replaced."""
    text = (ROOT / "specs" / f"{design}.toml").read_text("utf-8")
    assert text.count(old) == 1
    (tmp_path / "net.toml").write_text(text.replace(old, new), "utf-8")
    steps = mnetcost.sensitivity(design, of=[kind]).data["steps"]
    found = next(step for step in steps if step["row"] == row)
    assert found["adds"] == less(reported(str(tmp_path / "net.toml")), reported(design))


def written(table: dict[str, Any]) -> str:
    """A spec as TOML: every top key on one line."""
    return "\n".join(f"{json.dumps(key)} = {inline(v)}" for key, v in table.items())


def inline(v: Any) -> str:
    if isinstance(v, dict):
        return "{ " + ", ".join(f"{json.dumps(k)} = {inline(one)}" for k, one in v.items()) + " }"
    if isinstance(v, list):
        return "[" + ", ".join(map(inline, v)) + "]"
    return value(v)


def changed(table: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """The table of a spec with a step made in it."""
    table = copy.deepcopy(table)
    found = re.fullmatch(r"(layers|top)\[(\d+)\]", step["key"])
    assert found is not None
    rows = [table[found[1]][int(found[2])]]
    rows += [
        row for row in (*table["layers"], *table.get("top", ())) if row.get("name") in step.get("with", ())
    ]
    for row in rows:
        row[step["field"]] = step["to"]
        row |= {key: both["to"] for key, both in step.get("also", {}).items()}
    return table


@pytest.mark.parametrize("by", ["up", "down"])
@pytest.mark.parametrize(
    "design", ["v1", "v2", "v3-large", "own", "v2:alpha=0.5", "own:alpha=0.5,depth=2", "lent"]
)
def test_every_step_is_the_difference_of_two_whole_reports(design: str, by: str, tmp_path: Path) -> None:
    """Each step is written into the spec's TOML, which is read and reported anew."""
    name, _, settings = design.partition(":")
    text = TEXTS.get(name) or (ROOT / "specs" / f"{name}.toml").read_text("utf-8")
    table, tail = tomllib.loads(text), f":{settings}" if settings else ""
    path = tmp_path / "net.toml"
    path.write_text(text, "utf-8")
    whole = f"{path}{tail}"
    data = mnetcost.sensitivity(whole, by=by).data
    before = reported(whole)
    assert data["now"] == before

    def after(step: dict[str, Any]) -> dict[str, int | None]:
        """The report of the design with a step made."""
        if step["key"]:
            (tmp_path / "other.toml").write_text(written(changed(table, step)), "utf-8")
            return reported(f"{tmp_path / 'other.toml'}{tail}")
        mine = dict(part.split("=") for part in settings.split(",") if part)
        mine[step["field"]] = "x".join(map(str, step["to"])) if step["field"] == "resolution" else step["to"]
        return reported(f"{path}:" + ",".join(f"{k}={v}" for k, v in mine.items()))

    for step in data["steps"]:
        assert step["adds"] == less(after(step), before), step
    for step in data["not_built"]:
        with pytest.raises(SpecError):
            after(step)


@pytest.mark.parametrize(
    "name", ["v2:depth=2", "v1:channels=1,batch=3,top=no", "own:classes=5,resolution=64"]
)
def test_a_design_is_built_again_from_its_spec(name: str, tmp_path: Path) -> None:
    """The depth and the channels are not applied twice."""
    design = load(name.replace("own", own(tmp_path)))
    assert design.spec is not None
    assert load_spec(design.spec, design.settings).graph == design.graph


def own(tmp_path: Path, text: str = OWN) -> str:
    path = tmp_path / "net.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_the_steps_of_a_users_spec(tmp_path: Path) -> None:
    """Widths to multiples of 8 that groups divide, and blocks by what their rows take as a kernel."""
    data = mnetcost.sensitivity(own(tmp_path)).data
    steps = data["steps"]
    assert [(s["field"], s["to"]) for s in data["not_built"]] == [("alpha", 1.25)]  # 64 channels in 6 groups
    found = {(s["key"], s["field"]): (s["step"], s["from"], s["to"]) for s in steps}
    assert found == {
        ("layers[0]", "out"): ("width", 20, 24),
        ("layers[0]", "kernel"): ("kernel", 3, 5),
        ("layers[0]", "repeat"): ("repeat", 1, 2),
        ("layers[1]", "exp"): ("expansion", 48, 56),
        ("layers[1]", "out"): ("width", 24, 32),
        ("layers[1]", "kernel"): ("kernel", 5, 7),
        ("layers[1]", "repeat"): ("repeat", 2, 3),
        ("layers[2]", "expand"): ("expansion", 1, 2),
        ("layers[2]", "out"): ("width", 24, 32),
        ("layers[2]", "kernel"): ("kernel", 3, 5),
        ("layers[2]", "repeat"): ("repeat", 1, 2),
        ("layers[3]", "out"): ("width", 32, 40),
        ("layers[3]", "expand"): ("expansion", 4, 5),
        ("layers[3]", "start"): ("kernel", 3, 5),
        ("layers[3]", "kernel"): ("kernel", 5, 7),
        ("layers[3]", "repeat"): ("repeat", 1, 2),
        ("layers[4]", "wide"): ("width", 40, 48),
        ("layers[4]", "side"): ("kernel", 3, 5),
        ("layers[4]", "factor"): ("expansion", 2, 3),
        ("layers[4]", "repeat"): ("repeat", 1, 2),
        ("layers[5]", "mid"): ("width", 48, 72),
        ("layers[5]", "out"): ("width", 96, 120),
        ("layers[5]", "kernel"): ("kernel", 3, 5),
        ("layers[5]", "repeat"): ("repeat", 1, 2),
        ("layers[6]", "out"): ("width", 96, 104),
        ("layers[6]", "kernel"): ("kernel", (1, 3), (1, 5)),
        ("layers[6]", "repeat"): ("repeat", 1, 2),
        ("layers[7]", "kernel"): ("kernel", 3, 5),
        ("layers[8]", "out"): ("width", 128, 136),
        ("layers[8]", "kernel"): ("kernel", 1, 3),
        ("layers[8]", "repeat"): ("repeat", 1, 2),
        ("", "resolution"): ("resolution", (96, 64), (128, 96)),
    }


def test_padding_in_numbers_grows_with_its_kernel(tmp_path: Path) -> None:
    """So that the map keeps its size; a padding that would have to shrink below nothing leaves no step."""
    also = {s["key"]: s["also"] for s in mnetcost.sensitivity(own(tmp_path)).data["steps"] if "also" in s}
    assert also == {
        "layers[0]": {"padding": {"from": 1, "to": 2}},
        "layers[6]": {"padding": {"from": (0, 0, 1, 1), "to": (0, 0, 2, 2)}},
        "layers[7]": {"padding": {"from": 1, "to": 2}},
    }
    tight = own(
        tmp_path,
        OWN.replace('stride = 2, padding = 1 },\n  { op = "bneck"', 'padding = 0 },\n  { op = "bneck"'),
    )
    left = mnetcost.sensitivity(tight, by="down", of=["kernel"]).data["left_out"]
    assert left[0] == {
        "step": "kernel",
        "row": "stem",
        "key": "layers[0]",
        "field": "kernel",
        "why": "less padding than the kernel would lose",
    }


def test_rows_with_one_set_of_weights_step_together(tmp_path: Path) -> None:
    """The borrower has no step of its own, and neither has what the network answers with."""
    data = mnetcost.sensitivity(own(tmp_path, LENT)).data
    assert {s["row"]: s.get("with") for s in data["steps"] if s["row"]} == {
        "stem": None,
        "lender": ["borrower"],
        "mask": None,
    }
    assert [(s["row"], s["step"], s["why"]) for s in data["left_out"]] == [
        ("borrower", "width", "has the weights of another row"),
        ("borrower", "kernel", "has the weights of another row"),
        ("mask", "width", "what the network answers with"),
        ("mask", "repeat", "what the network answers with"),
    ]
    text = mnetcost.render(mnetcost.sensitivity(own(tmp_path, LENT)))
    assert "out 16 -> 24, also in borrower" in text
    assert "left out: width of 1 row (has the weights of another row)" in text


@pytest.mark.parametrize("sort", FIGURES)
def test_steps_are_sorted_by_their_cost(sort: str) -> None:
    """The dearest up first, the largest saving down first; equal ones by their multiply-adds."""
    for by, sign in (("up", -1), ("down", 1)):
        adds = [s["adds"] for s in mnetcost.sensitivity("v3-large", by=by, sort=sort).data["steps"]]
        keys = [(sign * one[FIGURES[sort]], sign * one["madds"]) for one in adds]
        assert keys == sorted(keys)


def test_the_answer_is_the_same_every_time() -> None:
    """To the byte, in each format."""
    for format_ in ("text", "json", "csv"):
        one, other = (mnetcost.render(mnetcost.sensitivity("v3-small"), format_) for _ in range(2))
        assert one == other


WIDTHS = [  # rule, printed, alpha, up, unit; the next printed width
    (WidthRule(), 24, 1.0, True, 0, 32),
    (WidthRule(), 20, 1.0, True, 0, 24),
    (WidthRule(), 20, 1.0, False, 0, 16),
    (WidthRule(), 24, 0.5, True, 0, 40),  # 16 channels -> 24
    (WidthRule(), 24, 1.4, True, 0, 26),  # 32 -> 40 channels; 32 x 1.4 would be 48
    (WidthRule(), 32, 0.5, False, 0, 16),  # 16 -> 8; 17 gives 8, too, and is no multiple
    (WidthRule(), 8, 1.0, False, 0, None),
    (WidthRule(), 2, 1.0, True, 0, 8),
    (WidthRule(scale="fixed"), 24, 0.5, True, 0, 32),
    (
        WidthRule(rounding="truncate", minimum=8),
        64,
        0.35,
        True,
        0,
        88,
    ),  # 22 -> 30; 86 is the first that gives it
    (WidthRule(rounding="truncate", minimum=8), 32, 0.25, False, 0, None),
    (WidthRule(), 48, 1.0, True, 24, 72),
    (WidthRule(), 1_000_000, 1.0, True, 0, None),
]


@pytest.mark.parametrize(("rule", "printed", "alpha", "up", "unit", "after"), WIDTHS)
def test_the_next_width(
    rule: WidthRule, printed: int, alpha: float, up: bool, unit: int, after: int | None
) -> None:
    """The next number of channels that the rounding rule gives, and a printed width that gives it."""
    assert next_width(rule, printed, alpha, up, unit) == after


def test_the_next_alpha() -> None:
    """A published one, or 0.25 away; never 0."""
    assert next_alpha(0.6, (0.25, 0.5, 0.75), True) == 0.75
    assert next_alpha(0.6, (0.25, 0.5, 0.75), False) == 0.5
    assert next_alpha(0.25, (0.25, 0.5), False) is None
    assert next_alpha(100.0, (1.0,), True) is None


def test_a_model_file_has_the_steps_of_what_it_converts_to() -> None:
    """3 x 3 x 3 x 8 weights on 16 x 16."""
    data = mnetcost.sensitivity("tests/field/file-bn.prototxt").data
    assert [(s["row"], s["field"]) for s in data["steps"]] == [
        ("", "resolution"),
        ("stem", "repeat"),
        ("stem", "kernel"),
        ("stem", "out"),
    ]
    kernel = next(s for s in data["steps"] if s["field"] == "kernel")
    assert kernel["adds"]["madds"] == (25 - 9) * 3 * 8 * 16 * 16
    assert ("alpha", "") in [(s["step"], s["key"]) for s in data["left_out"]]


def test_rows_are_compared_with_the_spec_that_a_file_converts_to() -> None:
    """Where its peak is another one than the file's, a note gives it."""
    found = mnetcost.sensitivity("tests/field/file-svdf.tflite", of=["width"])
    assert found.data["now"]["peak_bytes.int8"] == 96
    assert any(note.endswith("they are compared with its peak 56") for note in found.notes)


def test_a_file_that_no_spec_describes_has_its_resolution_alone(tmp_path: Path) -> None:
    """An op that cannot be costed is no row of a spec, and a note says so."""
    path = tmp_path / "net.prototxt"
    path.write_text(small(layer("Roll") + layer("ReLU", "", "y", "z", "z")), "utf-8")
    found = mnetcost.sensitivity(str(path), allow_unknown=True)
    assert [(s["step"], s["to"]) for s in found.data["steps"]] == [("resolution", (40, 40))]
    assert found.data["status"] == "partial"
    assert any(note.startswith("no steps of rows: layer 'y': 'Roll'") for note in found.notes)


REFUSED = [
    (["--by", "sideways"], "unknown value 'sideways' for --by"),
    (["--sort", "macs"], "did you mean 'madds'?"),
    (["--of", "widht"], "did you mean 'width'?"),
    (["--top", "0"], "--top must be a whole number"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED)
def test_a_wrong_call_says_what_is_meant(options: list[str], message: str) -> None:
    answer = run("sensitivity", "v2", *options)
    assert answer.exit_code == 2, answer.output
    assert message in answer.stderr


def test_a_wrong_word_from_python_is_refused() -> None:
    for asked in ({"by": "sideways"}, {"sort": "macs"}, {"of": ["widht"]}):
        with pytest.raises(CallError, match="unknown value"):
            mnetcost.sensitivity("v2", **asked)  # type: ignore[arg-type]


def test_help_names_every_kind_and_figure() -> None:
    """Its sentences repeat two tables."""
    words = re.findall(r"[a-z]+", run("sensitivity", "--help").stdout)
    assert {*KINDS, *FIGURES} <= set(words)


def test_a_space_is_refused() -> None:
    """With the commands that take it."""
    answer = run("sensitivity", "ofa-mobilenetv3")
    assert answer.exit_code == 2
    assert "is a space of designs" in answer.stderr


@pytest.mark.parametrize(("n", "name"), [*enumerate(shipped())])
def test_every_shipped_design_has_steps(n: int, name: str) -> None:
    """Up or down by turns; what cannot be built is named with its reason."""
    document = mnetcost.sensitivity(name, by=("up", "down")[n % 2])
    assert document.data["steps"]
    assert all(step["why"] for step in (*document.data["not_built"], *document.data["left_out"]))
    assert mnetcost.render(document)
