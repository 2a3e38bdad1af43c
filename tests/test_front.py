"""The front is what comparing all designs leaves, with figures as `report` counts them, and no other accuracy
than one that was given.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import mnetcost
from mnetcost.analyses.search.front import Asked, Objective, answer, compared, read_objectives
from mnetcost.designs.checkpoints import checkpoints
from mnetcost.designs.conventions import load_convention
from mnetcost.designs.loading import load, read_resolution
from mnetcost.errors import CallError
from mnetcost.output import BINARY, FORMATS, NETWORKS

from .test_cli import run
from .test_docs import ROOT

FILES = ROOT / "tests" / "truth" / "arenas"
PAPER = load_convention("paper")
ALPHAS, SIZES = (0.25, 0.35, 0.5, 0.75, 1.0), (96, 128, 224)
FAMILIES = ("v1", "v2", "v3-large", "v3-small")
TOP1 = {  # arXiv 1704.04861, table 6; TF-Slim's README of V2; arXiv 1905.02244, tables 3 and 4
    "v1": 70.6,
    "v1:alpha=0.75": 68.4,
    "v1:alpha=0.5": 63.7,
    "v2": 71.8,
    "v2:alpha=0.75": 69.8,
    "v3-large": 75.2,
    "v3-small": 67.4,
}


def front(*arguments: str) -> dict[str, Any]:
    answer = run("front", *arguments, "--format", "json")
    assert answer.exit_code == 0, answer.output
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def beats(one: list[Any], other: list[Any]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    "of", ["madds,params", "params,peak_bytes.int8", "madds,params,ram,flash", "madds,layers"]
)
def test_the_front_is_what_comparing_all_designs_leaves(of: str) -> None:
    """Every design loaded and counted alone, and compared with every other one."""
    metrics = [one.metric for one in read_objectives(of)]
    cells = [f"{n}:alpha={a:g},resolution={s}" for n, a, s in product(FAMILIES, ALPHAS, SIZES)]
    figures = {}
    for cell in cells:
        data = mnetcost.report(cell).data
        design = load(cell)
        known = {"params": data["totals"]["params"], "madds": data["totals"]["madds"]}
        figures[cell] = [known.get(m) or figure(design, m) for m in metrics]
    plain = [c for c in cells if not any(beats(figures[o], figures[c]) for o in cells)]
    alphas, sizes = ",".join(map(str, ALPHAS)), ",".join(map(str, SIZES))
    found = front(*FAMILIES, "--alpha", alphas, "--resolution", sizes, "--of", of, "--all")
    rows = {row["design"]: row for row in (*found["front"], *found["beaten_designs"])}
    assert sorted(row["design"] for row in found["front"]) == sorted(plain)
    assert {name: [*row["figures"].values()] for name, row in rows.items()} == figures
    assert (found["designs"], found["beaten"]) == (len(cells), len(cells) - len(plain))
    for row in found["beaten_designs"]:
        assert row["beaten_by"] in plain
        assert beats(figures[row["beaten_by"]], figures[row["design"]])
    ordered = [[*row["figures"].values()] for row in found["front"]]
    assert ordered == sorted(ordered)


def figure(design: Any, metric: str) -> int:
    from mnetcost.analyses.report.metrics import Gauge
    from mnetcost.engine.costs import cost

    return Gauge(cost(design.graph, design.batch), PAPER, design).figure(metric)


def test_an_accuracy_is_read_and_more_of_it_is_better(tmp_path: Path) -> None:
    """V3-Large at 0.75 is not in the file: it is named, and not on the front; V1 is beaten by V3-Large."""
    file = tmp_path / "mine.csv"
    file.write_text("design,value\n" + "".join(f"{name},{value}\n" for name, value in TOP1.items()))
    names = ("v1", "v2", "v3-large", "v3-small")
    found = front(*names, "--alpha", "0.5,0.75,1", "--of", f"top1={file},madds", "--all")
    assert [(row["design"], row["figures"]["top1"]) for row in found["front"]] == [
        ("v3-large:alpha=1,resolution=224", 75.2),
        ("v2:alpha=0.75,resolution=224", 69.8),
        ("v3-small:alpha=1,resolution=224", 67.4),
    ]
    assert found["objectives"][0] == {"metric": "top1", "better": "larger", "file": str(file)}
    (left_out,) = found["left_out"]
    assert left_out["why"] == f"no top1 in {file}"
    assert "v3-large:alpha=0.75,resolution=224" in left_out["designs"]
    assert found["designs"] + len(left_out["designs"]) == 12
    beaten = {row["design"]: row["beaten_by"] for row in found["beaten_designs"]}
    assert beaten["v1:alpha=1,resolution=224"] == "v3-large:alpha=1,resolution=224"


def test_a_design_is_found_however_its_settings_are_written() -> None:
    """Rho or resolution, a name of its own or another one; other settings are another design."""
    rows = {"MobileNetV2:rho=0.5": 60.0, "v2:width=0.5,resolution=224x224": 65.4, "v2:classes=10": 90.0}
    found = mnetcost.front("v2", alpha=[0.5, 1], resolution=[112, 224], of="madds,top1", top1=rows)
    assert {row["design"]: row["figures"]["top1"] for row in found.data["front"]} == {
        "v2:alpha=1,resolution=112": 60.0,
        "v2:alpha=0.5,resolution=224": 65.4,
    }
    assert any("1 are of designs that are not compared: v2:classes=10" in note for note in found.notes)
    found = mnetcost.front("v2", of="madds,top1", top1={"v2": 90.0}, classes=10)
    assert found.data["front"][0]["figures"]["top1"] == 90.0


def test_files_of_one_name_in_two_folders_are_two_designs(tmp_path: Path, monkeypatch: Any) -> None:
    """A row of one is not of the other, and ./net.toml is net.toml."""
    monkeypatch.chdir(tmp_path)
    for folder, name in (("one", "v1"), ("two", "v2")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.toml").write_text(run("show", name, "--resolved").stdout)
    found = mnetcost.front("one/net.toml", "two/net.toml", of="madds,top1", top1={"./two/net.toml": 71.8})
    assert [row["figures"] for row in found.data["front"]] == [{"madds": 300_774_272, "top1": 71.8}]


def test_equal_designs_are_all_kept() -> None:
    """Alphas of 0.001 to 0.003 leave eight channels each."""
    found = front("v1", "--alpha", "0.001:0.003:0.001")
    assert [row["design"][:14] for row in found["front"]] == [f"v1:alpha=0.00{n}" for n in (1, 2, 3)]


def test_checkpoints_have_the_accuracy_that_is_published() -> None:
    """Every one on the front is as its table says; those whose design is not shipped are named."""
    found = front("--checkpoints", "--of", "top1,madds", "--all")
    known = {(one.source, one.name): one for one in checkpoints() if one.published}
    (left_out,) = found["left_out"]
    assert len(left_out["designs"]) == sum(not one.design for one in known.values())
    assert found["designs"] + len(left_out["designs"]) == len(known)
    rows = [*found["front"], *found["beaten_designs"]]
    for row in rows:
        one = known[row["source"], row["checkpoint"]]
        assert (row["design"], row["figures"]["top1"], row["dtype"]) == (one.design, one.top1, one.dtype)
    costs = {row["checkpoint"]: [-row["figures"]["top1"], row["figures"]["madds"]] for row in rows}
    for row in found["front"]:
        assert not any(beats(other, costs[row["checkpoint"]]) for other in costs.values())


def test_designs_and_checkpoints_are_compared_together() -> None:
    """A million per cent is no accuracy, but 99 at the cost of V1 beats every checkpoint that costs more."""
    found = mnetcost.front("v1", of="madds,top1", checkpoints=True, top1={"v1": 99.0}, everything=True)
    assert found.title.split(" are ")[0].endswith("designs and checkpoints")
    assert found.data["front"][-1]["design"] == "v1:alpha=1,resolution=224"
    assert all(row["figures"]["madds"] <= 568_740_352 for row in found.data["front"])
    with pytest.raises(CallError, match="per cent"):
        mnetcost.front("v1", of="madds,top1", checkpoints=True, top1={"v1": 0.706})


def test_a_model_file_is_compared_as_it_is(tmp_path: Path) -> None:
    """Its name is its own, and the alphas are of the specs beside it."""
    file = str(FILES / "narrowing.tflite")
    found = front(file, "v1", "--alpha", "0.25,1", "--of", "madds,params,weight_bytes.int8", "--all")
    names = [row["design"] for row in (*found["front"], *found["beaten_designs"])]
    assert len(names) == 3
    assert sum("narrowing" in name for name in names) == 1
    found = mnetcost.front(file, "v1", of="madds,top1", top1={file: 50.0, "v1": 70.0}).data
    assert {row["figures"]["top1"] for row in found["front"]} == {50.0, 70.0}
    with pytest.raises(CallError, match="v1:alpha=1,resolution=224: this design has no"):
        mnetcost.front(file, "v1", of="madds,weight_bytes.file")


BROKEN = [
    ("", ":1: there is no column 'design'\n  hint: the first line must be: design,value"),
    ("design,Value\n", ":1: there is no column 'value'\n  hint: is it 'Value'?"),
    ("design,value\nv1,101\n", ":2: 'value' must be per cent, from 0 to 100, not '101'"),
    ("design,value\nv1,-1\nv2,nan\n", ":3: 'value' must be per cent, from 0 to 100, not 'nan'"),
    ("design,value\nv1,\n", ":2: 'value' must be per cent, from 0 to 100, not ''"),
    ("design,value\nv1,70\nv1,71\n", ":3: 'v1' is on line 2 too\n  hint: keep one of the lines"),
    ("design,value\nv1,70\nv1:alpha=1,71\n", ":3: 'v1:alpha=1' is on line 2 too, as 'v1'"),
    ("design,value\nv11,70\nv1:alfa=1,71\n", ":2: v11: there is no design 'v11'\n  hint: did you mean 'v1'?"),
    ("design,value\nv11,70\nv1:alfa=1,71\n", ":3: v1:alfa=1: 'v1:alfa=1': a design has no setting 'alfa'"),
    ("design,value\nv2,70\n", "no design has all of these figures"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_every_mistake_in_a_file_is_told_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    """Exit code 2, and nothing on stdout."""
    file = tmp_path / "mine.csv"
    file.write_text(text)
    answer = run("front", "v1", "--of", f"madds,top1={file}")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("value;design\r\n70.6 %;v1\r\n", 70.6),
        ('\ufeffdesign,value,who\n"v1:alpha=1,resolution=224",70.6,me\n', 70.6),
        ("design,value\nv1:alpha=1,resolution=224,70.6\n", 70.6),
    ],
)
def test_tables_as_programs_write_them(text: str, value: float, tmp_path: Path) -> None:
    """With another separator, a per cent sign, further columns, or commas of a design without quotes."""
    file = tmp_path / "mine.csv"
    file.write_text(text, "utf-8")
    assert front("v1", "--of", f"madds,top1={file}")["front"][0]["figures"]["top1"] == value


WRONG = [
    ([], "no design is given"),
    (["--checkpoints", "--alpha", "0.5"], "alphas and resolutions are of designs"),
    (["v1", "--of", "madds,params,ram,flash,layers"], "2 to 4 objectives, not of 5"),
    (["v1", "--of", "ram,peak_bytes.int8"], "'peak_bytes.int8' is an objective twice"),
    (["v1", "--of", "madds,top1="], "'top1=' names no file"),
    (["v1", "--of", "madds,top1=none.csv"], "none.csv: no such file"),
    (["v1", "--of", "madds,weight_bytes.file"], "v1:alpha=1,resolution=224: this design has no 'weight"),
    (["v1", "v2", "--checkpoints", "--of", "madds,top1"], "no top1 of designs is known"),
    (["v1", "--alpha", "0.0001:1:0.0001", "--resolution", "32:1031:1"], "more than 4,000,000 designs"),
    (["proxylessnas"], "is a space of designs"),
]


@pytest.mark.parametrize(("arguments", "message"), WRONG)
def test_what_cannot_be_compared_is_refused(arguments: list[str], message: str) -> None:
    """Further ones are in tests/mistakes/calls.md."""
    answer = run("front", *arguments)
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert message in answer.stderr


def test_a_long_front_is_shown_in_part_and_written_whole() -> None:
    """Made-up accuracies that grow with alpha: nothing is beaten."""
    top1 = {f"v1:alpha={n / 100:g}": n / 2 for n in range(50, 151)}
    asked = {"alpha": [n / 100 for n in range(50, 151)], "of": "params,top1", "top1": top1}
    found = mnetcost.front("v1", **asked)  # type: ignore[arg-type]
    assert len(found.tables[0].rows) == 40
    assert len(found.data["front"]) == 101
    assert "40 of 101 are shown" in found.notes[0]
    assert len(mnetcost.render(found, "csv").splitlines()) == 102
    assert len(mnetcost.front("v1", **asked, everything=True).tables[0].rows) == 101  # type: ignore[arg-type]


@pytest.mark.parametrize("format_", sorted({*FORMATS} - {*BINARY, *NETWORKS}))
def test_every_format_has_the_front(format_: str) -> None:
    """With what is beaten."""
    found = mnetcost.front("v1", "v2", alpha=[0.5, 1], everything=True)
    assert "v2:alpha=0.5" in mnetcost.render(found, format_)


def test_a_grid_is_counted_as_each_design_alone() -> None:
    """A volume, at two sizes, and a batch."""
    asked = Asked(("r3d-18",), sizes=[read_resolution("8x64x64"), read_resolution("16x112x112")])
    of = (Objective("madds"), Objective("params"))
    rows = answer(compared(asked, of, PAPER), of, PAPER, True).data
    for row in (*rows["front"], *rows["beaten_designs"]):
        totals = mnetcost.totals(row["design"])
        assert row["figures"] == {"madds": totals["madds"], "params": totals["params"]}
