"""How does a cell of a page look? As in every format, with a bar, a gauge or the colour of a state."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from ...analyses.documents import PASSING, Column
from ...records import NamedTuple
from ..cells import KINDS, beside, branch, written
from .markup import Html, tag, text

BAR = 100  # the width of a full bar, in its own coordinates
TENTHS = 16  # the longest gauge, in its characters


class Look(NamedTuple):
    """How the cells of a column look in one table.

    double: whether something stands beside some values, so that there is room for it beside all. bars:
    likewise whether there are bars. largest: the value of a full one; 0 where these cells have none.
    """

    column: Column
    double: bool = False
    bars: bool = False
    largest: Any = 0


def cell(value: Any, look: Look, head: str = "") -> Html:
    """One cell of a body; head: "row" or "rowgroup" for a cell that names its row or rows."""
    column, double, bars, largest = look
    inside = name(value) if head and column.kind == "text" else shown(value, column)
    if double:
        inside = Html(inside + tag("small", text(beside(value, column))))
    if bars:
        inside = Html(inside + bar(value / largest if largest and value is not None else 0))
    attributes = {"class_": align(column), "data_value": sort_value(value, column)}
    return tag("th", inside, scope=head, **attributes) if head else tag("td", inside, **attributes)


def name(value: Any) -> Html:
    """The name of a row, which a narrow window may break after a slash."""
    return Html(text(str(value)).replace("/", "/<wbr>")) if value is not None else Html("")


def shown(value: Any, column: Column) -> Html:
    """A value as people read it, without what stands beside it."""
    words = text(written(value, column))
    if value is None:
        return words
    if column.kind == "state":
        passes = PASSING.get(value, True)
        return tag("span", words, class_=f"state {'passes' if passes else 'fails'}")
    if column.kind == "gauge":
        return gauge(str(value))
    if column.kind == "spark":
        return spark(value)
    if column.kind == "tree":
        lines = branch(value._replace(name=""))
        return Html(tag("span", text(lines), class_="lines", aria_hidden="true") + text(value.name))
    return words


def align(column: Column) -> str:
    """The class of the cells of a column."""
    return "n" if KINDS[column.kind].right else ""


def sort_value(value: Any, column: Column) -> str:
    """The number by which a cell is sorted and added up, exact; "" for a text.

    >>> sort_value(1_505_280, Column("", "", "bytes")), sort_value((7, 7, 96), Column("", "", "size"))
    ('1505280', '4704')
    """
    if column.kind == "size" and isinstance(value, tuple | list):
        value = prod(value)
    if hasattr(value, "item"):  # of numpy
        value = value.item()
    if not KINDS[column.kind].right or not isinstance(value, int | float):
        return ""
    return f"{int(value)}" if isinstance(value, int) else f"{value!r}"


def bar(part: float) -> Html:
    """A bar as long as a part of the longest; room for one, where it is 0 or less."""
    inner = tag("rect", class_="bar", width=f"{BAR * min(part, 1.0):.4g}", height=1) if part > 0 else Html("")
    return tag("svg", inner, viewBox=f"0 0 {BAR} 1", preserveAspectRatio="none", aria_hidden="true")


def spark(figures: Sequence[int]) -> Html:
    """Figures in their order as small bars, relative to the largest; the figures themselves are read out."""
    most = max(figures, default=0) or 1
    bars = (
        tag("rect", class_="bar", x=2 * n, y=f"{10 - high:g}", width="1.6", height=f"{high:g}")
        for n, figure in enumerate(figures)
        if (high := round(max(10 * figure / most, 0.4), 2))
    )
    return tag(
        "svg",
        *bars,
        class_="spark",
        viewBox=f"0 0 {max(2 * len(figures), 1)} 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=", ".join(f"{figure:,}" for figure in figures),
    )


def gauge(marks: str) -> Html:
    """A gauge, which stands as `####......|` or `##########|###+` in other formats, drawn: what is used, the
    limit as a line, and what is past it in another colour.
    """
    before, _, past = marks.partition("|")
    used, limit = before.count("#"), len(before)
    parts = [
        tag("rect", class_="track", y=2, width=limit, height=6),
        tag("rect", class_="bar", y=2, width=used, height=6),
        tag("rect", class_="past", x=limit, y=2, width=len(past), height=6) if past else Html(""),
        tag("rect", class_="limit", x=f"{limit - 0.15:g}", width="0.3", height=10),
    ]
    drawing = tag(
        "svg",
        *parts,
        class_="gauge",
        viewBox=f"0 0 {TENTHS} 10",
        preserveAspectRatio="none",
        role="img",
        aria_label=marks,
    )
    return drawing if marks else Html("")
