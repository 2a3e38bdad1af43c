"""How does an answer look on a terminal?

Its groups of tables as rich tables, fitted to the width, with colours and bars.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..analyses import documents
from ..analyses.documents import Document
from .cells import bar
from .fitting import GAP, Fitted, Size, Style, View, close, fit, numbers, start_of, wrapped
from .fitting import widest as widest_of
from .layout import Group, Page, Section, cells, has_blocks, pad, page_of

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

WIDEST = 200  # cells of a picture
GAUGE = str.maketrans("#.|", "█░┃")  # a gauge on terminals with block characters
STATES = {"kept": "green", "new": "cyan", "waived": "yellow"}
"""The colour of each state that passes; every other state is red."""
FAILS = "bold red"
DRAWN = "cyan"  # bars, gauges and sparklines
ROUNDED = "rounded to fit; a wider terminal, --format csv or json has every digit"
Cell = list["Text"]
"""The lines of one cell."""


def widest(page: Page) -> int:
    """Return the width at which nothing is left out."""
    return max([*map(widest_of, page.groups), *map(cells, (page.title, *page.lead, *page.notes))])


def _table(group: Group, fitted: Fitted, view: View, blocks: bool) -> Text:
    """All lines of a view of a group, from the titles of the columns to the totals."""
    from rich.text import Text

    width = sum(view.widths) + GAP * (len(view.widths) - 1)
    rule = Text(("─" if blocks else "-") * width, style="dim")
    titles = [_title(group, fitted.sizes[n], view, k) for k, n in enumerate(view.columns)]
    highest = max(map(len, titles))
    lines = _lines([[Text()] * (highest - len(title)) + title for title in titles], view, "bold")
    lines.append(rule)
    for at, section in enumerate(group.sections):
        if section.title and len(group.sections) > 1:
            lines += [Text()] * (at > 0)
            lines += [Text(line, style="bold cyan") for line in wrapped(section.title, width)]
        for r in range(len(section.rows)):
            if r == section.totals and r:
                lines.append(rule)
            row = [_cell(group, fitted, section, view, r, k, blocks) for k in range(len(view.columns))]
            lines += _lines(row, view, "bold" if r >= section.totals else "")
    return Text("\n").join(lines)


def _lines(row: list[Cell], view: View, style: str) -> list[Text]:
    """The lines of a row: those of its cells beside one another, each as wide as its column."""
    from rich.text import Text

    out = []
    for n in range(max(map(len, row))):
        line, blanks = Text(style=style), 0
        for cell, width in zip(row, view.widths, strict=True):
            part = cell[n] if n < len(cell) else Text()
            if part:
                line.append(" " * blanks).append_text(part)
                blanks = 0
            blanks += width - cells(part.plain) + GAP
        line.rstrip()
        out.append(line)
    return out


def _title(group: Group, size: Size, view: View, k: int) -> Cell:
    """The title of a column, above its values; one that is wider stands above their bars, too."""
    from rich.text import Text

    n, width = view.columns[k], view.widths[k]
    lines = wrapped(group.titles[n], width)
    edge = _edge(size, view.style, width)
    if not group.right[n]:
        return [Text(line) for line in lines]
    return [Text(pad(line, edge, True) if cells(line) <= edge else line) for line in lines]


def _edge(size: Size, style: Style, width: int) -> int:
    """The cells of a column up to where its numbers end, before a bar; 0 for a bar alone."""
    if not (size.bar and style.bar):
        return width
    return width - style.bar - 1 if numbers(size, style) else 0


def _cell(group: Group, fitted: Fitted, section: Section, view: View, r: int, k: int, blocks: bool) -> Cell:
    """One cell; numbers are aligned to the right, before their bars."""
    from rich.text import Text

    n, width = view.columns[k], view.widths[k]
    size, column = fitted.sizes[n], section.table.columns[n]
    edge, color = _edge(size, view.style, width), _style(section.table, r, n)
    exact, rough = _number(section.rows[r][n], size, view.style)
    if column.kind == "gauge":
        return [_gauge(section.table, r, n, blocks)]
    if column.kind == "spark" and cells(drawn := section.rows[r][n][0]) <= width:
        return [Text(pad(drawn, edge if cells(drawn) <= edge else width, True), style=DRAWN)]
    if column.kind == "tree":
        return [_branch(line) for line in wrapped(close(exact) if view.style.wrap else exact, width, True)]
    if not group.right[n] or cells(exact) + cells(rough) > max(edge, 1):
        return [Text(line, style=color) for line in wrapped(exact + rough, width)]
    text = Text.assemble((pad(exact, edge - cells(rough), True), color), (rough, "dim"))
    if edge < width and column.bar and r < section.totals:
        part = section.part(r, n)
        text.append((" " * (edge > 0) + bar(part, blocks, view.style.bar)) if part else "", style=DRAWN)
    return [text]


def _branch(line: str) -> Text:
    """A line of the first cell of a row of a tree, with its lines dim."""
    from rich.text import Text

    start = start_of(line, True)
    return Text.assemble((line[:start], "dim"), line[start:])


def _number(cell: tuple[str, str], size: Size, style: Style) -> tuple[str, str]:
    """What a cell shows in a style, and what stands dim beside it."""
    exact, rough = cell
    if not numbers(size, style):
        return "", ""
    if not size.beside or not exact:
        return exact, ""
    if not style.exact:
        return rough or exact + " " * size.unit, ""
    return exact, " " + pad(rough, size.beside, True) if style.rough else ""


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
    rounded = False
    for group in page.groups:
        if not group.columns:
            yield from [Text(), *(Text(section.title, style="bold cyan") for section in group.sections)]
            continue
        fitted = fit(group, width)
        left_out |= dict.fromkeys(fitted.missing)
        rounded |= fitted.rounded
        for view in fitted.views:
            yield Text()
            if len(group.sections) == 1 and group.sections[0].title:
                yield Text(group.sections[0].title, style="bold cyan")
            yield _table(group, fitted, view, blocks)
    if page.notes or left_out or rounded:
        yield Text()
    for note in page.notes:
        yield Text(note, style="dim")
    if left_out:
        yield Text(f"a wider terminal also shows: {', '.join(left_out)}", style="dim")
    if rounded:
        yield Text(ROUNDED, style="dim")


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
    blocks = has_blocks(sys.stdout)
    page = page_of(document, blocks)
    width = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else widest(page)
    console = Console(highlight=False, markup=False, emoji=False, width=width, **colors[color])
    # rich exits with 1, which means over budget here
    console.on_broken_pipe = _gone  # type: ignore[method-assign]
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
