"""DOT: the graph of a design for Graphviz and the programs that read its language."""

from __future__ import annotations

from ..analyses.charts import Network
from ..analyses.documents import Document
from ..errors import plain
from .graphs import described, graphs_of

FILLS = {
    "convolution": "#cfe3f2",
    "depthwise": "#def0fb",
    "dense": "#f6dccb",
    "pool": "#cdebe1",
    "join": "#fbeacb",
    "other": "#eceef1",
    "block": "#cfe3f2",
}
STYLE = (
    'node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=10, color="#57606a"]',
    'edge [color="#57606a", arrowsize=0.7]',
    'graph [fontname="Helvetica", fontsize=10, labeljust=l, color="#d8dde3"]',
)


def render(document: Document) -> str:
    """Return the graph of the document: boxes with name, op, shapes and counts, in a frame for each block.

    Raises CallError if it is not about one design.
    """
    net = graphs_of(document, "dot")[0]
    lines = [f"digraph {quoted(net.title)} {{", *(f"  {line};" for line in STYLE)]
    for block, members in _blocks(net):
        framed = not net.folded and len(members) > 1
        indent = "    " if framed else "  "
        if framed:
            lines += [f"  subgraph cluster_{members[0]} {{", f"    label={quoted(block)};"]
        for n in members:
            box = net.boxes[n]
            label = quoted(*described(box, net.unit))
            lines.append(f'{indent}n{n} [label={label}, fillcolor="{FILLS[box.kind]}"];')
        if framed:
            lines.append("  }")
    lines += [f"  n{a} -> n{b};" for a, b in net.edges]
    return "\n".join([*lines, "}"])


def _blocks(net: Network) -> list[tuple[str, list[int]]]:
    """The boxes of each block, in the order of the first of each."""
    found: dict[str, list[int]] = {}
    for n, box in enumerate(net.boxes):
        found.setdefault(box.block or box.name, []).append(n)
    return list(found.items())


def quoted(*lines: str) -> str:
    """Lines as one quoted text of DOT, in which nothing has a meaning of its own.

    >>> print(quoted('a "b"', "c\\\\N &lt;"))
    "a \\"b\\"\\nc\\\\N &amp;lt;"
    """
    text = "\\n".join(
        plain(line).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;") for line in lines
    )
    return f'"{text}"'
