"""How does an answer look within somebody else's page, such as a notebook? Its charts and its tables.

It runs and fetches nothing. Its styles hold within it alone, and its colours follow the notebook's theme, or
the reader's choice of light or dark where the notebook has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from ..analyses.documents import Document
from .charts import canvas_of
from .charts.theme import TONES
from .layout import Group, page_of

ROOT = "div.mnetcost"
MOST_ROWS = 500
"""Rows of a table; the others are in files."""
LIGHT = ":is(html[theme=light],[data-theme=light],[data-jp-theme-light=true],.vscode-light)"
DARK = ":is(html[theme=dark],[data-theme=dark],[data-jp-theme-light=false],.vscode-dark)"
"""What Colab, Sphinx, JupyterLab and VS Code write on a page in their light and dark themes."""
LOOK = {
    "": "color:var(--mn-ink);background:var(--mn-paper);font:13px/1.5 system-ui,sans-serif;padding:8px 12px",
    "p": "margin:0 0 4px",
    "p.note": "color:var(--mn-dim);font-size:12px",
    "svg": "display:block;width:100%;max-width:900px;height:auto;margin:8px 0",
    "div": "max-height:34em;overflow:auto;margin:8px 0",
    "table": "border-collapse:separate;border-spacing:0;margin:0;table-layout:auto;font:inherit",
    "td": "background:var(--mn-paper)",
    "th": "background:var(--mn-panel);font-weight:600",
    "thead th": "position:sticky;top:0",
    "tfoot td": "position:sticky;bottom:0;background:var(--mn-panel)",
    ":is(td,th)": (
        "color:var(--mn-ink);text-align:left;vertical-align:baseline;padding:2px 10px;white-space:nowrap;"
        "max-width:none;border:0;border-bottom:1px solid var(--mn-grid)"
    ),
    ".n": "text-align:right;font-variant-numeric:tabular-nums",
    "tr.total td": "font-weight:600",
    "small": "color:var(--mn-dim);font-size:inherit;margin-left:6px",
}
"""The style of each part of the fragment."""


def fragment(document: Document) -> str:
    """Return a document as HTML to stand within a page: title, charts, tables and notes."""
    canvases, page = [canvas_of(chart) for chart in document.charts()], page_of(document)
    tones = {"paper", "panel", "ink", "dim", "grid"}.union(*(canvas.tones for canvas in canvases))
    parts = [f'<div class="mnetcost">\n<style>{style(tones)}</style>']
    parts += [f"<p><b>{escape(page.title)}</b></p>"]
    parts += [f"<p>{escape(line)}</p>" for line in page.lead if line]
    parts += [canvas.svg(alone=False).strip() for canvas in canvases]
    parts += [f"<div><table>\n{''.join(table(group))}</table></div>" for group in page.groups]
    parts += [f'<p class="note">{escape(note)}</p>' for note in page.notes]
    return "\n".join([*parts, "</div>"])


def style(tones: Iterable[str]) -> str:
    """The style sheet of a fragment with these tones: no rule of it reaches beyond."""
    tones = sorted(tones)
    day, night = ("".join(f"--mn-{t}:{TONES[t][way]};" for t in tones) for way in (0, 1))
    rules = [
        f"{ROOT},{LIGHT} {ROOT}{{{day}}}",
        f"@media (prefers-color-scheme:dark){{{ROOT}{{{night}}}}}",
        f"{DARK} {ROOT}{{{night}}}",
        f"@media print{{{ROOT} div{{max-height:none!important}}}}",
        *(f"{ROOT} {part}{{{look}}}".replace(" {", "{") for part, look in LOOK.items()),
        *(f"{ROOT} .f-{t}{{fill:var(--mn-{t})}}{ROOT} .s-{t}{{stroke:var(--mn-{t})}}" for t in tones),
    ]
    return "".join(rules)


def table(group: Group) -> Iterator[str]:
    """The lines of tables with the same columns: titles, then each section under its title, totals last.

    The totals of one table stay in sight while its rows are scrolled.
    """
    kinds = [' class="n"' if right else "" for right in group.right]
    titles = zip(group.titles, kinds, strict=True)
    yield f"<thead><tr>{''.join(f'<th{kind}>{escape(title)}</th>' for title, kind in titles)}</tr></thead>\n"
    for section in group.sections:
        yield "<tbody>\n"
        if section.title:
            yield f'<tr><th colspan="{len(kinds)}">{escape(section.title)}</th></tr>\n'
        yield from (row(cells, kinds) for cells in section.rows[: min(MOST_ROWS, section.totals)])
        if section.totals > MOST_ROWS:
            yield f'<tr><td colspan="{len(kinds)}">and {section.totals - MOST_ROWS:,} more</td></tr>\n'
        if len(group.sections) == 1:
            yield "</tbody>\n<tfoot>\n"
        yield from (row(cells, kinds, ' class="total"') for cells in section.rows[section.totals :])
        yield "</tfoot>\n" if len(group.sections) == 1 else "</tbody>\n"


def row(cells: list[tuple[str, str]], kinds: list[str], kind: str = "") -> str:
    """One row; kinds: the attributes of its cells."""
    texts = [escape(exact) + (f"<small>{escape(rough)}</small>" if rough else "") for exact, rough in cells]
    inner = "".join(f"<td{of}>{text}</td>" for of, text in zip(kinds, texts, strict=True))
    return f"<tr{kind}>{inner}</tr>\n"
