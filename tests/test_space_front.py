"""Fronts of spaces are those of every design costed; accuracies come from a file alone."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

import mnetcost
from mnetcost.analyses.pareto import pareto_front
from mnetcost.analyses.search.front import read_objectives
from mnetcost.analyses.search.space import price
from mnetcost.analyses.search.spacefront import front
from mnetcost.designs.spaces import load_space

from .test_cli import run
from .test_spaces import PAPER, SMALL, small, spaces

__all__ = ["spaces"]
WANTED = ("madds", "params", "peak_bytes.int8", "flash_bytes.int8", "layers")


@pytest.mark.parametrize("name", SMALL)
def test_the_front_of_a_space_is_that_of_all_its_designs(name: str, spaces: Path) -> None:
    """In two, three and four figures: the same points, each by a design that has them."""
    path = spaces / f"space{list(SMALL).index(name)}.toml"
    for metrics in (WANTED[:2], WANTED[1:3], WANTED[:3], WANTED[2:], WANTED[1:]):
        known = price(load_space(str(path)), metrics, PAPER)
        every = [tuple(known.figures(n)[m] for m in metrics) for n in range(known.total)]
        expected = {every[int(n)] for n in pareto_front(list(zip(*every, strict=True)))}
        found = front(known, read_objectives(",".join(metrics)))
        assert {point.figures for point in found} == expected
        assert all(every[point.number] == point.figures for point in found)
        assert [point.figures for point in found] == sorted(point.figures for point in found)


def test_a_front_with_accuracies_is_of_the_designs_that_have_one(spaces: Path, tmp_path: Path) -> None:
    """However a design's number is written; more accuracy is better, and a tie in all is kept."""
    known = small(spaces, "stages that end early")
    name = known.space.spec.name
    scores = {3: 70.5, 250: 71.0, 17: 70.5, 399: 80.0, 0: 60.0}
    spelled = ["3", f"{name}-250", f"nets/{name}-17.toml", f"{name} 399", "0"]
    path = tmp_path / "top1.csv"
    rows = [f"{text},{value}" for text, value in zip(spelled, scores.values(), strict=True)]
    path.write_text("\n".join(["design,value", *rows]), "utf-8")
    found = front(known, read_objectives(f"madds,top1={path}"))
    figures = {n: (known.figures(n)["madds"], -value) for n, value in scores.items()}
    beaten = {
        a
        for a, b in product(figures, repeat=2)
        if figures[b] != figures[a] and all(x <= y for x, y in zip(figures[b], figures[a], strict=True))
    }
    assert {point.number for point in found} == set(scores) - beaten
    space = mnetcost.space(known.space.spec.file)
    assert [n for n, _ in space.front("madds,top1", scores=scores)] == [point.number for point in found]


def test_json_has_the_numbers_as_digits() -> None:
    """Of the whole of Once-for-All, in which one design is least in all."""
    said = run("space", "front", "ofa-mobilenetv3", "--of", "madds,params,ram", "--format", "json")
    assert said.exit_code == 0, said.stderr
    data = json.loads(said.stdout)
    assert data["schema"] == "mnetcost.space-front/1"
    assert [(one["design"], one["figures"]["madds"]) for one in data["front"]] == [("0", 121_278_672)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("design,value\n16,70\n", "is no number of a design of 'v1-grid'"),
        ("design,value\nv2-grid-3,70\n", "is no number of a design of 'v1-grid'"),
        ("design,value\n3,70\nv1-grid-3,71\n", "design 3 is on line 2 too"),
        ("design,value\n", "no design"),
        ("design,top1\n3,70\n", "value"),
    ],
)
def test_a_wrong_file_of_accuracies_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    """Ends with 2."""
    path = tmp_path / "top1.csv"
    path.write_text(text, "utf-8")
    said = run("space", "front", "v1-grid", "--of", f"madds,top1={path}")
    assert said.exit_code == 2
    assert message in said.stderr


def test_accuracy_is_never_predicted() -> None:
    """Without a file there is none."""
    said = run("space", "front", "v1-grid", "--of", "madds,top1")
    assert said.exit_code == 2
    assert "none is predicted" in said.stderr
