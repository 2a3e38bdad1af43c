"""Are values shown well at a prompt and in a notebook? Run as people run it: by Jupyter, in a kernel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mnetcost
from mnetcost import shown
from mnetcost.analyses.documents import Column, Document, Table
from mnetcost.analyses.report.scale import answer
from mnetcost.designs import find_spec
from mnetcost.designs.build import build
from mnetcost.engine.costs import cost
from mnetcost.errors import plain
from mnetcost.output.fragment import MOST_ROWS, fragment

from .test_output import HOSTILE, document

TAGS = {"div", "style", "p", "b", "table", "thead", "tbody", "tfoot", "tr", "th", "td", "small"}
ROOT = Path(__file__).resolve().parent.parent
V2 = "v2:alpha=1,resolution=224"
VALUES = {
    "document": ('mnetcost.report("v2")', f"<Document {V2}: 1 table, charts>"),
    "costs": (
        'mnetcost.cost("v2")',
        f"<Costs {V2}: 3,504,872 params, 300,774,272 MAdds (paper), 152 layers>",
    ),
    "design": ('mnetcost.load("v2")', f"<Design {V2}: 152 layers>"),
    "grid": (
        'mnetcost.scale("v2", alpha=[0.5, 1], resolution=[96, 128, 224])',
        "<Grid v2: 2 alphas, 3 resolutions>",
    ),
    "space": (
        'mnetcost.space("ofa-mobilenetv3")',
        "<DesignSpace ofa-mobilenetv3: 21,758,655,492,572,485,851 designs>",
    ),
}
"""What a cell of a notebook ends with, and what a prompt shows of it."""


class Reader(HTMLParser):
    """The tags of a piece of HTML, those that are open, its texts and its classes."""

    EMPTY = ("rect", "line", "path", "circle")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.open.append(tag)
        self.attributes += attrs

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.EMPTY
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def cell(source: str) -> dict[str, Any]:
    """A cell of code of a notebook."""
    return {"cell_type": "code", "metadata": {}, "source": source, "outputs": [], "execution_count": None}


def run_notebook(folder: Path, *sources: str) -> list[list[dict[str, Any]]]:
    """What the cells of a notebook put out, run by the program that comes with nbclient."""
    python = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [{**cell(source), "id": f"cell{n}"} for n, source in enumerate(sources)]
    book = {"cells": cells, "metadata": {"kernelspec": python}, "nbformat": 4, "nbformat_minor": 5}
    file = folder / "book.ipynb"
    file.write_text(json.dumps(book), "utf-8")
    places = {name: str(folder) for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")}
    env = {**os.environ, **places, "PYTHONPATH": str(ROOT), "JUPYTER_PLATFORM_DIRS": "1"}
    start = "from nbclient.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, str(file), "--inplace", "--timeout=60"],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return [one["outputs"] for one in json.loads(file.read_text("utf-8"))["cells"]]


def test_a_notebook_shows_each_value(tmp_path: Path) -> None:
    """As a page with a line beside it, and without a word on stderr; printed, it is the text."""
    sources = ["import mnetcost", *(source for source, _ in VALUES.values()), 'print(mnetcost.load("v2"))']
    first, *shows, printed = run_notebook(tmp_path, *sources)
    assert first == []
    for (kind, (source, line)), outputs in zip(VALUES.items(), shows, strict=True):
        (output,) = outputs
        assert output["output_type"] == "execute_result", kind
        assert set(output["data"]) == {"text/plain", "text/html"}
        assert "".join(output["data"]["text/plain"]) == line
        value = eval(source, {"mnetcost": mnetcost})
        assert "".join(output["data"]["text/html"]) == value._repr_html_()
    (output,) = printed
    assert (output["name"], output["text"][0]) == ("stdout", f"{V2}\n")


@pytest.mark.parametrize("kind", VALUES)
def test_a_prompt_shows_a_line(kind: str) -> None:
    """What it is, its name, and its figures."""
    source, line = VALUES[kind]
    assert repr(eval(source, {"mnetcost": mnetcost})) == line


def test_text_is_that_of_the_command() -> None:
    """`print` writes what the format text has, without another end of a line."""
    made, grid = mnetcost.compare("v1", "v2"), mnetcost.scale("v1")
    assert f"{made}\n" == mnetcost.render(made)
    assert f"{grid}\n" == mnetcost.render(answer(grid))
    assert f"{mnetcost.load('v1')}\n" == mnetcost.render(mnetcost.report("v1", by="block"))
    assert "stem/conv" in str(mnetcost.cost("v1"))
    assert "100.00 %" in str(mnetcost.space("v1"))


def test_the_page_has_every_figure_and_chart() -> None:
    """Exact, with a chart that says what it shows; totals too."""
    made = mnetcost.report("v2")
    html = Reader(made._repr_html_() or "")
    texts = " ".join(html.texts)
    rows = [f"{n:,}" for row in made.tables[0].rows for n in row if isinstance(n, int)]
    assert [n for n in [*rows, "300,774,272", "3,504,872"] if n not in html.texts] == []
    for note in (*made.notes, made.charts()[0].about):
        assert note in texts
    assert html.texts.count("bottleneck 7/depthwise") == 1


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_of_the_page(name: str) -> None:
    """No name opens a tag, is fetched, or ends a line of the prompt."""
    answered = document(name)
    html = Reader(fragment(answered))
    assert html.tags <= TAGS
    assert {key for key, _ in html.attributes} <= {"class", "colspan"}
    assert plain(name) in html.texts
    assert "\n" not in repr(answered)
    assert "\x1b" not in repr(answered)


def test_nothing_runs_or_is_fetched_and_no_rule_reaches_beyond() -> None:
    """Tags of tables and pictures only; each selector is of what is within the fragment."""
    html = fragment(mnetcost.report("v2"))
    assert not re.search(r"<script|url\(|@import|https?:|javascript:| on\w+=", html)
    (style,) = re.findall(r"<style>(.*?)</style>", html)
    rules = re.findall(r"([^{}]+)\{", re.sub(r"@media ?(print|\(prefers-color-scheme:dark\))\{", "", style))
    assert len(rules) > 20
    outside = [
        part
        for rule in rules
        for part in re.split(r",(?![^(]*\))", rule)
        if not re.fullmatch(r"(:is\([^)]*\) )?div\.mnetcost(\b.*)?", part)
    ]
    assert outside == []


def test_the_colours_follow_the_theme_of_the_notebook() -> None:
    """Those of the day by default and in light themes; of the night in dark ones, and where there is no theme
    by the reader's choice.
    """
    html = fragment(mnetcost.report("v2"))
    assert re.search(
        r"<style>div\.mnetcost,:is\([^)]*\[data-jp-theme-light=true\][^)]*\) div\.mnetcost\{", html
    )
    (style,) = re.findall(r"<style>(.*?)</style>", html)
    night = [rule.split("{")[-2] for rule in style.split("}") if "--mn-paper:#0d1117" in rule]
    assert [part.partition("(")[0] for part in night] == ["div.mnetcost", ":is"]
    assert "@media (prefers-color-scheme:dark){div.mnetcost{" in html
    assert "[data-jp-theme-light=false],.vscode-dark" in night[1]
    used = set(re.findall(r'class="[fs]-(\w+)', html))
    assert used <= set(re.findall(r"--mn-(\w+):", html))


def test_a_long_table_says_how_many_rows_are_left_out() -> None:
    """Files have them all; the total is shown."""
    rows = [(f"row {n}", n) for n in range(MOST_ROWS + 2)]
    table = Table("t", (Column("name", "name"), Column("n", "n", "count")), rows, (("total", 125_751),))
    texts = Reader(fragment(Document("d", (table,), (), {}))).texts
    assert "row 499" in texts
    assert "row 500" not in texts
    assert "and 2 more" in texts
    assert "125,751" in texts


def test_a_value_shows_what_it_knows_without_the_rooms_above(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where `api` was never imported, nothing draws: a line that needs no convention, and no page."""
    made, costs = mnetcost.report("v2"), mnetcost.cost("v2")
    monkeypatch.setattr(shown, "WAYS", {})
    assert str(made) == repr(made) == VALUES["document"][1]
    assert str(costs) == repr(costs) == f"<Costs {V2}: 152 layers>"
    assert repr(costs._replace(heading="")) == "<Costs: 152 layers>"
    assert (made._repr_html_(), costs._repr_html_()) == (None, None)


def test_costs_of_a_grid_are_shown_by_their_layers() -> None:
    """Their counts are arrays, which a line does not hold."""
    alphas, sides = np.array([[0.5], [1.0]]), np.array([[96, 128]])
    costs = cost(build(find_spec("v2"), alphas, sides, sides, 1000, True))
    assert repr(costs) == "<Costs: 152 layers>"


def test_a_long_name_is_cut_in_a_line() -> None:
    """A prompt is no place for a thousand letters."""
    line = repr(Document("x" * 1000, (), (), {}))
    assert line == f"<Document {'x' * 99}…: 0 tables>"
