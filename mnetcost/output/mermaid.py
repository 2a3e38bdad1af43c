"""Mermaid: the graph of a design as a flowchart, which GitHub, GitLab and many editors draw."""

from __future__ import annotations

import re

from ..analyses.charts import Network
from ..analyses.documents import Document
from ..errors import CallError, plain
from .graphs import described, graphs_of

MOST_EDGES = 500
"""Mermaid's `maxEdges`: it draws no more, unless a page is set up to."""
LONGEST = 50_000
"""Mermaid's `maxTextSize`, in characters."""
LONGEST_LINE = 120  # of a box
STYLES = {
    "convolution": ("#cfe3f2", "#0072b2"),
    "depthwise": ("#def0fb", "#56b4e9"),
    "dense": ("#f6dccb", "#d55e00"),
    "pool": ("#cdebe1", "#009e73"),
    "join": ("#fbeacb", "#e69f00"),
    "other": ("#eceef1", "#57606a"),
    "block": ("#cfe3f2", "#0072b2"),
}
OTHER = re.compile(r"[^\w .,/:+()=→·…-]")
"""What is written as a code of mermaid's in labels: everything that might mean something there."""


def render(document: Document) -> str:
    """Return the graph of the document as a flowchart.

    Where layers are more than mermaid draws, blocks are the boxes, and a comment says so. Raises CallError
    where those are too many too, and if the document is not about one design.
    """
    note = ""
    for net in graphs_of(document, "mermaid"):
        if len(net.edges) <= MOST_EDGES and len(text := _text(net, note)) <= LONGEST:
            return text
        note = note or f"{len(net.boxes):,} boxes are more than mermaid draws: these are blocks"
    raise CallError(
        f"mermaid draws {MOST_EDGES} edges and {LONGEST:,} characters at most, and this graph has more",
        hint="--by block --depth 1 has fewer; or --format dot",
    )


def _text(net: Network, note: str) -> str:
    lines = ["flowchart TD", f"%% {escaped(net.title)}", *([f"%% {note}"] if note else [])]
    for n, box in enumerate(net.boxes):
        label = "<br/>".join(escaped(line) for line in described(box, net.unit))
        lines.append(f'n{n}["{label}"]:::{box.kind}')
    lines += [f"n{a} --> n{b}" for a, b in net.edges]
    kinds = dict.fromkeys(box.kind for box in net.boxes)
    lines += [
        f"classDef {kind} fill:{STYLES[kind][0]},stroke:{STYLES[kind][1]},color:#1b1f24" for kind in kinds
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A text as it may stand in a label: what might have a meaning there is written as its code.

    >>> escaped('a "b" <c>;')
    'a #34;b#34; #60;c#62;#59;'
    """
    text = plain(text)
    if len(text) > LONGEST_LINE:
        text = f"{text[: LONGEST_LINE // 2]}…{text[-LONGEST_LINE // 2 :]}"
    return OTHER.sub(lambda found: f"#{ord(found[0])};", text)
