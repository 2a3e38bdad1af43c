"""What must every page be? Whole without its script, inert whatever names are in it, closed to the net."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mnetcost
from mnetcost.analyses.documents import Branch, Column, Document, More, RowBlock, Table
from mnetcost.errors import plain
from mnetcost.output import page, render
from mnetcost.output.page import embedded
from mnetcost.output.page.cells import Look, cell, gauge, spark
from mnetcost.output.page.markup import escape, tag, text

from .test_cli import run
from .test_output import HOSTILE

FOLDER = Path(page.__file__).parent
ELEMENTS = """
html head meta title style body header main section noscript script h1 h2 h3 h4 p ul li div
table thead tbody tfoot tr th td small span button wbr dl dt dd b svg rect figure figcaption
desc g line path circle text
"""
"""Elements that a page may have; those of the last line are of charts."""
KNOWN = set(ELEMENTS.split())


class Reader(HTMLParser):
    """What a browser would build: elements with their attributes, and every text."""

    def __init__(self, written: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.feed(written)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)

    @property
    def text(self) -> str:
        return "".join(self.pieces)


def faults(written: str) -> list[str]:
    """What a page has that it may not have: elements and attributes that run, fetch or style something."""
    found = []
    for name, attributes in Reader(written).elements:
        if name not in KNOWN:
            found.append(f"an element {name}")
        for key in attributes:
            if key.startswith("on") or key in ("style", "src", "href", "action", "srcdoc", "xlink:href"):
                found.append(f"an attribute {key}")
    return found


def detailed(name: str) -> Document:
    """A document with a name everywhere it may stand: blocks, rows, what rows open, notes."""
    columns = (Column("name", name), Column("madds", "MAdds", "count"))
    detail = Table(name, columns, ((name, None, name), (name, 7, f"7 {name}")))
    detail = detail._replace(columns=(*columns, Column("formula", "formula")))
    rows = ((name, 3), (name, 4))
    more = More((RowBlock(name, (0,), (name, 3)), RowBlock(name, (1,), (name, 4))), (detail, detail))
    table = Table(name, columns, rows, ((name, 7),), more=lambda: more)
    return Document(name, (table,), (name,), {}, (name,))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_text_wherever_it_stands(name: str) -> None:
    """In heads, rows, blocks, formulas and notes: no element or attribute is of the name's making."""
    written = render(detailed(name), "html")
    assert faults(written) == []
    assert Reader(written).text.count(plain(name)) >= 12
    assert "\x1b" not in written


@given(st.text())
def test_data_ends_no_element(name: str) -> None:
    """Whatever is in a name, the JSON that a page holds is read back as it is shown, and has no tag."""
    written = embedded({"names": [name]})
    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"names": [plain(name)]}


def test_a_bad_page_is_seen() -> None:
    """The guard can fail."""
    assert faults('<img src="x" onerror="y"><p style="a">') == [
        "an element img",
        "an attribute src",
        "an attribute onerror",
        "an attribute style",
    ]


@pytest.mark.parametrize(
    "call",
    [
        "report v2",
        "report v2 --memory",
        "compare v1 v2",
        "report v3-small --tree",
        "memory v1",
        "space stats v2-grid",
        "check v2 --max madds=1M",
    ],
)
def test_any_answer_is_a_page_of_known_elements(call: str) -> None:
    """Nothing runs, is fetched or styled beside the two texts of the head."""
    assert faults(run(*call.split(), "--format", "html").stdout) == []


def test_the_policy_allows_the_two_texts_of_the_page_and_nothing_else() -> None:
    """The hashes are those of what stands in it, letter by letter."""
    written = run("report", "v2", "--format", "html").stdout
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', written)
    assert policy
    assert policy[1].startswith("default-src 'none'; ")
    assert policy[1].endswith("; base-uri 'none'; form-action 'none'")
    for element in ("style", "script"):
        inside = re.search(rf"<{element}>(.*?)</{element}>", written, re.DOTALL)
        allowed = re.search(rf"{element}-src 'sha256-([^']+)'", policy[1])
        assert inside
        assert allowed
        assert sha256(inside[1].encode()).digest() == b64decode(allowed[1])
    assert "url(" not in written
    assert "@import" not in written


def test_the_script_writes_no_markup() -> None:
    """Names are only ever set as text: the words that would make them markup are not in it."""
    script = (FOLDER / "page.js").read_text("utf-8")
    words = (
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(|fetch\(|XMLHttp|import\("
    )
    assert not re.search(words + r"|Storage\b|cookie", script)
    assert "</" not in script.replace("</`", "")
    assert len(script) < 25_000


def test_blocks_have_the_sums_of_the_report_by_block() -> None:
    """Of V2's 'bottleneck 2/1': 5,136 params and 29,202,432 MAdds, exact; every row is in one block."""
    by_layer, by_block = mnetcost.report("v2").tables[0], mnetcost.report("v2", by="block").tables[0]
    blocks = by_layer.more().blocks
    assert [n for block in blocks for n in block.rows] == list(range(len(by_layer.rows)))
    figures = {row["name"]: (row["params"], row["madds"]) for row in by_block.records()}
    keys = [column.key for column in by_layer.columns]
    for block in blocks:
        sums = dict(zip(keys, block.sums, strict=True))
        assert (sums["params"], sums["madds"]) == figures[block.title]
        for key in ("params", "madds"):
            assert sums[key] == sum(by_layer.rows[n][keys.index(key)] for n in block.rows)
    assert figures["bottleneck 2/1"] == (5_136, 29_202_432)


def test_every_layer_of_a_report_shows_what_explain_says() -> None:
    """The first depthwise layer of V2: 3 x 3 x 32 weights, at 112 x 112 positions."""
    table = mnetcost.report("v2").tables[0]
    details = dict(zip((row[0] for row in table.rows), table.more().details, strict=True))
    told = mnetcost.explain("v2", "bottleneck 1/depthwise").tables[0]
    assert details["bottleneck 1/depthwise"] == told
    assert (
        "3 k_h x 3 k_w x 32 c x 112 h x 112 w = <b>3,612,672</b>"
        in run("report", "v2", "--format", "html").stdout
    )


@pytest.mark.parametrize("options", [{"sort": "madds"}, {"first": 5}, {"by": "block"}, {"by": "kind"}])
def test_rows_in_another_order_make_no_blocks(options: dict[str, object]) -> None:
    """Sorted rows of several blocks do not stand together."""
    assert mnetcost.report("v2", **options).tables[0].more().blocks == ()  # type: ignore[arg-type]


def test_views_of_memory_and_of_the_image_have_blocks_too() -> None:
    """The sums of each are those of the same view by block."""
    for options in ({"memory": True}, {"receptive": True}):
        by_layer = mnetcost.report("v1", **options).tables[0]  # type: ignore[arg-type]
        by_block = mnetcost.report("v1", by="block", **options).tables[0]  # type: ignore[arg-type]
        keys = [c.key for c in by_layer.columns]
        shared = [c.key for c in by_block.columns if c.key in keys]
        rows = {one["name"]: one for one in by_block.records()}
        for block in by_layer.more().blocks:
            sums = dict(zip(keys, block.sums, strict=True))
            assert {key: sums[key] for key in shared} == {key: rows[block.title][key] for key in shared}


def test_what_a_page_shows_beside_is_made_for_pages_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text, JSON and CSV do not wait for formulas, blocks, sliders and charts."""

    def never() -> None:
        raise AssertionError

    document = mnetcost.report("v2")
    table = document.tables[0]._replace(more=never)
    document = document._replace(tables=(table,), charts=never, sliders=never)
    for name in ("text", "json", "csv", "markdown", "latex"):
        assert render(document, name)


def test_a_tree_has_its_lines_and_stays_in_order() -> None:
    """Lines that are not read out stand before a name, which is text."""
    column = Column("name", "block", "tree")
    written = cell(Branch((True, False), "<b>"), Look(column), head="row")
    assert written == ('<th scope="row"><span class="lines" aria-hidden="true">│   └── </span>&lt;b&gt;</th>')
    assert (
        '<table aria-labelledby="table-1" class="tree">'
        in run("report", "v3-small", "--tree", "--format", "html").stdout
    )


def test_a_sparkline_reads_out_its_figures() -> None:
    """Bars relative to the largest, each seen, and the exact figures in words."""
    drawn = spark((0, 50, 1_000))
    assert re.findall(r'height="([\d.]+)"', drawn) == ["0.4", "0.5", "10"]
    assert 'aria-label="0, 50, 1,000"' in drawn


def test_a_gauge_is_drawn_to_its_limit_and_past_it() -> None:
    """Of 105.8 %: ten tenths up to the limit, and one past it."""
    drawn = gauge("##########|#")
    assert 'class="bar" y="2" width="10"' in drawn
    assert 'class="past" x="10" y="2" width="1"' in drawn
    assert 'aria-label="##########|#"' in drawn


def test_markup_is_escaped_where_it_enters() -> None:
    """In texts and attributes; nothing is escaped that need not be."""
    assert (
        tag("p", text("<&'\""), title="<&'\"") == '<p title="&lt;&amp;&#x27;&quot;">&lt;&amp;&#x27;&quot;</p>'
    )
    assert escape("bottleneck 4/1/depthwise") == "bottleneck 4/1/depthwise"
