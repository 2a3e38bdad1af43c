"""HTML: one page that stands alone: its tables can be sorted, filtered and folded, its charts are inline.

The page fetches nothing and works without its script. `page.css` and `page.js` are the files beside this
one; a page holds them as they are, and its content security policy allows these two texts by their hashes and
nothing else.
"""

from __future__ import annotations

import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...analyses.documents import Document
from ...analyses.sliders import sliders_data
from ...errors import plain
from ...version import VERSION
from ..charts.theme import page_tones
from .markup import Html, join, lines, tag, text
from .tables import tables_of

HERE = Path(__file__).parent


def render(document: Document) -> str:
    """Return the document as one page."""
    style = page_tones() + "\n" + (HERE / "page.css").read_text("utf-8")
    script = (HERE / "page.js").read_text("utf-8")
    title = text(document.title)
    head = join(
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy(style, script)}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html(f'<meta name="generator" content="mnetcost {VERSION}">'),
        tag("title", title),
        tag("style", Html(style)),
    )
    body = join(
        tag("header", tag("h1", title), *(tag("p", text(line)) for line in document.lead)),
        tag("main", lines(charts_of(document), sliders_of(document), tables(document), notes(document))),
        tag("script", Html(script)),
    )
    return f'<!doctype html>\n<html lang="en">\n<head>\n{head}\n</head>\n<body>\n{body}\n</body>\n</html>'


def policy(style: str, script: str) -> str:
    """The content security policy of a page with these two: they, and nothing else, may act."""
    return (
        f"default-src 'none'; style-src {hash_of(style)}; script-src {hash_of(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def hash_of(source: str) -> str:
    """A text as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(source.encode()).digest()).decode()}'"


def section(title: str, name: str, *inside: Html, class_: str = "") -> Html:
    """A part of the page under its heading; nothing if there is nothing in it."""
    if not any(inside):
        return Html("")
    return tag("section", join(tag("h2", text(title), id=name), *inside), aria_labelledby=name, class_=class_)


def charts_of(document: Document) -> Html:
    """The charts of a document, each in a box that scrolls where the window is narrow."""
    from ..charts import canvas_of

    figures = []
    for chart in document.charts():
        canvas = canvas_of(chart)
        picture = tag(
            "div",
            Html(canvas.svg(alone=False)),
            class_="scroll",
            role="group",
            aria_label=canvas.title,
            tabindex=0,
        )
        figures.append(tag("figure", picture, tag("figcaption", text(canvas.about))))
    return section("Charts", "charts", *figures)


def sliders_of(document: Document) -> Html:
    """The figures of a design at other settings, as data for the script."""
    sliders = document.sliders()
    if sliders is None:
        return Html("")
    return section(
        "At other alphas and resolutions",
        "stops",
        tag("noscript", tag("p", text("With JavaScript, there are sliders here."))),
        Html(f'<script type="application/json">{embedded(sliders_data(sliders))}</script>'),
        class_="stops",
    )


def embedded(data: Any) -> str:
    """Data as JSON that ends no element, whatever texts are in it.

    >>> embedded({"name": "</script><b>&"})
    '{"name":"\\\\u003c/script\\\\u003e\\\\u003cb\\\\u003e\\\\u0026"}'
    """
    written = json.dumps(shown(data), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for letter in "<>&":
        written = written.replace(letter, f"\\u{ord(letter):04x}")
    return written


def shown(data: Any) -> Any:
    """The same with every text as people may see it."""
    if isinstance(data, dict):
        return {key: shown(value) for key, value in data.items()}
    if isinstance(data, list):
        return [shown(value) for value in data]
    return plain(data) if isinstance(data, str) else data


def tables(document: Document) -> Html:
    """The tables of a document."""
    return section("Tables", "tables", tables_of(document))


def notes(document: Document) -> Html:
    """What stands beneath the tables."""
    lines = [tag("li", text(note)) for note in document.notes]
    return section("Notes", "notes", tag("ul", join(*lines)) if lines else Html(""))
