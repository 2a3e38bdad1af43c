"""Does every format print names as data, and numbers exactly?"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from mnetcost.analyses.documents import Column, Document, Table
from mnetcost.cli import cli
from mnetcost.designs.toml import quoted
from mnetcost.errors import CallError, plain
from mnetcost.output import (
    ARRAYS,
    BINARY,
    CHECK_FORMATS,
    ENDINGS,
    FORMATS,
    NETWORKS,
    SUFFIXES,
    cells,
    csv_,
    encode,
    latex,
    layout,
    markdown,
    render,
    terminal,
    text,
)
from mnetcost.output.page import markup

HOSTILE = [
    "\x1b]0;owned\x07\x1b[31mred",
    "[bold red]markup[/] [link=http://x]y[/link]",
    "<script>alert(1)</script><img src=x onerror=y>&amp;",
    "a|b\n| c | d |",
    "[click](http://evil.example) ![i](x) `code` **bold** _it_ @someone www.evil.example #1 $x$",
    r"\input{/etc/passwd} $\alpha$ 100% a_b^c ~ # & {}",
    "=HYPERLINK(1)",
    "+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "%0A",
    "\u202egnp.exe\u2066",
    "line\u2028break\x85\x00",
    "\ud800half",
    "\u7f51\u7edc wide",
    "quote \" and ' and ,",
]
TEXTS = [name for name in FORMATS if name not in (*BINARY, *NETWORKS)]


def document(name: str, title: str | None = None) -> Document:
    columns = (
        Column("name", name),
        Column("note", "note"),
        Column("n", "n", "count"),
        Column("share", "share", "share", bar=True),
    )
    table = Table(
        name,
        columns,
        ((name, name, 1_234_567, 0.25), ("plain", None, 0, None)),
        ((name, None, 1_234_567, 1.0),),
    )
    return Document(
        title or name,
        (table, table._replace(title="again")),
        (name,),
        {"name": name, "n": 1_234_567},
        (name,),
    )


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("format_", [f for f in TEXTS if f != "json"])
def test_no_control_character_leaves_the_program(name: str, format_: str) -> None:
    """Escapes, bells, line and direction marks are shown as \\x1b and the like, in every format."""
    said = render(document(name), format_)
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", said
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_json_gives_the_name_back(name: str) -> None:
    """Escaped on the way, whole at the other end, in ASCII."""
    said = render(document(name), "json")
    assert said.isascii()
    assert json.loads(said) == {"name": name, "n": 1_234_567}


@pytest.mark.parametrize("name", HOSTILE)
def test_csv_is_read_back_cell_by_cell_and_runs_nothing(name: str) -> None:
    """A row keeps its cells, and none of a stranger's begins as a formula does."""
    rows = list(csv.reader(io.StringIO(render(document(name), "csv"))))
    assert {len(row) for row in rows} == {5}
    assert rows[1][3] == "1234567"
    assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "|", "%")) for row in rows for cell in row)


def test_csv_keeps_numbers_numbers() -> None:
    """A negative count is no formula."""
    table = Table("t", (Column("n", "n", "change"), Column("r", "r", "ratio")), ((-3, -0.5),))
    assert render(Document("d", (table,), (), {}), "csv") == "n,r\n-3,-0.5\n"


CELLS = st.none() | st.sampled_from(HOSTILE) | st.text(max_size=4)
NUMBERS = st.none() | st.integers() | st.floats() | st.booleans()
SIZES = st.none() | st.integers(1, 9) | st.tuples(st.integers(1, 9), st.integers(1, 9))
WORDS = st.none() | st.sampled_from(["kept", "a,b", 'c "d"', "e\nf", "=1"])
KINDS_OF_VALUES = {"text": CELLS, "state": WORDS, "change": NUMBERS, "number": NUMBERS, "size": SIZES}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Table, ...]:
    """Up to three tables of up to four columns, some with the same columns."""
    found = []
    for _ in range(draw(st.integers(1, 3))):
        kinds = draw(st.lists(st.sampled_from([*KINDS_OF_VALUES]), min_size=1, max_size=4))
        rows = draw(st.lists(st.tuples(*(KINDS_OF_VALUES[k] for k in kinds)), max_size=4))
        columns = tuple(Column(f"{k}, {n}", k, k) for n, k in enumerate(kinds))
        found.append(Table(draw(st.sampled_from(HOSTILE)), columns, tuple(rows)))
    return tuple(found)


@given(tables(), st.booleans())
def test_csv_by_column_is_what_csv_writer_makes_of_the_rows(given_: tuple[Table, ...], partial: bool) -> None:
    """Texts that need quotes, formulas, negative and large ints, floats, nothing at all, one empty cell: the
    bytes are those of the rows, one at a time, in Python's csv.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    many, last = len(given_) > 1, None

    def text(value: object) -> str:
        return "" if value is None else csv_.escape(plain(value))

    for n, table in enumerate(given_):
        keys = [c.key for c in table.columns] + ["status"] * partial
        if keys != last:
            if n:
                writer.writerow([])
            writer.writerow(["table"] * many + keys)
        last = keys
        for row in table.rows:
            cells_ = [
                text(v)
                if c.kind == "text"
                else text(None if v is None else cells.size(v))
                if c.kind == "size"
                else v
                for v, c in zip(row, table.columns, strict=True)
            ]
            writer.writerow([text(table.title)] * many + cells_ + ["partial"] * partial)
    status = {"status": "partial"} if partial else {}
    expected = out.getvalue().encode("utf-8", "backslashreplace")
    assert encode(Document("d", given_, (), status), "csv") == expected


def test_bars_of_a_page_are_shares_of_its_tables_largest() -> None:
    """Of 50, 100 and 25 the bars are a half, whole and a quarter; totals have none."""
    columns = (Column("name", ""), Column("a", "a", "count", True), Column("b", "b", "count", True))
    table = Table("bars", columns, (("x", 50, 100), ("y", 25, None)), (("total", 75, 100),))
    page = render(Document("title", (table,), (), {}), "html")
    assert re.findall(r'<rect class="bar" width="([^"]*)"', page) == ["50", "100", "25"]


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_rows_keep_their_cells(name: str) -> None:
    """Every row of a table has as many bars as its head; nothing is a link, a mention, a tag or code."""
    said = render(document(name), "markdown")
    rows = [line for line in said.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert not re.search(r"(?<!\\)[`\[\]$]", said)
    assert not re.search(r"(?<!\\)<(?!!-- -->)", said)
    assert "@someone" not in said
    assert "www.evil" not in said
    assert "://" not in said


@pytest.mark.parametrize("name", HOSTILE)
def test_latex_runs_no_command_of_a_stranger(name: str) -> None:
    """Every backslash begins a command of ours, and no special character stands bare."""
    said = render(document(name), "latex")
    ours = (
        "usepackage begin end centering caption toprule midrule bottomrule noindent textbackslash"
        " textasciicircum textasciitilde textless textgreater textbar textquotedbl textquotesingle"
        " textasciigrave"
    )
    assert set(re.findall(r"\\([a-z]+)", said)) <= set(ours.split())
    body = re.sub(r"^%.*", "", said)
    assert not re.search(r"(?<!\\)[$#%_^~]", body)
    assert body.count("{") - body.count("\\{") == body.count("}") - body.count("\\}")


@given(st.text(max_size=60))
def test_any_text_is_data_in_every_format(name: str) -> None:
    """No format fails on a name, or lets a control character through."""
    for format_ in TEXTS:
        printed = render(document(name), format_)
        assert "\x1b" not in printed
        assert printed.endswith("\n")


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_a_terminal_is_sent_its_own_escapes_only(name: str, width: int) -> None:
    """Colours and bold are rich's; a name is shown without markup, and no line is wider than the terminal."""
    console = terminal.recorded(document(name), width)
    said = console.export_text(styles=True)
    assert "\x1b[31m" not in said  # the colour that a hostile name asks for
    assert "\x1b" not in re.sub("\x1b\\[[0-9;]*m", "", said)
    plain = terminal.recorded(document(name), width).export_text()
    assert all(layout.cells(line) <= width for line in plain.splitlines())


@pytest.mark.parametrize("escape", [csv_.escape, markdown.escape, latex.escape, markup.escape])
@pytest.mark.parametrize(
    "name", ["stem/conv", "bottleneck 4/1/depthwise", "v2:alpha=0.5,resolution=224", "112x112x32"]
)
def test_ordinary_names_stay_readable(escape: object, name: str) -> None:
    """Nothing is escaped that need not be (LaTeX: a hyphen aside)."""
    assert escape(name) == name  # type: ignore[operator]


@pytest.mark.parametrize(
    ("value", "kind", "shown", "rough"),
    [
        (300_774_272, "count", "300,774,272", "301 M"),
        (999, "count", "999", ""),
        (1000, "count", "1,000", "1.00 k"),
        (999_499, "count", "999,499", "999 k"),
        (999_500, "count", "999,500", "1.00 M"),
        (9_995, "count", "9,995", "10.0 k"),
        (4_867_293_184, "count", "4,867,293,184", "4.87 G"),
        (10**30, "count", f"{10**30:,}", "1,000,000,000,000,000,000 T"),
        (14_019_488, "bytes", "14,019,488", "14.0 MB"),
        (-1_500, "change", "-1,500", "-1.50 k"),
        (1_500, "change", "+1,500", "+1.50 k"),
        (128_337_664, "change", "+128,337,664", "+128 M"),
        (640, "change", "+640", ""),
        (0.94857, "share", "94.86 %", ""),
        (-0.05, "growth", "-5.00 %", ""),
        (0.118924, "ratio", "0.1189", ""),
        (12.345, "ratio", "12.35", ""),
        ((112, 112, 32), "size", "112x112x32", ""),
        (None, "count", "", ""),
        (0.35, "number", "0.35", ""),
    ],
)
def test_values_are_written_by_their_kind(value: object, kind: str, shown: str, rough: str) -> None:
    """Exact with separators, and to three digits beside."""
    column = Column("x", "x", kind)
    assert (cells.written(value, column), cells.beside(value, column)) == (shown, rough)


@given(st.integers(0, 10**40))
def test_exact_integers_stay_exact(n: int) -> None:
    """At any size, in every format: the digits are all there."""
    table = Table("t", (Column("n", "n", "count"),), ((n,),))
    for format_ in TEXTS:
        digits = re.sub("[,\u00a0 ]|&#160;", "", render(Document("d", (table,), (), {"n": n}), format_))
        assert str(n) in digits


@pytest.mark.parametrize(
    ("format_", "shown"),
    [
        ("text", "·▁▄█"),
        ("markdown", "| ·▁▄█ |"),
        ("html", '<rect class="bar" x="6" y="0" width="1.6" height="10">'),
        ("svg", "·▁▄█"),
        ("csv", "0 1 50 100"),
        ("latex", r"\rule{.3em}{.0em}\,\rule{.3em}{.1em}\,\rule{.3em}{.4em}\,\rule{.3em}{.8em}"),
    ],
)
def test_a_sparkline_is_drawn_in_eighths_of_its_largest(format_: str, shown: str) -> None:
    """0 is a point, and whatever is more has a bar; CSV has the figures, and ASCII digits."""
    table = Table("t", (Column("name", ""), Column("n", "n", "spark")), (("x", (0, 1, 50, 100)), ("y", None)))
    answer = Document("d", (table,), (), {})
    assert shown in render(answer, format_)
    assert "0148" in text.render(answer, blocks=False)
    assert cells.spark(()) == ""


def test_wide_letters_take_two_cells() -> None:
    """Columns stay below one another where a name is Chinese."""
    table = Table(
        "t", (Column("name", "name"), Column("n", "n", "integer")), (("\u7f51\u7edc", 1), ("net", 2))
    )
    assert render(Document("d", (table,), (), {}), "text").splitlines()[2:] == [
        "name  n",
        "\u7f51\u7edc  1",
        "net   2",
    ]


def test_a_narrow_terminal_drops_columns_by_rank_and_says_so() -> None:
    """The rough numbers first, then what has the highest rank, then exact digits, then it goes on below."""
    columns = (
        Column("name", "name"),
        Column("a", "first", "count", rank=1),
        Column("b", "second", "count"),
        Column("c", "third", "count"),
    )
    answer = Document("d", (Table("t", columns, (("row", 1_000_000, 2_000_000, 3_000_000),)),), (), {})
    wide, middle, narrow, least = (terminal.recorded(answer, w).export_text() for w in (80, 32, 20, 12))
    assert "1.00 M" in wide
    assert "1.00 M" not in middle
    assert "1,000,000" not in middle
    assert "a wider terminal also shows: first" in " ".join(middle.split())
    assert narrow.count("row") == 1
    assert "2.00 M  3.00 M" in narrow
    assert "has every digit" in " ".join(narrow.split())
    assert "every digit" not in middle
    assert least.count("row") == 2
    assert "3.00 M" in least


@pytest.mark.parametrize(
    ("part", "blocks", "ascii_"),
    [(1, "█" * 10, "#" * 10), (0.5, "█" * 5, "#" * 5), (0.001, "▏", ""), (0, "", "")],
)
def test_bars(part: float, blocks: str, ascii_: str) -> None:
    """In eighths of a cell, or in # where the terminal has no blocks."""
    assert (cells.bar(part, True).rstrip(), cells.bar(part, False).rstrip()) == (blocks, ascii_)


def test_a_picture_fetches_nothing() -> None:
    """The SVG names no server, and is the same every time."""
    first, second = (render(document("net"), "svg") for _ in range(2))
    assert first == second
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg|www\.textualize\.io)", first)
    assert "url(#" in first


def test_formats_are_refused_with_the_nearest() -> None:
    """And npz without arrays, or what is no text as text."""
    with pytest.raises(CallError, match="did you mean 'json'"):
        encode(document("x"), "jsno")
    with pytest.raises(CallError, match="npz contains arrays"):
        encode(document("x"), "npz")
    for name in BINARY:
        with pytest.raises(CallError, match=f"{name} is not text"):
            render(document("x"), name)


def test_every_format_has_a_suffix_and_stands_in_the_help() -> None:
    """`-o FILE` finds each by the file's name; the help of a command lists those that it can print."""
    assert set(ENDINGS) == {*FORMATS, *CHECK_FORMATS}
    assert set(FORMATS) <= set(SUFFIXES.values())
    assert all(SUFFIXES[ENDINGS[name][0]] == name for name in FORMATS)
    run = CliRunner().invoke
    for command, formats in (
        ("compare", [f for f in FORMATS if f not in (*ARRAYS, *NETWORKS)]),
        ("report", [f for f in FORMATS if f not in ARRAYS]),
        ("scale", [f for f in FORMATS if f not in NETWORKS]),
        ("check", [f for f in CHECK_FORMATS if f not in (*ARRAYS, *NETWORKS)]),
    ):
        said = " ".join(run(cli, [command, "--help"], terminal_width=400).stdout.split())
        assert f"{', '.join(formats[:-1])} or {formats[-1]}; by default" in said


def run_on_terminal(*args: str, columns: int = 100, **env: str) -> str:
    """What the program sends to a terminal of this width."""
    pty = pytest.importorskip("pty")
    import fcntl
    import struct
    import termios

    main, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    environment |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **env}
    process = subprocess.Popen(
        [sys.executable, "-m", "mnetcost", *args], stdout=child, stderr=child, env=environment
    )
    os.close(child)
    said = b""
    try:
        while piece := os.read(main, 65536):
            said += piece
    except OSError:  # Linux says so when the other end is closed
        pass
    os.close(main)
    assert process.wait() == 0
    return said.decode()


def test_a_terminal_has_colours_and_bars_unless_told_otherwise() -> None:
    """NO_COLOR takes the colours away and leaves the bars; a narrow terminal is not overrun."""
    coloured = run_on_terminal("compare", "v1", "v2", "--alpha", "0.5")
    assert "\x1b[36m" in coloured
    assert "█" in coloured
    quiet = run_on_terminal("compare", "v1", "v2", "--alpha", "0.5", NO_COLOR="1")
    assert not re.search("\x1b\\[(3[0-9]|[0-9;]*36)m", quiet)
    assert "█" in quiet
    narrow = re.sub("\x1b\\[[0-9;]*m", "", run_on_terminal("report", "v2", columns=50))
    assert max(map(len, narrow.splitlines())) <= 50


def test_a_spec_with_hostile_names_is_data_in_every_command(tmp_path: Path) -> None:
    """From the file to the answer: no escape character, whatever the command and the format."""
    names = [n for n in HOSTILE if "\ud800" not in n and n == n.strip()]
    rows = "\n".join(f'  {{ op = "conv", out = 8, name = {quoted(n)} }},' for n in names)
    file = tmp_path / "net.toml"
    file.write_text(
        f'source = "x"\ntitle = {quoted(names[0])}\nresolution = 32\nlayers = [\n{rows}\n]\n', "utf-8"
    )
    for format_ in TEXTS:
        for call in (
            ["report"],
            ["compare", "v2"],
            ["scale"],
            ["explain"],
            ["report", "--by", "block"],
            ["diff", "v2"],
        ):
            command, *rest = call
            done = CliRunner().invoke(cli, [command, str(file), *rest, "--format", format_])
            assert done.exit_code == 0, done.stderr
            assert "\x1b" not in done.output
