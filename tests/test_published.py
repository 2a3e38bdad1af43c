"""Do we reproduce what the papers, READMEs and docstrings print, at their printed digits?

The table is tests/published.toml; `python -m tests.refresh` writes docs/published.md from it.
"""

from __future__ import annotations

import re
import tomllib
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mnetcost.designs import load, split_design
from mnetcost.engine.costs import Costs, cost
from mnetcost.engine.ops import Conv, DepthwiseConv
from mnetcost.engine.shapes import Shape
from mnetcost.engine.terms import MAC_KINDS

HERE = Path(__file__).parent
PUBLISHED = tomllib.loads((HERE / "published.toml").read_text())
PAGE = HERE.parent / "docs" / "published.md"
UNITS = {"": 1, "B": 1_000_000_000, "M": 1_000_000, "k": 1_000}


class Figure(NamedTuple):
    """One printed figure, and ours."""

    source: str
    what: str
    design: str
    quantity: str  # "MAdds", "params", "share of MAdds", "share of params"
    printed: str
    ours: Decimal
    cut: bool
    reason: str

    def fits(self, mode: str) -> bool:
        """Is ours, rounded or cut to the printed digits, the printed figure?"""
        number, _, unit = self.printed.partition(" ")
        printed = Decimal(number)
        return (self.ours / UNITS[unit]).quantize(
            Decimal(1).scaleb(printed.as_tuple().exponent), mode
        ) == printed  # type: ignore[arg-type]

    @property
    def verdict(self) -> str:
        if self.fits(ROUND_HALF_UP):
            return "exact"
        return "cut off" if self.fits(ROUND_FLOOR) else "differs"


def params_as(costs: Costs, reading: str) -> int:
    """Count parameters as a source means them."""
    kinds = costs.params_by_kind()
    norm, statistics = kinds.get("norm", 0), kinds.get("norm_statistics", 0)
    gamma = sum(
        t.count for layer in costs.layers for t in layer.params if t.kind == "norm" and t.variant == "scale"
    )
    trainable = sum(kinds.values()) - statistics
    return {
        "trainable": trainable,
        "weights": trainable - norm,
        "total": trainable + statistics,
        "no_gamma": trainable + statistics - gamma,
    }[reading]


def figures() -> list[Figure]:
    out = []
    for table in PUBLISHED["table"]:
        for row in table["rows"]:
            costs = cost(load(row["design"]).graph)
            work, params = costs.work_by_kind(), costs.params_by_kind()
            madds = sum(work.get(kind, 0) for kind in MAC_KINDS)
            common = (table["source"], row["what"], row["design"])
            cut = row.get("cut", False)
            if "madds" in row:
                out.append(
                    Figure(*common, "MAdds", row["madds"], Decimal(madds), cut, row.get("madds_differs", ""))
                )
            if "params" in row:
                ours = params_as(costs, row.get("params_as", "trainable"))
                out.append(
                    Figure(
                        *common, "params", row["params"], Decimal(ours), cut, row.get("params_differs", "")
                    )
                )
            if "share" in row:
                weights = sum(params.get(kind, 0) for kind in MAC_KINDS)
                shares = {
                    "madds": Decimal(100) * work[row["share"]] / madds,
                    "params": Decimal(100) * params[row["share"]] / weights,
                }
                for key, ours in shares.items():
                    out.append(
                        Figure(
                            *common,
                            f"share of {key}",
                            row[f"{key}_share"],
                            ours,
                            cut,
                            row.get(f"{key}_differs", ""),
                        )
                    )
    return out


FIGURES = figures()


@pytest.mark.parametrize("figure", FIGURES, ids=[f"{f.source}: {f.what}: {f.quantity}" for f in FIGURES])
def test_a_published_figure_is_recomputed_at_its_digits(figure: Figure) -> None:
    """Rounded, or cut where the source cuts; a figure with a reason why it differs must in truth differ."""
    if figure.reason:
        assert figure.verdict == "differs", f"{figure.printed} is reproduced: {figure.ours}"
    elif figure.verdict == "cut off":
        assert figure.cut, f"{figure.ours} is {figure.printed} only when cut"
    else:
        assert figure.verdict == "exact", f"{figure.ours} instead of {figure.printed}"


LAYERS = [  # V1 paper, table 3, and the note's worked example: input, kernel, out, standard and separable
    (Shape(14, 14, 512), 3, 512, 462_422_016, 52_283_392),
    (Shape(14, 14, 384), 3, 384, 260_112_384, 29_578_752),
    (Shape(10, 10, 384), 3, 384, 132_710_400, 15_091_200),
    (Shape(112, 112, 64), 3, 128, 924_844_032, 109_985_792),
]


@pytest.mark.parametrize(("x", "kernel", "out", "standard", "separable"), LAYERS)
def test_one_layer_factorised(x: Shape, kernel: int, out: int, standard: int, separable: int) -> None:
    """462 / 52.3 / 29.6 / 15.1 M of table 3; 924,844,032 and 109,985,792 of the worked example."""

    def madds(op: Any, x: Shape) -> int:
        return sum(t.count for t in op.work(op.shape(x), x))

    assert madds(Conv(out, kernel), x) == standard
    assert madds(DepthwiseConv(kernel), x) + madds(Conv(out), x) == separable


def settings_of(design: str) -> str:
    name, _ = split_design(design)
    return f"`{design}`" if name else design


def page() -> str:
    """docs/published.md, whole."""
    lines = (HERE / "published_head.md").read_text().rstrip().splitlines()
    for table in PUBLISHED["table"]:
        lines += ["", f"### {table['source']}", ""]
        if "note" in table:
            lines += [f"{table['note'][0].upper()}{table['note'][1:]}.", ""]
        lines += ["| row | design | quantity | printed | ours | |", "|---|---|---|---:|---:|---|"]
        for f in (f for f in FIGURES if f.source == table["source"]):
            ours = f"{int(f.ours):,}" if "share" not in f.quantity else f"{f.ours:.4f}"
            percent = " %" if "share" in f.quantity else ""
            verdict = f"differs: {f.reason}" if f.reason else f.verdict
            lines.append(
                f"| {f.what} | {settings_of(f.design)} | {f.quantity} | {f.printed}{percent} |"
                f" {ours}{percent} | {verdict} |"
            )
    lines += ["", "## Published figures that are not recomputed", ""]
    lines += [f"- {item['source']}: {item['reason']}" for item in PUBLISHED["not_derivable"]]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("design", "reading"),
    [("v1", "trainable"), ("v1", "total"), ("v2", "trainable"), ("v3-large:alpha=0.75", "trainable")],
)
def test_the_head_of_the_page_says_true_figures(design: str, reading: str) -> None:
    """The exact figures in the page's own words are the program's."""
    assert f"{params_as(cost(load(design).graph), reading):,}" in (HERE / "published_head.md").read_text()


def test_a_wrong_figure_would_be_seen() -> None:
    """The check can fail: one digit off is neither exact nor cut off."""
    right = next(f for f in FIGURES if f.printed == "569 M")
    assert right.verdict == "exact"
    assert right._replace(printed="570 M").verdict == "differs"
    assert re.fullmatch(r"\d[\d.]*( [Mk])?", right.printed)
