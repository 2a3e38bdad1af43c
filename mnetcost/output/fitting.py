"""What of a table fits a terminal? Which columns, how wide each is, and whether numbers are exact or rounded.

What is given up first, until the table fits:

1. bars become shorter, from `BAR` cells to `SHORTEST`;
2. on more than `NARROW` columns the rounded numbers beside exact ones, then columns by rank;
3. exact digits: counts are shown rounded, with all columns again; then columns by rank;
4. the number beside a bar that shows a share;
5. bars. Tables without bars keep their exact digits up to here, and then show rounded counts;
6. names and texts are wrapped; and what still does not fit follows below, with the first column again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..records import NamedTuple
from .cells import BAR
from .layout import Group, cells

SHORTEST = 5  # cells of a bar; in eighths of a cell it has 40 steps
NARROW = 80  # up to this width bars and rounded counts are better read than exact digits
PROSE = 30  # minimum width of a text column that is not the first; longer text is wrapped
SOFT = 16  # the same where little fits, for the first column too
WORD = 24  # cells of a word for which a column is as wide as it
LEAST = 4  # of a column that is cut down to what is there
GAP = 2  # blanks between columns
HANGING = str.maketrans("├└─+`-", "│  |  ")
LEVELS = re.compile(r"(?:[│|] {3}| {4})*(?:[├└]──|[+`]--) ")
"""The lines of a tree before a name, as they are written."""
LINES = re.compile(r"(?:[│├└|+`](?:── |-- | {3}| )| {2})*")
"""The same, also closer to one another, and before the second line of a name."""
BLANKS = re.compile(" *")
BREAK = re.compile("[ /:]|-(?=[A-Za-z])")
"""Where a name or a text is broken: behind these, and never within a number."""


class Size(NamedTuple):
    """How many cells a column of a group needs.

    title: its title; word: the longest word of it. exact: exact values. beside: rounded numbers beside these,
    0 for none. short: values of which those that can be are rounded; unit: the units of these, with the blank
    before. spark: sparklines. soft: whether its texts may be wrapped; part: the longest part of these that is
    not broken. close: what closer lines of a tree save. bar: whether it has bars. share: whether its numbers
    are shares, which a bar shows by itself.
    """

    title: int
    word: int
    exact: int
    beside: int
    short: int
    unit: int
    spark: int
    soft: bool
    part: int
    close: int
    bar: bool
    share: bool


class Style(NamedTuple):
    """How the cells of a table are shown.

    exact, rough: exact and rounded counts. bar: cells of a bar, 0 for no bars. shares: whether shares with a
    bar are numbers, too. wrap: whether titles may take several lines, and the lines of a tree are closer.
    narrow: whether names may take several lines, too, and texts have less room.
    """

    exact: bool = True
    rough: bool = True
    bar: int = 0
    shares: bool = True
    wrap: bool = False
    narrow: bool = False


class View(NamedTuple):
    """Columns of a group that stand side by side, and the width of each."""

    columns: list[int]
    widths: list[int]
    style: Style


class Fitted(NamedTuple):
    """A group as it fits: its views, one below another, and what these do not show.

    missing: titles of columns that are left out. rounded: whether counts or shares lack digits.
    """

    sizes: list[Size]
    views: list[View]
    missing: list[str]
    rounded: bool


def sizes_of(group: Group) -> list[Size]:
    """Measure every column of a group, once."""
    return [_size(group, n) for n in range(len(group.columns))]


def _size(group: Group, n: int) -> Size:
    plain, drawn = [], [0]
    for section in group.sections:
        values = [row[n] for row in section.rows]
        if section.table.columns[n].kind == "spark":
            drawn += [cells(text) for text, _ in values]
        else:
            plain += values
    kinds = {s.table.columns[n].kind for s in group.sections}
    soft, tree = bool(kinds & {"text", "tree"}), "tree" in kinds
    unit = max((len(rough) - rough.rfind(" ") for _, rough in plain if rough), default=0)
    exact = max((cells(text) for text, _ in plain), default=0)
    closer = max((cells(close(text)) for text, _ in plain), default=0) if tree else exact
    title = group.titles[n]
    return Size(
        title=cells(title),
        word=max(map(cells, title.split()), default=0),
        exact=exact,
        beside=max((cells(rough) for _, rough in plain), default=0),
        short=max((cells(rough) if rough else cells(text) + unit for text, rough in plain), default=0),
        unit=unit,
        spark=max(drawn),
        soft=soft,
        part=max((_part(text, tree) for text, _ in plain), default=0) if soft else 0,
        close=exact - closer,
        bar=any(s.table.columns[n].bar for s in group.sections),
        share=kinds == {"share"},
    )


def close(text: str) -> str:
    """The first cell of a row of a tree, with lines half as wide.

    >>> close("│   └── conv"), close("|   `-- conv")
    ('│ └ conv', '| ` conv')
    """
    lines = LEVELS.match(text)
    return text if lines is None else " ".join(lines[0][::4]) + " " + text[lines.end() :]


def start_of(text: str, tree: bool) -> int:
    """The length of the blanks before a text, or of the lines before a row of a tree."""
    found = (LINES if tree else BLANKS).match(text)
    return found.end() if found else 0


def _part(text: str, tree: bool) -> int:
    """The cells of the longest part of a text that is not broken, up to `WORD`, and of what is before it."""
    start = start_of(text, tree)
    parts = BREAK.sub(lambda mark: mark[0] + "\n", text[start:]).split("\n")
    return start + min(max(map(cells, parts)), WORD)


def numbers(size: Size, style: Style) -> int:
    """The cells of a column's values alone, without bars."""
    if size.bar and size.share and style.bar and not style.shares:
        return 0
    if not size.beside:
        return size.exact
    if style.exact:
        return size.exact + (1 + size.beside if style.rough else 0)
    return size.short


def room(size: Size, style: Style, first: bool = False) -> int:
    """The cells that a column needs in a style; first: whether it is the first of the table."""
    title = size.word if style.wrap or (size.soft and not first) else size.title
    if size.soft:
        exact = size.exact - (size.close if style.wrap else 0)
        most = exact if first else PROSE
        if style.narrow:
            most = min(most, max(SOFT, size.part))
        return max(min(exact, most), title)
    body = numbers(size, style)
    if size.bar and style.bar:
        body += style.bar + (1 if body else 0)
    return max(body, size.spark, title)


def _widths(sizes: list[Size], columns: list[int], style: Style) -> list[int]:
    return [room(sizes[n], style, n == 0) for n in columns]


def _total(widths: list[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def widest(group: Group) -> int:
    """The width at which nothing of a group is left out, shortened or wrapped."""
    sizes = sizes_of(group)
    style = Style(bar=BAR)
    return _total(
        [max(room(size, style, n == 0), size.title, size.exact * size.soft) for n, size in enumerate(sizes)]
    )


def fit(group: Group, width: int) -> Fitted:
    """Find what of a group fits into a width, as the top of this module says."""
    sizes = sizes_of(group)
    every = list(range(len(group.columns)))
    ranks = sorted({c.rank for c in group.columns if c.rank}, reverse=True)
    sets = [every, *([n for n in every if group.columns[n].rank < rank] for rank in ranks)]
    found = next(
        ((c, style) for c, style in _tries(sizes, sets, width) if _total(_widths(sizes, c, style)) <= width),
        None,
    )
    if found:
        pieces = [found]
    else:
        pieces = [*_pieces(sizes, sets[-1], width)]
    views = [_grown(sizes, group.titles, columns, style, width) for columns, style in pieces]
    shown = {n for view in views for n in view.columns}
    styles = [view.style for view in views]
    rounded = any(
        (size.beside and not all(s.exact for s in styles)) or (size.bar and not all(s.shares for s in styles))
        for n, size in enumerate(sizes)
        if n in shown
    )
    return Fitted(sizes, views, [group.titles[n] for n in every if n not in shown], rounded)


def _tries(sizes: list[Size], sets: list[list[int]], width: int) -> Iterator[tuple[list[int], Style]]:
    """What might be shown, the best first; sets: all columns, then fewer and fewer."""
    bars = any(size.bar for size in sizes)
    digits = (True, False) if width > NARROW or not bars else (False,)
    if bars:
        yield sets[0], Style(bar=SHORTEST)
        for exact in digits:
            for columns in sets:
                for wrap in (False, True):
                    yield columns, Style(exact, not exact, SHORTEST, wrap=wrap)
        for columns in sets:
            yield columns, Style(False, True, SHORTEST, shares=False, wrap=True)
    else:
        yield sets[0], Style()
    for exact in digits:
        for columns in sets:
            for wrap in (False, True):
                yield columns, Style(exact, not exact, wrap=wrap)
    for exact in digits:
        yield sets[-1], Style(exact, not exact, wrap=True, narrow=True)


def _pieces(sizes: list[Size], columns: list[int], width: int) -> Iterator[tuple[list[int], Style]]:
    """Columns divided among several tables, each as wide as fits, and each with the first column."""
    style = Style(False, True, wrap=True, narrow=True)
    piece = columns[:1]
    for n in columns[1:]:
        if len(piece) > 1 and _total(_widths(sizes, [*piece, n], style)) > width:
            yield piece, style
            piece = columns[:1]
        piece = [*piece, n]
    yield piece, style


def _grown(sizes: list[Size], titles: list[str], columns: list[int], style: Style, width: int) -> View:
    """A view in which bars, texts and titles take what is left of the width."""
    if any(sizes[n].bar for n in columns):
        bars = range(BAR, SHORTEST - 1, -1)
        fitting = (b for b in bars if _total(_widths(sizes, columns, style._replace(bar=b))) <= width)
        style = style._replace(bar=next(fitting, 0))
    widths = _widths(sizes, columns, style)
    for k, n in enumerate(columns):
        if sizes[n].soft:
            exact = sizes[n].exact - (sizes[n].close if style.wrap else 0)
            more = max(exact, sizes[n].title) - widths[k]
            widths[k] += max(min(more, width - _total(widths)), 0)
    _widen(widths, [titles[n] for n in columns], width)
    for k in (0, max(range(len(widths)), key=widths.__getitem__)):
        # the first column, then the widest; cells that are wider than their column take several lines
        widths[k] -= min(max(_total(widths) - width, 0), max(widths[k] - LEAST, 0))
    return View(columns, widths, style)


def _widen(widths: list[int], titles: list[str], width: int) -> None:
    """Give what is left of the width to the columns whose titles take most lines."""
    lines = [len(wrapped(title, max(w, 1))) for title, w in zip(titles, widths, strict=True)]
    while (most := max(lines)) > 1:
        k = lines.index(most)
        wider = widths[k]
        while len(wrapped(titles[k], wider)) == most:
            wider += 1
        if _total(widths) + wider - widths[k] > width:
            lines[k] = 0
            continue
        widths[k] = wider
        lines[k] = len(wrapped(titles[k], wider))


def wrapped(text: str, width: int, tree: bool = False) -> list[str]:
    """The lines of a text in so many cells, broken where a reader expects it, or anywhere if nowhere.

    Further lines hang below the first: they begin with its blanks, or with the lines of its tree.

    >>> wrapped("├── stage 2/conv", 12, True), wrapped("abcdef", 4)
    (['├── stage 2/', '│   conv'], ['abcd', 'ef'])
    """
    start = start_of(text, tree)
    indent = text[:start].translate(HANGING) if tree else text[:start]
    if start + LEAST > width:
        indent, text = "", text[start:]
    lines = []
    while cells(text) > width:
        end = _end(text, width)
        breaks = [
            m.end() for m in BREAK.finditer(text, len(indent), end + 1) if m.end() <= end + (m[0] == " ")
        ]
        end = breaks[-1] if breaks else end
        lines.append(text[:end].rstrip())
        text = indent + text[end:].lstrip(" ")
    return [*lines, text]


def _end(text: str, width: int) -> int:
    """How many characters of a text fit into so many cells, at least one."""
    end = min(len(text), width)
    while end > 1 and cells(text[:end]) > width:
        end -= 1
    return end
