"""How does an answer look on a terminal? The text format's groups as rich tables, fitted to the width, with colours and bars."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from ..analyses.records import Document
from ..errors import plain
from .text import Group, groups, pad

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

BAR = 10  # cells
EIGHTHS = " ▏▎▍▌▋▊▉█"


class View(NamedTuple):
    """Which columns of a group fit beside one another, and whether rough numbers and bars do."""

    columns: list[int]
    rough: bool
    bars: bool


def bar(part: float, blocks: bool) -> str:
    """A bar of up to ten cells.

    >>> bar(0.25, True), bar(0.25, False)
    ('██▌       ', '##        ')
    """
    if not blocks:
        return ("#" * round(part * BAR)).ljust(BAR)
    eighths = max(round(part * BAR * 8), 1 if part > 0 else 0)
    return ("█" * (eighths // 8) + EIGHTHS[eighths % 8].strip()).ljust(BAR)


def has_bar(group: Group, n: int) -> bool:
    return any(s.table.columns[n].bar for s in group.sections)


def fit(group: Group, width: int) -> tuple[list[View], list[str]]:
    """Find what fits into a width: without rough numbers, without bars, without the columns of highest rank, or in several pieces.

    Returns the pieces and the titles of what was left out.
    """

    def need(n: int, view: View) -> int:
        exact, rough = group.width(n)
        title = len(plain(group.columns[n].title))
        shown = exact + (rough + 1 if rough and view.rough else 0) + (BAR + 1 if has_bar(group, n) and view.bars else 0)
        return max(shown, title) + 2

    def total(view: View) -> int:
        return sum(need(n, view) for n in view.columns) - 2

    every = list(range(len(group.columns)))
    ranks = sorted({c.rank for c in group.columns if c.rank}, reverse=True)
    tries = [View(every, True, True), View(every, True, False), View(every, False, False)]
    tries += [View([n for n in every if group.columns[n].rank < r], False, False) for r in ranks]
    for view in tries:
        if total(view) <= width:
            return [view], [group.columns[n].title for n in every if n not in view.columns]
    last, pieces = tries[-1], [[0]]
    for n in last.columns[1:]:
        if len(pieces[-1]) > 1 and total(View([*pieces[-1], n], False, False)) > width:
            pieces.append([0])
        pieces[-1].append(n)
    return [View(p, False, False) for p in pieces], [group.columns[n].title for n in every if n not in last.columns]


def _table(group: Group, view: View, blocks: bool) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold", border_style="dim", padding=(0, 2, 0, 0))
    for n in view.columns:
        right = group.right(n)
        title = Text(plain(group.columns[n].title))
        out.add_column(title, justify="right" if right else "left", no_wrap=n > 0, overflow="fold")
    for at, section in enumerate(group.sections):
        if section.title:
            if at:
                out.add_row()
            out.add_row(Text(section.title, style="bold cyan"))
        largest = max((v for row in section.table.rows for v, c in zip(row, section.table.columns, strict=True) if c.bar and v), default=0)
        values = (*section.table.rows, *section.table.footer)
        for r, row in enumerate(section.rows):
            cells = []
            for n in view.columns:
                rough = group.width(n)[1]
                cell = Text(row[n][0])
                if rough and view.rough:
                    cell.append(" " + pad(row[n][1], rough, True), style="dim")
                if has_bar(group, n) and view.bars:
                    value = values[r][n] if section.table.columns[n].bar and r < section.totals else None
                    cell.append(" " + (bar(value / largest, blocks) if value and largest else " " * BAR), style="cyan")
                cells.append(cell)
            if r == section.totals and r:
                out.add_section()
            out.add_row(*cells, style="bold" if r >= section.totals else "")
    return out


def parts(document: Document, width: int, blocks: bool = True) -> Iterator[RenderableType]:
    """Everything that is printed, from the heading to the notes, for a terminal of this width."""
    from rich.text import Text

    yield Text(plain(document.title), style="bold")
    for line in document.lead:
        yield Text(plain(line))
    left_out: dict[str, None] = {}
    for group in groups(document):
        views, missing = fit(group, width)
        left_out |= dict.fromkeys(missing)
        for view in views:
            yield Text()
            yield _table(group, view, blocks)
    if document.notes or left_out:
        yield Text()
    for note in document.notes:
        yield Text(plain(note), style="dim")
    if left_out:
        yield Text(f"a wider terminal also shows: {', '.join(map(plain, left_out))}", style="dim")


def show(document: Document, console: Console | None = None) -> None:
    """Print an answer on a terminal; NO_COLOR and the terminal's own width are respected."""
    from rich.console import Console

    console = console or Console(highlight=False, markup=False, emoji=False)
    blocks = console.encoding.lower().replace("-", "") in ("utf8", "utf16")
    for part in parts(document, console.width, blocks):
        console.print(part)


def recorded(document: Document, width: int = 120, **options: Any) -> Console:
    """Print an answer into a recording of a terminal, for pictures."""
    from io import StringIO

    from rich.console import Console

    console = Console(
        file=StringIO(),
        record=True,
        width=width,
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
        highlight=False,
        _environ={},
        **options,
    )
    for part in parts(document, width):
        console.print(part)
    return console
