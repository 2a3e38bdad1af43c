"""How is text written into HTML? Escaped where it enters; type checkers let nothing else into an element."""

from __future__ import annotations

from html import escape as escape_html
from typing import NewType

from ...errors import plain

Html = NewType("Html", str)
"""Markup: what `text`, `tag` and `join` return, and constants of this package."""

Attribute = str | int | bool


def escape(value: str) -> str:
    """The text with the characters escaped that HTML would read as tags, entities or quotes.

    >>> escape("<b>&")
    '&lt;b&gt;&amp;'
    """
    return escape_html(value, quote=True)


def text(value: str) -> Html:
    """A text as a page shows it, whatever is in it: no tag, and no control character."""
    return Html(escape(plain(value)))


def tag(name: str, *inside: Html, **attributes: Attribute) -> Html:
    """An element with what is inside it.

    attributes: `_` in a name stands for `-`, and one at its end is dropped (`class_`). One that is True is
    written without a value; one that is False or "" is left out.

    >>> tag("td", text("a < b"), class_="n", data_value=7, hidden=False)
    '<td class="n" data-value="7">a &lt; b</td>'
    """
    return Html(f"<{name}{''.join(map(_attribute, attributes.items()))}>{''.join(inside)}</{name}>")


def _attribute(item: tuple[str, Attribute]) -> str:
    key, value = item[0].rstrip("_").replace("_", "-"), item[1]
    if value is True:
        return f" {key}"
    return "" if value is False or value == "" else f' {key}="{escape(plain(value))}"'


def join(*parts: Html) -> Html:
    """Elements after each other, each on a line of its own."""
    return Html("\n".join(part for part in parts if part))


def lines(*parts: Html) -> Html:
    """The same between the tags of an element, each on a line of its own."""
    return Html(f"\n{join(*parts)}\n")
