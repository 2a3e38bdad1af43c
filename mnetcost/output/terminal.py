"""How does an answer look on a terminal?

Its groups of tables as rich tables, fitted to the width, with colours and bars.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..analyses import documents
from ..analyses.documents import Document
from ..records import NamedTuple
from .layout import Group, Page, Section, cells, pad, page_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table
    from rich.text import Text

BAR = 10  # cells
WIDEST = 200  # cells of a picture
PROSE = 30  # minimum width of a text column, in cells; longer text is wrapped
EIGHTHS = " ▏▎▍▌▋▊▉█"
GAUGE = str.maketrans("#.|", "█░┃")  # a gauge on terminals with block characters
STATES = {"kept": "green", "new": "cyan", "waived": "yellow"}
"""The colour of each state that passes; every other state is red."""
FAILS = "bold red"


class View(NamedTuple):
    """The columns of a group that fit side by side, and whether rounded numbers and bars fit too."""

    columns: list[int]
    rough: bool
    bars: bool


def bar(part: float, blocks: bool) -> str:
    """Return a bar of up to ten cells.

    >>> bar(0.25, True), bar(0.25, False)
    ('██▌       ', '##        ')
    """
    if not blocks:
        return ("#" * round(part * BAR)).ljust(BAR)
    eighths = max(round(part * BAR * 8), 1 if part > 0 else 0)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()).ljust(BAR)


def has_bar(group: Group, n: int) -> bool:
    """Has any section of a group bars in its nth column?"""
    return any(s.table.columns[n].bar for s in group.sections)


def total(group: Group, view: View) -> int:
    """The width of a view of a group, in cells."""

    def need(n: int) -> int:
        exact, rough = _room(group, view, n)
        shown = (exact if group.right[n] or n == 0 else min(exact, PROSE)) + rough
        return max(shown, cells(group.titles[n])) + (BAR + 1 if has_bar(group, n) and view.bars else 0)

    # rich adds a blank between columns to the padding of two
    return sum(need(n) + 3 for n in view.columns) - 3


def widest(page: Page) -> int:
    """Return the width at which nothing is left out."""
    tables = [
        total(group, View(list(range(len(group.columns))), True, True))
        + sum(max(group.widths[n][0] - PROSE, 0) for n in _prose(group))
        for group in page.groups
    ]
    return max([*tables, *map(cells, (page.title, *page.lead, *page.notes))])


def _prose(group: Group) -> list[int]:
    return [n for n in range(1, len(group.columns)) if not group.right[n]]


def fit(group: Group, width: int) -> tuple[list[View], list[str]]:
    """Find what fits into a width: without bars, without rough numbers, without the columns of highest
    rank, or in several pieces.

    Returns the pieces, and the titles of the columns that are left out.
    """
    every = list(range(len(group.columns)))
    ranks = sorted({c.rank for c in group.columns if c.rank}, reverse=True)
    tries = [View(every, True, True), View(every, True, False), View(every, False, False)]
    tries += [View([n for n in every if group.columns[n].rank < r], False, False) for r in ranks]
    view = next((view for view in tries if total(group, view) <= width), None)
    pieces = [view] if view else _pieces(group, tries[-1].columns, width)
    shown = (view or tries[-1]).columns
    return pieces, [group.titles[n] for n in every if n not in shown]


def _pieces(group: Group, columns: list[int], width: int) -> list[View]:
    """Columns divided among several tables, each as wide as fits, and each with the first column."""
    pieces = [[columns[0]]]
    for n in columns[1:]:
        if len(pieces[-1]) > 1 and total(group, View([*pieces[-1], n], False, False)) > width:
            pieces.append([columns[0]])
        pieces[-1].append(n)
    return [View(piece, False, False) for piece in pieces]


def _table(group: Group, view: View, blocks: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="bold",
        border_style="dim",
        padding=(0, 2, 0, 0),
    )
    for n in view.columns:
        title = pad(group.titles[n], sum(_room(group, view, n)), True) if group.right[n] else group.titles[n]
        out.add_column(Text(title), no_wrap=n > 0 and group.right[n], overflow="fold")
    for at, section in enumerate(group.sections):
        if section.title and len(group.sections) > 1:
            if at:
                out.add_row()
            out.add_row(Text(section.title, style="bold cyan"))
        for r, row in enumerate(section.rows):
            if r == section.totals and r:
                out.add_section()
            shown = [_cell(group, section, view, r, n, row[n], blocks) for n in view.columns]
            out.add_row(*shown, style="bold" if r >= section.totals else "")
    return out


def _room(group: Group, view: View, n: int) -> tuple[int, int]:
    """The width of a column's exact values and of the rough ones, the blank between them included.

    A title that is wider than its numbers widens the exact values, since all are aligned to the right.
    """
    exact, rough = group.widths[n]
    rough = rough + 1 if rough and view.rough else 0
    return (max(exact, cells(group.titles[n]) - rough) if group.right[n] else exact), rough


def _cell(
    group: Group, section: Section, view: View, r: int, n: int, cell: tuple[str, str], blocks: bool
) -> Text:
    """One cell, padded here: rich would strip the blanks that align exact values, rough ones and bars."""
    from rich.text import Text

    if section.table.columns[n].kind == "gauge":
        return _gauge(section.table, r, n, blocks)
    exact, rough = _room(group, view, n)
    text = Text(pad(cell[0], exact, True) if group.right[n] else cell[0], style=_style(section.table, r, n))
    if rough:
        text.append(pad(cell[1], rough, True), style="dim")
    if view.bars and section.table.columns[n].bar and r < section.totals:
        value = section.table.rows[r][n]
        text.append(
            " " + (bar(value / section.largest, blocks) if value and section.largest else ""), style="cyan"
        )
    return text


def _gauge(table: documents.Table, r: int, n: int, blocks: bool) -> Text:
    """Return a gauge; the part past the limit has the colour of the row's state."""
    from rich.text import Text

    row = table.rows[r]
    within, limit, past = str(row[n] or "").partition("|")
    state = next(
        (str(value) for value, column in zip(row, table.columns, strict=True) if column.kind == "state"), ""
    )
    drawn = [(part.translate(GAUGE) if blocks else part) for part in (within, limit, past)]
    return Text.assemble((drawn[0], "cyan"), (drawn[1], "bold"), (drawn[2], STATES.get(state, FAILS)))


def _style(table: documents.Table, r: int, n: int) -> str:
    """The style of a cell: a ratio below 1 is green, one above it yellow; a state has its colour."""
    value = (table.rows[r] if r < len(table.rows) else table.footer[r - len(table.rows)])[n]
    kind = table.columns[n].kind
    if kind == "state":
        return STATES.get(value, FAILS)
    return "" if kind != "ratio" or not value or value == 1 else "green" if value < 1 else "yellow"


def parts(page: Page, width: int, blocks: bool = True) -> Iterator[RenderableType]:
    """All that is printed on a terminal of this width, from the heading to the notes."""
    from rich.text import Text

    yield Text(page.title, style="bold")
    for line in page.lead:
        yield Text(line)
    left_out: dict[str, None] = {}
    for group in page.groups:
        views, missing = fit(group, width)
        left_out |= dict.fromkeys(missing)
        for view in views:
            yield Text()
            for section in group.sections if len(group.sections) == 1 or not group.columns else ():
                yield from [Text(section.title, style="bold cyan")] if section.title else []
            if group.columns:
                yield _table(group, view, blocks)
    if page.notes or left_out:
        yield Text()
    for note in page.notes:
        yield Text(note, style="dim")
    if left_out:
        yield Text(f"a wider terminal also shows: {', '.join(left_out)}", style="dim")


def _gone() -> None:
    """End as other programs do when the reader of their output has gone."""
    raise BrokenPipeError


def show(document: Document, color: bool | None = None) -> None:
    """Print an answer as a table fitted to the terminal; if stdout is not a terminal, as wide as COLUMNS
    says or as the answer needs.

    color: whether to send colours; None decides by the terminal.
    """
    import os
    import sys

    from rich.console import Console

    colors: dict[bool | None, dict[str, Any]] = {
        None: {},
        True: {"force_terminal": True, "color_system": "standard", "no_color": False},
        False: {"color_system": None},
    }
    page = page_of(document)
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else widest(page)
    console = Console(highlight=False, markup=False, emoji=False, width=width, **colors[color])
    # rich exits with 1, which means over budget here
    console.on_broken_pipe = _gone  # type: ignore[method-assign]
    blocks = console.encoding.lower().replace("-", "") in ("utf8", "utf16")
    for part in parts(page, console.width, blocks):
        console.print(part)


def recorded(document: Document, width: int | None = None) -> Console:
    """Print an answer into a recording of a terminal, for pictures.

    width: in cells; by default what the answer needs, up to `WIDEST`.
    """
    from io import StringIO

    from rich.console import Console

    page = page_of(document)
    console = Console(
        file=StringIO(),
        record=True,
        width=width or min(widest(page), WIDEST),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        highlight=False,
        _environ={},
    )
    for part in parts(page, console.width):
        console.print(part)
    return console
