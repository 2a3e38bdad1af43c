"""What does a person see on a terminal of 100, 80, 60 and 40 columns?"""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from mnetcost.analyses.documents import Column, Document, Table
from mnetcost.cli import cli
from mnetcost.output import fitting, layout, terminal

from .calls import CALLS
from .test_output import run_on_terminal

WIDTHS = (100, 80, 60, 40)
ASKED = {
    " ".join(call): call
    for calls in CALLS.values()
    for call in calls
    if "--format" not in call and "--help" not in call
}
TEXTS = ("draw", "show", "convert", "schema", "baseline", "space show")
"""Commands that print a file, which is as wide as it is."""
BLOCKS = set("▏▎▍▌▋▊▉█")


def answer(call: list[str], monkeypatch: pytest.MonkeyPatch) -> Document | None:
    """What a call would show on a terminal; None for a call that shows no tables."""
    shown: list[Document] = []
    monkeypatch.setattr(terminal, "show", lambda document, color=None: shown.append(document))
    done = CliRunner().invoke(cli, [*call, "--color", "always"], catch_exceptions=False)
    assert done.exit_code in (0, 1), done.output
    return shown[0] if shown else None


def on_terminal(*call: str, columns: int, **env: str) -> str:
    """What stands on a real terminal, without its escapes."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", run_on_terminal(*call, columns=columns, **env))
    return text.replace("\r\n", "\n")


def with_bars(text: str) -> list[str]:
    return [line for line in text.splitlines() if set(line) & BLOCKS]


@pytest.mark.parametrize("asked", ASKED)
def test_no_line_is_wider_than_the_terminal(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of any command, and no number is broken: a column of numbers is as wide as they are."""
    document = answer(ASKED[asked], monkeypatch)
    assert (document is None) == asked.startswith(TEXTS)
    if document is None:
        return
    page = layout.page_of(document)
    for width in WIDTHS:
        text = terminal.recorded(document, width).export_text()
        assert max(layout.cells(line.rstrip()) for line in text.splitlines()) <= width
        for group in page.groups:
            fitted = fitting.fit(group, width)
            for view in fitted.views:
                for n, cells in zip(view.columns, view.widths, strict=True):
                    assert fitted.sizes[n].soft or cells >= fitting.numbers(fitted.sizes[n], view.style)


@pytest.mark.parametrize("columns", [100, 80, 60])
@pytest.mark.parametrize(
    ("call", "rows"),
    [
        (("report", "v2"), 30),
        (("report", "v2", "--by", "block"), 20),
        (("compare", "v1", "v2"), 16),
    ],
)
def test_bars_stay_down_to_60_columns(call: tuple[str, ...], rows: int, columns: int) -> None:
    """On a real terminal; at 80 and 60 columns counts are rounded before bars go, and a line says so."""
    text = on_terminal(*call, columns=columns)
    assert max(map(layout.cells, text.splitlines())) <= columns
    assert len(with_bars(text)) >= rows
    said = "has every digit" in " ".join(text.split())
    assert said == (columns <= 80)
    table = text.partition("\n\n")[2].partition("\n\n")[0]
    if columns <= 80:
        assert re.search(r"\d [kM]\b", table)
        assert not re.search(r"\d,\d{3}", table)
    else:
        assert re.search(r"\d,\d{3},\d{3}", table)


@pytest.mark.parametrize("call", [("report", "v2"), ("compare", "v1", "v2"), ("memory", "v2")])
def test_nothing_breaks_at_40_columns(call: tuple[str, ...]) -> None:
    """On a real terminal, where bars have gone and names take several lines."""
    text = on_terminal(*call, columns=40)
    assert max(map(layout.cells, text.splitlines())) <= 40
    assert not re.search(r"^\s*,\d{3}", text, re.MULTILINE)
    assert "Traceback" not in text


def test_pipes_and_wide_terminals_have_every_digit() -> None:
    """The note on rounding is only where something is rounded."""
    assert "every digit" not in on_terminal("compare", "v1", "v2", columns=100)
    piped = CliRunner().invoke(cli, ["compare", "v1", "v2"], env={"COLUMNS": "40"}).stdout
    assert "568,740,352   569 M" in piped
    assert "every digit" not in piped


def shown(table: Table, width: int) -> list[str]:
    text = terminal.recorded(Document("d", (table,), (), {}), width).export_text()
    return [line.rstrip() for line in text.splitlines()]


BARRED = Table(
    "t",
    (
        Column("name", "name"),
        Column("size", "input", "size", rank=1),
        Column("n", "MAdds", "count"),
        Column("share", "MAdds share", "share", bar=True),
    ),
    (("conv", (112, 112, 32), 10_000_000, 0.25), ("dense", (1, 1, 1024), 640, 1.0)),
    (("total", None, 10_000_640, None),),
)


def test_what_is_given_up_first() -> None:
    """Shorter bars, exact digits, columns by rank, the share beside its bar, and then the bars."""
    assert shown(BARRED, 120)[4] == "conv   112x112x32  10,000,000 10.0 M   25.00 % ██▌"
    assert shown(BARRED, 52)[4] == "conv   112x112x32  10,000,000 10.0 M   25.00 % █▎"
    assert shown(BARRED, 51)[4:6] == [
        "conv   112x112x32  10.0 M   25.00 % ██▌",
        "dense    1x1x1024   640    100.00 % ██████████",
    ]
    assert shown(BARRED, 40)[4] == "conv   10.0 M   25.00 % ██▌"
    assert shown(BARRED, 28)[4:6] == ["conv   10.0 M  ██▌", "dense   640    ██████████"]
    assert shown(BARRED, 20)[5:7] == ["conv   10.0 M  █▎", "dense   640    █████"]
    assert not with_bars("\n".join(shown(BARRED, 19)))


def test_small_counts_stand_below_the_digits_of_rounded_ones() -> None:
    """640 is exact as it is, and 10.0 M is not."""
    lines = shown(BARRED, 34)
    assert lines[4].index("10.0 M") + 4 == lines[5].index("640") + 3


def test_names_are_broken_behind_a_slash_and_hang() -> None:
    """Never within a word that fits, and a tree's lines go on."""
    assert fitting.wrapped("  bottleneck 2/1/depthwise", 16) == ["  bottleneck 2/", "  1/depthwise"]
    assert fitting.wrapped("resolution 96 -> 32", 15) == ["resolution 96", "-> 32"]
    assert fitting.wrapped("│   ├── stage/unit", 14, True) == ["│   ├── stage/", "│   │   unit"]
    assert fitting.wrapped("|   `-- stage/unit", 14, True) == ["|   `-- stage/", "|       unit"]
    assert fitting.wrapped("1,048,576 bytes", 9) == ["1,048,576", "bytes"]
    assert fitting.wrapped("\u7f51\u7edc\u7f51\u7edc", 5) == ["\u7f51\u7edc", "\u7f51\u7edc"]
